#!/bin/bash
# The whole line, by the console: two bare hosts become nodes by SSH, run a Deployment, serve each
# other through a Service and talk to the API; what a day's work asks of the console; a host that
# dies.  kubectl only applies and looks where the console is not what is asked for.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/tap.sh"
. "$here/../lib/lab_test.sh"
. "$here/../lib/lab_cluster.sh"

command -v tmux >/dev/null || skip_all "needs tmux"
cluster_need 2 bare
. "$here/../lib/mux.sh"
trap 'mux_end; lab down; rm -rf "$tap_dir"' EXIT

n1=10.77.0.11 n2=10.77.0.12
told() { # EXPECTED COMMAND...: the command says just that
    [ "$("${@:2}" 2>/dev/null)" = "$1" ]
}
said() { # TEXT COMMAND...: the command says that, among others
    "${@:2}" 2>/dev/null | grep -qF -- "$1"
}
table() { # KIND...: opens the table
    keys Escape
    enter ":$*"
}

# ---- two bare hosts ----

check "the control plane is ready" cluster_serve
open "$(declare -f lab); lab_script='$lab_script'
    lab exec '$tap_dir/bin/binnacle' console --data-dir '$data'" 120 40
check "the console shows a cluster without nodes" see "nodes 0/0"
for host in n1 n2; do
    cluster_disk "$host"
done
enter ":nodes"
check "no node yet" see "no nodes"
keys a
check "a form for machines" see "Add machines"
enter "ops@$n1 pw@$n2"
# The questions come in the order in which the hosts answer.
question='10[.]77[.]0[.]1[12]: (Host key|Password)'
for _ in 1 2 3 4; do
    check "a question" see_like "$question" 30
    asked=$(screen | grep -oE "$question" || true)
    case $asked in
    "$n1: Host key" | "$n2: Host key")
        host=n1
        [ "${asked%:*}" = "$n1" ] || host=n2
        print=$(screen | grep -oE 'SHA256:[A-Za-z0-9+/]{43}' | head -1)
        check "$host: the key is the host's own" said "${print:-none}" \
            lab in "$host" ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub
        keys Right Enter
        ;;
    "$n1: Password") enter ops ;;
    "$n2: Password") enter pw ;;
    esac
    check "answered: $asked" gone "$asked"
done
check "both machines get Ready" see "2/2 ready" 120
keys Enter
check "the steps of one, with their times" see_like "(push|service) +[0-9.]+ s"
keys Escape
keys Escape
check "two nodes" see "nodes 2/2" 30
for image in nginx curl; do
    check "image $image" cluster_image "$image"
done
for host in n1 n2; do
    check "$host takes pods" lab_until 30 node_is_ready "$host"
done

# ---- a Deployment on both, a Service between them ----

cat >"$tap_dir/shop.yaml" <<'Y'
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 3
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      terminationGracePeriodSeconds: 1
      tolerations:
      - {key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 10}
      - {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: 10}
      containers:
      - name: nginx
        image: nginx
        imagePullPolicy: IfNotPresent
        command: [sh, -c, "busybox hostname >/usr/share/nginx/html/index.html; exec nginx -g 'daemon off; user root;'"]
        ports: [{name: http, containerPort: 80}]
        resources: {requests: {cpu: 10m}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Pod
metadata: {name: box}
spec:
  nodeName: n1
  terminationGracePeriodSeconds: 1
  containers:
  - {name: box, image: curl, imagePullPolicy: IfNotPresent,
     command: [sh, -c, "while :; do date +%T; sleep 1; done"]}
---
apiVersion: v1
kind: Secret
metadata: {name: door}
stringData: {word: xyzzy-plugh}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: look}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: default, namespace: default}]
Y
k apply -f "$tap_dir/shop.yaml" >/dev/null
table pods default
keys C-w
check "its pods are seen on one host" see_like "web-.* Running .* n1" 60
check "and on the other" see_like "web-.* Running .* n2" 60
check "three of them" k rollout status deployment web --timeout=60s

