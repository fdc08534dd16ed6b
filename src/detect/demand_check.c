/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One check, or its negation, as cubes. Where a dimension has few values the check is asked for each of them; where it has
 * many, for those that the check names and for one that it does not.
 *
 * A check on an unset field is false and its negation true: a value that may be unset is asked for in that state too.
 */
#include "detect/demand_internal.h"
#include "sensor/fdtrack.h"
#include "sensor/flags.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { WORDS_MAX = 3, ANSWER_KEY_MAX = 64 * 1024 };

/* For which values the check may be true, for which false. */
struct masks {
	uint64_t yes[WORDS_MAX], no[WORDS_MAX];
};

/* What a check says of each value it names, and of all others. */
struct demand_literal { const char *text; uint64_t number; bool answer; };
struct demand_values { struct demand_literal *literals; size_t n; bool others; };

void demand_undecided(struct demand_maker *maker, struct demand_list *out)
{
	struct demand_cube all = demand_cube_all(maker->group);

	maker->is_exact = false;
	demand_list_add(maker, out, &all);
}

size_t demand_literals(const struct lang_node *check, const struct lang_text **ret, struct lang_text *ret_name)
{
	*ret = check->values;
	if (!check->right_name)
		return check->n_values;
	*ret_name = (struct lang_text){ .text = check->right_name, .len = strlen(check->right_name) };
	*ret = ret_name;
	return 1;
}

bool demand_is_comparison(const struct lang_node *check)
{
	return check->left->kind == LANG_VALUE_FIELD && !check->right &&
	       (check->op == LANG_OP_EQ || check->op == LANG_OP_NE || check->op == LANG_OP_IN);
}

bool demand_parse_number(const struct lang_text *text, uint64_t *ret)
{
	bool hex = text->len > 2 && text->text[0] == '0' && (text->text[1] | 0x20) == 'x';
	char *end;

	if (!text->len || !(text->text[0] >= '0' && text->text[0] <= '9'))
		return false;
	*ret = strtoull(text->text, &end, hex ? 16 : 10);
	return *end == '\0';
}

/* ---- the dimension of a check ---- */

static void find_dim(const struct demand_maker *maker, const struct lang_value_expr *e, enum demand_dim *dim)
{
	enum demand_dim d;

	if (!e)
		return;
	if (e->kind == LANG_VALUE_FIELD) {
		d = demand_field_dim(maker, &e->field);
		if (*dim == DEMAND_CONSTANT)
			*dim = d;
		else if (d != DEMAND_CONSTANT && d != *dim)
			*dim = DEMAND_UNKNOWN;
	}
	for (size_t i = 0; (e->kind == LANG_VALUE_TRANSFORMER || e->kind == LANG_VALUE_LIST) && i < e->n_args; i++)
		find_dim(maker, e->args[i], dim);
}

static bool has_field(const struct lang_value_expr *e, enum model_field_id id)
{
	if (!e)
		return false;
	if (e->kind == LANG_VALUE_FIELD && e->field.id == id)
		return true;
	for (size_t i = 0; (e->kind == LANG_VALUE_TRANSFORMER || e->kind == LANG_VALUE_LIST) && i < e->n_args; i++)
		if (has_field(e->args[i], id))
			return true;
	return false;
}

static bool uses(const struct lang_node *check, enum model_field_id id)
{
	return has_field(check->left, id) || has_field(check->right, id);
}

/* ---- few values ---- */

static void note(struct masks *m, unsigned index, enum demand_answer answer)
{
	if (answer != DEMAND_FALSE)
		m->yes[index / 64] |= UINT64_C(1) << (index % 64);
	if (answer != DEMAND_TRUE)
		m->no[index / 64] |= UINT64_C(1) << (index % 64);
}

static bool is_both(const struct masks *m, unsigned index)
{
	return m->yes[index / 64] & m->no[index / 64] & UINT64_C(1) << (index % 64);
}

static uint64_t flags_of_kind(unsigned kind)
{
	return (kind & 3) | (kind & FILTER_KIND_CREAT ? O_CREAT : 0) | (kind & FILTER_KIND_TRUNC ? O_TRUNC : 0) |
	       (kind & FILTER_KIND_DIRECTORY ? O_DIRECTORY : 0) | (kind & FILTER_KIND_APPEND ? O_APPEND : 0);
}

