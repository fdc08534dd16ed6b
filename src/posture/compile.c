/* SPDX-License-Identifier: Apache-2.0 */
/* Checks of one kind to one program: their conditions share predicates and fetched fields. */
#include "posture/posture_internal.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* The fields of a check, each once. */
struct fields {
	struct arena *arena;
	struct model_field_ref *at;
	size_t n, size;
};

static uint32_t field_add(struct fields *f, const struct model_field_ref *ref)
{
	for (size_t i = 0; i < f->n; i++)
		if (strcmp(f->at[i].text, ref->text) == 0)
			return (uint32_t)i;
	if (f->n == f->size) {
		struct model_field_ref *more;

		f->size = f->size ? f->size * 2 : 8;
		more = arena_alloc(f->arena, f->size * sizeof(*more));
		if (f->n)
			memcpy(more, f->at, f->n * sizeof(*more));
		f->at = more;
	}
	f->at[f->n] = *ref;
	f->at[f->n].text = arena_strdup(f->arena, ref->text);
	if (ref->key)
		f->at[f->n].key = arena_strdup(f->arena, ref->key);
	return (uint32_t)f->n++;
}

static void add_expr_fields(struct fields *f, const struct lang_value_expr *e)
{
	if (e->kind == LANG_VALUE_FIELD)
		field_add(f, &e->field);
	for (size_t i = 0; i < e->n_args; i++)
		add_expr_fields(f, e->args[i]);
}

/* Depth is bounded by LANG_TREE_DEPTH_MAX. */
static void add_node_fields(struct fields *f, const struct lang_node *node)
{
	for (size_t i = 0; i < node->n_children; i++)
		add_node_fields(f, node->children[i]);
	if (node->kind != LANG_NODE_CHECK)
		return;
	add_expr_fields(f, node->left);
	if (node->right)
		add_expr_fields(f, node->right);
}

struct compiler {
	struct posture_checks *checks;
	struct posture_program *program;
	struct posture_source *source;
	struct fields fields;
	struct err *err;
};

/* Where in the condition's text the newest error is, as an offset. */
static size_t offset_of(const struct yaml_node *scalar, const struct lang_diag *diag)
{
	unsigned line = 1;
	size_t at = 0;

	for (; at < scalar->len && line < diag->line; at++)
		line += scalar->text[at] == '\n';
	at += diag->column ? diag->column - 1 : 0;
	return at < scalar->len ? at : scalar->len;
}

static int condition_error(struct compiler *c, const struct yaml_node *scalar)
{
	const struct lang_diag *diags;
	size_t n = lang_rules_diags(c->checks->words, &diags);

	while (n && diags[n - 1].level != LANG_DIAG_ERROR)
		n--;
	if (!n)
		return posture_err_at(c->err, c->source->file, scalar, 0, "the condition has an error");
	return posture_err_at(c->err, c->source->file, scalar, offset_of(scalar, &diags[n - 1]), "%s", diags[n - 1].message);
}

static int check_kind(struct compiler *c, const struct yaml_node *scalar, size_t from)
{
	enum model_kind_id kind = c->source->check.of;

	for (size_t i = from; i < c->fields.n; i++) {
		const char *name = model_field(c->fields.at[i].id)->name;
		if (!model_kind_has_field(kind, name))
			return posture_err_at(c->err, c->source->file, scalar, 0, "records of kind '%s' have no field '%s'",
					      model_kind(kind)->name, name);
	}
	return 0;
}

static int add_condition(struct compiler *c, const char *key, uint32_t *ret_index)
{
	const struct yaml_node *scalar = yaml_get(c->source->item, key);
	size_t from = c->fields.n;
	const struct lang_node *node;
	struct err err = ERR_INIT;
	int r;

	if (!scalar) {
		*ret_index = UINT32_MAX;
		return 0;
	}
	r = lang_rules_condition(c->checks->words, c->source->check.id, scalar->text, scalar->len, &node, NULL);
	if (r < 0)
		return condition_error(c, scalar);
	add_node_fields(&c->fields, node);
	r = check_kind(c, scalar, from);
	if (r < 0)
		return r;
	r = lang_program_add(c->program->program, node, ret_index, NULL, NULL, &err);
	return r < 0 ? posture_err_at(c->err, c->source->file, scalar, 0, "%s", err.text) : 0;
}

/* A field as text, its argument included, is a condition that asks whether it exists. */
static int add_named_field(struct compiler *c, const struct yaml_node *name, uint32_t *ret_index)
{
	char *text = arena_printf(&c->checks->arena, "%s exists", name->text);
	struct lang_node *node;
	struct err err = ERR_INIT;
	size_t from = c->fields.n;

	if (lang_parse(&c->checks->arena, text, strlen(text), 0, &node, &err) < 0)
		return posture_err_at(c->err, c->source->file, name, 0, "%s", err.text);
	if (node->kind != LANG_NODE_CHECK || node->left->kind != LANG_VALUE_FIELD)
		return posture_err_at(c->err, c->source->file, name, 0, "expected a field, not '%s'", name->text);
	*ret_index = field_add(&c->fields, &node->left->field);
	return check_kind(c, name, from);
}

