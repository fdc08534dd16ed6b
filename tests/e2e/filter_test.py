#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""With the kernel's filter and without it the findings are the same: on ordinary work, on the acts of all rule tests, evasions too.

One run of the work under three parkas: a recorder, a watcher with the filter, a watcher without. The watchers' findings must be
equal; and of the capture no event may be dropped that makes a rule true, with the official rules, with ours, and with all
together. That much is dropped is checked too: a filter that lets everything pass would prove nothing.
"""
import atexit
import collections
import contextlib
import concurrent.futures
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import harness

harness.PREFIX = "parka-filter-"

import evasion_test  # noqa: E402
import rules_live_test  # noqa: E402
from harness import Container, run  # noqa: E402

OFFICIAL = [os.path.join(harness.OFFICIAL, name) for name in ("falco_rules.yaml", "falco-incubating_rules.yaml",
                                                              "falco-sandbox_rules.yaml")]
# Of a watcher's own, or read from a container that may have ended when it looked: not of the event.
VOLATILE = re.compile(r"^evt\.(num|time|datetime|rawtime|reltime|latency|deltatime)|duration|^(user|group)\.(name|loginname)$")
RINGS = ("--ring-size", "16m")
RULE = """
- rule: "Filter proof: %s"
  desc: a test
  condition: %s
  output: "%%evt.type %%evt.res of %%fd.name by %%proc.name (%%proc.exepath) %%proc.cmdline in %%container.id (pid %%proc.pid)"
  priority: NOTICE
