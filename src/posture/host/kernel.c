/* SPDX-License-Identifier: Apache-2.0 */
/* The kernel as it runs: its own record, the bugs of the processor, and what the other files of the collector read. */
#include "posture/host/kernel_internal.h"

#include <stdlib.h>
#include <string.h>

static bool is_config(const struct host_kernel *k, const char *name, const char *value)
{
	const char *v = host_kernel_config(k, name);

	return v && strcmp(v, value) == 0;
}

static void read_cmdline(struct host_kernel *k)
{
	const char *line = host_read_line(k->set, "/proc/cmdline", &k->why_no_cmdline);

	if (line)
		k->cmdline = host_words(k->set, arena_printf(&k->set->arena, "%s", line), &k->n_cmdline);
	else if (!k->why_no_cmdline)
		k->why_no_cmdline = "there is no /proc/cmdline: the machine does not run, or /proc is not mounted";
}

/* What the word in brackets is: "none [integrity] confidentiality". */
static const char *chosen(struct posture_set *set, const char *line)
{
	const char *open = line ? strchr(line, '[') : NULL;

	return open ? posture_printf(set, "%.*s", (int)strcspn(open + 1, "]"), open + 1) : line;
}

static void lockdown_and_lsms(struct host_kernel *k, struct posture_record *r)
{
	static const char no_securityfs[] = "securityfs is not mounted";
	struct posture_set *set = k->set;
	const char *why, *line = host_read_line(set, "/sys/kernel/security/lockdown", &why);
	bool has_securityfs = host_exists(set, "/sys/kernel/security/lsm");
	bool without = k->config_file && !is_config(k, "CONFIG_SECURITY_LOCKDOWN_LSM", "y");

	if (line)
		posture_set_text(r, MODEL_F_KERNEL_LOCKDOWN, chosen(set, line));
	else if (without || (!why && has_securityfs))
		posture_said(posture_set_text(r, MODEL_F_KERNEL_LOCKDOWN, "none"), POSTURE_FROM_FILE, "the kernel was built without it");
	else
		posture_set_unknown(r, MODEL_F_KERNEL_LOCKDOWN, why ? why : no_securityfs);

	line = host_read_line(set, "/sys/kernel/security/lsm", &why);
	if (line) {
		size_t n;
		const char **names = host_split(set, arena_printf(&set->arena, "%s", line), ',', &n);

		posture_set_texts(r, MODEL_F_KERNEL_LSMS, names, n);
	} else if (k->config_file && !is_config(k, "CONFIG_SECURITY", "y")) {
		posture_said(posture_set_texts(r, MODEL_F_KERNEL_LSMS, NULL, 0), POSTURE_FROM_FILE, "the kernel was built without them");
	} else {
		posture_set_unknown(r, MODEL_F_KERNEL_LSMS, why ? why : no_securityfs);
	}
}

static void selinux_and_apparmor(struct host_kernel *k, struct posture_record *r)
{
	struct host_list_of_texts complaining = { 0 };
	const char *why, *enforce = host_read_line(k->set, "/sys/fs/selinux/enforce", &why);
	char *profiles, *line;

	if (enforce || why)
		host_set_text_or(r, MODEL_F_KERNEL_SELINUX, !enforce ? NULL : *enforce == '1' ? "enforcing" : "permissive", why);
	profiles = host_read(k->set, "/sys/kernel/security/apparmor/profiles", HOST_FILE_BYTES_MAX, &why);
	while ((line = host_next_line(&profiles))) {
		char *mode = strrchr(line, '(');

		if (mode && strcmp(mode, "(complain)") == 0)
			host_add(k->set, &complaining, posture_printf(k->set, "%.*s", (int)(mode - line - 1), line));
	}
	if (why)
		posture_set_unknown(r, MODEL_F_KERNEL_APPARMOR_COMPLAINING, why);
	else
		host_set_list(r, MODEL_F_KERNEL_APPARMOR_COMPLAINING, &complaining);
}

static int64_t sysctl_number(struct posture_set *set, const char *name, int64_t absent, const char **ret_why)
{
	const char *text = host_sysctl(set, name, ret_why);
	int64_t number;

	return text && host_number(text, &number) ? number : absent;
}

