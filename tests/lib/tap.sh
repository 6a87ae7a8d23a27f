# TAP for shell tests.  Source it, then use:
#   check "what is claimed" COMMAND...      ok when the command succeeds
#   refuse "what is claimed" COMMAND...     ok when it fails
#   equal "what is claimed" GOT WANT        ok when the texts are equal
#   skip "what is claimed" "why"            counted, and said aloud
#   skip_all "why"                          the whole file
#   tap_done                                the plan; the last line of the test
# The output of a command that did not do what it should is shown as diagnostics.
# $tap_dir is a directory of this test, removed at its end.

tap_count=0
tap_failed=0
tap_dir=$(mktemp -d "${TMPDIR:-/tmp}/binnacle-test.XXXXXX")
trap 'rm -rf "$tap_dir"' EXIT

tap_note() {
    sed 's/^/# /'
}

tap_result() { # 0|1 TEXT
    tap_count=$((tap_count + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $tap_count - $2"
    else
        echo "not ok $tap_count - $2"
        tap_failed=$((tap_failed + 1))
    fi
}

check() {
    tap_claim=$1
    shift
    tap_status=0
    "$@" >"$tap_dir/.out" 2>&1 || tap_status=$?
    tap_result "$tap_status" "$tap_claim"
    if [ "$tap_status" -ne 0 ]; then
        echo "# $* ended with $tap_status" && tap_note <"$tap_dir/.out"
    fi
}

refuse() {
    tap_claim=$1
    shift
    if "$@" >"$tap_dir/.out" 2>&1; then
        tap_result 1 "$tap_claim"
        echo "# $* succeeded" && tap_note <"$tap_dir/.out"
    else
        tap_result 0 "$tap_claim"
    fi
}

equal() {
    if [ "$2" = "$3" ]; then
        tap_result 0 "$1"
    else
        tap_result 1 "$1"
        printf 'got:  %s\nwant: %s\n' "$2" "$3" | tap_note
    fi
}

skip() {
    tap_count=$((tap_count + 1))
    echo "ok $tap_count - $1 # SKIP $2"
}

skip_all() {
    echo "1..0 # SKIP $1"
    exit 0
}

tap_done() {
    echo "1..$tap_count"
    [ "$tap_failed" -eq 0 ]
}
