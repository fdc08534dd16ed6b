/* SPDX-License-Identifier: Apache-2.0 */
#include "posture_machine.h"

static struct machine m;

static void check_cases(const char *part, const char *path, const char *file, const char *check, int status)
{
	machine_start(&m);
	machine_put(&m, "/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
	machine_put(&m, "/etc/group", "root:x:0:\n");
	machine_put(&m, "/usr/bin/containerd", "");
	machine_put(&m, "/usr/bin/podman", "");
	machine_put(&m, path, file);
	machine_audit(&m, part);
	CHECK_MSG(machine_status(&m, check, "") == status, "%s: %s: %s is %d, expected %d", path, file, check, machine_status(&m, check, ""), status);
	machine_stop(&m);
}

#define CRI2 "[plugins.\"io.containerd.grpc.v1.cri\"]\n"

TEST(containerd_is_judged_by_files_of_all_three_versions)
{
	static const char path[] = "/etc/containerd/config.toml";
	static const struct { const char *file, *check; int status; } cases[] = {
		{ "", "runtime-seccomp-off", POSTURE_FAIL },
		{ "version = 2\n" CRI2 "unset_seccomp_profile = \"runtime/default\"\n", "runtime-seccomp-off", POSTURE_PASS },
		{ "version = 3\n[plugins.'io.containerd.cri.v1.runtime']\nunset_seccomp_profile = 'runtime/default'\n", "runtime-seccomp-off", POSTURE_PASS },
		{ "[plugins.cri]\nunset_seccomp_profile = \"runtime/default\"\n", "runtime-seccomp-off", POSTURE_PASS },
		{ "version = 2\ndisabled_plugins = [\"io.containerd.grpc.v1.cri\"]\n", "runtime-seccomp-off", POSTURE_DOES_NOT_APPLY },
		{ "version = 2\n[grpc]\ntcp_address = \"0.0.0.0:5000\"\n", "runtime-tcp-open", POSTURE_FAIL },
		{ "version = 2\n[grpc]\ntcp_address = \"\"\n", "runtime-tcp-open", POSTURE_PASS },
		{ "version = 2\n[metrics]\naddress = \"0.0.0.0:1338\"\n", "runtime-metrics-open", POSTURE_FAIL },
		{ "version = 2\n[metrics]\naddress = \"127.0.0.1:1338\"\n", "runtime-metrics-open", POSTURE_PASS },
		{ "version = 2\n" CRI2 "disable_apparmor = true\n", "runtime-apparmor-off", POSTURE_FAIL },
		{ "version = 2\n" CRI2 "disable_apparmor = false\n", "runtime-apparmor-off", POSTURE_PASS },
		{ "version = 2\n" CRI2 "stream_server_address = \"10.0.0.1\"\n", "runtime-streaming-open", POSTURE_FAIL },
		{ "version = 2\n" CRI2 "stream_server_address = \"10.0.0.1\"\nenable_tls_streaming = true\n", "runtime-streaming-open", POSTURE_PASS },
		{ "version = 2\n", "runtime-streaming-open", POSTURE_PASS },
		{ "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.configs.\"r:5000\".tls]\ninsecure_skip_verify = true\n",
		  "runtime-insecure-registry", POSTURE_FAIL },
		{ "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".registry.mirrors.\"docker.io\"]\nendpoint = [\"http://m\"]\n", "runtime-insecure-registry",
		  POSTURE_FAIL },
		{ "version = 2\n", "runtime-insecure-registry", POSTURE_PASS },
		{ "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc.options]\nNoPivotRoot = true\n", "runtime-no-pivot", POSTURE_FAIL },
		{ "version = 2\n[plugins.\"io.containerd.grpc.v1.cri\".containerd]\nno_pivot = false\n", "runtime-no-pivot", POSTURE_PASS },
		{ "version = 2\n[grpc\n", "runtime-tcp-open", POSTURE_UNKNOWN },
		{ "version = 2\n[grpc\n", "runtime-seccomp-off", POSTURE_UNKNOWN },
		{ "version = 2\n[grpc\n", "runtime-insecure-registry", POSTURE_UNKNOWN },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_cases("containerd", path, cases[i].file, cases[i].check, cases[i].status);
}

TEST(imports_of_containerd_win_and_hosts_files_are_looked_into)
{
	machine_start(&m);
	machine_put(&m, "/etc/containerd/config.toml", "version = 2\nimports = [\"/etc/containerd/conf.d/*.toml\"]\n" CRI2 "disable_apparmor = false\n"
		    "[plugins.\"io.containerd.grpc.v1.cri\".registry]\nconfig_path = \"/etc/containerd/certs.d\"\n");
	machine_put(&m, "/etc/containerd/conf.d/50.toml", "version = 2\n" CRI2 "disable_apparmor = true\n");
	machine_put(&m, "/etc/containerd/certs.d/r.test/hosts.toml", "server = \"https://r.test\"\n[host.\"https://r.test\"]\nskip_verify = true\n");
	machine_audit(&m, "containerd");
	CHECK_INT(machine_status(&m, "runtime-apparmor-off", "containerd"), POSTURE_FAIL);
	CHECK_STR(m.results.findings[0].evidence[0].note, "disable_apparmor");
	CHECK(strstr(m.results.findings[0].place.file, "50.toml") != NULL);
	CHECK_INT(machine_status(&m, "runtime-insecure-registry", "containerd"), POSTURE_FAIL);
	machine_stop(&m);
}

TEST(a_containerd_that_runs_is_read_with_the_file_of_its_command_line)
{
	static const char status[] = "Name:\tcontainerd\nUid:\t0\t0\t0\t0\n";

	machine_start(&m);
	machine_process(&m, 9, "containerd", "containerd -c /a.toml", "", status);
	machine_process(&m, 10, "containerd", "containerd --config=/b.toml --address /b.sock", "", status);
	machine_put(&m, "/a.toml", "version = 2\n[grpc]\naddress = \"/a.sock\"\n");
	machine_put(&m, "/b.toml", "version = 2\n[grpc]\ntcp_address = \"1.2.3.4:5\"\n");
	machine_audit(&m, "containerd");
	CHECK_INT(machine_status(&m, "runtime-tcp-open", "/a.sock"), POSTURE_PASS);
	CHECK_INT(machine_status(&m, "runtime-tcp-open", "/b.sock"), POSTURE_FAIL);
	machine_stop(&m);
}

TEST(crio_is_judged_by_its_file_and_the_directory_beside_it)
{
	static const char path[] = "/etc/crio/crio.conf.d/10.conf";
	static const struct { const char *file, *check; int status; } cases[] = {
		{ "[crio.runtime]\n", "runtime-seccomp-off", POSTURE_PASS },
		{ "[crio.runtime]\nseccomp_profile = \"unconfined\"\n", "runtime-seccomp-off", POSTURE_FAIL },
		{ "[crio.runtime]\napparmor_profile = \"unconfined\"\n", "runtime-apparmor-off", POSTURE_FAIL },
		{ "[crio.runtime]\ndefault_capabilities = [\"CHOWN\", \"SYS_ADMIN\"]\n", "runtime-default-caps", POSTURE_FAIL },
		{ "[crio.runtime]\ndefault_capabilities = [\"CHOWN\", \"KILL\"]\n", "runtime-default-caps", POSTURE_PASS },
		{ "[crio.runtime]\nno_pivot = true\n", "runtime-no-pivot", POSTURE_FAIL },
		{ "[crio.runtime]\npids_limit = 1024\n", "runtime-pids-limit", POSTURE_PASS },
		{ "[crio.runtime]\n", "runtime-pids-limit", POSTURE_FAIL },
		{ "[crio.runtime]\nadditional_devices = [\"/dev/fuse\"]\n", "runtime-default-devices", POSTURE_FAIL },
		{ "[crio.api]\nstream_address = \"0.0.0.0\"\n", "runtime-streaming-open", POSTURE_FAIL },
		{ "[crio.image]\ninsecure_registries = [\"r\"]\n", "runtime-insecure-registry", POSTURE_FAIL },
		{ "[crio.runtime\n", "runtime-no-pivot", POSTURE_UNKNOWN },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_cases("crio", path, cases[i].file, cases[i].check, cases[i].status);
}

TEST(podman_is_judged_by_containers_conf_registries_and_policy)
{
	static const char conf[] = "/etc/containers/containers.conf", registries[] = "/etc/containers/registries.conf", policy[] = "/etc/containers/policy.json";
	static const struct { const char *path, *file, *check; int status; } cases[] = {
		{ conf, "", "runtime-seccomp-off", POSTURE_PASS },
		{ conf, "[containers]\nseccomp_profile = \"unconfined\"\n", "runtime-seccomp-off", POSTURE_FAIL },
		{ conf, "[containers]\npidns = \"host\"\n", "runtime-host-namespaces", POSTURE_FAIL },
		{ conf, "[containers]\npidns = \"private\"\n", "runtime-host-namespaces", POSTURE_PASS },
		{ conf, "[containers]\nenv_host = true\n", "runtime-env-host", POSTURE_FAIL },
		{ conf, "", "runtime-env-host", POSTURE_PASS },
		{ conf, "[containers]\nvolumes = [\"/etc:/etc\"]\n", "runtime-default-devices", POSTURE_FAIL },
		{ conf, "", "runtime-default-devices", POSTURE_PASS },
		{ conf, "", "runtime-pids-limit", POSTURE_PASS },
		{ conf, "[containers]\npids_limit = 0\n", "runtime-pids-limit", POSTURE_FAIL },
		{ registries, "[[registry]]\nlocation = \"r\"\ninsecure = true\n", "runtime-insecure-registry", POSTURE_FAIL },
		{ registries, "[[registry]]\nlocation = \"r\"\n[[registry.mirror]]\nlocation = \"m\"\ninsecure = true\n", "runtime-insecure-registry", POSTURE_FAIL },
		{ registries, "[registries.insecure]\nregistries = ['r']\n", "runtime-insecure-registry", POSTURE_FAIL },
		{ registries, "unqualified-search-registries = ['a', 'b']\n", "runtime-search-registries", POSTURE_FAIL },
		{ registries, "unqualified-search-registries = ['a']\n", "runtime-search-registries", POSTURE_PASS },
		{ registries, "[[registry]]\ninsecure = \n", "runtime-insecure-registry", POSTURE_UNKNOWN },
		{ policy, "{\"default\": [{\"type\": \"insecureAcceptAnything\"}]}", "runtime-signatures", POSTURE_FAIL },
		{ policy, "{\"default\": [{\"type\": \"reject\"}]}", "runtime-signatures", POSTURE_PASS },
		{ policy, "{", "runtime-signatures", POSTURE_UNKNOWN },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		check_cases("podman", cases[i].path, cases[i].file, cases[i].check, cases[i].status);
}

TEST(the_api_service_of_podman_on_tcp_is_told)
{
	machine_start(&m);
	machine_process(&m, 9, "podman", "podman system service --time=0 tcp://0.0.0.0:8888", "", "Name:\tpodman\nUid:\t0\t0\t0\t0\n");
	machine_audit(&m, "podman");
	CHECK_INT(machine_status(&m, "runtime-tcp-open", "podman"), POSTURE_FAIL);
	machine_stop(&m);
}

TEST(files_of_runtimes_that_others_may_write_fail)
{
	machine_start(&m);
	machine_put(&m, "/etc/passwd", "root:x:0:0::/root:/bin/sh\n");
	machine_put_bytes(&m, "/etc/containers/containers.conf", "", 0, 0666);
	machine_put_bytes(&m, "/etc/containers/policy.json", "{}", 2, 0644);
	machine_audit(&m, "podman");
	CHECK_INT(machine_status(&m, "runtime-file-mode", "containers.conf"), POSTURE_FAIL);
	CHECK_INT(machine_status(&m, "runtime-file-mode", "policy.json"), POSTURE_PASS);
	if (geteuid() == 0 && chown(machine_path(&m, "/etc/containers/policy.json"), 1, 1) == 0) {
		machine_audit(&m, "podman");
		CHECK_INT(machine_status(&m, "runtime-file-owner", "policy.json"), POSTURE_FAIL);
		CHECK_INT(machine_status(&m, "runtime-file-owner", "containers.conf"), POSTURE_PASS);
	}
	machine_stop(&m);
	for (unsigned i = 0; i < 2; i++) {
		machine_start(&m);
		machine_put(&m, "/usr/bin/podman", "");
		machine_put_bytes(&m, "/run/podman/podman.sock", "", 0, i ? 0660 : 0666);
		machine_audit(&m, "podman");
		CHECK_INT(machine_status(&m, "runtime-socket-mode", "podman.sock"), i ? POSTURE_PASS : POSTURE_FAIL);
		machine_stop(&m);
	}
}

TAP_MAIN()
