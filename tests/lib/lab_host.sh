# Hosts, sourced by lab.sh.  All of this runs inside the supervisor's namespaces.

# ---- identity ----

host_accounts() { # ETC: root by key; ops: key or password "ops", sudo; pw: password "pw", sudo asks
    local etc=$1 user
    cp "$LAB_BASE"/etc/passwd "$LAB_BASE"/etc/group "$LAB_BASE"/etc/shadow "$etc/"
    chmod 640 "$etc/shadow"
    printf 'ops:x:1000:1000::/home/ops:/bin/bash\npw:x:1001:1001::/home/ops:/bin/bash\n' >>"$etc/passwd"
    printf 'ops:x:1000:\npw:x:1001:\n' >>"$etc/group"
    for user in ops pw; do
        echo "$user:$(openssl passwd -6 -salt lab "$user"):19000:0:99999:7:::" >>"$etc/shadow"
    done
    printf 'ops ALL=(ALL) NOPASSWD:ALL\npw ALL=(ALL) ALL\n' >"$etc/sudoers.d/lab"
    chmod 440 "$etc/sudoers.d/lab"
}

host_identity() { # HOST ROOT: the files that make a root file system this host's own
    local host=$1 root=$2 etc=$2/etc address
    address=$(address_of "$host")
    mkdir -p "$etc/ssh" "$etc/apt" "$etc/sudoers.d" "$root/root/.ssh" "$root/home/ops/.ssh"
    echo "deb [trusted=yes] http://$LAB_NET.1/ ./" >"$etc/apt/sources.list"
    echo "$host" >"$etc/hostname"
    tr -d - </proc/sys/kernel/random/uuid >"$etc/machine-id"
    printf '127.0.0.1 localhost\n%s registry.lab apt.lab\n%s %s\n' "$LAB_NET.1" "$address" "$host" \
        >"$etc/hosts"
    echo "nameserver $LAB_NET.1" >"$etc/resolv.conf"
    ssh-keygen -q -t ed25519 -N '' -C "$host" -f "$etc/ssh/ssh_host_ed25519_key"
    ssh-keygen -q -t ecdsa -N '' -C "$host" -f "$etc/ssh/ssh_host_ecdsa_key"
    host_accounts "$etc"
    cp "$LAB_DIR/id.pub" "$root/root/.ssh/authorized_keys"
    cp "$LAB_DIR/id.pub" "$root/home/ops/.ssh/authorized_keys"
    chmod 700 "$root/root" "$root/root/.ssh"
    chown -R 1000:1000 "$root/home/ops"
    awk -v address="$address" '{ print address, $1, $2 }' "$etc"/ssh/ssh_host_*_key.pub \
        >>"$LAB_DIR/known_hosts"
}

host_make() { # HOST: an empty disk
    local dir=/run/lab/$1
    mkdir -p "$dir/disk" "$dir/root"
    mount -t tmpfs -o "size=$LAB_DISK,mode=755" "lab-$1" "$dir/disk"
    mkdir -p "$dir/disk/up" "$dir/disk/wk" "$dir/disk/containerd" "$dir/disk/agent"
    host_identity "$1" "$dir/disk/up"
}

host_wipe() { # HOST: forget its disk and its keys
    sed -i "/^$(address_of "$1") /d" "$LAB_DIR/known_hosts"
    case $1 in
    q*)
        umount -l "/run/lab/$1"
        mkdir -p "/run/lab/$1"
        ;;
    *)
        umount -l "/run/lab/$1/disk"
        host_make "$1"
        ;;
    esac
}

# ---- power ----

host_net() { # HOST: a fresh network stack for every boot, as on a real machine
    local host=$1
    ip netns del "$host" 2>/dev/null || true
    ip link del "v-$host" 2>/dev/null || true
    ip netns add "$host"
    # A fixed MAC, so that neighbours need not forget the old one first.
    ip link add "v-$host" type veth peer name eth0 netns "$host" \
        address "02:62:6e:00:00:$(printf %02x "${host#n}")"
    ip link set "v-$host" master lan up
    ip -n "$host" link set lo up
    ip -n "$host" addr add "$(address_of "$host")/24" dev eth0
    ip -n "$host" link set eth0 up
    ip -n "$host" route add default via "$LAB_NET.1"
    # A new namespace copies the machine's settings; a fresh Debian has these off.
    nsenter --net="/run/netns/$host" sh -c '
        for file in ipv4/ip_forward bridge/bridge-nf-call-iptables bridge/bridge-nf-call-ip6tables; do
            [ ! -e /proc/sys/net/$file ] || echo 0 >/proc/sys/net/$file
        done'
}

host_power() { # HOST: boot; at a reboot(2) boot again; else the power is off
    case $1 in
    q*) vm_power "$1" ;;
    *) namespaces_power "$1" ;;
    esac
}

