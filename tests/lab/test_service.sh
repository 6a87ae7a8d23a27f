#!/bin/bash
# Services on two hosts: a pod and a host reach them, endpoints come and go, pods reach each other by host
# routes, a pod talks to the API with its token; how soon rules follow; a host that was cut off.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/tap.sh"
. "$here/../lib/lab_test.sh"
. "$here/../lib/lab_cluster.sh"
cluster_need 2
cluster_serve
for host in n1 n2; do
    check "$host becomes a node" cluster_add "$host"
done
for image in nginx busybox; do
    check "image $image" cluster_image "$image"
done
for host in n1 n2; do
    check "$host is Ready" lab_until 30 node_is_ready "$host"
done

# ---- in a pod, on a host, on the LAN ----

client=     # the client pod's process on n1
in_pod() { # SCRIPT: in the client pod's network
    lab in n1 nsenter -t "$client" -n bash -c "$1"
}
on_host() { # SCRIPT
    lab in n1 bash -c "$1"
}
on_other() {
    lab in n2 bash -c "$1"
}
on_lan() {
    lab exec bash -c "$1"
}
# fetch WHERE ADDRESS PORT [TIMES]: each answer's first line.
fetch() {
    "$1" "for i in \$(seq ${4:-1}); do
        exec 3<>/dev/tcp/$2/$3 || exit 1
        printf 'GET / HTTP/1.0\r\n\r\n' >&3; read -t 2 -r line <&3 || exit 1; echo \"\$line\"; done"
}
answers() { # as fetch: all of them
    [ "$(fetch "$@" 2>/dev/null | grep -c '200 OK')" = "${4:-1}" ]
}
refuses() { # WHERE ADDRESS PORT: at once; what was on its way to a pod that ended is given up
    "$1" "timeout 3 bash -c 'exec 3<>/dev/tcp/$2/$3'" 2>&1 | grep -q 'Connection refused'
}
# reached ADDRESS: which pods connections from n1 to that address came to.
reached() {
    lab in n1 conntrack -L -p tcp --orig-dst "$1" 2>/dev/null |
        sed -n 's/.* src=\(10\.42\.[0-9.]*\) dst=.*/\1/p' | sort -u
}
ready_endpoints() { # SERVICE
    k get endpointslices -l "kubernetes.io/service-name=$1" -o \
        'jsonpath={range .items[*].endpoints[?(@.conditions.ready==true)]}{.addresses[0]}{"\n"}{end}' | sort
}
has_endpoints() { # SERVICE N
    [ "$(ready_endpoints "$1" | grep -c .)" = "$2" ]
}
ip_of() { # SERVICE
    k get svc "$1" -o 'jsonpath={.spec.clusterIP}'
}
map_has() { # HOST ELEMENT
    lab in "$1" nft list table ip binnacle | grep -q "$2"
}

k apply -f - >/dev/null <<'EOT'
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
      containers:
      - name: nginx
        image: nginx
        imagePullPolicy: IfNotPresent
        ports: [{name: http, containerPort: 80}]
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec:
  selector: {app: web}
  ports: [{port: 8080, targetPort: http}]
---
apiVersion: v1
kind: Pod
metadata: {name: client, labels: {app: client}}
spec:
  nodeName: n1
  terminationGracePeriodSeconds: 1
  containers:
  - {name: nginx, image: nginx, imagePullPolicy: IfNotPresent}
---
apiVersion: v1
kind: Pod
metadata: {name: there, labels: {app: there}}
spec:
  nodeName: n2
  terminationGracePeriodSeconds: 1
  containers:
  - {name: nginx, image: nginx, imagePullPolicy: IfNotPresent}
---
apiVersion: v1
kind: Pod
metadata: {name: asker}
spec:
  nodeName: n1
  terminationGracePeriodSeconds: 1
  containers:
  - {name: sleep, image: busybox, imagePullPolicy: IfNotPresent, command: [sleep, "10000"]}