/* Flags that a kind does not say: tried in every combination. */
static void ask_flags(struct demand_asker *asker, struct demand_point *p, unsigned kind, struct masks *m)
{
	static const uint64_t others[] = { O_DIRECT, O_SYNC & ~O_DSYNC, O_DSYNC, O_NONBLOCK, O_EXCL, O_CLOEXEC, O_TMPFILE & ~O_DIRECTORY };

	for (unsigned combination = 0; combination < 1u << ARRAY_LEN(others) && !is_both(m, kind); combination++) {
		uint32_t shown;

		p->flags = flags_of_kind(kind);
		for (unsigned i = 0; i < ARRAY_LEN(others); i++)
			p->flags |= combination >> i & 1 ? others[i] : 0;
		shown = sensor_open_flags_of(p->flags, p->created);
		sensor_flags_print(sensor_open_flags, 0, shown, p->flags_text, sizeof(p->flags_text));
		snprintf(p->flags_raw, sizeof(p->flags_raw), "%X", shown);
		note(m, kind, demand_ask(asker, p));
	}
}

static void ask_open_kinds(const struct lang_node *check, struct demand_asker *asker, struct demand_point *p, struct masks *m)
{
	bool has_flags = uses(check, MODEL_F_EVT_ARG) || uses(check, MODEL_F_EVT_RAWARG);

	for (unsigned kind = 0; kind < FILTER_KINDS; kind++) {
		p->flags = flags_of_kind(kind);
		p->created = kind & FILTER_KIND_CREATED;
		if (has_flags)
			ask_flags(asker, p, kind, m);
		else
			note(m, kind, demand_ask(asker, p));
	}
}

/* A socket of another family is of one of many types, and its family may have no name. */
static void ask_other_families(struct demand_asker *asker, struct demand_point *p, unsigned kind, struct masks *m)
{
	static const struct { unsigned number; const char *name; } families[] = {
		{ 16, "netlink" }, { 17, "packet" }, { 38, "alg" }, { 40, "vsock" }, { 29, NULL },
	};

	p->sockfamily = p->l4proto = NULL;
	for (size_t i = 0; i < ARRAY_LEN(families); i++) {
		enum sensor_fd_type type = sensor_fd_type_of_family(families[i].number);

		p->family = families[i].name;
		p->fd_type = sensor_fd_type_name(type);
		p->fd_char = sensor_fd_type_char(type);
		note(m, kind, demand_ask(asker, p));
	}
}

/* All fields of the socket are unset then. */
static void ask_no_socket(struct demand_asker *asker, struct masks *m)
{
	struct demand_point none = { .dim = DEMAND_KINDS };

	note(m, DEMAND_NO_SOCKET, demand_ask(asker, &none));
}

static void ask_net_kinds(const struct demand_maker *maker, struct demand_asker *asker, struct demand_point *p, struct masks *m)
{
	static const struct { unsigned number; const char *name, *sockfamily; } known[] = {
		[FILTER_IPV4] = { 2, "inet", "ip" }, [FILTER_IPV6] = { 10, "inet6", "ip" }, [FILTER_UNIX] = { 1, "unix", "unix" },
	};
	static const char *const protocols[] = { "tcp", "udp", "icmp" };

	ask_no_socket(asker, m);
	for (unsigned kind = 0; kind < DEMAND_NO_SOCKET; kind++) {
		unsigned family = kind & 3, l4 = kind >> 2;

		if (!(maker->group->possible_kinds[kind / 64] >> (kind % 64) & 1))
			continue;
		if (family == FILTER_OTHER_FAMILY) {
			ask_other_families(asker, p, kind, m);
			continue;
		}
		p->family = known[family].name;
		p->sockfamily = known[family].sockfamily;
		p->fd_type = sensor_fd_type_name(sensor_fd_type_of_family(known[family].number));
		p->fd_char = sensor_fd_type_char(sensor_fd_type_of_family(known[family].number));
		p->l4proto = l4 < FILTER_OTHER_L4 ? protocols[l4] : NULL;
		note(m, kind, demand_ask(asker, p));
		p->l4proto = "raw";
		if (l4 == FILTER_OTHER_L4 && family != FILTER_UNIX)
			note(m, kind, demand_ask(asker, p));
	}
}

