/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_HOST_SSHD_CONFIG_H
#define PARKA_POSTURE_HOST_SSHD_CONFIG_H
/*
 * sshd_config(5) as OpenSSH reads it: Include and Match resolved, every setting with its place.
 *
 * The first value of a keyword counts, in the global part and among the Match blocks that hold; what a block says comes before
 * the global part. An Include in a block holds only there, and a Match in an included file ends with that file
 * (openssh-portable servconf.c, sInclude). A block is here what it says; whether it holds depends on the connection.
 */
#include "posture/host/host.h"

struct sshd_match {
	const struct sshd_match *outer;      /* holds only where this one does too; NULL */
	const char *criteria;                /* "user bob address 10.0.0.0/8" */
	bool is_all;
	struct posture_place place;
	unsigned index;                      /* from 1 */
};

struct sshd_setting {
	struct sshd_setting *next;
	const char *keyword;                 /* lower case, today's name */
	const char *const *words;
	size_t n_words;
	const struct sshd_match *match;      /* NULL: global */
	struct posture_place place;
};

struct sshd_config {
	struct posture_set *set;
	struct sshd_setting *settings, *last;
	struct sshd_match **matches;
	unsigned n_matches;
	unsigned n_lines;
};

/* The file and what it includes. Problems (what does not parse, what cannot be read) go to the set. 0, or -errno when the file itself
 * could not be read (-ENOENT: there is none), with *ret_why. */
int sshd_config_read(struct sshd_config *config, const char *path, const char **ret_why);
/* The same of a text, which is cut up. */
void sshd_config_parse(struct sshd_config *config, const char *file, char *text);
/* "Keyword=value" of sshd -o: before everything that is read later. */
void sshd_config_add_option(struct sshd_config *config, char *option, struct posture_place place);

/* The setting that counts for a connection for which `match` holds, and the blocks "Match all" (match NULL: only those). NULL: the
 * default. */
const struct sshd_setting *sshd_config_effective(const struct sshd_config *config, const struct sshd_match *match, const char *keyword);
/* Keywords that add up (AllowUsers): the words of all settings of the part that counts. */
void sshd_config_effective_all(const struct sshd_config *config, const struct sshd_match *match, const char *keyword,
			       struct host_list_of_texts *ret);

/* "1h30m", "90", in seconds; "none" 0. -1: it is none. */
int64_t sshd_config_time(const char *text);

#endif
