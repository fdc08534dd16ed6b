/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The peers' own test cases about manifests against the checks that ship: each row says what the peer concludes, and the checks that
 * carry the peer's id as a ref must conclude the same. Data: $SHARED_DIR/data/posture (README there); skipped where it is not. PEERS_VERBOSE=1
 * names every case that is judged otherwise.
 */
#include "base/file.h"
#include "base/json.h"
#include "posture/judge.h"
#include "posture/lint.h"
#include "data_dir.h"
#include "tap.h"

#include <errno.h>

enum { DATA_BYTES_MAX = 16 << 20, AGREE_PERCENT = 95 };

static struct posture_checks *checks;
static struct err err;

struct tally { const char *peer; unsigned agree, disagree, on_purpose, not_covered; };

/* Cases that are judged otherwise on purpose. `what`: the row's test, file or case; NULL: all of the check. */
static const struct { const char *check, *what, *why; } on_purpose[] = {
	{ "KSV-01011", "test_role_binding_with_system_authenticated_group_binding_non_gke",
	  "everybody with a credential is too many on every cluster; Trivy asks on GKE only" },
	{ "CKV_K8S_21", "test_DefaultNamespace.py", "run with an option that allows the default namespace" },
	{ "CKV_K8S_23", "test_RootContainers.py", "user ids that are no numbers are unknown, not failed" },
	{ "KCV-0003", "test_enable_admission_plugins_is_not_configured", "the plugin is missing then, which is what the check is about" },
	{ "CKV_K8S_29", "test_PodSecurityContext.py", "a spec that is no mapping is a problem of the run, not a failed check" },
	{ "CKV_K8S_74", "test_ApiServerAuthorizationModeNotAlwaysAllow.py", "without the flag the mode is AlwaysAllow (kube-apiserver reference)" },
	{ "CKV_K8S_147", "test_KubletEventCapture.py", "6 events a second are no fault: the default is 50 (KubeletConfiguration v1beta1)" },
	{ "ensure-that-the-api-server-request-timeout-argument-is-set-as-appropriate", NULL,
	  "Kubescape asks for a review of any value; a short timeout is no fault" },
	{ "k8s-audit-logs-enabled-native", "rke2-args", "a policy without a log keeps nothing" },
	{ "psp-deny-hostipc", "pass-one-true-one-false", "every policy is judged: a pod may get the laxer one" },
	{ "psp-deny-hostnetwork", "pass-one-true-one-false", "as psp-deny-hostipc" },
	{ "psp-deny-hostpid", "pass-one-true-one-false", "as psp-deny-hostipc" },
	{ "psp-deny-root-container", "pass-one-true-one-false", "as psp-deny-hostipc" },
	{ "resources-memory-limit-and-request", "workload-mixed-unit", "thresholds of that cluster's configuration" },
	{ "resources-sandbox-memory-limits", "failed-exceeded-memory-limits", "as resources-memory-limit-and-request" },
	{ "resources-sandbox-cpu-limits", "failed-exceeded-cpu-limits", "as resources-memory-limit-and-request" },
	{ "resources-sandbox-cpu-limits", "failed-exceeded-cpu-limits-decimal-si", "as resources-memory-limit-and-request" },
	{ "workload-mounted-configmap", "success_different_namespaces", "what is mounted is told, whether its object was read or not" },
	{ "workload-mounted-pvc", "success_different_namespaces", "as workload-mounted-configmap" },
};

static bool is_on_purpose(const char *check, const char *what)
{
	for (size_t i = 0; i < ARRAY_LEN(on_purpose); i++)
		if (*on_purpose[i].check && strcmp(on_purpose[i].check, check) == 0 && (!on_purpose[i].what || strcmp(on_purpose[i].what, what) == 0))
			return true;
	return false;
}

static void load_checks(void)
{
	if (checks)
		return;
	checks = posture_checks_new();
	err = ERR_INIT;
	if (posture_checks_load(checks, checks_dir(), &err) < 0 || posture_checks_compile_all(checks, &err) < 0)
	{
		printf("Bail out! %s:%u: %s\n", err.input, err.line, err.text);
		exit(1);
	}
}

/* ---- rows ---- */

