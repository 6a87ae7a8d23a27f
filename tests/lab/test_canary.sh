#!/bin/bash
# Secrets are looked for where they must not be: passwords of onboarding in no argument, environment,
# log, database or file; Secret objects in none of the control plane's files, and on a node only on
# tmpfs; what a pod has as environment only where the runtime keeps it.  Nor is there a core dump.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/tap.sh"
. "$here/../lib/lab_test.sh"
export LAB_DISK=1500m
lab_need 1
. "$here/../lib/lab_machines.sh"
n1=10.77.0.11

random() { # PREFIX
    echo "$1$(od -An -N12 -tx1 /dev/urandom | tr -d ' \n')"
}
ssh_canary=$(random SSH) sudo_canary=$(random SUDO) object_canary=$(random OBJ) env_canary=$(random ENV)

# forms TEXT: as it is, in base64 at each of the three places it can begin at, in hex.
forms() {
    printf '%s\n' "$1"
    printf '%s' "$1" | base64 -w0 | cut -c1-20
    printf ' %s' "$1" | base64 -w0 | cut -c5-24
    printf '  %s' "$1" | base64 -w0 | cut -c5-24
    printf '%s' "$1" | od -An -tx1 | tr -d ' \n' | cut -c1-40
}
for canary in ssh sudo object env; do
    name=${canary}_canary
    forms "${!name}" >"$tap_dir/$canary.forms"
