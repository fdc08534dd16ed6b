#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Who did it: real logins by ssh, console and cron, real sudo and su, real containers; and a quiet credential ledger.

A probe is a program with a name of its own among its arguments, started at the end of each way in; a finding tells who
started it. Users, keys, daemons and containers are this test's own and go with it.
"""
import atexit
import crypt
import os
import pty
import re
import select
import shutil
import socket
import subprocess
import tempfile
import time

import harness
from harness import Container, run

USER, OTHER = "parka-e2e-ann", "parka-e2e-bob"
PASSWORD = "not-a-secret-1"
SUDOERS = "/etc/sudoers.d/parka-e2e-session"
SUID = "/usr/local/bin/parka-e2e-suid"
PRINTF = "/usr/bin/printf"
FIELDS = ("session.kind session.user session.uid session.id session.remote session.tty session.via session.known "
          "session.leader.name proc.tty proc.tty.name user.name user.uid user.loginuid user.loginname container.name "
          "container.id proc.pid proc.ancestry proc.cmdline evt.type").split()
RULES = f"""
- rule: probe
  desc: a test
  condition: evt.type in (execve, execveat) and evt.res = SUCCESS and proc.name = printf and proc.args startswith parka-mark
  output: "{' '.join('%' + f for f in FIELDS)}"
  priority: NOTICE
- rule: ledger
  desc: a test
  condition: evt.type = cred.unexplained
  output: "%evt.type %proc.pid %proc.name %proc.exepath %proc.ancestry %user.uid %evt.args"
  priority: CRITICAL
"""
SSHD = """
Port {port}
ListenAddress 127.0.0.1
HostKey {dir}/host
PidFile {dir}/pid
AuthorizedKeysFile {dir}/keys
StrictModes no
UsePAM yes
PasswordAuthentication no
KbdInteractiveAuthentication no
PrintMotd no
"""


def mark_of(name):
    return "parka-mark-" + name


class Test:
    def __init__(self, tap, watch, work):
        self.tap, self.watch, self.work = tap, watch, work
        self.uid = None
        self.ssh_command = None

    def probed(self, name, timeout=harness.FIND_S):
        """The output fields of the probe's finding."""
        end = time.monotonic() + timeout
        while True:
            for finding in self.watch.since(0):
                fields = finding["output_fields"]
                if finding["rule"] == "probe" and re.search(re.escape(mark_of(name)) + r"$", fields["proc.cmdline"]):
                    return fields
            if time.monotonic() > end:
                return None
            time.sleep(0.05)

    def expect(self, name, wanted, done=None, timeout=harness.FIND_S):
        fields = self.probed(name, timeout=timeout)
        promise = name.replace("-", "_") + "_tells_who"
        if fields is None:
            said = f"\n{done.stdout}\n{done.stderr}" if done else ""
            self.tap.ok(False, promise, "no finding" + said)
            return None
        wrong = harness.fields_differ({"output_fields": fields}, wanted)
        self.tap.ok(wrong is None, promise, f"{wrong}\n{fields}")
        return fields

    def ssh(self, command, tty=False, input_text=None):
        return run(*self.ssh_command, *(["-tt"] if tty else []), USER + "@127.0.0.1", command, input_text=input_text, timeout=30)

    def login(self, **more):
        """What every probe within the ssh session of the test's user must say."""
        return {"session.user": USER, "session.uid": self.uid, "session.remote": "127.0.0.1", "session.known": True, **more}


# ---- what is made, and goes again ----

def users_remove():
    for user in (USER, OTHER):
        run("crontab", "-u", user, "-r")
        run("pkill", "-KILL", "-u", user)
        run("userdel", "-r", user)
    for path in (SUDOERS, SUID):
        if os.path.exists(path):
            os.unlink(path)


