/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows and cgroups.
 *
 *   cgroups: id (or hash of the path) -> row, or "none until ask_at_ns"
 *   rows:    id -> container            (ids that are no hash: id and cgroup path)
 *
 * 1. A row stays at its address until its grace is over; its texts move when it is read again, the old ones live
 *    for the grace time too (`retired`).
 * 2. A cgroup entry never points to a freed row (runtime_row_drop clears them first).
 * 3. A removed row comes back only by being read again: what a state no longer knows is no container.
 */
#include "runtime/runtime_internal.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { NEGATIVE_FIRST_MS = 50, NEGATIVE_LAST_MS = 60000, CHECK_FIRST_MS = 100 };

/* From its exec to the first program of its container a runtime takes longer. */
#define STARTING_NS RUNTIME_MS

static uint64_t clock_now(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (uint64_t)ts.tv_sec * RUNTIME_S + (uint64_t)ts.tv_nsec;
}

struct runtime *runtime_new(const struct runtime_options *options)
{
	struct runtime *runtime = mem_alloc(sizeof(*runtime));

	runtime->root = mem_strdup(options && options->root ? options->root : "");
	runtime->grace_ns = options && options->grace_ns ? options->grace_ns : RUNTIME_GRACE_DEFAULT_S * RUNTIME_S;
	runtime->use_api = options && options->use_api;
	runtime_stores_init(&runtime->stores, runtime->root);
	runtime_stores_discover(&runtime->stores);
	arena_init(&runtime->scratch, LIMIT_RUNTIME_SCRATCH_BYTES);
	return runtime;
}

void runtime_row_free(struct runtime_row *row)
{
	free(row->block);
	free(row->block_extra);
	free(row->told);
	free(row->key);
	free(row);
}

struct runtime *runtime_free(struct runtime *runtime)
{
	struct runtime_row *row;
	struct runtime_cgroup *cgroup;

	if (!runtime)
		return NULL;
	for (size_t i = 0; (row = map_next(&runtime->rows, &i)) != NULL; )
		runtime_row_free(row);
	for (size_t i = 0; (cgroup = map_next(&runtime->cgroups, &i)) != NULL; )
		free(cgroup);
	while (runtime->retired) {
		struct runtime_retired *next = runtime->retired->next;
		free(runtime->retired->block);
		free(runtime->retired);
		runtime->retired = next;
	}
	map_done(&runtime->rows);
	map_done(&runtime->cgroups);
	arena_done(&runtime->scratch);
	runtime_stores_done(&runtime->stores);
	free(runtime->root);
	free(runtime);
	return NULL;
}

/* Big state files must not keep their memory: the next look-up is likely small. */
static void scratch_reset(struct runtime *runtime)
{
	if (runtime->scratch.used_bytes > 1 << 20) {
		arena_done(&runtime->scratch);
		arena_init(&runtime->scratch, LIMIT_RUNTIME_SCRATCH_BYTES);
	} else {
		arena_reset(&runtime->scratch);
	}
}

void runtime_retire(struct runtime *runtime, void *block, uint64_t free_at_ns)
{
	struct runtime_retired *r;

	if (!block)
		return;
	r = mem_alloc(sizeof(*r));
	*r = (struct runtime_retired){ block, free_at_ns, runtime->retired };
	runtime->retired = r;
}

bool runtime_row_fits(const struct runtime_row *row, const char *path)
{
	return runtime_cgroup_fits(row->cgroup_paths, row->n_cgroup_paths, row->cgroups_path, row->c.id, row->c.rootless, path);
}

/* ---- rows ---- */

struct runtime_row *runtime_row_find(struct runtime *runtime, const char *id, const char *path)
{
	struct runtime_row *row;

	row = map_get(&runtime->rows, id, strlen(id));
	if (row)
		return row;
	if (runtime_id_is_hex64(id))
		return NULL;
	for (size_t i = 0; (row = map_next(&runtime->rows, &i)) != NULL; )
		if (strcmp(row->c.id, id) == 0 && (!path || runtime_row_fits(row, path)))
			return row;
	return NULL;
}

/* What does not belong to the public container but must live as long: the cgroup paths. */
static const char *keep_text(char **at, const char *text)
{
	char *start = *at;
	size_t n = strlen(text) + 1;

	memcpy(start, text, n);
	*at += n;
	return start;
}

