/* SPDX-License-Identifier: Apache-2.0 */
/* What objects select or name among those that were read: after the last file. */
#include "base/map.h"
#include "posture/kubernetes/manifest.h"

#include <string.h>

enum { LINKS_COMPARES_MAX = 50 * 1000 * 1000, LINKS_KINDS_MAX = 200 };

struct links {
	struct posture_set *set;
	struct map by_name;              /* "Kind/namespace/name" to record */
	struct map by_ns;                /* namespace to struct namespace */
	struct member *cluster_policies; /* of all namespaces */
	size_t n_compares;
};
struct member { struct posture_record *record; struct member *next; };
struct namespace {
	struct member *pods, *services, *policies, *budgets, *last_pod;
	struct nodes_list kinds;
};

/* ---- selectors ---- */

bool k8s_selects_plain(const struct yaml_node *map, const struct yaml_node *labels)
{
	for (size_t i = 0; map && map->kind == YAML_MAPPING && i < map->n; i++) {
		const char *key = yaml_text(map->pairs[i].key), *value = yaml_text(map->pairs[i].value);
		const char *has = key ? nodes_text_of_key(labels, key) : NULL;

		if (!has || !value || strcmp(has, value) != 0)
			return false;
	}
	return true;
}

static bool is_among(const struct yaml_node *values, const char *text)
{
	for (size_t i = 0; values && values->kind == YAML_SEQUENCE && i < values->n; i++)
		if (yaml_is(values->items[i], text))
			return true;
	return false;
}

static bool expression_holds(const struct yaml_node *e, const struct yaml_node *labels)
{
	const char *key = nodes_text(e, "key"), *op = nodes_text(e, "operator"), *has = key ? nodes_text_of_key(labels, key) : NULL;

	if (!op)
		return false;
	if (strcmp(op, "Exists") == 0)
		return has;
	if (strcmp(op, "DoesNotExist") == 0)
		return !has;
	if (strcmp(op, "In") == 0)
		return has && is_among(nodes_get(e, "values"), has);
	return strcmp(op, "NotIn") == 0 && !(has && is_among(nodes_get(e, "values"), has));
}

bool k8s_selects(const struct yaml_node *selector, const struct yaml_node *labels)
{
	const struct yaml_node *expressions = nodes_get(selector, "matchExpressions");

	for (size_t i = 0; expressions && expressions->kind == YAML_SEQUENCE && i < expressions->n; i++)
		if (!expression_holds(expressions->items[i], labels))
			return false;
	return k8s_selects_plain(nodes_get(selector, "matchLabels"), labels);
}

/* ---- tables ---- */

static struct namespace *namespace_of(struct links *l, const char *name)
{
	struct namespace *ns = map_get(&l->by_ns, name, strlen(name));

	if (!ns) {
		ns = posture_alloc(l->set, sizeof(*ns));
		if (ns)
			map_put(&l->by_ns, name, strlen(name), ns);
	}
	return ns;
}

static void add_member(struct links *l, struct member **list, struct posture_record *record)
{
	struct member *m = posture_alloc(l->set, sizeof(*m));

	if (m) {
		*m = (struct member){ record, *list };
		*list = m;
	}
}

static void index_objects(struct links *l)
{
	for (struct posture_record *r = l->set->first[MODEL_KIND_K8S_OBJECT]; r; r = r->next) {
		const struct k8s_object *o = k8s_object_of(r);
		struct namespace *ns = namespace_of(l, k8s_namespace(o));
		const char *key = posture_printf(l->set, "%s/%s/%s", o->kind, k8s_namespace(o), o->name);

		if (!ns)
			return;
		map_put(&l->by_name, key, strlen(key), r);
		if (ns->kinds.n < LINKS_KINDS_MAX && !nodes_list_has(&ns->kinds, o->kind) && strcmp(o->kind, "Namespace") != 0)
			nodes_list_add(l->set, &ns->kinds, o->kind);
		if (o->pod)
			add_member(l, &ns->pods, o->pod->record);
		if (strcmp(o->kind, "Service") == 0)
			add_member(l, &ns->services, r);
		else if (strcmp(o->kind, "NetworkPolicy") == 0 || strcmp(o->kind, "CiliumNetworkPolicy") == 0)
			add_member(l, &ns->policies, r);
		else if (strcmp(o->kind, "CiliumClusterwideNetworkPolicy") == 0)
			add_member(l, &l->cluster_policies, r);
		else if (strcmp(o->kind, "PodDisruptionBudget") == 0)
			add_member(l, &ns->budgets, r);
	}
}

