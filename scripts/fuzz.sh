#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs every fuzz target of a build for some seconds from its corpus. TAP.
#   scripts/fuzz.sh BUILD SECONDS [TARGET...]
set -u
build=$1 seconds=$2
shift 2
n=0
bad=0
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for target in "$build"/tests/fuzz/*_fuzz; do
	name=$(basename "$target")
	[ $# -gt 0 ] && case " $* " in *" $name "*) ;; *) continue ;; esac
	n=$((n + 1))
	mkdir -p "$work/$name"
	corpus=tests/fuzz/corpus/${name%_fuzz}
	[ -d "$corpus" ] || corpus=
	if "$target" -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -verbosity=0 -print_final_stats=0 \
		-artifact_prefix="$work/$name." "$work/$name" $corpus >"$work/log" 2>&1; then
		echo "ok $n - ${name}_finds_nothing_in_${seconds}_seconds"
	else
		bad=1
		tail -40 "$work/log" | sed 's/^/# /'
		for f in "$work/$name".*; do [ -f "$f" ] && head -c 400 "$f" | base64 | sed 's/^/# input: /'; done
		echo "not ok $n - ${name}_finds_nothing_in_${seconds}_seconds"
	fi
done
echo "1..$n"
exit $bad
