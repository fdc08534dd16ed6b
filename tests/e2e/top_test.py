#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`parka top` on a live host: what it counts is what was done. And the account that `parka watch` keeps of the day."""
import json
import os
import subprocess
import sys
import tempfile
import time

import harness as h

OPENS = 20000
IN_CONTAINER = 2000
COUNTERS = ("seen", "dropped", "folded", "delivered", "lost")


class Top:
    """`parka top --json` with its objects as they come."""

    def __init__(self, *options):
        self.process = subprocess.Popen([h.find_parka(), "top", "--json", "-r", h.RULES, *options], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)

    def next(self):
        line = self.process.stdout.readline()
        return json.loads(line) if line else None

    def rest(self):
        out, err = self.process.communicate(timeout=60)
        return [json.loads(line) for line in out.splitlines()], err


def total(objects, counter, table=None, row=None):
    if table is None:
        return sum(o["total"].get(counter, 0) for o in objects)
    return sum(r.get(counter, 0) for o in objects for r in o[table] if r["id"] in row)


def open_many(count):
    with tempfile.NamedTemporaryFile() as file:
        for _ in range(count):
            os.close(os.open(file.name, os.O_RDONLY))


def test_counts(tap):
    top = Top("-n", "4", "--interval", "1")
    first = top.next()
    if first is None:
        tap.ok(False, "top_prints_an_object_per_interval", top.rest()[1])
        return
    open_many(OPENS)
    later, err = top.rest()
    tap.ok(len(later) == 3 and top.process.returncode == 0, "top_prints_an_object_per_interval", err)
    opens = total(later, "seen", "types", ("open", "openat"))
    tap.ok(opens >= OPENS, "every_open_is_seen", f"{opens} seen of {OPENS}")
    opens = total(later, "dropped", "types", ("open", "openat"))
    tap.ok(opens >= OPENS * 0.95, "opens_that_no_rule_asks_for_are_dropped_in_the_kernel", f"{opens} dropped of {OPENS}")
    sums = {c: total([first, *later], c) for c in COUNTERS}
    parts = sum(sums[c] for c in COUNTERS[1:])
    # What is in the rings when an interval ends is seen, not yet delivered.
    tap.ok(abs(sums["seen"] - parts) <= sums["seen"] * 0.01 + 100,
           "dropped_folded_delivered_and_lost_are_what_was_seen", f"{sums}")
    tap.ok(total(later, "kernel_ns") > 0, "the_time_of_the_kernels_programs_is_measured", f"{later[0]['total']}")


def test_container(tap):
    name = "a_container_has_a_row_of_its_own"
    reason = h.docker_start() or h.image_build()
    if reason:
        tap.skip(name, reason)
        return
    try:
        container = h.Container("top")
    except RuntimeError as error:
        tap.skip(name, str(error))
        return
    top = Top("-n", "6", "--interval", "1")
    objects = [top.next()]
    container.sh(f"i=0; while [ $i -lt {IN_CONTAINER} ]; do : < /etc/hostname; i=$((i+1)); done")
    later, err = top.rest()
    rows = [r for o in later for r in o["containers"] if r["id"] == container.id]
    seen = sum(r.get("seen", 0) for r in rows)
    tap.ok(seen >= IN_CONTAINER and rows[0].get("name") == container.name, name, f"{rows or objects} {err}")


def test_account(tap):
    with tempfile.TemporaryDirectory(prefix="parka-e2e-state-") as state:
        explain = [h.find_parka(), "rules", "explain", "Account file read", "-r", h.RULES, "--state", state]
        tap.ok("no account yet" in h.run(*explain).stdout, "without_an_account_explain_says_how_to_get_one")
        watch = subprocess.Popen([h.find_parka(), "watch", "--format", "json", "-r", h.RULES, "--state", state, "--duration", "4"],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while "watching" not in (line := watch.stderr.readline()) and line:
            pass
        open_many(OPENS)
        watch.wait(30)
        said = h.run(*explain).stdout
        counted = json.loads(h.run(*explain, "--json").stdout)["costs"] or {}
        tap.ok("Today, " in said and "the kernel removed" in said, "explain_says_what_share_the_kernel_removed_today", said)
        tap.ok(counted.get("events_dropped", 0) >= OPENS * 0.95, "the_account_counts_what_was_dropped", f"{counted}")


def test_agent(tap):
    """Beside a watch that keeps its account, top shows that one's: no second sensor."""
    with tempfile.TemporaryDirectory(prefix="parka-e2e-state-") as state:
        watch = subprocess.Popen([h.find_parka(), "watch", "--format", "json", "-r", h.RULES, "--state", state],
                                 stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        while "watching" not in (line := watch.stderr.readline()) and line:
            pass
        top = subprocess.Popen([h.find_parka(), "top", "--json", "-n", "4", "--state", state], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
        objects = [json.loads(top.stdout.readline() or "{}")]
        loaded = programs_of(top.pid)
        open_many(OPENS)
        rest, err = top.communicate(timeout=60)
        objects += [json.loads(line) for line in rest.splitlines()]
        tap.ok(all(o.get("agent_pid") == watch.pid for o in objects) and len(objects) == 4,
               "top_shows_the_account_of_the_agent_that_runs", f"{objects} {err}")
        tap.ok(not loaded and programs_of(watch.pid), "it_loads_no_programs_of_its_own", f"{loaded}")
        dropped = total(objects, "dropped", "types", ("open", "openat"))
        tap.ok(dropped >= OPENS * 0.95, "what_happened_while_it_looked_is_shown", f"{dropped} of {OPENS}: {err}")
        seen = total(objects, "seen", "containers", ("host",))
        tap.ok(seen >= OPENS * 0.9, "the_kernels_counts_are_by_container_while_top_looks", f"{seen} of {OPENS}")
        tap.ok(total(objects, "kernel_ns") > 0, "the_time_of_the_agents_programs_is_measured_while_top_looks")
        before = os.stat(os.path.join(state, "costs.json")).st_mtime
        time.sleep(8)
        tap.ok(os.stat(os.path.join(state, "costs.json")).st_mtime < before + 7, "the_agent_writes_by_the_minute_again_when_nobody_looks")
        own = subprocess.run([h.find_parka(), "top", "--json", "-n", "1", "--own", "--state", state], capture_output=True, text=True, timeout=60)
        tap.ok(own.returncode == 0 and "agent_pid" not in json.loads(own.stdout), "with_own_top_watches_itself", own.stderr)
        top = subprocess.Popen([h.find_parka(), "top", "--json", "--state", state], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        top.stdout.readline()
        watch.terminate()
        watch.wait(30)
        _, err = top.communicate(timeout=60)
        tap.ok(top.returncode == 3 and "has ended" in err, "top_ends_when_the_agent_does_and_says_so", err)


def programs_of(pid):
    """Descriptors of BPF programs that a process holds."""
    links = (os.path.join(f"/proc/{pid}/fd", fd) for fd in os.listdir(f"/proc/{pid}/fd"))
    return [link for link in links if "bpf-prog" in os.readlink(link)]


def main():
    if os.geteuid() != 0:
        h.skip_all("needs root")
    if not h.find_parka():
        h.skip_all("parka is not built")
    probe = h.run(h.find_parka(), "top", "--batch", "-n", "1")
    if probe.returncode == 3:
        h.skip_all("parka cannot watch here: " + probe.stderr.strip())
    tap = h.Tap()
    try:
        test_counts(tap)
        test_container(tap)
        test_account(tap)
        test_agent(tap)
    finally:
        h.containers_remove()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
