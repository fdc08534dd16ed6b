# SPDX-License-Identifier: Apache-2.0
"""parka lint, audit and checks as commands: formats, exit codes, waivers, trees with traps in them."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ET

from harness import Tap, find_parka, run, skip_all

PARKA = find_parka()
if not PARKA:
    skip_all("parka is not built")

TAP = Tap()
DIR = tempfile.mkdtemp(prefix="parka-lint-")
BAD = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}\n'
GOOD = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::a/*"}]}\n'


def write(name, text, mode=0o644):
    path = os.path.join(DIR, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as f:
        f.write(text if isinstance(text, bytes) else text.encode())
    os.chmod(path, mode)
    return path


def lint(*args, input_text=None):
    return run(PARKA, "lint", *args, input_text=input_text)


def report(*args, **more):
    return json.loads(lint("--json", *args, **more).stdout)


def test_exit_codes():
    bad, good = write("codes/bad.json", BAD), write("codes/good.json", GOOD)
    codes = [lint(bad).returncode, lint(good).returncode, lint("--fail-on", "none", bad).returncode, lint("--fail-on", "critical", bad).returncode,
             lint("--format", "nonsense", bad).returncode, lint("--fail-on", "often", bad).returncode, lint("/nowhere/at/all").returncode]
    TAP.ok(codes == [1, 0, 0, 0, 2, 2, 1], "exit_codes_say_whether_something_failed", codes)


def test_formats():
    bad = write("formats/bad policy.json", BAD)
    sarif = json.loads(lint("--format", "sarif", bad).stdout)
    result = sarif["runs"][0]["results"][0]
    rules = sarif["runs"][0]["tool"]["driver"]["rules"]
    place = result["locations"][0]["physicalLocation"]
    TAP.ok(sarif["version"] == "2.1.0" and rules[result["ruleIndex"]]["id"] == result["ruleId"] and
           place["artifactLocation"]["uri"].endswith("bad%20policy.json") and place["region"]["startLine"] == 1,
           "sarif_names_the_rule_and_the_place", json.dumps(result))
    junit = ET.fromstring(lint("--format", "junit", bad).stdout)
    TAP.ok(junit.tag == "testsuites" and int(junit.get("failures")) == len(junit.findall(".//failure")) > 0, "junit_counts_what_it_holds",
           ET.tostring(junit).decode()[:400])
    html = lint("--format", "html", bad).stdout
    TAP.ok(html.startswith("<!doctype html>") and "http" not in html.replace("http-equiv", ""), "html_loads_nothing_from_elsewhere")
    markdown = lint("--format", "markdown", bad).stdout
    TAP.ok("| high |" in markdown and "\\*" in markdown, "markdown_escapes_what_would_be_markup", markdown)
    out = os.path.join(DIR, "out.json")
    done = lint("--json", "-o", out, bad)
    TAP.ok(done.stdout == "" and json.load(open(out))["summary"]["fail"] > 0, "a_report_goes_to_a_file")


def test_choice():
    bad = write("choice/bad.json", BAD)
    only = {f["check"] for f in report("--refs", "CKV_AWS_63", bad)["findings"]}
    without = {f["check"] for f in report("--skip", "CKV_AWS_63", bad)["findings"]}
    TAP.ok(only == {"iam-statement-every-action"} and without == {"iam-statement-everything"}, "refs_and_skip_choose_checks_by_the_peers_names",
           f"{only} {without}")
    passes = [f["status"] for f in report("--all", bad)["findings"]]
    TAP.ok("pass" in passes and "does not apply" in passes, "all_tells_what_passes_too")


def test_waivers():
    bad = write("waivers/bad.json", BAD)
    finding = report("--refs", "CKV_AWS_63", bad)["findings"][0]
    waiver = "- waive: CKV_AWS_63\n  reason: r\n  owner: o\n  expires: {}\n  evidence: {}\n"
    held = report("--waivers", write("w1.yaml", waiver.format("2999-01-01", finding["evidence_hash"])), "--refs", "CKV_AWS_63", bad)
    over = report("--waivers", write("w2.yaml", waiver.format("2020-01-01", "any")), "--refs", "CKV_AWS_63", bad)
    changed = report("--waivers", write("w3.yaml", waiver.format("2999-01-01", "0123456789abcdef")), "--refs", "CKV_AWS_63", bad)
    TAP.ok(held["findings"][0]["status"] == "waived" and held["summary"]["fail"] == 0, "a_waiver_holds", json.dumps(held["findings"]))
    TAP.ok(over["findings"][0]["status"] == "fail" and "expired on 2020-01-01" in over["findings"][0]["waiver_void"], "an_expired_waiver_comes_back")
    TAP.ok(changed["findings"][0]["status"] == "fail" and "void" in changed["findings"][0]["waiver_void"],
           "a_waiver_for_other_evidence_is_void")
    broken = lint("--waivers", write("w4.yaml", "- waive: x\n  expires: soon\n"), bad)
    TAP.ok(broken.returncode == 3 and "w4.yaml:2:12" in broken.stderr, "a_broken_waiver_file_names_the_place", broken.stderr)


def test_traps():
    tree = os.path.join(DIR, "tree")
    write("tree/a/bad.json", BAD)
    write("tree/node_modules/x/bad.json", BAD)
    write("tree/.git/bad.json", BAD)
    write("tree/binary.yaml", b"a: \x00\x01\x02")
    write("tree/image.png", b"\x89PNG\x00" + b"x" * (9 << 20))
    write("tree/huge.yaml", b"a: b\n" * (2 << 20))
    write("tree/broken.json", '{"Statement": [')
    os.symlink("a", os.path.join(tree, "link"))
    os.symlink(".", os.path.join(tree, "loop"))
    os.symlink("/etc/shadow", os.path.join(tree, "shadow.yaml"))
    os.mkfifo(os.path.join(tree, "fifo.yaml"))
    found = report(tree)
    files = {f["file"] for f in found["findings"]}
    TAP.ok(files == {os.path.join(tree, "a/bad.json")}, "only_files_of_the_tree_itself_are_read_once", json.dumps(sorted(files)))
    problems = {os.path.basename(p["file"]): p["message"] for p in found["problems"]}
    TAP.ok("larger than" in problems.get("huge.yaml", ""), "a_huge_file_is_told_with_its_limit", json.dumps(problems))
    TAP.ok("shadow.yaml" not in problems and "fifo.yaml" not in problems and "image.png" not in problems,
           "links_fifos_and_binaries_are_passed_over", json.dumps(problems))
    TAP.ok(not found["summary"]["complete"] and lint(tree, "--refs", "nothing-at-all").returncode == 1, "what_was_not_read_counts_as_failed")
    named = report(os.path.join(tree, "binary.yaml"))
    TAP.ok([p["message"] for p in named["problems"]] == ["is binary, not text"], "a_binary_that_was_named_is_told", json.dumps(named["problems"]))


def test_stdin_and_as():
    found = report("--as", "iam", "-", input_text=BAD)
    TAP.ok(found["findings"] and found["findings"][0]["file"] == "-", "standard_input_is_read", json.dumps(found)[:300])
    wrong = lint("--as", "iamm", "-", input_text=BAD)
    TAP.ok(wrong.returncode == 2 and "did you mean 'iam'" in wrong.stderr, "an_unknown_kind_of_file_is_a_usage_error", wrong.stderr)


def test_many_operands():
    paths = [write(f"many/{i}.json", GOOD) for i in range(600)]
    found = report(*paths)
    TAP.ok(found["summary"]["records"] == 1200, "hundreds_of_files_can_be_named", json.dumps(found["summary"]))


def test_own_checks():
    bad = write("own/bad.json", BAD)
    own = write("own.yaml", "- check: own-one\n  title: t\n  of: iam.policy\n  severity: low\n  fails: policy.name = bad.json\n"
                            "  output: hello %policy.name\n  why: w\n  fix: f\n")
    found = [f for f in report("-c", own, bad)["findings"] if f["check"] == "own-one"]
    TAP.ok(len(found) == 1 and found[0]["output"] == "hello bad.json", "own_checks_stand_beside_those_that_ship", json.dumps(found))
    broken = run(PARKA, "checks", "test", "-c", write("broken.yaml", "- check: x\n  of: nothing\n"))
    TAP.ok(broken.returncode == 3 and "broken.yaml:2:7" in broken.stderr, "a_broken_check_names_the_place", broken.stderr)
    asked = run(PARKA, "checks", "test", "--records", "-",
                input_text='{"kind":"iam.statement","statement.allows":true,"policy.is_trust":false,"policy.of_aws":false,'
                           '"statement.every_action":{"unknown":"why not"}}\n')
    line = json.loads(asked.stdout)
    TAP.ok("iam-statement-every-action" in line["unknown"], "records_written_as_json_can_be_asked", asked.stdout + asked.stderr)


def test_diff():
    before, after = write("d/before.json", lint("--json", write("d/p.json", GOOD)).stdout), write("d/after.json", "")
    write("d/p.json", BAD)
    write("d/after.json", lint("--json", os.path.join(DIR, "d/p.json")).stdout)
    new = run(PARKA, "audit", "diff", before, after)
    gone = run(PARKA, "audit", "diff", after, before)
    same = run(PARKA, "audit", "diff", after, after)
    TAP.ok(new.returncode == 1 and "2 new, 0 changed, 0 gone" in new.stdout and gone.returncode == 0 and "0 new, 0 changed, 2 gone" in gone.stdout and
           same.returncode == 0, "diff_tells_what_is_new_and_what_is_gone", new.stdout + gone.stdout + same.stdout)


def test_changed():
    if not shutil.which("git"):
        TAP.skip("changed_lints_what_a_range_of_commits_changes", "git is not installed")
        return
    tree = os.path.join(DIR, "repository")

    def git(*words):
        run("git", "-C", tree, "-c", "user.name=t", "-c", "user.email=t@example.com", *words, check=True)

    write("repository/old.json", BAD)
    git("init", "-q")
    git("add", "-A")
    git("commit", "-q", "-m", "one")
    write("repository/new.json", BAD)
    write("repository/notes.txt", "nothing\n")
    git("add", "-A")
    git("commit", "-q", "-m", "two")
    done = subprocess.run([PARKA, "lint", "--json", "--changed", "HEAD~1"], capture_output=True, text=True, cwd=tree)
    found = json.loads(done.stdout)
    TAP.ok({f["file"] for f in found["findings"]} == {"new.json"} and not found["problems"] and done.returncode == 1,
           "changed_lints_what_a_range_of_commits_changes", done.stdout[:400] + done.stderr)
    wrong = subprocess.run([PARKA, "lint", "--changed", "--output=x"], capture_output=True, text=True, cwd=tree)
    TAP.ok(wrong.returncode == 3 and "git knows no changes for '--output=x'" in wrong.stderr and not os.path.exists(os.path.join(tree, "x")),
           "a_range_is_never_an_option_to_git", wrong.stderr)


def test_watch():
    root = os.path.join(DIR, "machine")
    manifest = write("machine/etc/kubernetes/manifests/a.yaml",
                     "spec:\n  containers:\n  - command: [kube-scheduler, --bind-address=127.0.0.1]\n", 0o600)
    os.makedirs(os.path.join(root, "proc"), exist_ok=True)
    process = subprocess.Popen([PARKA, "audit", "kubernetes", "--root", root, "--watch", "--interval", "1", "--refs", "CIS-K8s-1.4", "--json"],
                               stdout=subprocess.PIPE, text=True)
    try:
        time.sleep(1.5)
        write(manifest, "spec:\n  containers:\n  - command: [kube-scheduler, --bind-address=0.0.0.0]\n", 0o600)
        new = json.loads(process.stdout.readline())
        write(manifest, "spec:\n  containers:\n  - command: [kube-scheduler, --bind-address=10.0.0.1]\n", 0o600)
        changed = json.loads(process.stdout.readline())
        write(manifest, "spec:\n  containers:\n  - command: [kube-scheduler, --bind-address=127.0.0.1]\n", 0o600)
        gone = json.loads(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
    seen = [(line["change"], line["check"]) for line in (new, changed, gone)]
    TAP.ok(seen == [(change, "k8s-scheduler-bind-address") for change in ("new", "changed", "gone")],
           "watch_tells_only_what_changes", json.dumps([new, changed, gone]))


try:
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
finally:
    shutil.rmtree(DIR, ignore_errors=True)
sys.exit(TAP.done())
