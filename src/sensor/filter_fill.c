/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Groups of terms into the tables that the kernel asks. For each dimension a group demands what any of its members demands;
 * it is free as soon as one member is. When a table is full, the group that fills it most becomes free there, and the table
 * is made again.
 */
#include "sensor/filter_internal.h"

#include "base/mem.h"

#include <stddef.h>
#include <string.h>

/* ---- hashes ---- */

uint64_t filter_word(const char *bytes, size_t len)
{
	uint64_t word = 0;

	for (size_t i = 0; i < len && i < 8; i++)
		word |= (uint64_t)(unsigned char)bytes[i] << i * 8;
	return word;
}

uint64_t filter_name_hash(const char *name, size_t len)
{
	uint64_t h = filter_name_start((uint32_t)len);

	for (size_t i = 0; i < len; i += 8)
		h = filter_mix(h, filter_word(name + i, len - i));
	return h;
}

bool filter_path_hash(const char *path, size_t len, uint64_t *ret_hash)
{
	uint64_t h = FILTER_ROOT;

	if (!len || path[0] != '/')
		return false;
	for (size_t i = 1; i < len; ) {
		const char *end = memchr(path + i, '/', len - i);
		size_t n = end ? (size_t)(end - path) - i : len - i;
		if (n)
			h = filter_mix(h, filter_name_hash(path + i, n));
		i += n + 1;
	}
	*ret_hash = h;
	return true;
}

uint64_t filter_comm_hash(const char *comm)
{
	size_t len = strnlen(comm, 16);

	return filter_comm_key(filter_word(comm, len), len > 8 ? filter_word(comm + 8, len - 8) : 0);
}

unsigned filter_address(unsigned family, const uint8_t *bytes, __u64 *ret_hi, __u64 *ret_lo)
{
	uint64_t hi = 0, lo = 0;

	if (family == 4) {
		*ret_hi = 0;
		*ret_lo = (uint64_t)bytes[0] << 24 | (uint64_t)bytes[1] << 16 | (uint64_t)bytes[2] << 8 | bytes[3];
		return 4;
	}
	for (int i = 0; i < 8; i++) {
		hi = hi << 8 | bytes[i];
		lo = lo << 8 | bytes[i + 8];
	}
	if (!hi && lo >> 32 == 0xffff) {         /* IPv4 mapped into IPv6 */
		lo &= UINT32_MAX;
		family = 4;
	}
	*ret_hi = hi;
	*ret_lo = lo;
	return family;
}

/* ---- groups ---- */

struct fill {
	struct sensor_filter_build *build;
	struct filter_tables *t;
};

static const struct sensor_filter_term *member(const struct fill *f, unsigned class, size_t group, size_t i)
{
	return &f->build->terms[f->build->groups[class][group].members[i]];
}

#define FOR_MEMBERS(f, class, g, i, term) \
	for (size_t i = 0; i < (f)->build->groups[class][g].n; i++) \
		for (const struct sensor_filter_term *term = member(f, class, g, i); term; term = NULL)

static bool group_is_free(const struct fill *f, unsigned class, size_t g, enum filter_dimension d)
{
	if (f->build->given_up[class][d] >> g & 1)
		return true;
	FOR_MEMBERS(f, class, g, i, term)
		if (filter_is_free(term, d))
			return true;
	return false;
}

static uint64_t free_bits(const struct fill *f, unsigned class, enum filter_dimension d)
{
	uint64_t bits = 0;

	for (size_t g = 0; g < f->build->n_groups[class]; g++)
		bits |= (uint64_t)group_is_free(f, class, g, d) << g;
	return bits;
}

/* ---- enumerations ---- */

static void fill_types(const struct fill *f, unsigned class, size_t g)
{
	FOR_MEMBERS(f, class, g, i, term)
		for (unsigned type = 1; type < MODEL_EVT_MAX; type++)
			if (f->t->class_of[type] == class && model_event_set_has(&term->types, type))
				f->t->types[type] |= UINT64_C(1) << g;
}

