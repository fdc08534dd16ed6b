#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who is in which container, from its first event on, with real runtimes: containerd by ctr and through its CRI, podman without root,
groups as systemd names them. And which exec is a health check or a probe."""
import json
import os
import shutil
import struct
import sys
import tempfile
import time

import harness as h

sys.dont_write_bytecode = True
import containerd as cd

APP = "docker.io/library/parka-app:2"
PAUSE = "docker.io/library/parka-pause:1"
UID = "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
MARK = "parka-id-"
USER = "parka-e2e-pod"
FIELDS = ("evt.type proc.name proc.exe proc.cmdline proc.vpid proc.cgroup container.id container.full_id container.name container.type container.image "
          "container.image.repository container.image.tag container.image.digest container.image.id container.label[app] container.labels "
          "container.rootless container.host_network container.host_pid container.liveness_probe container.readiness_probe container.healthcheck k8s.pod.name k8s.ns.name k8s.pod.uid "
          "k8s.pod.label[app] k8s.container.name k8s.pod.full_sandbox_id proc.is_container_healthcheck proc.is_container_liveness_probe "
          "proc.is_container_readiness_probe session.kind").split()
EVENTS = "execve, execveat, open, openat, openat2, clone, clone3, fork, vfork, mount, umount2, connect, unlink, mkdir, chmod"
RULES = f"""
- rule: In a container
  desc: everything that is told of containers
  condition: container.id != host and evt.type in ({EVENTS})
  output: "{' '.join('%' + field for field in FIELDS)}"
  priority: NOTICE
- rule: In nobody's container
  desc: a group that is made for a container, and no container
  condition: container.id = host and (proc.cgroup contains {MARK} or proc.cgroup glob "/{USER}/*") and evt.type in ({EVENTS})
  output: "%evt.type %proc.cmdline %proc.cgroup"
  priority: NOTICE
"""


def of_container(findings, **wanted):
    """Output fields of the findings in a container whose fields these are (an underscore for the dot), in order."""
    names = {key.replace("__", "."): value for key, value in wanted.items()}
    return [f["output_fields"] for f in findings if f["rule"] == "In a container" and h.fields_differ(f, names) is None]


def check_all(tap, name, events, wanted):
    """Each event, the first too, holds these fields."""
    if not tap.ok(bool(events), f"{name}_is_seen"):
        return
    wrong = []
    for number, fields in enumerate(events):
        for key, value in wanted.items():
            if fields.get(key) != value:
                wrong.append(f"event {number} ({fields['evt.type']} by {fields['proc.cmdline']}): {key} is {fields.get(key)!r}, not {value!r}")
    tap.ok(not wrong, f"{name}_is_whole_in_each_event_from_the_first_on", "\n".join([f"of {len(events)} events"] + wrong[:20]))


def wait_for(watch, mark, condition, timeout=20):
    """Findings since the mark, once the condition holds for them."""
    end = time.monotonic() + timeout
    while True:
        findings = watch.since(mark)
        if condition(findings) or time.monotonic() > end:
            return findings
        time.sleep(0.1)


# ---- containerd ----

def test_ctr(tap, watch, daemon, digests):
    mark = watch.mark()
    done = daemon.ctr("run", "-d", "--snapshotter", "native", "--label", "app=web", APP, MARK + "ctr", "/bin/sh", "-c",
                      "cat /etc/passwd; exec sleep 1000")
    if not tap.ok(done.returncode == 0, "ctr_starts_a_container", done.stderr):
        return
    findings = wait_for(watch, mark, lambda fs: of_container(fs, container__full_id=MARK + "ctr", proc__name="sleep"))
    check_all(tap, "a_container_of_ctr", of_container(findings, container__full_id=MARK + "ctr"), {
        "container.type": "containerd", "container.name": MARK + "ctr", "container.image": APP, "container.image.repository":
        "docker.io/library/parka-app", "container.image.tag": "2", "container.image.digest": digests[0], "container.label[app]": "web"})
    tap.ok(not any(f["rule"] == "In nobody's container" for f in findings), "nothing_in_a_group_of_ctr_is_the_hosts",
           json.dumps([f["output"] for f in findings if f["rule"] == "In nobody's container"][:10]))
    done = h.run(h.find_parka(), "containers", "--json")
    found = [c for c in map(json.loads, done.stdout.splitlines()) if c["id"] == MARK + "ctr"]
    tap.ok(found and (found[0].get("runtime_namespace"), found[0].get("snapshotter"), found[0].get("snapshot_key")) ==
           ("default", "native", MARK + "ctr") and found[0].get("init_pid"), "parka_containers_tells_its_namespace_and_snapshot", done.stdout)


def transaction(daemon):
    """Number of the newest transaction of its database."""
    with open(os.path.join(daemon.base, "root", "io.containerd.metadata.v1.bolt", "meta.db"), "rb") as file:
        return max(struct.unpack_from("<Q", file.read(4096), 64)[0] for _ in range(2))


def test_ctr_while_the_database_is_written(tap, watch, daemon):
    """bbolt's file changes with each of these; what is read beside it must still be right."""
    names = [f"{MARK}busy-{i}" for i in range(8)]
    mark = watch.mark()
    churn = h.subprocess.Popen(["sh", "-c", f"while :; do ctr -a {daemon.socket} -n busy namespaces label busy a=$$; ctr -a {daemon.socket} -n busy "
                                f"containers create {APP} churn; ctr -a {daemon.socket} -n busy containers rm churn; done"],
                               stdout=h.subprocess.DEVNULL, stderr=h.subprocess.DEVNULL, start_new_session=True)
    before = transaction(daemon)
    try:
        for name in names:
            daemon.ctr("run", "-d", "--snapshotter", "native", APP, name, "/bin/sleep", "1000")
    finally:
        os.killpg(churn.pid, h.signal.SIGKILL)
        churn.wait()
    tap.ok(transaction(daemon) - before > 4 * len(names), "containerd_writes_its_database_all_the_while", f"{before} to {transaction(daemon)}")
    seen = {name: wait_for(watch, mark, lambda fs, n=name: of_container(fs, container__full_id=n, proc__name="sleep")) for name in names}
    wrong = {name: [e["container.image"] for e in of_container(fs, container__full_id=name) if e["container.image"] != APP]
             for name, fs in seen.items()}
    tap.ok(all(of_container(fs, container__full_id=name) for name, fs in seen.items()) and not any(wrong.values()),
           "the_image_is_known_while_containerd_writes_its_database", json.dumps(wrong))


