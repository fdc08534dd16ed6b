#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""parka containers against real runtimes: dockerd, containerd (ctr), podman, runc, crun."""
import json
import os
import shutil
import subprocess
import tempfile
import time

import harness
from harness import run

IMAGE = "parka-runtime:1.2"
NAME = "parka-rt-"
LOOK_ALIKE = "ab" * 32
CAP = {"chown": 0, "net_bind_service": 10}


def containers():
    done = run(harness.find_parka(), "containers", "--json")
    return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]


def find(name):
    for c in containers():
        if c.get("name") == name:
            return c
    return None


def check(tap, runtime, name, want, container=None):
    """Each wanted key (a function is asked) of the container called so."""
    c = container or find(name)
    if not tap.ok(c is not None, f"{runtime}: {name} is listed", json.dumps([x.get("name") for x in containers()])):
        return
    wrong = [f"{key} is {c.get(key)!r}" for key, value in want.items()
             if (not value(c.get(key)) if callable(value) else c.get(key) != value)]
    tap.ok(not wrong, f"{runtime}: {name} is right in {', '.join(want)}", "\n".join(wrong))


def build_root(directory):
    for name in ("bin", "etc", "proc", "sys", "dev", "tmp"):
        os.makedirs(os.path.join(directory, name))
    shutil.copy(shutil.which("busybox"), os.path.join(directory, "bin/busybox"))
    for applet in ("sh", "sleep", "true"):
        os.symlink("busybox", os.path.join(directory, "bin", applet))
    with open(os.path.join(directory, "etc/passwd"), "w", encoding="ascii") as file:
        file.write("root:x:0:0::/:/bin/sh\n")


def tar_into(directory, *command):
    with subprocess.Popen(["tar", "-C", directory, "-c", "."], stdout=subprocess.PIPE) as tar:
        done = subprocess.run(list(command), stdin=tar.stdout, capture_output=True, text=True, check=False)
    return done


# ---- Docker ----

def docker_privileged(work):
    """A privileged container needs each capability; a machine may lack some. Then only the recorded states test it."""
    return run("docker", "run", "-d", "--name", NAME + "priv", "--privileged", "--network", "host", "--pid", "host", "-v", f"{work}:/host",
               IMAGE, "/bin/sleep", "600")


def test_docker(tap, work, root):
    reason = harness.docker_start()
    if reason:
        return tap.skip("docker", reason)
    for name in ("plain", "priv", "pod"):
        run("docker", "rm", "-f", NAME + name)
    if tar_into(root, "docker", "import", "-", IMAGE).returncode != 0:
        return tap.skip("docker", "the image cannot be imported")
    done = run("docker", "run", "-d", "--name", NAME + "plain", "--network", "none", "-l", "app=web", "-u", "1000:1000", "--read-only",
               "-v", f"{work}:/data:ro", "--cap-drop", "ALL", "--cap-add", "NET_BIND_SERVICE", "--security-opt", "no-new-privileges",
               IMAGE, "/bin/sleep", "600")
    cid = done.stdout.strip()
    if not tap.ok(len(cid) == 64, "docker: a container starts", done.stderr):
        return None
    check(tap, "docker", NAME + "plain", {
        "id": cid, "type": "docker", "image": IMAGE, "image_repository": "parka-runtime", "image_tag": "1.2", "user": "1000:1000",
        "privileged": False, "read_only": True, "host_network": False, "host_pid": False,
        "caps_bounding": 1 << CAP["net_bind_service"], "security_opts": ["no-new-privileges"],
        "labels": lambda v: v.get("app") == "web",
        "mounts": lambda v: [(m["source"], m["dest"], m["rw"]) for m in v] == [(work, "/data", False)],
        "init_pid": lambda v: str(v) == run("docker", "inspect", "-f", "{{.State.Pid}}", cid).stdout.strip(),
        "image_id": lambda v: "sha256:" + v == run("docker", "inspect", "-f", "{{.Image}}", cid).stdout.strip()})
    run("docker", "run", "-d", "--name", NAME + "pod", "--network", "none", "-l", "io.kubernetes.pod.name=web-1",
        "-l", "io.kubernetes.pod.namespace=shop", "-l", "io.kubernetes.container.name=web", IMAGE, "/bin/sleep", "600")
    check(tap, "docker", NAME + "pod", {"pod_name": "web-1", "pod_namespace": "shop", "pod_container_name": "web"})
    done = docker_privileged(work)
    if done.returncode == 0:
        check(tap, "docker", NAME + "priv", {"privileged": True, "host_network": True, "host_pid": True,
                                              "mounts": lambda v: [(m["dest"], m["rw"]) for m in v] == [("/host", True)]})
    else:
        tap.skip("docker: privileged", "it does not start here: " + done.stderr.strip().splitlines()[0][-120:])
    run("docker", "rename", NAME + "plain", NAME + "renamed")
    check(tap, "docker", NAME + "renamed", {"id": cid})
    run("docker", "rm", "-f", NAME + "renamed")
    tap.ok(find(NAME + "renamed") is None, "docker: a removed container is not listed")
    for name in ("priv", "pod"):
        run("docker", "rm", "-f", NAME + name)
    return None


