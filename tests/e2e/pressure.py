# SPDX-License-Identifier: Apache-2.0
"""Known numbers of the events that must never be lost, beside a flood of opens: for stress_test.py and bench/soak.py.

Each kind is an act under a program name of its own, and a rule that is true once for each act done. Findings are throttled, and those
held back counted, so that telling is no load.
"""
import os
import re
import shutil
import subprocess
from dataclasses import dataclass

import harness

THROTTLE = ("--throttle", "1,10")
OPENS = "open, openat, openat2"
# The lanes of files and sockets (F and N in src/sensor/plan_table.c). All others are lifecycle, privilege, namespaces, mounts, modules.
MAY_BE_LOST = frozenset(
    "open creat openat openat2 rename renameat renameat2 link linkat symlink symlinkat unlink unlinkat rmdir mkdir mkdirat chmod fchmod "
    "fchmodat fchmodat2 chown lchown fchown fchownat truncate ftruncate setxattr lsetxattr fsetxattr setxattrat removexattr lremovexattr "
    "fremovexattr removexattrat connect accept accept4 bind listen socket sendto sendmsg sendmmsg dup dup2 dup3 fcntl chdir fchdir".split())


@dataclass(frozen=True)
class Kind:
    """What is counted: the program whose acts make it, and the condition besides the program's name."""
    name: str
    program: str          # whose acts; of execs the marker they run
    condition: str
    extra: int = 0        # events that the program makes besides, once


# Acts with their arguments before "PER_SECOND SECONDS".
PROGRAMS = {
    "px-execs": ("paced-execs", "{marker}"), "px-setuids": ("paced-setuids",), "px-unshares": ("paced-unshares",),
    "px-mounts": ("paced-mounts", "{mounts}"), "px-modules": ("paced-modules",),
}
KINDS = (
    Kind("fork", "px-execs", "evt.type in (clone, clone3, fork, vfork) and proc.name = px-execs"),
    Kind("exec", "px-execs", "evt.type in (execve, execveat) and proc.name = px-marker"),
    Kind("exit", "px-execs", "evt.type = procexit and proc.name = px-marker"),
    Kind("setuid", "px-setuids", "evt.type = setuid and proc.name = px-setuids"),
    Kind("unshare", "px-unshares", "evt.type = unshare and proc.name = px-unshares"),
    Kind("mount", "px-mounts", "evt.type = mount and proc.name = px-mounts", extra=1),    # the one that makes its namespace private
    Kind("umount", "px-mounts", "evt.type = umount2 and proc.name = px-mounts"),
    Kind("module", "px-modules", "evt.type = delete_module and proc.name = px-modules"),
)
RULE = """
- rule: Pressure {name}
  desc: each of them counts
  condition: {condition}
  output: "%evt.type %proc.name"
  priority: NOTICE
"""


class Pressure:
    """Programs and rules in a directory of the caller's; acts while they run."""

    def __init__(self, act, directory, n_files=4096):
        self.directory, self.running, self.done = directory, {}, {}
        self.files = os.path.join(directory, "files")
        self.recovered = os.path.join(directory, "recovered")
        self.rules = os.path.join(directory, "pressure.yaml")
        self.act = act
        paths = {"marker": os.path.join(directory, "px-marker"), "mounts": os.path.join(directory, "mounts")}
        os.mkdir(self.files)
        os.mkdir(paths["mounts"])
        shutil.copy(shutil.which("true"), paths["marker"])
        for name in [os.path.join(self.files, str(i)) for i in range(n_files)] + [self.recovered]:
            with open(name, "w", encoding="ascii"):
                pass
        self.commands = {}
        for name, (verb, *args) in PROGRAMS.items():
            shutil.copy(act, os.path.join(directory, name))
            self.commands[name] = [os.path.join(directory, name), verb, *(arg.format(**paths) for arg in args)]
        self.write_rules()

    def write_rules(self):
        rules = {kind.name: kind.condition for kind in KINDS}
        # evt.num: repeats differ in it, so the kernel folds none and each open is an event.
        rules["open"] = f"evt.type in ({OPENS}) and fd.name startswith {self.files}/ and evt.num > 0"
        rules["recovered"] = f"evt.type in ({OPENS}) and fd.name = {self.recovered}"
        with open(self.rules, "w", encoding="ascii") as file:
            file.write("".join(RULE.format(name=name, condition=condition) for name, condition in rules.items()))

    def start(self, rates, seconds):
        """Acts a second by program name."""
        for name, rate in rates.items():
            self.running[name] = subprocess.Popen([*self.commands[name], str(rate), str(seconds)], stdout=subprocess.PIPE, text=True)

    def flood(self, per_second, seconds, n_processes):
        """Opens of other files each time, by so many processes together; as fast as they can when no rate is given."""
        act = ["paced-opens-of", self.files, str(per_second // n_processes)] if per_second else ["flood-opens-of", self.files]
        return [subprocess.Popen([self.act, *act, str(seconds)], stdout=subprocess.PIPE, text=True) for _ in range(n_processes)]

    def join(self):
        """Waits for all acts; how many each program did."""
        self.done = {name: int((process.communicate()[0].split() or ["0"])[0]) for name, process in self.running.items()}
        self.running = {}
        return self.done

    def stop(self):
        """Ends what still runs: for a way out."""
        for process in self.running.values():
            process.kill()
            process.wait()

    def counts(self, findings):
        """(kind, acts done, rule true so often) of each kind that was acted."""
        for kind in KINDS:
            if kind.program in self.done:
                yield kind, self.done[kind.program] + kind.extra, matches(findings, "Pressure " + kind.name)


def sees_modules(p):
    """Whether this kernel lets the attempt to remove a module be seen: without modules it may have no tracepoint for it."""
    watch = harness.watch_or_skip(p.rules)
    p.start({"px-modules": 10}, 1)
    p.join()
    seen = watch.wait_for("Pressure module", timeout=2)
    watch.stop()
    return seen is not None


def flooded(processes):
    """(opens done, milliseconds that the longest took) of a flood, when it has ended."""
    said = [[int(word) for word in process.communicate()[0].split()] for process in processes]
    return sum(n for n, _ in said), max(ms for _, ms in said)


def matches(findings, rule):
    """How often the rule was true: the findings, and those that were held back."""
    n = 0
    for finding in findings:
        if finding["rule"] == rule:
            n += finding["parka"]["held_back"] + (0 if finding["parka"]["summary"] else 1)
    return n


def lost_in_total(watch):
    """What parka counted as lost in the run, by its last line; None when it did not say."""
    for line in reversed(watch.stderr_lines):
        found = re.search(r"\blost (\d+)", line)
        if found:
            return int(found.group(1))
    return None


def gaps(findings):
    """[(begin_ns, end_ns, count, {type: count})] of the gap findings. Types that are not named count under "more"."""
    ret = []
    for finding in findings:
        if finding["rule"] != "parka telemetry gap":
            continue
        fields = finding["output_fields"]
        types = {name: int(n) for name, n in re.findall(r"([a-z_0-9]+) (\d+)(?:,|$| and)", fields["lost.type"])}
        more = re.search(r"and (\d+) more", fields["lost.type"])
        if more:
            types["more"] = int(more.group(1))
        ret.append((fields["lost.begin"], fields["lost.end"], fields["lost.count"], types))
    return ret


def lost_that_matters(findings):
    """What the gaps name that is of no lane of files or sockets, or do not name at all ("more"): {type: count}."""
    ret = {}
    for _, _, _, types in gaps(findings):
        for name, n in types.items():
            if name not in MAY_BE_LOST:
                ret[name] = ret.get(name, 0) + n
    return ret