---
apiVersion: v1
kind: Service
metadata: {name: there}
spec:
  selector: {app: there}
  ports: [{port: 80}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: look}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects: [{kind: ServiceAccount, name: default, namespace: default}]
EOT
check "three nginx run" k rollout status deployment web --timeout=60s
check "a pod on each host runs" k wait --for=condition=Ready pod/client pod/there pod/asker --timeout=30s
check "the Service has three endpoints" lab_until 10 has_endpoints web 3
client=$(pod_pid n1 client)
web=$(ip_of web)

# ---- ClusterIP ----

check "a pod reaches the Service" lab_until 5 answers in_pod "$web" 8080 20
check "a host reaches the Service" answers on_host "$web" 8080 10
equal "all three endpoints have answered" "$(reached "$web" | grep -c .)" 3
refuse "a port that the Service does not have is refused" fetch in_pod "$web" 81
client_ip=$(k get pod client -o 'jsonpath={.status.podIP}')
there_ip=$(k get pod there -o 'jsonpath={.status.podIP}')
check "a pod on the other host is reached by its address" answers in_pod "$there_ip" 80 1
check "a Service is answered by a pod on the other host" lab_until 5 answers in_pod "$(ip_of there)" 80 3
# Both connections came to it from the client's own address.
sees_client() { # TIMES
    [ "$(lab in n2 conntrack -L -p tcp --orig-src "$client_ip" --orig-dst "$there_ip" 2>/dev/null |
        grep -c "src=$there_ip dst=$client_ip")" -ge "$1" ]
}
check "which sees the client's own address" sees_client 4

# ---- the API from a pod ----

