/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime/runtime_internal.h"
#include "tap.h"

#define A "5be1f2c09d7e4a63b8c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5c6d"
#define B "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define U "3f2a1b4c_5d6e_7f80_91a2_b3c4d5e6f708"
#define UD "3f2a1b4c-5d6e-7f80-91a2-b3c4d5e6f708"

static const struct { const char *path, *id; enum runtime_kind kind; } shapes[] = {
	/* Docker */
	{ "/docker/" A, A, RUNTIME_DOCKER },
	{ "/docker/" A "/init.scope", A, RUNTIME_DOCKER },
	{ "/docker/" A "/system.slice/cron.service", A, RUNTIME_DOCKER },
	{ "/system.slice/docker-" A ".scope", A, RUNTIME_DOCKER },
	{ "/system.slice/docker-" A ".scope/init", A, RUNTIME_DOCKER },
	{ "/my.slice/my-team.slice/docker-" A ".scope", A, RUNTIME_DOCKER },
	{ "/docker/" B "/docker/" A, A, RUNTIME_DOCKER },
	{ "/system.slice/docker-" B ".scope/docker/" A, A, RUNTIME_DOCKER },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" A ".scope", A, RUNTIME_DOCKER },
	{ "/docker/buildkit/" A, A, RUNTIME_OCI },
	{ "/actions_job/" A, A, RUNTIME_OCI },
	{ "/moby/" A, A, RUNTIME_DOCKER },
	/* Kubernetes, cgroupfs driver */
	{ "/kubepods/pod" UD "/" A, A, RUNTIME_CONTAINERD },
	{ "/kubepods/burstable/pod" UD "/" A, A, RUNTIME_CONTAINERD },
	{ "/kubepods/besteffort/pod" UD "/" A "/init.scope", A, RUNTIME_CONTAINERD },
	{ "/docker/" B "/kubelet/kubepods/burstable/pod" UD "/" A, A, RUNTIME_CONTAINERD },
	{ "/kubepods/besteffort/pod" UD "/crio-" A, A, RUNTIME_CRIO },
	/* Kubernetes, systemd driver */
	{ "/kubepods.slice/kubepods-pod" U ".slice/cri-containerd-" A ".scope", A, RUNTIME_CONTAINERD },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" U ".slice/cri-containerd-" A ".scope", A, RUNTIME_CONTAINERD },
	{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" U ".slice/cri-containerd-" A ".scope/init", A, RUNTIME_CONTAINERD },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" U ".slice/crio-" A ".scope", A, RUNTIME_CRIO },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" U ".slice/crio-" A ".scope/container", A, RUNTIME_CRIO },
	{ "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" U ".slice/docker-" A ".scope", A, RUNTIME_DOCKER },
	{ "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod" U ".slice/cri-containerd-" A ".scope", A, RUNTIME_CONTAINERD },
	{ "/system.slice/docker-" B ".scope/kubelet.slice/kubelet-kubepods.slice/cri-containerd-" A ".scope", A, RUNTIME_CONTAINERD },
	/* drivers that do not agree */
	{ "/system.slice/containerd.service/kubepods-burstable-pod" U ".slice:cri-containerd:" A, A, RUNTIME_CONTAINERD },
	{ "/system.slice/crio.service/kubepods-burstable-pod" U ".slice:crio:" A, A, RUNTIME_CRIO },
	{ "/system.slice:docker:" A, A, RUNTIME_DOCKER },
	/* containerd by nerdctl, ctr */
	{ "/default/" A, A, RUNTIME_CONTAINERD },
	{ "/k8s.io/" A, A, RUNTIME_CONTAINERD },
	{ "/system.slice/nerdctl-" A ".scope", A, RUNTIME_CONTAINERD },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/nerdctl-" A ".scope", A, RUNTIME_CONTAINERD },
	/* podman */
	{ "/libpod_parent/libpod-" A, A, RUNTIME_PODMAN },
	{ "/machine.slice/libpod-" A ".scope", A, RUNTIME_PODMAN },
	{ "/machine.slice/libpod-" A ".scope/container", A, RUNTIME_PODMAN },
	{ "/machine.slice/machine-libpod_pod_" B ".slice/libpod-" A ".scope", A, RUNTIME_PODMAN },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" A ".scope", A, RUNTIME_PODMAN },
	{ "/user.slice/user-1000.slice/user@1000.service/user.slice/user-libpod_pod_" B ".slice/libpod-" A ".scope/container", A, RUNTIME_PODMAN },
	{ "/system.slice/web.service/libpod-payload-" A, A, RUNTIME_PODMAN },
	{ "/libpod_parent/" B "/libpod-" A, A, RUNTIME_PODMAN },
	/* runc, crun */
	{ "/" A, A, RUNTIME_OCI },
	{ "/user.slice/runc-" A ".scope", A, RUNTIME_OCI },
	{ "/system.slice/crun-" A ".scope/container", A, RUNTIME_OCI },
	/* conmon is outside of the container it watches */
	{ "/machine.slice/libpod-conmon-" A ".scope", NULL, 0 },
	{ "/kubepods.slice/crio-conmon-" A ".scope", NULL, 0 },
	/* look-alikes and the host */
	{ "/docker/5BE1F2C09D7E4A63B8C1D2E3F4A5B6C7D8E9F0A1B2C3D4E5F60718293A4B5C6D", NULL, 0 },
	{ "/docker/" A "0", NULL, 0 },
	{ "/docker/5be1f2c09d7e4a63b8c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f60718293a4b5c6", NULL, 0 },
	{ "/docker/x" A, NULL, 0 },
	{ "/docker", NULL, 0 },
	{ "/system.slice/docker.service", NULL, 0 },
	{ "/system.slice/docker-volume@" A ".service", NULL, 0 },
	{ "/machine.slice/machine-qemu\\x2d1\\x2ddebian.scope", NULL, 0 },
	{ "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" U ".slice", NULL, 0 },
	{ "/agents/2d8f11f3a4f296547180b97372210bde", NULL, 0 },
	{ "/user.slice/user-1000.slice/session-3.scope", NULL, 0 },
	{ "/init.scope", NULL, 0 },
	{ "/", NULL, 0 }, { "", NULL, 0 }, { "//", NULL, 0 }, { "/a//b", NULL, 0 }, { "/.scope", NULL, 0 }, { "/:::", NULL, 0 },
};

