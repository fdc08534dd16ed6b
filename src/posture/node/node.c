/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/node/node.h"

#include <string.h>
#include <strings.h>

/* CIS Kubernetes 1.2.29 and 4.2.12: what is left when these are taken away is not strong. */
static const char *const strong_ciphers[] = {
	"TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256",
	"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA", "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA",
	"TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305",
	"TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256", "TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA",
	"TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
	"TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305", "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256", NULL,
};

enum { PARTS_MAX = 256 };

/* The parts of "a,b,c", in the arena. */
static size_t split(struct posture_set *set, const char *text, const char **parts)
{
	size_t n = 0;

	while (*text && n < PARTS_MAX) {
		size_t len = strcspn(text, ",");
		if (len)
			parts[n++] = posture_printf(set, "%.*s", (int)len, text);
		text += len + (text[len] == ',');
	}
	return n;
}

static bool is_strong(const char *cipher)
{
	for (const char *const *s = strong_ciphers; *s; s++)
		if (strcmp(*s, cipher) == 0)
			return true;
	return false;
}

static void set_ciphers(struct posture_record *r, const struct node_component *c)
{
	const struct posture_value *v = node_option(c, strcmp(c->name, "etcd") == 0 ? "cipher-suites" : "tls-cipher-suites", &r->set->arena);
	const char *parts[PARTS_MAX], *weak[PARTS_MAX];
	size_t n, n_weak = 0;

	if (!v)
		return;
	if (v->state == MODEL_UNKNOWN) {
		posture_set_unknown(r, MODEL_F_COMPONENT_WEAK_CIPHERS, v->note);
		return;
	}
	n = split(r->set, v->value.text, parts);
	for (size_t i = 0; i < n; i++)
		if (!is_strong(parts[i]))
			weak[n_weak++] = parts[i];
	posture_said(posture_set_texts(r, MODEL_F_COMPONENT_WEAK_CIPHERS, weak, n_weak), v->origin, v->note);
}

static bool is_local(const char *url)
{
	static const char *const local[] = { "http://127.", "http://localhost", "http://[::1]", NULL };

	for (const char *const *l = local; *l; l++)
		if (strncasecmp(url, *l, strlen(*l)) == 0)
			return true;
	return false;
}

static void set_listens_plain(struct posture_record *r, const struct node_component *c)
{
	static const char *const flags[] = { "listen-client-urls", "listen-peer-urls", "listen-metrics-urls" };
	const char *parts[PARTS_MAX], *plain[PARTS_MAX * 3];
	size_t n_plain = 0;

	for (size_t f = 0; f < ARRAY_LEN(flags); f++) {
		const struct posture_value *v = node_option(c, flags[f], &r->set->arena);
		size_t n;

		if (v && v->state == MODEL_UNKNOWN) {
			posture_set_unknown(r, MODEL_F_COMPONENT_LISTENS_PLAIN, v->note);
			return;
		}
		n = v ? split(r->set, v->value.text, parts) : 0;
		for (size_t i = 0; i < n; i++)
			if (strncasecmp(parts[i], "http://", 7) == 0 && !is_local(parts[i]))
				plain[n_plain++] = parts[i];
	}
	posture_set_texts(r, MODEL_F_COMPONENT_LISTENS_PLAIN, plain, n_plain);
}

static const struct posture_value *keyed(const struct posture_record *r, const struct model_field_ref *field, struct arena *scratch)
{
	const struct node_component *c = r->own;
	const struct posture_value *v = field->key ? node_option(c, field->key, scratch) : NULL;
	struct posture_value *copy;
	int64_t number;

	if (!v || field->id == MODEL_F_COMPONENT_OPTION)
		return v;
	copy = arena_alloc(scratch, sizeof(*copy));
	*copy = *v;
	if (field->id == MODEL_F_COMPONENT_IS_SAID && v->state == MODEL_SET) {
		copy->value.boolean = v->origin != POSTURE_FROM_DEFAULT;
	} else if (field->id == MODEL_F_COMPONENT_NUMBER && v->state == MODEL_SET) {
		if (!node_number(v->value.text, &number)) {
			copy->state = MODEL_UNKNOWN;
			copy->note = arena_printf(scratch, "'%s' is no number", v->value.text);
		}
		copy->value.i64 = number;
	} else if (field->id != MODEL_F_COMPONENT_NUMBER && field->id != MODEL_F_COMPONENT_IS_SAID) {
		return NULL;
	}
	return copy;
}

static const char *text_option(const struct node_component *c, const char *name, struct posture_set *set)
{
	const struct posture_value *v = c ? node_option(c, name, &set->arena) : NULL;

	return v && v->state == MODEL_SET ? v->value.text : NULL;
}

struct posture_record *node_component_record(struct posture_set *set, const struct node_component *c)
{
	struct posture_place place = { .file = c->pid ? NULL : c->manifest };
	struct posture_record *r = posture_record_new(set, MODEL_KIND_NODE_COMPONENT, NULL, c->pid ?
						      posture_printf(set, "%s (pid %u)", c->name, c->pid) : c->name, place);

	r->key = c->name;
	r->own = c;
	r->keyed = keyed;
	posture_set_text(r, MODEL_F_COMPONENT_NAME, c->name);
	posture_set_bool(r, MODEL_F_COMPONENT_IS_RUNNING, c->pid);
	set_ciphers(r, c);
	if (strcmp(c->name, "etcd") == 0)
		set_listens_plain(r, c);
	return r;
}

static const struct node_component *named(const struct node_component *components, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(components[i].name, name) == 0)
			return &components[i];
	return NULL;
}

static void collect(struct posture_set *set, const struct posture_audit_options *options)
{
	struct node_component *components = posture_alloc(set, NODE_COMPONENTS_MAX * sizeof(*components));
	const char *etcd_ca, *client_ca;
	size_t n;

	if (!components)
		return;
	n = node_components_find(set, components, NODE_COMPONENTS_MAX);
	client_ca = text_option(named(components, n, "kube-apiserver"), "client-ca-file", set);
	for (size_t i = 0; i < n; i++) {
		struct posture_record *r = node_component_record(set, &components[i]);

		etcd_ca = text_option(&components[i], "trusted-ca-file", set);
		if (strcmp(components[i].name, "etcd") == 0 && etcd_ca && client_ca)
			posture_said(posture_set_bool(r, MODEL_F_COMPONENT_SHARES_CA, strcmp(etcd_ca, client_ca) == 0), POSTURE_FROM_COMPUTED,
				     posture_printf(set, "--trusted-ca-file %s, --client-ca-file %s", etcd_ca, client_ca));
		if (options->probe_etcd && strcmp(components[i].name, "etcd") == 0)
			node_etcd_probe(r, &components[i]);
		if (strcmp(components[i].name, "kube-apiserver") == 0)
			node_policies_collect(set, &components[i], r);
	}
	node_files_collect(set, components, n);
}

const struct posture_collector node_collector = {
	.name = "kubernetes",
	.layer = MODEL_LAYER_ORCHESTRATOR,
	.meaning = "the Kubernetes node and control plane of this machine, and its etcd: options, files, policies",
	.collect = collect,
};
