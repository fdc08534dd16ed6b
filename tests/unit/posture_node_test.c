/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/node/node.h"
#include "posture/judge.h"
#include "base/file.h"
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A machine in a directory. */
static char root[] = "/tmp/parka-node-XXXXXX";
static struct posture_set *set;

static void forget(void)
{
	char command[64] = "";

	set = posture_set_free(set);
	if (strstr(root, "XXXXXX"))
		return;
	snprintf(command, sizeof(command), "rm -rf %s", root);
	if (system(command) != 0)
		printf("# %s failed\n", command);
	strcpy(root + strlen(root) - 6, "XXXXXX");
}

static void put_bytes(const char *path, const char *bytes, size_t len, mode_t mode)
{
	char full[512], *slash;
	int fd;

	if (strstr(root, "XXXXXX") && !mkdtemp(root))
		return;
	snprintf(full, sizeof(full), "%s%s", root, path);
	slash = strrchr(full, '/');
	*slash = '\0';
	file_make_dirs(full, 0755, NULL);
	*slash = '/';
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd >= 0 && fd_write_all(fd, bytes, len) == 0)
		fchmod(fd, mode);
	close(fd);
}

static void put(const char *path, const char *text)
{
	put_bytes(path, text, strlen(text), 0600);
}

/* The words of a command line, ended by NULL. */
static void put_process(const char *pid, const char *const *words, const char *environment)
{
	char path[64], text[4096];
	size_t len = 0;

	for (; *words; words++) {
		memcpy(text + len, *words, strlen(*words) + 1);
		len += strlen(*words) + 1;
	}
	snprintf(path, sizeof(path), "/proc/%s/cmdline", pid);
	put_bytes(path, text, len, 0444);
	if (!environment)
		return;
	snprintf(path, sizeof(path), "/proc/%s/environ", pid);
	put_bytes(path, environment, strlen(environment) + 1, 0400);
}

static void collect(void)
{
	static const struct posture_audit_options options;

	set = posture_set_free(set);
	set = posture_set_new(root);
	node_collector.collect(set, &options);
}

static const struct posture_record *component(const char *name)
{
	for (const struct posture_record *r = set->first[MODEL_KIND_NODE_COMPONENT]; r; r = r->next)
		if (strcmp(posture_value_of(r, MODEL_F_COMPONENT_NAME)->value.text, name) == 0)
			return r;
	return NULL;
}

static const struct posture_value *ask(const char *name, enum model_field_id field, const char *option)
{
	const struct posture_record *r = component(name);
	struct model_field_ref ref = { .id = field, .has_arg = true, .key = option, .index = -1 };

	return r ? posture_value_at(r, &ref, &set->arena) : NULL;
}

static const char *option(const char *name, const char *flag)
{
	const struct posture_value *v = ask(name, MODEL_F_COMPONENT_OPTION, flag);

	return !v ? "(unset)" : v->state == MODEL_UNKNOWN ? "(unknown)" : v->value.text;
}

static int origin(const char *name, const char *flag)
{
	const struct posture_value *v = ask(name, MODEL_F_COMPONENT_OPTION, flag);

	return v ? v->origin : -1;
}

TEST(a_flag_wins_over_the_file_the_file_over_the_default_and_drop_ins_over_the_file)
{
	static const char *const words[] = { "/usr/bin/kubelet", "--config=/k/config.yaml", "--config-dir", "/k/d", "--read-only-port=1", NULL };

	put_process("10", words, "");
	put("/k/config.yaml", "authentication:\n  anonymous:\n    enabled: true\nreadOnlyPort: 2\npodPidsLimit: 100\ntlsCipherSuites: [A, B]\n");
	put("/k/d/10-a.conf", "podPidsLimit: 200\n");
	put("/k/d/20-b.conf", "podPidsLimit: 300\n");
	put("/k/d/ignored.yaml", "podPidsLimit: 400\n");
	collect();
	CHECK_STR(option("kubelet", "read-only-port"), "1");
	CHECK_INT(origin("kubelet", "read-only-port"), POSTURE_FROM_FLAG);
	CHECK_STR(option("kubelet", "anonymous-auth"), "true");
	CHECK_INT(origin("kubelet", "anonymous-auth"), POSTURE_FROM_FILE);
	CHECK_INT(ask("kubelet", MODEL_F_COMPONENT_OPTION, "anonymous-auth")->place.line, 3);
	CHECK_STR(option("kubelet", "pod-max-pids"), "300");
	CHECK_STR(ask("kubelet", MODEL_F_COMPONENT_OPTION, "pod-max-pids")->place.file, "/k/d/20-b.conf");
	CHECK_STR(option("kubelet", "tls-cipher-suites"), "A,B");
	CHECK_STR(option("kubelet", "authorization-mode"), "Webhook");
	CHECK_INT(origin("kubelet", "authorization-mode"), POSTURE_FROM_DEFAULT);
	CHECK_STR(option("kubelet", "tls-cert-file"), "(unset)");
	forget();
}

