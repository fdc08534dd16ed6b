/* SPDX-License-Identifier: Apache-2.0 */
/* data/runtime/tree holds state that real runtimes wrote (Docker 20.10, containerd 1.6, podman 4.3, runc 1.1, crun 1.8),
 * reduced. What CRI-O, the CRI plug-in and rootless podman write is made here after their formats. */
#include "runtime_help.h"

#include <errno.h>
#include <malloc.h>
#include <sys/stat.h>
#include <unistd.h>

#define DOCKER_ID "7d7fc282c67a1e5c5e8d489ff5ec92083ce9ca4a14c2b8823a73fd255020c064"
#define PODMAN_RUNC "78d9518ae0ab87a9e6efa7437a44ba1abc44fbed8b601bb39dd903f7c6a18ec2"
#define PODMAN_PRIVILEGED "3efaecbefed2e1dd60f69a3bd867e396bbd04c3c6775bcfd93e2d3d36b74f902"
#define PODMAN_CRUN "ed39594f4cc4f6fa5ead8d5d4da1f380d7bb69149c5a65c9f93c121daa8a6d7c"
/* ---- what real runtimes wrote ---- */

TEST(a_docker_container_is_known_in_every_detail)
{
	struct runtime *r = open_recorded();
	const struct runtime_container *c = ask(r, "/docker/" DOCKER_ID);

	if (CHECK(c != NULL)) {
		CHECK_STR(c->id, DOCKER_ID);
		CHECK_INT(c->kind, RUNTIME_DOCKER);
		CHECK_STR(c->name, "rt-plain");
		CHECK_STR(c->image, "rt-base:1.2");
		CHECK_STR(c->image_repository, "rt-base");
		CHECK_STR(c->image_tag, "1.2");
		CHECK_STR(c->image_id, "6c1aabe7663965d728b28a8f160d4e91f81389b9def7527f5401f0a85123d22a");
		CHECK_STR(c->image_digest, "sha256:dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd");
		CHECK_STR(c->user, "1000:1000");
		CHECK_STR(c->cgroup_path, "/docker/" DOCKER_ID);
		CHECK_STR(c->healthcheck, "/bin/true");
		CHECK_STR(label(c, "app"), "web");
		CHECK_STR(label(c, "org.opencontainers.image.title"), "rt-image");
		CHECK_STR(c->pod_name, "evil");
		CHECK_STR(c->pod_namespace, "kube-system");
		CHECK_INT(c->privileged, 0);
		CHECK_INT(c->read_only, 1);
		CHECK_INT(c->host_network, 0);
		CHECK_INT(c->host_pid, 0);
		CHECK_INT(c->host_ipc, 0);
		CHECK_INT(c->caps_bounding, 1 << 10);
		CHECK_INT(c->init_pid, 27034);
		CHECK_INT(c->n_mounts, 1);
		CHECK_STR(c->mounts[0].source, "/srv/data");
		CHECK_STR(c->mounts[0].dest, "/data");
		CHECK_STR(c->mounts[0].propagation, "rprivate");
		CHECK(!c->mounts[0].rw);
		CHECK_INT(c->n_security_opts, 1);
		CHECK_STR(c->security_opts[0], "no-new-privileges");
		CHECK_INT(c->started_ns / 1000000000u, 1795463676);
		CHECK(c->created_ns && c->created_ns <= c->started_ns);
	}
	runtime_free(r);
}

TEST(containerd_containers_are_known_by_their_cgroup_and_bundle)
{
	struct runtime *r = open_recorded();
	const struct runtime_container *one = ask(r, "/default/ctr-one"), *privileged = ask(r, "/default/ctr-priv");

	if (CHECK(one != NULL)) {
		CHECK_INT(one->kind, RUNTIME_CONTAINERD);
		CHECK_STR(one->name, "ctr-one");
		CHECK_STR(label(one, "app"), "ctr");
		CHECK_STR(one->user, "0:0");
		CHECK_INT(one->privileged, 0);
		CHECK_STR(one->bundle, CONTAINERD "/default/ctr-one");
	}
	if (CHECK(privileged != NULL))
		CHECK_INT(privileged->privileged, 1);
	CHECK(ask(r, "/elsewhere/ctr-one") == NULL);
	CHECK(ask(r, "/default/ctr-two") == NULL);
	runtime_free(r);
}

