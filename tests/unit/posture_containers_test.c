/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/containers/containers.h"
#include "posture_machine.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define BUNDLE "/run/docker/containerd/daemon/io.containerd.runtime.v2.task/moby/" ID "/config.json"

static struct machine m;
static const char host_status[] = "Name:\tinit\nUid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\n";
static const char plain_status[] = "Name:\tsleep\nUid:\t0\t0\t0\t0\nCapPrm:\t00000000a80425fb\nCapEff:\t00000000a80425fb\nCapBnd:\t00000000a80425fb\n"
				   "NoNewPrivs:\t0\nSeccomp:\t2\n";
static const char plain_mounts[] = "10 1 0:50 / / rw - overlay overlay rw\n11 10 0:51 / /proc rw - proc proc rw\n12 11 0:51 /sys /proc/sys ro - proc proc rw\n"
				   "13 10 0:52 / /sys ro - sysfs sysfs ro\n";

static const char plain_oci[] =
	"{\"ociVersion\":\"1.0.2\",\"process\":{\"user\":{\"uid\":0,\"gid\":0},\"env\":[\"PATH=/bin\"],\"capabilities\":{\"bounding\":[\"CAP_CHOWN\","
	"\"CAP_DAC_OVERRIDE\",\"CAP_FSETID\",\"CAP_FOWNER\",\"CAP_MKNOD\",\"CAP_NET_RAW\",\"CAP_SETGID\",\"CAP_SETUID\",\"CAP_SETFCAP\",\"CAP_SETPCAP\","
	"\"CAP_NET_BIND_SERVICE\",\"CAP_SYS_CHROOT\",\"CAP_KILL\",\"CAP_AUDIT_WRITE\"]}},\"root\":{\"path\":\"rootfs\"},\"linux\":{\"namespaces\":["
	"{\"type\":\"mount\"},{\"type\":\"network\"},{\"type\":\"uts\"},{\"type\":\"pid\"},{\"type\":\"ipc\"}],\"seccomp\":{\"defaultAction\":\"SCMP_ACT_ERRNO\"},"
	"\"cgroupsPath\":\"/docker/" ID "\",\"maskedPaths\":[\"/proc/acpi\",\"/proc/kcore\",\"/proc/keys\",\"/proc/latency_stats\",\"/proc/timer_list\","
	"\"/proc/sched_debug\",\"/sys/firmware\"],\"readonlyPaths\":[\"/proc/bus\",\"/proc/fs\",\"/proc/irq\",\"/proc/sys\",\"/proc/sysrq-trigger\"],"
	"\"resources\":{\"devices\":[{\"allow\":false,\"access\":\"rwm\"}],\"memory\":{},\"cpu\":{\"shares\":0},\"pids\":{\"limit\":0}}}}";

/* As the kernel shows one that docker run --privileged made. */
static const char privileged_oci[] =
	"{\"ociVersion\":\"1.0.2\",\"process\":{\"user\":{\"uid\":0,\"gid\":0},\"capabilities\":{\"bounding\":[\"CAP_CHOWN\",\"CAP_SYS_ADMIN\",\"CAP_SYS_MODULE\","
	"\"CAP_SYS_RAWIO\",\"CAP_SYS_PTRACE\",\"CAP_NET_ADMIN\",\"CAP_DAC_READ_SEARCH\",\"CAP_MKNOD\",\"CAP_SYSLOG\",\"CAP_SYS_BOOT\"]}},"
	"\"root\":{\"path\":\"rootfs\"},\"linux\":{\"namespaces\":[{\"type\":\"mount\"},{\"type\":\"pid\"}],\"cgroupsPath\":\"/docker/" ID "\","
	"\"resources\":{\"devices\":[{\"allow\":true,\"access\":\"rwm\"}]}}}";

