/* SPDX-License-Identifier: Apache-2.0 */
/* What databases and the pods' own state add: containerd's meta.db (data/runtime/tree has one that containerd 1.6 wrote, with what no
 * longer counted zeroed), health checks and probes, CRI-O's and podman's image list. */
#include "bolt_file.h"
#include "runtime_help.h"

#include <errno.h>
#include <fcntl.h>

#define META "/var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db"
#define POD "101f76833f3e0a8c2469f407a494918b0bda8d714eab3152571ca5d30baa4543"
#define WEB "b662fc3a59c143becd0690844ebf7604ca612e97ff594a760db1a2723a32cfa2"
#define WEB_UID "0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0"
#define WEB_CGROUP "/kubepods/burstable/pod" WEB_UID "/"
#define BUNDLE(id) "{\"linux\":{\"cgroupsPath\":\"/default/" id "\",\"namespaces\":[{\"type\":\"pid\"}]},\"annotations\":{}}"

static const char *pod_label(const struct runtime_container *c, const char *name)
{
	for (size_t i = 0; i < c->n_pod_labels; i++)
		if (strcmp(c->pod_labels[i].name, name) == 0)
			return c->pod_labels[i].value;
	return NULL;
}

/* ---- recorded ---- */

TEST(a_container_of_ctr_has_the_image_and_the_labels_of_containerds_database)
{
	struct runtime *r = open_recorded();
	const struct runtime_container *c = ask(r, "/default/plain-1");

	if (CHECK(c != NULL)) {
		CHECK_INT(c->kind, RUNTIME_CONTAINERD);
		CHECK_STR(c->runtime_namespace, "default");
		CHECK_STR(c->name, "plain-1");
		CHECK_STR(c->image, "docker.io/library/parka-app:2");
		CHECK_STR(c->image_repository, "docker.io/library/parka-app");
		CHECK_STR(c->image_tag, "2");
		CHECK(c->image_digest && strncmp(c->image_digest, "sha256:", 7) == 0 && strlen(c->image_digest) == 71);
		CHECK_STR(c->snapshotter, "native");
		CHECK_STR(c->snapshot_key, "plain-1");
		CHECK_STR(label(c, "app"), "web");
		CHECK_STR(label(c, "maker"), "somebody");
		CHECK(c->init_pid != 0);
	}
	runtime_free(r);
}

TEST(labels_of_an_image_make_no_pod)
{
	struct runtime *r = open_recorded();
	const struct runtime_container *c = ask(r, "/default/plain-1");     /* LABEL io.kubernetes.pod.name=not-a-pod */

	CHECK(c && !c->pod_name && !label(c, "io.kubernetes.pod.name"));
	runtime_free(r);
}

TEST(a_container_of_a_pod_has_what_the_kubelet_said_of_both)
{
	struct runtime *r = open_recorded();
	const struct runtime_container *c = ask(r, WEB_CGROUP WEB), *pod = ask(r, WEB_CGROUP POD);

	if (CHECK(c != NULL && pod != NULL)) {
		CHECK_STR(c->runtime_namespace, "k8s.io");
		CHECK_STR(c->name, "web");
		CHECK_STR(c->image, "docker.io/library/parka-app:2");
		CHECK_STR(c->image_id, "cc29dd5914f98bae7b9e10e1bb02dec5aa3d3463a380578e07fe26ad94f4592e");
		CHECK(c->image_digest && strlen(c->image_digest) == 71);
		CHECK_STR(c->pod_name, "web-1");
		CHECK_STR(c->pod_namespace, "shop");
		CHECK_STR(c->pod_uid, WEB_UID);
		CHECK_STR(c->pod_sandbox_id, POD);
		CHECK_STR(c->pod_container_name, "web");
		CHECK_STR(label(c, "io.kubernetes.container.name"), "web");
		CHECK_STR(label(c, "maker"), NULL);          /* the image's: CRI does not show it */
		CHECK_STR(label(c, "app"), NULL);
		CHECK_STR(pod_label(c, "app"), "web");
		CHECK_STR(c->liveness_probe, "/bin/cat /tmp/alive");
		CHECK_STR(c->readiness_probe, "sh -c test -e /tmp/ready");
		CHECK_INT(c->n_mounts, 0);                   /* hosts, hostname and the like are the plug-in's */
		CHECK(!c->is_sandbox && pod->is_sandbox);
		CHECK_STR(pod->name, "web-1");
		CHECK_STR(label(pod, "app"), "web");
		CHECK_STR(pod->liveness_probe, NULL);
	}
	runtime_free(r);
}

