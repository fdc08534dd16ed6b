#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The kernel tests under Debian's kernels 5.10, 6.1 and 6.12 in QEMU guests: programs load and attach there (fentry and
# LSM programs too, which many kernels refuse), and events say the same. TAP: one test per kernel and inner test.
#   PARKA_GUEST_KERNELS="6.1 6.12" tests/guest/kernels_test.sh
set -u
cd "$(dirname "$0")/../.." || exit 2
build=${PARKA_BUILD:-build-ci}
kernels=${PARKA_GUEST_KERNELS:-5.10 6.1 6.12}
n=0
bad=0
result() { # ok|not ok, text
	n=$((n + 1))
	[ "$1" = ok ] || bad=1
	echo "$1 $n - $2"
}

if ! command -v qemu-system-x86_64 >/dev/null || ! command -v cpio >/dev/null || [ ! -x /sbin/depmod ]; then
	echo "1..0 # SKIP qemu-system-x86, cpio or kmod is not installed (scripts/deps.sh guest)"
	exit 0
fi
# KERNEL TEST [LABEL VARIABLE=VALUE...]: one test program in one guest.
run_test() {
	local kernel=$1 test=$2 label=kernel_$1${3:+_$3} name files=() out code
	shift 2
	[ $# -gt 0 ] && shift
	name=$(basename "$test")
	[ -x "$build/tests/kernel/helper32" ] && files+=(-f "$build/tests/kernel/helper32:/tests/helper32")
	out=$(scripts/guest.sh run "$kernel" -m overlay -t 400 -f "$test:/tests/$name" "${files[@]}" -- \
		"cd /tests && PARKA_HELPER32=/tests/helper32 $* ./$name")
	code=$?
	while read -r line; do
		case $line in
			"ok "*) result ok "${label}_${line#ok * - }" ;;
			"not ok "*) result "not ok" "${label}_${line#not ok * - }" ;;
			"# "*) echo "$line" ;;
		esac
	done <<<"$out"
	# A sensor that does not load makes every test skip: that is the failure this script is for.
	if [ "$(grep '^ok ' <<<"$out" | grep -vc '# SKIP')" -le "$(grep -c '# SKIP' <<<"$out")" ]; then
		result "not ok" "${label}_${name}_runs_its_tests"
		grep '# SKIP' <<<"$out" | head -3 | sed 's/^/# /'
	fi
	case $out in
		*1..*) ;;
		*) result "not ok" "${label}_${name}_runs_to_its_end"; tail -20 <<<"$out" | sed 's/^/# /'; echo "# status $code" ;;
	esac
}

for kernel in $kernels; do
	if ! scripts/guest.sh kernel "$kernel" >/dev/null 2>&1; then
		result ok "kernel_${kernel} # SKIP its Debian package cannot be fetched here"
		continue
	fi
	for test in "$build"/tests/kernel/*_test; do
		run_test "$kernel" "$test"
	done
done
# The other ways that the last of the kernels has: names by LSM programs, calls by their tracepoints.
if scripts/guest.sh kernel "$kernel" >/dev/null 2>&1; then
	run_test "$kernel" "$build/tests/kernel/sensor_live_test" names_by_lsm PARKA_SENSOR_NAMES=lsm
	run_test "$kernel" "$build/tests/kernel/sensor_live_test" calls_by_tracepoints PARKA_SENSOR_HOOKS=calls
fi
echo "1..$n"
exit $bad
