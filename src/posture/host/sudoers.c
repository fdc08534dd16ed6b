/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/host/sudoers.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

enum { ALIAS_DEPTH_MAX = 32, RESOLVED_MAX = 10000 };

static const char *const alias_words[SUDOERS_LIST_MAX] = { "User_Alias", "Runas_Alias", "Host_Alias", "Cmnd_Alias" };

#define APPEND(sudoers, list, kind, item) do { \
	if ((sudoers)->last_##kind) \
		(sudoers)->last_##kind->next = (item); \
	else \
		(sudoers)->list = (item); \
	(sudoers)->last_##kind = (item); \
} while (0)

struct line { struct sudoers *sudoers; char *at; struct posture_place place; unsigned depth; };

static void read_depth(struct sudoers *sudoers, const char *file, char *text, unsigned depth);

static void problem(struct line *l, const char *what)
{
	posture_problem(l->sudoers->set, MODEL_LAYER_IDENTITY, l->place, "%s", what);
}

static void skip_blanks(struct line *l)
{
	l->at += strspn(l->at, " \t");
}

static bool take(struct line *l, char c)
{
	skip_blanks(l);
	if (*l->at != c)
		return false;
	l->at++;
	return true;
}

/* Up to one of `ends` that is neither quoted nor escaped, without blanks at its ends; quotes and \ before `ends` go. */
static const char *take_until(struct line *l, const char *ends)
{
	const char *start;
	char *out, *last;
	bool quoted = false;

	skip_blanks(l);
	out = last = l->at;
	start = out;
	for (; *l->at && (quoted || !strchr(ends, *l->at)); l->at++) {
		if (*l->at == '\\' && l->at[1]) {
			if (!strchr("\"\\,:=! \t#()@", l->at[1]))
				*out++ = *l->at;
			*out++ = *++l->at;
			last = out;
		} else if (*l->at == '"') {
			quoted = !quoted;
			last = out;
		} else {
			*out++ = *l->at;
			if (quoted || !strchr(" \t", out[-1]))
				last = out;
		}
	}
	if (quoted)
		problem(l, "expected a closing quote");
	return posture_printf(l->sudoers->set, "%.*s", (int)(last - start), start);
}

/* Items between commas, up to one of `ends`; "! x" is "!x". Returns what ended it. */
static char take_list(struct line *l, const char *ends, struct host_list_of_texts *ret)
{
	char stops[16];
	size_t n = strlen(ends);

	memcpy(stops, ends, n);
	stops[n] = ',';
	stops[n + 1] = '\0';
	do {
		bool negated = false;
		const char *item;

		while (take(l, '!'))
			negated = !negated;
		item = take_until(l, stops);
		if (*item && ret->n < RESOLVED_MAX)
			host_add(l->sudoers->set, ret, negated ? posture_printf(l->sudoers->set, "!%s", item) : item);
	} while (take(l, ','));
	return *l->at;
}

static void parse_alias(struct line *l, enum sudoers_list of)
{
	do {
		struct sudoers_alias *a = posture_alloc(l->sudoers->set, sizeof(*a));
		const char *name = take_until(l, "=:");

		if (!a)
			return;
		if (!take(l, '=') || !*name) {
			problem(l, "expected NAME = item, item");
			return;
		}
		*a = (struct sudoers_alias){ .of = of, .name = name, .place = l->place };
		/* IPv6 addresses have colons: among hosts the next alias is one with a blank before it. */
		take_list(l, of == SUDOERS_HOSTS && !strstr(l->at, " :") ? "=" : ":", &a->members);
		APPEND(l->sudoers, aliases, alias, a);
	} while (take(l, ':'));
}

