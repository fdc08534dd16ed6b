/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/judge.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const statuses[] = { "pass", "fail", "unknown", "waived", "does not apply" };
_Static_assert(ARRAY_LEN(statuses) == POSTURE_STATUS_MAX, "a name for every status");

const char *posture_status_name(enum posture_status status)
{
	return statuses[status];
}

struct judge {
	struct posture_set *set;
	const struct posture_options *options;
	struct posture_results *results;
	struct strbuf text;              /* values are printed here first */
	struct arena scratch;
	size_t n_room;
	bool *wanted;                    /* by posture_check.index */
};

/* ---- which checks are asked ---- */

static bool begins_with(const char *text, const char *start)
{
	return strncasecmp(text, start, strlen(start)) == 0;
}

static bool is_named(const struct posture_check *check, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (begins_with(check->id, names[i]))
			return true;
		for (size_t k = 0; k < check->n_refs; k++)
			if (begins_with(check->refs[k], names[i]))
				return true;
	}
	return false;
}

static bool is_wanted(const struct posture_check *check, const struct posture_options *o)
{
	bool chosen = check->n_profiles == 0;

	for (size_t i = 0; i < check->n_profiles; i++)
		for (size_t k = 0; k < o->n_profiles; k++)
			chosen |= strcmp(check->profiles[i], o->profiles[k]) == 0;
	if (o->n_only)
		return is_named(check, o->only, o->n_only) && !is_named(check, o->except, o->n_except);
	return chosen && !is_named(check, o->except, o->n_except);
}

/* ---- what a result says ---- */