TEST(podman_containers_are_known_with_runc_and_with_crun)
{
	struct runtime *r = open_recorded();
	const struct runtime_container *c = ask(r, "/libpod_parent/libpod-" PODMAN_RUNC);

	if (CHECK(c != NULL)) {
		CHECK_INT(c->kind, RUNTIME_PODMAN);
		CHECK_STR(c->name, "pod-runc2");
		CHECK_STR(c->image, "localhost/rt-pod:1.0");
		CHECK_STR(c->image_repository, "localhost/rt-pod");
		CHECK_STR(c->image_id, "af3b472edc5745a1be8b209df1761e73b7843cc5a70410f2c2cc5ef6056689ec");
		CHECK_STR(c->user, "5:0");
		CHECK_INT(c->privileged, 0);
		CHECK_INT(c->read_only, 1);
		CHECK_INT(c->caps_bounding, 1);
		CHECK_INT(c->n_mounts, 1);
		CHECK_STR(c->mounts[0].dest, "/data");
		CHECK(!c->rootless);
	}
	c = ask(r, "/libpod_parent/libpod-" PODMAN_PRIVILEGED);
	CHECK(c && c->privileged == 1);
	c = ask(r, "/libpod_parent/libpod-" PODMAN_CRUN "/container");
	if (CHECK(c != NULL)) {
		CHECK_STR(c->name, "pod-crun");
		CHECK_INT(c->init_pid, 27138);
	}
	runtime_free(r);
}

TEST(bare_runc_and_crun_are_known_by_the_cgroups_of_their_states)
{
	struct runtime *r = open_recorded();
	const struct runtime_container *c = ask(r, "/my-runc-1");

	if (CHECK(c != NULL)) {
		CHECK_INT(c->kind, RUNTIME_OCI);
		CHECK_STR(c->id, "my-runc-1");
		CHECK_STR(c->name, "my-runc-1");
		CHECK_STR(c->rootfs, "/srv/bundle-1/rootfs");
		CHECK_INT(c->init_pid, 27151);
		CHECK_INT(c->caps_bounding, 0x20000420);
	}
	CHECK(ask(r, "/parent.slice/my-runc-1") == c);
	CHECK(ask(r, "/my-crun-1") != NULL);
	CHECK(ask(r, "/other/my-runc-1") == NULL);
	CHECK(ask(r, "/my-runc-2") == NULL);
	runtime_free(r);
}

TEST(a_scan_finds_all_that_run)
{
	struct runtime *r = open_recorded();
	const struct runtime_container *all[32];

	CHECK_INT(runtime_scan(r, NULL), 0);
	CHECK_INT(runtime_containers(r, all, ARRAY_LEN(all)), 11);
	CHECK_INT(runtime_scan(r, NULL), 0);
	CHECK_INT(runtime_containers(r, all, ARRAY_LEN(all)), 11);
	CHECK(runtime_by_id(r, "7d7fc282c67a") != NULL);
	CHECK(runtime_by_id(r, "ctr-one") != NULL);
	CHECK(runtime_by_id(r, "ctr-") == NULL);
	CHECK(runtime_by_id(r, "nothing") == NULL);
	CHECK(runtime_by_id(r, "") == NULL);
	runtime_free(r);
}

/* ---- after formats ---- */

#define SPEC(cgroup, more) "{\"ociVersion\":\"1.0.2\",\"process\":{\"user\":{\"uid\":0,\"gid\":0},\"capabilities\":{\"bounding\":[\"CAP_CHOWN\"]}}," \
	"\"root\":{\"path\":\"rootfs\"},\"linux\":{\"cgroupsPath\":\"" cgroup "\",\"namespaces\":[{\"type\":\"pid\"},{\"type\":\"ipc\"},{\"type\":\"mount\"}]," \
	"\"maskedPaths\":[\"/proc/kcore\"]}" more "}"

TEST(a_look_alike_is_no_container_until_a_state_knows_it)
{
	struct runtime *r;

	root_make();
	r = open_root(root);
	CHECK(runtime_by_cgroup(r, 7, "/docker/" X, T0) == NULL);
	put("/var/lib/docker/containers/" X "/config.v2.json", "{\"ID\":\"" X "\",\"Name\":\"/web\",\"Config\":{\"Image\":\"nginx\"}}");
	CHECK(runtime_by_cgroup(r, 7, "/docker/" X, T0 + 49 * RUNTIME_MS) == NULL);
	CHECK(runtime_by_cgroup(r, 7, "/docker/" X, T0 + 50 * RUNTIME_MS) != NULL);
	runtime_free(r);
	root_remove();
}

TEST(the_negative_cache_asks_at_doubling_intervals_up_to_a_minute)
{
	struct runtime *r;
	struct runtime_stats before, after;
	uint64_t now = T0, wait = 50 * RUNTIME_MS;

	root_make();
	r = open_root(root);
	runtime_by_cgroup(r, 7, "/docker/" X, now);
	for (int i = 0; i < 14; i++) {
		runtime_stats(r, &before);
		runtime_by_cgroup(r, 7, "/docker/" X, now + wait - 1);
		runtime_stats(r, &after);
		CHECK_INT(after.n_state_reads, before.n_state_reads);
		now += wait;
		runtime_by_cgroup(r, 7, "/docker/" X, now);
		runtime_stats(r, &before);
		CHECK(before.n_state_reads > after.n_state_reads);
		wait = wait * 2 > 60 * RUNTIME_S ? 60 * RUNTIME_S : wait * 2;
	}
	CHECK_INT(before.n_not_containers, 1);
	runtime_free(r);
	root_remove();
}

