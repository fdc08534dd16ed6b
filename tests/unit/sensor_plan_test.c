/* SPDX-License-Identifier: Apache-2.0 */
/* The hook plan: choosing, and the tables themselves. */
#include "../tap.h"

#include "sensor/plan.h"

#include <sys/syscall.h>

struct fake_kernel {
	const char *refuses, *lacks_call;
	const char *has_function;        /* only functions that begin so; NULL: none */
	const char *lacks_function;
	bool no_ia32_whole, no_tracepoints, functions_only;
};

static bool fake_loads(void *data, const char *program, const char **why)
{
	const struct fake_kernel *k = data;

	if (strcmp(program, "on_return_ia32") == 0 && (!k->has_function || k->no_ia32_whole))
		return false;
	if (!k->refuses || strcmp(k->refuses, program) != 0)
		return true;
	*why = "refused by the test";
	return false;
}

static bool fake_call_exists(void *data, const char *call)
{
	const struct fake_kernel *k = data;

	return !k->lacks_call || strcmp(k->lacks_call, call) != 0;
}

/* As on real kernels: setsid, which has no arguments, is one function for both tables; others have no __do_sys_. */
static bool fake_function_exists(void *data, const char *function, const char **why)
{
	const struct fake_kernel *k = data;
	bool is_setsid = strstr(function, "_setsid");

	*why = "no such function in the test";
	if (!k->has_function || strncmp(function, k->has_function, strlen(k->has_function)) != 0)
		return false;
	if (k->lacks_function && strstr(function, k->lacks_function))
		return false;
	return (strncmp(function, "__do_sys_", 9) == 0) == is_setsid;
}

static struct plan make(struct fake_kernel *k)
{
	struct plan_kernel kernel = { fake_loads, fake_function_exists, fake_call_exists, k->functions_only, !k->no_tracepoints, k };
	struct plan plan;

	plan_make(&plan, &kernel);
	return plan;
}

static const struct plan_hook *hook_for(const struct plan *plan, const char *program, const char *attach)
{
	for (size_t i = 0; i < plan->n; i++)
		if (strcmp(plan->hooks[i].hook.program, program) == 0 && (!attach || strcmp(plan->hooks[i].hook.attach, attach) == 0))
			return &plan->hooks[i];
	return NULL;
}

TEST(a_kernel_that_loads_everything_uses_everything)
{
	struct fake_kernel k = { 0 };
	struct plan plan = make(&k);

	for (size_t i = 0; i < plan.n; i++)
		if (plan.hooks[i].candidate.kind == PLAN_BTF && strcmp(plan.hooks[i].hook.program, "on_return_ia32") != 0)
			CHECK(plan.hooks[i].usable || plan.hooks[i].hook.state == SENSOR_HOOK_SPARE);
	CHECK(hook_for(&plan, "exit_open", "tracepoint/syscalls/sys_exit_openat")->usable);
	plan_done(&plan);
}

static size_t count_usable(const struct plan *plan, const struct plan_call *call, bool compat)
{
	size_t n = 0;

	for (size_t i = 0; i < plan->n; i++)
		n += plan->hooks[i].call == call && plan->hooks[i].usable && plan->hooks[i].compat == compat;
	return n;
}

TEST(returns_of_functions_are_preferred_and_no_tracepoint_is_used)
{
	struct fake_kernel k = { .has_function = "__" };
	struct plan plan = make(&k);
	const struct plan_hook *spare = hook_for(&plan, "exit_open", "tracepoint/syscalls/sys_exit_openat");

	for (size_t i = 0; i < plan.n; i++)
		CHECK_MSG(!plan.hooks[i].usable || (plan.hooks[i].candidate.kind != PLAN_CALL && plan.hooks[i].candidate.kind != PLAN_RAW), "%s",
			  plan.hooks[i].hook.attach);
	for (const struct plan_call *call = plan_calls; call->name; call++)
		CHECK_MSG(count_usable(&plan, call, false) == (call->nr64 >= 0), "%s", call->name);
	CHECK(hook_for(&plan, "on_return", "fexit/__x64_sys_openat")->usable);
	CHECK(spare && !spare->usable && spare->hook.state == SENSOR_HOOK_SPARE);
	CHECK_STR(spare->hook.why, "fexit/__x64_sys_openat");
	plan_done(&plan);
}

