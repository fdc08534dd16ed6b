/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Invariants:
 * 1. A row is in by_pid's chain of its pid exactly once.
 * 2. A row with exit_ns is in the list of ended rows, in order of exit; one without is not.
 * 3. A row is in its parent's list of children; a freed row is nobody's parent.
 */
#include "sensor/process.h"
#include "base/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void sensor_processes_init(struct sensor_processes *table, uint64_t max, uint64_t grace_ns)
{
	*table = (struct sensor_processes){
		.max = max ? max : LIMIT_SENSOR_PROCESSES,
		.grace_ns = grace_ns ? grace_ns : LIMIT_SENSOR_GRACE_NS,
	};
}

struct sensor_process *sensor_process_find(const struct sensor_processes *table, uint32_t pid, uint64_t start_ns)
{
	struct sensor_process *p = map_get_u64(&table->by_pid, pid);

	while (p && start_ns && p->start_ns != start_ns)
		p = p->older;
	return p;
}

static void unlink_child(struct sensor_process *process)
{
	struct sensor_process *parent = process->parent;

	if (!parent)
		return;
	if (process->prev_sibling)
		process->prev_sibling->next_sibling = process->next_sibling;
	else
		parent->first_child = process->next_sibling;
	if (process->next_sibling)
		process->next_sibling->prev_sibling = process->prev_sibling;
	process->parent = process->next_sibling = process->prev_sibling = NULL;
}

void sensor_process_set_parent(struct sensor_process *process, struct sensor_process *parent)
{
	if (parent == process)
		parent = NULL;
	if (parent == process->parent)
		return;
	unlink_child(process);
	if (!parent)
		return;
	process->parent = parent;
	process->next_sibling = parent->first_child;
	if (parent->first_child)
		parent->first_child->prev_sibling = process;
	parent->first_child = process;
}

static void unlink_exited(struct sensor_processes *table, struct sensor_process *process)
{
	if (!process->exit_ns)
		return;
	if (process->prev_exited)
		process->prev_exited->next_exited = process->next_exited;
	else
		table->first_exited = process->next_exited;
	if (process->next_exited)
		process->next_exited->prev_exited = process->prev_exited;
	else
		table->last_exited = process->prev_exited;
	process->exit_ns = 0;
	table->n_exited--;
}

static void unlink_pid(struct sensor_processes *table, struct sensor_process *process)
{
	struct sensor_process *p = map_get_u64(&table->by_pid, process->pid);

	if (p == process) {
		if (process->older)
			map_put_u64(&table->by_pid, process->pid, process->older);
		else
			map_remove_u64(&table->by_pid, process->pid);
		return;
	}
	while (p && p->older != process)
		p = p->older;
	assert(p);                                              /* invariant 1 */
	p->older = process->older;
}

static void release_texts(struct sensor_processes *table, struct sensor_process *process)
{
	sensor_text_set(&table->texts, &process->cwd, NULL);
	sensor_text_set(&table->texts, &process->via, NULL);
	sensor_text_set(&table->texts, &process->dns_name, NULL);
	for (unsigned i = 0; i < 3; i++)
		sensor_text_set(&table->texts, &process->stdio[i].name, NULL);
	process->image = sensor_image_unref(table, process->image);
}

void sensor_process_clear(struct sensor_processes *table, struct sensor_process *process)
{
	assert(!process->first_child && !process->parent && !process->exit_ns);
	release_texts(table, process);
	if (table->on_free)
		table->on_free(table->data, process);
	*process = (struct sensor_process){ .loginuid = UINT32_MAX, .session = UINT32_MAX };
}

static void process_free(struct sensor_processes *table, struct sensor_process *process)
{
	struct sensor_process *child, *heir = process->parent;

	while ((child = process->first_child)) {
		unlink_child(child);
		sensor_process_set_parent(child, heir == child ? NULL : heir);
	}
	unlink_child(process);
	unlink_exited(table, process);
	unlink_pid(table, process);
	release_texts(table, process);
	if (table->on_free)
		table->on_free(table->data, process);
	table->n--;
	free(process);
}

