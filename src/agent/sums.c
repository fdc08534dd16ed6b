/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/costs.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char other[] = "other";

const char *agent_cost_name(enum agent_cost cost)
{
	static const char *const names[AGENT_COST_MAX] = {
		"seen", "dropped", "folded", "delivered", "lost", "findings", "held_back", "passed", "cpu_ns", "kernel_ns", "wall_ns",
	};

	return names[cost];
}

const char *agent_cost_table_name(enum agent_cost_table table)
{
	static const char *const names[AGENT_COSTS_TABLES] = { "types", "containers", "rules" };

	return names[table];
}

void agent_sums_init(struct agent_sums *sums)
{
	*sums = (struct agent_sums){ 0 };
}

void agent_sums_clear(struct agent_sums *sums)
{
	struct agent_cost_row *row;

	for (int t = 0; t < AGENT_COSTS_TABLES; t++) {
		for (size_t i = 0; (row = map_next(&sums->tables[t], &i)) != NULL; ) {
			free(row->id);
			free(row->name);
			free(row);
		}
		map_clear(&sums->tables[t]);
	}
	memset(sums->total, 0, sizeof(sums->total));
}

void agent_sums_done(struct agent_sums *sums)
{
	agent_sums_clear(sums);
	for (int t = 0; t < AGENT_COSTS_TABLES; t++)
		map_done(&sums->tables[t]);
}

