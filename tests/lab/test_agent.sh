#!/bin/bash
# The node agent with real containers: pods run, restart, are probed, logged and deleted; an agent that is
# killed loses nothing.  The control plane is on the LAN, the agent in a host with containerd.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/tap.sh"
. "$here/../lib/lab_test.sh"
export LAB_FULL=1
build=${top_builddir:-$here/../..}
for file in binnacle binnacle-agent; do
    [ -x "$build/$file" ] || skip_all "$file is not built"
done
command -v curl >/dev/null || skip_all "needs curl (scripts/packages.txt)"
lab_need 1
images=${LAB_CACHE:-$HOME/.cache/binnacle-lab}/oci
data=$tap_dir/data
api=https://10.77.0.1:6443
node=https://10.77.0.11:10250

# ---- the cluster ----

serve() {
    : >"$tap_dir/serve.log" # of an earlier one
    lab exec setsid "$build/binnacle" serve --data-dir "$data" --listen 10.77.0.1:6443 \
        >"$tap_dir/serve.log" 2>&1 </dev/null &
    lab_until 20 grep -q 'is ready' "$tap_dir/serve.log"
}

config_part() { # KEY: of the administrator's kubeconfig
    sed -n "s/.*$1: *//p" "$data/admin.kubeconfig" | tr -d '"' | base64 -d
}

certify() { # NAME CA [openssl req options...]: a key, and a certificate of the node
    local name=$1 ca=$2
    shift 2
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$tap_dir/$name.key" \
        -subj /O=system:nodes/CN=system:node:n1 -out "$tap_dir/$name.csr" "$@"
    openssl x509 -req -in "$tap_dir/$name.csr" -CA "$data/pki/$ca.crt" -CAkey "$data/pki/$ca.key" \
        -CAcreateserial -days 1 -copy_extensions copyall -out "$tap_dir/$name.crt"
}

install_agent() { # what onboarding leaves on a node
    local file
    lab in n1 sh -c 'cat >/usr/local/bin/binnacle-agent && chmod 755 /usr/local/bin/binnacle-agent' \
        <"$build/binnacle-agent"
    lab in n1 mkdir -p /etc/binnacle-agent /var/lib/binnacle-agent
    lab in n1 mount -t tmpfs none /var/lib/binnacle-agent # the host's root is an overlay itself
    certify node client-ca
    certify serving serving-ca -addext subjectAltName=IP:10.77.0.11,DNS:n1
    cat >"$tap_dir/kubeconfig" <<EOT
apiVersion: v1
kind: Config
current-context: node
contexts: [{name: node, context: {cluster: lab, user: n1}}]
clusters:
- {name: lab, cluster: {server: "$api", certificate-authority-data: $(base64 -w0 "$data/pki/serving-ca.crt")}}
users:
- name: n1
  user: {client-certificate-data: $(base64 -w0 "$tap_dir/node.crt"), client-key-data: $(base64 -w0 "$tap_dir/node.key")}
EOT
    for file in "$tap_dir/kubeconfig" "$tap_dir/serving.key" "$tap_dir/serving.crt" "$data/pki/client-ca.crt"; do
        lab in n1 sh -c "cat >/etc/binnacle-agent/$(basename "$file")" <"$file"
    done
}

start_agent() { # FAULTS
    lab in n1 sh -c 'cat >/etc/systemd/system/binnacle-agent.service &&
        systemctl daemon-reload && systemctl restart binnacle-agent' <<EOT
[Unit]
StartLimitIntervalSec=0
[Service]
ExecStart=/usr/local/bin/binnacle-agent --node-name n1
Environment=BINNACLE_FAULTS=${1:-}
KillMode=process
Delegate=yes
StandardError=append:/var/log/binnacle-agent.log
EOT
}

ask() { # URL [curl options...]: as the administrator
    lab exec curl -sS --cacert "$data/pki/serving-ca.crt" --cert "$tap_dir/admin.crt" --key "$tap_dir/admin.key" \
        "$@"
}

ask_node() { # PATH [curl options...]
    local path=$1
    shift
    ask "$node$path" "$@"
}

pods=$api/api/v1/namespaces/default/pods

create() { # YAML on stdin
    ask "$1" -f -o /dev/null -H 'Content-Type: application/yaml' --data-binary @-
}

pod_says() { # POD REGEX: of its JSON
    ask "$pods/$1" | grep -qE "$2"
}

logs_say() { # POD/CONTAINER REGEX [QUERY]
    ask_node "/containerLogs/default/$1?${3:-}" | grep -qE "$2"
}

tasks() { # ids of what runs in containers of pods, sandboxes too
    lab in n1 ctr -a /run/binnacle-agent/containerd.sock -n k8s.io tasks ls -q | sort
}

show_log() { # when something failed
    [ "$tap_failed" -eq 0 ] || lab in n1 tail -n 40 /var/log/binnacle-agent.log | tap_note
}

check "the control plane is ready" serve
config_part client-certificate-data >"$tap_dir/admin.crt"
config_part client-key-data >"$tap_dir/admin.key"
check "the agent is installed" install_agent
start_agent
check "the node is Ready" lab_until 30 \
    sh -c "$(declare -f ask lab); lab_script=$lab_script data=$data tap_dir=$tap_dir
        ask $api/api/v1/nodes/n1 | grep -q '\"KubeletReady\"'"

