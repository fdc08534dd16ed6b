#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# parka watch inside a guest with the rules that ship: a kernel module that is loaded by hand is told. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
parka=${PARKA:-build/src/cli/parka}
kernel=${PARKA_GUEST_KERNEL:-6.1}

if ! command -v qemu-system-x86_64 >/dev/null || ! command -v cpio >/dev/null || [ ! -x /sbin/depmod ]; then
	echo "1..0 # SKIP qemu-system-x86, cpio or kmod is not installed (scripts/deps.sh guest)"
	exit 0
fi
if ! release=$(scripts/guest.sh kernel "$kernel" 2>/dev/null); then
	echo "1..0 # SKIP the Debian package of kernel $kernel cannot be fetched here"
	exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
module=$(find "${PARKA_GUESTS:-build-guest}/kernel-$kernel/lib/modules/$release" -name 'dummy.ko*' | head -1)
case $module in
	*.xz) xz -dc "$module" >"$work/dummy.ko" ;;
	*) cp "$module" "$work/dummy.ko" ;;
esac
files=(-f "$parka:/usr/bin/parka" -f "$work/dummy.ko:/var/tmp/dummy.ko")
for rules in content/rules/*.yaml; do files+=(-f "$rules:/content/rules/$(basename "$rules")"); done
out=$(scripts/guest.sh run "$kernel" -t 120 "${files[@]}" -- '
	PARKA_CONTENT=/content parka watch --json --throttle 0 --no-api >/tmp/out 2>/tmp/err & watcher=$!
	for i in $(seq 60); do grep -q "watching with" /tmp/err && break; sleep 0.5; done
	insmod /var/tmp/dummy.ko; sleep 1; rmmod dummy; sleep 2
	kill -INT $watcher; sleep 1; cat /tmp/out; cat /tmp/err >&2; lsmod')

n=0
bad=0
told() { # name, pattern
	n=$((n + 1))
	if grep -qE "$2" <<<"$out"; then
		echo "ok $n - $1"
	else
		bad=1
		tail -12 <<<"$out" | cut -c1-600 | sed 's/^/# /'
		echo "not ok $n - $1"
	fi
}
told parka_watches_in_the_guest 'watching with [0-9]+ rules'
told a_module_from_an_unusual_place_is_told '"rule":"Kernel module loaded from an unusual place"'
told the_finding_names_the_file_and_who_loaded_it '"output":"[^"]*insmod[^"]*/var/tmp/dummy.ko'
echo "1..$n"
exit $bad
