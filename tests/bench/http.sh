#!/bin/sh
# GET 4 KB and a 10.5 MB list over TLS: our server beside nginx, alternately, one server thread each.
# Usage: tests/bench/http.sh [ROUNDS], from the build directory after "make bench_programs".
# Prints requests per second (wall) and per second of server CPU, the ratios of their medians, and
# the memory of idle watches. Needs h2load and nginx. To reach: GET over HTTP/2 1.8 times nginx.
set -eu
rounds=${1:-3}
build=${top_builddir:-.}
nginx=$(command -v nginx || echo /usr/sbin/nginx)
for tool in h2load "$nginx"; do
    command -v "$tool" >/dev/null 2>&1 || { echo "http.sh: skipped, needs $tool"; exit 77; }
done
dir=$(mktemp -d)
ours_pid= theirs_pid=
trap 'kill $ours_pid $theirs_pid 2>/dev/null || :; rm -rf "$dir"' EXIT

# It ends with its standard input: descriptor 3 holds that open, as long as this script lives.
mkfifo "$dir/stdin" "$dir/ports"
exec 3<>"$dir/stdin"
"$build/tests/bench/bench_http" "$dir" <"$dir/stdin" >"$dir/ports" 3>&- &
ours_pid=$!
read -r ours plain <"$dir/ports" || { echo "http.sh: bench_http did not start"; exit 1; }

# Resident memory of idle watches, before anything else has left free memory behind: one connection
# with many, then many with one.
memory() { curl -s "http://127.0.0.1:$plain/memory"; }
# watches NAME EXPECTED OPTIONS...: KiB that each of them adds
watches() {
    name=$1 count=$2
    shift 2
    memory >"$dir/before"
    read -r watches_before kib_before <"$dir/before"
    h2load -t1 "$@" "https://127.0.0.1:$ours/watch" >/dev/null 2>&1 &
    load=$!
    watches_now=$watches_before
    while [ "$watches_now" -lt $((watches_before + count)) ] && kill -0 "$load" 2>/dev/null; do
        memory >"$dir/now"
        read -r watches_now kib_now <"$dir/now"
    done
    kill "$load" 2>/dev/null || :
    wait "$load" 2>/dev/null || :
    awk -v name="$name" -v a="$kib_before" -v b="$kib_now" -v n="$count" 'BEGIN {
        printf "%-28s %.2f KiB each\n", name, (b - a) / n }'
}
if command -v curl >/dev/null 2>&1; then
    watches "watch, one of many streams" 990 -n 990 -c 1 -m 990
    watches "watch, TLS conn of its own" 400 -n 400 -c 400 -m 1
fi

mkdir "$dir/root" "$dir/tmp"
head -c 4096 /dev/zero | tr '\0' x >"$dir/root/small"
head -c 10752000 /dev/zero | tr '\0' y >"$dir/root/list"
theirs=$((20000 + $$ % 20000))
cat >"$dir/nginx.conf" <<CONF
worker_processes 1;
daemon on;
pid $dir/nginx.pid;
error_log $dir/error.log;
events { worker_connections 1024; }
http {
    access_log off;
    open_file_cache max=100;
    sendfile on; tcp_nopush on; keepalive_requests 100000000;
    client_body_temp_path $dir/tmp/1; proxy_temp_path $dir/tmp/2; fastcgi_temp_path $dir/tmp/3;
    uwsgi_temp_path $dir/tmp/4; scgi_temp_path $dir/tmp/5;
    server {
        listen 127.0.0.1:$theirs ssl http2;
        ssl_certificate $dir/tls.crt; ssl_certificate_key $dir/tls.key;
        ssl_protocols TLSv1.3;
        http2_max_concurrent_streams 1000;
        root $dir/root;
    }
}
CONF
chmod 755 "$dir"
"$nginx" -c "$dir/nginx.conf" 2>/dev/null # returns when it listens
theirs_pid=$(cat "$dir/nginx.pid")
worker=$(pgrep -P "$theirs_pid" | tail -1)

cpu_ticks() { awk '{ print $14 + $15 }' "/proc/$1/stat"; }

# one_run NAME PID URL OPTIONS... → "wall cpu" requests per second
one_run() {
    pid=$1 url=$2
    shift 2
    before=$(cpu_ticks "$pid")
    h2load -t1 "$@" "$url" >"$dir/out" 2>&1
    after=$(cpu_ticks "$pid")
    awk -v ticks=$((after - before)) -v hz="$(getconf CLK_TCK)" '
        /^finished in/ { for (i = 1; i < NF; i++) if ($(i + 1) ~ /^req\/s/) wall = $i }
        /succeeded/ { for (i = 1; i < NF; i++) if ($(i + 1) ~ /^succeeded/) done = $i }
        /failed,/ { for (i = 1; i < NF; i++) if ($(i + 1) ~ /^failed/ && $i > 0) bad = 1 }
        END { if (bad) exit 1; print wall, (ticks > 0 ? done * hz / ticks : 0) }' "$dir/out"
}

median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

# compare NAME PATH OPTIONS...
compare() {
    name=$1 path=$2
    shift 2
    for file in our_wall our_cpu their_wall their_cpu; do : >"$dir/$file"; done
    for round in $(seq "$rounds"); do
        one_run "$worker" "https://127.0.0.1:$theirs$path" "$@" | {
            read -r wall cpu; echo "$wall" >>"$dir/their_wall"; echo "$cpu" >>"$dir/their_cpu"; }
        one_run "$ours_pid" "https://127.0.0.1:$ours$path" "$@" | {
            read -r wall cpu; echo "$wall" >>"$dir/our_wall"; echo "$cpu" >>"$dir/our_cpu"; }
    done
    awk -v name="$name" -v a="$(median "$dir/our_wall")" -v b="$(median "$dir/their_wall")" \
        -v c="$(median "$dir/our_cpu")" -v d="$(median "$dir/their_cpu")" 'BEGIN {
        printf "%-28s wall %9.0f/s  nginx %9.0f/s  ratio %.2f   cpu %9.0f/s  nginx %9.0f/s  ratio %.2f\n",
            name, a, b, a / b, c, d, c / d }'
}

compare "GET 4 KB, h2, 50 x 10" /small -n 60000 -c 50 -m 10
compare "GET 4 KB, http/1.1, 50" /small --h1 -n 30000 -c 50
compare "LIST 10.5 MB, h2, 4" /list -n 120 -c 4 -m 1 -w 24 -W 24
compare "LIST 10.5 MB, http/1.1, 4" /list --h1 -n 120 -c 4
