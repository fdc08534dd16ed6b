# SPDX-License-Identifier: Apache-2.0
"""parka audit and a real etcd: started well and badly, by flags, environment and file, and tried as a stranger."""
import base64
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

from harness import Tap, find_parka, run, skip_all

PARKA = find_parka()
if not PARKA:
    skip_all("parka is not built")
if not shutil.which("etcd") or not shutil.which("openssl"):
    skip_all("etcd-server or openssl is not installed (scripts/deps.sh test)")
if os.geteuid() != 0:
    skip_all("reads other people's environments: needs root")

TAP = Tap()
DIR = tempfile.mkdtemp(prefix="parka-etcd-")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def certificates():
    """A CA and a certificate for 127.0.0.1, for the server, its peers and a client alike."""
    at = lambda name: os.path.join(DIR, name)
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", at("ca.key"), "-out", at("ca.crt"), "-days", "2",
        "-subj", "/CN=test-ca", check=True)
    run("openssl", "req", "-newkey", "rsa:2048", "-nodes", "-keyout", at("node.key"), "-out", at("node.csr"), "-subj", "/CN=node", check=True)
    with open(at("ext"), "w") as f:
        f.write("subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n")
    run("openssl", "x509", "-req", "-in", at("node.csr"), "-CA", at("ca.crt"), "-CAkey", at("ca.key"), "-CAcreateserial", "-out", at("node.crt"),
        "-days", "2", "-extfile", at("ext"), check=True)


class Etcd:
    def __init__(self, name, args=(), env=None, scheme="http", config=None):
        self.port, self.peer = free_port(), free_port()
        self.url = f"{scheme}://127.0.0.1:{self.port}"
        data = os.path.join(DIR, name)
        if config is None:
            words = ["etcd", "--name", name, "--data-dir", data, "--listen-client-urls", self.url, "--advertise-client-urls", self.url,
                     "--listen-peer-urls", f"http://127.0.0.1:{self.peer}", "--initial-advertise-peer-urls", f"http://127.0.0.1:{self.peer}",
                     "--initial-cluster", f"{name}=http://127.0.0.1:{self.peer}", *args]
        else:
            path = os.path.join(DIR, name + ".yaml")
            config.update({"name": name, "data-dir": data, "listen-client-urls": self.url, "advertise-client-urls": self.url,
                           "listen-peer-urls": f"http://127.0.0.1:{self.peer}",
                           "initial-advertise-peer-urls": f"http://127.0.0.1:{self.peer}",
                           "initial-cluster": f"{name}=http://127.0.0.1:{self.peer}"})
            with open(path, "w") as f:
                json.dump(config, f)   # JSON is YAML
            words = ["etcd", "--config-file", path, *args]
        self.process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                        env={**os.environ, **(env or {})})
        for _ in range(200):
            with socket.socket() as s:
                if s.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise RuntimeError("etcd does not listen")

    def put(self, key, value):
        body = json.dumps({"key": base64.b64encode(key).decode(), "value": base64.b64encode(value).decode()}).encode()
        urllib.request.urlopen(urllib.request.Request(self.url + "/v3/kv/put", body), timeout=5).read()

    def stop(self):
        self.process.kill()
        self.process.wait()

    def audit(self, *options):
        out = run(PARKA, "audit", "kubernetes", "--json", "--all", "--refs", "etcd", "--refs", "CIS-K8s-2", *options)
        found = json.loads(out.stdout)["findings"]
        return {f["check"]: f for f in found if f["entity"] == f"etcd (pid {self.process.pid})"}


def status(findings, check):
    return findings[check]["status"] if check in findings else "(not asked)"


def expect(name, findings, wanted):
    wrong = {c: (status(findings, c), w) for c, w in wanted.items() if status(findings, c) != w}
    TAP.ok(not wrong, name, json.dumps(wrong, indent=1))


def tests():
    certificates()
    tls = ["--cert-file", f"{DIR}/node.crt", "--key-file", f"{DIR}/node.key"]
    mtls = tls + ["--client-cert-auth", "--trusted-ca-file", f"{DIR}/ca.crt"]

    plain = Etcd("plain")
    try:
        plain.put(b"/registry/secrets/default/db", b"k8s\x00password")
        plain.put(b"/registry/secrets/default/enc", b"k8s:enc:aescbc:v1:k1:xxxx")
        expect("an_etcd_without_tls_fails_what_cis_asks_of_it", plain.audit(),
               {"etcd-tls": "fail", "etcd-client-cert-auth": "fail", "etcd-peer-client-cert-auth": "fail", "etcd-auto-tls": "pass"})
        expect("nothing_is_said_of_what_was_not_tried", plain.audit(), {"etcd-stranger-reads": "does not apply", "etcd-plain-secrets": "does not apply"})
        tried = plain.audit("--probe-etcd")
        expect("a_stranger_reads_an_etcd_without_tls", tried,
               {"etcd-stranger-reads": "fail", "etcd-stranger-talks": "fail", "etcd-stranger-metrics": "fail", "etcd-plain-secrets": "fail"})
        evidence = {e["field"]: e.get("value") for e in tried["etcd-plain-secrets"]["evidence"]}
        TAP.ok(evidence == {"component.plain_secrets": "(/registry/secrets/default/db)"}, "only_secrets_that_are_not_encrypted_are_named",
               json.dumps(evidence))
    finally:
        plain.stop()

    only_tls = Etcd("tls", tls, scheme="https")
    try:
        expect("tls_without_client_certificates_lets_a_stranger_read", only_tls.audit("--probe-etcd"),
               {"etcd-tls": "pass", "etcd-client-cert-auth": "fail", "etcd-stranger-reads": "fail"})
    finally:
        only_tls.stop()

    good = Etcd("good", mtls + ["--auto-tls=false"], scheme="https")
    try:
        expect("client_certificates_keep_strangers_out", good.audit("--probe-etcd"),
               {"etcd-tls": "pass", "etcd-client-cert-auth": "pass", "etcd-stranger-reads": "pass", "etcd-stranger-talks": "pass",
                "etcd-plain-secrets": "pass"})
    finally:
        good.stop()

    by_env = Etcd("env", tls + ["--trusted-ca-file", f"{DIR}/ca.crt"], env={"ETCD_CLIENT_CERT_AUTH": "true"}, scheme="https")
    try:
        found = by_env.audit()["etcd-client-cert-auth"]
        said = found["evidence"][0]
        TAP.ok(found["status"] == "pass" and said["from"] == "environment" and said["said_by"] == "ETCD_CLIENT_CERT_AUTH=true",
               "the_environment_of_the_process_counts_and_is_named", json.dumps(found))
    finally:
        by_env.stop()

    by_file = Etcd("file", env={"ETCD_CLIENT_CERT_AUTH": "false"}, scheme="https", config={
        "client-transport-security": {"cert-file": f"{DIR}/node.crt", "key-file": f"{DIR}/node.key", "client-cert-auth": True,
                                      "trusted-ca-file": f"{DIR}/ca.crt"}})
    try:
        found = by_file.audit("--probe-etcd")
        said = found["etcd-client-cert-auth"]["evidence"][0]
        TAP.ok(found["etcd-client-cert-auth"]["status"] == "pass" and said["from"] == "file" and said["file"].endswith("file.yaml") and
               found["etcd-stranger-reads"]["status"] == "pass", "a_configuration_file_counts_alone_and_is_named",
               json.dumps(found["etcd-client-cert-auth"]))
    finally:
        by_file.stop()


try:
    tests()
finally:
    shutil.rmtree(DIR, ignore_errors=True)
sys.exit(TAP.done())