TEST(a_kubelet_without_a_file_has_the_defaults_of_old)
{
	static const char *const words[] = { "kubelet", NULL };

	put_process("10", words, "");
	collect();
	CHECK_STR(option("kubelet", "anonymous-auth"), "true");
	CHECK_STR(option("kubelet", "authorization-mode"), "AlwaysAllow");
	CHECK_STR(option("kubelet", "read-only-port"), "10255");
	forget();
}

TEST(a_configuration_that_cannot_be_read_makes_what_it_could_say_unknown)
{
	static const char *const words[] = { "kubelet", "--config=/gone.yaml", "--anonymous-auth=false", NULL };

	put_process("10", words, "");
	collect();
	CHECK_STR(option("kubelet", "anonymous-auth"), "false");
	CHECK_STR(option("kubelet", "authorization-mode"), "(unknown)");
	CHECK_INT(set->n_problems, 1);
	put("/gone.yaml", "a: [\n");
	collect();
	CHECK_STR(option("kubelet", "authorization-mode"), "(unknown)");
	CHECK_INT(set->n_problems, 1);
	forget();
}

TEST(etcd_takes_a_flag_over_its_environment_and_nothing_beside_a_configuration_file)
{
	static const char *const words[] = { "etcd", "--client-cert-auth", "--data-dir=/d", NULL };
	static const char *const with_file[] = { "etcd", "--config-file=/etcd.yaml", "--client-cert-auth=true", NULL };

	put_process("10", words, "ETCD_AUTO_TLS=true");
	collect();
	CHECK_STR(option("etcd", "client-cert-auth"), "true");
	CHECK_STR(option("etcd", "auto-tls"), "true");
	CHECK_INT(origin("etcd", "auto-tls"), POSTURE_FROM_ENVIRONMENT);
	CHECK_STR(option("etcd", "peer-client-cert-auth"), "false");
	put_process("10", with_file, "ETCD_AUTO_TLS=true");
	put("/etcd.yaml", "client-transport-security:\n  auto-tls: false\n");
	collect();
	CHECK_STR(option("etcd", "client-cert-auth"), "false");
	CHECK_INT(origin("etcd", "client-cert-auth"), POSTURE_FROM_DEFAULT);
	CHECK_STR(option("etcd", "auto-tls"), "false");
	CHECK_INT(origin("etcd", "auto-tls"), POSTURE_FROM_FILE);
	forget();
}

TEST(an_environment_that_cannot_be_read_is_unknown)
{
	static const char *const words[] = { "etcd", "--cert-file=/a", NULL };

	put_process("10", words, NULL);
	collect();
	CHECK_STR(option("etcd", "cert-file"), "/a");
	CHECK_STR(option("etcd", "client-cert-auth"), "(unknown)");
	forget();
}

TEST(a_static_pod_is_read_where_nothing_runs_and_names_its_lines)
{
	put("/etc/kubernetes/manifests/a.yaml", "kind: Pod\nspec:\n  containers:\n  - command:\n    - kube-scheduler\n    - --profiling=false\n");
	put("/etc/kubernetes/manifests/b.yaml", "kind: Pod\nspec:\n  containers:\n  - command: [something-else]\n");
	collect();
	CHECK_INT(set->n_problems, 0);
	CHECK_STR(option("kube-scheduler", "profiling"), "false");
	CHECK_INT(ask("kube-scheduler", MODEL_F_COMPONENT_OPTION, "profiling")->place.line, 6);
	CHECK(set->first[MODEL_KIND_NODE_COMPONENT] && !set->first[MODEL_KIND_NODE_COMPONENT]->next);
	forget();
}

