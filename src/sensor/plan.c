/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/plan.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const family_programs[SENSOR_FAMILY_MAX] = {
	[SENSOR_FAMILY_CALL] = "exit_call",
	[SENSOR_FAMILY_OPEN] = "exit_open",
	[SENSOR_FAMILY_EXEC] = "exit_exec",
	[SENSOR_FAMILY_NET] = "exit_net",
	[SENSOR_FAMILY_SEND] = "exit_send",
};

const char *plan_family_program(enum sensor_family family)
{
	return family < SENSOR_FAMILY_MAX ? family_programs[family] : NULL;
}

void plan_fill_rows(struct sensor_row *rows)
{
	memset(rows, 0, sizeof(*rows) * 2 * SENSOR_ROW_CALLS);
	for (const struct plan_call *call = plan_calls; call->name; call++) {
		if (call->nr64 >= 0)
			rows[call->nr64] = call->row;
		if (call->nr32 >= 0)
			rows[SENSOR_ROW_CALLS + call->nr32] = call->row;
	}
}

bool plan_is_wanted(const struct plan_hook *hook, const struct model_event_set *wanted, bool all)
{
	for (size_t i = 0; hook->also && i < PLAN_ALSO && hook->also[i]; i++)
		if (model_event_set_has(wanted, hook->also[i]))
			return true;
	return (all && !hook->costly) || hook->always || model_event_set_has(wanted, hook->type);
}

static struct plan_hook *add_hook(struct plan *plan, const char *event, enum model_event_type type, bool always,
				  const struct plan_candidate *candidate, const char *blinds)
{
	struct plan_hook *h;

	plan->hooks = mem_grow(plan->hooks, plan->n + 1, sizeof(*plan->hooks));
	h = &plan->hooks[plan->n++];
	*h = (struct plan_hook){ .candidate = *candidate, .type = type, .always = always };
	h->hook = (struct sensor_hook){ .event = event, .program = candidate->program, .attach = candidate->attach,
					.blinds = blinds, .state = SENSOR_HOOK_UNWANTED };
	return h;
}

/* The first candidate that loads is used; better ones that do not load and worse ones that are spare are listed
 * too, so that doctor can show the whole choice. */
static void add_event(struct plan *plan, const struct plan_row *row, const struct plan_kernel *kernel)
{
	const char *used = NULL;
	size_t first = plan->n;

	for (size_t i = 0; i < PLAN_CANDIDATES && row->candidates[i].program; i++) {
		const struct plan_candidate *c = &row->candidates[i];
		struct plan_hook *h = add_hook(plan, row->event, row->type, row->always, c, row->blinds);
		const char *why = NULL;

		h->costly = row->costly;
		h->also = row->also;
		if (used) {
			h->hook.state = SENSOR_HOOK_SPARE;
			h->hook.why = used;
		} else if (!kernel->loads(kernel->data, c->program, &why)) {
			h->hook.state = SENSOR_HOOK_REFUSED;
			h->hook.why = why;
		} else {
			h->usable = true;
			used = c->attach;
		}
	}
	for (size_t i = first; used && i < plan->n; i++)
		plan->hooks[i].hook.blinds = NULL;   /* nothing is missed without the others */
}

static void add_call(struct plan *plan, const struct plan_call *call, const struct plan_kernel *kernel)
{
	struct plan_candidate c = { plan_family_program(call->row.family), call->name, PLAN_CALL };
	struct plan_hook *h;
	const char *why = NULL;

	if (call->nr64 < 0)
		return;   /* 32-bit only: the raw program serves it */
	h = add_hook(plan, model_event(call->row.type)->name, call->row.type, plan_call_is_needed(call), &c, NULL);
	h->call = call;
	if (!kernel->call_exists(kernel->data, call->name)) {
		h->hook.state = SENSOR_HOOK_ABSENT;
		h->hook.why = "this kernel has no tracepoint for this call";
	} else if (!kernel->loads(kernel->data, c.program, &why)) {
		h->hook.state = SENSOR_HOOK_REFUSED;
		h->hook.why = why;
		h->hook.blinds = "this system call is not seen";
	} else {
		h->usable = true;
	}
}

void plan_make(struct plan *plan, const struct plan_kernel *kernel)
{
	*plan = (struct plan){ 0 };
	for (const struct plan_row *row = plan_events; row->event; row++)
		add_event(plan, row, kernel);
	for (const struct plan_call *call = plan_calls; call->name; call++)
		add_call(plan, call, kernel);
	for (size_t i = 0; i < plan->n; i++) {
		struct plan_hook *h = &plan->hooks[i];
		if (!h->call)
			continue;
		snprintf(h->attach, sizeof(h->attach), "tracepoint/syscalls/sys_exit_%s", h->call->name);
		h->hook.attach = h->attach;
	}
}

void plan_done(struct plan *plan)
{
	free(plan->hooks);
	*plan = (struct plan){ 0 };
}
