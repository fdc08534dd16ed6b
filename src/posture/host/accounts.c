/* SPDX-License-Identifier: Apache-2.0 */
/* Accounts and groups: passwd, shadow, group, gshadow, homes, and the ways from an account to root. */
#include "posture/host/users_internal.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SHADOW_DES_LEN = 13, DEFAULT_ROUNDS = 5000 };   /* crypt(5): rounds of sha256crypt and sha512crypt when none are named */

/* Groups whose members read or write what root's power rests on (lxd: its documentation, "Access to the daemon"; disk, kmem: the
 * devices; shadow: the hashes; docker: docs.docker.com/engine/security, "attack surface"). */
static const char *const root_groups[] = { "docker", "lxd", "incus-admin", "disk", "kmem", "shadow", "libvirt", "podman", "containerd" };
static const char *const no_shells[] = { "nologin", "false", "sync", "shutdown", "halt", "true", "git-shell" };
/* Dot files that give access to others, or hold passwords. */
static const char *const bad_dot_files[] = { ".rhosts", ".shosts", ".netrc", ".forward" };

struct group { struct group *next; const char *name; int64_t gid; const char **members; size_t n_members; unsigned line; };
struct shadow { struct shadow *next; const char *name, *hash; const char *numbers[6]; unsigned line; };   /* 3rd to 8th field */
struct account { struct account *next; const char *name, *password, *home, *shell; int64_t uid, gid; unsigned line; };

struct tables {
	struct host_users *users;
	struct account *accounts;
	struct group *groups;
	struct shadow *shadows;
	const char *why_no_shadow, *why_no_groups;
	bool has_shadow;
};

/* Fields between colons, empty ones kept; n at most. */
static size_t cut_fields(char *line, char **fields, size_t n)
{
	size_t i = 0;

	for (char *p = line; p && i < n; i++) {
		fields[i] = p;
		p = strchr(p, ':');
		if (p)
			*p++ = '\0';
	}
	return i;
}

static void expected(struct posture_set *set, const char *file, unsigned line, const char *what)
{
	posture_problem(set, MODEL_LAYER_IDENTITY, (struct posture_place){ .file = file, .line = line }, "expected %s", what);
}

static void read_accounts(struct tables *t)
{
	static const char file[] = "/etc/passwd";
	struct posture_set *set = t->users->set;
	struct account **end = &t->accounts;
	const char *why;
	char *text = host_read(set, file, HOST_FILE_BYTES_MAX, &why), *line, *f[7];

	if (!text)
		posture_problem(set, MODEL_LAYER_IDENTITY, (struct posture_place){ .file = file }, "%s", why ? why : "it is not there");
	for (unsigned number = 1; (line = host_next_line(&text)); number++) {
		struct account *a;
		int64_t uid = 0, gid = 0;

		if (!*line || *line == '#')
			continue;
		if (cut_fields(line, f, 7) < 7 || ((!host_number(f[2], &uid) || !host_number(f[3], &gid)) && *line != '+' && *line != '-')) {
			expected(set, file, number, "name:password:uid:gid:comment:home:shell");
			continue;
		}
		a = posture_alloc(set, sizeof(*a));
		if (!a)
			return;
		*a = (struct account){ .name = f[0], .password = f[1], .uid = uid, .gid = gid, .home = f[5], .shell = f[6], .line = number };
		*end = a;
		end = &a->next;
	}
}

static void read_groups(struct tables *t)
{
	static const char file[] = "/etc/group";
	struct posture_set *set = t->users->set;
	struct group **end = &t->groups;
	char *text = host_read(set, file, HOST_FILE_BYTES_MAX, &t->why_no_groups), *line, *f[4];

	for (unsigned number = 1; (line = host_next_line(&text)); number++) {
		struct group *g;
		int64_t gid = 0;

		if (!*line || *line == '#' || *line == '+')
			continue;
		if (cut_fields(line, f, 4) < 4 || !host_number(f[2], &gid)) {
			expected(set, file, number, "name:password:gid:member,member");
			continue;
		}
		g = posture_alloc(set, sizeof(*g));
		if (!g)
			return;
		*g = (struct group){ .name = f[0], .gid = gid, .line = number };
		g->members = host_split(set, f[3], ',', &g->n_members);
		*end = g;
		end = &g->next;
	}
}

