#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""`parka audit` of the host against the programs it stands for: sshd -T, cvtsudoers, sysctl. What is not installed is skipped."""
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time

import harness as h

SSHD = shutil.which("sshd") or ("/usr/sbin/sshd" if os.access("/usr/sbin/sshd", os.X_OK) else None)
KEYWORDS = """permitrootlogin passwordauthentication kbdinteractiveauthentication permitemptypasswords pubkeyauthentication
hostbasedauthentication gssapiauthentication kerberosauthentication ignorerhosts ignoreuserknownhosts usepam strictmodes
permituserenvironment permituserrc x11forwarding x11uselocalhost allowtcpforwarding allowagentforwarding
allowstreamlocalforwarding disableforwarding gatewayports permittunnel tcpkeepalive compression usedns printlastlog loglevel
banner forcecommand chrootdirectory authorizedkeysfile authorizedkeyscommand authorizedkeyscommanduser authenticationmethods
trustedusercakeys maxauthtries maxsessions maxstartups logingracetime clientaliveinterval clientalivecountmax port acceptenv
allowusers allowgroups denyusers denygroups ciphers macs kexalgorithms hostkeyalgorithms""".split()

# Of each: the main file, included files by name, and connections with the criteria of the block that holds for them (None: no block).
SSHD_CASES = [
    ("", {}, [("user=bob,host=h,addr=1.2.3.4", None)]),
    ("PermitRootLogin without-password\npermitrootlogin yes\nX11Forwarding=yes\nMaxStartups 5:20:50\nLoginGraceTime 1m30s\n"
     "Banner \"/etc/issue.net\"\nAcceptEnv LANG LC_*\nAcceptEnv X\nAllowUsers a b\nAllowUsers c@1.2.3.4\nPort 2222\nPort 22\n", {},
     [("user=bob,host=h,addr=1.2.3.4", None)]),
    ("Ciphers +3des-cbc\nMACs -hmac-sha1*,umac-64*\nKexAlgorithms ^diffie-hellman-group14-sha256\nHostKeyAlgorithms +ssh-rsa\n", {},
     [("user=bob,host=h,addr=1.2.3.4", None)]),
    ("PasswordAuthentication no\nMatch User bob\n  PasswordAuthentication yes\n  MaxAuthTries 2\nMatch Address 10.0.0.0/8\n"
     "  PasswordAuthentication no\n  X11Forwarding yes\n  AllowUsers x y\nMatch all\n  AllowAgentForwarding no\n", {},
     [("user=bob,host=h,addr=1.2.3.4", "User bob"), ("user=ann,host=h,addr=10.1.1.1", "Address 10.0.0.0/8"),
      ("user=ann,host=h,addr=1.2.3.4", None)]),
    ("Include @/*.conf\nPermitRootLogin yes\nUsePAM yes\nMatch User bob\n  Include @/match.inc\n  GatewayPorts yes\n",
     {"20-b.conf": "PermitRootLogin no\nLogLevel VERBOSE\n", "10-a.conf": "LogLevel DEBUG\nMatch User ann\n  PermitTTY no\n  MaxSessions 1\n",
      "match.inc": "MaxSessions 3\n"},
     [("user=bob,host=h,addr=1.2.3.4", "User bob"), ("user=ann,host=h,addr=1.2.3.4", "User ann"), ("user=eve,host=h,addr=1.2.3.4", None)]),
    ("ChallengeResponseAuthentication no\nClientAliveInterval 5m\nDisableForwarding yes\nPermitTunnel point-to-point\n"
     "AuthorizedKeysFile .ssh/a .ssh/b\nForceCommand /bin/echo a  b\nChrootDirectory none\nPermitUserEnvironment LANG\n", {},
     [("user=bob,host=h,addr=1.2.3.4", None)]),
]

