#!/bin/bash
# lab.sh: throw-away Linux hosts inside this machine, for tests that need whole machines.
#
# The lab is one process tree.  Its supervisor is PID 1 of a pid namespace and owns a mount namespace
# and the network namespace that plays the office LAN (bridge "lan").  Every host n1, n2, … is a set
# of nested namespaces with a Debian root on overlayfs and systemd as its PID 1; q1, q2, … are virtual
# machines (QEMU, no KVM needed).  Killing the supervisor frees every process, mount, interface and
# namespace; empty cgroup directories remain, and "down" removes them.  The machine's own network,
# mounts and settings are never touched.  See README.md.
#
#   lab.sh build [vm]        base root, apt mirror, images, registry (cached); vm: also the VM's disk
#   lab.sh up [N] [V]        start the LAN, N hosts n1.. and V virtual machines q1..
#   lab.sh boot|crash|poweroff|reset|cut|heal|freeze|thaw HOST
#   lab.sh loss HOST PERCENT drop packets both ways (0: no more)
#   lab.sh rate HOST RATE    limit what the host receives, e.g. 1mbit (0: no more)
#   lab.sh split HOST HOST   the two no longer see each other, all else works; join undoes it
#   lab.sh fill|drain HOST   fill the host's disk, and free it again
#   lab.sh in HOST CMD...    run a command inside a host n*
#   lab.sh exec CMD...       run a command on the LAN
#   lab.sh ssh HOST CMD...   run a command over SSH (user: LAB_USER, default root)
#   lab.sh cri HOST          print a path of the host's containerd socket, for use under "exec"
#   lab.sh status | down | clean
set -euo pipefail
self=$(readlink -f "$0")
here=$(dirname "$self")

LAB_ID=${LAB_ID:-bl0}                         # several labs may run at once
LAB_DIR=${LAB_DIR:-/tmp/binnacle-lab-$LAB_ID} # keys, logs, pid file of this lab
LAB_CACHE=${LAB_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/binnacle-lab}
LAB_NET=${LAB_NET:-10.77.0}     # the LAN, a /24 that exists only inside the lab
LAB_DISK=${LAB_DISK:-1500m}     # disk of a host (tmpfs)
LAB_MEM=${LAB_MEM:-3g}          # memory limit of a host, its disk included
LAB_INIT=${LAB_INIT:-systemd}   # systemd | none (a host without systemd)
LAB_CG=${LAB_CG:-same}          # same (as this machine) | v2 (on a hybrid machine: no controllers)
LAB_BASE=${LAB_BASE:-$LAB_CACHE/base}
LAB_FULL=${LAB_FULL:-}          # 1: containerd, CNI plugins and nft are there already
LAB_PKGS=${LAB_PKGS:-}          # build: more Debian packages for the apt mirror
LAB_TTL=${LAB_TTL:-3600}        # seconds after which a lab ends by itself
LAB_VM_MEM=${LAB_VM_MEM:-1536}  # MiB of a virtual machine
QEMU=${QEMU:-qemu-system-x86_64}
export LAB_ID LAB_DIR LAB_CACHE LAB_NET LAB_DISK LAB_MEM LAB_INIT LAB_CG LAB_BASE LAB_FULL LAB_TTL
export LAB_VM_MEM QEMU

die() {
    echo "lab: $*" >&2
    exit 1
}

address_of() { # HOST
    case $1 in
    n[0-9]*) echo "$LAB_NET.$((10 + ${1#n}))" ;;
    q[0-9]*) echo "$LAB_NET.$((60 + ${1#q}))" ;;
    *) die "no host '$1'" ;;
    esac
}

. "$here/lab_cgroup.sh"
. "$here/lab_build.sh"
. "$here/lab_host.sh"

# ---- from outside ----

supervisor() { # prints the pid of the lab's PID 1 as this machine sees it
    local outer children
    outer=$(cat "$LAB_DIR/pid" 2>/dev/null) || return 1
    children=$(cat "/proc/$outer/task/$outer/children" 2>/dev/null) || return 1
    [ -n "$children" ] && echo "${children%% *}"
}

enter() { # CMD...: on the LAN
    local pid
    pid=$(supervisor) || die "lab $LAB_ID is not up"
    nsenter -t "$pid" --mount --net --pid --ipc --wdns="$PWD" -- "$@"
}