static void read_shadow(struct tables *t)
{
	static const char file[] = "/etc/shadow";
	struct posture_set *set = t->users->set;
	char *text = host_read(set, file, HOST_FILE_BYTES_MAX, &t->why_no_shadow), *line, *f[9];

	t->has_shadow = text;
	for (unsigned number = 1; (line = host_next_line(&text)); number++) {
		struct shadow *s;

		if (!*line || *line == '#' || *line == '+')
			continue;
		if (cut_fields(line, f, 9) < 9) {
			expected(set, file, number, "nine fields with ':' between them");
			continue;
		}
		s = posture_alloc(set, sizeof(*s));
		if (!s)
			return;
		*s = (struct shadow){ .next = t->shadows, .name = f[0], .hash = f[1], .line = number };
		for (int i = 0; i < 6; i++)
			s->numbers[i] = f[i + 2];
		t->shadows = s;
	}
}

static const struct shadow *shadow_of(const struct tables *t, const char *name)
{
	const struct shadow *s = t->shadows;

	while (s && strcmp(s->name, name) != 0)
		s = s->next;
	return s;
}

/* crypt(5): what the hash begins with. */
static const char *hash_name(const char *hash)
{
	static const struct { const char *start, *name; } names[] = {
		{ "$y$", "yescrypt" }, { "$gy$", "gost-yescrypt" }, { "$7$", "scrypt" }, { "$2", "blowfish" }, { "$6$", "sha512" },
		{ "$5$", "sha256" }, { "$md5", "sunmd5" }, { "$1$", "md5" }, { "$3$", "nt" }, { "$sha1", "sha1" }, { "_", "bsdi-des" },
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (strncmp(hash, names[i].start, strlen(names[i].start)) == 0)
			return names[i].name;
	return strlen(hash) == SHADOW_DES_LEN ? "des" : "unknown";
}

static void set_hash(struct posture_record *r, const char *hash)
{
	const char *name = hash_name(hash), *rounds = strstr(hash, "$rounds=");

	posture_set_text(r, MODEL_F_ACCOUNT_HASH, name);
	if (strcmp(name, "sha512") == 0 || strcmp(name, "sha256") == 0)
		posture_set_uint(r, MODEL_F_ACCOUNT_HASH_COST, rounds ? strtoul(rounds + 8, NULL, 10) : DEFAULT_ROUNDS);
}

static void set_ages(struct posture_record *r, const struct shadow *s)
{
	static const struct { int at; enum model_field_id field; } fields[] = {
		{ 1, MODEL_F_ACCOUNT_MIN_DAYS }, { 2, MODEL_F_ACCOUNT_MAX_DAYS }, { 3, MODEL_F_ACCOUNT_WARN_DAYS }, { 4, MODEL_F_ACCOUNT_INACTIVE_DAYS },
	};
	int64_t number, today = time(NULL) / 86400;

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		if (host_number(s->numbers[fields[i].at], &number) && number >= 0)
			posture_set_int(r, fields[i].field, number);
	posture_set_bool(r, MODEL_F_ACCOUNT_CHANGED_IN_FUTURE, host_number(s->numbers[0], &number) && number > today);
}

static void set_password(struct posture_record *r, const struct tables *t, const struct account *a)
{
	const struct shadow *s = shadow_of(t, a->name);
	const char *hash = strcmp(a->password, "x") == 0 ? s ? s->hash : NULL : a->password;

	if (strcmp(a->password, "x") != 0 && *a->password && *a->password != '*' && *a->password != '!') {
		posture_set_text(r, MODEL_F_ACCOUNT_PASSWORD, "in-passwd");
		set_hash(r, hash);
		return;
	}
	if (!hash && !t->has_shadow) {
		const char *why = t->why_no_shadow ? t->why_no_shadow : "there is no /etc/shadow";

		posture_set_unknown(r, MODEL_F_ACCOUNT_PASSWORD, why);
		posture_set_unknown(r, MODEL_F_ACCOUNT_HASH, why);
		posture_set_unknown(r, MODEL_F_ACCOUNT_MAX_DAYS, why);
		return;
	}
	if (!hash || *hash == '*' || *hash == '!')
		posture_set_text(r, MODEL_F_ACCOUNT_PASSWORD, "locked");
	else
		posture_set_text(r, MODEL_F_ACCOUNT_PASSWORD, *hash ? "hash" : "none");
	if (hash && *hash && *hash != '*' && *hash != '!')
		set_hash(r, hash);
	if (s)
		set_ages(r, s);
}

static bool can_log_in(const char *shell)
{
	const char *slash = strrchr(shell, '/'), *name = slash ? slash + 1 : shell;

	for (size_t i = 0; i < ARRAY_LEN(no_shells); i++)
		if (strcmp(name, no_shells[i]) == 0)
			return false;
	return true;                         /* an empty one is /bin/sh: passwd(5) */
}

static bool is_member(const struct group *g, const struct account *a)
{
	if (g->gid == a->gid)
		return true;
	for (size_t i = 0; i < g->n_members; i++)
		if (strcmp(g->members[i], a->name) == 0)
			return true;
	return false;
}

static bool is_root_group(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(root_groups); i++)
		if (strcmp(root_groups[i], name) == 0)
			return true;
	return false;
}

