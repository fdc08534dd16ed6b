/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The BPF object: opened, loaded, attached.
 *
 * What the kernel can do is learned by loading the real programs: when one is refused, it is left out,
 * what the kernel said is kept for doctor, and the rest is tried again.
 */
#include "sensor/sensor_internal.h"

#include "base/mem.h"
#include "sensor.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/* libbpf reports through a callback without a context: what it said last, for the load that is under way. */
static _Thread_local struct sensor_refused load_failure;
static _Thread_local char last_log_line[SENSOR_WHY_MAX];

/* The verifier's verdict is the last line before its statistics. */
static void keep_verdict(const char *log)
{
	const char *line = log;

	while (*line) {
		size_t len = strcspn(line, "\n");
		if (len && strncmp(line, "processed ", 10) != 0 && strncmp(line, "-- ", 3) != 0)
			snprintf(last_log_line, sizeof(last_log_line), "%.*s", (int)len, line);
		line += len + (line[len] == '\n');
	}
}

__attribute__((format(printf, 2, 0)))
static int on_libbpf_print(enum libbpf_print_level level, const char *format, va_list args)
{
	_cleanup_free_ char *text = NULL;
	const char *quote;

	if (level != LIBBPF_WARN || vasprintf(&text, format, args) < 0)
		return 0;
	if (strstr(text, "BEGIN PROG LOAD LOG"))
		keep_verdict(text);
	quote = strstr(text, "prog '");
	if (quote && strstr(text, "failed to load")) {
		quote += 6;
		snprintf(load_failure.program, sizeof(load_failure.program), "%.*s", (int)strcspn(quote, "'"), quote);
		snprintf(load_failure.why, sizeof(load_failure.why), "%s", last_log_line[0] ? last_log_line : "the kernel refused it");
	} else if (quote && strstr(text, "failed to find kernel BTF type ID")) {
		quote += 6;
		snprintf(load_failure.program, sizeof(load_failure.program), "%.*s", (int)strcspn(quote, "'"), quote);
		snprintf(load_failure.why, sizeof(load_failure.why), "this kernel has no such hook");
	}
	return 0;
}

static const struct sensor_refused *find_refused(const struct sensor *sensor, const char *program)
{
	for (size_t i = 0; i < sensor->n_refused; i++)
		if (strcmp(sensor->refused[i].program, program) == 0)
			return &sensor->refused[i];
	return NULL;
}

/* Why a program need not be tried; NULL when it must be. */
static const char *known_refusal(const struct sensor_facts *facts, const char *section, const char *name)
{
	if (strncmp(section, "fentry/", 7) == 0) {
		if (!facts->fentry)
			return "this kernel attaches no fentry programs";
		return sensor_facts_has_function(facts, section + 7) ? NULL : "this kernel has no such function";
	}
	if (strncmp(section, "lsm/", 4) == 0)
		return facts->lsm ? NULL : "this kernel runs no BPF LSM programs (CONFIG_BPF_LSM, lsm=...,bpf)";
	if (strncmp(section, "tp_btf/", 7) != 0)
		return NULL;
	if (!sensor_facts_has_tracepoint(facts, section + 7))
		return "this kernel has no such tracepoint";
	if (facts->uring_request < 0 && strcmp(name, "on_uring_submit_old") == 0)
		return "this kernel's tracepoint does not tell the request (before 5.15)";
	return NULL;
}

static void leave_out_known(struct sensor *sensor, const struct sensor_facts *facts, const struct sensor_bpf *bpf)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, bpf->obj) {
		const char *section = bpf_program__section_name(program), *name = bpf_program__name(program);
		const char *why = known_refusal(facts, section, name);
		struct sensor_refused *r;

		if (!why || find_refused(sensor, name) || sensor->n_refused == SENSOR_REFUSED_MAX)
			continue;
		r = &sensor->refused[sensor->n_refused++];
		snprintf(r->program, sizeof(r->program), "%s", name);
		snprintf(r->why, sizeof(r->why), "%s", why);
	}
}