/* Bit `g` in those of `masks` whose index any member has in its words, or in all. */
static void fill_words(const struct fill *f, unsigned class, size_t g, enum filter_dimension d, __u64 *masks, size_t n)
{
	bool is_free = group_is_free(f, class, g, d);

	for (size_t at = 0; at < n; at++) {
		bool has = is_free;
		FOR_MEMBERS(f, class, g, i, term) {
			uint64_t small = d == FILTER_DIM_FD_TYPE ? term->fd_types : term->wheres;
			const uint64_t *words = d == FILTER_DIM_KINDS ? term->kinds : d == FILTER_DIM_RESULTS ? term->results : &small;
			has |= words[at / 64] >> (at % 64) & 1;
		}
		masks[at] |= (uint64_t)has << g;
	}
}

static void fill_enumerations(const struct fill *f, unsigned class)
{
	struct filter_dimensions *of = &f->t->of[class];

	for (size_t g = 0; g < f->build->n_groups[class]; g++) {
		fill_types(f, class, g);
		fill_words(f, class, g, FILTER_DIM_KINDS, of->kind, FILTER_KINDS);
		fill_words(f, class, g, FILTER_DIM_RESULTS, of->result, FILTER_RESULTS);
		fill_words(f, class, g, FILTER_DIM_FD_TYPE, of->fd_type, FILTER_FD_TYPES);
		fill_words(f, class, g, FILTER_DIM_WHERE, of->where, FILTER_WHERES);
	}
	of->fd_type[FILTER_FD_UNKNOWN] = of->where[FILTER_WHERE_UNKNOWN] = UINT64_MAX;
}

FILTER_PLACE(struct filter_entry, place_entry, FILTER_ENTRIES)
FILTER_PLACE(struct filter_name, place_name, FILTER_ENTRIES)
FILTER_PLACE(struct filter_node, place_node, FILTER_NODES)

/* One pass over a table: false when something found no place. `demands` counts what each group put in. */
struct pass {
	size_t demands[FILTER_CLASSES][64];
	uint64_t bad[FILTER_CLASSES];    /* groups with a text that no table can hold */
	bool full;
};

static void count_demand(struct pass *pass, unsigned class, size_t g, const void *place)
{
	pass->demands[class][g]++;
	pass->full |= !place;
}

static void bad_demand(struct pass *pass, unsigned class, size_t g)
{
	pass->bad[class] |= UINT64_C(1) << g;
	pass->full = true;
}

static bool give_up_bad(const struct fill *f, const struct pass *pass, enum filter_dimension d)
{
	bool any = false;

	for (unsigned class = 0; class < FILTER_CLASSES; class++) {
		f->build->given_up[class][d] |= pass->bad[class];
		f->build->stats.n_given_up += (size_t)__builtin_popcountll(pass->bad[class]);
		any |= pass->bad[class] != 0;
	}
	return any;
}

/* The group that fills the table most gives its demand up. */
static void give_up(const struct fill *f, const struct pass *pass, enum filter_dimension d, unsigned first_class, unsigned end_class)
{
	unsigned class = first_class;
	size_t group = 0;

	if (give_up_bad(f, pass, d))
		return;
	for (unsigned c = first_class; c < end_class; c++)
		for (size_t g = 0; g < f->build->n_groups[c]; g++)
			if (!(f->build->given_up[c][d] >> g & 1) && pass->demands[c][g] > pass->demands[class][group]) {
				class = c;
				group = g;
			}
	/* Nobody left to choose from: all do, so that this ends. */
	f->build->given_up[class][d] |= pass->demands[class][group] ? UINT64_C(1) << group : UINT64_MAX;
	f->build->stats.n_given_up++;
}

/* ---- sets of values: what is in the table is judged by its entry, everything else by `other` ---- */

static bool has_number(const struct sensor_filter_numbers *set, uint32_t number)
{
	for (size_t i = 0; i < set->n; i++)
		if (set->numbers[i] == number)
			return true;
	return false;
}

static bool group_accepts_number(const struct fill *f, unsigned class, size_t g, enum filter_dimension d, const uint32_t *number)
{
	FOR_MEMBERS(f, class, g, i, term) {
		const struct sensor_filter_numbers *set = d == FILTER_DIM_UID ? &term->euids : &term->ports[d - FILTER_DIM_REMOTE_PORT];
		if (number ? has_number(set, *number) != set->none_of : set->none_of)
			return true;
	}
	return false;
}