static int add_evidence(struct compiler *c, struct posture_compiled *out, size_t n_condition_fields)
{
	const struct yaml_node *names = yaml_get(c->source->item, "evidence");
	uint32_t *indexes;

	out->n_evidence = names ? names->n : n_condition_fields;
	out->evidence = indexes = arena_alloc(&c->checks->arena, (out->n_evidence + 1) * sizeof(*indexes));
	for (size_t i = 0; i < out->n_evidence; i++) {
		int r = 0;

		indexes[i] = (uint32_t)i;
		if (names)
			r = add_named_field(c, names->items[i], &indexes[i]);
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_format(struct compiler *c, const char *key, struct lang_format **ret_format)
{
	const struct yaml_node *scalar = yaml_get(c->source->item, key);
	struct err err = ERR_INIT;
	uint32_t offset = 0;

	*ret_format = NULL;
	if (!scalar || lang_format_parse_in(c->checks->formats, scalar->text, ret_format, &offset, &err) >= 0)
		return 0;
	return posture_err_at(c->err, c->source->file, scalar, offset, "%s", err.text);
}

static int compile_check(struct compiler *c, struct posture_compiled *out)
{
	const struct yaml_node *at = yaml_get(c->source->item, "at");
	int r;

	c->fields = (struct fields){ .arena = &c->checks->arena };
	out->check = &c->source->check;
	out->at = UINT32_MAX;
	if ((r = add_condition(c, "fails", &out->fails)) < 0)
		return r;
	if ((r = add_evidence(c, out, c->fields.n)) < 0 || (r = add_condition(c, "when", &out->when)) < 0)
		return r;
	if (at && (r = add_named_field(c, at, &out->at)) < 0)
		return r;
	if ((r = add_format(c, "output", &out->output)) < 0 || (r = add_format(c, "fix", &out->fix)) < 0 ||
	    (r = add_format(c, "command", &out->command)) < 0)
		return r;
	out->fields = c->fields.at;
	out->n_fields = c->fields.n;
	return 0;
}

static struct posture_program *program_free(struct posture_program *p)
{
	if (!p)
		return NULL;
	for (size_t i = 0; i < p->n; i++) {
		lang_format_free(p->checks[i].output);
		lang_format_free(p->checks[i].fix);
		lang_format_free(p->checks[i].command);
	}
	lang_scratch_free(p->scratch);
	lang_program_free(p->program);
	free(p->checks);
	free(p);
	return NULL;
}

static int compile_kind(struct posture_checks *checks, enum model_kind_id kind, struct err *err)
{
	struct compiler c = { .checks = checks, .err = err };
	size_t n = 0;
	int r = 0;

	c.program = mem_alloc(sizeof(*c.program));
	c.program->program = lang_program_new();
	for (struct posture_source *s = checks->first_of[kind]; s; s = s->next_of_kind)
		n++;
	c.program->checks = mem_array(n, sizeof(*c.program->checks));
	for (struct posture_source *s = checks->first_of[kind]; s && r >= 0; s = s->next_of_kind) {
		c.source = s;
		r = compile_check(&c, &c.program->checks[c.program->n++]);
	}
	if (r >= 0)
		r = lang_program_seal(c.program->program, err);
	if (r < 0) {
		program_free(c.program);
		return r;
	}
	c.program->scratch = lang_scratch_new(c.program->program);
	checks->programs[kind] = c.program;
	return 0;
}

static int compile_words(struct posture_checks *checks, struct err *err)
{
	if (checks->is_compiled)
		return 0;
	checks->is_compiled = true;
	return lang_rules_compile(checks->words, NULL) < 0 ? posture_words_error(checks->words, err) : 0;
}

int posture_checks_program(struct posture_checks *checks, enum model_kind_id kind, const struct posture_program **ret_program,
			   struct err *err)
{
	int r = compile_words(checks, err);

	if (r >= 0 && checks->first_of[kind] && !checks->programs[kind])
		r = compile_kind(checks, kind, err);
	if (r >= 0)
		*ret_program = checks->programs[kind];
	return r < 0 ? r : 0;
}

int posture_checks_compile_all(struct posture_checks *checks, struct err *err)
{
	const struct posture_program *p;

	for (unsigned kind = 1; kind < MODEL_KIND_MAX; kind++) {
		int r = posture_checks_program(checks, kind, &p, err);
		if (r < 0)
			return r;
	}
	return 0;
}

struct posture_checks *posture_checks_free(struct posture_checks *checks)
{
	if (!checks)
		return NULL;
	for (unsigned kind = 0; kind < MODEL_KIND_MAX; kind++)
		program_free(checks->programs[kind]);
	lang_rules_free(checks->words);
	lang_formats_free(checks->formats);
	map_done(&checks->by_id);
	free(checks->at);
	arena_done(&checks->arena);
	free(checks);
	return NULL;
}
