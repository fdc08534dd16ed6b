/* SPDX-License-Identifier: Apache-2.0 */
/* What is written down and when: auditd and its rules, journald, rsyslog, the clock. */
#include "posture/host/host.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static const char *last_value(struct posture_set *set, const char *file, const char *name, struct posture_place *ret_place)
{
	const char *why, *found = NULL;
	char *text = host_read(set, file, HOST_FILE_BYTES_MAX, &why), *line, *key, *value;
	unsigned number = 0;

	while ((line = host_next_setting(&text, &number)))
		if (host_key_value(line, '=', &key, &value) && strcasecmp(key, name) == 0) {
			found = value;
			*ret_place = (struct posture_place){ .file = file, .line = number };
		}
	return found;
}

static const char *lower(struct posture_set *set, const char *text)
{
	char *copy = text ? arena_printf(&set->arena, "%s", text) : NULL;

	for (char *p = copy; p && *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return copy;
}

static void auditd_settings(struct posture_record *r)
{
	static const struct { const char *name; enum model_field_id field; } texts[] = {
		{ "max_log_file_action", MODEL_F_AUDITD_MAX_LOG_FILE_ACTION }, { "space_left_action", MODEL_F_AUDITD_SPACE_LEFT_ACTION },
		{ "admin_space_left_action", MODEL_F_AUDITD_ADMIN_SPACE_LEFT_ACTION }, { "disk_full_action", MODEL_F_AUDITD_DISK_FULL_ACTION },
		{ "disk_error_action", MODEL_F_AUDITD_DISK_ERROR_ACTION },
	};
	struct posture_place place = { 0 };
	const char *size = last_value(r->set, "/etc/audit/auditd.conf", "max_log_file", &place);
	int64_t number;

	if (size && host_number(size, &number))
		posture_at(posture_set_int(r, MODEL_F_AUDITD_MAX_LOG_FILE, number), place);
	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		const char *value = lower(r->set, last_value(r->set, "/etc/audit/auditd.conf", texts[i].name, &place));

		if (value)
			posture_at(posture_set_text(r, texts[i].field, value), place);
	}
}

struct rules { struct host_list_of_texts watched, syscalls, programs; bool is_immutable; size_t n; };

/* auditctl(8): "-w PATH", "-F path=PATH", "-F dir=PATH", "-S call,call", "-e 2". */
static void look_at_rule(struct posture_set *set, struct rules *rules, const char **w, size_t n)
{
	for (size_t i = 0; i + 1 < n; i++) {
		const char *value = w[i + 1];

		if (strcmp(w[i], "-w") == 0)
			host_add(set, &rules->watched, value);
		else if (strcmp(w[i], "-F") == 0 && strncmp(value, "path=", 5) == 0)
			host_add(set, &rules->watched, value + 5);
		else if (strcmp(w[i], "-F") == 0 && strncmp(value, "dir=", 4) == 0)
			host_add(set, &rules->watched, value + 4);
		else if (strcmp(w[i], "-F") == 0 && strncmp(value, "exe=", 4) == 0)
			host_add(set, &rules->watched, value + 4);
		else if (strcmp(w[i], "-e") == 0)
			rules->is_immutable = strcmp(value, "2") == 0;
		if (strcmp(w[i], "-S") == 0) {
			size_t n_calls;
			const char **calls = host_split(set, arena_printf(&set->arena, "%s", value), ',', &n_calls);

			for (size_t k = 0; k < n_calls; k++)
				host_add(set, &rules->syscalls, calls[k]);
		}
	}
	rules->n += n > 1 && (strcmp(w[0], "-w") == 0 || strcmp(w[0], "-a") == 0 || strcmp(w[0], "-A") == 0);
}

