#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Whatever way /etc/shadow is read, the alert comes that the plain read raises: with Falco's rules and with ours."""
import os
import re
import shutil
import sys
import tempfile

import harness
from harness import Container, run

OURS = "Account file read"
HOST_SECRET = "Host secret read from a container"
THEIRS = "Read sensitive file untrusted"
EINVAL_OR_MISSING = (38, 22)
REFUSED = 77

# What is promised, the script that reads /etc/shadow, and whether Falco's rule can see it by its own wording.
INSIDE = (
    ("plain_read", "exec act open-read /etc/shadow", True),
    ("relative_path", "exec act relative-read /etc shadow", True),
    ("relative_path_through_parent_directories", "exec act relative-read /usr/bin ../../etc/shadow", True),
    ("faked_argv0", "exec act argv0 sshd /bin/act open-read /etc/shadow", True),
    ("changed_comm_to_a_trusted_name", "exec act renamed-read sshd /etc/shadow", True),
    ("changed_comm_to_an_unknown_name", "exec act renamed-read harmless /etc/shadow", True),
    ("magic_link_of_own_root", "exec act open-read /proc/self/root/etc/shadow", True),
    ("magic_link_of_own_directory", "cd /etc && exec act open-read /proc/self/cwd/shadow", True),
    ("directory_symlink", "ln -sfn /etc /tmp/dir; exec act open-read /tmp/dir/shadow", True),
    ("file_symlink", "ln -sfn /etc/shadow /tmp/file; exec act open-read /tmp/file", True),
    ("bind_mount_of_directory", "mkdir -p /tmp/bind && mount --bind /etc /tmp/bind && exec act open-read /tmp/bind/shadow", True),
    ("bind_mount_of_the_root", "mkdir -p /tmp/all && mount --bind / /tmp/all && exec act open-read /tmp/all/etc/shadow", True),
    ("bind_mount_of_the_root_on_the_root_of_a_jail", "mkdir -p /tmp/jail/all && mount --bind / /tmp/jail/all && "
     "exec chroot /tmp/jail /all/bin/act open-read /all/etc/shadow", True),
    ("jail_in_the_directory", "cp /bin/act /etc/act; exec chroot /etc /act open-read /shadow", True),
    ("hard_link", "rm -f /etc/linked; ln /etc/shadow /etc/linked && exec act open-read /etc/linked", True),
    ("io_uring", "exec act uring-read /etc/shadow", True),
    ("program_copied_to_a_trusted_name", "cp /bin/act /tmp/sshd && exec /tmp/sshd open-read /etc/shadow", False),
    ("program_copied_over_a_trusted_place", "cp /bin/act /usr/sbin/sshd && exec /usr/sbin/sshd open-read /etc/shadow", False),
)


# The same of the host's file, in a container that has the host's root as /host.
HOST_INSIDE = (
    ("mount_of_the_hosts_root", "exec act open-read /host/etc/shadow", True),
    ("jail_in_the_hosts_root", "cat /bin/act >/host/tmp/.parka-e2e-act; chmod 755 /host/tmp/.parka-e2e-act; "
     "chroot /host /tmp/.parka-e2e-act open-read /etc/shadow; r=$?; rm -f /host/tmp/.parka-e2e-act; exit $r", True),
    ("jail_in_a_directory_of_the_hosts_root", "cat /bin/act >/host/etc/.parka-e2e-act; chmod 755 /host/etc/.parka-e2e-act; "
     "chroot /host/etc /.parka-e2e-act open-read /shadow; r=$?; rm -f /host/etc/.parka-e2e-act; exit $r", True),
)


def check(tap, watch, where, promise, act, rule, container_id):
    mark = watch.mark()
    done = act()
    name = f"{where}: {promise} raises '{rule}'"
    if done.returncode in EINVAL_OR_MISSING and promise == "io_uring":
        tap.skip(name, "io_uring is not allowed here")
        return
    if done.returncode == REFUSED:
        tap.skip(name, "the kernel does not mount it twice")
        return
    finding = watch.wait_for(rule, mark, container__id=container_id) if "container.id" in fields_of(watch, rule) else \
        watch.wait_for(rule, mark)
    came = sorted({f["rule"] for f in watch.since(mark)})
    tap.ok(finding is not None, name, f"act: {done.returncode} {done.stderr.strip()}; came: {came}")