/* ---- made by hand ---- */

static void put_bytes(const char *path, const void *bytes, size_t len)
{
	char full[1024];
	FILE *f;

	put(path, "");
	snprintf(full, sizeof(full), "%s%s", root, path);
	f = fopen(full, "w");
	if (CHECK(f != NULL)) {
		CHECK_INT(fwrite(bytes, 1, len, f), len);
		fclose(f);
	}
}

/* v1 / default / containers / ID / image, labels. */
static void put_database(const char *path, const char *id, const char *image, const struct bolt_item *labels, unsigned n_labels)
{
	struct bolt_file *f = mem_alloc(sizeof(*f));
	uint8_t *v = mem_alloc(8 * 65536);
	struct bolt_item container[2];
	unsigned n = 0;

	container[n++] = bolt_text("image", image);
	if (n_labels)
		container[n++] = bolt_bucket_inline("labels", v, labels, n_labels);
	bolt_meta(f, 0, 2, 2);
	bolt_page(f, 2, 2, 0, (struct bolt_item[]){ bolt_bucket_at("v1", v + 65536, 3) }, 1);
	bolt_page(f, 3, 2, 0, (struct bolt_item[]){ bolt_bucket_at("default", v + 2 * 65536, 4) }, 1);
	bolt_page(f, 4, 2, 0, (struct bolt_item[]){ bolt_bucket_at("containers", v + 3 * 65536, 5) }, 1);
	bolt_page(f, 5, 2, 20, (struct bolt_item[]){ bolt_bucket_inline(id, v + 4 * 65536, container, n) }, 1);
	put_bytes(path, f->bytes, sizeof(f->bytes));
	free(f);
	free(v);
}

TEST(a_name_in_labels_is_only_nerdctls_to_give)
{
	static const struct { const char *what, *id; struct bolt_item labels[2]; unsigned n; const char *name; } all[] = {
		{ "nerdctl's", X, { { "nerdctl/name", "shop", 4, false, 0 }, { "nerdctl/namespace", "default", 7, false, 0 } }, 2, "shop" },
		{ "of another namespace", X, { { "nerdctl/name", "shop", 4, false, 0 }, { "nerdctl/namespace", "prod", 4, false, 0 } }, 2, X },
		{ "an image's", X, { { "nerdctl/name", "shop", 4, false, 0 } }, 1, X },
		{ "ctr's", "web", { { "nerdctl/name", "shop", 4, false, 0 }, { "nerdctl/namespace", "default", 7, false, 0 } }, 2, "web" },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const struct runtime_container *c;
		char path[512], text[512];
		struct runtime *r;

		root_make();
		snprintf(path, sizeof(path), CONTAINERD "/default/%s/config.json", all[i].id);
		snprintf(text, sizeof(text), BUNDLE("%s"), all[i].id);
		put(path, text);
		put_database(META, all[i].id, "x:1", all[i].labels, all[i].n);
		r = open_root(root);
		snprintf(path, sizeof(path), "/default/%s", all[i].id);
		c = ask(r, path);
		CHECK_MSG(c && c->name && strcmp(c->name, all[i].name) == 0, "%s: %s", all[i].what, c && c->name ? c->name : "none");
		CHECK(c && c->image && strcmp(c->image, "x:1") == 0);
		runtime_free(r);
		root_remove();
	}
}