def test_cri(tap, watch, daemon, digests):
    why = cd.cri_missing()
    if why:
        tap.skip("a_pod_through_the_cri", why)
        return
    cri = cd.Cri(daemon.socket)
    kube = {"io.kubernetes.pod.name": "web-1", "io.kubernetes.pod.namespace": "shop", "io.kubernetes.pod.uid": UID}
    applied = {"kind": "Pod", "spec": {"containers": [
        {"name": "other", "livenessProbe": {"exec": {"command": ["/bin/cat", "/etc/group"]}}},
        {"name": "web", "livenessProbe": {"exec": {"command": ["/bin/sh", "-c", "/bin/cat /etc/passwd; true"]}},
         "readinessProbe": {"exec": {"command": ["/bin/cat", "/bin/true"]}}}]}}
    pod = cri.pod("web-1", "shop", UID, {"app": "shop-web", **kube},
                  {"kubectl.kubernetes.io/last-applied-configuration": json.dumps(applied)}, f"/kubepods/{MARK}besteffort/pod{UID}")
    mark = watch.mark()
    sandbox = cri.run_pod(pod)
    try:
        container = cri.create(sandbox, pod, "web", APP, ["/bin/sh", "-c", "cat /etc/passwd; exec sleep 1000"],
                               {"io.kubernetes.container.name": "web", **kube}, {"io.kubernetes.container.restartCount": "0"})
        cri.start(container)
        findings = wait_for(watch, mark, lambda fs: of_container(fs, container__full_id=container, proc__name="sleep"))
        whole = {"container.type": "containerd", "k8s.pod.name": "web-1", "k8s.ns.name": "shop", "k8s.pod.uid": UID,
                 "k8s.pod.full_sandbox_id": sandbox, "k8s.pod.label[app]": "shop-web"}
        check_all(tap, "a_pods_own_container", of_container(findings, container__full_id=sandbox),
                  {**whole, "container.name": "web-1", "container.image": PAUSE})
        check_all(tap, "a_container_of_a_pod", of_container(findings, container__full_id=container), {
            **whole, "container.name": "web", "k8s.container.name": "web", "container.host_network": True, "container.host_pid": False, "container.image": APP, "container.image.digest": digests[0],
            "container.image.id": digests[1][7:19], "container.label[app]": None, "container.readiness_probe": "/bin/cat /bin/true"})
        tap.ok(not any(f["rule"] == "In nobody's container" for f in findings), "nothing_in_a_group_of_a_pod_is_the_hosts",
               json.dumps([f["output"] for f in findings if f["rule"] == "In nobody's container"][:10]))
        test_probes(tap, watch, cri, container)
    finally:
        cri.remove_pod(sandbox)


