/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From terms to at most 64 groups per class. Equal terms are one group; when there are still too many, the two whose union
 * weakens least are put together, again and again.
 */
#include "sensor/filter_internal.h"
#include "sensor/plan.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/strbuf.h"

#include <stdlib.h>
#include <string.h>

enum { GROUPS_MAX = 64, CANDIDATES_MAX = 320, KEY_MAX = 1 << 20 };

/* ---- classes ---- */

/* Calls from which the state learns: names of files, standard input and output, and what plan_call_is_needed() says. */
static bool state_needs(enum model_event_type type)
{
	switch (type) {
	case MODEL_EVT_RENAME: case MODEL_EVT_RENAMEAT: case MODEL_EVT_RENAMEAT2: case MODEL_EVT_LINK: case MODEL_EVT_LINKAT:
	case MODEL_EVT_UNLINK: case MODEL_EVT_UNLINKAT: case MODEL_EVT_DUP: case MODEL_EVT_DUP2: case MODEL_EVT_DUP3:
	case MODEL_EVT_FCNTL: case MODEL_EVT_ACCEPT: case MODEL_EVT_ACCEPT4: case MODEL_EVT_SECCOMP:
		return true;
	default:
		return false;
	}
}

static enum sensor_filter_class class_of_call(const struct plan_call *call)
{
	if (plan_call_is_needed(call) || state_needs(call->row.type))
		return FILTER_ALWAYS;
	switch (call->row.family) {
	case SENSOR_FAMILY_OPEN: return FILTER_OPEN;
	case SENSOR_FAMILY_NET: case SENSOR_FAMILY_SEND: return FILTER_NET;
	case SENSOR_FAMILY_CALL: return FILTER_CALL;
	default: return FILTER_ALWAYS;
	}
}

static void fill_classes(uint8_t *class_of)
{
	memset(class_of, FILTER_ALWAYS, FILTER_TYPES);
	for (const struct plan_call *call = plan_calls; call->name; call++)
		class_of[call->row.type] = class_of_call(call);
}

enum sensor_filter_class sensor_filter_class_of(enum model_event_type type)
{
	_Static_assert((int)MODEL_EVT_MAX <= (int)FILTER_TYPES, "the tables have a place for every type");

	for (const struct plan_call *call = plan_calls; call->name; call++)
		if (call->row.type == type)
			return class_of_call(call);
	return FILTER_ALWAYS;
}

/* ---- containers ---- */

/* Docker and Podman of root, containerd and CRI-O, and k3s: their documented defaults. */
const char *const sensor_filter_usual_roots[] = {
	"/var/lib/docker/", "/var/lib/containerd/", "/var/lib/containers/", "/run/containerd/", "/run/k3s/containerd/",
	"/var/lib/rancher/k3s/agent/containerd/", NULL,
};

enum filter_where sensor_filter_where_of_root(const char *rootfs)
{
	for (const char *const *root = sensor_filter_usual_roots; rootfs && *root; root++)
		if (strncmp(rootfs, *root, strlen(*root)) == 0)
			return FILTER_WHERE_CONTAINER;
	return FILTER_WHERE_ELSEWHERE;
}

/* ---- what a term demands, to be compared ---- */

static bool no_bits(const uint64_t *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (words[i])
			return false;
	return true;
}

bool filter_is_free(const struct sensor_filter_term *t, enum filter_dimension dimension)
{
	switch (dimension) {
	case FILTER_DIM_KINDS: return no_bits(t->kinds, ARRAY_LEN(t->kinds));
	case FILTER_DIM_RESULTS: return no_bits(t->results, ARRAY_LEN(t->results));
	case FILTER_DIM_FD_TYPE: return !t->fd_types;
	case FILTER_DIM_WHERE: return !t->wheres;
	case FILTER_DIM_COMM: return !t->comms.n;
	case FILTER_DIM_UID: return !t->euids.n;
	case FILTER_DIM_EXE: return !t->exe.n_exact && !t->exe.n_below;
	case FILTER_DIM_PATH: return !t->paths.n_exact && !t->paths.n_in && !t->paths.n_below && !t->paths.n_prefixes;
	case FILTER_DIM_NAME: return !t->n_names && !t->n_suffixes;
	case FILTER_DIM_PART: return !t->n_parts;
	case FILTER_DIM_NEEDLE: return !t->n_needles;
	case FILTER_DIM_TEXT: return !t->texts;
	case FILTER_DIM_REMOTE_PORT: case FILTER_DIM_LOCAL_PORT: return !t->ports[dimension - FILTER_DIM_REMOTE_PORT].n;
	case FILTER_DIM_REMOTE_NET: case FILTER_DIM_LOCAL_NET: return !t->nets[dimension - FILTER_DIM_REMOTE_NET].n;
	default: return false;
	}
}