TEST(a_call_without_a_function_keeps_its_tracepoint)
{
	struct fake_kernel k = { .has_function = "__", .lacks_function = "perf_event_open" };
	struct plan plan = make(&k);

	CHECK(hook_for(&plan, "exit_call", "tracepoint/syscalls/sys_exit_perf_event_open")->usable);
	CHECK(!hook_for(&plan, "on_return", "fexit/__x64_sys_perf_event_open")->usable);
	CHECK(hook_for(&plan, "on_return", "fexit/__x64_sys_perf_event_open")->hook.minor);
	CHECK(!hook_for(&plan, "exit_call", "tracepoint/syscalls/sys_exit_setns")->usable);
	plan_done(&plan);
}

TEST(without_functions_and_tracepoints_the_program_on_every_exit_serves_each_call)
{
	struct fake_kernel k = { .no_tracepoints = true };
	struct plan plan = make(&k);

	for (const struct plan_call *call = plan_calls; call->name; call++)
		if (call->nr64 >= 0)
			CHECK_MSG(plan_call_hook(&plan, call, false)->candidate.kind == PLAN_RAW, "%s", call->name);
	plan_done(&plan);
}

TEST(when_only_functions_may_be_used_a_call_without_one_is_refused_and_slows_nobody)
{
	struct fake_kernel k = { .has_function = "__", .lacks_function = "setxattrat", .functions_only = true, .no_tracepoints = true };
	struct plan plan = make(&k);

	for (size_t i = 0; i < plan.n; i++)
		CHECK_MSG(!plan.hooks[i].usable || (plan.hooks[i].candidate.kind != PLAN_CALL && plan.hooks[i].candidate.kind != PLAN_RAW), "%s",
			  plan.hooks[i].hook.attach);
	CHECK_INT(hook_for(&plan, "on_return", "fexit/__x64_sys_setxattrat")->hook.state, SENSOR_HOOK_REFUSED);
	plan_done(&plan);
}

TEST(one_hook_for_all_32_bit_calls_makes_the_others_needless)
{
	struct fake_kernel k = { .has_function = "__" };
	struct plan plan = make(&k);

	CHECK(plan.compat_whole && plan.compat_hooked);
	CHECK(hook_for(&plan, "on_return_ia32", NULL)->usable);
	for (const struct plan_call *call = plan_calls; call->name; call++)
		CHECK_INT(count_usable(&plan, call, true), 0);
	CHECK_INT(hook_for(&plan, "exit_raw", NULL)->hook.state, SENSOR_HOOK_SPARE);
	plan_done(&plan);
}

/* Which of the two functions a 32-bit call runs through differs between kernels: the other never runs. */
TEST(each_32_bit_call_is_hooked_at_both_of_its_functions)
{
	struct fake_kernel k = { .has_function = "__", .no_ia32_whole = true };
	struct plan plan = make(&k);

	CHECK(!plan.compat_whole && plan.compat_hooked);
	CHECK(hook_for(&plan, "on_return", "fexit/__ia32_compat_sys_openat")->usable);
	CHECK(hook_for(&plan, "on_return", "fexit/__ia32_sys_openat")->usable);
	CHECK(hook_for(&plan, "on_return", "fexit/__ia32_sys_mmap_pgoff")->usable);
	CHECK(hook_for(&plan, "on_return", "fexit/__ia32_sys_setuid16")->usable);
	plan_done(&plan);
}

TEST(a_function_of_both_tables_is_hooked_once)
{
	struct fake_kernel k = { .has_function = "__", .no_ia32_whole = true };
	struct plan plan = make(&k);
	size_t n = 0;

	for (size_t i = 0; i < plan.n; i++)
		n += plan.hooks[i].usable && strstr(plan.hooks[i].attach, "setsid");
	CHECK_INT(n, 1);
	for (const struct plan_call *call = plan_calls; call->name; call++)
		if (strcmp(call->name, "setsid") == 0)
			CHECK(plan_call_hook(&plan, call, true) && plan_call_hook(&plan, call, true) == plan_call_hook(&plan, call, false));
	plan_done(&plan);
}

