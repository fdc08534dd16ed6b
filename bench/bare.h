/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_BENCH_BARE_H
#define PARKA_BENCH_BARE_H
/* Empty BPF programs on hooks. Each gives a descriptor that holds the hook (leave it to the process's end), or -errno. */

/* A tracepoint of system calls: "sys_exit_mount". */
int bare_attach_call(const char *name);
/* A BTF tracepoint: "sched_process_exec". */
int bare_attach_btf(const char *name);

#endif