namespaces_power() { # HOST
    local host=$1 status outer init
    while :; do
        host_net "$host"
        cgroup_enter "$host"
        cgroup_limit_memory "$host" "$LAB_MEM"
        status=0
        nsenter --net="/run/netns/$host" unshare --mount --uts --ipc --pid --cgroup --fork \
            "$self" _init "$host" </dev/null >>"$LAB_DIR/$host.console" 2>&1 &
        outer=$!
        cgroup_enter supervisor
        for _ in $(seq 250); do
            init=$(cat "/proc/$outer/task/$outer/children" 2>/dev/null || true)
            [ -z "$init" ] || break
            sleep 0.02
        done
        cgroup_move supervisor "$outer" 2>/dev/null || true # only the host itself is in its cgroup
        echo "${init%% *}" >"/run/lab/$host/pid"
        wait "$outer" || status=$?
        rm -f "/run/lab/$host/pid"
        echo "lab: $host ended with $status" >>"$LAB_DIR/$host.console"
        [ "$status" -eq 129 ] || break # SIGHUP: reboot(2); 130: halted; 137: crashed
    done
    ip netns del "$host"
}

host_mounts() { # HOST ROOT: what a machine has besides its disk
    local host=$1 root=$2 node
    mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
    cat /proc/sys/kernel/random/uuid >"/run/lab/$host/boot_id"
    # kernel.* and vm.* are the machine's: read-only.  net.* is the host's own: writable.
    mount --bind "$root/proc/sys" "$root/proc/sys"
    mount --bind "/run/lab/$host/boot_id" "$root/proc/sys/kernel/random/boot_id"
    mount --bind "$root/proc/sys/net" "$root/proc/sys/net"
    mount -o remount,bind,ro "$root/proc/sys"
    [ ! -e "$root/proc/sysrq-trigger" ] || mount --bind /dev/null "$root/proc/sysrq-trigger"
    mount -t sysfs -o ro,nosuid,nodev,noexec sysfs "$root/sys"
    mount -t tmpfs -o mode=755,nosuid,nodev run "$root/run"
    mount -t tmpfs -o mode=1777,nosuid,nodev tmp "$root/tmp"
    mount -t tmpfs -o mode=755,nosuid dev "$root/dev"
    for node in "null 1 3" "zero 1 5" "full 1 7" "random 1 8" "urandom 1 9" "tty 5 0"; do
        # shellcheck disable=SC2086 # three words
        set -- $node
        mknod -m 666 "$root/dev/$1" c "$2" "$3"
    done
    mkdir "$root/dev/pts" "$root/dev/shm" "$root/dev/net" "$root/dev/mqueue"
    mknod -m 666 "$root/dev/net/tun" c 10 200
    mount -t devpts -o newinstance,ptmxmode=0666,mode=0620,gid=5 devpts "$root/dev/pts"
    mount -t tmpfs -o mode=1777,nosuid,nodev shm "$root/dev/shm"
    ln -s pts/ptmx "$root/dev/ptmx"
    ln -s /proc/self/fd "$root/dev/fd"
    ln -s fd/0 "$root/dev/stdin"
    ln -s fd/1 "$root/dev/stdout"
    ln -s fd/2 "$root/dev/stderr"
}