static void configure(struct sensor *sensor, const struct sensor_facts *facts, struct sensor_bpf *bpf)
{
	static const uint32_t defaults[SENSOR_LANE_MAX] = { 2 << 20, 8 << 20, 1 << 20 };
	struct bpf_map *maps[SENSOR_LANE_MAX] = { bpf->maps.ring_lifecycle, bpf->maps.ring_file, bpf->maps.ring_net };
	struct sensor_bpf__rodata *ro = bpf->rodata;
	struct bpf_program *program;

	ro->config.cgroup_subsys = facts->cgroup.subsys;
	ro->config.cgroup_hierarchy = facts->cgroup.hierarchy;
	ro->config.can_cast = facts->can_cast && !sensor->no_cast;
	ro->config.can_swap = facts->can_swap;
	ro->config.oom_gives_task = facts->oom_gives_task;
	ro->config.uring_request = facts->uring_request;
	ro->config.uring_result = facts->uring_result;
	for (int i = 0; i < SENSOR_LANE_MAX; i++) {
		if (!sensor->options.ring_bytes[i])
			sensor->options.ring_bytes[i] = defaults[i];
		ro->config.ring_bytes[i] = (uint32_t)sensor->options.ring_bytes[i];
		bpf_map__set_max_entries(maps[i], (uint32_t)sensor->options.ring_bytes[i]);
	}
	if (facts->btf)
		leave_out_known(sensor, facts, bpf);
	/* The bodies of fentry programs are only loaded as LSM programs where the former are not. */
	bpf_object__for_each_program(program, bpf->obj)
		if (find_refused(sensor, bpf_program__name(program)) ||
		    (facts->fentry && strncmp(bpf_program__section_name(program), "lsm/", 4) == 0))
			bpf_program__set_autoload(program, false);
}

/* One attempt. -EAGAIN when a program was refused and put on the list. */
static int try_load(struct sensor *sensor, struct sensor_facts *facts, struct err *err)
{
	struct sensor_bpf *bpf = sensor_bpf__open();
	int r;

	if (!bpf)
		return err_set_os(err, -errno, "open the BPF object");
	configure(sensor, facts, bpf);
	sensor_facts_done(facts);   /* libbpf reads the kernel's types for itself: not both at a time */
	load_failure = (struct sensor_refused){ 0 };
	last_log_line[0] = 0;
	r = sensor_bpf__load(bpf);
	if (r == 0) {
		sensor->bpf = bpf;
		return 0;
	}
	sensor_bpf__destroy(bpf);
	if (load_failure.program[0] && facts->can_cast && !sensor->no_cast) {
		sensor->no_cast = true;   /* slower, but every kernel knows the helper */
		return -EAGAIN;
	}
	if (r == -EPERM || r == -EACCES)
		if (!load_failure.program[0] || geteuid() != 0)
			return err_set(err, -EPERM, "the kernel does not let this user load BPF programs: run as root, or with "
				       "CAP_BPF, CAP_PERFMON, CAP_SYS_RESOURCE and CAP_SYS_PTRACE");
	if (!load_failure.program[0] || find_refused(sensor, load_failure.program) || sensor->n_refused == SENSOR_REFUSED_MAX)
		return err_set_os(err, r, "load the BPF programs");
	sensor->refused[sensor->n_refused++] = load_failure;
	return -EAGAIN;
}

static int fill_rows(struct sensor *sensor, struct err *err)
{
	_cleanup_free_ struct sensor_row *rows = mem_array(2 * SENSOR_ROW_CALLS, sizeof(*rows));
	int fd = bpf_map__fd(sensor->bpf->maps.rows);

	plan_fill_rows(rows);
	for (uint32_t i = 0; i < 2 * SENSOR_ROW_CALLS; i++)
		if (rows[i].type && bpf_map_update_elem(fd, &i, &rows[i], BPF_ANY) < 0)
			return err_set_os(err, -errno, "write the table of system calls");
	return 0;
}

