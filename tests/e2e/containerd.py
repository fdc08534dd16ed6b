# SPDX-License-Identifier: Apache-2.0
"""A containerd of the tests' own (root, state and socket in a directory), images FROM scratch, and its CRI, spoken with messages
encoded here: Debian has no crictl."""
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import time

from harness import run

SETTINGS = """version = 2
root = "{base}/root"
state = "{base}/state"
[grpc]
  address = "{base}/containerd.sock"
[ttrpc]
  address = "{base}/containerd.sock.ttrpc"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  disable_tcp_service = true
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "native"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = {systemd}
"""


# ---- images ----

def add_blob(tar, data):
    digest = hashlib.sha256(data).hexdigest()
    add_file(tar, f"blobs/sha256/{digest}", data)
    return {"digest": "sha256:" + digest, "size": len(data)}


def add_file(tar, name, data, mode=0o644):
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), mode
    tar.addfile(entry, io.BytesIO(data))


def layer_of(programs):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name in ("bin", "etc", "proc", "sys", "dev", "tmp"):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o755
            tar.addfile(entry)
        with open(shutil.which("busybox"), "rb") as file:
            add_file(tar, "bin/busybox", file.read(), 0o755)
        for applet in programs:
            entry = tarfile.TarInfo("bin/" + applet)
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(entry)
        add_file(tar, "etc/passwd", b"root:x:0:0::/:/bin/sh\n")
    return out.getvalue()


def image_archive(path, name, labels=None):
    """An OCI archive (opencontainers/image-spec) with one layer of busybox. Returns the digests of its manifest and of its settings."""
    layer = layer_of(("sh", "sleep", "cat", "true"))
    config = {"architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/sleep", "100000"], "Labels": labels or {}},
              "rootfs": {"type": "layers", "diff_ids": ["sha256:" + hashlib.sha256(layer).hexdigest()]}}
    with tarfile.open(path, "w") as tar:
        add_file(tar, "oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        layer_ref = add_blob(tar, layer)
        config_ref = add_blob(tar, json.dumps(config).encode())
        manifest = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                    "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **config_ref},
                    "layers": [{"mediaType": "application/vnd.oci.image.layer.v1.tar", **layer_ref}]}
        manifest_ref = add_blob(tar, json.dumps(manifest).encode())
        index = {"schemaVersion": 2, "manifests": [{"mediaType": manifest["mediaType"], **manifest_ref,
                                                    "annotations": {"io.containerd.image.name": name}}]}
        add_file(tar, "index.json", json.dumps(index).encode())
    return manifest_ref["digest"], config_ref["digest"]


# ---- the daemon ----

class Containerd:
    """containerd with everything of its own below `base`."""

    def __init__(self, base, pause="docker.io/library/parka-pause:1", systemd=False):
        self.base = base
        self.socket = os.path.join(base, "containerd.sock")
        os.makedirs(base, exist_ok=True)
        self.settings = os.path.join(base, "config.toml")
        with open(self.settings, "w", encoding="ascii") as file:
            file.write(SETTINGS.format(base=base, pause=pause, systemd="true" if systemd else "false"))
        self.process = None

    def start(self):
        """None, or why it does not run."""
        if not shutil.which("ctr") or not shutil.which("containerd"):
            return "containerd is not installed"
        if not shutil.which("busybox"):
            return "busybox-static is not installed"
        with open(os.path.join(self.base, "log"), "ab") as log:
            self.process = subprocess.Popen(["containerd", "--config", self.settings], stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, start_new_session=True)
        for _ in range(100):
            if self.ctr("version").returncode == 0:
                return None
            time.sleep(0.2)
        self.stop()
        return "containerd does not answer"

    def ctr(self, *arguments, namespace="default", timeout=60):
        return run("ctr", "-a", self.socket, "-n", namespace, *arguments, timeout=timeout)

    def import_image(self, name, namespace="default", labels=None):
        path = os.path.join(self.base, "image.tar")
        digests = image_archive(path, name, labels)
        done = self.ctr("images", "import", "--snapshotter", "native", "--digests", path, namespace=namespace)
        if done.returncode != 0:
            raise RuntimeError("ctr images import: " + done.stderr.strip())
        return digests

    def remove_containers(self, namespace="default"):
        for name in self.ctr("tasks", "ls", "-q", namespace=namespace).stdout.split():
            self.ctr("tasks", "rm", "-f", name, namespace=namespace)
        for name in self.ctr("containers", "ls", "-q", namespace=namespace).stdout.split():
            self.ctr("containers", "rm", name, namespace=namespace)

    def stop(self):
        if self.process and self.process.poll() is None:
            try:
                for namespace in self.ctr("namespaces", "ls", "-q").stdout.split():
                    self.remove_containers(namespace)
            except subprocess.TimeoutExpired:
                print("# a container cannot be removed", file=sys.stderr)
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