"""
OPENS = "evt.type in (open, openat, openat2, creat)"
# Each demand that the kernel can decide, asked for by a rule of its own; TMP is the test's directory.
DEMANDS = (
    ("script", f"{OPENS} and proc.exepath = TMP/d/copy and fd.name = /etc/hostname"),
    ("program below", f"{OPENS} and proc.exepath startswith TMP/ and fd.name = /etc/hostname"),
    ("program hard", f"{OPENS} and proc.exepath in (TMP/d/hard, TMP/bound/copy, /d/copy, TMP/d/moved) and fd.name endswith /hostname"),
    ("user", f"{OPENS} and user.uid = 33 and fd.name = /etc/hostname"),
    ("not root", f"{OPENS} and user.uid != 0 and fd.directory = TMP/d"),
    ("name", f"{OPENS} and proc.name = copy and fd.name startswith TMP/d/in"),
    ("no such name", f"{OPENS} and not proc.name in (cat, sshd, harmless) and fd.name startswith TMP/d/in/"),
    ("trusted name", f"{OPENS} and proc.name in (sshd, harmless) and fd.name startswith TMP/d/in/"),
    ("container", f"{OPENS} and container.id != host and fd.name in (/etc/hostname, /etc/group)"),
    ("host", f"{OPENS} and container.id = host and fd.name in (TMP/d/in/file, /root/d/in/file)"),
    ("failed", f"{OPENS} and evt.failed = true and fd.name startswith TMP/d/no"),
    ("missing", f"{OPENS} and evt.res = ENOENT and proc.name = copy and fd.name contains proof"),
    ("end", f"{OPENS} and fd.name endswith .proof"),
    ("file name", f"{OPENS} and fd.filename = in.proof"),
    ("below", f"{OPENS} and fd.name contains /proof.d/"),
    ("holds", f"{OPENS} and fd.name contains n.pro"),
    ("path holds", f"{OPENS} and fd.name contains roof.d/de"),
    ("write", f"{OPENS} and evt.is_open_write = true and fd.name startswith TMP/"),
    ("made", f"{OPENS} and evt.arg.flags contains O_CREAT and fd.directory = TMP/d/proof.d"),
    ("dots", f"{OPENS} and fd.nameraw contains .. and proc.name = copy"),
    ("directory", f"{OPENS} and fd.type = directory and fd.name = TMP/d"),
    ("host path", f"{OPENS} and fd.hostpath startswith TMP/bundle/rootfs/etc/"),
    ("port", "evt.type = connect and fd.sport in (4444, 4445)"),
    ("network", "evt.type = connect and (fd.sip = 127.0.0.7 or fd.snet = 127.1.0.0/16)"),
    ("elsewhere", "evt.type in (connect, listen, bind) and fd.typechar = 4 and not fd.snet in (127.0.0.0/8)"),
    ("listens", "evt.type = listen and fd.sport = 4446"),
    ("unix", "evt.type = connect and fd.type = unix and fd.name endswith proof.sock"),
    ("call", "evt.type in (chmod, fchmodat) and evt.res = ENOENT"),
    ("call of nobody", "evt.type in (mkdir, mkdirat) and user.uid = 33"),
)


class Doer(rules_live_test.Live):
    """The acts of the rule tests, done and not waited for."""

    def __init__(self, watch, box):
        super().__init__(None, watch, box)
        self.n_done, self.failed = 0, []

    def expect(self, rule, act, where, skip_on=(), **fields):
        try:
            act()
            self.n_done += 1
        except (OSError, RuntimeError, subprocess.SubprocessError) as why:
            self.failed.append(f"{rule}: {why}")


class Recorder:
    def __init__(self, path):
        self.path = path
        self.process = subprocess.Popen([harness.find_parka(), "record", *RINGS, path], stderr=subprocess.PIPE,
                                        stdout=subprocess.DEVNULL, text=True)
        atexit.register(self.stop)
        self.process.stderr.readline()

    def stop(self):
        """Its line of totals."""
        if self.process.poll() is not None:
            return ""
        self.process.send_signal(signal.SIGINT)
        return self.process.communicate(timeout=60)[1]


# ---- work ----

def ordinary_work(tmp):
    with open(tmp + "/hello.c", "w", encoding="ascii") as file:
        file.write("#include <stdio.h>\nint main(void) { return puts(\"hello\") < 0; }\n")
    script = f"""cd {tmp}
        gcc -O1 -o hello hello.c && ./hello
        for i in 1 2 3 4 5; do printf '%s\\n' "$i" | sed s/1/2/ >>lines; done; sort lines | uniq -c
        awk '{{ n += $1 }} END {{ print n }}' lines
        find /etc /usr/share/doc -maxdepth 2 -name '*.conf' | head -50; grep -rl nameserver /etc/resolv.conf
        tar -cf etc.tar -C /etc apt && tar -tf etc.tar && mkdir -p out && tar -C out -xf etc.tar
        git init -q repo && cd repo && cp ../hello.c . && git add . && git -c user.name=n -c user.email=e@example.org commit -qm one
        git log && git status
        dpkg -l | wc -l; apt-cache policy bash; ls -l /etc; id; ps aux; df; cp /etc/hostname ../copy; mv ../copy ../moved; rm ../moved
    """
    server = ("import socket, threading, os, json, tempfile, sqlite3\n"
              "s = socket.create_server(('127.0.0.1', 0))\n"
              "def serve():\n  for _ in range(20):\n    c, _ = s.accept()\n    c.sendall(c.recv(10))\n    c.close()\n"
              "t = threading.Thread(target=serve)\nt.start()\n"
              "for _ in range(20):\n  c = socket.create_connection(s.getsockname())\n  c.sendall(b'x')\n  c.recv(10)\n  c.close()\n"
              "t.join()\nu = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\nu.bind(('127.0.0.1', 0))\nu.sendto(b'x', u.getsockname())\n"
              "p = socket.socketpair()\nn = tempfile.mkdtemp()\nx = socket.socket(socket.AF_UNIX)\nx.bind(n + '/s')\nx.listen()\n"
              "y = socket.socket(socket.AF_UNIX)\ny.connect(n + '/s')\n")
    return [lambda: run("sh", "-c", script), lambda: run("python3", "-c", server)]


def demanded(tmp, box):
    """Acts that fire DEMANDS, and some that come near."""
    d = tmp + "/d"
    os.makedirs(d + "/in")
    os.makedirs(d + "/proof.d/deep")
    os.makedirs(tmp + "/bound")
    os.chmod(tmp, 0o755)
    for name in ("copy", "hard", "old", "other"):
        shutil.copy(harness.find_act(), f"{d}/{name}")
    os.link(d + "/hard", d + "/hard2")
    for name in ("in/file", "in.proof", "x.proof", "proof.d/deep/y", "inside"):
        with open(f"{d}/{name}", "w", encoding="ascii") as file:
            file.write("x\n")
    script = f"""cd {d}
        ./copy open-read /etc/hostname; ./hard open-read /etc/hostname; ./hard2 open-read /etc/hostname; ./other open-read /etc/hostname
        mv old moved; ./moved open-read /etc/hostname; cp /bin/cat cat2; ./cat2 /etc/hostname; (read x </etc/hostname)
        printf '#!{d}/copy open-read\\n' >/etc/hostname.proof; rm /etc/hostname.proof
        ./copy sleep 1 & sleep 0.2; mv copy gone; cp gone copy; wait; ./copy run ./other open-read /etc/hostname
        setpriv --reuid=33 --clear-groups cat /etc/hostname {d}/in.proof; setpriv --reuid=33 --clear-groups mkdir {d}/refused
        setpriv --ruid=33 cat /etc/hostname; setpriv --euid=33 --clear-groups cat /etc/hostname {d}/x.proof
        ./copy open-read {d}/in/file; ./copy open-read {d}/inside; cat in/file; ./other renamed-read sshd {d}/in/file
        ./other renamed-read cat {d}/in/file; cp other sshd; ./sshd renamed-read other {d}/in/file; ./sshd open-read in/file
        ./copy open-read {d}/none; ./copy open-read {d}/in/file/none; ./copy open-read /nothing/proof; ./copy open-read proof.d/none
        cat x.proof proof.d/deep/y in.proof; ln x.proof x.other; cat x.other; rm x.other; ln -s x.proof link; cat link
        mv x.proof x.plain; cat x.plain
        echo y >>inside; echo z >proof.d/new; ./copy open-write {d}/inside; ./copy create {d}/proof.d/made; >|proof.d/made
        ./copy open-read {d}/../d/inside; cd in; ../copy open-read ../inside; ../copy relative-read . ../proof.d/deep/y; cd ..; ls {d} {d}/proof.d
        for port in 4444 4445 4446; do ./copy connect 127.0.0.1 $port; done; ./copy connect 127.0.0.7 1; ./copy connect 127.1.2.3 2
        ./copy listen 127.0.0.1 4446; ./copy listen 0.0.0.0 4447; ./copy unix {d}/proof.sock; ./copy unix {d}/other.sock; ./copy unix @proof.sock
        python3 -c 'import os; os.chmod("not-there", 0o600)'; chmod 600 in/file; true
    """
    mounts = (f"mount --bind {d} {tmp}/bound; {tmp}/bound/copy open-read /etc/hostname; cat {tmp}/bound/in.proof {tmp}/bound/in/file; "
              f"mount -t tmpfs t {d}/in; echo x >{d}/in/file; cat {d}/in/file; mount --bind {d} /root; cat /root/in/file /root/inside; "
              f"mkdir -p {tmp}/root/d {tmp}/root/etc; cp {d}/copy {tmp}/root/d; echo x >{tmp}/root/etc/hostname; "
              f"chroot {tmp}/root /d/copy open-read /etc/hostname; chroot {tmp}/root /d/copy open-read /d/../d/copy")
    return [lambda: run("sh", "-c", script), lambda: evasion_test.on_host(mounts),
            lambda: box.sh("cat /etc/hostname /etc/group; mkdir -p /a; mount --bind /etc /a && cat /a/group; mount -t tmpfs t /a && "
                           "cp /etc/group /a && cat /a/group && mount --bind /a/group /etc/hostname && cat /etc/hostname; "
                           "act connect 127.0.0.1 4444; act dns a.example")]


# The name of the process changes by another thread's hand, then the file is read.
RENAMED = ("import threading, os\n"
           "t = threading.Thread(target=lambda: open('/proc/self/task/%d/comm' % os.getpid(), 'w').write('sshd'))\n"
           "t.start()\nt.join()\nopen('/etc/shadow').close()\n"
           "w = threading.Thread(target=lambda: (open('/proc/thread-self/comm', 'w').write('sshd'), open('/etc/shadow').close()))\n"
           "w.start()\nw.join()\n")


def evasions(tmp):
    act = shutil.copy(harness.find_act(), tmp + "/act")
    root = tmp + "/root"
    os.makedirs(root + "/etc")
    shutil.copy(act, root + "/act")
    with open(root + "/etc/shadow", "w", encoding="ascii") as file:
        file.write("none\n")
    box = Container("evasion", "--cap-add=SYS_ADMIN", "--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined")
    acts = [lambda s=script: box.sh(s) for _, script, _ in evasion_test.INSIDE]
    acts += [lambda s=script: evasion_test.on_host(s) for _, script in evasion_test.host_cases(tmp)]
    acts += demanded(tmp, box)
    acts += [lambda: run("python3", "-c", RENAMED), lambda: run("chroot", root, "/act", "open-read", "/etc/shadow"),
             lambda: run(act, "renamed-read", "sshd", "/etc/shadow"), lambda: run(act, "renamed-read", "harmless", "/etc/shadow"),
             lambda: evasion_test.on_host(f"mount -t tmpfs t /mnt && cp /etc/hostname /mnt/x && mount --bind /mnt /etc/pam.d && "
                                          f"{act} open-write /etc/pam.d/x")]
    return acts


# ---- a container in a control group that was the host's ----

def group_dirs():
    base = "/sys/fs/cgroup"
    if os.path.exists(base + "/cgroup.controllers"):
        return [base + "/parka-filter-old"]
    return [f"{base}/{c}/parka-filter-old" for c in os.listdir(base) if os.path.exists(f"{base}/{c}/cgroup.procs")]


def in_old_group(command):
    """As the host's own, long enough that the kernel is told."""
    for directory in group_dirs():
        with contextlib.suppress(OSError):
            os.makedirs(directory, exist_ok=True)
            if os.path.exists(directory + "/cpuset.cpus"):
                shutil.copyfile(directory + "/../cpuset.cpus", directory + "/cpuset.cpus")
                shutil.copyfile(directory + "/../cpuset.mems", directory + "/cpuset.mems")
    enter = "; ".join(f"echo 0 >{d}/cgroup.procs" for d in group_dirs())
    return run("sh", "-c", f"{enter}; {command}")


