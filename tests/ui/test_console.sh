#!/bin/bash
# The console as people meet it: the real program in a tmux of its own, on a control plane that it
# starts itself.  Keys in, screens out; nothing waits for a time, only for what is to be seen.
set -u
top=${top_srcdir:-$(cd "$(dirname "$0")/../.." && pwd)}
program=${top_builddir:-$top}/binnacle
. "$top/tests/lib/tap.sh"
[ -x "$program" ] || skip_all "binnacle is not built"
command -v tmux >/dev/null || skip_all "needs tmux"
command -v curl >/dev/null || skip_all "needs curl"

data=$tap_dir/data
socket=$data/socket
unset KUBECONFIG
. "$top/tests/lib/mux.sh"

finish() {
    mux_end
    [ ! -f "$data/lock" ] || kill "$(cat "$data/lock")" 2>/dev/null
    rm -rf "$tap_dir"
}
trap finish EXIT

api() { # METHOD PATH [BODY]
    local type=json
    [ "$1" != PATCH ] || type=merge-patch+json
    curl -fsS --unix-socket "$socket" -X "$1" -H "Content-Type: application/$type" \
        ${3:+-d "$3"} "http://localhost$2"
}

console_pid() {
    pgrep -f "$program console --data-dir $data" | head -1
}

pod() {
    printf '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"%s"},"spec":{"containers":[{"name":"c","image":"x"}]}}' "$1"
}

# An editor that is seen, waits for the person, and changes what they typed.
cat >"$tap_dir/editor" <<'EDITOR'
#!/bin/sh
stty -a | grep -q -- ' icanon' && echo "EDITING lines"
cp "$1" "${0%/*}/given"
read -r replicas
sed -i "s/^  replicas: .*/  replicas: $replicas/" "$1"
EDITOR
chmod +x "$tap_dir/editor"

open "EDITOR='$tap_dir/editor' '$program' console --data-dir '$data' --listen 127.0.0.1:0"
check "the console starts the control plane and shows its pods" see "no pods"
check "the status line says what cluster it is" see "this machine"
check "the account is there before pods are made" \
    until_true api GET /api/v1/namespaces/default/serviceaccounts/default

api POST /api/v1/namespaces/default/pods "$(pod first)" >/dev/null
check "a pod comes up by the watch" see "first"
api POST /api/v1/namespaces/default/pods "$(pod second)" >/dev/null
check "and another" see "second"

keys j
keys d
check "describe shows the row under the cursor" see "Describe  Pod  default/second"
keys Escape
keys y
check "YAML shows it, too" see "kind: Pod"
refuse "without managedFields" has "managedFields:"
keys Escape
check "esc leads back" see "first"

keys /
type_text "fir"
check "the filter works while it is typed" gone "second"
keys Escape
check "esc clears it" see "second"

type_text ":ns"
keys Enter
check "a command opens another kind" see "kube-system"
type_text ":po default"
keys Enter
check "a kind in a namespace" see "Pods  default"
check "its rows come" see "first"

keys C-d
check "delete asks first" see "Cancel"
keys Enter
check "enter is no" gone "Cancel"
check "nothing was deleted" api GET /api/v1/namespaces/default/pods/first
keys C-k
check "the same question without grace" see "Cancel"
keys Tab
keys Enter
check "tab and enter is yes" see "deleted Pod default/first"
check "the row goes" gone " first"