/* Where the saved registers are on a kernel stack: measured, see bpf/call.bpf.h. */
static int calibrate(struct sensor *sensor, struct err *err)
{
	struct sensor_control *control = &sensor->bpf->bss->control;
	struct bpf_link *link = bpf_program__attach(sensor->bpf->progs.calibrate);

	if (!link)
		return err_set_os(err, -errno, "attach to the exit of system calls");
	control->calibrate_pid = (uint32_t)getpid();
	syscall(SYS_getppid);
	control->calibrate_pid = 0;
	bpf_link__destroy(link);
	if (!control->regs_offset)
		return err_set(err, -EIO, "cannot find the saved registers on the kernel stack");
	return 0;
}

static bool program_loads(void *data, const char *name, const char **why)
{
	struct sensor *sensor = data;
	const struct sensor_refused *refused = find_refused(sensor, name);

	if (refused) {
		*why = refused->why;
		return false;
	}
	if (!bpf_object__find_program_by_name(sensor->bpf->obj, name)) {
		*why = "not built";
		return false;
	}
	return true;
}

static bool call_exists(void *data, const char *call)
{
	const struct sensor *sensor = data;
	char event[80];

	if (!sensor->has_calls)
		return false;
	snprintf(event, sizeof(event), "syscalls/sys_exit_%s", call);
	return sensor_tracefs_has(event);
}

/* Without these nothing is known about anybody. */
static int check_essential(const struct sensor *sensor, struct err *err)
{
	static const char *const essential[] = { "on_fork", "on_exec", "on_exit" };

	for (size_t i = 0; i < ARRAY_LEN(essential); i++) {
		const struct sensor_refused *refused = find_refused(sensor, essential[i]);
		if (refused)
			return err_set(err, -ENOSYS, "the kernel refuses the program %s, without which parka sees no processes: %s",
				       essential[i], refused->why);
	}
	return 0;
}

static bool wants_calls(void)
{
	const char *text = getenv("PARKA_SENSOR_HOOKS");

	return !text || strcmp(text, "exit") != 0;
}

int sensor_load(struct sensor *sensor, struct err *err)
{
	struct plan_kernel kernel = { program_loads, call_exists, sensor };
	libbpf_print_fn_t before;
	struct sensor_facts facts;
	int r = sensor_facts_load(&facts, err);

	if (r < 0)
		return r;
	before = libbpf_set_print(NULL);
	sensor_facts_find_programs(&facts);
	libbpf_set_print(on_libbpf_print);
	sensor->has_calls = wants_calls() && sensor_tracefs_has("syscalls/sys_exit_openat");
	do
		r = try_load(sensor, &facts, err);
	while (r == -EAGAIN);
	libbpf_set_print(before);
	sensor_facts_done(&facts);
	if (r < 0)
		return r;
	r = check_essential(sensor, err);
	if (r < 0)
		return r;
	plan_make(&sensor->plan, &kernel);
	sensor->links = mem_array(sensor->plan.n, sizeof(struct bpf_link *));
	sensor->bpf->bss->control.self_pid = sensor->options.self_pid;
	r = fill_rows(sensor, err);
	if (r == 0)
		r = calibrate(sensor, err);
	return r;
}

static struct bpf_link *attach_hook(struct sensor *sensor, const struct plan_hook *hook)
{
	struct bpf_program *program = bpf_object__find_program_by_name(sensor->bpf->obj, hook->candidate.program);
	char event[80];

	if (hook->candidate.kind != PLAN_CALL)
		return bpf_program__attach(program);
	snprintf(event, sizeof(event), "sys_exit_%s", hook->call->name);
	return bpf_program__attach_tracepoint(program, "syscalls", event);
}

