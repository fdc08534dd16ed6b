# SPDX-License-Identifier: Apache-2.0
"""Images: a real dockerd with a store of its own, an image built in it, and the same image as parka sees it in the store, in an archive
of docker save (plain and compressed) and as an OCI layout; compared with docker inspect and docker export."""
import gzip
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time

from harness import Tap, find_parka, run, skip_all

PARKA = find_parka()
if not PARKA:
    skip_all("parka is not built")
if os.geteuid() != 0:
    skip_all("dockerd needs root")
if not shutil.which("dockerd") or not shutil.which("docker") or not shutil.which("busybox"):
    skip_all("docker.io or busybox-static is not installed (scripts/deps.sh test)")

TAP = Tap()
DIR = tempfile.mkdtemp(prefix="parka-img-")
HOST = f"unix://{DIR}/docker.sock"
KEY = "-----BEGIN RSA PRIVATE KEY-----\n" + "MIIEpAIBAAKCAQEA" * 20 + "\n-----END RSA PRIVATE KEY-----\n"
DOCKERFILE = """FROM scratch
COPY root /
ENV DB_PASSWORD=hunter22 PATH=/bin
RUN ["/bin/busybox", "rm", "-r", "/root/.ssh", "/srv/old"]
RUN ["/bin/busybox", "chmod", "4755", "/bin/set-id", "/bin/was-set-id"]
RUN ["/bin/busybox", "chmod", "2755", "/bin/set-group"]
RUN ["/bin/busybox", "chmod", "0755", "/bin/was-set-id"]
ADD more /more
EXPOSE 22
LABEL team=shop
USER app
HEALTHCHECK CMD ["/bin/busybox", "true"]
"""


def docker(*args, **more):
    return run("docker", "-H", HOST, *args, timeout=180, **more)


def daemon_start():
    log = open(os.path.join(DIR, "dockerd.log"), "wb")
    daemon = subprocess.Popen(["dockerd", "--data-root", f"{DIR}/data", "--exec-root", f"{DIR}/exec", "-H", HOST, "-p", f"{DIR}/docker.pid",
                               "--iptables=false", "--ip6tables=false", "--bridge=none", "--storage-driver=overlay2"],
                              stdout=log, stderr=log, stdin=subprocess.DEVNULL)
    for _ in range(200):
        if docker("version").returncode == 0:
            return daemon
        if daemon.poll() is not None:
            break
        time.sleep(0.2)
    return daemon


def context_make():
    root = os.path.join(DIR, "context", "root")
    for directory in ("bin", "etc", "root/.ssh", "srv/old", "open"):
        os.makedirs(os.path.join(root, directory))
    shutil.copy(shutil.which("busybox"), os.path.join(root, "bin/busybox"))
    texts = {"etc/passwd": "root:x:0:0::/:/bin/sh\napp:x:7:7::/:/bin/sh\n", "etc/shadow": "root::1::::::\n", "root/.ssh/id_rsa": KEY,
             "root/.npmrc": "//r/:_authToken=abcdefgh\n", "srv/old/a": "a", "srv/kept.pem": KEY, "bin/set-id": "x", "bin/was-set-id": "x",
             "bin/set-group": "x"}
    for name, text in texts.items():
        with open(os.path.join(root, name), "w", encoding="ascii") as file:
            file.write(text)
    for name in ("bin/set-id", "bin/was-set-id", "bin/set-group"):
        os.chmod(os.path.join(root, name), 0o755)        # Docker's COPY drops set-id bits: they are set in the image
    os.chmod(os.path.join(root, "open"), 0o777)
    os.makedirs(os.path.join(DIR, "context", "more"))
    with open(os.path.join(DIR, "context", "more", "Dockerfile"), "w", encoding="ascii") as file:
        file.write("FROM scratch\n")
    with open(os.path.join(DIR, "context", "Dockerfile"), "w", encoding="ascii") as file:
        file.write(DOCKERFILE)


def image_build():
    """The older builder: BuildKit needs a plug-in that Debian does not have."""
    env = dict(os.environ, DOCKER_BUILDKIT="0")
    done = subprocess.run(["docker", "-H", HOST, "build", "--network", "none", "-t", "shop:1", os.path.join(DIR, "context")], env=env,
                          capture_output=True, text=True, timeout=180, check=False)
    return None if done.returncode == 0 else (done.stderr + done.stdout).strip()[-300:]


def findings(*command):
    """{(check, what it is of): evidence} of the image shop:1."""
    report = json.loads(run(PARKA, *command, "--json", "--fail-on", "none", timeout=120).stdout)
    found = {}
    for finding in report["findings"]:
        if "shop:1" in json.dumps(finding):
            evidence = {e["field"]: e.get("value") for e in finding.get("evidence", [])}
            found[(finding["check"], evidence.get("imagefile.path") or evidence.get("imagestep.text") or "")] = (finding, evidence)
    return found


def exported(mode_test):
    """Paths of a container's files by Docker's own account."""
    docker("create", "--name", "probe", "shop:1", "/bin/busybox", check=True)
    data = subprocess.run(["docker", "-H", HOST, "export", "probe"], capture_output=True, timeout=120, check=True).stdout
    docker("rm", "probe")
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return sorted("/" + m.name.rstrip("/") for m in tar if mode_test(m))