static struct posture_record *find(struct links *l, const char *kind, const char *ns, const char *name)
{
	const char *key = posture_printf(l->set, "%s/%s/%s", kind, ns, name);

	return map_get(&l->by_name, key, strlen(key));
}

static void computed(struct posture_record *record, enum model_field_id field, const struct nodes_list *list)
{
	struct posture_value *v = nodes_list_set(record, field, list);

	if (v)
		posture_said(v, POSTURE_FROM_COMPUTED, NULL);
}

/* ---- pods ---- */

static const struct yaml_node *pod_labels(const struct posture_record *pod) { return nodes_get(k8s_pod_of(pod)->metadata, "labels"); }

/* Cilium's labels may name their source (docs.cilium.io, "Endpoint Selector"): k8s:app, any:app. */
static const char *without_source(const char *key)
{
	return strncmp(key, "k8s:", 4) == 0 || strncmp(key, "any:", 4) == 0 ? key + 4 : key;
}

/* A rule of a policy of Cilium: spec, or one of specs. */
static bool cilium_rule_selects(const struct yaml_node *rule, const struct posture_record *pod)
{
	const struct yaml_node *selector = nodes_get(rule, "endpointSelector"), *want = nodes_get(selector, "matchLabels");
	const struct yaml_node *labels = pod_labels(pod), *expressions = nodes_get(selector, "matchExpressions");

	if (!selector)
		return false;
	for (size_t i = 0; want && want->kind == YAML_MAPPING && i < want->n; i++) {
		const char *key = yaml_text(want->pairs[i].key), *value = yaml_text(want->pairs[i].value), *has;

		key = key ? without_source(key) : "";
		has = strcmp(key, "io.kubernetes.pod.namespace") == 0 ? k8s_namespace(k8s_pod_of(pod)->object) : nodes_text_of_key(labels, key);
		if (!has || !value || strcmp(has, value) != 0)
			return false;
	}
	for (size_t i = 0; expressions && expressions->kind == YAML_SEQUENCE && i < expressions->n; i++)
		if (!expression_holds(expressions->items[i], labels))
			return false;
	return true;
}

static bool cilium_selects(const struct k8s_object *o, const struct posture_record *pod, const char *direction)
{
	const struct yaml_node *specs = nodes_get(o->node, "specs"), *spec = nodes_get(o->node, "spec");
	size_t n = specs && specs->kind == YAML_SEQUENCE ? specs->n : 0;

	for (size_t i = 0; i <= n; i++) {
		const struct yaml_node *rule = i < n ? specs->items[i] : spec;

		if (cilium_rule_selects(rule, pod) && (!direction || nodes_get(rule, direction)))
			return true;
	}
	return false;
}

static bool is_cilium(const struct k8s_object *o) { return strncmp(o->kind, "Cilium", 6) == 0; }

/* Network policies select with an empty selector all; services and none without one. */
static bool member_selects(struct links *l, const struct posture_record *object, const struct posture_record *pod)
{
	const struct k8s_object *o = k8s_object_of(object);
	const struct yaml_node *selector;

	const struct yaml_node *labels = pod_labels(pod), *spec = nodes_get(o->node, "spec");

	l->n_compares += 1 + (labels && spec && labels->n > 8 ? labels->n * spec->weight : 0);
	if (strcmp(o->kind, "Service") == 0) {
		selector = nodes_get(o->node, "spec.selector");
		return selector && selector->n > 0 && k8s_selects_plain(selector, pod_labels(pod));
	}
	if (is_cilium(o))
		return cilium_selects(o, pod, NULL);
	if (strcmp(o->kind, "NetworkPolicy") == 0)
		return k8s_selects(nodes_get(o->node, "spec.podSelector"), pod_labels(pod));
	selector = nodes_get(o->node, "spec.selector");
	return selector && k8s_selects(selector, pod_labels(pod));
}

