#!/bin/sh
# Names.  File stems are unique in the tree, no library's prefix and no dumping ground; every
# non-static function begins with its file's stem, or with the stem of its family (doc_yaml.c may
# define doc_x).  A .c file begins with a comment, then includes "config.h" and its own header
# first, which proves that the header stands alone.  Usage: check-names.sh TREE.  The images' programs stand alone.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-.}"
find src ui agent tests -name '*.[ch]' ! -name '*.pb-c.[ch]' ! -path 'tests/lib/images/*' -print 2>/dev/null | sort |
    xargs -r awk -f "$here/strip.awk" -f "$here/check-names.awk"