asker=$(pod_pid n1 asker)
list_pods() {
    on_host "
        root=/proc/$asker/root/var/run/secrets/kubernetes.io/serviceaccount
        eval \$(tr '\0' '\n' </proc/$asker/environ | grep '^KUBERNETES_SERVICE_[A-Z]*=')
        (printf 'GET /api/v1/namespaces/default/pods HTTP/1.1\r\nHost: kubernetes\r\nConnection: close\r\n'
         printf 'Authorization: Bearer %s\r\n\r\n' \"\$(cat \$root/token)\"; sleep 1) |
        timeout 5 nsenter -t $asker -n openssl s_client -quiet -CAfile \$root/ca.crt -verify_return_error \
            -verify_ip \$KUBERNETES_SERVICE_HOST -connect \$KUBERNETES_SERVICE_HOST:\$KUBERNETES_SERVICE_PORT"
}
list_pods >"$tap_dir/pods" 2>"$tap_dir/pods.err" || true
check "a pod lists pods at KUBERNETES_SERVICE_HOST with its token" \
    grep -q '^HTTP/1.1 200' "$tap_dir/pods"
check "and finds itself" grep -q '"name":"client"' "$tap_dir/pods"
check "outside the cluster its address is its node's" lab in n1 sh -c \
    "conntrack -L -p tcp --orig-src $(k get pod asker -o 'jsonpath={.status.podIP}') 2>/dev/null | grep -q 'src=10.77.0.1 dst=10.77.0.11 '"

# ---- names ----

asker() { k exec asker -- "$@"; }
resolves() { # NAME ADDRESS: in a pod
    asker nslookup "$1" 2>/dev/null | sed 1,3d | grep -q "$2\$"
}
check "a pod knows a Service by its name" resolves web.default.svc.cluster.local "$web"
check "an address leads back to the name" resolves "$web" web.default.svc.cluster.local
refuse "a name that nobody has is none" asker nslookup none.default.svc.cluster.local
k apply -f - >/dev/null <<'EOT'
apiVersion: v1
kind: Service
metadata: {name: heads}
spec: {clusterIP: None, selector: {app: web}, ports: [{port: 80}]}
EOT
has_endpoints_named() { [ "$(asker nslookup heads.default.svc.cluster.local | grep -c '10\.42\.')" = 3 ]; }
check "a headless Service is its three pods" lab_until 5 has_endpoints_named

# ---- hairpin, affinity, node ports ----

k expose pod client --name=self --port=80 >/dev/null
k expose deployment web --name=sticky --port=80 --session-affinity=ClientIP >/dev/null
k expose deployment web --name=door --port=80 --type=NodePort >/dev/null
k apply -f - >/dev/null <<'EOT'
apiVersion: v1
kind: Service
metadata: {name: local}
spec:
  type: NodePort
  externalTrafficPolicy: Local
  selector: {app: client}
  ports: [{port: 80}]
EOT
check "a pod reaches itself by its Service" lab_until 10 answers in_pod "$(ip_of self)" 80 3
sticky=$(ip_of sticky)
check "a Service with affinity answers" lab_until 10 answers in_pod "$sticky" 80 12
equal "always by the same endpoint" "$(reached "$sticky" | grep -c .)" 1
node_port() { k get svc "$1" -o 'jsonpath={.spec.ports[0].nodePort}'; }
check "a node port answers on one host" lab_until 10 answers on_lan 10.77.0.11 "$(node_port door)" 6
check "and on the other" answers on_lan 10.77.0.12 "$(node_port door)" 6
check "policy Local answers where the pod is" answers on_lan 10.77.0.11 "$(node_port local)" 2
check "and the pod sees its client" lab in n1 sh -c \
    "conntrack -L -p tcp --orig-dst 10.77.0.11 2>/dev/null | grep -q 'src=$client_ip dst=10.77.0.1 '"
refuse "policy Local does not answer elsewhere" timeout 2 \
    "$lab_script" exec bash -c "exec 3<>/dev/tcp/10.77.0.12/$(node_port local)"
check "but to a host that is a node" lab in n2 timeout 2 bash -c \
    "exec 3<>/dev/tcp/10.77.0.12/$(node_port local)"

# ---- endpoints change ----

# api METHOD PATH JSON: by the control plane's socket, as nothing is quicker
api() {
    curl -sS -f --unix-socket "$data/socket" -X "$1" "http://local$2" -o /dev/null \
        -H "Content-Type: application/${4:-json}" -d "$3"
}
slices=/apis/discovery.k8s.io/v1/namespaces/default/endpointslices
k apply -f - >/dev/null <<'EOT'
apiVersion: v1
kind: Service
metadata: {name: by-hand}
spec: {ports: [{port: 80}]}
EOT
api POST $slices '{"metadata":{"name":"by-hand","labels":{"kubernetes.io/service-name":"by-hand"}},
    "addressType":"IPv4","ports":[{"name":"","port":80,"protocol":"TCP"}],
    "endpoints":[{"addresses":["192.0.2.1"]}]}'
check "rules follow a slice" lab_until 10 map_has n2 "192.0.2.1 . 80"

# 40 changes, each from before its request to what n2's kernel tells of its new rules: $follow_ms, sorted.
has_seen() { grep -q "$1" "$tap_dir/monitor"; }
follow() { # NET: three numbers of an address
    rm -f "$tap_dir/changes"
    lab in n2 nft monitor new elements 2>/dev/null | while read -r line; do
        echo "$EPOCHREALTIME $line"
    done >"$tap_dir/monitor" &
    local monitor=$! i
    lab_until 5 sh -c "$lab_script in n2 pgrep -f 'nft monitor'" >/dev/null
    for i in $(seq 2 41); do
        echo "$EPOCHREALTIME $1.$i" >>"$tap_dir/changes"
        api PATCH $slices/by-hand "{\"endpoints\":[{\"addresses\":[\"$1.$i\"]}]}" merge-patch+json
        lab_until 5 has_seen "$1\.$i " || true
    done
    lab in n2 pkill -x nft
    wait "$monitor" || true
    follow_ms=$(awk -v net="$1" 'FNR == NR { begun[$2] = $1; next }
        match($0, net "\\.[0-9]+") { print ($1 - begun[substr($0, RSTART, RLENGTH)]) * 1000 }' \
        "$tap_dir/changes" "$tap_dir/monitor" | sort -n)
    p50=$(sed -n 20p <<<"$follow_ms") p99=$(tail -n 1 <<<"$follow_ms")
    echo "# change of an endpoint to rules on another host: p50 $p50 ms, p99 $p99 ms, at most 300"
}
# What else the machine does may spoil one series, not three.
for net in 192.0.2 198.51.100 203.0.113; do
    follow "$net"
    [ "${p99%.*}" -gt 300 ] || break
done
equal "rules on another host follow each of 40 changes" "$(wc -l <<<"$follow_ms")" 40
check "within 300 ms" [ "${p99%.*}" -le 300 ]

# A client that goes on sending from one port follows its Service, too.
api POST /api/v1/namespaces/default/services '{"metadata":{"name":"udp"},
    "spec":{"ports":[{"port":5353,"protocol":"UDP"}]}}'
