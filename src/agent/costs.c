/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invariants:
 * C1  Between settlings measured times are pending, in arrays; settling scales them to the processor time that was used.
 * C2  `weight` of a measured event is how many events it stands for: those since the measured one before, and itself. So
 *     sums of weights are unbiased whatever the gaps are; gaps are drawn at random because loads repeat themselves.
 */
#include "agent/costs.h"
#include "runtime/runtime.h"
#include "sensor/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const char host[] = "host";

enum { CLASS_BITS = 64, IDLE_SETTLES = 60, CALIBRATIONS = 32 };

struct place {
	uint64_t cgroup;
	struct agent_cost_row *row;
	const struct runtime_container *container;   /* compared, not looked into */
	uint64_t generation;
	enum filter_where where;         /* as the kernel was told */
	struct sensor_cgroup_counts before;
	uint64_t pending_ns, pending_seen;
	unsigned n_idle;                 /* settlings since anything was here */
};

/* Program indexes, one after the other in one array. */
struct rule_list { uint32_t *indexes; size_t n; };

struct agent_costs {
	struct agent_costs_options options;
	struct agent_sums sums;
	struct agent_cost_row *types[MODEL_EVT_MAX];
	struct map places;               /* control group -> struct place */
	struct place elsewhere, *last;   /* those that found no room; the one of the event before */

	/* the sample */
	uint64_t stride, n_until, gap, n_events, n_samples, random, overhead_ns;
	uint64_t begin_ns, judge_ns;
	bool measuring;

	/* pending, C1 */
	uint64_t type_ns[MODEL_EVT_MAX], all_ns, judged_ns;
	struct agent_costs_counts before;    /* of the last settling; its arrays are not used */
	uint64_t *programs_before;
	size_t n_programs_before;

	/* rules */
	const struct lang_rules *rules;
	struct lang_scratch *scratch;
	struct agent_cost_row **rule_rows;   /* by program index */
	uint64_t *rule_ns;                   /* pending: evaluated alone */
	size_t n_rules;
	struct rule_list of_type[MODEL_EVT_MAX];
	size_t next_of_type[MODEL_EVT_MAX];

	/* filter */
	const struct filter_tables *tables;
	struct rule_list of_bit[FILTER_CLASSES][CLASS_BITS];
};

static uint64_t monotonic_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000 + (uint64_t)t.tv_nsec;
}

static uint64_t now(const struct agent_costs *c)
{
	return c->options.clock_ns();
}

/* What reading the clock itself adds to what is between two readings. */
static uint64_t calibrate(const struct agent_costs *c)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < CALIBRATIONS; i++) {
		uint64_t start = now(c), took = now(c) - start;
		if (took < least)
			least = took;
	}
	return least;
}

struct agent_costs *agent_costs_new(const struct agent_costs_options *options)
{
	struct agent_costs *c = mem_alloc(sizeof(*c));

	c->options = *options;
	if (!c->options.clock_ns)
		c->options.clock_ns = monotonic_ns;
	agent_sums_init(&c->sums);
	c->elsewhere.row = agent_sums_row(&c->sums, AGENT_COSTS_CONTAINERS, "other", NULL);
	c->before.wall_ns = options->wall_ns;
	c->before.cpu_ns = options->cpu_ns;
	c->stride = c->n_until = c->gap = 1;
	c->random = 88172645463325252u;
	c->overhead_ns = calibrate(c);
	return c;
}

static void free_lists(struct rule_list *lists, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		free(lists[i].indexes);
		lists[i] = (struct rule_list){ 0 };
	}
}

static void forget_rules(struct agent_costs *c)
{
	c->scratch = lang_scratch_free(c->scratch);
	free_lists(c->of_type, MODEL_EVT_MAX);
	free_lists(c->of_bit[0], FILTER_CLASSES * CLASS_BITS);
	free(c->rule_rows);
	free(c->rule_ns);
	c->rule_rows = NULL;
	c->rule_ns = NULL;
	c->n_rules = 0;
	c->rules = NULL;
	c->tables = NULL;
}

struct agent_costs *agent_costs_free(struct agent_costs *c)
{
	struct place *p;

	if (!c)
		return NULL;
	forget_rules(c);
	for (size_t i = 0; (p = map_next(&c->places, &i)) != NULL; )
		free(p);
	map_done(&c->places);
	agent_sums_done(&c->sums);
	free(c->programs_before);
	free(c);
	return NULL;
}

/* ---- rules ---- */

