#!/bin/bash
# images.sh OUT: builds the lab's test images as OCI layouts, from Debian packages and images/*.c.
# Needs gcc, busybox-static and umoci; nginx and curl come from the .debs in LAB_REPO when they are
# there.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
out=$(readlink -m "$1")
mkdir -p "$out"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

image() { # NAME TAG ROOT [umoci config options...]: an image of one layer; ROOT is used up
    local layout="$out/$1" tag=$2 root=$3
    shift 3
    rm -rf "$layout" "$work/bundle"
    umoci init --layout "$layout"
    umoci new --image "$layout:$tag"
    umoci unpack --image "$layout:$tag" "$work/bundle" 2>/dev/null
    cp -a "$root/." "$work/bundle/rootfs/"
    umoci repack --image "$layout:$tag" "$work/bundle" 2>/dev/null
    umoci config --image "$layout:$tag" "$@"
    umoci gc --layout "$layout" 2>/dev/null
    rm -rf "$work/bundle" "$root"
}

base_files() { # ROOT: the few files that every image wants
    mkdir -p "$1"/etc "$1"/tmp "$1"/run "$1"/proc "$1"/sys "$1"/dev "$1"/bin "$1"/usr/bin "$1"/var/log
    chmod 1777 "$1/tmp"
    printf 'root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n' >"$1/etc/passwd"
    printf 'root:x:0:\nnogroup:x:65534:\n' >"$1/etc/group"
}

static() { # PROGRAM: images/PROGRAM.c as the only file of $work/root
    mkdir "$work/root"
    gcc -std=gnu17 -Wall -Wextra -Os -static -s -o "$work/root/$1" "$here/images/$1.c"
}

from_debs() { # PACKAGE...: their files into $root
    local package file
    for package; do
        for file in "$LAB_REPO/$package"_*.deb; do
            [ ! -e "$file" ] || dpkg -x "$file" "$root"
        done
    done
}

with_libraries() { # PROGRAM: what it is linked with into $root, and busybox for a shell
    local library
    ldd "$root/$1" | grep -o '/[^ ]*' | while read -r library; do
        mkdir -p "$root$(dirname "$library")"
        cp -L "$library" "$root$library"
    done
    cp "$(command -v busybox)" "$root/bin/busybox"
    ln -s busybox "$root/bin/sh"
    rm -rf "$root/usr/share/doc" "$root/usr/share/man"
}

static pause
image pause 3.9 "$work/root" --config.entrypoint /pause --config.user 65535:65535

static echo
image echo 1 "$work/root" --config.entrypoint /echo --config.exposedports 8080/tcp

# busybox, with a link for every applet
mkdir "$work/root"
base_files "$work/root"
cp "$(command -v busybox)" "$work/root/bin/busybox"
for applet in $(busybox --list); do
    [ "$applet" = busybox ] || ln -s busybox "$work/root/bin/$applet"
done
image busybox 1.36 "$work/root" --config.cmd sh --config.env PATH=/bin:/usr/bin

# nginx: Debian's nginx-light and the closure of its shared libraries
ls "${LAB_REPO:-/nonexistent}"/nginx_*.deb >/dev/null 2>&1 || exit 0
root=$work/root
mkdir "$root"
base_files "$root"
from_debs nginx nginx-common media-types
with_libraries usr/sbin/nginx
rm -rf "$root/etc/nginx/sites-enabled" \
    "$root/etc/nginx/modules-enabled"
mkdir -p "$root/usr/share/nginx/html" "$root/var/lib/nginx" "$root/var/log/nginx"
[ ! -e "$root/etc/mime.types" ] || cp "$root/etc/mime.types" "$root/etc/nginx/mime.types"
[ -e "$root/etc/nginx/mime.types" ] || : >"$root/etc/nginx/mime.types"
ln -sf /dev/stdout "$root/var/log/nginx/access.log"
ln -sf /dev/stderr "$root/var/log/nginx/error.log"
echo '<h1>lab nginx</h1>' >"$root/usr/share/nginx/html/index.html"
cat >"$root/etc/nginx/nginx.conf" <<'N'
worker_processes 1;
pid /run/nginx.pid;
events { worker_connections 256; }
http {
    include mime.types;
    access_log /var/log/nginx/access.log;
    error_log /var/log/nginx/error.log;
    server { listen 80; location / { root /usr/share/nginx/html; index index.html; } }
}
N
image nginx latest "$root" --config.cmd nginx --config.cmd -g --config.cmd 'daemon off; user root;' \
    --config.env PATH=/usr/sbin:/bin --config.exposedports 80/tcp

# curl, with a shell
root=$work/root
mkdir "$root"
base_files "$root"
from_debs curl
with_libraries usr/bin/curl
for applet in date echo hostname sleep; do
    ln -s busybox "$root/bin/$applet"
done
image curl latest "$root" --config.cmd sh --config.env PATH=/usr/bin:/bin
