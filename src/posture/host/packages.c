/* SPDX-License-Identifier: Apache-2.0 */
/* Installed Debian packages: /var/lib/dpkg/status, and status.d of images without a package manager. */
#include "posture/host/host.h"

#include <string.h>

static void parse(struct host_packages *p, char *text)
{
	const char *name = NULL;
	bool is_installed = false;
	char *line;

	while (text && *text) {
		line = text;
		text = strchrnul(text, '\n');
		if (*text)
			*text++ = '\0';
		if (!*line)
			name = NULL, is_installed = false;
		else if (strncmp(line, "Package: ", 9) == 0)
			name = line + 9;
		else if (strncmp(line, "Status: ", 8) == 0)
			is_installed = strstr(line, " ok installed");
		else if (strncmp(line, "Version: ", 9) == 0 && name && is_installed)
			map_put(&p->versions, name, strlen(name), line + 9);
	}
}

void host_packages_read(struct posture_set *set, struct host_packages *packages)
{
	char *text;

	*packages = (struct host_packages){ .versions = MAP_INIT };
	text = host_read(set, "/var/lib/dpkg/status", HOST_DPKG_BYTES_MAX, &packages->why);
	packages->has_dpkg = text;
	parse(packages, text);
}

void host_packages_done(struct host_packages *packages)
{
	map_done(&packages->versions);
}

const char *host_package_version(const struct host_packages *packages, const char *name)
{
	return map_get(&packages->versions, name, strlen(name));
}