def users_make():
    users_remove()
    atexit.register(users_remove)
    for user in (USER, OTHER):
        run("useradd", "-m", "-s", "/bin/sh", "-p", crypt.crypt(PASSWORD, crypt.METHOD_SHA512), user, check=True)
    if shutil.which("sudo"):
        with open(SUDOERS, "w", encoding="ascii") as file:
            file.write(f"{USER} ALL=(ALL) NOPASSWD: ALL\n")
        os.chmod(SUDOERS, 0o440)
    shutil.copy("/usr/bin/id", SUID)
    os.chown(SUID, 0, 0)
    os.chmod(SUID, 0o4755)
    return int(run("id", "-u", USER, check=True).stdout)


def port_free():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def stop(process):
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def sshd_start(work):
    """The command that logs in, or why there is none."""
    sshd = shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin")
    if not sshd or not shutil.which("ssh"):
        return None, "openssh-server or openssh-client is not installed"
    for key in ("host", "key"):
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", f"{work}/{key}", check=True)
    shutil.copy(work + "/key.pub", work + "/keys")
    os.chmod(work + "/keys", 0o644)
    os.makedirs("/run/sshd", exist_ok=True)
    port = port_free()
    with open(work + "/sshd_config", "w", encoding="ascii") as file:
        file.write(SSHD.format(port=port, dir=work))
    log = open(work + "/sshd.log", "wb")                    # noqa: SIM115
    process = subprocess.Popen([sshd, "-D", "-e", "-f", work + "/sshd_config"], stdout=log, stderr=log,
                               stdin=subprocess.DEVNULL)
    atexit.register(stop, process)
    command = ["ssh", "-p", str(port), "-i", work + "/key", "-o", "StrictHostKeyChecking=no", "-o",
               "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR", "-o", "BatchMode=yes", "-F", "none"]
    for _ in range(50):
        done = run(*command, USER + "@127.0.0.1", "true", timeout=20)
        if done.returncode == 0:
            return command, None
        time.sleep(0.1)
    with open(work + "/sshd.log", encoding="utf-8", errors="replace") as file:
        return None, "sshd lets nobody in: " + done.stderr.strip() + " / " + file.read()[-300:].replace("\n", " / ")


# ---- ways in ----

def check_ssh(test):
    id_re = re.compile(r"^\d+$")
    done = test.ssh(f"{PRINTF} {mark_of('ssh')}")
    fields = test.expect("ssh", test.login(**{"session.kind": "ssh", "session.id": id_re, "session.tty": None, "session.via": None,
                                              "user.name": USER, "user.loginname": USER, "user.loginuid": test.uid}), done)
    done = test.ssh(f"{PRINTF} {mark_of('ssh-tty')}", tty=True)
    other = test.expect("ssh-tty", test.login(**{"session.kind": "ssh", "session.tty": re.compile(r"^pts/\d+$"),
                                                 "proc.tty.name": re.compile(r"^pts/\d+$"), "proc.tty": re.compile(r"^[1-9]\d*$")}), done)
    if fields and other:
        test.tap.ok(fields["session.id"] != other["session.id"], "two_logins_are_two_audit_sessions",
                    f"{fields['session.id']} {other['session.id']}")


def check_sudo(test):
    if not shutil.which("sudo"):
        test.tap.skip("sudo_tells_who", "sudo is not installed")
        return
    root = {"session.kind": "ssh", "user.name": "root", "user.uid": 0, "user.loginname": USER}
    for name, command, via in (
            ("sudo", "sudo {}", "sudo"),
            ("sudo-sh", "sudo sh -c '{}; true'", "sudo"),
            ("sudo-su", "sudo su -c '{}; true'", "su < sudo"),
            ("sudo-login-su", "sudo -i su - -c '{}; true'", "su < sudo"),
            ("sudo-setpriv", "sudo setpriv --bounding-set -sys_boot {}", "setpriv < sudo")):
        done = test.ssh(command.format(f"{PRINTF} {mark_of(name)}"))
        test.expect(name, test.login(**root, **{"session.via": via}), done)
    done = test.ssh("sudo " + PRINTF + " " + mark_of("sudo-tty"), tty=True)
    test.expect("sudo-tty", test.login(**root, **{"session.via": "sudo", "session.tty": re.compile(r"^pts/\d+$")}), done)
    done = test.ssh(f"sudo sudo -u {OTHER} {PRINTF} {mark_of('sudo-other')}")
    test.expect("sudo-other", test.login(**{"session.kind": "ssh", "user.name": OTHER, "session.via": "sudo < sudo"}), done)


