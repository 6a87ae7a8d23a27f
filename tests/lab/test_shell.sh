#!/bin/bash
# The console's shell in real containers, in a tmux: typed into, resized, left, cut off, attached to; the
# terminal is the console's again after each.  What is not covered: a node that is lost meanwhile.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/tap.sh"
. "$here/../lib/lab_test.sh"
programs=${top_builddir:-$here/../..}

for tool in "${KUBECTL:-kubectl}" tmux; do
    command -v "$tool" >/dev/null || skip_all "needs $tool"
done
[ -x "$programs/binnacle" ] && [ -x "$programs/binnacle-agent" ] || skip_all "needs both programs"
export LAB_FULL=1 LAB_DISK=3g
lab_need 1
. "$here/../lib/lab_node.sh"
. "$here/../lib/mux.sh"
trap 'mux_end; lab down; rm -rf "$tap_dir"' EXIT
set +e

lab_node_bundle "$programs" busybox
lab_node_serve
check "the host becomes a node" host 'binnacle node add local'
check "image load" host "binnacle image load /opt/bundle/busybox.tar"
untainted() { [ -z "$(k get node n1 -o 'jsonpath={.spec.taints}')" ]; }
lab_until 20 untainted
k apply -f - >/dev/null <<'YAML'
apiVersion: v1
kind: Pod
metadata: {name: box}
spec:
  terminationGracePeriodSeconds: 1
  containers:
  - {name: one, image: busybox, imagePullPolicy: IfNotPresent, command: [sleep, "3600"]}
  - {name: two, image: busybox, imagePullPolicy: IfNotPresent, stdin: true, tty: true,
     command: [sh, -c, 'while read -r line; do echo "heard $line"; done']}
  - {name: watch, image: busybox, imagePullPolicy: IfNotPresent,
     command: [sh, -c, 'while :; do echo tick; echo tock; sleep 1; done']}
YAML
phase() { k get pod box -o 'jsonpath={.status.phase}'; }
check "the pod runs" lab_until 30 is Running phase

open "'$lab_script' exec '$programs/binnacle' console --kubeconfig '$tap_dir/kubeconfig' \
    --namespace default"
check "the console shows it" see "box"

# The console has the terminal: full screen, no cursor.
is_full_screen() {
    [ "$(flag alternate_on)$(flag cursor_flag)" = 10 ]
}
is_plain() {
    [ "$(flag alternate_on)" = 0 ]
}
restored() {
    see "Pods  default" && until_true is_full_screen
}

# ---- a shell ----

keys s
check "several containers: which one" see "Shell in"
keys Enter
check "the terminal is the shell's" see "box  one  (ctrl-] three times leaves)"
check "… not full screen" until_true is_plain
type_text 'echo sum-$((40+2))'
keys Enter
check "what is typed runs there" see "sum-42"
type_text 'stty size'
keys Enter
check "as wide and high as ours" see "24 80"
mux resize-window -t console -x 100 -y 30
type_text 'clear; stty size'
keys Enter
check "resized with it" see "30 100"
mux resize-window -t console -x 80 -y 24
type_text 'echo be""gun; sleep 1000'
keys Enter
check "a command runs" see "begun"
keys C-c
type_text 'echo "in""terrupted"'
keys Enter
check "ctrl-c goes there" see "interrupted"
type_text 'exit 3'
keys Enter
check "exit leads back, and says the code" see "ended with exit code 3"
check "the console has the terminal again" restored

keys s
check "again" see "Shell in"
keys Enter
check "a shell" see "three times leaves"
type_text "$(printf '\035\035\035')"
check "ctrl-] three times leaves" see "left default/box one"
check "with the terminal restored" restored

# ---- the containers' table, attach ----

keys Enter
check "containers" see "Containers"
keys Down
keys a
check "attach: the terminal is that of the container" see "box  two"
type_text 'hello'
keys Enter
check "what it reads and says" see "heard hello"
type_text "$(printf '\035\035\035')"
check "left, while it runs on" see "left default/box two"
keys a
check "attach again" see "box  two"
type_text 'still there'
keys Enter
check "it is the same process" see "heard still there"
type_text "$(printf '\035\035\035')"
check "left again" see "left default/box two"
keys Down
keys a
check "attach to lines without a terminal" see "tock"
at_margin() { screen | grep -q '^tock'; }
check "each begins at the margin" until_true at_margin
keys C-c
check "ctrl-c leaves them" see "left default/box watch"
keys Escape
check "back at the pods" restored

# ---- cut off ----

keys s
check "a shell to be cut" see "Shell in"
keys Enter
check "it opens" see "three times leaves"
# A program that has taken the terminal over: other screen, no cursor, mouse, lines 3 to 5 only.
type_text 'printf "\033[?1049h\033[?25l\033[?1000h\033[3;5r"; echo re""ady; read x'
keys Enter
check "with a full-screen program in it" see "ready"
k delete pod box --wait=false >/dev/null
check "the pod goes: the console is back" see "Pods  default"
check "the terminal is in order" restored
equal "without the program's mouse" "$(flag mouse_any_flag)" 0
type_text ':q'
keys Enter
check "the console ends" see "ENDED 0"
type_text "echoed"
check "and the terminal echoes" see "echoed"
tap_done
