# SPDX-License-Identifier: Apache-2.0
"""What bench/agent.py measures, told: the tables of loads, of targets and of another agent's figures, and the printing of results.

A result is what agent.py writes with --json: {"date", "kernel", ..., "loads": [{"name", "without", "with", "ratio", ...}], ...}.
A ratio is always a slowdown: time with through time without, or requests without through requests with.
"""
from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Load:
    """A row: its name, what it does, the unit of its figures; and what was measured of Falco on the same work."""
    name: str
    label: str
    unit: str                               # "ns", "s": less is better; "requests/s": more is
    falco_ratio: Optional[float] = None     # None: nothing measurable
    falco_own: str = ""                     # its own CPU, as text
    bound: Optional[str] = None             # setup of bench/bare_hooks.c that bounds it


# Falco 0.44.1, modern eBPF driver, default configuration with its 25 stable rules, Linux 6.18 without fentry, LSM BPF and kprobes,
# 2 cores; medians of 5 to 6 alternating rounds, not taken in the same run as parka's. Of redis the range was -21 to -25 %: the middle.
LOADS = (
    Load("getppid", "getppid (no rule concerns it)", "ns", 1.73, "0", "unrelated"),
    Load("read", "read 1 byte (no rule)", "ns", 1.61, "0", "unrelated"),
    Load("open", "open + close", "ns", 1.88, "2.7 us per event", "calls"),
    Load("open-fail", "failed open", "ns", 1.59, "3.5 us", "calls"),
    Load("udp", "UDP socket, connect, close", "ns", 1.42, "2.1 us per event", "calls"),
    Load("exec", "vfork + exec /bin/true", "ns", 1.16, "188 us", "calls"),
    Load("fork", "fork + exit + wait", "ns", 1.20, "65 us", "calls"),
    Load("build", "make -j2 of a C library", "s", None, "1.5 % of the build's"),
    Load("redis-ping", "redis PING, 50 clients", "requests/s", 1 / (1 - 0.23), "2.8 us"),
    Load("redis-set", "redis SET, 50 clients", "requests/s", 1 / (1 - 0.23), "2.8 us"),
    Load("redis-get", "redis GET, 50 clients", "requests/s", 1 / (1 - 0.23), "2.8 us"),
    Load("docker", "6 x docker run", "s", 1.29, "0.27 s"),
)
LOAD = {load.name: load for load in LOADS}

BOUNDS = {
    "unrelated": "an empty program on one call that the load does not make",
    "calls": "empty programs on the exits of openat, socket and connect, and on fork, exec and exit",
    "exit": "an empty program on the exit of every call",
    "enter-exit": "empty programs on entry and exit of every call",
}


@dataclass(frozen=True)
class Target:
    """A figure to reach: where it is in a result, its limit, Falco's, and where a bound stands for it the load of that bound."""
    label: str
    where: tuple              # ("loads", name, key) or (key,)
    limit: float
    form: str                 # how figures are printed
    falco: str
    bound_of: Optional[str] = None


TARGETS = (
    Target("getppid, slowdown", ("loads", "getppid", "ratio"), 1.35, "x{:.2f}", "x1.73", "getppid"),
    Target("read 1 byte, slowdown", ("loads", "read", "ratio"), 1.30, "x{:.2f}", "x1.61", "read"),
    Target("open + close, slowdown", ("loads", "open", "ratio"), 1.30, "x{:.2f}", "x1.88", "open"),
    Target("failed open, slowdown", ("loads", "open-fail", "ratio"), 1.25, "x{:.2f}", "x1.59", "open-fail"),
    Target("UDP socket, connect, close, slowdown", ("loads", "udp", "ratio"), 1.15, "x{:.2f}", "x1.42", "udp"),
    Target("vfork + exec, slowdown", ("loads", "exec", "ratio"), 1.05, "x{:.2f}", "x1.16", "exec"),
    Target("vfork + exec, own CPU each", ("loads", "exec", "own_us_per_op"), 40, "{:.1f} us", "188 us"),
    Target("redis PING, requests lost", ("loads", "redis-ping", "loss_percent"), 10, "{:.1f} %", "21 to 25 %"),
    Target("redis SET, requests lost", ("loads", "redis-set", "loss_percent"), 10, "{:.1f} %", "21 to 25 %"),
    Target("redis GET, requests lost", ("loads", "redis-get", "loss_percent"), 10, "{:.1f} %", "21 to 25 %"),
    # Nothing per event is left when only what other programs of the machine do meanwhile shows.
    Target("own CPU per open nobody asked about", ("loads", "open", "own_us_per_op"), 0.01, "{:.3f} us", "2.7 us"),
    Target("start-up, CPU seconds", ("start_cpu_s",), 0.3, "{:.2f} s", "2.6 s"),
    Target("idle, share of a core", ("idle_percent",), 0.1, "{:.3f} %", "0.3 %"),
    Target("peak resident memory", ("peak_rss_mib",), 25, "{:.1f} MiB", "61 to 75 MB"),
    Target("1,600 execs a second, share of a core", ("exec_rate_percent",), 10, "{:.1f} %", "30 % (188 us each)"),
)