host_pid() { # HOST: its PID 1 as the LAN sees it; fails when the power is off
    enter cat "/run/lab/$1/pid"
}

wait_ssh() { # HOST [TRIES]: until sshd greets
    local address
    address=$(address_of "$1")
    for _ in $(seq "${2:-300}"); do
        enter timeout 3 bash -c \
            "exec 3<>/dev/tcp/$address/22; read -r -t 2 line <&3; [[ \$line == SSH-* ]]" 2>/dev/null &&
            return 0
        sleep 0.1
    done
    return 1
}

wait_off() { # HOST TRIES
    for _ in $(seq "$2"); do
        host_pid "$1" >/dev/null 2>&1 || return 0
        sleep 0.1
    done
    return 1
}

lab_up() { # HOSTS MACHINES
    local i
    [ "$(id -u)" -eq 0 ] || die "needs root"
    ! supervisor >/dev/null || die "lab $LAB_ID is already up"
    [ ! -e "$LAB_DIR/cgroups" ] || lab_down
    lab_build
    [ "$2" -eq 0 ] || [ -e "$LAB_CACHE/vm.ready" ] || lab_build vm
    rm -rf "$LAB_DIR"
    mkdir -p "$LAB_DIR/run" /run/lab
    cgroup_list >"$LAB_DIR/cgroups"
    ssh-keygen -q -t ed25519 -N '' -f "$LAB_DIR/id"
    : >"$LAB_DIR/known_hosts"
    (
        cgroup_enter supervisor
        exec setsid unshare --mount --net --pid --ipc --fork --kill-child --mount-proc \
            "$self" _supervise "$1" "$2" </dev/null >"$LAB_DIR/supervisor.log" 2>&1
    ) &
    echo $! >"$LAB_DIR/pid"
    disown
    for _ in $(seq 300); do
        [ ! -e "$LAB_DIR/ready" ] || break
        sleep 0.1
        [ -e "/proc/$(cat "$LAB_DIR/pid")" ] || break
    done
    [ -e "$LAB_DIR/ready" ] || die "the LAN did not start, see $LAB_DIR/supervisor.log"
    for i in $(seq 1 "$1"); do wait_ssh "n$i" || die "n$i: no sshd, see $LAB_DIR/n$i.console"; done
    for i in $(seq 1 "$2"); do wait_ssh "q$i" 600 || die "q$i: no sshd, see $LAB_DIR/q$i.console"; done
}

lab_down() {
    local pid
    [ -d "$LAB_DIR" ] || return 0
    if [ -s "$LAB_DIR/pid" ]; then
        pid=$(cat "$LAB_DIR/pid")
        # The number may be somebody else's by now.
        if grep -qz -- _supervise "/proc/$pid/cmdline" 2>/dev/null; then kill -9 "$pid"; fi
        for _ in $(seq 100); do
            [ -e "/proc/$pid" ] || break
            sleep 0.1
        done
    fi
    cgroup_clean || die "cgroups still busy: $(cat "$LAB_DIR/cgroups")"
    rm -rf "$LAB_DIR"
}