static void auditd_rules(struct posture_record *r)
{
	struct posture_set *set = r->set;
	struct host_names files = host_glob(set, "/etc/audit/rules.d/*.rules");
	struct rules rules = { 0 };

	for (size_t i = 0; i < files.n; i++) {
		const char *why;
		char *text = host_read(set, files.names[i], HOST_FILE_BYTES_MAX, &why), *line;
		unsigned number = 0;

		if (why) {
			posture_set_unknown(r, MODEL_F_AUDITD_WATCHED, why);
			posture_set_unknown(r, MODEL_F_AUDITD_SYSCALLS, why);
			posture_set_unknown(r, MODEL_F_AUDITD_IS_IMMUTABLE, why);
			return;
		}
		while ((line = host_next_setting(&text, &number))) {
			size_t n;
			const char **w = host_words(set, line, &n);

			look_at_rule(set, &rules, w, n);
		}
	}
	host_set_list(r, MODEL_F_AUDITD_WATCHED, &rules.watched);
	host_set_list(r, MODEL_F_AUDITD_SYSCALLS, &rules.syscalls);
	posture_set_bool(r, MODEL_F_AUDITD_IS_IMMUTABLE, rules.is_immutable);
	posture_set_uint(r, MODEL_F_AUDITD_N_RULES, rules.n);
}

static void running(struct posture_record *r, enum model_field_id field, const struct host_running *running, const char *comm)
{
	if (running->why)
		posture_set_unknown(r, field, running->why);
	else
		posture_set_bool(r, field, host_runs(running, comm));
}

static void auditd(struct posture_set *set, const struct host_packages *packages, const struct host_running *procs)
{
	struct posture_record *r = posture_record_new(set, MODEL_KIND_HOST_AUDITD, NULL, "audit log", (struct posture_place){ .file = "/etc/audit/auditd.conf" });
	const char *why, *cmdline = host_read_line(set, "/proc/cmdline", &why);
	bool installed = host_package_version(packages, "auditd") || host_exists(set, "/sbin/auditd");

	posture_set_bool(r, MODEL_F_AUDITD_IS_INSTALLED, installed);
	posture_set_bool(r, MODEL_F_AUDITD_IS_ENABLED, host_unit_is_enabled(set, "auditd.service"));
	running(r, MODEL_F_AUDITD_IS_RUNNING, procs, "auditd");
	posture_set_bool(r, MODEL_F_AUDITD_AT_BOOT, cmdline && strstr(cmdline, "audit=1"));
	posture_set_bool(r, MODEL_F_AUDITD_BACKLOG_AT_BOOT, cmdline && strstr(cmdline, "audit_backlog_limit="));
	if (!installed)
		return;
	auditd_settings(r);
	auditd_rules(r);
}

/* journald.conf(5) and its drop-ins; what is not said is the default that it names. */
static const char *journald_value(struct posture_set *set, const char *name, struct posture_place *ret_place)
{
	static const char *const dirs[] = { "/etc/systemd/journald.conf.d", "/run/systemd/journald.conf.d", "/usr/lib/systemd/journald.conf.d" };
	struct host_names files = host_drop_ins(set, dirs, ARRAY_LEN(dirs), ".conf");
	const char *found = last_value(set, "/etc/systemd/journald.conf", name, ret_place), *value;

	for (size_t i = 0; i < files.n; i++)
		if ((value = last_value(set, files.names[i], name, ret_place)))
			found = value;
	return lower(set, found);
}

static bool is_yes(const char *value, bool def)
{
	return !value ? def : strcmp(value, "yes") == 0 || strcmp(value, "true") == 0 || strcmp(value, "1") == 0 || strcmp(value, "on") == 0;
}