static const char config[] = "{\"ID\":\"" ID "\",\"Name\":\"/web\",\"Image\":\"sha256:" ID "\",\"Created\":\"2026-01-01T00:00:00Z\",\"Config\":{\"Image\":\"nginx:1\"},"
			     "\"State\":{\"Running\":true,\"Pid\":50},\"Driver\":\"overlay2\",\"NetworkSettings\":{\"Ports\":{\"80/tcp\":[{\"HostIp\":\"0.0.0.0\","
			     "\"HostPort\":\"8080\"}]}},\"MountPoints\":{}}";

static void own_namespaces(unsigned pid)
{
	static const char *const ns[] = { "mnt", "pid", "net", "ipc", "uts" };
	char path[64], target[64];

	for (size_t i = 0; i < ARRAY_LEN(ns); i++) {
		snprintf(path, sizeof(path), "/proc/%u/ns/%s", pid, ns[i]);
		unlink(machine_path(&m, path));
		snprintf(target, sizeof(target), "%s:[%zu]", ns[i], 4026532000 + i);
		machine_link(&m, path, target);
	}
}

static void start(const char *oci, const char *host, const char *status, const char *mounts)
{
	machine_start(&m);
	machine_process(&m, 1, "init", "init", "", host_status);
	machine_process(&m, 50, "sleep", "sleep 1", "", status);
	own_namespaces(50);
	machine_put(&m, "/proc/50/stat", "50 (sleep) S 1 1 1 0 -1 4194560 1 1 1 1 1 1 1 1 20 0 1 0 500 1 1\n");
	machine_put(&m, "/proc/50/cgroup", "0::/docker/" ID "\n");
	machine_put(&m, "/proc/50/mountinfo", mounts);
	machine_put(&m, "/proc/sys/kernel/core_pattern", "core\n");
	machine_put(&m, BUNDLE, oci);
	machine_put(&m, "/var/lib/docker/containers/" ID "/config.v2.json", config);
	machine_put(&m, "/var/lib/docker/containers/" ID "/hostconfig.json", host);
}

static int status_of(const char *check)
{
	return machine_status(&m, check, "web");
}

TEST(a_container_of_a_recorded_machine_is_judged_by_its_files_and_by_proc)
{
	start(plain_oci, "{\"Privileged\":false,\"NetworkMode\":\"default\",\"RestartPolicy\":{\"Name\":\"always\"}}", plain_status, plain_mounts);
	machine_audit(&m, "containers");
	if (!CHECK(m.set->first[MODEL_KIND_CONTAINER] != NULL))
		return;
	CHECK_INT(status_of("container-privileged"), POSTURE_PASS);
	CHECK_INT(status_of("container-caps-added"), POSTURE_PASS);
	CHECK_INT(status_of("container-restart"), POSTURE_FAIL);
	CHECK_INT(status_of("container-default-bridge"), POSTURE_FAIL);
	CHECK_INT(status_of("container-port-everywhere"), POSTURE_FAIL);
	CHECK_INT(status_of("container-host-pid"), POSTURE_PASS);
	CHECK_INT(status_of("container-undeclared-namespaces"), POSTURE_PASS);
	CHECK_INT(status_of("container-kernel-writable"), POSTURE_PASS);
	CHECK_INT(status_of("container-limits-differ"), POSTURE_PASS);
	CHECK_INT(status_of("container-pids"), POSTURE_UNKNOWN);      /* its control group is not in the recording */
	machine_stop(&m);
}

TEST(a_privileged_container_fails_and_so_does_what_comes_with_it)
{
	static const char status[] = "Name:\tsleep\nUid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\nCapBnd:\t000001ffffffffff\nNoNewPrivs:\t0\nSeccomp:\t0\n";

	start(privileged_oci, "{\"Privileged\":true,\"NetworkMode\":\"host\"}", status, "10 1 0:50 / / rw - overlay overlay rw\n11 10 0:51 / /proc rw - proc proc rw\n");
	machine_audit(&m, "containers");
	CHECK_INT(status_of("container-privileged"), POSTURE_FAIL);
	CHECK_INT(status_of("container-caps-host"), POSTURE_DOES_NOT_APPLY);
	CHECK_INT(status_of("container-disks"), POSTURE_FAIL);
	CHECK_INT(status_of("container-kernel-writable"), POSTURE_FAIL);
	CHECK_INT(status_of("container-seccomp-off"), POSTURE_FAIL);
	machine_stop(&m);
}