int sensor_attach_raw(struct sensor *sensor, struct err *err)
{
	const struct sensor_refused *refused = find_refused(sensor, "exit_raw");

	if (sensor->raw_link)
		return 0;
	if (refused && sensor->has_calls)
		return 0;   /* 32-bit calls are not seen; doctor says so */
	if (refused)
		return err_set(err, -ENOSYS, "the program on every system call's exit does not load: %s", refused->why);
	sensor->raw_link = bpf_program__attach(sensor->bpf->progs.exit_raw);
	if (!sensor->raw_link)
		return err_set_os(err, -errno, "attach to the exit of all system calls");
	return 0;
}

static bool call_is_wanted(const struct sensor *sensor, const struct plan_call *call)
{
	return sensor->options.all_events || plan_call_is_needed(call) ||
	       model_event_set_has(&sensor->options.wanted, call->row.type);
}

/* The program on every exit has a byte per call. */
static void tell_wanted(struct sensor *sensor)
{
	__u8 *calls = sensor->bpf->bss->calls;
	__u8 bits[SENSOR_ROW_CALLS] = { 0 };

	for (const struct plan_call *call = plan_calls; call->name; call++) {
		if (!call_is_wanted(sensor, call))
			continue;
		if (call->nr64 >= 0 && !sensor->has_calls)
			bits[call->nr64] |= SENSOR_CALL_64;
		if (call->nr32 >= 0)
			bits[call->nr32] |= SENSOR_CALL_32;
	}
	for (size_t i = 0; i < SENSOR_ROW_CALLS; i++)
		__atomic_store_n(&calls[i], bits[i], __ATOMIC_RELAXED);
}

int sensor_attach(struct sensor *sensor, struct err *err)
{
	libbpf_print_fn_t before = libbpf_set_print(NULL);

	tell_wanted(sensor);
	for (size_t i = 0; i < sensor->plan.n; i++) {
		struct plan_hook *h = &sensor->plan.hooks[i];
		if (!h->usable || sensor->links[i] || !plan_is_wanted(h, &sensor->options.wanted, sensor->options.all_events))
			continue;
		sensor->links[i] = attach_hook(sensor, h);
		h->hook.state = sensor->links[i] ? SENSOR_HOOK_ATTACHED : SENSOR_HOOK_REFUSED;
		if (!sensor->links[i])
			h->hook.why = strerror(errno);
	}
	for (size_t i = 0; i < sensor->plan.n; i++) {
		struct plan_hook *h = &sensor->plan.hooks[i];
		if (!sensor->links[i] || plan_is_wanted(h, &sensor->options.wanted, sensor->options.all_events))
			continue;
		bpf_link__destroy(take_ptr(sensor->links[i]));
		h->hook.state = SENSOR_HOOK_UNWANTED;
	}
	libbpf_set_print(before);
	if (sensor->compat == SENSOR_COMPAT_ALWAYS || !sensor->has_calls)
		return sensor_attach_raw(sensor, err);
	return 0;
}

/* Closing a tracepoint's descriptor waits for every CPU to leave it, some 60 ms each and one at a time: seconds for
 * all. A child of a child that shares the descriptors closes the last copies by ending, after us; until then the
 * programs run on for nobody. */
static int close_in_background(void)
{
	int ends[2];
	pid_t pid;
	char c;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		if (fork() != 0)
			_exit(0);
		close(ends[1]);
		prctl(PR_SET_NAME, "parka-closing");
		while (read(ends[0], &c, 1) < 0 && errno == EINTR)
			;   /* until the parent has closed its own */
		_exit(0);
	}
	close(ends[0]);
	if (pid > 0)
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
	return ends[1];
}

void sensor_unload(struct sensor *sensor)
{
	/* Closed last of all, when this function ends. */
	__attribute__((unused)) _cleanup_close_ int until_closed = sensor->links ? close_in_background() : -1;

	for (size_t i = 0; sensor->links && i < sensor->plan.n; i++)
		bpf_link__destroy(sensor->links[i]);
	bpf_link__destroy(sensor->raw_link);
	free(sensor->links);
	plan_done(&sensor->plan);
	sensor_bpf__destroy(sensor->bpf);
}