static void ask_fd_types(struct demand_asker *asker, struct demand_point *p, struct masks *m)
{
	for (enum sensor_fd_type type = SENSOR_FD_FILE; type < SENSOR_FD_MAX; type++) {
		unsigned index = type == SENSOR_FD_FILE ? FILTER_FD_FILE : type == SENSOR_FD_DIRECTORY ? FILTER_FD_DIRECTORY : FILTER_FD_NEITHER;
		enum demand_answer answer;

		p->fd_type = sensor_fd_type_name(type);
		p->fd_char = sensor_fd_type_char(type);
		answer = demand_ask(asker, p);
		note(m, index, answer);
		if (index == FILTER_FD_NEITHER)
			note(m, FILTER_FD_KERNEL, answer);
		for (unsigned kind = FILTER_FD_BLOCK; type == SENSOR_FD_FILE && kind <= FILTER_FD_PIPE; kind++)
			note(m, kind, answer);
	}
}

/* A number changes the answer at the check's own literals only: asked there and at both ends of what a type's modes are. An open
 * that failed has no mode, and counts as that of a file or of a directory. */
static bool ask_modes(const struct lang_node *check, struct demand_asker *asker, struct demand_point *p, struct masks *m)
{
	static const uint32_t types[] = { 0, S_IFIFO, S_IFCHR, S_IFDIR, S_IFBLK, S_IFREG, S_IFLNK, S_IFSOCK };
	enum { PERMISSIONS = 07777 };
	const struct lang_text *literals;
	struct lang_text name;
	size_t n = demand_literals(check, &literals, &name);
	enum demand_answer unset = demand_ask(asker, p);

	note(m, FILTER_FD_FILE, unset);
	note(m, FILTER_FD_DIRECTORY, unset);
	p->has_mode = true;
	for (size_t type = 0; type < ARRAY_LEN(types); type++)
		for (size_t i = 0; i <= n; i++) {
			uint64_t first = types[type], literal = first;
			if (i < n && !demand_parse_number(&literals[i], &literal))
				return false;
			for (unsigned k = 0; k < 5; k++) {
				p->number = k < 2 ? first + k * PERMISSIONS : literal + k - 3;
				if (p->number >= first && p->number <= first + PERMISSIONS)
					note(m, type ? filter_fd_type_of(types[type]) : FILTER_FD_KERNEL, demand_ask(asker, p));
			}
		}
	return true;
}

/* What is compared with the mode, or made of it, may be anything. */
static bool is_beyond_modes(const struct lang_node *check)
{
	return uses(check, MODEL_F_FD_MODE) && (check->left->kind != LANG_VALUE_FIELD || check->right);
}

static void ask_result(struct demand_asker *asker, struct demand_point *p, int64_t ret, struct masks *m)
{
	p->ret = ret;
	note(m, filter_result(ret), demand_ask(asker, p));
}

/* Of the first and the last index many numbers are: the check changes its answer at its own literals only. */
static void ask_results(const struct lang_node *check, struct demand_asker *asker, struct demand_point *p, struct masks *m)
{
	const struct lang_text *literals;
	struct lang_text name;
	size_t n = demand_literals(check, &literals, &name);

	for (int64_t error = 0; error < FILTER_RESULTS; error++)
		ask_result(asker, p, -error, m);
	ask_result(asker, p, INT64_MIN, m);
	ask_result(asker, p, INT64_MAX, m);
	for (size_t i = 0; i < n; i++) {
		int64_t at = strtoll(literals[i].text, NULL, strncmp(literals[i].text, "0x", 2) == 0 ? 16 : 10);

		if (at == INT64_MIN || at == INT64_MAX)
			continue;
		for (int64_t ret = at - 1; ret <= at + 1; ret++)
			if (ret >= 0 || ret <= -(FILTER_RESULTS - 1))
				ask_result(asker, p, ret, m);
	}
}

static void ask_where(const struct lang_node *check, struct demand_asker *asker, struct demand_point *p, struct masks *m)
{
	const struct lang_text *literals;
	struct lang_text name;
	size_t n = demand_literals(check, &literals, &name);

	p->is_host = true;
	note(m, FILTER_WHERE_HOST, demand_ask(asker, p));
	p->is_host = false;
	if (!demand_is_comparison(check)) {
		note(m, FILTER_WHERE_CONTAINER, demand_ask(asker, p));
		return;
	}
	p->text = "\001";   /* what no check names */
	note(m, FILTER_WHERE_CONTAINER, demand_ask(asker, p));
	for (size_t i = 0; i < n; i++) {
		p->text = literals[i].text;
		if (strcmp(p->text, "host") != 0)
			note(m, FILTER_WHERE_CONTAINER, demand_ask(asker, p));
	}
}

