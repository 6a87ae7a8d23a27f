#!/bin/bash
# What goes wrong between `binnacle node add` and a Ready node: each thing is said (what, why, what to
# do), nothing half-installed stays unless asked for, and a second try goes on.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/tap.sh"
. "$here/../lib/lab_test.sh"
export LAB_DISK=1500m LAB_TTL=1800
lab_need 3
. "$here/../lib/lab_machines.sh"
n2=10.77.0.12

# vex HOST MODE TEXT: the next script with this TEXT goes wrong on HOST. Scripts are read by dd there;
# this one stands before the real one in the path.
vex() {
    lab in "$1" sh -c 'cat >/usr/local/bin/dd && chmod 755 /usr/local/bin/dd; echo "$1" >/root/vex' \
        sh "$2 $3" <<'END'
#!/bin/sh
s=$(/bin/dd "$@" 2>/dev/null; echo x)
s=${s%x}
read -r mode text </root/vex 2>/dev/null || text='no such text'
case $s in *"$text"*)
    rm /root/vex
    case $mode in
    dies) # before it does anything
        sync; poweroff -ff; /bin/sleep 60 ;;
    dies-later) # in the middle of it
        (/bin/sleep 0.7; poweroff -ff) >/dev/null 2>&1 </dev/null & ;;
    dies-after) # it is done, and nobody was told
        s="trap 'sync; poweroff -ff; /bin/sleep 60' EXIT; $s" ;;
    full) /bin/dd if=/dev/zero of=/var/lib/containerd/.fill bs=1M >/dev/null 2>&1 ;;
    freezes) s="$s
systemctl kill -s STOP binnacle-agent" ;;
    fails) s="echo 'a made-up reason' >&2; exit 7" ;;
    endless) s='while :; do echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; done' ;;
    escapes) s='printf "\033[2J\033]0;owned\007\377bad\n" >&2; exit 1' ;;
    esac ;;
esac
printf %s "$s"
END
}

check "the control plane is ready" start_serve
bare=$(remains n2)

# ---- who may not come in ----

check "a host that is off is said" fails add '' root@10.77.0.99 --host-key SHA256:x
check "with what to look at" said "connect: 10.77.0.99:22: " "; is the machine on, is sshd running"
check "a port without sshd" fails add '' root@10.77.0.12:2 --host-key SHA256:x
check "is told from that" said "10.77.0.12:2: connect: Connection refused"
check "a name that there is not" fails add '' root@nowhere.invalid --host-key SHA256:x
check "is said" said "connect: nowhere.invalid:22: find 'nowhere.invalid': "
check "wrong passwords" fails add 'yes\na\nb\nc\n' "pw@$n2"
check "are said with what to try" said "authenticate: $n2 did not take the password of 'pw', 3 times" \
    "; try \`ssh\` with the same user"
lab in n2 sh -c 'useradd -m plain; echo plain:pw | chpasswd'
check "a user who is not in sudoers" fails add 'pw\n' "plain@$n2"
check "is told so" said "privilege: 'plain' cannot become root: it is not in the sudoers file" \
    "; log in as root, or as a user whom sudo"
lab in n2 mv /usr/bin/sudo /usr/bin/no-sudo
check "a host without sudo" fails add 'pw\n' "pw@$n2"
check "is told so" said "privilege: 'pw' cannot become root: there is no sudo"
lab in n2 mv /usr/bin/no-sudo /usr/bin/sudo
lab in n2 sh -c 'echo "Defaults rootpw" >/etc/sudoers.d/rootpw; echo root:other | chpasswd'
check "wrong passwords for sudo" fails add 'pw\nbad\nworse\nworst\n' "pw@$n2"
check "are said" said "privilege: 'pw' cannot become root: sudo did not take the password"
lab in n2 rm /etc/sudoers.d/rootpw
equal "nothing of all that left anything on the host" "$(remains n2)" "$bare"
lab in n2 sh -c 'rm /etc/ssh/ssh_host_*; ssh-keygen -q -A && systemctl restart ssh' >/dev/null
check "a changed host key, and nobody to ask" fails add '' "pw@$n2"
check "is said with both keys" said CHANGED "$(fingerprint n2)" "type the host: $n2"
check "its name pins the new one" fails add "$n2\nbad\nbad\nbad\n" "pw@$n2"
check "for good" fails add 'bad\nbad\nbad\n' "pw@$n2"