/* Any of the group's members takes what nobody names. */
static bool takes_other_comms(const struct fill *f, unsigned class, size_t g)
{
	FOR_MEMBERS(f, class, g, i, term)
		if (term->comms.none_of)
			return true;
	return false;
}

/* Everything that is named gets an entry, which to begin with says what `other` says. */
static void place_comms(const struct fill *f, struct pass *pass, unsigned class, size_t g)
{
	FOR_MEMBERS(f, class, g, i, term)
		for (size_t k = 0; k < term->comms.n; k++) {
			struct filter_entry *at;
			if (strlen(term->comms.texts[k]) > 15)
				continue;        /* no task has it */
			at = place_entry(f->t->comm, filter_comm_hash(term->comms.texts[k]));
			count_demand(pass, class, g, at);
			for (unsigned c = 0; at && c < FILTER_CLASSES; c++)
				at->mask[c] = f->t->of[c].comm_other;
		}
}

/* Of a group of one term what it excludes is taken out; the exclusions of several that share a bit are not joined. */
static void judge_comms(const struct fill *f, unsigned class, size_t g)
{
	bool alone = f->build->groups[class][g].n == 1;

	FOR_MEMBERS(f, class, g, i, term)
		for (size_t k = 0; k < term->comms.n; k++) {
			struct filter_entry *at = filter_find_entry(f->t->comm, filter_comm_hash(term->comms.texts[k]));
			if (at && !term->comms.none_of)
				at->mask[class] |= UINT64_C(1) << g;
			else if (at && alone)
				at->mask[class] &= ~(UINT64_C(1) << g);
		}
}

static bool pass_comms(const struct fill *f, struct pass *pass)
{
	memset(f->t->comm, 0, sizeof(f->t->comm));
	for (unsigned class = 0; class < FILTER_CLASSES; class++) {
		struct filter_dimensions *of = &f->t->of[class];
		of->comm_free = free_bits(f, class, FILTER_DIM_COMM);
		of->comm_other = 0;
		for (size_t g = 0; g < f->build->n_groups[class]; g++)
			of->comm_other |= (uint64_t)takes_other_comms(f, class, g) << g;
	}
	for (unsigned class = 0; class < FILTER_CLASSES; class++)
		for (size_t g = 0; g < f->build->n_groups[class]; g++)
			if (!(f->t->of[class].comm_free >> g & 1))
				place_comms(f, pass, class, g);
	for (unsigned class = 0; class < FILTER_CLASSES && !pass->full; class++)
		for (size_t g = 0; g < f->build->n_groups[class]; g++)
			if (!(f->t->of[class].comm_free >> g & 1))
				judge_comms(f, class, g);
	return !pass->full;
}

static bool pass_uids(const struct fill *f, struct pass *pass)
{
	memset(f->t->uid, 0, sizeof(f->t->uid));
	for (unsigned class = 0; class < FILTER_CLASSES; class++) {
		struct filter_dimensions *of = &f->t->of[class];
		of->uid_free = free_bits(f, class, FILTER_DIM_UID);
		of->uid_other = 0;
		for (size_t g = 0; g < f->build->n_groups[class]; g++) {
			of->uid_other |= (uint64_t)group_accepts_number(f, class, g, FILTER_DIM_UID, NULL) << g;
			if (of->uid_free >> g & 1)
				continue;
			FOR_MEMBERS(f, class, g, i, term)
				for (size_t k = 0; k < term->euids.n; k++) {
					struct filter_entry *at = place_entry(f->t->uid, filter_uid_key(term->euids.numbers[k]));
					count_demand(pass, class, g, at);
					for (unsigned c = 0; at && c < FILTER_CLASSES; c++)
						for (size_t o = 0; o < f->build->n_groups[c]; o++)
							if (group_accepts_number(f, c, o, FILTER_DIM_UID, &term->euids.numbers[k]))
								at->mask[c] |= UINT64_C(1) << o;
				}
		}
	}
	return !pass->full;
}