static void row_keep_paths(struct runtime_row *row, const struct runtime_facts *facts)
{
	size_t n = facts->cgroups_path ? strlen(facts->cgroups_path) + 1 : 0;
	char *at;

	for (size_t i = 0; i < facts->n_cgroup_paths; i++)
		n += strlen(facts->cgroup_paths[i]) + 1;
	at = row->block_extra = mem_alloc(n);
	row->n_cgroup_paths = facts->n_cgroup_paths;
	for (size_t i = 0; i < facts->n_cgroup_paths; i++)
		row->cgroup_paths[i] = keep_text(&at, facts->cgroup_paths[i]);
	row->cgroups_path = facts->cgroups_path ? keep_text(&at, facts->cgroups_path) : NULL;
}

/* Two containerd namespaces, or runc and crun, may use one name: the cgroup tells them apart. */
static char *row_key(const struct runtime_facts *facts)
{
	_cleanup_strbuf_ struct strbuf key;

	strbuf_init(&key, LIMIT_RUNTIME_CGROUP_BYTES + LIMIT_RUNTIME_ID_BYTES + 8);
	strbuf_adds(&key, facts->c.id);
	if (!runtime_id_is_hex64(facts->c.id))
		strbuf_addf(&key, "|%d|%s", (int)facts->c.kind, facts->c.bundle ? facts->c.bundle : "");
	return mem_strdup(key.text);
}

static struct runtime_row *row_new(struct runtime *runtime, const struct runtime_facts *facts)
{
	_cleanup_free_ char *key = row_key(facts);
	struct runtime_row *row = map_get(&runtime->rows, key, strlen(key));

	if (row || runtime->rows.n >= LIMIT_RUNTIME_CONTAINERS)
		return row;
	row = mem_alloc(sizeof(*row));
	row->key = take_ptr(key);
	map_put(&runtime->rows, row->key, strlen(row->key), row);
	return row;
}

struct runtime_row *runtime_row_put(struct runtime *runtime, struct runtime_row *row, const struct runtime_facts *facts, uint64_t now_ns)
{
	row = row ? row : row_new(runtime, facts);
	if (!row)
		return NULL;
	if (!row->block || row->removed_ns || row->n_cgroup_paths != facts->n_cgroup_paths || !runtime_container_same(&row->c, &facts->c)) {
		runtime_retire(runtime, row->block, now_ns + runtime->grace_ns);
		runtime_retire(runtime, row->block_extra, now_ns + runtime->grace_ns);
		row->block = runtime_container_pack(&facts->c);
		row->block->generation = ++runtime->generation;
		row->c = *row->block;
		row_keep_paths(row, facts);
		row->check_wait_ns = CHECK_FIRST_MS * RUNTIME_MS;
	}
	row->removed_ns = 0;
	row->init_start_ticks = facts->init_start_ticks;
	row->check_at_ns = now_ns + row->check_wait_ns;
	runtime->stats.n_errors += facts->n_problems;
	return row;
}

void runtime_row_drop(struct runtime *runtime, struct runtime_row *row)
{
	struct runtime_cgroup *cgroup;

	for (size_t i = 0; (cgroup = map_next(&runtime->cgroups, &i)) != NULL; ) {
		if (cgroup->row != row)
			continue;
		map_remove_u64(&runtime->cgroups, cgroup->key);
		free(cgroup);
	}
	map_remove(&runtime->rows, row->key, strlen(row->key));
	runtime_row_free(row);
}

/* ---- cgroup to row ---- */

static struct runtime_row *read_state(struct runtime *runtime, struct runtime_row *row, const char *id, const char *path, uint64_t now_ns)
{
	struct runtime_facts facts;

	scratch_reset(runtime);
	runtime_facts_init(&facts, &runtime->scratch);
	runtime->stats.n_state_reads++;
	if (!runtime_collect(&runtime->stores, id, path, &facts))
		return NULL;
	return runtime_row_put(runtime, row, &facts, now_ns);
}

static struct runtime_row *resolve_id(struct runtime *runtime, const char *id, const char *path, uint64_t now_ns)
{
	struct runtime_row *row = runtime_row_find(runtime, id, path);

	if (row && !row->removed_ns && runtime_row_fits(row, path))
		return row;
	if (row && row->is_adopted)
		return row;
	return read_state(runtime, row, id, path, now_ns);   /* invariant 3 */
}

/* The innermost component that some state knows. A bare container may have a name that looks like a decorated one
 * ("runc-1"), so each is tried cut and whole. */
static struct runtime_row *resolve(struct runtime *runtime, const char *path, uint64_t now_ns)
{
	size_t end = strnlen(path, LIMIT_RUNTIME_CGROUP_BYTES);

