#!/bin/sh
# The checks of "make lint" find what is planted for them, and pass what is right.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/tap.sh"
tree=$tap_dir/tree

# A small tree that every check passes.
fresh() {
    rm -rf "$tree"
    mkdir -p "$tree/src/base" "$tree/src/net" "$tree/src/api" "$tree/ui" "$tree/agent" \
        "$tree/tests/unit"
    cp "$here/../../.clang-format" "$tree/"
    cat >"$tree/src/base/knot.h" <<'C'
/* Knots. */
int knot_tie(int ends);
C
    cat >"$tree/src/base/knot.c" <<'C'
/* Ties knots.  Called by everybody, on any thread. */
#include "config.h"

#include "base/knot.h"

#include <stddef.h>

static int
half(int ends)
{
    return ends / 2;
}

int
knot_tie(int ends)
{
    /* malloc("in a comment") and "sprintf(" in a string are no calls. */
    const char *text = "strcpy(a, b) /* ";
    return half(ends) + (text == NULL);
}
C
}

# plant FILE: appends standard input; begins a .c file as the rules want it.
plant() {
    case $1 in
    *.c) [ -e "$tree/$1" ] || printf '/* Planted. */\n#include "config.h"\n\n' >"$tree/$1" ;;
    esac
    cat >>"$tree/$1"
}

# finds CHECK "what" PATTERN: the check fails and says so.  Then the tree is made anew.
finds() {
    if "$here/check-$1.sh" "$tree" >"$tap_dir/found" 2>&1; then
        tap_result 1 "$1: $2"
    else
        check "$1: $2" grep "$3" "$tap_dir/found"
    fi
    fresh
}

# warns CHECK "what" PATTERN: the check says so and passes.
warns() {
    if "$here/check-$1.sh" "$tree" >"$tap_dir/found" 2>&1; then
        check "$1 warns: $2" grep "warning: $3" "$tap_dir/found"
    else
        tap_result 1 "$1 warns: $2"
    fi
    fresh
}

lines() { # COUNT TEXT
    awk -v n="$1" -v text="$2" 'BEGIN { for (i = 0; i < n; i++) print text }'
}

fresh
for name in layers limits banned names flags format; do
    check "$name: a good tree passes" "$here/check-$name.sh" "$tree"
done

# ---- layers ----
echo '#include "net/tls.h"' | plant src/base/knot.c
finds layers "base includes net" 'knot.c:21: base may not include "net/tls.h"'
echo '#include "api/schema.h"' | plant src/net/rope.c
finds layers "net includes api" 'net may not include'
echo '  #  include "net/tls.h"' | plant ui/rope.c
finds layers "ui includes net, oddly spaced" 'ui may not include'
echo '#include "apiserver/req.h"' | plant agent/rope.c
finds layers "agent includes apiserver" 'agent may not include'
mkdir -p "$tree/src/new"
echo '#include "base/knot.h"' | plant src/new/rope.c
finds layers "a folder without a row" 'folder new has no row'
echo '#include "apiserver/req.h"' | plant src/main.c
check "layers: main.c joins them all" "$here/check-layers.sh" "$tree"
fresh

# ---- limits ----
lines 601 '/* line */' | plant src/base/long.c
warns limits "a file of more than 600 lines" 'lines of file 60[0-9], the limit is 600'
lines 1001 '/* line */' | plant src/base/long.c
finds limits "a file of more than 1000 lines" 'the hard stop is 1000'
lines 301 '/* line */' | plant src/base/long.h
finds limits "a header of more than 300 lines" 'lines of header 301'
lines 1500 '/* row */' | plant src/api/kind_long.c
check "limits: a table file may be long" "$here/check-limits.sh" "$tree"
fresh
{ printf 'int\nlong_walk(int a)\n{\n' && lines 59 '    a++;' && printf '    return a;\n}\n'; } |
    plant src/base/long.c
warns limits "a function of more than 60 lines" 'lines of function 63'
{ printf 'int\nlong_walk(int a)\n{\n' && lines 99 '    a++;' && printf '    return a;\n}\n'; } |
    plant src/base/long.c
finds limits "a function of more than 100 lines" 'long_walk: lines of function 103'
printf 'int\nlong_list(int a, int b, int c, int (*d)(int, int), int e, int f, int g)\n{\n}\n' |
    plant src/base/long.c
warns limits "seven parameters" 'parameters 7'
printf 'int\nlong_list(int a, int b, int c,\n          int d, int e, int f, int g, int h, int i)\n{\n}\n' |
    plant src/base/long.c
finds limits "nine parameters over two lines" 'long_list: parameters 9'
if command -v pmccabe >/dev/null; then
    { printf 'int\nlong_choice(int a)\n{\n' && lines 26 '    if (a) a++;' && printf '    return a;\n}\n'; } |
        plant src/base/long.c
    finds limits "complexity over 25" 'long_choice: complexity 27'
