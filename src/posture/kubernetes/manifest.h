/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_KUBERNETES_MANIFEST_H
#define PARKA_POSTURE_KUBERNETES_MANIFEST_H
/*
 * Kubernetes manifests to records: YAML of one or many documents, JSON, lists of objects.
 *
 *     k8s.object -- what has a pod --> k8s.pod --> k8s.container (init, regular, ephemeral)
 *                -- Role, ClusterRole --> k8s.rule
 *                -- bindings --> k8s.subject --> k8s.grant, a rule of the bound role (after the last file)
 *
 * After the last file objects are brought together: what selects whom, which role a binding gives, which network policies a pod has.
 * Only objects that were read count: a cluster may have more of them.
 *
 * Waivers in the manifest: annotations of kube-linter (ignore-check.kube-linter.io/NAME, kube-linter.io/ignore-all), Checkov
 * (checkov.io/skipN: ID=reason), Polaris (polaris.fairwinds.com/NAME-exempt, .../exempt) and kube-score (kube-score/ignore); comments
 * `parka: ignore=ID reason`, `trivy:ignore:ID`, `checkov:skip=ID:reason` for the container or object that they stand in, above or
 * behind. Thread: one.
 */
#include "posture/kubernetes/nodes.h"
#include "posture/lint.h"

enum {
	MANIFEST_OBJECTS_MAX = 100 * 1000,       /* of one file */
	MANIFEST_LIST_DEPTH_MAX = 8,             /* lists in lists */
	MANIFEST_PARTS_MAX = 1000,               /* containers, volumes or annotations of one pod */
};

extern const struct posture_reader kubernetes_reader;

/* ---- for the files of this folder ---- */

/* What records point to by `own`. */
struct k8s_object {
	const struct yaml_node *node;            /* the object */
	const char *file, *kind, *api_version, *group, *name, *ns;   /* ns: NULL when not said; the others never NULL */
	struct posture_record *record;
	struct k8s_pod *pod;                     /* NULL: it has none */
	struct posture_record *first_rule;       /* of a role; n_rules of them follow each other */
	size_t n_rules;
	const char *exposed_by;                  /* of a service, after the last file: an ingress or route that leads to it; NULL */
	const char *scaled_by;                   /* of a workload, after the last file: an autoscaler; NULL */
};
struct k8s_pod {
	struct k8s_object *object;
	const struct yaml_node *node, *metadata; /* the pod's description and metadata; metadata may be NULL */
	const char *path;
	struct posture_record *record;
};
struct k8s_container {
	struct k8s_pod *pod;
	const struct yaml_node *node;
	const char *name, *path;
	struct posture_record *record;
	const char *const *command;              /* command and args */
	size_t n_command;
};

static inline struct k8s_object *k8s_object_of(const struct posture_record *record) { return (struct k8s_object *)(uintptr_t)record->own; }
static inline const struct k8s_pod *k8s_pod_of(const struct posture_record *record) { return record->own; }
static inline const struct k8s_container *k8s_container_of(const struct posture_record *record) { return record->own; }

/* The namespace that counts: default when nothing is said. */
const char *k8s_namespace(const struct k8s_object *object);

void k8s_read_pod(struct posture_set *set, struct k8s_object *object);           /* pod.c; does nothing for objects without */
void k8s_read_container(struct posture_set *set, struct k8s_pod *pod, const struct yaml_node *node, const char *path, const char *role);
void k8s_read_rights(struct posture_set *set, struct k8s_object *object);        /* rights.c */
void k8s_read_config(struct posture_set *set, struct k8s_object *object);        /* config.c: ConfigMaps, rules of network policies */
void k8s_read_waivers(struct posture_set *set, const struct posture_file *file, const struct posture_record *first);   /* waivers.c */
void k8s_link(struct posture_set *set);                                          /* links.c */
void k8s_link_rights(struct posture_set *set);                                   /* rights.c */

/* matchLabels and matchExpressions (or a plain map, as services have) against labels. An empty selector selects all. */
bool k8s_selects(const struct yaml_node *selector, const struct yaml_node *labels);
bool k8s_selects_plain(const struct yaml_node *map, const struct yaml_node *labels);

#endif
