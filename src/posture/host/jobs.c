/* SPDX-License-Identifier: Apache-2.0 */
/* Jobs of cron (crontab(5)): system tables with a user, people's own without, and the directories of run-parts(8). */
#include "posture/host/services_internal.h"

#include <ctype.h>
#include <string.h>

static void job_record(struct posture_set *set, struct posture_place place, const char *user, const char *command)
{
	const char *program = command + strspn(command, " \t"), *who = NULL;
	struct posture_record *r;

	program = *program == '/' ? posture_printf(set, "%.*s", (int)strcspn(program, " \t;&|<>"), program) : NULL;
	r = posture_record_new(set, MODEL_KIND_HOST_JOB, NULL, posture_printf(set, "cron job of %s in %s", user, place.file), place);
	r->key = posture_printf(set, "job %s %s", user, command);
	posture_set_text(r, MODEL_F_JOB_USER, user);
	posture_set_text(r, MODEL_F_JOB_COMMAND, command);
	posture_set_text(r, MODEL_F_JOB_PROGRAM, program);
	if (program && strncmp(program, "/dev/", 5) != 0)
		who = host_writable_by_others(set, program);
	if (!who && strcmp(user, "root") == 0)
		who = host_writable_by_others(set, place.file);
	posture_set_text(r, MODEL_F_JOB_WRITABLE_BY, who);
	posture_set_bool(r, MODEL_F_JOB_HAS_WILDCARD, (strstr(command, "tar ") || strstr(command, "chown ") || strstr(command, "rsync ")) &&
			 strstr(command, " *"));
}

/* "A=b" lines set the environment. */
static bool is_assignment(const char *line)
{
	const char *equals = strchr(line, '='), *blank = strpbrk(line, " \t");

	return equals && isalpha((unsigned char)*line) && (!blank || equals < blank || blank[strspn(blank, " \t")] == '=');
}

static char *skip_words(char *line, int n)
{
	for (; n > 0; n--) {
		line += strcspn(line, " \t");
		line += strspn(line, " \t");
	}
	return line;
}

static void table(struct posture_set *set, const char *file, const char *user)
{
	const char *why;
	char *text = host_read(set, file, HOST_FILE_BYTES_MAX, &why), *line;

	if (why)
		posture_problem(set, MODEL_LAYER_KERNEL, (struct posture_place){ .file = file }, "%s", why);
	for (unsigned number = 1; (line = host_next_line(&text)); number++) {
		const char *who = user;
		char *rest;

		if (!*line || *line == '#' || is_assignment(line))
			continue;
		rest = skip_words(line, *line == '@' ? 1 : 5);
		if (!user) {
			who = posture_printf(set, "%.*s", (int)strcspn(rest, " \t"), rest);
			rest = skip_words(rest, 1);
		}
		if (!*rest)
			posture_problem(set, MODEL_LAYER_KERNEL, (struct posture_place){ .file = file, .line = number }, "expected a schedule%s and a command",
					user ? "" : ", a user");
		else
			job_record(set, (struct posture_place){ .file = file, .line = number }, who, rest);
	}
}

void host_jobs(struct posture_set *set)
{
	static const char *const dirs[] = { "/etc/cron.hourly", "/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly" };
	struct host_names names = host_list(set, "/etc/cron.d");

	table(set, "/etc/crontab", NULL);
	for (size_t i = 0; i < names.n; i++)
		if (!strchr(names.names[i], '.') && !strchr(names.names[i], '~'))
			table(set, posture_printf(set, "/etc/cron.d/%s", names.names[i]), NULL);
	names = host_list(set, "/var/spool/cron/crontabs");
	for (size_t i = 0; i < names.n; i++)
		table(set, posture_printf(set, "/var/spool/cron/crontabs/%s", names.names[i]), names.names[i]);
	if (names.why)
		posture_problem(set, MODEL_LAYER_KERNEL, (struct posture_place){ .file = "/var/spool/cron/crontabs" }, "%s", names.why);
	for (size_t d = 0; d < ARRAY_LEN(dirs); d++) {
		names = host_list(set, dirs[d]);
		for (size_t i = 0; i < names.n; i++)
			if (names.names[i][0] != '.')
				job_record(set, (struct posture_place){ .file = dirs[d] }, "root", posture_printf(set, "%s/%s", dirs[d], names.names[i]));
	}
}
