/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/docker/docker.h"

#include "posture/process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LISTENS_MAX = 256, MEMBERS_MAX = 256, SOCKET_PATH_MAX = 108 };

struct finder { struct posture_set *set; struct docker_daemon *daemons; size_t n; };

static void each_process(void *data, unsigned pid, const char *comm)
{
	struct finder *f = data;

	if (strcmp(comm, "dockerd") == 0 && f->n < DOCKER_DAEMONS_MAX)
		f->daemons[f->n++] = (struct docker_daemon){ .set = f->set, .pid = pid, .below = "" };
}

/* A daemon that sees other files than we do has them below its root. */
static const char *below_of(struct docker_daemon *d)
{
	uint64_t ours, its;

	if (*d->set->root || posture_process_namespace(d->set, (unsigned)getpid(), "mnt", &ours) < 0 ||
	    posture_process_namespace(d->set, d->pid, "mnt", &its) < 0 || ours == its)
		return "";
	return posture_printf(d->set, "/proc/%u/root", d->pid);
}

static const char *config_file_of(struct docker_daemon *d)
{
	const char *word = docker_flag(d, "config-file", 0, 0), *home, *config;

	if (word)
		return word;
	config = d->pid && d->user_id ? posture_process_env(d->set, d->pid, "XDG_CONFIG_HOME") : NULL;
	home = d->pid && d->user_id ? posture_process_env(d->set, d->pid, "HOME") : NULL;
	if (config && *config)
		return posture_printf(d->set, "%s/docker/daemon.json", config);
	return home ? posture_printf(d->set, "%s/.config/docker/daemon.json", home) : "/etc/docker/daemon.json";
}

static void problem_at(struct posture_set *set, const char *path, const struct err *err)
{
	posture_problem(set, MODEL_LAYER_RUNTIME,
			(struct posture_place){ .file = path, .line = err->line, .column = err->column }, "%s", err->text);
}

static void config_read(struct docker_daemon *d)
{
	const char *path = posture_printf(d->set, "%s%s", d->below, d->config_file);
	struct err err = ERR_INIT;
	char *text;
	size_t len;
	int r = posture_read(d->set, path, DOCKER_FILE_BYTES_MAX, &text, &len, &err);

	if (r == -ENOENT || r == -ENOTDIR)
		return;
	if (r == 0)
		r = json_parse(text, len, path, &d->config, &err);
	if (r == 0 && !json_is_object(d->config)) {
		json_decref(d->config);
		d->config = NULL;
		r = err_set_at(&err, -EBADMSG, path, 1, 1, "expected a JSON object");
	}
	if (r == 0)
		return;
	problem_at(d->set, path, &err);
	d->config_problem = posture_printf(d->set, "%s: %s", path, err.text);
}

/* ---- when it started ---- */

static uint64_t boot_time(struct posture_set *set)
{
	char *text;
	size_t len;
	const char *at;

	if (posture_read(set, "/proc/stat", POSTURE_PROC_FILE_BYTES_MAX, &text, &len, NULL) < 0)
		return 0;
	at = strstr(text, "\nbtime ");
	return at ? strtoull(at + 7, NULL, 10) : 0;
}

static uint64_t start_time(struct docker_daemon *d)
{
	char *text;
	const char *p;
	size_t len;
	uint64_t boot = boot_time(d->set);

	if (!boot || posture_process_read(d->set, d->pid, "stat", &text, &len, NULL) < 0)
		return 0;
	p = strrchr(text, ')');                          /* field 22 of stat, counted behind the name: proc(5) */
	for (unsigned field = 2; p && field < 22; field++) {
		p = strchr(p, ' ');
		p = p ? p + 1 : NULL;
	}
	return p ? boot + strtoull(p, NULL, 10) / (uint64_t)sysconf(_SC_CLK_TCK) : 0;
}

