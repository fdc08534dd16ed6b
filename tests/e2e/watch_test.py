#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""parka watch, record and replay: every key of a finding, sinks, reload of rules, captures judged again."""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import harness
from harness import run

RULE = """
- rule: E2E shadow read
  desc: a test
  condition: evt.type in (open, openat, openat2) and fd.name = /etc/shadow and proc.name in (cat, busybox)
  output: "%proc.name read %fd.name in %container.name (%container.image) | pid=%proc.pid user=%user.name"
  priority: WARNING
  tags: [e2e, T1003.008]
"""
OTHER = RULE.replace("E2E shadow read", "E2E reloaded").replace("/etc/shadow", "/etc/hostname")
BROKEN = RULE + "- rule: broken\n  desc: d\n  condition: no.such.field = 1\n  output: x\n  priority: NOTICE\n"
KEYS = {"hostname", "output", "output_fields", "parka", "priority", "rule", "source", "tags", "time"}


def replace_file(path, text):
    """As an editor does: a new file takes the place of the old one."""
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write(text)
    os.rename(path + ".new", path)


def wait_message(watch, pattern, timeout=10.0):
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        for line in list(watch.stderr_lines):
            if re.search(pattern, line):
                return line
        time.sleep(0.05)
    return None


def check_keys(tap, finding):
    tap.ok(finding is not None, "a_read_on_the_host_is_told_within_five_seconds")
    if not finding:
        return
    tap.ok(set(finding) == KEYS, "a_finding_has_falcos_keys_and_parkas", sorted(finding))
    tap.ok(list(finding) == sorted(finding), "keys_are_sorted_as_falcos_are", list(finding))
    tap.ok(finding["priority"] == "Warning" and finding["source"] == "syscall" and finding["rule"] == "E2E shadow read",
           "priority_source_and_rule_are_the_rules", finding)
    tap.ok(finding["tags"] == ["e2e", "T1003.008"], "tags_are_the_rules", finding["tags"])
    tap.ok(finding["hostname"] == os.uname().nodename, "hostname_is_this_hosts", finding["hostname"])
    tap.ok(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", finding["time"]), "time_is_iso8601_with_nanoseconds", finding["time"])
    tap.ok(re.match(r"\d\d:\d\d:\d\d\.\d{9}: Warning cat read /etc/shadow in host ", finding["output"]), "output_is_falcos_line",
           finding["output"])
    fields = finding["output_fields"]
    tap.ok(fields["proc.name"] == "cat" and fields["fd.name"] == "/etc/shadow" and fields["container.image"] is None
           and isinstance(fields["proc.pid"], int), "output_fields_keep_their_types_and_unset_is_null", fields)
    tap.ok(abs(fields["evt.time"] / 1e9 - time.time()) < 30, "evt_time_is_now_in_nanoseconds", fields["evt.time"])
    parka = finding["parka"]
    tap.ok(parka["number"] >= 1 and parka["held_back"] == 0 and parka["container"]["id"] == "host", "parkas_own_keys_are_there", parka)
    tap.ok(any(a["pid"] == os.getpid() for a in parka["ancestors"]) and all(
        set(a) == {"name", "pid", "exepath", "cmdline"} for a in parka["ancestors"]), "the_chain_of_ancestors_has_this_test", parka)


def check_container(tap, watch):
    why = harness.docker_start() or harness.image_build()
    if why:
        tap.skip("a_read_in_a_container_names_it", why)
        return
    container = harness.Container("watch")
    mark = watch.mark()
    container.exec("cat", "/etc/shadow")
    finding = watch.wait_for("E2E shadow read", mark, container__name=container.name)
    tap.ok(finding is not None, "a_read_in_a_container_names_it", watch.since(mark))
    if finding:
        own = finding["parka"]["container"]
        tap.ok(len(own["id"]) == 64 and own["id"].startswith(container.id) and own["name"] == container.name
               and own["image"] == harness.IMAGE, "the_whole_id_the_name_and_the_image_are_told", own)
        tap.ok(finding["parka"]["session"].get("kind") == "docker-exec", "the_session_is_a_docker_exec", finding["parka"]["session"])
    container.remove()


def check_reload(tap, watch, path):
    replace_file(path, BROKEN)
    tap.ok(wait_message(watch, r"not reloaded.*last good set stays"), "a_broken_file_is_refused_and_said", watch.stderr_lines)
    tap.ok(any("no.such.field" in line for line in watch.stderr_lines), "the_error_names_what_is_wrong", watch.stderr_lines)
    mark = watch.mark()
    run("cat", "/etc/shadow")
    tap.ok(watch.wait_for("E2E shadow read", mark), "the_last_good_set_keeps_judging")
    replace_file(path, OTHER)
    tap.ok(wait_message(watch, r"rules reloaded: 1 enabled"), "a_good_file_is_taken_when_it_changes", watch.stderr_lines)
    mark = watch.mark()
    run("cat", "/etc/hostname")
    run("cat", "/etc/shadow")
    tap.ok(watch.wait_for("E2E reloaded", mark), "the_new_rules_judge")
    tap.ok(not any(f["rule"] == "E2E shadow read" for f in watch.since(mark, 0.5)), "the_old_rules_do_not")
    n = len(watch.stderr_lines)
    with open(path, "w", encoding="utf-8") as file:
        file.write(RULE)
    time.sleep(1.0)
    tap.ok(any("rules reloaded" in line for line in watch.stderr_lines[n:]), "a_file_written_in_place_is_taken_too", watch.stderr_lines[n:])
    n = len(watch.stderr_lines)
    watch.process.send_signal(signal.SIGHUP)
    time.sleep(1.0)
    tap.ok(any("rules reloaded" in line for line in watch.stderr_lines[n:]), "sighup_reloads", watch.stderr_lines[n:])


def check_throttle(tap, watch):
    time.sleep(1.5)
    mark = watch.mark()
    for _ in range(40):
        run("cat", "/etc/shadow")
    # What is held back is told with the next finding, or by a summary some seconds later; others may read the file too.
    told, stands_for, end = [], 0, time.monotonic() + 15
    while stands_for < 40 and time.monotonic() < end:
        told = [f for f in watch.since(mark, 0.5) if f["rule"] == "E2E shadow read"]
        stands_for = sum((1 if not f["parka"]["summary"] else 0) + f["parka"]["held_back"] for f in told)
    tap.ok(len(told) < 40 and 40 <= stands_for <= 60, "throttled_findings_say_how_many_they_stand_for", f"{len(told)} told for {stands_for}")


def check_replay(tap, directory):
    parka = harness.find_parka()
    capture = os.path.join(directory, "test.parka")
    rules = os.path.join(directory, "replay.yaml")
    replace_file(rules, RULE)
    record = subprocess.Popen([parka, "record", "-r", rules, capture], stderr=subprocess.PIPE, text=True)
    tap.ok("recording" in record.stderr.readline(), "record_says_that_it_records")
    time.sleep(0.5)
    for _ in range(3):
        run("cat", "/etc/shadow")
    time.sleep(0.5)
    record.send_signal(signal.SIGINT)
    tap.ok(record.wait(20) == 0, "record_ends_cleanly_on_sigint", record.returncode)
    runs = [run(parka, "replay", capture, "-r", rules, "--json") for _ in range(2)]
    tap.ok(runs[0].stdout == runs[1].stdout and runs[0].stdout, "two_replays_give_the_same_bytes", runs[0].stderr)
    findings = [json.loads(line) for line in runs[0].stdout.splitlines()]
    mine = [f for f in findings if f["rule"] == "E2E shadow read" and any(a["pid"] == os.getpid() for a in f["parka"]["ancestors"])]
    tap.ok(len(mine) == 3, "a_replay_finds_what_was_done", f"{len(mine)} of 3")
    tap.ok(all(f["output_fields"]["user.name"] == "root" for f in mine), "a_replay_knows_users_by_name",
           [f["output_fields"] for f in mine])
    tap.ok(runs[0].returncode == 1, "a_replay_with_findings_exits_with_1", runs[0].returncode)
    tested = run(parka, "rules", "test", "-r", rules, "--events", capture, "--json")
    matched = [line for line in tested.stdout.splitlines() if json.loads(line)["matched"]]
    tap.ok(len(matched) == len(findings), "rules_test_judges_a_capture_the_same", f"{len(matched)} and {len(findings)}")
    with open(capture, "rb") as file:
        data = bytearray(file.read())
    with open(capture, "wb") as file:
        file.write(data[:len(data) - 40])
    cut = run(parka, "replay", capture, "-r", rules, "--json")
    tap.ok(cut.returncode == 3 and "byte" in cut.stderr, "a_damaged_capture_is_an_error_with_its_offset", cut.stderr)


def check_text(tap, directory):
    """On a terminal-less standard output: one plain line, and totals in the end."""
    rules = os.path.join(directory, "text.yaml")
    replace_file(rules, RULE)
    watch = subprocess.Popen([harness.find_parka(), "watch", "-r", rules, "--duration", "4"], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True)
    watch.stderr.readline()
    run("cat", "/etc/shadow")
    out, err = watch.communicate(timeout=30)
    tap.ok(watch.returncode == 0, "duration_ends_it_with_0", watch.returncode)
    tap.ok(re.search(r"^\d\d:\d\d:\d\d ▲ warning +host +cat read /etc/shadow", out, re.M), "text_has_time_word_place_and_sentence", out)
    tap.ok("\033" not in out, "no_escape_without_a_terminal", repr(out[:200]))
    tap.ok(re.search(r"events \d+, findings \d+, held back \d+, lost \d+", err), "totals_in_the_end", err)


def main():
    harness.need(docker=False)
    tap = harness.Tap()
    with tempfile.TemporaryDirectory(prefix="parka-e2e-watch-") as directory:
        rules = os.path.join(directory, "rules.yaml")
        log = os.path.join(directory, "findings.json")
        replace_file(rules, RULE)
        watch = harness.watch_or_skip(rules, options=("--throttle", "1,10", "--sink", f"file:{log}", "--sink", f"program:cat > {directory}/program"))
        mark = watch.mark()
        run("cat", "/etc/shadow")
        check_keys(tap, watch.wait_for("E2E shadow read", mark, container__name="host"))
        check_container(tap, watch)
        check_reload(tap, watch, rules)
        check_throttle(tap, watch)
        told = len(watch.findings)
        tap.ok(watch.stop() == 0, "sigint_ends_it_with_0", watch.process.returncode)
        tap.ok(any(re.search(r"events \d+, findings \d+", line) for line in watch.stderr_lines), "and_a_line_of_totals", watch.stderr_lines)
        for name in (log, os.path.join(directory, "program")):
            with open(name, encoding="utf-8") as file:
                lines = [json.loads(line) for line in file]
            tap.ok(len(lines) >= told > 0, f"the_sink_{os.path.basename(name).split('.')[0]}_got_every_finding", f"{len(lines)} of {told}")
        check_replay(tap, directory)
        check_text(tap, directory)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