	if (path[end] != '\0')
		return NULL;
	for (unsigned depth = 0; end > 0 && depth < LIMIT_RUNTIME_CGROUP_DEPTH; depth++) {
		char id[LIMIT_RUNTIME_ID_BYTES + 1];
		size_t start = end, len;
		struct runtime_row *row = NULL;

		while (start > 0 && path[start - 1] != '/')
			start--;
		len = end - start;
		if (runtime_component_id(path + start, len, id))
			row = resolve_id(runtime, id, path, now_ns);
		if (!row && len > 0 && len <= LIMIT_RUNTIME_ID_BYTES && !(strlen(id) == len && memcmp(id, path + start, len) == 0)) {
			memcpy(id, path + start, len);
			id[len] = '\0';
			row = runtime_id_is_valid(id) ? resolve_id(runtime, id, path, now_ns) : NULL;
		}
		if (row)
			return row;
		end = start ? start - 1 : 0;
	}
	return NULL;
}

/* A runtime is making it right now (collect.c). Units of systemd are no containers of runc's: not asked. Where many cgroups are
 * asked about at once, as at start, all processes are not looked at for each. */
static struct runtime_row *resolve_starting(struct runtime *runtime, const char *path, uint64_t now_ns)
{
	static const char *const others[] = { ".service", ".slice", ".mount", ".socket", ".swap" };
	const char *last = strrchr(path, '/');
	struct runtime_facts facts;
	bool any = false, found;
	size_t len;

	last = last ? last + 1 : path;
	len = strlen(last);
	if (clock_now(CLOCK_MONOTONIC) < runtime->none_starting_ns)
		return NULL;
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		size_t n = strlen(others[i]);
		if (len > n && strcmp(last + len - n, others[i]) == 0)
			return NULL;
	}
	scratch_reset(runtime);
	runtime_facts_init(&facts, &runtime->scratch);
	found = runtime_collect_starting(&runtime->stores, path, &facts, &any);
	if (!any)
		runtime->none_starting_ns = clock_now(CLOCK_MONOTONIC) + STARTING_NS;
	if (!found)
		return NULL;
	return runtime_row_put(runtime, runtime_row_find(runtime, facts.c.id, path), &facts, now_ns);
}

static uint64_t cgroup_key(uint64_t cgroup_id, const char *path)
{
	return cgroup_id ? cgroup_id : hash_bytes(path, strlen(path)) | 1ull << 63;
}

static void forget_negatives(struct runtime *runtime)
{
	struct runtime_cgroup *cgroup;

	for (size_t i = 0; (cgroup = map_next(&runtime->cgroups, &i)) != NULL; )
		if (!cgroup->row || cgroup->removed_ns) {
			map_remove_u64(&runtime->cgroups, cgroup->key);
			free(cgroup);
		}
}

static struct runtime_cgroup *cgroup_put(struct runtime *runtime, uint64_t key, const char *path)
{
	struct runtime_cgroup *cgroup = map_get_u64(&runtime->cgroups, key);
	size_t len = strlen(path);

	if (cgroup && strcmp(cgroup->path, path) == 0)
		return cgroup;
	if (cgroup) {             /* the number came back for another cgroup */
		map_remove_u64(&runtime->cgroups, key);
		free(cgroup);
	}
	if (runtime->cgroups.n >= LIMIT_RUNTIME_CGROUPS)
		forget_negatives(runtime);
	if (runtime->cgroups.n >= LIMIT_RUNTIME_CGROUPS)
		return NULL;
	cgroup = mem_alloc(sizeof(*cgroup) + len + 1);
	cgroup->key = key;
	memcpy(cgroup->path, path, len);
	map_put_u64(&runtime->cgroups, key, cgroup);
	return cgroup;
}

static void set_negative(struct runtime *runtime, struct runtime_cgroup *cgroup, uint64_t now_ns)
{
	uint64_t wait = cgroup->wait_ns ? cgroup->wait_ns * 2 : NEGATIVE_FIRST_MS * RUNTIME_MS;

	if (!cgroup->wait_ns)
		runtime->stats.n_not_containers++;
	if (wait > NEGATIVE_LAST_MS * RUNTIME_MS)
		wait = NEGATIVE_LAST_MS * RUNTIME_MS;
	cgroup->wait_ns = wait;
	cgroup->ask_at_ns = now_ns + wait;
}