# Promises that other scripts measure.
ELSEWHERE = (
    ("blinding test, 2 loops, all rules: 40 of 40", "15 of 40", "tests/e2e/blinding_test.py"),
    ("10 minutes at twice the saturating load: nothing lost that matters", "", "bench/soak.py"),
    ("3 million events a second and core, all rules", "0.07 to 0.35 million", "build/bench/eval_bench"),
    ("30 MB with 100 containers", "", "bench/memory.py"),
    ("with fentry: getppid and read at x1.02", "", "tests/guest/"),
)


def value_of(result, where):
    """The figure, or None where it was not measured."""
    if where[0] != "loads":
        return result.get(where[0])
    for row in result["loads"]:
        if row["name"] == where[1]:
            return row.get(where[2])
    return None


def bound_of(result, load):
    """Slowdown by empty programs alone, or None."""
    bounds = value_of(result, ("loads", load, "bounds")) if load else None
    return bounds.get(LOAD[load].bound) if bounds else None


def unsteady(result, load):
    """Whether the rounds contradict each other: then the machine had other things to do, and no ratio means anything."""
    ratios = value_of(result, ("loads", load, "ratios"))
    return bool(ratios) and max(ratios) > 1.5 * min(ratios)


def verdict(result, target):
    """(figure as text, "met", "within 15 % of the bound x1.40" or "missed")"""
    value = value_of(result, target.where)
    if value is None:
        return "not measured", ""
    text = target.form.format(value)
    if target.where[-1] in ("ratio", "loss_percent") and unsteady(result, target.where[1]):
        return text, "too unsteady to say"
    if value <= target.limit:
        return text, "met"
    bound = bound_of(result, target.bound_of)
    if bound is None:
        return text, "missed"
    near = value <= bound * 1.15
    return text, f"{'missed, but within' if near else 'missed, and not within'} 15 % of the bound x{bound:.2f}"


def number(value, unit):
    """1,234 ns; 5.61 s."""
    return f"{value:.2f}" if unit == "s" else f"{value:,.0f}"


def own(row):
    """parka's own CPU for a load, as text."""
    if row["name"] == "build":
        return f"{row['own_percent_of_load']:.1f} % of the build's"
    if row["name"] == "docker":
        return f"{row['own_s']:.2f} s"
    return f"{row['own_us_per_op']:.2f} us"


def cells(result):
    """The table of loads as rows of text, header first."""
    has_bounds = any("bounds" in row for row in result["loads"])
    head = ["load", "without", "with", "slowdown"] + (["bare hooks"] if has_bounds else [])
    yield head + ["own CPU per operation", "Falco: slowdown", "Falco: own CPU"]
    for row in result["loads"]:
        load, unit = LOAD[row["name"]], LOAD[row["name"]].unit
        bound = bound_of(result, load.name)
        yield ([load.label, f"{number(row['without'], unit)} {unit}", f"{number(row['with'], unit)} {unit}", f"x{row['ratio']:.2f}"]
               + ([f"x{bound:.2f}" if bound else ""] if has_bounds else [])
               + [own(row), f"x{load.falco_ratio:.2f}" if load.falco_ratio else "noise", load.falco_own])