static void file_age_read(struct docker_daemon *d)
{
	const char *path = posture_printf(d->set, "%s%s", d->below, d->config_file);
	_cleanup_close_ int fd = posture_open(d->set, path, O_PATH);
	uint64_t started = start_time(d);
	struct stat st;

	if (fd >= 0 && started && fstat(fd, &st) == 0)
		posture_set_bool(d->record, MODEL_F_DOCKER_FILE_IS_NEWER, (uint64_t)st.st_mtime > started + 1);
	else
		posture_set_bool(d->record, MODEL_F_DOCKER_FILE_IS_NEWER, false);
}

/* ---- who may use the socket ---- */

static size_t split_members(struct posture_set *set, const char *text, const char *end, const char **ret, size_t n)
{
	while (text < end && n < MEMBERS_MAX) {
		size_t len = strcspn(text, ",\n");

		if (text + len > end)
			len = (size_t)(end - text);
		if (len)
			ret[n++] = posture_printf(set, "%.*s", (int)len, text);
		text += len + 1;
	}
	return n;
}

/* A line of passwd or group: field `i`, and where it ends. */
static const char *colon_field(const char *line, unsigned i, const char **ret_end)
{
	const char *end = strchrnul(line, '\n');

	while (i > 0 && line < end) {
		line = memchr(line, ':', (size_t)(end - line));
		if (!line)
			return NULL;
		line++;
		i--;
	}
	*ret_end = memchr(line, ':', (size_t)(end - line));
	*ret_end = *ret_end ? *ret_end : end;
	return line;
}

static const char *next_line(const char *line)
{
	line = strchr(line, '\n');
	return line && line[1] ? line + 1 : NULL;
}

/* Members by name in /etc/group, and those whose first group it is in /etc/passwd. */
static void group_members_read(struct docker_daemon *d)
{
	const char *group = docker_setting_text(d, MODEL_F_DOCKER_GROUP), *members[MEMBERS_MAX], *end, *field, *gid = NULL;
	struct err err = ERR_INIT;
	size_t n = 0, len, gid_len = 0;
	char *text;

	if (!group)
		return;
	if (posture_read(d->set, posture_printf(d->set, "%s/etc/group", d->below), DOCKER_FILE_BYTES_MAX, &text, &len, &err) <
	    0) {
		posture_set_unknown(d->record, MODEL_F_DOCKER_GROUP_MEMBERS, posture_printf(d->set, "%s", err.text));
		return;
	}
	for (const char *line = text; line; line = next_line(line)) {
		if (strncmp(line, group, strlen(group)) != 0 || line[strlen(group)] != ':')
			continue;
		field = colon_field(line, 3, &end);
		n = field ? split_members(d->set, field, end, members, n) : n;
		gid = colon_field(line, 2, &end);
		gid_len = gid ? (size_t)(end - gid) : 0;
	}
	if (gid && gid_len &&
	    posture_read(d->set, posture_printf(d->set, "%s/etc/passwd", d->below), DOCKER_FILE_BYTES_MAX, &text, &len, NULL) ==
		    0)
		for (const char *line = text; line && n < MEMBERS_MAX; line = next_line(line)) {
			field = colon_field(line, 3, &end);
			if (field && (size_t)(end - field) == gid_len && memcmp(field, gid, gid_len) == 0)
				n = split_members(d->set, line, line + strcspn(line, ":\n"), members, n);
		}
	posture_set_texts(d->record, MODEL_F_DOCKER_GROUP_MEMBERS, members, n);
}

/* ---- where the API is ---- */

static bool has_port(const char *address, const char *port)
{
	const char *colon = strrchr(address, ':');

	return colon && strcmp(colon + 1, port) == 0;
}

