#!/bin/bash
# What the programs say of themselves, the tables that this is made of, and the man pages agree: every
# command, option, default, environment variable and key, in both directions.
set -u
top=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
build=${top_builddir:-$top}
program=$build/binnacle
page=$build/doc/binnacle.1
agent_page=$build/doc/binnacle-agent.8
. "$top/tests/lib/tap.sh"
[ -x "$program" ] || skip_all "binnacle is not built"
[ -f "$page" ] || skip_all "the man pages are not built"
unset KUBECONFIG

plain() { # a page as text: no requests, no fonts
    sed -e 's/\\f[BIR]//g' -e 's/\\-/-/g' -e 's/\\&//g' -e 's/\\e/\\/g' "$1"
}
section() { # FILE TITLE: the lines of one .SH
    plain "$1" | awk -v title="$2" '/^\.SH /{ on = $0 == ".SH " title } on'
}
subsection() { # FILE TITLE: the lines of one .SS
    plain "$1" | awk -v title=".SS \"$2" '
        /^\.S[SH] /{ on = index($0, title) == 1 && substr($0, length(title) + 1, 1) ~ /[ "]/ } on'
}
flags_of_help() {
    "$@" --help | sed -n 's/^  \(    \|-[a-z], \)--\([a-z-]*\).*/\2/p' | sort
}
# "flag|help" of each option that --help shows, with default and environment cut off.
rows_of_help() {
    "$@" --help | sed -n 's/^  \(    \|-[a-z], \)--\([a-z-]*\)\( VALUE\| NUMBER\|\)  *\(.*\)$/\2|\4/p' |
        sed -e 's/ \[\$[A-Z_]*\]$//' | sort
}
# The same of the OPTIONS of a page.
rows_of_page() {
    section "$1" OPTIONS | awk '
        /^\.TP/ { getline; match($0, /--[a-z-]+/); flag = substr($0, RSTART + 2, RLENGTH - 2)
                  getline; sub(/\.$/, ""); print flag "|" $0 }' | sort
}

commands=$("$program" --help | sed -n 's/^  \([a-z]*\)  *[a-z].*/\1/p')
equal "the commands of --help are those of the table" "$(echo $commands)" \
    "$(sed -n 's/^COMMAND(\([a-z]*\),.*/\1/p' "$top/src/commands.def" | tr '\n' ' ' | sed 's/ $//')"
equal "the commands of the page are those of --help" \
    "$(section "$page" COMMANDS | sed -n 's/^\.SS "\([a-z]*\).*/\1/p' | tr '\n' ' ')" \
    "$(echo "$commands" | tr '\n' ' ')"
equal "no option belongs to a command that does not exist" \
    "$(sed -n 's/^OPTION(.*"\([a-z,*]*\)", ".*")$/\1/p' "$top/src/base/options.def" | tr ',' '\n' |
        sort -u | grep -vxF -e "$commands" -e agent -e '*')" ""

for command in $commands; do
    equal "$command: the options of the page are those of --help" \
        "$(subsection "$page" "$command" | sed -n 's/^--\([a-z-]*\)[.,]$/\1/p' | sort)" \
        "$(flags_of_help "$program" "$command" | grep -vx help)"
    equal "$command: the page says what --help says of it" \
        "$(subsection "$page" "$command" | sed -n '2p')" \
        "$("$program" "$command" --help | sed -n '3p')"
    rows_of_help "$program" "$command" >>"$tap_dir/rows"
done
equal "every option of --help stands in the page, with its help and default" \
    "$(sort -u "$tap_dir/rows")" "$(rows_of_page "$page")"
equal "every environment variable stands in the page" \
    "$(section "$page" ENVIRONMENT | sed -n 's/^\([A-Z_]*\)$/\1/p' | grep -v -e '^XDG' -e NO_COLOR |
        sort)" \
    "$(for command in $commands; do "$program" "$command" --help; done |
        sed -n 's/.*\[\$\([A-Z_]*\)\]$/\1/p' | sort -u)"
equal "every key of the console stands in the page" \
    "$(section "$page" KEYS | sed -n 's/^.* (\([a-z0-9-]*\))$/\1/p' | sort)" \
    "$(sed -n 's/^ACTION([A-Z0-9_]*, "\([a-z0-9-]*\)".*/\1/p' "$top/ui/actions.def" | sort)"

if [ -x "$build/binnacle-agent" ]; then
    equal "every option of the agent stands in its page, with its help and default" \
        "$(rows_of_page "$agent_page")" "$(rows_of_help "$build/binnacle-agent")"
else
    skip "every option of the agent stands in its page" "binnacle-agent is not built"
fi
for each in "$page" "$agent_page"; do
    equal "nothing is left to replace in ${each##*/}" "$(grep '@[A-Z]*@' "$each")" ""
    if command -v groff >/dev/null; then
        equal "groff takes ${each##*/} without a word" \
            "$(groff -man -ww -K utf8 -T utf8 -z "$each" 2>&1)" ""
    else
        skip "groff takes ${each##*/}" "needs groff"
    fi
done
refuse "an unknown command fails" "$program" nonsense
check "binnacle --version" sh -c "'$program' --version | grep -q '^binnacle '"
tap_done
