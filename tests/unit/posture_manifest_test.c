/* SPDX-License-Identifier: Apache-2.0 */
#include "base/strbuf.h"
#include "posture/judge.h"
#include "posture/lint.h"
#include "data_dir.h"
#include "tap.h"

#include <time.h>

static struct posture_set *set;
static struct posture_checks *checks;
static struct posture_results results;
static struct err err;

static void start(void)
{
	posture_results_done(&results);
	results = (struct posture_results){ 0 };
	posture_set_free(set);
	set = posture_set_new(NULL);
}

static void add(const char *name, const char *text)
{
	posture_lint_text(set, name, text, strlen(text), NULL);
}

static void read_one(const char *text)
{
	start();
	add("a.yaml", text);
	posture_lint_finish(set);
}

static const struct posture_record *nth(enum model_kind_id kind, size_t n)
{
	const struct posture_record *r = set->first[kind];

	while (r && n-- > 0)
		r = r->next;
	return r;
}

static const struct posture_value *value(enum model_kind_id kind, size_t n, enum model_field_id field)
{
	const struct posture_record *r = nth(kind, n);

	return r ? posture_value_of(r, field) : NULL;
}

static const char *text(enum model_kind_id kind, size_t n, enum model_field_id field)
{
	const struct posture_value *v = value(kind, n, field);

	return v && v->state == MODEL_SET ? v->value.text : v && v->state == MODEL_UNKNOWN ? "unknown" : "unset";
}

static bool has(const struct posture_value *v, const char *item)
{
	for (size_t i = 0; v && v->state == MODEL_SET && i < v->value.n; i++)
		if (strcmp(v->value.list[i].text, item) == 0)
			return true;
	return false;
}

static size_t count(enum model_kind_id kind)
{
	size_t n = 0;

	for (const struct posture_record *r = set->first[kind]; r; r = r->next)
		n++;
	return n;
}

static void judge(void)
{
	static const char *const profiles[] = { "strict" };
	const struct posture_options options = { .profiles = profiles, .n_profiles = 1, .keep_passes = true };

	if (!checks) {
		checks = posture_checks_new();
		err = ERR_INIT;
		if (!CHECK_MSG(posture_checks_load(checks, checks_dir(), &err) >= 0, "%s:%u: %s", err.input, err.line, err.text))
			exit(1);
	}
	err = ERR_INIT;
	CHECK_INT(posture_judge(set, checks, &options, &results, &err), 0);
}

static const struct posture_finding *finding(const char *check)
{
	for (size_t i = 0; i < results.n; i++)
		if (strcmp(results.findings[i].check->id, check) == 0)
			return &results.findings[i];
	return NULL;
}

static int status(const char *check)
{
	const struct posture_finding *f = finding(check);

	return f ? (int)f->status : -1;
}

#define POD "apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: n}\nspec:\n"

TEST(every_kind_of_workload_gives_its_pod_and_containers)
{
	static const struct { const char *kind, *before, *path; } cases[] = {
		{ "Pod", "", "spec" },
		{ "Deployment", "{template: ", "spec.template.spec" },
		{ "DaemonSet", "{template: ", "spec.template.spec" },
		{ "StatefulSet", "{template: ", "spec.template.spec" },
		{ "ReplicaSet", "{template: ", "spec.template.spec" },
		{ "ReplicationController", "{template: ", "spec.template.spec" },
		{ "Job", "{template: ", "spec.template.spec" },
		{ "CronJob", "{jobTemplate: {spec: {template: ", "spec.jobTemplate.spec.template.spec" },
		{ "Rollout", "{template: ", "spec.template.spec" },
	};
	static const char pod[] = "{containers: [{name: c, image: x}], initContainers: [{name: i, image: y}]}";

	for (size_t k = 0; k < ARRAY_LEN(cases); k++) {
		_cleanup_strbuf_ struct strbuf yaml;
		size_t braces = 0;

		strbuf_init(&yaml, 4096);
		strbuf_addf(&yaml, "apiVersion: v1\nkind: %s\nmetadata: {name: w}\nspec: %s%s%s", cases[k].kind, cases[k].before,
			    *cases[k].before ? "{spec: " : "", pod);
		for (const char *p = cases[k].before; *p; p++)
			braces += *p == '{';
		for (size_t i = 0; i < braces + (*cases[k].before != '\0'); i++)
			strbuf_addc(&yaml, '}');
		strbuf_addc(&yaml, '\n');
		read_one(yaml.text);
		CHECK_MSG(count(MODEL_KIND_K8S_POD) == 1 && count(MODEL_KIND_K8S_CONTAINER) == 2, "%s: %s", cases[k].kind, yaml.text);
		CHECK_STR(text(MODEL_KIND_K8S_POD, 0, MODEL_F_POD_PATH), cases[k].path);
	}
	read_one("apiVersion: v1\nkind: PodTemplate\nmetadata: {name: w}\ntemplate: {spec: {containers: [{name: c}]}}\n");
	CHECK_STR(text(MODEL_KIND_K8S_POD, 0, MODEL_F_POD_PATH), "template.spec");
}

