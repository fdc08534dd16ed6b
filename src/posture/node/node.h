/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_NODE_NODE_H
#define PARKA_POSTURE_NODE_NODE_H
/*
 * The Kubernetes node and control plane of this machine, and its etcd, as records: components with their options (component.h), the
 * files that they trust, the encryption configuration and the audit policy. Thread: one.
 */
#include "posture/audit.h"
#include "posture/node/component.h"

extern const struct posture_collector node_collector;

/* A node.component record; the component must live as long as the set. */
struct posture_record *node_component_record(struct posture_set *set, const struct node_component *component);
/* node.file records of what the components trust. */
void node_files_collect(struct posture_set *set, const struct node_component *components, size_t n);
/* node.encryption and node.audit-policy records of a kube-apiserver. */
void node_policies_collect(struct posture_set *set, const struct node_component *component, const struct posture_record *record);
/* Ask a running etcd what it lets a stranger do; only reads. Up to some seconds. */
void node_etcd_probe(struct posture_record *record, const struct node_component *component);

#endif