static void parse_defaults(struct line *l, char scope)
{
	const char *who = scope ? take_until(l, " \t") : NULL;

	do {
		struct sudoers_default *d = posture_alloc(l->sudoers->set, sizeof(*d));
		bool off = false;

		if (!d)
			return;
		*d = (struct sudoers_default){ .scope = scope, .who = who, .place = l->place };
		while (take(l, '!'))
			off = !off;
		d->name = take_until(l, "=,+-");
		skip_blanks(l);
		if ((*l->at == '+' || *l->at == '-') && l->at[1] == '=')
			d->op = *l->at++;
		if (take(l, '=')) {
			d->op = d->op ? d->op : '=';
			d->value = take_until(l, ",");
		} else if (off) {
			d->op = '!';
		}
		if (*d->name)
			APPEND(l->sudoers, defaults, default, d);
	} while (take(l, ','));
	if (*l->at)
		problem(l, "expected parameter, !parameter or parameter=value, with commas between them");
}

static bool take_word(struct line *l, const char *word, char after)
{
	size_t len = strlen(word);
	const char *p;

	skip_blanks(l);
	if (strncmp(l->at, word, len) != 0)
		return false;
	p = l->at + len + strspn(l->at + len, " \t");
	if (*p != after)
		return false;
	l->at = (char *)p + 1;
	return true;
}

static bool take_tag(struct line *l, struct sudoers_grant *g)
{
	static const char *const others[] = { "EXEC", "NOEXEC", "FOLLOW", "NOFOLLOW", "LOG_INPUT", "NOLOG_INPUT", "LOG_OUTPUT", "NOLOG_OUTPUT",
					      "MAIL", "NOMAIL", "INTERCEPT", "NOINTERCEPT" };
	static const char *const options[] = { "ROLE", "TYPE", "CWD", "CHROOT", "TIMEOUT", "NOTBEFORE", "NOTAFTER", "APPARMOR_PROFILE", "PRIVS",
					       "LIMITPRIVS" };

	if (take_word(l, "NOPASSWD", ':')) {
		g->asks_password = -1;
		return true;
	}
	if (take_word(l, "PASSWD", ':')) {
		g->asks_password = 1;
		return true;
	}
	if (take_word(l, "SETENV", ':')) {
		g->sets_environment = true;
		return true;
	}
	if (take_word(l, "NOSETENV", ':')) {
		g->sets_environment = false;
		return true;
	}
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (take_word(l, others[i], ':'))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (take_word(l, options[i], '=')) {
			take_until(l, " \t,");
			return true;
		}
	return false;
}

static bool take_run_as(struct line *l, struct sudoers_grant *g)
{
	if (!take(l, '('))
		return false;
	g->has_run_as = true;
	g->run_as = g->run_as_groups = (struct host_list_of_texts){ 0 };
	if (take_list(l, ":)", &g->run_as) == ':') {
		l->at++;
		take_list(l, ")", &g->run_as_groups);
	}
	if (!take(l, ')'))
		problem(l, "expected ')'");
	return true;
}

/* A digest before a command is no part of its name: "sha256:... /bin/x". */
static const char *take_command(struct line *l)
{
	while (strncmp(l->at, "sha", 3) == 0 && isdigit((unsigned char)l->at[3]) && strchr(l->at, ':')) {
		l->at = strchr(l->at, ':') + 1;
		skip_blanks(l);
		l->at += strcspn(l->at, " \t,");
		skip_blanks(l);
		if (*l->at == ',') {
			l->at++;
			skip_blanks(l);
		}
	}
	return take_until(l, ",:=");
}

static bool same_way(const struct sudoers_grant *a, const struct sudoers_grant *b)
{
	return a->asks_password == b->asks_password && a->sets_environment == b->sets_environment && a->run_as.texts == b->run_as.texts &&
	       a->run_as_groups.texts == b->run_as_groups.texts;
}

/* host = commands; what was said of one command (tags, runas) holds for those after it. */
static void parse_commands(struct line *l, const struct host_list_of_texts *users, const struct host_list_of_texts *hosts)
{
	struct sudoers_grant now = { .users = *users, .hosts = *hosts, .place = l->place }, *g = NULL;

	do {
		bool negated = false;
		const char *command;

		while (take_run_as(l, &now) || take_tag(l, &now))
			;
		while (take(l, '!'))
			negated = !negated;
		command = take_command(l);
		if (!*command)
			continue;
		if (!g || !same_way(g, &now)) {
			g = posture_alloc(l->sudoers->set, sizeof(*g));
			if (!g)
				return;
			*g = now;
			APPEND(l->sudoers, grants, grant, g);
		}
		if (g->commands.n < RESOLVED_MAX)
			host_add(l->sudoers->set, &g->commands, negated ? posture_printf(l->sudoers->set, "!%s", command) : command);
	} while (take(l, ','));
	if (!g)
		problem(l, "expected a command after '='");
}