def runc_bundle(tmp):
    bundle = tmp + "/bundle"
    os.makedirs(bundle + "/rootfs")
    done = run("sh", "-c", f"id=$(docker create {harness.IMAGE} true) && docker export $id | tar -x -C {bundle}/rootfs; docker rm $id")
    run("runc", "spec", "-b", bundle)
    with open(bundle + "/config.json", encoding="utf-8") as file:
        config = json.load(file)
    reads = "cat /etc/shadow; act create /etc/cron.d/x; act connect 127.0.0.1 4444"
    config["process"].update(terminal=False, args=["sh", "-c", f"sleep 3; {reads}; true"])
    config["process"]["rlimits"] = []
    config["process"]["capabilities"] = {key: ["CAP_DAC_OVERRIDE"] for key in ("bounding", "effective", "permitted")}
    config["root"]["readonly"] = False
    config["linux"]["cgroupsPath"] = "/parka-filter-old"
    config["linux"].pop("resources", None)
    with open(bundle + "/config.json", "w", encoding="utf-8") as file:
        json.dump(config, file)
    return bundle, done


def old_group(tmp, said):
    """The host's first, then a container's. Between the two is time: each watcher looks by itself when whose the group is."""
    if not shutil.which("runc"):
        return
    bundle, _ = runc_bundle(tmp)
    in_old_group("cat /etc/shadow; sleep 5; cat /etc/shadow /etc/hostname; sleep 2")
    done = run("runc", "run", "-b", bundle, "parka-filter-runc")
    said.append((done.returncode, done.stderr))
    for directory in group_dirs():
        with contextlib.suppress(OSError):
            os.rmdir(directory)