def target_cells(result):
    """The table of targets as rows of text, header first."""
    yield ["target", "at most", "parka", "", "Falco"]
    for target in TARGETS:
        text, said = verdict(result, target)
        yield [target.label, target.form.format(target.limit), text, said, target.falco]


def bound_cells(result):
    """What empty programs cost, per load and setup."""
    rows = [row for row in result["loads"] if "bounds" in row]
    yield ["attached"] + [row["name"] for row in rows]
    for setup, text in BOUNDS.items():
        yield [text] + [f"x{row['bounds'][setup]:.2f}" if setup in row["bounds"] else "" for row in rows]


def text_table(rows):
    """Aligned columns: the first to the left, the others to the right."""
    rows = [list(row) for row in rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(row, widths))).rstrip()
                     for row in rows)


def markdown_table(rows):
    """The same for a page."""
    rows = [list(row) for row in rows]
    lines = ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join([lines[0], "|" + " --- |" * len(rows[0])] + lines[1:])


def summary(result):
    """The figures that belong to no load, as a sentence each."""
    parts = []
    for key, text in (("start_cpu_s", "start-up {:.2f} CPU s"), ("start_rss_mib", "{:.1f} MiB resident after it"),
                      ("peak_rss_mib", "peak {:.1f} MiB"), ("idle_percent", "idle {:.3f} % of a core"),
                      ("idle_percent_max", "in the worst second {:.2f} %"), ("exec_rate_percent", "{:.1f} % of a core at 1,600 execs a second")):
        if result.get(key) is not None:
            parts.append(text.format(result[key]))
    return ", ".join(parts)


def machine(result):
    """Where and when."""
    return (f"{result['date']}, Linux {result['kernel']}, {result['cores']} cores ({result['cpu']}), {result['hooks']}, commit {result['commit']}, "
            f"{result['rounds']} alternating rounds")


def warnings(result):
    """What makes these figures worth less."""
    if result.get("other_programs"):
        yield f"{result['other_programs']} BPF programs of others were attached: the figures without parka are too high"
    if result.get("load_average", 0) > 1:
        yield f"the machine was not idle: load average {result['load_average']:.1f} at the start"
    shaky = [row["name"] for row in result["loads"] if unsteady(result, row["name"])]
    if shaky:
        yield f"the rounds of {', '.join(shaky)} differ by more than half: their ratios say nothing"
    if result.get("n_lost"):
        yield f"parka lost {result['n_lost']:,} events over all rounds"
    for name, reason in result.get("skipped", {}).items():
        yield f"{name} was skipped: {reason}"


def text(result, targets):
    """All of it for a terminal."""
    parts = [machine(result), text_table(cells(result)), summary(result)]
    if any("bounds" in row for row in result["loads"]):
        parts.append(text_table(bound_cells(result)))
    if targets:
        parts.append(text_table(target_cells(result)))
        parts.append("\n".join(f"{what}{f' (Falco: {falco})' if falco else ''}: see {where}" for what, falco, where in ELSEWHERE))
    notes = [f"note: {note}" for note in warnings(result)]
    return "\n\n".join(parts + (["\n".join(notes)] if notes else []))


def markdown(result):
    """All of it for docs/performance.md."""
    parts = [machine(result) + ".", markdown_table(cells(result)), summary(result).capitalize() + "."]
    if any("bounds" in row for row in result["loads"]):
        parts += ["What the hooks cost by themselves, with programs that do nothing (the bound of what can be reached here):",
                  markdown_table(bound_cells(result))]
    parts += ["The targets, and what was measured:", markdown_table(target_cells(result))]
    notes = [f"- {note}" for note in warnings(result)]
    return "\n\n".join(parts + (["Of this run:\n\n" + "\n".join(notes)] if notes else []))


def write_block(path, name, words):
    """Put words into the part of a page that a script writes: what stands between its two marks."""
    begin, end = f"<!-- {name} begin -->\n", f"<!-- {name} end -->"
    with open(path, encoding="utf-8") as file:
        page = file.read()
    if begin not in page or end not in page:
        raise SystemExit(f"{path} lacks the marks {begin.strip()} and {end}")
    before, rest = page.split(begin, 1)
    with open(path, "w", encoding="utf-8") as file:
        file.write(before + begin + "\n" + words + "\n\n" + end + rest.split(end, 1)[1])
