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
unset TMUX
export LAB_DISK=4g LAB_MEM=6g TERM=screen-256color LC_ALL=C.UTF-8
lab_need 2
trap 'tmux -S "$tap_dir/tmux" kill-server 2>/dev/null; lab down; rm -rf "$tap_dir"' EXIT

screen() { tmux -S "$tap_dir/tmux" capture-pane -p -t q 2>/dev/null; }
shows() { screen | grep -qE -- "$1"; }
see() { # SECONDS PATTERN: it comes up, or what is there instead is shown
    lab_until "$1" shows "$2" || {
        screen
        return 1
    }
}
keys() { tmux -S "$tap_dir/tmux" send-keys -t q "$@"; }

git -C "$top" ls-files -z | tar -C "$top" --null -T - -cz |
    lab ssh n1 'mkdir /opt/binnacle && tar -C /opt/binnacle -xz'

# ---- root, on a terminal ----

begun=$SECONDS
tmux -S "$tap_dir/tmux" -f /dev/null new-session -d -s q -x 80 -y 24 \
    "$(declare -f lab); lab_script='$lab_script'; lab ssh n1 -tt 'cd /opt/binnacle && ./quickstart'; cat"
check "the steps are seen while they run" see 60 '==> .* [0-9]+ s '
check "root: it ends in the console with this machine Ready" see 500 'nodes 1/1'
echo "# $((SECONDS - begun)) s from a bare host to the console"
keys ':nodes' Enter
check "the node" see 20 'n1 .* Ready '
keys C-c
check "quitting asks about the control plane" see 10 'Leave it running'
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
