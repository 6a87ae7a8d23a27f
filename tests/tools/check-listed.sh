#!/bin/sh
# Every source and header stands in a local.mk, else it is not built and not in a release; one of a test
# that does not only warns: its module may be on its way.  And nothing that is listed is missing.
# Usage: check-listed.sh TREE.
set -eu
cd "${1:-.}"
find . -name local.mk ! -path './build*' -exec cat {} + | awk '
{
    sub(/#.*/, "")
    n = split($0, word, /[ \t]+/)
    for (i = 1; i <= n; i++)
        listed[word[i]] = 1
}
END {
    command = "find src ui agent tests -name \"*.[ch]\" -o -name \"*.def\" -type f | sort"
    while ((command | getline path) > 0) {
        program = path
        sub(/\.c$/, "", program)
        seen[path] = seen[program] = 1
        if ((path in listed) || (program in listed))
            continue
        if (path ~ /^tests\//)
            printf "%s: warning: no line in tests/local.mk: it is never built\n", path
        else if (path != "src/main.c" && path != "agent/agent_main.c") {
            printf "%s: no line in its local.mk\n", path
            bad = 1
        }
    }
    for (path in listed)
        if (path ~ /^(src|ui|agent)\/.*\.([ch]|def)$/ && !(path in seen) &&
            path != "src/main.c" && path != "agent/agent_main.c") {
            printf "%s: listed in local.mk, but there is no such file\n", path
            bad = 1
        }
    exit bad
}'
