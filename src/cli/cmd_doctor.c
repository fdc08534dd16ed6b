/* SPDX-License-Identifier: Apache-2.0 */
/* parka doctor: what this kernel lets parka see, by which hook, and what is missing. */
#include "base/json.h"
#include "cli/cli.h"
#include "sensor/sensor.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const state_names[] = { "attached", "spare", "unwanted", "refused", "absent" };
static const char *const cgroup_names[] = { "v1", "v2", "hybrid" };

/* What cannot be seen whatever hook is used: said plainly. */
struct blind_spot { const char *what, *why; };

static size_t find_blind_spots(const struct sensor_kernel *k, const struct sensor_hook *hooks, size_t n, bool sees_compat,
			       struct blind_spot *ret, size_t max)
{
	size_t found = 0;

	if (!k->btf || !k->ringbuf)
		ret[found++] = (struct blind_spot){ "everything", "parka needs Linux 5.8 or later with BTF" };
	if (!k->lsm && !k->fentry) {
		ret[found++] = (struct blind_spot){ "paths of operations on names (rename, unlink, mkdir, mount, ...)",
			"neither BPF LSM nor fentry load here: they are taken from the program's memory when the call ends, and symbolic "
			"links on their way are not resolved; another thread may have changed the text meanwhile" };
		ret[found++] = (struct blind_spot){ "paths of files that could not be opened",
			"the same: the kernel has resolved nothing" };
		ret[found++] = (struct blind_spot){ "blocking", "nothing can be denied before it happens" };
	}
	if (k->ia32 && !sees_compat)
		ret[found++] = (struct blind_spot){
			"the first tenth of a second of the first 32-bit program, and int 0x80 in 64-bit programs while no 32-bit program lives",
			"32-bit calls are looked at from the start of a 32-bit program until none has lived for ten seconds, and what looks at "
			"them is loaded when the first one starts; PARKA_SENSOR_COMPAT=always looks always, for some 30 ns more on each system call" };
	if (!k->io_uring_tracepoint)
		ret[found++] = (struct blind_spot){ "operations through io_uring", "this kernel has no tracepoint for them" };
	for (size_t i = 0; i < n && found < max; i++)
		if ((hooks[i].state == SENSOR_HOOK_REFUSED || hooks[i].state == SENSOR_HOOK_ABSENT) && hooks[i].blinds)
			ret[found++] = (struct blind_spot){ hooks[i].blinds, hooks[i].why ? hooks[i].why : "no hook for it here" };
	return found;
}

static void print_json(const struct sensor_kernel *k, const struct sensor_hook *hooks, size_t n, const struct blind_spot *blind, size_t n_blind)
{
	_cleanup_strbuf_ struct strbuf out;
	struct json_writer w;

	strbuf_init(&out, 1 << 20);
	w = json_writer(&out);
	json_object_begin(&w, NULL);
	json_object_begin(&w, "kernel");
	json_put_str(&w, "release", k->release);
	json_put_bool(&w, "btf", k->btf);
	json_put_bool(&w, "ringbuf", k->ringbuf);
	json_put_bool(&w, "fentry", k->fentry);
	json_put_bool(&w, "lsm", k->lsm);
	json_put_bool(&w, "task_iter", k->task_iter);
	json_put_bool(&w, "ia32", k->ia32);
	json_put_bool(&w, "io_uring_tracepoint", k->io_uring_tracepoint);
	json_put_bool(&w, "cap_tracepoint", k->cap_tracepoint);
	json_put_str(&w, "cgroup", cgroup_names[k->cgroup]);
	json_object_end(&w);
	json_array_begin(&w, "hooks");
	for (size_t i = 0; i < n; i++) {
		json_object_begin(&w, NULL);
		json_put_str(&w, "event", hooks[i].event);
		json_put_str(&w, "hook", hooks[i].attach);
		json_put_str(&w, "program", hooks[i].program);
		json_put_str(&w, "state", state_names[hooks[i].state]);
		json_put_str(&w, "why", hooks[i].why);
		json_put_str(&w, "blinds", hooks[i].blinds);
		json_object_end(&w);
	}
	json_array_end(&w);
	json_array_begin(&w, "blind_spots");
	for (size_t i = 0; i < n_blind; i++) {
		json_object_begin(&w, NULL);
		json_put_str(&w, "what", blind[i].what);
		json_put_str(&w, "why", blind[i].why);
		json_object_end(&w);
	}
	json_array_end(&w);
	json_object_end(&w);
	puts(out.text);
}