static void list_add(struct rule_list *list, uint32_t index)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->indexes[i] == index)
			return;
	list->indexes = mem_grow(list->indexes, list->n + 1, sizeof(*list->indexes));
	list->indexes[list->n++] = index;
}

static void add_rule(struct agent_costs *c, const struct lang_rule *rule)
{
	c->rule_rows[rule->program_index] = agent_sums_row(&c->sums, AGENT_COSTS_RULES, rule->name, NULL);
	for (unsigned type = 0; type < MODEL_EVT_MAX; type++)
		if (rule->all_events || model_event_set_has(&rule->events, type))
			list_add(&c->of_type[type], rule->program_index);
}

void agent_costs_rules(struct agent_costs *c, const struct lang_rules *rules)
{
	struct lang_program_stats stats;

	forget_rules(c);
	c->rules = rules;
	c->scratch = lang_scratch_new(lang_rules_program(rules));
	lang_program_stats(lang_rules_program(rules), &stats);
	c->n_rules = stats.n_conditions;
	c->rule_rows = mem_array(c->n_rules + 1, sizeof(*c->rule_rows));
	c->rule_ns = mem_array(c->n_rules + 1, sizeof(*c->rule_ns));
	for (size_t i = 0; i < lang_rules_count(rules); i++) {
		const struct lang_rule *rule = lang_rules_at(rules, i);
		if (rule->program_index < c->n_rules)
			add_rule(c, rule);
	}
}

static enum sensor_filter_class class_of(const struct sensor_filter_term *term)
{
	for (unsigned type = 1; type < MODEL_EVT_MAX; type++)
		if (model_event_set_has(&term->types, type))
			return sensor_filter_class_of(type);
	return FILTER_ALWAYS;
}

void agent_costs_filter(struct agent_costs *c, const struct sensor_filter_build *filter,
			const struct sensor_filter_term *terms, size_t n_terms)
{
	free_lists(c->of_bit[0], FILTER_CLASSES * CLASS_BITS);
	c->tables = filter ? sensor_filter_tables(filter) : NULL;
	for (size_t i = 0; filter && i < n_terms; i++) {
		enum sensor_filter_class class = class_of(&terms[i]);
		uint64_t bits = sensor_filter_bit(filter, i);
		for (; class < FILTER_CLASSES && bits && terms[i].owner < c->n_rules; bits &= bits - 1)
			list_add(&c->of_bit[class][__builtin_ctzll(bits)], terms[i].owner);
	}
}

/* ---- places ---- */

static void drop_idle_places(struct agent_costs *c)
{
	struct place *p;

	for (size_t i = 0; (p = map_next(&c->places, &i)) != NULL; )
		if (p->n_idle > IDLE_SETTLES) {
			map_remove_u64(&c->places, p->cgroup);
			if (c->last == p)
				c->last = NULL;
			free(p);
		}
}

static struct place *place_of(struct agent_costs *c, uint64_t cgroup)
{
	struct place *p = map_get_u64(&c->places, cgroup);

	if (p)
		return p;
	if (c->places.n >= AGENT_COSTS_CGROUPS_MAX)
		return &c->elsewhere;
	p = mem_alloc(sizeof(*p));
	p->cgroup = cgroup;
	p->row = agent_sums_row(&c->sums, AGENT_COSTS_CONTAINERS, host, NULL);
	map_put_u64(&c->places, cgroup, p);
	return p;
}

/* A group that was the host's may become a container's: the runtime's state comes a moment after its first process. */
static void set_container(struct agent_costs *c, struct place *p, const struct runtime_container *container)
{
	char id[13];

	if (!container || p == &c->elsewhere || (container == p->container && container->generation == p->generation))
		return;
	p->container = container;
	p->generation = container->generation;
	p->where = sensor_filter_where_of_root(container->rootfs);
	snprintf(id, sizeof(id), "%s", container->id ? container->id : "");   /* as container.id has it */
	p->row = agent_sums_row(&c->sums, AGENT_COSTS_CONTAINERS, id[0] ? id : host, container->name);
}

static struct agent_cost_row *type_row(struct agent_costs *c, unsigned type)
{
	if (!c->types[type])
		c->types[type] = agent_sums_row(&c->sums, AGENT_COSTS_TYPES, model_event(type)->name, NULL);
	return c->types[type];
}

static void count(struct agent_costs *c, struct agent_cost_row *row, enum agent_cost what, uint64_t n)
{
	row->n[what] += n;
	c->sums.total[what] += n;
}

/* ---- the sample ---- */

