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
#include "sensor_plain.skel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
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

const struct sensor_refused *sensor_refused(const struct sensor *sensor, const char *program)
{
	for (size_t i = 0; i < sensor->n_refused; i++)
		if (strcmp(sensor->refused[i].program, program) == 0)
			return &sensor->refused[i];
	return NULL;
}

bool sensor_refuse(struct sensor *sensor, const char *program, const char *why)
{
	struct sensor_refused *r;

	if (sensor->n_refused == SENSOR_REFUSED_MAX)
		return false;
	r = &sensor->refused[sensor->n_refused++];
	snprintf(r->program, sizeof(r->program), "%s", program);
	snprintf(r->why, sizeof(r->why), "%s", why);
	return true;
}

/* Why a program need not be tried; NULL when it must be. */
static const char *known_refusal(const struct sensor_facts *facts, const char *section, const char *name)
{
	if (strncmp(section, "fentry/", 7) == 0) {
		if (!facts->fentry)
			return facts->trampolines ? "PARKA_SENSOR_NAMES asks for another way" : "this kernel attaches no fentry programs";
		return sensor_facts_has_function(facts, section + 7) ? NULL : "this kernel has no such function";
	}
	if (strncmp(section, "fexit/", 6) == 0)
		return !facts->trampolines ? "this kernel attaches no fexit programs" :
		       sensor_facts_has_function(facts, section + 6) ? NULL : "this kernel has no such function";
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

		if (why && !sensor_refused(sensor, name))
			sensor_refuse(sensor, name, why);
	}
}

static bool call_exists(void *data, const char *call);

/* Whether a call that this kernel has is only to be seen by its tracepoint. */
static bool needs_calls(struct sensor *sensor)
{
	for (const struct plan_call *call = plan_calls; call->name; call++) {
		char names[PLAN_FUNCTIONS][PLAN_FUNCTION_MAX];
		size_t n = plan_call_functions(call, false, names), i;

		for (i = 0; i < n && !sensor_fexit_function(&sensor->fexit, names[i]); i++)
			;
		if (n && i == n && call_exists(sensor, call->name))
			return true;
	}
	return false;
}

/* What serves system calls: returns of functions, or tracepoints. What is not needed is not loaded. */
static void choose_call_programs(struct sensor *sensor, struct sensor_bpf *bpf)
{
	struct bpf_program *const returns[SENSOR_FEXIT_GROUPS] = { bpf->progs.on_return_0, bpf->progs.on_return_1, bpf->progs.on_return_2 };
	struct sensor_fexit *fexit = &sensor->fexit;

	for (size_t i = 0; i < fexit->n_groups; i++) {
		const struct sensor_refused *refused = sensor_refused(sensor, bpf_program__name(returns[i]));
		if (!refused && bpf_program__set_attach_target(returns[i], 0, fexit->leaders[i]) == 0)
			continue;
		fexit->why = refused ? refused->why : "this kernel's types cannot be read";
		fexit->n_groups = 0;
	}
	for (size_t i = fexit->n_groups; i < SENSOR_FEXIT_GROUPS; i++)
		bpf_program__set_autoload(returns[i], false);
	if (!fexit->n_groups || sensor->compat == SENSOR_COMPAT_NEVER)
		bpf_program__set_autoload(bpf->progs.on_return_ia32, false);
	if (!fexit->n_groups)
		bpf_program__set_autoload(bpf->progs.on_denied, false);
	sensor->needs_calls = needs_calls(sensor);
	for (int family = SENSOR_FAMILY_NONE + 1; family < SENSOR_FAMILY_MAX && !sensor->needs_calls; family++)
		bpf_program__set_autoload(bpf_object__find_program_by_name(bpf->obj, plan_family_program(family)), false);
}

