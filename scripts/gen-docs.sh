#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Writes the pages that are made from tables: docs/fields.md, docs/commands.md, docs/check-list.md.
#   scripts/gen-docs.sh [PARKA]            write them
#   scripts/gen-docs.sh --check [PARKA]    say (TAP) whether they are what the tables say now
set -eu
cd "$(dirname "$0")/.."
check=
[ "${1:-}" = --check ] && { check=1; shift; }
parka=${1:-build/parka}
[ -x "$parka" ] || { echo "gen-docs.sh: $parka is not there: make it, or name the program" >&2; exit 2; }
dir=docs
[ -n "$check" ] && { dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; }

{
	echo '# Fields'
	echo
	echo 'What conditions and outputs can ask for. Made from `src/model/fields.def` by `scripts/gen-docs.sh`;'
	echo '`parka fields` prints the same. A field that an event does not have is unset: every check on it is false.'
	echo
	"$parka" fields --format markdown
	echo
	echo '## Fields of Falco that parka does not have'
	echo
	"$parka" fields --missing --format markdown
} >"$dir/fields.md"
{
	echo '# Commands'
	echo
	echo 'Made from the command tables by `scripts/gen-docs.sh`; `parka COMMAND --help` prints the same.'
	"$parka" help --format names | while read -r command; do
		echo
		echo "## parka $command"
		echo
		echo '```'
		# shellcheck disable=SC2086 # the words of a command
		"$parka" help $command
		echo '```'
	done
} >"$dir/commands.md"
{
	echo '# The checks that ship'
	echo
	echo 'Made from `src/model/kinds.def` and `content/checks` by `scripts/gen-docs.sh`; `parka checks list` prints the same.'
	echo
	echo '## Kinds of records'
	echo
	"$parka" fields --kinds --format markdown
	echo
	echo '## Checks'
	echo
	"$parka" checks list --format markdown
} >"$dir/check-list.md"

[ -z "$check" ] && exit 0
n=0
bad=0
for page in fields commands check-list; do
	n=$((n + 1))
	if cmp -s "$dir/$page.md" "docs/$page.md"; then
		echo "ok $n - docs_${page}_says_what_the_tables_say"
	else
		bad=1
		echo "not ok $n - docs_${page}_says_what_the_tables_say"
		echo "# run scripts/gen-docs.sh"
	fi
done
echo "1..$n"
exit $bad
