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
	const struct plan_hook *before = plan->n ? &plan->hooks[plan->n - 1] : NULL;
	bool is_served = row->fallback && !(before && before->usable && before->candidate.kind == PLAN_TRACEPOINT);
	const char *used = is_served ? "the hook of the line before" : NULL;
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

size_t plan_call_functions(const struct plan_call *call, bool compat, char ret[PLAN_FUNCTIONS][PLAN_FUNCTION_MAX])
{
	/* __do_sys_NAME is both forms of a call without arguments (SYSCALL_DEFINE0, arch/x86/include/asm/syscall_wrapper.h).
	 * Which of a 32-bit call's two is in the table of calls changes between kernels: the other is never run. */
	static const char *const prefixes[2][PLAN_FUNCTIONS] = {
		{ "__x64_sys_", "__do_sys_" }, { "__ia32_compat_sys_", "__ia32_sys_" },
	};

	if ((compat ? call->nr32 : call->nr64) < 0)
		return 0;
	for (size_t i = 0; i < PLAN_FUNCTIONS; i++)
		snprintf(ret[i], PLAN_FUNCTION_MAX, "%s%s", prefixes[compat][i], plan_call_function(call));
	return PLAN_FUNCTIONS;
}

static struct plan_hook *add_way(struct plan *plan, const struct plan_call *call, enum plan_kind kind, const char *program)
{
	struct plan_candidate c = { program, NULL, kind };
	struct plan_hook *h = add_hook(plan, model_event(call->row.type)->name, call->row.type, plan_call_is_needed(call), &c, NULL);

	h->call = call;
	return h;
}

/* False when the call has no function that programs attach to. */
static bool add_functions(struct plan *plan, const struct plan_call *call, bool compat, const struct plan_kernel *kernel)
{
	char names[PLAN_FUNCTIONS][PLAN_FUNCTION_MAX];
	size_t n = plan_call_functions(call, compat, names);
	const char *why = NULL;
	struct plan_hook *h;
	bool found = false;

	for (size_t i = 0; i < n && (compat || !found); i++) {
		if (!kernel->function_exists(kernel->data, names[i], &why))
			continue;
		h = add_way(plan, call, PLAN_FEXIT, "on_return");
		snprintf(h->attach, sizeof(h->attach), "fexit/%s", names[i]);
		h->usable = found = true;
		h->hook.compat = h->compat = compat;
	}
	if (found || compat || !n)
		return found;
	h = add_way(plan, call, PLAN_FEXIT, "on_return");
	snprintf(h->attach, sizeof(h->attach), "fexit/%s", names[0]);
	h->hook.state = SENSOR_HOOK_REFUSED;
	h->hook.why = why;
	return false;
}

/* The tracepoint of the call: used, or spare when hook `instead` - 1 is. False when the call is not seen by it. */
static bool add_tracepoint(struct plan *plan, const struct plan_call *call, const struct plan_kernel *kernel, size_t instead)
{
	bool exists = kernel->call_exists(kernel->data, call->name);
	struct plan_hook *h;

	if (instead && !exists)
		return true;
	h = add_way(plan, call, PLAN_CALL, plan_family_program(call->row.family));
	snprintf(h->attach, sizeof(h->attach), "tracepoint/syscalls/sys_exit_%s", call->name);
	h->instead = instead;
	if (instead) {
		h->hook.state = SENSOR_HOOK_SPARE;
	} else if (!exists) {
		h->hook.state = SENSOR_HOOK_ABSENT;
		h->hook.why = "this kernel has no such system call";
	} else if (!kernel->loads(kernel->data, h->candidate.program, &h->hook.why)) {
		h->hook.state = SENSOR_HOOK_REFUSED;
		return false;
	} else {
		h->usable = true;
	}
	return true;
}