# ---- findings ----

def is_reparented(key, value):
    """runc ends while what it started runs on, which then is the shim's child: of two programs at one hook one sees the parent before, the
    other after."""
    return key in ("proc.pname", "proc.ancestry", "proc.pcmdline", "proc.pexepath") and re.search(r"^(runc|containerd-shim)\b", str(value))


def key_of(finding):
    fields = finding.get("output_fields", {})
    return (finding["rule"], (finding.get("parka") or {}).get("container", {}).get("id"),
            tuple(sorted((k, "a runtime" if is_reparented(k, v) else str(v)) for k, v in fields.items() if not VOLATILE.search(k))))


def is_ours(finding):
    """Not what others do on this machine meanwhile, nor what the parkas do themselves: each sees the others, none itself."""
    own = finding.get("parka") or {}
    ancestors = own.get("ancestors") or []
    fields = finding.get("output_fields", {})
    if fields.get("proc.name") == "runc:[1:CHILD]":   # at the moment when the group becomes a container's
        return False
    if fields.get("proc.name") == "parka" or str(fields.get("proc.cmdline")).startswith("parka ") or \
       any(os.path.basename(a.get("exepath") or "") == "parka" for a in ancestors):
        return False
    if (own.get("container") or {}).get("id") != "host":
        return (own.get("container") or {}).get("name", "").startswith(harness.PREFIX)
    return not ancestors or any(a.get("pid") == os.getpid() for a in ancestors)


