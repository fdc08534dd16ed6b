#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What parka costs the start and the end of a process: vfork + exec + wait and fork + exit, in alternating rounds.

    bench/exec_cost.py [--rounds 10] [--n 1500] [--rules FILE|DIR ...] [--loads exec,fork] [--stopped] [--programs] [--parka FILE]

Run as root; builds nothing: needs build/src/cli/parka and build/bench/load. Each round runs every load without parka, with it, and
without it again, in groups of 2 ms of which the lower quartile counts (bench/load.c). For each load: the medians without and with, the
median of the rounds' ratios with the middle half of them, the same of the CPU time that the load and its children used (of which
waiting for a CPU is no part), and parka's own CPU time per operation. --stopped stops parka during the load, so that only what its
programs do in the kernel is measured: keep --n below what the ring holds, some 700 execs. --programs adds a run with
kernel.bpf_stats_enabled=1: time of each BPF program per operation.

Where tracefs is not mounted, it is mounted for this bench alone: without it parka looks at every system call.
"""
import argparse, json, os, signal, statistics, subprocess, sys, time

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TRACEFS = "/sys/kernel/tracing"
CHUNK = {"exec": 4, "fork": 16}   # some 2 ms: shorter than the slices in which a busy machine runs others


def own_mounts():
    """In a mount namespace of its own, with tracefs."""
    if os.path.exists(TRACEFS + "/events") or os.environ.get("EXEC_COST_MOUNTED"):
        return
    env = dict(os.environ, EXEC_COST_MOUNTED="1")
    script = f'mount -t tracefs tracefs {TRACEFS} && exec "$@"'
    os.execvpe("unshare", ["unshare", "-m", "sh", "-c", script, "sh", sys.executable, *sys.argv], env)


def cpu_seconds(pid):
    with open(f"/proc/{pid}/schedstat") as f:
        return int(f.read().split()[0]) / 1e9


def closing():
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm") as f:
                if f.read().strip() == "parka-closing":
                    return True
        except OSError:
            pass
    return False


class Agent:
    def __init__(self, a, log):
        args = [a.parka or os.path.join(a.build, "src/cli/parka"), "watch", "--format", "json", "-q"]
        for r in a.rules:
            args += ["-r", r]
        self.process = subprocess.Popen(args, stdout=log, stderr=log)
        self.settle()

    def settle(self):
        last, calm, deadline = -1.0, 0, time.time() + 30
        while calm < 4 and time.time() < deadline:
            time.sleep(0.2)
            if self.process.poll() is not None:
                sys.exit("parka watch ended; see /tmp/parka-exec-cost.log")
            now = self.cpu()
            calm = calm + 1 if now - last <= 0.005 else 0
            last = now

    def cpu(self):
        return cpu_seconds(self.process.pid)

    def signal(self, signo):
        self.process.send_signal(signo)

    def stop(self):
        self.signal(signal.SIGINT)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        deadline = time.time() + 60   # the hooks are taken off by a process that lives some seconds longer
        while closing() and time.time() < deadline:
            time.sleep(0.1)


def programs():
    """Runs and nanoseconds of each BPF program that is loaded."""
    out = subprocess.run(["bpftool", "prog", "show", "-j"], check=True, capture_output=True, text=True).stdout
    return {p["id"]: (p.get("name", "?"), p.get("run_cnt", 0), p.get("run_time_ns", 0)) for p in json.loads(out)}


def is_alone(agent):
    return sum(name == "on_exec" for name, _, _ in programs().values()) == (agent is not None)


def run_once(a, name):
    """Nanoseconds of the wall clock and of CPU per operation; the load makes a tenth more to warm up."""
    out = subprocess.run([os.path.join(a.build, "bench/load"), name, str(a.n), str(CHUNK[name])], check=True, capture_output=True, text=True)
    return tuple(map(float, out.stdout.split()))


def run_load(a, name, agent):
    """The same and microseconds of the agent, while nobody else's hooks are attached: waits for that, and measures again what was
    disturbed."""
    for _ in range(600):
        if not is_alone(agent):
            time.sleep(0.2)
            continue
        before = agent.cpu() if agent else 0
        if agent and a.stopped:
            agent.signal(signal.SIGSTOP)
        wall, cpu = run_once(a, name)
        if agent:
            agent.signal(signal.SIGCONT)
            time.sleep(0.2)
        own = (agent.cpu() - before) / (a.n * 1.1) * 1e6 if agent else 0
        if is_alone(agent):
            return wall, cpu, own
    sys.exit("the programs of another parka are attached")


def measure(a, log):
    loads = a.loads.split(",")
    rows = {name: ([run_load(a, name, None)], []) for name in loads}
    for _ in range(a.rounds):
        agent = Agent(a, log)
        for name in loads:
            rows[name][1].append(run_load(a, name, agent))
        agent.stop()
        for name in loads:
            rows[name][0].append(run_load(a, name, None))
    return rows


def quartiles(ratios):
    ratios = sorted(ratios)
    return ratios[len(ratios) // 4], statistics.median(ratios), ratios[(3 * len(ratios)) // 4]


def show(name, label, without, with_):
    low, mid, high = quartiles([2 * w / (before + after) for w, before, after in zip(with_, without, without[1:])])
    print(f"{name:<6}{label:<6}{statistics.median(without):>12.0f}{statistics.median(with_):>12.0f}{mid:>8.3f}   {low:.3f} to {high:.3f}")


def measure_programs(a, log):
    stats = "/proc/sys/kernel/bpf_stats_enabled"
    agent = Agent(a, log)
    with open(stats, "w") as f:
        f.write("1")
    try:
        for name in a.loads.split(","):
            before = programs()
            run_once(a, name)
            after = programs()
            print(f"{name}: programs' runs per operation, ns per run, ns per operation (with some 40 ns of counting per run)")
            total = 0
            for key, (program, runs, ns) in sorted(after.items(), key=lambda p: -p[1][2]):
                _, runs0, ns0 = before.get(key, (program, 0, 0))
                runs, ns = runs - runs0, ns - ns0
                total += ns
                if runs > a.n / 20:
                    print(f"  {program:<20}{runs / (a.n * 1.1):>8.2f}{ns / runs:>10.0f}{ns / (a.n * 1.1):>10.0f}")
            print(f"  all of them{total / (a.n * 1.1):>37.0f}")
    finally:
        with open(stats, "w") as f:
            f.write("0")
        agent.stop()


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rounds", type=int, default=10)
    p.add_argument("--n", type=int, default=1500)
    p.add_argument("--rules", action="append", default=[])
    p.add_argument("--loads", default="exec,fork")
    p.add_argument("--build", default=os.path.join(TOP, "build"))
    p.add_argument("--parka", help="another program than that of the build")
    p.add_argument("--stopped", action="store_true")
    p.add_argument("--programs", action="store_true")
    a = p.parse_args()
    own_mounts()
    with open("/tmp/parka-exec-cost.log", "w") as log:
        if a.rounds:
            rows = measure(a, log)
            print(f"{'load':<6}{'time':<6}{'without ns':>12}{'with ns':>12}{'ratio':>8}   middle half")
            for name, (without, with_) in rows.items():
                for i, label in enumerate(("wall", "CPU")):
                    show(name, label, [r[i] for r in without], [r[i] for r in with_])
                print(f"{name:<6}own CPU {statistics.median(r[2] for r in with_):.2f} us per operation")
        if a.programs:
            measure_programs(a, log)


main()