TEST(settings_tell_where_containerds_state_and_data_are)
{
	const struct runtime_container *c;
	struct runtime *r;

	root_make();
	put("/etc/containerd/config.toml", "version = 2\nroot = \"/srv/data\"\nstate = '/srv/state'\n[grpc]\n  address = \"/x\"\n");
	put("/srv/state/io.containerd.runtime.v2.task/default/web/config.json", BUNDLE("web"));
	put_database("/srv/data/io.containerd.metadata.v1.bolt/meta.db", "web", "right:1", NULL, 0);
	put_database(META, "web", "wrong:1", NULL, 0);
	r = open_root(root);
	c = ask(r, "/default/web");
	CHECK(c != NULL && c->image != NULL);
	CHECK_STR(c ? c->image : NULL, "right:1");
	runtime_free(r);
	root_remove();
}

TEST(a_shims_runc_state_is_found_where_the_shim_has_it_and_not_taken_from_another)
{
	static const struct { const char *bundle; uint32_t pid; } all[] = {
		{ "/srv/state/io.containerd.runtime.v2.task/default/web", 77 }, { "/other/io.containerd.runtime.v2.task/default/web", 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		const struct runtime_container *c;
		char text[512];
		struct runtime *r;

		root_make();
		put("/etc/containerd/config.toml", "state = \"/srv/state\"\n");
		put("/srv/state/io.containerd.runtime.v2.task/default/web/config.json", BUNDLE("web"));
		snprintf(text, sizeof(text), "{\"id\":\"web\",\"init_process_pid\":77,\"config\":{\"labels\":[\"bundle=%s\"]}}", all[i].bundle);
		put("/run/containerd/runc/default/web/state.json", text);
		r = open_root(root);
		c = ask(r, "/default/web");
		CHECK(c != NULL);
		CHECK_INT(c ? c->init_pid : 99, all[i].pid);
		CHECK_STR(c ? c->bundle : NULL, all[0].bundle);
		runtime_free(r);
		root_remove();
	}
}

TEST(a_database_that_is_missing_damaged_or_no_file_costs_the_image_not_the_container)
{
	static const char *const broken[] = { NULL, "", "not a database", "link", "fifo" };

	for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
		const struct runtime_container *c;
		struct runtime_stats stats;
		struct runtime *r;
		char full[512];

		root_make();
		put(CONTAINERD "/default/web/config.json", BUNDLE("web"));
		snprintf(full, sizeof(full), "%s" META, root);
		if (broken[i])
			put(META, broken[i]);
		if (broken[i] && (strcmp(broken[i], "link") == 0 || strcmp(broken[i], "fifo") == 0)) {
			put_database("/elsewhere", "web", "stolen:1", NULL, 0);
			CHECK_INT(unlink(full), 0);
			CHECK_INT(broken[i][0] == 'l' ? symlink("../../../../elsewhere", full) : mkfifo(full, 0600), 0);
		}
		r = open_root(root);
		c = ask(r, "/default/web");
		CHECK_MSG(c && strcmp(c->name, "web") == 0 && !c->image, "case %zu", i);
		runtime_stats(r, &stats);
		CHECK_MSG(stats.n_errors == (broken[i] && broken[i][0] != 'l' ? 1 : 0), "case %zu: %llu", i, (unsigned long long)stats.n_errors);
		runtime_free(r);
		root_remove();
	}
}

/* ---- health checks and probes ---- */