/* Up to the blank that ends the users: lists have blanks only around their commas. */
static void take_users(struct line *l, struct host_list_of_texts *users)
{
	for (;;) {
		bool negated = false;
		const char *item;

		while (take(l, '!'))
			negated = !negated;
		item = take_until(l, ", \t=");
		if (*item && users->n < RESOLVED_MAX)
			host_add(l->sudoers->set, users, negated ? posture_printf(l->sudoers->set, "!%s", item) : item);
		if (!take(l, ','))
			return;
	}
}

static void parse_spec(struct line *l)
{
	struct host_list_of_texts users = { 0 };

	take_users(l, &users);
	do {
		struct host_list_of_texts hosts = { 0 };

		take_list(l, "=", &hosts);
		if (!take(l, '=') || !users.n || !hosts.n) {
			problem(l, "expected 'user host = command'");
			return;
		}
		parse_commands(l, &users, &hosts);
	} while (take(l, ':'));
	skip_blanks(l);
	if (*l->at)
		problem(l, "expected ',' or ':' after a command; '=' in arguments is written \\=");
}

static void include_file(struct line *l, const char *path)
{
	const char *why;
	char *text = host_read(l->sudoers->set, path, HOST_FILE_BYTES_MAX, &why);

	if (!text)
		problem(l, why ? why : posture_printf(l->sudoers->set, "%s is not there", path));
	else
		read_depth(l->sudoers, path, text, l->depth + 1);
}

static bool parse_include(struct line *l)
{
	char *p = l->at + 1;
	bool is_dir;
	const char *path;

	if ((*l->at != '#' && *l->at != '@') || strncmp(p, "include", 7) != 0)
		return false;
	p += 7;
	is_dir = strncmp(p, "dir", 3) == 0;
	p += is_dir ? 3 : 0;
	if (*p != ' ' && *p != '\t')
		return false;
	l->at = p;
	path = take_until(l, "");
	if (*path != '/')
		path = posture_printf(l->sudoers->set, "%.*s%s", (int)(strrchr(l->place.file, '/') ? strrchr(l->place.file, '/') + 1 - l->place.file : 0),
				      l->place.file, path);
	if (l->depth + 1 >= HOST_INCLUDES_MAX) {
		problem(l, "too many files that include each other");
	} else if (!is_dir) {
		include_file(l, path);
	} else {
		struct host_names names = host_list(l->sudoers->set, path);

		if (names.why)
			problem(l, names.why);
		/* sudoers(5): names that end in ~ or hold a full stop are left out. */
		for (size_t i = 0; i < names.n; i++)
			if (!strchr(names.names[i], '.') && names.names[i][strlen(names.names[i]) - 1] != '~')
				include_file(l, posture_printf(l->sudoers->set, "%s/%s", path, names.names[i]));
	}
	return true;
}

static void parse_line(struct line *l)
{
	if (strncmp(l->at, "Defaults", 8) == 0 && (!l->at[8] || strchr(" \t@:>!", l->at[8]))) {
		char scope = l->at[8] && strchr("@:>!", l->at[8]) ? l->at[8] : '\0';

		l->at += scope ? 9 : 8;
		parse_defaults(l, scope);
		return;
	}
	for (int of = 0; of < SUDOERS_LIST_MAX; of++) {
		size_t len = strlen(alias_words[of]);

		if (strncmp(l->at, alias_words[of], len) == 0 && l->at[len] && strchr(" \t", l->at[len])) {
			l->at += len;
			parse_alias(l, (enum sudoers_list)of);
			return;
		}
	}
	if (strncmp(l->at, "Cmd_Alias", 9) == 0 && l->at[9] && strchr(" \t", l->at[9])) {
		l->at += 9;
		parse_alias(l, SUDOERS_COMMANDS);
		return;
	}
	parse_spec(l);
}

