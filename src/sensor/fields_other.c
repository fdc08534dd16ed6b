/* SPDX-License-Identifier: Apache-2.0 */
/* dns.*, cred.*, target.*, ns.*, mem.*, lost.* */
#include "sensor/flags.h"
#include "sensor/record.h"

#include <inttypes.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>

static int dns_value(const struct sensor_record *r, enum model_field_id id, struct arena *scratch, struct model_value *ret)
{
	char name[256];
	size_t len, data_len;
	uint16_t type;
	const void *data = sensor_wire_bytes(r->view, SENSOR_P_DATA, &data_len);

	if (!sensor_is_dns(r->view) || !sensor_dns_question(data, data_len, name, sizeof(name), &len, &type))
		return MODEL_UNSET;
	if (id == MODEL_F_DNS_QUESTION)
		return value_str(ret, arena_strndup(scratch, name, len));
	if (sensor_dns_type_name(type))
		return value_str(ret, sensor_dns_type_name(type));
	return value_str(ret, arena_printf(scratch, "TYPE%u", type));
}

static int creds_text(const struct sensor_creds *c, struct arena *scratch, struct model_value *ret)
{
	return value_str(ret, arena_printf(scratch, "uid=%u euid=%u fsuid=%u cap_permitted=%" PRIx64 " cap_effective=%" PRIx64 " user_ns=%u",
					   c->uid, c->euid, c->fsuid, c->cap_prm, c->cap_eff, c->user_ns));
}

static int target_value(const struct sensor_record *r, enum model_field_id id, struct arena *scratch, struct model_value *ret)
{
	const struct sensor_process *t = r->target;
	const struct runtime_container *c = sensor_process_container(t);
	uint64_t pid;

	if (!sensor_wire_u64(r->view, SENSOR_P_TARGET_PID, &pid))
		return MODEL_UNSET;
	if (id == MODEL_F_TARGET_PID)
		return value_i64(ret, (int64_t)pid);
	if (!t)
		return MODEL_UNSET;
	switch (id) {
	case MODEL_F_TARGET_NAME: return value_str(ret, t->comm);
	case MODEL_F_TARGET_EXEPATH: return value_interned(ret, t->image ? t->image->exepath : NULL);
	case MODEL_F_TARGET_CONTAINER_ID:
		return value_str(ret, c && c->id ? arena_printf(scratch, "%.12s", c->id) : "host");
	case MODEL_F_TARGET_IS_FOREIGN: return value_bool(ret, c != r->container);
	default: return value_bool(ret, c == NULL);
	}
}

enum { N_NS = 8 };
static const char *const ns_names[N_NS] = { "mnt", "pid", "net", "user", "uts", "ipc", "cgroup", "time" };
static const uint64_t ns_flags[N_NS] = {
	CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWUSER, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWCGROUP, 0x80 /* CLONE_NEWTIME */,
};

static void ns_array(const struct sensor_wire_ns *ns, uint32_t out[N_NS])
{
	const uint32_t all[N_NS] = { ns->mnt, ns->pid, ns->net, ns->user, ns->uts, ns->ipc, ns->cgroup, ns->time };

	memcpy(out, all, sizeof(all));
}

/* A setns by a process of a container after which a namespace is the host's that was not before. */
static int ns_to_host(const struct sensor_record *r, struct model_value *ret)
{
	const struct sensor_wire_ns *ns = sensor_wire_struct(r->view, SENSOR_P_NS, sizeof(*ns));
	const struct sensor_wire_task *h = &r->state->host_task;
	struct sensor_wire_ns host = { h->mnt_ns, h->pid_ns, h->net_ns, h->user_ns, h->uts_ns, h->ipc_ns, h->cgroup_ns, h->time_ns };
	uint32_t before[N_NS], after[N_NS], hosts[N_NS];

	if (r->record.event != MODEL_EVT_SETNS)
		return MODEL_UNSET;
	if (!r->container || !ns || !r->state->has_host_task || r->view->event->ret < 0)
		return value_bool(ret, false);
	ns_array(&r->ns_before, before);
	ns_array(ns, after);
	ns_array(&host, hosts);
	for (unsigned i = 0; i < N_NS; i++)
		if (hosts[i] && after[i] == hosts[i] && before[i] != hosts[i])
			return value_bool(ret, true);
	return value_bool(ret, false);
}