static uint64_t next_random(struct agent_costs *c)
{
	/* xorshift64: Marsaglia, Xorshift RNGs, 2003 */
	c->random ^= c->random << 13;
	c->random ^= c->random >> 7;
	c->random ^= c->random << 17;
	return c->random;
}

/* Gaps of stride/2 to stride*3/2; twice as far apart after each second's worth: a sudden flood is not measured to death. */
static void next_sample(struct agent_costs *c)
{
	if (++c->n_samples >= AGENT_COSTS_SAMPLES) {
		c->n_samples = 0;
		c->stride *= 2;
	}
	c->gap = c->stride > 1 ? c->stride / 2 + 1 + next_random(c) % c->stride : 1;
	c->n_until = c->gap;
}

void agent_costs_tick(struct agent_costs *c)
{
	uint64_t stride = c->n_events / AGENT_COSTS_SAMPLES;

	c->stride = stride ? stride : 1;
	if (c->n_until > 2 * c->stride) {   /* the flood is over: the one that waits stands for those that came */
		c->gap -= c->n_until - 1;
		c->n_until = 1;
	}
	c->n_events = c->n_samples = 0;
}

void agent_costs_begin(struct agent_costs *c)
{
	c->measuring = c->n_until <= 1;
	if (c->measuring)
		c->begin_ns = now(c);
}

void agent_costs_judge(struct agent_costs *c)
{
	if (c->measuring)
		c->judge_ns = now(c);
}

static uint64_t between(const struct agent_costs *c, uint64_t from_ns, uint64_t to_ns)
{
	return to_ns > from_ns + c->overhead_ns ? to_ns - from_ns - c->overhead_ns : 0;
}

/* Some of the rules that are asked about such events, in turn, each for all of them. */
static void time_rules(struct agent_costs *c, unsigned type, const struct model_record *record, uint64_t weight)
{
	const struct lang_program *program = lang_rules_program(c->rules);
	const struct rule_list *list = &c->of_type[type];
	size_t n = list->n < AGENT_COSTS_RULES_TIMED ? list->n : AGENT_COSTS_RULES_TIMED;

	for (size_t i = 0; i < n; i++) {
		uint32_t index = list->indexes[c->next_of_type[type]++ % list->n];
		uint64_t start;

		lang_scratch_begin(c->scratch, record);
		start = now(c);
		(void)lang_program_eval(program, c->scratch, index);
		/* Never nothing: it was asked. */
		c->rule_ns[index] += (between(c, start, now(c)) + 1) * weight * list->n / n;
	}
}

static void count_passed(struct agent_costs *c, unsigned class, uint64_t bits, uint64_t weight)
{
	uint32_t counted[CLASS_BITS * 4];
	size_t n = 0;

	/* A rule with several terms counts once, as far as there is room to remember. */
	for (; bits; bits &= bits - 1) {
		const struct rule_list *list = &c->of_bit[class][__builtin_ctzll(bits)];
		for (size_t i = 0; i < list->n; i++) {
			size_t k = 0;
			while (k < n && counted[k] != list->indexes[i])
				k++;
			if (k < n)
				continue;
			if (n < ARRAY_LEN(counted))
				counted[n++] = list->indexes[i];
			c->rule_rows[list->indexes[i]]->n[AGENT_COST_PASSED] += weight;
		}
	}
}

/* Because of which rules did the kernel let it pass? Asked here again, of the same tables. */
static void ask_filter(struct agent_costs *c, const struct sensor_wire *event, const struct model_record *record,
		       const struct place *place, uint64_t weight)
{
	unsigned class = c->tables->class_of[event->type];
	struct arena *scratch = lang_scratch_arena(c->scratch);
	struct sensor_filter_context context = { .where = place->container ? place->where : FILTER_WHERE_HOST };
	struct filter_process process = { .start_ns = event->start_ns };
	uint64_t may[FILTER_CLASSES];
	struct sensor_wire_view view;
	const char *exe;
	uint64_t bits;

	if (class >= FILTER_CLASSES || !sensor_wire_decode(event, event->len, &view))
		return;
	context.leader_comm = detect_record_text(record, MODEL_F_PROC_NAME, scratch);
	exe = detect_record_text(record, MODEL_F_PROC_EXEPATH, scratch);
	if (exe) {
		sensor_filter_exe(c->tables, exe, may);
		for (int i = 0; i < FILTER_CLASSES; i++)
			process.exe[i] = may[i];
		context.process = &process;
	}
	bits = sensor_filter_ask(c->tables, &view, &context);
	if (bits != UINT64_MAX)
		count_passed(c, class, bits, weight);
}