else
    skip "limits: complexity over 25" "no pmccabe"
fi

# ---- banned ----
for call in 'strcpy(a, b)' 'malloc(3)' 'sprintf(a, "x")' 'time(NULL)' 'usleep(3)' 'fork()' 'strdup(a)' \
    'system("x")' 'atoi(a)' 'gettimeofday(&a, NULL)' 'pthread_mutex_lock(&a)'; do
    echo "    $call;" | plant src/net/rope.c
    finds banned "$call" "rope.c:4: ${call%%(*}() is banned"
done
echo '    strcpy(a, b);' | plant src/base/knot.c
finds banned "strcpy in base too" 'strcpy() is banned'
echo '    usleep(3);' | plant tests/unit/test_rope.c
finds banned "a sleep in a test" 'usleep() is banned'
echo '    p = malloc(3); x->time(3); y.signal(2); clock_time(); mem_free(p);' | plant src/base/knot.c
check "banned: base allocates, members may have any name" "$here/check-banned.sh" "$tree"
fresh
echo '    p = malloc(3); q = fork();' | plant tests/unit/test_rope.c
check "banned: tests allocate and fork" "$here/check-banned.sh" "$tree"
fresh
echo '    fd = open(path, O_RDONLY);' | plant src/net/rope.c
finds banned "open without CLOEXEC" 'open without CLOEXEC'
printf '    fd = socket(AF_INET,\n                SOCK_STREAM, 0);\n' | plant src/net/rope.c
finds banned "socket over two lines without CLOEXEC" 'socket without CLOEXEC'
echo '    f = fopen(path, "r");' | plant src/net/rope.c
finds banned "fopen without e" 'fopen without CLOEXEC'
printf '    fd = open(path,\n              O_RDONLY | O_CLOEXEC);\n    f = fopen(path, "re");\n' |
    plant src/net/rope.c
check "banned: CLOEXEC in the next line is fine" "$here/check-banned.sh" "$tree"
fresh
printf '#define TRY(x) \\\n    if ((x) < 0) \\\n        return -1\n' | plant src/net/rope.c
finds banned "a macro that returns" 'never returns or jumps'
echo '/* TO''DO: later */' | plant src/net/rope.c
finds banned "a TO""DO without a number" 'carries its issue number'

# ---- names ----
echo '/* Knots again. */' | plant src/net/knot.h
finds names "one stem in two folders" 'stem knot also in'
echo | plant src/base/json.c
finds names "a stem that is a library's prefix" 'stem json is a library'
echo | plant src/base/utils.c
finds names "a stem that says nothing" 'stem utils says nothing'
printf 'int\nhitch(void)\n{\n}\n' | plant src/base/knot.c
finds names "a symbol without its stem" 'hitch is not static'
printf 'int\nknot_hitch(void)\n{\n}\n' | plant src/base/knot_more.c
check "names: a family shares its first word" "$here/check-names.sh" "$tree"
fresh
printf 'int x;\n' >"$tree/src/base/bare.c"
finds names "no comment at the head" 'begins without a comment'
printf '/* Planted. */\n#include <stdio.h>\n' >"$tree/src/base/bare.c"
finds names "no config.h" '"config.h" comes before'
printf '/* Planted. */\n' >"$tree/src/base/bare.h"
printf '/* Planted. */\n#include "config.h"\n\n#include <stdio.h>\n\n#include "base/knot.h"\n#include "base/bare.h"\n' \
    >"$tree/src/base/bare.c"
finds names "own header not first" 'its own header "base/bare.h" comes first'

# ---- flags ----
printf 'enum knot_flags {\n    KNOT_A = 1 << 0,\n    KNOT_B = 1 << 3, /* = 1 << 0 */\n    KNOT_C = 1U << 3,\n};\n' |
    plant src/base/knot.h
finds flags "one bit for two flags" 'knot.h:6: KNOT_C has the bit of KNOT_B: 1 << 3'
printf 'enum { KNOT_A = 1 << 0, KNOT_B = 1 << 0 };\n' | plant src/base/knot.h
finds flags "the same in one line" 'KNOT_B has the bit of KNOT_A'
printf 'enum { KNOT_A = 1 << 0, KNOT_B = 1 << 1 };\nenum { ROPE_A = 1 << 0 };\n' | plant src/base/knot.h
check "flags: two enums may use the same bits" "$here/check-flags.sh" "$tree"
fresh

# ---- format ----
if clang-format --version 2>/dev/null | grep -q 'version 1[4-9]\|version [2-9]'; then
    printf 'int knot_x( void ) { return 1; }\n' | plant src/base/knot.c
    finds format "a definition in one line" 'clang-format'
else
    skip "format: a definition in one line" "no clang-format"
fi

tap_done
