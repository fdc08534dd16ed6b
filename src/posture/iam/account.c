/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/iam/account.h"

#include "base/map.h"
#include "posture/iam/methods.h"
#include "posture/iam/policy.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

struct account {
	struct posture_set *set;
	const char *file;
	struct map policies;             /* ARN to struct iam_document */
	struct map groups;               /* name to yaml node */
};

static struct posture_place place_at(const char *file, const struct yaml_node *node)
{
	return (struct posture_place){ .file = file, .line = node->line, .column = node->column };
}

static void complain(struct posture_set *set, const struct err *err)
{
	posture_problem(set, MODEL_LAYER_IDENTITY, (struct posture_place){ .file = posture_printf(set, "%s", err->input), .line = err->line,
			.column = err->column }, "%s", err->text);
}

/* ---- statements and documents as records ---- */

static void set_list(struct posture_record *r, enum model_field_id field, const char *const *texts, size_t n, bool here)
{
	if (here)
		posture_set_texts(r, field, texts, n);
}

static bool is_anyone(const struct yaml_node *principal)
{
	if (!principal)
		return false;
	if (principal->kind == YAML_MAPPING)
		return is_anyone(yaml_get(principal, "AWS"));
	for (size_t i = 0; principal->kind == YAML_SEQUENCE && i < principal->n; i++)
		if (yaml_is(principal->items[i], "*"))
			return true;
	return yaml_is(principal, "*");
}

static void statement_record(struct posture_set *set, const struct posture_record *policy, const struct iam_document *d,
			     const struct iam_statement *s, size_t number)
{
	const char *name = s->sid ? posture_printf(set, "%s, statement %s", policy->name, s->sid) :
		posture_printf(set, "%s, statement %zu", policy->name, number + 1);
	struct posture_record *r = posture_record_new(set, MODEL_KIND_IAM_STATEMENT, policy, name, place_at(d->file, s->node));
	const char **services = posture_alloc(set, (s->n_actions + 1) * sizeof(*services));
	bool every = false, everything = false;
	size_t n_services = 0;

	for (size_t i = 0; i < s->n_actions && services; i++) {
		every |= iam_is_every_action(s->actions[i]);
		if (iam_is_every_action_of_a_service(s->actions[i]))
			services[n_services++] = s->actions[i];
	}
	for (size_t i = 0; i < s->n_resources; i++)
		everything |= strcmp(s->resources[i], "*") == 0;
	posture_set_text(r, MODEL_F_STATEMENT_SID, s->sid);
	posture_set_bool(r, MODEL_F_STATEMENT_ALLOWS, s->allows);
	set_list(r, MODEL_F_STATEMENT_ACTIONS, s->actions, s->n_actions, !s->not_actions);
	set_list(r, MODEL_F_STATEMENT_NOT_ACTIONS, s->actions, s->n_actions, s->not_actions);
	set_list(r, MODEL_F_STATEMENT_RESOURCES, s->resources, s->n_resources, !s->not_resources && s->n_resources);
	set_list(r, MODEL_F_STATEMENT_NOT_RESOURCES, s->resources, s->n_resources, s->not_resources);
	posture_set_bool(r, MODEL_F_STATEMENT_HAS_CONDITION, s->condition);
	posture_set_bool(r, MODEL_F_STATEMENT_EVERY_ACTION, every && !s->not_actions);
	set_list(r, MODEL_F_STATEMENT_EVERY_ACTION_OF, services, n_services, !s->not_actions && services);
	posture_set_bool(r, MODEL_F_STATEMENT_EVERY_RESOURCE, everything && !s->not_resources);
	posture_set_bool(r, MODEL_F_STATEMENT_ANYONE, is_anyone(s->principal));
}

struct policy_facts { bool is_trust, of_aws, is_attached; };