static int ns_types(const struct sensor_record *r, struct arena *scratch, struct model_value *ret)
{
	const struct sensor_wire_ns *ns = sensor_wire_struct(r->view, SENSOR_P_NS, sizeof(*ns));
	uint64_t flags = sensor_wire_u64_or(r->view, SENSOR_P_FLAGS, 0);
	uint32_t before[N_NS] = { 0 }, after[N_NS] = { 0 };
	struct model_value *list;
	size_t n = 0;

	switch (r->record.event) {
	case MODEL_EVT_SETNS: case MODEL_EVT_UNSHARE: case MODEL_EVT_CLONE: case MODEL_EVT_CLONE3: break;
	default: return MODEL_UNSET;
	}
	list = arena_alloc(scratch, N_NS * sizeof(*list));
	if (!list)
		return MODEL_UNSET;
	/* setns(fd, 0) takes what the descriptor is: what changed tells. */
	if (r->record.event == MODEL_EVT_SETNS && flags == 0 && ns) {
		ns_array(&r->ns_before, before);
		ns_array(ns, after);
	}
	for (unsigned i = 0; i < N_NS; i++)
		if ((flags & ns_flags[i]) || (before[i] && before[i] != after[i]))
			value_str(&list[n++], ns_names[i]);
	ret->list = list;
	ret->n = n;
	return n ? MODEL_SET : MODEL_UNSET;
}

static int written_to_exec(const struct sensor_record *r, struct model_value *ret)
{
	uint64_t old = sensor_wire_u64_or(r->view, SENSOR_P_OLD_PROT, UINT64_MAX), now = sensor_wire_u64_or(r->view, SENSOR_P_ARG2, 0);

	if (old == UINT64_MAX || (r->record.event != MODEL_EVT_MPROTECT && r->record.event != MODEL_EVT_PKEY_MPROTECT))
		return MODEL_UNSET;
	return value_bool(ret, (old & PROT_WRITE) && (now & PROT_EXEC) && r->view->event->ret >= 0);
}

static int lost_value(const struct sensor_record *r, enum model_field_id id, struct model_value *ret)
{
	static const char *const causes[] = { "ring-full", "path-unresolved", "too-long", "table-full", "nested", "unwritten" };
	uint64_t type = sensor_wire_u64_or(r->view, SENSOR_P_LOST_TYPE, 0), cause = sensor_wire_u64_or(r->view, SENSOR_P_LOST_CAUSE, UINT64_MAX);

	_Static_assert(ARRAY_LEN(causes) == SENSOR_LOST_MAX, "a name for every cause");
	if (r->record.event != MODEL_EVT_LOST)
		return MODEL_UNSET;
	switch (id) {
	case MODEL_F_LOST_COUNT: return value_u64(ret, sensor_wire_u64_or(r->view, SENSOR_P_LOST_COUNT, 0));
	case MODEL_F_LOST_END: return value_u64(ret, sensor_state_epoch_ns(r->state, r->view->event->ts_ns));
	case MODEL_F_LOST_BEGIN:
		return value_u64(ret, sensor_state_epoch_ns(r->state, sensor_wire_u64_or(r->view, SENSOR_P_LOST_SINCE, r->view->event->ts_ns)));
	case MODEL_F_LOST_TYPE: return type && type < MODEL_EVT_MAX ? value_str(ret, model_event((enum model_event_type)type)->name) : MODEL_UNSET;
	default: return cause < SENSOR_LOST_MAX ? value_str(ret, causes[cause]) : MODEL_UNSET;
	}
}

int sensor_fields_other(const struct sensor_record *r, const struct model_field_ref *f, struct arena *scratch, struct model_value *ret)
{
	bool cred = r->record.event == MODEL_EVT_CRED_UNEXPLAINED;

	switch (f->id) {
	case MODEL_F_DNS_QUESTION: case MODEL_F_DNS_TYPE: return dns_value(r, f->id, scratch, ret);
	case MODEL_F_CRED_BEFORE: return cred ? creds_text(&r->cred_before, scratch, ret) : MODEL_UNSET;
	case MODEL_F_CRED_AFTER: return cred ? creds_text(&r->cred_after, scratch, ret) : MODEL_UNSET;
	case MODEL_F_CRED_REASON: return cred ? value_str(ret, r->cred_reason) : MODEL_UNSET;
	case MODEL_F_TARGET_PID ... MODEL_F_TARGET_IS_HOST: return target_value(r, f->id, scratch, ret);
	case MODEL_F_NS_TO_HOST: return ns_to_host(r, ret);
	case MODEL_F_NS_TYPES: return ns_types(r, scratch, ret);
	case MODEL_F_MEM_WRITE_TO_EXEC: return written_to_exec(r, ret);
	case MODEL_F_LOST_COUNT ... MODEL_F_LOST_END: return lost_value(r, f->id, ret);
	default: return MODEL_UNSET;
	}
}
