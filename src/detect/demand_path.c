/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of files. The kernel knows an absolute path without "//", "." and "..", which never ends in a slash but for "/"
 * itself: what a check says of such a text becomes places; what it says beyond that is left to user space, and so is every
 * negation.
 *
 * With several literals and whatever quantifier: for the check to be true at least one must hold.
 */
#include "detect/demand_internal.h"

#include <string.h>

/* Which part of the path a field is. */
enum part { PART_WHOLE, PART_DIRECTORY, PART_NAME, PART_EXE, PART_HOST };

struct text { const char *text; size_t len; };

static struct text text_of(const struct lang_text *literal)
{
	return (struct text){ literal->text, strnlen(literal->text, literal->len) };
}

/* ---- texts ---- */

/* Whether components up to `len` are none of "", ".", "..". The text starts with a slash. */
static bool are_plain_components(const char *text, size_t len)
{
	for (size_t i = 0; i < len; ) {
		size_t start = ++i, n;

		while (i < len && text[i] != '/')
			i++;
		n = i - start;
		if (n == 0 || (n == 1 && text[start] == '.') || (n == 2 && text[start] == '.' && text[start + 1] == '.'))
			return false;
	}
	return true;
}

/* "/" or "/a/b"; a slash at the end is cut. */
static bool to_path(struct text *t)
{
	if (!t->len || t->text[0] != '/')
		return false;
	if (t->len > 1 && t->text[t->len - 1] == '/')
		t->len--;
	return t->len == 1 || are_plain_components(t->text, t->len);
}

static struct text last_component(const struct text *t)
{
	const char *slash = t->len ? memrchr(t->text, '/', t->len) : NULL;

	return slash ? (struct text){ slash + 1, t->len - (size_t)(slash + 1 - t->text) } : *t;
}

static struct text directory(const struct text *t)
{
	struct text last = last_component(t);
	size_t n = (size_t)(last.text - t->text);

	return (struct text){ t->text, n > 1 ? n - 1 : n };
}

static size_t find_any(const struct text *t, const char *bytes)
{
	size_t i = 0;

	while (i < t->len && !strchr(bytes, t->text[i]))
		i++;
	return i;
}

/* ---- demands of one literal ---- */

struct demand_of_text {
	struct demand_maker *maker;
	enum part part;
	struct demand_cube cube;         /* what is demanded so far */
	bool any;
};

static void put_place(struct demand_of_text *d, struct demand_places *to, enum demand_place_kind kind, const struct text *t)
{
	if (!to->is_set)
		*to = demand_places_reserve(d->maker, 2);
	demand_places_add(d->maker, to, kind, t->text, t->len);
	d->any = true;
}

static void put_part(struct demand_of_text *d, const struct text *t)
{
	if (t->len && !d->cube.part.is_set)
		put_place(d, &d->cube.part, DEMAND_EXACT, t);
}

/* Of several the longest is asked for. */
static void put_needle(struct demand_of_text *d, const struct text *t)
{
	if (!t->len || (d->cube.needle.is_set && d->cube.needle.places[0].len >= t->len))
		return;
	d->cube.needle = (struct demand_places){ 0 };
	put_place(d, &d->cube.needle, DEMAND_EXACT, t);
}

/* The text begins so. */
static void put_start(struct demand_of_text *d, const struct text *t)
{
	struct demand_places *to = d->part == PART_EXE ? &d->cube.exe : &d->cube.path;
	struct text dir = directory(t), last = last_component(t);

	if (d->part == PART_NAME || !t->len || t->text[0] != '/' || (dir.len > 1 && !are_plain_components(dir.text, dir.len)))
		return;
	if (last.len && d->part != PART_EXE)
		put_place(d, to, DEMAND_PREFIX, t);
	else if (dir.len > 1)
		put_place(d, to, DEMAND_BELOW, &dir);
}