/* tcp:// hosts, and what a socket unit of systemd gave it (fd://), as far as the kernel shows it at Docker's ports. */
static void tcp_read(struct docker_daemon *d)
{
	const char *addresses[DOCKER_LIST_MAX + LISTENS_MAX], *listens[LISTENS_MAX];
	const struct posture_value *hosts_value = posture_value_of(d->record, MODEL_F_DOCKER_HOSTS);
	size_t n_hosts, n = 0, n_listens;
	const struct model_value *hosts = docker_setting_list(d, MODEL_F_DOCKER_HOSTS, &n_hosts);
	bool is_fd = false;

	for (size_t i = 0; i < n_hosts; i++) {
		is_fd |= strncmp(hosts[i].text, "fd://", 5) == 0;
		if (strncmp(hosts[i].text, "tcp://", 6) == 0)
			addresses[n++] = hosts[i].text + 6;
		else if (!strstr(hosts[i].text, "://"))  /* "0.0.0.0:2375" is TCP too (moby opts.ParseHost) */
			addresses[n++] = hosts[i].text;
	}
	n_listens = is_fd && d->pid ? posture_process_listens(d->set, d->pid, listens, LISTENS_MAX) : 0;
	for (size_t i = 0; i < n_listens; i++)
		if (has_port(listens[i], "2375") || has_port(listens[i], "2376"))
			addresses[n++] = listens[i];
	if (hosts_value->state == MODEL_UNKNOWN)
		posture_set_unknown(d->record, MODEL_F_DOCKER_TCP_ADDRESSES, hosts_value->note);
	else
		posture_said(posture_set_texts(d->record, MODEL_F_DOCKER_TCP_ADDRESSES, addresses, n), hosts_value->origin,
			     hosts_value->note);
	posture_said(posture_set_bool(d->record, MODEL_F_DOCKER_TCP_IS_ENCRYPTED, docker_setting_bool(d, MODEL_F_DOCKER_TLS)),
		     POSTURE_FROM_COMPUTED, "tls");
	posture_said(posture_set_bool(d->record, MODEL_F_DOCKER_TCP_IS_VERIFIED, docker_setting_bool(d, MODEL_F_DOCKER_TLS) &&
				      docker_setting_bool(d, MODEL_F_DOCKER_TLS_VERIFY)), POSTURE_FROM_COMPUTED, "tls, tlsverify");
}

static bool is_socket(struct docker_daemon *d, const char *path)
{
	_cleanup_close_ int fd = posture_open(d->set, path, O_PATH);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
}

static void api_socket_find(struct docker_daemon *d)
{
	size_t n;
	const struct model_value *hosts = docker_setting_list(d, MODEL_F_DOCKER_HOSTS, &n);

	for (size_t i = 0; i < n && !d->api_socket; i++) {
		const char *path = strncmp(hosts[i].text, "unix://", 7) == 0 ? hosts[i].text + 7 :
				   strncmp(hosts[i].text, "fd://", 5) == 0 ? "/run/docker.sock" : NULL;
		const char *full;

		if (!path)
			continue;
		if (!*path)
			path = "/run/docker.sock";
		if (strncmp(path, "/var/run/", 9) == 0)          /* the old name of /run, a link on the host */
			path += 4;
		full = posture_printf(d->set, "%s%s", d->below, path);
		if (is_socket(d, full) && strlen(d->set->root) + strlen(full) < SOCKET_PATH_MAX)
			d->api_socket = posture_printf(d->set, "%s%s", d->set->root, full);
	}
}

/* ---- the rest ---- */

/* Is the path where a file system is mounted? Field 5 of mountinfo; octal escapes are of no concern for a directory of
 * Docker's. */
