# For lab tests of machines that become nodes: source it after lab_test.sh and lab_need.  The control
# plane runs on the LAN, in $tap_dir/data; what the last command said is in $tap_dir/said.

control=10.77.0.1
export BINNACLE_DATA_DIR=$tap_dir/data
programs=${top_builddir:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}

[ -x "$programs/binnacle" ] && [ -x "$programs/binnacle-agent" ] || skip_all "needs both programs"

mkdir -p "$tap_dir/bin"
cp "$programs/binnacle" "$tap_dir/bin/"
strip -o "$tap_dir/bin/binnacle-agent" "$programs/binnacle-agent"

binnacle() { # on the LAN; answers to questions come as lines of standard input
    lab exec "$tap_dir/bin/binnacle" "$@"
}
start_serve() {
    : >"$tap_dir/ready"
    binnacle serve --listen "$control:6443" --advertise "$control" </dev/null \
        >"$tap_dir/ready" 2>>"$tap_dir/serve.log" &
    serve=$!
    lab_until 20 grep -q 'is ready' "$tap_dir/ready"
}
kill_serve() { # [SIGNAL]
    lab exec kill "-${1:-TERM}" "$(cat "$BINNACLE_DATA_DIR/lock")"
    wait "$serve" 2>/dev/null || true
}
address() { # HOST
    echo "10.77.0.$((10 + ${1#n}))"
}
fingerprint() { # HOST
    lab in "$1" ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub | cut -d' ' -f2
}
add() { # ANSWERS ARGUMENT...: each line of ANSWERS is one
    printf '%b' "$1" | binnacle node add "${@:2}" >"$tap_dir/said" 2>&1
}
add_key() { # HOST ARGUMENT...: as root, by the lab's key, without questions
    add '' "root@$(address "$1")" --identity "$LAB_DIR/id" --host-key "$(fingerprint "$1")" "${@:2}"
}
remove() { # ANSWERS ARGUMENT...
    printf '%b' "$1" | binnacle node remove "${@:2}" >"$tap_dir/said" 2>&1
}
fails() { # COMMAND ARGUMENT...
    ! "$@"
}
said() { # TEXT...: all of them, in what the last command said
    local text
    for text in "$@"; do
        grep -qF -- "$text" "$tap_dir/said" || {
            echo "no '$text' in:"
            cat "$tap_dir/said"
            return 1
        }
    done
}
seconds() { # COMMAND...: how long it took, in the log of the test
    local begun
    begun=$(date +%s%N)
    "$@" || return
    echo "$(((($(date +%s%N) - begun)) / 1000000)) ms: $*" >>"$tap_dir/times"
}
api() { # PATH
    lab exec curl -fsS --unix-socket "$BINNACLE_DATA_DIR/socket" "http://localhost$1"
}
machine() { # HOST: its Machine
    api "/apis/binnacle.io/v1/machines/$(address "$1")"
}
is_at() { # HOST STEP: this step runs or waits
    machine "$1" | grep -q "\"step\":\"$2\""
}
is_ready() { # HOST yes|no
    api "/api/v1/nodes/$1" | grep -q '"reason":"KubeletReady"' && [ "$2" = yes ] ||
        { api "/api/v1/nodes/$1" | grep -q '"reason":"NodeStatusUnknown"' && [ "$2" = no ]; }
}
remains() { # HOST: what of ours is on it, and how many packages
    lab in "$1" sh -c 'ls -d /etc/binnacle-agent /usr/local/lib/binnacle /run/binnacle-agent \
        /var/lib/binnacle-agent/* /etc/systemd/system/*binnacle* 2>/dev/null
        pgrep -x "binnacle-agent|containerd" 2>/dev/null
        ip route show proto 98; ip -o -4 addr show lo | grep -v 127.0.0.1
        nft list tables 2>/dev/null | grep binnacle; ls /sys/class/net | grep bnc
        dpkg -l | grep -c "^ii"'
}