/* How much of a text is kept: whole characters of UTF-8. */
static size_t kept_len(const char *text)
{
	size_t len = strnlen(text, AGENT_SUMS_TEXT_MAX);

	while (len == AGENT_SUMS_TEXT_MAX && len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return len;
}

const struct agent_cost_row *agent_sums_find(const struct agent_sums *sums, enum agent_cost_table table, const char *id)
{
	return map_get(&sums->tables[table], id, kept_len(id));
}

/* Containers learn their names after their first events. */
static void set_name(struct agent_cost_row *row, const char *name)
{
	size_t len = name ? kept_len(name) : 0;

	if (!name || (row->name && strlen(row->name) == len && memcmp(row->name, name, len) == 0))
		return;
	free(row->name);
	row->name = mem_strndup(name, len);
}

struct agent_cost_row *agent_sums_row(struct agent_sums *sums, enum agent_cost_table table, const char *id, const char *name)
{
	struct map *map = &sums->tables[table];
	size_t len = kept_len(id);
	struct agent_cost_row *row = map_get(map, id, len);

	if (!row && map->n >= AGENT_SUMS_ROWS_MAX - 1 && strcmp(id, other) != 0)
		return agent_sums_row(sums, table, other, NULL);
	if (!row) {
		row = mem_alloc(sizeof(*row));
		row->id = mem_strndup(id, len);
		map_put(map, row->id, len, row);
	}
	set_name(row, name);
	return row;
}

static void add(uint64_t *to, const uint64_t *what)
{
	for (int i = 0; i < AGENT_COST_MAX; i++)
		to[i] += what[i];
}

void agent_sums_add(struct agent_sums *to, const struct agent_sums *what)
{
	const struct agent_cost_row *row;

	add(to->total, what->total);
	for (int t = 0; t < AGENT_COSTS_TABLES; t++)
		for (size_t i = 0; (row = map_next(&what->tables[t], &i)) != NULL; )
			add(agent_sums_row(to, t, row->id, row->name)->n, row->n);
}

/* Whether there is anything. */
static bool subtract(uint64_t *ret, const uint64_t *now, const uint64_t *before)
{
	uint64_t any = 0;

	for (int i = 0; i < AGENT_COST_MAX; i++) {
		ret[i] = now[i] - (before ? before[i] : 0);
		any |= ret[i];
	}
	return any != 0;
}

void agent_sums_since(struct agent_sums *ret, const struct agent_sums *now, const struct agent_sums *before)
{
	const struct agent_cost_row *row;
	uint64_t n[AGENT_COST_MAX];

	agent_sums_clear(ret);
	subtract(ret->total, now->total, before->total);
	for (int t = 0; t < AGENT_COSTS_TABLES; t++)
		for (size_t i = 0; (row = map_next(&now->tables[t], &i)) != NULL; ) {
			const struct agent_cost_row *was = agent_sums_find(before, t, row->id);
			if (subtract(n, row->n, was ? was->n : NULL))
				memcpy(agent_sums_row(ret, t, row->id, row->name)->n, n, sizeof(n));
		}
}

/* ---- JSON ---- */

static void put_counters(const uint64_t *n, struct json_writer *w)
{
	for (int i = 0; i < AGENT_COST_MAX; i++)
		if (n[i])
			json_put_uint(w, agent_cost_name(i), n[i]);
}

static int by_id(const void *a, const void *b)
{
	const struct agent_cost_row *const *x = a, *const *y = b;

	return strcmp((*x)->id, (*y)->id);
}

static void put_table(const struct map *table, struct json_writer *w, const char *key)
{
	const struct agent_cost_row **rows = mem_array(table->n + 1, sizeof(*rows)), *row;
	size_t n = 0;

	for (size_t i = 0; (row = map_next(table, &i)) != NULL; )
		rows[n++] = row;
	qsort(rows, n, sizeof(*rows), by_id);
	json_array_begin(w, key);
	for (size_t i = 0; i < n; i++) {
		json_object_begin(w, NULL);
		json_put_str(w, "id", rows[i]->id);
		if (rows[i]->name)
			json_put_str(w, "name", rows[i]->name);
		put_counters(rows[i]->n, w);
		json_object_end(w);
	}
	json_array_end(w);
	free(rows);
}

void agent_sums_write(const struct agent_sums *sums, struct json_writer *w)
{
	json_object_begin(w, "total");
	put_counters(sums->total, w);
	json_object_end(w);
	for (int t = 0; t < AGENT_COSTS_TABLES; t++)
		put_table(&sums->tables[t], w, agent_cost_table_name(t));
}

/* Counters that are not there are 0; keys that are no counter are a newer parka's. */
static int read_counters(uint64_t *n, const json_t *json, const char *where, struct err *err)
{
	uint64_t sum;

	if (!json_is_object(json))
		return err_set(err, -EBADMSG, "%s: no object", where);
	for (int i = 0; i < AGENT_COST_MAX; i++) {
		const json_t *value = json_object_get(json, agent_cost_name(i));
		if (!value)
			continue;
		if (!json_is_integer(value) || json_integer_value(value) < 0)
			return err_set(err, -EBADMSG, "%s: '%s' is no count", where, agent_cost_name(i));
		if (__builtin_add_overflow(n[i], (uint64_t)json_integer_value(value), &sum) || sum > INT64_MAX)
			return err_set(err, -EBADMSG, "%s: '%s' is too large", where, agent_cost_name(i));
		n[i] = sum;
	}
	return 0;
}

static int read_row(struct agent_sums *sums, enum agent_cost_table table, const json_t *json, struct err *err)
{
	const char *where = agent_cost_table_name(table), *id = json_text(json, "id", NULL), *name = json_text(json, "name", NULL);

	if (!id || !id[0])
		return err_set(err, -EBADMSG, "%s: a row without id", where);
	return read_counters(agent_sums_row(sums, table, id, name)->n, json, where, err);
}

int agent_sums_read(struct agent_sums *sums, const json_t *json, struct err *err)
{
	int r = read_counters(sums->total, json_object_get(json, "total"), "total", err);

	for (int t = 0; t < AGENT_COSTS_TABLES && r == 0; t++) {
		const json_t *rows = json_object_get(json, agent_cost_table_name(t));
		if (!json_is_array(rows))
			return err_set(err, -EBADMSG, "'%s' is no list", agent_cost_table_name(t));
		if (json_array_size(rows) > AGENT_SUMS_ROWS_MAX)
			return err_set(err, -EBADMSG, "'%s' has more than %d rows", agent_cost_table_name(t), AGENT_SUMS_ROWS_MAX);
		for (size_t i = 0; i < json_array_size(rows) && r == 0; i++)
			r = read_row(sums, t, json_array_get(rows, i), err);
	}
	return r;
}