SUDOERS = [
    "root ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) NOPASSWD: ALL\n",
    "User_Alias U = ann, %ops : V = bob, U\nCmnd_Alias C = /bin/ls, /bin/cat /var/log/*\nHost_Alias H = web1, web2\nRunas_Alias R = www, root\n"
    "V H = (R) NOPASSWD: C, PASSWD: /bin/id\nann ALL = ALL, !/bin/su, NOEXEC: /bin/vi\n",
    "Defaults env_reset, !use_pty\nDefaults:ann !authenticate\nann ALL = (bob) /bin/a x\\=y, (root) SETENV: /bin/b : other = /bin/c\n"
    "#1000 ALL = (:adm) /bin/ls \\\n  -l, /bin/pwd\n",
    "ann ALL = sha224:d14a028c2a3a2bc9476102bb288234c415a2b01f828ea62ac5b3e42f /bin/ls, NOPASSWD: /bin/pwd\n",
]


def write(path, text, mode=0o600):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)
    os.chmod(path, mode)


def ask(root, part, kind, fields):
    """All records of a kind, as dictionaries of their fields, by a check that always fails."""
    with tempfile.NamedTemporaryFile("w", suffix=".yaml") as f:
        f.write(f"- check: own-all\n  title: t\n  of: {kind}\n  severity: info\n  fails: {fields[0]} exists or not {fields[0]} exists\n"
                f"  output: all\n  why: w\n  fix: f\n  evidence: [{', '.join(fields)}]\n")
        f.flush()
        out = subprocess.run([h.find_parka(), "audit", part, "--root", root, "--checks", f.name, "--refs", "own-all", "--json"],
                             stdout=subprocess.PIPE, text=True, check=False).stdout
    report = json.loads(out)
    return [{e["field"]: e.get("value") for e in x["evidence"]} for x in report["findings"]], report["problems"]


def normal(value):
    """What sshd -T prints of one keyword, one line or several, and what parka says of it: items in order."""
    words = {"without-password": "prohibit-password", "true": "yes"}
    items = [i for v in value for i in re.split(r"[ ,]+", v.strip().strip("()")) if i]
    return [words.get(i, i) for i in items if i not in ("none", "any")]


def sshd_says(config, key, connection):
    out = subprocess.run([SSHD, "-T", "-f", config, "-h", key, "-C", connection], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         check=False)
    values = {}
    for line in out.stdout.splitlines():
        name, _, value = line.partition(" ")
        values.setdefault(name, []).append(value)
    return values, out.stderr


def test_sshd(t, tmp):
    os.makedirs("/run/sshd", exist_ok=True)
    key = os.path.join(tmp, "key")
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key], check=True)
    for n, (text, included, connections) in enumerate(SSHD_CASES):
        there = os.path.join(tmp, f"inc{n}")
        root = os.path.join(tmp, f"root{n}")
        config = os.path.join(tmp, f"config{n}")
        text = text.replace("@", there) if included else text
        write(config, text)
        write(root + "/etc/ssh/sshd_config", text)
        for name, content in included.items():
            write(os.path.join(there, name), content)
            write(root + os.path.join(there, name), content)
        records, problems = ask(root, "ssh", "sshd", ["sshd.match"] + ["sshd." + k for k in KEYWORDS])
        wrong = [str(p) for p in problems]
        for connection, criteria in connections:
            expected, stderr = sshd_says(config, key, connection)
            ours = [r for r in records if r.get("sshd.match") == criteria]
            if not expected or len(ours) != 1:
                wrong.append(f"{connection}: sshd: {stderr.strip()}; records: {len(ours)} of {[r.get('sshd.match') for r in records]}")
                continue
            for k in KEYWORDS:
                theirs, mine = normal(expected.get(k, [])), normal([ours[0].get("sshd." + k) or ""])
                if theirs != mine and sorted(theirs) != sorted(mine):
                    wrong.append(f"{connection}: {k}: sshd {theirs}, parka {mine}")
        t.ok(not wrong, f"sshd_config_{n}_holds_as_sshd_says_for_{len(connections)}_connections", "\n".join(wrong))


def cvt_names(items, kinds):
    names = []
    for i in items or []:
        value = next((i[k] for k in kinds if k in i), None)
        prefix = "%" if "usergroup" in i else "#" if "userid" in i else ""
        names.append(("!" if i.get("negated") else "") + prefix + str(value))
    return names


