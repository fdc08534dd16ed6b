#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""parka audit docker against real daemons: one configured badly, one well, and a swarm of one node."""
import glob
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import harness
from harness import run

WAIT_S = 20


class Daemon:
    """A dockerd of our own: its data, socket and pid file below one directory. In a network of its own it may write firewall rules."""

    def __init__(self, work, name, flags, config, own_network=False):
        self.dir = os.path.join(work, name)
        os.makedirs(self.dir)
        self.socket = os.path.join(self.dir, "docker.sock")
        self.config = os.path.join(self.dir, "daemon.json")
        if config is not None:
            with open(self.config, "w", encoding="utf-8") as file:
                json.dump(config, file)
            os.chmod(self.config, 0o644)
        self.entity = f"dockerd at unix://{self.socket}"
        self.log = open(os.path.join(self.dir, "log"), "wb")
        self.process = subprocess.Popen(
            (["unshare", "-n"] if own_network else []) + ["dockerd", "-H", f"unix://{self.socket}", "--config-file", self.config, "--data-root", os.path.join(self.dir, "data"),
             "--exec-root", os.path.join(self.dir, "exec"), "-p", os.path.join(self.dir, "pid"),
             *([] if own_network else ["--bridge=none"]), *flags],
            stdout=self.log, stderr=self.log, stdin=subprocess.DEVNULL, start_new_session=True)

    def docker(self, *command):
        return run("docker", "-H", f"unix://{self.socket}", *command)

    def wait(self):
        for _ in range(WAIT_S * 5):
            if self.docker("version").returncode == 0:
                return True
            if self.process.poll() is not None:
                return False
            time.sleep(0.2)
        return False

    def why(self):
        with open(os.path.join(self.dir, "log"), encoding="utf-8", errors="replace") as file:
            return "".join(file.readlines()[-3:])

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
        self.log.close()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def certificates(directory):
    """An authority, and the daemon's certificate and key."""
    os.makedirs(directory)
    path = {name: os.path.join(directory, name) for name in ("ca.pem", "ca-key.pem", "cert.pem", "key.pem", "csr.pem")}
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=ca", "-keyout", path["ca-key.pem"], "-out",
        path["ca.pem"], check=True)
    run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", path["key.pem"], "-out", path["csr.pem"], check=True)
    run("openssl", "x509", "-req", "-days", "2", "-in", path["csr.pem"], "-CA", path["ca.pem"], "-CAkey", path["ca-key.pem"], "-CAcreateserial",
        "-out", path["cert.pem"], check=True)
    os.chmod(path["ca.pem"], 0o444)
    os.chmod(path["cert.pem"], 0o644)
    os.chmod(path["key.pem"], 0o400)
    return path


def audit(env=None):
    done = subprocess.run([harness.find_parka(), "audit", "docker", "--format", "json", "--all"], capture_output=True, text=True, timeout=60,
                          check=False, env={**os.environ, **(env or {})})
    return json.loads(done.stdout)


def statuses(report, check):
    return {f["entity"]: f["status"] for f in report["findings"] if f["check"] == check}


def evidence(report, check, entity, field):
    for f in report["findings"]:
        if f["check"] == check and f["entity"] == entity:
            for e in f.get("evidence", []):
                if e["field"] == field:
                    return e
    return {}


# Each check about a daemon: what the bad one and the good one get.
DAEMON_CHECKS = {
    "docker-tcp-open": ("fail", "pass"),
    "docker-insecure-registry": ("fail", "pass"),
    "docker-registry-mirror-plain": ("fail", "pass"),
    "docker-api-cors": ("fail", "pass"),
    "docker-metrics-open": ("fail", "pass"),
    "docker-log-level": ("fail", "pass"),
    "docker-iptables": ("fail", "pass"),
    "docker-icc": ("does-not-apply", "pass"),
    "docker-default-ulimit": ("fail", "pass"),
    "docker-cgroup-parent": ("fail", "pass"),
    "docker-log-local": ("fail", "pass"),
    "docker-log-unbounded": ("fail", "does-not-apply"),
    "docker-no-new-privileges": ("fail", "pass"),
    "docker-live-restore": ("fail", "pass"),
    "docker-userland-proxy": ("fail", "pass"),
    "docker-seccomp-off": ("fail", "pass"),
    "docker-seccomp-custom": ("fail", "pass"),
    "docker-experimental": ("fail", "pass"),
    "docker-nondistributable": ("fail", "pass"),
    "docker-storage-aufs": ("pass", "pass"),
    "docker-base-device-size": ("pass", "pass"),
    "docker-authorization-plugin": ("fail", "fail"),
    "docker-userns": ("fail", "fail"),
    "docker-root": ("fail", "fail"),
    "docker-sprawl": ("pass", "pass"),
}

ORIGINS = (
    # check, of whom, field, value, from
    ("docker-insecure-registry", "bad", "docker.insecure_registries", "(registry.test:5000)", "flag"),
    ("docker-log-level", "bad", "docker.debug", "true", "flag"),
    ("docker-no-new-privileges", "bad", "docker.no_new_privileges", "false", "default"),
    ("docker-live-restore", "good", "docker.live_restore", "true", "file"),
    ("docker-userland-proxy", "good", "docker.userland_proxy", "false", "file"),
    ("docker-version", "bad", "docker.version", None, "api"),
)


