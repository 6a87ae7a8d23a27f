#!/bin/sh
# Sizes: file 600 lines (hard 1000; kind_*.c are tables and only have the hard 4000), header 200
# (hard 300), function 60 (hard 100), parameters 6 (hard 8), nesting 4, complexity 15 (hard 25, by
# pmccabe when it is there).  Usage: check-limits.sh TREE.  Over a limit warns, over a hard one fails.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "${1:-.}"
list=$(mktemp)
trap 'rm -f "$list"' EXIT
find src ui agent tests -name '*.[ch]' ! -name '*.pb-c.[ch]' -print 2>/dev/null | sort >"$list"
[ -s "$list" ] || exit 0
status=0
xargs awk -f "$here/strip.awk" -f "$here/check-limits.awk" <"$list" || status=1
if command -v pmccabe >/dev/null 2>&1; then
    # pmccabe: modified complexity, traditional, statements, first line, lines, file(line): name
    grep '\.c$' "$list" | xargs -r pmccabe 2>/dev/null | awk -F '\t' '
        $1 > 25 { printf "%s: complexity %d, the hard stop is 25\n", $6, $1; bad = 1 }
        $1 > 15 && $1 <= 25 { printf "%s: warning: complexity %d, the limit is 15\n", $6, $1 }
        END { exit bad }' || status=1
else
    echo "check-limits: complexity skipped, needs pmccabe"
fi
exit $status