const struct runtime_container *runtime_by_cgroup(struct runtime *runtime, uint64_t cgroup_id, const char *path, uint64_t now_ns)
{
	struct runtime_cgroup *cgroup;
	struct runtime_row *row;

	runtime->stats.n_lookups++;
	if (!path || path[0] != '/' || path[1] == '\0' || strnlen(path, LIMIT_RUNTIME_CGROUP_BYTES) == LIMIT_RUNTIME_CGROUP_BYTES)
		return NULL;
	cgroup = map_get_u64(&runtime->cgroups, cgroup_key(cgroup_id, path));
	if (cgroup && strcmp(cgroup->path, path) == 0) {
		if (cgroup->row && (!cgroup->removed_ns || cgroup_id))
			return &cgroup->row->c;
		if (!cgroup->row && now_ns < cgroup->ask_at_ns)
			return NULL;
	}
	row = resolve(runtime, path, now_ns);
	if (!row)
		row = resolve_starting(runtime, path, now_ns);
	if (!row && cgroup && cgroup->row && strcmp(cgroup->path, path) == 0)
		return &cgroup->row->c;      /* late news of a removed one, told by path alone */
	cgroup = cgroup_put(runtime, cgroup_key(cgroup_id, path), path);
	if (cgroup) {
		cgroup->row = row;
		cgroup->removed_ns = 0;
		if (!row)
			set_negative(runtime, cgroup, now_ns);
	}
	return row ? &row->c : NULL;
}

/* Of the container's own cgroup: one made by the container inside of it goes without it. */
void runtime_cgroup_removed(struct runtime *runtime, uint64_t cgroup_id, const char *path, uint64_t now_ns)
{
	struct runtime_cgroup *cgroup;
	const char *last;
	char id[LIMIT_RUNTIME_ID_BYTES + 1];

	if (!path)
		return;
	cgroup = map_get_u64(&runtime->cgroups, cgroup_key(cgroup_id, path));
	if (!cgroup || strcmp(cgroup->path, path) != 0)
		return;
	cgroup->removed_ns = now_ns ? now_ns : 1;
	last = strrchr(path, '/');
	last = last ? last + 1 : path;
	if (cgroup->row && (strcmp(last, cgroup->row->c.id) == 0 ||
			    (runtime_component_id(last, strlen(last), id) && strcmp(id, cgroup->row->c.id) == 0) ||
			    (cgroup->row->c.cgroup_path && strcmp(cgroup->row->c.cgroup_path, path) == 0)))
		cgroup->row->removed_ns = cgroup->removed_ns;
}

/* ---- all of them ---- */

struct scan { struct runtime *runtime; uint64_t now_ns; };

static void scan_one(void *data, const char *id)
{
	struct scan *scan = data;
	struct runtime *runtime = scan->runtime;
	struct runtime_facts facts;
	struct runtime_row *row;

	scratch_reset(runtime);
	runtime_facts_init(&facts, &runtime->scratch);
	runtime->stats.n_state_reads++;
	if (!runtime_collect(&runtime->stores, id, NULL, &facts))
		return;
	if (!facts.has_task && !facts.is_docker_running)
		return;
	if (!runtime_is_alive(&runtime->stores, facts.c.init_pid, facts.init_start_ticks))
		return;
	row = runtime_row_find(runtime, id, NULL);
	runtime_row_put(runtime, row && runtime_id_is_hex64(id) ? row : NULL, &facts, scan->now_ns);
}

int runtime_scan(struct runtime *runtime, struct err *err)
{
	struct scan scan = { runtime, clock_now(CLOCK_REALTIME) };

	runtime_stores_discover(&runtime->stores);
	runtime_each_known_id(&runtime->stores, scan_one, &scan);
	return 0;
}

const struct runtime_container *runtime_by_id(struct runtime *runtime, const char *id_or_prefix)
{
	struct runtime_row *row = map_get(&runtime->rows, id_or_prefix, strlen(id_or_prefix)), *found = NULL;
	size_t n = strlen(id_or_prefix);

	if (row || n == 0)
		return row ? &row->c : NULL;
	for (size_t i = 0; (row = map_next(&runtime->rows, &i)) != NULL; ) {
		if (strcmp(row->c.id, id_or_prefix) == 0)
			return &row->c;
		if (strncmp(row->c.id, id_or_prefix, n) == 0) {
			if (found)
				return NULL;         /* stands for several */
			found = row;
		}
	}
	return found ? &found->c : NULL;
}

static int by_id(const void *a, const void *b)
{
	const struct runtime_container *const *x = a, *const *y = b;
	int r = strcmp((*x)->id, (*y)->id);

	return r ? r : (int)(*x)->kind - (int)(*y)->kind;
}

size_t runtime_containers(struct runtime *runtime, const struct runtime_container **ret, size_t max)
{
	struct runtime_row *row;
	size_t n = 0;

	for (size_t i = 0; n < max && (row = map_next(&runtime->rows, &i)) != NULL; )
		if (!row->removed_ns)
			ret[n++] = &row->c;
	qsort(ret, n, sizeof(*ret), by_id);
	return n;
}

void runtime_stats(const struct runtime *runtime, struct runtime_stats *ret)
{
	*ret = runtime->stats;
	ret->n_containers = runtime->rows.n;
}
