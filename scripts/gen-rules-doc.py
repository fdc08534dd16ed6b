#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes docs/rules.md from content/rules.

    scripts/gen-rules-doc.py            write docs/rules.md
    scripts/gen-rules-doc.py --check    fail when it is not up to date
"""
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, "scripts"))
import rulefile  # noqa: E402

PAGE = os.path.join(ROOT, "docs", "rules.md")
RULES = os.path.join(ROOT, "content", "rules")

# The techniques by which containers are left and hosts taken over. Row, what it is, what of it cannot be seen.
ROWS = (
    (1, "cgroup v1 release agent", "What the agent then does is seen as a program the kernel started."),
    (2, "core dump helper (core_pattern)", ""),
    (3, "modprobe path, uevent helper, binfmt_misc", ""),
    (4, "sysrq-trigger", "Which key was written: the bytes of a write are not recorded."),
    (5, "host disk mounted or opened", ""),
    (6, "device list of the cgroup rewritten", "On cgroup v2 the list is a BPF program: see row 17."),
    (7, "runtime socket in the container", "What was asked over the socket; the container that it starts is seen."),
    (8, "runtime API on TCP", "What was asked over the connection."),
    (9, "host path mounted, writable", "Writes through a mapping of a file that was opened before parka started."),
    (10, "host path mounted, readable", "Reads from a file that was opened before parka started."),
    (11, "log directory link through the kubelet", "What the kubelet then reads is its ordinary work."),
    (12, "nsenter, setns into the host", ""),
    (13, "/proc/PID/root and cwd of a host process", ""),
    (14, "ptrace, /proc/PID/mem, process_vm_writev", ""),
    (15, "open_by_handle_at", ""),
    (16, "kernel module", "What the module does once it is in the kernel: it can lie to every program, parka included."),
    (17, "BPF program", "What the program does; its name and type are in the finding's event."),
    (18, "kexec, /dev/mem, kcore", ""),
    (19, "runtime overwritten through /proc/self/exe", ""),
    (20, "leaked working directory", ""),
    (21, "shim's abstract socket", ""),
    (22, "docker cp and mount races", "The race itself is a matter of kernel paths: seen are the exchange of paths, the helper "
     "that loads the container's library, and a runtime that opens kernel files it has no reason to."),
    (23, "host network and local services", "Abstract sockets other than the shim's are not told apart."),
    (24, "user namespace and kernel attack surface", ""),
    (25, "kernel exploit, any", "Exploits that change no credentials of a task, oops messages and bursts of crashes."),
    (26, "Dirty Pipe", "The write into the pipe: nothing in the system call tells it from an ordinary one."),
    (27, "Dirty COW", "The race itself; the write through /proc/self/mem and the unexplained credentials are seen."),
    (28, "AF_ALG page-cache write", ""),
    (29, "userfaultfd, io_uring", ""),
    (30, "overlay set-id copy-up", ""),
    (31, "set-id or file capability gained", ""),
    (32, "service account token", "A workload that misuses its own token through its own library."),
    (33, "kubelet API", "What was asked over the connection."),
    (34, "metadata service", "Processes of the host: there it is ordinary."),
    (35, "etcd", "What was asked over the connection; keys written without a line in the API's audit log."),
    (36, "static pod manifest", ""),
    (37, "persistence on the host from a container", ""),
    (38, "exhaustion: tasks, memory, inodes, disk", "A rule judges one event: bursts of tasks, pressure and full disks are "
     "counts over time and have no rule; only the kernel's killing is seen."),
    (39, "ARP and DNS spoofing", "The forged packets: the socket they need is seen."),
    (40, "tampering with the watcher", "A root user who changes the running kernel first."),
)


def row_numbers(rule):
    return [int(tag[len("escape_row_"):]) for tag in rule["tags"] if tag.startswith("escape_row_")]


def anchor(name):
    return re.sub(r"[^a-z0-9 _-]", "", name.lower()).replace(" ", "-")


def table_of_rows(rules):
    out = ["| row | technique | rules | what is not seen |", "| --- | --- | --- | --- |"]
    for number, technique, unseen in ROWS:
        links = [f"[{r['name']}](#{anchor(r['name'])})" for r in rules if number in row_numbers(r)]
        out.append(f"| {number} | {technique} | {'; '.join(links) or 'none'} | {unseen or 'nothing known'} |")
    return out


def rule_text(rule):
    meaning, _, action = rule["desc"].partition("\n\nDo: ")
    mitre = [t for t in rule["tags"] if re.fullmatch(r"T\d{4}(\.\d{3})?", t)]
    where = " and ".join(t for t in ("container", "host") if t in rule["tags"])
    links = ", ".join(f"[{t}](https://attack.mitre.org/techniques/{t.replace('.', '/')}/)" for t in mitre)
    rows = ", ".join(str(n) for n in row_numbers(rule))
    return ["", f"### {rule['name']}", "",
            f"{rule['priority']}; {where}; {links}" + (f"; escape row {rows}" if rows else ""), "",
            meaning.replace("\n\n", "\n"), "", f"What to do: {action}"]


def page(items):
    rules = [item for item in items if item["kind"] == "rule"]
    counts = {p: sum(1 for r in rules if r["priority"] == p) for p in ("Critical", "Warning", "Notice", "Informational")}
    out = ["# The rules that come with parka", "",
           "Made from `content/rules` by `scripts/gen-rules-doc.py`.", "",
           f"{len(rules)} rules: " + ", ".join(f"{n} {p}" for p, n in counts.items()) + ".", "",
           "Critical: somebody leaves a container or takes the host. Warning: a likely attack. Notice: a thing to know.",
           "Informational: context for the rest. On an ordinary host and with ordinary containers nothing of Warning",
           "or above appears.", "",
           "Every rule is tagged `parka`, `host` or `container` (where it looks), the MITRE ATT&CK techniques, and",
           "`escape_row_N` for the rows of the table below. `parka rules explain NAME` shows a rule's condition with all",
           "lists and macros put in.", "",
           "To let a workload do what a rule watches, add a file of your own that is loaded after these, with an",
           "override:", "",
           "```yaml", "- macro: parka_allowed_socket_user", "  condition: or container.image.repository = registry.example/builder",
           "  override: {condition: append}", "```", "",
           "## Ways out of a container, and what sees them", ""] + table_of_rows(rules)
    for name in dict.fromkeys(r["file"] for r in rules):
        out += ["", f"## {name}"]
        for rule in rules:
            if rule["file"] == name:
                out += rule_text(rule)
    return "\n".join(out) + "\n"


def main():
    text = page(rulefile.load_dir(RULES))
    if "--check" not in sys.argv[1:]:
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(text)
        return 0
    with open(PAGE, encoding="utf-8") as file:
        if file.read() == text:
            return 0
    print("docs/rules.md is not up to date: run scripts/gen-rules-doc.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
