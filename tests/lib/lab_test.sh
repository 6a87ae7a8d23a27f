# For lab tests: source it after tap.sh, then lab_need N starts a lab of N hosts of this test's own,
# which ends with the test.  "lab VERB ..." is lab.sh in it.

lab_script=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/lab.sh

lab() {
    "$lab_script" "$@"
}

# lab_need HOSTS: or the whole test is skipped, with the reason.
lab_need() {
    local tool
    [ "$(id -u)" -eq 0 ] || skip_all "needs root"
    for tool in unshare ip nft ssh-keygen debootstrap busybox docker-registry skopeo umoci; do
        command -v "$tool" >/dev/null || skip_all "needs $tool (scripts/packages.txt)"
    done
    unshare --mount --net --pid --ipc --fork --mount-proc true 2>/dev/null ||
        skip_all "no namespaces may be made here"
    # The name has room for the test's pid, so that tests of several clones do not meet.
    export LAB_ID=test$$ LAB_TTL=${LAB_TTL:-900}
    export LAB_DIR=$tap_dir/lab
    trap 'lab down; rm -rf "$tap_dir"' EXIT
    if ! lab up "$1" >"$tap_dir/up.log" 2>&1; then
        echo "1..1"
        echo "not ok 1 - a lab of $1 hosts starts"
        tap_note <"$tap_dir/up.log"
        exit 1
    fi
}

# until SECONDS COMMAND...: tried until it succeeds.
lab_until() {
    local end=$((SECONDS + $1))
    shift
    until "$@"; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.2
    done
}
