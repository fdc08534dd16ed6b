# SPDX-License-Identifier: Apache-2.0
"""What the end-to-end tests share: containers, parka as a subprocess, findings, TAP.

Everything is real: dockerd, containers made from an image built here FROM scratch, `parka watch` on the live
kernel. What is not there (root, docker, a kernel feature) makes a test skip with a printed reason.
"""
import atexit
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
RULES = os.path.join(ROOT, "content", "rules")
OFFICIAL = os.path.join(os.environ.get("SHARED_DIR", os.path.join(ROOT, "..", "shared")), "data", "falco-rules")
IMAGE = "parka-e2e:1"
PREFIX = "parka-e2e-"
FIND_S = 5.0


def find_parka():
    for path in (os.environ.get("PARKA"), os.path.join(ROOT, "build", "src", "cli", "parka"),
                 os.path.join(ROOT, "build", "parka")):
        if path and os.access(path, os.X_OK):
            return os.path.realpath(path)
    return None


def find_act():
    parka = find_parka()
    for build in (os.path.dirname(os.path.dirname(os.path.dirname(parka))) if parka else "", os.path.join(ROOT, "build")):
        path = os.path.join(build, "tests", "e2e", "acts", "act")
        if os.access(path, os.X_OK):
            return path
    return None


class Tap:
    """TAP on standard output; what went wrong as comments."""

    def __init__(self):
        self.n = 0
        self.n_failed = 0

    def ok(self, passed, name, detail=""):
        self.n += 1
        if not passed:
            self.n_failed += 1
        print(("ok " if passed else "not ok ") + f"{self.n} - {name}", flush=True)
        if not passed and detail:
            for line in str(detail).split("\n")[:40]:
                print("# " + line, flush=True)
        return passed

    def skip(self, name, reason):
        self.n += 1
        print(f"ok {self.n} - {name} # SKIP {reason}", flush=True)

    def done(self):
        print(f"1..{self.n}", flush=True)
        return 1 if self.n_failed else 0


def skip_all(reason):
    print(f"1..0 # SKIP {reason}")
    sys.exit(0)


def run(*command, timeout=60, input_text=None, check=False):
    done = subprocess.run(list(command), capture_output=True, text=True, timeout=timeout, check=False, input=input_text,
                          errors="replace")
    if check and done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.returncode}: {done.stderr.strip()}")
    return done


# ---- docker ----

def pid_alive(pid_file):
    try:
        with open(pid_file, encoding="ascii") as file:
            os.kill(int(file.read()), 0)
        return True
    except (OSError, ValueError):
        return False


def docker_start():
    """A running dockerd: the one that is there, else one of ours that stays. None, or why there is none."""
    if not shutil.which("docker") or not shutil.which("dockerd"):
        return "docker is not installed"
    if not pid_alive("/run/docker.pid"):
        with open("/tmp/parka-e2e-dockerd.log", "ab") as log:
            subprocess.Popen(["dockerd", "--iptables=false", "--bridge=none"], stdout=log, stderr=log,
                             stdin=subprocess.DEVNULL, start_new_session=True)
    for _ in range(150):
        if run("docker", "version").returncode == 0:
            return None
        time.sleep(0.2)
    return "dockerd does not answer"


ETC = {
    "passwd": "root:x:0:0:root:/root:/bin/sh\nwww:x:33:33:www:/:/bin/sh\n",
    "group": "root:x:0:\nwww:x:33:\n",
    "shadow": "root:*:19000:0:99999:7:::\n",
    "hostname": "e2e\n",
}


# The acts once more, under names that rules know, so that they are programs of the image.
PROGRAMS = [(path, 0o755) for path in ("bin/bash", "sbin/apk", "usr/bin/ncat", "usr/bin/ssh", "usr/bin/chisel", "usr/bin/nmap",
                                       "usr/bin/kubectl", "usr/sbin/useradd", "usr/sbin/nginx", "usr/bin/postgres",
                                       "usr/bin/make")] + [("bin/setid", 0o4755)]


