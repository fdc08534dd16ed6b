/* SPDX-License-Identifier: Apache-2.0 */
/* What sudoers lets people do: a record for each grant, one for Defaults, and who becomes root by it. */
#include "posture/host/users_internal.h"

#include <string.h>

/* Programs that start others or write files as their user says, if their arguments are free (gtfobins.github.io, "sudo"). */
static const char *const escaping[] = {
	"apt", "apt-get", "aptitude", "ash", "at", "awk", "base64", "bash", "busybox", "capsh", "cat", "chmod", "chown", "chroot", "cp", "cpio",
	"crictl", "crontab", "csh", "ctr", "curl", "dash", "dd", "dnf", "docker", "docker-compose", "dpkg", "easy_install", "ed", "emacs", "env",
	"expect", "find", "fish", "flock", "ftp", "gawk", "gcc", "gdb", "git", "helm", "install", "ionice", "ip", "journalctl", "kubectl", "ksh",
	"ld.so", "less", "ln", "lua", "lxc", "make", "man", "mawk", "mksh", "more", "mount", "mv", "mysql", "nano", "nc", "ncat", "nerdctl", "nice",
	"nmap", "node", "nohup", "npm", "nsenter", "openssl", "passwd", "perl", "php", "pico", "pip", "pip3", "podman", "psql", "puppet", "python",
	"python3", "rpm", "rsync", "ruby", "run-parts", "runc", "rvim", "scp", "screen", "sed", "service", "setpriv", "sh", "snap", "socat", "sqlite3",
	"ssh", "start-stop-daemon", "stdbuf", "strace", "su", "sudo", "sudoedit", "systemctl", "systemd-run", "tar", "taskset", "tclsh", "tcpdump",
	"tcsh", "tee", "timeout", "tmux", "unshare", "unzip", "useradd", "usermod", "vi", "view", "vim", "vimdiff", "visudo", "watch", "wget", "xargs",
	"yum", "zip", "zsh", "zypper",
};
/* Variables that make programs load what they name. */
static const char *const loading[] = { "LD_PRELOAD", "LD_LIBRARY_PATH", "LD_*", "PYTHONPATH", "PERL5LIB", "RUBYLIB", "BASH_ENV", "ENV", "HOME",
				       "PATH", "*" };

bool host_is_escaping_program(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(escaping); i++)
		if (strcmp(name, escaping[i]) == 0)
			return true;
	return false;
}

static bool has(const struct host_list_of_texts *list, const char *text)
{
	for (size_t i = 0; i < list->n; i++)
		if (strcmp(list->texts[i], text) == 0)
			return true;
	return false;
}

static bool is_root_list(const struct sudoers_grant *g, const struct host_list_of_texts *run_as)
{
	if (!g->has_run_as)
		return true;
	return !has(run_as, "!root") && !has(run_as, "!#0") && (has(run_as, "ALL") || has(run_as, "root") || has(run_as, "#0"));
}

/* The name of a command that gives more than itself; NULL. Fixed arguments leave no choice. */
static const char *escape_of(struct posture_set *set, const char *command)
{
	size_t path_len = strcspn(command, " \t");
	const char *arguments = command + path_len, *slash, *name;
	char *path = arena_printf(&set->arena, "%.*s", (int)path_len, command);

	if (*command == '!' || (*arguments && !strpbrk(arguments, "*?[")))
		return NULL;
	slash = path ? strrchr(path, '/') : NULL;
	name = slash ? slash + 1 : path;
	if (name && !*name)
		return path;                 /* a whole directory */
	return name && host_is_escaping_program(name) ? name : NULL;
}

static void add_root_grant(struct host_users *users, const struct host_list_of_texts *who, const char *what)
{
	for (size_t i = 0; i < who->n; i++) {
		struct host_root_grant *g = posture_alloc(users->set, sizeof(*g));

		if (!g)
			return;
		*g = (struct host_root_grant){ .next = users->root_grants, .who = who->texts[i], .what = what };
		users->root_grants = g;
	}
}

struct commands { struct host_list_of_texts resolved, excludes, escapes, wildcards, writable; bool all; };

static void look_at_commands(struct posture_set *set, struct commands *c)
{
	for (size_t i = 0; i < c->resolved.n; i++) {
		const char *command = c->resolved.texts[i], *escape = escape_of(set, command), *who;
		const char *arguments = command + strcspn(command, " \t");

		if (*command == '!')
			host_add(set, &c->excludes, command + 1);
		c->all |= strcmp(command, "ALL") == 0;
		if (escape)
			host_add(set, &c->escapes, escape);
		if (*command == '/' && strchr(arguments, '*'))
			host_add(set, &c->wildcards, command);
		who = *command == '/' && !strpbrk(command, "*?[") ?
		      host_writable_by_others(set, posture_printf(set, "%.*s", (int)(arguments - command), command)) : NULL;
		if (who)
			host_add(set, &c->writable, who);
	}
}

