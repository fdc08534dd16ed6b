/* SPDX-License-Identifier: Apache-2.0 */
/* Machines recorded as trees (data/host, .tree): each check of the host must fail on a bad one and pass on the good one. */
#include "base/file.h"
#include "posture/host/firewall.h"
#include "posture/host/host.h"
#include "posture/judge.h"
#include "data_dir.h"
#include "tap.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHECKS_MAX = 4096 };

static struct err err;
static struct posture_checks *checks;
static struct { bool fails, passes; } seen[CHECKS_MAX];

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

static void remove_tree(const char *root)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void make_parents(const char *path)
{
	char copy[PATH_MAX];

	snprintf(copy, sizeof(copy), "%s", path);
	for (char *p = copy + 1; *p; p++)
		if (*p == '/') {
			*p = '\0';
			mkdir(copy, 0755);
			*p = '/';
		}
}

static void write_node(const char *root, const char *line, const char *text, size_t len)
{
	char path[512], target[512] = "", full[PATH_MAX];
	unsigned mode = 0644;
	int n = sscanf(line, "== %511s %o -> %511s", path, &mode, target);
	int fd;

	snprintf(full, sizeof(full), "%s%s", root, path);
	make_parents(full);
	if (n == 3) {
		CHECK_INT(symlink(target, full), 0);
		return;
	}
	if (full[strlen(full) - 1] == '/') {
		CHECK(mkdir(full, 0755) == 0 || errno == EEXIST);
	} else {
		fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		CHECK(fd >= 0 && fd_write_all(fd, text, len) == 0);
		close(fd);
	}
	CHECK(n < 2 || chmod(full, mode) == 0);
}

/* "== PATH [MODE] [-> TARGET]" begins a file, a directory (PATH/) or a link; what follows is its text. */
static void unpack(const char *name, char *root)
{
	_cleanup_free_ char *path = NULL;
	struct arena arena;
	char *text = NULL;
	size_t len;

	memcpy(root, "/tmp/parka-host-XXXXXX", sizeof("/tmp/parka-host-XXXXXX"));
	arena_init(&arena, 0);
	err = ERR_INIT;
	if (!CHECK(mkdtemp(root)) || asprintf(&path, "%s/host/%s.tree", data_dir(), name) < 0)
		return;
	if (file_read(path, 1 << 20, &arena, &text, &len, &err) < 0)
		CHECK_STR(err.text, "");
	for (char *at = text ? strstr(text, "== ") : NULL; at;) {
		char *body = strchr(at, '\n'), *next = body ? strstr(body, "\n== ") : NULL;

		if (!body)
			break;
		*body++ = '\0';
		write_node(root, at, body, next ? (size_t)(next + 1 - body) : strlen(body));
		at = next ? next + 1 : NULL;
	}
	arena_done(&arena);
}

static struct posture_set *audit(const char *name)
{
	char root[64];
	struct posture_set *set;

	unpack(name, root);
	set = posture_set_new(root);
	for (const struct posture_collector *const *c = posture_collectors; *c; c++) {
		static const struct posture_collector *const ours[] = {
			&host_kernel_collector, &host_users_collector, &host_ssh_collector, &host_files_collector, &host_services_collector,
			&host_network_collector, &host_processes_collector, &host_logging_collector, &host_updates_collector,
		};
		for (size_t i = 0; i < ARRAY_LEN(ours); i++)
			if (*c == ours[i])
				(*c)->collect(set, NULL);
	}
	remove_tree(root);
	return set;
}

static void load_checks(void)
{
	if (checks)
		return;
	checks = posture_checks_new();
	err = ERR_INIT;
	if (posture_checks_load(checks, checks_dir(), &err) < 0)
		CHECK_STR(err.text, "");
}

/* Judge the machine, and remember what failed and what passed on it. */
static void judge(const char *name)
{
	static const char *const profiles[] = { "strict", "hardened", "no-containers" };
	struct posture_options options = { .profiles = profiles, .n_profiles = 3, .keep_passes = true };
	struct posture_results results = { 0 };
	struct posture_set *set;

	load_checks();
	set = audit(name);
	err = ERR_INIT;
	if (posture_judge(set, checks, &options, &results, &err) < 0)
		CHECK_STR(err.text, "");
	for (size_t i = 0; i < results.n; i++) {
		const struct posture_finding *f = &results.findings[i];

		seen[f->check->index].fails |= f->status == POSTURE_FAIL;
		seen[f->check->index].passes |= f->status == POSTURE_PASS;
		if (getenv("VERBOSE") && (f->status == POSTURE_FAIL || f->status == POSTURE_UNKNOWN) && strncmp(f->check->id, "host-", 5) == 0)
			printf("# %s: %s %s: %s\n", name, posture_status_name(f->status), f->check->id, f->status == POSTURE_FAIL ? f->output : f->reason);
		CHECK_MSG(!strstr(name, "good") || f->status != POSTURE_FAIL || strncmp(f->check->id, "host-", 5) != 0,
			  "%s fails %s: %s", name, f->check->id, f->output);
	}
	if (strcmp(name, "good") == 0)
		CHECK_INT(set->n_problems, 0);
	for (const struct posture_problem *p = set->problems; p && strcmp(name, "good") == 0; p = p->next)
		printf("# %s:%u: %s\n", p->place.file, p->place.line, p->what);
	posture_results_done(&results);
	posture_set_free(set);
}

