/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_HOST_H
#define PARKA_POSTURE_HOST_H
/*
 * The host and its kernel: collectors of `parka audit`, and what they share.
 *
 * Nothing is started and nothing is changed: files, /proc and /sys are read through posture_open(), so that a directory stands for
 * a machine. What only a running kernel can say (/proc, /sys) is then read from that directory too, and is unknown where it has none.
 *
 * Owners: whoever owns the root directory is root. So a tree unpacked by somebody, or shifted into a user namespace, is judged as
 * it would be on the machine it is of.
 *
 * Thread: one.
 */
#include "base/map.h"
#include "posture/audit.h"

enum {
	HOST_FILE_BYTES_MAX = 4 << 20,        /* of a configuration file */
	HOST_DPKG_BYTES_MAX = 64 << 20,       /* of dpkg's status file */
	HOST_DIR_ENTRIES_MAX = 100000,        /* of one directory; more are left out, with a problem */
	HOST_INCLUDES_MAX = 16,               /* how deep files include files (sshd: SERVCONF_MAX_DEPTH 16; sudoers: 128) */
	HOST_LINES_MAX = 100000,              /* of one configuration with all that it includes */
	HOST_WORDS_MAX = 1024,                /* of one line */
};

extern const struct posture_collector host_kernel_collector, host_users_collector, host_ssh_collector, host_files_collector,
	host_services_collector, host_network_collector, host_processes_collector, host_logging_collector, host_updates_collector;

/* ---- reading (read.c) ---- */
/* The file's text, for the caller to cut up. NULL: it is not there (*ret_why NULL) or could not be read (*ret_why says why). */
char *host_read(struct posture_set *set, const char *path, size_t max_bytes, const char **ret_why);
/* The first line without blanks at its ends; NULL as above. */
const char *host_read_line(struct posture_set *set, const char *path, const char **ret_why);

/* The next line of *cursor, its end cut off; NULL at the end. Without blanks at its ends. */
char *host_next_line(char **cursor);
/* The same without comments (# to the end) and blank lines; counts lines in *number. */
char *host_next_setting(char **cursor, unsigned *number);
/* Cut into words at blanks; at most HOST_WORDS_MAX. The array is in the set's arena. */
const char **host_words(struct posture_set *set, char *line, size_t *ret_n);
/* Cut at a character, items without blanks at their ends; empty ones are left out. */
const char **host_split(struct posture_set *set, char *text, char separator, size_t *ret_n);
/* Cut "key SEPARATOR value" in two; false when there is no separator. Both without blanks. */
bool host_key_value(char *line, char separator, char **ret_key, char **ret_value);
bool host_number(const char *text, int64_t *ret);   /* the whole of it, decimal, 0x or 0 */

struct host_names { const char **names; size_t n; const char *why; };
/* Names in a directory, sorted; n 0 when it is not there, why when it could not be read. Without . and .. */
struct host_names host_list(struct posture_set *set, const char *dir);
/* Files that a pattern means, sorted; * ? [] in any component. */
struct host_names host_glob(struct posture_set *set, const char *pattern);
/* Drop-in files: dirs/NAME.suffix, sorted by NAME; of equal names the first directory's counts (systemd, sysctl.d). */
struct host_names host_drop_ins(struct posture_set *set, const char *const *dirs, size_t n_dirs, const char *suffix);

/* ---- owners and modes (read.c) ---- */
struct host_stat { uint32_t mode, uid, gid; uint64_t inode; bool is_link; int error; };   /* error: 0 or negative errno */
struct host_stat host_stat(const struct posture_set *set, const char *path, bool follow);
/* Of a descriptor, owners as host_stat() tells them. */
struct host_stat host_fstat(const struct posture_set *set, int fd);
/* Who besides root can change what is at the path, by it or a directory above: "/opt (mode 0777)", "/opt/x (owner 1000)". NULL:
 * nobody. Sticky directories count only for themselves being replaced, which they prevent. */
const char *host_writable_by_others(struct posture_set *set, const char *path);
bool host_exists(const struct posture_set *set, const char *path);

/* ---- setting fields ---- */
struct host_list_of_texts { const char **texts; size_t n, size; };
void host_add(struct posture_set *set, struct host_list_of_texts *list, const char *text);
struct posture_value *host_set_list(struct posture_record *record, enum model_field_id field, const struct host_list_of_texts *list);
/* text, or unknown with why; neither: unset. */
struct posture_value *host_set_text_or(struct posture_record *record, enum model_field_id field, const char *text, const char *why);

/* ---- Debian packages (packages.c) ---- */
struct host_packages { struct map versions; const char *why; bool has_dpkg; };   /* of installed packages; why: the list could not be read */
void host_packages_read(struct posture_set *set, struct host_packages *packages);
void host_packages_done(struct host_packages *packages);
const char *host_package_version(const struct host_packages *packages, const char *name);   /* NULL: not installed */

/* ---- systemd units (units.c) ---- */
/* Whether something wants it at boot: a link in some TARGET.wants, TARGET.requires below /etc or /usr/lib. */
bool host_unit_is_enabled(struct posture_set *set, const char *unit);
bool host_unit_is_masked(struct posture_set *set, const char *unit);
const char *host_unit_file(struct posture_set *set, const char *unit);   /* NULL: there is none */

/* ---- processes (processes.c) ---- */
/* Names (comm) of the processes that run; NULL with why when /proc does not say. */
struct host_running { struct map names; const char *why; };
void host_running_read(struct posture_set *set, struct host_running *running);
void host_running_done(struct host_running *running);
bool host_runs(const struct host_running *running, const char *comm);

/* Names of the bits of a set of capabilities, lower case without cap_. */
void host_add_capabilities(struct posture_set *set, struct host_list_of_texts *list, uint64_t bits);
/* A program that starts others or writes files as its user says (gtfobins.github.io). */
bool host_is_escaping_program(const char *name);

#endif