def cvt_grants(path):
    out = subprocess.run(["cvtsudoers", "-e", "-f", "json", path], stdout=subprocess.PIPE, text=True, check=True).stdout
    grants = []
    for spec in json.loads(out).get("User_Specs", []):
        for c in spec["Cmnd_Specs"]:
            options = {k: v for o in c.get("Options", []) for k, v in o.items()}
            grants.append((cvt_names(spec["User_List"], ("username", "usergroup", "userid")),
                           cvt_names(spec["Host_List"], ("hostname",)),
                           cvt_names(c.get("runasusers"), ("username", "usergroup")),
                           options.get("authenticate") is False,
                           cvt_names(c["Commands"], ("command",))))
    return grants


def flatten(grants):
    """One row for each command, so that it does not matter how commands are put together."""
    return sorted((tuple(sorted(u)), tuple(sorted(hosts)), tuple(r), free, c) for u, hosts, r, free, commands in grants for c in commands)


def test_sudoers(t, tmp):
    for n, text in enumerate(SUDOERS):
        root = os.path.join(tmp, f"sudo{n}")
        path = root + "/etc/sudoers"
        write(path, text, 0o440)
        records, problems = ask(root, "users", "sudo.grant",
                                ["grant.users", "grant.hosts", "grant.run_as", "grant.no_password", "grant.commands"])

        def items(value):
            return [i for i in (value or "").strip("()").split(",") if i]
        ours = [(items(r["grant.users"]), items(r["grant.hosts"]), [x for x in items(r["grant.run_as"])], r["grant.no_password"] == "true",
                 items(r["grant.commands"])) for r in records]
        theirs = [(u, hosts, r or ["root"], free, c) for u, hosts, r, free, c in cvt_grants(path)]
        mine = flatten([(u, hosts, r or ["root"], free, c) for u, hosts, r, free, c in ours])
        sudo_problems = [p for p in problems if "sudoers" in str(p)]
        t.ok(mine == flatten(theirs) and not sudo_problems, f"sudoers_{n}_grants_what_cvtsudoers_says",
             f"parka\n{mine}\nsudo\n{flatten(theirs)}\n{sudo_problems}")


def test_sysctls(t):
    records, _ = ask("", "kernel-state", "sysctl", ["sysctl.name", "sysctl.value"])
    wrong = []
    for r in records:
        out = subprocess.run(["sysctl", "-n", r["sysctl.name"]], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False)
        if out.returncode == 0 and out.stdout.split() != (r["sysctl.value"] or "").split():
            wrong.append(f"{r['sysctl.name']}: sysctl {out.stdout.strip()}, parka {r['sysctl.value']}")
    t.ok(len(records) > 40 and not wrong, "sysctls_are_what_sysctl_says", "\n".join(wrong) or f"{len(records)} records")


def test_listeners(t):
    """Sockets of this very process are seen with its name; those of the loopback as local."""
    with socket.create_server(("127.0.0.1", 0)) as local, socket.create_server(("::", 0), family=socket.AF_INET6) as wide:
        records, _ = ask("", "network", "host.listener",
                         ["listener.port", "listener.pid", "listener.ip", "listener.is_local", "listener.is_any"])
        expected = [(local, "127.0.0.1", "true", "false"), (wide, "::", "false", "true")]
        wrong = []
        for sock, ip, is_local, is_any in expected:
            row = {"listener.port": str(sock.getsockname()[1]), "listener.pid": str(os.getpid()), "listener.ip": ip,
                   "listener.is_local": is_local, "listener.is_any": is_any}
            if row not in records:
                wrong.append(f"{row} is not among {records}")
    t.ok(not wrong, "listening_sockets_are_told_with_address_and_process", "\n".join(wrong))


def test_processes(t):
    """A program that is replaced while it runs, and what it may do."""
    with tempfile.TemporaryDirectory(prefix="parka-e2e-", dir="/opt" if os.path.isdir("/opt") else "/usr/local") as tmp:
        program = os.path.join(tmp, "sleeper")
        shutil.copy(shutil.which("sleep"), program)
        with subprocess.Popen([program, "60"]) as p:
            os.unlink(program)
            records, _ = ask("", "processes", "host.process",
                             ["process.pid", "process.is_replaced", "process.replaced_files", "process.no_new_privs"])
            p.kill()
        ours = [r for r in records if r["process.pid"] == str(p.pid)]
        good = len(ours) == 1 and ours[0]["process.is_replaced"] == "true" and program in ours[0]["process.replaced_files"]
        t.ok(good, "a_program_that_was_replaced_while_it_runs_is_told", ours)