# ---- hosts that cannot be nodes ----

lab fill n2 >/dev/null
check "a full disk is seen before anything is put there" fails add_key n2
check "with how much is missing" said "preflight: only 0 MiB are free below /var/lib, 1024 are needed" \
    "; put right what is named and try again"
lab drain n2
vex n2 full 'cat >'
check "a disk that fills up while the agent comes" fails add_key n2
check "is said" said "push: write '/usr/local/lib/binnacle/agent." "No space left on device" \
    "; is there room in /usr/local/lib?"
lab drain n2
equal "and nothing stays" "$(remains n2)" "$bare"
vex n2 fails 'apt-get -q update'
check "packages that do not come" fails add_key n2
check "are said" said "runtime: a made-up reason (status 7); install containerd"
equal "and nothing stays" "$(remains n2)" "$bare"
vex n2 fails 'systemctl daemon-reload'
check "a service that does not start" fails add_key n2
check "is said" said "service: a made-up reason (status 7); look at the agent's log"
equal "and nothing stays, packages neither" "$(remains n2)" "$bare"
vex n2 fails 'identity --dir'
check "unless it is asked for" fails add_key n2 --keep
check "which is said" said "identity: a made-up reason" "; what was put there stays, as asked for"
check "and so" lab in n2 test -x /usr/local/lib/binnacle/binnacle-agent
check "then removing takes it away" remove '' "$n2"
equal "whole" "$(remains n2)" "$bare"
lab in n2 sh -c 'mkdir -m 700 /etc/binnacle-agent; echo other >/etc/binnacle-agent/ca.crt'
check "a node of another cluster" fails add_key n2
check "is left to it" said "preflight: it is a node of another cluster"
lab in n2 rm -r /etc/binnacle-agent

# ---- hosts that are hostile ----

vex n2 endless 'id -u'
check "a host that writes without end" fails add_key n2
check "is left" said "privilege: it writes without end: more than 1024 KiB"
vex n2 escapes 'uid='
check "a host that writes to the terminal" fails add_key n2
check "is quoted as plain text" said "facts: ?[2J?]0;owned??bad (status 1)"
equal "everywhere" "$(machine n2 | tr -d '\n' | tr -c -d '\000-\037\177-\377' | wc -c)" 0
cat >"$tap_dir/hostile.py" <<'END'
import socket, sys, threading, time
def lines(c):
    while True: c.sendall(b"\x1b[2J" + b"x" * 200 + b"\r\n")
def bytes_(c):
    while True: c.sendall(b"x" * 4096)
def silent(c): c.recv(1 << 20); threading.Event().wait()
def slow(c):
    while True: c.sendall(b"S"); time.sleep(1)
def escapes(c):
    c.sendall(b"SSH-2.0-\x1b[2J\x1b]0;owned\x07\r\n" + b"\xff" * 65536); threading.Event().wait()
def guard(f, c):
    try: f(c)
    except OSError: pass
def serve(port, f):
    s = socket.create_server(("10.77.0.1", port))
    while True: threading.Thread(target=guard, args=(f, s.accept()[0]), daemon=True).start()
for port, f in enumerate((lines, bytes_, silent, slow, escapes), 7001):
    threading.Thread(target=serve, args=(port, f), daemon=True).start()
print("ready", flush=True)
sys.stdin.read()
END
hostile() { # all at once: each takes as long as a connection may
    add '' root@10.77.0.1:700{1,2,3,4,5}
}
if command -v python3 >/dev/null; then
    mkfifo "$tap_dir/hold"
    lab exec python3 "$tap_dir/hostile.py" <"$tap_dir/hold" >"$tap_dir/hostile" 2>/dev/null &
    exec 8>"$tap_dir/hold"
    lab_until 10 grep -q ready "$tap_dir/hostile"
    begun=$SECONDS
    check "servers that are none: endless lines, endless bytes, silent, slow, garbled" fails hostile
    check "all are left within 30 s" [ $((SECONDS - begun)) -le 30 ]
    check "each with why" said "10.77.0.1-7001: connect: 10.77.0.1:7001: " \
        "10.77.0.1-7002: connect: " "10.77.0.1-7003: connect: " "10.77.0.1-7004: connect: " \
        "10.77.0.1-7005: connect: "
    refuse "and nothing of what they sent" grep -qP '\x1b|owned' "$tap_dir/said"
    exec 8>&-