def test_daemons(tap, work, bad, good):
    report = audit()
    for check, wanted in DAEMON_CHECKS.items():
        got = statuses(report, check)
        seen = tuple(got.get(d.entity, "").replace("_", "-").replace(" ", "-") for d in (bad, good))
        tap.ok(seen == wanted, f"{check}: {wanted[0]} of the bad daemon, {wanted[1]} of the good one", f"seen {seen}")
    for check, who, field, value, origin in ORIGINS:
        seen = evidence(report, check, {"bad": bad, "good": good}[who].entity, field)
        tap.ok(seen.get("from") == origin and (value is None or str(seen.get("value")).lower() == value),
               f"{field} of the {who} daemon is told to come from the {origin}", json.dumps(seen))
    with open(good.config, "a", encoding="utf-8") as file:
        file.write("\n")
    os.utime(good.config, (time.time() + 5, time.time() + 5))
    got = statuses(audit(), "docker-config-changed")
    tap.ok(got.get(good.entity) == "fail" and got.get(bad.entity) == "pass", "a configuration file changed since the start is told", json.dumps(got))
    got = statuses(audit({"DOCKER_CONTENT_TRUST": "1"}), "docker-content-trust")
    tap.ok(got.get(good.entity) == "pass", "content trust in the environment passes", json.dumps(got))
    got = statuses(audit({"DOCKER_CONTENT_TRUST": "0"}), "docker-content-trust")
    tap.ok(got.get(good.entity) == "fail", "and fails without", json.dumps(got))


def test_files(tap, bad, good, tls):
    os.chmod(bad.socket, 0o666)
    os.chmod(bad.config, 0o666)
    os.chown(bad.config, 1, 1)
    report = audit()
    for check, fails, passes in (
            ("docker-socket-mode", bad.socket, good.socket), ("docker-file-mode", bad.config, good.config),
            ("docker-file-owner", bad.config, good.config), ("docker-certificate-mode", tls["cert.pem"], tls["ca.pem"]),
            ("docker-file-owner", bad.config, tls["key.pem"])):
        got = statuses(report, check)
        tap.ok(got.get(fails) == "fail" and got.get(passes) == "pass",
               f"{check} fails for {os.path.basename(fails)} made bad, passes for {os.path.basename(passes)}", f"{got.get(fails)} {got.get(passes)}")
    tap.ok(statuses(report, "docker-key-mode").get(tls["key.pem"]) == "pass", "a key of mode 0400 passes")
    os.chmod(tls["key.pem"], 0o640)
    os.chown(bad.socket, 1, 1)
    report = audit()
    tap.ok(statuses(report, "docker-key-mode").get(tls["key.pem"]) == "fail", "a key that a group may read fails")
    got = statuses(report, "docker-socket-owner")
    tap.ok(got.get(bad.socket) == "fail" and got.get(good.socket) == "pass", "the owner of the API's socket is told", json.dumps(got))
    os.chown(bad.socket, 0, 0)


def test_swarm(tap, bad):
    entity = "swarm of " + bad.entity
    got = statuses(audit(), "docker-swarm-active")
    tap.ok(got.get(entity) == "pass", "docker-swarm-active passes without a swarm", json.dumps(got))
    done = bad.docker("swarm", "init", "--advertise-addr", "127.0.0.1")
    if done.returncode != 0:
        return tap.skip("swarm", "it cannot be made here: " + done.stderr.strip()[-160:])
    bad.docker("network", "create", "--driver", "overlay", "--opt", "encrypted", "sealed")
    bad.docker("service", "create", "--detach", "--replicas", "0", "--name", "web", "--env", "DB_PASSWORD=hunter2", "busybox")
    report = audit()
    for check in ("docker-swarm-active", "docker-swarm-everywhere", "docker-swarm-autolock", "docker-swarm-node-certificates", "docker-swarm-secrets",
                  "docker-swarm-data-path"):
        tap.ok(statuses(report, check).get(entity) == "fail", f"{check} fails for a swarm as it is made", json.dumps(statuses(report, check)))
    tap.ok(statuses(report, "docker-swarm-managers").get(entity) == "pass", "docker-swarm-managers passes for one manager")
    got = {e: s for f in report["findings"] if f["check"] == "docker-overlay-plain" for e, s in [(f["entity"], f["status"])]}
    tap.ok(got.get("network ingress") == "fail" and got.get("network sealed") == "pass", "docker-overlay-plain knows encrypted overlays", json.dumps(got))
    tap.ok("hunter2" not in json.dumps(report) and "web:DB_PASSWORD" in json.dumps(report), "a secret is named, its value is not told")
    tap.ok(statuses(report, "docker-live-restore").get(bad.entity) == "pass", "live restore is not asked of a swarm")
    bad.docker("service", "rm", "web")
    bad.docker("swarm", "leave", "--force")
    done = bad.docker("swarm", "init", "--advertise-addr", "127.0.0.1", "--listen-addr", "127.0.0.1:2377", "--autolock", "--cert-expiry", "48h",
                      "--data-path-addr", "127.0.0.2")
    report = audit()
    for check in ("docker-swarm-everywhere", "docker-swarm-autolock", "docker-swarm-node-certificates", "docker-swarm-data-path"):
        tap.ok(statuses(report, check).get(entity) == "pass", f"{check} passes for a swarm made carefully",
               json.dumps(statuses(report, check)) + done.stderr)
    bad.docker("swarm", "leave", "--force")
    return None