static bool pass_ports(const struct fill *f, struct pass *pass, unsigned end)
{
	enum filter_dimension d = FILTER_DIM_REMOTE_PORT + end;

	f->t->port_free[end] = free_bits(f, FILTER_NET, d);
	f->t->port_other[end] = f->t->port_none[end] = 0;
	for (size_t g = 0; g < f->build->n_groups[FILTER_NET]; g++) {
		f->t->port_other[end] |= (uint64_t)group_accepts_number(f, FILTER_NET, g, d, NULL) << g;
		FOR_MEMBERS(f, FILTER_NET, g, i, term) {
			f->t->port_none[end] |= (uint64_t)term->port_or_none[end] << g;
			for (size_t k = 0; k < term->ports[end].n && !(f->t->port_free[end] >> g & 1); k++) {
				struct filter_name *at = place_name(f->t->ports, filter_port_key(end, term->ports[end].numbers[k]));
				count_demand(pass, FILTER_NET, g, at);
				for (size_t o = 0; at && o < f->build->n_groups[FILTER_NET]; o++)
					if (group_accepts_number(f, FILTER_NET, o, d, &term->ports[end].numbers[k]))
						at->mask |= UINT64_C(1) << o;
			}
		}
	}
	return !pass->full;
}

/* ---- addresses ---- */

static struct filter_cidr *place_cidr(struct filter_tables *t, unsigned end, const struct sensor_filter_net *net)
{
	struct filter_cidr c = { .end = end };
	unsigned bits = net->bits;

	c.family = filter_address(net->family, net->bytes, &c.hi, &c.lo);
	if (net->family == 4)
		bits += 96;
	if (c.family == 4 && bits < 96)
		bits = 96;                       /* ::ffff:0:0/90 has more than IPv4 in it; of IPv4 all */
	c.mask_hi = bits == 0 ? 0 : bits >= 64 ? UINT64_MAX : UINT64_MAX << (64 - bits);
	c.mask_lo = bits <= 64 ? 0 : UINT64_MAX << (128 - bits);
	c.hi &= c.mask_hi;
	c.lo &= c.mask_lo;
	for (unsigned i = 0; i < t->n_cidrs; i++) {
		struct filter_cidr *at = &t->cidrs[i];
		if (at->end == end && at->family == c.family && at->hi == c.hi && at->lo == c.lo && at->mask_hi == c.mask_hi && at->mask_lo == c.mask_lo)
			return at;
	}
	if (t->n_cidrs == FILTER_CIDRS)
		return NULL;
	t->cidrs[t->n_cidrs] = c;
	return &t->cidrs[t->n_cidrs++];
}

/* Two members that want to be outside of different networks: the union is not one that refuting can say. */
static bool outside_differs(const struct fill *f, size_t g, unsigned end)
{
	size_t n_outside = 0;

	FOR_MEMBERS(f, FILTER_NET, g, i, term)
		n_outside += term->nets[end].none_of;
	return n_outside > 1 && f->build->groups[FILTER_NET][g].n > 1;
}

static bool pass_nets(const struct fill *f, struct pass *pass, unsigned end)
{
	enum filter_dimension d = FILTER_DIM_REMOTE_NET + end;

	for (size_t g = 0; g < f->build->n_groups[FILTER_NET]; g++)
		if (outside_differs(f, g, end))
			f->build->given_up[FILTER_NET][d] |= UINT64_C(1) << g;
	f->t->cidr_free[end] = free_bits(f, FILTER_NET, d);
	f->t->cidr_other[end] = f->t->cidr_none[end] = 0;
	for (size_t g = 0; g < f->build->n_groups[FILTER_NET]; g++) {
		FOR_MEMBERS(f, FILTER_NET, g, i, term) {
			const struct sensor_filter_nets *nets = &term->nets[end];
			f->t->cidr_none[end] |= (uint64_t)nets->or_none << g;
			f->t->cidr_other[end] |= (uint64_t)nets->none_of << g;
			for (size_t k = 0; k < nets->n && !(f->t->cidr_free[end] >> g & 1); k++) {
				struct filter_cidr *at = place_cidr(f->t, end, &nets->nets[k]);
				count_demand(pass, FILTER_NET, g, at);
				if (at)
					*(nets->none_of ? &at->refutes : &at->inside) |= UINT64_C(1) << g;
			}
		}
	}
	return !pass->full;
}