else
    skip "servers that are none" "needs python3"
fi
check "the control plane is well" api /readyz

# ---- the host dies in the middle of each step ----

bare1=$(remains n1)
mkfifo "$tap_dir/answers"
trap '' PIPE # an answer may come too late
dies_asking() { # STEP ANSWER: while a question stands
    binnacle node add pw@10.77.0.11 <"$tap_dir/answers" >"$tap_dir/said" 2>&1 &
    local adding=$!
    exec 9>"$tap_dir/answers"
    lab_until 20 is_at n1 "$1" && lab_until 20 sh -c "$(declare -f api lab machine address)
        lab_script='$lab_script'; machine n1 | grep -q '\"prompt\":{'" && lab crash n1
    printf "%b" "$2" >&9
    exec 9>&-
    ! wait "$adding"
}
check "the host dies while its key is asked about" dies_asking trust 'yes\n'
check "the step after is told of it" said "authenticate: " "the connection broke"
check "it boots" lab boot n1
check "the host dies while the password is asked for" dies_asking authenticate 'pw\n'
check "which is said" said "authenticate: " "the connection broke"
check "it boots" lab boot n1
while read -r step mode text; do
    vex n1 "$mode" "$text"
    check "the host dies in $step ($mode, $text)" fails add_key n1
    check "which is said" said "$step: " "the connection broke" "; is the machine still on"
    refuse "and it is off" lab in n1 true
    check "it boots" lab boot n1
done <<'END'
privilege dies id -u
facts dies uid=
push dies cat >
push dies-after ln -sfn
runtime dies-later try apt-get install
runtime dies-after try apt-get install
identity dies identity --dir
identity dies client.crt
service dies agent.yaml
service dies systemctl restart binnacle-agent
END
dies_verifying() { # its agent stands still, so that there is a wait to die in
    vex n1 freezes 'systemctl restart binnacle-agent'
    add_key n1 &
    local adding=$!
    lab_until 20 is_at n1 verify && lab crash n1
    ! wait "$adding"
}
check "the host dies while its node is waited for" dies_verifying
check "which is noticed and said" said "verify: " "the connection broke" "; is the machine still on"
check "it boots" lab boot n1
check "and is taken further by each try, to the end" add_key n1
check "Ready" said "node n1 is Ready"
vex n1 fails 'systemctl restart binnacle-agent'
lab in n1 sh -c 'echo "# changed" >>/etc/binnacle-agent/agent.yaml' # so that it is to start anew
check "a second time something goes wrong" fails add_key n1
check "a node is not taken down for that" said "service: a made-up reason" "; the node is left as it is"
check "and works on" lab in n1 pgrep -x binnacle-agent
check "then removing it" remove '' n1
equal "leaves nothing of all these tries" "$(remains n1)" "$bare1"

# ---- the control plane dies, the network goes ----

kill_in() { # STEP: the control plane, while this step runs
    add_key n3 &
    local adding=$!
    lab_until 60 is_at n3 "$1" && kill_serve KILL
    ! wait "$adding"
}
check "kill -9 of the control plane while packages come" kill_in runtime
check "the command says so" said "the control plane went away"
check "it starts again" start_serve
check "and goes on by itself, without a new command" lab_until 90 is_ready n3 yes
lab cut n3
check "a node that is cut off is seen" lab_until 90 is_ready n3 no
lab heal n3
check "and seen to be back" lab_until 60 is_ready n3 yes

cut_in() { # STEP: the network
    add_key n2 &
    local adding=$!
    lab_until 60 is_at n2 "$1" && lab cut n2
    ! wait "$adding"
}
check "a host is cut off while packages come" cut_in runtime
check "which is noticed and said" said "runtime: " "the connection broke" "; the next try goes on from it"
lab heal n2
check "the next try goes on" add_key n2
lab cut n2
check "removing what does not answer fails" fails remove '' n2
check "with the way out" said "connect: $n2:22: " "binnacle node remove --forget"
check "which is that" remove '' n2 --forget
check "then there is no machine and no node" sh -c "! grep -q '\"name\":\"n2\"' '$tap_dir/said'"
lab heal n2
check "the runtime is there, the node is new: it is Ready" seconds add_key n2

kill_serve
tap_note <"$tap_dir/times"
tap_done
