#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# `make test`: everything that must hold, on this machine. Ends with "N passed, N failed, N skipped".
#   scripts/test.sh [layout|unit|docs|rules|asan|kernel|guest|e2e|fuzz ...]     some parts only
# Runs as root for the parts that need the kernel and containers; elsewhere those are skipped with a reason.
set -u
cd "$(dirname "$0")/.." || exit 2
parts=${*:-layout unit docs rules asan kernel guest e2e fuzz}
[ "$(id -u)" = 0 ] && { scripts/deps.sh test || exit 1; }
tally=$(mktemp)
trap 'rm -f "$tally"' EXIT

tap() { scripts/tap-run.sh "$tally" "$@"; }
fail() { echo "FAIL $1"; echo "0 1 0" >>"$tally"; }

# build DIR COMPILER MESON-OPTIONS...: warnings are errors here.
build() {
	local dir=$1 cc=$2 cxx=$3
	shift 3
	if [ ! -f "$dir/build.ninja" ]; then
		CC=$cc CXX=$cxx meson setup "$dir" --werror "$@" >"$dir.log" 2>&1 || { tail -30 "$dir.log"; return 1; }
	fi
	ninja -C "$dir" >"$dir.log" 2>&1 || { grep -A12 -E '^FAILED|: error:|ERROR:' "$dir.log" | head -60; return 1; }
	rm -f "$dir.log"
}

unit() {
	local dir=$1 label=$2
	for t in "$dir"/tests/unit/*_test; do
		tap "$label $(basename "$t")" 300 "$t"
	done
}

export SHARED_DIR=${SHARED_DIR:-$PWD/../shared}
export PARKA=$PWD/build-ci/src/cli/parka
[ -x /usr/bin/gcc ] && export PARKA_HELPER32=$PWD/build-ci/tests/kernel/helper32
export UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1
need_build=1
for part in $parts; do
	case $part in
		unit | docs | rules | kernel | guest | e2e)
			[ -n "$need_build" ] && { build build-ci gcc g++ || { fail "build with gcc"; break; }; need_build=; } ;;
	esac
	case $part in
		layout) tap layout 60 scripts/check-layout.sh ;;
		docs) tap docs 60 scripts/gen-docs.sh --check "$PARKA" ;;
		unit) unit build-ci unit ;;
		asan)
			if build build-asan clang-19 clang++-19 -Db_sanitize=address,undefined -Db_lundef=false; then
				unit build-asan asan
			else
				fail "build with clang, ASan and UBSan"
			fi ;;
		rules) for t in tests/rules/*.py; do [ -f "$t" ] && tap "rules $(basename "$t")" 300 python3 "$t"; done ;;
		kernel)
			for t in build-ci/tests/kernel/*_test; do
				[ -x "$t" ] && tap "kernel $(basename "$t")" 300 "$t"
			done ;;
		guest) for t in tests/guest/*_test.sh; do [ -f "$t" ] && tap "guest $(basename "$t")" 900 bash "$t"; done ;;
		e2e)
			for t in tests/e2e/*_test.py; do [ -f "$t" ] && tap "e2e $(basename "$t")" 900 python3 "$t"; done
			for t in tests/e2e/*_test.sh; do [ -f "$t" ] && tap "e2e $(basename "$t")" 900 sh "$t"; done ;;
		fuzz)
			if build build-fuzz clang-19 clang++-19 -Dfuzz=true -Db_sanitize=address,undefined -Db_lundef=false; then
				tap fuzz 1200 scripts/fuzz.sh build-fuzz "${PARKA_FUZZ_SECONDS:-10}"
			else
				fail "build of the fuzz targets"
			fi ;;
		*) echo "scripts/test.sh: no part named $part" >&2; exit 2 ;;
	esac
done
echo
awk '{ p += $1; f += $2; s += $3 } END { printf "%d passed, %d failed, %d skipped\n", p, f, s; exit f > 0 || p == 0 }' "$tally"