# ---- protobuf, as much as these messages need ----

def varint(number):
    out = bytearray()
    while number > 0x7f:
        out.append(number & 0x7f | 0x80)
        number >>= 7
    return bytes(out + bytes([number]))


def message(fields):
    """{number: int | str | bytes | dict (a message) | list of these}; maps of texts are given as text_map()."""
    out = b""
    for number, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, int):
                out += varint(number << 3) + varint(one)
            else:
                data = message(one) if isinstance(one, dict) else one.encode() if isinstance(one, str) else one
                out += varint(number << 3 | 2) + varint(len(data)) + data
    return out


def text_map(pairs):
    return [{1: key, 2: value} for key, value in (pairs or {}).items()]


def parse(data):
    """{number: [values]}: numbers as int, the rest as bytes."""
    fields, at = {}, 0

    def number():
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7f) << shift
            shift += 7
            if not byte & 0x80:
                return value

    while at < len(data):
        key = number()
        if key & 7 == 0:
            value = number()
        else:
            size = number()
            value = data[at:at + size]
            at += size
        fields.setdefault(key >> 3, []).append(value)
    return fields


# ---- the CRI (kubernetes/cri-api, runtime/v1/api.proto: the numbers of the fields) ----

NODE = 2   # NamespaceMode: of the host


def cri_missing():
    if not find_grpc():
        return "python3-grpcio is not installed"
    return None


def find_grpc():
    """Debian's own python3 has it; another python3 that comes first in PATH may borrow it when it is the same version."""
    try:
        import grpc
    except ImportError:
        if "/usr/lib/python3/dist-packages" in sys.path:
            return None
        sys.path.append("/usr/lib/python3/dist-packages")
        return find_grpc()
    return grpc


class Cri:
    def __init__(self, socket):
        self.channel = find_grpc().insecure_channel("unix://" + socket)

    def call(self, method, fields, timeout=60):
        call = self.channel.unary_unary("/runtime.v1.RuntimeService/" + method, request_serializer=message, response_deserializer=parse)
        return call(fields, timeout=timeout)

    @staticmethod
    def pod(name, namespace, uid, labels=None, annotations=None, cgroup_parent=""):
        return {1: {1: name, 2: uid, 3: namespace}, 6: text_map(labels), 7: text_map(annotations),
                8: {1: cgroup_parent, 2: {1: {1: NODE}}}}

    def run_pod(self, pod):
        return self.call("RunPodSandbox", {1: pod})[1][0].decode()

    def create(self, sandbox, pod, name, image, command, labels=None, annotations=None):
        config = {1: {1: name}, 2: {1: image}, 3: command, 9: text_map(labels), 10: text_map(annotations),
                  15: {2: {3: {1: NODE}}}}
        return self.call("CreateContainer", {1: sandbox, 2: config, 3: pod})[1][0].decode()

    def start(self, container):
        self.call("StartContainer", {1: container})

    def exec(self, container, command):
        return self.call("ExecSync", {1: container, 2: command, 3: 20}).get(3, [0])[0]

    def remove_pod(self, sandbox):
        self.call("StopPodSandbox", {1: sandbox})
        self.call("RemovePodSandbox", {1: sandbox})