static void grant_record(struct host_users *users, const struct sudoers *sudoers, const struct sudoers_grant *g, bool authenticates)
{
	struct posture_set *set = users->set;
	struct host_list_of_texts who = { 0 }, hosts = { 0 }, run_as = { 0 };
	struct commands c = { 0 };
	struct posture_record *r;
	bool without, gives_root;

	sudoers_resolve(sudoers, SUDOERS_USERS, &g->users, &who);
	sudoers_resolve(sudoers, SUDOERS_HOSTS, &g->hosts, &hosts);
	sudoers_resolve(sudoers, SUDOERS_RUNAS, &g->run_as, &run_as);
	sudoers_resolve(sudoers, SUDOERS_COMMANDS, &g->commands, &c.resolved);
	look_at_commands(set, &c);
	if (!g->has_run_as)
		host_add(set, &run_as, "root");
	without = g->asks_password < 0 || (!authenticates && g->asks_password == 0);
	gives_root = is_root_list(g, &run_as) && (c.all || c.escapes.n || c.writable.n);
	r = posture_record_new(set, MODEL_KIND_SUDO_GRANT, NULL, posture_printf(set, "sudo grant to %s", who.n ? who.texts[0] : "nobody"), g->place);
	r->key = posture_printf(set, "sudo %s %s %s", g->users.n ? g->users.texts[0] : "", run_as.n ? run_as.texts[0] : "",
				g->commands.n ? g->commands.texts[0] : "");
	host_set_list(r, MODEL_F_GRANT_USERS, &who);
	host_set_list(r, MODEL_F_GRANT_HOSTS, &hosts);
	host_set_list(r, MODEL_F_GRANT_RUN_AS, &run_as);
	host_set_list(r, MODEL_F_GRANT_RUN_AS_GROUPS, &g->run_as_groups);
	host_set_list(r, MODEL_F_GRANT_COMMANDS, &c.resolved);
	host_set_list(r, MODEL_F_GRANT_EXCLUDES, &c.excludes);
	host_set_list(r, MODEL_F_GRANT_ESCAPES, &c.escapes);
	host_set_list(r, MODEL_F_GRANT_WILDCARDS, &c.wildcards);
	host_set_list(r, MODEL_F_GRANT_WRITABLE, &c.writable);
	posture_set_bool(r, MODEL_F_GRANT_ALL_COMMANDS, c.all);
	posture_set_bool(r, MODEL_F_GRANT_NO_PASSWORD, without);
	posture_set_bool(r, MODEL_F_GRANT_SETS_ENVIRONMENT, g->sets_environment);
	posture_set_bool(r, MODEL_F_GRANT_GIVES_ROOT, gives_root);
	posture_set_bool(r, MODEL_F_GRANT_IS_EVERYBODY, has(&who, "ALL"));
	if (gives_root)
		add_root_grant(users, &who, posture_printf(set, "sudo %s%s", c.all ? "ALL" : c.escapes.n ? c.escapes.texts[0] : c.resolved.texts[0],
							   without ? " without a password" : ""));
}

/* The last one that is for everybody counts. */
static const struct sudoers_default *find(const struct sudoers *sudoers, const char *name)
{
	const struct sudoers_default *found = NULL;

	for (const struct sudoers_default *d = sudoers->defaults; d; d = d->next)
		if (!d->scope && strcmp(d->name, name) == 0)
			found = d;
	return found;
}

static struct posture_value *say(struct posture_value *v, struct posture_set *set, const struct sudoers_default *d)
{
	if (!d)
		return posture_said(v, POSTURE_FROM_DEFAULT, NULL);
	posture_said(v, POSTURE_FROM_FILE, posture_printf(set, "Defaults %s%s%s%s", d->op == '!' ? "!" : "", d->name, d->value ? "=" : "",
							  d->value ? d->value : ""));
	return posture_at(v, d->place);
}

static bool flag(struct posture_record *r, const struct sudoers *sudoers, enum model_field_id field, const char *name, bool def)
{
	const struct sudoers_default *d = find(sudoers, name);
	bool value = d ? d->op != '!' : def;

	say(posture_set_bool(r, field, value), sudoers->set, d);
	return value;
}

static bool any_flag(const struct sudoers *sudoers, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct sudoers_default *d = find(sudoers, names[i]);

		if (d && d->op != '!')
			return true;
	}
	return false;
}

