#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""By which hooks the rules could be judged: which need tracepoints of system calls, and which do without.

    bench/demand_hooks.py [-v] RULES...      what `parka rules explain --json` says of each enabled rule

Classes: events of processes and the kernel only (BTF tracepoints); the same, but failed execs too (no tracepoint but the call's tells
of them); successful opens of files and directories that are named exactly (fanotify could mark those); opens otherwise; other calls.
A rule that rules of several classes would need is in the last of them. -v names each rule. Needs no root.
"""
import argparse
import collections
import json
import os
import re
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EXEC = {"execve", "execveat"}
BTF = EXEC | {"sched_fork", "clone", "clone3", "fork", "vfork", "procexit", "task_rename", "cgroup_mkdir", "cgroup_rmdir", "cgroup_attach", "oom_kill",
              "module_load", "cap_capable", "io_uring_op", "container", "lost"}
OPEN = {"open", "openat", "openat2", "creat", "open_by_handle_at"}
SUCCESS = re.compile(r"evt\.failed = false|evt\.(rawres|arg\.res) (=|>=) 0|evt\.res = SUCCESS")   # execs are never filtered: the text says it
PLACE = re.compile(r"^(directly in )?/\S*$")
CLASSES = ("processes and kernel objects", "the same, with failed execs", "successful opens of exact names", "opens otherwise", "other system calls")


def is_exact(line):
    """Whether a term of opens, as explain prints it, wants successful ones of files and directories by their exact names."""
    parts = line.split("; ")
    if "that succeed" not in parts[0]:
        return False
    places = [part.split(", ") for part in parts if part.startswith(("/", "directly in /"))]
    return any(all(PLACE.match(place) for place in group) for group in places)


def class_of(rule):
    events = set(rule["events"])
    if rule["all_events"] or not events or not events <= BTF | OPEN:
        return 4
    if events & OPEN:
        exact = not rule["never_dropped"] and rule["kernel"] and all(is_exact(line) for line in rule["kernel"])
        return 2 if exact and events <= OPEN else 3
    return 1 if events & EXEC and not SUCCESS.search(rule["expanded"]) else 0


def parka(binary, *args):
    return json.loads(subprocess.run([binary, *args], check=True, stdout=subprocess.PIPE, text=True).stdout)


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("rules", nargs="+", metavar="RULES")
    p.add_argument("-v", "--verbose", action="store_true")
    p.add_argument("--binary", default=os.path.join(TOP, "build", "src", "cli", "parka"), metavar="PARKA")
    a = p.parse_args()
    files = [word for path in a.rules for word in ("-r", path)]
    listed = subprocess.run([a.binary, "rules", "list", "--json", *files], check=True, stdout=subprocess.PIPE, text=True).stdout
    names = [r["name"] for r in map(json.loads, listed.splitlines()) if r["enabled"] and r["source"] == "syscall"]
    found = collections.defaultdict(list)
    for name in names:
        rule = parka(a.binary, "rules", "explain", "--json", *files, name)
        found[class_of(rule)].append(rule)
    print(f"{len(names)} rules")
    for i, text in enumerate(CLASSES):
        print(f"{len(found[i]):>5}  {text}")
        for rule in found[i] if a.verbose else ():
            print(f"         {rule['name']}: {', '.join(rule['events'][:4])}")
            for line in rule["kernel"][:3]:
                print(f"           {line[:150]}")


if __name__ == "__main__":
    main()