/* What an unprivileged process, and so one in a container, may ask the kernel for. */
static void unprivileged(struct host_kernel *k, struct posture_record *r)
{
	struct posture_set *set = k->set;
	const char *why;
	int64_t max = sysctl_number(set, "user.max_user_namespaces", 0, &why);
	int64_t clone, restricted, bpf, uring, faults;

	if (why) {
		posture_set_unknown(r, MODEL_F_KERNEL_UNPRIVILEGED_USERNS, why);
		posture_set_unknown(r, MODEL_F_KERNEL_UNPRIVILEGED_BPF, why);
		posture_set_unknown(r, MODEL_F_KERNEL_UNPRIVILEGED_IO_URING, why);
		posture_set_unknown(r, MODEL_F_KERNEL_UNPRIVILEGED_USERFAULTFD, why);
		return;
	}
	/* Debian's and Ubuntu's own switches; other kernels have neither. */
	clone = sysctl_number(set, "kernel.unprivileged_userns_clone", 1, &why);
	restricted = sysctl_number(set, "kernel.apparmor_restrict_unprivileged_userns", 0, &why);
	/* Kernels without the call have no such sysctl. io_uring_disabled is there since 6.6 (76d3ccecfa186af3). */
	bpf = sysctl_number(set, "kernel.unprivileged_bpf_disabled", 1, &why);
	uring = sysctl_number(set, "kernel.io_uring_disabled", is_config(k, "CONFIG_IO_URING", "y") ? 0 : 2, &why);
	faults = sysctl_number(set, "vm.unprivileged_userfaultfd", 0, &why);
	posture_said(posture_set_bool(r, MODEL_F_KERNEL_UNPRIVILEGED_USERNS, max > 0 && clone != 0 && restricted == 0),
		     POSTURE_FROM_COMPUTED, "user.max_user_namespaces, kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns");
	posture_said(posture_set_bool(r, MODEL_F_KERNEL_UNPRIVILEGED_BPF, bpf == 0), POSTURE_FROM_KERNEL, "kernel.unprivileged_bpf_disabled");
	posture_said(posture_set_bool(r, MODEL_F_KERNEL_UNPRIVILEGED_IO_URING, uring == 0), POSTURE_FROM_KERNEL, "kernel.io_uring_disabled");
	posture_said(posture_set_bool(r, MODEL_F_KERNEL_UNPRIVILEGED_USERFAULTFD, faults == 1), POSTURE_FROM_KERNEL,
		     "vm.unprivileged_userfaultfd");
}

/* Programs that the kernel starts as root in the host's own namespaces, whoever made it do so. */
static void helpers(struct host_kernel *k, struct posture_record *r)
{
	static const char *const asked[] = { "kernel.core_pattern", "kernel.modprobe", "kernel.hotplug", "kernel.poweroff_cmd" };
	struct host_list_of_texts programs = { 0 }, writable = { 0 };
	const char *why = NULL, *first_why = NULL;

	for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
		const char *value = host_sysctl(k->set, asked[i], &why), *program, *who;

		if (why && !first_why)
			first_why = why;
		if (i == 0)
			host_set_text_or(r, MODEL_F_KERNEL_CORE_PATTERN, value, why);
		program = !value ? NULL : i == 0 && *value == '|' ? value + 1 + strspn(value + 1, " ") : i == 0 ? NULL : value;
		if (!program || *program != '/')
			continue;
		program = posture_printf(k->set, "%.*s", (int)strcspn(program, " \t"), program);
		host_add(k->set, &programs, program);
		who = host_writable_by_others(k->set, program);
		if (who)
			host_add(k->set, &writable, posture_printf(k->set, "%s: %s", asked[i], who));
	}
	if (first_why) {
		posture_set_unknown(r, MODEL_F_KERNEL_HELPERS, first_why);
		posture_set_unknown(r, MODEL_F_KERNEL_HELPERS_WRITABLE, first_why);
	} else {
		host_set_list(r, MODEL_F_KERNEL_HELPERS, &programs);
		host_set_list(r, MODEL_F_KERNEL_HELPERS_WRITABLE, &writable);
	}
}