/* The text ends so. */
static void put_end(struct demand_of_text *d, const struct text *t)
{
	struct text dir, last = last_component(t), before;
	bool has_slash = last.len < t->len;

	if (!last.len || d->part == PART_EXE || (d->part == PART_NAME && has_slash))
		return;
	if (d->part == PART_DIRECTORY) {
		if (has_slash)
			put_part(d, &last);
		return;
	}
	put_place(d, &d->cube.name, has_slash ? DEMAND_EXACT : DEMAND_SUFFIX, &last);
	if (!has_slash || d->part == PART_HOST)
		return;
	dir = (struct text){ t->text, (size_t)(last.text - t->text) - 1 };
	before = last_component(&dir);
	if (before.len < dir.len)
		put_part(d, &before);
}

/* The text holds this. What stands between two slashes is a whole component before the last; what stands before the first slash
 * or behind the last one is in some component. Of each the longest, the latter only without the former. */
static void put_middle(struct demand_of_text *d, const struct text *t)
{
	struct text best = { 0 }, edge = { t->text, find_any(t, "/") }, last = last_component(t);
	size_t start = 0;
	bool open = false;

	for (size_t i = 0; i < t->len; i++) {
		if (t->text[i] != '/')
			continue;
		if (open && i - start > best.len)
			best = (struct text){ t->text + start, i - start };
		open = true;
		start = i + 1;
	}
	if (last.len > edge.len)
		edge = last;
	if (d->part == PART_WHOLE || d->part == PART_DIRECTORY)
		put_part(d, &best);
	if (!best.len && (d->part == PART_WHOLE || d->part == PART_DIRECTORY || (d->part == PART_NAME && !open)))
		put_needle(d, &edge);
}

static void put_exact(struct demand_of_text *d, struct text t)
{
	struct demand_places *to = d->part == PART_EXE ? &d->cube.exe : &d->cube.path;

	if (d->part == PART_NAME) {
		if (t.len && !memchr(t.text, '/', t.len))
			put_place(d, &d->cube.name, DEMAND_EXACT, &t);
		return;
	}
	if (!to_path(&t))
		return;
	if (d->part == PART_HOST) {
		put_end(d, &t);
		return;
	}
	put_place(d, to, d->part == PART_DIRECTORY ? DEMAND_IN : DEMAND_EXACT, &t);
	if (d->part == PART_DIRECTORY && t.len == 1)   /* the directory of "/" is "/" */
		put_place(d, to, DEMAND_EXACT, &t);
}

/* A shell pattern: what stands before its first and behind its last wildcard, and between them. */
static void put_glob(struct demand_of_text *d, const struct text *t)
{
	size_t first = find_any(t, "*?[\\"), last = t->len;
	struct text start = { t->text, first }, end;

	if (first == t->len) {
		put_exact(d, *t);
		return;
	}
	put_start(d, &start);
	while (!strchr("*?[]\\", t->text[last - 1]))
		last--;
	end = (struct text){ t->text + last, t->len - last };
	put_end(d, &end);
	for (size_t i = first; i < last; ) {
		struct text rest = { t->text + i, last - i };
		size_t n = find_any(&rest, "*?[]\\");
		struct text run = { rest.text, n };

		/* Behind '[' literals are no literals. */
		if (n < rest.len && (rest.text[n] == '[' || rest.text[n] == ']' || rest.text[n] == '\\'))
			break;
		put_middle(d, &run);
		i += n + 1;
	}
}

/* A path or what is below it; components may be patterns. */
static void put_pmatch(struct demand_of_text *d, const struct text *t)
{
	struct demand_places *to = d->part == PART_EXE ? &d->cube.exe : &d->cube.path;
	size_t wild = find_any(t, "*?[");
	struct text path = *t;

	if (wild < t->len) {
		path.len = wild;
		path = directory(&path);
	}
	if (d->part == PART_NAME || !to_path(&path) || path.len == 1)
		return;
	put_place(d, to, DEMAND_BELOW, &path);
	if (wild == t->len && d->part != PART_DIRECTORY)
		put_place(d, to, DEMAND_EXACT, &path);
}

/* ---- checks ---- */

static enum part part_of(enum model_field_id id)
{
	return id == MODEL_F_FD_HOSTPATH ? PART_HOST : id == MODEL_F_FD_DIRECTORY ? PART_DIRECTORY : id == MODEL_F_FD_FILENAME ? PART_NAME : id == MODEL_F_PROC_EXEPATH ? PART_EXE
	       : PART_WHOLE;
}

