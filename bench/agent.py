#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What parka costs a machine: each load with and without `parka watch`, in alternating rounds.

    bench/agent.py [--rounds 5] [--rules FILE|DIR ...] [--loads open,exec,...] [--json]

Run as root on an otherwise idle machine; builds nothing: needs build/src/cli/parka and
build/bench/load. Prints for each load the median without, the median with, and the median of
the ratios of neighbouring rounds, parka's own CPU time per operation, and its idle share,
start-up time and peak memory.
"""
import argparse, json, os, signal, statistics, subprocess, sys, time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LOADS = [("getppid", 2_000_000), ("read", 2_000_000), ("open", 200_000), ("open-fail", 200_000),
         ("udp", 50_000), ("exec", 1500), ("fork", 4000)]
TICK = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as f:
        fields = f.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def peak_kib(pid):
    with open(f"/proc/{pid}/status") as f:
        for line in f:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0


def wait_for_closing():
    """Hooks are taken off by a process of their own, which lives some seconds longer: nothing may be measured meanwhile."""
    deadline = time.time() + 60
    while time.time() < deadline:
        names = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/comm") as f:
                    names.append(f.read().strip())
            except OSError:
                pass
        if "parka-closing" not in names:
            return
        time.sleep(0.2)


class Agent:
    """One run of parka watch, up and ready."""

    def __init__(self, binary, rules, log):
        args = [binary, "watch", "--format", "json", "-q"]
        for r in rules:
            args += ["-r", r]
        self.process = subprocess.Popen(args, stdout=log, stderr=log)
        self.start_cpu = self.settle()

    def settle(self):
        """Wait until it stops using the CPU: started, seeded, rules compiled."""
        last, calm, deadline = -1.0, 0, time.time() + 30
        while calm < 4 and time.time() < deadline:
            time.sleep(0.25)
            if self.process.poll() is not None:
                sys.exit("parka watch ended; see the log")
            now = cpu_seconds(self.process.pid)
            calm = calm + 1 if now - last <= 0.011 else 0
            last = now
        return last

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def stop(self):
        peak = peak_kib(self.process.pid)
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        wait_for_closing()
        return peak


def run_load(load, name, n):
    return float(subprocess.run([load, name, str(n)], check=True, capture_output=True, text=True).stdout)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--rules", action="append", default=[])
    p.add_argument("--loads", default=",".join(n for n, _ in LOADS))
    p.add_argument("--build", default=os.path.join(TOP, "build"))
    p.add_argument("--idle", type=float, default=10, help="seconds of idling to measure")
    p.add_argument("--json", action="store_true")
    a = p.parse_args()
    binary, load = os.path.join(a.build, "src/cli/parka"), os.path.join(a.build, "bench/load")
    wanted = [(n, k) for n, k in LOADS if n in a.loads.split(",")]
    without, with_, own = ({n: [] for n, _ in wanted} for _ in range(3))
    start, peaks, idle = [], [], []
    wait_for_closing()
    with open("/tmp/parka-bench.log", "w") as log:
        for r in range(a.rounds):
            for n, k in wanted:
                without[n].append(run_load(load, n, k))
            agent = Agent(binary, a.rules, log)
            start.append(agent.start_cpu)
            before = agent.cpu()
            if r == 0 and a.idle:
                time.sleep(a.idle)
                idle.append((agent.cpu() - before) / a.idle * 100)
            for n, k in wanted:
                before = agent.cpu()
                with_[n].append(run_load(load, n, k))
                time.sleep(0.3)
                own[n].append((agent.cpu() - before) / (k * 1.1) * 1e6)
            peaks.append(agent.stop())
    med = statistics.median
    rows = [{"load": n, "without_ns": med(without[n]), "with_ns": med(with_[n]),
             "ratio": med(b / c for b, c in zip(with_[n], without[n])), "own_us_per_op": med(own[n])} for n, _ in wanted]
    summary = {"start_cpu_s": med(start), "peak_rss_mib": max(peaks) / 1024, "idle_percent_of_core": med(idle) if idle else None}
    if a.json:
        print(json.dumps({"rounds": a.rounds, "loads": rows, **summary}))
        return
    print(f"{'load':<12}{'without ns':>12}{'with ns':>12}{'ratio':>8}{'own us/op':>11}")
    for r in rows:
        print(f"{r['load']:<12}{r['without_ns']:>12.0f}{r['with_ns']:>12.0f}{r['ratio']:>8.2f}{r['own_us_per_op']:>11.2f}")
    print(f"start-up {summary['start_cpu_s']:.2f} CPU s, peak {summary['peak_rss_mib']:.1f} MiB"
          + (f", idle {summary['idle_percent_of_core']:.2f} % of a core" if idle else ""))


main()
