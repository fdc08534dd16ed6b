/* SPDX-License-Identifier: Apache-2.0 */
/* Encryption at rest and the audit policy of a kube-apiserver, evaluated as it does itself. */
#include "posture/node/node.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { NAMES_MAX = 256 };

static struct yaml_file *read_named(struct posture_set *set, const struct node_component *c, const struct posture_value *path, struct err *err)
{
	const char *text_path = path->value.text;
	struct yaml_file *file;
	size_t len;
	char *text;

	if (posture_read(set, node_path(set, c, text_path), NODE_FILE_BYTES_MAX, &text, &len, err) < 0 ||
	    yaml_parse(&set->arena, text, len, text_path, &file, err) < 0)
		return NULL;
	if (file->n_docs)
		return file;
	err_set(err, -EBADMSG, "%s is empty", text_path);
	return NULL;
}

/* ---- encryption (kubernetes.io/docs/tasks/administer-cluster/encrypt-data) ---- */

/* "secrets", "*." (the core group), "*.*" cover Secrets. */
static bool covers_secrets(const struct yaml_node *resources)
{
	for (size_t i = 0; resources && resources->kind == YAML_SEQUENCE && i < resources->n; i++)
		if (yaml_is(resources->items[i], "secrets") || yaml_is(resources->items[i], "*.") || yaml_is(resources->items[i], "*.*"))
			return true;
	return false;
}

static size_t add_texts(const struct yaml_node *list, const char **texts, size_t n)
{
	for (size_t i = 0; list && list->kind == YAML_SEQUENCE && i < list->n && n < NAMES_MAX; i++)
		if (yaml_text(list->items[i]))
			texts[n++] = yaml_text(list->items[i]);
	return n;
}

static void set_providers(struct posture_record *r, const struct yaml_node *entry, const char *file)
{
	const struct yaml_node *list = yaml_get(entry, "providers");
	const char *names[NAMES_MAX];
	size_t n = 0;

	for (size_t i = 0; list && list->kind == YAML_SEQUENCE && i < list->n && n < NAMES_MAX; i++)
		if (list->items[i]->kind == YAML_MAPPING && list->items[i]->n)
			names[n++] = yaml_text(list->items[i]->pairs[0].key) ? yaml_text(list->items[i]->pairs[0].key) : "?";
	posture_set_texts(r, MODEL_F_ENCRYPTION_PROVIDERS, names, n);
	if (n)
		posture_at(posture_set_text(r, MODEL_F_ENCRYPTION_FIRST, names[0]),
			   (struct posture_place){ .file = file, .line = list->line, .column = list->column });
}

static void collect_encryption(struct posture_set *set, const struct node_component *c, const struct posture_record *parent)
{
	const struct posture_value *path = node_option(c, "encryption-provider-config", &set->arena);
	const char *names[NAMES_MAX];
	const struct yaml_node *list;
	struct err err = ERR_INIT;
	struct posture_record *r;
	struct yaml_file *file;
	bool found = false;
	size_t n = 0;

	if (!path || path->state != MODEL_SET)
		return;
	r = posture_record_new(set, MODEL_KIND_NODE_ENCRYPTION, parent, "encryption configuration",
			       (struct posture_place){ .file = path->value.text });
	file = read_named(set, c, path, &err);
	if (!file) {
		const char *why = posture_printf(set, "%s", err.text);

		posture_set_unknown(r, MODEL_F_ENCRYPTION_PROVIDERS, why);
		posture_set_unknown(r, MODEL_F_ENCRYPTION_FIRST, why);
		posture_set_unknown(r, MODEL_F_ENCRYPTION_RESOURCES, why);
		return;
	}
	list = yaml_get(file->docs[0], "resources");
	for (size_t i = 0; list && list->kind == YAML_SEQUENCE && i < list->n; i++) {
		const struct yaml_node *resources = yaml_get(list->items[i], "resources");

		n = add_texts(resources, names, n);
		if (!found && covers_secrets(resources)) {   /* the first entry that names them counts */
			found = true;
			set_providers(r, list->items[i], path->value.text);
		}
	}
	posture_set_texts(r, MODEL_F_ENCRYPTION_RESOURCES, names, n);
}

/* ---- audit policy (kubernetes apiserver/pkg/audit/policy/checker.go: the first rule that matches decides) ---- */

struct request { const char *what, *verb, *group, *resource, *subresource; bool has_secrets; };

static const struct request requests[] = {
	{ "get secrets", "get", "", "secrets", "", true },
	{ "list secrets", "list", "", "secrets", "", true },
	{ "create secrets", "create", "", "secrets", "", true },
	{ "create serviceaccounts/token", "create", "", "serviceaccounts", "token", true },
	{ "create tokenreviews", "create", "authentication.k8s.io", "tokenreviews", "", true },
	{ "create pods", "create", "", "pods", "", false },
	{ "create pods/exec", "create", "", "pods", "exec", false },
	{ "get pods/exec", "get", "", "pods", "exec", false },
	{ "create pods/attach", "create", "", "pods", "attach", false },
	{ "create pods/portforward", "create", "", "pods", "portforward", false },
	{ "update pods/ephemeralcontainers", "update", "", "pods", "ephemeralcontainers", false },
	{ "create daemonsets", "create", "apps", "daemonsets", "", false },
	{ "create clusterrolebindings", "create", "rbac.authorization.k8s.io", "clusterrolebindings", "", false },
	{ "create rolebindings", "create", "rbac.authorization.k8s.io", "rolebindings", "", false },
	{ "update clusterroles", "update", "rbac.authorization.k8s.io", "clusterroles", "", false },
	{ "update configmaps", "update", "", "configmaps", "", true },
	{ "update certificatesigningrequests/approval", "update", "certificates.k8s.io", "certificatesigningrequests", "approval", false },
	{ "create mutatingwebhookconfigurations", "create", "admissionregistration.k8s.io", "mutatingwebhookconfigurations", "", false },
	{ "get nodes/proxy", "get", "", "nodes", "proxy", false },
	{ "delete events", "delete", "", "events", "", false },
};