def test_coverage(tap):
    """Every id of docker-bench-security is a reference of a check, or the documentation says why not."""
    path = os.path.join(os.environ.get("SHARED_DIR", ""), "reference", "posture.md")
    if not os.path.isfile(path):
        return tap.skip("docker-bench's ids", "the list of them is not here")
    with open(path, encoding="utf-8") as file:
        ids = re.findall(r"^- `([0-9C.]+)`", file.read().split("# Appendix A.")[1].split("# Appendix B.")[0], re.M)
    with open(os.path.join(harness.ROOT, "docs", "docker-bench.md"), encoding="utf-8") as file:
        documented = set(re.findall(r"`([0-9C.]+)`", file.read()))
    known = set()
    for path in glob.glob(os.path.join(harness.ROOT, "content", "checks", "*.yaml")):
        with open(path, encoding="utf-8") as file:
            known |= set(re.findall(r"(?:docker-bench:|CIS-Docker-)([0-9C.]*[0-9])", file.read()))
    missing = [i for i in ids if i not in known and i not in documented]
    tap.ok(len(ids) == 132 and not missing, "every id of docker-bench-security is covered or documented", " ".join(missing))
    return None


def test_silence(tap, work):
    """A daemon that does not answer: nothing passes that only it could tell."""
    silent = Daemon(work, "silent", ["--iptables=false"], {})
    if not silent.wait():
        silent.stop()
        return tap.skip("silent daemon", silent.why())
    os.kill(silent.process.pid, 19)
    try:
        report = audit()
        tap.ok(statuses(report, "docker-version").get(silent.entity) == "unknown", "the version of a daemon that does not answer is unknown",
               json.dumps(statuses(report, "docker-version")))
        tap.ok(statuses(report, "docker-swarm-active").get("swarm of " + silent.entity) == "unknown", "and so is whether it is in a swarm")
        tap.ok(report["summary"]["complete"] is False and any(silent.socket in p["message"] for p in report["problems"]),
               "the report says that it is not complete, and why", json.dumps(report["problems"]))
    finally:
        os.kill(silent.process.pid, 18)
        silent.stop()
    return None


def main():
    if not harness.find_parka():
        harness.skip_all("parka is not built")
    if os.geteuid() != 0:
        harness.skip_all("needs root")
    for program in ("dockerd", "docker", "openssl"):
        if not shutil.which(program):
            harness.skip_all(f"{program} is not installed")
    tap = harness.Tap()
    work = tempfile.mkdtemp(prefix="parka-audit-docker-")
    daemons = []
    try:
        tls = certificates(os.path.join(work, "tls"))
        open_profile = os.path.join(work, "open.json")
        with open(open_profile, "w", encoding="ascii") as file:
            json.dump({"defaultAction": "SCMP_ACT_ALLOW"}, file)
        bad = Daemon(work, "bad", ["-D", f"-Htcp://127.0.0.1:{free_port()}", "--insecure-registry=registry.test:5000", "--iptables=false", "--experimental",
                                   "--registry-mirror", "http://mirror.test", "--api-cors-header=*", "--metrics-addr", f"0.0.0.0:{free_port()}",
                                   "--cgroup-parent", "/others", f"--seccomp-profile={open_profile}", "--allow-nondistributable-artifacts", "registry.test"], {})
        daemons.append(bad)
        good = Daemon(work, "good", [f"--host=tcp://127.0.0.1:{free_port()}"], {
            "icc": False, "log-level": "info", "iptables": True, "no-new-privileges": True, "live-restore": True, "userland-proxy": False,
            "log-driver": "fluentd", "default-ulimits": {"nofile": {"Name": "nofile", "Soft": 1024, "Hard": 2048}}, "tlsverify": True,
            "tlscacert": tls["ca.pem"], "tlscert": tls["cert.pem"], "tlskey": tls["key.pem"]}, own_network=True)
        daemons.append(good)
        if not bad.wait() or not good.wait():
            harness.skip_all("dockerd does not start here: " + bad.why() + good.why())
        test_daemons(tap, work, bad, good)
        test_files(tap, bad, good, tls)
        test_swarm(tap, bad)
        test_silence(tap, work)
        test_coverage(tap)
    finally:
        for daemon in daemons:
            daemon.stop()
        run("sh", "-c", f"grep -o '{work}[^ ]*' /proc/self/mountinfo | sort -r | xargs -r umount -l")
        shutil.rmtree(work, ignore_errors=True)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