def counted(watch, begin, end, swap):
    return collections.Counter(key_of(f) for f in watch.since(0) if begin <= f["time"] <= end and is_ours(f)
                               and not Reload.is_unsettled(f, swap))


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime()) + f".{time.time_ns() % 1000000000:09d}Z"


def show(only):
    return "\n".join(f"{n}x {key[0]} in {key[1]}: {dict(key[2])}"[:600] for key, n in only.items())


def compare(tap, filtered, plain, begin, end, swap):
    have, want = counted(filtered, begin, end, swap), counted(plain, begin, end, swap)
    rules = {key[0] for key in want}
    tap.ok(not want - have, "every_finding_of_the_watcher_without_filter_comes_with_it", show(want - have))
    tap.ok(not have - want, "no_finding_comes_with_the_filter_only", show(have - want))
    silent = [name for name, _ in DEMANDS if "Filter proof: " + name not in rules]
    tap.ok(not silent, "each_kind_of_demand_was_met_by_some_event", silent)
    in_old = [key for key in want if key[1] and "parka-filter-runc" in key[1]]
    tap.ok(in_old or not shutil.which("runc"), "a_container_in_a_group_that_was_the_hosts_has_findings")
    after = {f["rule"] for f in filtered.since(0) if f["time"] > swap[1] and f["rule"].startswith("Filter proof")}
    tap.ok("Filter proof: after" in after and "Filter proof: before" not in after, "the_rules_were_read_again", sorted(after))
    tap.ok(len(rules) >= 60, f"many_rules_were_fired: {len(rules)} rules, {sum(want.values())} findings", sorted(rules))


# ---- the reload ----

class Reload:
    """A rule file beside the others that changes in the middle, while a file that both versions ask for is read on and on."""

    def __init__(self, tmp):
        self.path = tmp + "/changing.yaml"
        self.always = "".join(RULE % (name, condition.replace("TMP", tmp)) for name, condition in DEMANDS)
        self.always += RULE % ("steady", f"{OPENS} and fd.name = /etc/hostname and proc.name = cat")
        self.write(self.always + RULE % ("before", f"{OPENS} and fd.name = /etc/networks"))

    def write(self, text):
        with open(self.path + ".new", "w", encoding="ascii") as file:
            file.write(text)
        os.rename(self.path + ".new", self.path)

    def run(self, watches):
        reads = "cat /etc/hostname /etc/networks /etc/issue"
        loop = subprocess.Popen(["sh", "-c", f"while :; do {reads}; sleep 0.01; done"], stdout=subprocess.DEVNULL,
                                stderr=subprocess.DEVNULL)
        before = [len(w.stderr_lines) for w in watches]
        begin = now()
        time.sleep(0.3)
        self.write(self.always + RULE % ("after", f"{OPENS} and fd.name = /etc/issue"))
        for w in watches:
            w.process.send_signal(signal.SIGHUP)
        for w, n in zip(watches, before):
            for _ in range(200):
                if any(re.search("rules", line) for line in w.stderr_lines[n:]):
                    break
                time.sleep(0.05)
        time.sleep(1)
        loop.terminate()
        loop.wait()
        end = now()
        run("sh", "-c", f"{reads}; {reads}")
        return begin, end

    @staticmethod
    def is_unsettled(finding, swap):
        """By a rule that came or went, while each watcher read the files in its own time."""
        return finding["rule"] in ("Filter proof: before", "Filter proof: after") and swap[0] <= finding["time"] <= swap[1]


# ---- the capture ----

def find_tool():
    return os.path.join(os.path.dirname(os.path.dirname(os.path.dirname(harness.find_parka()))), "tests", "kernel", "filter_replay")


def replay_findings(capture, rules):
    command = [harness.find_parka(), "replay", capture, "--format", "json", "--throttle", "0"]
    for path in rules:
        command += ["-r", path]
    lines = run(*command, timeout=120).stdout.splitlines()
    return collections.Counter((f["rule"], f["time"], f["output"]) for f in map(json.loads, lines) if "rule" in f)


