#!/bin/bash
# A host becomes a node by `binnacle node add local`, runs real containers and keeps them when its
# agent dies.  What is not covered: probes, volumes' updates, a second host.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/tap.sh"
. "$here/../lib/lab_test.sh"
programs=${top_builddir:-$here/../..}

command -v kubectl >/dev/null || skip_all "needs kubectl"
[ -x "$programs/binnacle" ] && [ -x "$programs/binnacle-agent" ] || skip_all "needs both programs"
export LAB_FULL=1 LAB_DISK=3g
lab_need 1
. "$here/../lib/lab_node.sh"

lab_node_bundle "$programs" nginx busybox

# ---- the node ----

lab_node_serve
check "node add local ends with the node Ready" host 'binnacle node add local'
equal "kubectl sees it" \
    "$(k get node n1 -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}')" True
check "a second time nothing is to be done" host 'binnacle node add local'
for image in nginx busybox; do
    check "image load $image" host "binnacle image load /opt/bundle/$image.tar"
done

# ---- a pod ----

untainted() { [ -z "$(k get node n1 -o 'jsonpath={.spec.taints}')" ]; }
check "a Ready node has no taint" lab_until 20 untainted
k run diptippod --image=nginx --image-pull-policy=IfNotPresent >/dev/null
check "kubectl run: the pod runs" lab_until 30 is Running k get pod diptippod -o 'jsonpath={.status.phase}'
ip=$(k get pod diptippod -o 'jsonpath={.status.podIP}')
check "nginx answers" lab in n1 bash -c "
    exec 3<>/dev/tcp/$ip/80; printf 'GET / HTTP/1.0\r\n\r\n' >&3; grep -q '200 OK' <&3"
k run talker --image=busybox --image-pull-policy=IfNotPresent --command -- \
    sh -c 'while :; do echo hello; sleep 1; done' >/dev/null
check "the talker runs" lab_until 30 is Running k get pod talker -o 'jsonpath={.status.phase}'
check "kubectl logs" lab_until 10 is hello k logs talker --tail=1

# ---- a Deployment ----

k create deployment web --image=nginx --replicas=3 >/dev/null
k patch deployment web --type=json -p '[{"op": "add",
    "path": "/spec/template/spec/containers/0/imagePullPolicy", "value": "IfNotPresent"}]' >/dev/null
check "a Deployment of three" lab_until 60 is 3 \
    k get deployment web -o 'jsonpath={.status.availableReplicas}'
check "its rollout ends" k rollout status deployment web --timeout=60s
pods() { k get pods --no-headers | wc -l; }
check "the pods before it are gone" lab_until 60 is 5 pods

# ---- the agent dies ----

ids() { k get pods -o 'jsonpath={.items[*].status.containerStatuses[*].containerID}'; }
before=$(ids)
for _ in 1 2 3; do
    lab in n1 pkill -9 -x binnacle-agent || true
done
check "systemd brings the agent back" lab_until 20 lab in n1 pgrep -x binnacle-agent
lab_until 20 is True k get node n1 -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'
equal "its containers are the same" "$(ids)" "$before"
equal "nothing was restarted" \
    "$(k get pods -o 'jsonpath={.items[*].status.containerStatuses[*].restartCount}')" "0 0 0 0 0"

# ---- the end of a pod ----

k delete pod diptippod --wait=false >/dev/null
gone() { ! k get pod diptippod >/dev/null 2>&1; }
check "a deleted pod is gone" lab_until 60 gone

tap_done
