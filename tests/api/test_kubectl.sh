#!/bin/bash
# A real kubectl on a real control plane: what people do with a ConfigMap all day. kubectl of Debian 12
# (1.20) and of today; $KUBECTL names another one.
set -u
top=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
program=${top_builddir:-$top}/binnacle
. "$top/tests/lib/tap.sh"
[ -x "$program" ] || skip_all "binnacle is not built"
kubectl=${KUBECTL:-kubectl}
command -v "$kubectl" >/dev/null || skip_all "needs kubectl"

data=$tap_dir/data
server=
unset KUBECONFIG ${!BINNACLE_*}
export HOME=$tap_dir # kubectl keeps a cache there
mkfifo "$tap_dir/pace"
exec 9<>"$tap_dir/pace"
finish() {
    [ -z "$server" ] || { kill -9 "$server" && wait "$server"; } 2>/dev/null
    rm -rf "$tap_dir"
}
trap finish EXIT

until_true() {
    local deadline=$((SECONDS + 60))
    until "$@"; do
        [ "$SECONDS" -lt "$deadline" ] || return 1
        read -r -t 0.05 -u 9 _
    done
    return 0
}
is_ready() {
    grep -q 'is ready' "$tap_dir/serve.log"
}
"$program" serve --data-dir "$data" --listen 127.0.0.1:0 >"$tap_dir/serve.log" 2>&1 9>&- &
server=$!
check "the control plane is ready" until_true is_ready

k() {
    "$kubectl" --kubeconfig "$data/admin.kubeconfig" "$@" 9>&-
}
# says "what" TEXT ARGUMENTS...: kubectl succeeds and says TEXT.
says() {
    local out status=0
    out=$(k "${@:3}" 2>&1) || status=$?
    equal "$1: succeeds" "$status" 0
    check "$1: says '$2'" grep -qF -- "$2" <<<"$out"
    [ "$status" -eq 0 ] && grep -qF -- "$2" <<<"$out" || tap_note <<<"$out"
}
# refuses "what" TEXT ARGUMENTS...
refuses() {
    local out status=0
    out=$(k "${@:3}" 2>&1) || status=$?
    check "$1: fails" test "$status" -ne 0
    check "$1: says '$2'" grep -qF -- "$2" <<<"$out"
}
# is "what" WANTED PATH: a field of the ConfigMap.
is() {
    equal "$1" "$(k get configmap settings -o "jsonpath={$3}")" "$2"
}
manifest() { # NAME KEY VALUE
    printf 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: %s\ndata:\n  %s: "%s"\n' "$@" \
        >"$tap_dir/$1.yaml"
    echo "$tap_dir/$1.yaml"
}

# ---- create, get ----
says "create" "configmap/settings created" create configmap settings --from-literal=mode=slow
refuses "create again" 'configmaps "settings" already exists' create configmap settings
says "get" "settings" get configmap settings
says "get -o yaml" "  mode: slow" get configmap settings -o yaml
says "a table of all" "NAME" get configmap --all-namespaces
says "create -f with an unknown field" "created" create -f "$(manifest typo a b)" --validate=false
refuses "get of what is not there" 'configmaps "nothing" not found' get configmap nothing

# ---- a watch, from here on ----
k get configmap settings -w -o 'jsonpath={.data.mode}{"\n"}' >"$tap_dir/watch" 2>&1 &
watch=$!
seen() {
    grep -qx "$1" "$tap_dir/watch"
}
check "get -w shows what is" until_true seen slow

# ---- apply ----
says "apply over what was created" "configmap/settings configured" \
    apply -f "$(manifest settings mode fast)"
is "apply changes it" fast .data.mode
check "get -w shows the change" until_true seen fast
says "apply of the same" "configmap/settings unchanged" apply -f "$tap_dir/settings.yaml"
says "apply of something new" "configmap/fresh created" apply -f "$(manifest fresh a b)"
printf 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: fresh\ndata:\n  c: d\n' >"$tap_dir/fresh.yaml"
says "apply without a key that it had" "configmap/fresh configured" apply -f "$tap_dir/fresh.yaml"
equal "takes that key away" "$(k get configmap fresh -o 'jsonpath={.data}' | tr -d ' ')" \
    "$(k get configmap fresh -o 'jsonpath={.data}' | tr -d ' ' | grep -v '"a"\|a:')"
says "a dry-run of an apply" "(server dry run)" apply --dry-run=server -f "$(manifest dry a b)"
refuses "leaves nothing" "not found" get configmap dry

# ---- server-side apply ----
says "server-side apply" "serverside-applied" \
    apply --server-side --field-manager=one -f "$(manifest shared owner one)"
refuses "of another manager: a conflict" 'conflict with "one"' \
    apply --server-side --field-manager=two -f "$(manifest shared owner two)"
says "that is forced" "serverside-applied" \
    apply --server-side --field-manager=two --force-conflicts -f "$tap_dir/shared.yaml"
equal "changes the owner" "$(k get configmap shared -o 'jsonpath={.data.owner}')" two
check "and the managed fields" grep -q 'manager: two' \
    <(k get configmap shared -o yaml --show-managed-fields 2>/dev/null || k get configmap shared -o yaml)

# ---- edit, patch, label, delete ----
printf '#!/bin/sh\nsed -i s/fast/steady/ "$1"\n' >"$tap_dir/editor"
chmod +x "$tap_dir/editor"
EDITOR=$tap_dir/editor says "edit" "configmap/settings edited" edit configmap settings
is "edit changes it" steady .data.mode
check "get -w shows the edit" until_true seen steady
says "patch" "configmap/settings patched" patch configmap settings --type=merge \
    -p '{"data":{"more":"1"}}'
says "label" "configmap/settings labeled" label configmap settings tier=back
says "get by label" "settings" get configmap -l tier=back
says "delete" 'configmap "settings" deleted' delete configmap settings
refuses "and it is gone" "not found" get configmap settings
kill "$watch" 2>/dev/null

# ---- why a pod waits ----
says "run" "pod/waits created" run waits --image=nginx
waits_for() {
    k get --raw "/api/v1/namespaces/default/pods/waits/why" | grep -qF "$1"
}
check "why: no node" until_true waits_for '"message":"no nodes available to schedule pods"'
tells() {
    k get events | grep -qF "$1"
}
check "the same is an event" until_true tells 'no nodes available to schedule pods'
refuses "why of what is not there" "not found" get --raw /api/v1/namespaces/default/pods/nobody/why

# ---- what kubectl asks of OpenAPI ----
minor=$(k version --client -o json | sed -n 's/.*"minor": "\([0-9]*\).*/\1/p' | head -n 1)
if [ "${minor:-0}" -ge 27 ]; then
    says "explain" "Configuration as keys and values, for pods and others to read." explain configmap
    says "explain of a field" "Texts by key." explain configmap.data
    says "explain --recursive" "immutable" explain configmap --recursive
    refuses "create -f with an unknown field" 'unknown field "dta"' create -f - \
        < <(printf 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: typo2\ndta: {}\n')
else
    skip "explain" "kubectl 1.$minor asks for OpenAPI v2, which is not served"
fi

tap_done
