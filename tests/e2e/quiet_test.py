#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""An ordinary host and ordinary containers at work: not one finding of Warning or above.

Runs for PARKA_QUIET_SECONDS (60; the promise is ten minutes: 600). Each kind of work that this machine has is done
over and over; what is not installed is named and left out.
"""
import atexit
import os
import shutil
import subprocess
import sys
import tempfile
import time

import harness
from harness import run

SECONDS = float(os.environ.get("PARKA_QUIET_SECONDS", "60"))
LOUD = ("Emergency", "Alert", "Critical", "Error", "Warning")
SOURCE = "#include <stdio.h>\nint main(void) { return puts(\"hello\") < 0; }\n"


def is_ours(finding):
    """Not what others do on this machine meanwhile: processes of the host that neither this test nor a container
    runtime started. Those are printed, not counted."""
    if finding.get("output_fields", {}).get("container.id") != "host":
        return True
    ancestors = (finding.get("parka") or {}).get("ancestors") or []
    runtimes = ("dockerd", "containerd", "runc", "containerd-shim-runc-v2")
    return not ancestors or any(a.get("pid") == os.getpid() or os.path.basename(a.get("exepath") or "") in runtimes
                                for a in ancestors)


class Work:
    """Kinds of ordinary work. Each returns False when it cannot be done here."""

    def __init__(self, tmp):
        self.tmp = tmp
        self.daemons = []
        self.n = 0

    def stop(self):
        for daemon in self.daemons:
            daemon.terminate()
            try:
                daemon.wait(10)
            except subprocess.TimeoutExpired:
                daemon.kill()

    def path(self, *parts):
        return os.path.join(self.tmp, *parts)

    def build(self):
        """make with a compiler, and the program that it makes is run."""
        if not shutil.which("make") or not shutil.which("gcc"):
            return False
        directory = self.path("build")
        os.makedirs(directory, exist_ok=True)
        for i in range(4):
            with open(os.path.join(directory, f"p{i}.c"), "w", encoding="ascii") as file:
                file.write(SOURCE)
        with open(os.path.join(directory, "Makefile"), "w", encoding="ascii") as file:
            file.write("all: p0 p1 p2 p3\n\t./p0\nclean:\n\trm -f p0 p1 p2 p3\n")
        run("make", "-s", "-C", directory, "all")
        run("make", "-s", "-C", directory, "clean")
        return True

    def packages(self):
        """A package is built, installed and removed; apt looks at its lists."""
        if not shutil.which("dpkg-deb"):
            return False
        root = self.path("package")
        os.makedirs(root + "/DEBIAN", exist_ok=True)
        os.makedirs(root + "/usr/bin", exist_ok=True)
        os.makedirs(root + "/etc/cron.d", exist_ok=True)
        os.makedirs(root + "/lib/systemd/system", exist_ok=True)
        texts = {
            "DEBIAN/control": "Package: parka-e2e\nVersion: 1\nArchitecture: all\nMaintainer: e2e <e2e@example.org>\n"
                              "Description: made by a test\n",
            "DEBIAN/postinst": "#!/bin/sh\nset -e\ngetent passwd root >/dev/null\nexit 0\n",
            "usr/bin/parka-e2e": "#!/bin/sh\necho hello\n",
            "etc/cron.d/parka-e2e": "# nothing to do\n",
            "lib/systemd/system/parka-e2e.service": "[Service]\nExecStart=/usr/bin/parka-e2e\n",
        }
        for name, text in texts.items():
            with open(os.path.join(root, name), "w", encoding="ascii") as file:
                file.write(text)
        os.chmod(root + "/DEBIAN/postinst", 0o755)
        os.chmod(root + "/usr/bin/parka-e2e", 0o755)
        deb = self.path("parka-e2e.deb")
        run("dpkg-deb", "--root-owner-group", "-b", root, deb)
        run("dpkg", "-i", deb)
        run("parka-e2e")
        run("dpkg", "-P", "parka-e2e")
        run("apt-get", "check")
        run("apt-cache", "policy", "bash")
        return True

    def accounts(self):
        """A user is added, gets a password, becomes itself, and goes."""
        if not shutil.which("useradd"):
            return False
        run("useradd", "-m", "parka-e2e-user")
        run("chpasswd", input_text="parka-e2e-user:" + os.urandom(12).hex() + "\n")
        run("su", "parka-e2e-user", "-c", "id")
        if shutil.which("sudo"):
            run("sudo", "-n", "-u", "parka-e2e-user", "id")
        run("chage", "-l", "parka-e2e-user")
        run("userdel", "-r", "parka-e2e-user")
        return True

    def sshd(self):
        """Log in with a key over loopback and run a command."""
        if not os.path.exists("/usr/sbin/sshd") or not shutil.which("ssh"):
            return False
        home = self.path("ssh")
        if not os.path.isdir(home):
            os.makedirs(home, mode=0o700)
            os.makedirs("/run/sshd", exist_ok=True)
            for key in ("host", "user"):
                run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{home}/{key}", check=True)
            shutil.copy(f"{home}/user.pub", f"{home}/keys")
            config = (f"Port 2222\nListenAddress 127.0.0.1\nHostKey {home}/host\nAuthorizedKeysFile {home}/keys\n"
                      f"PidFile {home}/pid\nStrictModes no\nPermitRootLogin yes\nUsePAM yes\n")
            with open(f"{home}/config", "w", encoding="ascii") as file:
                file.write(config)
            self.daemons.append(subprocess.Popen(["/usr/sbin/sshd", "-D", "-f", f"{home}/config"],
                                                 stderr=subprocess.DEVNULL))
            time.sleep(0.5)
        done = run("ssh", "-p", "2222", "-i", f"{home}/user", "-o", "StrictHostKeyChecking=no", "-o",
                   f"UserKnownHostsFile={home}/known", "root@127.0.0.1", "id; ls /; cat /etc/os-release")
        return done.returncode == 0

    def cron(self):
        """cron starts in the foreground; the daily jobs and logrotate run as it runs them."""
        if os.path.exists("/usr/sbin/cron") and not any(d.args[0] == "/usr/sbin/cron" for d in self.daemons):
            self.daemons.append(subprocess.Popen(["/usr/sbin/cron", "-f"], stderr=subprocess.DEVNULL))
        if os.path.isdir("/etc/cron.daily"):
            # Not apt's: it sleeps up to half an hour first.
            run("run-parts", "--regex", "^(dpkg|logrotate|man-db|passwd|bsdmainutils|mlocate)$", "/etc/cron.daily", timeout=120)
        if os.path.exists("/usr/sbin/logrotate"):
            log = self.path("some.log")
            with open(log, "w", encoding="ascii") as file:
                file.write("line\n" * 100)
            with open(self.path("rotate.conf"), "w", encoding="ascii") as file:
                file.write(f"{log} {{\n rotate 2\n compress\n missingok\n}}\n")
            os.chmod(self.path("rotate.conf"), 0o644)
            os.chmod(self.tmp, 0o755)
            run("/usr/sbin/logrotate", "-f", "-s", self.path("rotate.state"), self.path("rotate.conf"))
        return os.path.exists("/usr/sbin/cron") or os.path.isdir("/etc/cron.daily")

    def web_server(self):
        if not os.path.exists("/usr/sbin/nginx"):
            return False
        home = self.path("nginx")
        if not os.path.isdir(home):
            os.makedirs(home)
            with open(home + "/conf", "w", encoding="ascii") as file:
                file.write(f"daemon off; pid {home}/pid; error_log {home}/err; events {{}}\nhttp {{ access_log {home}/log;\n"
                           f"server {{ listen 127.0.0.1:8098; root {home}; autoindex on; }} }}\n")
            self.daemons.append(subprocess.Popen(["/usr/sbin/nginx", "-c", home + "/conf"], stderr=subprocess.DEVNULL))
            time.sleep(0.5)
        run("curl", "-s", "http://127.0.0.1:8098/")
        return True

    def database(self):
        """A PostgreSQL cluster of an ordinary user: made, started, asked, stopped."""
        binaries = sorted(d for d in (f"/usr/lib/postgresql/{v}/bin" for v in range(11, 20)) if os.path.isdir(d))
        if not binaries:
            return False
        data = self.path("pg")
        shutil.rmtree(data, ignore_errors=True)
        os.makedirs(data)
        shutil.chown(data, "nobody")
        os.chmod(self.tmp, 0o755)
        as_nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        tool = binaries[-1]
        run(*as_nobody, f"{tool}/initdb", "-D", data + "/d", "-A", "trust", timeout=120)
        run(*as_nobody, f"{tool}/pg_ctl", "-D", data + "/d", "-w", "-l", data + "/log", "-o", f"-p 5599 -k {data}", "start")
        run(*as_nobody, f"{tool}/psql", "-h", data, "-p", "5599", "-c", "select count(*) from pg_class", "postgres")
        run(*as_nobody, f"{tool}/pg_ctl", "-D", data + "/d", "-w", "-m", "fast", "stop")
        return True

    def containers(self):
        """Containers come, work, and go; people and health checks run commands in them."""
        name = harness.PREFIX + "quiet"
        self.n += 1
        run("docker", "rm", "-f", name)
        run("docker", "run", "-d", "--network=none", "--health-cmd", "true", "--health-interval", "1s", "--name", name,
            harness.IMAGE, "sh", "-c", "while :; do date; sleep 1; done")
        run("docker", "exec", name, "ls", "/")
        run("docker", "exec", "-t", name, "sh", "-c", "id; ps; cat /etc/passwd")
        run("docker", "cp", name + ":/etc/hostname", self.path("copied"))
        run("docker", "cp", self.path("copied"), name + ":/tmp/copied")
        run("docker", "logs", name)
        run("docker", "stop", "-t", "1", name)
        run("docker", "start", name)
        run("docker", "rm", "-f", name)
        run("docker", "run", "--rm", "--network=none", "--read-only", "-v", self.tmp + ":/data:ro", "--user", "33", harness.IMAGE,
            "ls", "/data")
        return True

    def image_build(self):
        """docker build: steps that add users, files and programs and run them."""
        directory = self.path("image")
        os.makedirs(directory, exist_ok=True)
        with open(directory + "/Dockerfile", "w", encoding="ascii") as file:
            file.write(f"FROM {harness.IMAGE}\nRUN echo app:x:100:100::/:/bin/sh >> /etc/passwd\nRUN mkdir -p /app && cp /bin/act /app/run && chmod 755 "
                       "/app/run && /app/run sleep 0\nRUN echo 'export A=1' > /etc/profile.d/app.sh\nUSER app\n"
                       'CMD ["/app/run", "sleep", "1"]\n')
        done = subprocess.run(["docker", "build", "-q", "--network=none", "--no-cache", "-t", "parka-e2e-built", directory],
                              capture_output=True, text=True, check=False, env=dict(os.environ, DOCKER_BUILDKIT="0"))
        run("docker", "run", "--rm", "--network=none", "parka-e2e-built")
        return done.returncode == 0

    def host(self):
        """What everybody types."""
        for command in (["ps", "aux"], ["find", "/var/log", "-name", "*.gz"], ["ip", "addr"], ["df"], ["git", "--version"],
                        ["python3", "-c", "print(1)"], ["tar", "-C", "/etc", "-cf", self.path("a.tar"), "apt"],
                        ["sh", "-c", "ls /etc | grep a | sort"], ["systemctl", "--version"], ["ss", "-ltn"]):
            if shutil.which(command[0]):
                run(*command)
        return True


def main():
    harness.need()
    tap = harness.Tap()
    tmp = tempfile.mkdtemp(prefix="parka-e2e-quiet-")
    work = Work(tmp)
    watch = harness.watch_or_skip()
    kinds = [work.build, work.packages, work.accounts, work.sshd, work.cron, work.web_server, work.database, work.containers,
             work.image_build, work.host]
    absent = set()
    loud = {}
    end = time.monotonic() + SECONDS
    rounds = 0
    atexit.register(work.stop)
    while rounds == 0 or time.monotonic() < end:
        for kind in list(kinds):
            mark = watch.mark()
            if not kind():
                absent.add(kind.__name__)
                kinds.remove(kind)
            for finding in watch.since(mark, settle_s=0.5):
                if finding["priority"] in LOUD and not is_ours(finding):
                    print(f"# by others on this machine: {finding['rule']}: {finding.get('output')}", flush=True)
                elif finding["priority"] in LOUD:
                    loud.setdefault(kind.__name__, []).append(f"{finding['rule']}: {finding.get('output')}")
        rounds += 1
    work.stop()
    for kind in (k.__name__ for k in (Work.build, Work.packages, Work.accounts, Work.sshd, Work.cron, Work.web_server,
                                      Work.database, Work.containers, Work.image_build, Work.host)):
        if kind in absent:
            tap.skip(f"ordinary work is quiet: {kind}", "not installed, or it cannot run on this machine")
        else:
            found = loud.get(kind, [])
            tap.ok(not found, f"ordinary work is quiet: {kind}, {rounds} rounds", "\n".join(found[:10]))
    late = [f for f in watch.since(0) if f["priority"] in LOUD and is_ours(f)]
    tap.ok(len(late) == sum(len(v) for v in loud.values()), "nothing came between the kinds of work")
    watch.stop()
    shutil.rmtree(tmp, ignore_errors=True)
    run("docker", "rmi", "-f", "parka-e2e-built")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
