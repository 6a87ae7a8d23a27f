#!/bin/bash
# The first minute: ./quickstart on a bare Debian 12 that has nothing but a network, as root on a
# terminal and as a user with sudo without one.  The user's host gets the build of root's, to build
# once.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
top=${top_srcdir:-$here/../..}
. "$here/../lib/tap.sh"
. "$here/../lib/lab_test.sh"

command -v tmux >/dev/null || skip_all "needs tmux"
git -C "$top" rev-parse --is-inside-work-tree >/dev/null 2>&1 || skip_all "needs a clone"
export LAB_DISK=4g LAB_MEM=6g
lab_need 2
. "$here/../lib/mux.sh"
trap 'mux_end; lab down; rm -rf "$tap_dir"' EXIT

git -C "$top" ls-files -z | tar -C "$top" --null -T - -cz |
    lab ssh n1 'mkdir /opt/binnacle && tar -C /opt/binnacle -xz'

# ---- root, on a terminal ----

begun=$SECONDS
open "$(declare -f lab); lab_script='$lab_script'
    lab ssh n1 -tt 'cd /opt/binnacle && ./quickstart'"
check "the steps are seen while they run" see_like '==> .* [0-9]+ s ' 60
check "root: it ends in the console with this machine Ready" see 'nodes 1/1' 500
echo "# $((SECONDS - begun)) s from a bare host to the console"
enter ':nodes'
check "the node" see_like 'n1 .* Ready '
keys C-c
check "quitting asks about the control plane" see 'Leave it running'
keys Enter
check "it runs on" lab ssh n1 /opt/binnacle/build/release/binnacle node list

# ---- a user with sudo ----

tar_n1() { lab ssh n1 'tar -C /opt -cz --exclude=build/log binnacle'; }
tar_n1 | LAB_USER=ops lab ssh n2 'sudo install -d -o ops /opt/binnacle && tar -C /opt -xz'
as_ops() { LAB_USER=ops lab ssh n2 "cd /opt/binnacle && $1"; }
check "a user: it ends with the way on" as_ops './quickstart --no-console | tee said >&2; grep -q "kubectl --kubeconfig" said'
check "with this machine Ready" as_ops 'sudo build/release/binnacle node list | tee /dev/stderr | grep -q Ready'
check "a second time it finds everything done" as_ops './quickstart --no-console | tee again >&2; grep -q "answers already" again'

tap_done