static int compare_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int compare_number(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

/* A hash of a list that does not depend on its order. */
static uint64_t texts_hash(const char *const *texts, size_t n, uint64_t h)
{
	_cleanup_free_ const char **sorted = NULL;

	h = filter_mix(h, n);
	if (!n)
		return h;
	sorted = mem_array(n, sizeof(*sorted));
	memcpy(sorted, texts, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), compare_text);
	for (size_t i = 0; i < n; i++)
		h = filter_mix(h, filter_name_hash(sorted[i], strlen(sorted[i])));
	return h;
}

static uint64_t numbers_hash(const struct sensor_filter_numbers *numbers, uint64_t h)
{
	_cleanup_free_ uint32_t *sorted = NULL;

	h = filter_mix(h, numbers->n * 2 + numbers->none_of);
	if (!numbers->n)
		return h;
	sorted = mem_array(numbers->n, sizeof(*sorted));
	memcpy(sorted, numbers->numbers, numbers->n * sizeof(*sorted));
	qsort(sorted, numbers->n, sizeof(*sorted), compare_number);
	for (size_t i = 0; i < numbers->n; i++)
		h = filter_mix(h, sorted[i]);
	return h;
}

static uint64_t words_hash(const uint64_t *words, size_t n, uint64_t h)
{
	for (size_t i = 0; i < n; i++)
		h = filter_mix(h, words[i]);
	return h;
}

static uint64_t nets_hash(const struct sensor_filter_nets *nets, uint64_t h)
{
	h = filter_mix(h, nets->n * 4 + nets->none_of * 2 + nets->or_none);
	for (size_t i = 0; i < nets->n; i++)
		h = filter_mix(filter_mix(h, nets->nets[i].family * 256u + nets->nets[i].bits),
			       filter_name_hash((const char *)nets->nets[i].bytes, 16));
	return h;
}

static uint64_t paths_hash(const struct sensor_filter_paths *p, uint64_t h)
{
	h = texts_hash(p->exact, p->n_exact, h);
	h = texts_hash(p->in, p->n_in, h);
	h = texts_hash(p->below, p->n_below, h);
	return texts_hash(p->prefixes, p->n_prefixes, h);
}

/* Equal demands have equal signatures; no demand has 0. (Unequal ones with equal signatures: the union is taken, still sound.) */
static uint64_t signature(const struct sensor_filter_term *t, enum filter_dimension d)
{
	uint64_t h = FILTER_ROOT + d;

	if (filter_is_free(t, d))
		return 0;
	switch (d) {
	case FILTER_DIM_TYPES: return words_hash(t->types.words, ARRAY_LEN(t->types.words), h);
	case FILTER_DIM_KINDS: return words_hash(t->kinds, ARRAY_LEN(t->kinds), h);
	case FILTER_DIM_RESULTS: return words_hash(t->results, ARRAY_LEN(t->results), h);
	case FILTER_DIM_FD_TYPE: return filter_mix(h, t->fd_types);
	case FILTER_DIM_WHERE: return filter_mix(h, t->wheres);
	case FILTER_DIM_COMM: return texts_hash(t->comms.texts, t->comms.n, filter_mix(h, t->comms.none_of));
	case FILTER_DIM_UID: return numbers_hash(&t->euids, h);
	case FILTER_DIM_EXE: return paths_hash(&t->exe, h);
	case FILTER_DIM_PATH: return paths_hash(&t->paths, h);
	case FILTER_DIM_NAME: return texts_hash(t->suffixes, t->n_suffixes, texts_hash(t->names, t->n_names, h));
	case FILTER_DIM_TEXT: return filter_mix(h, t->texts);
	case FILTER_DIM_PART: return texts_hash(t->parts, t->n_parts, h);
	case FILTER_DIM_NEEDLE: return texts_hash(t->needles, t->n_needles, h);
	case FILTER_DIM_REMOTE_PORT: case FILTER_DIM_LOCAL_PORT:
		return numbers_hash(&t->ports[d - FILTER_DIM_REMOTE_PORT], filter_mix(h, t->port_or_none[d - FILTER_DIM_REMOTE_PORT]));
	case FILTER_DIM_REMOTE_NET: case FILTER_DIM_LOCAL_NET: return nets_hash(&t->nets[d - FILTER_DIM_REMOTE_NET], h);
	default: return h;
	}
}

