/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_KUBERNETES_NODES_H
#define PARKA_POSTURE_KUBERNETES_NODES_H
/*
 * From nodes of a YAML document to values of records, each with its line, column and the path that leads to it. What a scalar means is
 * what the API server would make of it: kubectl turns YAML into JSON with the words of YAML 1.1 (sigs.k8s.io/yaml), so `privileged: yes` is
 * true; a value of another type than the field's would be refused, and is unknown here. Thread: one.
 */
#include "base/yaml.h"
#include "posture/record.h"

enum { NODES_PATH_MAX = 1000, NODES_LIST_MAX = 10 * 1000 };

/* A node, the record that its values go to, and where it is. */
struct nodes_base {
	struct posture_set *set;
	struct posture_record *record;
	const char *file;
	const struct yaml_node *node;    /* NULL: there is none */
	const char *path;                /* "spec.template.spec"; "" at the top */
};

enum nodes_type {
	NODES_TEXT,              /* a scalar as it is written */
	NODES_BOOL, NODES_INT,
	NODES_TEXTS,             /* the scalars of a sequence */
	NODES_NAMES,             /* the `name` of each item of a sequence */
	NODES_KEYS,              /* the keys of a mapping */
	NODES_SAYS,              /* BOOL field: whether there is a mapping that is not empty */
};

/* A row of a table: which field takes its value from where below the base. */
struct nodes_row {
	enum model_field_id field;
	enum nodes_type type;
	const char *path;        /* "securityContext.privileged" */
};

void nodes_take(const struct nodes_base *base, const struct nodes_row *rows, size_t n);

/* By a path of keys ("a.b"): NULL when there is none or it is null. */
const struct yaml_node *nodes_get(const struct yaml_node *node, const char *path);
const char *nodes_text(const struct yaml_node *node, const char *path);           /* NULL: no scalar */
/* Only those written as true (or yes, on): what is not there or not a truth value is not. */
bool nodes_is_true(const struct yaml_node *node, const char *path);
bool nodes_bool(const struct yaml_node *scalar, bool *ret);
bool nodes_int(const struct yaml_node *scalar, int64_t *ret);

const char *nodes_path(struct posture_set *set, const char *path, const char *key);        /* "path.key" */
const char *nodes_path_index(struct posture_set *set, const char *path, size_t i);         /* "path[i]" */
/* A path without empty, . and .. components: what it leads to when no symbolic links are on the way. */
const char *nodes_clean_path(struct posture_set *set, const char *path);
struct posture_place nodes_place(const struct nodes_base *base, const struct yaml_node *node, const char *path);

/* A list that grows in the set's arena. */
struct nodes_list {
	const char **texts;
	size_t n, room;
};
void nodes_list_add(struct posture_set *set, struct nodes_list *list, const char *text);
bool nodes_list_has(const struct nodes_list *list, const char *text);
/* Does nothing when the list is empty. */
struct posture_value *nodes_list_set(struct posture_record *record, enum model_field_id field, const struct nodes_list *list);

/* What `FIELD[path]` asks of a node: keys joined by '.', '*' for every item or value, numbers for items. The first scalar with its place
 * (is_list: all of them), in the scratch arena; NULL: there is none. A mapping or sequence counts as a value: its text is "". */
const struct posture_value *nodes_ask(const char *file, const struct yaml_node *node, const char *path, bool is_list, struct arena *scratch);
/* The scalar below a key that may hold dots. */
const struct posture_value *nodes_ask_key(const char *file, const struct yaml_node *mapping, const char *key, struct arena *scratch);
/* A text as a value in the scratch arena; NULL stays NULL. */
const struct posture_value *nodes_said(const char *file, const struct yaml_node *node, const char *text, struct arena *scratch);
/* The text of the scalar below a key that may hold dots; NULL: there is none. */
const char *nodes_text_of_key(const struct yaml_node *mapping, const char *key);

#endif
