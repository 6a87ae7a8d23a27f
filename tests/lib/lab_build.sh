# What the lab keeps in LAB_CACHE, sourced by lab.sh: a Debian root, an apt mirror with what
# onboarding installs, a layer with the node packages, images in a registry, a VM disk.  Each is made
# once; a file X.ready marks it.

lab_base_packages=systemd,systemd-sysv,dbus,openssh-server,sudo,iproute2,ca-certificates,procps,kmod,iputils-ping
lab_node_packages="containerd containernetworking-plugins nftables conntrack"
lab_mirror_packages="$lab_node_packages runc crun iptables socat ethtool nginx-light curl
$(awk '$1 == "build" { $1 = ""; print }' "$here/../../scripts/packages.txt" | xargs)"

in_chroot() { # ROOT CMD...: with /proc, and services kept from starting
    local root=$1
    shift
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod +x "$root/usr/sbin/policy-rc.d"
    unshare --mount bash -ec '
        mount -t proc proc "$0/proc"
        [ ! -d "$0/repo" ] || mount --bind "$LAB_CACHE/repo" "$0/repo"
        exec chroot "$0" "$@"' "$root" "$@"
    rm -f "$root/usr/sbin/policy-rc.d"
}

debian_mirror() { # the one this machine uses
    local from
    from=$(awk '/^URIs:/ { print $2; exit }' /etc/apt/sources.list.d/debian.sources 2>/dev/null) || true
    [ -n "$from" ] || from=$(awk '$1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /^http/) { print $i; exit } }' \
        /etc/apt/sources.list 2>/dev/null) || true
    echo "${LAB_MIRROR:-${from:-http://deb.debian.org/debian}}"
}