def image_build(name=IMAGE):
    """An image FROM scratch: busybox, the acts, a few files that rules look at."""
    busybox = shutil.which("busybox")
    act = find_act()
    if not busybox or not act:
        return "busybox-static or the acts are missing"
    with tempfile.TemporaryDirectory(prefix="parka-e2e-") as root:
        for directory in ("bin", "sbin", "usr/bin", "usr/sbin", "etc/cron.d", "etc/pam.d", "etc/profile.d", "root/.ssh",
                          "root/.aws", "tmp", "proc", "sys", "dev", "var/log", "mnt", "host"):
            os.makedirs(os.path.join(root, directory))
        shutil.copy(busybox, os.path.join(root, "bin/busybox"))
        shutil.copy(act, os.path.join(root, "bin/act"))
        for applet in run(busybox, "--list").stdout.split():
            path = os.path.join(root, "bin", applet)
            if not os.path.lexists(path):
                os.symlink("busybox", path)
        for path, mode in PROGRAMS:
            if os.path.islink(os.path.join(root, path)):
                os.unlink(os.path.join(root, path))
            shutil.copy(act, os.path.join(root, path))
            os.chmod(os.path.join(root, path), mode)
        for name_, text in ETC.items():
            with open(os.path.join(root, "etc", name_), "w", encoding="ascii") as file:
                file.write(text)
        for path in ("root/.ssh/id_ed25519", "root/.aws/credentials", "etc/cron.d/job", "var/log/wtmp"):
            with open(os.path.join(root, path), "w", encoding="ascii") as file:
                file.write("not a secret\n")
        tar = subprocess.Popen(["tar", "-C", root, "-c", "."], stdout=subprocess.PIPE)
        done = subprocess.run(["docker", "import", "-", name], stdin=tar.stdout, capture_output=True, text=True, check=False)
        tar.wait()
        return None if done.returncode == 0 else "docker import: " + done.stderr.strip()


CAPABILITIES = (
    "CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE "
    "NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN "
    "SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE "
    "MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ").split()


def privileged_options():
    """--privileged, in pieces: works also where root itself does not hold every capability."""
    with open("/proc/self/status", encoding="ascii") as file:
        bounding = int(re.search(r"CapBnd:\s*([0-9a-f]+)", file.read()).group(1), 16)
    options = [f"--cap-add={name}" for i, name in enumerate(CAPABILITIES) if bounding >> i & 1]
    return options + ["--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined",
                      "--security-opt=systempaths=unconfined", "--device-cgroup-rule=a *:* rwm"]


class Container:
    """A container that sleeps until it is removed; acts are done in it by docker exec or as its first program."""

    made = []

    def __init__(self, name, *options, command=("sleep", "100000"), image=IMAGE):
        self.name = PREFIX + name
        run("docker", "rm", "-f", self.name)
        if not any(o.startswith("--network") for o in options):
            options = ("--network=none", *options)
        done = run("docker", "run", "-d", "--name", self.name, *options, image, *command, timeout=120, check=True)
        self.id = done.stdout.strip()[:12]
        self.image = image
        Container.made.append(self)

    def exec(self, *command, tty=False, user=None, timeout=60):
        options = (["-t"] if tty else []) + (["-u", user] if user else [])
        return run("docker", "exec", *options, self.name, *command, timeout=timeout)

    def sh(self, script, **options):
        return self.exec("sh", "-c", script, **options)

    def pid(self):
        return int(run("docker", "inspect", "-f", "{{.State.Pid}}", self.name, check=True).stdout)

    def remove(self):
        run("docker", "rm", "-f", self.name)


def containers_remove():
    for container in Container.made:
        container.remove()
    left = run("docker", "ps", "-aq", "--filter", f"name={PREFIX}").stdout.split()
    if left:
        run("docker", "rm", "-f", *left)


# ---- parka ----