# ---- images ----
for image in busybox:1.36 nginx:latest; do
    skopeo copy -q "oci:$images/${image%:*}:${image#*:}" \
        "docker-archive:$tap_dir/${image%:*}.tar:docker.io/library/$image" 2>/dev/null ||
        skopeo copy -q "oci:$images/${image%:*}" "docker-archive:$tap_dir/${image%:*}.tar:docker.io/library/$image"
    equal "the image ${image%:*} is loaded" \
        "$(ask_node /images -X POST --data-binary "@$tap_dir/${image%:*}.tar" | grep -o '"docker.io[^"]*"')" \
        "\"docker.io/library/$image\""
done

# ---- pods ----
create "$pods" <<'EOT'
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  terminationGracePeriodSeconds: 2
  containers:
  - name: nginx
    image: nginx
    imagePullPolicy: IfNotPresent
    ports: [{name: http, containerPort: 80}]
    readinessProbe: {httpGet: {path: /, port: http}, periodSeconds: 1}
EOT
check "a pod runs and is ready" lab_until 20 pod_says web '"type":"Ready"[^}]*"status":"True"|"status":"True","type":"Ready"'
address=$(ask "$pods/web" | grep -oE '"podIP":"[^"]*"' | cut -d'"' -f4)
check "it answers at its address" lab in n1 bash -c "exec 3<>/dev/tcp/$address/80
    printf 'GET / HTTP/1.0\r\n\r\n' >&3; grep -q '200 OK' <&3"

create "$api/api/v1/namespaces/default/configmaps" <<'EOT'
apiVersion: v1
kind: ConfigMap
metadata: {name: words}
data: {greeting: hello, file: "of a config map\n"}
EOT
create "$pods" <<'EOT'
apiVersion: v1
kind: Pod
metadata: {name: full, labels: {app: full}}
spec:
  terminationGracePeriodSeconds: 2
  volumes:
  - {name: words, configMap: {name: words}}
  - {name: memory, emptyDir: {medium: Memory, sizeLimit: 8Mi}}
  - {name: me, downwardAPI: {items: [{path: labels, fieldRef: {fieldPath: metadata.labels}}]}}
  - {name: host, hostPath: {path: /var/tmp/full, type: DirectoryOrCreate}}
  initContainers:
  - {name: first, image: "busybox:1.36", command: [sh, -c, "echo init >/memory/first"], volumeMounts: [{name: memory, mountPath: /memory}]}
  - {name: proxy, image: "busybox:1.36", restartPolicy: Always, command: [sh, -c, "trap 'exit 0' TERM; sleep 3600 & wait"]}
  containers:
  - name: app
    image: busybox:1.36
    command: [sh, -c, "trap 'echo term >>/host/log; exit 0' TERM; echo $(GREETING) $NODE; cat /words/file /memory/first /me/labels; echo; id -u; while :; do date +%s; sleep 0.5 & wait $!; done"]
    securityContext: {runAsUser: 1000}
    env:
    - {name: GREETING, valueFrom: {configMapKeyRef: {name: words, key: greeting}}}
    - {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}
    volumeMounts:
    - {name: words, mountPath: /words}
    - {name: memory, mountPath: /memory}
    - {name: me, mountPath: /me}
    - {name: host, mountPath: /host}
    livenessProbe: {exec: {command: [sh, -c, "test ! -e /memory/dead"]}, periodSeconds: 1, failureThreshold: 2}
    lifecycle: {postStart: {exec: {command: [sh, -c, "echo post >>/tmp/hook"]}}}
EOT
lab in n1 sh -c 'mkdir -p /var/tmp/full && chmod 777 /var/tmp/full'
check "a pod with volumes, init containers and a sidecar runs" lab_until 20 pod_says full '"phase":"Running"'
for word in 'hello n1' 'of a config map' '^init$' 'app="full"' '^1000$'; do
    check "its log says '$word'" lab_until 5 logs_say full/app "$word"
done
check "and so it does through the API server" sh -c 'echo "$1" | grep -q "of a config map"' - \
    "$(ask "$pods/full/log?container=app")"
equal "tailLines" "$(ask_node '/containerLogs/default/full/app?tailLines=2' | wc -l)" 2
check "its log is followed" sh -c '[ "$1" -ge 3 ]' - \
    "$(ask_node '/containerLogs/default/full/app?follow=true&tailLines=1' -N -m 3 2>/dev/null | wc -l)"
equal "no log of an unknown container" "$(ask_node /containerLogs/default/full/nobody)" \
    'container "nobody" not found in pod "full"'
equal "nobody without a certificate" \
    "$(lab exec curl -sk -o /dev/null -w '%{http_code}' "$node/pods")" 401

create "$pods" <<'EOT'
apiVersion: v1
kind: Pod
metadata: {name: crash}
spec:
  containers: [{name: app, image: "busybox:1.36", command: [sh, -c, "echo boom; exit 3"], terminationMessagePolicy: FallbackToLogsOnError}]
EOT
check "a container that ends is restarted, later and later" lab_until 20 pod_says crash '"reason":"CrashLoopBackOff"'
check "its exit code is shown" pod_says crash '"exitCode":3'
check "its last words are shown" pod_says crash '"message":"boom'
check "the log of the one before is there" lab_until 15 logs_say crash/app boom previous=true

create "$pods" <<'EOT'
apiVersion: v1
kind: Pod
metadata: {name: nothing}
spec:
  containers: [{name: app, image: "no.such.registry.invalid/nothing:1"}]
EOT
check "an image that cannot be had" lab_until 30 pod_says nothing '"reason":"(ErrImagePull|ImagePullBackOff)"'

memory=$(lab in n1 sh -c 'ls -d /var/lib/binnacle-agent/pods/*/volumes/kubernetes.io~empty-dir/memory')
lab in n1 touch "$memory/dead"
check "a liveness probe restarts its container" lab_until 15 pod_says full '"restartCount":1'
lab in n1 rm -f "$memory/dead"
equal "and it was asked to end" "$(lab in n1 cat /var/tmp/full/log)" term
check "it lives on" lab_until 15 logs_say full/app '^1000$'

# ---- an agent that ends ----
ask "$pods/crash" -o /dev/null -X DELETE
ask "$pods/nothing" -o /dev/null -X DELETE
check "two pods are gone" lab_until 45 sh -c "$(declare -f ask lab); lab_script=$lab_script data=$data tap_dir=$tap_dir
    ask $pods | grep -c . >/dev/null && ! ask $pods | grep -qE '\"name\":\"(crash|nothing)\"'"
before=$(tasks)
lab in n1 systemctl restart binnacle-agent
check "after a restart the node is Ready" lab_until 20 sh -c "$(declare -f ask lab)
    lab_script=$lab_script data=$data tap_dir=$tap_dir; ask $node/healthz | grep -q ok"
sleep 3
equal "a restart of the agent restarts nothing" "$(tasks)" "$before"
for _ in $(seq 20); do
    lab in n1 systemctl kill -s KILL --kill-whom=main binnacle-agent
    lab_until 5 lab in n1 sh -c '! systemctl is-active -q binnacle-agent'
    lab in n1 systemctl start binnacle-agent
done
sleep 3
equal "nor do twenty kills" "$(tasks)" "$before"
check "restart counts stay" pod_says web '"restartCount":0'

points="agent.sandbox.before_create=kill@1 agent.create.before_start=kill@1 agent.create.before_start=kill@2
    agent.start.after=kill@1 agent.start.after=kill@2"
grep -q BINNACLE_FAULTS "$build/binnacle-agent" || points=
[ -n "$points" ] || skip "kills at named points" "built without --enable-faults"
for point in $points; do
    name=$(echo "$point" | tr '._=@' ----)
    start_agent "$point"
    sleep 1
    create "$pods" <<EOT
apiVersion: v1
kind: Pod
metadata: {name: $name}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: a, image: "busybox:1.36", command: [sleep, "3600"]}
  - {name: b, image: "busybox:1.36", command: [sleep, "3600"]}
