#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Twice the load at which delivery saturates, for minutes: is anything lost that must not be?

    bench/soak.py [--minutes 10] [--cpu-percent N] [--json FILE] [--publish] [--from FILE]

First finds the load at which delivery saturates: opens of ever other files that a rule asks for, as fast as the machine can. Where that
is not enough to lose any, parka gets a share of a core only (a control group with a CPU quota, as containers have), halved until
the machine can offer twice what parka takes. Then offers twice that for the minutes, beside a known number of execs, setuids,
unshares, mounts and module events, and looks at the end whether
  - each of those was seen, and nothing of their lane is among what was lost
  - each open is seen or counted as lost, and the findings about gaps add up to what was lost, each with begin and end
  - the memory of parka does not grow after the first fifth
  - an open is told within a second of the flood's end.
Exit status 1 when one of these does not hold. Run as root, on an otherwise idle machine. All official rules (where they are) and
content/rules are loaded besides.
"""
import argparse
import json
import os
import sys
import tempfile
import time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TOP, "tests", "e2e"))

import figures    # noqa: E402
import harness    # noqa: E402
import pressure   # noqa: E402

RATES = {"px-execs": 200, "px-setuids": 200, "px-unshares": 20, "px-mounts": 20, "px-modules": 20}
OFFICIAL_FILES = ("falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml")
LIMITS = (None, 50, 25, 12, 6, 3)      # percent of a core that parka gets; None: all it wants
PROBE_S = 4
GROWTH_MIB = 1.0
MIN_FLAT_S = 120                       # no slope is told from less


class Quota:
    """A control group with a CPU quota: version 1 or 2, whatever is mounted."""

    def __init__(self, percent):
        v1, v2 = "/sys/fs/cgroup/cpu", "/sys/fs/cgroup"
        self.path = os.path.join(v1 if os.path.isdir(v1) else v2, "parka-soak")
        if not os.path.isdir(v1):
            self.write(os.path.join(v2, "cgroup.subtree_control"), "+cpu")
        os.makedirs(self.path, exist_ok=True)
        if os.path.isdir(v1):
            self.write("cpu.cfs_period_us", "100000")
            self.write("cpu.cfs_quota_us", str(percent * 1000))
        else:
            self.write("cpu.max", f"{percent * 1000} 100000")

    def write(self, name, text):
        with open(os.path.join(self.path, name), "w", encoding="ascii") as file:
            file.write(text)

    def add(self, pid):
        self.write("cgroup.procs", str(pid))

    def done(self):
        """Everybody out, so that ending is not slowed down."""
        with open(os.path.join(self.path, "cgroup.procs"), encoding="ascii") as file:
            for pid in file.read().split():
                self.write("../cgroup.procs", pid)
        os.rmdir(self.path)


def start_watch(p, rules, percent):
    """parka, ready, within its quota; and the quota, to be done with."""
    watch = harness.Watch(p.rules, *rules, options=pressure.THROTTLE)
    if not watch.wait_ready():
        sys.exit("soak.py: parka watch did not start: " + " / ".join(watch.stderr_lines[-3:]))
    quota = Quota(percent) if percent else None
    if quota:
        quota.add(watch.process.pid)
    return watch, quota


def stop_watch(watch, quota):
    """Its findings, once it ended."""
    if quota:
        quota.done()
    watch.stop()
    time.sleep(0.5)
    return watch.since(0)


def probe(p, rules, percent, n_processes):
    """(offered, delivered, lost) opens a second of a flood that goes as fast as the machine does."""
    watch, quota = start_watch(p, rules, percent)
    n_opens, took_ms = pressure.flooded(p.flood(None, PROBE_S, n_processes))
    findings = stop_watch(watch, quota)
    seen = pressure.matches(findings, "Pressure open")
    return n_opens * 1000 / took_ms, seen * 1000 / took_ms, (pressure.lost_in_total(watch) or 0) * 1000 / took_ms


def saturation(p, rules, limits, n_processes):
    """(percent, load at which delivery saturates), or exit when nothing saturates it."""
    for percent in limits:
        offered, delivered, lost = probe(p, rules, percent, n_processes)
        with_ = f"{percent} % of a core" if percent else "all it wants"
        print(f"soak.py: parka with {with_}: {offered:,.0f} opens a second offered, {delivered:,.0f} delivered, {lost:,.0f} lost")
        if lost > 0.01 * offered and (2 * delivered < 0.8 * offered or len(limits) == 1):
            return percent, delivered
    sys.exit("soak.py: this machine cannot offer twice what parka takes, whatever the quota")


def sample(watch, seconds, every_s=1.0):
    """[(seconds since the start, resident MiB)]"""
    ret, start = [], time.monotonic()
    while time.monotonic() - start < seconds:
        with open(f"/proc/{watch.process.pid}/statm", encoding="ascii") as file:
            ret.append((time.monotonic() - start, int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)))
        time.sleep(every_s)
    return ret


def slope(samples):
    """MiB a second by least squares."""
    n = len(samples)
    mean_t, mean_m = sum(t for t, _ in samples) / n, sum(m for _, m in samples) / n
    spread = sum((t - mean_t) ** 2 for t, _ in samples)
    return sum((t - mean_t) * (m - mean_m) for t, m in samples) / spread if spread else 0.0


def recovery_s(watch, p):
    """From now until a finding about an open that is done now, or again every 50 ms; None after ten seconds."""
    mark, start = watch.mark(), time.monotonic()
    while time.monotonic() - start < 10:
        with open(p.recovered, encoding="ascii"):
            pass
        if watch.wait_for("Pressure recovered", mark, timeout=0.05):
            return time.monotonic() - start
    return None


def soak(p, rules, percent, load, seconds, n_processes, rates):
    """All that was counted."""
    watch, quota = start_watch(p, rules, percent)
    begin_ns = time.time_ns()
    p.start(rates, seconds)
    flood = p.flood(int(2 * load), seconds, n_processes)
    samples = sample(watch, seconds)
    n_opens, took_ms = pressure.flooded(flood)
    end_ns = time.time_ns()
    recovery = recovery_s(watch, p)
    p.join()
    time.sleep(7)      # a gap is told five seconds after it began
    findings = stop_watch(watch, quota)
    flat = [s for s in samples if s[0] > seconds / 5]
    return {
        "seconds": took_ms / 1000, "offered_per_s": n_opens * 1000 / took_ms, "n_opens": n_opens,
        "n_seen": pressure.matches(findings, "Pressure open"), "n_lost": pressure.lost_in_total(watch),
        "kinds": {kind.name: {"done": n, "seen": seen} for kind, n, seen in p.counts(findings)},
        "lost_that_matters": pressure.lost_that_matters(findings), "gaps": pressure.gaps(findings),
        "begin_ns": begin_ns, "end_ns": end_ns, "recovery_s": recovery,
        "rss_mib": {"first": flat[0][1], "last": flat[-1][1], "max": max(m for _, m in samples), "mib_per_minute": slope(flat) * 60,
                    "growth": slope(flat) * (flat[-1][0] - flat[0][0]), "every_10_s": [round(m, 2) for _, m in samples[::10]]},
    }


def promises(r):
    """(whether it holds, what is said of it)"""
    for name, kind in r["kinds"].items():
        yield kind["done"] == kind["seen"] and kind["done"] > 0, f"{name}: {kind['done']:,} done, {kind['seen']:,} seen"
    yield not r["lost_that_matters"], f"lost of lifecycle, privilege, namespaces, mounts, modules: {r['lost_that_matters'] or 'nothing'}"
    lost, gaps = r["n_lost"] or 0, r["gaps"]
    yield lost > 0 and r["n_seen"] <= r["n_opens"] <= r["n_seen"] + lost, \
        f"opens: {r['n_opens']:,} done, {r['n_seen']:,} seen, {lost:,} counted as lost"
    told = sum(n for _, _, n, _ in gaps)
    yield told == lost, f"findings about gaps: {len(gaps):,}, which tell {told:,} of {lost:,} lost"
    inside = all(r["begin_ns"] - 1.5e9 <= begin < end <= r["end_ns"] + 2.5e9 for begin, end, _, _ in gaps)
    yield bool(gaps) and inside, "each gap has its begin and end, within the flood"
    memory = r["rss_mib"]
    text = f"memory: {memory['first']:.1f} MiB after a fifth, {memory['last']:.1f} at the end, {memory['mib_per_minute']:+.3f} MiB a minute"
    if r["seconds"] >= MIN_FLAT_S:
        yield abs(memory["growth"]) < GROWTH_MIB or memory["growth"] < 0, text
    else:
        yield True, text + " (too short to judge)"
    recovery = r["recovery_s"]
    yield recovery is not None and recovery < 1, f"recovery: {f'{recovery:.2f} s' if recovery is not None else 'none in 10 s'}"


def markdown(r):
    """What docs/performance.md says of it."""
    share = f"{r['cpu_percent']} % of a core" if r["cpu_percent"] else "all of the machine it wanted"
    lines = [f"{r['date']}, Linux {r['kernel']}, {r['cores']} cores. parka had {share}: delivery saturates at "
             f"{r['saturation_per_s']:,.0f} opens a second; {r['offered_per_s']:,.0f} were offered for {r['seconds'] / 60:.1f} minutes.", ""]
    return "\n".join(lines + [f"- {'' if holds else 'missed: '}{said}" for holds, said in promises(r)])


def tell(args, result):
    """On the terminal and where it is published; the exit status."""
    print(f"soak.py: {result['offered_per_s']:,.0f} opens a second for {result['seconds']:.0f} seconds")
    held = [print(("ok      " if holds else "MISSED  ") + text) or holds for holds, text in promises(result)]
    if args.publish:
        figures.write_block(os.path.join(TOP, "docs", "performance.md"), "bench/soak.py", markdown(result))
    return 0 if all(held) else 1


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--minutes", type=float, default=10)
    a.add_argument("--cpu-percent", type=int, metavar="N", help="give parka N percent of a core, instead of finding out")
    a.add_argument("--json", metavar="FILE", help="write all that was counted")
    a.add_argument("--publish", action="store_true", help="write what came of it into docs/performance.md")
    a.add_argument("--from", dest="from_file", metavar="FILE", help="tell what --json wrote again, instead of measuring")
    args = a.parse_args()
    if args.from_file:
        with open(args.from_file, encoding="utf-8") as file:
            sys.exit(tell(args, json.load(file)))
    if os.geteuid() != 0 or not harness.find_parka() or not harness.find_act():
        sys.exit("soak.py: needs root, and parka and the acts built: ninja -C build")
    rules = [path for path in [os.path.join(harness.OFFICIAL, name) for name in OFFICIAL_FILES] if os.path.exists(path)] + [harness.RULES]
    n_processes = os.cpu_count() or 1
    rates = dict(RATES)
    with tempfile.TemporaryDirectory(prefix="parka-soak-") as directory:
        p = pressure.Pressure(harness.find_act(), directory)
        if not pressure.sees_modules(p):
            print("soak.py: module events are left out: this kernel has no hook for delete_module")
            del rates["px-modules"]
        percent, load = saturation(p, rules, [args.cpu_percent] if args.cpu_percent else LIMITS, n_processes)
        print(f"soak.py: delivery saturates at {load:,.0f} opens a second; {args.minutes:g} minutes at twice that")
        try:
            result = soak(p, rules, percent, load, int(args.minutes * 60), n_processes, rates)
        finally:
            p.stop()
    result = {"date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "kernel": os.uname().release,
              "cores": os.cpu_count(), "cpu_percent": percent, "saturation_per_s": load, **result}
    if args.json:
        with open(args.json, "w", encoding="utf-8") as file:
            json.dump(result, file, indent=1)
    sys.exit(tell(args, result))


if __name__ == "__main__":
    main()
