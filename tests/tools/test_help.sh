#!/bin/bash
# What the programs say of themselves, and what README says of them, is true: every command has help,
# every command and lane that README names is there.
set -u
top=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${top_builddir:-$top}
. "$top/tests/lib/tap.sh"
[ -x "$build/binnacle" ] || skip_all "binnacle is not built"

binnacle() {
    "$build/binnacle" "$@"
}
commands=$(binnacle --help | awk '/^  [a-z]/ { print $1 }')
check "the help names commands" test "$(wc -w <<<"$commands")" -ge 6

for command in $commands; do
    help=$(binnacle "$command" --help 2>&1)
    check "$command --help" grep -q "^usage: binnacle $command" <<<"$help"
    equal "$command: every option says what it is" \
        "$(grep '^  --' <<<"$help" | grep -cE '^  --[a-z-]+( [A-Z]+)? {2,}[^ ]' || true)" \
        "$(grep -c '^  --' <<<"$help" || true)"
    refuse "$command: an option that is not there" binnacle "$command" --no-such-option
done
refuse "a command that is not there" binnacle frobnicate
if [ -x "$build/binnacle-agent" ]; then
    check "binnacle-agent --help" grep -q '^usage: binnacle-agent' <("$build/binnacle-agent" --help 2>&1)
fi

# README and the documents: `binnacle WORD` is a command.
for word in $(grep -ohE '`binnacle [a-z]+' "$top/README.md" "$top"/doc/*.md | awk '{ print $2 }' | sort -u); do
    check "binnacle $word, which the documents name" grep -qx "$word" <<<"$commands"
done
lanes=$(sed -n 's/^lanes=\${\*:-\(.*\)}$/\1/p' "$top/check")
for lane in $lanes; do
    check "README names the lane $lane" grep -q "\`$lane\`" "$top/README.md"
    check "./check knows it" grep -q "^    $lane)" "$top/check"
done
check "./check's own comment names all lanes" sh -c 'for lane in $1; do
    grep -q "^#   $lane " "$2" || exit 1; done' - "$lanes" "$top/check"
tap_done
