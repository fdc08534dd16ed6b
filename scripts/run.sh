#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# `make run`: install what is missing, build, and watch this machine.
set -eu
cd "$(dirname "$0")/.."
if [ "$(uname -s)" != Linux ]; then
	echo "parka watches Linux hosts; this is $(uname -s)." >&2
	exit 1
fi
scripts/deps.sh build
make --no-print-directory all
if [ "$(id -u)" != 0 ]; then
	echo "parka is built: build/parka. Watching the kernel needs root: sudo make run" >&2
	exit 1
fi
cat <<TEXT

parka watches this host and its containers. Findings appear below as they happen.
Try it from another terminal:   docker exec -it CONTAINER cat /etc/shadow
What it can see here:           build/parka doctor
Rules it judges by:             build/parka rules list
Stop with Ctrl-C.

TEXT
exec build/parka watch "$@"
