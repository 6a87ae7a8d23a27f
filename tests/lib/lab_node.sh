# For lab tests: source it after lab_test.sh and lab_need. Host n1 becomes a whole cluster: control plane,
# node, images. "host SCRIPT" runs there, "k ARGUMENTS" is kubectl on the LAN.

lab_address=10.77.0.11

host() { # SCRIPT: on the host, with the programs' libraries
    lab ssh n1 "export LD_LIBRARY_PATH=/opt/bundle/lib PATH=\$PATH:/opt/bundle; $1"
}

k() {
    lab exec "${KUBECTL:-kubectl}" --kubeconfig "$tap_dir/kubeconfig" "$@"
}

is() { # EXPECTED COMMAND...: for lab_until
    local want=$1
    shift
    [ "$("$@" 2>/dev/null)" = "$want" ]
}

# Programs, their libraries and images onto the host.
lab_node_bundle() { # PROGRAMS-DIRECTORY IMAGE...
    local programs=$1 bundle=$tap_dir/bundle oci image ref
    shift
    mkdir -p "$bundle/lib"
    cp "$programs/binnacle" "$bundle/"
    strip -o "$bundle/binnacle-agent" "$programs/binnacle-agent"
    ldd "$programs/binnacle" | awk '/=> \// { print $3 }' | grep -vE '/lib(c|m)\.so' |
        xargs -I{} cp -L {} "$bundle/lib/"
    oci=${LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/binnacle-lab}/oci
    for image; do
        ref=$(sed -n 's/.*"org.opencontainers.image.ref.name":"\([^"]*\)".*/\1/p' "$oci/$image/index.json")
        skopeo copy -q "oci:$oci/$image:$ref" \
            "docker-archive:$bundle/$image.tar:docker.io/library/$image:latest"
    done
    tar -C "$tap_dir" -cz bundle | lab ssh n1 'tar -C /opt -xz'
}

# The control plane on the host; its kubeconfig for k.
lab_node_serve() {
    host "setsid binnacle serve --listen $lab_address:6443 --advertise $lab_address \
            >/root/serve.log 2>&1 </dev/null &
        for i in \$(seq 100); do grep -q 'is ready' /root/serve.log && exit 0; sleep 0.1; done; exit 1"
    check "the control plane is ready" host "grep -q 'is ready' /root/serve.log"
    host 'cat /var/lib/binnacle/admin.kubeconfig' >"$tap_dir/kubeconfig"
}
