/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What time brings. A row is read again 100 ms after it was first seen, then at doubling intervals up to 10 s, so the
 * first process's number, the start time, a new name or an address come in; a container whose process is gone and that
 * no event told about is marked removed here; what is past its grace is dropped.
 */
#include "runtime/runtime_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { CHECK_LAST_S = 10, DISCOVER_S = 30, CHECKS_PER_CALL = 64, ASKS_PER_CALL = 4, API_PAUSE_S = 30 };

static void free_retired(struct runtime *runtime, uint64_t now_ns)
{
	struct runtime_retired **at = &runtime->retired;

	while (*at) {
		struct runtime_retired *r = *at;
		if (now_ns < r->free_at_ns) {
			at = &r->next;
			continue;
		}
		*at = r->next;
		free(r->block);
		free(r);
	}
}

static void check_row(struct runtime *runtime, struct runtime_row *row, uint64_t now_ns)
{
	struct runtime_facts facts;
	uint64_t wait = row->check_wait_ns * 2;
	bool is_there;

	arena_reset(&runtime->scratch);
	runtime_facts_init(&facts, &runtime->scratch);
	runtime->stats.n_state_reads++;
	is_there = runtime_collect(&runtime->stores, row->c.id, row->c.cgroup_path, &facts) &&
		runtime_is_alive(&runtime->stores, facts.c.init_pid, facts.init_start_ticks);
	row->check_wait_ns = wait > CHECK_LAST_S * RUNTIME_S ? CHECK_LAST_S * RUNTIME_S : wait;
	row->check_at_ns = now_ns + row->check_wait_ns;
	if (!is_there && row->c.init_pid && row->check_wait_ns >= RUNTIME_S) {
		row->removed_ns = now_ns;
		return;
	}
	if (!is_there)
		return;
	if (row->told)
		runtime_facts_fill(&facts, row->told);
	runtime_row_put(runtime, row, &facts, now_ns);
}

static void sweep_cgroups(struct runtime *runtime, uint64_t now_ns)
{
	struct runtime_cgroup *cgroup;

	for (size_t i = 0; (cgroup = map_next(&runtime->cgroups, &i)) != NULL; ) {
		bool is_old = cgroup->removed_ns && now_ns > cgroup->removed_ns + runtime->grace_ns;
		/* Nobody asked for long: it is gone, or asks anew. */
		bool is_idle = !cgroup->row && now_ns > cgroup->ask_at_ns + 10 * runtime->grace_ns;

		if (is_old || is_idle) {
			map_remove_u64(&runtime->cgroups, cgroup->key);
			free(cgroup);
		}
	}
}

/* A few at a time; an API that does not answer is left alone for a while. */
static void ask_apis(struct runtime *runtime, uint64_t now_ns)
{
	struct runtime_row *row;
	unsigned n = 0;

	if (!runtime->use_api || now_ns < runtime->api_at_ns)
		return;
	for (size_t i = 0; (row = map_next(&runtime->rows, &i)) != NULL && n < ASKS_PER_CALL; ) {
		int r;

		if (row->is_adopted || row->removed_ns || row->is_api_asked || !row->c.init_pid)
			continue;
		r = runtime_api_ask(runtime, row, NULL);
		n += r != -ENOENT;
		if (r < 0 && r != -ENOENT) {
			runtime->stats.n_errors++;
			runtime->api_at_ns = now_ns + API_PAUSE_S * RUNTIME_S;
			return;
		}
	}
}

int runtime_refine(struct runtime *runtime, uint64_t now_ns, struct err *err)
{
	struct runtime_row *row;
	unsigned n_checks = 0;

	if (now_ns >= runtime->discover_at_ns) {
		runtime_stores_discover(&runtime->stores);
		sweep_cgroups(runtime, now_ns);
		runtime->discover_at_ns = now_ns + DISCOVER_S * RUNTIME_S;
	}
	ask_apis(runtime, now_ns);
	for (size_t i = 0; (row = map_next(&runtime->rows, &i)) != NULL; ) {
		if (row->is_adopted)
			continue;
		if (row->removed_ns) {
			if (now_ns > row->removed_ns + runtime->grace_ns)
				runtime_row_drop(runtime, row);
			continue;
		}
		if (now_ns >= row->check_at_ns && n_checks < CHECKS_PER_CALL) {
			n_checks++;
			check_row(runtime, row, now_ns);
		}
	}
	free_retired(runtime, now_ns);
	return 0;
}
