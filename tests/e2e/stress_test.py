#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""100,000 opens a second beside 500 execs a second: no program is missed, and each open is seen or counted as lost.

Then the same with parka stopped for a second in the middle: the ring of opens fills, that of lifecycle, privilege, namespace, mount and
module events does not; what was lost is told with its times and counts, and what comes afterwards is seen again.

STRESS_OPENS, STRESS_EXECS (per second) and STRESS_SECONDS change the load. bench/soak.py does it for as long as one likes.
"""
import os
import signal
import sys
import tempfile
import time

import harness
import pressure

OPENS = int(os.environ.get("STRESS_OPENS", "100000"))
EXECS = int(os.environ.get("STRESS_EXECS", "500"))
SECONDS = int(os.environ.get("STRESS_SECONDS", "10"))
STOP_S = 1
# Fewer of what makes namespaces and mounts: the kernel takes its time to take them away.
RATES = {"px-execs": EXECS, "px-setuids": 200, "px-unshares": 20, "px-mounts": 20, "px-modules": 20}


def one_round(tap, p, name, rates, stop_s):
    watch = harness.watch_or_skip(p.rules, harness.RULES, options=pressure.THROTTLE)
    flood = p.flood(OPENS, SECONDS, 1)
    p.start(rates, SECONDS)
    stopped_ns = time.time_ns()
    if stop_s:
        time.sleep(2)
        watch.process.send_signal(signal.SIGSTOP)
        stopped_ns = time.time_ns()
        time.sleep(stop_s)
        watch.process.send_signal(signal.SIGCONT)
    n_opens, opens_ms = pressure.flooded(flood)
    p.join()
    ended_ns = time.time_ns()
    recovered = seen_again(watch, p)
    time.sleep(1.5)
    watch.stop()
    time.sleep(0.5)
    findings = watch.since(0)
    n_lost = pressure.lost_in_total(watch)
    seen = pressure.matches(findings, "Pressure open")
    print(f"# {name}: {n_opens * 1000 // opens_ms} opens a second; lost {n_lost}")
    for kind, n, n_seen in p.counts(findings):
        tap.ok(n_seen == n, f"{name}: every {kind.name} of {n} is reported", f"{n_seen} were")
    tap.ok(n_lost is not None and seen <= n_opens <= seen + n_lost, f"{name}: each open of {n_opens} is seen or counted as lost",
           f"{seen} were seen, {n_lost} lost")
    missed = pressure.lost_that_matters(findings)
    tap.ok(not missed, f"{name}: nothing of lifecycle, privilege, namespaces, mounts and modules is lost", str(missed))
    tap.ok(recovered, f"{name}: an open after the flood is seen")
    if stop_s:
        losses_are_said(tap, name, findings, n_lost, stopped_ns, ended_ns)


def seen_again(watch, p):
    """Whether the marker is told; it is opened until it is, since the first may still be among the lost."""
    mark = watch.mark()
    for _ in range(50):
        with open(p.recovered, encoding="ascii"):
            pass
        if watch.wait_for("Pressure recovered", mark, timeout=0.1):
            return True
    return False


def losses_are_said(tap, name, findings, n_lost, stopped_ns, ended_ns):
    """In findings that add up to the count, of the time in which it happened."""
    gaps = pressure.gaps(findings)
    tap.ok(n_lost and sum(n for _, _, n, _ in gaps) == n_lost, f"{name}: the findings about gaps add up to all that was lost",
           f"{n_lost} lost; {gaps}")
    second = 1_000_000_000
    tap.ok(gaps and all(begin < end for begin, end, _, _ in gaps), f"{name}: a gap begins before it ends", str(gaps))
    tap.ok(gaps and gaps[0][0] <= stopped_ns + STOP_S * second and gaps[-1][1] >= stopped_ns and gaps[-1][0] <= ended_ns + second,
           f"{name}: the gap told is when parka was stopped", f"{stopped_ns} to {ended_ns}: {gaps}")


def main():
    harness.need(docker=False)
    tap = harness.Tap()
    act = harness.find_act()
    with tempfile.TemporaryDirectory(prefix="parka-e2e-") as directory:
        rates = dict(RATES)
        p = pressure.Pressure(act, directory)
        if not pressure.sees_modules(p):
            print("# module events are left out: this kernel has no hook for delete_module")
            del rates["px-modules"]
        try:
            one_round(tap, p, "flood", rates, 0)
            one_round(tap, p, "flood and a stopped reader", rates, STOP_S)
        finally:
            p.stop()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