EOT
    lab_until 20 lab in n1 sh -c '! systemctl is-active -q binnacle-agent' || true
    equal "$point: the agent was killed there" "$(lab in n1 systemctl show -p Result --value binnacle-agent)" signal
    before=$(tasks)
    start_agent
    check "$point: the pod runs in the end" lab_until 20 pod_says "$name" '"phase":"Running"'
    check "$point: no container was started twice" pod_says "$name" '"restartCount":0.*"restartCount":0'
    equal "$point: what ran runs on" "$(comm -23 <(echo "$before") <(tasks))" ""
done

# ---- the end ----
for name in $(ask "$pods" | grep -oE '"metadata":\{[^{}]*"name":"[^"]*"' | grep -oE '"name":"[^"]*"' | cut -d'"' -f4); do
    ask "$pods/$name" -o /dev/null -X DELETE
done
check "all pods end" lab_until 45 sh -c "$(declare -f ask lab); lab_script=$lab_script data=$data tap_dir=$tap_dir
    ask $pods | grep -q '\"items\":\[\]'"
lab_until 15 sh -c "$(declare -f lab tasks); lab_script=$lab_script; [ -z \"\$(tasks)\" ]" || true
equal "no container is left" "$(tasks)" ""
equal "no files are left" "$(lab in n1 sh -c 'ls /var/lib/binnacle-agent/pods /var/log/pods')" \
    "$(printf '/var/lib/binnacle-agent/pods:\n\n/var/log/pods:')"
equal "no mounts are left" "$(lab in n1 grep -c binnacle-agent/pods /proc/mounts || true)" 0
equal "no network interfaces are left" "$(lab in n1 sh -c 'ls /sys/class/net | grep -c ^veth' || true)" 0
check "the agent has at most 12 MB" lab in n1 sh -c \
    '[ "$(awk "/VmRSS/ { print \$2 }" "/proc/$(systemctl show -p MainPID --value binnacle-agent)/status")" -le 12288 ]'
show_log
tap_done