/* Both ends share a table. */
static bool pass_both_nets(const struct fill *f, struct pass *pass)
{
	memset(f->t->cidrs, 0, sizeof(f->t->cidrs));
	f->t->n_cidrs = 0;
	return pass_nets(f, pass, FILTER_REMOTE) && pass_nets(f, pass, FILTER_LOCAL);
}

/* ---- paths ---- */

/* The directory part of a prefix and what follows it: "/dev/" and "sd". */
static struct filter_node *place_prefix(struct filter_tables *t, const char *prefix, size_t len, uint64_t bit)
{
	const char *slash = memrchr(prefix, '/', len);
	size_t dir = (size_t)(slash - prefix), rest = len - dir - 1;
	struct filter_node *parent, *at;
	uint64_t hash;

	if (!filter_path_hash(prefix, dir ? dir : 1, &hash))
		return NULL;
	parent = place_node(t->nodes, hash);
	if (!parent || !rest) {
		if (parent)
			parent->below |= bit;
		return parent;
	}
	if (rest > 8)
		rest = 8;
	at = place_node(t->nodes, filter_partial_key(hash, filter_word(slash + 1, rest), (uint32_t)rest));
	if (!at)
		return NULL;
	parent->partial |= UINT64_C(1) << (rest - 1);
	at->below |= bit;
	return at;
}

enum path_demand { DEMAND_EXACT, DEMAND_IN, DEMAND_BELOW, DEMAND_PREFIX };

static void put_path(const struct fill *f, struct pass *pass, size_t g, const char *path, enum path_demand kind)
{
	uint64_t bit = UINT64_C(1) << g, hash;
	struct filter_node *at;

	if (!filter_path_hash(path, strlen(path), &hash)) {
		bad_demand(pass, FILTER_OPEN, g);
		return;
	}
	at = kind == DEMAND_PREFIX ? place_prefix(f->t, path, strlen(path), bit) : place_node(f->t->nodes, hash);
	count_demand(pass, FILTER_OPEN, g, at);
	if (!at)
		return;
	if (kind == DEMAND_EXACT)
		at->exact |= bit;
	else if (kind == DEMAND_IN)
		at->child |= bit;
	else if (kind == DEMAND_BELOW)
		at->below |= bit;
}

static bool pass_paths(const struct fill *f, struct pass *pass)
{
	memset(f->t->nodes, 0, sizeof(f->t->nodes));
	f->t->path_free = free_bits(f, FILTER_OPEN, FILTER_DIM_PATH);
	for (size_t g = 0; g < f->build->n_groups[FILTER_OPEN]; g++) {
		if (f->t->path_free >> g & 1)
			continue;
		FOR_MEMBERS(f, FILTER_OPEN, g, i, term) {
			const struct sensor_filter_paths *p = &term->paths;
			for (size_t k = 0; k < p->n_exact; k++)
				put_path(f, pass, g, p->exact[k], DEMAND_EXACT);
			for (size_t k = 0; k < p->n_in; k++)
				put_path(f, pass, g, p->in[k], DEMAND_IN);
			for (size_t k = 0; k < p->n_below; k++)
				put_path(f, pass, g, p->below[k], DEMAND_BELOW);
			for (size_t k = 0; k < p->n_prefixes; k++)
				put_path(f, pass, g, p->prefixes[k], DEMAND_PREFIX);
		}
	}
	return !pass->full;
}

static void put_suffix(const struct fill *f, struct pass *pass, size_t g, const char *suffix)
{
	size_t len = strlen(suffix), n = len < 8 ? len : 8;
	struct filter_name *at;

	if (!len || strchr(suffix, '/')) {
		bad_demand(pass, FILTER_OPEN, g);
		return;
	}
	at = place_name(f->t->names, filter_suffix_key(filter_word(suffix + len - n, n), (uint32_t)n));
	count_demand(pass, FILTER_OPEN, g, at);
	if (at) {
		at->mask |= UINT64_C(1) << g;
		f->t->suffixes |= UINT64_C(1) << (n - 1);
	}
}