/* What a tree of files cannot be: the test may not be root, and has one owner for all. */
static const char *const not_in_trees[] = {
	"host-setid-capabilities",           /* file capabilities take root */
	"host-setid-unknown", "host-writable-unowned",
	"host-process-contained-capabilities", "host-process-replaced",      /* links of /proc are no ordinary ones */
	"host-process-capabilities",
	"host-account-home-owner",           /* a file of another owner */
	NULL,
};

static bool is_excepted(const char *id)
{
	for (size_t i = 0; not_in_trees[i]; i++)
		if (strcmp(not_in_trees[i], id) == 0)
			return true;
	return false;
}

TEST(every_check_of_the_host_fails_on_a_bad_machine_and_passes_on_a_good_one)
{
	judge("bad");
	judge("bad-too");
	judge("empty");
	judge("good");
	for (size_t i = 0; i < posture_checks_count(checks); i++) {
		const struct posture_check *c = posture_checks_at(checks, i);

		if (strncmp(c->id, "host-", 5) != 0 || is_excepted(c->id))
			continue;
		CHECK_MSG(seen[c->index].fails, "%s fails nowhere", c->id);
		CHECK_MSG(seen[c->index].passes, "%s passes nowhere", c->id);
	}
}

static const struct posture_record *record(const struct posture_set *set, enum model_kind_id kind, const char *name)
{
	for (const struct posture_record *r = set->first[kind]; r; r = r->next)
		if (strcmp(r->name, name) == 0)
			return r;
	return NULL;
}

static const char *text_of(const struct posture_record *r, enum model_field_id field)
{
	const struct posture_value *v = r ? posture_value_of(r, field) : NULL;

	return v && v->state == MODEL_SET ? v->value.text : NULL;
}

static bool has(const struct posture_record *r, enum model_field_id field, const char *item)
{
	const struct posture_value *v = r ? posture_value_of(r, field) : NULL;

	for (size_t i = 0; v && v->state == MODEL_SET && i < v->value.n; i++)
		if (strcmp(v->value.list[i].text, item) == 0)
			return true;
	return false;
}

TEST(an_empty_directory_is_unknown_and_never_passed_where_a_kernel_would_answer)
{
	struct posture_set *set = audit("empty");
	const struct posture_record *kernel = set->first[MODEL_KIND_KERNEL];

	if (!CHECK(kernel))
		return;
	CHECK_INT(posture_value_of(kernel, MODEL_F_KERNEL_UNPRIVILEGED_USERNS)->state, MODEL_UNKNOWN);
	CHECK_INT(posture_value_of(kernel, MODEL_F_KERNEL_LSMS)->state, MODEL_UNKNOWN);
	CHECK_INT(posture_value_of(record(set, MODEL_KIND_SYSCTL, "sysctl kernel.kptr_restrict"), MODEL_F_SYSCTL_VALUE)->state, MODEL_UNKNOWN);
	CHECK_INT(posture_value_of(record(set, MODEL_KIND_HOST_SOFTWARE, "software samba"), MODEL_F_SOFTWARE_IS_RUNNING)->state, MODEL_UNKNOWN);
	CHECK_INT(posture_value_of(record(set, MODEL_KIND_HOST_FILESYSTEM, "mount /tmp"), MODEL_F_FILESYSTEM_IS_SEPARATE)->state, MODEL_UNKNOWN);
	CHECK(!set->first[MODEL_KIND_SSHD]);
	posture_set_free(set);
}

TEST(sysctl_files_count_by_name_and_the_first_directory_hides_the_others)
{
	struct posture_set *set = audit("sysctl");

	/* /etc hides /usr/lib for a file of the same name; later names win; sysctl.conf is last; patterns lose to names. */
	CHECK_STR(text_of(record(set, MODEL_KIND_SYSCTL, "sysctl kernel.kptr_restrict"), MODEL_F_SYSCTL_CONFIGURED), "2");
	CHECK_STR(text_of(record(set, MODEL_KIND_SYSCTL, "sysctl kernel.dmesg_restrict"), MODEL_F_SYSCTL_CONFIGURED), NULL);
	CHECK_STR(text_of(record(set, MODEL_KIND_SYSCTL, "sysctl kernel.sysrq"), MODEL_F_SYSCTL_CONFIGURED), "9");
	CHECK_STR(text_of(record(set, MODEL_KIND_SYSCTL, "sysctl net.ipv4.conf.all.rp_filter"), MODEL_F_SYSCTL_CONFIGURED), "1");
	CHECK_STR(text_of(record(set, MODEL_KIND_SYSCTL, "sysctl net.ipv4.conf.default.rp_filter"), MODEL_F_SYSCTL_CONFIGURED), "2");
	CHECK_STR(text_of(record(set, MODEL_KIND_SYSCTL, "sysctl net.ipv4.conf.eth0.100.log_martians"), MODEL_F_SYSCTL_CONFIGURED), NULL);
	CHECK_STR(text_of(record(set, MODEL_KIND_SYSCTL, "sysctl net.ipv4.ip_forward"), MODEL_F_SYSCTL_CONFIGURED), "1");
	/* There is no /proc/sys: what is configured stands for it. */
	CHECK_STR(text_of(record(set, MODEL_KIND_SYSCTL, "sysctl net.ipv4.ip_forward"), MODEL_F_SYSCTL_VALUE), "1");
	CHECK_INT(set->n_problems > 0, true);
	posture_set_free(set);
}