static void select_members(struct links *l, struct posture_record *pod, const struct member *list, enum model_field_id field)
{
	struct nodes_list names = { 0 };

	for (; list && l->n_compares < LINKS_COMPARES_MAX; list = list->next)
		if (member_selects(l, list->record, pod))
			nodes_list_add(l->set, &names, k8s_object_of(list->record)->name);
	computed(pod, field, &names);
}

/* Services that are open to the outside themselves, or by what leads to them. */
static void link_exposure(struct links *l, struct posture_record *pod, const struct member *services)
{
	struct nodes_list by = { 0 };

	for (; services && l->n_compares < LINKS_COMPARES_MAX; services = services->next) {
		const struct k8s_object *o = k8s_object_of(services->record);
		const char *type = nodes_text(o->node, "spec.type");
		bool is_open = type && (strcmp(type, "NodePort") == 0 || strcmp(type, "LoadBalancer") == 0);

		if ((is_open || o->exposed_by) && member_selects(l, services->record, pod))
			nodes_list_add(l->set, &by, is_open ? services->record->name : o->exposed_by);
	}
	computed(pod, MODEL_F_POD_EXPOSED_BY, &by);
}

static bool has_policy_type(const struct k8s_object *o, const char *type)
{
	const struct yaml_node *types = nodes_get(o->node, "spec.policyTypes");

	if (types && types->kind == YAML_SEQUENCE && types->n > 0)
		return is_among(types, type);
	/* Without types: ingress, and egress when there are rules for it (networking/v1 NetworkPolicySpec). */
	return strcmp(type, "Ingress") == 0 || nodes_get(o->node, "spec.egress");
}

static bool limits(const struct k8s_object *o, const struct posture_record *pod, bool is_egress)
{
	if (is_cilium(o))
		return cilium_selects(o, pod, is_egress ? "egress" : "ingress") || cilium_selects(o, pod, is_egress ? "egressDeny" : "ingressDeny");
	return has_policy_type(o, is_egress ? "Egress" : "Ingress");
}

static void link_policies(struct links *l, struct posture_record *pod, const struct member *of_namespace)
{
	const struct member *lists[] = { of_namespace, l->cluster_policies };
	bool ingress = false, egress = false;
	struct nodes_list names = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		for (const struct member *m = lists[i]; m && l->n_compares < LINKS_COMPARES_MAX; m = m->next) {
			const struct k8s_object *o = k8s_object_of(m->record);

			if (!member_selects(l, m->record, pod))
				continue;
			nodes_list_add(l->set, &names, o->name);
			ingress |= limits(o, pod, false);
			egress |= limits(o, pod, true);
		}
	}
	computed(pod, MODEL_F_POD_NETWORK_POLICIES, &names);
	posture_said(posture_set_bool(pod, MODEL_F_POD_NETWORK_POLICY_INGRESS, ingress), POSTURE_FROM_COMPUTED, NULL);
	posture_said(posture_set_bool(pod, MODEL_F_POD_NETWORK_POLICY_EGRESS, egress), POSTURE_FROM_COMPUTED, NULL);
}

static void link_account(struct links *l, struct posture_record *pod)
{
	const struct posture_value *v = posture_value_of(pod, MODEL_F_POD_SERVICE_ACCOUNT);
	struct posture_record *account = find(l, "ServiceAccount", k8s_namespace(k8s_pod_of(pod)->object), v->value.text);
	const struct yaml_node *mount = account ? nodes_get(k8s_object_of(account)->node, "automountServiceAccountToken") : NULL;
	bool value;

	if (account || strcmp(v->value.text, "default") != 0)
		posture_said(posture_set_bool(pod, MODEL_F_POD_SERVICE_ACCOUNT_EXISTS, account), POSTURE_FROM_COMPUTED, NULL);
	if (mount && nodes_bool(mount, &value))
		posture_at(posture_said(posture_set_bool(pod, MODEL_F_POD_AUTOMOUNT_TOKEN_ACCOUNT, value), POSTURE_FROM_COMPUTED, account->name),
			   (struct posture_place){ .file = account->place.file, .line = mount->line, .column = mount->column });
}