TEST(root_of_another_user_namespace_is_not_the_hosts_root)
{
	static const char status[] = "Name:\tsleep\nUid:\t100000\t100000\t100000\t100000\nCapEff:\t00000000a80425fb\nSeccomp:\t2\n";

	for (int mapped = 0; mapped < 2; mapped++) {
		start(plain_oci, "{}", status, plain_mounts);
		if (mapped) {
			unlink(machine_path(&m, "/proc/50/ns/user"));
			machine_link(&m, "/proc/50/ns/user", "user:[4026539999]");
		}
		machine_audit(&m, "containers");
		CHECK_INT(status_of("container-root"), mapped ? POSTURE_PASS : POSTURE_FAIL);
		machine_stop(&m);
	}
}

TEST(userns_host_is_told_where_the_daemon_maps_user_ids)
{
	start(plain_oci, "{\"Privileged\":false,\"UsernsMode\":\"host\"}", plain_status, plain_mounts);
	machine_audit(&m, "containers");
	CHECK_INT(status_of("container-userns-override"), POSTURE_FAIL);
	machine_stop(&m);
}

TEST(declared_and_real_are_compared_in_each_way_they_can_differ)
{
	static const struct { const char *status, *mounts, *says; } cases[] = {
		{ "Name:\ts\nUid:\t0\t0\t0\t0\nCapEff:\t00000000a82425fb\nSeccomp:\t2\n", plain_mounts, "sleep[50] has capabilities that were not declared: sys_admin" },
		{ "Name:\ts\nUid:\t0\t0\t0\t0\nCapEff:\t0\nSeccomp:\t0\n", plain_mounts, "no filter of system calls" },
		{ plain_status, "10 1 0:50 / / rw - overlay overlay rw\n11 10 0:51 / /proc rw - proc proc rw\n", "/proc/sys is declared to be read-only, and is not" },
		{ plain_status, "10 1 0:50 / / rw - overlay overlay rw\n12 10 0:51 /sys /proc/sys ro - proc proc rw\n14 10 8:1 / /mnt rw - ext4 /dev/sda1 rw\n",
		  "/dev/sda1 is mounted at /mnt, which nobody declared" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct posture_value *v;
		bool found = false;

		start(plain_oci, "{}", cases[i].status, cases[i].mounts);
		machine_audit(&m, "containers");
		v = m.set->first[MODEL_KIND_CONTAINER] ? posture_value_of(m.set->first[MODEL_KIND_CONTAINER], MODEL_F_CONTAINER_DIFFERENCES) : NULL;
		for (size_t k = 0; v && k < v->value.n; k++)
			found |= strstr(v->value.list[k].text, cases[i].says) != NULL;
		CHECK_MSG(found, "nothing says '%s'", cases[i].says);
		CHECK_INT(status_of("container-limits-differ"), POSTURE_FAIL);
		machine_stop(&m);
	}
}

TEST(limits_are_the_smallest_of_the_control_group_and_those_above_it)
{
	const struct posture_value *v;

	start(plain_oci, "{}", plain_status, plain_mounts);
	machine_put(&m, "/sys/fs/cgroup/docker/" ID "/memory.max", "max\n");
	machine_put(&m, "/sys/fs/cgroup/docker/memory.max", "1048576\n");
	machine_put(&m, "/sys/fs/cgroup/docker/" ID "/cpu.max", "50000 100000\n");
	machine_put(&m, "/sys/fs/cgroup/docker/" ID "/pids.max", "max\n");
	machine_audit(&m, "containers");
	v = posture_value_of(m.set->first[MODEL_KIND_CONTAINER], MODEL_F_CONTAINER_REAL_MEMORY_LIMIT);
	CHECK(v && v->value.u64 == 1048576);
	v = posture_value_of(m.set->first[MODEL_KIND_CONTAINER], MODEL_F_CONTAINER_REAL_CPU_LIMIT);
	CHECK(v && v->value.u64 == 500);
	CHECK_INT(status_of("container-pids"), POSTURE_FAIL);
	CHECK_INT(status_of("container-memory"), POSTURE_PASS);
	machine_stop(&m);
}

TEST(without_its_bundle_nothing_of_a_container_passes)
{
	start("{", "{}", plain_status, plain_mounts);
	machine_audit(&m, "containers");
	CHECK_INT(status_of("container-root"), POSTURE_UNKNOWN);
	CHECK_INT(status_of("container-caps-host"), POSTURE_UNKNOWN);
	CHECK_INT(status_of("container-undeclared-caps"), POSTURE_UNKNOWN);
	CHECK(m.set->n_problems > 0);
	machine_stop(&m);
}

TEST(paths_of_the_host_have_the_dangers_of_what_is_below_and_above_them)
{
	static const struct { const char *path, *danger; bool has; } cases[] = {
		{ "/", "host-root", true }, { "/", "runtime-socket", true }, { "/run", "runtime-socket", true }, { "/var/run", "runtime-socket", true },
		{ "/var/run/docker.sock", "runtime-socket", true }, { "/tmp/x/docker.sock", "runtime-socket", true }, { "/run/user", "runtime-socket", false },
		{ "/etc", "system-directory", true }, { "/etc/localtime", "system-directory", false }, { "/etc/shadow", "credentials", true },
		{ "/usr", "system-directory", true }, { "/usr/share/zoneinfo", "system-directory", false }, { "/usr/bin/env", "system-directory", true },
		{ "/proc/sys", "kernel-interface", true }, { "/sys/fs/cgroup", "kernel-interface", true }, { "/dev", "device", true }, { "/dev/shm", "device", false },
		{ "/dev/vda", "device", true }, { "/var/lib/docker/volumes/v/_data", "runtime-state", false }, { "/var/lib/docker", "runtime-state", true },
		{ "/home/ana/.ssh", "credentials", true }, { "/home/ana", "home", true }, { "/home/ana/src", "home", false }, { "/srv/data", "host-root", false },
		{ "/etc/cron.d/x", "startup", true }, { "/var/log", "logs", true }, { "/etcetera", "system-directory", false }, { "volume", "host-root", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *dangers[16];
		size_t n = container_path_dangers(cases[i].path, dangers);
		bool has = false;

		for (size_t k = 0; k < n; k++)
			has |= strcmp(dangers[k], cases[i].danger) == 0;
		CHECK_MSG(has == cases[i].has, "%s: %s", cases[i].path, cases[i].danger);
	}
}

TEST(mountinfo_is_read_with_escapes_optional_fields_and_lines_that_are_none)
{
	struct posture_set *set = posture_set_new(NULL);
	struct container_mount mounts[4];
	size_t n = 0;

	CHECK_INT(container_mountinfo(set, "36 35 98:0 /mnt1 /a\\040b rw,noatime master:1 shared:2 - ext3 /dev/root rw,errors=continue\n"
				      "garbage\n1 2 0:3 / /ro ro - tmpfs t rw\n1 2 0:3 / /sb rw - tmpfs t ro\n", mounts, 4, &n), 0);
	if (CHECK_INT(n, 3)) {
		CHECK_STR(mounts[0].point, "/a b");
		CHECK_STR(mounts[0].source, "/dev/root");
		CHECK(mounts[0].writable && mounts[0].major == 98 && !mounts[1].writable && !mounts[2].writable);
	}
	CHECK_INT(container_mountinfo(set, "1 2 0:3 / /a rw - t t rw\n1 2 0:3 / /b rw - t t rw\n", mounts, 1, &n), -E2BIG);
	CHECK_INT(n, 1);
	posture_set_free(set);
}

TAP_MAIN()
