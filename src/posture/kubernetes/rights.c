/* SPDX-License-Identifier: Apache-2.0 */
/* RBAC: rules of roles, subjects of bindings, and what each subject has by which role (rbac.authorization.k8s.io/v1). */
#include "base/map.h"
#include "posture/kubernetes/manifest.h"

#include <string.h>
#include <strings.h>

enum { RIGHTS_GRANTS_MAX = 200 * 1000, RIGHTS_OF_ROLE_MAX = 2000 };

static const struct nodes_row rule_rows[] = {
	{ MODEL_F_RULE_API_GROUPS, NODES_TEXTS, "apiGroups" },
	{ MODEL_F_RULE_RESOURCES, NODES_TEXTS, "resources" },
	{ MODEL_F_RULE_VERBS, NODES_TEXTS, "verbs" },
	{ MODEL_F_RULE_RESOURCE_NAMES, NODES_TEXTS, "resourceNames" },
	{ MODEL_F_RULE_URLS, NODES_TEXTS, "nonResourceURLs" },
};
static const struct nodes_row subject_rows[] = {
	{ MODEL_F_SUBJECT_KIND, NODES_TEXT, "kind" },
	{ MODEL_F_SUBJECT_NAME, NODES_TEXT, "name" },
};
static const struct nodes_row role_rows[] = {
	{ MODEL_F_SUBJECT_ROLE_KIND, NODES_TEXT, "roleRef.kind" },
	{ MODEL_F_SUBJECT_ROLE, NODES_TEXT, "roleRef.name" },
};

static bool is_role(const struct k8s_object *o) { return strcmp(o->kind, "Role") == 0 || strcmp(o->kind, "ClusterRole") == 0; }

static void read_rules(struct posture_set *set, struct k8s_object *o)
{
	const struct yaml_node *rules = nodes_get(o->node, "rules");

	for (size_t i = 0; rules && rules->kind == YAML_SEQUENCE && i < rules->n; i++) {
		struct nodes_base base = { .set = set, .file = o->file, .node = rules->items[i], .path = nodes_path_index(set, "rules", i) };

		base.record = posture_record_new(set, MODEL_KIND_K8S_RULE, o->record,
						 posture_printf(set, "%s rule %zu", o->record->name, i + 1),
						 nodes_place(&base, rules->items[i], base.path));
		base.record->own = rules->items[i];
		o->first_rule = o->first_rule ? o->first_rule : base.record;
		o->n_rules++;
		nodes_take(&base, rule_rows, ARRAY_LEN(rule_rows));
	}
}

static void add_rights(struct posture_set *set, const struct yaml_node *rule, struct nodes_list *rights)
{
	const struct yaml_node *verbs = nodes_get(rule, "verbs"), *resources = nodes_get(rule, "resources");

	if (!verbs || !resources || verbs->kind != YAML_SEQUENCE || resources->kind != YAML_SEQUENCE)
		return;
	for (size_t v = 0; v < verbs->n; v++)
		for (size_t r = 0; r < resources->n && rights->n < RIGHTS_OF_ROLE_MAX; r++)
			if (yaml_text(verbs->items[v]) && yaml_text(resources->items[r]))
				nodes_list_add(set, rights, posture_printf(set, "%s %s", yaml_text(verbs->items[v]), yaml_text(resources->items[r])));
}

static void read_rights(struct posture_set *set, struct k8s_object *o)
{
	const struct yaml_node *rules = nodes_get(o->node, "rules");
	struct nodes_list rights = { 0 };

	for (size_t i = 0; rules && rules->kind == YAML_SEQUENCE && i < rules->n; i++)
		add_rights(set, rules->items[i], &rights);
	if (rights.n > 0)
		posture_at(nodes_list_set(o->record, MODEL_F_OBJECT_RIGHTS, &rights),
			   (struct posture_place){ .file = o->file, .line = rules->line, .column = rules->column, .path = "rules" });
}