void sensor_processes_release(struct sensor_processes *table)
{
	struct sensor_process *p;

	for (size_t i = 0; (p = map_next(&table->by_pid, &i)); ) {
		while (p) {
			struct sensor_process *older = p->older;
			process_free(table, p);
			p = older;
		}
	}
}

void sensor_processes_done(struct sensor_processes *table)
{
	sensor_processes_release(table);
	map_done(&table->by_pid);
	sensor_texts_done(&table->texts);
}

void sensor_process_exit(struct sensor_processes *table, struct sensor_process *process, uint64_t now_ns)
{
	if (process->exit_ns)
		return;
	process->exit_ns = now_ns ? now_ns : 1;
	process->prev_exited = table->last_exited;
	process->next_exited = NULL;
	if (table->last_exited)
		table->last_exited->next_exited = process;
	else
		table->first_exited = process;
	table->last_exited = process;
	table->n_exited++;
}

void sensor_processes_expire(struct sensor_processes *table, uint64_t now_ns)
{
	struct sensor_process *p;

	while ((p = table->first_exited) && now_ns > p->exit_ns && now_ns - p->exit_ns > table->grace_ns)
		process_free(table, p);
	for (; table->n_exited > LIMIT_SENSOR_EXITED; table->n_evicted++)
		process_free(table, table->first_exited);
}

struct sensor_process *sensor_process_add(struct sensor_processes *table, uint32_t pid, uint64_t start_ns, uint64_t now_ns)
{
	struct sensor_process *p, *older = map_get_u64(&table->by_pid, pid);

	if (older)
		sensor_process_exit(table, older, now_ns);
	if (table->n >= table->max) {
		if (!table->first_exited) {
			table->n_refused++;
			return NULL;
		}
		process_free(table, table->first_exited);
		table->n_evicted++;
		older = map_get_u64(&table->by_pid, pid);
	}
	p = mem_alloc(sizeof(*p));
	p->pid = pid;
	p->start_ns = start_ns;
	p->loginuid = p->session = UINT32_MAX;
	p->older = older;
	map_put_u64(&table->by_pid, pid, p);
	table->n++;
	return p;
}

void sensor_process_inherit(struct sensor_processes *table, struct sensor_process *child, const struct sensor_process *parent)
{
	if (parent->image) {
		parent->image->refs++;
		sensor_process_set_image(table, child, parent->image);
	}
	sensor_text_set(&table->texts, &child->cwd, sensor_text_ref(parent->cwd));
	sensor_text_set(&table->texts, &child->via, sensor_text_ref(parent->via));
	for (unsigned i = 0; i < 3; i++) {
		sensor_text_set(&table->texts, &child->stdio[i].name, sensor_text_ref(parent->stdio[i].name));
		child->stdio[i].wire = parent->stdio[i].wire;
		child->stdio[i].type = parent->stdio[i].type;
	}
	child->entered_foreign_ns = parent->entered_foreign_ns;
	memcpy(child->accept_ip, parent->accept_ip, sizeof(child->accept_ip));
	child->accept_family = parent->accept_family;
	child->loginuid = parent->loginuid;
	child->session = parent->session;
	child->uid = parent->uid;
	child->euid = parent->euid;
	child->gid = parent->gid;
	child->cred = parent->cred;
	child->has_cred = parent->has_cred;
}

void sensor_process_set_image(struct sensor_processes *table, struct sensor_process *process, struct sensor_image *image)
{
	sensor_image_unref(table, process->image);
	process->image = image;
}

const struct sensor_process *sensor_process_ancestor(const struct sensor_process *process, unsigned n)
{
	if (n > LIMIT_SENSOR_ANCESTORS)
		return NULL;
	while (process && n--)
		process = process->parent;
	return process;
}
