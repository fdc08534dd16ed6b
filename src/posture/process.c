/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/process.h"

#include "base/file.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SOCKETS_OF_PROCESS_MAX = 4096, LISTEN_STATE = 0x0A };

static unsigned number_of(const char *name)
{
	char *end;
	unsigned long n = strtoul(name, &end, 10);

	return *end || name[0] < '1' || name[0] > '9' || n > 1u << 30 ? 0 : (unsigned)n;
}

/* Short-lived reads do not stay in the set's arena. */
static int read_short(struct posture_set *set, const char *path, char *buf, size_t size)
{
	_cleanup_close_ int fd = posture_open(set, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = read(fd, buf, size - 1);
	if (n < 0)
		return -errno;
	buf[n] = '\0';
	return (int)n;
}

void posture_processes(struct posture_set *set, void (*each)(void *data, unsigned pid, const char *comm), void *data)
{
	int fd = posture_open(set, "/proc", O_RDONLY | O_DIRECTORY);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	unsigned n = 0;

	if (!dir) {
		fd_close_at(&fd);
		return;
	}
	while ((entry = readdir(dir)) && n < POSTURE_PROCESSES_MAX) {
		unsigned pid = number_of(entry->d_name);
		char path[64], comm[POSTURE_COMM_BYTES];

		if (!pid)
			continue;
		n++;
		snprintf(path, sizeof(path), "/proc/%u/comm", pid);
		if (read_short(set, path, comm, sizeof(comm)) <= 0)
			continue;
		comm[strcspn(comm, "\n")] = '\0';
		each(data, pid, comm);
	}
	closedir(dir);
}

int posture_process_read(struct posture_set *set, unsigned pid, const char *name, char **ret_text, size_t *ret_len,
			 struct err *err)
{
	return posture_read(set, posture_printf(set, "/proc/%u/%s", pid, name), POSTURE_PROC_FILE_BYTES_MAX, ret_text, ret_len,
			    err);
}

int posture_process_command(struct posture_set *set, unsigned pid, const char *const **ret_argv, size_t *ret_argc,
			    struct err *err)
{
	const char **argv;
	size_t len, n = 0, argc = 0;
	char *text;
	int r = posture_process_read(set, pid, "cmdline", &text, &len, err);

	if (r < 0)
		return r;
	if (len > POSTURE_COMMAND_BYTES_MAX)
		len = POSTURE_COMMAND_BYTES_MAX;
	for (size_t i = 0; i < len; i++)
		n += text[i] == '\0';
	if (n > POSTURE_ARGUMENTS_MAX)
		n = POSTURE_ARGUMENTS_MAX;
	argv = posture_alloc(set, (n + 2) * sizeof(*argv));
	if (!argv)
		return err_set(err, -E2BIG, "too much was read");
	for (size_t i = 0; i < len && argc <= n; i += strlen(text + i) + 1)
		argv[argc++] = text + i;
	*ret_argv = argv;
	*ret_argc = argc;
	return 0;
}

const char *posture_process_env(struct posture_set *set, unsigned pid, const char *name)
{
	size_t len, n = strlen(name);
	char *text;

	if (posture_process_read(set, pid, "environ", &text, &len, NULL) < 0)
		return NULL;
	for (size_t i = 0; i < len; i += strlen(text + i) + 1)
		if (strncmp(text + i, name, n) == 0 && text[i + n] == '=')
			return text + i + n + 1;
	return NULL;
}

/* The text behind "Name:" at the start of a line; NULL. */
static const char *line_of(const char *text, const char *name)
{
	size_t n = strlen(name);

	for (const char *line = text; line && *line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL)
		if (strncmp(line, name, n) == 0 && line[n] == ':')
			return line + n + 1;
	return NULL;
}

/* Second number of "Uid:\treal\teffective\tsaved\tfs". */
static uint64_t second_number(const char *text)
{
	char *end;

	if (!text)
		return 0;
	strtoull(text, &end, 10);
	return strtoull(end, NULL, 10);
}

static uint64_t last_number(const char *text)
{
	uint64_t n = 0;
	char *end = (char *)text;

	while (text && *end && *end != '\n') {
		const char *p = end + strspn(end, "\t ");

		if (*p == '\n' || !*p)
			break;
		n = strtoull(p, &end, 10);
		if (end == p)
			break;
	}
	return n;
}

static uint64_t number_at(const char *text, int base)
{
	return text ? strtoull(text, NULL, base) : 0;
}

int posture_process_status(struct posture_set *set, unsigned pid, struct posture_process_status *ret, struct err *err)
{
	char path[64], text[8192];
	int r;

	snprintf(path, sizeof(path), "/proc/%u/status", pid);
	r = read_short(set, path, text, sizeof(text));
	if (r < 0)
		return err_set_os(err, r, "read %s", path);
	if (!line_of(text, "Uid"))
		return err_set(err, -EBADMSG, "%s has no user id", path);
	*ret = (struct posture_process_status){
		.uid = second_number(line_of(text, "Uid")),
		.gid = second_number(line_of(text, "Gid")),
		.parent = number_at(line_of(text, "PPid"), 10),
		.ns_pid = last_number(line_of(text, "NSpid")),
		.caps_effective = number_at(line_of(text, "CapEff"), 16),
		.caps_permitted = number_at(line_of(text, "CapPrm"), 16),
		.caps_bounding = number_at(line_of(text, "CapBnd"), 16),
		.no_new_privs = (unsigned)number_at(line_of(text, "NoNewPrivs"), 10),
		.seccomp = (unsigned)number_at(line_of(text, "Seccomp"), 10),
		.has_no_new_privs = line_of(text, "NoNewPrivs") != NULL,
		.has_seccomp = line_of(text, "Seccomp") != NULL,
		.has_caps = line_of(text, "CapEff") != NULL,
	};
	return 0;
}

int posture_process_namespace(struct posture_set *set, unsigned pid, const char *name, uint64_t *ret_inode)
{
	char path[96], target[64];
	const char *open;
	_cleanup_close_ int dir = -1;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%u/ns", pid);
	dir = posture_open(set, path, O_PATH | O_DIRECTORY);
	if (dir < 0)
		return dir;
	n = readlinkat(dir, name, target, sizeof(target) - 1);
	if (n < 0)
		return -errno;
	target[n] = '\0';
	open = strchr(target, '[');                      /* "net:[4026531840]" */
	if (!open)
		return -EBADMSG;
	*ret_inode = strtoull(open + 1, NULL, 10);
	return 0;
}

/* ---- listening sockets: /proc/PID/net/tcp, tcp6 and /proc/PID/fd ---- */

static size_t sockets_of(struct posture_set *set, unsigned pid, uint64_t *inodes, size_t max)
{
	char path[64], target[64];
	struct dirent *entry;
	DIR *dir;
	int fd;
	size_t n = 0;

	snprintf(path, sizeof(path), "/proc/%u/fd", pid);
	fd = posture_open(set, path, O_RDONLY | O_DIRECTORY);
	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (!dir) {
		fd_close_at(&fd);
		return 0;
	}
	while (n < max && (entry = readdir(dir))) {
		ssize_t len = readlinkat(dirfd(dir), entry->d_name, target, sizeof(target) - 1);

		if (len <= 8)
			continue;
		target[len] = '\0';
		if (strncmp(target, "socket:[", 8) == 0)
			inodes[n++] = strtoull(target + 8, NULL, 10);
	}
	closedir(dir);
	return n;
}

/* "0100007F:0947" or 32 hex digits: words in the machine's byte order (net/ipv4/tcp_ipv4.c, get_tcp4_sock). */
static const char *address_text(struct posture_set *set, const char *hex)
{
	char text[INET6_ADDRSTRLEN];
	const char *colon = strchr(hex, ':');
	size_t n_words = colon ? (size_t)(colon - hex) / 8 : 0;
	uint32_t words[4];

	if (n_words != 1 && n_words != 4)
		return NULL;
	for (size_t i = 0; i < n_words; i++) {
		char word[9];

		memcpy(word, hex + i * 8, 8);
		word[8] = '\0';
		words[i] = (uint32_t)strtoul(word, NULL, 16);
	}
	inet_ntop(n_words == 1 ? AF_INET : AF_INET6, words, text, sizeof(text));
	return posture_printf(set, n_words == 1 ? "%s:%lu" : "[%s]:%lu", text, strtoul(colon + 1, NULL, 16));
}

static bool is_among(const uint64_t *inodes, size_t n, uint64_t inode)
{
	for (size_t i = 0; i < n; i++)
		if (inodes[i] == inode)
			return true;
	return false;
}

static size_t listens_of(struct posture_set *set, unsigned pid, const char *file, const uint64_t *inodes, size_t n_inodes,
			 const char **ret, size_t n, size_t max)
{
	char *text, *line;
	size_t len;

	if (posture_process_read(set, pid, file, &text, &len, NULL) < 0)
		return n;
	for (line = strchr(text, '\n'); line && n < max; line = strchr(line + 1, '\n')) {
		char local[64];
		unsigned state = 0;
		unsigned long long inode = 0;

		/* sl local remote st tx:rx tr:when retrnsmt uid timeout inode */
		if (sscanf(line, " %*u: %63s %*s %x %*s %*s %*s %*u %*u %llu", local, &state, &inode) == 3 && state == LISTEN_STATE &&
		    is_among(inodes, n_inodes, inode) && address_text(set, local))
			ret[n++] = address_text(set, local);
	}
	return n;
}

size_t posture_process_listens(struct posture_set *set, unsigned pid, const char **ret, size_t max)
{
	_cleanup_free_ uint64_t *inodes = mem_array(SOCKETS_OF_PROCESS_MAX, sizeof(*inodes));
	size_t n_inodes = sockets_of(set, pid, inodes, SOCKETS_OF_PROCESS_MAX), n;

	n = listens_of(set, pid, "net/tcp", inodes, n_inodes, ret, 0, max);
	return listens_of(set, pid, "net/tcp6", inodes, n_inodes, ret, n, max);
}
