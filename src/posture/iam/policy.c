/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/iam/policy.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

/* Linear in the text for each '*': only the last one is ever gone back to. */
bool iam_glob(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (*pattern == '?' || (*pattern && tolower((unsigned char)*pattern) == tolower((unsigned char)*text))) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

bool iam_is_every_action(const char *action)
{
	return strcmp(action, "*") == 0 || strcmp(action, "*:*") == 0;
}

bool iam_is_every_action_of_a_service(const char *action)
{
	const char *colon = strchr(action, ':');

	return colon && strcmp(colon, ":*") == 0 && !iam_is_every_action(action);
}

/* ---- reading ---- */

struct reader { struct posture_set *set; const char *file; struct err *err; };

static int wrong(const struct reader *r, const struct yaml_node *node, const char *expected)
{
	return err_set_at(r->err, -EBADMSG, r->file, node->line, node->column, "expected %s", expected);
}

static int read_texts(const struct reader *r, const struct yaml_node *node, const char *const **ret_texts, size_t *ret_n)
{
	size_t n = node->kind == YAML_SEQUENCE ? node->n : 1;
	const char **texts = posture_alloc(r->set, (n ? n : 1) * sizeof(*texts));

	for (size_t i = 0; texts && i < n; i++) {
		texts[i] = yaml_text(node->kind == YAML_SEQUENCE ? node->items[i] : node);
		if (!texts[i])
			return wrong(r, node, "a text or a list of texts");
	}
	*ret_texts = texts;
	*ret_n = texts ? n : 0;
	return 0;
}

static int read_effect(const struct reader *r, const struct yaml_node *node, struct iam_statement *s)
{
	const struct yaml_node *effect = yaml_get(node, "Effect");

	if (!effect || (!yaml_is(effect, "Allow") && !yaml_is(effect, "Deny")))
		return wrong(r, effect ? effect : node, "\"Effect\": \"Allow\" or \"Deny\"");
	s->allows = yaml_is(effect, "Allow");
	return 0;
}

static int read_statement(const struct reader *r, const struct yaml_node *node, struct iam_statement *s)
{
	const struct yaml_node *actions = yaml_get(node, "Action"), *resources = yaml_get(node, "Resource");
	int code;

	if (node->kind != YAML_MAPPING)
		return wrong(r, node, "a statement");
	s->node = node;
	s->sid = yaml_text(yaml_get(node, "Sid"));
	s->principal = yaml_get(node, "Principal");
	s->not_principal = yaml_get(node, "NotPrincipal");
	s->condition = yaml_get(node, "Condition");
	s->not_actions = !actions;
	s->not_resources = !resources && yaml_get(node, "NotResource");
	if (!actions)
		actions = yaml_get(node, "NotAction");
	if (!resources)
		resources = yaml_get(node, "NotResource");
	if (!actions)
		return wrong(r, node, "\"Action\" or \"NotAction\" in the statement");
	code = read_effect(r, node, s);
	if (code >= 0)
		code = read_texts(r, actions, &s->actions, &s->n_actions);
	/* Trust policies name no resource: the role itself is it. */
	if (code >= 0 && resources)
		code = read_texts(r, resources, &s->resources, &s->n_resources);
	return code;
}

int iam_document_read(struct posture_set *set, const char *file, const struct yaml_node *node, struct iam_document *ret,
		      struct err *err)
{
	const struct yaml_node *list = yaml_get(node, "Statement");
	struct reader r = { set, file, err };
	struct iam_document d = { .file = file };
	struct iam_statement *statements;
	size_t n;

	if (!list || (list->kind != YAML_SEQUENCE && list->kind != YAML_MAPPING))
		return wrong(&r, list ? list : node, "\"Statement\": a list of statements");
	n = list->kind == YAML_SEQUENCE ? list->n : 1;
	if (n > IAM_STATEMENTS_MAX)
		return err_set_at(err, -E2BIG, file, list->line, list->column, "more than %d statements", IAM_STATEMENTS_MAX);
	statements = posture_alloc(set, (n ? n : 1) * sizeof(*statements));
	for (size_t i = 0; statements && i < n; i++) {
		int code = read_statement(&r, list->kind == YAML_SEQUENCE ? list->items[i] : list, &statements[i]);
		if (code < 0)
			return code;
	}
	d.statements = statements;
	d.n = statements ? n : 0;
	*ret = d;
	return 0;
}

/* ---- deciding ---- */

static bool is_about(const struct iam_statement *s, const char *action)
{
	bool named = false;

	for (size_t i = 0; i < s->n_actions && !named; i++)
		named = iam_glob(s->actions[i], action);
	return named != s->not_actions;
}

static bool is_everything(const struct iam_statement *s)
{
	if (s->not_resources)
		return false;
	for (size_t i = 0; i < s->n_resources; i++)
		if (strspn(s->resources[i], "*") == strlen(s->resources[i]))
			return true;
	return s->n_resources == 0;
}

static enum iam_reach reach_of(const struct iam_statement *s)
{
	return s->condition ? IAM_SOMETIMES : is_everything(s) ? IAM_EVERYWHERE : IAM_SOMEWHERE;
}

static bool is_denied(const struct iam_document *d, const char *action)
{
	for (size_t i = 0; i < d->n; i++)
		if (!d->statements[i].allows && !d->statements[i].condition && is_everything(&d->statements[i]) &&
		    is_about(&d->statements[i], action))
			return true;
	return false;
}

static enum iam_reach allowed(const struct iam_document *d, const char *action)
{
	enum iam_reach most = IAM_NO;

	for (size_t i = 0; i < d->n; i++) {
		const struct iam_statement *s = &d->statements[i];
		if (s->allows && reach_of(s) > most && is_about(s, action))
			most = reach_of(s);
	}
	return most;
}

enum iam_reach iam_decide(const struct iam_document *const *documents, size_t n, const struct iam_document *boundary, const char *action)
{
	enum iam_reach most = IAM_NO, bound = IAM_EVERYWHERE;

	if (boundary)
		bound = is_denied(boundary, action) ? IAM_NO : allowed(boundary, action);
	for (size_t i = 0; i < n && bound != IAM_NO; i++) {
		enum iam_reach reach = allowed(documents[i], action);

		if (is_denied(documents[i], action))
			return IAM_NO;
		if (reach > most)
			most = reach;
	}
	return most < bound ? most : bound;
}
