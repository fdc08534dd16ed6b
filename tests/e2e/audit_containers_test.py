#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""parka audit containers against real containers: as bad and as good as Docker makes them, changed behind its back, and of other runtimes."""
import glob
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import harness
from audit_docker_test import Daemon, free_port, statuses
from harness import run

IMAGE = "parka-audit:1"
SLEEP = ["/bin/sleep", "600"]
PREFIX = "parka-audit-"              # of containers' names: others run here too


def of(name):
    return "container " + PREFIX + name


def audit(*more):
    done = subprocess.run([harness.find_parka(), "audit", "containers", "--format", "json", "--all", *more], capture_output=True, text=True, timeout=60,
                          check=False)
    return json.loads(done.stdout)


def findings(report, check, status="fail"):
    return [f for f in report["findings"] if f["check"] == check and f["status"] == status]


def evidence(report, check, entity, field):
    for f in report["findings"]:
        if f["check"] == check and f["entity"] == entity:
            for e in f.get("evidence", []):
                if e["field"] == field:
                    return str(e.get("value"))
    return ""


def root_make(directory):
    for name in ("bin", "etc", "proc", "sys", "dev", "tmp", "run", "host"):
        os.makedirs(os.path.join(directory, name))
    shutil.copy(shutil.which("busybox"), os.path.join(directory, "bin/busybox"))
    for applet in ("sh", "sleep", "true", "mount"):
        os.symlink("busybox", os.path.join(directory, "bin", applet))
    with open(os.path.join(directory, "etc/passwd"), "w", encoding="ascii") as file:
        file.write("root:x:0:0::/:/bin/sh\n")
    with open(os.path.join(directory, "bin/sshd"), "w", encoding="ascii") as file:
        file.write("#!/bin/sh\n/bin/sleep 600\n/bin/true\n")
    os.chmod(os.path.join(directory, "bin/sshd"), 0o755)


def image_import(command, directory):
    with subprocess.Popen(["tar", "-C", directory, "-c", "."], stdout=subprocess.PIPE) as tar:
        return subprocess.run(command, stdin=tar.stdout, capture_output=True, text=True, check=False)


def block_device():
    for path in sorted(glob.glob("/dev/vd?") + glob.glob("/dev/sd?") + glob.glob("/dev/nvme?n?") + glob.glob("/dev/loop?")):
        return path
    return None


class Docker:
    def __init__(self, work, tap):
        self.daemon = Daemon(work, "docker", [], {}, own_network=True)
        self.tap = tap
        self.ids = {}

    def start(self, name, options, command=None):
        done = self.daemon.docker("run", "-d", "--name", PREFIX + name, *options, *(command or [IMAGE, *SLEEP]))
        if done.returncode != 0:
            self.tap.skip(f"container {name}", "it does not start here: " + done.stderr.strip().splitlines()[0][-200:])
            return False
        self.ids[name] = done.stdout.strip()
        return True

    def pid(self, name):
        return self.daemon.docker("inspect", "-f", "{{.State.Pid}}", PREFIX + name).stdout.strip()


def host_options(docker):
    options = ["--pid", "host", "--network", "host", "--ipc", "host", "--uts", "host", "--cap-add", "SYS_ADMIN", "--cap-add", "SYS_PTRACE",
               "--security-opt", "seccomp=unconfined", "--security-opt", "systempaths=unconfined", "-v", "/:/host", "-v",
               f"{docker.daemon.socket}:/run/docker.sock", "-e", "DB_PASSWORD=hunter2", "--restart", "always", "--oom-kill-disable"]
    disk = block_device()
    return options + (["--device", f"{disk}:/dev/disk:r"] if disk else [])


def good_options(network):
    return ["--user", "1000:1000", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges", "--memory", "64m", "--cpus", "0.5",
            "--pids-limit", "50", "--ulimit", "nofile=64:64", "--health-cmd", "true", "--restart", "on-failure:5", "--network", network, "-p",
            "127.0.0.1:18083:8080", "-e", "DB_PASSWORD_FILE=/run/secrets/db"]


