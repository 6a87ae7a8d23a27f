#!/bin/sh
# Who may include whom (doc/ARCHITECTURE.md).  Usage: check-layers.sh TREE.  Prints file:line for
# every #include that crosses a layer; exit status 1 when there is one.
set -eu
cd "${1:-.}"
find src ui agent -name '*.[ch]' -print 2>/dev/null | sort | xargs -r awk '
BEGIN {
    may["base"] = "base"
    may["net"] = "base net"
    may["api"] = "base api"
    may["client"] = "base net api client"
    may["store"] = "base net store"
    may["apiserver"] = "base net api client store apiserver"
    may["bootstrap"] = "base net api client bootstrap"
    may["scheduler"] = "base net api client scheduler"
    may["controllers"] = "base net api client controllers"
    may["agent"] = "base net api client agent"
    may["ui"] = "base api client ui"
}
FNR == 1 {
    split(FILENAME, part, "/")
    layer = part[1] == "src" ? part[2] : part[1]
    joins = FILENAME ~ /^src\/[^\/]*$/
}
!joins && /^[ \t]*#[ \t]*include[ \t]*"[a-z]+\// {
    split($0, quoted, "\"")
    split(quoted[2], target, "/")
    if (!(layer in may)) {
        printf "%s:%d: folder %s has no row in check-layers.sh\n", FILENAME, FNR, layer
        bad = 1
    } else if (index(" " may[layer] " ", " " target[1] " ") == 0) {
        printf "%s:%d: %s may not include \"%s\"\n", FILENAME, FNR, layer, quoted[2]
        bad = 1
    }
}
END { exit bad }'