static void syslogs(struct posture_set *set, const struct host_running *procs)
{
	struct posture_record *r = posture_record_new(set, MODEL_KIND_HOST_LOGGING, NULL, "system log", (struct posture_place){ 0 });
	struct host_names files = host_glob(set, "/etc/rsyslog.d/*.conf");
	struct posture_place place = { 0 };
	const char *storage = journald_value(set, "Storage", &place), *why, *mode = NULL;
	bool listens = false, sends = false;

	posture_at(posture_said(posture_set_text(r, MODEL_F_LOGGING_STORAGE, storage ? storage : "auto"),
				storage ? POSTURE_FROM_FILE : POSTURE_FROM_DEFAULT, "Storage"), place);
	posture_set_bool(r, MODEL_F_LOGGING_COMPRESSES, is_yes(journald_value(set, "Compress", &place), true));
	posture_set_bool(r, MODEL_F_LOGGING_FORWARDS, is_yes(journald_value(set, "ForwardToSyslog", &place), true));
	running(r, MODEL_F_LOGGING_JOURNALD_RUNS, procs, "systemd-journald");
	running(r, MODEL_F_LOGGING_RSYSLOG_RUNS, procs, "rsyslogd");
	posture_set_bool(r, MODEL_F_LOGGING_IS_PERSISTENT, host_exists(set, "/var/log/journal") || host_exists(set, "/var/log/syslog"));
	for (size_t i = 0; i <= files.n; i++) {
		char *text = host_read(set, i < files.n ? files.names[i] : "/etc/rsyslog.conf", HOST_FILE_BYTES_MAX, &why), *line;
		unsigned number = 0;

		while ((line = host_next_setting(&text, &number))) {
			listens |= strstr(line, "imtcp") || strstr(line, "imudp") || strstr(line, "InputTCPServerRun") || strstr(line, "UDPServerRun");
			sends |= strstr(line, " @") || strstr(line, "omfwd");
			if (strncasecmp(line, "$FileCreateMode", 15) == 0)
				mode = posture_printf(set, "%s", line + 15 + strspn(line + 15, " \t"));
		}
	}
	posture_set_bool(r, MODEL_F_LOGGING_RECEIVES, listens);
	posture_set_bool(r, MODEL_F_LOGGING_SENDS, sends || host_unit_is_enabled(set, "systemd-journal-upload.service"));
	posture_set_text(r, MODEL_F_LOGGING_FILE_MODE, mode);
}

static void clock_record(struct posture_set *set, const struct host_running *procs)
{
	static const struct { const char *comm, *name, *unit; } daemons[] = {
		{ "systemd-timesyncd", "systemd-timesyncd", "systemd-timesyncd.service" }, { "chronyd", "chrony", "chrony.service" },
		{ "ntpd", "ntp", "ntp.service" }, { "ntpd", "ntpsec", "ntpsec.service" }, { "openntpd", "openntpd", "openntpd.service" },
	};
	struct posture_record *r = posture_record_new(set, MODEL_KIND_HOST_TIMESYNC, NULL, "clock", (struct posture_place){ 0 });
	struct host_list_of_texts enabled = { 0 };
	/* A guest may have its host's clock instead (ptp_kvm, hyperv, vmware). */
	const char *why, *ptp = host_read_line(set, "/sys/class/ptp/ptp0/clock_name", &why);
	bool runs = false;

	for (size_t i = 0; i < ARRAY_LEN(daemons); i++) {
		runs |= host_runs(procs, daemons[i].comm);
		if (host_unit_is_enabled(set, daemons[i].unit) && !host_unit_is_masked(set, daemons[i].unit))
			host_add(set, &enabled, daemons[i].name);
	}
	host_set_list(r, MODEL_F_TIMESYNC_ENABLED, &enabled);
	if (procs->why)
		posture_set_unknown(r, MODEL_F_TIMESYNC_IS_RUNNING, procs->why);
	else
		posture_set_bool(r, MODEL_F_TIMESYNC_IS_RUNNING, runs);
	posture_set_text(r, MODEL_F_TIMESYNC_HOST_CLOCK, ptp);
}

static void collect(struct posture_set *set, const struct posture_audit_options *options)
{
	struct host_packages packages;
	struct host_running procs;

	(void)options;
	host_packages_read(set, &packages);
	host_running_read(set, &procs);
	auditd(set, &packages, &procs);
	syslogs(set, &procs);
	clock_record(set, &procs);
	host_packages_done(&packages);
	host_running_done(&procs);
}

const struct posture_collector host_logging_collector = {
	.name = "logging",
	.layer = MODEL_LAYER_KERNEL,
	.meaning = "auditd and its rules, journald, rsyslog, the clock",
	.collect = collect,
};