# check -> the containers (or parts of their mounts' and ports' names) that it fails for; "good" must pass each that is about containers
CONTAINER_CHECKS = {
    "container-caps-host": "host", "container-caps-added": "host", "container-net-raw": "plain", "container-root": "plain",
    "container-privilege-escalation": "plain", "container-seccomp-off": "host", "container-unmasked": "host", "container-kernel-writable": "host",
    "container-read-only": "plain", "container-host-pid": "host", "container-host-pid-ptrace": "host", "container-host-network": "host",
    "container-host-ipc": "host", "container-host-uts": "host", "container-disks": "host", "container-devices": "device", "container-memory": "plain",
    "container-cpu": "plain", "container-pids": "plain", "container-ulimits": "plain", "container-oom": "host", "container-cgroup-parent": "device",
    "container-restart": "host", "container-healthcheck": "plain", "container-sshd": "plain", "container-default-bridge": "plain",
    "container-env-secrets": "host", "container-image-floating": "plain",
}

MOUNT_CHECKS = {
    "container-runtime-socket": ("/run/docker.sock", "/data"), "container-mount-host-writable": ("/host", "/etc-ro"),
    "container-mount-host": ("/etc-ro", "/data"), "container-mount-credentials": ("/ssh", "/data"), "container-mount-devices": ("/devices", "/data"),
    "container-mount-logs": ("/logs", "/data"), "container-mount-shared": ("/shared", "/data"),
}


def test_docker(tap, docker, work):
    d = docker.daemon
    d.docker("network", "create", "own")
    image_id = d.docker("images", "-q", "--no-trunc", IMAGE).stdout.strip()
    shared = os.path.join(work, "shared")
    os.makedirs(shared)
    run("mount", "--bind", shared, shared)
    run("mount", "--make-shared", shared)
    data = os.path.join(work, "data")
    os.makedirs(data)
    os.makedirs("/root/.ssh", exist_ok=True)
    docker.start("host", host_options(docker))
    docker.start("plain", ["-p", "18081:80", "-p", "81:81"], [IMAGE, "/bin/sshd"])
    docker.start("device", ["--device", "/dev/fuse" if os.path.exists("/dev/fuse") else "/dev/kmsg", "--cgroup-parent", "/parka-audit", "--network", "none"])
    docker.start("mounts", ["--network", "none", "-v", "/etc:/etc-ro:ro", "-v", "/root/.ssh:/ssh:ro", "-v", "/dev:/devices", "-v", "/var/log:/logs", "-v",
                            f"{shared}:/shared:rshared", "-v", f"{data}:/data:ro"])
    docker.start("good", good_options("own"), [image_id, *SLEEP])
    report = audit()
    for check, bad in CONTAINER_CHECKS.items():
        got = statuses(report, check)
        if bad not in docker.ids:
            tap.skip(check, f"container {bad} did not start")
            continue
        if check == "container-disks" and not block_device():
            tap.skip(check, "there is no block device")
            continue
        tap.ok(got.get(of(bad)) == "fail" and got.get(of("good")) in ("pass", "does not apply"), f"{check} fails for {bad} and not for good",
               f"{bad}: {got.get(of(bad))}, good: {got.get(of('good'))}")
    for check, (bad, good) in MOUNT_CHECKS.items():
        got = statuses(report, check)
        seen = {name.rsplit(" ", 1)[1]: status for name, status in got.items() if name.split(":")[0] in (of("host"), of("mounts"))}
        tap.ok(seen.get(bad) == "fail" and seen.get(good) != "fail", f"{check} fails for {bad} and not for {good}", json.dumps(seen))
    got = statuses(report, "container-port-everywhere")
    tap.ok(got.get(of("plain") + ": port *:18081 -> 80/tcp") == "fail" and got.get(of("good") + ": port 127.0.0.1:18083 -> 8080/tcp") == "pass",
           "container-port-everywhere tells one address from all", json.dumps(got))
    got = statuses(report, "container-port-privileged")
    tap.ok(got.get(of("plain") + ": port *:81 -> 81/tcp") == "fail" and got.get(of("plain") + ": port *:18081 -> 80/tcp") == "pass",
           "container-port-privileged tells ports below 1024", json.dumps(got))
    tap.ok("hunter2" not in json.dumps(report), "no value of a secret is told")
    # The daemon has a network of its own here: --network host is that one, not the host's, and the kernel knows.
    seen = evidence(report, "container-host-pid", of("host"), "container.real_host_namespaces")
    tap.ok(seen.startswith("(pid,ipc,uts"), "the kernel's own word stands beside the declared namespaces", seen)
    for check in ("container-undeclared-caps", "container-undeclared-namespaces", "container-unexpected-root", "container-undeclared-mounts",
                  "container-limits-differ", "container-mount-differs", "container-release-agent", "container-userns-override", "container-privileged"):
        got = {e: s for e, s in statuses(report, check).items() if e.split(":")[0] in (of("good"), of("plain"))}
        tap.ok(set(got.values()) <= {"pass", "does not apply"}, f"{check} is silent about containers as they were declared", json.dumps(got))
    if os.path.isdir("/sys/fs/cgroup/memory"):
        tap.ok(statuses(report, "container-release-agent").get(of("host")) == "fail", "container-release-agent fails with sys_admin and no filter")
    lsm = statuses(report, "container-lsm-none").get(of("good"))
    tap.ok(lsm == ("pass" if os.path.exists("/sys/module/apparmor/parameters/enabled") or os.path.exists("/sys/fs/selinux/enforce") else "fail"),
           "container-lsm-none fails where there is no security module", str(lsm))