TEST(a_new_cgroup_with_an_old_number_is_asked_at_once)
{
	struct runtime *r;

	root_make();
	r = open_root(root);
	put("/var/lib/docker/containers/" X "/config.v2.json", "{\"ID\":\"" X "\",\"Name\":\"/web\",\"Config\":{\"Image\":\"nginx\"}}");
	CHECK(runtime_by_cgroup(r, 7, "/system.slice/x.service", T0) == NULL);
	CHECK(runtime_by_cgroup(r, 7, "/docker/" X, T0 + 1) != NULL);
	CHECK(runtime_by_cgroup(r, 7, "/system.slice/x.service", T0 + 2) == NULL);
	runtime_free(r);
	root_remove();
}

TEST(the_pods_of_the_cri_plugin_are_known)
{
	struct runtime *r;
	const struct runtime_container *c;

	root_make();
	put("/proc/1/ns/net", "");
	put(CONTAINERD "/k8s.io/" X "/config.json", SPEC("kubepods-besteffort-pod3f2a1b4c_5d6e_7f80_91a2_b3c4d5e6f708.slice:cri-containerd:" X,
	    ",\"annotations\":{\"io.kubernetes.cri.container-type\":\"container\",\"io.kubernetes.cri.container-name\":\"web\","
	    "\"io.kubernetes.cri.image-name\":\"registry.k8s.io:5000/team/web:v1\",\"io.kubernetes.cri.sandbox-id\":\"" S "\","
	    "\"io.kubernetes.cri.sandbox-name\":\"web-6d4\",\"io.kubernetes.cri.sandbox-namespace\":\"shop\"}"));
	put(CONTAINERD "/k8s.io/" S "/config.json", SPEC("kubepods-besteffort-pod3f2a1b4c_5d6e_7f80_91a2_b3c4d5e6f708.slice:cri-containerd:" S,
	    ",\"annotations\":{\"io.kubernetes.cri.container-type\":\"sandbox\",\"io.kubernetes.cri.sandbox-id\":\"" S "\","
	    "\"io.kubernetes.cri.sandbox-name\":\"web-6d4\",\"io.kubernetes.cri.sandbox-namespace\":\"shop\"}"));
	r = open_root(root);
	c = ask(r, "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod3f2a1b4c_5d6e_7f80_91a2_b3c4d5e6f708.slice/cri-containerd-" X ".scope");
	if (CHECK(c != NULL)) {
		CHECK_INT(c->kind, RUNTIME_CONTAINERD);
		CHECK_STR(c->name, "web");
		CHECK_STR(c->image, "registry.k8s.io:5000/team/web:v1");
		CHECK_STR(c->image_repository, "registry.k8s.io:5000/team/web");
		CHECK_STR(c->image_tag, "v1");
		CHECK_STR(c->pod_name, "web-6d4");
		CHECK_STR(c->pod_namespace, "shop");
		CHECK_STR(c->pod_uid, POD_UID);
		CHECK_STR(c->pod_sandbox_id, S);
		CHECK_STR(c->pod_container_name, "web");
		CHECK_INT(c->host_network, 1);      /* no network namespace of its own */
		CHECK_INT(c->host_pid, 0);
		CHECK(!c->is_sandbox);
	}
	c = ask(r, "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod3f2a1b4c_5d6e_7f80_91a2_b3c4d5e6f708.slice/cri-containerd-" S ".scope");
	CHECK(c && c->is_sandbox);
	runtime_free(r);
	root_remove();
}

TEST(crio_containers_are_known_from_their_annotations)
{
	struct runtime *r;
	const struct runtime_container *c;

	root_make();
	put(STORAGE "/" X "/userdata/config.json", SPEC("kubepods-pod3f2a1b4c_5d6e_7f80_91a2_b3c4d5e6f708.slice:crio:" X,
	    ",\"annotations\":{\"io.container.manager\":\"cri-o\",\"io.kubernetes.cri-o.ContainerType\":\"container\","
	    "\"io.kubernetes.cri-o.Labels\":\"{\\\"io.kubernetes.container.name\\\":\\\"db\\\",\\\"tier\\\":\\\"back\\\"}\","
	    "\"io.kubernetes.cri-o.ImageName\":\"quay.io/x/db:2\",\"io.kubernetes.cri-o.ImageRef\":\"quay.io/x/db@sha256:" S "\","
	    "\"io.kubernetes.cri-o.SandboxID\":\"" S "\",\"io.kubernetes.pod.name\":\"db-0\",\"io.kubernetes.pod.namespace\":\"shop\","
	    "\"io.kubernetes.pod.uid\":\"" POD_UID "\",\"io.kubernetes.container.name\":\"db\",\"io.kubernetes.cri-o.PrivilegedRuntime\":\"true\"}"));
	r = open_root(root);
	c = ask(r, "/kubepods.slice/kubepods-pod3f2a1b4c_5d6e_7f80_91a2_b3c4d5e6f708.slice/crio-" X ".scope/container");
	if (CHECK(c != NULL)) {
		CHECK_INT(c->kind, RUNTIME_CRIO);
		CHECK_STR(c->name, "db");
		CHECK_STR(c->image_repository, "quay.io/x/db");
		CHECK_STR(c->image_digest, "sha256:" S);
		CHECK_STR(c->pod_name, "db-0");
		CHECK_STR(c->pod_uid, POD_UID);
		CHECK_STR(label(c, "tier"), "back");
		CHECK_INT(c->privileged, 1);
	}
	runtime_free(r);
	root_remove();
}

