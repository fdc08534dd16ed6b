#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The command line as people and scripts meet it: help, man pages, completion, exit codes. TAP. Needs no root.
set -u
cd "$(dirname "$0")/../.." || exit 2
parka=${PARKA:-build/parka}
n=0
bad=0
check() { # name, condition...
	n=$((n + 1))
	name=$1
	shift
	if "$@" >"$work/out" 2>&1; then
		echo "ok $n - $name"
	else
		bad=1
		echo "not ok $n - $name"
		tail -5 "$work/out" | sed 's/^/# /'
	fi
}
skip() {
	n=$((n + 1))
	echo "ok $n - $1 # SKIP $2"
}
status_is() { # expected, command...
	want=$1
	shift
	"$@" </dev/null
	got=$?
	[ "$got" = "$want" ] || { echo "exit status $got, expected $want"; return 1; }
}
prints() { # text, command...
	text=$1
	shift
	"$@" 2>&1 </dev/null | grep -qF -- "$text" || { echo "'$text' is not printed"; return 1; }
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

every_command_explains_itself() {
	"$parka" help --format names | while read -r command; do
		# shellcheck disable=SC2086 # the words of a command
		"$parka" $command --help >"$work/help" || exit 1
		grep -q '^Usage: parka' "$work/help" || { echo "parka $command --help has no usage"; exit 1; }
	done
}
man_pages_render() {
	mkdir -p "$work/man"
	"$parka" help --man-pages "$work/man" || return 1
	for page in "$work"/man/*.1; do
		warnings=$(MANWIDTH=80 man --warnings -l "$page" 2>&1 >/dev/null)
		[ -z "$warnings" ] || { echo "$(basename "$page"): $warnings"; return 1; }
	done
	[ "$(find "$work/man" -name '*.1' | wc -l)" -gt "$("$parka" help --format names | wc -l)" ]
}
completes() { # words typed, expected
	bash -c '
		source <("$0" completion bash)
		read -ra COMP_WORDS <<<"$1"
		case $1 in *" ") COMP_WORDS+=("") ;; esac
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		PATH=$(dirname "$0"):$PATH
		_parka
		printf "%s\n" "${COMPREPLY[@]}" | grep -qxF -- "$2" || { printf "got: %s\n" "${COMPREPLY[@]}"; exit 1; }' "$parka" "$1" "$2"
}
no_escapes() {
	"$@" 2>&1 </dev/null | grep -q "$(printf '\033')" && { echo "escape sequences outside a terminal"; return 1; }
	return 0
}

check every_command_explains_itself every_command_explains_itself
if command -v man >/dev/null; then check man_pages_render_without_warnings man_pages_render; else skip man_pages_render_without_warnings "man is not installed"; fi
check bash_completes_commands completes "parka wa" watch
check bash_completes_the_second_word_of_rules completes "parka rules ex" explain
check bash_completes_the_second_word_of_checks completes "parka checks ex" explain
check bash_completes_options_of_two_words completes "parka audit diff --js" --json
check bash_completes_options completes "parka watch --prio" --priority
check bash_completes_words_of_an_option completes "parka fields --format js" json
for shell in zsh fish; do
	if command -v $shell >/dev/null; then
		"$parka" completion $shell >"$work/completion"
		check "completion_for_${shell}_parses" $shell -n "$work/completion"
	else
		skip "completion_for_${shell}_parses" "$shell is not installed"
	fi
done
check no_command_is_a_usage_error status_is 2 "$parka"
check unknown_command_is_a_usage_error status_is 2 "$parka" wtach
check unknown_command_suggests_the_nearest prints "did you mean 'watch'" "$parka" wtach
check unknown_option_suggests_the_nearest prints "did you mean --quiet" "$parka" fields --quite
check a_number_out_of_range_is_a_usage_error status_is 2 "$parka" watch --duration -5
check a_missing_file_is_a_failure status_is 3 "$parka" replay "$work/none"
check version_is_json_when_asked prints '"version":' "$parka" version --json
check fields_are_json_lines sh -c '"$0" fields --json | python3 -c "import json,sys; [json.loads(l) for l in sys.stdin]"' "$parka"
check help_has_no_escapes_outside_a_terminal no_escapes "$parka" --help
check rules_list_has_no_escapes_outside_a_terminal no_escapes "$parka" rules list
check shipped_rules_have_no_errors_or_warnings status_is 0 "$parka" rules check --strict
echo "1..$n"
exit $bad