static bool is_decidable(enum lang_op op)
{
	return op == LANG_OP_EQ || op == LANG_OP_IN || op == LANG_OP_STARTSWITH || op == LANG_OP_ENDSWITH || op == LANG_OP_CONTAINS ||
	       op == LANG_OP_GLOB || op == LANG_OP_PMATCH;
}

static bool put_literal(struct demand_of_text *d, enum lang_op op, const struct text *t)
{
	switch (op) {
	case LANG_OP_EQ: case LANG_OP_IN: put_exact(d, *t); break;
	case LANG_OP_STARTSWITH: put_start(d, t); break;
	case LANG_OP_ENDSWITH: put_end(d, t); break;
	case LANG_OP_CONTAINS: put_middle(d, t); break;
	case LANG_OP_GLOB: put_glob(d, t); break;
	default: put_pmatch(d, t); break;
	}
	return d->any;
}

/* Whether the demand says all that the check does. */
static bool says_all(enum lang_op op, enum part part, const struct lang_node *check)
{
	if (check->quantifier == LANG_ONEOF || check->quantifier == LANG_ALLOF)
		return false;
	if (op == LANG_OP_EQ || op == LANG_OP_IN)
		return true;
	return part == PART_WHOLE && (op == LANG_OP_STARTSWITH || op == LANG_OP_PMATCH);
}

/* The pattern is one of many that are alike: their places are put together first. */
static void unite_places(struct demand_maker *maker, struct demand_cube *all, const struct demand_cube *one, size_t n)
{
	struct demand_places *to = one->exe.is_set ? &all->exe : &all->path;
	const struct demand_places *from = one->exe.is_set ? &one->exe : &one->path;

	if (!to->is_set)
		*to = demand_places_reserve(maker, 2 * n);
	for (size_t i = 0; i < from->n; i++)
		demand_places_add(maker, to, from->places[i].kind, from->places[i].text, from->places[i].len);
	all->text = one->text;
}

/* Whether a name on the host that begins with the root of a container may be in one of these places. */
static bool may_be_in_usual_root(const struct demand_places *places)
{
	for (size_t i = 0; i < places->n; i++)
		for (const char *const *root = sensor_filter_usual_roots; *root; root++) {
			size_t len = strlen(*root), n = places->places[i].len;
			if (memcmp(places->places[i].text, *root, n < len ? n : len) == 0)
				return true;
		}
	return false;
}

/* The host's name of a container's file has the container's root before it (sensor/fields_fd.c): its last component is the same,
 * but not how it begins. Most roots are where runtimes keep them, so most names cannot begin so. On the host, and in the host's
 * mount namespace, the kernel's path is it; of a file system that the host has mounted too it is the host's, which the filter
 * asks for as well. */
static void add_containers(struct demand_maker *maker, const struct demand_places *places, struct demand_list *out)
{
	struct demand_cube cube = demand_cube_all(maker->group);

	cube.wheres = may_be_in_usual_root(places) ? DEMAND_IN_CONTAINER : 1 << FILTER_WHERE_ELSEWHERE;
	demand_list_add(maker, out, &cube);
}

static bool check_names(struct demand_maker *maker, const struct lang_node *check, struct demand_list *out)
{
	enum model_field_id id = check->left->field.id;
	const struct lang_text *literals;
	struct lang_text word;
	size_t n = demand_literals(check, &literals, &word);
	struct demand_cube places = demand_cube_all(maker->group);
	enum part part = part_of(id);

	if (!is_decidable(check->op))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct demand_of_text d = { .maker = maker, .part = part, .cube = demand_cube_all(maker->group) };
		struct text t = text_of(&literals[i]);

		if (!put_literal(&d, check->op, &t))
			return false;
		if (part != PART_EXE)
			d.cube.text = id == MODEL_F_FD_PATH || part == PART_HOST ? DEMAND_KERNEL_PATH : DEMAND_FILE_NAME;
		if (part == PART_HOST && d.cube.path.is_set)
			add_containers(maker, &d.cube.path, out);
		if (d.cube.name.is_set || d.cube.part.is_set || d.cube.needle.is_set)
			demand_list_add(maker, out, &d.cube);
		else
			unite_places(maker, &places, &d.cube, n);
	}
	if (places.path.is_set || places.exe.is_set)
		demand_list_add(maker, out, &places);
	maker->is_exact = part != PART_HOST && says_all(check->op, part, check);
	return true;
}

