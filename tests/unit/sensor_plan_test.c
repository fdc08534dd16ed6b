/* SPDX-License-Identifier: Apache-2.0 */
/* The hook plan: choosing, and the tables themselves. */
#include "../tap.h"

#include "sensor/plan.h"

#include <sys/syscall.h>

struct fake_kernel { const char *refuses, *lacks_call; };

static bool fake_loads(void *data, const char *program, const char **why)
{
	const struct fake_kernel *k = data;

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

static struct plan make(struct fake_kernel *k)
{
	struct plan_kernel kernel = { fake_loads, fake_call_exists, k };
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
		CHECK(plan.hooks[i].usable || plan.hooks[i].hook.state == SENSOR_HOOK_SPARE);
	CHECK(hook_for(&plan, "exit_open", "tracepoint/syscalls/sys_exit_openat")->usable);
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
	CHECK(h->hook.blinds != NULL);
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
