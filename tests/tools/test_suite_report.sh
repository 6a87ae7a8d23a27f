#!/bin/bash
# The report of a conformance run counts what ran, and is no success when nothing did.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/tap.sh"
command -v python3 >/dev/null || skip_all "needs python3"
report() {
    python3 -B "$here/../conformance/report.py" "$tap_dir"
}

junit() { # BODY
    echo "<testsuites><testsuite>$1</testsuite></testsuites>" >"$tap_dir/parallel.xml"
}

passed='<testcase name="[It] [sig-node] Pods run [Conformance]" status="passed" time="1"/>'
failed='<testcase name="[It] [sig-apps] Jobs run [Conformance]" status="failed" time="1"/>'
skipped='<testcase name="[It] [sig-apps] Sets run [Conformance]" status="skipped"><skipped/></testcase>'
setup='<testcase name="[SynchronizedBeforeSuite]" status="passed"/>'

junit "$setup$passed$skipped"
check "all that ran has passed: success" report
equal "the table and the sum" "$(report | tr -s ' ' | paste -sd,)" "sig-node 1 of 1,1 passed, 0 failed"
equal "passed.txt has the full name" "$(cat "$tap_dir/passed.txt")" "[sig-node] Pods run"

junit "$passed$failed"
refuse "one failed: no success" report
equal "failed.txt has it" "$(cat "$tap_dir/failed.txt")" "[sig-apps] Jobs run"

junit "$setup$skipped"
refuse "nothing ran: no success" report
equal "and it says so" "$(report || true)" "nothing ran, see $tap_dir/*.log"

tap_done
