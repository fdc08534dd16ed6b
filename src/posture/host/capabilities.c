/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/host/host.h"

/* include/uapi/linux/capability.h, by number. */
static const char *const names[] = {
	"chown", "dac_override", "dac_read_search", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap", "linux_immutable",
	"net_bind_service", "net_broadcast", "net_admin", "net_raw", "ipc_lock", "ipc_owner", "sys_module", "sys_rawio", "sys_chroot",
	"sys_ptrace", "sys_pacct", "sys_admin", "sys_boot", "sys_nice", "sys_resource", "sys_time", "sys_tty_config", "mknod", "lease",
	"audit_write", "audit_control", "setfcap", "mac_override", "mac_admin", "syslog", "wake_alarm", "block_suspend", "audit_read",
	"perfmon", "bpf", "checkpoint_restore",
};

void host_add_capabilities(struct posture_set *set, struct host_list_of_texts *list, uint64_t bits)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (bits & (1ULL << i))
			host_add(set, list, names[i]);
}
