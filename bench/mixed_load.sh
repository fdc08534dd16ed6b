#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# A mixed workload, recorded: what bench/eval_bench measures the rules on.
#
#     bench/mixed_load.sh [-n ROUNDS] CAPTURE       record it (root)
#     bench/mixed_load.sh [-n ROUNDS] -             only do it
#
# Each round builds a small C project, searches directory trees, runs a version-control day, starts
# interpreters and shell scripts, looks at /proc, packs and unpacks, and talks to a web server on this
# host. One round (the default) is more than 200,000 events. What else runs on the host is recorded too.
set -eu

top=$(dirname "$(dirname "$(readlink -f "$0")")")
parka=${PARKA:-$top/build/src/cli/parka}
rounds=1
while getopts n: option; do
	case $option in
	n) rounds=$OPTARG ;;
	*) exit 2 ;;
	esac
done
shift $((OPTIND - 1))
[ $# = 1 ] || { sed -n '5,6s/^# *//p' "$0" >&2; exit 2; }

capture=$(readlink -m "$1")
work=$(mktemp -d "${TMPDIR:-/tmp}/parka-mix-XXXXXX")
server= recorder=
clean() {
	[ -z "$server" ] || kill "$server" 2>/dev/null || true
	[ -z "$recorder" ] || kill "$recorder" 2>/dev/null || true
	rm -rf "$work"
}
trap clean EXIT

make_project() {
	mkdir "$work/project"
	cd "$work/project"
	for i in 1 2 3 4 5 6 7 8 9 10 11 12; do
		{
			printf '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n#include <unistd.h>\n#include <fcntl.h>\n'
			printf '#include <sys/socket.h>\n#include <netinet/in.h>\n#include <signal.h>\n#include <pthread.h>\n#include <math.h>\n'
			printf 'int unit_%s(int x) { return x * %s + (int)getpid(); }\n' "$i" "$i"
		} >"unit_$i.c"
	done
	printf 'int main(void) { return 0; }\n' >main.c
	printf 'objects = $(patsubst %%.c,%%.o,$(wildcard *.c))\nprogram: $(objects)\n\tcc -o $@ $^\n%%.o: %%.c\n\tcc -O1 -c -o $@ $<\n' >Makefile
	printf 'clean:\n\trm -f *.o program\n' >>Makefile
}

build() {
	cd "$work/project"
	make -s clean
	make -s -j2
}

search() {
	grep -rl pthread_create /usr/include >/dev/null || true
	find /usr/share/doc /etc -xdev -type f -name '*.conf' >/dev/null 2>&1 || true
	grep -c . /etc/passwd /etc/hosts /etc/fstab >/dev/null 2>&1 || true
}

version_control() {
	rm -rf "$work/repo"
	mkdir "$work/repo"
	cd "$work/repo"
	cp "$work"/project/*.c .
	git init -q .
	for i in 1 2 3; do
		echo "/* $i */" >>main.c
		git add .
		git -c user.name=bench -c user.email=bench@localhost commit -q -m "change $i"
		git status >/dev/null
		git log --stat >/dev/null
	done
}

scripts() {
	for i in 1 2 3 4 5 6 7 8; do
		sh -c 'ls -l /usr/bin | awk "{ n += \$5 } END { print n }" | sed s/x/y/' >/dev/null
		id >/dev/null
		ps -e -o pid,comm >/dev/null
		tr a-z A-Z </etc/services >/dev/null
	done
	for i in 1 2 3; do
		python3 -c 'import json, http.client, unittest, sqlite3, email.mime.text, xml.dom.minidom' || true
		perl -MFile::Find -e 'find(sub { open my $f, "<", $_ if -f }, "/usr/share/perl", "/etc")' || true
	done
}

pack() {
	cd "$work"
	tar czf pack.tar.gz project /usr/include/linux 2>/dev/null
	mkdir unpacked
	tar xzf pack.tar.gz -C unpacked
	mv unpacked unpacked.old
	chmod -R go-w unpacked.old
	rm -r unpacked.old pack.tar.gz
}

network() {
	for i in 1 2 3 4 5 6 7 8; do
		curl -s -o "$work/page" "http://127.0.0.1:$port/Makefile" || true
		getent hosts localhost >/dev/null || true
	done
	python3 - "$port" <<'PYTHON' || true
import socket, sys
for i in range(400):
    with socket.create_connection(("127.0.0.1", int(sys.argv[1]))) as s:
        s.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        s.connect(("127.0.0.1", 9))
PYTHON
}

make_project
port=$((20000 + $$ % 20000))
python3 -m http.server --bind 127.0.0.1 --directory "$work/project" "$port" >/dev/null 2>&1 &
server=$!
if [ "$1" != - ]; then
	"$parka" record --ring-size 16M "$capture" &
	recorder=$!
	sleep 3
fi
for round in $(seq "$rounds"); do
	build
	search
	version_control
	scripts
	pack
	network
done
if [ -n "$recorder" ]; then
	sleep 1
	kill -INT "$recorder"
	wait "$recorder" || true
	recorder=
fi