def test_probes(tap, watch, cri, container):
    """Execs as the kubelet does them, and others."""
    cases = (("the_liveness_probe", ["/bin/sh", "-c", "/bin/cat /etc/passwd; true"], (True, False)),
             ("the_readiness_probe", ["/bin/cat", "/bin/true"], (False, True)),
             ("the_probe_of_another_container", ["/bin/cat", "/etc/group"], (False, False)),
             ("an_exec_of_somebody", ["/bin/cat", "/etc/hostname"], (False, False)))
    for name, command, (liveness, readiness) in cases:
        mark = watch.mark()
        cri.exec(container, command)
        last = "cat " + command[-1].replace("/bin/cat ", "").replace("; true", "")
        execs = [e for e in of_container(wait_for(watch, mark, lambda fs, line=last: of_container(fs, proc__cmdline=line)),
                                         container__full_id=container) if e["proc.name"] in ("sh", "cat")]
        tap.ok(execs and all((e["proc.is_container_liveness_probe"], e["proc.is_container_readiness_probe"]) == (liveness, readiness)
                             for e in execs if e["evt.type"] in ("open", "openat")), f"{name}_is_told_from_others",
               json.dumps(execs[:4], indent=1))
        if name == "the_liveness_probe":
            tap.ok(any(e["proc.name"] == "cat" and e["proc.is_container_liveness_probe"] for e in execs), "what_a_probe_starts_is_part_of_it",
                   json.dumps(execs[:4], indent=1))


# ---- groups as systemd names them ----

SHAPES = (("docker", "system.slice", ""), ("cri-containerd", "kubepods.slice", ""), ("crio", "kubepods.slice", "/container"),
          ("libpod", "machine.slice", "/container"), ("nerdctl", "system.slice", ""))


def hierarchies():
    """Directories in which a group is made: one for each of cgroup v1, or the only one."""
    base = "/sys/fs/cgroup"
    if os.path.exists(os.path.join(base, "cgroup.procs")):
        return [base]
    return [os.path.join(base, name) for name in sorted(os.listdir(base)) if os.path.exists(os.path.join(base, name, "cgroup.procs"))
            and not os.path.islink(os.path.join(base, name))]


MADE = []


def group_make(path, pid=None, owner=None):
    for base in hierarchies():
        at = base
        for part in path.strip("/").split("/"):
            parent, at = at, os.path.join(at, part)
            if not os.path.exists(at):
                os.mkdir(at)
                MADE.append(at)
            for name in ("cpuset.cpus", "cpuset.mems"):
                if os.path.exists(os.path.join(at, name)):
                    shutil.copyfile(os.path.join(parent, name), os.path.join(at, name))
        if owner is not None:
            for name in ("", "cgroup.procs", "tasks", "cgroup.subtree_control"):
                if os.path.exists(os.path.join(at, name)):
                    os.chown(os.path.join(at, name), owner, -1)
        if pid:
            with open(os.path.join(at, "cgroup.procs"), "w", encoding="ascii") as file:
                file.write(str(pid))


def group_remove(path):
    """The group with what a runtime made in it, and its parents if they were made for it."""
    for base in hierarchies():
        for directory, _, _ in os.walk(os.path.join(base, path.strip("/")), topdown=False):
            remove_one(directory)
    for directory in reversed(MADE):
        remove_one(directory)


def remove_one(directory):
    try:
        os.rmdir(directory)
    except OSError:
        pass                 # gone already, or somebody is in it


