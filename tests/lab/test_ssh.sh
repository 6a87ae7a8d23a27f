#!/bin/bash
# Bare hosts become nodes by `binnacle node add user@host`: by key and by password, as root and
# through sudo, with the host's key asked for, pinned and seen to change.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/tap.sh"
. "$here/../lib/lab_test.sh"
export LAB_DISK=1500m
lab_need 2
. "$here/../lib/lab_machines.sh"
n1=10.77.0.11 n2=10.77.0.12

check "the control plane is ready" start_serve

bare=$(remains n2)

# ---- root, by key ----

check "a host key that is not the expected one stops it" \
    fails add '' "root@$n1" --identity "$LAB_DIR/id" --host-key SHA256:AAAA
check "and says which it is" said "$(fingerprint n1)"
check "a bare host becomes a Ready node by key" \
    seconds add '' "root@$n1" --identity "$LAB_DIR/id" --host-key "$(fingerprint n1)"
agents() { lab in "$1" sh -c 'pgrep -x binnacle-agent; ls -l --time-style=full-iso /etc/binnacle-agent'; }
before=$(agents n1)
check "a second time nothing is to be done" seconds add '' "root@$n1" --identity "$LAB_DIR/id"
equal "and nothing was" "$(agents n1)" "$before"

# ---- a user, by password, with sudo's ----

check "'no' to the host key ends it" fails add 'no\n' "pw@$n2"
check "and says so" said "the host key was not accepted"
check "wrong passwords end it" fails add 'yes\nbad\nworse\nworst\n' "pw@$n2"
check "and say so" said "did not take the password of 'pw'"
check "a host becomes a node by password and sudo" seconds add 'pw\n' "pw@$n2"
nodes() { lab exec kubectl --kubeconfig "$BINNACLE_DATA_DIR/admin.kubeconfig" get nodes --no-headers; }
if command -v kubectl >/dev/null; then
    equal "kubectl sees both Ready" "$(nodes | awk '{ print $1, $2 }')" $'n1 Ready\nn2 Ready'
else
    skip "kubectl sees both Ready" "needs kubectl"
fi

# ---- the host key changes ----

lab in n2 sh -c 'rm /etc/ssh/ssh_host_*; ssh-keygen -q -A && systemctl restart ssh'
check "a changed host key stops it" fails add 'yes\n' "pw@$n2"
check "and says it loudly" said "CHANGED"
check "the host's name pins the new one" add "$n2\npw\n" "pw@$n2"

# ---- and back ----

check "a node is removed" seconds remove 'pw\n' n2
equal "and nothing stays on it" "$(remains n2)" "$bare"

# ---- a host that has a runtime ----

lab in n2 sh -c 'export DEBIAN_FRONTEND=noninteractive; apt-get update -q && apt-get install -q -y \
    --no-install-recommends containerd runc nftables containernetworking-plugins' >/dev/null 2>&1
with_runtime=$(remains n2 | tail -n 1)
begun=$(date +%s%N)
check "a host with a runtime present becomes a node" add 'yes\npw\n' "pw@$n2"
took=$(((($(date +%s%N) - begun)) / 1000000))
check "Ready after $took ms: within 15 s" [ "$took" -le 15000 ]
check "and is removed" remove 'pw\n' n2
equal "its runtime stays: it is not ours" "$(remains n2 | tail -n 1)" "$with_runtime"

kill_serve
tap_note <"$tap_dir/times"
tap_done
