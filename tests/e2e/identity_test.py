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
FIELDS = ("evt.type proc.name proc.cmdline proc.vpid proc.cgroup container.id container.full_id container.name container.type container.image "
          "container.image.repository container.image.tag container.image.digest container.image.id container.label[app] container.labels "
          "container.rootless container.liveness_probe container.readiness_probe container.healthcheck k8s.pod.name k8s.ns.name k8s.pod.uid "
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
  condition: container.id = host and proc.cgroup contains {MARK} and evt.type in ({EVENTS})
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
            **whole, "container.name": "web", "k8s.container.name": "web", "container.image": APP, "container.image.digest": digests[0],
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
    raise SystemExit(tap.done())


if __name__ == "__main__":
    main()
