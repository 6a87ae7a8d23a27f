#!/bin/bash
# What reaches into running containers: exec with exit codes, terminals and half-closed input, attach, cp
# both ways, port-forward, proxies. Real containers, real kubectl.  What is not covered: a second node.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/tap.sh"
. "$here/../lib/lab_test.sh"
programs=${top_builddir:-$here/../..}

for tool in "${KUBECTL:-kubectl}" curl script; do
    command -v "$tool" >/dev/null || skip_all "needs $tool"
done
[ -x "$programs/binnacle" ] && [ -x "$programs/binnacle-agent" ] || skip_all "needs both programs"
export LAB_FULL=1 LAB_DISK=3g
lab_need 1
. "$here/../lib/lab_node.sh"

lab_node_bundle "$programs" nginx busybox
lab_node_serve
check "the host becomes a node" host 'binnacle node add local'
for image in nginx busybox; do
    check "image load $image" host "binnacle image load /opt/bundle/$image.tar"
done

untainted() { [ -z "$(k get node n1 -o 'jsonpath={.spec.taints}')" ]; }
phase() { k get pod "$1" -o 'jsonpath={.status.phase}'; }
lab_until 20 untainted
k run web --image=nginx --image-pull-policy=IfNotPresent --port=80 >/dev/null
k run box --image=busybox --image-pull-policy=IfNotPresent --command -- sleep 3600 >/dev/null
k apply -f - >/dev/null <<'EOF'
apiVersion: v1
kind: Pod
metadata: {name: ear}
spec:
  containers:
  - name: ear
    image: busybox
    imagePullPolicy: IfNotPresent
    stdin: true
    command: [sh, -c, 'while read -r line; do echo "heard $line"; done']
EOF
check "nginx runs" lab_until 30 is Running phase web
check "busybox runs" lab_until 30 is Running phase box
check "… and one that listens" lab_until 30 is Running phase ear

# ---- exec ----

code() { # COMMAND...: its exit status
    local status=0
    "$@" >/dev/null 2>&1 || status=$?
    echo "$status"
}
equal "exec" "$(k exec box -- echo hello)" hello
equal "standard error stays apart" "$(k exec box -- sh -c 'echo out; echo err >&2' 2>/dev/null)" out
equal "the exit code comes back" "$(code k exec box -- sh -c 'exit 7')" 7
equal "a command that is not there" "$(code k exec box -- /no/such)" 1
equal "input ends where ours does" "$(echo -n sixsix | k exec -i box -- wc -c)" 6
big() { head -c 20000000 /dev/zero | tr '\0' 'x'; }
equal "20 MB in" "$(big | k exec -i box -- wc -c)" 20000000
equal "20 MB out" "$(k exec box -- sh -c 'head -c 20000000 /dev/zero' | wc -c)" 20000000
refuse "a container that is not there" k exec box -c nobody -- true
terminal="stty rows 33 cols 91; $(declare -f lab k); lab_script=$lab_script tap_dir=$tap_dir
    k exec -it box -- sh -c 'tty; sleep 1; stty size; exit 5'"
status=0
script -qec "bash -c '${terminal//\'/\'\\\'\'}'" "$tap_dir/typescript" >/dev/null </dev/null || status=$?
check "a terminal" grep -q '/dev/pts' "$tap_dir/typescript"
check "… as wide as ours" grep -q '33 91' "$tap_dir/typescript"
equal "… with its exit code" "$status" 5

# ---- the older way, and browsers ----

spdy() {
    KUBECTL_REMOTE_COMMAND_WEBSOCKETS=false k "$@"
}
equal "exec over SPDY" "$(spdy exec box -- sh -c 'echo out; exit 4' 2>/dev/null)" out
equal "… input ends" "$(echo -n sixsix | spdy exec -i box -- wc -c)" 6
equal "… exit code" "$(code spdy exec box -- sh -c 'exit 4')" 4
websocket() { # PATH PROTOCOL [MESSAGE...]
    lab exec "$here/../lib/ws_client.py" "$tap_dir/kubeconfig" "/api/v1/namespaces/default/pods/$1" "${@:2}"
}
plain=$(websocket 'box/exec?command=sh&command=-c&command=echo+hi;exit+3&stdout=1&stderr=1' channel.k8s.io)
check "exec by channel.k8s.io" grep -qx '1 hi' <<<"$plain"
plain=$(websocket 'box/exec?command=head&command=-n1&stdin=1&stdout=1' v4.channel.k8s.io $'\\x00to and fro\n')
check "… with input, by v4" grep -qx '1 to and fro' <<<"$plain"
status=$(websocket 'box/exec?command=sh&command=-c&command=exit+3&stdout=1' v4.channel.k8s.io)
check "v4 tells the exit code" grep -q '"reason":"NonZeroExitCode"' <<<"$status"
equal "logs over a WebSocket" "$(websocket 'web/log?container=web&tailLines=0' binary.k8s.io)" 'close 1000'
k exec web -- sh -c 'echo one line >/proc/1/fd/1'
wrote() { k logs web | grep -qx 'one line'; }
check "… the log has a line" lab_until 10 wrote
check "… which comes" grep -qx 'one line' <<<"$(websocket 'web/log?container=web' binary.k8s.io)"