static void check_reference(struct links *l, const struct k8s_object *o, const char *kind, const char *name, struct nodes_list *missing)
{
	if (name && !find(l, kind, k8s_namespace(o), name))
		nodes_list_add(l->set, missing, posture_printf(l->set, "%s %s", kind, name));
}

/* What the environment of its containers comes from. */
static void link_environment(struct links *l, struct posture_record *pod)
{
	const struct k8s_pod *p = k8s_pod_of(pod);
	const struct yaml_node *containers = nodes_get(p->node, "containers");
	struct nodes_list missing = { 0 };

	for (size_t i = 0; containers && containers->kind == YAML_SEQUENCE && i < containers->n; i++) {
		const struct yaml_node *env = nodes_get(containers->items[i], "env"), *from = nodes_get(containers->items[i], "envFrom");

		for (size_t k = 0; env && env->kind == YAML_SEQUENCE && k < env->n; k++) {
			check_reference(l, p->object, "Secret", nodes_text(env->items[k], "valueFrom.secretKeyRef.name"), &missing);
			check_reference(l, p->object, "ConfigMap", nodes_text(env->items[k], "valueFrom.configMapKeyRef.name"), &missing);
		}
		for (size_t k = 0; from && from->kind == YAML_SEQUENCE && k < from->n; k++) {
			check_reference(l, p->object, "Secret", nodes_text(from->items[k], "secretRef.name"), &missing);
			check_reference(l, p->object, "ConfigMap", nodes_text(from->items[k], "configMapRef.name"), &missing);
		}
	}
	computed(pod, MODEL_F_POD_MISSING, &missing);
}

static void link_pods(struct links *l)
{
	struct nodes_list scaled = { 0 };

	for (struct posture_record *pod = l->set->first[MODEL_KIND_K8S_POD]; pod; pod = pod->next) {
		const struct namespace *ns = namespace_of(l, k8s_namespace(k8s_pod_of(pod)->object));

		if (!ns)
			return;
		select_members(l, pod, ns->services, MODEL_F_POD_SERVICES);
		select_members(l, pod, ns->budgets, MODEL_F_POD_DISRUPTION_BUDGETS);
		link_exposure(l, pod, ns->services);
		link_environment(l, pod);
		if (k8s_pod_of(pod)->object->scaled_by) {
			scaled = (struct nodes_list){ 0 };
			nodes_list_add(l->set, &scaled, k8s_pod_of(pod)->object->scaled_by);
			computed(pod, MODEL_F_POD_AUTOSCALERS, &scaled);
		}
		link_policies(l, pod, ns->policies);
		link_account(l, pod);
	}
}

/* ---- objects ---- */

static void link_selector(struct links *l, struct posture_record *r)
{
	const struct k8s_object *o = k8s_object_of(r);
	const struct namespace *ns = namespace_of(l, k8s_namespace(o));
	const struct yaml_node *selector = nodes_get(o->node, strcmp(o->kind, "NetworkPolicy") == 0 ? "spec.podSelector" : "spec.selector");
	struct nodes_list targets = { 0 }, dangling = { 0 };

	for (const struct member *m = ns ? ns->pods : NULL; m && l->n_compares < LINKS_COMPARES_MAX; m = m->next)
		if (member_selects(l, r, m->record))
			nodes_list_add(l->set, &targets, k8s_pod_of(m->record)->object->record->name);
	computed(r, MODEL_F_OBJECT_TARGETS, &targets);
	if (targets.n > 0 || !selector || selector->n == 0)
		return;
	nodes_list_add(l->set, &dangling, "selector");
	computed(r, MODEL_F_OBJECT_DANGLING, &dangling);
}

struct reference { struct links *l; const struct k8s_object *from; struct nodes_list targets, dangling; };

