/* SPDX-License-Identifier: Apache-2.0 */
/* Options of the kernel against the table of kernel-hardening-checker. */
#include "posture/host/kernel_internal.h"

#include <stdio.h>
#include <string.h>

enum option_type { CONFIG, CMDLINE, SYSCTL };
enum option_group { SELF, POLICY, SURFACE, USERSPACE, NETWORK };
static const char *const type_names[] = { "config", "cmdline", "sysctl" };
static const char *const group_names[] = { "self-protection", "security-policy", "attack-surface", "userspace", "network" };

static const struct option {
	enum option_type type;
	enum option_group group;
	const char *name, *wanted, *alternative;
} options[] = {
#define OPTION(type, group, name, wanted, alternative) { type, group, name, wanted, alternative },
#include "posture/host/kernel_options.def"
#undef OPTION
};

/* "a|b" holds `value`. */
static bool is_one_of(const char *value, const char *wanted)
{
	size_t len = strlen(value);

	for (const char *w = wanted; *w; w += *w == '|') {
		size_t n = strcspn(w, "|");

		if (n == len && strncmp(w, value, n) == 0)
			return true;
		w += n;
	}
	return false;
}

static bool holds_part(const char *value, const char *wanted)
{
	char part[64];

	snprintf(part, sizeof(part), "%.*s", (int)strlen(wanted) - 2, wanted + 1);
	return strstr(value, part);
}

/* Whether the value is what is wanted; value NULL: there is none. */
static bool is_wanted(const char *value, const char *wanted)
{
	if (strcmp(wanted, "is not set") == 0)
		return !value || strcmp(value, "n") == 0;
	if (strcmp(wanted, "is not off") == 0)
		return !value || strcmp(value, "off") != 0;
	if (strcmp(wanted, "is present") == 0)
		return value;
	if (wanted[0] == '*')
		return value && holds_part(value, wanted);
	return value && is_one_of(value, wanted);
}

static const char *max_of(struct host_kernel *k, const char *name)
{
	char text[128];

	if (strcmp(name, "vm.mmap_rnd_bits") == 0)
		name = "CONFIG_ARCH_MMAP_RND_BITS";
	if (strcmp(name, "vm.mmap_rnd_compat_bits") == 0)
		name = "CONFIG_ARCH_MMAP_RND_COMPAT_BITS";
	snprintf(text, sizeof(text), "%s_MAX", name);
	return host_kernel_config(k, text);
}

/* What holds without the parameter: "CONFIG_X=y". */
static bool config_gives(struct host_kernel *k, const char *alternative)
{
	char name[128];
	const char *equals = strchr(alternative, '='), *value;

	if (!equals)
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)(equals - alternative), alternative);
	value = host_kernel_config(k, name);
	return strcmp(equals + 1, "n") == 0 ? !value || strcmp(value, "n") == 0 : value && strcmp(value, equals + 1) == 0;
}

static const char *value_of(struct host_kernel *k, const struct option *o, const char **ret_why)
{
	const char *value;

	*ret_why = NULL;
	switch (o->type) {
	case CONFIG:
		*ret_why = k->config_file ? NULL : k->why_no_config;
		value = host_kernel_config(k, o->name);
		return value || !*o->alternative ? value : host_kernel_config(k, o->alternative);
	case CMDLINE:
		*ret_why = k->why_no_cmdline;
		return host_kernel_parameter(k, o->name);
	default:
		return host_sysctl(k->set, o->name, ret_why);
	}
}

static void judge(struct host_kernel *k, struct posture_record *r, const struct option *o, const char *value)
{
	const char *wanted = strcmp(o->wanted, "MAX") == 0 ? max_of(k, o->name) : o->wanted;
	bool by_config;

	if (!wanted) {
		posture_set_unknown(r, MODEL_F_OPTION_HOLDS, "the kernel's configuration does not say what the most is");
		return;
	}
	posture_set_text(r, MODEL_F_OPTION_WANTED, wanted);
	by_config = o->type == CMDLINE && !value && *o->alternative;
	if (by_config && !k->config_file)
		posture_set_unknown(r, MODEL_F_OPTION_HOLDS, k->why_no_config);
	else
		posture_set_bool(r, MODEL_F_OPTION_HOLDS, is_wanted(value, wanted) || (by_config && config_gives(k, o->alternative)));
}

void host_kernel_options(struct host_kernel *k)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++) {
		const struct option *o = &options[i];
		const char *why, *value = value_of(k, o, &why);
		const char *file = o->type == CONFIG ? k->config_file : o->type == CMDLINE ? "/proc/cmdline" : NULL;
		struct posture_record *r = posture_record_new(k->set, MODEL_KIND_KERNEL_OPTION, NULL, o->name,
							      (struct posture_place){ .file = file });

		r->key = posture_printf(k->set, "%s %s %s", type_names[o->type], o->name, o->wanted);
		posture_set_text(r, MODEL_F_OPTION_NAME, o->name);
		posture_set_text(r, MODEL_F_OPTION_TYPE, type_names[o->type]);
		posture_set_text(r, MODEL_F_OPTION_GROUP, group_names[o->group]);
		host_set_text_or(r, MODEL_F_OPTION_VALUE, value, why);
		if (!value && why) {
			posture_set_unknown(r, MODEL_F_OPTION_HOLDS, why);
			continue;
		}
		/* A kernel that does not mention the option is too old or too new for it, or built for something else. */
		posture_set_bool(r, MODEL_F_OPTION_IS_OFFERED, value || o->type == CMDLINE);
		judge(k, r, o, value);
	}
}
