#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# parka watch inside a guest: credentials that a hole in the kernel gives (gain_module) are told, lawful ones are not. TAP.
set -u
cd "$(dirname "$0")/../.." || exit 2
parka=${PARKA:-build/src/cli/parka}
kernel=${PARKA_GUEST_KERNEL:-6.1}

skip() {
	echo "1..0 # SKIP $1"
	exit 0
}
if ! command -v qemu-system-x86_64 >/dev/null || ! command -v cpio >/dev/null || [ ! -x /sbin/depmod ]; then
	skip "qemu-system-x86, cpio or kmod is not installed (scripts/deps.sh guest)"
fi
scripts/guest.sh kernel "$kernel" >/dev/null 2>&1 || skip "the Debian package of kernel $kernel cannot be fetched here"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
scripts/guest.sh module "$kernel" tests/guest/gain_module "$work/module" 2>"$work/err" || {
	sed 's/^/# /' "$work/err"
	skip "no module can be built for kernel $kernel here"
}
files=(-f "$parka:/usr/bin/parka" -f "$work/module/gain.ko:/var/tmp/gain.ko")
[ -x /sbin/setcap ] && files+=(-f "/sbin/setcap:/usr/sbin/setcap")
for rules in content/rules/*.yaml; do files+=(-f "$rules:/content/rules/$(basename "$rules")"); done
# Each act is done by a shell of its own with an argument that names it. The lawful ones come first: they begin and end as the others do.
cat >"$work/acts" <<'EOF'
PARKA_CONTENT=/content parka watch --json --throttle 0 --no-api >/tmp/out 2>/tmp/err & watcher=$!
for i in $(seq 120); do grep -q "watching with" /tmp/err && break; sleep 0.5; done
insmod /var/tmp/gain.ko
cp /bin/busybox /var/tmp/setid; chmod 4755 /var/tmp/setid
cp /bin/cat /var/tmp/capable; /usr/sbin/setcap cap_dac_override,cap_net_raw+ep /var/tmp/capable
echo "== acts"
su -s /bin/sh nobody -c 'cat /etc/hostname; : lawful-drop'
su -s /bin/sh nobody -c '/var/tmp/setid id; cat /etc/hostname; : lawful-setid'
su -s /bin/sh nobody -c '/var/tmp/capable /etc/shadow; cat /etc/hostname; : lawful-filecaps'
su -s /bin/sh nobody -c 'unshare -U -r /bin/sh -c "cat /etc/hostname; id"; : lawful-userns'
setpriv --nnp /bin/sh -c 'cat /etc/hostname; : lawful-nnp'
sh -c 'su -s /bin/sh nobody -c "cat /etc/hostname"; cat /etc/hostname; : lawful-root'
sleep 1
su -s /bin/sh nobody -c 'echo commit >/proc/gain; cat /etc/shadow; id; : gained-commit'
su -s /bin/sh nobody -c 'echo overwrite >/proc/gain; cat /etc/shadow; id; : gained-overwrite'
sleep 2
kill -INT $watcher; sleep 2; cat /tmp/out; cat /tmp/err
EOF
out=$(scripts/guest.sh run "$kernel" -t 200 "${files[@]}" -f "$work/acts:/acts" -- 'sh /acts')

n=0
bad=0
check() { # name, status
	n=$((n + 1))
	if [ "$2" = 0 ]; then
		echo "ok $n - $1"
	else
		[ "$bad" = 1 ] || tail -30 <<<"$out" | cut -c1-400 | sed 's/^/# /'
		bad=1
		echo "not ok $n - $1"
	fi
}
alerts=$(grep '"rule":"Privileges changed with no lawful cause"' <<<"$out" || true)
grep -qE 'watching with [0-9]+ rules' <<<"$out"; check parka_watches_in_the_guest $?
# The acts worked: set-id and file capabilities and the new namespace gave what they give, and so did the hole.
[ "$(grep -c 'uid=0(root)' <<<"$out")" -ge 3 ]; check the_acts_gain_what_they_are_to_gain $?
for act in commit overwrite; do
	grep -q "gained-$act" <<<"$alerts"; check "what_a_hole_in_the_kernel_gives_is_told_after_$act" $?
	grep "gained-$act" <<<"$alerts" | grep -q 'uid=65534 .*became uid=0 '; check "the_alert_of_${act}_says_what_was_and_what_is" $?
done
! grep -q "lawful-" <<<"$alerts"; check lawful_gains_are_silent $?
echo "1..$n"
exit $bad