static void refer(struct reference *ref, const char *kind, const char *ns, const char *name)
{
	struct posture_record *target = kind && name ? find(ref->l, kind, ns, name) : NULL;

	if (target) {
		nodes_list_add(ref->l->set, &ref->targets, target->name);
		if (strcmp(ref->from->kind, "HorizontalPodAutoscaler") == 0)
			k8s_object_of(target)->scaled_by = ref->from->name;
		else
			k8s_object_of(target)->exposed_by = ref->from->record->name;
	} else if (name) {
		nodes_list_add(ref->l->set, &ref->dangling, posture_printf(ref->l->set, "%s %s", kind ? kind : "", name));
	}
}

static void refer_backend(struct reference *ref, const struct yaml_node *backend)
{
	const char *name = nodes_text(backend, "service.name");      /* networking.k8s.io/v1; before it serviceName */

	refer(ref, "Service", k8s_namespace(ref->from), name ? name : nodes_text(backend, "serviceName"));
}

static void refer_ingress(struct reference *ref)
{
	const struct yaml_node *spec = nodes_get(ref->from->node, "spec"), *rules = nodes_get(spec, "rules");

	refer_backend(ref, nodes_get(spec, "defaultBackend"));
	refer_backend(ref, nodes_get(spec, "backend"));
	for (size_t i = 0; rules && rules->kind == YAML_SEQUENCE && i < rules->n; i++) {
		const struct yaml_node *paths = nodes_get(rules->items[i], "http.paths");

		for (size_t k = 0; paths && paths->kind == YAML_SEQUENCE && k < paths->n; k++)
			refer_backend(ref, nodes_get(paths->items[k], "backend"));
	}
}

static void refer_route(struct reference *ref)
{
	const struct yaml_node *rules = nodes_get(ref->from->node, "spec.rules");

	for (size_t i = 0; rules && rules->kind == YAML_SEQUENCE && i < rules->n; i++) {
		const struct yaml_node *backends = nodes_get(rules->items[i], "backendRefs");

		for (size_t k = 0; backends && backends->kind == YAML_SEQUENCE && k < backends->n; k++) {
			const struct yaml_node *b = backends->items[k];
			const char *kind = nodes_text(b, "kind"), *ns = nodes_text(b, "namespace"), *group = nodes_text(b, "group");

			if ((!kind || strcmp(kind, "Service") == 0) && (!group || !*group))
				refer(ref, "Service", ns ? ns : k8s_namespace(ref->from), nodes_text(b, "name"));
		}
	}
}

static void link_references(struct links *l, struct posture_record *r)
{
	struct reference ref = { .l = l, .from = k8s_object_of(r) };
	const char *kind = ref.from->kind;

	if (strcmp(kind, "HorizontalPodAutoscaler") == 0)
		refer(&ref, nodes_text(ref.from->node, "spec.scaleTargetRef.kind"), k8s_namespace(ref.from),
		      nodes_text(ref.from->node, "spec.scaleTargetRef.name"));
	else if (strcmp(kind, "Ingress") == 0)
		refer_ingress(&ref);
	else
		refer_route(&ref);
	computed(r, MODEL_F_OBJECT_TARGETS, &ref.targets);
	computed(r, MODEL_F_OBJECT_DANGLING, &ref.dangling);
}

static void link_own_selector(struct posture_record *r)
{
	const struct k8s_object *o = k8s_object_of(r);
	const struct yaml_node *selector = o->pod ? nodes_get(o->node, "spec.selector") : NULL, *labels;
	bool is_plain = strcmp(o->kind, "ReplicationController") == 0;

	if (!selector || strcmp(o->kind, "Job") == 0)
		return;
	labels = nodes_get(o->pod->metadata, "labels");
	posture_said(posture_set_bool(r, MODEL_F_OBJECT_SELECTOR_MISMATCH,
				      !(is_plain ? k8s_selects_plain(selector, labels) : k8s_selects(selector, labels))),
		     POSTURE_FROM_COMPUTED, NULL);
}

static bool is_kind(const struct k8s_object *o, const char *const *kinds)
{
	while (*kinds && strcmp(*kinds, o->kind) != 0)
		kinds++;
	return *kinds;
}

