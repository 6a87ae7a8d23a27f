#!/bin/bash
# The lab starts a host, which is a whole machine of its own, and leaves nothing behind.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/tap.sh"
. "$here/../lib/lab_test.sh"

machine_state() { # what a lab must not touch
    ip -o link | sed 's/^[0-9]*: //' | cut -d' ' -f1 | grep -v '^v\?eth\|^docker\|^br-' || true
    nft list ruleset 2>/dev/null | grep -v counter || true
    grep -c " $tap_dir" /proc/self/mounts || true
    find /sys/fs/cgroup -maxdepth 4 -name "lab-test$$" 2>/dev/null || true
}

before=$(machine_state)
lab_need 1

equal "a command runs inside the host" "$(lab in n1 hostname)" n1
check "systemd is its init and all units are well" lab in n1 systemctl is-system-running --wait
equal "it has a process tree of its own" "$(lab in n1 cat /proc/1/comm)" systemd
equal "it has its address on the LAN" \
    "$(lab in n1 ip -4 -o addr show eth0 | awk '{ print $4 }')" 10.77.0.11/24
equal "root logs in by key, the host key is checked" "$(lab ssh n1 hostname)" n1
equal "ops logs in by key and has sudo" "$(LAB_USER=ops lab ssh n1 sudo -n id -u)" 0
refuse "settings of the machine are read-only" lab in n1 sh -c 'echo 1 >/proc/sys/kernel/panic'
check "settings of its network are its own" lab in n1 sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward'
check "Debian packages come from the LAN" lab in n1 sh -c 'apt-get -qq update && apt-cache policy containerd |
    grep -q 10.77.0.1'
check "images come from the LAN's registry" lab in n1 bash -c '
    exec 3<>/dev/tcp/10.77.0.1/5000
    printf "GET /v2/library/nginx/tags/list HTTP/1.0\r\n\r\n" >&3
    grep -q latest <&3'
equal "status tells" "$(lab status)" "n1 10.77.0.11 on"

lab down
equal "down is down" "$(lab status)" down
equal "nothing of the machine has changed" "$(machine_state)" "$before"

tap_done