static size_t for_each_row(const char *name, void (*f)(const json_t *row, struct tally *tally), struct tally *tally)
{
	_cleanup_strbuf_ struct strbuf path;
	struct arena arena;
	char *text;
	size_t len, n = 0;

	strbuf_init(&path, 4096);
	strbuf_addf(&path, "%s/data/posture/%s", getenv("SHARED_DIR") ? getenv("SHARED_DIR") : "", name);
	arena_init(&arena, 0);
	err = ERR_INIT;
	if (file_read(path.text, DATA_BYTES_MAX, &arena, &text, &len, &err) < 0) {
		arena_done(&arena);
		SKIP("the peers' cases are not here: SHARED_DIR names where they are");
	}
	load_checks();
	for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1, n++) {
		json_t *row = NULL;

		if (CHECK_INT(json_parse(line, (size_t)(end - line), name, &row, &err), 0))
			f(row, tally);
		json_decref(row);
	}
	arena_done(&arena);
	return n;
}

static const char *field(const json_t *row, const char *key)
{
	const char *text = json_text(row, key, NULL);

	return text ? text : "";
}

/* ---- verdicts ---- */

static bool has_exact_ref(const struct posture_check *check, const char *ref)
{
	for (size_t i = 0; i < check->n_refs; i++)
		if (strcmp(check->refs[i], ref) == 0)
			return true;
	return false;
}

static bool is_covered(const char *ref)
{
	for (size_t i = 0; i < posture_checks_count(checks); i++)
		if (has_exact_ref(posture_checks_at(checks, i), ref))
			return true;
	return false;
}

static unsigned count_failing(const struct posture_results *results, const char *const *refs, size_t n_refs, bool prefix)
{
	unsigned n = 0;

	for (size_t i = 0; i < results->n; i++) {
		bool is_it = false;

		for (size_t r = 0; r < n_refs; r++) {
			if (!prefix)
				is_it |= has_exact_ref(results->findings[i].check, refs[r]);
			for (size_t k = 0; prefix && k < results->findings[i].check->n_refs; k++)
				is_it |= strncmp(results->findings[i].check->refs[k], refs[r], strlen(refs[r])) == 0;
		}
		n += is_it && results->findings[i].status == POSTURE_FAIL;
	}
	return n;
}

struct world { struct posture_set *set; struct posture_results results; };

static struct world world_new(unsigned minor)
{
	struct world w = { .set = posture_set_new(NULL) };

	w.set->kubernetes_minor = minor;
	return w;
}

static void world_judge(struct world *w)
{
	static const char *const profiles[] = { "strict", "sandbox", "style" };
	const struct posture_options options = { .profiles = profiles, .n_profiles = ARRAY_LEN(profiles) };

	posture_lint_finish(w->set);
	err = ERR_INIT;
	CHECK_INT(posture_judge(w->set, checks, &options, &w->results, &err), 0);
}

static void world_done(struct world *w)
{
	posture_results_done(&w->results);
	posture_set_free(w->set);
}

static void count(struct tally *t, bool agrees, const char *check, const char *what, long expected, long got)
{
	if (agrees) {
		t->agree++;
	} else if (is_on_purpose(check, what)) {
		t->on_purpose++;
	} else {
		t->disagree++;
		if (getenv("PEERS_VERBOSE"))
			printf("# %s %s %s: expected %ld, got %ld\n", t->peer, check, what, expected, got);
	}
}

static void conclude(const struct tally *t, unsigned percent)
{
	unsigned judged = t->agree + t->disagree;

	printf("# %-16s agree %4u, disagree %3u, on purpose %3u, not covered %3u\n", t->peer, t->agree, t->disagree, t->on_purpose, t->not_covered);
	CHECK_MSG(judged > 0 && t->agree * 100 >= judged * percent, "%s: %u of %u agree, less than %u %%", t->peer, t->agree, judged, percent);
}

/* ---- the peers ---- */

static void judge_pss(const json_t *row, struct tally *t)
{
	static const char *const levels[] = { "PSS-baseline", "PSS-restricted" };
	const char *input = field(row, "input");
	bool is_restricted = strcmp(field(row, "level"), "restricted") == 0, expects_fail = strcmp(field(row, "expect"), "fail") == 0;
	const json_t *versions = json_object_get(row, "versions");

	for (size_t i = 0; i < json_array_size(versions); i++) {
		unsigned minor = (unsigned)strtoul(json_string_value(json_array_get(versions, i)) + 3, NULL, 10);
		struct world w = world_new(minor ? minor : 1);
		unsigned n;

		posture_lint_text(w.set, "pod.yaml", input, strlen(input), "kubernetes");
		world_judge(&w);
		n = count_failing(&w.results, levels, is_restricted ? 2 : 1, true);
		count(t, (n > 0) == expects_fail, field(row, "check"), input, minor, n);
		world_done(&w);
	}
}

TEST(pod_security_standards_are_judged_as_upstream_does_in_every_version)
{
	struct tally t = { .peer = "PSS" };

	CHECK_INT(for_each_row("pss.jsonl", judge_pss, &t), 241);
	conclude(&t, 100);
}