TEST(rootless_podman_is_found_in_its_users_directories)
{
	char passwd[256], graph[512], userdata[512];
	struct runtime *r;
	const struct runtime_container *c;
	unsigned uid = getuid() ? getuid() : 1000;

	root_make();
	snprintf(passwd, sizeof(passwd), "root:x:0:0::/root:/bin/sh\njo:x:%u:%u:Jo:/home/jo:/bin/sh\n", uid, uid);
	put("/etc/passwd", passwd);
	snprintf(userdata, sizeof(userdata), "/run/user/%u/crun/x", uid);
	put(userdata, "");
	snprintf(graph, sizeof(graph), "/home/jo/.local/share/containers/storage/overlay-containers/%s/userdata/config.json", X);
	put(graph, SPEC("user.slice:libpod:" X, ",\"annotations\":{\"io.container.manager\":\"libpod\"}"));
	put("/home/jo/.local/share/containers/storage/overlay-containers/containers.json",
	    "[{\"id\":\"" X "\",\"names\":[\"mine\"],\"image\":\"" S "\",\"metadata\":\"{\\\"image-name\\\":\\\"localhost/a:b\\\"}\"}]");
	if (getuid() == 0) {
		char full[1024];
		snprintf(full, sizeof(full), "%s%s", root, graph);
		CHECK_INT(chown(full, uid, uid), 0);
		snprintf(full, sizeof(full), "%s/home/jo/.local/share/containers/storage/overlay-containers/containers.json", root);
		CHECK_INT(chown(full, uid, uid), 0);
	}
	r = open_root(root);
	c = ask(r, "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" X ".scope/container");
	if (CHECK(c != NULL)) {
		CHECK(c->rootless);
		CHECK_STR(c->name, "mine");
		CHECK_STR(c->image, "localhost/a:b");
	}
	runtime_free(r);
	root_remove();
}

TEST(docker_with_another_data_root_is_found_by_its_settings)
{
	struct runtime *r;

	root_make();
	put("/etc/docker/daemon.json", "{\"data-root\":\"/mnt/big/docker/\"}");
	put("/mnt/big/docker/containers/" X "/config.v2.json", "{\"ID\":\"" X "\",\"Name\":\"/web\",\"Config\":{\"Image\":\"nginx\"}}");
	r = open_root(root);
	CHECK(ask(r, "/docker/" X) != NULL);
	runtime_free(r);
	root_remove();
}

/* A container that was just created by runc: its cgroup is there, its state is not. */
TEST(a_container_that_runc_is_making_is_known_by_its_command_line)
{
	struct runtime *r;
	const struct runtime_container *c;
	static const char command[] = "runc\0--log\0/x\0create\0--bundle\0/b\0--pid-file\0p\0web";
	char path[256];
	FILE *f;
	uid_t uid = getuid();

	root_make();
	put("/proc/77/comm", "runc\n");
	put("/proc/77/cmdline", "");
	snprintf(path, sizeof(path), "%s/proc/77/cmdline", root);
	f = fopen(path, "w");
	CHECK_INT(fwrite(command, 1, sizeof(command), f), sizeof(command));
	fclose(f);
	put("/b/config.json", SPEC("", ""));
	r = open_root(root);
	c = ask(r, "/some/parent/web");
	if (CHECK(c != NULL)) {
		CHECK_STR(c->id, "web");
		CHECK_STR(c->bundle, "/b");
		CHECK_INT(c->rootless, uid != 0);
	}
	CHECK(ask(r, "/some/parent/web2") == NULL);
	runtime_free(r);
	root_remove();
}