done
cat "$tap_dir"/{ssh,sudo}.forms >"$tap_dir/typed.forms"
cat "$tap_dir"/{object,env}.forms >"$tap_dir/objects.forms"
cp "$tap_dir"/*.forms "$LAB_DIR/" # which is there on the LAN

# ---- what goes by while it is typed: arguments and environments of every process ----

sampler='while [ -e "$1/sample" ]; do
    for p in /proc/[0-9]*; do tr "\0" "\n" <$p/cmdline; tr "\0" "\n" <$p/environ; done
    sleep 0.03
done >"$1/sampled" 2>/dev/null'
sample() { # on|off
    if [ "$1" = on ]; then
        : >"$tap_dir/sample" && lab in n1 sh -c 'mkdir -p /run/canary; : >/run/canary/sample'
        lab exec sh -c "$sampler" sh "$tap_dir" &
        lab in n1 sh -c "$sampler" sh /run/canary &
    else
        rm "$tap_dir/sample" && lab in n1 rm /run/canary/sample
        wait %sh 2>/dev/null || true
    fi
}

check "the control plane is ready" start_serve
lab in n1 sh -c "useradd -m typed; cat >/run/passwords; chpasswd </run/passwords; rm /run/passwords
    echo 'Defaults rootpw' >/etc/sudoers.d/typed; echo 'typed ALL=(ALL) ALL' >>/etc/sudoers.d/typed" \
    <<<"typed:$ssh_canary
root:$sudo_canary"
sample on
check "a machine is added by two passwords" add "yes\n$ssh_canary\n$sudo_canary\n" "typed@$n1"
sample off
check "there was something to see on the LAN" grep -q 'binnacle' "$tap_dir/sampled"
check "and on the host" lab in n1 grep -q 'sudo' /run/canary/sampled
refuse "no argument or environment on the LAN had them" grep -Ff "$tap_dir/typed.forms" "$tap_dir/sampled"
refuse "nor on the host" lab in n1 grep -F "$ssh_canary
$sudo_canary" /run/canary/sampled
refuse "nor what the command said" grep -Ff "$tap_dir/typed.forms" "$tap_dir/said"

# ---- a Secret: written, changed, mounted, deleted ----

post() { # PATH BODY [VERB]
    lab exec curl -fsS --unix-socket "$BINNACLE_DATA_DIR/socket" \
        -H "Content-Type: application/$([ "${3:-}" != PATCH ] || echo merge-patch+)json" -X "${3:-POST}" -d "$2" "http://localhost$1"
}
secrets=/api/v1/namespaces/default/secrets
secret() { # NAME VALUE: with the annotation that kubectl apply leaves
    printf '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"%s","annotations":{%s}},%s}' "$1" \
        "\"kubectl.kubernetes.io/last-applied-configuration\":\"{\\\"stringData\\\":{\\\"v\\\":\\\"$2\\\"}}\"" \
        "\"stringData\":{\"v\":\"$2\"}"
}
pod='{"apiVersion":"v1","kind":"Pod","metadata":{"name":"holder"},"spec":{
    "terminationGracePeriodSeconds":0,"volumes":[{"name":"s","secret":{"secretName":"mounted"}}],
    "containers":[{"name":"c","image":"busybox:1.36","imagePullPolicy":"IfNotPresent",
        "command":["sleep","3600"],"volumeMounts":[{"name":"s","mountPath":"/s"}],
        "env":[{"name":"E","valueFrom":{"secretKeyRef":{"name":"in-env","key":"v"}}}]}]}}'
use_secrets() {
    post $secrets "$(secret mounted "$object_canary")" && post $secrets "$(secret in-env "$env_canary")" &&
        post $secrets "$(secret gone "$object_canary")" &&
        post $secrets/mounted '{"metadata":{"labels":{"a":"b"}}}' PATCH && post $secrets/gone '{}' DELETE &&
        post /api/v1/namespaces/default/pods "$pod"
}

images=${LAB_CACHE:-$HOME/.cache/binnacle-lab}/oci
skopeo copy -q "oci:$images/busybox:1.36" \
    "docker-archive:$tap_dir/busybox.tar:docker.io/library/busybox:1.36" 2>/dev/null ||
    skopeo copy -q "oci:$images/busybox" "docker-archive:$tap_dir/busybox.tar:docker.io/library/busybox:1.36"
check "an image is there" binnacle image load "$tap_dir/busybox.tar"
check "secrets are written, changed, deleted, and a pod uses them" use_secrets
runs() { api /api/v1/namespaces/default/pods/holder | grep -q '"phase":"Running"'; }
check "it runs" lab_until 60 runs

# found WHERE FORMS: files below WHERE on a disk (tmpfs mounts below it are other file systems).
found() {
    find "$@" -xdev -type f -size -200M -print0 2>/dev/null | xargs -0r grep -lsFf /run/canary/forms
}
on_host() { # FORMS PLACE...: files with them, on n1
    lab in n1 sh -c 'cat >/run/canary/forms' <"$tap_dir/$1.forms"
    lab in n1 sh -c "found() { $(declare -f found | sed '1,2d;$d'); }"'; found "$@"; true' sh "${@:2}" |
        grep -v '^/run/canary/'
}
journal() { # FORMS: what n1's journal has of them
    lab in n1 journalctl -o export --no-pager 2>/dev/null | grep -aFf "$tap_dir/$1.forms"
}
# The lab's disks are tmpfs themselves: a Secret's volume is one of its own, mounted below.
disks='/ /var/lib/binnacle-agent /var/lib/containerd'
mounted=$(lab in n1 sh -c 'awk "\$5 ~ /binnacle-agent\/pods/ { print \$5 }" /proc/self/mountinfo')
check "the search finds what is there: the mounted Secret, on its tmpfs" \
    test -n "$(on_host object $mounted)"
check "and what the runtime keeps of a pod's environment" \
    test -n "$(on_host env /var/lib/binnacle-agent /run/binnacle-agent)"
equal "a Secret is nowhere on the node's disks" "$(on_host object $disks /run)" ""
equal "its value as environment only where the runtime keeps the pod" \
    "$(on_host env $disks /run | grep -v '^/\(var/lib\|run\)/binnacle-agent/\(containerd\|state\)/')" ""
equal "the passwords are nowhere on the host's disks" "$(on_host typed $disks /run /tmp)" ""
equal "nothing of all that is in its journal" "$(journal typed)$(journal objects)" ""

# ---- the control plane's files, as a power cut leaves them ----

kill_serve KILL
check "the database and its log are there" ls "$BINNACLE_DATA_DIR/binnacle.db" "$BINNACLE_DATA_DIR/binnacle.db-wal"
check "the search finds what is there: the Secret's name" \
    grep -rqF '/registry/core/secrets/default/mounted' "$BINNACLE_DATA_DIR"
of_control() { # FORMS: in its files, its log, and what is open to all
    grep -rlFf "$tap_dir/$1.forms" "$BINNACLE_DATA_DIR" "$tap_dir/serve.log" "$tap_dir/ready" "$LAB_DIR"/*.log
}
equal "neither passwords nor Secrets are in any of them" "$(of_control typed)$(of_control objects)" ""
check "it starts again" start_serve
check "and still has the Secret" sh -c "$(declare -f api lab); lab_script='$lab_script'; api $secrets/mounted |
    grep -q '$(printf %s "$object_canary" | base64 -w0)'"
history() { binnacle history secret/mounted "$@" 2>&1; }
check "its history tells of the change" sh -c "$(declare -f lab binnacle history); lab_script='$lab_script'
    tap_dir='$tap_dir'; history | grep -q a"
equal "and never of the value" "$(history | grep -Ff "$tap_dir/objects.forms")" ""

# ---- memory ----

core_limit() { # COMMAND...: that shows a process's limits
    "$@" | sed -n 's/^Max core file size *\([0-9a-z]*\).*/\1/p'
}
equal "the control plane dumps no core" \
    "$(core_limit lab exec cat "/proc/$(cat "$BINNACLE_DATA_DIR/lock")/limits")" 0
equal "the agent neither" \
    "$(core_limit lab in n1 sh -c 'cat /proc/$(pgrep -xo binnacle-agent)/limits')" 0
# Of a process that is not to be dumped everything below /proc belongs to root, whoever runs it.
mkdir -m 777 "$tap_dir/nobody" && chmod 755 "$tap_dir"
setpriv --reuid 65534 --regid 65534 --clear-groups "$tap_dir/bin/binnacle" serve --listen 127.0.0.1:0 \
    --data-dir "$tap_dir/nobody/data" </dev/null >"$tap_dir/nobody.log" 2>&1 &
nobody=$!
check "as another user" lab_until 20 grep -q 'is ready' "$tap_dir/nobody.log"
equal "its memory is not that user's to read" "$(stat -c %u "/proc/$nobody/mem")" 0
kill "$nobody"

kill_serve
tap_done
