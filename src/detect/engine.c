/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invariants:
 * E1  Buckets of the throttle are keyed by program index: they never outlive the rule set.
 * E2  Nothing is formatted and nothing allocated for a record that no rule matches.
 */
#include "detect/detect.h"
#include "detect/limits.h"
#include "detect/throttle.h"

#include <stdlib.h>
#include <string.h>

struct detect_engine {
	struct detect_options options;
	detect_finding_fn tell;
	void *data;
	struct lang_rules *rules;
	const struct lang_program *program;
	struct lang_scratch *scratch;
	struct throttle throttle;
	struct arena arena;          /* values of the finding being told */
	struct strbuf output;
	struct detect_stats stats;
};

struct detect_engine *detect_engine_new(const struct detect_options *options, detect_finding_fn tell, void *data)
{
	struct detect_engine *e = mem_alloc(sizeof(*e));

	e->options = *options;
	e->tell = tell;
	e->data = data;
	throttle_init(&e->throttle, options->throttle_per_s, options->throttle_burst, DETECT_BUCKETS_MAX);
	arena_init(&e->arena, DETECT_SCRATCH_MAX);
	strbuf_init(&e->output, DETECT_OUTPUT_MAX);
	return e;
}

struct detect_engine *detect_engine_free(struct detect_engine *e)
{
	if (!e)
		return NULL;
	throttle_done(&e->throttle);
	lang_scratch_free(e->scratch);
	lang_rules_free(e->rules);
	arena_done(&e->arena);
	strbuf_done(&e->output);
	free(e);
	return NULL;
}

static void tell(struct detect_engine *e, struct detect_finding *finding)
{
	finding->number = ++e->stats.n_told;
	e->stats.n_by_priority[finding->rule->priority]++;
	e->tell(finding, e->data);
}

static void tell_summary(struct detect_engine *e, struct throttle_bucket *b)
{
	struct detect_finding finding = {
		.rule = lang_rules_of_program(e->rules, (uint32_t)b->key.rule),
		.time_ns = b->last_ns,
		.output = b->output ? b->output : "",
		.n_held_back = b->n_held_back,
		.container_id = b->container_id,
		.container_name = b->container_name,
		.image = b->image,
		.hostname = e->options.hostname,
		.is_summary = true,
	};

	b->n_held_back = 0;
	tell(e, &finding);
}

void detect_engine_flush(struct detect_engine *e, uint64_t time_ns)
{
	for (struct throttle_bucket *b = e->throttle.oldest; b; b = b->newer)
		if (b->n_held_back && throttle_would_pass(&e->throttle, b, time_ns))
			tell_summary(e, b);
}

void detect_engine_rules(struct detect_engine *e, struct lang_rules *rules)
{
	if (e->rules)
		detect_engine_flush(e, UINT64_MAX);
	while (e->throttle.oldest)   /* E1 */
		throttle_drop(&e->throttle, e->throttle.oldest);
	lang_scratch_free(e->scratch);
	lang_rules_free(e->rules);
	e->rules = rules;
	e->program = lang_rules_program(rules);
	e->scratch = lang_scratch_new(e->program);
}

static void replace_text(char **text, const char *with)
{
	free(*text);
	*text = with ? mem_strndup(with, strnlen(with, DETECT_SAVED_MAX)) : NULL;
}

static void save_for_summary(struct throttle_bucket *b, const struct detect_finding *f)
{
	replace_text(&b->output, f->output);
	replace_text(&b->container_id, f->container_id);
	replace_text(&b->container_name, f->container_name);
	replace_text(&b->image, f->image);
}

/* False when the finding is held back; *ret_bucket is NULL without throttling. */
static bool pass_throttle(struct detect_engine *e, uint32_t index, uint64_t time_ns, uint64_t container_key,
			  struct throttle_bucket **ret_bucket)
{
	struct throttle_key key = { container_key, index };
	struct throttle_bucket *victim;

	*ret_bucket = NULL;
	if (!e->throttle.cost_ns)
		return true;
	victim = throttle_victim(&e->throttle, key);
	if (victim) {
		if (victim->n_held_back)
			tell_summary(e, victim);
		throttle_drop(&e->throttle, victim);
	}
	*ret_bucket = throttle_bucket(&e->throttle, key, time_ns);
	if (throttle_take(&e->throttle, *ret_bucket, time_ns))
		return true;
	e->stats.n_held_back++;
	return false;
}

static void fill_where(struct detect_engine *e, struct detect_finding *f)
{
	f->container_id = detect_record_text(f->record, MODEL_F_CONTAINER_ID, &e->arena);
	f->container_name = detect_record_text(f->record, MODEL_F_CONTAINER_NAME, &e->arena);
	f->image = detect_record_text(f->record, MODEL_F_CONTAINER_IMAGE, &e->arena);
	f->hostname = detect_record_text(f->record, MODEL_F_EVT_HOSTNAME, &e->arena);
	if (!f->hostname)
		f->hostname = e->options.hostname;
}

static void match(struct detect_engine *e, uint32_t index, const struct model_record *record, uint64_t time_ns,
		  uint64_t container_key)
{
	const struct lang_rule *rule = lang_rules_of_program(e->rules, index);
	struct detect_finding f = { .rule = rule, .record = record, .time_ns = time_ns };
	uint64_t n_before = record->count > 1 ? record->count - 1 : 0;   /* folded in the kernel: the rule was true of them too */
	struct throttle_bucket *bucket;

	e->stats.n_matches += 1 + n_before;
	e->stats.n_held_back += n_before;
	if (!pass_throttle(e, index, time_ns, container_key, &bucket)) {
		bucket->n_held_back += n_before;
		return;
	}
	arena_reset(&e->arena);
	strbuf_reset(&e->output);
	lang_format_print(rule->format, record, &e->arena, &e->output);
	f.output = e->output.text;
	f.n_held_back = n_before;
	fill_where(e, &f);
	if (bucket) {
		f.n_held_back += bucket->n_held_back;
		bucket->n_held_back = 0;
		save_for_summary(bucket, &f);
	}
	tell(e, &f);
}

void detect_engine_feed(struct detect_engine *e, const struct model_record *record, uint64_t time_ns, uint64_t container_key)
{
	uint32_t indexes[DETECT_MATCHES_MAX];
	size_t n;

	e->stats.n_records++;
	n = lang_program_match(e->program, e->scratch, record, indexes, DETECT_MATCHES_MAX);
	for (size_t i = 0; i < n && i < DETECT_MATCHES_MAX; i++) {
		if (lang_rules_of_program(e->rules, indexes[i])->priority > e->options.min_priority)
			continue;
		match(e, indexes[i], record, time_ns, container_key);
		if (e->options.first_match_only)
			break;
	}
	if (n > DETECT_MATCHES_MAX)
		e->stats.n_matches += n - DETECT_MATCHES_MAX;
}

void detect_engine_report(struct detect_engine *e, const struct lang_rule *rule, const struct model_record *record,
			  uint64_t time_ns, const char *output)
{
	struct detect_finding f = { .rule = rule, .record = record, .time_ns = time_ns, .output = output };

	if (rule->priority > e->options.min_priority)
		return;
	arena_reset(&e->arena);
	f.hostname = e->options.hostname;
	if (record)
		fill_where(e, &f);
	tell(e, &f);
}

void detect_engine_stats(const struct detect_engine *e, struct detect_stats *ret)
{
	*ret = e->stats;
}
