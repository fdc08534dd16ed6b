#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A flood of harmless opens hides nothing: 40 reads of /etc/shadow give 40 alerts, beside 0, 1 and 2 loops."""
import os
import subprocess
import sys

import harness
from harness import run

READS = 40
RULES = ("Account file read", "Read sensitive file untrusted")


def official_files():
    names = ("falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml")
    return [p for p in (os.path.join(harness.OFFICIAL, n) for n in names) if os.path.exists(p)]


def alerts(watch, rule, mark):
    """Findings of the rule, those that were held back counted too."""
    n = 0
    for finding in watch.since(mark):
        if finding["rule"] == rule and finding.get("output_fields", {}).get("proc.name") == "act":
            n += 1 + int((finding.get("parka") or {}).get("held_back", 0) or finding.get("parka.held_back", 0) or 0)
    return n


def main():
    harness.need(docker=False)
    tap = harness.Tap()
    files = official_files()
    if not files:
        print("# the official rules are not here: ours alone")
    watch = harness.watch_or_skip(*files, harness.RULES)
    act = harness.find_act()
    for n_loops in (0, 1, 2):
        loops = [subprocess.Popen([act, "open-loop", "/etc/hostname"], user=65534) for _ in range(n_loops)]
        mark = watch.mark()
        run(act, "read-often", "/etc/shadow", str(READS), "100")
        for loop in loops:
            loop.kill()
            loop.wait()
        for rule in RULES if files else RULES[:1]:
            watch.wait_count(rule, READS, mark, timeout=15)
            got = alerts(watch, rule, mark)
            tap.ok(got == READS, f"{READS} of {READS} alerts of '{rule}' beside {n_loops} loops", f"{got} came")
    watch.stop()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