/* ---- groups ---- */

struct candidate {
	uint64_t signature[FILTER_DIM_MAX];   /* 0: free; MIXED: several */
	struct model_event_set types;
	struct filter_group group;
};
#define MIXED UINT64_MAX

/* How much is lost by giving up a demand: how many ordinary events it keeps out. Judged, not measured. */
static const unsigned weights[FILTER_DIM_MAX] = {
	[FILTER_DIM_KINDS] = 400, [FILTER_DIM_RESULTS] = 300, [FILTER_DIM_FD_TYPE] = 20, [FILTER_DIM_WHERE] = 150,
	[FILTER_DIM_COMM] = 120, [FILTER_DIM_UID] = 30, [FILTER_DIM_EXE] = 300, [FILTER_DIM_PATH] = 1000, [FILTER_DIM_NAME] = 800,
	[FILTER_DIM_PART] = 600, [FILTER_DIM_NEEDLE] = 600, [FILTER_DIM_TEXT] = 700, [FILTER_DIM_REMOTE_PORT] = 300, [FILTER_DIM_LOCAL_PORT] = 100,
	[FILTER_DIM_REMOTE_NET] = 150, [FILTER_DIM_LOCAL_NET] = 50,
};

/* What putting two together loses: a demand that one has not is lost; two different ones let more pass together. */
static unsigned loss(const struct candidate *a, const struct candidate *b)
{
	unsigned sum = 0, differ = 0;

	for (int d = FILTER_DIM_KINDS; d < FILTER_DIM_MAX; d++) {
		if (a->signature[d] == b->signature[d] && a->signature[d] != MIXED)
			continue;
		if (!a->signature[d] != !b->signature[d])
			sum += weights[d];
		else
			differ++;
	}
	if (differ > 1)          /* (p and n) or (q and m) is not (p or q) and (n or m) */
		sum += 10 * differ;
	sum += (unsigned)(a->group.n + b->group.n);
	return sum + 2 * (memcmp(&a->types, &b->types, sizeof(a->types)) != 0);
}

static void absorb(struct candidate *a, struct candidate *b)
{
	a->group.members = mem_grow(a->group.members, a->group.n + b->group.n, sizeof(*a->group.members));
	memcpy(a->group.members + a->group.n, b->group.members, b->group.n * sizeof(*b->group.members));
	a->group.n += b->group.n;
	free(b->group.members);
	for (int d = 0; d < FILTER_DIM_MAX; d++) {
		if (!a->signature[d] || !b->signature[d])
			a->signature[d] = 0;
		else if (a->signature[d] != b->signature[d])
			a->signature[d] = MIXED;
	}
	for (size_t i = 0; i < ARRAY_LEN(a->types.words); i++)
		a->types.words[i] |= b->types.words[i];
}

struct candidates {
	struct candidate *list;
	size_t n, n_given_up;
};

static void merge_cheapest(struct candidates *c)
{
	size_t best_a = 0, best_b = 1;
	unsigned best = loss(&c->list[0], &c->list[1]);

	for (size_t a = 0; a < c->n; a++)
		for (size_t b = a + 1; b < c->n; b++) {
			unsigned l = loss(&c->list[a], &c->list[b]);
			if (l < best) {
				best = l;
				best_a = a;
				best_b = b;
			}
		}
	absorb(&c->list[best_a], &c->list[best_b]);
	c->list[best_b] = c->list[--c->n];
	c->n_given_up++;
}

