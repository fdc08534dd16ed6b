/* SPDX-License-Identifier: Apache-2.0 */
/* Modules that benchmarks want out of reach: loaded, on the disk, or forbidden by modprobe.d(5). */
#include "posture/host/kernel_internal.h"

#include <string.h>

/* Names with _ for -, as the kernel has them. */
static const char *const asked[] = {
	"cramfs", "freevxfs", "hfs", "hfsplus", "jffs2", "overlay", "squashfs", "udf", "usb_storage", "firewire_core", "dccp", "tipc", "rds",
	"sctp", "ax25", "x25", "appletalk", "can", "n_gsm", "n_hdlc",
};

struct modules {
	struct posture_set *set;
	char *loaded, *on_disk, *built_in;
	const char *why_loaded, *why_on_disk;
	bool is_blocked[ARRAY_LEN(asked)], is_blacklisted[ARRAY_LEN(asked)];
	struct posture_place place[ARRAY_LEN(asked)];
};

static bool same_name(const char *a, size_t len, const char *b)
{
	for (; len && *b; len--, a++, b++)
		if ((*a == '-' ? '_' : *a) != *b)
			return false;
	return !len && !*b;
}

static bool is_loaded(const char *text, const char *name)
{
	for (; text && *text; text = *strchrnul(text, '\n') ? strchrnul(text, '\n') + 1 : NULL)
		if (same_name(text, strcspn(text, " \n"), name))
			return true;
	return false;
}

/* Lines "kernel/fs/udf/udf.ko.xz: ..." of modules.dep, without the part after .ko in modules.builtin. */
static bool is_in_list(const char *text, const char *name)
{
	for (const char *at = text; at && (at = strstr(at, ".ko")); at += 3) {
		const char *start = at;

		while (start > text && start[-1] != '/' && start[-1] != '\n' && start[-1] != ' ')
			start--;
		if (same_name(start, (size_t)(at - start), name))
			return true;
	}
	return false;
}

static void forbid(struct modules *m, const char **words, size_t n, struct posture_place place)
{
	static const char *const nothing[] = { "/bin/false", "/usr/bin/false", "/bin/true", "/usr/bin/true", "/sbin/nologin" };

	for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
		if (n < 2 || !same_name(words[1], strlen(words[1]), asked[i]))
			continue;
		m->is_blacklisted[i] |= strcmp(words[0], "blacklist") == 0;
		for (size_t k = 0; k < ARRAY_LEN(nothing) && n > 2; k++)
			m->is_blocked[i] |= strcmp(words[0], "install") == 0 && strcmp(words[2], nothing[k]) == 0;
		m->place[i] = place;
	}
}

static void read_modprobe(struct modules *m)
{
	static const char *const dirs[] = { "/etc/modprobe.d", "/run/modprobe.d", "/usr/local/lib/modprobe.d", "/usr/lib/modprobe.d", "/lib/modprobe.d" };
	struct host_names files = host_drop_ins(m->set, dirs, ARRAY_LEN(dirs), ".conf");

	for (size_t i = 0; i < files.n; i++) {
		const char *why;
		char *text = host_read(m->set, files.names[i], HOST_FILE_BYTES_MAX, &why), *line;
		unsigned number = 0;

		while ((line = host_next_setting(&text, &number))) {
			size_t n;
			const char **words = host_words(m->set, line, &n);

			forbid(m, words, n, (struct posture_place){ .file = files.names[i], .line = number });
		}
		if (why)
			posture_problem(m->set, MODEL_LAYER_KERNEL, (struct posture_place){ .file = files.names[i] }, "%s", why);
	}
}

static void make_record(struct modules *m, size_t i)
{
	struct posture_record *r = posture_record_new(m->set, MODEL_KIND_KERNEL_MODULE, NULL, posture_printf(m->set, "module %s", asked[i]),
						      m->place[i]);

	posture_set_text(r, MODEL_F_KMOD_NAME, asked[i]);
	if (m->why_loaded)
		posture_set_unknown(r, MODEL_F_KMOD_IS_LOADED, m->why_loaded);
	else
		posture_set_bool(r, MODEL_F_KMOD_IS_LOADED, is_loaded(m->loaded, asked[i]));
	if (m->why_on_disk)
		posture_set_unknown(r, MODEL_F_KMOD_IS_AVAILABLE, m->why_on_disk);
	else
		posture_set_bool(r, MODEL_F_KMOD_IS_AVAILABLE, is_in_list(m->on_disk, asked[i]));
	posture_set_bool(r, MODEL_F_KMOD_IS_BUILT_IN, is_in_list(m->built_in, asked[i]));
	posture_set_bool(r, MODEL_F_KMOD_IS_BLOCKED, m->is_blocked[i]);
	posture_set_bool(r, MODEL_F_KMOD_IS_BLACKLISTED, m->is_blacklisted[i]);
}

void host_modules(struct host_kernel *k)
{
	struct modules m = { .set = k->set };
	const char *why;

	m.loaded = host_read(k->set, "/proc/modules", HOST_FILE_BYTES_MAX, &m.why_loaded);
	if (!m.loaded && !m.why_loaded && !host_exists(k->set, "/proc/cmdline"))
		m.why_loaded = "there is no /proc: the machine does not run, or it is not mounted";
	if (k->release) {
		m.on_disk = host_read(k->set, posture_printf(k->set, "/lib/modules/%s/modules.dep", k->release), HOST_FILE_BYTES_MAX, &m.why_on_disk);
		m.built_in = host_read(k->set, posture_printf(k->set, "/lib/modules/%s/modules.builtin", k->release), HOST_FILE_BYTES_MAX, &why);
	} else {
		m.why_on_disk = k->why_no_release ? k->why_no_release : "the kernel's release is not known";
	}
	read_modprobe(&m);
	for (size_t i = 0; i < ARRAY_LEN(asked); i++)
		make_record(&m, i);
}