class Watch:
    """`parka watch --format json` beside the test, with its findings as they come."""

    def __init__(self, *rules, options=()):
        self.findings = []
        self.ready = threading.Event()
        self.lock = threading.Condition()
        self.stderr_lines = []
        self.state = tempfile.mkdtemp(prefix="parka-e2e-state-")
        command = [find_parka(), "watch", "--format", "json", "--state", self.state]
        for path in rules or (RULES,):
            command += ["-r", path]
        self.process = subprocess.Popen(command + ["--throttle", "0", "--no-status", *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                        errors="replace", bufsize=1)
        threading.Thread(target=self._read_findings, daemon=True).start()
        threading.Thread(target=self._read_messages, daemon=True).start()
        atexit.register(self.stop)

    def _read_findings(self):
        for line in self.process.stdout:
            try:
                finding = json.loads(line)
            except ValueError:
                self.stderr_lines.append("stdout: " + line.rstrip())
                continue
            if "rule" not in finding:
                continue
            with self.lock:
                self.findings.append(finding)
                self.lock.notify_all()

    def _read_messages(self):
        for line in self.process.stderr:
            self.stderr_lines.append(line.rstrip())
            if re.search(r"\b(ready|watching)\b", line, re.I):
                self.ready.set()
        self.ready.set()

    def wait_ready(self, timeout=60):
        """True when parka watches; else its messages say why not."""
        self.ready.wait(timeout)
        return self.process.poll() is None and self.ready.is_set()

    def mark(self):
        with self.lock:
            return len(self.findings)

    def since(self, mark, settle_s=0.0):
        time.sleep(settle_s)
        with self.lock:
            return self.findings[mark:]

    def wait_for(self, rule, mark=0, timeout=FIND_S, **fields):
        """The first finding of the rule after `mark` whose output fields are these; None after the time."""
        wanted = {key.replace("__", "."): value for key, value in fields.items()}
        end = time.monotonic() + timeout
        with self.lock:
            while True:
                for finding in self.findings[mark:]:
                    if finding["rule"] == rule and fields_differ(finding, wanted) is None:
                        return finding
                left = end - time.monotonic()
                if left <= 0:
                    return None
                self.lock.wait(left)

    def wait_count(self, rule, count, mark=0, timeout=FIND_S):
        """How many findings of the rule came, waiting until there are `count`; held-back ones are counted."""
        end = time.monotonic() + timeout
        while True:
            n = sum(1 for f in self.since(mark) if f["rule"] == rule)
            if n >= count or time.monotonic() > end:
                return n
            time.sleep(0.05)

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.state, ignore_errors=True)
        return self.process.returncode


def fields_differ(finding, wanted):
    """None when the finding's output fields hold these; else the first that does not. A pattern may be given."""
    have = finding.get("output_fields", {})
    for key, value in wanted.items():
        got = have.get(key)
        if isinstance(value, re.Pattern):
            if got is None or not value.search(str(got)):
                return f"{key} is {got!r}, not {value.pattern}"
        elif got != value:
            return f"{key} is {got!r}, not {value!r}"
    return None


def need(docker=True, image=True):
    """What these tests need, or the whole file is skipped with the reason."""
    if os.geteuid() != 0:
        skip_all("needs root")
    parka = find_parka()
    if not parka:
        skip_all("parka is not built")
    if not find_act():
        skip_all("the acts are not built")
    if run(parka, "help", "watch").returncode != 0:
        skip_all("this parka cannot watch")
    if docker:
        why = docker_start()
        if why:
            skip_all(why)
        atexit.register(containers_remove)
        if image:
            why = image_build()
            if why:
                skip_all(why)


def watch_or_skip(*rules, options=()):
    """A watch that is ready; when parka cannot watch this kernel, the reason it gives is the skip's."""
    watch = Watch(*rules, options=options)
    if not watch.wait_ready():
        messages = " / ".join(watch.stderr_lines[-3:])
        if watch.process.poll() is None:
            print("not ok 1 - parka_says_that_it_is_ready\n# " + messages + "\n1..1")
            sys.exit(1)
        if re.search(r"BTF|kernel|permission|not permitted", messages, re.I):
            skip_all("parka cannot watch here: " + messages)
        print("not ok 1 - parka_watches\n# " + messages + "\n1..1")
        sys.exit(1)
    return watch