def check_su(test):
    done = test.ssh(f"su -c '{PRINTF} {mark_of('su')}' {OTHER}", input_text=PASSWORD + "\n")
    test.expect("su", test.login(**{"session.kind": "ssh", "user.name": OTHER, "session.via": "su", "user.loginname": USER}), done)


def check_console(test):
    """login -f on a terminal of its own, as agetty starts it."""
    login = shutil.which("login")
    if not login:
        test.tap.skip("console_tells_who", "login is not installed")
        return
    pid, terminal = pty.fork()
    if pid == 0:
        os.execv(login, [login, "-f", USER])
    said, end = b"", time.monotonic() + 10
    os.write(terminal, f"{PRINTF} {mark_of('console')}; exit\n".encode())
    try:
        while time.monotonic() < end and select.select([terminal], [], [], 5)[0]:
            said += os.read(terminal, 4096)
    except OSError:                                         # the terminal is closed
        pass
    os.close(terminal)
    os.waitpid(pid, 0)
    fields = test.expect("console", {"session.kind": "console", "session.user": USER, "session.uid": test.uid,
                                     "session.tty": re.compile(r"^pts/\d+$"), "session.remote": None, "session.via": None})
    if not fields:
        print("# " + said.decode(errors="replace").replace("\n", "\n# "))


