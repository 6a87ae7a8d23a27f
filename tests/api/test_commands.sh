#!/bin/bash
# The commands as people meet them, on a control plane of their own: history of what kubectl, the
# console and a controller did, tokens, a backup that is made while it runs and a restore.
set -u
top=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
program=${top_builddir:-$top}/binnacle
. "$top/tests/lib/tap.sh"
[ -x "$program" ] || skip_all "binnacle is not built"
command -v curl >/dev/null || skip_all "needs curl"

data=$tap_dir/data
web=/apis/apps/v1/namespaces/default/deployments
unset KUBECONFIG

serve() { # in DIRECTORY, until it is ready
    : >"$tap_dir/ready" # the child may come to truncate it only after we look
    "$program" serve --data-dir "$1" --listen 127.0.0.1:0 >"$tap_dir/ready" 2>"$tap_dir/log" &
    server=$!
    until grep -q 'is ready' "$tap_dir/ready" || ! kill -0 "$server" 2>/dev/null; do
        read -r -t 0.05 -u 9 _
    done
}
stop() {
    kill "$server" 2>/dev/null && wait "$server"
}
mkfifo "$tap_dir/pace"
exec 9<>"$tap_dir/pace"
trap 'stop; rm -rf "$tap_dir"' EXIT

api() { # METHOD PATH [BODY [HEADER]...]
    method=$1 path=$2 body=${3-}
    shift 2
    [ $# -eq 0 ] || shift
    headers=()
    for each in "$@"; do headers+=(-H "$each"); done
    [ "$method" != PATCH ] || headers+=(-H 'Content-Type: application/merge-patch+json')
    [ "$method" != POST ] || headers+=(-H 'Content-Type: application/json')
    curl -fsS --unix-socket "$data/socket" -X "$method" "${headers[@]}" ${body:+-d "$body"} \
        "http://localhost$path"
}
until_true() { # COMMAND...: 20 s
    for _ in $(seq 200); do
        "$@" >/dev/null 2>&1 && return 0
        read -r -t 0.1 -u 9 _
    done
    "$@"
}
history_of() {
    "$program" history "$@" --data-dir "$data"
}
row() { # PATTERN of a row of the history of web
    history_of deploy/web 2>&1 | grep -q -- "$1"
}

serve "$data"
check "serve is ready" grep -q 'binnacle is ready' "$tap_dir/ready"

# ---- history ----

api POST "$web" '{"metadata":{"name":"web"},"spec":{"replicas":2,"selector":{"matchLabels":{"a":"b"}},
"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"nginx"}]}}}}' \
    'User-Agent: kubectl/v1.35.0 (linux/amd64)' 'Kubectl-Command: kubectl apply' >/dev/null
check "who applied it" row '^[0-9]* .*local:.* kubectl apply *create *<none> *created'
check "what the controller made of it, and because of whom" \
    until_true row 'deployment-controller *binnacle *update status *[0-9]* by local:.*: kubectl apply deployments/web'
api PATCH "$web/web/scale" '{"spec":{"replicas":3}}' 'User-Agent: binnacle-console/1' >/dev/null
check "who scaled it in the console" \
    row 'binnacle-console *patch scale *<none> *spec.replicas: 2 → 3'
check "status follows from it" until_true row 'status.replicas: .*3'
equal "only the newest" "$(history_of deployments.apps web --limit 1 2>/dev/null | wc -l)" 2
check "every change and the chain" sh -c \
    "'$program' history deploy/web --diff --data-dir '$data' | grep -q '^+ spec.replicas: 3'"
check "as JSON" sh -c \
    "'$program' history deploy/web -o json --data-dir '$data' | grep -q '\"kind\":\"HistoryList\"'"
check "as YAML" sh -c \
    "'$program' history deploy/web -n default -o yaml --data-dir '$data' | grep -q '^kind: HistoryList'"
refuse "of what is not there" history_of deploy/none
refuse "of no kind at all" history_of nonsense/web
refuse "without a name" history_of deploy

# ---- tokens ----

token=$("$program" token create --data-dir "$data")
check "a token has the form of one" grep -Eqx '[a-z0-9]{6}\.[a-z0-9]{16}' <<<"$token"
url=$(sed -n 's/.*ready: \(https:[^,]*\),.*/\1/p' "$tap_dir/ready")
whoami() { # TOKEN
    curl -fsSk -X POST -H "Authorization: Bearer $1" -H 'Content-Type: application/json' -d '{}' \
        "$url/apis/authentication.k8s.io/v1/selfsubjectreviews"
}
check "it says who one is" sh -c 'grep -q system:bootstrappers:binnacle' <<<"$(whoami "$token")"
check "it is listed without its secret" sh -c \
    "'$program' token list --data-dir '$data' | grep -q '^${token%.*}  .* good '"
refuse "(without)" sh -c "'$program' token list --data-dir '$data' | grep -q '${token#*.}'"
check "it is deleted" "$program" token delete "${token%.*}" --data-dir "$data"
refuse "and good for nothing then" whoami "$token"
refuse "a lifetime that is none" "$program" token create --ttl soon --data-dir "$data"

# ---- backup and restore ----

api POST /api/v1/namespaces/default/secrets \
    '{"metadata":{"name":"s"},"stringData":{"k":"canary-of-the-backup"}}' >/dev/null
check "a backup of a running control plane" "$program" backup "$tap_dir/backup" --data-dir "$data"
equal "it is nobody else's" "$(stat -c %a "$tap_dir/backup")" 600
refuse "Secrets are not in it in clear" grep -q canary-of-the-backup "$tap_dir/backup"
refuse "nothing is overwritten" "$program" backup "$tap_dir/backup" --data-dir "$data"
refuse "no restore under a running control plane" \
    "$program" restore "$tap_dir/backup" --data-dir "$data"
list_rev() {
    api GET "$web" | grep -o '"metadata":{"resourceVersion":"[0-9]*"' | tr -dc '0-9'
}
rev=$(list_rev)
api DELETE "$web/web" >/dev/null
stop
check "a restore" "$program" restore "$tap_dir/backup" --data-dir "$data"
check "what was there is kept" test -f "$data/before-restore-1/binnacle.db"
serve "$data"
check "the deployment is back" api GET "$web/web"
check "revisions never go back" test "$(list_rev)" -gt "$((rev + 900000))"
check "its secret, too" sh -c 'grep -q Y2FuYXJ5LW9mLXRoZS1iYWNrdXA=' \
    <<<"$(api GET /api/v1/namespaces/default/secrets/s)"
check "history goes on" row 'kubectl apply'
stop

data=$tap_dir/other
check "on an empty machine" "$program" restore "$tap_dir/backup" --data-dir "$data"
refuse "(nothing was there to keep)" test -e "$data/before-restore-1"
cp "$data/pki/client-ca.crt" "$tap_dir/ca"
serve "$data"
check "it is the same cluster" api GET "$web/web"
check "with the same certificates, so nodes know it" cmp "$tap_dir/ca" "$data/pki/client-ca.crt"
refuse "a file that is no backup" "$program" restore "$tap_dir/ready" --data-dir "$tap_dir/third"
tap_done