static const char *yes(bool value)
{
	return value ? "yes" : "no";
}

static void print_text(const struct sensor_kernel *k, const struct sensor_hook *hooks, size_t n, const struct blind_spot *blind,
		       size_t n_blind, bool verbose)
{
	size_t n_attached = 0;

	printf("kernel           Linux %s\n", k->release);
	printf("BTF              %s\nring buffer      %s\nBPF LSM          %s\nfentry           %s\ntask iterator    %s\n", yes(k->btf),
	       yes(k->ringbuf), yes(k->lsm), yes(k->fentry), yes(k->task_iter));
	printf("io_uring         %s\n32-bit programs  %s\ncontrol groups   %s\n\n", k->io_uring_tracepoint ? "tracepoints" : "no tracepoint",
	       k->ia32 ? "can run" : "cannot run", cgroup_names[k->cgroup]);
	printf("%-20s %-9s %s\n", "EVENT", "STATE", "HOOK");
	for (size_t i = 0; i < n; i++) {
		n_attached += hooks[i].state == SENSOR_HOOK_ATTACHED;
		if (!verbose && (hooks[i].state == SENSOR_HOOK_SPARE || hooks[i].minor || (hooks[i].compat && hooks[i].state == SENSOR_HOOK_ATTACHED)))
			continue;
		printf("%-20s %-9s %s%s%s\n", hooks[i].event, state_names[hooks[i].state], hooks[i].attach,
		       hooks[i].why ? "  : " : "", hooks[i].why ? hooks[i].why : "");
	}
	printf("\n%zu of %zu hooks are attached.\n", n_attached, n);
	if (n_blind)
		printf("\nWhat parka cannot see here:\n");
	for (size_t i = 0; i < n_blind; i++)
		printf("  - %s\n      %s\n", blind[i].what, blind[i].why);
}

static int run(struct cli_args *args)
{
	struct sensor_options options = { .all_events = true, .load_all = true, .self_pid = (uint32_t)getpid() };
	const struct sensor_hook *hooks = NULL;
	struct blind_spot blind[64];
	struct sensor_kernel kernel;
	struct sensor *sensor = NULL;
	struct err err = ERR_INIT;
	size_t n = 0, n_blind;

	sensor_kernel(&kernel);
	if (sensor_open(&options, &sensor, &err) < 0)
		return cli_fail(args, &err);
	n = sensor_hooks(sensor, &hooks);
	n_blind = find_blind_spots(&kernel, hooks, n, sensor_sees_compat(sensor), blind, sizeof(blind) / sizeof(blind[0]));
	if (cli_json(args))
		print_json(&kernel, hooks, n, blind, n_blind);
	else
		print_text(&kernel, hooks, n, blind, n_blind, cli_verbose(args) > 0);
	fflush(stdout);
	sensor_close(sensor);
	return CLI_OK;
}

const struct cli_command cmd_doctor = {
	.name = "doctor",
	.summary = "say what this kernel lets parka see, and what not",
	.usage = "[--json] [-v]",
	.description = "Loads and attaches the real programs, then prints for each event by which hook it is seen, what the kernel refused and "
		       "with which words, and what that blinds. Nothing is left behind.\n\n"
		       "Needs root (CAP_BPF, CAP_PERFMON, CAP_SYS_RESOURCE, CAP_SYS_PTRACE).",
	.examples = (const struct cli_example[]){
		{ "parka doctor", "the plan of this machine" },
		{ "parka doctor --json", "the same for programs" },
		{ 0 },
	},
	.run = run,
};
