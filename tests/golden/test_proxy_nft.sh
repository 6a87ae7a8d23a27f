#!/bin/bash
# What the golden cases of the service proxy say is taken by nft, step after step, in a network
# namespace of its own; at the end of each case the kernel has what the texts add up to.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/tap.sh"
PATH=$PATH:/usr/sbin:/sbin
command -v nft >/dev/null || skip_all "needs nft"
unshare -rn nft list tables >/dev/null 2>&1 || skip_all "no network namespace may be made here"
base=$tap_dir/base
awk '/^===/ { steps++; next } steps == 1' "$here/proxy/cluster_ip.out" >"$base"

# steps CASE DIR: one file for each, in order; a case that does not begin with the table gets it first.
steps() {
    mkdir "$2"
    cp "$base" "$2/000"
    awk -v dir="$2" '/^===/ { file = sprintf("%s/%03d", dir, ++step); next }
        $0 != "(nothing)" { print >file }' "$here/proxy/$1.out"
}
takes() { # DIR
    unshare -rn sh -c 'for step in "$1"/*; do nft -f "$step" || { echo "step ${step##*/}"; exit 1; }; done
        nft list table ip binnacle' - "$1"
}
for case in "$here"/proxy/*.out; do
    name=$(basename "$case" .out)
    steps "$name" "$tap_dir/$name"
    check "nft takes $name" takes "$tap_dir/$name"
done

# From nothing to nothing: the table ends as it began.
same_end() {
    takes "$tap_dir/cluster_ip" >"$tap_dir/end"
    mkdir "$tap_dir/only" && cp "$base" "$tap_dir/only/000"
    takes "$tap_dir/only" | diff - "$tap_dir/end"
}
check "services that come and go leave nothing" same_end
tap_done
