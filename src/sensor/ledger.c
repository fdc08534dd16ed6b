/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/ledger.h"
#include "base/mem.h"
#include "model/event.h"
#include "sensor/state_internal.h"

#include <linux/capability.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define CAP_BIT(cap) (UINT64_C(1) << (cap))

void sensor_ledger_init(struct sensor_ledger *ledger)
{
	*ledger = (struct sensor_ledger){ .generation = 1 };
}

void sensor_ledger_done(struct sensor_ledger *ledger)
{
	struct sensor_thread *t;

	for (size_t i = 0; (t = map_next(&ledger->threads, &i)); )
		free(t);
	map_done(&ledger->threads);
}

static void thread_free(struct sensor_ledger *ledger, struct sensor_thread *thread)
{
	struct sensor_thread **at = &thread->process->threads;

	while (*at && *at != thread)
		at = &(*at)->next;
	if (*at)
		*at = thread->next;
	map_remove_u64(&ledger->threads, thread->tid);
	free(thread);
}

/* Where the credentials of a thread are kept; NULL when there is no room. */
static struct sensor_creds *creds_of(struct sensor_ledger *ledger, struct sensor_process *process, uint32_t tid)
{
	struct sensor_thread *t;

	if (tid == process->pid)
		return &process->creds;
	t = map_get_u64(&ledger->threads, tid);
	if (t && t->process != process) {
		thread_free(ledger, t);                         /* the id was used again */
		t = NULL;
	}
	if (!t) {
		if (ledger->threads.n >= LIMIT_SENSOR_THREADS) {
			ledger->n_refused++;
			return NULL;
		}
		t = mem_alloc(sizeof(*t));
		t->tid = tid;
		t->process = process;
		t->next = process->threads;
		process->threads = t;
		map_put_u64(&ledger->threads, tid, t);
	}
	return &t->creds;
}

void sensor_ledger_process_gone(struct sensor_ledger *ledger, struct sensor_process *process)
{
	while (process->threads)
		thread_free(ledger, process->threads);
}

void sensor_ledger_exit(struct sensor_ledger *ledger, struct sensor_process *process, uint32_t tid)
{
	struct sensor_thread *t = map_get_u64(&ledger->threads, tid);

	if (t && t->process == process)
		thread_free(ledger, t);
}

static struct sensor_creds creds_now(const struct sensor_ledger *ledger, const struct sensor_wire_view *view)
{
	const struct sensor_wire *e = view->event;
	const struct sensor_wire_cred *whole = sensor_wire_struct(view, SENSOR_P_CRED, sizeof(*whole));
	struct sensor_creds c = {
		.cap_eff = e->cap_eff, .cap_prm = e->cap_prm, .cred = e->cred, .ts_ns = e->ts_ns,
		.uid = e->uid, .euid = e->euid, .fsuid = e->fsuid, .user_ns = e->user_ns, .generation = ledger->generation,
	};

	/* The CRED of a fork is the child's. */
	if (whole && e->type != MODEL_EVT_SCHED_FORK) {
		c.suid = whole->suid;
		c.suid_known = true;
	}
	return c;
}

static bool gained_uid(const struct sensor_creds *before, const struct sensor_creds *after)
{
	return (after->uid == 0 && before->uid != 0 && before->euid != 0) ||
	       (after->euid == 0 && before->euid != 0 && before->uid != 0) ||
	       (after->fsuid == 0 && before->fsuid != 0 && before->euid != 0 && before->uid != 0);
}

static uint64_t gained_caps(const struct sensor_creds *before, const struct sensor_creds *after)
{
	/* In another user namespace capabilities are others; entering the host's is a gain of its own. */
	if (before->user_ns != after->user_ns)
		return 0;
	return (after->cap_eff | after->cap_prm) & ~(before->cap_prm | before->cap_eff);
}

static bool gained_user_ns(const struct sensor_creds *before, const struct sensor_creds *after)
{
	return after->user_ns == SENSOR_FIRST_USER_NS && before->user_ns != SENSOR_FIRST_USER_NS && before->user_ns != 0;
}

static bool is_set_id(unsigned type)
{
	switch (type) {
	case MODEL_EVT_SETUID: case MODEL_EVT_SETUID32: case MODEL_EVT_SETREUID: case MODEL_EVT_SETREUID32:
	case MODEL_EVT_SETRESUID: case MODEL_EVT_SETRESUID32: case MODEL_EVT_SETFSUID: case MODEL_EVT_SETFSUID32:
		return true;
	default:
		return false;
	}
}

/* What the kernel allows set*id: with CAP_SETUID anything, else the real, effective and saved ids (kernel/sys.c). A
 * uid of 0 gets back no capability that was not permitted, except that root's effective set follows the permitted one. */
static const char *set_id_reason(const struct sensor_creds *before, const struct sensor_creds *after)
{
	if (gained_uid(before, after) && before->suid_known && before->suid != 0 && !(before->cap_eff & CAP_BIT(CAP_SETUID)))
		return "uid";
	return gained_caps(before, after) ? "capabilities" : NULL;
}