TEST(labels_baked_into_an_image_claim_no_pod)
{
	struct runtime *r;
	const struct runtime_container *c;

	root_make();
	put("/var/lib/docker/containers/" X "/config.v2.json", "{\"ID\":\"" X "\",\"Name\":\"/web\",\"Driver\":\"overlay2\",\"Image\":\"sha256:" S "\","
	    "\"Config\":{\"Image\":\"nginx\",\"Labels\":{\"io.kubernetes.pod.name\":\"kube-apiserver\",\"io.kubernetes.pod.namespace\":\"mine\"}}}");
	put("/var/lib/docker/image/overlay2/imagedb/content/sha256/" S, "{\"config\":{\"Labels\":{\"io.kubernetes.pod.name\":\"kube-apiserver\"}}}");
	r = open_root(root);
	c = ask(r, "/docker/" X);
	if (CHECK(c != NULL)) {
		CHECK_STR(c->pod_name, NULL);
		CHECK_STR(c->pod_namespace, "mine");
	}
	runtime_free(r);
	root_remove();
}

TEST(docker_in_docker_is_the_outer_container_unless_the_inner_is_known)
{
	struct runtime *r;
	const struct runtime_container *c;

	root_make();
	put("/var/lib/docker/containers/" X "/config.v2.json", "{\"ID\":\"" X "\",\"Name\":\"/outer\",\"Config\":{\"Image\":\"dind\"}}");
	r = open_root(root);
	c = ask(r, "/docker/" X "/docker/" S);
	if (CHECK(c != NULL))
		CHECK_STR(c->name, "outer");
	put("/var/lib/docker/containers/" S "/config.v2.json", "{\"ID\":\"" S "\",\"Name\":\"/inner\",\"Config\":{\"Image\":\"x\"}}");
	c = ask(r, "/docker/" X "/docker/" S "/sub");
	if (CHECK(c != NULL))
		CHECK_STR(c->name, "inner");
	runtime_free(r);
	root_remove();
}

/* ---- time ---- */

TEST(a_removed_container_is_known_for_its_grace_and_then_forgotten)
{
	struct runtime *r;
	const struct runtime_container *c, *all[4];

	root_make();
	put("/var/lib/docker/containers/" X "/config.v2.json", "{\"ID\":\"" X "\",\"Name\":\"/web\",\"Config\":{\"Image\":\"nginx\"}}");
	r = open_root(root);
	c = runtime_by_cgroup(r, 9, "/docker/" X, T0);
	CHECK(runtime_by_cgroup(r, 10, "/docker/" X "/sub", T0) == c);
	runtime_cgroup_removed(r, 10, "/docker/" X "/sub", T0);
	CHECK_INT(runtime_containers(r, all, 4), 1);
	runtime_cgroup_removed(r, 9, "/docker/" X, T0 + RUNTIME_S);
	CHECK_INT(runtime_containers(r, all, 4), 0);
	root_remove();
	CHECK(runtime_by_cgroup(r, 9, "/docker/" X, T0 + 2 * RUNTIME_S) == c);
	CHECK(runtime_by_cgroup(r, 11, "/docker/" X, T0 + 2 * RUNTIME_S) == NULL);   /* a look-alike of the gone one */
	CHECK_INT(runtime_refine(r, T0 + 30 * RUNTIME_S, NULL), 0);
	CHECK_STR(c->name, "web");
	CHECK_INT(runtime_refine(r, T0 + 62 * RUNTIME_S, NULL), 0);
	CHECK(runtime_by_id(r, X) == NULL);
	CHECK(runtime_by_cgroup(r, 9, "/docker/" X, T0 + 63 * RUNTIME_S) == NULL);
	runtime_free(r);
}

TEST(what_changes_is_read_again_and_the_row_stays_where_it_is)
{
	struct runtime *r;
	const struct runtime_container *c;
	const char *old_name;
	uint64_t generation;

	root_make();
	put("/var/lib/docker/containers/" X "/config.v2.json", "{\"ID\":\"" X "\",\"Name\":\"/web\",\"Config\":{\"Image\":\"nginx\"}}");
	r = open_root(root);
	c = ask(r, "/docker/" X);
	CHECK(c != NULL);
	old_name = c->name;
	generation = c->generation;
	runtime_refine(r, T0 + 200 * RUNTIME_MS, NULL);
	CHECK_INT(c->generation, generation);
	put("/var/lib/docker/containers/" X "/config.v2.json", "{\"ID\":\"" X "\",\"Name\":\"/renamed\",\"State\":{\"Running\":true,\"Pid\":42,"
	    "\"StartedAt\":\"2026-11-23T19:11:23.5Z\"},\"Config\":{\"Image\":\"nginx\"}}");
	runtime_refine(r, T0 + 2 * RUNTIME_S, NULL);
	CHECK_STR(c->name, "renamed");
	CHECK_INT(c->init_pid, 42);
	CHECK_INT(c->started_ns, 1795461083500000000);
	CHECK(c->generation > generation);
	CHECK_STR(old_name, "web");       /* held through the grace time */
	runtime_free(r);
	root_remove();
}