pods_on() { # NODE: names of the web pods there
    k get pods -l app=web --field-selector "spec.nodeName=$1" -o 'jsonpath={.items[*].metadata.name}'
}
web_ip=$(k get service web -o 'jsonpath={.spec.clusterIP}')
answered_by() { # NODE: a request of the pod on n1 to the Service is answered by a pod there
    local pod
    pod=$(k exec box -- curl -sf -m 2 "http://$web_ip/") && [[ " $(pods_on "$1") " == *" $pod "* ]]
}
check "a pod on n1 is answered by a pod on n2, through the Service" lab_until 30 answered_by n2
check "and by one beside it" lab_until 30 answered_by n1

pods_by_token() { # what a pod sees of the API, as any client library goes about it
    k exec box -- sh -c 'account=/var/run/secrets/kubernetes.io/serviceaccount
        curl -sf -m 5 --cacert $account/ca.crt -H "Authorization: Bearer $(cat $account/token)" \
        "https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT/api/v1/namespaces/default/pods"'
}
check "a pod lists pods with its token" lab_until 20 said '"name":"box"' pods_by_token

# ---- what a day's work asks of the console ----

table deploy default
check "the Deployment's row" see_like "web .* 3/3"
keys s
check "scale asks for a number" see "Replicas"
keys BSpace
enter 5
check "five" see_like "web .* 5/5" 60
keys d
check "describe" see "RollingUpdate"
keys Escape
keys H
check "history: who scaled" see_like "patch scale +spec.replicas: 3 . 5"
check "and who made it" see_like "kubernetes-admin +kubectl.* created"
keys Escape

table pods default
enter /box
keys s
check "a shell in the container" see_like '[#$] *$'
enter 'echo in-$((40 + 2)) $(hostname)'
check "works" see "in-42 box"
enter exit
check "and leads back" see "Pods"
keys l
check "logs" see_like '[0-9]{2}:[0-9]{2}:[0-9]{2}'
last_line() { screen | grep -oE '[0-9]{2}:[0-9]{2}:[0-9]{2}' | tail -1; }
seen=$(last_line)
later() { [ "$(last_line)" != "$seen" ]; }
check "are followed" until_true later
keys Escape

table secrets default
enter /door
refuse "a secret's value is not shown" has xyzzy
keys x
check "until it is asked for" see "xyzzy-plugh"
keys Escape

k apply -f - >/dev/null <<'Y'
apiVersion: batch/v1
kind: Job
metadata: {name: sums}
spec:
  completions: 3
  parallelism: 2
  template:
    spec:
      restartPolicy: Never
      containers:
      - {name: sum, image: curl, imagePullPolicy: IfNotPresent, command: [sh, -c, "echo $((40 + 2))"]}
Y
table jobs default
check "a Job runs to its end" see_like "sums .*3/3" 60

pod=$(pods_on n1)
pod=${pod%% *}
restarts() { k get pod "$pod" -o 'jsonpath={.status.containerStatuses[0].restartCount}'; }
lab in n1 kill -9 "$(pod_pid n1 "$pod")"
check "a killed container is back" lab_until 30 told 1 restarts
table pods default
check "and seen so" see_like "${pod} .*1/1 .*Running +1" 30

k run huge --image=nginx --image-pull-policy=IfNotPresent \
    --overrides='{"spec":{"containers":[{"name":"huge","image":"nginx","resources":{"requests":{"memory":"900Gi"}}}]}}' \
    >/dev/null
enter /huge
check "a pod that fits nowhere is Pending" see "Pending"
keys W
check "and the console says why, node by node" see_like "n2 .*(emory|900Gi)"
keys Escape
keys C-d
check "delete asks" see "Cancel"
keys Tab Enter
no_pod() { ! k get pod "$1" 2>/dev/null; }
check "and deletes" lab_until 20 no_pod huge
keys Escape

# ---- a host dies ----

table pods default
lab crash n2
table nodes
check "its node is NotReady" see_like "n2 .*NotReady" 90
all_on_n1() { [ "$(k get pods -l app=web --field-selector spec.nodeName=n1,status.phase=Running -o name | wc -l)" = 5 ]; }
check "its pods are replaced on the other host" lab_until 90 all_on_n1
table deploy default
check "and five are there again" see_like "web .* 5/5" 60
lab boot n2
table nodes
check "a host that is back is Ready" see "nodes 2/2" 90

keys C-c
check "the console asks what becomes of the control plane" see "Stop it"
keys Right Enter
check "and ends it" see "ENDED 0"
tap_done