/* Interpreters that take the credentials of the file they interpret: a set-user-id file of theirs is root's (binfmt_misc, flag C). */
static void interpreters(struct host_kernel *k, struct posture_record *r)
{
	static const char dir[] = "/proc/sys/fs/binfmt_misc";
	struct host_names names = host_list(k->set, dir);
	struct host_list_of_texts with_credentials = { 0 };

	for (size_t i = 0; i < names.n; i++) {
		const char *why, *flags;
		char *text;

		if (strcmp(names.names[i], "register") == 0 || strcmp(names.names[i], "status") == 0)
			continue;
		text = host_read(k->set, posture_printf(k->set, "%s/%s", dir, names.names[i]), HOST_FILE_BYTES_MAX, &why);
		flags = text ? strstr(text, "flags:") : NULL;
		if (flags && memchr(flags, 'C', strcspn(flags, "\n")))
			host_add(k->set, &with_credentials, names.names[i]);
	}
	if (names.why)
		posture_set_unknown(r, MODEL_F_KERNEL_BINFMT_CREDENTIALS, names.why);
	else
		host_set_list(r, MODEL_F_KERNEL_BINFMT_CREDENTIALS, &with_credentials);
}

/* Order of versions as kernels have them: numbers by value, the rest by bytes. */
static int compare_versions(const char *a, const char *b)
{
	while (*a && *b) {
		if (strchr("0123456789", *a) && strchr("0123456789", *b)) {
			char *a_end, *b_end;
			unsigned long x = strtoul(a, &a_end, 10), y = strtoul(b, &b_end, 10);

			if (x != y)
				return x < y ? -1 : 1;
			a = a_end;
			b = b_end;
		} else if (*a++ != *b++) {
			return (unsigned char)a[-1] < (unsigned char)b[-1] ? -1 : 1;
		}
	}
	return *a ? 1 : *b ? -1 : 0;
}

/* What follows the version: "6.1.0-18-cloud-amd64" is of the flavour "-cloud-amd64". Only kernels of the running one's count. */
static const char *flavour(const char *release)
{
	release += strspn(release, "0123456789.");
	release += *release == '-' ? 1 + strspn(release + 1, "0123456789.") : 0;
	return *release == '-' ? release : "";
}

static void installed(struct host_kernel *k, struct posture_record *r)
{
	struct host_names files = host_list(k->set, "/boot");
	const char *newest = NULL;

	for (size_t i = 0; i < files.n; i++) {
		const char *release = files.names[i] + strlen("vmlinuz-");

		if (strncmp(files.names[i], "vmlinuz-", strlen("vmlinuz-")) != 0 || !k->release ||
		    strcmp(flavour(release), flavour(k->release)) != 0)
			continue;
		if (!newest || compare_versions(release, newest) > 0)
			newest = release;
	}
	host_set_text_or(r, MODEL_F_KERNEL_INSTALLED, newest, files.why);
	if (newest)
		posture_said(posture_set_bool(r, MODEL_F_KERNEL_IS_OUTDATED, compare_versions(k->release, newest) < 0), POSTURE_FROM_COMPUTED,
			     NULL);
	else if (files.why)
		posture_set_unknown(r, MODEL_F_KERNEL_IS_OUTDATED, files.why);
}

/* Bits of /proc/sys/kernel/tainted: Documentation/admin-guide/tainted-kernels.rst. */
static void taints(struct host_kernel *k, struct posture_record *r)
{
	static const struct { unsigned bit; const char *name; } names[] = {
		{ 0, "proprietary" }, { 1, "forced-load" }, { 3, "forced-unload" }, { 4, "machine-check" }, { 7, "died" },
		{ 12, "out-of-tree" }, { 13, "unsigned" }, { 15, "live-patched" },
	};
	struct host_list_of_texts list = { 0 };
	const char *why;
	int64_t bits = sysctl_number(k->set, "kernel.tainted", 0, &why);

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (bits & (1LL << names[i].bit))
			host_add(k->set, &list, names[i].name);
	if (why)
		posture_set_unknown(r, MODEL_F_KERNEL_TAINTS, why);
	else
		host_set_list(r, MODEL_F_KERNEL_TAINTS, &list);
}