static void read_subjects(struct posture_set *set, struct k8s_object *o)
{
	const struct yaml_node *subjects = nodes_get(o->node, "subjects");

	for (size_t i = 0; subjects && subjects->kind == YAML_SEQUENCE && i < subjects->n; i++) {
		const struct yaml_node *node = subjects->items[i];
		const char *kind = nodes_text(node, "kind"), *name = nodes_text(node, "name"), *ns = nodes_text(node, "namespace");
		struct nodes_base base = { .set = set, .file = o->file, .node = node, .path = nodes_path_index(set, "subjects", i) };

		base.record = posture_record_new(set, MODEL_KIND_K8S_SUBJECT, o->record,
						 posture_printf(set, "%s subject %s %s", o->record->name, kind ? kind : "", name ? name : ""),
						 nodes_place(&base, node, base.path));
		base.record->own = o;
		nodes_take(&base, subject_rows, ARRAY_LEN(subject_rows));
		if (ns || (kind && strcmp(kind, "ServiceAccount") == 0))
			posture_set_text(base.record, MODEL_F_SUBJECT_NAMESPACE, ns ? ns : k8s_namespace(o));
		base.node = o->node;
		base.path = "";
		nodes_take(&base, role_rows, ARRAY_LEN(role_rows));
	}
}

void k8s_read_rights(struct posture_set *set, struct k8s_object *o)
{
	if (is_role(o)) {
		read_rules(set, o);
		read_rights(set, o);
	} else if (strcasecmp(o->kind, "RoleBinding") == 0 || strcasecmp(o->kind, "ClusterRoleBinding") == 0) {
		read_subjects(set, o);
	}
}

/* ---- after the last file ---- */

static const char *role_key(struct posture_set *set, const char *kind, const char *ns, const char *name)
{
	return strcmp(kind, "ClusterRole") == 0 ? posture_printf(set, "ClusterRole//%s", name) : posture_printf(set, "Role/%s/%s", ns, name);
}

/* A grant has the values of the rule, not copies: rules can be long, and bound many times. */
static void add_grants(struct posture_set *set, struct posture_record *subject, const struct k8s_object *role, size_t *n)
{
	const struct posture_record *rule = role->first_rule;

	for (size_t i = 0; i < role->n_rules && ++*n <= RIGHTS_GRANTS_MAX; i++, rule = rule->next) {
		struct posture_record *grant = posture_record_new(set, MODEL_KIND_K8S_GRANT, subject,
								  posture_printf(set, "%s by %s", subject->name, rule->name), subject->place);

		for (const struct posture_value *v = rule->values; v; v = v->next) {
			struct posture_value *copy = posture_set_unset(grant, v->field);

			copy->state = v->state;
			copy->value = v->value;
			copy->note = v->note;
			copy->place = v->place;
		}
	}
}

void k8s_link_rights(struct posture_set *set)
{
	struct map roles = MAP_INIT;
	size_t n = 0;

	for (struct posture_record *r = set->first[MODEL_KIND_K8S_OBJECT]; r; r = r->next) {
		const struct k8s_object *o = k8s_object_of(r);
		const char *key = is_role(o) ? role_key(set, o->kind, k8s_namespace(o), o->name) : NULL;

		if (key)
			map_put(&roles, key, strlen(key), r);
	}
	for (struct posture_record *s = set->first[MODEL_KIND_K8S_SUBJECT]; s; s = s->next) {
		const struct k8s_object *binding = s->own;
		const char *kind = nodes_text(binding->node, "roleRef.kind"), *name = nodes_text(binding->node, "roleRef.name");
		const char *key = kind && name ? role_key(set, kind, k8s_namespace(binding), name) : "";
		struct posture_record *role = map_get(&roles, key, strlen(key));

		posture_said(posture_set_bool(s, MODEL_F_SUBJECT_ROLE_IS_KNOWN, role), POSTURE_FROM_COMPUTED, NULL);
		if (role)
			add_grants(set, s, k8s_object_of(role), &n);
	}
	if (n > RIGHTS_GRANTS_MAX)
		posture_problem(set, MODEL_LAYER_ORCHESTRATOR, (struct posture_place){ 0 },
				"more than %d rules are given by bindings; the rest is not judged", RIGHTS_GRANTS_MAX);
	map_done(&roles);
}
