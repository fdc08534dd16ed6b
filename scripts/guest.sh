#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs a command in a QEMU guest with a Debian cloud kernel: for what the kernel of this machine refuses
# (fentry, LSM programs, modules), and to see that programs load on older kernels.
#
#   scripts/guest.sh kernel 6.1            fetch that kernel (a Debian package) and print its release
#   scripts/guest.sh module 6.1 DIRECTORY OUT   build the kernel module in DIRECTORY for it (6.1), into OUT
#   scripts/guest.sh run 6.1 [-m MODULE]... [-f FILE[:PLACE]]... [-t SECONDS] -- COMMAND
#
# FILE is copied into the guest with the shared libraries it needs (PLACE: where to; the same path without it). The guest
# has busybox, proc, sys, tracefs, cgroup v2, bpffs, loopback up, and no network. COMMAND runs as root; its output and
# exit status are this script's. Kernels and the images are kept in $PARKA_GUESTS (build-guest). PARKA_GUEST_QEMU:
# more options of QEMU ("-icount shift=0": the guest's time counts instructions); PARKA_GUEST_APPEND: of the kernel.
set -eu
cd "$(dirname "$0")/.."
keep=${PARKA_GUESTS:-$PWD/build-guest}

# apt with lists of its own for an older Debian release, from the mirror this machine uses.
old_apt() {
	local dir=$keep/apt mirror
	if [ ! -f "$dir/sources.list" ]; then
		mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
		mirror=$(sed -n 's/^URIs: //p; s/^deb \(\[.*\] \)\{0,1\}\([^ ]*\) .*/\2/p' /etc/apt/sources.list.d/debian.sources /etc/apt/sources.list 2>/dev/null | head -1)
		echo "deb $mirror bullseye main" >"$dir/sources.list"
		old_apt apt-get update -qq >/dev/null 2>&1 || { rm -f "$dir/sources.list"; return 1; }
	fi
	"$1" -o Dir::Etc::sourcelist="$dir/sources.list" -o Dir::Etc::sourceparts=- \
		-o Dir::State::lists="$dir/lists" -o Dir::Cache="$dir/cache" "${@:2}"
}

apt_of() { case $1 in 5.10) echo old_apt ;; *) echo env ;; esac; }

kernel_package() {
	case $1 in
		6.1) apt-cache depends linux-image-cloud-amd64 ;;
		6.12) apt-cache depends linux-image-6.12-cloud-amd64 ;;
		5.10) old_apt apt-cache depends linux-image-cloud-amd64 ;;
		*) echo "guest.sh: no kernel $1 is known (6.1, 6.12, 5.10)" >&2; return 2 ;;
	esac 2>/dev/null | sed -n 's/^ *Depends: \(linux-image-[0-9].*\)/\1/p' | head -1
}