static void configure(struct sensor *sensor, const struct sensor_facts *facts, struct sensor_bpf *bpf)
{
	static const uint32_t defaults[SENSOR_LANE_MAX] = { 2 << 20, 8 << 20, 1 << 20 };
	struct bpf_map *maps[SENSOR_LANE_MAX] = { bpf->maps.ring_lifecycle, bpf->maps.ring_file, bpf->maps.ring_net };
	struct sensor_bpf__rodata *ro = bpf->rodata;
	struct bpf_program *program;

	ro->config.cgroup_subsys = facts->cgroup.subsys;
	ro->config.cgroup_hierarchy = facts->cgroup.hierarchy;
	ro->config.oom_gives_task = facts->oom_gives_task;
	ro->config.uring_request = facts->uring_request;
	ro->config.uring_result = facts->uring_result;
	for (int i = 0; i < SENSOR_LANE_MAX; i++) {
		if (!sensor->options.ring_bytes[i])
			sensor->options.ring_bytes[i] = defaults[i];
		ro->config.ring_bytes[i] = (uint32_t)sensor->options.ring_bytes[i];
		bpf_map__set_max_entries(maps[i], (uint32_t)sensor->options.ring_bytes[i]);
	}
	ro->config.seccomp_result = sensor->fexit.seccomp_has_argument;
	if (facts->btf)
		leave_out_known(sensor, facts, bpf);
	/* The bodies of fentry programs are only loaded as LSM programs where the former are not. */
	bpf_object__for_each_program(program, bpf->obj)
		if (sensor_refused(sensor, bpf_program__name(program)) ||
		    (facts->fentry && strncmp(bpf_program__section_name(program), "lsm/", 4) == 0))
			bpf_program__set_autoload(program, false);
}

/* The programs that load kernel memory directly, or those that ask the helper: the same programs and maps by name, and the same
 * structures, so that one skeleton serves both. */
struct sensor_bpf *sensor_open_object(bool directly)
{
	struct sensor_bpf *bpf;

	if (directly)
		return sensor_bpf__open();
	bpf = mem_alloc(sizeof(*bpf));
	if (sensor_bpf__create_skeleton(bpf) == 0) {
		bpf->skeleton->data = (void *)sensor_plain_bpf__elf_bytes(&bpf->skeleton->data_sz);
		if (bpf_object__open_skeleton(bpf->skeleton, NULL) == 0)
			return bpf;
	}
	sensor_bpf__destroy(bpf);
	return NULL;
}

int sensor_load_object(struct sensor_bpf *bpf, struct sensor_refused *ret_failure)
{
	libbpf_print_fn_t before = libbpf_set_print(on_libbpf_print);
	int r;

	load_failure = (struct sensor_refused){ 0 };
	last_log_line[0] = 0;
	r = sensor_bpf__load(bpf);
	*ret_failure = load_failure;
	libbpf_set_print(before);
	return r;
}

/* One attempt. -EAGAIN when a program was refused and put on the list. */
static int try_load(struct sensor *sensor, struct sensor_facts *facts, struct err *err)
{
	struct sensor_refused failure;
	struct sensor_bpf *bpf;
	int r;

	sensor->reads_directly = facts->can_cast && !sensor->no_cast;
	bpf = sensor_open_object(sensor->reads_directly);
	if (!bpf)
		return err_set_os(err, -errno, "open the BPF object");
	configure(sensor, facts, bpf);
	sensor_facts_done(facts);   /* libbpf reads the kernel's types for itself: not both at a time */
	choose_call_programs(sensor, bpf);
	sensor_late_leave(sensor, bpf);
	r = sensor_load_object(bpf, &failure);
	if (r == 0) {
		sensor->bpf = bpf;
		return 0;
	}
	sensor_bpf__destroy(bpf);
	if (failure.program[0] && facts->can_cast && !sensor->no_cast) {
		sensor->no_cast = true;   /* slower, but every kernel knows the helper */
		return -EAGAIN;
	}
	if (r == -EPERM || r == -EACCES)
		if (!failure.program[0] || geteuid() != 0)
			return err_set(err, -EPERM, "the kernel does not let this user load BPF programs: run as root, or with "
				       "CAP_BPF, CAP_PERFMON, CAP_SYS_RESOURCE and CAP_SYS_PTRACE");
	if (!failure.program[0] || sensor_refused(sensor, failure.program) ||
	    !sensor_refuse(sensor, failure.program, failure.why))
		return err_set_os(err, r, "load the BPF programs");
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
	const struct sensor_refused *refused = sensor_refused(sensor, name);
	const struct bpf_program *program = bpf_object__find_program_by_name(sensor->bpf->obj, name);

	if (refused) {
		*why = refused->why;
		return false;
	}
	if (sensor_late_is_left(sensor, name))
		return true;   /* as far as is known */
	if (!program || !bpf_program__autoload(program)) {
		*why = sensor->fexit.n_groups ? "not built" : sensor->fexit.why;
		return false;
	}
	return true;
}