static void link_object(struct links *l, struct posture_record *r)
{
	static const char *const selecting[] = { "Service", "NetworkPolicy", "PodDisruptionBudget", NULL };
	static const char *const referring[] = { "HorizontalPodAutoscaler", "Ingress", "HTTPRoute", "GRPCRoute", "TCPRoute", "TLSRoute", "UDPRoute", NULL };
	const struct k8s_object *o = k8s_object_of(r);

	if (is_kind(o, selecting))
		link_selector(l, r);
	else if (is_kind(o, referring))
		link_references(l, r);
	link_own_selector(r);
	if (strcmp(o->kind, "Namespace") == 0) {
		struct namespace *ns = namespace_of(l, o->name);

		if (ns && l->cluster_policies && !nodes_list_has(&ns->kinds, "CiliumClusterwideNetworkPolicy"))
			nodes_list_add(l->set, &ns->kinds, "CiliumClusterwideNetworkPolicy");
		if (ns)
			posture_said(posture_set_texts(r, MODEL_F_OBJECT_SIBLINGS, ns->kinds.texts, ns->kinds.n), POSTURE_FROM_COMPUTED, NULL);
	}
}

/* What is bound to a service account. */
struct account { struct nodes_list roles, rights; };

static void add_role(struct links *l, struct account *account, const struct posture_record *subject)
{
	const struct k8s_object *binding = subject->own;
	const char *kind = nodes_text(binding->node, "roleRef.kind"), *name = nodes_text(binding->node, "roleRef.name");
	const struct posture_record *role;
	const struct posture_value *rights;

	if (!kind || !name)
		return;
	nodes_list_add(l->set, &account->roles, name);
	role = find(l, kind, strcmp(kind, "Role") == 0 ? k8s_namespace(binding) : "default", name);
	rights = role ? posture_value_of(role, MODEL_F_OBJECT_RIGHTS) : NULL;
	for (size_t i = 0; rights && i < rights->value.n; i++)
		nodes_list_add(l->set, &account->rights, rights->value.list[i].text);
}

static const char *text_of(const struct posture_record *record, enum model_field_id field)
{
	const struct posture_value *v = posture_value_of(record, field);

	return v && v->state == MODEL_SET ? v->value.text : NULL;
}

static void link_grants(struct links *l)
{
	struct map by_account = MAP_INIT;

	for (struct posture_record *s = l->set->first[MODEL_KIND_K8S_SUBJECT]; s; s = s->next) {
		const char *kind = text_of(s, MODEL_F_SUBJECT_KIND), *name = text_of(s, MODEL_F_SUBJECT_NAME), *ns = text_of(s, MODEL_F_SUBJECT_NAMESPACE);
		struct account *account;
		const char *key;

		if (!kind || !name || !ns || strcmp(kind, "ServiceAccount") != 0)
			continue;
		key = posture_printf(l->set, "%s/%s", ns, name);
		account = map_get(&by_account, key, strlen(key));
		if (!account && (account = posture_alloc(l->set, sizeof(*account))))
			map_put(&by_account, key, strlen(key), account);
		if (account)
			add_role(l, account, s);
	}
	for (struct posture_record *pod = l->set->first[MODEL_KIND_K8S_POD]; pod; pod = pod->next) {
		const char *key = posture_printf(l->set, "%s/%s", k8s_namespace(k8s_pod_of(pod)->object), text_of(pod, MODEL_F_POD_SERVICE_ACCOUNT));
		const struct account *account = map_get(&by_account, key, strlen(key));

		if (account) {
			computed(pod, MODEL_F_POD_GRANTS, &account->roles);
			computed(pod, MODEL_F_POD_RIGHTS, &account->rights);
		}
	}
	map_done(&by_account);
}

void k8s_link(struct posture_set *set)
{
	struct links l = { .set = set, .by_name = MAP_INIT, .by_ns = MAP_INIT };

	index_objects(&l);
	for (struct posture_record *r = set->first[MODEL_KIND_K8S_OBJECT]; r; r = r->next)
		link_object(&l, r);
	link_pods(&l);     /* after what leads to services */
	link_grants(&l);
	if (l.n_compares >= LINKS_COMPARES_MAX)
		posture_problem(set, MODEL_LAYER_ORCHESTRATOR, (struct posture_place){ 0 },
				"too many selectors and pods to compare them all: what selects what is known in part");
	map_done(&l.by_name);
	map_done(&l.by_ns);
}
