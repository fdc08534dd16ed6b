#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""200 containers in a burst: the first program of each is told with the container's id, name and image."""
import os
import subprocess
import sys
import tempfile

import harness
from harness import run

N = int(os.environ.get("PARKA_BURST_CONTAINERS", "200"))
AT_ONCE = 8
RULE = """- rule: first program of a container
  desc: the first program
  condition: evt.type in (execve, execveat) and proc.exepath = /bin/act and proc.args startswith "sleep 0.{tag}"
  output: "%container.id %container.name %container.image %proc.name %proc.args"
  priority: Notice
"""


def start_all(names):
    """docker run for each name, some at once; their ids by name."""
    ids, running = {}, []
    for name in names:
        running.append((name, subprocess.Popen(["docker", "run", "-d", "--network=none", "--name", name, harness.IMAGE,
                                                "act", "sleep", "0.burst"], stdout=subprocess.PIPE,
                                               stderr=subprocess.PIPE, text=True)))
        if len(running) >= AT_ONCE:
            collect(running.pop(0), ids)
    for one in running:
        collect(one, ids)
    return ids


def collect(one, ids):
    name, process = one
    out, err = process.communicate(timeout=120)
    if process.returncode == 0:
        ids[name] = out.strip()[:12]
    else:
        print(f"# docker run {name}: {err.strip()}")


def main():
    harness.need()
    tap = harness.Tap()
    with tempfile.NamedTemporaryFile("w", suffix=".yaml", prefix="parka-e2e-") as rules:
        rules.write(RULE.format(tag="burst"))
        rules.flush()
        watch = harness.watch_or_skip(rules.name, options=())
        names = [f"{harness.PREFIX}burst-{i}" for i in range(N)]
        mark = watch.mark()
        ids = start_all(names)
        watch.wait_count("first program of a container", len(ids), mark, timeout=15)
        seen = {}
        unnamed = []
        for finding in watch.since(mark):
            fields = finding.get("output_fields", {})
            if fields.get("container.id") in (None, "host") or not fields.get("container.name"):
                unnamed.append(finding.get("output"))
            seen[fields.get("container.name")] = fields
        tap.ok(len(ids) == N, f"{N} containers start", f"{len(ids)} did")
        missing = [name for name in ids if name not in seen]
        tap.ok(not missing, "the first program of every container is told", f"{len(missing)} are not: {missing[:5]}")
        tap.ok(not unnamed, "none is without id and name", f"{len(unnamed)}: {unnamed[:3]}")
        wrong = [n for n, i in ids.items() if n in seen and seen[n].get("container.id") != i]
        tap.ok(not wrong, "every id is that of the container of that name", wrong[:5])
        wrong = [n for n in ids if n in seen and seen[n].get("container.image") != harness.IMAGE]
        tap.ok(not wrong, "every image is named", wrong[:5])
        watch.stop()
    for i in range(0, N, 50):
        run("docker", "rm", "-f", *names[i:i + 50], timeout=300)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