static void put_name(struct pass *pass, struct filter_name *table, size_t g, const char *name)
{
	struct filter_name *at = place_name(table, filter_name_hash(name, strlen(name)));

	count_demand(pass, FILTER_OPEN, g, at);
	if (at)
		at->mask |= UINT64_C(1) << g;
}

static bool pass_names(const struct fill *f, struct pass *pass)
{
	memset(f->t->names, 0, sizeof(f->t->names));
	f->t->suffixes = 0;
	f->t->name_free = free_bits(f, FILTER_OPEN, FILTER_DIM_NAME);
	for (size_t g = 0; g < f->build->n_groups[FILTER_OPEN]; g++) {
		if (f->t->name_free >> g & 1)
			continue;
		FOR_MEMBERS(f, FILTER_OPEN, g, i, term) {
			for (size_t k = 0; k < term->n_names; k++)
				put_name(pass, f->t->names, g, term->names[k]);
			for (size_t k = 0; k < term->n_suffixes; k++)
				put_suffix(f, pass, g, term->suffixes[k]);
		}
	}
	return !pass->full;
}

static bool pass_parts(const struct fill *f, struct pass *pass)
{
	memset(f->t->parts, 0, sizeof(f->t->parts));
	f->t->part_free = free_bits(f, FILTER_OPEN, FILTER_DIM_PART);
	for (size_t g = 0; g < f->build->n_groups[FILTER_OPEN]; g++)
		FOR_MEMBERS(f, FILTER_OPEN, g, i, term)
			for (size_t k = 0; k < term->n_parts && !(f->t->part_free >> g & 1); k++)
				put_name(pass, f->t->parts, g, term->parts[k]);
	return !pass->full;
}

/* The place of a text; its last bytes do not count, so that texts may share one. */
static struct filter_needle *place_needle(struct filter_tables *t, const char *text)
{
	struct filter_needle needle = { 0 };
	size_t len = strnlen(text, FILTER_NEEDLE_BYTES);

	for (size_t i = 0; i < len; i++) {
		needle.bytes[i] = (unsigned char)text[i] * UINT64_C(0x0101010101010101);
		needle.counts[i] = UINT64_MAX;
	}
	for (size_t i = 0; i < t->n_needles; i++)
		if (memcmp(&t->needles[i], &needle, offsetof(struct filter_needle, mask)) == 0)
			return &t->needles[i];
	if (t->n_needles == FILTER_NEEDLES)
		return NULL;
	t->needles[t->n_needles] = needle;
	return &t->needles[t->n_needles++];
}

static void put_needle(const struct fill *f, struct pass *pass, size_t g, const char *text)
{
	struct filter_needle *at;

	if (!text[0] || strchr(text, '/')) {
		bad_demand(pass, FILTER_OPEN, g);
		return;
	}
	at = place_needle(f->t, text);
	count_demand(pass, FILTER_OPEN, g, at);
	if (at)
		at->mask |= UINT64_C(1) << g;
}

static bool pass_needles(const struct fill *f, struct pass *pass)
{
	memset(f->t->needles, 0, sizeof(f->t->needles));
	f->t->n_needles = 0;
	f->t->needle_free = free_bits(f, FILTER_OPEN, FILTER_DIM_NEEDLE);
	for (size_t g = 0; g < f->build->n_groups[FILTER_OPEN]; g++)
		FOR_MEMBERS(f, FILTER_OPEN, g, i, term)
			for (size_t k = 0; k < term->n_needles && !(f->t->needle_free >> g & 1); k++)
				put_needle(f, pass, g, term->needles[k]);
	return !pass->full;
}

static void put_exe(struct pass *pass, unsigned class, size_t g, struct filter_entry *table, const char *path)
{
	struct filter_entry *at;
	uint64_t hash;

	if (!filter_path_hash(path, strlen(path), &hash)) {
		bad_demand(pass, class, g);
		return;
	}
	at = place_entry(table, hash);
	count_demand(pass, class, g, at);
	if (at)
		at->mask[class] |= UINT64_C(1) << g;
}