static void judge_input(struct tally *t, const char *check, const char *what, const char *input, size_t len, bool expects)
{
	struct world w = world_new(0);
	unsigned n;

	posture_lint_text(w.set, "object.yaml", input, len, "kubernetes");
	world_judge(&w);
	n = count_failing(&w.results, &check, 1, false);
	count(t, (n > 0) == expects, check, what, expects, n);
	world_done(&w);
}

static void judge_trivy_example(const json_t *row, struct tally *t)
{
	const char *check = field(row, "check"), *input = field(row, "input");

	if (strcmp(field(row, "kind"), "kubernetes") != 0)
		return;
	if (!is_covered(check))
		t->not_covered++;
	else
		judge_input(t, check, field(row, "expect"), input, strlen(input), strcmp(field(row, "expect"), "fail") == 0);
	if (!is_covered(check) && getenv("PEERS_VERBOSE"))
		printf("# %s %s is not covered\n", t->peer, check);
}

TEST(examples_of_trivy_are_judged_as_trivy_does)
{
	struct tally t = { .peer = "Trivy examples" };

	CHECK_INT(for_each_row("trivy-examples.jsonl", judge_trivy_example, &t), 120);
	conclude(&t, AGREE_PERCENT);
}

static bool expects_any(const json_t *row)
{
	const char *op = field(row, "op");
	long count_said = (long)json_integer_value(json_object_get(row, "count"));

	return count_said > 0 || strcmp(op, ">") == 0 || strcmp(op, "!=") == 0;
}

static void judge_trivy_rego(const json_t *row, struct tally *t)
{
	const char *check = field(row, "check");
	char *input = json_dumps(json_object_get(row, "input"), 0);

	if (strcmp(field(row, "kind"), "kubernetes") == 0) {
		const char *kind = json_text(row, "input", "kind", NULL);
		bool is_node = kind && strcmp(kind, "NodeInfo") == 0;     /* a host, not a manifest */

		if (is_node || !is_covered(check)) {
			t->not_covered++;
			if (getenv("PEERS_VERBOSE"))
				printf("# %s %s is not covered\n", t->peer, check);
		} else {
			judge_input(t, check, field(row, "test"), input, strlen(input), expects_any(row));
		}
	}
	free(input);
}

TEST(unit_tests_of_trivy_are_judged_as_trivy_does)
{
	struct tally t = { .peer = "Trivy tests" };

	CHECK_INT(for_each_row("trivy-rego.jsonl", judge_trivy_rego, &t), 419);
	conclude(&t, AGREE_PERCENT);
}

static void add_inputs(struct world *w, const json_t *inputs)
{
	const char *name;
	json_t *text;

	json_object_foreach((json_t *)(uintptr_t)inputs, name, text)
		posture_lint_text(w->set, name, json_string_value(text), json_string_length(text), "kubernetes");
}

/* Checkov counts resources: containers for checks of containers, else objects. */
static unsigned count_objects(const struct posture_results *results, const char *ref, enum model_kind_id kind)
{
	const struct posture_record *seen[1000];
	unsigned n = 0;

	for (size_t i = 0; i < results->n; i++) {
		const struct posture_record *r = results->findings[i].record;
		bool is_new = results->findings[i].status == POSTURE_FAIL && has_exact_ref(results->findings[i].check, ref);

		while (r->parent && r->kind != kind)
			r = r->parent;
		for (unsigned k = 0; is_new && k < n; k++)
			is_new = seen[k] != r;
		if (is_new && n < ARRAY_LEN(seen))
			seen[n++] = r;
	}
	return n;
}

static void judge_checkov(const json_t *row, struct tally *t)
{
	const char *check = field(row, "check");
	long failed = (long)json_integer_value(json_object_get(row, "failed"));
	struct world w;

	if (strcmp(field(row, "framework"), "kubernetes") != 0)
		return;
	if (!is_covered(check)) {
		t->not_covered++;
		if (getenv("PEERS_VERBOSE"))
			printf("# %s %s is not covered\n", t->peer, check);
		return;
	}
	w = world_new(0);
	add_inputs(&w, json_object_get(row, "inputs"));
	world_judge(&w);
	unsigned objects = count_objects(&w.results, check, MODEL_KIND_K8S_OBJECT), containers = count_objects(&w.results, check, MODEL_KIND_K8S_CONTAINER);
	count(t, failed == (long)objects || failed == (long)containers, check, field(row, "test"), failed, objects * 1000 + containers);
	world_done(&w);
}

