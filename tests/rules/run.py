#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests parka's own rules against events written as JSON.

    tests/rules/run.py [PARKA]

Each line of tests/rules/FILE.jsonl is {"fires": [RULE...], "event": {...}} or {"silent": [RULE...], "event":
{...}}; "silent": ["*"] means: nothing of Warning or above. The events go through `parka rules test`, so
what is tested is what runs. Prints TAP.
"""
import json
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
RULES = os.path.join(ROOT, "content", "rules")
sys.path.insert(0, os.path.join(ROOT, "scripts"))
import rulefile  # noqa: E402

QUIET_PRIORITIES = ("Notice", "Informational", "Debug")
# Unset outside containers by their nature, or set for some of a rule's event types only.
MAY_BE_UNSET = ("container.image", "container.mounts")


class Tap:
    def __init__(self):
        self.n = 0
        self.n_failed = 0

    def ok(self, passed, name, detail=""):
        self.n += 1
        if not passed:
            self.n_failed += 1
        print(("ok " if passed else "not ok ") + f"{self.n} - {name}")
        if not passed and detail:
            for line in str(detail).split("\n"):
                print("# " + line)

    def done(self):
        print(f"1..{self.n}")
        return 1 if self.n_failed else 0


def find_parka():
    for path in (os.environ.get("PARKA"), *sys.argv[1:2], os.path.join(ROOT, "build", "parka"),
                 os.path.join(ROOT, "build", "src", "cli", "parka")):
        if path and os.access(path, os.X_OK):
            return path
    return None


def load_cases():
    cases = []
    for name in sorted(os.listdir(HERE)):
        if not name.endswith(".jsonl"):
            continue
        with open(os.path.join(HERE, name), encoding="utf-8") as file:
            for number, line in enumerate(file, 1):
                if line.strip():
                    case = json.loads(line)
                    case["where"] = f"{name}:{number}"
                    case["file"] = name[:-len(".jsonl")]
                    cases.append(case)
    return cases


def ask(parka, cases):
    """The answers of `parka rules test`, one per case."""
    events = "".join(json.dumps(case["event"]) + "\n" for case in cases)
    done = subprocess.run([parka, "rules", "test", "-r", RULES, "--events", "-", "--json"], input=events,
                          capture_output=True, text=True, timeout=120, check=False)
    answers = [json.loads(line) for line in done.stdout.splitlines() if line.strip()]
    return answers, done


def check_texts(tap, rules):
    """What every rule must say, whatever the engine does."""
    names = [rule["name"] for rule in rules]
    tap.ok(len(names) == len(set(names)), "rule names are unique")
    bad = [r["name"] for r in rules if not any(re.fullmatch(r"T\d{4}(\.\d{3})?", t) for t in r.get("tags", []))]
    tap.ok(not bad, "every rule has a MITRE ATT&CK id", bad)
    bad = [r["name"] for r in rules if not r.get("desc", "").split("\n\n")[-1].startswith("Do: ")]
    tap.ok(not bad, "every rule says what to do about it", bad)
    bad = [r["name"] for r in rules if "parka" not in r["tags"] or not {"host", "container"} & set(r["tags"])]
    tap.ok(not bad, "every rule is tagged parka and host or container", bad)
    bad = [r["name"] for r in rules if r.get("priority") not in ("Critical", "Warning", "Notice", "Informational")]
    tap.ok(not bad, "every priority is one of the four that parka uses", bad)
    need = ("%user.name", "%session.user", "%session.kind", "%container.name", "%container.image", "%proc.ancestry")
    bad = [r["name"] for r in rules if any(field not in r.get("output", "") for field in need)]
    tap.ok(not bad, "every output says who: user, login, container, image, ancestors", bad)


def check_page(tap):
    script = os.path.join(ROOT, "scripts", "gen-rules-doc.py")
    done = subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)
    tap.ok(done.returncode == 0, "docs/rules.md says what the rules say", done.stderr)


def check_cover(tap, rules, cases):
    fires = {name for case in cases for name in case.get("fires", [])}
    silent = {name for case in cases for name in case.get("silent", [])}
    known = {rule["name"] for rule in rules}
    for rule in rules:
        tap.ok(rule["name"] in fires and rule["name"] in silent,
               f"{rule['name']}: has an event that fires it and one that does not")
    strays = sorted((fires | silent) - known - {"*"})
    tap.ok(not strays, "no test names a rule that is not there", strays)


def unset_outputs(rule, output, event):
    """Fields that the output of a firing event shows as <NA>."""
    if "<NA>" not in output:
        return []
    named = {f.rstrip(".") for f in re.findall(r"%([a-z][a-zA-Z0-9_.]*(?:\[[^\]]*\])?)", rule["output"])}
    return sorted(f for f in named if f not in event and f not in MAY_BE_UNSET and not f.startswith("evt.arg")
                  and f != "evt.args")


def check_events(tap, parka, rules, cases):
    by_name = {rule["name"]: rule for rule in rules}
    answers, done = ask(parka, cases)
    tap.ok(done.returncode == 0, "the rules load and the events are read", done.stderr[-3000:])
    tap.ok(len(answers) == len(cases), f"one answer for each of {len(cases)} events", f"{len(answers)} answers")
    for case, answer in zip(cases, answers):
        matched = answer.get("matched", [])
        for name in case.get("fires", []):
            tap.ok(name in matched, f"{name}: fires on {case['where']}", f"matched: {matched}")
            if name in matched and name in by_name:
                text = answer["output"][matched.index(name)]
                unset = unset_outputs(by_name[name], text, case["event"])
                tap.ok(not unset, f"{name}: its sentence for {case['where']} lacks nothing", f"{unset} in: {text}")
        for name in case.get("silent", []):
            if name == "*":
                loud = [m for m in matched if by_name[m]["priority"] not in QUIET_PRIORITIES]
                tap.ok(not loud, f"ordinary work is quiet: {case.get('what', case['where'])}", loud)
            else:
                tap.ok(name not in matched, f"{name}: silent on {case['where']}")


def main():
    tap = Tap()
    rules = rulefile.rules(RULES)
    cases = load_cases()
    check_texts(tap, rules)
    check_page(tap)
    check_cover(tap, rules, cases)
    parka = find_parka()
    if parka:
        check_events(tap, parka, rules, cases)
    else:
        tap.n += 1
        print(f"ok {tap.n} - events # SKIP no parka program: build it, or name it as the argument")
    return tap.done()


if __name__ == "__main__":
    sys.exit(main())
