/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_TESTS_POSTURE_MACHINE_H
#define PARKA_TESTS_POSTURE_MACHINE_H
/* A machine made of a directory: files are put below it, collectors look at it, checks are asked. */
#include "base/file.h"
#include "posture/audit.h"
#include "posture/judge.h"
#include "data_dir.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <sys/stat.h>
#include <unistd.h>

struct machine {
	char root[64];
	struct posture_set *set;
	struct posture_checks *checks;
	struct posture_results results;
};

__attribute__((unused)) static void machine_start(struct machine *m)
{
	*m = (struct machine){ 0 };
	snprintf(m->root, sizeof(m->root), "/tmp/parka-machine-XXXXXX");
	if (!mkdtemp(m->root))
		abort();
}

__attribute__((unused)) static int machine_remove(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

__attribute__((unused)) static void machine_stop(struct machine *m)
{
	posture_results_done(&m->results);
	posture_checks_free(m->checks);
	posture_set_free(m->set);
	nftw(m->root, machine_remove, 16, FTW_DEPTH | FTW_PHYS);
}

__attribute__((unused)) static const char *machine_path(struct machine *m, const char *path)
{
	static char full[4096];

	snprintf(full, sizeof(full), "%s%s", m->root, path);
	return full;
}

__attribute__((unused)) static void machine_put_bytes(struct machine *m, const char *path, const char *bytes, size_t len, mode_t mode)
{
	char dir[4096];
	int fd;

	snprintf(dir, sizeof(dir), "%s", machine_path(m, path));
	*strrchr(dir, '/') = '\0';
	file_make_dirs(dir, 0755, NULL);
	fd = open(machine_path(m, path), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || fd_write_all(fd, bytes, len) < 0)
		abort();
	fchmod(fd, mode);
	close(fd);
}

__attribute__((unused)) static void machine_put(struct machine *m, const char *path, const char *text)
{
	machine_put_bytes(m, path, text, strlen(text), 0644);
}

__attribute__((unused)) static void machine_link(struct machine *m, const char *path, const char *target)
{
	char dir[4096];

	snprintf(dir, sizeof(dir), "%s", machine_path(m, path));
	*strrchr(dir, '/') = '\0';
	file_make_dirs(dir, 0755, NULL);
	if (symlink(target, machine_path(m, path)) < 0)
		abort();
}

/* A process: words of its command line, blanks between; environment likewise. */
__attribute__((unused)) static void machine_process(struct machine *m, unsigned pid, const char *comm, const char *command, const char *environment,
						    const char *status)
{
	static const char *const ns[] = { "mnt", "pid", "net", "ipc", "uts", "cgroup", "user" };
	char path[128], text[4096], target[64];
	size_t n;

	snprintf(path, sizeof(path), "/proc/%u/comm", pid);
	snprintf(text, sizeof(text), "%s\n", comm);
	machine_put(m, path, text);
	for (int i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "/proc/%u/%s", pid, i ? "environ" : "cmdline");
		n = (size_t)snprintf(text, sizeof(text), "%s", i ? environment : command);
		for (size_t k = 0; k < n; k++)
			if (text[k] == ' ')
				text[k] = '\0';
		machine_put_bytes(m, path, text, n ? n + 1 : 0, 0644);
	}
	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	machine_put(m, path, status);
	for (size_t i = 0; i < sizeof(ns) / sizeof(ns[0]); i++) {
		snprintf(path, sizeof(path), "/proc/%u/ns/%s", pid, ns[i]);
		snprintf(target, sizeof(target), "%s:[%zu]", ns[i], 4026531830 + i);
		machine_link(m, path, target);
	}
}

__attribute__((unused)) static void machine_audit(struct machine *m, const char *part)
{
	posture_set_free(m->set);
	m->set = posture_set_new(m->root);
	CHECK_INT(posture_audit(m->set, &part, 1, NULL, NULL), 0);
}

/* The status of a check for the record of that name (a part of it will do); -1: it was not asked. */
__attribute__((unused)) static int machine_status(struct machine *m, const char *check, const char *name)
{
	struct posture_options options = { .keep_passes = true, .only = &check, .n_only = 1 };
	struct err err = ERR_INIT;

	if (!m->checks) {
		m->checks = posture_checks_new();
		if (!CHECK_MSG(posture_checks_load(m->checks, checks_dir(), &err) >= 0, "%s", err.text))
			return -1;
	}
	posture_results_done(&m->results);
	if (!CHECK_MSG(posture_judge(m->set, m->checks, &options, &m->results, &err) >= 0, "%s", err.text))
		return -1;
	for (size_t i = 0; i < m->results.n; i++)
		if (strstr(m->results.findings[i].record->name, name))
			return m->results.findings[i].status;
	return -1;
}

#endif