TEST(tests_of_checkov_are_judged_as_checkov_does)
{
	struct tally t = { .peer = "Checkov" };

	CHECK_INT(for_each_row("checkov.jsonl", judge_checkov, &t), 61);
	conclude(&t, AGREE_PERCENT);
}

/* Hosts, clouds and the API server's answers are no manifests. */
static bool has_other_than_manifests(const json_t *inputs)
{
	static const char *const others[] = { "kubescape.cloud", "eks.amazonaws.com/v1", "container.googleapis.com/v1", "management.azure.com/v1",
					      "\"kind\": \"ClusterDescribe\"", "apiserverinfo", "kind: ClusterDescribe" };
	const char *name;
	json_t *text;

	json_object_foreach((json_t *)(uintptr_t)inputs, name, text)
		for (size_t i = 0; i < ARRAY_LEN(others); i++)
			if (strstr(json_string_value(text), others[i]))
				return true;
	return false;
}

static void judge_regolibrary(const json_t *row, struct tally *t)
{
	const json_t *controls = json_object_get(row, "controls");
	_cleanup_strbuf_ struct strbuf rule;
	const char *refs[32];
	size_t n_refs = 0;
	long expected = (long)json_integer_value(json_object_get(row, "expect_count"));
	struct world w;
	unsigned n;

	strbuf_init(&rule, 1024);
	strbuf_addf(&rule, "kubescape:%s", field(row, "rule"));
	if (is_covered(rule.text)) {
		refs[n_refs++] = rule.text;
	} else {
		for (size_t i = 0; i < json_array_size(controls) && n_refs < ARRAY_LEN(refs); i++)
			if (is_covered(json_string_value(json_array_get(controls, i))))
				refs[n_refs++] = json_string_value(json_array_get(controls, i));
	}
	if (n_refs == 0 || has_other_than_manifests(json_object_get(row, "inputs"))) {
		t->not_covered++;
		if (getenv("PEERS_VERBOSE"))
			printf("# %s %s is not covered\n", t->peer, field(row, "rule"));
		return;
	}
	w = world_new(0);
	add_inputs(&w, json_object_get(row, "inputs"));
	world_judge(&w);
	n = count_failing(&w.results, refs, n_refs, false);
	count(t, (n > 0) == (expected > 0), field(row, "rule"), field(row, "case"), expected, n);
	world_done(&w);
}

TEST(tests_of_kubescape_are_judged_as_kubescape_does)
{
	struct tally t = { .peer = "Kubescape" };

	CHECK_INT(for_each_row("regolibrary.jsonl", judge_regolibrary, &t), 383);
	conclude(&t, AGREE_PERCENT);
}

/* kubesec's cases say what they show by their names; what counts there is whether the check of that name fires. */
static const struct { const char *what, *check; bool fires; } kubesec_says[] = {
	{ "cap-chown", "kubesec:CapDropAny", true },
	{ "docker-socket", "kubesec:DockerSock", true },
	{ "apparmor-unconfined", "kubesec:ApparmorUnconfined", true },
	{ "apparmor-nonunconfined", "kubesec:ApparmorUnconfined", false },
	{ "seccomp-unconfined", "kubesec:SeccompUnconfined", true },
	{ "seccomp-nonunconfined", "kubesec:SeccompUnconfined", false },
	{ "resource-limit-memory", "kubesec:LimitsMemory", false },
	{ "run-as-group-10001", "kubesec:RunAsGroup", false },
	{ "run-as-user-1", "kubesec:RunAsUser", true },
	{ "pod-serviceaccount", "kubesec:ServiceAccountName", false },
	{ "no-sec", "kubesec:ReadOnlyRootFilesystem", true },
	{ "empty-securitycontext", "kubesec:ApparmorAny", true },
};

static void judge_kubesec(const json_t *row, struct tally *t)
{
	const char *what = field(row, "what"), *input = field(row, "input");
	bool is_judged = false;

	for (size_t i = 0; i < ARRAY_LEN(kubesec_says); i++) {
		if (!strstr(what, kubesec_says[i].what))
			continue;
		if (!CHECK_MSG(is_covered(kubesec_says[i].check), "no check has %s", kubesec_says[i].check))
			continue;
		judge_input(t, kubesec_says[i].check, what, input, strlen(input), kubesec_says[i].fires);
		is_judged = true;
	}
	if (!is_judged)
		t->not_covered++;
}

TEST(cases_of_kubesec_show_what_their_names_say)
{
	struct tally t = { .peer = "kubesec" };

	CHECK_INT(for_each_row("kubesec.jsonl", judge_kubesec, &t), 26);
	conclude(&t, AGREE_PERCENT);
}

TAP_MAIN()