def check_capture(tap, label, capture, tmp, rules, min_percent):
    kept = f"{tmp}/kept.parka"
    done = run(find_tool(), "-w", kept, capture, *rules, timeout=300)
    last = re.search(r"^all events (\d+) matches (\d+) dropped (\d+) failures (\d+)$", done.stdout, re.M)
    if not tap.ok(last is not None, f"{label}: the_capture_is_replayed", done.stderr):
        return
    seen, matches, dropped, failures = map(int, last.groups())
    tap.ok(failures == 0 and done.returncode == 0, f"{label}: no_event_that_makes_a_rule_true_is_dropped",
           "\n".join(line for line in done.stdout.splitlines() if line.startswith("DROPPED")))
    tap.ok(matches >= 100, f"{label}: rules_matched: {matches} of {seen} events", last.group())
    opens = re.search(r"^type openat (\d+) \d+ (\d+)$", done.stdout, re.M)
    tap.ok(opens and int(opens[2]) * 100 > int(opens[1]) * min_percent, f"{label}: more_than_{min_percent}_percent_of_opens_are_dropped: "
           f"{opens and opens.groups()}, {dropped} of {seen} events")
    all_of, of_kept = replay_findings(capture, rules), replay_findings(kept, rules)
    tap.ok(all_of == of_kept and all_of, f"{label}: what_is_kept_of_the_capture_gives_the_same_{sum(all_of.values())}_findings",
           f"{list((all_of - of_kept))[:5]}\n{list((of_kept - all_of))[:5]}")
    for line in done.stdout.splitlines():
        if line.startswith("type "):
            _, name, n, n_matched, n_dropped = line.split()
            print(f"# {label}: {name} seen {n} matched {n_matched} dropped {n_dropped}")


# ---- all of it ----

def do_acts(recorder, tmp, said):
    box = rules_live_test.Box()
    doer = Doer(recorder, box)
    escapes = [rules_live_test.escapes_through_files, rules_live_test.escapes_through_mounts, rules_live_test.escapes_through_kernel]
    others = [rules_live_test.credentials_and_cluster, rules_live_test.containers, rules_live_test.execution, rules_live_test.files,
              rules_live_test.network, rules_live_test.kernel_and_parka]
    jobs = [lambda: [part(doer, box) for part in escapes], lambda: [part(doer, box) for part in others],
            lambda: [act() for act in evasions(tmp) + ordinary_work(tmp)],
            lambda: old_group(tmp, said)]
    with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
        for future in [pool.submit(job) for job in jobs]:
            future.result()
    return doer


def main():
    harness.need()
    tap = harness.Tap()
    tmp = tempfile.mkdtemp(prefix="parka-filter-")
    atexit.register(shutil.rmtree, tmp, True)
    official = [path for path in OFFICIAL if os.path.exists(path)]
    reload = Reload(tmp)
    rules = [harness.RULES, *official, reload.path]
    filtered = harness.watch_or_skip(*rules, options=RINGS)
    plain = harness.watch_or_skip(*rules, options=("--no-filter", *RINGS))
    recorder = Recorder(tmp + "/work.parka")
    said = []
    begin = now()
    doer = do_acts(recorder, tmp, said)
    swap = reload.run((filtered, plain))
    time.sleep(1)
    end = now()
    totals = recorder.stop()
    print(f"# {doer.n_done} acts of rules, {len(doer.failed)} could not be done; runc: {said}; {totals.strip()}")
    lost = [f["output"] for w in (filtered, plain) for f in w.since(0) if f["rule"] == "parka telemetry gap"]
    if lost:
        tap.skip("the findings with and without the filter are the same", f"this machine is too busy, events were lost: {lost[0]}")
    else:
        compare(tap, filtered, plain, begin, end, swap)
    for watch in (filtered, plain):
        watch.stop()
    check_capture(tap, "ours", recorder.path, tmp, [harness.RULES], 75)
    if official:
        check_capture(tap, "official", recorder.path, tmp, official, 75)
        check_capture(tap, "all", recorder.path, tmp, [harness.RULES, *official], 75)
    check_capture(tap, "all and each demand", recorder.path, tmp, rules, 5)   # some of these narrow little
    if not official:
        tap.skip("the official rules find the same with and without the filter", "they are not here")
    harness.containers_remove()
    rules_live_test.hierarchy_remove()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