static void modules_loadable(struct host_kernel *k, struct posture_record *r)
{
	const char *why, *enforced = host_read_line(k->set, "/sys/module/module/parameters/sig_enforce", &why);
	bool can_load = host_exists(k->set, "/proc/modules") && !host_kernel_parameter(k, "nomodule");

	if (k->why_no_cmdline) {
		posture_set_unknown(r, MODEL_F_KERNEL_LOADS_MODULES, k->why_no_cmdline);
		return;
	}
	can_load = can_load && sysctl_number(k->set, "kernel.modules_disabled", 0, &why) == 0;
	posture_said(posture_set_bool(r, MODEL_F_KERNEL_LOADS_MODULES, can_load), POSTURE_FROM_KERNEL, NULL);
	posture_set_bool(r, MODEL_F_KERNEL_REQUIRES_SIGNED_MODULES, enforced && *enforced == 'Y');
}

static void kernel_record(struct host_kernel *k)
{
	struct posture_record *r = posture_record_new(k->set, MODEL_KIND_KERNEL, NULL,
						      posture_printf(k->set, "kernel %s", k->release ? k->release : ""), (struct posture_place){ 0 });
	const char *mitigations = host_kernel_parameter(k, "mitigations");
	bool has_v1 = host_exists(k->set, "/sys/fs/cgroup/memory/release_agent") || host_exists(k->set, "/sys/fs/cgroup/devices/release_agent") ||
		      host_exists(k->set, "/sys/fs/cgroup/cpu/release_agent");

	r->key = "kernel";
	host_set_text_or(r, MODEL_F_KERNEL_RELEASE, k->release, k->why_no_release);
	if (k->why_no_cmdline) {
		posture_set_unknown(r, MODEL_F_KERNEL_CMDLINE, k->why_no_cmdline);
		posture_set_unknown(r, MODEL_F_KERNEL_MITIGATIONS_OFF, k->why_no_cmdline);
	} else {
		posture_set_texts(r, MODEL_F_KERNEL_CMDLINE, k->cmdline, k->n_cmdline);
		posture_set_bool(r, MODEL_F_KERNEL_MITIGATIONS_OFF, mitigations && strcmp(mitigations, "off") == 0);
	}
	posture_set_bool(r, MODEL_F_KERNEL_HAS_CONFIG, k->config_file);
	posture_set_bool(r, MODEL_F_KERNEL_HAS_CGROUP_V1, has_v1);
	lockdown_and_lsms(k, r);
	selinux_and_apparmor(k, r);
	unprivileged(k, r);
	helpers(k, r);
	interpreters(k, r);
	installed(k, r);
	taints(k, r);
	modules_loadable(k, r);
}

/* Documentation/ABI/testing/sysfs-devices-system-cpu: "Not affected", "Vulnerable...", "Mitigation: ...", "Unknown...". */
static void processor_bugs(struct posture_set *set)
{
	static const char dir[] = "/sys/devices/system/cpu/vulnerabilities";
	struct host_names names = host_list(set, dir);

	for (size_t i = 0; i < names.n; i++) {
		const char *path = posture_printf(set, "%s/%s", dir, names.names[i]), *why, *status = host_read_line(set, path, &why);
		struct posture_record *r = posture_record_new(set, MODEL_KIND_CPU_BUG, NULL, posture_printf(set, "processor bug %s", names.names[i]),
							      (struct posture_place){ .file = path });

		posture_set_text(r, MODEL_F_CPU_BUG_NAME, names.names[i]);
		host_set_text_or(r, MODEL_F_CPU_BUG_STATUS, status, why ? why : "the file went away");
	}
	if (names.why)
		posture_problem(set, MODEL_LAYER_KERNEL, (struct posture_place){ .file = dir }, "%s", names.why);
}

static void collect(struct posture_set *set, const struct posture_audit_options *options)
{
	struct host_kernel k = { .set = set };

	(void)options;
	k.release = host_sysctl(set, "kernel.osrelease", &k.why_no_release);
	host_kernel_config_read(&k);
	read_cmdline(&k);
	kernel_record(&k);
	host_sysctls(&k);
	host_modules(&k);
	processor_bugs(set);
	host_kernel_options(&k);
	map_done(&k.config);
}

const struct posture_collector host_kernel_collector = {
	.name = "kernel-state",
	.layer = MODEL_LAYER_KERNEL,
	.meaning = "the kernel: sysctls, build options, command line, modules, security modules, mitigations of processor bugs",
	.collect = collect,
};
