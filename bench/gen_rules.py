#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rules in the shapes that rule files have, as many as wanted, each with names of its own.

    bench/gen_rules.py N > rules.yaml

For bench/eval_bench: how the cost of an event grows with the number of rules. The shapes are those of published rule
sets (a file below a directory read or written, a program run, a shell of a server, a connection to a port, an address
or from a program, an image, a command line), the conditions in them are made up: paths, names, ports, addresses and
images differ from rule to rule, and exceptions are over different fields. The same N gives the same rules.
"""
import random, sys

PICK = random.Random(20240611)
DIRS = ["/etc/%s", "/etc/%s.d", "/opt/%s/conf", "/var/lib/%s", "/usr/lib/%s", "/srv/%s/data", "/home/%s/.config", "/root/.%s",
        "/usr/local/%s/bin", "/run/%s", "/var/log/%s"]
VERBS = ["backup", "sync", "scan", "deploy", "mine", "proxy", "agent", "relay", "dump", "probe", "worker", "guard", "cache", "index"]
NOUNS = ["alpha", "delta", "kilo", "sierra", "tango", "cobalt", "ferro", "onyx", "quartz", "umber", "vortex", "zephyr", "argon", "basalt"]


def word():
    return f"{PICK.choice(NOUNS)}{PICK.choice(VERBS)}{PICK.randrange(10000)}"


def words(low, high):
    return "(" + ", ".join(word() for _ in range(PICK.randint(low, high))) + ")"


def directory():
    return PICK.choice(DIRS) % word()


def paths(low, high, tail="/%s.conf"):
    return "(" + ", ".join(directory() + (tail.replace("%s", PICK.choice(NOUNS))) for _ in range(PICK.randint(low, high))) + ")"


def exceptions():
    """None to three, over different fields, as rules gather them with time."""
    kinds = [lambda: f"not proc.name in {words(2, 12)}", lambda: f"not proc.pname in {words(1, 8)}",
             lambda: f"not proc.exepath in {paths(1, 4, '/%s')}", lambda: f"not container.image.repository in {words(1, 5)}",
             lambda: f'not proc.cmdline startswith "{word()} --config "', lambda: f"not proc.aname[2] in {words(1, 3)}",
             lambda: f"not (proc.name = {word()} and fd.name startswith {directory()})", lambda: f"not user.name in {words(1, 2)}"]
    return [k() for k in PICK.sample(kinds, PICK.randint(0, 3))]


def container():
    return PICK.choice([[], [], ["container"], ["container", f"container.image.repository in {words(1, 4)}"]])


def read_file():
    what = PICK.choice([lambda: f"fd.name in {paths(1, 6)}", lambda: f"fd.name startswith {directory()}/",
                        lambda: f"(fd.name in {paths(1, 3)} or fd.directory in {paths(1, 2, '')})",
                        lambda: f"fd.name endswith /.{word()}/credentials", lambda: f"fd.filename in {words(1, 5)}",
                        lambda: f"fd.name contains /.{word()}/", lambda: f"fd.name glob /home/*/.{word()}/*"])
    return ["open_read", what()] + container()


def write_file():
    what = PICK.choice([lambda: f"fd.name pmatch {paths(1, 5, '')}", lambda: f"fd.directory in {paths(1, 4, '')}",
                        lambda: f"fd.name startswith {directory()}", lambda: f"fd.filename in {words(1, 4)}",
                        lambda: f"(fd.name startswith {directory()}/ or fd.filename = {word()}.service)"])
    return ["open_write", what()] + container()


def program():
    what = PICK.choice([lambda: f"proc.name in {words(1, 8)}", lambda: f"proc.exepath pmatch {paths(1, 3, '')}",
                        lambda: f"proc.name in {words(1, 3)} and proc.args contains \" --{word()}\"",
                        lambda: f"proc.cmdline contains {word()}", lambda: f"proc.exe endswith /{word()}",
                        lambda: f"(proc.name = {word()} or proc.args startswith \"-c {directory()}\")"])
    return ["spawned_process", what()] + container()


def shell():
    return ["spawned_process", "shell_procs", PICK.choice([f"proc.pname in {words(1, 6)}", f"proc.aname[2] in {words(1, 3)}",
                                                           f"proc.pexepath startswith {directory()}"])] + container()


def connection():
    address = lambda: f"{PICK.randrange(11, 200)}.{PICK.randrange(256)}.{PICK.randrange(256)}.{PICK.randrange(1, 255)}"
    what = PICK.choice([lambda: f"fd.sport in ({PICK.randrange(1024, 30000)}, {PICK.randrange(1024, 30000)})",
                        lambda: f"fd.sip in ({', '.join(chr(34) + address() + chr(34) for _ in range(PICK.randint(1, 8)))})",
                        lambda: f"proc.name in {words(1, 5)}", lambda: f'fd.snet in ("{address().rsplit(".", 1)[0]}.0/24")'])
    return ["outbound", what()] + container()


def other_file():
    call = PICK.choice(["evt.type in (unlink, unlinkat)", "evt.type in (rename, renameat, renameat2)", "evt.type in (chmod, fchmodat)",
                        "evt.type in (symlink, symlinkat, link, linkat)", "evt.type in (mkdir, mkdirat)"])
    return [call, PICK.choice([f"fs.path.name startswith {directory()}", f"fs.path.name in {paths(1, 4)}", f"proc.name in {words(1, 4)}"])]


def main():
    if len(sys.argv) != 2 or not sys.argv[1].isdigit():
        sys.exit(__doc__)
    macros = {"open_read": "evt.type in (open, openat, openat2) and evt.is_open_read = true and fd.typechar = 'f' and fd.num >= 0",
              "open_write": "evt.type in (open, openat, openat2, creat) and evt.is_open_write = true and fd.typechar = 'f' and fd.num >= 0",
              "spawned_process": "evt.type in (execve, execveat)", "container": "container.id != host",
              "shell_procs": "proc.name in (ash, bash, csh, ksh, sh, tcsh, zsh, dash)",
              "outbound": "evt.type in (connect, sendto, sendmsg) and fd.typechar in (4, 6)"}
    for name, condition in macros.items():
        print(f"- macro: {name}\n  condition: {condition}")
    shapes = [read_file] * 6 + [write_file] * 6 + [program] * 7 + [shell] * 2 + [connection] * 3 + [other_file] * 2
    for i in range(int(sys.argv[1])):
        condition = " and ".join(PICK.choice(shapes)() + exceptions())
        print(f"- rule: made up {i}\n  desc: made up\n  condition: >\n    {condition}\n  output: made up {i} (%proc.name)\n  priority: NOTICE")


main()