static void ask_types(const struct demand_maker *maker, struct demand_asker *asker, struct demand_point *p, struct model_event_set *yes,
		      struct model_event_set *no)
{
	for (unsigned type = 1; type < MODEL_EVT_MAX; type++) {
		enum demand_answer answer;

		if (!model_event_set_has(&maker->group->types, type))
			continue;
		p->type = type;
		answer = demand_ask(asker, p);
		if (answer != DEMAND_FALSE)
			model_event_set_add(yes, type);
		if (answer != DEMAND_TRUE)
			model_event_set_add(no, type);
	}
}

/* A number that is no error has no name, and what is computed of it may be anything. */
static bool is_beyond_results(const struct lang_node *check)
{
	bool plain = check->left->kind == LANG_VALUE_FIELD && !check->right;

	return !plain && (uses(check, MODEL_F_EVT_RAWRES) || uses(check, MODEL_F_FD_NUM));
}

static bool ask_masks(struct demand_maker *maker, const struct lang_node *check, enum demand_dim dim, struct masks *m)
{
	struct demand_point point = { .dim = dim };
	bool is_beyond = (dim == DEMAND_RESULTS && is_beyond_results(check)) || (dim == DEMAND_FD_TYPE && is_beyond_modes(check));
	struct demand_asker *asker = is_beyond ? NULL : demand_asker_new(maker, check);
	bool done = true;

	if (!asker)
		return false;
	if (dim == DEMAND_RESULTS)
		ask_results(check, asker, &point, m);
	else if (dim == DEMAND_FD_TYPE && uses(check, MODEL_F_FD_MODE))
		done = ask_modes(check, asker, &point, m);
	else if (dim == DEMAND_FD_TYPE)
		ask_fd_types(asker, &point, m);
	else if (dim == DEMAND_WHERE)
		ask_where(check, asker, &point, m);
	else if (maker->group->class == FILTER_OPEN)
		ask_open_kinds(check, asker, &point, m);
	else
		ask_net_kinds(maker, asker, &point, m);
	demand_asker_free(asker);
	return done;
}

/* Macros put the same checks into many rules: each is asked once. */
static const struct masks *masks_of(struct demand_maker *maker, const struct lang_node *check, enum demand_dim dim)
{
	_cleanup_strbuf_ struct strbuf key;
	struct masks *m;
	char *copy;

	strbuf_init(&key, ANSWER_KEY_MAX);
	strbuf_addf(&key, "%d %d ", maker->group->class, maker->group->role);
	lang_node_print(check, &key);
	m = map_get(&maker->answers, key.text, key.len);
	if (m)
		return m;
	m = arena_alloc(&maker->arena, sizeof(*m));
	if (!ask_masks(maker, check, dim, m))
		return NULL;
	if (key.truncated)
		return m;
	copy = arena_strndup(&maker->arena, key.text, key.len);
	map_put(&maker->answers, copy, key.len, m);
	return m;
}

static bool any_bit(const uint64_t *a, const uint64_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (a[i] & b[i])
			return true;
	return false;
}

static void check_few(struct demand_maker *maker, const struct lang_node *check, enum demand_dim dim, bool negated, struct demand_list *out)
{
	struct demand_cube cube = demand_cube_all(maker->group);
	const struct masks *m = masks_of(maker, check, dim);
	const uint64_t *mask;

	if (!m) {
		demand_undecided(maker, out);
		return;
	}
	mask = negated ? m->no : m->yes;
	maker->is_exact = !any_bit(m->yes, m->no, WORDS_MAX);
	if (!any_bit(mask, mask, WORDS_MAX))
		return;
	if (dim == DEMAND_KINDS) {
		memcpy(cube.kinds, mask, sizeof(cube.kinds));
		demand_fill_up(cube.kinds, DEMAND_KIND_WORDS, maker->group->possible_kinds);
	} else if (dim == DEMAND_RESULTS) {
		memcpy(cube.results, mask, sizeof(cube.results));
		demand_fill_up(cube.results, DEMAND_RESULT_WORDS, demand_possible_results);
	} else if (dim == DEMAND_FD_TYPE) {
		cube.fd_types = (uint8_t)mask[0];
	} else {
		cube.wheres = mask[0] & DEMAND_IN_CONTAINER ? (uint8_t)(mask[0] | DEMAND_IN_CONTAINER) : (uint8_t)mask[0];
	}
	demand_list_add(maker, out, &cube);
}

