/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_NODE_COMPONENT_H
#define PARKA_POSTURE_NODE_COMPONENT_H
/*
 * The programs that make a Kubernetes node or control plane, and what each of their options is: kube-apiserver,
 * kube-controller-manager, kube-scheduler, kubelet, kube-proxy, etcd.
 *
 *     processes (/proc), static pods (/etc/kubernetes/manifests) --> struct node_component: its command line
 *     command line, configuration file and drop-ins, environment, defaults --> node_option(): the value that holds, and who said it
 *
 * Which wins: for the kubelet and kube-proxy a flag over the configuration file (the kubelet's drop-ins over its file, later names over
 * earlier ones); for etcd the configuration file is all there is when --config-file is given, else a flag over ETCD_* in the
 * environment (etcd: Documentation/op-guide/configuration.md). A file that cannot be read makes what it could say unknown.
 *
 * Thread: one.
 */
#include "base/yaml.h"
#include "posture/record.h"

enum {
	NODE_FILE_BYTES_MAX = 1 << 20,       /* of a configuration file or manifest */
	NODE_ARGS_MAX = 4096,                /* words of a command line */
	NODE_COMPONENTS_MAX = 64,
	NODE_DROP_INS_MAX = 64,
};

struct node_word { const char *text; struct posture_place place; };

struct node_config { const struct yaml_node *doc; const char *file; };

struct node_component {
	const char *name;                /* "kube-apiserver" */
	unsigned pid;                    /* 0: not running, known by its manifest */
	const char *root;                /* where its files are: "/proc/123/root", "" */
	const char *manifest;            /* its static pod; NULL */
	struct node_word *words;         /* command line, program first */
	size_t n_words;
	const char *environment;         /* NAME=value, NUL, ..., two NULs; NULL: could not be read */
	const char *environment_error;
	struct node_config configs[NODE_DROP_INS_MAX + 1];   /* later ones win */
	size_t n_configs;
	const char *config_path;         /* as named on the command line; NULL: none is */
	const char *config_error;        /* why it could not be read */
};

/* Every component of this node. What cannot be read is a problem of the set. */
size_t node_components_find(struct posture_set *set, struct node_component *ret_components, size_t max);

/* What a container of a manifest would run; false when it is none of the components. Its configuration file is not read. */
bool node_component_of_container(struct posture_set *set, const struct yaml_node *container, const char *path,
				 struct node_component *ret_component);

/* A flag's last value, --name=value or --name value; NULL. A switch without a value is "true". Both "-" and "--". */
const struct node_word *node_flag(const struct node_component *component, const char *name, const char **ret_value);

/* The value of an option under its flag's name; with it where it comes from. In the arena. NULL: nobody said it and it has no
 * default. */
const struct posture_value *node_option(const struct node_component *component, const char *name, struct arena *arena);

/* Below the component's own root, so that a path in a container's namespace is the file that it reads. */
const char *node_path(struct posture_set *set, const struct node_component *component, const char *path);

/* "4h0m0s", "30", "1.5h" in seconds; bytes and plain numbers as they are. False when it is no number. */
bool node_number(const char *text, int64_t *ret);

#endif
