/* SPDX-License-Identifier: Apache-2.0 */
/* Mounts of the first process (proc(5), mountinfo); of a disk that does not run, /etc/fstab. */
#include "posture/host/mounts.h"

#include <string.h>

static const char *const asked[] = { "/", "/tmp", "/var", "/var/tmp", "/var/log", "/var/log/audit", "/home", "/dev/shm", "/proc", "/boot",
				     "/run", "/dev", "/sys/fs/cgroup", "/var/lib/docker", "/var/lib/containerd", "/var/lib/containers" };

struct mount { struct mount *next; const char *path, *type, *source; struct host_list_of_texts options; struct posture_place place; };

static void add_options(struct posture_set *set, struct host_list_of_texts *list, const char *text)
{
	size_t n;
	const char **items = host_split(set, arena_printf(&set->arena, "%s", text), ',', &n);

	for (size_t i = 0; i < n; i++)
		host_add(set, list, items[i]);
}

/* Blanks and the like are written \040. */
static char *unescape(char *text)
{
	char *out = text;

	for (char *in = text; *in;) {
		if (in[0] == '\\' && in[1] >= '0' && in[1] <= '3' && in[2] >= '0' && in[2] <= '7' && in[3] >= '0' && in[3] <= '7') {
			*out++ = (char)((in[1] - '0') * 64 + (in[2] - '0') * 8 + (in[3] - '0'));
			in += 4;
		} else {
			*out++ = *in++;
		}
	}
	*out = '\0';
	return text;
}

static struct mount *read_mountinfo(struct posture_set *set, char *text, const char *file)
{
	struct mount *list = NULL;
	char *line;

	for (unsigned number = 1; (line = host_next_line(&text)); number++) {
		struct mount *m;
		size_t n, dash = 6;
		const char **w = host_words(set, line, &n);

		while (dash < n && strcmp(w[dash], "-") != 0)
			dash++;
		m = dash + 2 < n ? posture_alloc(set, sizeof(*m)) : NULL;
		if (!m)
			continue;
		*m = (struct mount){ .next = list, .path = unescape((char *)w[4]), .type = w[dash + 1], .source = w[dash + 2],
				     .place = { .file = file, .line = number } };
		add_options(set, &m->options, w[5]);
		if (dash + 3 < n)
			add_options(set, &m->options, w[dash + 3]);
		list = m;
	}
	return list;
}

static struct mount *read_fstab(struct posture_set *set, char *text)
{
	struct mount *list = NULL;
	unsigned number = 0;
	char *line;

	while ((line = host_next_setting(&text, &number))) {
		struct mount *m;
		size_t n;
		const char **w = host_words(set, line, &n);

		m = n >= 4 ? posture_alloc(set, sizeof(*m)) : NULL;
		if (!m)
			continue;
		*m = (struct mount){ .next = list, .path = unescape((char *)w[1]), .type = w[2], .source = w[0],
				     .place = { .file = "/etc/fstab", .line = number } };
		add_options(set, &m->options, w[3]);
		list = m;
	}
	return list;
}

static bool is_asked(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(asked); i++)
		if (strcmp(asked[i], path) == 0)
			return true;
	return false;
}

static void make_record(struct posture_set *set, const char *path, const struct mount *m, const char *why)
{
	struct posture_record *r = posture_record_new(set, MODEL_KIND_HOST_FILESYSTEM, NULL, posture_printf(set, "mount %s", path),
						      m ? m->place : (struct posture_place){ 0 });
	bool hides = false;

	posture_set_text(r, MODEL_F_FILESYSTEM_PATH, path);
	if (why) {
		posture_set_unknown(r, MODEL_F_FILESYSTEM_IS_SEPARATE, why);
		posture_set_unknown(r, MODEL_F_FILESYSTEM_OPTIONS, why);
		return;
	}
	posture_set_bool(r, MODEL_F_FILESYSTEM_IS_SEPARATE, m);
	if (!m)
		return;
	posture_set_text(r, MODEL_F_FILESYSTEM_TYPE, m->type);
	posture_set_text(r, MODEL_F_FILESYSTEM_SOURCE, m->source);
	host_set_list(r, MODEL_F_FILESYSTEM_OPTIONS, &m->options);
	for (size_t i = 0; i < m->options.n; i++)
		if (strncmp(m->options.texts[i], "hidepid=", 8) == 0)
			hides = strcmp(m->options.texts[i] + 8, "0") != 0 && strcmp(m->options.texts[i] + 8, "off") != 0;
	if (strcmp(m->type, "proc") == 0)
		posture_set_bool(r, MODEL_F_FILESYSTEM_HIDES_PROCESSES, hides);
}

void host_mounts(struct posture_set *set)
{
	static const char *const places[] = { "/proc/1/mountinfo", "/proc/self/mountinfo" };
	struct mount *mounts = NULL;
	const char *why = NULL, *ignored;
	char *text = NULL;

	for (size_t i = 0; i < ARRAY_LEN(places) && !text; i++) {
		text = host_read(set, places[i], HOST_FILE_BYTES_MAX, &why);
		if (text)
			mounts = read_mountinfo(set, text, places[i]);
	}
	if (!text && !why) {
		text = host_read(set, "/etc/fstab", HOST_FILE_BYTES_MAX, &why);
		mounts = text ? read_fstab(set, text) : NULL;
		why = !text && !why ? "there is no /proc/1/mountinfo and no /etc/fstab" : why;
	}
	ignored = text ? NULL : why;
	for (size_t i = 0; i < ARRAY_LEN(asked); i++) {
		const struct mount *m = mounts;

		while (m && strcmp(m->path, asked[i]) != 0)       /* the last one on top: the list is newest first */
			m = m->next;
		make_record(set, asked[i], m, ignored);
	}
	for (const struct mount *m = mounts; m; m = m->next)
		if (!is_asked(m->path) && (strcmp(m->type, "nfs") == 0 || strcmp(m->type, "nfs4") == 0 || strcmp(m->type, "cifs") == 0 ||
					   strncmp(m->path, "/media/", 7) == 0 || strncmp(m->path, "/mnt/", 5) == 0))
			make_record(set, m->path, m, NULL);
}