static void policy_record(struct posture_set *set, const struct iam_document *d, const struct yaml_node *node, struct policy_facts facts)
{
	struct posture_record *r = posture_record_new(set, MODEL_KIND_IAM_POLICY, NULL, posture_printf(set, "policy %s", d->name),
						      place_at(d->file, node));
	bool names_principals = false;

	for (size_t i = 0; i < d->n; i++)
		names_principals |= d->statements[i].principal || d->statements[i].not_principal;
	posture_set_text(r, MODEL_F_POLICY_NAME, d->name);
	posture_set_bool(r, MODEL_F_POLICY_IS_TRUST, facts.is_trust);
	posture_set_bool(r, MODEL_F_POLICY_IS_RESOURCE, !facts.is_trust && names_principals);
	posture_set_bool(r, MODEL_F_POLICY_OF_AWS, facts.of_aws);
	posture_set_bool(r, MODEL_F_POLICY_IS_ATTACHED, facts.is_attached);
	for (size_t i = 0; i < d->n; i++)
		statement_record(set, r, d, &d->statements[i], i);
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static char *percent_decoded(struct posture_set *set, const char *text, size_t len)
{
	char *out = posture_alloc(set, len + 1);
	size_t n = 0;

	for (size_t i = 0; out && i < len; i++) {
		bool encoded = text[i] == '%' && i + 2 < len && hex(text[i + 1]) >= 0 && hex(text[i + 2]) >= 0;
		out[n++] = encoded ? (char)(hex(text[i + 1]) * 16 + hex(text[i + 2])) : text[i];
		i += encoded ? 2 : 0;
	}
	return out;
}

/* NULL: it is none; a problem of the set then. */
static struct iam_document *document(struct posture_set *set, const char *file, const struct yaml_node *node, const char *name)
{
	struct iam_document *d = posture_alloc(set, sizeof(*d));
	struct err err = ERR_INIT;
	struct yaml_file *inner;
	int r = 0;

	if (!d)
		return NULL;
	if (node->kind == YAML_SCALAR && node->len) {
		const char *text = percent_decoded(set, node->text, node->len);

		file = posture_printf(set, "%s:%u (%s)", file, node->line, name);
		r = yaml_parse(&set->arena, text ? text : "", text ? strlen(text) : 0, file, &inner, &err);
		if (r >= 0 && inner->n_docs)
			node = inner->docs[0];
	}
	if (r >= 0)
		r = iam_document_read(set, file, node, d, &err);
	if (r < 0) {
		complain(set, &err);
		return NULL;
	}
	d->name = name;
	return d;
}

/* ---- what a principal has ---- */

struct grants {
	const struct iam_document **at;
	size_t n, size;
	const struct iam_document *boundary;
	const char *missing;             /* a policy whose document is not in the file; NULL */
};

static bool make_room(struct posture_set *set, struct grants *g)
{
	size_t size = g->size ? g->size * 2 : 16;
	const struct iam_document **more;

	if (g->n < g->size)
		return true;
	more = size > IAM_DOCUMENTS_MAX ? NULL : posture_alloc(set, size * sizeof(*more));
	if (!more)
		return false;
	if (g->n)
		memcpy(more, g->at, g->n * sizeof(*more));
	g->at = more;
	g->size = size;
	return true;
}

static void grant(struct posture_set *set, struct grants *g, const struct iam_document *d, const char *name)
{
	if (!d)
		g->missing = name;
	else if (make_room(set, g))
		g->at[g->n++] = d;
	else
		g->missing = "one policy of too many";
}

static void grant_inline(struct account *a, struct grants *g, const struct yaml_node *list, const char *whose)
{
	for (size_t i = 0; list && list->kind == YAML_SEQUENCE && i < list->n; i++) {
		const struct yaml_node *text = yaml_get(list->items[i], "PolicyDocument");
		const char *name = yaml_text(yaml_get(list->items[i], "PolicyName"));
		struct iam_document *d;

		if (!text)
			continue;
		d = document(a->set, a->file, text, posture_printf(a->set, "%s of %s", name ? name : "inline", whose));
		grant(a->set, g, d, name ? name : "inline");
		if (d)
			policy_record(a->set, d, text, (struct policy_facts){ .is_attached = true });
	}
}

static void grant_attached(struct account *a, struct grants *g, const struct yaml_node *list)
{
	for (size_t i = 0; list && list->kind == YAML_SEQUENCE && i < list->n; i++) {
		const char *arn = yaml_text(yaml_get(list->items[i], "PolicyArn"));

		if (arn)
			grant(a->set, g, map_get(&a->policies, arn, strlen(arn)), arn);
	}
}

static void grant_groups(struct account *a, struct grants *g, const struct yaml_node *names)
{
	for (size_t i = 0; names && names->kind == YAML_SEQUENCE && i < names->n; i++) {
		const char *name = yaml_text(names->items[i]);
		const struct yaml_node *group = name ? map_get(&a->groups, name, strlen(name)) : NULL, *list;

		if (!group) {
			g->missing = name ? name : "a group";
			continue;
		}
		grant_attached(a, g, yaml_get(group, "AttachedManagedPolicies"));
		list = yaml_get(group, "GroupPolicyList");
		/* They become records with the group itself, not with each of its users. */
		for (size_t k = 0; list && list->kind == YAML_SEQUENCE && k < list->n; k++) {
			const struct yaml_node *text = yaml_get(list->items[k], "PolicyDocument");
			if (text)
				grant(a->set, g, document(a->set, a->file, text, name), name);
		}
	}
}

static void set_boundary(struct account *a, struct grants *g, const struct yaml_node *node)
{
	const char *arn = yaml_text(yaml_get(yaml_get(node, "PermissionsBoundary"), "PermissionsBoundaryArn"));

	if (!arn)
		return;
	g->boundary = map_get(&a->policies, arn, strlen(arn));
	if (!g->boundary)
		g->missing = arn;
}

/* ---- what it may do ---- */

static enum iam_reach method_reach(const struct grants *g, const struct iam_method *m)
{
	enum iam_reach least = IAM_EVERYWHERE;

	for (size_t i = 0; m->actions[i] && least != IAM_NO; i++) {
		enum iam_reach reach = iam_decide(g->at, g->n, g->boundary, m->actions[i]);
		if (reach < least)
			least = reach;
	}
	return least;
}

static const enum model_field_id class_fields[] = {
	[IAM_SELF] = MODEL_F_PRINCIPAL_ESCALATES_SELF, [IAM_PRINCIPAL] = MODEL_F_PRINCIPAL_ESCALATES_PRINCIPAL,
	[IAM_NEW_PASSROLE] = MODEL_F_PRINCIPAL_ESCALATES_PASSROLE, [IAM_EXISTING] = MODEL_F_PRINCIPAL_ESCALATES_EXISTING,
};

static const enum model_field_id decided_fields[] = {
	MODEL_F_PRINCIPAL_IS_ADMIN, MODEL_F_PRINCIPAL_ESCALATES_SELF, MODEL_F_PRINCIPAL_ESCALATES_PRINCIPAL,
	MODEL_F_PRINCIPAL_ESCALATES_PASSROLE, MODEL_F_PRINCIPAL_ESCALATES_EXISTING, MODEL_F_PRINCIPAL_ESCALATES_SOMEWHERE,
	MODEL_F_PRINCIPAL_ESCALATES_SOMETIMES, MODEL_F_PRINCIPAL_CREDENTIAL_ACTIONS,
};

static void set_methods(struct posture_record *r, const struct grants *g)
{
	const char **names[IAM_METHOD_CLASS_MAX + 2];
	size_t n[IAM_METHOD_CLASS_MAX + 2] = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (!(names[i] = posture_alloc(r->set, iam_n_methods * sizeof(**names))))
			return;
	for (size_t i = 0; i < iam_n_methods; i++) {
		enum iam_reach reach = method_reach(g, &iam_methods[i]);
		size_t list = reach == IAM_EVERYWHERE ? (size_t)iam_methods[i].class : reach == IAM_SOMEWHERE ? IAM_METHOD_CLASS_MAX :
			      IAM_METHOD_CLASS_MAX + 1;

		if (reach != IAM_NO)
			names[list][n[list]++] = iam_methods[i].name;
	}
	for (size_t i = 0; i < IAM_METHOD_CLASS_MAX; i++)
		posture_said(posture_set_texts(r, class_fields[i], names[i], n[i]), POSTURE_FROM_COMPUTED, NULL);
	posture_set_texts(r, MODEL_F_PRINCIPAL_ESCALATES_SOMEWHERE, names[IAM_METHOD_CLASS_MAX], n[IAM_METHOD_CLASS_MAX]);
	posture_set_texts(r, MODEL_F_PRINCIPAL_ESCALATES_SOMETIMES, names[IAM_METHOD_CLASS_MAX + 1], n[IAM_METHOD_CLASS_MAX + 1]);
}

static void set_credential_actions(struct posture_record *r, const struct grants *g)
{
	size_t n = 0, max = 0;
	const char **names;

	while (iam_credential_actions[max])
		max++;
	names = posture_alloc(r->set, (max + 1) * sizeof(*names));
	for (size_t i = 0; names && i < max; i++)
		if (iam_decide(g->at, g->n, g->boundary, iam_credential_actions[i]) == IAM_EVERYWHERE)
			names[n++] = iam_credential_actions[i];
	if (names)
		posture_set_texts(r, MODEL_F_PRINCIPAL_CREDENTIAL_ACTIONS, names, n);
}

/* An allow of everything on everything, of which no deny without condition and no boundary takes what an administrator is. */
static bool is_admin(const struct grants *g)
{
	static const char *const needed[] = { "iam:createpolicyversion", "iam:passrole", "ec2:runinstances", "s3:getobject", "sts:assumerole" };

	for (size_t i = 0; i < ARRAY_LEN(needed); i++)
		if (iam_decide(g->at, g->n, g->boundary, needed[i]) != IAM_EVERYWHERE)
			return false;
	for (size_t i = 0; i < g->n; i++)
		for (size_t k = 0; k < g->at[i]->n; k++) {
			const struct iam_statement *s = &g->at[i]->statements[k];
			for (size_t m = 0; s->allows && !s->not_actions && !s->condition && m < s->n_actions; m++)
				if (iam_is_every_action(s->actions[m]))
					return true;
		}
	return false;
}

static const struct posture_value *allows(const struct posture_record *record, const struct model_field_ref *field, struct arena *scratch)
{
	static const char *const reaches[] = { "", "sometimes", "somewhere", "everywhere" };
	const struct grants *g = record->own;
	struct posture_value *v;
	enum iam_reach reach;

	if (field->id != MODEL_F_PRINCIPAL_ALLOWS || !field->key)
		return NULL;
	reach = iam_decide(g->at, g->n, g->boundary, field->key);
	if (reach == IAM_NO && !g->missing)
		return NULL;
	v = arena_alloc(scratch, sizeof(*v));
	*v = (struct posture_value){ .field = MODEL_F_PRINCIPAL_ALLOWS, .state = g->missing ? MODEL_UNKNOWN : MODEL_SET,
				     .origin = POSTURE_FROM_COMPUTED, .note = g->missing ? "a policy's document is not in the file" : NULL };
	v->value.text = reaches[reach];
	v->value.len = strlen(reaches[reach]);
	return v;
}

static void decide(struct posture_record *r, const struct grants *g)
{
	r->own = g;
	r->keyed = allows;
	if (g->missing) {
		const char *why = posture_printf(r->set, "the document of %s is not in the file", g->missing);
		for (size_t i = 0; i < ARRAY_LEN(decided_fields); i++)
			posture_set_unknown(r, decided_fields[i], why);
		return;
	}
	posture_said(posture_set_bool(r, MODEL_F_PRINCIPAL_IS_ADMIN, is_admin(g)), POSTURE_FROM_COMPUTED, NULL);
	set_methods(r, g);
	set_credential_actions(r, g);
}

/* ---- who may assume a role ---- */

struct trust {
	struct posture_set *set;
	const char *account;             /* its own account id; "" when unknown */
	const char **all, **others;
	size_t n_all, n_others, max;
	bool anyone, instance, workload, any_subject;
};

/* arn:aws:iam::123456789012:root, or the id alone. */
static const char *account_of(struct posture_set *set, const char *arn)
{
	const char *p = arn;

	for (int i = 0; i < 4 && p; i++) {
		p = strchr(p, ':');
		p = p ? p + 1 : NULL;
	}
	if (!p)
		p = strspn(arn, "0123456789") == 12 ? arn : "";
	return posture_printf(set, "%.*s", (int)strcspn(p, ":"), p);
}

static bool has_condition_on(const struct yaml_node *condition, const char *key_end)
{
	for (size_t i = 0; condition && condition->kind == YAML_MAPPING && i < condition->n; i++) {
		const struct yaml_node *keys = condition->pairs[i].value;

		for (size_t k = 0; keys->kind == YAML_MAPPING && k < keys->n; k++) {
			const char *key = yaml_text(keys->pairs[k].key);
			size_t len = key ? strlen(key) : 0, end = strlen(key_end);
			if (len >= end && strcasecmp(key + len - end, key_end) == 0)
				return true;
		}
	}
	return false;
}

static void trust_one(struct trust *t, const struct iam_statement *s, const char *kind, const char *who)
{
	const char *account = strcmp(kind, "AWS") == 0 && strcmp(who, "*") != 0 ? account_of(t->set, who) : "";

	if (t->n_all < t->max)
		t->all[t->n_all++] = who;
	t->anyone |= strcmp(kind, "AWS") == 0 && strcmp(who, "*") == 0 && !s->condition;
	t->instance |= strcmp(who, "ec2.amazonaws.com") == 0;
	t->workload |= strcmp(who, "pods.eks.amazonaws.com") == 0 || strcmp(who, "ecs-tasks.amazonaws.com") == 0 ||
		       (strcmp(kind, "Federated") == 0 && strstr(who, "oidc.eks."));
	t->any_subject |= strcmp(kind, "Federated") == 0 && strstr(who, ":oidc-provider/") && !has_condition_on(s->condition, ":sub");
	if (*account && *t->account && strcmp(account, t->account) != 0 && !s->condition && t->n_others < t->max)
		t->others[t->n_others++] = who;
}

static void trust_node(struct trust *t, const struct iam_statement *s, const char *kind, const struct yaml_node *node)
{
	if (node->kind == YAML_MAPPING) {
		for (size_t i = 0; i < node->n; i++)
			if (yaml_text(node->pairs[i].key))
				trust_node(t, s, yaml_text(node->pairs[i].key), node->pairs[i].value);
		return;
	}
	for (size_t i = 0; node->kind == YAML_SEQUENCE && i < node->n; i++)
		if (yaml_text(node->items[i]))
			trust_one(t, s, kind, yaml_text(node->items[i]));
	if (node->kind == YAML_SCALAR)
		trust_one(t, s, kind, node->text);
}

static void set_trust(struct posture_record *r, const struct iam_document *d, const char *arn, bool has_profile)
{
	struct trust t = { .set = r->set, .account = account_of(r->set, arn), .max = 1000 };

	t.all = posture_alloc(r->set, t.max * sizeof(*t.all));
	t.others = posture_alloc(r->set, t.max * sizeof(*t.others));
	if (!t.all || !t.others)
		return;
	for (size_t i = 0; i < d->n; i++)
		if (d->statements[i].allows && d->statements[i].principal)
			trust_node(&t, &d->statements[i], "AWS", d->statements[i].principal);
	posture_set_texts(r, MODEL_F_PRINCIPAL_TRUSTS, t.all, t.n_all);
	posture_set_texts(r, MODEL_F_PRINCIPAL_TRUSTS_OTHER_ACCOUNTS, t.others, t.n_others);
	posture_set_bool(r, MODEL_F_PRINCIPAL_TRUSTS_ANYONE, t.anyone);
	posture_set_bool(r, MODEL_F_PRINCIPAL_TRUSTS_ANY_SUBJECT, t.any_subject);
	posture_set_bool(r, MODEL_F_PRINCIPAL_IS_INSTANCE_ROLE, t.instance || has_profile);
	posture_set_bool(r, MODEL_F_PRINCIPAL_IS_WORKLOAD_ROLE, t.workload);
}

/* ---- the file ---- */

static const struct principal_shape { const char *list, *type, *name, *inlines; } shapes[] = {
	{ "UserDetailList", "user", "UserName", "UserPolicyList" },
	{ "GroupDetailList", "group", "GroupName", "GroupPolicyList" },
	{ "RoleDetailList", "role", "RoleName", "RolePolicyList" },
};

static void read_trust(struct account *a, struct posture_record *r, const struct yaml_node *node, const char *name, const char *arn)
{
	const struct yaml_node *text = yaml_get(node, "AssumeRolePolicyDocument"), *profiles = yaml_get(node, "InstanceProfileList");
	struct iam_document *d = text ? document(a->set, a->file, text, posture_printf(a->set, "trust policy of %s", name)) : NULL;

	if (!d)
		return;
	policy_record(a->set, d, text, (struct policy_facts){ .is_trust = true, .is_attached = true });
	set_trust(r, d, arn, profiles && profiles->kind == YAML_SEQUENCE && profiles->n);
}

static void read_principal(struct account *a, const struct principal_shape *shape, const struct yaml_node *node)
{
	const char *name = yaml_text(yaml_get(node, shape->name)), *arn = yaml_text(yaml_get(node, "Arn"));
	const char *path = yaml_text(yaml_get(node, "Path"));
	struct grants *g = posture_alloc(a->set, sizeof(*g));
	struct posture_record *r;

	if (!name || !g) {
		posture_problem(a->set, MODEL_LAYER_IDENTITY, place_at(a->file, node), "expected \"%s\"", shape->name);
		return;
	}
	r = posture_record_new(a->set, MODEL_KIND_IAM_PRINCIPAL, NULL, posture_printf(a->set, "%s %s", shape->type, name),
			       place_at(a->file, node));
	posture_set_text(r, MODEL_F_PRINCIPAL_TYPE, shape->type);
	posture_set_text(r, MODEL_F_PRINCIPAL_NAME, name);
	posture_set_text(r, MODEL_F_PRINCIPAL_ARN, arn);
	posture_set_bool(r, MODEL_F_PRINCIPAL_IS_SERVICE_LINKED, path && strncmp(path, "/aws-service-role/", 18) == 0);
	posture_set_bool(r, MODEL_F_PRINCIPAL_HAS_BOUNDARY, yaml_get(node, "PermissionsBoundary"));
	grant_inline(a, g, yaml_get(node, shape->inlines), r->name);
	grant_attached(a, g, yaml_get(node, "AttachedManagedPolicies"));
	grant_groups(a, g, yaml_get(node, "GroupList"));
	set_boundary(a, g, node);
	decide(r, g);
	read_trust(a, r, node, r->name, arn ? arn : "");
}

static void read_managed(struct account *a, const struct yaml_node *node)
{
	const char *arn = yaml_text(yaml_get(node, "Arn")), *count = yaml_text(yaml_get(node, "AttachmentCount"));
	const struct yaml_node *versions = yaml_get(node, "PolicyVersionList"), *text = NULL;
	struct iam_document *d;

	for (size_t i = 0; versions && versions->kind == YAML_SEQUENCE && i < versions->n; i++)
		if (!text || yaml_is(yaml_get(versions->items[i], "IsDefaultVersion"), "true"))
			text = yaml_get(versions->items[i], "Document");
	if (!arn || !text) {
		posture_problem(a->set, MODEL_LAYER_IDENTITY, place_at(a->file, node), "expected \"Arn\" and a version with \"Document\"");
		return;
	}
	d = document(a->set, a->file, text, arn);
	if (!d)
		return;
	map_put(&a->policies, arn, strlen(arn), d);
	policy_record(a->set, d, text, (struct policy_facts){ .of_aws = strstr(arn, ":iam::aws:policy/"),
							      .is_attached = count && strcmp(count, "0") != 0 });
}

static const struct yaml_node *list_of(const struct yaml_node *doc, const char *key)
{
	const struct yaml_node *list = yaml_get(doc, key);

	return list && list->kind == YAML_SEQUENCE ? list : NULL;
}

static void read_account(struct posture_set *set, const char *file, const struct yaml_node *doc)
{
	struct account a = { .set = set, .file = file };
	const struct yaml_node *policies = list_of(doc, "Policies"), *groups = list_of(doc, "GroupDetailList");

	for (size_t i = 0; policies && i < policies->n; i++)
		read_managed(&a, policies->items[i]);
	for (size_t i = 0; groups && i < groups->n; i++) {
		const char *name = yaml_text(yaml_get(groups->items[i], "GroupName"));
		if (name)
			map_put(&a.groups, name, strlen(name), groups->items[i]);
	}
	for (size_t s = 0; s < ARRAY_LEN(shapes); s++) {
		const struct yaml_node *list = list_of(doc, shapes[s].list);
		for (size_t i = 0; list && i < list->n && i < IAM_PRINCIPALS_MAX; i++)
			read_principal(&a, &shapes[s], list->items[i]);
	}
	map_done(&a.policies);
	map_done(&a.groups);
}

static bool is_account(const struct yaml_node *doc)
{
	return list_of(doc, "RoleDetailList") || list_of(doc, "UserDetailList");
}

/* A manifest may have a "Statement" of its own: a policy has nothing but these keys. */
static bool is_policy(const struct yaml_node *doc)
{
	if (doc->kind != YAML_MAPPING || !yaml_get(doc, "Statement"))
		return false;
	for (size_t i = 0; i < doc->n; i++)
		if (!yaml_is(doc->pairs[i].key, "Version") && !yaml_is(doc->pairs[i].key, "Id") && !yaml_is(doc->pairs[i].key, "Statement"))
			return false;
	return true;
}

static bool is_mine(struct posture_set *set, struct posture_file *file)
{
	const struct yaml_file *yaml;

	if (!strstr(file->text, "\"Statement\"") && !strstr(file->text, "DetailList"))
		return false;
	yaml = posture_file_yaml(set, file);
	return yaml && yaml->n_docs == 1 && (is_account(yaml->docs[0]) || is_policy(yaml->docs[0]));
}

static void read_file(struct posture_set *set, struct posture_file *file)
{
	const struct yaml_file *yaml = posture_file_yaml(set, file);
	struct iam_document *d;

	if (!yaml) {
		complain(set, file->yaml_err);
		return;
	}
	for (size_t i = 0; i < yaml->n_docs; i++) {
		if (is_account(yaml->docs[i])) {
			read_account(set, file->path, yaml->docs[i]);
			continue;
		}
		d = document(set, file->path, yaml->docs[i], file->name);
		if (d)
			policy_record(set, d, yaml->docs[i], (struct policy_facts){ .is_attached = true });
	}
}

const struct posture_reader iam_reader = {
	.name = "iam",
	.meaning = "AWS IAM: policy documents, and what get-account-authorization-details writes",
	.is_mine = is_mine,
	.read = read_file,
};