/* The mode that evt.is_open_exec asks for is there with O_CREAT and with O_TMPFILE. The latter is no part of a kind, but it
 * holds O_DIRECTORY: without that, open fails (fs/open.c, build_open_flags). */
static void check_open_exec(struct demand_maker *maker, const struct lang_node *check, bool negated, struct demand_list *out)
{
	struct demand_asker *asker = demand_asker_new(maker, check);
	struct demand_point point = { .dim = DEMAND_KINDS };
	struct demand_cube making = demand_cube_all(maker->group), failed = making;
	enum demand_answer otherwise, true_answer;

	if (!asker || uses(check, MODEL_F_EVT_ARG) || uses(check, MODEL_F_EVT_RAWARG)) {
		demand_asker_free(asker);
		demand_undecided(maker, out);
		return;
	}
	otherwise = demand_ask(asker, &point);
	point.is_bool = true;
	true_answer = demand_ask(asker, &point);
	demand_asker_free(asker);
	maker->is_exact = false;
	if (otherwise != (negated ? DEMAND_TRUE : DEMAND_FALSE)) {
		demand_undecided(maker, out);
		return;
	}
	if (true_answer == otherwise)
		return;
	memset(making.kinds, 0, sizeof(making.kinds));
	for (unsigned kind = 0; kind < FILTER_KINDS; kind++)
		if (kind & (FILTER_KIND_CREAT | FILTER_KIND_DIRECTORY))
			making.kinds[kind / 64] |= UINT64_C(1) << (kind % 64);
	memcpy(failed.results, demand_possible_results, sizeof(failed.results));
	failed.results[0] &= ~UINT64_C(1);
	demand_list_add(maker, out, &making);
	demand_list_add(maker, out, &failed);
}

static void check_types(struct demand_maker *maker, const struct lang_node *check, bool negated, struct demand_list *out)
{
	struct lang_node *children[1] = { (struct lang_node *)(uintptr_t)check };
	struct lang_node other = { .kind = LANG_NODE_NOT, .children = children, .n_children = 1 };
	struct demand_cube cube = demand_cube_all(maker->group), all = cube;
	struct model_event_set yes = { { 0 } }, no = { { 0 } };

	if (demand_is_comparison(check)) {
		yes = lang_event_types(check, NULL);
		no = lang_event_types(&other, NULL);
	} else {
		struct demand_point point = { .dim = DEMAND_TYPES };
		struct demand_asker *asker = demand_asker_new(maker, check);
		if (!asker) {
			demand_undecided(maker, out);
			return;
		}
		ask_types(maker, asker, &point, &yes, &no);
		demand_asker_free(asker);
	}
	cube.types = negated ? no : yes;
	if (demand_cube_intersect(maker, &cube, &all))
		demand_list_add(maker, out, &cube);
}

static void check_constant(struct demand_maker *maker, const struct lang_node *check, bool negated, struct demand_list *out)
{
	struct demand_point point = { .dim = DEMAND_CONSTANT };
	struct demand_asker *asker = demand_asker_new(maker, check);
	struct demand_cube all = demand_cube_all(maker->group);

	maker->is_constant = true;
	if (!asker || demand_ask(asker, &point) != (negated ? DEMAND_TRUE : DEMAND_FALSE))
		demand_list_add(maker, out, &all);
	demand_asker_free(asker);
}

/* ---- many values ---- */

