#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs one TAP program and adds what came of its tests to a tally.
#   scripts/tap-run.sh TALLY NAME SECONDS COMMAND...
# Shows failed and skipped tests only; a program that dies or prints no plan is a failure.
set -u
tally=$1 name=$2 seconds=$3
shift 3
out=$(mktemp)
trap 'rm -f "$out"' EXIT
start=$(date +%s)
timeout -k 5 "$seconds" "$@" >"$out" 2>&1 </dev/null
code=$?
awk -v name="$name" -v code="$code" -v took="$(($(date +%s) - start))" -v tally="$tally" '
	/^ok .*# SKIP/ { skipped++; sub(/^ok [0-9]* - /, ""); skips[skipped] = $0; notes = ""; next }
	/^ok /         { passed++; notes = ""; next }
	/^not ok /     { failed++; printf "FAIL %s: %s\n%s", name, $0, notes; notes = ""; next }
	/^1\.\.0 # SKIP/ { planned = 1; skipped++; sub(/^1\.\.0 # SKIP */, ""); skips[skipped] = $0; next }
	/^1\.\./       { planned = 1; next }
	{ notes = notes "    " $0 "\n"; tail[NR % 15] = $0 }
	END {
		if (!planned || (code != 0 && !failed)) {
			failed++
			printf "FAIL %s: ended with status %d%s%s\n", name, code, planned ? "" : " before its plan",
				code == 124 ? " (took too long)" : ""
			for (i = NR - 14; i <= NR; i++) if (i > 0 && (i % 15) in tail) print "    " tail[i % 15]
		}
		printf "%-34s %4d passed %3d failed %3d skipped  %d s\n", name, passed, failed, skipped, took
		for (i = 1; i <= skipped; i++) print "    skipped: " skips[i]
		print passed + 0, failed + 0, skipped + 0 >> tally
	}' "$out"