/* What the literal says of a text that it matches: enum filter_text. */
static uint8_t texts_of(enum lang_op op, const struct text *t)
{
	bool is_start = op == LANG_OP_EQ || op == LANG_OP_IN || op == LANG_OP_STARTSWITH || op == LANG_OP_GLOB;
	size_t plain = op == LANG_OP_GLOB ? find_any(t, "*?[\\") : t->len;
	uint8_t texts = 0;

	if (memmem(t->text, t->len, "..", 2) && (op != LANG_OP_GLOB || find_any(t, "[\\") >= t->len))
		texts |= FILTER_TEXT_DOTS;
	if (is_start && plain >= 6 && memcmp(t->text, "/proc/", 6) == 0)
		texts |= FILTER_TEXT_PROC;
	return texts;
}

/* ".." in the path as the program gave it, or "/proc/" in front. */
static bool check_text(struct demand_maker *maker, const struct lang_node *check, struct demand_list *out)
{
	struct demand_cube cube = demand_cube_all(maker->group);
	const struct lang_text *literals;
	struct lang_text word;
	size_t n = demand_literals(check, &literals, &word);

	switch (check->op) {
	case LANG_OP_EQ: case LANG_OP_IN: case LANG_OP_CONTAINS: case LANG_OP_ICONTAINS: case LANG_OP_STARTSWITH: case LANG_OP_ENDSWITH:
	case LANG_OP_GLOB:
		break;
	default:
		return false;
	}
	cube.texts = FILTER_TEXT_DOTS | FILTER_TEXT_PROC;
	for (size_t i = 0; i < n; i++) {
		struct text t = text_of(&literals[i]);
		cube.texts &= texts_of(check->op, &t);
	}
	if (!cube.texts)
		return false;
	if (n)
		demand_list_add(maker, out, &cube);
	maker->is_exact = false;
	return true;
}

/* The name of a socket that is a path is that of a unix socket: addresses begin with a digit. */
static bool check_socket_name(struct demand_maker *maker, const struct lang_node *check, struct demand_list *out)
{
	struct demand_cube cube = demand_cube_all(maker->group);
	const struct lang_text *literals;
	struct lang_text word;
	size_t n = demand_literals(check, &literals, &word);

	if (check->op != LANG_OP_EQ && check->op != LANG_OP_IN && check->op != LANG_OP_STARTSWITH)
		return false;
	for (size_t i = 0; i < n; i++)
		if (literals[i].text[0] != '/')
			return false;
	memset(cube.kinds, 0, sizeof(cube.kinds));
	cube.kinds[0] = UINT64_C(1) << DEMAND_NO_SOCKET;   /* with the address as given */
	for (unsigned kind = 0; kind < DEMAND_NO_SOCKET; kind++)
		if ((kind & 3) == FILTER_UNIX || (kind & 3) == FILTER_OTHER_FAMILY)
			cube.kinds[kind / 64] |= UINT64_C(1) << (kind % 64) & maker->group->possible_kinds[kind / 64];
	if (n)
		demand_list_add(maker, out, &cube);
	maker->is_exact = false;
	return true;
}

bool demand_check_path(struct demand_maker *maker, const struct lang_node *check, bool negated, struct demand_list *out)
{
	struct demand_list found = { 0 };
	enum demand_dim dim;
	bool done;

	if (negated || check->left->kind != LANG_VALUE_FIELD || check->right)
		return false;
	dim = demand_field_dim(maker, &check->left->field);
	if (dim == DEMAND_TEXT)
		done = check_text(maker, check, &found);
	else if (maker->group->class == FILTER_NET && dim == DEMAND_PATH)
		done = check_socket_name(maker, check, &found);
	else
		done = check_names(maker, check, &found);
	for (size_t i = 0; done && i < found.n; i++)
		demand_list_add(maker, out, &found.cubes[i]);
	demand_list_done(&found);
	return done;
}
