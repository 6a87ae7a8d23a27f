#!/bin/bash
# What people and programs get wrong, said to the real control plane: bodies, options, files, disks.
# Every answer says what is wrong; where something can be done, what.
set -u
top=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
program=${top_builddir:-$top}/binnacle
. "$top/tests/lib/tap.sh"
[ -x "$program" ] || skip_all "binnacle is not built"
command -v curl >/dev/null || skip_all "needs curl"

data=$tap_dir/data
maps=http://localhost/api/v1/namespaces/default/configmaps
server=
unset KUBECONFIG ${!BINNACLE_*}
mkfifo "$tap_dir/pace"
exec 9<>"$tap_dir/pace"

finish() {
    [ -z "$server" ] || { kill -9 "$server" && wait "$server"; } 2>/dev/null
    rm -rf "$tap_dir"
}
trap finish EXIT

# start DATA: serves until stop; true when it is ready.
start() {
    : >"$tap_dir/serve.log" # the child may come to truncate it only after we look
    "$program" serve --data-dir "$1" --listen 127.0.0.1:0 >"$tap_dir/serve.log" 2>&1 9>&- &
    server=$!
    local deadline=$((SECONDS + 60))
    until grep -q 'is ready' "$tap_dir/serve.log"; do
        [ "$SECONDS" -lt "$deadline" ] && kill -0 "$server" || return 1
        read -r -t 0.03 -u 9 _
    done
    return 0
}

stop() { # SIGNAL
    kill "-$1" "$server" && wait "$server" 2>/dev/null
    server=
}

ask() { # DATA CURL-ARGUMENTS...
    curl -s -m 20 --unix-socket "$1/socket" "${@:2}"
}

# post TYPE QUERY < body: "CODE ANSWER"
post() {
    ask "$data" -w '\n%{http_code}' -X POST -H "Content-Type: application/$1" --data-binary @- \
        "$maps$2" | tac
}

# answers "what" CODE TEXT TYPE QUERY < body
answers() {
    local got
    got=$(post "$4" "$5")
    check "$1" grep -qzF "$2"$'\n' <<<"$got"
    check "$1: says why" grep -qF -- "$3" <<<"$got"
}

# says "what" TEXT OPTION...: serve ends at once and says so on stderr, in one line.
says() {
    local status=0
    timeout 60 "$program" serve --listen 127.0.0.1:0 "${@:3}" >"$tap_dir/said" 2>&1 9>&- || status=$?
    check "$1" grep -qF -- "$2" "$tap_dir/said"
    equal "$1: in one line, and ends" "$(wc -l <"$tap_dir/said") $((status == 1 || status == 2))" "1 1"
}

# ---- bodies ----
check "a control plane" start "$data"

answers "YAML that does not parse" 400 "error converting YAML to JSON: yaml: line 2: did not find" \
    yaml "" <<<$'metadata:\n  name: [a'
answers "JSON that ends early" 400 "unexpected end of JSON input" json "" <<<'{"metadata":'
answers "no body" 400 "unexpected end of JSON input" json "" </dev/null
answers "an unknown field, strictly" 400 'strict decoding error: unknown field \"dta\"' \
    json '?fieldValidation=Strict' <<<'{"metadata":{"name":"x"},"dta":{}}'
answers "a field that is there twice" 400 'duplicate field \"data\"' \
    json '?fieldValidation=Strict' <<<'{"metadata":{"name":"x"},"data":{},"data":{}}'
answers "a wrong type" 400 "cannot unmarshal number into Go struct field ConfigMap.data of type" \
    json "" <<<'{"metadata":{"name":"x"},"data":{"a":1}}'
answers "a list for an object" 400 "cannot unmarshal array into Go struct field ConfigMap.metadata" \
    json "" <<<'{"metadata":[]}'
answers "a media type that nobody speaks" 415 "in an unknown format - accepted media types include" x-toml "" <<<'a = 1'
{
    printf '{"metadata":{"name":"x"},"data":{"a":"'
    head -c 4194304 /dev/zero | tr '\0' x
    printf '"}}'
} >"$tap_dir/big"
answers "4 MB" 413 "Request entity too large: limit is 3145728" json "" <"$tap_dir/big"
deep() { # OPEN CLOSE
    printf '{"metadata":{"name":"x"},"x":'
    head -c 1000 /dev/zero | tr '\0' "$1"
    head -c 1000 /dev/zero | tr '\0' "$2"
    printf '}'
}
deep '[' ']' >"$tap_dir/deep"
answers "1,000 lists in each other" 400 "exceeded max depth" json "" <"$tap_dir/deep"
answers "1,000 lists in each other, in YAML" 400 "exceeded max depth" yaml "" <"$tap_dir/deep"
printf 'a: &a [x,x,x,x,x,x,x,x,x]\n' >"$tap_dir/bomb"
for i in b c d e f g h; do
    p=$(tr b-h a-g <<<"$i")
    printf '%s: &%s [*%s,*%s,*%s,*%s,*%s,*%s,*%s,*%s,*%s]\n' "$i" "$i" "$p" "$p" "$p" "$p" "$p" \
        "$p" "$p" "$p" "$p" >>"$tap_dir/bomb"
done
answers "aliases that grow without end" 400 "alias" yaml "" <"$tap_dir/bomb"
check "an unknown field is a warning when nothing is asked" grep -qi '^warning: 299 - "unknown field' \
    <(ask "$data" -D - -o /dev/null -X POST -H 'Content-Type: application/json' \
        -d '{"metadata":{"name":"warned"},"dta":{}}' "$maps")