TEST(values_have_their_line_column_and_path)
{
	const struct posture_value *v;

	read_one("apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d}\nspec:\n  template:\n    spec:\n      containers:\n"
		 "      - name: a\n      - name: b\n        securityContext:\n          privileged: true\n");
	v = value(MODEL_KIND_K8S_CONTAINER, 1, MODEL_F_CONTAINER_PRIVILEGED);
	if (!CHECK(v))
		return;
	CHECK(v->value.boolean);
	CHECK_STR(v->place.file, "a.yaml");
	CHECK_INT(v->place.line, 11);
	CHECK_INT(v->place.column, 23);
	CHECK_STR(v->place.path, "spec.template.spec.containers[1].securityContext.privileged");
}

TEST(documents_lists_and_json_are_all_objects)
{
	start();
	add("a.yaml", "---\napiVersion: v1\nkind: Service\nmetadata: {name: a}\n---\n# nothing\n---\napiVersion: v1\nkind: List\nitems:\n"
	    "- {apiVersion: v1, kind: Pod, metadata: {name: b}, spec: {containers: [{name: c}]}}\n");
	add("b.json", "{\"apiVersion\": \"v1\", \"kind\": \"PodList\", \"items\": [{\"metadata\": {\"name\": \"d\"}, \"spec\": {\"containers\": []}}]}");
	posture_lint_finish(set);
	CHECK_INT(count(MODEL_KIND_K8S_OBJECT), 3);
	CHECK_INT(count(MODEL_KIND_K8S_POD), 2);
	CHECK_STR(text(MODEL_KIND_K8S_OBJECT, 2, MODEL_F_OBJECT_KIND), "Pod");
	CHECK_INT(set->n_problems, 0);
}

