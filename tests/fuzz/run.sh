#!/bin/sh
# Fuzzes one target with clang's libFuzzer, AddressSanitizer and UndefinedBehaviorSanitizer.
# Usage: tests/fuzz/run.sh NAME [SECONDS [BUILD-FOLDER]].  New inputs stay in BUILD-FOLDER/NAME, what
# fails in BUILD-FOLDER/crash-*: it belongs into corpus/NAME, with the repair.
set -eu
name=$1
seconds=${2:-60}
top=$(cd "$(dirname "$0")/../.." && pwd)
build=${3:-${TMPDIR:-/tmp}/binnacle-fuzz}
flags="-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all"

[ -f "$top/tests/fuzz/fuzz_$name.c" ] || { echo "no tests/fuzz/fuzz_$name.c" >&2; exit 2; }
mkdir -p "$build/$name"
cd "$build"
[ -f Makefile ] || "$top/configure" -q CC=clang CFLAGS="$flags -fsanitize=fuzzer-no-link" --disable-werror
make -s libapiserver.a libbase.a libnet.a libapi.a libclient.a libui.a libcri.a libagent.a
# shellcheck disable=SC2086,SC2046
clang -std=gnu17 $flags -fsanitize=fuzzer -I. -I"$top/src" -I"$top" -o "fuzz_$name" \
    "$top/tests/fuzz/fuzz_$name.c" libapiserver.a libui.a libagent.a libcri.a libclient.a libapi.a libnet.a libbase.a \
    $(sed -n 's/^\(LDNS\|YAML\|NGHTTP2\|OPENSSL\|UV\|ZLIB\|PROTOBUF_C\)_LIBS = //p' Makefile) -lpthread -lm
dict=
[ ! -f "$top/tests/fuzz/$name.dict" ] || dict=-dict="$top/tests/fuzz/$name.dict"
# shellcheck disable=SC2086
exec "$build/fuzz_$name" -max_total_time="$seconds" -timeout=5 -rss_limit_mb=2048 \
    -artifact_prefix="$build/" $dict \
    "$build/$name" "$top/tests/fuzz/corpus/$name"