static void measure(struct agent_costs *c, const struct sensor_wire *event, struct model_record *const *records, size_t n_records,
		    struct place *place)
{
	uint64_t end = now(c), weight = c->gap, took = (between(c, c->begin_ns, end)) * weight;

	c->type_ns[event->type] += took;
	place->pending_ns += took;
	c->all_ns += took;
	c->judged_ns += between(c, c->judge_ns, end) * weight;
	if (n_records && c->n_rules) {
		time_rules(c, event->type, records[0], weight);
		lang_scratch_begin(c->scratch, records[0]);
		if (c->tables)
			ask_filter(c, event, records[0], place, weight);
	}
	c->measuring = false;
	next_sample(c);
}

void agent_costs_event(struct agent_costs *c, const struct sensor_wire *event, struct model_record *const *records, size_t n_records)
{
	struct place *p = c->last;

	if (event->type >= MODEL_EVT_MAX || event->type == MODEL_EVT_LOST)
		return;
	if (!p || p->cgroup != event->cgroup)
		p = c->last = place_of(c, event->cgroup);
	if (n_records)
		set_container(c, p, sensor_record_container(records[0]));
	count(c, type_row(c, event->type), AGENT_COST_DELIVERED, 1);
	p->row->n[AGENT_COST_DELIVERED]++;
	p->n_idle = 0;
	c->n_events++;
	if (c->measuring)
		measure(c, event, records, n_records, p);
	else
		c->n_until--;
}

void agent_costs_finding(struct agent_costs *c, const struct detect_finding *f)
{
	struct agent_cost_row *rule = agent_sums_row(&c->sums, AGENT_COSTS_RULES, f->rule->name, NULL), *where;
	bool in_container = f->container_id && strcmp(f->container_id, host) != 0;

	count(c, rule, AGENT_COST_HELD_BACK, f->n_held_back);
	if (f->is_summary)   /* tells of those held back, is none itself */
		return;
	count(c, rule, AGENT_COST_FINDINGS, 1);
	where = agent_sums_row(&c->sums, AGENT_COSTS_CONTAINERS, in_container ? f->container_id : host, in_container ? f->container_name : NULL);
	where->n[AGENT_COST_FINDINGS]++;
}

/* ---- settling ---- */

static uint64_t share(uint64_t whole, uint64_t part, uint64_t parts)
{
	return parts ? (uint64_t)((double)whole * ((double)part / (double)parts)) : 0;
}

static void settle_types(struct agent_costs *c, const struct agent_costs_counts *counts)
{
	for (unsigned type = 0; type < MODEL_EVT_MAX; type++) {
		const struct sensor_type_counts *is = &counts->types[type], *was = &c->before.types[type];
		uint64_t lost = counts->lost[type] - c->before.lost[type];

		if (is->seen == was->seen && !lost)
			continue;
		count(c, type_row(c, type), AGENT_COST_SEEN, is->seen - was->seen);
		count(c, type_row(c, type), AGENT_COST_DROPPED, is->dropped - was->dropped);
		count(c, type_row(c, type), AGENT_COST_FOLDED, is->folded - was->folded);
		count(c, type_row(c, type), AGENT_COST_LOST, lost);
	}
}

/* What a type that the program serves saw since the last settling. */
static uint64_t seen_by(const struct agent_costs *c, const struct agent_costs_counts *counts, unsigned type,
			const struct agent_costs_program *program)
{
	return model_event_set_has(&program->types, type) ? counts->types[type].seen - c->before.types[type].seen : 0;
}

static void settle_program(struct agent_costs *c, const struct agent_costs_counts *counts, const struct agent_costs_program *p,
			   uint64_t took)
{
	uint64_t seen = 0;

	for (unsigned t = 0; t < MODEL_EVT_MAX; t++)
		seen += seen_by(c, counts, t, p);
	for (unsigned t = 0; t < MODEL_EVT_MAX && seen; t++) {
		uint64_t part = seen_by(c, counts, t, p);
		if (part)
			type_row(c, t)->n[AGENT_COST_KERNEL_NS] += share(took, part, seen);
	}
}