# ---- attach ----

mkfifo "$tap_dir/mouth"
attached() { # LINE KUBECTL: does ear answer?
    local status=0
    "$2" attach -i ear <"$tap_dir/mouth" >"$tap_dir/heard" 2>/dev/null &
    exec 9>"$tap_dir/mouth"
    echo "$1" >&9
    lab_until 10 grep -qx "heard $1" "$tap_dir/heard" || status=1
    exec 9>&-
    wait $! || true
    return "$status"
}
check "attach" attached this k
check "attach over SPDY" attached that spdy

# ---- clients that vanish ----

open_files() { # of both programs
    host 'for name in binnacle binnacle-agent; do ls "/proc/$(pidof -s $name)/fd" | wc -l; done' | paste -sd' '
}
has_cat() { k exec box -- ps -o args | grep -qx cat; }
has_no_cat() { ! has_cat; }
vanishes() { # BY-WEBSOCKET: kubectl is killed in the middle; what reads its input hears the end
    local status=0
    KUBECTL_REMOTE_COMMAND_WEBSOCKETS=$1 lab exec sh -c "echo \$\$ >'$tap_dir/pid'; exec '${KUBECTL:-kubectl}' \
        --kubeconfig '$tap_dir/kubeconfig' exec -i box -- cat" <"$tap_dir/mouth" >"$tap_dir/heard" 2>/dev/null &
    exec 9>"$tap_dir/mouth"
    echo begun >&9
    lab_until 10 grep -qx begun "$tap_dir/heard" && has_cat || status=1
    lab exec sh -c "kill -9 \$(cat '$tap_dir/pid')"
    lab_until 10 has_no_cat || status=1
    exec 9>&-
    wait $! || true
    return "$status"
}
before=$(open_files)
check "a client of a WebSocket vanishes: its command ends" vanishes true
check "… of SPDY, too" vanishes false
check "… and nothing stays open" lab_until 10 is "$before" open_files

# ---- cp ----

mkdir "$tap_dir/files"
head -c 3000000 /dev/urandom >"$tap_dir/files/big"
echo small >"$tap_dir/files/small"
check "cp into a container" k cp "$tap_dir/files" box:/tmp/files
check "… and out of it" k cp box:/tmp/files "$tap_dir/again"
check "nothing changed on the way" diff -r "$tap_dir/files" "$tap_dir/again"

# ---- port-forward ----

k port-forward pod/web 18080:80 >"$tap_dir/forward.log" 2>&1 &
forward=$!
check "port-forward listens" lab_until 10 grep -q 'Forwarding from' "$tap_dir/forward.log"
for i in 1 2 3; do
    check "… and carries request $i" lab exec curl -sf -o /dev/null http://127.0.0.1:18080/
done
kill "$forward"

# ---- proxies ----

raw() {
    k get --raw "$1"
}
namespace=/api/v1/namespaces/default
check "a pod by proxy" grep -q '<h1>' <<<"$(raw $namespace/pods/web/proxy/)"
k expose pod web --port=8080 --target-port=80 --name=web >/dev/null
served() { raw $namespace/services/web:8080/proxy/ | grep -q '<h1>'; }
check "a service by proxy" lab_until 10 served
equal "the node's agent by proxy" "$(raw /api/v1/nodes/n1/proxy/healthz)" ok
check "another port of the node, with TLS" \
    grep -q gitVersion <<<"$(raw /api/v1/nodes/https:n1:6443/proxy/version)"
refuse "a port where nobody is" raw $namespace/pods/web:81/proxy/

tap_done