TEST(a_32_bit_call_without_a_function_leaves_the_program_on_every_exit_in_reserve)
{
	struct fake_kernel k = { .has_function = "__", .no_ia32_whole = true, .lacks_function = "__ia32_sys_keyctl" };
	struct plan plan = make(&k);

	CHECK(plan.compat_hooked);   /* the other of its two is there */
	plan_done(&plan);
	k.lacks_function = "sys_keyctl";
	plan = make(&k);
	CHECK(!plan.compat_hooked);
	CHECK_INT(hook_for(&plan, "exit_raw", NULL)->hook.state, SENSOR_HOOK_UNWANTED);
	plan_done(&plan);
}

TEST(a_worse_hook_that_is_used_leaves_nothing_blind)
{
	struct fake_kernel k = { .refuses = "fentry_path_rename" };
	struct plan plan = make(&k);
	const struct plan_hook *better = hook_for(&plan, "fentry_path_rename", NULL), *worse = hook_for(&plan, "lsm_path_rename", NULL);

	CHECK(better && better->hook.state == SENSOR_HOOK_REFUSED && !better->hook.blinds);
	CHECK(worse && worse->usable && !worse->hook.blinds);
	plan_done(&plan);
}

TEST(a_hook_of_several_calls_is_wanted_for_each)
{
	struct fake_kernel k = { 0 };
	struct plan plan = make(&k);
	const struct plan_hook *h = hook_for(&plan, "fentry_path_rename", NULL);
	struct model_event_set wanted = { 0 };

	CHECK(h && !plan_is_wanted(h, &wanted, false));
	model_event_set_add(&wanted, MODEL_EVT_RENAMEAT2);
	CHECK(plan_is_wanted(h, &wanted, false));
	plan_done(&plan);
}

TEST(a_refused_program_is_kept_with_the_kernels_words)
{
	struct fake_kernel k = { .refuses = "exit_send" };
	struct plan plan = make(&k);
	const struct plan_hook *h = hook_for(&plan, "exit_send", "tracepoint/syscalls/sys_exit_sendto");

	CHECK(h && !h->usable && h->hook.state == SENSOR_HOOK_REFUSED);
	CHECK_STR(h->hook.why, "refused by the test");
	CHECK(hook_for(&plan, "exit_raw", "tp_btf/sys_exit")->usable);
	CHECK(hook_for(&plan, "exit_net", "tracepoint/syscalls/sys_exit_connect")->usable);
	plan_done(&plan);
}

TEST(a_call_that_the_kernel_does_not_have_is_absent)
{
	struct fake_kernel k = { .lacks_call = "finit_module" };
	struct plan plan = make(&k);
	const struct plan_hook *h = hook_for(&plan, "exit_call", "tracepoint/syscalls/sys_exit_finit_module");

	CHECK(h && !h->usable && h->hook.state == SENSOR_HOOK_ABSENT);
	plan_done(&plan);
}

TEST(only_wanted_events_and_what_the_state_needs_are_attached)
{
	struct fake_kernel k = { 0 };
	struct plan plan = make(&k);
	struct model_event_set wanted = { 0 };

	model_event_set_add(&wanted, MODEL_EVT_CONNECT);
	CHECK(plan_is_wanted(hook_for(&plan, "exit_net", "tracepoint/syscalls/sys_exit_connect"), &wanted, false));
	CHECK(!plan_is_wanted(hook_for(&plan, "exit_open", "tracepoint/syscalls/sys_exit_openat"), &wanted, false));
	CHECK(plan_is_wanted(hook_for(&plan, "exit_open", "tracepoint/syscalls/sys_exit_openat"), &wanted, true));
	CHECK(plan_is_wanted(hook_for(&plan, "on_exec", NULL), &wanted, false));
	CHECK(plan_is_wanted(hook_for(&plan, "exit_call", "tracepoint/syscalls/sys_exit_setuid"), &wanted, false));
	CHECK(!plan_is_wanted(hook_for(&plan, "on_cap_capable", NULL), &wanted, true));
	model_event_set_add(&wanted, MODEL_EVT_CAP_CAPABLE);
	CHECK(plan_is_wanted(hook_for(&plan, "on_cap_capable", NULL), &wanted, false));
	plan_done(&plan);
}

