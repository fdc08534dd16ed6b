#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The rules commands from outside: what they print and how they exit. TAP. PARKA names the binary.
PARKA=${PARKA:-build/src/cli/parka}
SHARED_DIR=${SHARED_DIR:-../shared}
dir=$(mktemp -d) || exit 1
trap 'rm -rf "$dir"' EXIT
n=0
failed=0

# ok NAME: the last command's status decides
ok() {
	status=$?
	n=$((n + 1))
	if [ $status -eq 0 ]; then echo "ok $n - $1"; else echo "not ok $n - $1"; failed=1; fi
}
# same EXPECTED ACTUAL
same() {
	[ "$1" = "$2" ] && return 0
	printf '# expected: %s\n# is:       %s\n' "$1" "$2"
	return 1
}

cat > "$dir/good.yaml" <<'END'
- list: shells
  items: [bash, sh]
- macro: shell
  condition: proc.name in (shells)
- rule: Shell
  desc: a shell
  condition: evt.type=execve and shell
  output: shell %proc.name by %user.name
  priority: NOTICE
  tags: [container, T1059, mitre_execution]
- rule: Off
  desc: not enabled
  condition: evt.type=execve
  output: off
  priority: INFO
  enabled: false
- rule: Any exec
  desc: any
  condition: evt.type in (execve, execveat)
  output: exec %proc.name
  priority: INFO
END
cat > "$dir/bad.yaml" <<'END'
- rule: Bad
  desc: d
  condition: >
    evt.type=open and
    proc.nmae=x
  output: o
  priority: INFO
END

"$PARKA" rules check "$dir/good.yaml" > "$dir/out"; ok check_of_a_good_file_exits_0
same "3 rules: 2 enabled, 1 disabled, 0 skipped; 1 macros, 1 lists; 0 errors, 0 warnings" "$(cat "$dir/out")"; ok check_prints_a_summary
"$PARKA" rules check "$dir/bad.yaml" > "$dir/out"; same 1 $?; ok check_of_a_bad_file_exits_1
grep -q "bad.yaml:5:5: error: rule 'Bad': nonexistent field 'proc.nmae'; did you mean 'proc.name'?" "$dir/out"; ok check_names_file_line_column_and_a_suggestion
grep -q '^       |     ^^^^^^^^^$' "$dir/out"; ok check_puts_a_caret_under_the_fault
"$PARKA" rules check --json "$dir/bad.yaml" | grep -q '"ok":false,"diagnostics":\[{"level":"error","code":"LOAD_ERR_COMPILE_CONDITION".*"line":5,"column":5'; ok check_has_a_json_form
"$PARKA" rules check --quiet "$dir/good.yaml" > "$dir/out"; same "" "$(cat "$dir/out")"; ok check_quiet_says_nothing_of_a_good_file
printf -- '- macro: unused\n  condition: evt.type=open\n' > "$dir/warn.yaml"
"$PARKA" rules check "$dir/warn.yaml" > /dev/null; ok warnings_alone_exit_0
"$PARKA" rules check --strict "$dir/warn.yaml" > /dev/null; same 1 $?; ok strict_makes_warnings_count
printf -- '- rule: Never\n  desc: d\n  condition: evt.type=open and proc.name=a and proc.name=b\n  output: o\n  priority: INFO\n' > "$dir/lint.yaml"
"$PARKA" rules check "$dir/lint.yaml" | grep -q LINT_; same 1 $?; ok lints_are_silent_unless_asked_for
"$PARKA" rules check --lint "$dir/lint.yaml" | grep -q LINT_NEVER; ok lint_tells_of_a_rule_that_no_event_reaches
"$PARKA" rules check "$dir/nowhere.yaml" > "$dir/out"; same 1 $?; ok a_missing_file_is_an_error
grep -q LOAD_ERR_FILE_READ "$dir/out"; ok a_missing_file_is_named

"$PARKA" rules list -r "$dir/good.yaml" | grep -q '^Shell  *Notice  *enabled  *container,T1059,mitre_execution  .*good.yaml:5$'; ok list_shows_priority_state_tags_and_place
same 1 "$("$PARKA" rules list | awk 'NR == 1 { at = index($0, "PLACE"); next } { print substr($0, at - 2, 3) ~ /^  [^ ]$/ }' | sort -u)"; ok list_has_its_columns_below_each_other
"$PARKA" rules list -r "$dir/good.yaml" --json | grep -q '"name":"Shell","priority":"Notice".*"mitre":\["T1059","mitre_execution"\]'; ok list_has_a_json_form_with_mitre_ids
same 1 "$("$PARKA" rules list -q -r "$dir/good.yaml" -t container | wc -l)"; ok list_narrows_to_a_tag

"$PARKA" rules explain Shell -r "$dir/good.yaml" > "$dir/out"; ok explain_exits_0
grep -q 'evt.type = execve and proc.name in (bash, sh)' "$dir/out" && grep -q '^Events: execve$' "$dir/out" &&
	sed -n '/^The kernel reports for it/,/^$/p' "$dir/out" | grep -q 'all events of: execve$' &&
	sed -n '/^Left to user space/,$p' "$dir/out" | grep -q 'proc.name in'; ok explain_shows_condition_events_and_where_it_is_decided
printf -- '- rule: Read\n  desc: d\n  condition: evt.type=openat and fd.name=/etc/shadow and not proc.name=sshd and proc.pname=x\n  output: o\n  priority: INFO\n' > "$dir/read.yaml"
"$PARKA" rules explain Read -r "$dir/read.yaml" > "$dir/out"
grep -q '^  - openat; /etc/shadow; comm not in (sshd)$' "$dir/out" &&
	same "  - proc.pname = x" "$(sed -n '/^Left to user space/,/^$/p' "$dir/out" | sed '1d;/^$/d')"; ok explain_shows_what_the_kernel_reports_and_what_it_leaves
