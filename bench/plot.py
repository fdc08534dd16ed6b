#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Draws what bench/agent.py measured, parka beside Falco, as an SVG.

    bench/plot.py RESULT.json [PICTURE.svg]        docs/performance.svg when none is named

One row per load, a bar for each agent: how much longer the load takes beside it. Plain Python, no library; colours follow the
reader's light or dark setting.
"""
import json
import os
import sys
from html import escape

import figures

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WIDTH, LEFT, RIGHT, TOP_Y, ROW, BAR = 860, 250, 70, 92, 46, 14
LABELS = {"getppid": "getppid", "read": "read 1 byte", "build": "make -j2", "docker": "docker run", "exec": "vfork + exec"}
STYLE = """
    text { fill: #1d1c1a; }
    .quiet { fill: #6a655d; } .small { font-size: 12.5px; } .head { font-weight: 600; font-size: 16px; }
    .parka { fill: #b4461f; } .falco { fill: #b9b2a6; } .parka-text { fill: #b4461f; font-weight: 600; }
    .grid { stroke: #e3ded6; stroke-width: 1; } .axis { stroke: #8d867b; stroke-width: 1; }
    .bound { stroke: #1d1c1a; stroke-width: 2; }
    @media (prefers-color-scheme: dark) {
      text { fill: #eeeae2; } .quiet { fill: #a39c90; } .parka { fill: #e0703f; } .falco { fill: #6b655c; } .parka-text { fill: #f08a5d; }
      .grid { stroke: #38352f; } .axis { stroke: #7d766b; } .bound { stroke: #eeeae2; }
    }"""


def text(x, y, words, css="", anchor="start"):
    css = f' class="{css}"' if css else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{css} text-anchor="{anchor}">{escape(words)}</text>'


def percent(ratio):
    """+29 %, as the load's slowdown."""
    return f"{(ratio - 1) * 100:+.0f} %".replace("-", "\u2212").replace("+0 %", "0 %").replace("\u22120 %", "0 %")


def rows(result):
    """(label, slowdown by parka, by Falco or None where it was noise, by empty programs or None)"""
    ret = []
    redis = [row["ratio"] for row in result["loads"] if row["name"].startswith("redis-")]
    for row in result["loads"]:
        name = row["name"]
        if name.startswith("redis-"):
            if redis:
                ret.append(("redis, 50 clients", sorted(redis)[len(redis) // 2], figures.LOAD[name].falco_ratio, None))
            redis = []
            continue
        ret.append((LABELS.get(name, figures.LOAD[name].label), row["ratio"], figures.LOAD[name].falco_ratio, figures.bound_of(result, name)))
    return ret


class Scale:
    """Slowdown in percent to a place from left to right; starts at nothing, ends above the longest bar."""

    def __init__(self, ratios):
        longest = max((max(ratio, 1) - 1) * 100 for ratio in ratios)
        self.step = next(step for step in (5, 10, 20, 25, 50, 100, 200, 500, 1000, 10 ** 9) if longest / step <= 5)
        self.end = max(self.step, -(-longest // self.step) * self.step)

    def x(self, ratio):
        return LEFT + max(ratio - 1, 0) * 100 / self.end * (WIDTH - LEFT - RIGHT)

    def ticks(self):
        return range(0, int(self.end) + 1, self.step)


def bar(scale, y, ratio, css, words, words_css, mark=None):
    """A bar with its figure behind it, and behind the mark where that stands close."""
    width = max(scale.x(ratio) - LEFT, 1.5)
    end = LEFT + width
    if mark and end < scale.x(mark) < end + 14:
        end = scale.x(mark)
    return [f'<rect class="{css}" x="{LEFT}" y="{y}" width="{width:.1f}" height="{BAR}" rx="2"/>',
            text(end + 8, y + BAR - 3, words, words_css)]


def legend(has_bounds, rules):
    ours = "parka, all official rules and its own" if "falco_rules.yaml" in rules else "parka"
    parts, x = [], LEFT
    for css, words, width in (("parka", ours, 262), ("falco", "Falco 0.44, its 25 stable rules", 222)):
        parts += [f'<rect class="{css}" x="{x}" y="50" width="12" height="12" rx="2"/>', text(x + 18, 61, words, "small")]
        x += width
    if has_bounds:
        parts += [f'<line class="bound" x1="{LEFT + 6}" y1="70" x2="{LEFT + 6}" y2="84"/>',
                  text(LEFT + 18, 81, "empty programs on the same hooks: the bound", "small")]
    return parts


def draw(result):
    """The picture as text."""
    all_rows = rows(result)
    bounds = any(bound for *_, bound in all_rows)
    top = TOP_Y + (18 if bounds else 0)
    scale = Scale([r for _, ours, theirs, bound in all_rows for r in (ours, theirs, bound) if r])
    bottom = top + ROW * len(all_rows)
    height = bottom + 62
    parts = [text(24, 30, "How much slower a host gets beside the agent", "head")] + legend(bounds, result.get("rules", []))
    for tick in scale.ticks():
        x = scale.x(1 + tick / 100)
        parts += [f'<line class="{"grid" if tick else "axis"}" x1="{x:.1f}" y1="{top - 4}" x2="{x:.1f}" y2="{bottom}"/>',
                  text(x, bottom + 18, f"{tick} %", "quiet small", "middle")]
    for i, (label, ours, theirs, bound) in enumerate(all_rows):
        y = top + i * ROW + 6
        parts.append(text(LEFT - 14, y + BAR + 5, label, "", "end"))
        parts += bar(scale, y, ours, "parka", percent(ours), "parka-text small", bound)
        parts += bar(scale, y + BAR + 2, theirs or 1, "falco", percent(theirs) if theirs else "within the noise", "quiet small")
        if bound:
            parts.append(f'<line class="bound" x1="{scale.x(bound):.1f}" y1="{y - 3}" x2="{scale.x(bound):.1f}" y2="{y + BAR + 1}"/>')
    where = f"Linux {result['kernel'].split('-')[0]}, {result['cores']} cores; medians of {result['rounds']} alternating rounds. " \
            "Falco was measured on such a machine, in a run of its own."
    parts.append(text(24, height - 14, where, "quiet small"))
    described = "; ".join(f"{label}: parka {percent(ours)}, Falco {percent(theirs) if theirs else 'noise'}" for label, ours, theirs, _ in all_rows)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="ui-sans-serif, system-ui, sans-serif" '
            f'font-size="14" role="img">\n  <title>Slowdown beside parka and beside Falco</title>\n  <desc>{escape(described)}</desc>\n'
            f"  <style>{STYLE}\n  </style>\n  " + "\n  ".join(parts) + "\n</svg>\n")


def main():
    if len(sys.argv) not in (2, 3) or sys.argv[1].startswith("-"):
        sys.exit(__doc__)
    try:
        with open(sys.argv[1], encoding="utf-8") as file:
            result = json.load(file)
        if not result["loads"]:
            sys.exit(f"plot.py: {sys.argv[1]} has no loads")
        picture = draw(result)
    except (OSError, ValueError, KeyError) as e:
        sys.exit(f"plot.py: {sys.argv[1]} is no result of bench/agent.py: {e}")
    path = sys.argv[2] if len(sys.argv) == 3 else os.path.join(TOP, "docs", "performance.svg")
    with open(path, "w", encoding="utf-8") as file:
        file.write(picture)


if __name__ == "__main__":
    main()