TEST(docker_health_checks_are_the_commands_that_docker_runs)
{
	static const struct { const char *config; const char *expect; } all[] = {
		{ "\"Healthcheck\":{\"Test\":[\"CMD\",\"curl\",\"-f\",\"http://x/\"]}", "curl -f http://x/" },
		{ "\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"curl -f x || exit 1\"]}", "/bin/sh -c curl -f x || exit 1" },
		{ "\"Healthcheck\":{\"Test\":[\"CMD-SHELL\",\"x\"]},\"Shell\":[\"/bin/bash\",\"-o\",\"pipefail\",\"-c\"]", "/bin/bash -o pipefail -c x" },
		{ "\"Healthcheck\":{\"Test\":[\"CMD\",\"x\",\"\",\"y\"]}", "x  y" },
		{ "\"Healthcheck\":{\"Test\":[\"NONE\"]}", "NONE" },
		{ "\"Healthcheck\":{\"Test\":[]}", NULL }, { "\"Healthcheck\":{\"Test\":[\"CMD\"]}", NULL },
		{ "\"Healthcheck\":{\"Test\":[\"CMD-SHELL\"]}", NULL }, { "\"Healthcheck\":{\"Test\":[7,8]}", NULL },
		{ "\"Healthcheck\":{\"Test\":[\"OTHER\",\"x\"]}", NULL }, { "\"Healthcheck\":null", NULL },
		/* Falco: probes come before a check */
		{ "\"Healthcheck\":{\"Test\":[\"CMD\",\"x\"]},\"Labels\":{\"io.kubernetes.container.name\":\"b\","
		  "\"annotation.kubectl.kubernetes.io/last-applied-configuration\":\"{\\\"spec\\\":{\\\"containers\\\":[{\\\"name\\\":\\\"b\\\","
		  "\\\"livenessProbe\\\":{\\\"exec\\\":{\\\"command\\\":[\\\"y\\\"]}}}]}}\"}", NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct runtime_facts facts;
		struct arena arena;
		char text[1024];
		int n = snprintf(text, sizeof(text), "{\"Config\":{%s}}", all[i].config);

		arena_init(&arena, LIMIT_RUNTIME_SCRATCH_BYTES);
		runtime_facts_init(&facts, &arena);
		CHECK_INT(runtime_parse_docker_config(text, (size_t)n, "t", &facts, NULL), 0);
		runtime_facts_kubernetes(&facts);
		CHECK_MSG(facts.c.healthcheck ? all[i].expect && strcmp(facts.c.healthcheck, all[i].expect) == 0 : !all[i].expect,
			  "case %zu: %s", i, facts.c.healthcheck ? facts.c.healthcheck : "none");
		arena_done(&arena);
	}
}

/* ctr / ID / config, as podman 4.3 has it in libpod/bolt_state.db, reduced. */
TEST(podman_has_labels_and_health_checks_in_its_database)
{
	static const char config[] = "{\"name\":\"web\",\"labels\":{\"app\":\"web\",\"io.kubernetes.pod.name\":\"not-a-pod\"},"
		"\"healthcheck\":{\"Test\":[\"CMD-SHELL\",\"test -e /x\"]}}";
	struct bolt_item item = bolt_text("config", config);
	struct bolt_file *f = mem_alloc(sizeof(*f));
	const struct runtime_container *c;
	uint8_t value[1024], ctr[16];
	struct runtime *r;

	bolt_meta(f, 0, 2, 2);
	bolt_page(f, 2, 2, 0, (struct bolt_item[]){ bolt_bucket_at("ctr", ctr, 3) }, 1);
	bolt_page(f, 3, 2, 0, (struct bolt_item[]){ bolt_bucket_inline(X, value, &item, 1) }, 1);
	root_make();
	put(STORAGE "/" X "/userdata/config.json", "{\"linux\":{\"cgroupsPath\":\"/libpod_parent/libpod-" X "\"},"
	    "\"annotations\":{\"io.container.manager\":\"libpod\"}}");
	put_bytes("/var/lib/containers/storage/libpod/bolt_state.db", f->bytes, sizeof(f->bytes));
	r = open_root(root);
	c = ask(r, "/libpod_parent/libpod-" X);
	if (CHECK(c != NULL)) {
		CHECK_STR(label(c, "app"), "web");
		CHECK_STR(label(c, "io.kubernetes.pod.name"), NULL);
		CHECK_STR(c->pod_name, NULL);
		CHECK_STR(c->healthcheck, "/bin/sh -c test -e /x");
	}
	runtime_free(r);
	root_remove();
	free(f);
}

#define APPLIED "{\"kind\":\"Pod\",\"spec\":{\"containers\":[" \
	"{\"name\":\"a\",\"livenessProbe\":{\"exec\":{\"command\":[\"la\",\"1\"]}},\"readinessProbe\":{\"exec\":{\"command\":[\"ra\"]}}}," \
	"{\"name\":\"b\",\"livenessProbe\":{\"httpGet\":{\"path\":\"/\"}},\"readinessProbe\":{\"exec\":{\"command\":[]}}}]," \
	"\"initContainers\":[{\"name\":\"i\",\"livenessProbe\":{\"exec\":{\"command\":[\"li\"]}}}]}}"

TEST(probes_are_those_of_the_container_of_that_name)
{
	static const struct { const char *container, *pod, *liveness, *readiness; } all[] = {
		{ "a", APPLIED, "la 1", "ra" }, { "b", APPLIED, NULL, NULL }, { "i", APPLIED, "li", NULL }, { "c", APPLIED, NULL, NULL },
		{ NULL, APPLIED, "la 1", "ra" }, { "a", "", NULL, NULL }, { "a", "[]", NULL, NULL }, { NULL, "{\"spec\":{\"containers\":{}}}", NULL, NULL },
		{ "a", "{\"spec\":{\"containers\":[7,{\"name\":\"a\",\"livenessProbe\":[]}]}}", NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		struct runtime_facts facts;
		struct arena arena;

		arena_init(&arena, LIMIT_RUNTIME_SCRATCH_BYTES);
		runtime_facts_init(&facts, &arena);
		runtime_facts_probes(&facts, all[i].container, all[i].pod, strlen(all[i].pod));
		printf("# case %zu\n", i);
		CHECK_STR(facts.c.liveness_probe, all[i].liveness);
		CHECK_STR(facts.c.readiness_probe, all[i].readiness);
		arena_done(&arena);
	}
}

TEST(a_command_that_is_too_long_is_none_rather_than_half_of_one)
{
	struct strbuf text;
	struct runtime_facts facts;
	struct arena arena;

	strbuf_init(&text, 1 << 16);
	strbuf_adds(&text, "{\"spec\":{\"containers\":[{\"name\":\"a\",\"livenessProbe\":{\"exec\":{\"command\":[\"");
	for (unsigned i = 0; i < LIMIT_RUNTIME_TEXT_BYTES; i++)
		strbuf_addc(&text, 'x');
	strbuf_adds(&text, "\",\"y\"]}}}]}}");
	arena_init(&arena, LIMIT_RUNTIME_SCRATCH_BYTES);
	runtime_facts_init(&facts, &arena);
	runtime_facts_probes(&facts, "a", text.text, text.len);
	CHECK_STR(facts.c.liveness_probe, NULL);
	arena_done(&arena);
	strbuf_done(&text);
}

/* ---- CRI-O ---- */

/* As CRI-O 1.28 writes it (internal/factory/container/container.go, server/sandbox_run_linux.go): all annotations of the pod are also
 * the container's, its labels too; an image id for ImageRef. */
#define CRIO_COMMON "\"io.container.manager\":\"cri-o\",\"io.kubernetes.cri-o.Created\":\"2026-11-23T19:11:23.071377062Z\"," \
	"\"kubectl.kubernetes.io/last-applied-configuration\":\"{\\\"spec\\\":{\\\"containers\\\":[{\\\"name\\\":\\\"db\\\"," \
	"\\\"livenessProbe\\\":{\\\"exec\\\":{\\\"command\\\":[\\\"pg_isready\\\",\\\"-q\\\"]}}}]}}\"," \
	"\"io.kubernetes.pod.name\":\"db-0\",\"io.kubernetes.pod.namespace\":\"shop\",\"io.kubernetes.pod.uid\":\"" POD_UID "\""
#define CRIO_SPEC(id, annotations) "{\"root\":{\"path\":\"/r\"},\"linux\":{\"cgroupsPath\":\"kubepods-pod3f2a1b4c.slice:crio:" id \
	"\",\"namespaces\":[{\"type\":\"pid\"}]},\"annotations\":{" CRIO_COMMON "," annotations "}}"

static void put_crio(void)
{
	put(STORAGE "/" X "/userdata/config.json", CRIO_SPEC(X, "\"io.kubernetes.cri-o.ContainerType\":\"container\","
	    "\"io.kubernetes.cri-o.Name\":\"k8s_db_db-0_shop_0\",\"io.kubernetes.cri-o.SandboxID\":\"" S "\",\"io.kubernetes.cri-o.IP.0\":\"10.85.0.7\","
	    "\"io.kubernetes.cri-o.Image\":\"quay.io/x/db:2\",\"io.kubernetes.cri-o.ImageName\":\"\",\"io.kubernetes.cri-o.ImageRef\":\"" S "\","
	    "\"io.kubernetes.container.name\":\"db\",\"io.kubernetes.cri-o.Labels\":\"{\\\"io.kubernetes.container.name\\\":\\\"db\\\"}\""));
	put(STORAGE "/" S "/userdata/config.json", CRIO_SPEC(S, "\"io.kubernetes.cri-o.ContainerType\":\"sandbox\","
	    "\"io.kubernetes.cri-o.SandboxID\":\"" S "\",\"io.kubernetes.cri-o.PrivilegedRuntime\":\"true\",\"io.kubernetes.container.name\":\"POD\","
	    "\"io.kubernetes.cri-o.Labels\":\"{\\\"tier\\\":\\\"back\\\",\\\"io.kubernetes.container.name\\\":\\\"POD\\\"}\""));
	put("/var/lib/containers/storage/overlay-images/images.json", "[{\"id\":\"" X "\",\"digest\":\"sha256:" X "\"},"
	    "{\"id\":\"" S "\",\"digest\":\"sha256:" S "\",\"names\":[\"quay.io/x/db:2\"]}]");
}

TEST(crio_containers_have_the_labels_address_image_and_probes_of_their_state)
{
	const struct runtime_container *c, *pod;
	struct runtime *r;

	root_make();
	put_crio();
	r = open_root(root);
	c = ask(r, "/kubepods.slice/kubepods-pod3f2a1b4c.slice/crio-" X ".scope/container");
	pod = ask(r, "/kubepods.slice/kubepods-pod3f2a1b4c.slice/crio-" S ".scope");
	if (CHECK(c != NULL && pod != NULL)) {
		CHECK_INT(c->kind, RUNTIME_CRIO);
		CHECK_STR(c->name, "db");
		CHECK_STR(c->image, "quay.io/x/db:2");       /* no name of its own: as it was asked for */
		CHECK_STR(c->image_id, S);
		CHECK_STR(c->image_digest, "sha256:" S);
		CHECK_STR(c->ip, "10.85.0.7");
		CHECK_STR(c->pod_name, "db-0");
		CHECK_STR(c->pod_sandbox_id, S);
		CHECK_STR(label(c, "tier"), NULL);
		CHECK_STR(pod_label(c, "tier"), "back");
		CHECK_STR(c->liveness_probe, "pg_isready -q");
		CHECK_INT(c->privileged, 0);
		CHECK(pod->is_sandbox);
		CHECK_INT(pod->privileged, 0);               /* its containers may be; it is not */
		CHECK_STR(pod->liveness_probe, NULL);
		CHECK_STR(pod_label(pod, "tier"), "back");
	}
	runtime_free(r);
	root_remove();
}

TEST(labels_of_pods_survive_a_capture)
{
	_cleanup_strbuf_ struct strbuf out;
	_cleanup_json_ json_t *doc = NULL;
	const struct runtime_container *c;
	struct runtime *r, *other;
	struct json_writer w;

	root_make();
	put_crio();
	r = open_root(root);
	other = open_root("/nowhere");
	c = ask(r, "/kubepods.slice/kubepods-pod3f2a1b4c.slice/crio-" X ".scope");
	if (CHECK(c != NULL)) {
		strbuf_init(&out, 1 << 20);
		w = json_writer(&out);
		runtime_container_write(c, &w, NULL);
		CHECK_INT(json_parse(out.text, out.len, "t", &doc, NULL), 0);
		CHECK_INT(runtime_container_adopt(other, doc, NULL), 0);
		CHECK(runtime_by_id(other, X) && runtime_container_same(c, runtime_by_id(other, X)));
		CHECK_STR(pod_label(runtime_by_id(other, X), "tier"), "back");
		CHECK_STR(runtime_by_id(other, X)->liveness_probe, "pg_isready -q");
	}
	runtime_free(r);
	runtime_free(other);
	root_remove();
}

TAP_MAIN()
