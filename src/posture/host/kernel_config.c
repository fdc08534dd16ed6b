/* SPDX-License-Identifier: Apache-2.0 */
/* The build configuration of the running kernel and its command line. */
#include "base/gzip.h"
#include "posture/host/kernel_internal.h"

#include <errno.h>
#include <string.h>

static void parse(struct host_kernel *k, char *text)
{
	static const char not_set[] = " is not set";
	char *line;

	while ((line = host_next_line(&text))) {
		char *name = line, *value;

		if (strncmp(line, "# CONFIG_", 9) == 0) {
			char *end = strstr(line, not_set);

			if (!end)
				continue;
			name = line + 2;
			*end = '\0';
			map_put(&k->config, name, strlen(name), (void *)"n");
		} else if (strncmp(line, "CONFIG_", 7) == 0 && host_key_value(line, '=', &name, &value)) {
			size_t len = strlen(value);

			if (len >= 2 && value[0] == '"' && value[len - 1] == '"') {
				value[len - 1] = '\0';
				value++;
			}
			map_put(&k->config, name, strlen(name), value);
		}
	}
}

static bool read_packed(struct host_kernel *k)
{
	struct posture_set *set = k->set;
	struct err err = ERR_INIT;
	char *packed, *text;
	size_t len;
	int r = posture_read(set, "/proc/config.gz", HOST_CONFIG_BYTES_MAX, &packed, &len, &err);

	if (r >= 0)
		r = gzip_unpack(packed, len, HOST_CONFIG_BYTES_MAX, &set->arena, &text, &len, &err);
	if (r < 0) {
		if (r != -ENOENT && r != -ENOTDIR)
			k->why_no_config = posture_printf(set, "/proc/config.gz: %s", err.text);
		return false;
	}
	k->config_file = "/proc/config.gz";
	parse(k, text);
	return true;
}

void host_kernel_config_read(struct host_kernel *k)
{
	static const char *const places[] = { "/boot/config-%s", "/lib/modules/%s/config", "/usr/lib/modules/%s/config" };
	const char *why = NULL;

	if (read_packed(k))
		return;
	for (size_t i = 0; i < ARRAY_LEN(places) && k->release; i++) {
		const char *path = posture_printf(k->set, "%.*s%s%s", (int)(strchr(places[i], '%') - places[i]), places[i], k->release,
						  strchr(places[i], '%') + 2);
		char *text = host_read(k->set, path, HOST_CONFIG_BYTES_MAX, &why);

		if (text) {
			k->config_file = path;
			k->why_no_config = NULL;
			parse(k, text);
			return;
		}
		if (why)
			k->why_no_config = why;
	}
	if (!k->why_no_config)
		k->why_no_config = k->release ? posture_printf(k->set, "there is no /proc/config.gz and no /boot/config-%s", k->release) :
						"there is no /proc/config.gz, and the kernel's release is not known";
}

const char *host_kernel_config(const struct host_kernel *k, const char *name)
{
	return map_get(&k->config, name, strlen(name));
}

/* The kernel takes - for _ in names of parameters (parameqn() in kernel/params.c). */
static bool is_parameter(const char *word, const char *name)
{
	for (; *name; word++, name++)
		if ((*word == '-' ? '_' : *word) != (*name == '-' ? '_' : *name))
			return false;
	return *word == '=' || *word == '\0';
}

const char *host_kernel_parameter(const struct host_kernel *k, const char *name)
{
	for (size_t i = k->n_cmdline; i-- > 0;)
		if (is_parameter(k->cmdline[i], name))
			return k->cmdline[i][strlen(name)] == '=' ? k->cmdline[i] + strlen(name) + 1 : "";
	return NULL;
}