static bool function_exists(void *data, const char *function, const char **why)
{
	const struct sensor *sensor = data;

	if (sensor_fexit_function(&sensor->fexit, function))
		return true;
	*why = sensor->fexit.why;
	return false;
}

static bool call_exists(void *data, const char *call)
{
	const struct sensor *sensor = data;
	char event[80];

	if (!sensor->has_calls)
		return false;
	snprintf(event, sizeof(event), "syscalls/sys_exit_%s", call);
	return sensor_tracefs_has(sensor->tracefs_fd, event);
}

/* Without these nothing is known about anybody. */
static int check_essential(const struct sensor *sensor, struct err *err)
{
	static const char *const essential[] = { "on_fork", "on_exec", "on_exit" };

	for (size_t i = 0; i < ARRAY_LEN(essential); i++) {
		const struct sensor_refused *refused = sensor_refused(sensor, essential[i]);
		if (refused)
			return err_set(err, -ENOSYS, "the kernel refuses the program %s, without which parka sees no processes: %s",
				       essential[i], refused->why);
	}
	return 0;
}

static int way_from_environment(enum sensor_way *ret_way, struct err *err)
{
	static const char *const names[] = { [SENSOR_WAY_FEXIT] = "fexit", [SENSOR_WAY_CALLS] = "calls", [SENSOR_WAY_EXIT] = "exit" };
	const char *text = getenv("PARKA_SENSOR_HOOKS");

	*ret_way = SENSOR_WAY_BEST;
	for (size_t i = 1; text && i < ARRAY_LEN(names); i++)
		if (strcmp(text, names[i]) == 0)
			*ret_way = (enum sensor_way)i;
	if (text && *ret_way == SENSOR_WAY_BEST)
		return err_set(err, -EINVAL, "PARKA_SENSOR_HOOKS is '%s': it can be fexit, calls or exit", text);
	return 0;
}

/* Which ways to system calls there are. */
static int find_ways(struct sensor *sensor, const struct sensor_facts *facts, struct err *err)
{
	bool functions = sensor->way == SENSOR_WAY_BEST || sensor->way == SENSOR_WAY_FEXIT;

	sensor_fexit_find(&sensor->fexit, facts->btf, functions && facts->trampolines);
	if (!functions)
		sensor->fexit.why = "PARKA_SENSOR_HOOKS asks for another way";
	sensor->has_calls = (sensor->way == SENSOR_WAY_BEST || sensor->way == SENSOR_WAY_CALLS) &&
			    sensor_tracefs_has(sensor->tracefs_fd, "syscalls/sys_exit_openat");
	sensor->wants_raw = sensor->compat == SENSOR_COMPAT_ALWAYS || (!sensor->has_calls && !sensor->fexit.n_groups);
	if (sensor->way == SENSOR_WAY_FEXIT && !sensor->fexit.n_groups)
		return err_set(err, -ENOSYS, "PARKA_SENSOR_HOOKS asks for fexit: %s", sensor->fexit.why);
	return 0;
}

