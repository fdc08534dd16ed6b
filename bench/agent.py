#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What parka costs a machine: each load with and without `parka watch`, in alternating rounds.

    bench/agent.py                            all loads, medians of 5 rounds, all official rules and content/rules
    bench/agent.py --only open,exec --rounds 3
    bench/agent.py --bounds --targets         also beside empty programs on the same hooks; each target and whether it is met
    bench/agent.py --bounds --json out.json   the result for machines (bench/plot.py draws it)
    bench/agent.py --from out.json --targets  tell a result again, without measuring
    bench/agent.py --publish                  measure all; write docs/performance.json, its table in docs/performance.md, the picture

Run as root on an otherwise idle machine, after `ninja -C build`; `scripts/deps.sh bench` installs what the loads need, and a load
whose program is missing is skipped with the reason. The ratio of a load is the median of the ratios of its rounds; a round
measures all loads without parka, then with it, the next the other way round. Where tracefs is not mounted it is mounted for the
run only, in a mount namespace of its own: parka has cheaper hooks with it, and most distributions mount it.
"""
import argparse
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

import figures

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OFFICIAL = os.path.join(os.environ.get("SHARED_DIR", os.path.join(TOP, "..", "shared")), "data", "falco-rules")
OFFICIAL_FILES = ("falco_rules.yaml", "falco-incubating_rules.yaml", "falco-sandbox_rules.yaml")
TRACEFS = "/sys/kernel/tracing"
TICK = os.sysconf("SC_CLK_TCK")
SETTLE_S = 0.5      # until what a load caused is judged
MICRO = {"getppid": 2_000_000, "read": 2_000_000, "open": 200_000, "open-fail": 200_000, "udp": 50_000, "exec": 1500, "fork": 4000}
EXEC_RATE = (1600, 5)     # a second, for so many seconds


# ---- the machine ----

def output_of(*command):
    """Standard output of a command, or "" where there is none."""
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout.strip()
    except OSError:
        return ""


def first_match(path, pattern, default):
    """The first group of the first line of a file that matches."""
    try:
        with open(path, encoding="utf-8") as file:
            for line in file:
                found = re.match(pattern, line)
                if found:
                    return found.group(1)
    except OSError:
        pass
    return default


def bpf_programs():
    """How many programs that could slow system calls are loaded; None where bpftool is missing."""
    kinds = ("tracing", "tracepoint", "raw_tracepoint", "raw_tracepoint_writable", "kprobe", "perf_event", "lsm")
    try:
        return sum(p["type"] in kinds for p in json.loads(output_of("bpftool", "--json", "prog", "show")))
    except ValueError:
        return None


def about_machine():
    """What a figure needs beside it to mean something."""
    dirty = "-dirty" if output_of("git", "-C", TOP, "status", "--porcelain", "-uno") else ""
    return {
        "date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "commit": output_of("git", "-C", TOP, "rev-parse", "--short=12", "HEAD") + dirty,
        "kernel": os.uname().release, "cores": os.cpu_count(), "cpu": first_match("/proc/cpuinfo", r"model name\s*: (.*)", "unknown"),
        "hooks": "tracefs mounted" if os.path.isdir(os.path.join(TRACEFS, "events")) else "no tracefs",
        "load_average": os.getloadavg()[0], "other_programs": bpf_programs(),
    }


def own_mounts():
    """With tracefs, if need be in a mount namespace of our own: the machine stays as it is."""
    if os.path.isdir(os.path.join(TRACEFS, "events")) or os.environ.get("PARKA_BENCH_MOUNTS"):
        return
    os.environ["PARKA_BENCH_MOUNTS"] = "own"
    script = f"mount -t tracefs tracefs {TRACEFS} || true; exec \"$@\""
    os.execvp("unshare", ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", sys.executable, *sys.argv])


def wait_for_closing():
    """Hooks are taken off by a process of their own, which lives some seconds longer: nothing may be measured meanwhile."""
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        names = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            names.append(first_match(f"/proc/{pid}/status", r"Name:\s*(\S+)", ""))
        if "parka-closing" not in names:
            return
        time.sleep(0.2)


# ---- what is measured: nothing, empty programs, parka ----

class Agent:
    """One run of parka watch, up and ready."""

    def __init__(self, binary, rules, options, log_path, state):
        args = [binary, "watch", "--format", "json", "--no-status", "--state", state, *options]
        for path in rules:
            args += ["-r", path]
        self.log_path = log_path
        with open(log_path, "wb") as log, open(os.devnull, "wb") as null:
            self.process = subprocess.Popen(args, stdout=null, stderr=log)
        self.clock = (~self.process.pid << 3) | 2      # its CPU-time clock: see clock_getcpuclockid(3)
        self.wait_ready()
        time.sleep(1)
        self.start_cpu = self.cpu()
        self.start_rss = self.memory("VmRSS")

    def log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def wait_ready(self):
        deadline = time.monotonic() + 60
        while "watching" not in self.log():
            if self.process.poll() is not None or time.monotonic() > deadline:
                sys.exit("agent.py: parka watch did not start: " + self.log().strip())
            time.sleep(0.02)

    def cpu(self):
        """CPU seconds of all threads and of children that ended."""
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        return time.clock_gettime(self.clock) + (int(fields[13]) + int(fields[14])) / TICK

    def memory(self, key):
        return int(first_match(f"/proc/{self.process.pid}/status", key + r":\s*(\d+)", "0")) / 1024

    def idle(self, seconds):
        """Share of a core in each second, in percent."""
        shares = []
        for _ in range(seconds):
            cpu, start = self.cpu(), time.monotonic()
            time.sleep(1)
            shares.append((self.cpu() - cpu) / (time.monotonic() - start) * 100)
        return shares

    def stop(self):
        """Peak memory in MiB, events lost."""
        peak = self.memory("VmHWM")
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        lost = re.findall(r"\blost (\d+)", self.log())
        wait_for_closing()
        return peak, int(lost[-1]) if lost else 0


class Bare:
    """Empty programs, attached."""

    def __init__(self, binary, setup):
        self.process = subprocess.Popen([binary, setup], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.error = None if self.process.stdout.readline() else self.process.stderr.read().strip()

    def stop(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()


# ---- loads: run() gives {row: figure}, the number of operations, and the CPU seconds of the load itself ----

class Micro:
    """One thing, many times."""

    def __init__(self, binary, name):
        self.binary, self.name, self.rows, self.n = binary, name, (name,), MICRO[name]

    def prepare(self, _directory):
        return None

    def run(self):
        done = subprocess.run([self.binary, self.name, str(self.n)], check=True, capture_output=True, text=True)
        return {self.name: float(done.stdout)}, self.n * 1.1

    def done(self):
        pass


class Build:
    """make -j2 of a C library of sixty files, made here."""
    rows = ("build",)
    N_FILES, N_FUNCTIONS = 60, 20
    HEADERS = ("assert.h", "ctype.h", "errno.h", "fcntl.h", "limits.h", "math.h", "pthread.h", "signal.h", "stdint.h", "stdio.h", "stdlib.h",
               "string.h", "sys/socket.h", "sys/stat.h", "time.h", "unistd.h")

    def prepare(self, directory):
        if not shutil.which("make") or not shutil.which("gcc"):
            return "make or gcc is not installed"
        self.directory = os.path.join(directory, "library")
        os.mkdir(self.directory)
        self.write("library.h", "".join(f"#include <{h}>\n" for h in self.HEADERS)
                   + "".join(f"int f{i}_{k}(const char *text, int n);\n" for i in range(self.N_FILES) for k in range(self.N_FUNCTIONS)))
        for i in range(self.N_FILES):
            self.write(f"file{i}.c", '#include "library.h"\n\n' + "\n".join(self.function(i, k) for k in range(self.N_FUNCTIONS)))
        self.write("Makefile", f"objects := $(foreach n,$(shell seq 0 {self.N_FILES - 1}),file$(n).o)\n"
                   "CFLAGS := -O2 -Wall -MMD\nlibrary.a: $(objects)\n\t$(AR) rcs $@ $^\nclean:\n\trm -f *.o *.d library.a\n")
        return None

    def write(self, name, text):
        with open(os.path.join(self.directory, name), "w", encoding="ascii") as file:
            file.write(text)

    @staticmethod
    def function(i, k):
        other = f"f{(i + 1) % Build.N_FILES}_{(k * 7 + 1) % Build.N_FUNCTIONS}"
        return (f"int f{i}_{k}(const char *text, int n)\n{{\n\tchar copy[{64 + k}];\n\tint sum = {k};\n\n"
                f"\tsnprintf(copy, sizeof(copy), \"%s {i} %d\", text, n);\n"
                "\tfor (size_t at = 0; at < strlen(copy); at++) {\n"
                f"\t\tswitch (tolower((unsigned char)copy[at]) % {5 + k % 7}) {{\n"
                + "".join(f"\t\tcase {c}: sum = sum * {c + 3} + copy[at] % {c + 2}; break;\n" for c in range(5))
                + f"\t\tdefault: sum ^= (int)at << {k % 9};\n\t\t}}\n\t}}\n\treturn n > 0 ? {other}(copy, n - 1) + sum : sum;\n}}\n")

    def run(self):
        make = ["make", "-s", "-C", self.directory]
        subprocess.run([*make, "clean"], check=True)
        start = time.monotonic()
        subprocess.run([*make, "-j2"], check=True, capture_output=True)
        return {"build": time.monotonic() - start}, 1

    def done(self):
        pass


class Redis:
    """A server and 50 clients."""
    rows = ("redis-ping", "redis-set", "redis-get")
    N = 100_000
    TESTS = {"PING_MBULK": "redis-ping", "SET": "redis-set", "GET": "redis-get"}
    server = None

    def prepare(self, directory):
        if not shutil.which("redis-server") or not shutil.which("redis-benchmark"):
            return "redis-server and redis-tools are not installed"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = str(free.getsockname()[1])
        self.server = subprocess.Popen(["redis-server", "--port", self.port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
                                        "--dir", directory], stdout=subprocess.DEVNULL)
        for _ in range(100):
            if output_of("redis-cli", "-p", self.port, "ping") == "PONG":
                return None
            time.sleep(0.05)
        return "redis-server does not answer"

    def run(self):
        done = subprocess.run(["redis-benchmark", "-p", self.port, "-c", "50", "-n", str(self.N), "-t", "ping_mbulk,set,get", "--csv"],
                              check=True, capture_output=True, text=True)
        found = dict(re.findall(r'^"(\w+)[^"]*","([0-9.]+)"', done.stdout, re.M))
        return {row: float(found[test]) for test, row in self.TESTS.items()}, self.N * len(self.TESTS)

    def done(self):
        if self.server:
            self.server.terminate()
            self.server.wait()


class Docker:
    """Six containers, one after the other."""
    rows = ("docker",)
    IMAGE = "parka-bench:1"
    daemon = None

    def prepare(self, directory):
        if not all(shutil.which(program) for program in ("docker", "dockerd", "busybox")):
            return "docker or busybox-static is not installed"
        if not output_of("docker", "version", "--format", "{{.Server.Version}}"):
            with open(os.path.join(directory, "dockerd.log"), "wb") as log:
                self.daemon = subprocess.Popen(["dockerd", "--iptables=false", "--bridge=none"], stdout=log, stderr=log)
        for _ in range(150):
            if output_of("docker", "version", "--format", "{{.Server.Version}}"):
                return self.image(directory)
            time.sleep(0.2)
        return "dockerd cannot be started here"

    def image(self, directory):
        root = os.path.join(directory, "image")
        os.makedirs(os.path.join(root, "bin"))
        shutil.copy(shutil.which("busybox"), os.path.join(root, "bin", "true"))
        with subprocess.Popen(["tar", "-C", root, "-c", "."], stdout=subprocess.PIPE) as tar:
            done = subprocess.run(["docker", "import", "-", self.IMAGE], stdin=tar.stdout, capture_output=True, text=True, check=False)
        if done.returncode:
            return "docker import: " + done.stderr.strip()
        first = subprocess.run(self.command(), capture_output=True, text=True, check=False)
        return "docker run: " + first.stderr.strip() if first.returncode else None

    def command(self):
        return ["docker", "run", "--rm", "--network=none", self.IMAGE, "/bin/true"]

    def run(self):
        start = time.monotonic()
        for _ in range(6):
            subprocess.run(self.command(), check=True)
        return {"docker": time.monotonic() - start}, 6

    def done(self):
        if output_of("docker", "version", "--format", "{{.Server.Version}}"):
            output_of("docker", "rmi", self.IMAGE)
        if self.daemon:
            self.daemon.terminate()
            self.daemon.wait()


# ---- rounds ----

def children_cpu():
    """CPU seconds of all children that ended."""
    times = os.times()
    return times.children_user + times.children_system


class Bench:
    """The figures of all rounds as they come."""

    def __init__(self, args, loads, directory, skipped):
        self.args, self.loads, self.directory, self.skipped = args, loads, directory, skipped
        self.rows = [row for load in loads for row in load.rows]
        self.without = {row: [] for row in self.rows}
        self.with_ = {row: [] for row in self.rows}
        self.own_us = {row: [] for row in self.rows}           # per operation
        self.own_share = {row: [] for row in self.rows}        # of the load's own CPU
        self.own_s = {row: [] for row in self.rows}
        self.bare = {setup: {row: [] for row in self.rows} for setup in figures.BOUNDS}
        self.starts, self.start_rss, self.peaks, self.idle, self.exec_rate, self.lost = [], [], [], [], [], 0
        self.bare_error = None

    def run(self, load):
        """What a load says; a load that fails is left out from here on, with the reason, and the others go on."""
        try:
            return load.run()
        except (subprocess.CalledProcessError, OSError, ValueError, KeyError) as e:
            said = getattr(e, "stderr", None)
            self.skipped[load.rows[0].split("-")[0]] = f"failed: {e} {said.strip() if isinstance(said, str) else ''}".strip()
            self.loads = [other for other in self.loads if other is not load]
            self.rows = [row for row in self.rows if row not in load.rows]
            return {}, 1

    def nothing(self):
        for load in self.loads:
            for row, value in self.run(load)[0].items():
                self.without[row].append(value)

    def beside_parka(self):
        a = self.args
        agent = Agent(a.binary, a.rules, a.watch_option, os.path.join(self.directory, "parka.log"), os.path.join(self.directory, "state"))
        self.starts.append(agent.start_cpu)
        self.start_rss.append(agent.start_rss)
        time.sleep(1 if a.idle else 0)
        self.idle += agent.idle(a.idle)
        for load in self.loads:
            self.one_load(agent, load)
        if not a.only or "exec-rate" in a.only:
            self.exec_rate.append(self.paced_execs(agent))
        peak, lost = agent.stop()
        self.peaks.append(peak)
        self.lost += lost

    def one_load(self, agent, load):
        cpu, children = agent.cpu(), children_cpu()
        values, n = self.run(load)
        work = children_cpu() - children
        time.sleep(SETTLE_S)
        own = agent.cpu() - cpu
        for row, value in values.items():
            self.with_[row].append(value)
            self.own_us[row].append(own / n * 1e6)
            self.own_s[row].append(own)
            self.own_share[row].append(own / work * 100 if work else 0)

    def paced_execs(self, agent):
        rate, seconds = EXEC_RATE
        cpu, start = agent.cpu(), time.monotonic()
        subprocess.run([self.args.load, "exec", str(rate * seconds), str(rate)], check=True, capture_output=True)
        took = time.monotonic() - start
        if took > seconds * 1.1:
            print(f"agent.py: only {rate * seconds / took:.0f} execs a second could be done", file=sys.stderr)
        return (agent.cpu() - cpu) / took * 100

    def beside_bare(self, setup):
        bare = Bare(self.args.bare, setup)
        if bare.error is not None:
            self.bare_error = bare.error
        for load in self.loads:
            if not bare.error and figures.LOAD[load.rows[0]].bound:
                for row, value in self.run(load)[0].items():
                    self.bare[setup][row].append(value)
        bare.stop()

    def round(self, number):
        parts = [self.nothing, self.beside_parka] if number % 2 == 0 else [self.beside_parka, self.nothing]
        for part in parts:
            part()
        for setup in self.bare if self.args.bounds else ():
            self.beside_bare(setup)

    def ratio(self, row, values):
        pairs = list(zip(values, self.without[row]))
        if figures.LOAD[row].unit == "requests/s":
            return [without / with_ for with_, without in pairs]
        return [with_ / without for with_, without in pairs]

    def row(self, row):
        median, ratios = statistics.median, self.ratio(row, self.with_[row])
        ret = {"name": row, "unit": figures.LOAD[row].unit, "without": median(self.without[row]), "with": median(self.with_[row]),
               "ratio": median(ratios), "ratios": [round(r, 4) for r in ratios], "own_us_per_op": median(self.own_us[row]),
               "own_s": median(self.own_s[row]), "own_percent_of_load": median(self.own_share[row])}
        if ret["unit"] == "requests/s":
            ret["loss_percent"] = (1 - 1 / ret["ratio"]) * 100
        if row == "exec":
            ret["per_second_without"], ret["per_second_with"] = 1e9 / ret["without"], 1e9 / ret["with"]
        bounds = {setup: median(self.ratio(row, values[row])) for setup, values in self.bare.items() if values[row]}
        return {**ret, "bounds": bounds} if bounds else ret

    def result(self):
        median = statistics.median
        return {
            "rounds": self.args.rounds, "rules": [os.path.basename(os.path.normpath(r)) for r in self.args.rules],
            "loads": [self.row(row) for row in self.rows], "start_cpu_s": median(self.starts), "start_rss_mib": median(self.start_rss),
            "peak_rss_mib": max(self.peaks), "idle_percent": statistics.mean(self.idle) if self.idle else None,
            "idle_percent_max": max(self.idle) if self.idle else None,
            "exec_rate_percent": median(self.exec_rate) if self.exec_rate else None, "n_lost": self.lost,
        }


def make_loads(args):
    """All loads wanted, by name of load or of its first word ("redis")."""
    loads = [Micro(args.load, name) for name in MICRO] + [Build(), Redis(), Docker()]
    known = {row for load in loads for row in load.rows} | {"redis", "exec-rate", "idle"}
    for name in args.only:
        if name not in known:
            sys.exit(f"agent.py: no load named {name}: {', '.join(sorted(known))}")
    return [load for load in loads if not args.only or any(row in args.only or row.split("-")[0] in args.only and row not in MICRO
                                                           for row in load.rows)]


def measure(args):
    """All rounds: the result."""
    skipped, loads = {}, []
    result = about_machine()
    with tempfile.TemporaryDirectory(prefix="parka-bench-") as directory:
        wanted = make_loads(args)
        try:
            for load in wanted:
                reason = load.prepare(directory)
                if reason:
                    skipped[load.rows[0].split("-")[0]] = reason
                    print(f"agent.py: {load.rows[0].split('-')[0]} skipped: {reason}", file=sys.stderr)
                else:
                    loads.append(load)
            wait_for_closing()
            bench = Bench(args, loads, directory, skipped)
            for number in range(args.rounds):
                print(f"agent.py: round {number + 1} of {args.rounds}", file=sys.stderr)
                bench.round(number)
        finally:
            for load in wanted:
                load.done()
    if bench.bare_error:
        skipped["bounds"] = bench.bare_error
    return {**result, **bench.result(), "skipped": skipped}


# ---- telling ----

def write_json(result, path):
    text = json.dumps(result, indent=1) + "\n"
    if path == "-":
        sys.stdout.write(text)
        return
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def tell(args, result):
    if args.publish:
        docs = os.path.join(TOP, "docs")
        write_json(result, os.path.join(docs, "performance.json"))
        picture = "![How much slower a host gets beside parka, and beside Falco]"
        figures.write_block(os.path.join(docs, "performance.md"), "bench/agent.py", f"{picture}(performance.svg)\n\n" + figures.markdown(result))
        figures.write_block(os.path.join(TOP, "README.md"), "bench/agent.py", f"{picture}(docs/performance.svg)\n\n"
                            "`bench/agent.py` measured this and drew it: [docs/performance.md](docs/performance.md).")
        subprocess.run([sys.executable, os.path.join(TOP, "bench", "plot.py"), os.path.join(docs, "performance.json")], check=True)
    if args.json:
        write_json(result, args.json)
    if args.markdown:
        print(figures.markdown(result))
    elif args.json != "-":
        print(figures.text(result, args.targets))


def parse_args():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--only", default="", metavar="NAME,...", help="some loads: " + ", ".join([*MICRO, "build", "redis", "docker", "exec-rate", "idle"]))
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--rules", action="append", metavar="FILE|DIR", help="rules instead of the official ones and content/rules; repeatable")
    p.add_argument("--watch-option", action="append", default=[], metavar="OPTION", help="one more option for parka watch; repeatable")
    p.add_argument("--idle", type=int, default=10, metavar="SECONDS", help="how long to watch it idle in each round (10)")
    p.add_argument("--bounds", action="store_true", help="also measure beside empty programs")
    p.add_argument("--targets", action="store_true", help="print each target and whether it is met")
    p.add_argument("--json", metavar="FILE", help="write the result (- is standard output)")
    p.add_argument("--markdown", action="store_true", help="print it for docs/performance.md")
    p.add_argument("--publish", action="store_true", help="write what docs/ shows; measures the bounds, too")
    p.add_argument("--from", dest="from_file", metavar="FILE", help="take the result from here instead of measuring")
    p.add_argument("--build", default=os.path.join(TOP, "build"), metavar="DIR")
    a = p.parse_args()
    a.only = [name for name in a.only.split(",") if name]
    if a.publish and a.only:
        p.error("--publish shows all loads: it does not go with --only")
    a.bounds |= a.publish
    a.binary, a.load, a.bare = (os.path.join(a.build, *path) for path in (("src", "cli", "parka"), ("bench", "load"), ("bench", "bare_hooks")))
    return a


def check(args):
    """What measuring needs, said before it starts."""
    if args.rounds < 1 or args.idle < 0:
        sys.exit("agent.py: at least one round, and no less than 0 seconds idle")
    if os.geteuid() != 0:
        sys.exit("agent.py: needs root")
    for path in (args.binary, args.load, args.bare):
        if not os.access(path, os.X_OK):
            sys.exit(f"agent.py: {path} is not built: ninja -C {args.build}")
    if not args.rules:
        args.rules = [os.path.join(OFFICIAL, name) for name in OFFICIAL_FILES] + [os.path.join(TOP, "content", "rules")]
    for path in args.rules:
        if not os.path.exists(path):
            sys.exit(f"agent.py: no rules at {path}; the official files are looked for in $SHARED_DIR/data/falco-rules; --rules chooses others")


def main():
    args = parse_args()
    if args.from_file:
        with open(args.from_file, encoding="utf-8") as file:
            tell(args, json.load(file))
        return
    check(args)
    own_mounts()
    tell(args, measure(args))


if __name__ == "__main__":
    main()
