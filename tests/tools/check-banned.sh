#!/bin/sh
# Calls and habits that doc/STYLE.md bans.  Usage: check-banned.sh TREE.  src/base may use what it
# wraps; tests may allocate and fork but never sleep.  Prints file:line, fails when there is one.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-.}"
find src ui agent tests -name '*.[ch]' ! -name '*.pb-c.[ch]' ! -path 'tests/lib/images/*' -print 2>/dev/null | sort |
    xargs -r awk -f "$here/strip.awk" -f "$here/check-banned.awk"