/* A comment begins at a # that is no user id (#1000) and no include. */
static void cut_comment(char *text)
{
	bool quoted = false;

	for (char *p = text; *p; p++) {
		if (*p == '\\' && p[1])
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (*p == '#' && !quoted && !isdigit((unsigned char)p[1]) && !(p[1] == '-' && isdigit((unsigned char)p[2]))) {
			*p = '\0';
			return;
		}
	}
}

/* Lines that end in \ go on: they are joined in place, with one blank. */
static char *next_joined(char **cursor, unsigned *number)
{
	char *line = *cursor, *out, *in;

	if (!line || !*line)
		return NULL;
	++*number;
	for (in = out = line; *in && *in != '\n';) {
		if (*in == '\\' && in[1] == '\n') {
			in += 2;
			in += strspn(in, " \t");
			if (out > line && !strchr(" \t", out[-1]))
				*out++ = ' ';
			++*number;
		} else {
			*out++ = *in++;
		}
	}
	*cursor = *in ? in + 1 : in;
	*out = '\0';
	return line;
}

static void read_depth(struct sudoers *sudoers, const char *file, char *text, unsigned depth)
{
	unsigned number = 0, first;
	char *line;

	host_add(sudoers->set, &sudoers->files, posture_printf(sudoers->set, "%s", file));
	for (first = 1; (line = next_joined(&text, &number)); first = number + 1) {
		struct line l = { .sudoers = sudoers, .at = line, .place = { .file = file, .line = first }, .depth = depth };

		if (++sudoers->n_lines > HOST_LINES_MAX) {
			problem(&l, "too many lines: the rest was not looked at");
			return;
		}
		skip_blanks(&l);
		if (parse_include(&l))
			continue;
		cut_comment(l.at);
		skip_blanks(&l);
		if (*l.at && *l.at != '\r')
			parse_line(&l);
	}
}

void sudoers_parse(struct sudoers *sudoers, const char *file, char *text)
{
	read_depth(sudoers, file, text, 0);
}

int sudoers_read(struct sudoers *sudoers, const char *path, const char **ret_why)
{
	char *text = host_read(sudoers->set, path, HOST_FILE_BYTES_MAX, ret_why);

	if (!text)
		return *ret_why ? -EACCES : -ENOENT;
	sudoers_parse(sudoers, path, text);
	return 0;
}

static const struct sudoers_alias *find_alias(const struct sudoers *sudoers, enum sudoers_list of, const char *name)
{
	if (!isupper((unsigned char)*name) || strcmp(name, "ALL") == 0)
		return NULL;
	for (const struct sudoers_alias *a = sudoers->aliases; a; a = a->next)
		if (a->of == of && strcmp(a->name, name) == 0)
			return a;
	return NULL;
}

static void resolve(const struct sudoers *sudoers, enum sudoers_list of, const struct host_list_of_texts *list, bool negated, unsigned depth,
		    struct host_list_of_texts *ret)
{
	for (size_t i = 0; i < list->n && ret->n < RESOLVED_MAX; i++) {
		bool minus = list->texts[i][0] == '!';
		const char *name = list->texts[i] + minus;
		const struct sudoers_alias *a = find_alias(sudoers, of, name);

		if (a && depth < ALIAS_DEPTH_MAX)
			resolve(sudoers, of, &a->members, negated != minus, depth + 1, ret);
		else if (!a)
			host_add(sudoers->set, ret, negated != minus ? posture_printf(sudoers->set, "!%s", name) : name);
	}
}

void sudoers_resolve(const struct sudoers *sudoers, enum sudoers_list of, const struct host_list_of_texts *list,
		     struct host_list_of_texts *ret)
{
	resolve(sudoers, of, list, false, 0, ret);
}
