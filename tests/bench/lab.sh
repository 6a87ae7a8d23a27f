#!/bin/bash
# Figures of a node, on a lab host: what pods and the agent cost.  tests/bench/run calls it; lines are
# "pod ours US", "pod theirs US", "agent rss KIB", "agent cpu PERCENT", "agent size KIB".
# Usage: lab.sh ROUNDS   (the programs: in $top_builddir)
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/tap.sh"
. "$here/../lib/lab_test.sh"
programs=${top_builddir:-$here/../..}
rounds=$1 idle_s=20
export LAB_FULL=1 LAB_DISK=3g KUBECTL=${KUBECTL:-kubectl}
command -v "$KUBECTL" >/dev/null || skip_all "needs kubectl"
lab_need 1 >&2
. "$here/../lib/lab_node.sh"

lab_node_bundle "$programs" busybox
tar -C "$programs/tests/bench" -cz bench_pod | lab ssh n1 'tar -C /opt/bundle -xz'
ldd "$programs/tests/bench/bench_pod" | awk '/=> \// { print $3 }' | grep -vE '/lib(c|m)\.so' |
    tar -czhf - -P --transform 's|.*/||' -T - | lab ssh n1 'tar -C /opt/bundle/lib -xz'
lab_node_serve >&2
host 'binnacle node add local' >&2
host 'binnacle image load /opt/bundle/busybox.tar' >&2
untainted() { [ -z "$(k get node n1 -o 'jsonpath={.spec.taints}')" ]; }
lab_until 30 untainted

# A node without pods: ten seconds after it is ready, and over the time that follows.
agent() { host "cat /proc/\$(pidof binnacle-agent)/$1"; }
ticks() { agent stat | sed 's/.*) //' | awk '{ print $12 + $13 }'; }
lab_wait() { host "sleep $1"; }
lab_wait 10
before=$(ticks)
lab_wait "$idle_s"
after=$(ticks)
echo "agent rss $(agent status | awk '/^VmRSS/ { print $2 }')"
awk -v ticks=$((after - before)) -v s="$idle_s" -v hz="$(getconf CLK_TCK)" \
    'BEGIN { printf "agent cpu %.3f\n", ticks * 100 / hz / s }'
echo "agent size $(host "stat -c %s /proc/\$(pidof binnacle-agent)/exe -L" | awk '{ print $1 / 1024 }')"

# The runtime that the agent uses, and how it wants its groups.
address=$(host "grep -rhoE 'unix:[^ \"]*sock' /etc/binnacle-agent 2>/dev/null | head -1")
config=/var/lib/binnacle-agent/containerd/config.toml
[ -n "$address" ] || address=unix:$(host "ls /run/binnacle-agent/containerd.sock /run/binnacle-agent/*/containerd.sock \
    /run/containerd/containerd.sock 2>/dev/null | head -1")
driver=$(host "grep -q 'SystemdCgroup = true' $config /etc/containerd/config.toml 2>/dev/null &&
    echo systemd || echo cgroupfs")
host "bench_pod /var/lib/binnacle/admin.kubeconfig '$address' docker.io/library/busybox:latest \
    $driver $rounds" | sed 's/^/pod /'