TEST(ways_to_root_come_from_groups_and_sudoers_together)
{
	struct posture_set *set = audit("bad");

	CHECK(has(record(set, MODEL_KIND_HOST_ACCOUNT, "account dora"), MODEL_F_ACCOUNT_ROOT_WAYS, "group docker"));
	CHECK(has(record(set, MODEL_KIND_HOST_ACCOUNT, "account dora"), MODEL_F_ACCOUNT_ROOT_WAYS, "sudo vim"));
	CHECK(has(record(set, MODEL_KIND_HOST_ACCOUNT, "account toor"), MODEL_F_ACCOUNT_ROOT_WAYS, "uid 0"));
	CHECK(has(record(set, MODEL_KIND_HOST_ACCOUNT, "account ops"), MODEL_F_ACCOUNT_ROOT_WAYS, "sudo ALL without a password"));
	CHECK(!has(record(set, MODEL_KIND_HOST_ACCOUNT, "account root"), MODEL_F_ACCOUNT_ROOT_WAYS, "sudo ALL"));
	posture_set_free(set);
}

static bool has_problem(const struct posture_set *set, const char *file, const char *what)
{
	for (const struct posture_problem *p = set->problems; p; p = p->next)
		if (strcmp(p->place.file, file) == 0 && strstr(p->what, what))
			return true;
	return false;
}

TEST(files_that_include_themselves_end_and_are_told)
{
	static const char loop[] = "too many files that include each other";
	struct posture_set *set = audit("loops");

	CHECK(has_problem(set, "/etc/ssh/sshd_config", loop));
	CHECK(has_problem(set, "/etc/sudoers", loop));
	CHECK(has_problem(set, "/etc/pam.d/login", loop));
	CHECK(has_problem(set, "/etc/pam.d/su", loop));
	CHECK(has_problem(set, "/etc/crontab", "expected a schedule, a user and a command"));
	/* What stands beside the include still counts. */
	CHECK_STR(text_of(record(set, MODEL_KIND_SSHD, "SSH server"), MODEL_F_SSHD_PERMITROOTLOGIN), "no");
	CHECK(set->first[MODEL_KIND_SUDO_GRANT]);
	posture_set_free(set);
}

TEST(answers_of_nf_tables_are_read_and_cut_ones_are_an_error)
{
	/* One message NFT_MSG_NEWCHAIN of inet: type filter, hook input, policy drop; then NLMSG_DONE. */
	static const unsigned char answer[] = {
		72, 0, 0, 0, 0x03, 0x0a, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* nlmsghdr: len, NFT_MSG_NEWCHAIN | NFNL_SUBSYS_NFTABLES << 8 */
		1, 0, 0, 0,                                            /* nfgenmsg: NFPROTO_INET */
		20, 0, 4, 0x80, 8, 0, 1, 0, 0, 0, 0, 1, 8, 0, 2, 0, 0, 0, 0, 0,   /* hook: number 1, priority 0 */
		8, 0, 5, 0, 0, 0, 0, 0,                                /* policy: NF_DROP */
		11, 0, 7, 0, 'f', 'i', 'l', 't', 'e', 'r', 0, 0,       /* type */
		12, 0, 1, 0, 'a', 'b', 'c', 'd', 'e', 'f', 'g', 0,     /* table */
		16, 0, 0, 0, 3, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0,       /* NLMSG_DONE */
	};
	struct host_chains chains = { 0 };
	int error;

	CHECK(host_chains_parse(&chains, answer, sizeof(answer), &error));
	CHECK_INT(error, 0);
	CHECK_INT(chains.n_chains, 1);
	CHECK(chains.has_input && chains.drops_input && !chains.has_forward);
	for (size_t len = 1; len < sizeof(answer); len++) {
		_cleanup_free_ unsigned char *cut = mem_alloc(len);

		memcpy(cut, answer, len);
		chains = (struct host_chains){ 0 };
		error = 0;
		CHECK_MSG(!host_chains_parse(&chains, cut, len, &error) || error == -EBADMSG, "cut to %zu", len);
	}
}

TAP_MAIN()