static bool has_text(const struct yaml_node *list, const char *text)
{
	for (size_t i = 0; list && list->kind == YAML_SEQUENCE && i < list->n; i++)
		if (yaml_is(list->items[i], text))
			return true;
	return false;
}

static bool is_empty(const struct yaml_node *list)
{
	return !list || list->kind != YAML_SEQUENCE || !list->n;
}

/* A resource, one with its subresource, all subresources of one, one subresource of all. */
static bool names_resource(const struct yaml_node *list, const struct request *q)
{
	char both[256];

	if (is_empty(list) || has_text(list, "*"))
		return true;
	snprintf(both, sizeof(both), "%s/%s", q->resource, q->subresource);
	if (has_text(list, *q->subresource ? both : q->resource))
		return true;
	snprintf(both, sizeof(both), "%s/*", q->resource);
	if (*q->subresource && has_text(list, both))
		return true;
	snprintf(both, sizeof(both), "*/%s", q->subresource);
	return *q->subresource && has_text(list, both);
}

static bool rule_is_about(const struct yaml_node *rule, const struct request *q)
{
	const struct yaml_node *verbs = yaml_get(rule, "verbs"), *groups = yaml_get(rule, "resources");

	/* Who and where an intruder is is not known: rules for some users or namespaces only say nothing of him. */
	if (!is_empty(yaml_get(rule, "users")) || !is_empty(yaml_get(rule, "userGroups")) || !is_empty(yaml_get(rule, "namespaces")))
		return false;
	if (!is_empty(verbs) && !has_text(verbs, q->verb) && !has_text(verbs, "*"))
		return false;
	if (is_empty(groups))
		return is_empty(yaml_get(rule, "nonResourceURLs"));
	for (size_t i = 0; i < groups->n; i++) {
		const char *group = yaml_text(yaml_get(groups->items[i], "group"));

		if (strcmp(group ? group : "", q->group) == 0 && is_empty(yaml_get(groups->items[i], "resourceNames")) &&
		    names_resource(yaml_get(groups->items[i], "resources"), q))
			return true;
	}
	return false;
}

static const char *level_of(const struct yaml_node *rules, const struct request *q)
{
	for (size_t i = 0; rules && rules->kind == YAML_SEQUENCE && i < rules->n; i++)
		if (rule_is_about(rules->items[i], q))
			return yaml_text(yaml_get(rules->items[i], "level")) ? yaml_text(yaml_get(rules->items[i], "level")) : "None";
	return "None";
}

static void collect_audit_policy(struct posture_set *set, const struct node_component *c, const struct posture_record *parent)
{
	const struct posture_value *path = node_option(c, "audit-policy-file", &set->arena);
	const char *unlogged[ARRAY_LEN(requests)], *leaks[ARRAY_LEN(requests)];
	size_t n_unlogged = 0, n_leaks = 0;
	const struct yaml_node *rules;
	struct err err = ERR_INIT;
	struct posture_record *r;
	struct yaml_file *file;

	if (!path || path->state != MODEL_SET)
		return;
	r = posture_record_new(set, MODEL_KIND_NODE_AUDIT_POLICY, parent, "audit policy", (struct posture_place){ .file = path->value.text });
	file = read_named(set, c, path, &err);
	if (!file) {
		const char *why = posture_printf(set, "%s", err.text);

		posture_set_unknown(r, MODEL_F_AUDITPOLICY_UNLOGGED, why);
		posture_set_unknown(r, MODEL_F_AUDITPOLICY_LEAKS, why);
		posture_set_unknown(r, MODEL_F_AUDITPOLICY_RULES, why);
		return;
	}
	rules = yaml_get(file->docs[0], "rules");
	for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
		const char *level = level_of(rules, &requests[i]);

		if (strcmp(level, "None") == 0)
			unlogged[n_unlogged++] = requests[i].what;
		else if (requests[i].has_secrets && strncmp(level, "Request", 7) == 0)
			leaks[n_leaks++] = requests[i].what;
	}
	posture_said(posture_set_texts(r, MODEL_F_AUDITPOLICY_UNLOGGED, unlogged, n_unlogged), POSTURE_FROM_COMPUTED, NULL);
	posture_said(posture_set_texts(r, MODEL_F_AUDITPOLICY_LEAKS, leaks, n_leaks), POSTURE_FROM_COMPUTED, NULL);
	posture_set_uint(r, MODEL_F_AUDITPOLICY_RULES, rules && rules->kind == YAML_SEQUENCE ? rules->n : 0);
}

void node_policies_collect(struct posture_set *set, const struct node_component *component, const struct posture_record *record)
{
	collect_encryption(set, component, record);
	collect_audit_policy(set, component, record);
}