host_cgroups() { # ROOT: the same hierarchies as this machine's
    local root=$1 name
    if [ "$LAB_CG" = v2 ] || only_v2; then
        mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
        return
    fi
    mount -t tmpfs -o mode=755,nosuid,nodev,noexec cgroup "$root/sys/fs/cgroup"
    while read -r name; do
        name=${name#/sys/fs/cgroup/}
        name=${name%%/*}
        mkdir "$root/sys/fs/cgroup/$name"
        case $name in
        unified) mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup/$name" ;;
        systemd) mount -t cgroup -o none,name=systemd cgroup "$root/sys/fs/cgroup/$name" ;;
        *) mount -t cgroup -o "$name" cgroup "$root/sys/fs/cgroup/$name" ;;
        esac
    done <"$LAB_DIR/cgroups"
}

host_init() { # HOST: its PID 1 builds the tree, then becomes init
    local host=$1 dir=/run/lab/$1 root=/run/lab/$1/root lower=$LAB_BASE
    [ -z "$LAB_FULL" ] || lower=$LAB_CACHE/full:$lower
    mount --make-rprivate /
    mount -t overlay -o "lowerdir=$lower,upperdir=$dir/disk/up,workdir=$dir/disk/wk" "root-$host" "$root"
    # An overlay cannot be the upper directory of another one, and containerd makes some.
    mkdir -p "$root/var/lib/containerd" "$root/var/lib/binnacle-agent"
    mount --bind "$dir/disk/containerd" "$root/var/lib/containerd"
    mount --bind "$dir/disk/agent" "$root/var/lib/binnacle-agent"
    host_mounts "$host" "$root"
    host_cgroups "$root"
    hostname "$host"
    cd "$root"
    mkdir -p .old
    pivot_root . .old
    cd /
    umount -l /.old
    rmdir /.old 2>/dev/null || true
    set -- env -i container=lab LANG=C.UTF-8 TERM=linux \
        PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
    if [ "$LAB_INIT" = systemd ]; then
        exec "$@" /sbin/init --log-target=journal --show-status=no
    fi
    exec "$@" /bin/sh -c '
        mkdir -p /run/sshd; /usr/sbin/sshd; trap "exit 0" TERM; while :; do sleep 3600 & wait; done'
}

vm_power() { # HOST: a reboot of the guest ends qemu (-no-reboot), which starts again with its disk
    local host=$1 dir=/run/lab/$1 vm=$LAB_CACHE/vm address
    address=$(address_of "$host")
    cgroup_enter "$host"
    mkdir -p "$dir/seed"
    if [ ! -e "$dir/disk.img" ]; then
        mount -t tmpfs -o size=6g "lab-$host" "$dir"
        mkdir "$dir/seed"
        host_identity "$host" "$dir/seed"
        cat >"$dir/seed/etc/lab-net" <<S
ip link set lo up
ip addr add $address/24 dev eth0
ip link set eth0 up
ip route add default via $LAB_NET.1
S
        tar -C "$dir/seed" -cf "$dir/seed.tar" .
        truncate -s 1M "$dir/seed.tar"
        cp --sparse=always "$vm/disk.img" "$dir/disk.img"
    fi
    ip link del "v-$host" 2>/dev/null || true
    ip tuntap add dev "v-$host" mode tap
    ip link set "v-$host" master lan up
    while :; do
        "$QEMU" -accel tcg,tb-size=256 -M q35 -cpu max -smp 1 -m "$LAB_VM_MEM" -nodefaults -no-reboot \
            -display none -serial "file:$LAB_DIR/$host.console" \
            -kernel "$vm/vmlinuz" -initrd "$vm/initrd.gz" -append "console=ttyS0 quiet mitigations=off \
net.ifnames=0 random.trust_cpu=1 systemd.show_status=0" \
            -drive "file=$dir/disk.img,if=none,id=d0,format=raw,cache=unsafe" \
            -device virtio-blk-pci,drive=d0 \
            -drive "file=$dir/seed.tar,if=none,id=d1,format=raw,readonly=on" \
            -device virtio-blk-pci,drive=d1 \
            -netdev "tap,id=n0,ifname=v-$host,script=no,downscript=no" \
            -device "virtio-net-pci,netdev=n0,mac=02:62:6e:00:01:$(printf %02x "${host#q}")" \
            >>"$LAB_DIR/$host.qemu" 2>&1 &
        echo $! >"$dir/pid"
        wait $! || break
        grep -aq 'reboot: Restarting' "$LAB_DIR/$host.console" || break
    done
    rm -f "$dir/pid"
}

# ---- the lab's PID 1 ----

supervise() { # HOSTS MACHINES
    local i timer
    mount --make-rprivate /
    mkdir -p /run/netns
    mount -t tmpfs -o mode=755 lab "$LAB_DIR/run"
    mount --bind "$LAB_DIR/run" /run/lab
    mount -t tmpfs -o mode=755 netns /run/netns
    ip link set lo up
    ip link add lan type bridge
    ip addr add "$LAB_NET.1/24" dev lan
    ip link set lan up
    busybox httpd -h "$LAB_CACHE/repo" -p "$LAB_NET.1:80"
    mkdir -p /run/lab/reg
    mount -t tmpfs -o size=1g reg /run/lab/reg
    mkdir -p /run/lab/reg/up /run/lab/reg/wk /run/lab/reg/mnt
    mount -t overlay reg -o \
        "lowerdir=$LAB_CACHE/registry,upperdir=/run/lab/reg/up,workdir=/run/lab/reg/wk" /run/lab/reg/mnt
    registry_conf /run/lab/reg/mnt "$LAB_NET.1:5000" >/run/lab/reg.yml
    docker-registry serve /run/lab/reg.yml >"$LAB_DIR/registry.log" 2>&1 &
    for i in $(seq 1 "$1"); do
        host_make "n$i"
        "$self" _power "n$i" &
    done
    for i in $(seq 1 "$2"); do "$self" _power "q$i" & done
    touch "$LAB_DIR/ready"
    trap 'exit 0' TERM INT
    sleep "$LAB_TTL" &
    timer=$!
    while [ -e "/proc/$timer" ]; do wait "$timer" || true; done # then the lab ends by itself
}