def fields_of(watch, rule):
    """Which output fields a rule's findings have, from the last one of it."""
    for finding in reversed(watch.since(0)):
        if finding["rule"] == rule:
            return finding.get("output_fields", {})
    return {}


def on_host(script):
    """In a mount namespace that is thrown away, with a copy of /etc/shadow's kind in place of the real one."""
    return run("unshare", "-m", "sh", "-c", script)


def device_of_the_root():
    """The block device that the host's root file system is on, as MAJOR:MINOR; None when it is on none."""
    with open("/proc/1/mountinfo", encoding="utf-8") as file:
        for line in file:
            field = line.split()
            if field[4] == "/" and field[3] == "/" and field[2].split(":")[0] != "0":
                return field[2]
    return None


def second_mount(act, tmp):
    """The root's device once more, at another place."""
    device = device_of_the_root()
    if not device:
        return ()
    name = re.search("DEVNAME=(.*)", open(f"/sys/dev/block/{device}/uevent", encoding="ascii").read()).group(1)
    return (("second_mount_of_the_root_device",
             f"mkdir -p {tmp}/again; mount /dev/{name} {tmp}/again || exit {REFUSED}; exec {act} open-read {tmp}/again/etc/shadow"),)


def host_cases(tmp):
    act = shutil.copy(harness.find_act(), os.path.join(tmp, "act"))
    return second_mount(act, tmp) + (
        ("bind_mount_of_the_root", f"mkdir -p {tmp}/all; mount --bind / {tmp}/all && exec {act} open-read {tmp}/all/etc/shadow"),
        ("jail_in_the_directory", f"mkdir /etc/.parka-e2e-jail; cp {act} /etc/.parka-e2e-jail/act; "
                                  "chroot /etc /.parka-e2e-jail/act open-read /shadow; r=$?; rm -r /etc/.parka-e2e-jail; exit $r"),
        ("plain_read", f"exec {act} open-read /etc/shadow"),
        ("magic_link_of_own_root", f"exec {act} open-read /proc/self/root/etc/shadow"),
        ("directory_symlink", f"ln -sfn /etc {tmp}/dir; exec {act} open-read {tmp}/dir/shadow"),
        ("bind_mount_of_directory", f"mkdir -p {tmp}/bind; mount --bind /etc {tmp}/bind && exec {act} open-read {tmp}/bind/shadow"),
        ("bind_mount_of_the_file", f"touch {tmp}/one; mount --bind /etc/shadow {tmp}/one && exec {act} open-read {tmp}/one"),
        ("hard_link", f"rm -f /etc/.parka-e2e; ln /etc/shadow /etc/.parka-e2e; {act} open-read /etc/.parka-e2e; r=$?; "
                      "rm -f /etc/.parka-e2e; exit $r"),
        ("io_uring", f"exec {act} uring-read /etc/shadow"),
    )


def suite(tap, label, rule, watch, box, host_box, tmp, ours):
    for promise, script, _ in HOST_INSIDE:
        check(tap, watch, label + " in a container", promise, lambda: host_box.sh(script), rule, host_box.id)
    for promise, script, seen_by_theirs in INSIDE:
        if ours or seen_by_theirs:
            check(tap, watch, label + " in a container", promise, lambda: box.sh(script), rule, box.id)
    for promise, script in host_cases(tmp):
        check(tap, watch, label + " on the host", promise, lambda: on_host(script), rule, "host")


def main():
    harness.need()
    tap = harness.Tap()
    tmp = tempfile.mkdtemp(prefix="parka-e2e-evasion-")
    box = Container("evasion", "--cap-add=SYS_ADMIN", "--security-opt=seccomp=unconfined", "--security-opt=apparmor=unconfined")
    host_box = Container("evasion-host", "-v", "/:/host")
    watch = harness.watch_or_skip()
    suite(tap, "parka's rules", OURS, watch, box, host_box, tmp, True)
    for promise, script, _ in HOST_INSIDE:
        check(tap, watch, "parka's rules in a container", promise + "_of_the_host", lambda: host_box.sh(script), HOST_SECRET, host_box.id)
    watch.stop()
    official = os.path.join(harness.OFFICIAL, "falco_rules.yaml")
    if os.path.exists(official):
        watch = harness.watch_or_skip(official)
        suite(tap, "the official rules", THEIRS, watch, box, host_box, tmp, False)
        watch.stop()
    else:
        tap.skip("the official rules see every evasion that is about the file", "falco_rules.yaml is not here")
    shutil.rmtree(tmp, ignore_errors=True)
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