/* cap_bprm_creds_from_file() of security/commoncap.c. */
static const char *exec_reason(const struct sensor_creds *before, const struct sensor_creds *after,
			       const struct sensor_wire_view *view)
{
	const struct sensor_wire_file *file = sensor_wire_struct(view, SENSOR_P_FILE, sizeof(*file));

	if (!file)
		return NULL;
	if (gained_user_ns(before, after))
		return "user namespace";
	/* Root's set-id bit; on an id-mapped mount the owner may be another number. A saved id of 0 does not come back by exec. */
	if (gained_uid(before, after) && !((file->mode & S_ISUID) && (file->uid == 0 || (file->flags & SENSOR_FILE_CAPS))))
		return "uid";
	/* Capabilities without a uid of 0 come from the file's extended attribute, which not every hook can see. */
	return NULL;
}

static const char *find_reason(const struct sensor_creds *before, const struct sensor_creds *after,
			       const struct sensor_wire_view *view)
{
	const struct sensor_wire *e = view->event;
	bool worked = e->ret >= 0 || (e->flags & SENSOR_WIRE_NO_RET);

	if (worked && is_set_id(e->type))
		return set_id_reason(before, after);
	if (worked && (e->type == MODEL_EVT_EXECVE || e->type == MODEL_EVT_EXECVEAT || e->type == MODEL_EVT_SCHED_EXEC))
		return exec_reason(before, after, view);
	/* A first namespace is nobody's child: nothing lawful leads back into it. */
	if (gained_user_ns(before, after))
		return "user namespace";
	if (gained_uid(before, after))
		return "uid";
	return gained_caps(before, after) ? "capabilities" : NULL;
}

/* The same struct cred, or, where its address was not told (a fork tells the child's content), the same content. */
static bool same_creds(const struct sensor_creds *a, const struct sensor_creds *b)
{
	if (a->cred && b->cred)
		return a->cred == b->cred;
	return a->uid == b->uid && a->euid == b->euid && a->fsuid == b->fsuid && a->cap_prm == b->cap_prm &&
	       a->cap_eff == b->cap_eff && a->user_ns == b->user_ns;
}

const char *sensor_ledger_check(struct sensor_ledger *ledger, struct sensor_process *process,
				const struct sensor_wire_view *view, struct sensor_creds *ret_before,
				struct sensor_creds *ret_after)
{
	struct sensor_creds *known, now;
	const char *reason = NULL;

	if ((view->event->flags & SENSOR_WIRE_IO_URING) || (process->has_task && (process->task.flags & SENSOR_PF_KTHREAD)))
		return NULL;
	known = creds_of(ledger, process, view->event->tid);
	if (!known || view->event->ts_ns < known->ts_ns)
		return NULL;                                    /* an event that came late shows what was before */
	now = creds_now(ledger, view);
	if (!now.suid_known && known->suid_known && known->generation == ledger->generation && same_creds(known, &now)) {
		now.suid = known->suid;
		now.suid_known = true;
	}
	if (known->generation == ledger->generation)
		reason = find_reason(known, &now, view);
	if (reason) {
		*ret_before = *known;
		*ret_after = now;
	}
	*known = now;
	return reason;
}

void sensor_ledger_fork(struct sensor_ledger *ledger, struct sensor_process *parent, struct sensor_process *child,
			const struct sensor_wire_view *view)
{
	const struct sensor_wire *e = view->event;
	const struct sensor_wire_cred *cred = sensor_wire_struct(view, SENSOR_P_CRED, sizeof(*cred));
	uint32_t tid = (uint32_t)sensor_wire_u64_or(view, SENSOR_P_CHILD_TID, child->pid);
	struct sensor_creds *maker = creds_of(ledger, parent, e->tid), *to;
	struct sensor_creds c = maker ? *maker : (struct sensor_creds){ 0 };

	if (cred) {
		c = (struct sensor_creds){
			.cap_eff = cred->cap_effective, .cap_prm = cred->cap_permitted, .uid = cred->uid, .euid = cred->euid,
			.suid = cred->suid, .fsuid = cred->fsuid, .user_ns = cred->user_ns, .suid_known = true,
			.generation = ledger->generation,
		};
	} else if (sensor_wire_u64_or(view, SENSOR_P_FLAGS, 0) & CLONE_NEWUSER) {
		c.generation = 0;                               /* all capabilities, of a namespace whose number is not told */
	}
	c.ts_ns = e->ts_ns;
	to = creds_of(ledger, child, tid);
	if (to)
		*to = c;
}

void sensor_ledger_lost(struct sensor_ledger *ledger, unsigned type)
{
	enum model_event_category category = type < MODEL_EVT_MAX ? model_event(type)->category : MODEL_CATEGORY_PROCESS;

	/* File and network events change no credentials. */
	if (category == MODEL_CATEGORY_PROCESS || category == MODEL_CATEGORY_USER || category == MODEL_CATEGORY_OTHER ||
	    category == MODEL_CATEGORY_KERNEL || type == MODEL_EVT_NONE)
		ledger->generation++;
}