build_base() {
    local root=$LAB_CACHE/base
    [ ! -e "$root/.ready" ] || return 0
    echo "lab: base root (debootstrap)"
    rm -rf "$root"
    mkdir -p "$root" "$LAB_CACHE/debs"
    debootstrap --variant=minbase --cache-dir="$LAB_CACHE/debs" --include="$lab_base_packages" \
        bookworm "$root" "$(debian_mirror)" >"$LAB_CACHE/base.log" 2>&1 ||
        die "debootstrap failed, see $LAB_CACHE/base.log"
    chroot "$root" apt-get clean
    # Identity is made per host.
    rm -rf "$root"/etc/ssh/ssh_host_* "$root"/var/lib/dbus/machine-id
    rm -rf "$root"/usr/share/doc/* "$root"/usr/share/man/*
    : >"$root/etc/machine-id"
    echo "deb [trusted=yes] http://$LAB_NET.1/ ./" >"$root/etc/apt/sources.list"
    touch "$root/.ready"
}

build_repo() { # an apt mirror of a few dozen packages
    local repo=$LAB_CACHE/repo all
    all="$lab_mirror_packages ${LAB_PKGS:-$(cat "$LAB_CACHE/repo/pkgs" 2>/dev/null || true)}"
    [ ! -e "$repo/Packages.gz" ] || [ "$(cat "$repo/all" 2>/dev/null)" != "$all" ] || return 0
    echo "lab: apt mirror"
    mkdir -p "$repo/partial"
    # shellcheck disable=SC2086 # the list is meant to be split
    apt-get -qq -y -o Dir::State::status="$LAB_CACHE/base/var/lib/dpkg/status" \
        -o Dir::Cache::archives="$repo" -o APT::Sandbox::User=root -o Debug::NoLocking=1 \
        --no-install-recommends --download-only install $all >"$LAB_CACHE/repo.log" 2>&1 ||
        die "see $LAB_CACHE/repo.log"
    rm -rf "$repo/partial" "$repo/lock"
    (cd "$repo" && dpkg-scanpackages . /dev/null >Packages 2>/dev/null && gzip -9kf Packages)
    echo "$all" >"$repo/all"
    echo "${LAB_PKGS:-}" >"$repo/pkgs"
}

build_full() { # the node packages, as an overlay's upper directory over the base
    local dir=$LAB_CACHE mount=$LAB_CACHE/full.mnt
    [ ! -e "$dir/full.ready" ] || return 0
    echo "lab: layer with the node packages"
    rm -rf "$dir/full"
    mkdir -p "$dir/full" "$dir/full.wk" "$mount"
    mount -t overlay full -o "lowerdir=$dir/base,upperdir=$dir/full,workdir=$dir/full.wk" "$mount"
    mkdir "$mount/repo"
    echo 'deb [trusted=yes] file:/repo ./' >"$mount/etc/apt/sources.list"
    in_chroot "$mount" sh -ec "apt-get -qq update
        DEBIAN_FRONTEND=noninteractive apt-get -y -qq --no-install-recommends install $lab_node_packages
        apt-get clean" >"$dir/full.log" 2>&1 || {
        umount "$mount"
        die "see $dir/full.log"
    }
    rmdir "$mount/repo"
    cp "$dir/base/etc/apt/sources.list" "$mount/etc/apt/sources.list"
    umount "$mount"
    rm -rf "$dir/full.wk" "$mount"
    touch "$dir/full.ready"
}

registry_conf() { # ROOT ADDRESS
    cat <<Y
version: 0.1
log: {level: error, accesslog: {disabled: true}}
storage:
  filesystem: {rootdirectory: $1}
  delete: {enabled: true}
http: {addr: "$2"}
Y
}

build_images() { # OCI images, pushed into a registry's directory; anew when images.sh has changed
    local recipe
    recipe=$(sha256sum <"$here/images.sh")
    [ "$(cat "$LAB_CACHE/registry.ready" 2>/dev/null)" != "$recipe" ] || return 0
    echo "lab: images and registry"
    LAB_REPO=$LAB_CACHE/repo "$here/images.sh" "$LAB_CACHE/oci" >"$LAB_CACHE/images.log" 2>&1 ||
        die "see $LAB_CACHE/images.log"
    rm -rf "$LAB_CACHE/registry"
    mkdir -p "$LAB_CACHE/registry"
    registry_conf "$LAB_CACHE/registry" 127.0.0.1:5000 >"$LAB_CACHE/registry.yml"
    unshare --net --pid --fork --kill-child bash -ec '
        ip link set lo up
        docker-registry serve "$0/registry.yml" >"$0/registry.log" 2>&1 &
        for _ in $(seq 50); do
            (exec 3<>/dev/tcp/127.0.0.1/5000) 2>/dev/null && break
            sleep 0.1
        done
        while read -r layout name; do
            skopeo copy -q --insecure-policy --dest-tls-verify=false \
                "oci:$0/oci/$layout" "docker://127.0.0.1:5000/$name"
        done <<L
pause:3.9 pause:3.9
busybox:1.36 library/busybox:1.36
busybox:1.36 library/busybox:latest
nginx:latest library/nginx:latest
nginx:latest library/nginx:1.22
curl:latest library/curl:latest
echo:1 lab/echo:1
echo:1 lab/echo:2
L' "$LAB_CACHE" || die "see $LAB_CACHE/registry.log"
    echo "$recipe" >"$LAB_CACHE/registry.ready"
}

vm_kernel() { # DIR: the newest cloud kernel of Debian 12, unpacked in DIR; prints its version
    local package
    package=$(apt-cache search --names-only '^linux-image-6\.1\.0-[0-9]+-cloud-amd64$' |
        awk '{ print $1 }' | sort -V | tail -1)
    (cd "$1" && apt-get -qq download "$package" 2>/dev/null && dpkg -x "$package"_*.deb kern)
    echo "${package#linux-image-}"
}

vm_initramfs() { # DIR VERSION: busybox and the modules that a disk and a network need
    local dir=$1 root=$1/initramfs module file
    mkdir -p "$root"/bin "$root"/proc "$root"/sys "$root"/dev "$root"/new "$root"/mod
    cp "$(command -v busybox)" "$root/bin/busybox"
    for module in virtio_pci virtio_blk virtio_net; do
        chroot "$dir/mnt" modprobe -S "$2" --show-depends "$module" 2>/dev/null
    done | awk '/^insmod/ && !seen[$2]++ { print $2 }' | while read -r file; do
        cp "$dir/mnt$file" "$root/mod/"
        basename "$file" >>"$root/mod/list"
    done
    cat >"$root/init" <<'I'
#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc p /proc; $b mount -t sysfs s /sys; $b mount -t devtmpfs d /dev
for m in $($b cat /mod/list); do $b insmod /mod/$m; done
i=0; while [ ! -e /dev/vdb ] && [ $i -lt 50 ]; do $b sleep 0.1; i=$((i+1)); done
# vdb is a tar with this host's identity.
$b mount -o rw /dev/vda /new && $b tar xf /dev/vdb -C /new
$b umount /sys /proc; $b mount --move /dev /new/dev; exec $b switch_root /new /sbin/init
I
    chmod +x "$root/init"
    (cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null | gzip -1 >"$dir/initrd.gz")
}

build_vm() { # a disk with Debian's own kernel modules, and a small initramfs
    local dir=$LAB_CACHE vm=$LAB_CACHE/vm version unit
    [ ! -e "$dir/vm.ready" ] || return 0
    echo "lab: disk and kernel of the virtual machines"
    build_full
    rm -rf "$vm"
    mkdir -p "$vm/kern" "$vm/up" "$vm/wk" "$vm/mnt"
    version=$(vm_kernel "$vm")
    cp "$vm/kern/boot/vmlinuz-$version" "$vm/vmlinuz"
    mount -t overlay vm -o "lowerdir=$dir/full:$dir/base,upperdir=$vm/up,workdir=$vm/wk" "$vm/mnt"
    mkdir -p "$vm/mnt/usr/lib/modules"
    cp -a "$vm/kern/lib/modules/$version" "$vm/mnt/usr/lib/modules/"
    chroot "$vm/mnt" depmod "$version"
    for unit in serial-getty@ttyS0 getty@tty1 e2scrub_reap; do # without udev they wait 90 s
        ln -sf /dev/null "$vm/mnt/etc/systemd/system/$unit.service"
    done
    cat >"$vm/mnt/etc/systemd/system/lab-seed.service" <<'U'
[Unit]
DefaultDependencies=no
After=local-fs.target
Before=ssh.service containerd.service network.target sysinit.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh /etc/lab-net
U
    mkdir -p "$vm/mnt/etc/systemd/system/sysinit.target.wants"
    ln -s ../lab-seed.service "$vm/mnt/etc/systemd/system/sysinit.target.wants/"
    truncate -s 4G "$vm/disk.img"
    mkfs.ext4 -q -F -d "$vm/mnt" "$vm/disk.img"
    vm_initramfs "$vm" "$version"
    umount "$vm/mnt"
    rm -rf "$vm/kern" "$vm/up" "$vm/wk" "$vm/mnt" "$vm/initramfs" "$vm"/*.deb
    touch "$dir/vm.ready"
}

lab_build() { # [vm]
    [ "$(id -u)" -eq 0 ] || die "needs root"
    mkdir -p "$LAB_CACHE"
    exec 9>"$LAB_CACHE/lock"
    flock 9
    build_base
    build_repo
    build_full
    build_images
    [ "${1:-}" != vm ] || build_vm
    exec 9>&-
}
