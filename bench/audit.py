#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What `parka audit` and `parka lint` cost as people start them: wall time, CPU and memory of the whole process.

    bench/audit.py [--parka build/src/cli/parka] [--containers 20] [--rounds 9]

Starts so many Docker containers (its own image, made from busybox), audits this machine time after time, and lints 1,000 Dockerfiles;
`parka version`, which does nothing, is run in turn with both: what is above it is what the work costs. Medians of the rounds. Memory is no less than this
script's own: the system counts it from before the program starts. Run as root
with a dockerd, on a quiet machine.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time

IMAGE = "parka-bench-audit:1"
DOCKERFILE = """FROM debian:12.{n}
ENV APP=app{n}
RUN apt-get update && apt-get install -y --no-install-recommends curl=7.{n} && rm -rf /var/lib/apt/lists/*
COPY --chown=app:app . /srv
WORKDIR /srv
USER app
EXPOSE 8080
HEALTHCHECK CMD ["curl", "-f", "http://localhost:8080"]
CMD ["/srv/app", "--port", "8080"]
"""


def measure(*command):
    """Wall seconds, CPU seconds, peak KiB."""
    began = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, _, usage = os.wait4(process.pid, 0)
    process.returncode = 0
    return time.perf_counter() - began, usage.ru_utime + usage.ru_stime, usage.ru_maxrss


def docker(*words):
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout.strip()


def containers_start(n, directory):
    os.makedirs(os.path.join(directory, "root/bin"))
    shutil.copy(shutil.which("busybox"), os.path.join(directory, "root/bin/busybox"))
    tar = subprocess.run(["tar", "-C", os.path.join(directory, "root"), "-c", "."], capture_output=True, check=True).stdout
    subprocess.run(["docker", "import", "-", IMAGE], input=tar, capture_output=True, check=True)
    return [docker("run", "-d", "--rm", "--network", "none", IMAGE, "/bin/busybox", "sleep", "3600") for _ in range(n)]


def show(name, rows):
    wall, cpu, peak = (statistics.median(row[i] for row in rows) for i in range(3))
    print(f"{name:34} {wall * 1000:8.1f} ms wall {cpu * 1000:8.1f} ms CPU {peak / 1024:8.1f} MiB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parka", default="build/src/cli/parka")
    parser.add_argument("--containers", type=int, default=20)
    parser.add_argument("--rounds", type=int, default=9)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="parka-bench-") as directory:
        files = os.path.join(directory, "files")
        os.makedirs(files)
        for n in range(1000):
            with open(os.path.join(files, f"{n}.Dockerfile"), "w", encoding="ascii") as f:
                f.write(DOCKERFILE.format(n=n))
        ids = containers_start(args.containers, directory)
        try:
            commands = {"version": ["version"], "audit": ["audit"], "audit docker containers": ["audit", "docker", "containers"],
                        "lint, one Dockerfile": ["lint", os.path.join(files, "1.Dockerfile")], "lint, 1,000 Dockerfiles": ["lint", files]}
            rows = {name: [] for name in commands}
            for _ in range(args.rounds):
                for name, words in commands.items():
                    rows[name].append(measure(args.parka, *words))
            print(f"{args.containers} containers, medians of {args.rounds} rounds in turn, load {os.getloadavg()[0]:.1f}")
            for name in commands:
                show(name, rows[name])
        finally:
            subprocess.run(["docker", "rm", "-f", *ids], capture_output=True, check=False)
            subprocess.run(["docker", "rmi", IMAGE], capture_output=True, check=False)


if __name__ == "__main__":
    main()