_Static_assert(ARRAY_LEN(shapes) >= 60, "all shapes");

TEST(every_known_shape_of_path_gives_its_id_and_kind_and_look_alikes_none)
{
	for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
		char id[65] = "";
		enum runtime_kind kind = RUNTIME_OCI;
		bool found = runtime_id_of_cgroup(shapes[i].path, id, &kind);

		if (!CHECK_MSG(found == (shapes[i].id != NULL), "%s: %s", shapes[i].path, found ? id : "none") || !found)
			continue;
		CHECK_MSG(strcmp(id, shapes[i].id) == 0, "%s: id is %s", shapes[i].path, id);
		CHECK_MSG(kind == shapes[i].kind, "%s: kind is %s", shapes[i].path, runtime_kind_name(kind));
	}
}

TEST(no_path_is_no_container)
{
	char id[65];
	enum runtime_kind kind;

	CHECK(!runtime_id_of_cgroup(NULL, id, &kind));
}

TEST(ids_of_components_are_cut_out_of_their_decoration)
{
	static const struct { const char *component, *id; } all[] = {
		{ "docker-abc.scope", "abc" }, { "libpod-x_1", "x_1" }, { "my-runc-1", "my-runc-1" }, { "runc-web.1.scope", "web.1" },
		{ "x.slice:cri-containerd:abc", "abc" }, { "libpod-conmon-abc.scope", NULL }, { "..", NULL }, { ".", NULL }, { "", NULL },
		{ "a b", NULL }, { "docker-.scope", "docker-" },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		char id[LIMIT_RUNTIME_ID_BYTES + 1];
		bool found = runtime_component_id(all[i].component, strlen(all[i].component), id);
		CHECK_STR(found ? id : NULL, all[i].id);
	}
}

TEST(the_uid_of_a_pod_comes_out_of_its_cgroup)
{
	char uid[64];

	CHECK(runtime_cgroup_pod_uid("/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" U ".slice/cri-containerd-" A ".scope", uid, sizeof(uid)));
	CHECK_STR(uid, UD);
	CHECK(runtime_cgroup_pod_uid("/kubepods/besteffort/pod" UD "/" A, uid, sizeof(uid)));
	CHECK_STR(uid, UD);
	CHECK(!runtime_cgroup_pod_uid("/kubepods/besteffort/podx/" A, uid, sizeof(uid)));
	CHECK(!runtime_cgroup_pod_uid("/docker/" A, uid, sizeof(uid)));
	CHECK(!runtime_cgroup_pod_uid("/kubepods/pod" UD "/" A, uid, 16));
}

static bool fits(const char *cgroups_path, const char *path, bool rootless)
{
	return runtime_cgroup_fits(NULL, 0, cgroups_path, A, rootless, path);
}

TEST(a_path_fits_when_it_is_the_containers_own_or_inside_it)
{
	const char *own[] = { "/docker/" A, "/parent.slice/" A };

	CHECK(runtime_cgroup_fits(own, 2, NULL, A, false, "/docker/" A));
	CHECK(runtime_cgroup_fits(own, 2, NULL, A, false, "/parent.slice/" A "/init.scope"));
	CHECK(!runtime_cgroup_fits(own, 2, NULL, A, false, "/docker/" A "b"));
	CHECK(!runtime_cgroup_fits(own, 2, NULL, A, false, "/elsewhere/" A));
	CHECK(fits("/docker/" A, "/docker/" A "/x", false));
	CHECK(fits("/docker/" A, "/docker/" B "/docker/" A, false));
	CHECK(!fits("/docker/" A, "/evil/" A, false));
	CHECK(fits("system.slice:docker:" A, "/system.slice/docker-" A ".scope", false));
	CHECK(fits("kubepods-burstable-pod" U ".slice:cri-containerd:" A,
		   "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" U ".slice/cri-containerd-" A ".scope", false));
	CHECK(!fits("system.slice:docker:" A, "/other.slice/docker-" A ".scope", false));
	CHECK(fits(NULL, "/anything/" A, false));
	CHECK(!runtime_cgroup_fits(NULL, 0, NULL, "web", false, "/web"));
}

TEST(a_users_delegated_cgroup_cannot_pass_for_roots_container)
{
	CHECK(!fits("/docker/" A, "/user.slice/user-1000.slice/user@1000.service/docker/" A, false));
	CHECK(fits("user.slice:libpod:" A, "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" A ".scope", true));
}

TEST(mounts_are_stripped_from_the_paths_runc_writes)
{
	CHECK_STR(runtime_cgroup_strip_mount("", "/sys/fs/cgroup/unified/a/b"), "/a/b");
	CHECK_STR(runtime_cgroup_strip_mount("", "/sys/fs/cgroup/a/b"), "/a/b");
	CHECK_STR(runtime_cgroup_strip_mount("memory", "/sys/fs/cgroup/memory/a/b"), "/a/b");
	CHECK_STR(runtime_cgroup_strip_mount("memory", "/sys/fs/cgroup/memory"), "/");
	CHECK_STR(runtime_cgroup_strip_mount("memory", "/elsewhere/memory/a"), NULL);
}

TAP_MAIN()