def test_systemd_names(tap, watch, daemon):
    """What a runtime with systemd's driver is told is SLICE:PREFIX:ID; systemd makes SLICE/PREFIX-ID.scope of it. Here runc, without
    systemd, makes a group of the first; the second is made by hand and the container's processes are put there."""
    for prefix, parent, inner in SHAPES:
        container = os.urandom(32).hex()
        path = f"/{parent}/{prefix}-{container}.scope{inner}"
        mark = watch.mark()
        done = daemon.ctr("run", "-d", "--snapshotter", "native", "--cgroup", f"{parent}:{prefix}:{container}", APP, container, "/bin/sh", "-c",
                          "while :; do /bin/cat /etc/passwd >/dev/null; sleep 0.2; done")
        if not tap.ok(done.returncode == 0, f"a_container_starts_in_a_group_of_{prefix}", done.stderr):
            continue
        pid = int(daemon.ctr("tasks", "ls").stdout.split(container)[1].split()[0])
        wait_for(watch, mark, lambda fs, c=container: of_container(fs, container__full_id=c, proc__name="cat"))
        group_make(path, pid)
        findings = wait_for(watch, mark, lambda fs, p=path, c=container: of_container(fs, container__full_id=c, proc__cgroup=p, evt__type="open"))
        events = of_container(findings, container__full_id=container)
        groups = {e["proc.cgroup"] for e in events}
        tap.ok(path in groups and any(g.endswith(f"/{parent}:{prefix}:{container}") for g in groups) and
               all(e["container.image"] == APP for e in events), f"{prefix}_ID.scope_is_the_containers_group", json.dumps(sorted(groups)))
        os.kill(pid, h.signal.SIGKILL)       # runc looks for it in the group that it made
        daemon.ctr("tasks", "rm", "-f", container)
        group_remove(path)


# ---- podman without root ----

class Rootless:
    """A user of one's own, with a group that was given to it, as systemd gives one to each user's session."""

    def __init__(self, base):
        self.home = os.path.join(base, "home")
        self.uid = None

    def start(self):
        for program in ("podman", "runc", "newuidmap", "useradd", "runuser"):
            if not shutil.which(program):
                return f"{program} is not installed"
        h.run("userdel", USER)
        done = h.run("useradd", "-m", "-d", self.home, "-s", "/bin/sh", USER)
        if done.returncode != 0:
            return "a user cannot be made: " + done.stderr.strip()
        with open("/etc/subuid", encoding="ascii") as file:
            if USER not in file.read():
                return "useradd gives no subordinate uids"
        self.uid = int(h.run("id", "-u", USER).stdout)
        os.makedirs(f"/run/user/{self.uid}", mode=0o700, exist_ok=True)
        os.chown(f"/run/user/{self.uid}", self.uid, -1)
        group_make("/" + USER, owner=self.uid)
        return None

    def podman(self, *arguments, archive=None):
        enter = "".join(f"echo $$ > {base}/{USER}/cgroup.procs; " for base in hierarchies())
        command = ["sh", "-c", enter + 'exec "$@"', "sh", "runuser", "-u", USER, "--", "env", f"HOME={self.home}", f"XDG_RUNTIME_DIR=/run/user/{self.uid}",
                   "podman", "--storage-driver", "vfs", "--cgroup-manager", "cgroupfs", "--runtime", "runc", *arguments]
        return h.subprocess.run(command, input=archive, capture_output=True, check=False, timeout=120, cwd="/")

    def stop(self):
        if self.uid:
            self.podman("rm", "-f", "-a", "-t", "0")
            h.run("pkill", "-KILL", "-u", str(self.uid))
            time.sleep(0.5)
            group_remove("/" + USER)
            shutil.rmtree(f"/run/user/{self.uid}", ignore_errors=True)
        h.run("userdel", USER)


def test_rootless(tap, base):
    user = Rootless(base)
    watch = None
    os.chmod(base, 0o755)
    try:
        why = user.start()
        if why:
            tap.skip("podman_without_root", why)
            return
        done = user.podman("import", "-", "localhost/parka-pod:3", archive=cd.layer_of(("sh", "sleep", "cat")))
        if done.returncode != 0:
            tap.skip("podman_without_root", "it does not work here: " + done.stderr.decode().strip()[-160:])
            return
        watch = watch_start(tap, base)
        if watch:
            test_rootless_container(tap, watch, user)
    finally:
        if watch:
            watch.stop()
        user.stop()


