#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Holds the layout to its promises: rooms include only downwards, a room's internals stay
# in it, banned functions stay out, every source names its licence. Prints TAP.
set -u
cd "$(dirname "$0")/.." || exit 2
n=0
bad=0

report() { # name, findings
	n=$((n + 1))
	if [ -z "$2" ]; then
		echo "ok $n - $1"
	else
		bad=$((bad + 1))
		echo "not ok $n - $1"
		printf '%s\n' "$2" | sed 's/^/# /'
	fi
}

# What each room may include, lowest first (ARCHITECTURE.md has the picture).
allowed() {
	case $1 in
		base) echo base ;;
		model) echo base model ;;
		lang) echo base model lang ;;
		runtime) echo base runtime ;;
		image) echo base image ;;
		sensor) echo base model runtime sensor ;;
		detect) echo base model lang runtime sensor detect ;;
		agent) echo base model lang runtime sensor detect agent ;;
		posture) echo base model lang runtime image posture ;;
		cli) echo base model lang runtime sensor detect agent image posture cli ;;
		*) echo "$1" ;;
	esac
}

found=
for dir in src/*/; do
	room=$(basename "$dir")
	ok=$(allowed "$room")
	for f in $(find "$dir" -name '*.[ch]' -o -name '*.cc'); do
		for inc in $(sed -n 's/^#[[:space:]]*include "\([a-z]*\)\/.*/\1/p' "$f" | sort -u); do
			case " $ok " in
				*" $inc "*) ;;
				*) found="$found$f includes $inc/
" ;;
			esac
		done
	done
done
report rooms_include_only_downwards "$found"

found=$(git grep -nE '#include "[a-z]+/[a-z_]*internal\.h"' -- 'src/*.[ch]' |
	awk -F: '{ split($1, p, "/"); if ($3 !~ "\"" p[2] "/") print }')
report internal_headers_stay_in_their_room "$found"

# Word boundaries by hand: git grep -w does not look at what follows.
banned='(^|[^a-zA-Z0-9_>.])(strcpy|strcat|strncat|sprintf|vsprintf|gets|atoi|atol|atoll|strtok|system|popen|alloca|tmpnam|mktemp)[[:space:]]*\('
found=$(git grep -nE "$banned" -- 'src/*.c' 'src/*.h' 'src/*.cc' | grep -vE ':[[:space:]]*(/?\*|//)')
report banned_functions_stay_out "$found"

found=$(git ls-files 'src/*.[ch]' 'src/*.cc' 'src/*.def' 'tests/*.[ch]' 'bench/*.c' |
	while read -r f; do head -1 "$f" | grep -q SPDX || echo "$f"; done)
report every_source_names_its_licence "$found"

# One seam per library: its header is included by the files named here only.
seam() { # pattern, allowed files as an extended regular expression
	git grep -lE "#include <($1)" -- 'src/*.c' 'src/*.h' 'src/*.cc' | grep -vE "$2"
}
found=$(seam 'jansson\.h' '^src/base/json\.h$'
	seam 'yaml\.h' '^src/base/yaml\.c$'
	seam 're2/' '^src/base/regex\.cc$'
	seam 'xxhash\.h' '^src/(base/map|base/hash|sensor/capture[a-z_]*)\.c$'
	seam 'curl/' '^src/base/http\.c$'
	seam 'zstd\.h' '^src/(base/decompress|sensor/capture[a-z_]*)\.c$'
	seam 'zlib\.h' '^src/base/decompress\.c$'
	seam 'bpf/(libbpf|bpf)\.h' '^src/sensor/')
report one_seam_per_library "$found"

echo "1..$n"
[ "$bad" = 0 ]