TEST(containers_go_to_json_and_come_back_the_same)
{
	struct runtime *r = open_recorded(), *other;
	const struct runtime_container *c = ask(r, "/docker/" DOCKER_ID), *copy;
	_cleanup_strbuf_ struct strbuf out;
	_cleanup_json_ json_t *json = NULL;
	struct json_writer w;

	strbuf_init(&out, 1 << 20);
	w = json_writer(&out);
	runtime_container_write(c, &w, NULL);
	CHECK_INT(json_parse(out.text, out.len, "dump", &json, NULL), 0);
	root_make();
	other = open_root(root);
	CHECK_INT(runtime_container_adopt(other, json, NULL), 0);
	copy = ask(other, "/docker/" DOCKER_ID);
	if (CHECK(copy != NULL))
		CHECK(runtime_container_same(c, copy));
	runtime_refine(other, T0 + 3600 * RUNTIME_S, NULL);
	CHECK(ask(other, "/docker/" DOCKER_ID) == copy);
	CHECK_INT(runtime_container_adopt(other, NULL, NULL), -EBADMSG);
	runtime_free(other);
	runtime_free(r);
	root_remove();
}

/* ---- hostile state, limits ---- */

/* `text` n times; with `rest` a number and the rest after each. */
static void repeat(struct strbuf *out, const char *text, const char *rest, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		strbuf_adds(out, text);
		if (rest)
			strbuf_addf(out, "%zu%s", i, rest);
	}
}

/* Docker's config with these labels; the container that comes of it. */
static const struct runtime_container *with_docker_config(struct runtime **r, const char *text)
{
	root_make();
	put("/var/lib/docker/containers/" X "/config.v2.json", text);
	*r = open_root(root);
	return ask(*r, "/docker/" X);
}

TEST(labels_past_their_number_are_left_out_but_never_those_of_kubernetes)
{
	_cleanup_strbuf_ struct strbuf text;
	struct runtime *r;
	const struct runtime_container *c;

	strbuf_init(&text, 4 << 20);
	strbuf_adds(&text, "{\"Name\":\"/n\",\"Config\":{\"Labels\":{");
	repeat(&text, "\"l", "\":\"v\",", 5000);
	strbuf_adds(&text, "\"io.kubernetes.pod.name\":\"p\"}}}");
	c = with_docker_config(&r, text.text);
	if (CHECK(c != NULL)) {
		CHECK_INT(c->n_labels, LIMIT_RUNTIME_LABELS);
		CHECK_STR(c->pod_name, "p");
	}
	runtime_free(r);
	root_remove();
}

TEST(long_texts_are_cut_at_a_character_and_labels_together_have_a_limit)
{
	_cleanup_strbuf_ struct strbuf text;
	struct runtime *r;
	const struct runtime_container *c;
	size_t bytes = 0;

	strbuf_init(&text, 4 << 20);
	strbuf_adds(&text, "{\"Name\":\"/");
	repeat(&text, "é", NULL, 5000);
	strbuf_adds(&text, "\",\"Config\":{\"Labels\":{");
	for (unsigned i = 0; i < 40; i++) {
		strbuf_addf(&text, "%s\"l%u\":\"", i ? "," : "", i);
		repeat(&text, "x", NULL, 3000);
		strbuf_addc(&text, '"');
	}
	strbuf_adds(&text, "}}}");
	c = with_docker_config(&r, text.text);
	if (CHECK(c != NULL)) {
		CHECK_INT(strlen(c->name), LIMIT_RUNTIME_TEXT_BYTES);
		for (size_t i = 0; i < c->n_labels; i++) {
			CHECK(strlen(c->labels[i].value) <= LIMIT_RUNTIME_LABEL_BYTES);
			bytes += strlen(c->labels[i].name) + strlen(c->labels[i].value);
		}
		CHECK(c->n_labels > 0 && bytes <= LIMIT_RUNTIME_LABELS_BYTES);
	}
	runtime_free(r);
	root_remove();
}

TEST(mounts_and_security_options_have_a_limit)
{
	_cleanup_strbuf_ struct strbuf text;
	struct arena arena;
	struct runtime_facts facts;

	arena_init(&arena, LIMIT_RUNTIME_SCRATCH_BYTES);
	strbuf_init(&text, 4 << 20);
	runtime_facts_init(&facts, &arena);
	strbuf_adds(&text, "{\"mounts\":[");
	repeat(&text, "{\"type\":\"bind\",\"source\":\"/s", "\",\"destination\":\"/d\"},", 1000);
	strbuf_adds(&text, "{}]}");
	CHECK_INT(runtime_parse_oci(text.text, text.len, "t", &facts, NULL), 0);
	CHECK_INT(facts.c.n_mounts, LIMIT_RUNTIME_MOUNTS);
	runtime_facts_init(&facts, &arena);
	strbuf_reset(&text);
	strbuf_adds(&text, "{\"SecurityOpt\":[");
	repeat(&text, "\"o", "\",", 1000);
	strbuf_adds(&text, "\"last\"]}");
	CHECK_INT(runtime_parse_docker_host(text.text, text.len, "t", &facts, NULL), 0);
	CHECK_INT(facts.c.n_security_opts, LIMIT_RUNTIME_SECURITY_OPTS);
	arena_done(&arena);
}