/* What the check says of values it does not name: those are one case. False when it does not compare with literals. */
static bool ask_values(struct demand_maker *maker, const struct lang_node *check, enum demand_dim dim, bool negated, struct demand_values *ret)
{
	struct demand_asker *asker = demand_is_comparison(check) ? demand_asker_new(maker, check) : NULL;
	struct demand_point point = { .dim = dim, .text = "\001" };
	const struct lang_text *literals;
	struct lang_text name;
	size_t n = demand_literals(check, &literals, &name);
	uint64_t max = 0;

	if (!asker)
		return false;
	ret->literals = arena_alloc(&maker->arena, (n + 1) * sizeof(*ret->literals));
	ret->n = 0;
	for (size_t i = 0; i < n; i++) {
		if (dim != DEMAND_COMM && !demand_parse_number(&literals[i], &point.number)) {
			demand_asker_free(asker);
			return false;
		}
		max = point.number > max ? point.number : max;
		point.text = literals[i].text;
		ret->literals[ret->n++] = (struct demand_literal){ literals[i].text, point.number, (demand_ask(asker, &point) == DEMAND_TRUE) != negated };
	}
	point.number = max + 1;
	point.text = "\001";
	ret->others = (demand_ask(asker, &point) == DEMAND_TRUE) != negated;
	demand_asker_free(asker);
	return true;
}

bool demand_ask_values(struct demand_maker *maker, const struct lang_node *check, enum demand_dim dim, bool negated, struct demand_set *ret)
{
	struct demand_values v;
	_cleanup_free_ uint32_t *items = NULL;
	size_t n = 0;

	if (!ask_values(maker, check, dim, negated, &v))
		return false;
	items = mem_array(v.n + 2, sizeof(*items));
	for (size_t i = 0; i < v.n; i++) {
		const struct demand_literal *l = &v.literals[i];
		size_t len = l->text ? strlen(l->text) : 0;

		if (l->answer == v.others || (dim == DEMAND_COMM ? len > 15 : l->number > UINT32_MAX))
			continue;
		items[n++] = dim == DEMAND_COMM ? demand_text_id(maker, l->text, len) : (uint32_t)l->number;
	}
	/* A process without a name: unset, for which the negation is true whatever it says. */
	if (dim == DEMAND_COMM && negated) {
		uint32_t empty = demand_text_id(maker, "", 0);
		size_t kept = 0;

		for (size_t i = 0; i < n; i++)
			if (items[i] != empty)
				items[kept++] = items[i];
		n = kept;
		if (!v.others)
			items[n++] = empty;
	}
	*ret = v.others && !n ? (struct demand_set){ 0 } : demand_set_new(maker, items, n, v.others, false);
	return true;
}

static void check_many(struct demand_maker *maker, const struct lang_node *check, enum demand_dim dim, bool negated, struct demand_list *out)
{
	struct demand_cube cube = demand_cube_all(maker->group);
	struct demand_set *set = dim == DEMAND_COMM ? &cube.comm : &cube.uid;

	if (!demand_ask_values(maker, check, dim, negated, set))
		demand_undecided(maker, out);
	else if (!set->is_set || set->none_of || set->n)
		demand_list_add(maker, out, &cube);
}

void demand_check(struct demand_maker *maker, const struct lang_node *check, bool negated, struct demand_list *out)
{
	enum demand_dim dim = DEMAND_CONSTANT;

	maker->is_exact = true;
	maker->is_constant = false;
	find_dim(maker, check->left, &dim);
	find_dim(maker, check->right, &dim);
	switch (dim) {
	case DEMAND_CONSTANT: check_constant(maker, check, negated, out); break;
	case DEMAND_TYPES: check_types(maker, check, negated, out); break;
	case DEMAND_KINDS:
		if (maker->group->class == FILTER_OPEN && uses(check, MODEL_F_EVT_IS_OPEN_EXEC))
			check_open_exec(maker, check, negated, out);
		else
			check_few(maker, check, dim, negated, out);
		break;
	case DEMAND_RESULTS: case DEMAND_FD_TYPE: case DEMAND_WHERE: check_few(maker, check, dim, negated, out); break;
	case DEMAND_COMM: case DEMAND_UID: check_many(maker, check, dim, negated, out); break;
	case DEMAND_EXE: case DEMAND_PATH: case DEMAND_DOTDOT:
		if (!demand_check_path(maker, check, negated, out))
			demand_undecided(maker, out);
		break;
	case DEMAND_REMOTE_NET: case DEMAND_REMOTE_PORT:
		if (!demand_check_net(maker, check, negated, out))
			demand_undecided(maker, out);
		break;
	default: demand_undecided(maker, out); break;
	}
}