static int set_jumps(struct sensor *sensor, struct err *err)
{
	const struct bpf_program *const returns[SENSOR_FEXIT_GROUPS] = {
		sensor->bpf->progs.on_return_0, sensor->bpf->progs.on_return_1, sensor->bpf->progs.on_return_2,
	};

	for (size_t i = 0; i < sensor->fexit.n_groups; i++)
		if (sensor_fexit_set(&sensor->fexit, i, bpf_program__fd(returns[i])) < 0)
			return err_set_os(err, -errno, "make the jump to the program of system calls");
	return 0;
}

static int load_programs(struct sensor *sensor, struct err *err)
{
	libbpf_print_fn_t before;
	struct sensor_facts facts;
	int r = sensor_facts_load(&facts, err);

	if (r < 0)
		return r;
	before = libbpf_set_print(NULL);
	sensor_facts_find_programs(&facts);
	r = find_ways(sensor, &facts, err);
	if (r == 0)
		do
			r = try_load(sensor, &facts, err);
		while (r == -EAGAIN);
	libbpf_set_print(before);
	sensor_facts_done(&facts);
	return r < 0 ? r : check_essential(sensor, err);
}

int sensor_load(struct sensor *sensor, struct err *err)
{
	struct plan_kernel kernel = { .loads = program_loads, .function_exists = function_exists, .call_exists = call_exists, .data = sensor };
	int r = way_from_environment(&sensor->way, err);

	if (r == 0)
		r = load_programs(sensor, err);
	if (r == 0)
		r = set_jumps(sensor, err);
	if (r < 0)
		return r;
	kernel.functions_only = sensor->way == SENSOR_WAY_FEXIT;
	kernel.has_tracepoints = sensor->has_calls;
	plan_make(&sensor->plan, &kernel);
	sensor->links = mem_array(sensor->plan.n, sizeof(*sensor->links));
	sensor->bpf->bss->control.self_pid = sensor->options.self_pid;
	if (getrandom(sensor->bpf->bss->control.fold_key, sizeof(sensor->bpf->bss->control.fold_key), 0) < 0)
		return err_set_os(err, -errno, "get random bytes");
	if (sensor->reads_directly)
		sensor_find_locks(sensor);
	r = fill_rows(sensor, err);
	if (r == 0)
		r = calibrate(sensor, err);
	return r;
}

static bool is_linked(const struct sensor_link *link)
{
	return link->link || link->fd > 0;
}

static void unlink_hook(struct sensor *sensor, struct sensor_link *link)
{
	if (link->fd > 0)
		sensor_fexit_silence(&sensor->fexit, &link->place);
	bpf_link__destroy(link->link);
	if (link->fd > 0)
		close(link->fd);
	if (link->program_fd > 0)
		close(link->program_fd);
	*link = (struct sensor_link){ 0 };
}

/* 0 or -errno. */
static int attach_hook(struct sensor *sensor, const struct plan_hook *hook, struct sensor_link *ret)
{
	const struct bpf_program *program;
	char event[80];

	if (hook->candidate.kind == PLAN_FEXIT)
		return sensor_fexit_attach(&sensor->fexit, hook->attach + strlen("fexit/"), &ret->place, &ret->program_fd, &ret->fd);
	program = sensor_program(sensor, hook->candidate.program);
	if (!program)
		return -ENOEXEC;
	if (hook->candidate.kind == PLAN_TRACEPOINT)
		snprintf(event, sizeof(event), "%s", hook->candidate.attach + strlen("tracepoint/"));
	else
		snprintf(event, sizeof(event), "syscalls/sys_exit_%s", hook->call ? hook->call->name : "");
	ret->link = hook->candidate.kind == PLAN_CALL || hook->candidate.kind == PLAN_TRACEPOINT ? sensor_tracepoint_attach(sensor->tracefs_fd, event, program)
						      : bpf_program__attach(program);
	return ret->link ? 0 : -errno;
}

