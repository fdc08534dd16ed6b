/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_HOST_KERNEL_INTERNAL_H
#define PARKA_POSTURE_HOST_KERNEL_INTERNAL_H
/* What the files of the kernel's collector share. */
#include "base/map.h"
#include "posture/host/host.h"

enum { HOST_CONFIG_BYTES_MAX = 8 << 20 };      /* of a kernel's build configuration, unpacked */

struct host_kernel {
	struct posture_set *set;
	const char *release;         /* uname -r; NULL when /proc does not say */
	const char *why_no_release;
	struct map config;           /* CONFIG_X -> its value without quotes; "n" for "is not set" */
	const char *config_file;     /* NULL: none was found */
	const char *why_no_config;
	const char **cmdline;
	size_t n_cmdline;
	const char *why_no_cmdline;  /* NULL: it was read */
};

void host_kernel_config_read(struct host_kernel *k);
/* NULL: the configuration does not mention it. */
const char *host_kernel_config(const struct host_kernel *k, const char *name);
/* The last value of a parameter: "" when it has none, NULL when it is not there. - and _ are the same. */
const char *host_kernel_parameter(const struct host_kernel *k, const char *name);

/* What a sysctl is now; NULL with *ret_why NULL: this kernel has none of that name. */
const char *host_sysctl(struct posture_set *set, const char *name, const char **ret_why);

struct host_sysctl_setting {
	struct host_sysctl_setting *next;    /* the newest first: the first that is found counts */
	const char *key, *value;
	struct posture_place place;
};
/* Settings of a file of sysctl.d(5) before those of `list`; the text is cut up. Problems go to the set. */
struct host_sysctl_setting *host_sysctl_parse(struct posture_set *set, struct host_sysctl_setting *list, const char *file, char *text);
/* By name before by pattern. NULL: not set. */
const struct host_sysctl_setting *host_sysctl_find(const struct host_sysctl_setting *list, const char *name);

void host_kernel_options(struct host_kernel *k);
void host_sysctls(struct host_kernel *k);
void host_modules(struct host_kernel *k);

#endif
