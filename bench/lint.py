#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What linting manifests costs: a tree of Deployments, Services, NetworkPolicies, roles and bindings is written below a temporary
directory and linted with all checks, time after time.

    bench/lint.py [--parka build/src/cli/parka] [--manifests 1000] [--rounds 7]

Prints the median of CPU and wall time over the rounds, the memory at its highest, and the same for an empty directory, which is what
starting and loading the checks costs. One core: the process is bound to it.
"""
import argparse
import os
import resource
import statistics
import subprocess
import tempfile
import time

DEPLOYMENT = """apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop-{n}
  namespace: team-{team}
  labels: {{app: shop-{n}, app.kubernetes.io/name: shop}}
spec:
  replicas: 3
  selector:
    matchLabels: {{app: shop-{n}}}
  template:
    metadata:
      labels: {{app: shop-{n}}}
    spec:
      serviceAccountName: shop
      securityContext:
        runAsUser: 1000
        seccompProfile: {{type: RuntimeDefault}}
      volumes:
      - name: tmp
        emptyDir: {{}}
      - name: host
        hostPath: {{path: /var/log}}
      containers:
      - name: web
        image: registry.example/shop:{n}
        env:
        - name: DB_HOST
          value: db
        - name: DB_PASSWORD
          valueFrom: {{secretKeyRef: {{name: db, key: password}}}}
        ports:
        - containerPort: 8080
        resources:
          limits: {{memory: 128Mi}}
        readinessProbe:
          httpGet: {{path: /ready, port: 8080}}
        volumeMounts:
        - name: tmp
          mountPath: /tmp
        securityContext:
          capabilities: {{drop: [ALL]}}
---
apiVersion: v1
kind: Service
metadata:
  name: shop-{n}
  namespace: team-{team}
spec:
  selector: {{app: shop-{n}}}
  ports:
  - port: 80
    targetPort: 8080
"""
OTHERS = """apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: all, namespace: team-{team}}}
spec: {{podSelector: {{}}, policyTypes: [Ingress, Egress]}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {{name: shop, namespace: team-{team}}}
roleRef: {{apiGroup: rbac.authorization.k8s.io, kind: Role, name: shop}}
subjects: [{{kind: ServiceAccount, name: shop}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: shop, namespace: team-{team}}}
rules: [{{apiGroups: [''], resources: [configmaps], verbs: [get, list]}}]
"""


def write_tree(path, n_manifests):
    for n in range(n_manifests):
        with open(os.path.join(path, f"shop-{n:05}.yaml"), "w", encoding="utf-8") as f:
            f.write(DEPLOYMENT.format(n=n, team=n // 20))
    for team in range((n_manifests + 19) // 20):
        with open(os.path.join(path, f"team-{team:05}.yaml"), "w", encoding="utf-8") as f:
            f.write(OTHERS.format(team=team))


def run(parka, path):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    process = subprocess.run([parka, "lint", "--json", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if process.returncode not in (0, 1, 3):
        raise SystemExit(f"parka lint ended with {process.returncode}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall, after.ru_maxrss / 1024


def measure(parka, path, rounds):
    results = [run(parka, path) for _ in range(rounds)]
    return [statistics.median(r[i] for r in results) for i in range(2)] + [max(r[2] for r in results)]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parka", default="build/src/cli/parka")
    parser.add_argument("--manifests", type=int, default=1000)
    parser.add_argument("--rounds", type=int, default=7)
    args = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    with tempfile.TemporaryDirectory() as empty, tempfile.TemporaryDirectory() as tree:
        write_tree(tree, args.manifests)
        base = measure(args.parka, empty, args.rounds)
        full = measure(args.parka, tree, args.rounds)
    print(f"nothing:          {base[0] * 1000:6.0f} ms CPU  {base[1] * 1000:6.0f} ms wall")
    print(f"{args.manifests:5} manifests:  {full[0] * 1000:6.0f} ms CPU  {full[1] * 1000:6.0f} ms wall  {full[2]:6.1f} MB")


if __name__ == "__main__":
    main()