static uint64_t settle_programs(struct agent_costs *c, const struct agent_costs_counts *counts)
{
	uint64_t all = 0;

	if (counts->n_programs > c->n_programs_before) {
		c->programs_before = mem_grow(c->programs_before, counts->n_programs, sizeof(*c->programs_before));
		for (; c->n_programs_before < counts->n_programs; c->n_programs_before++)
			c->programs_before[c->n_programs_before] = 0;
	}
	for (size_t i = 0; i < counts->n_programs; i++) {
		uint64_t took = counts->programs[i].ns - c->programs_before[i];

		c->programs_before[i] = counts->programs[i].ns;
		all += took;
		if (took)
			settle_program(c, counts, &counts->programs[i], took);
	}
	c->sums.total[AGENT_COST_KERNEL_NS] += all;
	return all;
}

/* Counters of a group start anew when the kernel's table forgot it. */
static uint64_t grown(uint64_t is, uint64_t was)
{
	return is >= was ? is - was : is;
}

static void settle_cgroup(struct agent_costs *c, const struct sensor_cgroup_counts *is)
{
	struct place *p = place_of(c, is->cgroup);
	bool same = p != &c->elsewhere && is->seen >= p->before.seen;
	struct sensor_cgroup_counts was = same ? p->before : (struct sensor_cgroup_counts){ 0 };

	if (is->seen == was.seen || p == &c->elsewhere)   /* without a row nobody knows what was counted before */
		return;
	if (!p->container && c->options.container)
		set_container(c, p, c->options.container(c->options.data, is->cgroup));
	p->row->n[AGENT_COST_SEEN] += is->seen - was.seen;
	p->row->n[AGENT_COST_DROPPED] += grown(is->dropped, was.dropped);
	p->row->n[AGENT_COST_FOLDED] += grown(is->folded, was.folded);
	p->pending_seen += is->seen - was.seen;
	p->before = *is;
	p->n_idle = 0;
}

static void settle_place(struct place *p, double scale, uint64_t kernel_ns, uint64_t seen)
{
	p->row->n[AGENT_COST_CPU_NS] += (uint64_t)((double)p->pending_ns * scale);
	p->row->n[AGENT_COST_KERNEL_NS] += share(kernel_ns, p->pending_seen, seen);
	p->pending_ns = p->pending_seen = 0;
	p->n_idle++;
}

static void settle_places(struct agent_costs *c, const struct agent_costs_counts *counts, double scale, uint64_t kernel_ns)
{
	struct place *p;
	uint64_t seen = 0;

	for (size_t i = 0; i < counts->n_cgroups; i++)
		settle_cgroup(c, &counts->cgroups[i]);
	for (size_t i = 0; (p = map_next(&c->places, &i)) != NULL; )
		seen += p->pending_seen;
	for (size_t i = 0; (p = map_next(&c->places, &i)) != NULL; )
		settle_place(p, scale, kernel_ns, seen);
	settle_place(&c->elsewhere, scale, 0, 0);
	if (c->places.n >= AGENT_COSTS_CGROUPS_MAX)
		drop_idle_places(c);
}

static void settle_rules(struct agent_costs *c, double scale)
{
	uint64_t judged = (uint64_t)((double)c->judged_ns * scale), all = 0;

	for (size_t i = 0; i < c->n_rules; i++)
		all += c->rule_ns[i];
	for (size_t i = 0; i < c->n_rules; i++) {
		if (c->rule_ns[i])
			c->rule_rows[i]->n[AGENT_COST_CPU_NS] += share(judged, c->rule_ns[i], all);
		c->rule_ns[i] = 0;
	}
	c->judged_ns = 0;
}

void agent_costs_settle(struct agent_costs *c, const struct agent_costs_counts *counts)
{
	uint64_t cpu_ns = counts->cpu_ns - c->before.cpu_ns, kernel_ns;
	double scale = c->all_ns > cpu_ns ? (double)cpu_ns / (double)c->all_ns : 1;

	c->sums.total[AGENT_COST_CPU_NS] += cpu_ns;
	c->sums.total[AGENT_COST_WALL_NS] += counts->wall_ns - c->before.wall_ns;
	settle_types(c, counts);
	kernel_ns = settle_programs(c, counts);
	settle_places(c, counts, scale, kernel_ns);
	settle_rules(c, scale);
	for (unsigned type = 0; type < MODEL_EVT_MAX; type++) {
		if (c->type_ns[type])
			type_row(c, type)->n[AGENT_COST_CPU_NS] += (uint64_t)((double)c->type_ns[type] * scale);
		c->type_ns[type] = 0;
	}
	c->all_ns = 0;
	c->before = *counts;
	c->before.cgroups = NULL;
	c->before.programs = NULL;
}

const struct agent_sums *agent_costs_sums(const struct agent_costs *c)
{
	return &c->sums;
}