def layout_make(archive):
    """The layers and the configuration of an archive of docker save as an OCI layout, layers compressed."""
    layout = os.path.join(DIR, "layout")
    os.makedirs(os.path.join(layout, "blobs", "sha256"))

    def blob(data, kind):
        digest = hashlib.sha256(data).hexdigest()
        with open(os.path.join(layout, "blobs", "sha256", digest), "wb") as file:
            file.write(data)
        return {"mediaType": kind, "digest": "sha256:" + digest, "size": len(data)}

    with tarfile.open(archive) as tar:
        def read(name):
            return tar.extractfile(name).read()      # through links, too
        item = json.loads(read("manifest.json"))[0]
        manifest = {"schemaVersion": 2, "config": blob(read(item["Config"]), "application/vnd.oci.image.config.v1+json"),
                    "layers": [blob(gzip.compress(read(name)), "application/vnd.oci.image.layer.v1.tar+gzip") for name in item["Layers"]]}
    top = blob(json.dumps(manifest).encode(), "application/vnd.oci.image.manifest.v1+json")
    top["annotations"] = {"org.opencontainers.image.ref.name": "shop:1"}
    for name, document in (("index.json", {"schemaVersion": 2, "manifests": [top]}), ("oci-layout", {"imageLayoutVersion": "1.0.0"})):
        with open(os.path.join(layout, name), "w", encoding="utf-8") as file:
            json.dump(document, file)
    return layout


def listed(evidence):
    if isinstance(evidence, str):
        evidence = evidence.strip("()").split(",")
    return sorted(evidence)


def test_store():
    found = findings("audit", "images")
    checks = {check for check, _ in found}
    removed, kept = found.get(("image-secret-removed-file", "/root/.ssh/id_rsa")), found.get(("image-secret-file", "/srv/kept.pem"))
    TAP.ok(removed and kept, "keys_are_found_in_the_layers_of_dockers_store_also_when_removed", sorted(found))
    TAP.ok(("image-secret-file", "/root/.npmrc") in found, "tokens_are_found_by_their_files")
    TAP.ok({"image-secret-env", "image-ssh-port", "image-empty-password", "image-add", "image-needless-files"} <= checks,
           "configuration_and_history_are_judged", sorted(checks))
    TAP.ok("image-healthcheck" not in checks and "image-root-user" not in checks and "image-not-whole" not in checks,
           "what_is_as_it_should_be_is_no_finding", sorted(checks))
    TAP.ok("hunter22" not in run(PARKA, "audit", "images", "--json", "-v").stdout, "values_of_secrets_are_never_told")
    inspect = json.loads(docker("inspect", "shop:1").stdout)[0]
    TAP.ok(removed and str(removed[1].get("imagefile.layer")) == "1" and len(inspect["RootFS"]["Layers"]) >= 4,
           "the_layer_of_a_file_is_the_one_of_docker_inspect", removed)
    return found


def test_export(found):
    set_id = exported(lambda m: m.isfile() and m.mode & 0o6000 and m.mode & 0o111)
    seen = found.get(("image-set-id-files", ""), (None, {}))[1].get("image.set_id_files", [])
    TAP.ok(listed(seen) == set_id == ["/bin/set-group", "/bin/set-id"], "set_id_files_are_those_of_docker_export", (seen, set_id))
    writable = exported(lambda m: (m.isfile() or (m.isdir() and not m.mode & 0o1000)) and m.mode & 0o002)
    seen = found.get(("image-world-writable", ""), (None, {}))[1].get("image.world_writable", [])
    TAP.ok(listed(seen) == writable and "/open" in writable, "writable_directories_are_those_of_docker_export", (seen, writable))


def test_saved(found):
    archive = os.path.join(DIR, "shop.tar")
    docker("save", "-o", archive, "shop:1", check=True)
    with open(archive, "rb") as source, gzip.open(archive + ".gz", "wb", 1) as target:
        shutil.copyfileobj(source, target)
    TAP.ok(set(findings("lint", archive)) == set(found), "an_archive_of_docker_save_gives_the_same_findings",
           set(findings("lint", archive)) ^ set(found))
    TAP.ok(set(findings("lint", archive + ".gz")) == set(found), "so_does_a_compressed_one")
    layout = layout_make(archive)
    TAP.ok(set(findings("lint", layout)) == set(found),
           "so_does_an_oci_layout_of_its_layers", set(findings("lint", layout)) ^ set(found))


def test_time():
    begin = time.monotonic()
    done = run("/usr/bin/env", "time", "-f", "%M", PARKA, "audit", "images", "--fail-on", "none") if shutil.which("time") else \
        run(PARKA, "audit", "images", "--fail-on", "none")
    took = time.monotonic() - begin
    print(f"# audit docker-images took {took * 1000:.0f} ms, {done.stderr.strip().splitlines()[-1:]} KiB", flush=True)
    TAP.ok(took < 5, "an_audit_of_few_images_takes_no_seconds", took)


daemon = daemon_start()
try:
    context_make()
    why = image_build()
    if why:
        skip_all(f"no image could be built: {why}")
    found = test_store()
    test_export(found)
    test_saved(found)
    test_time()
finally:
    daemon.terminate()
    daemon.wait(30)
    shutil.rmtree(DIR, ignore_errors=True)
sys.exit(TAP.done())
