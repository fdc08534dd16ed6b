#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what parka needs, as Debian packages.
#   scripts/deps.sh build        to build and run it
#   scripts/deps.sh test         also for the tests (compilers, container runtimes, sanitizers)
#   scripts/deps.sh guest        also for tests in QEMU guests
#   scripts/deps.sh bench        to build it and for the loads of bench/agent.py
#   scripts/deps.sh --check SET  only say whether all of SET is there (exit 1 if not)
set -eu

build='gcc g++ make meson ninja-build pkg-config clang-19 llvm-19 bpftool libbpf-dev libelf-dev zlib1g-dev
 libjansson-dev libxxhash-dev libyaml-dev libre2-dev libzstd-dev libcurl4-openssl-dev'
test="$build clang libclang-rt-19-dev python3 gcc-multilib libc6-dev busybox-static iproute2 util-linux procps
 docker.io containerd runc crun podman python3-grpcio man-db zsh fish
 etcd-server openssl openssh-server openssh-client sudo cron uidmap iputils-ping libcap2-bin"
guest="$test qemu-system-x86 cpio kmod"
bench="$build python3 redis-server redis-tools docker.io busybox-static util-linux"

check=
if [ "${1:-}" = --check ]; then
	check=1
	shift
fi
case "${1:-build}" in
	build) want=$build ;;
	test) want=$test ;;
	guest) want=$guest ;;
	bench) want=$bench ;;
	all) want="$guest $bench" ;;
	*) echo "usage: scripts/deps.sh [--check] build|test|guest|bench" >&2; exit 2 ;;
esac

if ! command -v dpkg-query >/dev/null; then
	[ -n "$check" ] && exit 0
	echo "This is no Debian: install the equivalents of these packages yourself:" >&2
	echo "$want" >&2
	exit 1
fi

missing=
for p in $want; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing="$missing $p"
done
[ -z "$missing" ] && exit 0
[ -n "$check" ] && exit 1
if [ "$(id -u)" != 0 ]; then
	echo "These packages are missing; run as root, or install them:$missing" >&2
	exit 1
fi
echo "Installing:$missing"
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086 # a list of words
apt-get install -y -qq --no-install-recommends $missing >/dev/null 2>&1 || {
	apt-get update -qq
	apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