lab_status() {
    local file host power
    if ! supervisor >/dev/null; then
        echo down
        return
    fi
    for file in "$LAB_DIR"/*.console; do
        [ -e "$file" ] || continue
        host=$(basename "$file" .console)
        power=off
        ! host_pid "$host" >/dev/null 2>&1 || power=on
        echo "$host $(address_of "$host") $power"
    done
}

host_boot() { # HOST
    ! host_pid "$1" >/dev/null 2>&1 || die "$1 is on"
    (enter setsid "$self" _power "$1" </dev/null >/dev/null 2>&1 &)
    wait_ssh "$1" 600 || die "$1: no sshd"
}

host_crash() { # HOST: the power cord
    enter bash -c 'kill -9 "$(cat "/run/lab/$0/pid")"' "$1"
    wait_off "$1" 100 || die "$1 is still on"
}

host_poweroff() { # HOST: in an orderly way
    case $1 in
    q*) ssh_to "$1" systemctl poweroff || true ;;
    *) enter bash -c 'kill -s RTMIN+4 "$(cat "/run/lab/$0/pid")"' "$1" ;;
    esac
    wait_off "$1" 600 || die "$1 is still on"
}

packet_loss() { # HOST PERCENT
    local chains=
    [ "$2" -eq 0 ] || chains="table netdev loss-$1 {
        chain in { type filter hook ingress device v-$1 priority 0; numgen random mod 100 < $2 drop; }
        chain out { type filter hook egress device v-$1 priority 0; numgen random mod 100 < $2 drop; }
    }"
    printf 'table netdev loss-%s\ndelete table netdev loss-%s\n%s\n' "$1" "$1" "$chains" | enter nft -f -
}

split() { # HOST HOST
    printf 'table bridge split-%s-%s { chain f { type filter hook forward priority 0; %s %s }; }\n' "$1" "$2" \
        "iifname \"v-$1\" oifname \"v-$2\" drop;" "iifname \"v-$2\" oifname \"v-$1\" drop;" | enter nft -f -
}

in_host() { # HOST CMD...: in its namespaces and its cgroup
    local host=$1 pid
    shift
    pid=$(host_pid "$host") || die "$host is off"
    (
        cgroup_join_host "$host"
        enter nsenter -t "$pid" -a -- "$@"
    )
}

ssh_to() { # HOST CMD...
    local host=$1
    shift
    enter ssh -i "$LAB_DIR/id" -o IdentitiesOnly=yes -o UserKnownHostsFile="$LAB_DIR/known_hosts" \
        -o StrictHostKeyChecking=yes -o BatchMode=yes -o ConnectTimeout="${LAB_TIMEOUT:-10}" \
        "${LAB_USER:-root}@$(address_of "$host")" "$@"
}

cri_socket() { # HOST
    local socket=$LAB_DIR/$1.sock
    case $1 in
    q*)
        if [ ! -S "$socket" ] || ! enter socat -u OPEN:/dev/null "UNIX-CONNECT:$socket" 2>/dev/null; then
            rm -f "$socket"
            enter ssh -f -N -i "$LAB_DIR/id" -o UserKnownHostsFile="$LAB_DIR/known_hosts" \
                -L "$socket:/run/containerd/containerd.sock" "root@$(address_of "$1")" >/dev/null 2>&1
        fi
        echo "$socket"
        ;;
    *) echo "/proc/$(host_pid "$1")/root/run/containerd/containerd.sock" ;;
    esac
}

verb=${1:-help}
shift || true
case $verb in
build) lab_build "$@" ;;
up) lab_up "${1:-3}" "${2:-0}" ;;
down) lab_down ;;
clean)
    lab_down
    rm -rf "$LAB_CACHE"
    ;;
status) lab_status ;;
boot) host_boot "$1" ;;
crash) host_crash "$1" ;;
poweroff) host_poweroff "$1" ;;
reset) # a fresh Debian again, with a new identity
    ! host_pid "$1" >/dev/null 2>&1 || host_crash "$1"
    enter "$self" _wipe "$1"
    host_boot "$1"
    ;;
cut) enter ip link set "v-$1" down ;;
heal) enter ip link set "v-$1" up ;;
freeze) cgroup_freeze "$1" 1 ;;
thaw) cgroup_freeze "$1" 0 ;;
loss) packet_loss "$1" "$2" ;;
rate)
    if [ "$2" = 0 ]; then
        enter tc qdisc del dev "v-$1" root
    else
        enter tc qdisc replace dev "v-$1" root tbf rate "$2" burst 16k latency 100ms
    fi
    ;;
split) split "$1" "$2" ;;
join) enter nft delete table bridge "split-$1-$2" ;;
fill) in_host "$1" sh -c 'dd if=/dev/zero of=/var/lib/containerd/.fill bs=1M 2>/dev/null; df -h / | tail -1' ;;
drain) in_host "$1" rm -f /var/lib/containerd/.fill ;;
in) in_host "$@" ;;
exec) enter "$@" ;;
ssh) ssh_to "$@" ;;
cri) cri_socket "$1" ;;
_supervise) supervise "$@" ;; # the underscored ones are called by the lab itself, inside its namespaces
_power) host_power "$1" ;;
_init) host_init "$1" ;;
_wipe) host_wipe "$1" ;;
*)
    sed -n '2,/^set /{/^set /!s/^# \{0,1\}//p}' "$self"
    exit 2
    ;;
esac
