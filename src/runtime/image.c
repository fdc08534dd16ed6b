/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/runtime_internal.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

/* The tag's colon comes after the last slash: the one before it belongs to a port. */
void runtime_image_split(struct runtime_facts *facts, const char *image, const char *default_tag)
{
	const char *at, *slash, *colon, *end;

	if (!image || !image[0])
		return;
	image = runtime_facts_text(facts, image);
	facts->c.image = image;
	at = strchr(image, '@');
	end = at ? at : image + strlen(image);
	if (at)
		runtime_facts_set(facts, &facts->c.image_digest, at + 1);
	slash = memrchr(image, '/', (size_t)(end - image));
	colon = memrchr(slash ? slash : image, ':', (size_t)(end - (slash ? slash : image)));
	facts->c.image_repository = arena_strndup(facts->arena, image, (size_t)((colon ? colon : end) - image));
	if (colon)
		facts->c.image_tag = arena_strndup(facts->arena, colon + 1, (size_t)(end - colon - 1));
	else if (!at)
		facts->c.image_tag = default_tag;
}

const char *runtime_hex_of_digest(const char *digest)
{
	return digest && strncmp(digest, "sha256:", 7) == 0 ? digest + 7 : digest;
}

uint64_t runtime_time_parse(const char *text)
{
	struct tm tm = { 0 };
	uint64_t ns = 0, unit = 100000000;
	int offset_minutes = 0;
	const char *p;
	time_t seconds;

	p = text ? strptime(text, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;
	if (!p)
		return 0;
	if (*p == '.')
		for (p++; *p >= '0' && *p <= '9'; p++, unit /= 10)
			ns += (uint64_t)(*p - '0') * unit;
	if (*p == '+' || *p == '-') {
		unsigned h, m;
		if (sscanf(p + 1, "%2u:%2u", &h, &m) != 2)
			return 0;
		offset_minutes = (int)(h * 60 + m) * (*p == '-' ? -1 : 1);
	} else if (*p != 'Z') {
		return 0;
	}
	seconds = timegm(&tm) - (time_t)offset_minutes * 60;
	return seconds <= 0 || seconds > 9000000000 ? 0 : (uint64_t)seconds * RUNTIME_S + ns;
}

/* By number, as linux/capability.h has them. */
static const char *const capability_names[] = {
	"chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
	"linux_immutable", "net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner",
	"sys_module", "sys_rawio", "sys_chroot", "sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice",
	"sys_resource", "sys_time", "sys_tty_config", "mknod", "lease", "audit_write", "audit_control", "setfcap",
	"mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read", "perfmon", "bpf",
	"checkpoint_restore",
};

uint64_t runtime_capability_bit(const char *name)
{
	if (strncasecmp(name, "CAP_", 4) == 0)
		name += 4;
	for (size_t i = 0; i < ARRAY_LEN(capability_names); i++)
		if (strcasecmp(name, capability_names[i]) == 0)
			return 1ull << i;
	return 0;
}

const char *runtime_capability_name(unsigned number)
{
	return number < ARRAY_LEN(capability_names) ? capability_names[number] : NULL;
}

/* What runc, crun and containerd allow as an id; never a path ("." and ".." and hidden names are none). */
bool runtime_id_is_valid(const char *id)
{
	size_t len = strnlen(id, LIMIT_RUNTIME_ID_BYTES + 1);

	if (len == 0 || len > LIMIT_RUNTIME_ID_BYTES || id[0] == '.')
		return false;
	for (size_t i = 0; i < len; i++) {
		char c = id[i];
		if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || strchr("_+-.", c)))
			return false;
	}
	return true;
}

bool runtime_id_is_hex64(const char *id)
{
	return strlen(id) == 64 && strspn(id, "0123456789abcdef") == 64;
}

bool runtime_json_is_deep(const json_t *json, unsigned depth)
{
	if (depth == 0)
		return true;
	if (json_is_object(json)) {
		for (void *i = json_object_iter((json_t *)json); i; i = json_object_iter_next((json_t *)json, i))
			if (runtime_json_is_deep(json_object_iter_value(i), depth - 1))
				return true;
	} else if (json_is_array(json)) {
		for (size_t i = 0; i < json_array_size(json); i++)
			if (runtime_json_is_deep(json_array_get(json, i), depth - 1))
				return true;
	}
	return false;
}