def test_rootless_container(tap, watch, user):
    mark = watch.mark()
    limits = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")
    done = user.podman("run", "-d", "--name", "rootless-1", "--network", "none", "-l", "app=web", "--health-cmd", "/bin/cat /etc/passwd; true",
                       *limits, "localhost/parka-pod:3", "/bin/sh", "-c", "/bin/cat /etc/passwd; exec sleep 1000")
    if done.returncode != 0:
        tap.skip("podman_without_root", "no container starts here: " + done.stderr.decode().strip()[-160:])
        return
    container = done.stdout.decode().strip().splitlines()[-1]
    findings = wait_for(watch, mark, lambda fs: of_container(fs, container__full_id=container, proc__name="sleep"))
    check_all(tap, "a_container_of_podman_without_root", of_container(findings, container__full_id=container), {
        "container.type": "podman", "container.name": "rootless-1", "container.image": "localhost/parka-pod:3", "container.rootless": True,
        "container.label[app]": "web", "container.healthcheck": "/bin/sh -c /bin/cat /etc/passwd; true"})
    tap.ok(not any(f["rule"] == "In nobody's container" for f in findings), "nothing_in_a_group_of_a_users_podman_is_the_hosts",
           json.dumps([f["output"] for f in findings if f["rule"] == "In nobody's container"][:10]))
    for name, command, expected in (("a_health_check_of_podman", ("healthcheck", "run", "rootless-1"), True),
                                    ("an_exec_of_podman", ("exec", "rootless-1", "/bin/cat", "/etc/passwd"), False)):
        mark = watch.mark()
        user.podman(*command)
        events = of_container(wait_for(watch, mark, lambda fs: of_container(fs, proc__cmdline="cat /etc/passwd", evt__type="open")),
                              container__full_id=container, proc__cmdline="cat /etc/passwd")
        tap.ok(events and all(e["proc.is_container_healthcheck"] == expected for e in events), f"{name}_is_told_from_others", json.dumps(events[:3]))


# ---- Docker's health checks ----

def test_docker(tap, base):
    why = h.docker_start() or h.image_build()
    if why:
        tap.skip("a_health_check_of_docker", why)
        return
    watch = watch_start(tap, base)
    if not watch:
        return
    try:
        mark = watch.mark()
        container = h.Container("identity", "--health-cmd", "/bin/cat /etc/passwd; true", "--health-interval", "1s")
        events = of_container(wait_for(watch, mark, lambda fs: of_container(fs, proc__cmdline="cat /etc/passwd")), container__id=container.id)
        tap.ok(any(e["proc.cmdline"] == "cat /etc/passwd" and e["proc.is_container_healthcheck"] for e in events), "a_health_check_of_docker_is_told",
               json.dumps([(e["proc.cmdline"], e["proc.is_container_healthcheck"]) for e in events[:20]]))
        container.sh("/bin/cat /etc/group")
        events = of_container(wait_for(watch, mark, lambda fs: of_container(fs, proc__cmdline="cat /etc/group")), proc__cmdline="cat /etc/group")
        tap.ok(events and not any(e["proc.is_container_healthcheck"] for e in events), "an_exec_of_docker_is_none", json.dumps(events[:2]))
    finally:
        watch.stop()
        h.containers_remove()


def test_containerd(tap):
    base = tempfile.mkdtemp(prefix="parka-identity-", dir="/var/tmp")
    daemon = cd.Containerd(os.path.join(base, "c"), pause=PAUSE)
    watch = None
    try:
        why = daemon.start()
        if why:
            tap.skip("containerd", why)
            return
        daemon.import_image(PAUSE, "k8s.io")
        digests = {space: daemon.import_image(APP, space, {"maker": space}) for space in ("default", "k8s.io", "busy")}
        watch = watch_start(tap, base)
        if watch:
            test_ctr(tap, watch, daemon, digests["default"])
            test_ctr_while_the_database_is_written(tap, watch, daemon)
            test_cri(tap, watch, daemon, digests["k8s.io"])
            test_systemd_names(tap, watch, daemon)
            tap.ok(watch.process.poll() is None, "parka_still_watches", "\n".join([str(watch.process.poll()), *watch.stderr_lines[-20:]]))
    finally:
        if watch:
            watch.stop()
        daemon.stop()
        shutil.rmtree(base, ignore_errors=True)


def watch_start(tap, base):
    rules = os.path.join(base, "rules.yaml")
    with open(rules, "w", encoding="ascii") as file:
        file.write(RULES)
    watch = h.Watch(rules)
    if watch.wait_ready():
        return watch
    tap.ok(False, "parka_watches", "\n".join(watch.stderr_lines))
    return None


def main():
    h.need(docker=False)
    tap = h.Tap()
    test_containerd(tap)
    for test in (test_rootless, test_docker):
        with tempfile.TemporaryDirectory(prefix="parka-identity-", dir="/var/tmp", ignore_cleanup_errors=True) as base:
            test(tap, base)
    raise SystemExit(tap.done())


if __name__ == "__main__":
    main()
