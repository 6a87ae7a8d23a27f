# Sourced by ./check and ./quickstart: packages, and steps that show that they go on.
# Set before: top (the tree), log_dir (where the steps' output goes).

die() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

# step LABEL COMMAND...: runs it with its output in a log and says how it went and how long it took.
# On a terminal the last line of the log is shown while it runs, elsewhere a line every 20 s.
step() {
    local label=$1 log start=$SECONDS pid status=0 said=$SECONDS last
    shift
    log=$log_dir/$(tr -cs 'a-zA-Z0-9\n' '-' <<<"$label").log
    [ -t 1 ] || echo "==> $label"
    "$@" >"$log" 2>&1 </dev/null &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        last=$(tail -n 1 "$log" 2>/dev/null | tr -d '\000-\037' | cut -c1-60)
        if [ -t 1 ]; then
            printf '\r\033[K==> %s  %d s  %s' "$label" $((SECONDS - start)) "$last"
        elif [ $((SECONDS - said)) -ge 20 ]; then
            echo "    $((SECONDS - start)) s  $last"
            said=$SECONDS
        fi
        sleep 0.2
    done
    wait "$pid" || status=$?
    [ ! -t 1 ] || printf '\r\033[K==> %s' "$label"
    if [ "$status" -eq 0 ]; then
        echo "    done in $((SECONDS - start)) s"
    else
        echo "    FAILED after $((SECONDS - start)) s, the end of $log:"
        tail -n 25 "$log" | sed 's/^/    | /'
    fi
    return "$status"
}

# packages KIND...: the Debian packages of these kinds.
packages() {
    local kind
    for kind in "$@"; do
        awk -v kind="$kind" '$1 == kind { $1 = ""; print }' "$top/scripts/packages.txt"
    done | xargs -n 1 | sort -u
}

# need KIND...: installs what is missing of them, by apt, as root or with sudo.
need() {
    local missing root=''
    command -v dpkg-query >/dev/null && command -v apt-get >/dev/null ||
        die "this is no Debian: install by hand what scripts/packages.txt names"
    missing=$(comm -23 <(packages "$@") \
        <(dpkg-query -W -f='${db:Status-Abbrev} ${Package}\n' | awk '$1 == "ii" { print $2 }' | sort -u))
    [ -n "$missing" ] || return 0
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            die "needs root to install $(xargs <<<"$missing"); run as root, or install them first"
        root=sudo
        sudo -v || die "needs sudo to install $(xargs <<<"$missing")"
    fi
    step "package lists" $root apt-get update || die "apt-get update failed: is there a network?"
    # shellcheck disable=SC2086 # the list is meant to be split
    step "$(wc -w <<<"$missing") packages" $root env DEBIAN_FRONTEND=noninteractive \
        apt-get install -y --no-install-recommends $missing || die "apt-get install failed"
}

# build_in DIR OPTION...: configures DIR when it is new, and builds it.
build_in() {
    local dir=$1 jobs
    shift
    jobs=$(nproc)
    mkdir -p "$dir"
    if [ ! -x "$top/configure" ] || [ "$top/configure.ac" -nt "$top/configure" ]; then
        (cd "$top" && autoreconf -fi) || return 1
    fi
    if [ ! -f "$dir/Makefile" ]; then
        (cd "$dir" && "$top/configure" "$@") || return 1
    fi
    make -C "$dir" -j"$jobs"
}
