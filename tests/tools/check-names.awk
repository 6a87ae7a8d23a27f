# Stems, symbol prefixes and the head of each file (see check-names.sh).
function complain(line, text) {
    printf "%s:%d: %s\n", FILENAME, line, text
    bad = 1
}

function stem_of(path) {
    sub(/.*\//, "", path)
    sub(/\.[^.]*$/, "", path)
    return path
}

function check_stem(    folder) {
    stem = stem_of(FILENAME)
    folder = FILENAME
    sub(/\/[^\/]*$/, "", folder)
    if ((stem in folder_of) && folder_of[stem] != folder)
        complain(1, "stem " stem " also in " folder_of[stem])
    folder_of[stem] = folder
    if (stem in library)
        complain(1, "stem " stem " is a library's prefix")
    if (stem in vague)
        complain(1, "stem " stem " says nothing: name what it does")
    family = stem
    sub(/_.*/, "", family)
    headers[FILENAME] = 1
}

function prefix_allowed(name,    i, n, word) {
    if (name == "main" || name ~ /^__asan_/ || index(name, stem "_") == 1 || name == stem)
        return 1
    if (index(name, family "_") == 1)
        return 1
    n = split(also[family], word, " ")
    for (i = 1; i <= n; i++)
        if (index(name, word[i] "_") == 1 || name == word[i])
            return 1
    return 0
}

BEGIN {
    split("json yaml uv nghttp2 ssl evp sqlite3 curl curses ncurses libssh2 ldns zlib cmocka", list, " ")
    for (i in list)
        library[list[i]] = 1
    split("util utils misc common helper helpers manager2 do_it stuff", list, " ")
    for (i in list)
        vague[list[i]] = 1
    # A module whose types have names of their own.
    also["doc"] = "val jw edit"
    also["schema"] = "type field fill causes"
    also["validate"] = "fill"
    also["decode"] = "findings"
    also["registry"] = "resource verb"
    also["object"] = "labels"
    also["informer"] = "informers"
}

FNR == 1 {
    strip_reset()
    check_stem()
    is_c = FILENAME ~ /\.c$/
    seen_config = 0
    seen_project = 0
    if (is_c && $0 !~ /^\/\*/)
        complain(1, "begins without a comment that says what it does, who calls it, which thread")
    own = FILENAME
    sub(/\.c$/, ".h", own)
    name = ""
    is_static = 0
}

{
    text = strip($0)
}

is_c && /^#include "/ {
    split($0, quoted, "\"")
    if (!seen_config) {
        if (quoted[2] != "config.h")
            complain(FNR, "the first include is \"config.h\"")
        seen_config = 1
    } else if (!seen_project) {
        seen_project = 1
        # Its own header, when it has one: sorted file lists put x.c before x.h, so ask the disk.
        if (FILENAME ~ /^(src|ui|agent)\// && (getline line < own) >= 0) {
            close(own)
            wanted = own
            sub(/^src\//, "", wanted)
            if (quoted[2] != wanted)
                complain(FNR, "its own header \"" wanted "\" comes first")
        }
    }
}

is_c && /^#include </ && !seen_config {
    complain(FNR, "\"config.h\" comes before system headers")
    seen_config = 1
}

# Definitions: the return type in a line of its own, then name(, later { in column 1.
is_c && text ~ /^[a-z_][a-z0-9_]*\(/ {
    name = text
    sub(/\(.*/, "", name)
    at = FNR
    is_static = previous ~ /(^|[ \t])static([ \t]|$)/
}

is_c && name != "" && text ~ /^\{/ {
    if (!is_static && !prefix_allowed(name) && FILENAME !~ /^tests\/fuzz\//)
        complain(at, name " is not static and does not begin with " stem "_")
    name = ""
}

text !~ /^[ \t]*$/ {
    previous = text
    if (text ~ /;[ \t]*$/)
        name = ""
}

END {
    exit bad
}