static uint64_t hash_add(uint64_t hash, const char *text)
{
	/* FNV-1a: small, and the same on every machine. A byte that no UTF-8 has ends each text. */
	for (; *text; text++)
		hash = (hash ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
	return (hash ^ 0xff) * UINT64_C(0x100000001b3);
}

static const uint64_t HASH_START = UINT64_C(0xcbf29ce484222325);

static const char *kept(struct judge *j)
{
	const char *text = arena_strndup(&j->results->arena, j->text.text, j->text.len);

	strbuf_reset(&j->text);
	return text;
}

static const char *format(struct judge *j, const struct lang_format *f, const struct posture_record *record)
{
	if (!f)
		return NULL;
	strbuf_reset(&j->text);
	lang_format_print(f, &record->record, &j->scratch, &j->text);
	arena_reset(&j->scratch);
	return kept(j);
}

static struct posture_evidence evidence_of(struct judge *j, const struct posture_record *record, const struct model_field_ref *ref)
{
	const struct posture_value *v = posture_value_at(record, ref, &j->scratch);
	struct posture_evidence e = { .field = ref->text, .state = v ? v->state : MODEL_UNSET };
	const struct model_field *field = model_field(ref->id);

	if (v) {
		e.origin = v->origin;
		e.note = v->note ? arena_strdup(&j->results->arena, v->note) : NULL;
		e.place = v->place;
	}
	if (e.state == MODEL_SET) {
		model_value_print(&v->value, field->type, field->flags & MODEL_FIELD_LIST, &j->text);
		e.text = kept(j);
	} else if (e.state == MODEL_UNKNOWN) {
		e.text = e.note ? e.note : "it could not be read";
		e.note = NULL;
	}
	arena_reset(&j->scratch);
	return e;
}

static void add_evidence(struct judge *j, const struct posture_compiled *c, struct posture_finding *f)
{
	struct posture_evidence *evidence = arena_alloc(&j->results->arena, (c->n_evidence + 1) * sizeof(*evidence));

	f->evidence_hash = HASH_START;
	for (size_t i = 0; i < c->n_evidence; i++) {
		evidence[i] = evidence_of(j, f->record, &c->fields[c->evidence[i]]);
		f->evidence_hash = hash_add(f->evidence_hash, evidence[i].field);
		f->evidence_hash = hash_add(f->evidence_hash, evidence[i].text ? evidence[i].text : "");
	}
	f->evidence = evidence;
	f->n_evidence = c->n_evidence;
}

/* Every field that could not be read, with the reason. */
static const char *unread(struct judge *j, const struct posture_compiled *c, const struct posture_record *record)
{
	_cleanup_strbuf_ struct strbuf all;

	strbuf_init(&all, 4096);
	for (size_t i = 0; i < c->n_fields; i++) {
		struct posture_evidence e = evidence_of(j, record, &c->fields[i]);
		if (e.state == MODEL_UNKNOWN)
			strbuf_addf(&all, "%s%s: %s", all.len ? "; " : "", e.field, e.text);
	}
	return arena_strndup(&j->results->arena, all.text, all.len);
}

static const struct posture_waiver *waiver_of(const struct posture_record *record, const struct posture_check *check)
{
	for (; record; record = record->parent)
		for (const struct posture_waiver *w = record->waivers; w; w = w->next)
			if (strcmp(w->check, "*") == 0 || posture_check_is(check, w->check))
				return w;
	return NULL;
}

static struct posture_place place_of(struct judge *j, const struct posture_compiled *c, const struct posture_record *record)
{
	const struct posture_value *v = c->at == UINT32_MAX ? NULL : posture_value_at(record, &c->fields[c->at], &j->scratch);
	struct posture_place place = v && v->place.file ? v->place : posture_place_of(record);

	arena_reset(&j->scratch);
	return place;
}

static struct posture_finding *new_finding(struct judge *j)
{
	struct posture_results *r = j->results;

	if (r->n == j->n_room) {
		j->n_room = j->n_room ? j->n_room * 2 : 64;
		r->findings = mem_grow(r->findings, j->n_room, sizeof(*r->findings));
	}
	return &r->findings[r->n++];
}

static void add_finding(struct judge *j, const struct posture_compiled *c, const struct posture_record *record,
			enum posture_status status, const struct posture_waiver *waiver)
{
	struct posture_finding *f = new_finding(j);
	const char *key = record->key ? record->key : record->name;

	*f = (struct posture_finding){ .check = c->check, .record = record, .status = status, .waiver = waiver,
				       .place = place_of(j, c, record) };
	f->fingerprint = hash_add(hash_add(hash_add(HASH_START, c->check->id), key), f->place.file ? f->place.file : "");
	f->output = format(j, c->output, record);
	f->fix = format(j, c->fix, record);
	f->command = format(j, c->command, record);
	f->reason = status == POSTURE_UNKNOWN ? unread(j, c, record) : waiver ? waiver->reason : NULL;
	add_evidence(j, c, f);
}

/* ---- asking ---- */

static enum posture_status ask(const struct posture_program *p, const struct posture_compiled *c)
{
	int applies = c->when == UINT32_MAX ? MODEL_SET : lang_program_eval(p->program, p->scratch, c->when);
	int fails;

	if (applies == MODEL_UNSET)
		return POSTURE_DOES_NOT_APPLY;
	fails = lang_program_eval(p->program, p->scratch, c->fails);
	/* What passes whether it applies or not is passed: nothing is unknown about it. */
	if (fails == MODEL_UNSET)
		return POSTURE_PASS;
	return applies == MODEL_UNKNOWN || fails == MODEL_UNKNOWN ? POSTURE_UNKNOWN : POSTURE_FAIL;
}

static void judge_record(struct judge *j, const struct posture_program *p, const struct posture_record *record)
{
	lang_scratch_begin(p->scratch, &record->record);
	for (size_t i = 0; i < p->n; i++) {
		const struct posture_compiled *c = &p->checks[i];
		const struct posture_waiver *waiver = NULL;
		enum posture_status status;

		if (!j->wanted[c->check->index])
			continue;
		status = ask(p, c);
		if (status == POSTURE_FAIL || status == POSTURE_UNKNOWN)
			waiver = waiver_of(record, c->check);
		if (waiver)
			status = POSTURE_WAIVED;
		j->results->per_check[c->check->index].n[status]++;
		j->results->all.n[status]++;
		if (j->options->keep_passes || (status != POSTURE_PASS && status != POSTURE_DOES_NOT_APPLY))
			add_finding(j, c, record, status, waiver);
	}
}

static int judge_kind(struct judge *j, struct posture_checks *checks, enum model_kind_id kind, struct err *err)
{
	const struct posture_program *p = NULL;
	int r;

	if (!j->set->first[kind])
		return 0;
	r = posture_checks_program(checks, kind, &p, err);
	if (r < 0 || !p)
		return r;
	for (const struct posture_record *record = j->set->first[kind]; record; record = record->next)
		judge_record(j, p, record);
	return 0;
}

int posture_judge(struct posture_set *set, struct posture_checks *checks, const struct posture_options *options,
		  struct posture_results *ret_results, struct err *err)
{
	static const struct posture_options none;
	struct posture_results results = { .findings = NULL };
	struct judge j = { .set = set, .options = options ? options : &none, .results = &results };
	size_t n = posture_checks_count(checks);
	int r = 0;

	arena_init(&results.arena, 0);
	arena_init(&j.scratch, 0);
	strbuf_init(&j.text, 64 * 1024);
	results.per_check = mem_array(n, sizeof(*results.per_check));
	j.wanted = mem_array(n, sizeof(*j.wanted));
	for (size_t i = 0; i < n; i++)
		j.wanted[i] = is_wanted(posture_checks_at(checks, i), j.options);
	for (unsigned kind = 1; kind < MODEL_KIND_MAX && r >= 0; kind++)
		r = judge_kind(&j, checks, kind, err);
	for (size_t i = 0; i < n; i++)
		for (unsigned s = 0; s < POSTURE_STATUS_MAX; s++)
			if (results.per_check[i].n[s]) {
				results.n_asked++;
				break;
			}
	free(j.wanted);
	strbuf_done(&j.text);
	arena_done(&j.scratch);
	if (r < 0) {
		posture_results_done(&results);
		return r;
	}
	*ret_results = results;
	return 0;
}

void posture_results_done(struct posture_results *results)
{
	free(results->findings);
	free(results->per_check);
	arena_done(&results->arena);
	*results = (struct posture_results){ 0 };
}
