#!/bin/sh
# clang-format has the last word on layout.  Usage: check-format.sh TREE [STAMP]: with STAMP only
# files changed since the last clean run are looked at.  Without clang-format 14 it says so.
set -eu
cd "${1:-.}"
stamp=${2:-}
format=${CLANG_FORMAT:-clang-format}
major=$("$format" --version 2>/dev/null | sed -n 's/.*version \([0-9]*\).*/\1/p') || true
if [ "${major:-0}" -lt 14 ]; then
    echo "check-format: skipped, needs clang-format 14 or later"
    exit 0
fi
set -- src ui agent tests -name '*.[ch]'
if [ -n "$stamp" ] && [ -e "$stamp" ]; then
    set -- "$@" '(' -newer "$stamp" -o -newercm "$stamp" ')'
fi
new=${stamp:+$stamp.new}
[ -z "$new" ] || : >"$new"
find "$@" -print0 | xargs -0 -r -n 40 -P 2 "$format" --dry-run --Werror --ferror-limit=1 || {
    echo "check-format: run clang-format -i on the files above"
    exit 1
}
[ -z "$new" ] || mv "$new" "$stamp"
