/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of the hook plan. A new system call is a line here; a new kind of event is a line here and a
 * BPF program.
 */
#include "sensor/plan.h"

#define L SENSOR_LANE_LIFECYCLE
#define F SENSOR_LANE_FILE
#define N SENSOR_LANE_NET

#define ROW(event_type, row_lane, row_family, ...) \
	{ .type = MODEL_EVT_##event_type, .lane = (row_lane), .family = SENSOR_FAMILY_##row_family, __VA_ARGS__ }

const struct plan_call plan_calls[] = {
	{ "execve", 59, 11, ROW(EXECVE, L, EXEC, .variant = SENSOR_EXEC_VE) },
	{ "execveat", 322, 358, ROW(EXECVEAT, L, EXEC, .variant = SENSOR_EXEC_VEAT) },
	{ "open", 2, 5, ROW(OPEN, F, OPEN, .variant = SENSOR_OPEN_OPEN) },
	{ "creat", 85, 8, ROW(CREAT, F, OPEN, .variant = SENSOR_OPEN_CREAT) },
	{ "openat", 257, 295, ROW(OPENAT, F, OPEN, .variant = SENSOR_OPEN_OPENAT) },
	{ "openat2", 437, 437, ROW(OPENAT2, F, OPEN, .variant = SENSOR_OPEN_OPENAT2) },
	{ "open_by_handle_at", 304, 342, ROW(OPEN_BY_HANDLE_AT, F, OPEN, .variant = SENSOR_OPEN_HANDLE, .flags = SENSOR_ROW_RARE) },
	{ "connect", 42, 362, ROW(CONNECT, N, NET, .variant = SENSOR_NET_CONNECT) },
	{ "accept", 43, -1, ROW(ACCEPT, N, NET, .variant = SENSOR_NET_ACCEPT) },
	{ "accept4", 288, 364, ROW(ACCEPT4, N, NET, .variant = SENSOR_NET_ACCEPT) },
	{ "bind", 49, 361, ROW(BIND, N, NET, .variant = SENSOR_NET_BIND) },
	{ "listen", 50, 363, ROW(LISTEN, N, NET, .variant = SENSOR_NET_LISTEN) },
	{ NULL },
};

#define BTF(prog, target) { { prog, target, PLAN_BTF } }

const struct plan_row plan_events[] = {
	{ "sched_fork", MODEL_EVT_SCHED_FORK, true, NULL, BTF("on_fork", "tp_btf/sched_process_fork"),
	  "new processes: everything is without ancestry" },
	{ "execve", MODEL_EVT_EXECVE, true, NULL, BTF("on_exec", "tp_btf/sched_process_exec"),
	  "programs that are started" },
	{ "procexit", MODEL_EVT_PROCEXIT, true, NULL, BTF("on_exit", "tp_btf/sched_process_exit"),
	  "processes that end: the table must guess" },
	{ "task_rename", MODEL_EVT_TASK_RENAME, true, NULL, BTF("on_rename", "tp_btf/task_rename"),
	  "processes that change their name" },
	{ NULL },
};

/* What the process table and the credential ledger need, whatever the rules want. */
bool plan_call_is_needed(const struct plan_call *call)
{
	return call->row.flags & (SENSOR_ROW_CRED | SENSOR_ROW_NS | SENSOR_ROW_CWD_PATH | SENSOR_ROW_ROOT_PATH);
}
