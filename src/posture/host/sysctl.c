/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sysctls: what they are (/proc/sys), and what the next boot makes of them (sysctl.d(5): files of all directories by name, of
 * equal names the first directory's; the last setting counts; one by name before one by pattern). procps reads /etc/sysctl.conf
 * last (sysctl(8) --system), which Debian also links as /etc/sysctl.d/99-sysctl.conf.
 */
#include "posture/host/kernel_internal.h"

#include <fnmatch.h>
#include <string.h>

/* Those that checks are about: so that one that is not set anywhere has a record too. */
static const char *const asked[] = {
	"dev.tty.ldisc_autoload", "dev.tty.legacy_tiocsti", "fs.protected_fifos", "fs.protected_hardlinks", "fs.protected_regular",
	"fs.protected_symlinks", "fs.suid_dumpable", "kernel.core_uses_pid", "kernel.ctrl-alt-del", "kernel.dmesg_restrict",
	"kernel.io_uring_disabled", "kernel.kexec_load_disabled", "kernel.kptr_restrict", "kernel.modules_disabled",
	"kernel.perf_event_paranoid", "kernel.randomize_va_space", "kernel.sysrq", "kernel.unprivileged_bpf_disabled",
	"kernel.unprivileged_userns_clone", "kernel.apparmor_restrict_unprivileged_userns", "kernel.yama.ptrace_scope",
	"net.core.bpf_jit_harden", "net.ipv4.conf.all.accept_redirects", "net.ipv4.conf.all.accept_source_route",
	"net.ipv4.conf.all.bootp_relay", "net.ipv4.conf.all.forwarding", "net.ipv4.conf.all.log_martians",
	"net.ipv4.conf.all.mc_forwarding", "net.ipv4.conf.all.proxy_arp", "net.ipv4.conf.all.route_localnet",
	"net.ipv4.conf.all.rp_filter", "net.ipv4.conf.all.secure_redirects", "net.ipv4.conf.all.send_redirects",
	"net.ipv4.conf.default.accept_redirects", "net.ipv4.conf.default.accept_source_route",
	"net.ipv4.conf.default.log_martians", "net.ipv4.conf.default.rp_filter", "net.ipv4.conf.default.secure_redirects",
	"net.ipv4.conf.default.send_redirects", "net.ipv4.icmp_echo_ignore_broadcasts",
	"net.ipv4.icmp_ignore_bogus_error_responses", "net.ipv4.ip_forward", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_timestamps",
	"net.ipv6.conf.all.accept_ra", "net.ipv6.conf.all.accept_redirects", "net.ipv6.conf.all.accept_source_route",
	"net.ipv6.conf.all.forwarding", "net.ipv6.conf.default.accept_ra", "net.ipv6.conf.default.accept_redirects",
	"net.ipv6.conf.default.accept_source_route", "user.max_user_namespaces", "vm.mmap_min_addr", "vm.overcommit_memory",
	"vm.panic_on_oom", "vm.unprivileged_userfaultfd", "kernel.panic_on_oops", "kernel.panic",
};

const char *host_sysctl(struct posture_set *set, const char *name, const char **ret_why)
{
	char *path = arena_printf(&set->arena, "/proc/sys/%s", name);
	const char *line;

	for (char *p = path ? path + strlen("/proc/sys/") : NULL; p && *p; p++)
		if (*p == '.')
			*p = '/';
	line = path ? host_read_line(set, path, ret_why) : NULL;
	if (!line && !*ret_why && !host_exists(set, "/proc/sys/kernel"))
		*ret_why = "there is no /proc/sys: the machine does not run, or it is not mounted";
	return line;
}

/* "net/ipv4/ip_forward" and "net.ipv4.ip_forward" are the same: the first separator says which one separates. */
static void normalize(char *key)
{
	char *slash = strchr(key, '/'), *dot = strchr(key, '.');

	if (!slash || (dot && dot < slash))
		return;
	for (char *p = key; *p; p++)
		*p = *p == '/' ? '.' : *p == '.' ? '/' : *p;
}

struct host_sysctl_setting *host_sysctl_parse(struct posture_set *set, struct host_sysctl_setting *list, const char *file, char *text)
{
	char *line, *key, *value;

	for (unsigned number = 1; (line = host_next_line(&text)); number++) {
		struct host_sysctl_setting *s;
		bool ignored;                /* "-key": errors are no errors, and without a value the key is left alone */

		if (!*line || *line == '#' || *line == ';')
			continue;
		ignored = *line == '-';
		line += ignored;
		if (!host_key_value(line, '=', &key, &value)) {
			if (!ignored)
				posture_problem(set, MODEL_LAYER_KERNEL, (struct posture_place){ .file = file, .line = number },
						"expected 'key = value'");
			continue;
		}
		s = posture_alloc(set, sizeof(*s));
		if (!s)
			return list;
		normalize(key);
		*s = (struct host_sysctl_setting){ .next = list, .key = key, .value = value, .place = { .file = file, .line = number } };
		list = s;
	}
	return list;
}

static struct host_sysctl_setting *parse(struct posture_set *set, struct host_sysctl_setting *list, const char *file)
{
	const char *why;
	char *text = host_read(set, file, HOST_FILE_BYTES_MAX, &why);

	if (!text && why)
		posture_problem(set, MODEL_LAYER_KERNEL, (struct posture_place){ .file = file }, "%s", why);
	return text ? host_sysctl_parse(set, list, file, text) : list;
}

static struct host_sysctl_setting *configured(struct posture_set *set)
{
	static const char *const dirs[] = { "/etc/sysctl.d", "/run/sysctl.d", "/usr/local/lib/sysctl.d", "/usr/lib/sysctl.d", "/lib/sysctl.d" };
	struct host_names files = host_drop_ins(set, dirs, ARRAY_LEN(dirs), ".conf");
	struct host_sysctl_setting *list = NULL;

	for (size_t i = 0; i < files.n; i++)
		list = parse(set, list, files.names[i]);
	return parse(set, list, "/etc/sysctl.conf");
}

const struct host_sysctl_setting *host_sysctl_find(const struct host_sysctl_setting *list, const char *name)
{
	for (const struct host_sysctl_setting *s = list; s; s = s->next)
		if (strcmp(s->key, name) == 0)
			return s;
	for (const struct host_sysctl_setting *s = list; s; s = s->next)
		if (strpbrk(s->key, "*?[") && fnmatch(s->key, name, 0) == 0)
			return s;
	return NULL;
}

/* Blanks between numbers may be tabs in one and blanks in the other. */
static bool same_value(const char *a, const char *b)
{
	while (*a && *b) {
		if (strchr(" \t", *a) && strchr(" \t", *b)) {
			a += strspn(a, " \t");
			b += strspn(b, " \t");
		} else if (*a++ != *b++) {
			return false;
		}
	}
	return !*a && !*b;
}

static void make_record(struct posture_set *set, const char *name, const struct host_sysctl_setting *settings)
{
	const struct host_sysctl_setting *s = host_sysctl_find(settings, name);
	const char *why, *live = host_sysctl(set, name, &why), *counts = live ? live : why && s ? s->value : NULL;
	struct posture_record *r = posture_record_new(set, MODEL_KIND_SYSCTL, NULL, posture_printf(set, "sysctl %s", name),
						      s ? s->place : (struct posture_place){ 0 });
	int64_t number;

	posture_set_text(r, MODEL_F_SYSCTL_NAME, name);
	if (s)
		posture_at(posture_said(posture_set_text(r, MODEL_F_SYSCTL_CONFIGURED, s->value), POSTURE_FROM_FILE, s->place.file), s->place);
	if (!counts && why) {
		posture_set_unknown(r, MODEL_F_SYSCTL_VALUE, why);
		posture_set_unknown(r, MODEL_F_SYSCTL_NUMBER, why);
		return;
	}
	if (!counts)
		return;
	posture_said(posture_set_text(r, MODEL_F_SYSCTL_VALUE, counts), live ? POSTURE_FROM_KERNEL : POSTURE_FROM_FILE, NULL);
	if (host_number(counts, &number))
		posture_said(posture_set_int(r, MODEL_F_SYSCTL_NUMBER, number), live ? POSTURE_FROM_KERNEL : POSTURE_FROM_FILE, NULL);
	if (s && live)
		posture_set_bool(r, MODEL_F_SYSCTL_DIFFERS, !same_value(s->value, live));
}

static bool is_asked(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(asked); i++)
		if (strcmp(asked[i], name) == 0)
			return true;
	return false;
}

static bool is_first(const struct host_sysctl_setting *list, const struct host_sysctl_setting *s)
{
	while (list != s && strcmp(list->key, s->key) != 0)
		list = list->next;
	return list == s;
}

void host_sysctls(struct host_kernel *k)
{
	struct host_sysctl_setting *settings = configured(k->set);

	for (size_t i = 0; i < ARRAY_LEN(asked); i++)
		make_record(k->set, asked[i], settings);
	for (const struct host_sysctl_setting *s = settings; s; s = s->next)
		if (!is_asked(s->key) && !strpbrk(s->key, "*?[") && is_first(settings, s))
			make_record(k->set, s->key, settings);
}
