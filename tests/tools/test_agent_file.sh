#!/bin/bash
# binnacle-agent is one file that runs on any Linux: nothing is loaded, no console and no store are in it,
# and it is small.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/../lib/tap.sh"
agent=${top_builddir:-$here/../..}/binnacle-agent
[ -x "$agent" ] || skip_all "binnacle-agent is not built"

equal "it loads no library" "$(readelf -d "$agent" | grep -c NEEDED || true)" 0
equal "it names no loader" "$(readelf -l "$agent" | grep -c INTERP || true)" 0
equal "it may lie anywhere (PIE)" "$(readelf -h "$agent" | awk '/Type:/ { print $2 }')" DYN
for symbol in initscr sqlite3_open_v2 libssh2_session_init_ex; do
    equal "it has no $symbol" "$(nm "$agent" | grep -cw "$symbol" || true)" 0
done
strip -o "$tap_dir/agent" "$agent"
check "stripped it has at most 8 MB" [ "$(stat -c %s "$tap_dir/agent")" -le $((8 << 20)) ]
check "it says what its options are" "$tap_dir/agent" --help
refuse "an option that there is not" "$tap_dir/agent" --no-such-option
tap_done
