/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs that are loaded when they come to be wanted.
 *
 * The verifier's work is most of what a start costs, and the program on every exit is a third of it, which most machines never
 * need. What is left out at the start is loaded from the same object, opened once more: only those programs, with the maps
 * (and the variables, which are maps too) of the first.
 */
#include "sensor/sensor_internal.h"

#include "base/mem.h"
#include "sensor.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct bpf_program *loaded_in(const struct sensor_bpf *bpf, const char *name)
{
	const struct bpf_program *program = bpf_object__find_program_by_name(bpf->obj, name);

	return program && bpf_program__fd(program) >= 0 ? program : NULL;
}

const struct bpf_program *sensor_program(const struct sensor *sensor, const char *name)
{
	const struct bpf_program *program = loaded_in(sensor->bpf, name);

	for (size_t i = 0; i < sensor->n_late && !program; i++)
		program = loaded_in(sensor->late[i], name);
	return program;
}

static bool serves(const struct plan_row *row, const char *program)
{
	for (size_t i = 0; i < PLAN_CANDIDATES && row->candidates[i].program; i++)
		if (strcmp(row->candidates[i].program, program) == 0)
			return true;
	return false;
}

/* Programs that no table names are always wanted. */
static bool is_wanted(const struct sensor *sensor, const char *program)
{
	const struct sensor_options *o = &sensor->options;
	bool named = false;

	if (o->load_all)
		return true;
	if (strcmp(program, "exit_raw") == 0)
		return sensor->wants_raw;
	for (const struct plan_row *row = plan_events; row->event; row++) {
		struct plan_hook hook = { .type = row->type, .also = row->also, .costly = row->costly, .always = row->always };
		if (!serves(row, program))
			continue;
		if (plan_is_wanted(&hook, &o->wanted, o->all_events))
			return true;
		named = true;
	}
	for (const struct plan_call *call = plan_calls; call->name; call++) {
		if (strcmp(plan_family_program(call->row.family), program) != 0)
			continue;
		if (sensor_wants_call(sensor, call))
			return true;
		named = true;
	}
	return !named;
}

void sensor_late_leave(struct sensor *sensor, struct sensor_bpf *bpf)
{
	struct bpf_program *program;

	sensor->n_left = 0;
	bpf_object__for_each_program(program, bpf->obj) {
		const char *name = bpf_program__name(program);
		if (!bpf_program__autoload(program) || is_wanted(sensor, name) || sensor->n_left == SENSOR_LEFT_MAX)
			continue;
		bpf_program__set_autoload(program, false);
		sensor->left[sensor->n_left++] = name;
	}
}

bool sensor_late_is_left(const struct sensor *sensor, const char *program)
{
	for (size_t i = 0; i < sensor->n_left; i++)
		if (strcmp(sensor->left[i], program) == 0)
			return true;
	return false;
}

static bool is_missing(const struct sensor *sensor, const char *program)
{
	return sensor_late_is_left(sensor, program) && !sensor_refused(sensor, program) && is_wanted(sensor, program) &&
	       !sensor_program(sensor, program);
}

static bool any_missing(const struct sensor *sensor)
{
	for (size_t i = 0; i < sensor->n_left; i++)
		if (is_missing(sensor, sensor->left[i]))
			return true;
	return false;
}

static void choose(const struct sensor *sensor, struct sensor_bpf *bpf)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, bpf->obj)
		bpf_program__set_autoload(program, is_missing(sensor, bpf_program__name(program)));
}

/* The maps of both objects are the same ones in the same order: both are made of one source. */
static int share_maps(const struct sensor_bpf *from, struct sensor_bpf *to)
{
	const struct bpf_map *map = NULL;
	struct bpf_map *own;
	int r = 0;

	bpf_object__for_each_map(own, to->obj) {
		map = bpf_object__next_map(from->obj, map);
		r = map ? bpf_map__reuse_fd(own, bpf_map__fd(map)) : -ENOENT;
		if (r < 0)
			break;
	}
	return r;
}

/* One attempt. -EAGAIN when a program was refused: it is on the list, or `directly` was the cause. */
static int try_load(struct sensor *sensor, bool *directly, struct err *err)
{
	struct sensor_bpf *bpf = sensor_open_object(*directly);
	struct sensor_refused failure = { 0 };
	int r;

	if (!bpf)
		return err_set_os(err, -errno, "open the BPF object once more");
	choose(sensor, bpf);
	r = share_maps(sensor->bpf, bpf);
	if (r == 0)
		r = sensor_load_object(bpf, &failure);
	if (r == 0) {
		sensor->late = mem_grow(sensor->late, sensor->n_late + 1, sizeof(struct sensor_bpf *));
		sensor->late[sensor->n_late++] = bpf;
		return 0;
	}
	sensor_bpf__destroy(bpf);
	if (failure.program[0] && *directly) {
		*directly = false;
		return -EAGAIN;
	}
	if (!failure.program[0] || sensor_refused(sensor, failure.program) || !sensor_refuse(sensor, failure.program, failure.why))
		return err_set_os(err, r, "load more BPF programs");
	return -EAGAIN;
}

int sensor_late_load(struct sensor *sensor, struct err *err)
{
	bool directly = sensor->reads_directly;
	int r = 0;

	if (!any_missing(sensor))
		return 0;
	do
		r = any_missing(sensor) ? try_load(sensor, &directly, err) : 0;
	while (r == -EAGAIN);
	mem_trim();
	return r;
}

void sensor_late_done(struct sensor *sensor)
{
	for (size_t i = 0; i < sensor->n_late; i++)
		sensor_bpf__destroy(sensor->late[i]);
	free(sensor->late);
}