def cron_start(test):
    """A job of the test's user at the next minute. Why there is none, or None."""
    cron = shutil.which("cron") or shutil.which("cron", path="/usr/sbin")
    if not cron or not shutil.which("crontab"):
        return "cron is not installed"
    done = run("crontab", "-u", USER, "-", input_text=f"* * * * * {PRINTF} {mark_of('cron')}\n")
    if done.returncode != 0:
        return "crontab: " + done.stderr.strip()
    if not harness.pid_alive("/run/crond.pid"):
        process = subprocess.Popen([cron, "-f"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        atexit.register(stop, process)
        time.sleep(0.3)
        if process.poll() is not None:
            return "cron does not start"
    return None


# ---- containers ----

UNKNOWN = {"session.user": "<unknown>", "session.uid": None, "session.id": None, "session.known": True}


def check_docker(test):
    printf = "/bin/printf"
    if not test.docker:
        test.tap.skip("containers_tell_who", test.why_no_docker)
        return
    box = Container("box", command=("sh", "-c", f"{printf} {mark_of('entrypoint')}; sleep 100000"))
    test.box = box
    test.expect("entrypoint", {**UNKNOWN, "session.kind": "container", "container.name": box.name, "session.leader.name": "sh"})
    done = box.exec(printf, mark_of("docker-exec"))
    test.expect("docker-exec", {**UNKNOWN, "session.kind": "docker-exec", "container.name": box.name, "user.name": "root"}, done)
    done = box.sh(f"{printf} {mark_of('docker-exec-sh')}; true", user="33")
    test.expect("docker-exec-sh", {**UNKNOWN, "session.kind": "docker-exec", "user.name": "www"}, done)
    done = run("docker", "exec", "-t", box.name, printf, mark_of("docker-exec-tty"))
    test.expect("docker-exec-tty", {**UNKNOWN, "session.kind": "docker-exec", "session.tty": re.compile(r"^pts/\d+$")}, done)
    labels = {"io.kubernetes.pod.name": "web-7d", "io.kubernetes.pod.namespace": "shop", "io.kubernetes.container.name": "web",
              "io.kubernetes.pod.uid": "11111111-2222-3333-4444-555555555555"}
    pod = Container("pod", *[f"--label={k}={v}" for k, v in labels.items()])
    done = pod.exec(printf, mark_of("kubectl-exec"))
    test.expect("kubectl-exec", {**UNKNOWN, "session.kind": "kubectl-exec", "container.name": pod.name}, done)


def check_nsenter(test):
    if not test.docker or not shutil.which("nsenter"):
        test.tap.skip("nsenter_tells_who", test.why_no_docker or "nsenter is not installed")
        return
    enter = f"nsenter -t {test.box.pid()} -m -p -n /bin/printf "
    done = run(*enter.split(), mark_of("nsenter"))
    test.expect("nsenter", {"session.kind": "nsenter", "session.user": "<unknown>", "session.uid": None}, done)
    if test.ssh_command and shutil.which("sudo"):
        done = test.ssh(f"sudo {enter} {mark_of('nsenter-ssh')}")
        test.expect("nsenter-ssh", {"session.kind": "nsenter", "session.user": USER, "session.uid": test.uid,
                                    "session.remote": "127.0.0.1", "session.via": "sudo"}, done)
        done = test.ssh(f"sudo docker exec {test.box.name} /bin/printf {mark_of('docker-exec-ssh')}")
        test.expect("docker-exec-ssh", {**UNKNOWN, "session.kind": "docker-exec"}, done)


def check_podman(test):
    if not test.docker or not shutil.which("podman"):
        test.tap.skip("podman_exec_tells_who", test.why_no_docker or "podman is not installed")
        return
    name, podman = harness.PREFIX + "podman", ["podman", "--cgroup-manager=cgroupfs", "--runtime=runc"]
    saved = subprocess.Popen(["docker", "export", test.box.name], stdout=subprocess.PIPE)
    subprocess.run(["podman", "import", "-q", "-", "localhost/" + name], stdin=saved.stdout, capture_output=True, check=False)
    saved.wait()
    atexit.register(run, "podman", "rmi", "-f", "localhost/" + name)
    atexit.register(run, "podman", "rm", "-f", "-t", "0", name)
    done = run(*podman, "run", "-d", "--replace", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024", "--network", "none",
               "--name", name, "localhost/" + name, "/bin/sleep", "1000")
    if done.returncode != 0:
        test.tap.skip("podman_exec_tells_who", "podman does not run here: " + done.stderr.strip()[-120:])
        return
    done = run(*podman, "exec", name, "/bin/printf", mark_of("podman-exec"))
    test.expect("podman-exec", {"session.kind": "podman-exec", "session.user": "<unknown>", "container.name": name}, done)
    if test.ssh_command and shutil.which("sudo"):
        done = test.ssh(f"sudo {' '.join(podman)} exec {name} /bin/printf {mark_of('podman-exec-ssh')}")
        test.expect("podman-exec-ssh", {"session.kind": "podman-exec", "session.user": USER, "session.uid": test.uid}, done)


# ---- the ledger ----

def check_ledger(test):
    """Lawful changes of credentials; each must have worked, else silence proves nothing."""
    def lawful(name, done, says=""):
        worked = done.returncode == 0 and says in done.stdout
        test.tap.ok(worked, "lawful_" + name.replace("-", "_") + "_works", f"{done.returncode} {done.stdout} {done.stderr}")

    as_user = ["setpriv", "--reuid", USER, "--regid", USER, "--init-groups", "--inh-caps", "-all"]
    lawful("setpriv", run(*as_user, "id", "-un"), USER)
    lawful("set-id-program", run(*as_user, SUID), "euid=0(root)")
    capable = os.path.join(test.work, "capable")
    shutil.copy("/usr/bin/cat", capable)
    os.chmod(capable, 0o755)
    if shutil.which("setcap") and run("setcap", "cap_dac_read_search+ep", capable).returncode == 0:
        lawful("file-capabilities", run(*as_user, capable, "/etc/shadow"), USER)
    else:
        test.tap.skip("lawful_file_capabilities_works", "setcap is not installed or not allowed")
    if shutil.which("ping"):
        run(*as_user, "ping", "-c", "1", "-W", "1", "127.0.0.1")
    else:
        test.tap.skip("lawful_ping", "ping is not installed")
    done = run(*as_user, "unshare", "-r", "id", "-u")
    if done.returncode == 0:
        lawful("user-namespace", done, "0")
        if shutil.which("newuidmap"):
            lawful("newuidmap", run(*as_user, "unshare", "--map-auto", "--map-root-user", "id", "-u"), "0")
        else:
            test.tap.skip("lawful_newuidmap", "uidmap is not installed")
    else:
        test.tap.skip("lawful_user_namespace", "no user namespaces for ordinary users here")
    if test.docker:
        lawful("docker-run", run("docker", "run", "--rm", "--network=none", "--user=33", harness.IMAGE, "id", "-u"), "33")


def check_own_rules(test, own):
    """The finding of parka's own rules names the person behind sudo."""
    mark = own.mark()
    test.ssh("sudo cat /etc/shadow")
    finding = own.wait_for("Account file read", mark, user__name="root", session__user=USER, session__kind="ssh")
    test.tap.ok(finding is not None and f"login={USER} via ssh" in finding["output"], "our_rule_names_the_person_behind_sudo",
                [(f["rule"], f["output"]) for f in own.since(mark)])
    if finding:
        session = finding["parka"]["session"]
        test.tap.ok(session.get("user") == USER and session.get("kind") == "ssh" and session.get("remote") == "127.0.0.1",
                    "the_findings_session_names_the_person", session)


def check_silence(test):
    told = [f["output"] for f in test.watch.since(0, 1.0) if f["rule"] == "ledger"]
    test.tap.ok(not told, "the_ledger_explains_every_lawful_change", "\n".join(told))
    lost = [f["output"] for f in test.watch.since(0) if f["rule"] == "parka telemetry gap"]
    test.tap.ok(not lost, "nothing_was_lost_while_it_was_silent", "\n".join(lost))


def main():
    harness.PREFIX = "parka-session-"
    harness.need(docker=False)
    tap = harness.Tap()
    work = tempfile.mkdtemp(prefix="parka-e2e-session-")
    atexit.register(shutil.rmtree, work, True)
    os.chmod(work, 0o755)
    rules = os.path.join(work, "rules.yaml")
    with open(rules, "w", encoding="ascii") as file:
        file.write(RULES)
    why_no_docker = harness.docker_start() or harness.image_build()
    atexit.register(harness.containers_remove)
    watch = harness.watch_or_skip(rules, options=("--throttle", "0"))
    test = Test(tap, watch, work)
    test.docker, test.why_no_docker, test.box = not why_no_docker, why_no_docker, None
    test.uid = users_make()                                 # after parka's start: it must learn of them
    time.sleep(1.1)                                         # a number without a name is looked for once a second
    why_no_cron = cron_start(test)
    test.ssh_command, why = sshd_start(work)
    if why:
        tap.skip("ssh_tells_who", why)
    else:
        check_ssh(test)
        check_sudo(test)
        check_su(test)
        own = harness.watch_or_skip()
        check_own_rules(test, own)
        own.stop()
    check_console(test)
    check_docker(test)
    check_nsenter(test)
    check_podman(test)
    check_ledger(test)
    if why_no_cron:
        tap.skip("cron_tells_who", why_no_cron)
    else:
        test.expect("cron", {"session.kind": "cron", "session.user": USER, "session.uid": test.uid, "session.remote": None,
                             "session.tty": None, "session.via": None}, timeout=70)
    check_silence(test)
    raise SystemExit(tap.done())


if __name__ == "__main__":
    main()