/* The numbers in the table against those of the C library's headers. */
TEST(numbers_of_system_calls_are_right)
{
	static const struct { const char *name; int nr; } known[] = {
#define KNOWN(call) { #call, SYS_##call }
		KNOWN(execve), KNOWN(execveat), KNOWN(open), KNOWN(creat), KNOWN(openat), KNOWN(openat2), KNOWN(open_by_handle_at),
		KNOWN(rename), KNOWN(renameat), KNOWN(renameat2), KNOWN(link), KNOWN(linkat), KNOWN(symlink), KNOWN(symlinkat),
		KNOWN(unlink), KNOWN(unlinkat), KNOWN(rmdir), KNOWN(mkdir), KNOWN(mkdirat), KNOWN(mknod), KNOWN(mknodat),
		KNOWN(chmod), KNOWN(fchmod), KNOWN(fchmodat), KNOWN(chown), KNOWN(lchown), KNOWN(fchown), KNOWN(fchownat),
		KNOWN(truncate), KNOWN(ftruncate), KNOWN(setxattr), KNOWN(lsetxattr), KNOWN(fsetxattr), KNOWN(removexattr),
		KNOWN(lremovexattr), KNOWN(fremovexattr), KNOWN(connect), KNOWN(accept), KNOWN(accept4), KNOWN(bind), KNOWN(listen),
		KNOWN(socket), KNOWN(sendto), KNOWN(sendmsg), KNOWN(sendmmsg), KNOWN(dup), KNOWN(dup2), KNOWN(dup3), KNOWN(fcntl),
		KNOWN(mount), { "umount", SYS_umount2 }, KNOWN(fsopen), KNOWN(fsconfig), KNOWN(fsmount), KNOWN(fspick), KNOWN(move_mount),
		KNOWN(open_tree), KNOWN(mount_setattr), KNOWN(pivot_root), KNOWN(chroot), KNOWN(chdir), KNOWN(fchdir), KNOWN(setns),
		KNOWN(unshare), KNOWN(setsid), KNOWN(capset), KNOWN(setuid), KNOWN(setgid), KNOWN(setreuid), KNOWN(setregid),
		KNOWN(setresuid), KNOWN(setresgid), KNOWN(setfsuid), KNOWN(setfsgid), KNOWN(setgroups), KNOWN(prctl), KNOWN(seccomp),
		KNOWN(keyctl), KNOWN(add_key), KNOWN(request_key), KNOWN(ptrace), KNOWN(process_vm_readv), KNOWN(process_vm_writev),
		KNOWN(process_madvise), KNOWN(pidfd_getfd), KNOWN(kill), KNOWN(tkill), KNOWN(tgkill), KNOWN(rt_sigqueueinfo),
		KNOWN(rt_tgsigqueueinfo), KNOWN(pidfd_send_signal), KNOWN(bpf), KNOWN(perf_event_open), KNOWN(init_module),
		KNOWN(finit_module), KNOWN(delete_module), KNOWN(kexec_load), KNOWN(kexec_file_load), KNOWN(userfaultfd),
		KNOWN(io_uring_setup), KNOWN(memfd_create), KNOWN(mprotect), KNOWN(pkey_mprotect), KNOWN(mmap),
	};

	for (const struct plan_call *c = plan_calls; c->name; c++)
		for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
			if (strcmp(c->name, known[i].name) == 0)
				CHECK_MSG(c->nr64 == known[i].nr, "%s is %d, not %d", c->name, known[i].nr, c->nr64);
}

TEST(every_row_has_a_program_and_fits_the_table)
{
	static struct sensor_row rows[2 * SENSOR_ROW_CALLS];
	size_t n = 0, n_calls = 0;

	for (const struct plan_call *c = plan_calls; c->name; c++) {
		CHECK(plan_family_program(c->row.family) != NULL);
		CHECK(c->nr64 < SENSOR_ROW_CALLS && c->nr32 < SENSOR_ROW_CALLS);
		CHECK_MSG(c->row.type > 0 && c->row.type < MODEL_EVT_MAX, "%s", c->name);
		n_calls += (c->nr64 >= 0) + (c->nr32 >= 0);
	}
	plan_fill_rows(rows);
	for (size_t i = 0; i < 2 * SENSOR_ROW_CALLS; i++)
		n += rows[i].type != 0;
	CHECK_INT(n, n_calls);   /* no two rows for one number */
}

TAP_MAIN()