static void add_raw(struct plan *plan, const struct plan_call *call, const struct plan_kernel *kernel)
{
	struct plan_hook *h = add_way(plan, call, PLAN_RAW, "exit_raw");

	snprintf(h->attach, sizeof(h->attach), "tp_btf/sys_exit");
	h->usable = kernel->loads(kernel->data, "exit_raw", &h->hook.why);
	if (h->usable)
		return;
	h->hook.state = SENSOR_HOOK_REFUSED;
	h->hook.blinds = "this system call is not seen";
}

static void add_call(struct plan *plan, const struct plan_call *call, const struct plan_kernel *kernel)
{
	size_t first = plan->n;

	if (call->nr64 < 0)
		return;
	if (add_functions(plan, call, false, kernel))
		add_tracepoint(plan, call, kernel, plan->n);
	else if (!kernel->functions_only && (!kernel->has_tracepoints || !add_tracepoint(plan, call, kernel, 0)))
		add_raw(plan, call, kernel);
	for (size_t i = first; i + 1 < plan->n; i++)
		plan->hooks[i].hook.minor = !plan->hooks[i].usable;   /* the next one says how it ended */
}

/* Whether the function of the 64-bit call is that of the 32-bit one too. */
static bool is_shared(const struct plan_hook *hook)
{
	return hook->candidate.kind == PLAN_FEXIT && strncmp(hook->attach, "fexit/__do_sys_", 15) == 0;
}

struct plan_hook *plan_call_hook(const struct plan *plan, const struct plan_call *call, bool compat)
{
	for (size_t i = 0; i < plan->n; i++) {
		struct plan_hook *h = &plan->hooks[i];
		if (h->call == call && h->usable && (h->compat == compat || is_shared(h)))
			return h;
	}
	return NULL;
}

/* 32-bit calls: by one hook, else each by its own, else by the program on every exit when it comes to it. */
static void add_compat(struct plan *plan, const struct plan_kernel *kernel)
{
	const struct plan_candidate raw = { "exit_raw", "tp_btf/sys_exit", PLAN_RAW };
	struct plan_hook *h;
	bool complete = true;

	for (size_t i = 0; i < plan->n; i++)
		plan->compat_whole |= plan->hooks[i].usable && strcmp(plan->hooks[i].hook.program, "on_return_ia32") == 0;
	for (const struct plan_call *call = plan_calls; call->name && !plan->compat_whole; call++) {
		bool exists = call->nr32 >= 0 && (call->nr64 < 0 || plan_call_hook(plan, call, false));
		if (exists && !plan_call_hook(plan, call, true) && !add_functions(plan, call, true, kernel))
			complete = false;
	}
	plan->compat_hooked = plan->compat_whole || complete;
	h = add_hook(plan, "32-bit calls", MODEL_EVT_NONE, false, &raw, NULL);
	h->hook.state = plan->compat_hooked ? SENSOR_HOOK_SPARE : SENSOR_HOOK_UNWANTED;
	h->hook.why = plan->compat_hooked ? "each has its own hook" : "attached while 32-bit programs live";
	if (plan->compat_hooked || kernel->loads(kernel->data, "exit_raw", &h->hook.why))
		return;
	h->hook.state = SENSOR_HOOK_REFUSED;
	h->hook.blinds = "32-bit calls";
}

void plan_make(struct plan *plan, const struct plan_kernel *kernel)
{
	*plan = (struct plan){ 0 };
	for (const struct plan_row *row = plan_events; row->event; row++)
		add_event(plan, row, kernel);
	for (const struct plan_call *call = plan_calls; call->name; call++)
		add_call(plan, call, kernel);
	add_compat(plan, kernel);
	for (size_t i = 0; i < plan->n; i++) {
		struct plan_hook *h = &plan->hooks[i];
		if (h->call)
			h->hook.attach = h->attach;
		if (h->instead)
			h->hook.why = plan->hooks[h->instead - 1].attach;
	}
}

void plan_done(struct plan *plan)
{
	free(plan->hooks);
	*plan = (struct plan){ 0 };
}
