# For lab tests with a control plane on the LAN and hosts as its nodes: source it after lab_test.sh.
# The administrator is "k" (kubectl); programs come from $top_builddir.

build=${top_builddir:-$(dirname "$lab_script")/../..}
data=$tap_dir/data
api=10.77.0.1

cluster_need() { # HOSTS [bare]: as lab_need, or skipped; bare: they have no runtime
    [ -x "$build/binnacle" ] && [ -x "$build/binnacle-agent" ] || skip_all "needs both programs"
    command -v kubectl >/dev/null || skip_all "needs kubectl"
    [ "${2:-}" = bare ] || export LAB_FULL=1
    lab_need "$1"
    mkdir "$tap_dir/bin"
    cp "$build/binnacle" "$tap_dir/bin/"
    strip -o "$tap_dir/bin/binnacle-agent" "$build/binnacle-agent"
}

cluster_serve() { # OPTIONS...: the control plane, in the background
    : >"$tap_dir/serve.log" # of an earlier one
    lab exec setsid "$tap_dir/bin/binnacle" serve --data-dir "$data" --listen "$api:6443" \
        --advertise "$api" "$@" >"$tap_dir/serve.log" 2>&1 </dev/null &
    lab_until 20 grep -q 'is ready' "$tap_dir/serve.log"
}

cluster_disk() { # HOST: room for images; the lab's root is an overlay itself
    lab in "$1" sh -c 'mkdir -p /var/lib/binnacle-agent && mount -t tmpfs none /var/lib/binnacle-agent'
}

cluster_add() { # HOST: becomes a node, by SSH and key
    cluster_disk "$1"
    lab exec "$tap_dir/bin/binnacle" node add --data-dir "$data" "root@10.77.0.$((10 + ${1#n}))" \
        --identity "$LAB_DIR/id" --host-key \
        "$(lab in "$1" ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub | cut -d' ' -f2)" </dev/null
}

k() {
    lab exec kubectl --kubeconfig "$data/admin.kubeconfig" "$@"
}

node_is_ready() { # HOST: and nothing keeps pods away
    [ "$(k get node "$1" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}{.spec.taints}' \
        2>/dev/null)" = True ]
}

# cluster_image NAME: the lab's image as docker.io/library/NAME:latest, loaded on every node.
cluster_image() {
    local oci=${LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/binnacle-lab}/oci ref
    ref=$(sed -n 's/.*"org.opencontainers.image.ref.name":"\([^"]*\)".*/\1/p' "$oci/$1/index.json")
    skopeo copy -q "oci:$oci/$1:$ref" "docker-archive:$tap_dir/$1.tar:docker.io/library/$1:latest" &&
        lab exec "$tap_dir/bin/binnacle" image load --data-dir "$data" "$tap_dir/$1.tar"
}

# pod_pid HOST POD: a process of the pod's first container, as the host numbers it.
pod_pid() {
    local id
    id=$(k get pod "$2" -o 'jsonpath={.status.containerStatuses[0].containerID}')
    lab in "$1" ctr -a /run/binnacle-agent/containerd.sock -n k8s.io tasks ls |
        awk -v id="${id#*://}" '$1 == id { print $2 }'
}