equal "and none of them left anything" \
    "$(ask "$data" "$maps" | grep -o '"name":"[a-z]*"' | tr '\n' ' ')" '"name":"warned" '

# ---- a second one ----
says "a second control plane of one data directory" \
    "another binnacle serves '$data' (process $server): stop it first" --data-dir "$data"
port=$(sed -n 's/.*https:\/\/127.0.0.1:\([0-9]*\),.*/\1/p' "$tap_dir/serve.log")
says "a port that is taken" "(choose another with --listen)" --data-dir "$tap_dir/other" \
    --listen "127.0.0.1:$port"
equal "the first one serves on" "$(ask "$data" http://localhost/readyz)" ok

# ---- options ----
says "an unknown option" "unknown option '--frob'" --frob
says "an option file that is none" "line 1: want lines of 'option: value'" \
    --config <(echo 'a: [b')
says "an option file that is not there" "No such file or directory" --config "$tap_dir/none"
says "no address" "'nowhere' is not ADDRESS:PORT" --data-dir "$tap_dir/other" --listen nowhere
says "a store that is not known" "sqlite:PATH is what this version has" --data-dir "$tap_dir/other" \
    --store etcd://127.0.0.1:2379
says "no block of pods" "--pod-cidr 'x': want an IPv4 block of /8 to /24" --pod-cidr x
says "a block that overlaps" "overlap: choose two that do not" --pod-cidr 10.43.128.0/17
says "no block of services" "--service-cidr '10.1.0.0/33': want an IPv4 block" \
    --service-cidr 10.1.0.0/33
says "no domain" "--cluster-domain 'No_Domain': want a DNS name" --cluster-domain No_Domain
says "a loop that is none" "--controllers 'frob': there is no such loop; there are" \
    --controllers '*,-frob'
says "a data directory that is a file" "is no directory" --data-dir "$program"

# ---- a damaged data directory ----
stop TERM
# damaged "what" TEXT COMMAND...: COMMAND breaks a copy, which it finds at $copy.
copy=$tap_dir/copy
damaged() {
    rm -rf "$copy"
    cp -r "$data" "$copy"
    "${@:3}"
    says "$1" "$2" --data-dir "$copy"
}
scribble() { # OFFSET SIZE
    head -c "$2" /dev/zero | tr '\0' '#' |
        dd of="$copy/binnacle.db" bs=1 seek="$1" conv=notrunc status=none
}
text_database() {
    echo 'no database' >"$copy/binnacle.db"
}
damaged "a database that is text" "is damaged (file is not a database): stop binnacle and restore" \
    text_database
damaged "a database without its head" "is damaged (file is not a database)" scribble 0 4096
damaged "a database that is cut" "is damaged (database disk image is malformed)" \
    truncate -s 9000 "$copy/binnacle.db"
where=$(LC_ALL=C grep -aobF '"name":"warned"' "$data/binnacle.db" | head -n 1 | cut -d: -f1)
damaged "one changed byte of a value" "('/registry/core/configmaps/default/warned') is damaged" \
    scribble $((where + 10)) 1
damaged "no key file" "seal.key' is missing: without it sealed values cannot be read" \
    rm "$copy/seal.key"
damaged "a key file that is none" "seal.key' is not one, or is damaged" \
    truncate -s 10 "$copy/seal.key"
damaged "a certificate that is none" "client-ca.crt' is no certificate in PEM" \
    truncate -s 10 "$copy/pki/client-ca.crt"

# ---- a full disk: in a mount namespace of its own ----
full_disk() {
    local disk=$tap_dir/disk code status=0 made=0 value
    mkdir "$disk" && mount -t tmpfs -o size=8m none "$disk" && start "$disk/data" || return 1
    data=$disk/data
    value=$(head -c 100000 /dev/zero | tr '\0' x)
    for i in $(seq 60); do
        code=$(post json "" <<<"{\"metadata\":{\"name\":\"n$i\"},\"data\":{\"a\":\"$value\"}}")
        [ "${code:0:3}" = 201 ] || break
        made=$((made + 1))
    done
    grep -qF "500" <<<"$code" || status=1
    grep -qF "the disk is full; writes go on once there is room" <<<"$code" || status=2
    [ "$made" -gt 0 ] && [ "$(named "$maps")" = "$made" ] || status=3
    mount -o remount,size=16m none "$disk"
    code=$(post json "" <<<'{"metadata":{"name":"n99"}}')
    [ "${code:0:3}" = 201 ] || status=4
    stop KILL
    dd if=/dev/zero of="$disk/fill" bs=4096 status=none 2>/dev/null
    "$program" serve --data-dir "$data" --listen 127.0.0.1:0 >"$tap_dir/said" 2>&1
    grep -qE "the disk is full|No space left on device" "$tap_dir/said" || status=5
    rm "$disk/fill"
    start "$data" && [ "$(named "$maps")" = $((made + 1)) ] || status=6
    stop TERM
    umount "$disk"
    [ "$status" -eq 0 ] || echo "step $status after $made objects: $code; $(cat "$tap_dir/said")"
    return "$status"
}
named() {
    ask "$data" "$1" | grep -o '"name":"n[0-9]*"' | wc -l
}
if [ "$(id -u)" -eq 0 ] && unshare -m true 2>/dev/null; then
    export -f full_disk named start stop ask post
    export tap_dir program maps
    check "a full disk: refused and said so, nothing acknowledged lost, writes go on with room" \
        unshare -m bash -c 'exec 9<>"$tap_dir/pace"; full_disk'
else
    skip "a full disk" "needs root and a mount namespace"
fi

tap_done