/* Closing a tracepoint's descriptor waits for every CPU to leave it, some 60 ms each and one at a time: seconds for
 * all; letting go of functions waits for RCU, up to half a minute. A child of a child that shares the descriptors closes
 * the last copies by ending, after us. Until then the programs run on and find that they are not asked: stubs have nowhere to jump to
 * (sensor_fexit_silence()), those of tracepoints look at what is wanted (SENSOR_CALL_OWN). */
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

/* The line of the plan that is for 32-bit calls. */
static void show_raw(struct sensor *sensor, int state)
{
	for (size_t i = 0; i < sensor->plan.n; i++)
		if (sensor->plan.hooks[i].candidate.kind == PLAN_RAW && !sensor->plan.hooks[i].call)
			sensor->plan.hooks[i].hook.state = state;
}

int sensor_attach_raw(struct sensor *sensor, struct err *err)
{
	const struct sensor_refused *refused;
	const struct bpf_program *program;
	int r;

	if (sensor->raw_link)
		return 0;
	sensor->wants_raw = true;
	r = sensor_late_load(sensor, err);
	if (r < 0)
		return r;
	refused = sensor_refused(sensor, "exit_raw");
	if (refused)
		show_raw(sensor, SENSOR_HOOK_REFUSED);
	if (refused && (sensor->has_calls || sensor->fexit.n_groups))
		return 0;   /* 32-bit calls are not seen; doctor says so */
	if (refused)
		return err_set(err, -ENOSYS, "the program on every system call's exit does not load: %s", refused->why);
	program = sensor_program(sensor, "exit_raw");
	sensor->raw_link = program ? bpf_program__attach(program) : NULL;
	if (!sensor->raw_link)
		return err_set_os(err, -errno, "attach to the exit of all system calls");
	show_raw(sensor, SENSOR_HOOK_ATTACHED);
	return 0;
}

void sensor_detach_raw(struct sensor *sensor)
{
	bpf_link__destroy(sensor->raw_link);
	sensor->raw_link = NULL;
	show_raw(sensor, SENSOR_HOOK_UNWANTED);
}

bool sensor_wants_call(const struct sensor *sensor, const struct plan_call *call)
{
	return sensor->options.all_events || plan_call_is_needed(call) ||
	       model_event_set_has(&sensor->options.wanted, call->row.type);
}

static __u8 bits_of_64(const struct plan_hook *hook)
{
	if (!hook)
		return 0;
	if (hook->fallen || hook->candidate.kind == PLAN_RAW)
		return SENSOR_CALL_64 | SENSOR_CALL_X32;
	return hook->candidate.kind == PLAN_CALL ? SENSOR_CALL_OWN | SENSOR_CALL_X32 : SENSOR_CALL_DENIED_64;
}

static __u8 bits_of_32(const struct plan *plan, const struct plan_hook *hook)
{
	if (hook && !hook->fallen)
		return SENSOR_CALL_DENIED_32;
	return plan->compat_whole ? SENSOR_CALL_IA32 | SENSOR_CALL_DENIED_32 : SENSOR_CALL_32;
}

/* The programs that see all calls have a byte per call. */
static void tell_wanted(struct sensor *sensor)
{
	__u8 *calls = sensor->bpf->bss->calls;
	__u8 bits[SENSOR_ROW_CALLS] = { 0 };

	for (const struct plan_call *call = plan_calls; call->name; call++) {
		if (!sensor_wants_call(sensor, call))
			continue;
		if (call->nr64 >= 0)
			bits[call->nr64] |= bits_of_64(plan_call_hook(&sensor->plan, call, false));
		if (call->nr32 >= 0)
			bits[call->nr32] |= bits_of_32(&sensor->plan, plan_call_hook(&sensor->plan, call, true));
	}
	sensor->compat_wants_raw = false;
	for (size_t i = 0; i < SENSOR_ROW_CALLS; i++) {
		sensor->compat_wants_raw |= bits[i] & SENSOR_CALL_32;
		__atomic_store_n(&calls[i], bits[i], __ATOMIC_RELAXED);
	}
}