static bool pass_exes(const struct fill *f, struct pass *pass)
{
	memset(f->t->exe, 0, sizeof(f->t->exe));
	memset(f->t->exe_below, 0, sizeof(f->t->exe_below));
	for (unsigned class = 0; class < FILTER_CLASSES; class++) {
		uint64_t is_free = f->t->of[class].exe_free = free_bits(f, class, FILTER_DIM_EXE);
		for (size_t g = 0; g < f->build->n_groups[class]; g++) {
			if (is_free >> g & 1)
				continue;
			FOR_MEMBERS(f, class, g, i, term) {
				for (size_t k = 0; k < term->exe.n_exact; k++)
					put_exe(pass, class, g, f->t->exe, term->exe.exact[k]);
				for (size_t k = 0; k < term->exe.n_below; k++)
					put_exe(pass, class, g, f->t->exe_below, term->exe.below[k]);
			}
		}
	}
	return !pass->full;
}

/* Groups of which some term does not want it. */
static uint64_t without_text(const struct fill *f, enum filter_text text)
{
	uint64_t bits = 0;

	for (size_t g = 0; g < f->build->n_groups[FILTER_OPEN]; g++)
		FOR_MEMBERS(f, FILTER_OPEN, g, i, term)
			bits |= (uint64_t)!(term->texts & text) << g;
	return bits;
}

/* ---- all ---- */

static void fill_until_it_fits(const struct fill *f, bool (*fill)(const struct fill *f, struct pass *pass), enum filter_dimension d,
			       unsigned first_class, unsigned end_class)
{
	for (;;) {
		struct pass pass = { 0 };
		if (fill(f, &pass))
			return;
		give_up(f, &pass, d, first_class, end_class);
	}
}

static void fill_ports(const struct fill *f)
{
	for (;;) {
		struct pass pass[FILTER_ENDS] = { 0 };
		unsigned end = 0;

		memset(f->t->ports, 0, sizeof(f->t->ports));
		while (end < FILTER_ENDS && pass_ports(f, &pass[end], end))
			end++;
		if (end == FILTER_ENDS)
			return;
		give_up(f, &pass[end], FILTER_DIM_REMOTE_PORT + end, FILTER_NET, FILTER_NET + 1);
	}
}

/* The networks' table is small: when it is full, whichever end fills it most gives up. */
static void fill_nets(const struct fill *f)
{
	for (;;) {
		struct pass pass = { 0 };
		if (pass_both_nets(f, &pass))
			return;
		give_up(f, &pass, FILTER_DIM_REMOTE_NET, FILTER_NET, FILTER_NET + 1);
		give_up(f, &pass, FILTER_DIM_LOCAL_NET, FILTER_NET, FILTER_NET + 1);
	}
}

void filter_fill(struct sensor_filter_build *build)
{
	struct fill f = { build, build->tables };

	for (unsigned class = 0; class < FILTER_CLASSES; class++)
		fill_enumerations(&f, class);
	fill_until_it_fits(&f, pass_comms, FILTER_DIM_COMM, 0, FILTER_CLASSES);
	fill_until_it_fits(&f, pass_uids, FILTER_DIM_UID, 0, FILTER_CLASSES);
	fill_until_it_fits(&f, pass_exes, FILTER_DIM_EXE, 0, FILTER_CLASSES);
	fill_until_it_fits(&f, pass_paths, FILTER_DIM_PATH, FILTER_OPEN, FILTER_OPEN + 1);
	fill_until_it_fits(&f, pass_names, FILTER_DIM_NAME, FILTER_OPEN, FILTER_OPEN + 1);
	fill_until_it_fits(&f, pass_parts, FILTER_DIM_PART, FILTER_OPEN, FILTER_OPEN + 1);
	fill_until_it_fits(&f, pass_needles, FILTER_DIM_NEEDLE, FILTER_OPEN, FILTER_OPEN + 1);
	f.t->no_dots = without_text(&f, FILTER_TEXT_DOTS);
	f.t->no_proc = without_text(&f, FILTER_TEXT_PROC);
	fill_ports(&f);
	fill_nets(&f);
}