"$PARKA" rules explain Shel -r "$dir/good.yaml" 2>&1 | grep -q "did you mean 'Shell'"; ok explain_suggests_a_name

events='{"evt.type":"execve","proc.name":"sh","user.name":"bob"}
{"evt.type":"execve","proc.name":"ls"}
{"evt.type":"open","proc.name":"sh"}'
expected='{"matched":["Shell","Any exec"],"output":["shell sh by bob","exec sh"]}
{"matched":["Any exec"],"output":["exec ls"]}
{"matched":[],"output":[]}'
same "$expected" "$(echo "$events" | "$PARKA" rules test -r "$dir/good.yaml" --events - --json)"; ok test_prints_every_match_in_file_order
echo "$events" > "$dir/events"
same "$expected" "$("$PARKA" rules test -r "$dir/good.yaml" --events "$dir/events" --json)"; ok test_reads_events_from_a_file
echo "$events" | "$PARKA" rules test -r "$dir/good.yaml" --events - | grep -q '^1: Notice: Shell: shell sh by bob$'; ok test_has_a_text_form
printf '{"evt.type":"execve","proc.name":"x"}\n{bad\n{"evt.type":"open"}' | "$PARKA" rules test -r "$dir/good.yaml" --events - --json > "$dir/out" 2> "$dir/err"
same 3 $?; ok a_bad_line_exits_3_in_the_end
same 3 "$(wc -l < "$dir/out")" && sed -n 2p "$dir/out" | grep -q '^{"matched":\[\],"output":\[\],"error":"'; ok a_bad_line_keeps_the_lines_aligned
grep -q 'standard input:2:[0-9]*: ' "$dir/err"; ok a_bad_line_is_told_with_line_and_column
printf '{"no.field":1}\n{"no.field":2}\n' | "$PARKA" rules test -r "$dir/good.yaml" --events - --json 2>&1 > /dev/null | grep -c no.field > "$dir/out"
same 1 "$(cat "$dir/out")"; ok an_unknown_key_is_told_once
printf '{"no.field":1}\n' | "$PARKA" rules test -q -r "$dir/good.yaml" --events - --json 2> "$dir/err" > /dev/null; same "" "$(cat "$dir/err")"; ok quiet_does_not_tell_of_unknown_keys
echo '{}' | "$PARKA" rules test -r "$dir/bad.yaml" --events - > /dev/null 2> "$dir/err"; same 1 $?; ok test_with_a_bad_file_exits_1
grep -q 'proc.nmae' "$dir/err"; ok test_with_a_bad_file_says_why

same '{"match":true}
{"match":false}' "$(printf '{"proc.name":"a"}\n{"proc.name":"b"}\n' | "$PARKA" rules eval 'proc.name=a')"; ok eval_prints_true_or_false_per_line
same '{"match":true}
{"match":false}' "$(printf '{}\n{"proc.name":"b"}\n' | "$PARKA" rules eval 'not proc.name=b' --json)"; ok not_of_an_unset_field_is_true
same '{"match":false}' "$(echo '{}' | "$PARKA" rules eval 'proc.name != b')"; ok unequal_of_an_unset_field_is_false
same '{"match":true}' "$(echo '{"proc.name":"sh"}' | "$PARKA" rules eval -r "$dir/good.yaml" 'shell and proc.name in (shells)')"; ok eval_takes_macros_and_lists_from_files
"$PARKA" rules eval 'proc.name =' < /dev/null > "$dir/out" 2> "$dir/err"; same 1 $?; ok eval_of_a_bad_condition_exits_1
grep -q '\^' "$dir/err"; ok eval_of_a_bad_condition_shows_a_caret
"$PARKA" rules eval > /dev/null 2>&1 < /dev/null; same 2 $?; ok eval_without_a_condition_is_wrong_usage
mkfifo "$dir/in" && { "$PARKA" rules eval 'proc.name=a' < "$dir/in" > "$dir/out" & exec 3> "$dir/in"; echo '{"proc.name":"a"}' >&3
	tries=0; while [ ! -s "$dir/out" ] && [ $tries -lt 50 ]; do sleep 0.1; tries=$((tries + 1)); done; same '{"match":true}' "$(cat "$dir/out")"; }; ok an_answer_comes_before_the_next_line_is_asked_for
exec 3>&-
wait

if [ -r "$SHARED_DIR/data/falco-rules/falco_rules.yaml" ]; then
	"$PARKA" rules check -r "$SHARED_DIR/data/falco-rules" > "$dir/out"; ok the_official_rules_have_no_error
	grep -v LOAD_UNKNOWN_SOURCE "$dir/out" | grep -q warning: ; same 1 $?; ok the_official_rules_have_no_warning_but_for_unknown_sources
else
	n=$((n + 1)); echo "ok $n - the_official_rules_have_no_error # SKIP they are not here"
fi
printf '\357\273\277{"proc.name":"a"}\r\n{"proc.name":"a"}\r\n' | "$PARKA" rules eval 'proc.name=a' > "$dir/out"
same '{"match":true} {"match":true} ' "$(tr '\n' ' ' < "$dir/out")"; ok events_may_begin_with_a_byte_order_mark_and_end_lines_with_crlf
"$PARKA" rules chek 2> "$dir/out"; same 2 $?; ok a_misspelt_command_of_a_group_is_wrong_usage
grep -q "no command 'rules chek': did you mean 'rules check'?" "$dir/out"; ok a_misspelt_command_of_a_group_gets_a_suggestion
echo "1..$n"
exit $failed