# Prints the directory with boot/ and lib/modules/ of that kernel.
kernel() {
	local dir=$keep/kernel-$1 package
	mkdir -p "$keep"
	if [ ! -f "$dir/ok" ]; then
		package=$(kernel_package "$1")
		[ -n "$package" ] || { echo "guest.sh: no package of a $1 cloud kernel is on offer here" >&2; return 1; }
		rm -rf "$dir" && mkdir -p "$dir"
		(cd "$dir" && "$(apt_of "$1")" apt-get download -qq "$package" >/dev/null 2>&1) || { echo "guest.sh: cannot download $package" >&2; return 1; }
		dpkg-deb -x "$dir"/*.deb "$dir"
		rm -f "$dir"/*.deb
		touch "$dir/ok"
	fi
	echo "$dir"
}

# Headers of that kernel, from the packages that belong to it, laid out in $keep/headers-VERSION. Their makefiles say where
# they are installed: that is made to be here.
headers() {
	local dir=$keep/headers-$1 release src
	release=$(basename "$(echo "$(kernel "$1")"/lib/modules/*)")
	src=$dir/usr/src/linux-headers-$release
	if [ ! -f "$dir/ok" ]; then
		rm -rf "$dir" && mkdir -p "$dir"
		(cd "$dir" && "$(apt_of "$1")" apt-get download -qq "linux-headers-$release" "linux-headers-${release%-cloud-amd64}-common" \
			"linux-kbuild-$1" >/dev/null 2>&1) || { echo "guest.sh: cannot download the headers of $release" >&2; return 1; }
		for p in "$dir"/*.deb; do dpkg-deb -x "$p" "$dir"; rm "$p"; done
		sed -i "s|/usr/src/|$dir/usr/src/|" "$src/Makefile"
		touch "$dir/ok"
	fi
	echo "$src"
}

module() { # VERSION DIRECTORY OUT
	local src log
	src=$(headers "$1") || return 1
	mkdir -p "$3"
	cp "$2"/*.c "$2/Kbuild" "$3/"
	log=$(make -C "$src" "M=$(realpath "$3")" modules 2>&1) || { echo "$log" >&2; return 1; }
}

add_file() { # FILE PLACE ROOT
	mkdir -p "$3/$(dirname "$2")"
	cp -L "$1" "$3/$2"
	ldd "$1" 2>/dev/null | sed -n 's/.* => \(\/[^ ]*\).*/\1/p; s/^[[:space:]]*\(\/[^ ]*\) (.*/\1/p' | while read -r lib; do
		[ -e "$3$lib" ] || { mkdir -p "$3$(dirname "$lib")"; cp -L "$lib" "$3$lib"; }
	done
}

add_module() { # NAME KERNEL-DIR ROOT: with what it depends on
	local dir file
	dir=$(echo "$2"/lib/modules/*)
	[ -f "$dir/modules.dep" ] || /sbin/depmod -b "$2" "$(basename "$dir")"
	file=$(grep -E "/$1\.ko(\.xz)?:" "$dir/modules.dep" | head -1)
	[ -n "$file" ] || return 0      # built in, or not there
	for f in $(echo "$file" | sed 's/^[^:]*://' | tr ' ' '\n' | tac) "${file%%:*}"; do
		mkdir -p "$3/modules"
		[ -e "$3/modules/$(basename "${f%.xz}")" ] && continue
		case $f in
			*.xz) xz -dc "$dir/$f" >"$3/modules/$(basename "${f%.xz}")" ;;
			*) cp "$dir/$f" "$3/modules/" ;;
		esac
		basename "${f%.xz}" >>"$3/modules/order"
	done
}

run() {
	local version=$1 seconds=120 kdir
	shift
	kdir=$(kernel "$version")
	root=$(mktemp -d)
	chmod 755 "$root"   # it becomes the root directory: for all users
	out=$(mktemp)
	trap 'rm -rf "$root" "$out" "$root.cpio.gz"' EXIT
	# Laid out as Debian is, with a few of its real programs, for tests that run and compare them.
	mkdir -p "$root"/{usr/bin,usr/sbin,usr/lib,usr/lib64,dev,proc,sys,tmp,run,root,etc,var}
	ln -s usr/bin "$root/bin"; ln -s usr/sbin "$root/sbin"; ln -s usr/lib "$root/lib"; ln -s usr/lib64 "$root/lib64"
	for a in $(/bin/busybox --list); do ln -sf busybox "$root/bin/$a"; done
	for a in busybox true cat sh; do rm -f "$root/bin/$a"; done
	cp /bin/busybox "$root/bin/busybox"
	for a in true cat; do add_file "/usr/bin/$a" "/usr/bin/$a" "$root"; done
	add_file "$(readlink -f /bin/sh)" /usr/bin/sh "$root"
	echo guest >"$root/etc/hostname"
	echo 'root:x:0:0:root:/root:/bin/sh
nobody:x:65534:65534:nobody:/:/bin/sh' >"$root/etc/passwd"
	echo 'root:x:0:' >"$root/etc/group"
	echo 'root:*:19000:0:99999:7:::' >"$root/etc/shadow"
	while [ $# -gt 0 ]; do
		case $1 in
			-m) add_module "$2" "$kdir" "$root"; shift 2 ;;
			-f) add_file "${2%%:*}" "${2#*:}" "$root"; shift 2 ;;
			-t) seconds=$2; shift 2 ;;
			--) shift; break ;;
			*) echo "guest.sh: what is $1?" >&2; return 2 ;;
		esac
	done
	printf '%s\n' "$*" >"$root/command"
	cat >"$root/init" <<'INIT'
#!/bin/sh
export PATH=/bin HOME=/root
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
mount -t tmpfs tmp /tmp; mount -t tracefs trace /sys/kernel/tracing 2>/dev/null
mount -t securityfs sec /sys/kernel/security 2>/dev/null
mount -t bpf bpf /sys/fs/bpf 2>/dev/null; mount -t cgroup2 cgroup /sys/fs/cgroup; ip link set lo up
[ -f /modules/order ] && while read -r m; do insmod /modules/$m; done </modules/order
echo; echo "=== guest begins"
sh /command </dev/null
echo; echo "=== guest ends $?"
poweroff -f
INIT
	chmod +x "$root/init"
	(cd "$root" && find . | cpio -o -H newc --quiet | gzip -1) >"$root.cpio.gz"
	timeout -k 5 "$seconds" qemu-system-x86_64 ${PARKA_GUEST_MACHINE:--accel tcg -cpu max -smp 2} -m 1024 -nographic -no-reboot -nic none ${PARKA_GUEST_QEMU:-} \
		-kernel "$(echo "$kdir"/boot/vmlinuz-*)" -initrd "$root.cpio.gz" \
		-append "console=ttyS0 quiet panic=-1 lsm=landlock,lockdown,yama,bpf ${PARKA_GUEST_APPEND:-}" </dev/null >"$out" 2>&1 || true
	tr -d '\r' <"$out" | sed -n '/^=== guest begins/,/^=== guest ends/p' | grep -v '^=== guest' || true
	if grep -q '^=== guest ends 0' "$out"; then
		return 0
	fi
	grep -q '^=== guest ends' "$out" || { echo "guest.sh: the guest did not finish within $seconds s"; tail -20 "$out"; }
	return 1
}

case ${1:-} in
	kernel) basename "$(echo "$(kernel "$2")"/lib/modules/*)" ;;
	module) module "$2" "$3" "$4" ;;
	run) shift; run "$@" ;;
	*) sed -n '3,16p' "$0" | sed 's/^# \{0,1\}//'; exit 2 ;;
esac