static void set_keeps(struct posture_record *r, const struct sudoers *sudoers)
{
	struct host_list_of_texts keeps = { 0 };

	for (const struct sudoers_default *d = sudoers->defaults; d; d = d->next) {
		const char **words;
		size_t n;

		if ((strcmp(d->name, "env_keep") != 0 && strcmp(d->name, "env_check") != 0) || !d->value || d->op == '-')
			continue;
		words = host_words(sudoers->set, arena_printf(&sudoers->set->arena, "%s", d->value), &n);
		for (size_t i = 0; i < n; i++)
			for (size_t k = 0; k < ARRAY_LEN(loading); k++)
				if (strcmp(words[i], loading[k]) == 0 && !has(&keeps, words[i]))
					host_add(sudoers->set, &keeps, words[i]);
	}
	host_set_list(r, MODEL_F_SUDOERS_KEEPS, &keeps);
}

/* sudo 1.9.14 made use_pty the default (its NEWS, 2023-07). */
static bool uses_pty_by_default(struct posture_set *set)
{
	struct host_packages packages;
	const char *version;
	int part[3] = { 0 };

	host_packages_read(set, &packages);
	version = host_package_version(&packages, "sudo");
	for (int i = 0; version && i < 3; i++) {
		while (*version >= '0' && *version <= '9' && part[i] < 10000)
			part[i] = part[i] * 10 + (*version++ - '0');
		version += *version == '.';
	}
	host_packages_done(&packages);
	return part[0] > 1 || (part[0] == 1 && (part[1] > 9 || (part[1] == 9 && part[2] >= 14)));
}

static bool defaults_record(struct posture_set *set, const struct sudoers *sudoers)
{
	static const char *const visible[] = { "visiblepw", "pwfeedback" }, *const target[] = { "rootpw", "targetpw", "runaspw" };
	struct posture_record *r = posture_record_new(set, MODEL_KIND_SUDO, NULL, "sudo", (struct posture_place){ .file = "/etc/sudoers" });
	const struct sudoers_default *logfile = find(sudoers, "logfile"), *syslog = find(sudoers, "syslog"),
				     *timeout = find(sudoers, "timestamp_timeout"), *path = find(sudoers, "secure_path");
	const char *who = NULL;
	int64_t minutes = 15;
	bool authenticates;

	flag(r, sudoers, MODEL_F_SUDOERS_USE_PTY, "use_pty", uses_pty_by_default(set));
	flag(r, sudoers, MODEL_F_SUDOERS_ENV_RESET, "env_reset", true);
	authenticates = flag(r, sudoers, MODEL_F_SUDOERS_AUTHENTICATES, "authenticate", true);
	if (logfile && logfile->value)
		say(posture_set_text(r, MODEL_F_SUDOERS_LOGFILE, logfile->value), set, logfile);
	posture_set_bool(r, MODEL_F_SUDOERS_LOGS, (logfile && logfile->value) || !syslog || syslog->op != '!');
	if (timeout && timeout->op == '!')
		minutes = 0;
	else if (timeout && timeout->value && !host_number(posture_printf(set, "%.*s", (int)strcspn(timeout->value, "."), timeout->value), &minutes))
		posture_problem(set, MODEL_LAYER_IDENTITY, timeout->place, "expected a number of minutes, not '%s'", timeout->value);
	say(posture_set_int(r, MODEL_F_SUDOERS_TIMESTAMP_TIMEOUT, minutes), set, timeout);
	if (path && path->value)
		say(posture_set_text(r, MODEL_F_SUDOERS_SECURE_PATH, path->value), set, path);
	posture_set_bool(r, MODEL_F_SUDOERS_VISIBLE_PASSWORD, any_flag(sudoers, visible, ARRAY_LEN(visible)));
	posture_set_bool(r, MODEL_F_SUDOERS_TARGET_PASSWORD, any_flag(sudoers, target, ARRAY_LEN(target)));
	set_keeps(r, sudoers);
	for (size_t i = 0; i < sudoers->files.n && !who; i++)
		who = host_writable_by_others(set, sudoers->files.texts[i]);
	posture_set_text(r, MODEL_F_SUDOERS_FILES_PROBLEM, who);
	return authenticates;
}

void host_sudo(struct host_users *users)
{
	struct sudoers sudoers = { .set = users->set };
	bool authenticates;

	if (sudoers_read(&sudoers, "/etc/sudoers", &users->why_no_sudoers) < 0) {
		if (users->why_no_sudoers)
			posture_problem(users->set, MODEL_LAYER_IDENTITY, (struct posture_place){ .file = "/etc/sudoers" }, "%s", users->why_no_sudoers);
		return;
	}
	authenticates = defaults_record(users->set, &sudoers);
	for (const struct sudoers_grant *g = sudoers.grants; g; g = g->next)
		grant_record(users, &sudoers, g, authenticates);
}