api POST /apis/apps/v1/namespaces/default/deployments '{"apiVersion":"apps/v1","kind":"Deployment",
    "metadata":{"name":"web"},"spec":{"replicas":0,"selector":{"matchLabels":{"app":"web"}},
    "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"x"}]}}}}' >/dev/null
type_text ":deploy"
keys Enter
check "deployments have a table" see "web"
keys s
check "scale asks for a number" see "Replicas"
keys 2
keys Enter
check "and scales" see "scaled Deployment default/web"
check "its pods come" until_true sh -c "curl -fsS --unix-socket '$socket' \
    'http://localhost/api/v1/namespaces/default/pods?labelSelector=app%3Dweb' | grep -q '\"name\":\"web-'"
keys H
check "H shows who scaled it" see "spec.replicas: 0 → 2"
check "and what the controller made of it" see "deployment-controller"
api PATCH /apis/apps/v1/namespaces/default/deployments/web '{"metadata":{"labels":{"x":"y"}}}' >/dev/null
check "what comes later comes up" see "+metadata.labels: "
type_text "G"
check "down to the first revision" see "created"
keys Escape
keys e
check "the editor has the terminal" see "EDITING lines"
refuse "… which is not full screen" [ "$(flag alternate_on)" = 1 ]
keys C-c
check "ctrl-c ends the editor, not the console" see "nothing was changed: status 130"
keys e
check "again" see "EDITING lines"
type_text "none"
keys Enter
check "what the server refuses comes back, with the reason" until_true grep -q "It was not taken" "$tap_dir/given"
type_text "1"
keys Enter
check "edited" see "edited Deployment default/web"
check "and the screen is back" see "Deployments"
check "the server has it" until_true sh -c "curl -fsS --unix-socket '$socket' \
    'http://localhost/apis/apps/v1/namespaces/default/deployments/web' | grep -q '\"replicas\":1'"
keys Enter
check "enter shows its pods" see "web-"

api POST /api/v1/namespaces/default/secrets \
    '{"apiVersion":"v1","kind":"Secret","metadata":{"name":"s"},"stringData":{"password":"hunter2"}}' >/dev/null
type_text ":secrets"
keys Enter
check "secrets have a table" see "Opaque"
keys x
check "x decodes" see "hunter2"
keys Escape

type_text ":node add ops@127.0.0.1:x"
keys Enter
check "machines are added; what is no port is said in the form" see "'x' is no port"
keys BSpace 1
keys Enter
check "a machine that does not answer: its steps" see "Machine  127.0.0.1-1"
check "what went wrong, and what to do" see "Connection refused; is the machine on"
keys C-d
check "ctrl-d asks before it is removed" see "drained, and all of ours taken off"
keys Tab Enter
check "and it goes" see "it is removed"
type_text ":machines"
keys Enter
check "there is none any more" see "no machines"
keys a
check "a opens the form" see "Private key"
keys Escape
type_text ":secrets"
keys Enter
check "back to the secrets" see "Opaque"

keys '?'
check "help lists the keys" see "delete, after a question"
# The cells of the terminal are those of the grid: the same screen without a terminal.
printf '%s\n' 'type :secrets default' 'key enter' ':wait row Opaque' ':wait title pods 2' \
    ':wait title nodes' 'key ?' ":save-screen $tap_dir/help" >"$tap_dir/help.steps"
check "a scripted run" "$program" console --data-dir "$data" --ui-script "$tap_dir/help.steps"
screen | sed -n '2,23s/ *$//p' >"$tap_dir/seen"
sed -n 2,23p "$tap_dir/help" >"$tap_dir/want"
check "terminal and grid show the same" diff "$tap_dir/want" "$tap_dir/seen"
keys q
check "q leads back" see "Opaque"

mux set-buffer ":q
"
mux paste-buffer -p -t console
keys j
check "what is pasted is no command" see "Opaque"

mux resize-window -t console -x 120 -y 40
check "a larger terminal" until_true sh -c "[ \"\$(tmux -S '$tap_dir/tmux' capture-pane -p -t console | sed -n 40p | grep -c help)\" = 1 ]"
mux resize-window -t console -x 10 -y 3
check "a terminal of 10x3" see "? help"
mux resize-window -t console -x 80 -y 24
check "and back" see "Secrets"

pid=$(console_pid)
kill -TSTP "$pid"
check "stopped: the terminal is given back" until_true sh -c "[ \"\$(tmux -S '$tap_dir/tmux' display-message -p -t console '#{alternate_on}')\" = 0 ]"
kill -CONT "$pid"
check "going on: the screen is back" see "Secrets"

kill -9 "$(cat "$data/lock")"
check "a control plane that is gone is said" see "no connection"
"$program" serve --data-dir "$data" --listen 127.0.0.1:0 >"$tap_dir/serve.log" 2>&1 &
check "and found again when it is back" see "nodes 0/0"
check "with what is in it" see "Opaque"

keys C-c
check "quitting asks what to do with the control plane" see "Leave it running"
keys Enter
check "the console ends" see "ENDED 0"
check "the control plane does not" api GET /version

for signal in SEGV TERM HUP; do
    open "'$program' console --data-dir '$data'"
    check "the console again" see "Pods"
    kill -"$signal" "$(console_pid)"
    check "it ends by SIG$signal" see "ENDED"
    equal "SIG$signal: main screen, cursor, no mouse" \
        "$(flag alternate_on)$(flag cursor_flag)$(flag mouse_any_flag)" 010
    type_text "echoed"
    check "SIG$signal: the terminal echoes" see "echoed"
done

open "'$program' console --data-dir '$data' --readonly"
check "read-only" see "Pods"
refuse "read-only: delete is not offered" has "^d delete"

open "'$program' console --kubeconfig '$data/admin.kubeconfig' --namespace kube-system"
check "the same cluster by its kubeconfig" see "Pods  kube-system"
keys C-c
check "a cluster of others is left without a question" see "ENDED 0"

open "'$program' console --kubeconfig '$tap_dir/none'"
check "a kubeconfig that is not there is said" see "none"
check "with a status of its own" see "ENDED 1"

open "'$program' console --data-dir '$data'"
check "once more" see "Pods"
type_text ":q"
keys Enter
check "the question" see "Stop it"
keys Right
keys Enter
check "it ends" see "ENDED 0"
refused() {
    ! api GET /version 2>/dev/null
}
check "and the control plane with it" until_true refused

open "TERM=nonsense '$program' console --kubeconfig '$data/admin.kubeconfig'"
check "an unknown terminal is said" see "terminal type 'nonsense'"
tap_done