TEST(numbers_are_counts_or_seconds)
{
	static const struct { const char *text; bool ok; long long number; } cases[] = {
		{ "30", true, 30 }, { "-1", true, -1 }, { "4h0m0s", true, 14400 }, { "1m0s", true, 60 }, { "1.5h", true, 5400 },
		{ "500ms", true, 0 }, { "abc", false, 0 }, { "5x", false, 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t number = -99;
		CHECK_MSG(node_number(cases[i].text, &number) == cases[i].ok, "%s", cases[i].text);
		if (cases[i].ok)
			CHECK_INT(number, cases[i].number);
	}
}

static bool lists(const struct posture_record *r, enum model_field_id field, const char *text)
{
	const struct posture_value *v = r ? posture_value_of(r, field) : NULL;

	for (size_t i = 0; v && v->state == MODEL_SET && i < v->value.n; i++)
		if (strcmp(v->value.list[i].text, text) == 0)
			return true;
	return false;
}

TEST(an_audit_policy_is_decided_by_the_first_rule_that_is_about_a_request)
{
	static const char *const words[] = { "kube-apiserver", "--audit-policy-file=/a.yaml", NULL };
	const struct posture_record *r;

	put_process("10", words, "");
	put("/a.yaml", "rules:\n"
	    "- {level: None, users: [\"system:kube-proxy\"], verbs: [get], resources: [{group: \"\", resources: [secrets]}]}\n"
	    "- {level: Request, verbs: [create], resources: [{group: \"\", resources: [secrets]}]}\n"
	    "- {level: None, resources: [{group: \"\", resources: [\"pods/*\"]}]}\n"
	    "- {level: Metadata, resources: [{group: \"\"}]}\n");
	collect();
	r = set->first[MODEL_KIND_NODE_AUDIT_POLICY];
	CHECK(lists(r, MODEL_F_AUDITPOLICY_UNLOGGED, "create pods/exec"));
	CHECK(!lists(r, MODEL_F_AUDITPOLICY_UNLOGGED, "create pods"));
	CHECK(!lists(r, MODEL_F_AUDITPOLICY_UNLOGGED, "get secrets"));
	CHECK(lists(r, MODEL_F_AUDITPOLICY_UNLOGGED, "create clusterrolebindings"));
	CHECK(lists(r, MODEL_F_AUDITPOLICY_LEAKS, "create secrets"));
	CHECK(!lists(r, MODEL_F_AUDITPOLICY_LEAKS, "get secrets"));
	forget();
}

TEST(the_first_provider_that_covers_secrets_is_the_one_that_writes)
{
	static const char *const words[] = { "kube-apiserver", "--encryption-provider-config=/e.yaml", NULL };

	put_process("10", words, "");
	put("/e.yaml", "resources:\n- resources: [configmaps]\n  providers: [{identity: {}}]\n- resources: [\"*.\"]\n  providers:\n  - aescbc: {}\n  - identity: {}\n");
	collect();
	CHECK_STR(posture_value_of(set->first[MODEL_KIND_NODE_ENCRYPTION], MODEL_F_ENCRYPTION_FIRST)->value.text, "aescbc");
	put("/e.yaml", "resources:\n- resources: [configmaps]\n  providers: [{identity: {}}]\n");
	collect();
	CHECK(!posture_value_of(set->first[MODEL_KIND_NODE_ENCRYPTION], MODEL_F_ENCRYPTION_FIRST));
	forget();
}

static const struct posture_record *file_named(const char *path)
{
	for (const struct posture_record *r = set->first[MODEL_KIND_NODE_FILE]; r; r = r->next)
		if (strcmp(r->name, path) == 0)
			return r;
	return NULL;
}

TEST(files_are_open_where_their_mode_goes_beyond_what_their_role_needs)
{
	const struct posture_record *r;

	put_bytes("/etc/kubernetes/admin.conf", "x", 1, 0640);
	put_bytes("/etc/kubernetes/pki/ca.key", "x", 1, 0600);
	put_bytes("/etc/kubernetes/pki/etcd/ca.crt", "x", 1, 0644);
	put_bytes("/etc/cni/net.d/10.conflist", "x", 1, 0644);
	collect();
	r = file_named("/etc/kubernetes/admin.conf");
	CHECK_STR(posture_value_of(r, MODEL_F_NODEFILE_MODE)->value.text, "640");
	CHECK_STR(posture_value_of(r, MODEL_F_NODEFILE_OPEN_BITS)->value.text, "40");
	CHECK(!posture_value_of(file_named("/etc/kubernetes/pki/ca.key"), MODEL_F_NODEFILE_OPEN_BITS));
	CHECK_STR(posture_value_of(file_named("/etc/kubernetes/pki/ca.key"), MODEL_F_NODEFILE_ROLE)->value.text, "pki-key");
	CHECK_STR(posture_value_of(file_named("/etc/kubernetes/pki/etcd/ca.crt"), MODEL_F_NODEFILE_ROLE)->value.text, "pki-cert");
	CHECK_STR(posture_value_of(file_named("/etc/cni/net.d/10.conflist"), MODEL_F_NODEFILE_OPEN_BITS)->value.text, "44");
	forget();
}

TAP_MAIN()
