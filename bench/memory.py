#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `parka watch` takes to start and to run: memory, CPU seconds at start, idle share.

    bench/memory.py                         all official rules and content/rules; medians of 3 rounds
    bench/memory.py --rules content/rules
    bench/memory.py --containers 100 --runtime docker
    bench/memory.py --where                 also: which mappings the memory after start is in

Each round starts parka anew and tells its peak (VmHWM) after start, after idling, after a load (opens, failed opens, datagrams, execs,
forks), and after so many containers were started, each of which ran a few programs. "kernel" is what the kernel keeps
for its BPF maps and programs; it is no part of a process's memory. Run as root after `ninja -C build`.
"""
import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

from agent import OFFICIAL, OFFICIAL_FILES, TOP, Agent, first_match, own_mounts, wait_for_closing

LOAD = (("open", 400_000), ("open-fail", 200_000), ("udp", 50_000), ("exec", 4000), ("fork", 8000))
IN_CONTAINER = "for i in 1 2 3; do /bin/true; done; while :; do /bin/sleep 600; done"


def quiet(*command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False, **options)


def root_make(directory):
    """A root directory with busybox under the names that are run in it."""
    os.makedirs(os.path.join(directory, "bin"))
    for name in ("busybox", "sh", "true", "sleep"):
        shutil.copy(shutil.which("busybox"), os.path.join(directory, "bin", name))
    for name in ("etc", "proc", "sys", "dev", "tmp"):
        os.makedirs(os.path.join(directory, name))
    with open(os.path.join(directory, "etc", "passwd"), "w", encoding="ascii") as file:
        file.write("root:x:0:0:root:/root:/bin/sh\n")


class Runc:
    """Containers of runc: all in one root directory, each with its own cgroup and namespaces."""
    programs = ("runc", "busybox")

    def __init__(self, directory):
        self.bundle = os.path.join(directory, "bundle")
        root_make(os.path.join(self.bundle, "rootfs"))
        quiet("runc", "spec", "-b", self.bundle)
        path = os.path.join(self.bundle, "config.json")
        with open(path, encoding="utf-8") as file:
            spec = json.load(file)
        spec["process"].update(terminal=False, args=["/bin/sh", "-c", IN_CONTAINER])
        spec["process"].pop("rlimits", None)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(spec, file)

    def start(self, name):
        done = subprocess.run(["runc", "run", "-d", "-b", self.bundle, name], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                              stderr=subprocess.DEVNULL, check=False)
        return "runc run failed" if done.returncode else None

    def stop(self, names):
        for name in names:
            quiet("runc", "delete", "-f", name)

    def done(self):
        pass


class Docker:
    """Containers of dockerd, which is started if none runs."""
    programs = ("docker", "dockerd", "busybox")
    IMAGE = "parka-bench-memory:1"

    def __init__(self, directory):
        self.daemon = None
        if quiet("docker", "version").returncode:
            with open(os.path.join(directory, "dockerd.log"), "wb") as log:
                self.daemon = subprocess.Popen(["dockerd", "--iptables=false", "--bridge=none"], stdout=log, stderr=log)
            for _ in range(150):
                if quiet("docker", "version").returncode == 0:
                    break
                time.sleep(0.2)
        root = os.path.join(directory, "image")
        root_make(root)
        with subprocess.Popen(["tar", "-C", root, "-c", "."], stdout=subprocess.PIPE) as tar:
            subprocess.run(["docker", "import", "-", self.IMAGE], stdin=tar.stdout, stdout=subprocess.DEVNULL, check=True)

    def start(self, name):
        done = quiet("docker", "run", "-d", "--network=none", "--name", name, self.IMAGE, "/bin/sh", "-c", IN_CONTAINER)
        return done.stderr.strip() if done.returncode else None

    def stop(self, names):
        if names:
            quiet("docker", "rm", "-f", *names)

    def done(self):
        quiet("docker", "rmi", self.IMAGE)
        if self.daemon:
            self.daemon.terminate()
            self.daemon.wait()


def kernel_mib(pid):
    """What the kernel keeps for the maps and programs of a process."""
    seen, total = set(), 0
    for fd in os.listdir(f"/proc/{pid}/fdinfo"):
        path = f"/proc/{pid}/fdinfo/{fd}"
        ident = (first_match(path, r"map_id:\s*(\d+)", ""), first_match(path, r"prog_id:\s*(\d+)", ""))
        if any(ident) and ident not in seen:
            seen.add(ident)
            total += int(first_match(path, r"memlock:\s*(\d+)", "0"))
    return total / 2**20


def mappings(pid):
    """Resident KiB by mapping, largest first."""
    sizes, name = {}, ""
    with open(f"/proc/{pid}/smaps", encoding="utf-8") as file:
        for line in file:
            words = line.split()
            if not words[0].endswith(":"):
                name = os.path.basename(words[5]) if len(words) > 5 else "anonymous"
            elif words[0] == "Rss:":
                sizes[name] = sizes.get(name, 0) + int(words[1])
    return sorted(((kib, name) for name, kib in sizes.items() if kib), reverse=True)


class Round:
    """One start of parka, and its memory at each step: (resident, peak) in MiB."""

    def __init__(self, args, containers, directory):
        self.args, self.containers = args, containers
        self.steps = {}
        self.agent = Agent(args.binary, args.rules, args.watch_option, os.path.join(directory, "parka.log"), os.path.join(directory, "state"))
        self.start_cpu = self.agent.start_cpu
        self.note("start")
        self.kernel = kernel_mib(self.agent.process.pid)
        self.mappings = mappings(self.agent.process.pid)
        self.idle = self.agent.idle(args.idle) if args.idle else []
        self.under_load()
        self.note("load")
        if containers:
            self.with_containers()
        self.agent.stop()

    def note(self, step):
        self.steps[step] = (self.agent.memory("VmRSS"), self.agent.memory("VmHWM"))

    def under_load(self):
        for name, n in LOAD:
            subprocess.run([self.args.load, name, str(n)], check=True, stdout=subprocess.DEVNULL)
        time.sleep(1)

    def with_containers(self):
        names = [f"parka-bench-{os.getpid()}-{i}" for i in range(self.args.containers)]
        try:
            for name in names:
                error = self.containers.start(name)
                if error:
                    sys.exit("memory.py: " + error)
            time.sleep(3)
            self.note("containers")
            self.under_load()
            self.note("containers and load")
        finally:
            self.containers.stop(names)


def tell(args, rounds):
    median = statistics.median
    result = {
        "rounds": len(rounds), "rules": [os.path.basename(os.path.normpath(r)) for r in args.rules], "containers": args.containers,
        "runtime": args.runtime, "start_cpu_s": median(r.start_cpu for r in rounds), "kernel_mib": median(r.kernel for r in rounds),
        "idle_percent": statistics.mean(share for r in rounds for share in r.idle) if args.idle else None,
        "memory_mib": {step: {"resident": median(r.steps[step][0] for r in rounds), "peak": median(r.steps[step][1] for r in rounds),
                              "peak_max": max(r.steps[step][1] for r in rounds)} for step in rounds[0].steps},
    }
    if args.json:
        print(json.dumps(result, indent=1))
        return
    print(f"{'after':<22}{'resident MiB':>14}{'peak MiB':>10}{'worst peak':>12}")
    for step, m in result["memory_mib"].items():
        print(f"{step:<22}{m['resident']:>14.1f}{m['peak']:>10.1f}{m['peak_max']:>12.1f}")
    print(f"start-up {result['start_cpu_s']:.3f} CPU s, kernel {result['kernel_mib']:.1f} MiB"
          + (f", idle {result['idle_percent']:.3f} % of a core" if args.idle else ""))
    if args.where:
        print("\nKiB after start, by mapping")
        for kib, name in rounds[-1].mappings[:24]:
            print(f"{kib:>8}  {name}")


def parse_args():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--rounds", type=int, default=3)
    p.add_argument("--rules", action="append", metavar="FILE|DIR", help="rules instead of the official ones and content/rules; repeatable")
    p.add_argument("--watch-option", action="append", default=[], metavar="OPTION", help="one more option for parka watch; repeatable")
    p.add_argument("--containers", type=int, default=100, metavar="N", help="how many (100); 0: none")
    p.add_argument("--runtime", choices=("runc", "docker"), default="runc")
    p.add_argument("--idle", type=int, default=20, metavar="SECONDS", help="how long to watch it idle in each round (20)")
    p.add_argument("--where", action="store_true", help="also print the mappings after start")
    p.add_argument("--json", action="store_true")
    p.add_argument("--build", default=os.path.join(TOP, "build"), metavar="DIR")
    a = p.parse_args()
    a.binary, a.load = os.path.join(a.build, "src", "cli", "parka"), os.path.join(a.build, "bench", "load")
    a.rules = a.rules or [os.path.join(OFFICIAL, name) for name in OFFICIAL_FILES] + [os.path.join(TOP, "content", "rules")]
    if a.rounds < 1 or a.idle < 0 or a.containers < 0:
        sys.exit("memory.py: at least one round, and no less than 0 seconds or containers")
    if os.geteuid() != 0:
        sys.exit("memory.py: needs root")
    for path in [a.binary, a.load, *a.rules]:
        if not os.path.exists(path):
            sys.exit(f"memory.py: there is no {path} (ninja -C {a.build}; --rules chooses other rules)")
    return a


def main():
    args = parse_args()
    own_mounts()
    runtime = {"runc": Runc, "docker": Docker}[args.runtime]
    missing = [program for program in runtime.programs if not shutil.which(program)]
    if args.containers and missing:
        sys.exit(f"memory.py: {', '.join(missing)} not installed; --containers 0 goes without")
    wait_for_closing()
    with tempfile.TemporaryDirectory(prefix="parka-bench-") as directory:
        containers = runtime(directory) if args.containers else None
        try:
            rounds = [Round(args, containers, directory) for _ in range(args.rounds)]
        finally:
            if containers:
                containers.done()
    tell(args, rounds)


if __name__ == "__main__":
    main()
