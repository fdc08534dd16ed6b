#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""100,000 opens a second beside 500 execs a second: no program is missed, and each open is seen or counted as lost.

Then the same with parka stopped for a second in the middle: the ring of opens fills, that of the lifecycle does not.

STRESS_OPENS, STRESS_EXECS (per second) and STRESS_SECONDS change the load.
"""
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import harness

OPENS = os.environ.get("STRESS_OPENS", "100000")
EXECS = os.environ.get("STRESS_EXECS", "500")
SECONDS = os.environ.get("STRESS_SECONDS", "10")
RULES = """
- rule: Marker ran
  desc: every program counts
  condition: evt.type in (execve, execveat) and proc.name = stress-marker
  output: "%proc.name"
  priority: WARNING
- rule: Harmless open
  desc: every open counts
  condition: evt.type in (open, openat, openat2) and fd.name = {path}
  output: "%fd.name"
  priority: NOTICE
"""


def matches(findings, rule):
    """How often the rule was true: the findings, and those that were held back."""
    n = 0
    for finding in findings:
        if finding["rule"] == rule:
            n += finding["parka"]["held_back"] + (0 if finding["parka"]["summary"] else 1)
    return n


def lost(watch):
    for line in reversed(watch.stderr_lines):
        found = re.search(r"\blost (\d+)", line)
        if found:
            return int(found.group(1))
    return None


def load(act, name, *args):
    return subprocess.Popen([act, name, *args], stdout=subprocess.PIPE, text=True)


def one_round(tap, act, directory, name, stop_s):
    path, marker, rules = (os.path.join(directory, n) for n in ("harmless", "stress-marker", "rules.yaml"))
    watch = harness.watch_or_skip(rules, harness.RULES, options=("--throttle", "1,10"))
    opens = load(act, "paced-opens", path, OPENS, SECONDS)
    execs = load(act, "paced-execs", marker, EXECS, SECONDS)
    if stop_s:
        time.sleep(2)
        watch.process.send_signal(signal.SIGSTOP)
        time.sleep(stop_s)
        watch.process.send_signal(signal.SIGCONT)
    n_opens, opens_ms = (int(word) for word in opens.communicate()[0].split())
    n_execs, execs_ms = (int(word) for word in execs.communicate()[0].split())
    time.sleep(1.5)
    watch.stop()
    time.sleep(0.5)
    findings = watch.since(0)
    n_lost = lost(watch)
    seen = matches(findings, "Harmless open")
    ran = matches(findings, "Marker ran")
    print(f"# {name}: {n_opens * 1000 // opens_ms} opens and {n_execs * 1000 // execs_ms} execs a second; lost {n_lost}")
    tap.ok(ran == n_execs, f"{name}: every exec of {n_execs} is reported", f"{ran} were")
    tap.ok(n_lost is not None and seen <= n_opens <= seen + n_lost, f"{name}: each open of {n_opens} is seen or counted as lost",
           f"{seen} were seen, {n_lost} lost")
    if stop_s:
        tap.ok(n_lost, f"{name}: the losses are said", "\n".join(watch.stderr_lines[-5:]))
    gaps = [f["output"] for f in findings if "telemetry gap" in f["rule"].lower() and re.search(r"exec|fork|procexit", f["output"])]
    tap.ok(not gaps, f"{name}: nothing of the lifecycle is lost", "\n".join(gaps[:5]))


def main():
    harness.need(docker=False)
    tap = harness.Tap()
    act = harness.find_act()
    with tempfile.TemporaryDirectory(prefix="parka-e2e-") as directory:
        path = os.path.join(directory, "harmless")
        shutil.copy(shutil.which("true"), os.path.join(directory, "stress-marker"))
        for name, text in (("harmless", ""), ("rules.yaml", RULES.format(path=path))):
            with open(os.path.join(directory, name), "w", encoding="ascii") as file:
                file.write(text)
        one_round(tap, act, directory, "flood", 0)
        one_round(tap, act, directory, "flood and a stopped reader", 1)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