TEST(what_cannot_be_read_is_a_problem_with_its_place_and_never_passes)
{
	static const struct { const char *yaml; unsigned line; const char *says; } cases[] = {
		{ "apiVersion: v1\nkind: Pod\nmetadata: {name: p\n", 4, "not judged: " },
		{ "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers: {name: c}\n", 5, "not judged: expected a list for containers of Pod p" },
		{ "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: [a]\n", 4, "not judged: expected a mapping as spec of Pod p" },
		{ "apiVersion: v1\nkind: Pod\nspec: {containers: [x]}\n", 3, "not judged: expected a mapping for containers of Pod " },
		{ "apiVersion: v1\nkind: ConfigMap\n---\nvalue: 1\n", 4, "not judged: expected an object with apiVersion and kind" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		read_one(cases[i].yaml);
		if (!CHECK_MSG(set->n_problems == 1, "case %zu has %zu problems", i, set->n_problems))
			continue;
		CHECK_MSG(strncmp(set->problems->what, cases[i].says, strlen(cases[i].says)) == 0, "%s", set->problems->what);
		CHECK_INT(set->problems->place.line, cases[i].line);
	}
}

TEST(truth_values_are_those_that_kubectl_reads_and_others_are_unknown)
{
	static const struct { const char *yaml, *is; } cases[] = {
		{ "true", "true" }, { "yes", "true" }, { "On", "true" }, { "false", "false" }, { "no", "false" },
		{ "\"true\"", "unknown" }, { "1", "unknown" }, { "[]", "unknown" }, { "null", "unset" }, { "", "unset" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_strbuf_ struct strbuf yaml;
		const struct posture_value *v;

		strbuf_init(&yaml, 4096);
		strbuf_addf(&yaml, POD "  hostPID: %s\n  containers: []\n", cases[i].yaml);
		read_one(yaml.text);
		v = value(MODEL_KIND_K8S_POD, 0, MODEL_F_POD_HOST_PID);
		CHECK_MSG(strcmp(!v ? "unset" : v->state == MODEL_UNKNOWN ? "unknown" : v->value.boolean ? "true" : "false", cases[i].is) == 0,
			  "hostPID: %s", cases[i].yaml);
	}
}

TEST(a_part_of_another_shape_makes_what_is_in_it_unknown)
{
	read_one(POD "  containers:\n  - name: c\n    securityContext: runAsUser:65534\n    resources: [limits]\n");
	CHECK_STR(text(MODEL_KIND_K8S_CONTAINER, 0, MODEL_F_CONTAINER_CPU_LIMIT), "unknown");
	CHECK_STR(text(MODEL_KIND_K8S_CONTAINER, 0, MODEL_F_CONTAINER_PROC_MOUNT), "unknown");
	judge();
	CHECK_INT(status("k8s-cpu-limit"), POSTURE_UNKNOWN);
	CHECK_INT(status("k8s-privileged"), POSTURE_UNKNOWN);
}

TEST(a_container_has_what_its_pod_says_unless_it_says_otherwise)
{
	const struct posture_value *v;

	read_one(POD "  securityContext: {runAsUser: 5, runAsNonRoot: true, seccompProfile: {type: RuntimeDefault}}\n"
		 "  containers:\n  - name: a\n  - name: b\n    securityContext: {runAsUser: 0, seccompProfile: {type: Unconfined}}\n");
	v = value(MODEL_KIND_K8S_CONTAINER, 0, MODEL_F_CONTAINER_RUN_AS_USER);
	CHECK(v && v->value.i64 == 5);
	v = value(MODEL_KIND_K8S_CONTAINER, 1, MODEL_F_CONTAINER_RUN_AS_USER);
	CHECK(v && v->value.i64 == 0);
	CHECK_STR(text(MODEL_KIND_K8S_CONTAINER, 0, MODEL_F_CONTAINER_SECCOMP), "RuntimeDefault");
	CHECK_STR(text(MODEL_KIND_K8S_CONTAINER, 1, MODEL_F_CONTAINER_SECCOMP), "Unconfined");
}

TEST(the_kubernetes_version_decides_which_standard_holds)
{
	static const struct { unsigned minor; int sysctl, proc, escalation; } cases[] = {
		{ 7, POSTURE_FAIL, POSTURE_FAIL, POSTURE_DOES_NOT_APPLY },
		{ 26, POSTURE_FAIL, POSTURE_FAIL, POSTURE_FAIL },
		{ 27, POSTURE_PASS, POSTURE_FAIL, POSTURE_FAIL },
		{ 35, POSTURE_PASS, POSTURE_PASS, POSTURE_FAIL },
		{ 0, POSTURE_PASS, POSTURE_PASS, POSTURE_FAIL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		start();
		set->kubernetes_minor = cases[i].minor;
		add("a.yaml", POD "  hostUsers: false\n  securityContext: {sysctls: [{name: net.ipv4.ip_local_reserved_ports, value: '1'}]}\n"
		    "  containers: [{name: c, securityContext: {procMount: Unmasked}}]\n");
		posture_lint_finish(set);
		judge();
		CHECK_INT(status("k8s-sysctls"), cases[i].sysctl);
		CHECK_INT(status("k8s-proc-mount"), cases[i].proc);
		CHECK_INT(status("k8s-privilege-escalation"), cases[i].escalation);
	}
}

TEST(host_paths_are_compared_without_dots_and_double_slashes)
{
	read_one(POD "  volumes: [{name: v, hostPath: {path: //var/./lib/../run//docker.sock}}, {name: w, hostPath: {path: /../}}]\n"
		 "  containers: [{name: c, volumeMounts: [{name: v, mountPath: /a, readOnly: true}, {name: w, mountPath: /b}]}]\n");
	CHECK(has(value(MODEL_KIND_K8S_POD, 0, MODEL_F_POD_HOST_PATHS), "/var/run/docker.sock"));
	CHECK(has(value(MODEL_KIND_K8S_POD, 0, MODEL_F_POD_HOST_PATHS), "/"));
	CHECK(has(value(MODEL_KIND_K8S_CONTAINER, 0, MODEL_F_CONTAINER_HOST_MOUNTS_WRITABLE), "/"));
	CHECK(!has(value(MODEL_KIND_K8S_CONTAINER, 0, MODEL_F_CONTAINER_HOST_MOUNTS_WRITABLE), "/var/run/docker.sock"));
}

TEST(secrets_written_out_are_found_and_names_that_sound_like_them_are_not)
{
	static const struct { const char *name, *value; bool is_secret; } cases[] = {
		{ "DB_PASSWORD", "hunter2", true }, { "dbPassword", "hunter2", true }, { "API_KEY", "abc", true }, { "TOKEN", "x", true },
		{ "MONKEY", "abc", false }, { "PASSWORD_FILE", "/run/secret", false }, { "TOKEN_TTL", "60", false }, { "KEYBOARD", "us", false },
		{ "DB_PASSWORD", "/run/secrets/db", false }, { "DB_PASSWORD", "$(OTHER)", false }, { "DB_PASSWORD", "", false },
		{ "X", "AKIAIOSFODNN7EXAMPLE", true }, { "X", "AKIA", false }, { "BYPASS", "yes please", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_strbuf_ struct strbuf yaml;

		strbuf_init(&yaml, 4096);
		strbuf_addf(&yaml, POD "  containers: [{name: c, env: [{name: %s, value: \"%s\"}]}]\n", cases[i].name, cases[i].value);
		read_one(yaml.text);
		CHECK_MSG(has(value(MODEL_KIND_K8S_CONTAINER, 0, MODEL_F_CONTAINER_ENV_PLAIN_SECRETS), cases[i].name) == cases[i].is_secret,
			  "%s=%s", cases[i].name, cases[i].value);
	}
}

TEST(selectors_lead_from_policies_and_services_to_pods_of_their_namespace)
{
	static const char pods[] = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: n, labels: {app: x, tier: web}}\nspec: {containers: []}\n"
		"---\napiVersion: v1\nkind: Pod\nmetadata: {name: b, namespace: m, labels: {app: x}}\nspec: {containers: []}\n";
	static const struct { const char *kind, *spec; bool first; bool ingress, egress; } cases[] = {
		{ "NetworkPolicy", "podSelector: {}", true, true, false },
		{ "NetworkPolicy", "podSelector: {matchLabels: {app: x}}, egress: []", true, true, true },
		{ "NetworkPolicy", "podSelector: {matchLabels: {app: y}}", false, false, false },
		{ "NetworkPolicy", "podSelector: {matchExpressions: [{key: tier, operator: In, values: [db, web]}]}, policyTypes: [Egress]", true, false, true },
		{ "NetworkPolicy", "podSelector: {matchExpressions: [{key: tier, operator: DoesNotExist}]}", false, false, false },
		{ "CiliumNetworkPolicy", "endpointSelector: {matchLabels: {'k8s:app': x}}, egress: [{}]", true, false, true },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_strbuf_ struct strbuf yaml;
		const struct posture_value *v;

		strbuf_init(&yaml, 4096);
		strbuf_addf(&yaml, "apiVersion: v1\nkind: %s\nmetadata: {name: o, namespace: n}\nspec: {%s}\n%s", cases[i].kind, cases[i].spec, pods);
		read_one(yaml.text);
		CHECK_MSG(has(value(MODEL_KIND_K8S_POD, 0, MODEL_F_POD_NETWORK_POLICIES), "o") == cases[i].first, "%s", cases[i].spec);
		CHECK(!value(MODEL_KIND_K8S_POD, 1, MODEL_F_POD_NETWORK_POLICIES));
		v = value(MODEL_KIND_K8S_POD, 0, MODEL_F_POD_NETWORK_POLICY_INGRESS);
		CHECK_MSG(v && v->value.boolean == cases[i].ingress, "ingress of %s", cases[i].spec);
		v = value(MODEL_KIND_K8S_POD, 0, MODEL_F_POD_NETWORK_POLICY_EGRESS);
		CHECK_MSG(v && v->value.boolean == cases[i].egress, "egress of %s", cases[i].spec);
	}
}

TEST(rules_of_network_policies_that_let_everything_through_are_told)
{
	static const struct { const char *spec; const char *open; } cases[] = {
		{ "egress: [{}]", "egress[0]" }, { "egress: [{to: []}]", "egress[0]" }, { "ingress: [{from: [{podSelector: {}}]}]", NULL },
		{ "egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}]}]", "egress[0]" }, { "egress: [{to: [{ipBlock: {cidr: 10.0.0.0/8}}]}]", NULL },
		{ "ingress: [{from: [{podSelector: {matchLabels: {a: b}}}]}, {from: [{namespaceSelector: {}}]}]", "ingress[1]" },
		{ "ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {a: b}}}]}]", NULL }, { "egress: []", NULL },
		{ "egress: [{ports: [{port: 53}]}]", "egress[0]" }, { "egress: [{to: [{ipBlock: {cidr: '::/0'}}]}]", "egress[0]" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_strbuf_ struct strbuf yaml;
		const struct posture_value *v;

		strbuf_init(&yaml, 4096);
		strbuf_addf(&yaml, "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec: {podSelector: {}, %s}\n", cases[i].spec);
		read_one(yaml.text);
		v = value(MODEL_KIND_K8S_OBJECT, 0, MODEL_F_OBJECT_OPEN_RULES);
		CHECK_MSG(cases[i].open ? v && v->value.n == 1 && has(v, cases[i].open) : !v, "%s", cases[i].spec);
	}
}

TEST(a_binding_gives_the_rules_of_its_role_to_each_subject_and_to_the_pods_of_accounts)
{
	start();
	add("role.yaml", "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: reader}\n"
	    "rules: [{apiGroups: [''], resources: [secrets], verbs: [get]}]\n");
	add("b.yaml", "apiVersion: rbac.authorization.k8s.io/v1\nkind: RoleBinding\nmetadata: {name: b, namespace: n}\n"
	    "roleRef: {kind: ClusterRole, name: reader}\nsubjects: [{kind: ServiceAccount, name: app}, {kind: User, name: jane}]\n");
	add("pod.yaml", POD "  serviceAccountName: app\n  containers: [{name: c}]\n");
	posture_lint_finish(set);
	CHECK_INT(count(MODEL_KIND_K8S_GRANT), 2);
	CHECK(has(value(MODEL_KIND_K8S_POD, 0, MODEL_F_POD_RIGHTS), "get secrets"));
	CHECK_STR(text(MODEL_KIND_K8S_SUBJECT, 0, MODEL_F_SUBJECT_NAMESPACE), "n");
	judge();
	CHECK_INT(status("k8s-can-read-secrets"), POSTURE_FAIL);
	CHECK_INT(status("k8s-pod-takeover"), POSTURE_FAIL);
}

TEST(people_ask_for_any_value_by_its_path)
{
	static const struct { const char *fails; int status; } cases[] = {
		{ "object.value[spec.replicas] = \"3\"", POSTURE_FAIL },
		{ "object.values[spec.list.*.name] intersects (b)", POSTURE_FAIL },
		{ "object.value[spec.list.1.name] = b", POSTURE_FAIL },
		{ "object.value[spec.nothing.here] exists", POSTURE_PASS },
		{ "object.value[spec.hard.requests.cpu] = \"2\"", POSTURE_FAIL },
		{ "object.label[app.kubernetes.io/name] = cart", POSTURE_FAIL },
		{ "object.annotation[example.com/owner] exists", POSTURE_PASS },
	};

	read_one("apiVersion: example.com/v1\nkind: Cart\nmetadata: {name: c, labels: {app.kubernetes.io/name: cart}}\n"
		 "spec: {replicas: 3, hard: {requests.cpu: 2}, list: [{name: a}, {name: b}]}\n");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct posture_checks *own = posture_checks_new();
		struct posture_results r;
		_cleanup_strbuf_ struct strbuf yaml;

		strbuf_init(&yaml, 4096);
		strbuf_addf(&yaml, "- check: own\n  title: t\n  of: k8s.object\n  severity: low\n  fails: '%s'\n  output: o\n  why: w\n  fix: f\n",
			    cases[i].fails);
		err = ERR_INIT;
		if (CHECK_MSG(posture_checks_load_text(own, "own.yaml", yaml.text, yaml.len, &err) >= 0 &&
			      posture_judge(set, own, NULL, &r, &err) >= 0, "%s: %s", cases[i].fails, err.text)) {
			CHECK_MSG(r.all.n[cases[i].status] == 1, "%s", cases[i].fails);
			posture_results_done(&r);
		}
		posture_checks_free(own);
	}
}

TEST(waivers_of_annotations_and_comments_hold_where_they_stand)
{
	static const struct { const char *yaml, *check, *reason; } cases[] = {
		{ "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {ignore-check.kube-linter.io/privileged-container: builds}}\n"
		  "spec: {containers: [{name: c, securityContext: {privileged: true}}]}\n", "k8s-privileged", "builds" },
		{ "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {checkov.io/skip7: CKV_K8S_16=builds}}\n"
		  "spec: {containers: [{name: c, securityContext: {privileged: true}}]}\n", "k8s-privileged", "builds" },
		{ "apiVersion: v1\nkind: Pod\nmetadata: {name: p, annotations: {polaris.fairwinds.com/runAsPrivileged-exempt: 'true'}}\n"
		  "spec: {containers: [{name: c, securityContext: {privileged: true}}]}\n", "k8s-privileged", "true" },
		{ "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  # parka: ignore=k8s-privileged builds images\n"
		  "  - name: c\n    securityContext: {privileged: true}\n", "k8s-privileged", "builds images" },
		{ "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: c\n"
		  "    securityContext: {privileged: true} #trivy:ignore:KSV-0017\n", "k8s-privileged", NULL },
		{ "#checkov:skip=CKV_K8S_16:builds\napiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: c\n"
		  "    securityContext: {privileged: true}\n", "k8s-privileged", "builds" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const struct posture_finding *f;

		read_one(cases[i].yaml);
		judge();
		f = finding(cases[i].check);
		if (!CHECK_MSG(f && f->status == POSTURE_WAIVED, "case %zu is not waived", i))
			continue;
		CHECK_MSG(cases[i].reason ? f->reason && strcmp(f->reason, cases[i].reason) == 0 : !f->reason, "case %zu: %s", i,
			  f->reason ? f->reason : "no reason");
	}
}

TEST(a_waiver_of_one_container_leaves_the_others)
{
	read_one("apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec:\n  containers:\n  - name: a   # parka: ignore=k8s-privileged is the builder\n"
		 "    securityContext: {privileged: true}\n  - name: b\n    securityContext: {privileged: true}\n");
	judge();
	unsigned n[POSTURE_STATUS_MAX] = { 0 };
	for (size_t i = 0; i < results.n; i++)
		if (strcmp(results.findings[i].check->id, "k8s-privileged") == 0)
			n[results.findings[i].status]++;
	CHECK_INT(n[POSTURE_WAIVED], 1);
	CHECK_INT(n[POSTURE_FAIL], 1);
}

TEST(a_control_plane_in_a_manifest_is_judged_as_one)
{
	read_one(POD "  containers: [{name: a, command: [kube-apiserver, --anonymous-auth=true, --profiling, 'false']}]\n");
	judge();
	CHECK_INT(status("k8s-apiserver-anonymous-auth"), POSTURE_FAIL);
	CHECK_INT(count(MODEL_KIND_NODE_COMPONENT), 1);
}

static void read_compose(const char *yaml)
{
	start();
	add("compose.yaml", yaml);
	posture_lint_finish(set);
}

TEST(compose_services_have_the_fields_of_containers)
{
	const struct posture_value *v;

	read_compose("x-base: &base\n  cap_add: [SYS_ADMIN]\nservices:\n  web:\n    <<: *base\n    image: repo.example:5000/nginx:1.2\n"
		     "    privileged: true\n    network_mode: host\n    volumes: ['/var/run/docker.sock:/s:ro', 'data:/d', '/etc:/e:rw,rshared']\n"
		     "    ports: ['127.0.0.1:80:80', '8080:80/tcp', '[::1]:90:90', {target: 1, published: '99'}]\n    security_opt: ['no-new-privileges:true']\n"
		     "    environment: [DB_PASSWORD=x, HOME=/]\n    user: '0:0'\n    pids_limit: 5\n");
	CHECK_STR(text(MODEL_KIND_COMPOSE_SERVICE, 0, MODEL_F_CONTAINER_IMAGE_REGISTRY), "repo.example:5000");
	CHECK_STR(text(MODEL_KIND_COMPOSE_SERVICE, 0, MODEL_F_CONTAINER_IMAGE_TAG), "1.2");
	CHECK(has(value(MODEL_KIND_COMPOSE_SERVICE, 0, MODEL_F_CONTAINER_CAPS_ADD), "SYS_ADMIN"));
	CHECK(has(value(MODEL_KIND_COMPOSE_SERVICE, 0, MODEL_F_CONTAINER_HOST_MOUNTS), "/var/run/docker.sock"));
	CHECK(has(value(MODEL_KIND_COMPOSE_SERVICE, 0, MODEL_F_CONTAINER_HOST_MOUNTS_WRITABLE), "/etc"));
	CHECK(!has(value(MODEL_KIND_COMPOSE_SERVICE, 0, MODEL_F_CONTAINER_HOST_MOUNTS_WRITABLE), "/var/run/docker.sock"));
	CHECK(has(value(MODEL_KIND_COMPOSE_SERVICE, 0, MODEL_F_CONTAINER_MOUNTS_PROPAGATED), "/e"));
	CHECK(has(value(MODEL_KIND_COMPOSE_SERVICE, 0, MODEL_F_CONTAINER_ENV_PLAIN_SECRETS), "DB_PASSWORD"));
	v = value(MODEL_KIND_COMPOSE_SERVICE, 0, MODEL_F_COMPOSE_PUBLISHED);
	CHECK(v && v->value.n == 2 && has(v, "8080") && has(v, "99"));
	v = value(MODEL_KIND_COMPOSE_SERVICE, 0, MODEL_F_CONTAINER_HOST_PORTS);
	CHECK(v && v->value.n == 4 && v->value.list[2].u64 == 90);
	v = value(MODEL_KIND_COMPOSE_SERVICE, 0, MODEL_F_CONTAINER_ALLOW_PRIVILEGE_ESCALATION);
	CHECK(v && !v->value.boolean);
	v = value(MODEL_KIND_COMPOSE_SERVICE, 0, MODEL_F_CONTAINER_RUN_AS_USER);
	CHECK(v && v->value.i64 == 0);
	v = value(MODEL_KIND_COMPOSE_SERVICE, 0, MODEL_F_CONTAINER_HOST_NETWORK);
	CHECK(v && v->value.boolean);
}

TEST(compose_variables_have_their_defaults_and_are_unknown_without)
{
	static const struct { const char *image, *is; } cases[] = {
		{ "${A:-nginx}:1", "nginx:1" }, { "${A-nginx}", "nginx" }, { "a$$b", "a$b" }, { "${A}", "unknown" }, { "$A", "unknown" },
		{ "${A:?say it}", "unknown" }, { "a$", "a$" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_cleanup_strbuf_ struct strbuf yaml;

		strbuf_init(&yaml, 4096);
		strbuf_addf(&yaml, "services: {web: {image: '%s'}}\n", cases[i].image);
		read_compose(yaml.text);
		CHECK_STR(text(MODEL_KIND_COMPOSE_SERVICE, 0, MODEL_F_CONTAINER_IMAGE), cases[i].is);
	}
}

TEST(compose_volumes_from_the_environment_are_unknown_where_nothing_else_is_mounted)
{
	read_compose("services: {a: {image: x, volumes: ['${DATA}:/d']}, b: {image: x, volumes: ['${DATA}:/d', '/etc:/e']}, c: {image: x, volumes: ['${D:-/etc}:/e']}}\n");
	CHECK_STR(text(MODEL_KIND_COMPOSE_SERVICE, 0, MODEL_F_CONTAINER_HOST_MOUNTS), "unknown");
	CHECK(has(value(MODEL_KIND_COMPOSE_SERVICE, 0, MODEL_F_COMPOSE_UNRESOLVED), "${DATA}:/d"));
	CHECK(has(value(MODEL_KIND_COMPOSE_SERVICE, 1, MODEL_F_CONTAINER_HOST_MOUNTS), "/etc"));
	CHECK(has(value(MODEL_KIND_COMPOSE_SERVICE, 2, MODEL_F_CONTAINER_HOST_MOUNTS), "/etc"));
	CHECK(!value(MODEL_KIND_COMPOSE_SERVICE, 2, MODEL_F_COMPOSE_UNRESOLVED));
}

TEST(compose_services_extend_others_of_the_file_and_others_are_told)
{
	read_compose("services:\n  base: {image: a, cap_add: [A], user: x}\n  web: {extends: {service: base}, image: b, cap_add: [B]}\n");
	CHECK_STR(text(MODEL_KIND_COMPOSE_SERVICE, 1, MODEL_F_CONTAINER_IMAGE), "b");
	CHECK_STR(text(MODEL_KIND_COMPOSE_SERVICE, 1, MODEL_F_CONTAINER_USER), "x");
	CHECK(has(value(MODEL_KIND_COMPOSE_SERVICE, 1, MODEL_F_CONTAINER_CAPS_ADD), "A"));
	CHECK_INT(set->n_problems, 0);
	read_compose("services: {a: {extends: b, image: x}, b: {extends: a, image: y}, c: {extends: {file: z.yaml, service: s}}}\n");
	CHECK_INT(set->n_problems, 1);
}

static void add_data(const char *name)
{
	_cleanup_strbuf_ struct strbuf path;
	const char *paths[1];

	strbuf_init(&path, 4096);
	strbuf_addf(&path, "%s/manifests/%s", data_dir(), name);
	paths[0] = path.text;
	err = ERR_INIT;
	CHECK_INT(posture_lint(set, paths, 1, NULL, &err), 0);
}

/* Checks about versions of Kubernetes before the newest are asked by the test of versions. */
static bool is_about_old_versions(const struct posture_check *check)
{
	return check->when && strstr(check->when, "object.kubernetes <");
}

TEST(every_check_of_manifests_fails_for_what_it_is_about)
{
	static const char *const profiles[] = { "strict", "sandbox", "style" };
	const struct posture_options options = { .profiles = profiles, .n_profiles = ARRAY_LEN(profiles) };
	unsigned n = 0;

	start();
	add_data("bad.yaml");
	add_data("bad-compose.yaml");
	CHECK_INT(set->n_problems, 0);
	judge();
	posture_results_done(&results);
	err = ERR_INIT;
	if (!CHECK_INT(posture_judge(set, checks, &options, &results, &err), 0))
		return;
	for (size_t i = 0; i < posture_checks_count(checks); i++) {
		const struct posture_check *c = posture_checks_at(checks, i);
		bool is_mine = c->of == MODEL_KIND_COMPOSE_SERVICE || (c->of >= MODEL_KIND_K8S_OBJECT && c->of <= MODEL_KIND_K8S_GRANT);

		if (!is_mine || is_about_old_versions(c))
			continue;
		n++;
		CHECK_MSG(results.per_check[i].n[POSTURE_FAIL] > 0, "%s fails for nothing", c->id);
	}
	CHECK_MSG(n > 200, "only %u checks are about manifests", n);
}

TEST(what_is_as_it_should_be_fails_nothing_of_weight)
{
	const struct posture_options options = { .profiles = NULL };

	start();
	add_data("good.yaml");
	add_data("good-compose.yaml");
	CHECK_INT(set->n_problems, 0);
	judge();
	posture_results_done(&results);
	err = ERR_INIT;
	if (!CHECK_INT(posture_judge(set, checks, &options, &results, &err), 0))
		return;
	CHECK(results.n_asked > 50);
	for (size_t i = 0; i < results.n; i++)
		CHECK_MSG(results.findings[i].status != POSTURE_FAIL && results.findings[i].status != POSTURE_UNKNOWN, "%s: %s",
			  results.findings[i].check->id, results.findings[i].output);
}

/* What the budget of a fast linter is: 1,000 manifests under 300 ms on one core. Ten times that fails; bench/manifests.py measures. */
TEST(a_thousand_manifests_do_not_take_seconds)
{
	struct timespec a, b;

	start();
	judge();
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
	start();
	for (int i = 0; i < 1000; i++) {
		const char *yaml = posture_printf(set, "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d%d, namespace: n, labels: {app: a%d}}\n"
						  "spec:\n  selector: {matchLabels: {app: a%d}}\n  template:\n    metadata: {labels: {app: a%d}}\n"
						  "    spec:\n      containers:\n      - name: c\n        image: x:1\n        ports: [{containerPort: 80}]\n", i, i, i, i);
		posture_lint_text(set, "d.yaml", yaml, strlen(yaml), NULL);
	}
	posture_lint_finish(set);
	judge();
	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
	long ms = (b.tv_sec - a.tv_sec) * 1000 + (b.tv_nsec - a.tv_nsec) / 1000000;
	printf("# 1,000 manifests: %ld ms of CPU\n", ms);
	CHECK_MSG(ms < 3000, "%ld ms", ms);
}

TAP_MAIN()