static void data_root_read(struct docker_daemon *d)
{
	const char *root = docker_setting_text(d, MODEL_F_DOCKER_DATA_ROOT);
	const char *path = d->pid ? posture_printf(d->set, "/proc/%u/mountinfo", d->pid) : "/proc/self/mountinfo";
	struct err err = ERR_INIT;
	bool is_mount = false;
	size_t len;
	char *text;

	if (!root)
		return;
	if (posture_read(d->set, path, POSTURE_PROC_FILE_BYTES_MAX, &text, &len, &err) < 0) {
		posture_set_unknown(d->record, MODEL_F_DOCKER_DATA_ROOT_IS_SEPARATE, posture_printf(d->set, "%s", err.text));
		return;
	}
	for (const char *line = text; line && !is_mount; line = next_line(line)) {
		const char *p = line, *source;
		size_t source_len;

		for (unsigned i = 0; i < 3 && p; i++)
			p = (p = strchr(p, ' ')) ? p + 1 : NULL;
		if (!p)
			continue;
		source = p;
		p = strchr(p, ' ');
		if (!p)
			continue;
		source_len = (size_t)(p - source);
		/* dockerd binds its data root onto itself: that is no partition */
		if (strncmp(p + 1, root, strlen(root)) == 0 && p[1 + strlen(root)] == ' ')
			is_mount = !(source_len == strlen(root) && memcmp(source, root, source_len) == 0 && source_len > 1);
	}
	posture_said(posture_set_bool(d->record, MODEL_F_DOCKER_DATA_ROOT_IS_SEPARATE, is_mount), POSTURE_FROM_KERNEL, path);
}

/* Clients decide about signatures: what every login gets, or what this program was started with. */
static void content_trust_read(struct docker_daemon *d)
{
	static const char *const files[] = { "/etc/environment", "/etc/profile", "/etc/bash.bashrc", "/etc/profile.d/docker.sh",
					     "/etc/profile.d/docker-content-trust.sh" };
	const char *env = *d->set->root ? NULL : getenv("DOCKER_CONTENT_TRUST");
	char *text;
	size_t len;

	if (env) {
		posture_said(posture_set_bool(d->record, MODEL_F_DOCKER_CONTENT_TRUST, strcmp(env, "1") == 0), POSTURE_FROM_ENVIRONMENT,
			     "DOCKER_CONTENT_TRUST");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(files); i++)
		if (posture_read(d->set, files[i], DOCKER_FILE_BYTES_MAX, &text, &len, NULL) == 0 &&
		    (strstr(text, "DOCKER_CONTENT_TRUST=1") || strstr(text, "DOCKER_CONTENT_TRUST=\"1\""))) {
			posture_at(posture_said(posture_set_bool(d->record, MODEL_F_DOCKER_CONTENT_TRUST, true), POSTURE_FROM_FILE, files[i]),
				   (struct posture_place){ .file = files[i] });
			return;
		}
	posture_said(posture_set_bool(d->record, MODEL_F_DOCKER_CONTENT_TRUST, false), POSTURE_FROM_DEFAULT, NULL);
}

/* A profile of one's own: does it forbid anything? */
static void seccomp_read(struct docker_daemon *d)
{
	const char *profile = docker_setting_text(d, MODEL_F_DOCKER_SECCOMP_PROFILE), *action;
	const char *path = profile && *profile == '/' ? posture_printf(d->set, "%s%s", d->below, profile) : NULL;
	_cleanup_json_ json_t *doc = NULL;
	struct err err = ERR_INIT;
	char *text;
	size_t len;

	if (!path) {
		posture_set_bool(d->record, MODEL_F_DOCKER_SECCOMP_ALLOWS_ALL, false);
		return;
	}
	if (posture_read(d->set, path, DOCKER_FILE_BYTES_MAX, &text, &len, &err) < 0 ||
	    json_parse(text, len, path, &doc, &err) < 0) {
		posture_set_unknown(d->record, MODEL_F_DOCKER_SECCOMP_ALLOWS_ALL, posture_printf(d->set, "%s: %s", path, err.text));
		return;
	}
	action = json_text(doc, "defaultAction", NULL);
	posture_at(posture_said(posture_set_bool(d->record, MODEL_F_DOCKER_SECCOMP_ALLOWS_ALL,
						 action && strcmp(action, "SCMP_ACT_ALLOW") == 0 &&
							 json_array_size(json_object_get(doc, "syscalls")) == 0),
				POSTURE_FROM_FILE, "defaultAction"),
		   (struct posture_place){ .file = path });
}

static const char *joined(struct docker_daemon *d)
{
	_cleanup_strbuf_ struct strbuf text;

	strbuf_init(&text, POSTURE_COMMAND_BYTES_MAX);
	for (size_t i = 0; i < d->argc; i++)
		strbuf_addf(&text, "%s%s", i ? " " : "", d->argv[i]);
	return posture_printf(d->set, "%s", text.text ? text.text : "");
}