# ---- containerd ----

def containerd_start():
    if not shutil.which("ctr") or not shutil.which("containerd"):
        return None, "containerd is not installed"
    if run("ctr", "version").returncode == 0:
        return None, None
    daemon = subprocess.Popen(["containerd"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    for _ in range(50):
        if run("ctr", "version").returncode == 0:
            return daemon, None
        time.sleep(0.2)
    daemon.terminate()
    return None, "containerd does not answer"


def test_containerd(tap, work):
    daemon, reason = containerd_start()
    if reason:
        return tap.skip("containerd", reason)
    names = (NAME + "ctr", NAME + "ctr-priv")
    archive = os.path.join(work, "image.tar")
    if run("docker", "save", "-o", archive, IMAGE).returncode != 0 or run("ctr", "image", "import", archive).returncode != 0:
        tap.skip("containerd", "the image cannot be brought over")
    else:
        for name, more in zip(names, (["--label", "app=web"], ["--privileged", "--net-host"])):
            done = run("ctr", "run", "-d", "--mount", f"type=bind,src={work},dst=/data,options=rbind:ro", *more, "docker.io/library/" + IMAGE,
                       name, "/bin/sleep", "600")
            tap.ok(done.returncode == 0, f"containerd: {name} starts", done.stderr)
        check(tap, "containerd", names[0], {"id": names[0], "type": "containerd", "privileged": False, "host_network": False, "user": "0:0",
                                            "image": "docker.io/library/" + IMAGE, "runtime_namespace": "default",
                                            "mounts": lambda v: [(m["source"], m["dest"], m["rw"]) for m in v] == [(work, "/data", False)],
                                            "labels": lambda v: v.get("app") == "web"})
        check(tap, "containerd", names[1], {"privileged": True, "host_network": True})
    for name in names:
        run("ctr", "task", "rm", "-f", name)
        run("ctr", "container", "rm", name)
    if daemon:
        daemon.terminate()
        daemon.wait(10)
    return None


# ---- podman ----

def test_podman(tap, work, root):
    if not shutil.which("podman"):
        return tap.skip("podman", "podman is not installed")
    tar_into(root, "podman", "import", "-", "localhost/" + IMAGE)
    for runtime, wrapper in (("runc", []), ("crun", ["unshare", "-m", "sh", "-c", "umount /sys/fs/cgroup/unified 2>/dev/null; exec \"$@\"", "sh"])):
        if not shutil.which(runtime):
            tap.skip(f"podman with {runtime}", f"{runtime} is not installed")
            continue
        name = NAME + "podman-" + runtime
        limits = ["--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]
        done = subprocess.run(wrapper + ["podman", "--cgroup-manager=cgroupfs", "--runtime", runtime, "run", "-d", "--replace", *limits,
                                         "--network", "none", "--name", name, "-u", "5", "--read-only", "-v", f"{work}:/data:ro", "--cap-drop",
                                         "all", "--cap-add", "chown", "localhost/" + IMAGE, "/bin/sleep", "600"],
                              capture_output=True, text=True, check=False, timeout=60)
        if done.returncode != 0:
            tap.skip(f"podman with {runtime}", "it does not start here: " + done.stderr.strip()[-120:])
            continue
        check(tap, "podman", name, {"id": done.stdout.strip().splitlines()[-1], "type": "podman", "image": "localhost/" + IMAGE, "user": "5:0",
                                    "privileged": False, "read_only": True, "caps_bounding": 1 << CAP["chown"],
                                    "mounts": lambda v: [(m["source"], m["dest"], m["rw"]) for m in v] == [(work, "/data", False)]})
        run("podman", "rm", "-f", "-t", "0", name)
    return None


# ---- runc, crun ----

def bundle_make(directory, root):
    os.makedirs(directory)
    shutil.copytree(root, os.path.join(directory, "rootfs"), symlinks=True)
    run("runc", "spec", "-b", directory, check=True)
    path = os.path.join(directory, "config.json")
    with open(path, encoding="utf-8") as file:
        spec = json.load(file)
    spec["process"].update(terminal=False, args=["/bin/sleep", "600"], user={"uid": 7, "gid": 8})
    spec["process"].pop("rlimits", None)
    with open(path, "w", encoding="utf-8") as file:
        json.dump(spec, file)


def test_bare(tap, work, root):
    for runtime, wrapper in (("runc", []), ("crun", ["unshare", "-m", "sh", "-c", "umount /sys/fs/cgroup/unified 2>/dev/null; exec \"$@\"", "sh"])):
        if not shutil.which(runtime) or not shutil.which("runc"):
            tap.skip(runtime, f"{runtime} is not installed")
            continue
        name, bundle = NAME + runtime, os.path.join(work, runtime)
        bundle_make(bundle, root)
        subprocess.run(wrapper + [runtime, "run", "-d", "-b", bundle, name], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL, check=False, timeout=60)
        state = run(runtime, "state", name)
        if state.returncode != 0:
            tap.skip(runtime, "its container does not start here")
            continue
        check(tap, runtime, name, {"id": name, "type": "oci", "bundle": bundle, "user": "7:8", "privileged": False, "read_only": True,
                                   "init_pid": json.loads(state.stdout)["pid"]})
        run(runtime, "delete", "-f", name)
        tap.ok(find(name) is None, f"{runtime}: a deleted container is not listed")


def test_look_alike(tap):
    for base in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup"):
        if os.path.exists(os.path.join(base, "cgroup.procs")):
            break
    else:
        return tap.skip("a look-alike cgroup", "there is no cgroup v2 hierarchy")
    path = os.path.join(base, LOOK_ALIKE)
    os.mkdir(path)
    try:
        tap.ok(all(c["id"] != LOOK_ALIKE for c in containers()), "a cgroup with 64 hex digits for a name is no container")
    finally:
        os.rmdir(path)
    return None


def main():
    if os.geteuid() != 0:
        harness.skip_all("needs root")
    if not harness.find_parka() or not shutil.which("busybox"):
        harness.skip_all("parka or busybox-static is missing")
    tap = harness.Tap()
    with tempfile.TemporaryDirectory(prefix="parka-runtime-", dir="/var/tmp") as work:
        root = os.path.join(work, "root")
        build_root(root)
        test_docker(tap, work, root)
        test_containerd(tap, work)
        test_podman(tap, work, root)
        test_bare(tap, work, root)
        test_look_alike(tap)
    raise SystemExit(tap.done())


if __name__ == "__main__":
    main()