api POST $slices '{"metadata":{"name":"udp","labels":{"kubernetes.io/service-name":"udp"}},
    "addressType":"IPv4","ports":[{"name":"","port":53,"protocol":"UDP"}],
    "endpoints":[{"addresses":["192.0.2.50"]}]}'
lab_until 5 map_has n1 "192.0.2.50 . 53"
in_pod "exec 4<>/dev/udp/$(ip_of udp)/5353; for i in {1..50}; do echo x >&4; sleep 0.2; done" 2>/dev/null &
sender=$!
flow_goes() { # ADDRESS
    lab in n1 conntrack -L -p udp --orig-dst "$(ip_of udp)" 2>/dev/null | grep -q "src=$1 "
}
check "a UDP flow goes to the endpoint" lab_until 5 flow_goes 192.0.2.50
api PATCH $slices/udp '{"endpoints":[{"addresses":["192.0.2.51"]}]}' merge-patch+json
check "and then to the one that came instead" lab_until 5 flow_goes 192.0.2.51
kill "$sender" 2>/dev/null || true

k scale deployment web --replicas=1 >/dev/null
check "two endpoints end" lab_until 20 has_endpoints web 1
check "the one that is left answers" lab_until 5 answers in_pod "$web" 8080 10
k scale deployment web --replicas=0 >/dev/null
check "without endpoints a connection is refused" lab_until 20 refuses in_pod "$web" 8080
check "on the host, too" refuses on_host "$web" 8080
k scale deployment web --replicas=3 >/dev/null
check "they come back" lab_until 30 has_endpoints web 3
check "and answer" lab_until 5 answers in_pod "$web" 8080 10

# ---- the agent dies ----

lab in n1 pkill -9 -x binnacle-agent
check "services answer while the agent is away" answers in_pod "$web" 8080 3
lab in n1 nft flush chain ip binnacle services
check "a new agent sets the rules anew" lab_until 20 answers in_pod "$web" 8080 3
k delete service web >/dev/null
gone() { ! map_has n1 "$web"; }
check "a deleted Service leaves nothing" lab_until 5 gone

# ---- a host is cut off ----

lab cut n2
api PATCH $slices/by-hand '{"endpoints":[{"addresses":["192.0.2.77"]}]}' merge-patch+json
k expose pod client --name=late --port=80 >/dev/null
check "the other host follows" lab_until 5 map_has n1 "192.0.2.77 . 80"
refuse "one that is cut off cannot" lab_until 3 map_has n2 "192.0.2.77 . 80"
lab heal n2
begun=$SECONDS
check "healed it converges" lab_until 60 map_has n2 "192.0.2.77 . 80"
echo "# after $((SECONDS - begun)) s"
check "and reaches a Service made meanwhile" lab_until 5 answers on_other "$(ip_of late)" 80 3

[ "$tap_failed" -eq 0 ] || for host in n1 n2; do
    lab in "$host" journalctl -u binnacle-agent -n 30 --no-pager | tap_note
done
[ -z "${SERVICE_HOLD:-}" ] || sleep "$SERVICE_HOLD"
tap_done