def cgroups_of(container_id):
    return [path for path in glob.glob("/sys/fs/cgroup/**/cgroup.procs", recursive=True) if container_id in path]


def test_behind_its_back(tap, docker):
    """What the kernel enforces is not what was declared: each change is made for real."""
    if not all(n in docker.ids for n in ("good", "plain", "mounts")):
        return tap.skip("changes", "the containers did not start")
    d = docker.daemon
    exec_root = subprocess.Popen(["docker", "-H", f"unix://{d.socket}", "exec", "-u", "0", PREFIX + "good", *SLEEP], stdout=subprocess.DEVNULL,
                                 stderr=subprocess.DEVNULL)
    escaped = subprocess.Popen(["sleep", "600"])
    for path in cgroups_of(docker.ids["plain"]):
        with open(path, "w", encoding="ascii") as file:
            file.write(str(escaped.pid))
    into = ["nsenter", "-t", docker.pid("mounts"), "-m", "-p", "/bin/busybox"]
    run(*into, "touch", "/tmp/f")
    run(*into, "mount", "-o", "bind", "/etc/hosts", "/tmp/f")
    run(*into, "mount", "-o", "remount,rw,bind", "/data")
    for pattern in ("/sys/fs/cgroup/pids/**/pids.max", "/sys/fs/cgroup/**/pids.max"):
        for path in glob.glob(pattern, recursive=True):
            if docker.ids["good"] in path:
                with open(path, "w", encoding="ascii") as file:
                    file.write("max")
    time.sleep(1)
    report = audit()
    tap.ok(statuses(report, "container-unexpected-root").get(of("good")) == "fail", "an exec as root is told of a container that is another user",
           json.dumps(statuses(report, "container-unexpected-root")))
    tap.ok(statuses(report, "container-undeclared-caps").get(of("plain")) == "fail" and
           f"sleep[{escaped.pid}]" in evidence(report, "container-undeclared-caps", of("plain"), "container.undeclared_caps"),
           "a process with more capabilities than declared is told by name", evidence(report, "container-undeclared-caps", of("plain"),
                                                                                      "container.undeclared_caps"))
    tap.ok("mnt" in evidence(report, "container-undeclared-namespaces", of("plain"), "container.undeclared_host_namespaces"),
           "a process that is in the host's namespaces is told", evidence(report, "container-undeclared-namespaces", of("plain"),
                                                                          "container.undeclared_host_namespaces"))
    tap.ok("/tmp/f" in evidence(report, "container-undeclared-mounts", of("mounts"), "container.undeclared_mounts"),
           "a mount made after the start is told", json.dumps(statuses(report, "container-undeclared-mounts")))
    got = {e.rsplit(" ", 1)[1]: s for e, s in statuses(report, "container-mount-differs").items() if e.startswith(of("mounts"))}
    tap.ok(got.get("/data") == "fail" and got.get("/etc-ro") == "pass", "a mount made writable is told", json.dumps(got))
    differences = evidence(report, "container-limits-differ", of("good"), "container.differences")
    tap.ok("limit of processes is declared" in differences, "a limit that was taken away is told", differences)
    escaped.kill()
    escaped.wait()
    exec_root.kill()
    exec_root.wait()
    return None


