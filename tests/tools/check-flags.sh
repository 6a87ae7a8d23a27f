#!/bin/sh
# Flags.  Inside one enum no two names have the same bit: "X = 1 << N" with an N of its own.
# Usage: check-flags.sh TREE.  Prints file:line, fails when there is one.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-.}"
find src ui agent tests -name '*.[ch]' ! -name '*.pb-c.[ch]' -print 2>/dev/null | sort |
    xargs -r awk -f "$here/strip.awk" -f "$here/check-flags.awk"
