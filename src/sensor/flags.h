/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_FLAGS_H
#define PARKA_SENSOR_FLAGS_H
/*
 * Numbers of system calls as the names rules compare with: "O_RDONLY|O_CLOEXEC", "PTRACE_ATTACH", "AF_PACKET". Names and their
 * order are Falco's; open flags and exec flags have Falco's own numbers too (falcosecurity/libs, ppm_events_public.h), since
 * evt.rawarg shows them. Thread: any (constant data).
 */
#include "base/strbuf.h"

#include <stddef.h>
#include <stdint.h>

struct sensor_flag { const char *name; uint64_t value; };

/* Tables end with a NULL name. An enum has one name, flags have all that are set. */
extern const struct sensor_flag sensor_open_flags[], sensor_exec_flags[], sensor_clone_flags[], sensor_mode_flags[],
	sensor_mount_flags[], sensor_umount_flags[], sensor_unlink_flags[], sensor_link_flags[], sensor_rename_flags[],
	sensor_families[], sensor_ptrace_requests[], sensor_bpf_commands[], sensor_prot_flags[], sensor_signals[],
	sensor_prctl_options[], sensor_socket_types[], sensor_memfd_flags[], sensor_resolve_flags[], sensor_module_flags[],
	sensor_userfault_flags[], sensor_xattr_flags[], sensor_fsconfig_commands[], sensor_seccomp_operations[];

/* "A|B"; nothing when no name fits. An enum table gives the one name that is equal. */
void sensor_flags_print(const struct sensor_flag *table, int is_enum, uint64_t value, char *out, size_t size);
/* The kernel's open flags in Falco's numbers; `created`: this open made the file. */
uint32_t sensor_open_flags_of(uint64_t flags, int created);
const char *sensor_capability_name(unsigned capability);   /* "CAP_CHOWN"; NULL past the last known */
enum { SENSOR_CAPABILITIES = 41 };

#endif