TEST(a_file_past_its_limit_costs_details_not_identity)
{
	_cleanup_strbuf_ struct strbuf text;
	struct runtime *r;
	const struct runtime_container *c;
	struct runtime_stats stats;

	strbuf_init(&text, 8 << 20);
	strbuf_adds(&text, "{\"Name\":\"/big\",\"Config\":{\"Labels\":{\"a\":\"");
	repeat(&text, "xxxxxxxxxxxxxxxx", NULL, LIMIT_RUNTIME_FILE_BYTES / 16);
	strbuf_adds(&text, "\"}}}");
	c = with_docker_config(&r, text.text);
	if (CHECK(c != NULL)) {
		CHECK_STR(c->id, X);
		CHECK_INT(c->kind, RUNTIME_DOCKER);
	}
	runtime_stats(r, &stats);
	CHECK(stats.n_errors > 0);
	runtime_free(r);
	root_remove();
}

TEST(broken_and_deeply_nested_state_costs_details_not_identity)
{
	static const char *const broken[] = { "", "{", "[]", "null", "\"x\"", "{\"Name\":7,\"Config\":[],\"MountPoints\":3,\"State\":{\"Pid\":-1}}", "\xff\xfe" };
	_cleanup_strbuf_ struct strbuf deep;
	struct runtime *r;

	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		CHECK_MSG(with_docker_config(&r, broken[i]) != NULL, "case %zu", i);
		runtime_free(r);
		root_remove();
	}
	strbuf_init(&deep, 1 << 20);
	strbuf_adds(&deep, "{\"Name\":\"/deep\",\"x\":");
	repeat(&deep, "[", NULL, LIMIT_RUNTIME_DEPTH);
	repeat(&deep, "]", NULL, LIMIT_RUNTIME_DEPTH);
	strbuf_addc(&deep, '}');
	CHECK(with_docker_config(&r, deep.text) != NULL);
	CHECK_STR(ask(r, "/docker/" X)->name, NULL);
	runtime_free(r);
	root_remove();
}

TEST(symbolic_links_fifos_and_other_peoples_files_are_not_read)
{
	char link[512];
	struct runtime *r;
	const struct runtime_container *c;

	root_make();
	put("/secret.json", "{\"Name\":\"/stolen\",\"Config\":{\"Image\":\"x\"}}");
	put("/var/lib/docker/containers/" X "/hostconfig.json", "{}");
	snprintf(link, sizeof(link), "%s/var/lib/docker/containers/%s/config.v2.json", root, X);
	CHECK_INT(symlink("/secret.json", link), 0);
	r = open_root(root);
	c = ask(r, "/docker/" X);
	CHECK(!c || !c->name);
	CHECK_INT(unlink(link), 0);
	CHECK_INT(mkfifo(link, 0600), 0);
	c = runtime_by_cgroup(r, 77, "/docker/" X, T0);
	CHECK(!c || !c->name);
	runtime_free(r);
	root_remove();
	root_make();
	snprintf(link, sizeof(link), "%s/elsewhere", root);
	put("/elsewhere/config.v2.json", "{\"Name\":\"/stolen\"}");
	put("/var/lib/docker/containers/x", "");
	snprintf(link, sizeof(link), "%s/var/lib/docker/containers/%s", root, X);
	CHECK_INT(symlink("../../../../elsewhere", link), 0);
	r = open_root(root);
	CHECK(ask(r, "/docker/" X) == NULL);
	runtime_free(r);
	root_remove();
}

TEST(paths_of_cgroups_that_are_too_long_or_strange_are_no_containers)
{
	_cleanup_strbuf_ struct strbuf path;
	struct runtime *r = open_recorded();

	strbuf_init(&path, 1 << 20);
	repeat(&path, "/x", "", 3000);
	CHECK(ask(r, path.text) == NULL);
	strbuf_adds(&path, "/docker/" DOCKER_ID);
	CHECK(ask(r, path.text) == NULL);
	CHECK(ask(r, "/docker/..") == NULL);
	CHECK(ask(r, "/../../my-runc-1/..") == NULL);
	CHECK(ask(r, "") == NULL && ask(r, "/") == NULL && ask(r, NULL) == NULL && ask(r, "docker/" DOCKER_ID) == NULL);
	runtime_free(r);
}

TEST(the_memory_of_cgroups_has_a_limit)
{
	struct runtime *r;
	char path[64];

	root_make();
	r = open_root(root);
	for (unsigned i = 1; i <= LIMIT_RUNTIME_CGROUPS + 100; i++) {
		snprintf(path, sizeof(path), "/x%u.service", i);
		runtime_by_cgroup(r, i, path, T0);
	}
	CHECK(r->cgroups.n <= LIMIT_RUNTIME_CGROUPS);
	runtime_free(r);
	root_remove();
}