static bool is_granted(const struct tables *t, const struct account *a, const char *who)
{
	int64_t uid;

	if (strcmp(who, "ALL") == 0 || strcmp(who, a->name) == 0)
		return true;
	if (*who == '#')
		return host_number(who + 1, &uid) && uid == a->uid;
	for (const struct group *g = *who == '%' ? t->groups : NULL; g; g = g->next)
		if (strcmp(g->name, who + 1) == 0 && is_member(g, a))
			return true;
	return false;
}

static void set_groups_and_ways(struct posture_record *r, const struct tables *t, const struct account *a)
{
	struct posture_set *set = r->set;
	struct host_list_of_texts groups = { 0 }, ways = { 0 };
	bool has_group = false;

	if (a->uid == 0 && strcmp(a->name, "root") != 0)
		host_add(set, &ways, "uid 0");
	for (const struct group *g = t->groups; g; g = g->next) {
		has_group |= g->gid == a->gid;
		if (!is_member(g, a))
			continue;
		host_add(set, &groups, g->name);
		if (is_root_group(g->name))
			host_add(set, &ways, posture_printf(set, "group %s", g->name));
	}
	for (const struct host_root_grant *grant = a->uid ? t->users->root_grants : NULL; grant; grant = grant->next)
		if (is_granted(t, a, grant->who))
			host_add(set, &ways, grant->what);
	if (t->why_no_groups)
		posture_set_unknown(r, MODEL_F_ACCOUNT_HAS_GROUP, t->why_no_groups);
	else
		posture_set_bool(r, MODEL_F_ACCOUNT_HAS_GROUP, has_group);
	host_set_list(r, MODEL_F_ACCOUNT_GROUPS, &groups);
	if (t->users->why_no_sudoers && !ways.n)
		posture_set_unknown(r, MODEL_F_ACCOUNT_ROOT_WAYS, t->users->why_no_sudoers);
	else
		host_set_list(r, MODEL_F_ACCOUNT_ROOT_WAYS, &ways);
}

/* Of a file in somebody's home: who else can change it. */
static const char *others_write(struct posture_set *set, const char *path, int64_t uid)
{
	struct host_stat st = host_stat(set, path, false);

	if (st.error || st.is_link)
		return NULL;
	if (st.uid != 0 && st.uid != (uint64_t)uid)
		return posture_printf(set, "%s (owner %u)", path, st.uid);
	return st.mode & 022 ? posture_printf(set, "%s (mode %04o)", path, st.mode & 07777) : NULL;
}

static void set_home(struct posture_record *r, const struct account *a)
{
	struct posture_set *set = r->set;
	struct host_stat st = host_stat(set, a->home, true);
	struct host_list_of_texts bad = { 0 };
	struct host_names names;
	const char *keys;

	if (st.error)
		posture_set_text(r, MODEL_F_ACCOUNT_HOME_PROBLEM, "missing");
	else if (st.uid != (uint64_t)a->uid && st.uid != 0)
		posture_set_text(r, MODEL_F_ACCOUNT_HOME_PROBLEM, posture_printf(set, "it belongs to %u", st.uid));
	else if (st.mode & 027)
		posture_set_text(r, MODEL_F_ACCOUNT_HOME_PROBLEM, posture_printf(set, "mode %04o", st.mode & 07777));
	names = st.error ? (struct host_names){ 0 } : host_list(set, a->home);
	for (size_t i = 0; i < names.n; i++) {
		const char *path, *who;

		if (names.names[i][0] != '.')
			continue;
		path = posture_printf(set, "%s/%s", a->home, names.names[i]);
		for (size_t k = 0; k < ARRAY_LEN(bad_dot_files); k++)
			if (strcmp(names.names[i], bad_dot_files[k]) == 0)
				host_add(set, &bad, path);
		who = others_write(set, path, a->uid);
		if (who)
			host_add(set, &bad, who);
	}
	if (names.why)
		posture_set_unknown(r, MODEL_F_ACCOUNT_DOT_FILES, names.why);
	else
		host_set_list(r, MODEL_F_ACCOUNT_DOT_FILES, &bad);
	keys = others_write(set, posture_printf(set, "%s/.ssh", a->home), a->uid);
	if (!keys)
		keys = others_write(set, posture_printf(set, "%s/.ssh/authorized_keys", a->home), a->uid);
	posture_set_text(r, MODEL_F_ACCOUNT_KEY_PROBLEM, keys);
}

