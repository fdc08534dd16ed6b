/* SPDX-License-Identifier: Apache-2.0 */
/* systemd units, from their files: what is enabled, what it starts, and who else can change that. */
#include "posture/host/services_internal.h"

#include <string.h>

/* systemd.unit(5): earlier directories come first. */
static const char *const dirs[] = { "/etc/systemd/system", "/run/systemd/system", "/usr/local/lib/systemd/system", "/usr/lib/systemd/system",
				    "/lib/systemd/system" };

const char *host_unit_file(struct posture_set *set, const char *unit)
{
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		const char *path = posture_printf(set, "%s/%s", dirs[i], unit);

		if (host_exists(set, path))
			return path;
	}
	return NULL;
}

bool host_unit_is_enabled(struct posture_set *set, const char *unit)
{
	static const char *const wanting[] = { "multi-user.target.wants", "sockets.target.wants", "timers.target.wants", "sysinit.target.wants",
					       "graphical.target.wants", "basic.target.wants", "default.target.wants", "network-online.target.wants",
					       "paths.target.wants", "bluetooth.target.wants", "remote-fs.target.wants", "cloud-init.target.wants" };

	for (size_t d = 0; d < ARRAY_LEN(dirs); d++)
		for (size_t i = 0; i < ARRAY_LEN(wanting); i++)
			if (host_exists(set, posture_printf(set, "%s/%s/%s", dirs[d], wanting[i], unit)))
				return true;
	return false;
}

bool host_unit_is_masked(struct posture_set *set, const char *unit)
{
	const char *path = host_unit_file(set, unit), *why;
	char *text;

	if (!path)
		return false;
	/* A link to /dev/null, or an empty file. Below a root, /dev/null may not be there: then the link leads nowhere. */
	text = host_read(set, path, HOST_FILE_BYTES_MAX, &why);
	return text ? !*text : host_stat(set, path, false).is_link;
}

/* The program of "ExecStart=-/usr/bin/x --y": prefixes of systemd.service(5) taken off. */
static const char *program_of(struct posture_set *set, const char *value)
{
	value += strspn(value, "-@:+!|");
	return *value == '/' ? posture_printf(set, "%.*s", (int)strcspn(value, " \t"), value) : NULL;
}

static bool is_root(const char *user)
{
	return !user || !*user || strcmp(user, "root") == 0 || strcmp(user, "0") == 0;
}

static void unit_record(struct posture_set *set, const char *name, const char *path)
{
	struct host_list_of_texts programs = { 0 }, writable = { 0 };
	const char *why, *user = NULL, *who = host_writable_by_others(set, path);
	char *text = host_read(set, path, HOST_FILE_BYTES_MAX, &why), *line, *key, *value;
	struct posture_record *r;
	unsigned number = 0;

	if (!text || !*text)
		return;
	if (who)
		host_add(set, &writable, who);
	while ((line = host_next_setting(&text, &number))) {
		const char *program;

		if (!host_key_value(line, '=', &key, &value))
			continue;
		if (strcmp(key, "User") == 0)
			user = value;
		program = strncmp(key, "Exec", 4) == 0 ? program_of(set, value) : NULL;
		if (!program)
			continue;
		host_add(set, &programs, program);
		who = host_writable_by_others(set, program);
		if (who)
			host_add(set, &writable, who);
	}
	r = posture_record_new(set, MODEL_KIND_HOST_UNIT, NULL, posture_printf(set, "unit %s", name), (struct posture_place){ .file = path });
	posture_set_text(r, MODEL_F_UNIT_NAME, name);
	host_set_list(r, MODEL_F_UNIT_PROGRAMS, &programs);
	host_set_list(r, MODEL_F_UNIT_WRITABLE, &writable);
	posture_set_bool(r, MODEL_F_UNIT_RUNS_AS_ROOT, is_root(user));
}

void host_units(struct posture_set *set)
{
	/* /lib/systemd/system is /usr/lib/systemd/system where /lib is a link, and is read once. */
	struct host_stat lib = host_stat(set, "/lib", false);
	struct host_names files = host_drop_ins(set, dirs, ARRAY_LEN(dirs) - (lib.error || lib.is_link), ".service");

	for (size_t i = 0; i < files.n; i++)
		unit_record(set, strrchr(files.names[i], '/') + 1, files.names[i]);
}