TEST(two_hundred_containers_take_well_under_two_megabytes)
{
	struct mallinfo2 before, after;
	struct runtime *r;
	char path[256], text[2048], id[65];

	root_make();
	for (unsigned i = 0; i < 200; i++) {
		snprintf(id, sizeof(id), "%064x", i + 1);
		snprintf(path, sizeof(path), "/var/lib/docker/containers/%s/config.v2.json", id);
		snprintf(text, sizeof(text), "{\"ID\":\"%s\",\"Name\":\"/web-%u\",\"Config\":{\"Image\":\"nginx:1\",\"Labels\":{\"a\":\"b\",\"c\":\"d\"}},"
			 "\"MountPoints\":{\"/data\":{\"Source\":\"/srv/data\",\"RW\":true},\"/logs\":{\"Source\":\"/srv/logs\"}}}", id, i);
		put(path, text);
	}
	before = mallinfo2();
	r = open_root(root);
	for (unsigned i = 0; i < 200; i++) {
		snprintf(path, sizeof(path), "/docker/%064x", i + 1);
		CHECK(ask(r, path) != NULL);
	}
	after = mallinfo2();
	CHECK_MSG(after.uordblks - before.uordblks < 1 << 20, "%zu bytes", after.uordblks - before.uordblks);
	runtime_free(r);
	root_remove();
}

TEST(the_api_fills_in_only_what_the_state_lacks)
{
	static const char answer[] = "{\"Id\":\"x\",\"Name\":\"/other\",\"Config\":{\"Labels\":{\"a\":\"2\",\"b\":\"3\"}},"
		"\"NetworkSettings\":{\"Networks\":{\"bridge\":{\"IPAddress\":\"172.17.0.2\"}}}}";
	struct arena arena;
	struct runtime_facts facts, told;

	arena_init(&arena, LIMIT_RUNTIME_SCRATCH_BYTES);
	runtime_facts_init(&told, &arena);
	CHECK_INT(runtime_parse_docker_api(answer, strlen(answer), "t", &told, NULL), 0);
	CHECK_INT(runtime_parse_docker_api("{}", 2, "t", &told, NULL), -EBADMSG);
	runtime_facts_init(&facts, &arena);
	facts.c.name = "web";
	runtime_facts_label(&facts, "a", "1");
	runtime_facts_fill(&facts, &told.c);
	CHECK_STR(facts.c.name, "web");
	CHECK_STR(facts.c.ip, "172.17.0.2");
	CHECK_STR(label(&facts.c, "a"), "1");
	CHECK_STR(label(&facts.c, "b"), "3");
	arena_done(&arena);
}

/* ---- small parsers ---- */

TEST(names_of_images_are_split_into_repository_tag_and_digest)
{
	static const struct { const char *image, *repository, *tag, *digest; } all[] = {
		{ "nginx", "nginx", "latest", NULL }, { "nginx:1", "nginx", "1", NULL },
		{ "localhost:5000/a/b", "localhost:5000/a/b", "latest", NULL },
		{ "localhost:5000/a/b:t", "localhost:5000/a/b", "t", NULL },
		{ "a/b@sha256:12", "a/b", NULL, "sha256:12" }, { "a:t@sha256:12", "a", "t", "sha256:12" }, { "@", "", NULL, NULL },
	};
	struct arena arena;

	arena_init(&arena, 1 << 20);
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct runtime_facts facts;

		runtime_facts_init(&facts, &arena);
		runtime_image_split(&facts, all[i].image, "latest");
		CHECK_STR(facts.c.image_repository, all[i].repository);
		CHECK_STR(facts.c.image_tag, all[i].tag);
		CHECK_STR(facts.c.image_digest, all[i].digest);
	}
	arena_done(&arena);
}

TEST(times_are_read_with_fractions_and_offsets)
{
	CHECK_INT(runtime_time_parse("1970-01-02T00:00:00Z"), 86400 * 1000000000ll);
	CHECK_INT(runtime_time_parse("2026-11-23T19:11:23.071377062Z"), 1795461083071377062);
	CHECK_INT(runtime_time_parse("2026-11-23T21:11:23.071377062+02:00"), 1795461083071377062);
	CHECK_INT(runtime_time_parse("0001-01-01T00:00:00Z"), 0);
	CHECK_INT(runtime_time_parse("2026-11-23T19:11:23"), 0);
	CHECK_INT(runtime_time_parse("2026-11-23T19:11:23.123456789123456789Z"), 1795461083123456789);
	CHECK_INT(runtime_time_parse("x"), 0);
	CHECK_INT(runtime_time_parse(NULL), 0);
}

TAP_MAIN()
