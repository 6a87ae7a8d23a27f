#!/bin/bash
# What the lab can do to a host: network, power, disk, freeze; and a container that runs in one.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/tap.sh"
. "$here/../lib/lab_test.sh"
export LAB_FULL=1 LAB_TIMEOUT=2
lab_need 2

ping_each_other() {
    lab in n1 ping -c 1 -W 1 10.77.0.12
}

reaches() { # HOST
    lab_until 20 lab ssh "$1" true
}

lab cut n2
refuse "cut: no way to the host" lab ssh n2 true
lab heal n2
check "heal: there is again" reaches n2

lab split n1 n2
refuse "split: the two do not see each other" ping_each_other
check "split: the LAN still sees both" lab ssh n2 true
lab join n1 n2
check "join: they do again" lab_until 5 ping_each_other

lab freeze n2
check "freeze: the host still answers pings" ping_each_other
refuse "freeze: but does nothing" timeout 4 "$lab_script" ssh n2 true
lab thaw n2
check "thaw: it goes on" reaches n2

lab loss n2 30
check "loss: SSH copes with 30 percent" env LAB_TIMEOUT=30 "$lab_script" ssh n2 true
lab loss n2 0
check "rate: the network can be slowed" lab rate n2 1mbit
check "rate: and be quick again" lab rate n2 0

lab fill n2 >/dev/null
refuse "fill: no space is left" lab in n2 dd if=/dev/zero of=/root/more bs=1M count=1
lab drain n2
check "drain: there is space again" lab in n2 dd if=/dev/zero of=/root/more bs=1M count=1

boot=$(lab in n1 cat /proc/sys/kernel/random/boot_id)
lab in n1 touch /etc/kept
lab crash n1
refuse "crash: off" lab in n1 true
lab boot n1
check "boot: its disk is what it was" lab in n1 test -e /etc/kept
refuse "boot: it is another boot" test "$(lab in n1 cat /proc/sys/kernel/random/boot_id)" = "$boot"

boot=$(lab in n2 cat /proc/sys/kernel/random/boot_id)
rebooted() {
    [ "$(lab ssh n2 cat /proc/sys/kernel/random/boot_id 2>/dev/null)" != "$boot" ] && lab ssh n2 true
}
lab ssh n2 systemctl --no-block reboot
check "a reboot from inside comes back" lab_until 30 rebooted
lab poweroff n2
refuse "poweroff: off" lab ssh n2 true
key=$(grep '^10.77.0.12 ' "$LAB_DIR/known_hosts" | sort)
lab reset n2
refuse "reset: the host has another identity" test "$(grep '^10.77.0.12 ' "$LAB_DIR/known_hosts" | sort)" = "$key"

container() { # an image by its public name, from the LAN, as a container
    lab in n1 bash -ec '
        mkdir -p /etc/containerd/certs.d/_default
        printf "server = \"http://registry.lab:5000\"\n[host.\"http://registry.lab:5000\"]\n" \
            >/etc/containerd/certs.d/_default/hosts.toml
        systemctl start containerd
        ctr images pull --hosts-dir /etc/containerd/certs.d docker.io/library/busybox:1.36
        ctr run --rm docker.io/library/busybox:1.36 test echo hello from inside' | tail -n 1
}
equal "a container runs in a host" "$(container)" "hello from inside"

tap_done