/* Equal in all but the event types: one group. */
static void add_term(struct candidates *c, const struct sensor_filter_term *term, uint32_t index)
{
	struct candidate new = { .types = term->types };

	new.group.members = mem_array(1, sizeof(uint32_t));
	new.group.members[0] = index;
	new.group.n = 1;
	for (int d = FILTER_DIM_KINDS; d < FILTER_DIM_MAX; d++)
		new.signature[d] = signature(term, d);
	for (size_t i = 0; i < c->n; i++)
		if (memcmp(new.signature, c->list[i].signature, sizeof(new.signature)) == 0) {
			absorb(&c->list[i], &new);
			return;
		}
	if (c->n == CANDIDATES_MAX)
		merge_cheapest(c);
	c->list[c->n++] = new;
}

static void group_class(struct sensor_filter_build *build, unsigned class)
{
	struct candidates c = { .list = mem_array(CANDIDATES_MAX, sizeof(struct candidate)) };

	for (size_t i = 0; i < build->n_terms; i++)
		if (build->class_of[i] == class)
			add_term(&c, &build->terms[i], (uint32_t)i);
	build->stats.n_terms[class] = c.n;
	while (c.n > GROUPS_MAX)
		merge_cheapest(&c);
	for (size_t g = 0; g < c.n; g++) {
		build->groups[class][g] = c.list[g].group;
		for (size_t i = 0; i < c.list[g].group.n; i++)
			build->bit_of[c.list[g].group.members[i]] = (uint8_t)g;
	}
	build->n_groups[class] = c.n;
	build->stats.n_given_up += c.n_given_up;
	free(c.list);
}

/* Groups of opens all members of which are foldable. */
static uint64_t foldable_groups(const struct sensor_filter_build *build)
{
	uint64_t bits = 0;

	for (size_t g = 0; g < build->n_groups[FILTER_OPEN]; g++) {
		const struct filter_group *group = &build->groups[FILTER_OPEN][g];
		bool all = true;

		for (size_t i = 0; i < group->n; i++)
			all = all && build->terms[group->members[i]].foldable;
		bits |= (uint64_t)all << g;
	}
	return bits;
}

/* The class that the term's types are of. Types of other classes in it are an error of the caller; those that are never
 * dropped do not matter. */
static uint8_t class_of_term(const struct sensor_filter_term *term, const uint8_t *class_of)
{
	for (unsigned type = 1; type < MODEL_EVT_MAX; type++)
		if (model_event_set_has(&term->types, type) && class_of[type] != FILTER_ALWAYS)
			return class_of[type];
	return FILTER_ALWAYS;
}

struct sensor_filter_build *sensor_filter_build(const struct sensor_filter_term *terms, size_t n, const struct model_event_set *always)
{
	struct sensor_filter_build *build = mem_alloc(sizeof(*build));

	build->tables = mem_alloc(sizeof(*build->tables));
	build->terms = terms;
	build->n_terms = n;
	build->bit_of = mem_array(n + 1, 1);
	build->class_of = mem_array(n + 1, 1);
	memset(build->bit_of, FILTER_NO_BIT, n);
	fill_classes(build->tables->class_of);
	for (size_t i = 0; i < n; i++)
		build->class_of[i] = class_of_term(&terms[i], build->tables->class_of);
	for (unsigned type = 1; always && type < MODEL_EVT_MAX; type++)
		if (model_event_set_has(always, type))
			build->tables->class_of[type] = FILTER_ALWAYS;
	for (unsigned class = 0; class < FILTER_CLASSES; class++)
		group_class(build, class);
	filter_fill(build);
	build->tables->fold = foldable_groups(build);
	build->tables->is_active = 1;
	build->terms = NULL;
	return build;
}

struct sensor_filter_build *sensor_filter_build_free(struct sensor_filter_build *build)
{
	if (!build)
		return NULL;
	for (unsigned class = 0; class < FILTER_CLASSES; class++)
		for (size_t g = 0; g < build->n_groups[class]; g++)
			free(build->groups[class][g].members);
	free(build->bit_of);
	free(build->class_of);
	free(build->tables);
	free(build);
	return NULL;
}

const struct filter_tables *sensor_filter_tables(const struct sensor_filter_build *build)
{
	return build->tables;
}

uint64_t sensor_filter_bit(const struct sensor_filter_build *build, size_t i)
{
	return i < build->n_terms && build->bit_of[i] != FILTER_NO_BIT ? UINT64_C(1) << build->bit_of[i] : 0;
}

void sensor_filter_stats(const struct sensor_filter_build *build, struct sensor_filter_stats *ret)
{
	*ret = build->stats;
}