static void name_daemon(struct docker_daemon *d, size_t n_daemons)
{
	size_t n;
	const struct model_value *hosts = docker_setting_list(d, MODEL_F_DOCKER_HOSTS, &n);

	d->record->name = n_daemons > 1 && n ? posture_printf(d->set, "dockerd at %s", hosts[0].text) : "dockerd";
}

/* False when it is gone, or is something else that is called so. */
static bool process_read(struct docker_daemon *d)
{
	struct posture_process_status status;
	struct err err = ERR_INIT;

	if (posture_process_status(d->set, d->pid, &status, &err) < 0)
		return false;
	if (posture_process_command(d->set, d->pid, &d->argv, &d->argc, &err) < 0)
		posture_problem(d->set, MODEL_LAYER_RUNTIME, (struct posture_place){ 0 }, "dockerd, process %u: %s", d->pid, err.text);
	d->user_id = status.uid;
	d->below = below_of(d);
	return true;
}

static void daemon_read(struct docker_daemon *d, size_t n_daemons)
{
	d->config_file = config_file_of(d);
	config_read(d);
	d->record = posture_record_new(d->set, MODEL_KIND_DOCKER_DAEMON, NULL, "dockerd",
				       (struct posture_place){ .file = posture_printf(d->set, "%s%s", d->below, d->config_file) });
	posture_set_bool(d->record, MODEL_F_DOCKER_RUNNING, d->pid != 0);
	posture_set_text(d->record, MODEL_F_DOCKER_CONFIG_FILE, d->config_file);
	docker_settings_read(d);
	name_daemon(d, n_daemons);
	if (d->pid) {
		posture_said(posture_set_uint(d->record, MODEL_F_DOCKER_PID, d->pid), POSTURE_FROM_KERNEL, NULL);
		posture_said(posture_set_uint(d->record, MODEL_F_DOCKER_USER_ID, d->user_id), POSTURE_FROM_KERNEL, "/proc/PID/status");
		posture_said(posture_set_text(d->record, MODEL_F_DOCKER_COMMAND, joined(d)), POSTURE_FROM_KERNEL, "/proc/PID/cmdline");
		file_age_read(d);
	}
	group_members_read(d);
	tcp_read(d);
	data_root_read(d);
	content_trust_read(d);
	api_socket_find(d);
	docker_api_read(d);
	seccomp_read(d);
}

static bool is_configured(struct posture_set *set)
{
	static const char *const signs[] = { "/etc/docker/daemon.json", "/usr/bin/dockerd", "/usr/sbin/dockerd",
					     "/usr/local/bin/dockerd" };

	for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
		_cleanup_close_ int fd = posture_open(set, signs[i], O_PATH);
		if (fd >= 0)
			return true;
	}
	return false;
}

static void collect(struct posture_set *set, const struct posture_audit_options *options)
{
	struct docker_daemon *daemons = mem_array(DOCKER_DAEMONS_MAX, sizeof(*daemons));
	struct finder f = { set, daemons, 0 };
	size_t n = 0;

	(void)options;
	posture_processes(set, each_process, &f);
	for (size_t i = 0; i < f.n; i++)
		if (process_read(&daemons[i]))
			daemons[n++] = daemons[i];
	if (n == 0 && is_configured(set))
		daemons[n++] = (struct docker_daemon){ .set = set, .below = "" };
	for (size_t i = 0; i < n; i++)
		daemon_read(&daemons[i], n);
	if (n)
		docker_files_read(set, daemons, n);
	for (size_t i = 0; i < n; i++)
		json_decref(daemons[i].config);
	free(daemons);
}

const struct posture_collector posture_docker = {
	.name = "docker", .layer = MODEL_LAYER_RUNTIME,
	.meaning = "Docker: daemons as they run, their API, swarm, files and sockets",
	.collect = collect,
};