static void account_record(const struct tables *t, const struct account *a, int64_t uid_min)
{
	struct posture_set *set = t->users->set;
	struct posture_record *r = posture_record_new(set, MODEL_KIND_HOST_ACCOUNT, NULL, posture_printf(set, "account %s", a->name),
						      (struct posture_place){ .file = "/etc/passwd", .line = a->line });
	struct host_list_of_texts same = { 0 };
	bool is_system = a->uid < uid_min || a->uid == 65534;

	posture_set_text(r, MODEL_F_ACCOUNT_NAME, a->name);
	posture_set_bool(r, MODEL_F_ACCOUNT_IS_LEGACY, *a->name == '+');
	if (*a->name == '+' || *a->name == '-')
		return;
	posture_set_uint(r, MODEL_F_ACCOUNT_UID, (uint64_t)a->uid);
	posture_set_uint(r, MODEL_F_ACCOUNT_GID, (uint64_t)a->gid);
	posture_set_text(r, MODEL_F_ACCOUNT_HOME, a->home);
	posture_set_text(r, MODEL_F_ACCOUNT_SHELL, a->shell);
	posture_set_bool(r, MODEL_F_ACCOUNT_CAN_LOG_IN, can_log_in(a->shell));
	posture_set_bool(r, MODEL_F_ACCOUNT_IS_SYSTEM, is_system);
	for (const struct account *b = t->accounts; b; b = b->next)
		if (b != a && (b->uid == a->uid || strcmp(b->name, a->name) == 0))
			host_add(set, &same, posture_printf(set, "%s (%lld)", b->name, (long long)b->uid));
	host_set_list(r, MODEL_F_ACCOUNT_DUPLICATES, &same);
	set_password(r, t, a);
	set_groups_and_ways(r, t, a);
	if (can_log_in(a->shell) && !is_system)
		set_home(r, a);
}

static void group_record(const struct tables *t, const struct group *g, const char *gshadow)
{
	struct posture_set *set = t->users->set;
	struct posture_record *r = posture_record_new(set, MODEL_KIND_HOST_GROUP, NULL, posture_printf(set, "group %s", g->name),
						      (struct posture_place){ .file = "/etc/group", .line = g->line });
	struct host_list_of_texts members = { 0 }, same = { 0 };
	const char *start = posture_printf(set, "\n%s:", g->name), *at = gshadow ? strstr(gshadow, start) : NULL;

	posture_set_text(r, MODEL_F_ACCOUNT_GROUP_NAME, g->name);
	posture_set_uint(r, MODEL_F_ACCOUNT_GROUP_GID, (uint64_t)g->gid);
	for (const struct account *a = t->accounts; a; a = a->next)
		if (is_member(g, a))
			host_add(set, &members, a->name);
	for (const struct group *b = t->groups; b; b = b->next)
		if (b != g && (b->gid == g->gid || strcmp(b->name, g->name) == 0))
			host_add(set, &same, posture_printf(set, "%s (%lld)", b->name, (long long)b->gid));
	host_set_list(r, MODEL_F_ACCOUNT_GROUP_MEMBERS, &members);
	host_set_list(r, MODEL_F_ACCOUNT_GROUP_DUPLICATES, &same);
	posture_set_bool(r, MODEL_F_ACCOUNT_GROUP_HAS_PASSWORD, at && !strchr("!*:", at[strlen(start)]));
	posture_set_bool(r, MODEL_F_ACCOUNT_GROUP_IS_ROOT_WAY, is_root_group(g->name));
}

void host_accounts(struct host_users *users)
{
	struct tables t = { .users = users };
	const char *min = host_login_def(users->set, "UID_MIN", NULL), *why;
	char *gshadow = host_read(users->set, "/etc/gshadow", HOST_FILE_BYTES_MAX, &why);
	int64_t uid_min = 1000;

	if (min && !host_number(min, &uid_min))
		uid_min = 1000;
	if (gshadow)
		gshadow = arena_printf(&users->set->arena, "\n%s", gshadow);
	read_accounts(&t);
	read_groups(&t);
	read_shadow(&t);
	for (const struct account *a = t.accounts; a; a = a->next)
		account_record(&t, a, uid_min);
	for (const struct group *g = t.groups; g; g = g->next)
		group_record(&t, g, gshadow);
}