def test_blindness(tap):
    """Somebody who may not look is told so."""
    if not os.path.isdir("/var/lib/docker/containers") and not os.path.isdir("/run/docker/containerd/daemon"):
        return tap.skip("without root", "there is no Docker where it usually is")
    done = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", harness.find_parka(), "audit", "containers", "--format", "json"],
                          capture_output=True, text=True, check=False, timeout=60)
    if not done.stdout:
        return tap.skip("without root", "parka cannot be run by others here: " + done.stderr[-160:])
    report = json.loads(done.stdout)
    tap.ok(report["summary"]["complete"] is False and any("Permission denied" in p["message"] for p in report["problems"]) and done.returncode == 1,
           "without the right to look at containers the audit is not complete, and fails", json.dumps(report["summary"]))
    return None


def test_runc(tap, work, root):
    if not shutil.which("runc"):
        return tap.skip("runc", "it is not installed")
    name, bundle = "parka-audit-runc", os.path.join(work, "runc")
    os.makedirs(bundle)
    shutil.copytree(root, os.path.join(bundle, "rootfs"), symlinks=True)
    run("runc", "spec", "-b", bundle, check=True)
    path = os.path.join(bundle, "config.json")
    with open(path, encoding="utf-8") as file:
        spec = json.load(file)
    spec["process"].update(terminal=False, args=SLEEP)
    spec["process"].pop("rlimits", None)
    spec["linux"]["namespaces"] = [n for n in spec["linux"]["namespaces"] if n["type"] != "network"]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(spec, file)
    subprocess.run(["runc", "run", "-d", "-b", bundle, name], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    if run("runc", "state", name).returncode != 0:
        return tap.skip("runc", "its container does not start here")
    report = audit()
    for check, wanted in (("container-host-network", "fail"), ("container-seccomp-off", "fail"), ("container-root", "fail"), ("container-host-pid", "pass"),
                          ("container-caps-host", "pass"), ("container-read-only", "pass"), ("container-privilege-escalation", "pass"),
                          ("container-limits-differ", "pass"), ("container-restart", "does-not-apply")):
        got = str(statuses(report, check).get("container " + name)).replace(" ", "-")
        tap.ok(got == wanted, f"runc: {check} is {wanted}", got)
    run("runc", "delete", "-f", name)
    return None


def test_containerd(tap, work, docker):
    if not shutil.which("ctr") or not shutil.which("containerd"):
        return tap.skip("containerd", "it is not installed")
    base = os.path.join(work, "containerd")
    os.makedirs(base)
    sock, archive = os.path.join(base, "c.sock"), os.path.join(base, "image.tar")
    with open(os.path.join(base, "config.toml"), "w", encoding="ascii") as file:
        file.write(f'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n[grpc]\n  tcp_address = "127.0.0.1:{free_port()}"\n')
    daemon = subprocess.Popen(["containerd", "--config", os.path.join(base, "config.toml"), "--root", os.path.join(base, "root"), "--state",
                               os.path.join(base, "state"), "--address", sock], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    name = "parka-audit-ctr"
    try:
        for _ in range(50):
            if run("ctr", "-a", sock, "version").returncode == 0:
                break
            time.sleep(0.2)
        docker.daemon.docker("save", "-o", archive, IMAGE)
        if run("ctr", "-a", sock, "image", "import", archive).returncode != 0:
            return tap.skip("containerd", "the image cannot be brought over")
        done = run("ctr", "-a", sock, "run", "-d", "--net-host", "--mount", "type=bind,src=/etc,dst=/host,options=rbind:ro", "docker.io/library/" + IMAGE, name, *SLEEP)
        if done.returncode != 0:
            return tap.skip("containerd", "its container does not start here: " + done.stderr[-160:])
        report = audit()
        for check, wanted in (("container-host-network", "fail"), ("container-caps-host", "pass"), ("container-memory", "fail"),
                              ("container-limits-differ", "pass"), ("container-host-ipc", "pass")):
            got = statuses(report, check).get("container " + name)
            tap.ok(got == wanted, f"containerd: {check} is {wanted}", str(got))
        got = statuses(audit("containerd"), "runtime-tcp-open")
        tap.ok(got.get(f"containerd at {sock}") == "fail", "containerd: its API on TCP is told", json.dumps(got))
        got = statuses(audit("containerd"), "docker-socket-mode")
        os.chmod(sock, 0o666)
        bad = statuses(audit("containerd"), "docker-socket-mode")
        tap.ok(got.get(sock) == "pass" and bad.get(sock) == "fail", "containerd: the mode of its socket is told", f"{got.get(sock)} {bad.get(sock)}")
        got = statuses(report, "container-mount-host")
        tap.ok(got.get(f"container {name}: mount /etc -> /host") == "fail", "containerd: a mount of the host's is told", json.dumps(got))
    finally:
        run("ctr", "-a", sock, "task", "rm", "-f", name)
        run("ctr", "-a", sock, "container", "rm", name)
        daemon.terminate()
        daemon.wait(10)
    return None


def test_podman(tap, work, root):
    if not shutil.which("podman"):
        return tap.skip("podman", "it is not installed")
    base = ["podman", "--root", os.path.join(work, "p", "root"), "--runroot", os.path.join(work, "p", "run"), "--cgroup-manager=cgroupfs", "--runtime",
            "runc", "--storage-driver", "vfs"]
    image_import(base + ["import", "-", "localhost/" + IMAGE], root)
    name = "parka-audit-podman"
    done = run(*base, "run", "-d", "--name", name, "--ulimit", "nofile=64:64", "--ulimit", "nproc=64:64", "--network", "none", "--pid", "host", "-v", "/etc:/host:ro",
               "localhost/" + IMAGE, *SLEEP)
    if done.returncode != 0:
        return tap.skip("podman", "its container does not start here: " + done.stderr.strip()[-160:])
    report = audit()
    for check, wanted in (("container-host-pid", "fail"), ("container-host-network", "pass"), ("container-root", "fail"), ("container-caps-host", "pass"),
                          ("container-seccomp-off", "pass"), ("container-limits-differ", "pass")):
        got = statuses(report, check).get("container " + name)
        tap.ok(got == wanted, f"podman: {check} is {wanted}", str(got) + evidence(report, check, "container " + name, "container.differences"))
    run(*base, "rm", "-f", "-t", "0", name)
    got = statuses(audit("podman"), "runtime-tcp-open")
    tap.ok(got.get("podman") == "pass", "podman: without a service nothing listens", json.dumps(got))
    service = subprocess.Popen([*base, "system", "service", "--time", "60", f"tcp://127.0.0.1:{free_port()}"], stdout=subprocess.DEVNULL,
                               stderr=subprocess.DEVNULL, start_new_session=True)
    time.sleep(1)
    got = statuses(audit("podman"), "runtime-tcp-open")
    tap.ok(got.get("podman") == "fail", "podman: its API on TCP is told", json.dumps(got))
    service.terminate()
    service.wait(10)
    return None


def main():
    if not harness.find_parka():
        harness.skip_all("parka is not built")
    if os.geteuid() != 0:
        harness.skip_all("needs root")
    for program in ("dockerd", "docker", "busybox"):
        if not shutil.which(program):
            harness.skip_all(f"{program} is not installed")
    tap = harness.Tap()
    work = tempfile.mkdtemp(prefix="parka-audit-containers-")
    docker = Docker(work, tap)
    root = os.path.join(work, "root")
    try:
        root_make(root)
        if not docker.daemon.wait():
            harness.skip_all("dockerd does not start here: " + docker.daemon.why())
        image_import(["docker", "-H", f"unix://{docker.daemon.socket}", "import", "-", IMAGE], root)
        test_docker(tap, docker, work)
        test_behind_its_back(tap, docker)
        test_blindness(tap)
        test_runc(tap, work, root)
        test_containerd(tap, work, docker)
        test_podman(tap, work, root)
        started = time.monotonic()
        audit()
        print(f"# one audit of {len(docker.ids)} containers and their neighbours: {1000 * (time.monotonic() - started):.0f} ms")
    finally:
        for name in docker.ids:
            docker.daemon.docker("rm", "-f", PREFIX + name)
        docker.daemon.stop()
        run("sh", "-c", f"grep -o '{work}[^ ]*' /proc/self/mountinfo | sort -ru | xargs -r umount -l")
        shutil.rmtree(work, ignore_errors=True)
    return tap.done()


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    sys.exit(main())