static bool is_wanted(const struct sensor *sensor, const struct plan_hook *hook)
{
	return plan_is_wanted(hook, &sensor->options.wanted, sensor->options.all_events) &&
	       !(hook->compat && sensor->compat == SENSOR_COMPAT_NEVER);
}

/* One hook, or the program on every exit in its place. */
static void attach_or_fall(struct sensor *sensor, struct plan_hook *h, struct sensor_link *link)
{
	const struct sensor_refused *refused;
	int r;

	if (h->candidate.kind == PLAN_RAW) {
		h->hook.state = SENSOR_HOOK_ATTACHED;
		return;
	}
	r = attach_hook(sensor, h, link);
	h->hook.state = r < 0 ? SENSOR_HOOK_REFUSED : SENSOR_HOOK_ATTACHED;
	if (r == 0)
		return;
	refused = sensor_refused(sensor, h->candidate.program);
	h->hook.why = refused ? refused->why : strerror(-r);
	h->fallen = h->call;
	if (h->compat || strcmp(h->candidate.program, "on_return_ia32") == 0)
		sensor->plan.compat_whole = sensor->plan.compat_hooked = false;
}

static void detach_unwanted(struct sensor *sensor)
{
	__attribute__((unused)) _cleanup_close_ int until_closed = -1;

	for (size_t i = 0; i < sensor->plan.n; i++) {
		struct plan_hook *h = &sensor->plan.hooks[i];
		if (h->hook.state != SENSOR_HOOK_ATTACHED || is_wanted(sensor, h) || (h->candidate.kind == PLAN_RAW && !h->call))
			continue;
		if (until_closed < 0)
			until_closed = close_in_background();
		sensor->missed[h->type] += sensor_stub_missed(sensor->links[i].program_fd);
		unlink_hook(sensor, &sensor->links[i]);
		h->hook.state = SENSOR_HOOK_UNWANTED;
	}
}

int sensor_attach(struct sensor *sensor, struct err *err)
{
	bool needs_raw = false;
	libbpf_print_fn_t before;
	int r = sensor_late_load(sensor, err);

	if (r < 0)
		return r;
	before = libbpf_set_print(NULL);
	tell_wanted(sensor);
	for (size_t i = 0; i < sensor->plan.n; i++) {
		struct plan_hook *h = &sensor->plan.hooks[i];
		if (!h->usable || !is_wanted(sensor, h))
			continue;
		if (!is_linked(&sensor->links[i]) && !h->fallen)
			attach_or_fall(sensor, h, &sensor->links[i]);
		needs_raw |= (h->fallen && !h->compat) || h->candidate.kind == PLAN_RAW;
	}
	detach_unwanted(sensor);
	tell_wanted(sensor);   /* with what fell */
	libbpf_set_print(before);
	needs_raw |= sensor->compat == SENSOR_COMPAT_ALWAYS && sensor->compat_wants_raw;
	sensor->needs_raw = needs_raw;
	return needs_raw ? sensor_attach_raw(sensor, err) : 0;
}

void sensor_unload(struct sensor *sensor)
{
	/* Closed last of all, when this function ends. */
	__attribute__((unused)) _cleanup_close_ int until_closed = sensor->links ? close_in_background() : -1;

	for (size_t i = 0; sensor->links && i < sensor->plan.n; i++)
		unlink_hook(sensor, &sensor->links[i]);
	bpf_link__destroy(sensor->raw_link);
	sensor_fexit_done(&sensor->fexit);
	free(sensor->links);
	plan_done(&sensor->plan);
	sensor_late_done(sensor);
	sensor_bpf__destroy(sensor->bpf);
}