def failed_checks(*arguments):
    out = subprocess.run([h.find_parka(), "audit", *arguments, "--json"], stdout=subprocess.PIPE, text=True, check=False).stdout
    return {(x["check"], x["entity"]) for x in json.loads(out)["findings"] if x["status"] == "fail"}


def test_owners_and_capabilities(t, tmp):
    """What a tree of one owner cannot show."""
    root = os.path.join(tmp, "owners")
    write(root + "/etc/passwd", "root:x:0:0::/root:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n", 0o644)
    write(root + "/usr/bin/tool", "x", 0o4755)
    write(root + "/usr/bin/theirs", "x", 0o755)
    write(root + "/usr/bin/strong", "x", 0o755)
    os.makedirs(root + "/home/ann")
    os.chown(root + "/home/ann", 4242, 4242)
    os.chown(root + "/usr/bin/theirs", 4242, 0)
    wanted = {("host-setid-unknown", "/usr/bin/tool"), ("host-account-home-owner", "account ann"), ("host-writable-program", "/usr/bin/theirs"),
              ("host-writable-unowned", "/usr/bin/theirs")}
    if shutil.which("setcap") and subprocess.run(["setcap", "cap_sys_admin+ep", root + "/usr/bin/strong"], check=False).returncode == 0:
        wanted.add(("host-setid-capabilities", "/usr/bin/strong"))
    missing = wanted - failed_checks("files", "users", "--root", root)
    t.ok(not missing, "owners_and_capabilities_of_files_are_told", missing)
    # Who owns / is root: the same tree moved to another owner is judged the same.
    for path in (root, root + "/usr/bin/tool", root + "/home", root + "/etc", root + "/usr", root + "/usr/bin", root + "/etc/passwd"):
        mode = os.stat(path).st_mode & 0o7777
        os.chown(path, 100000, 100000)
        os.chmod(path, mode)
    found = failed_checks("files", "--root", root)
    t.ok(("host-setid-unknown", "/usr/bin/tool") in found and ("host-writable-program", "/usr/bin/tool") not in found,
         "whoever_owns_the_root_directory_is_root", found)


def test_capabilities_of_processes(t):
    commands = {"host-process-contained-capabilities": ["unshare", "-pf", "sleep", "61"],
                "host-process-capabilities": ["setpriv", "--reuid", "65534", "--clear-groups", "--inh-caps", "+sys_ptrace", "--ambient-caps",
                                              "+sys_ptrace", "sleep", "61"]}
    for check, command in commands.items():
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True) as p:
            time.sleep(0.5)
            if p.poll() is not None:
                t.skip(f"{check}_fails_for_such_a_process", f"{command[0]} does not work here")
                continue
            found = {entity for name, entity in failed_checks("processes") if name == check}
            os.killpg(p.pid, 9)
        t.ok(any("sleep" in e for e in found), f"{check}_fails_for_such_a_process", found)


def main():
    t = h.Tap()
    with tempfile.TemporaryDirectory(prefix="parka-e2e-") as tmp:
        if SSHD and shutil.which("ssh-keygen") and os.geteuid() == 0:
            test_sshd(t, tmp)
        else:
            t.skip("sshd_config_holds_as_sshd_says", "no sshd, or not root")
        if shutil.which("cvtsudoers"):
            test_sudoers(t, tmp)
        else:
            t.skip("sudoers_grants_what_cvtsudoers_says", "no cvtsudoers")
        if shutil.which("sysctl"):
            test_sysctls(t)
        else:
            t.skip("sysctls_are_what_sysctl_says", "no sysctl")
    if os.geteuid() == 0 and os.path.isdir("/proc/1"):
        test_listeners(t)
        test_processes(t)
        test_capabilities_of_processes(t)
        with tempfile.TemporaryDirectory(prefix="parka-e2e-") as tmp:
            os.chmod(tmp, 0o755)
            test_owners_and_capabilities(t, tmp)
    else:
        t.skip("listening_sockets_are_told_with_address_and_process", "not root")
    return t.done()


if __name__ == "__main__":
    sys.exit(main())
