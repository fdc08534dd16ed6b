/* SPDX-License-Identifier: Apache-2.0 */
/* What an option of a component is, and which of flag, file, environment and default said so. */
#include "posture/node/component.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* An option that has another name in a configuration file, or a default. Flags that are not here are looked for as flags only.
 * Defaults are of Kubernetes 1.27 to 1.34 and etcd 3.4 to 3.6; the kubelet's legacy defaults hold when there is no --config
 * (kubernetes cmd/kubelet/app/options: applyLegacyDefaults). */
struct option {
	const char *component, *flag, *path, *fallback, *legacy;
};

static const struct option options[] = {
	{ "kube-apiserver", "anonymous-auth", NULL, "true", NULL },
	{ "kube-apiserver", "authorization-mode", NULL, "AlwaysAllow", NULL },
	{ "kube-apiserver", "profiling", NULL, "true", NULL },
	{ "kube-apiserver", "service-account-lookup", NULL, "true", NULL },
	{ "kube-apiserver", "service-account-extend-token-expiration", NULL, "true", NULL },
	{ "kube-apiserver", "request-timeout", NULL, "1m0s", NULL },
	{ "kube-apiserver", "secure-port", NULL, "6443", NULL },
	{ "kube-apiserver", "audit-log-maxage", NULL, "0", NULL },
	{ "kube-apiserver", "audit-log-maxbackup", NULL, "0", NULL },
	{ "kube-apiserver", "audit-log-maxsize", NULL, "0", NULL },
	{ "kube-apiserver", "allow-privileged", NULL, "false", NULL },
	{ "kube-controller-manager", "profiling", NULL, "true", NULL },
	{ "kube-controller-manager", "use-service-account-credentials", NULL, "false", NULL },
	{ "kube-controller-manager", "terminated-pod-gc-threshold", NULL, "12500", NULL },
	{ "kube-controller-manager", "bind-address", NULL, "0.0.0.0", NULL },
	{ "kube-scheduler", "profiling", "enableProfiling", "true", NULL },
	{ "kube-scheduler", "bind-address", NULL, "0.0.0.0", NULL },
	{ "kube-proxy", "metrics-bind-address", "metricsBindAddress", "127.0.0.1:10249", NULL },
	{ "kube-proxy", "hostname-override", "hostnameOverride", NULL, NULL },
	{ "kubelet", "anonymous-auth", "authentication.anonymous.enabled", "false", "true" },
	{ "kubelet", "authorization-mode", "authorization.mode", "Webhook", "AlwaysAllow" },
	{ "kubelet", "client-ca-file", "authentication.x509.clientCAFile", NULL, NULL },
	{ "kubelet", "authentication-token-webhook", "authentication.webhook.enabled", "true", "false" },
	{ "kubelet", "read-only-port", "readOnlyPort", "0", "10255" },
	{ "kubelet", "streaming-connection-idle-timeout", "streamingConnectionIdleTimeout", "4h0m0s", NULL },
	{ "kubelet", "make-iptables-util-chains", "makeIPTablesUtilChains", "true", NULL },
	{ "kubelet", "protect-kernel-defaults", "protectKernelDefaults", "false", NULL },
	{ "kubelet", "event-qps", "eventRecordQPS", "50", NULL },
	{ "kubelet", "tls-cert-file", "tlsCertFile", NULL, NULL },
	{ "kubelet", "tls-private-key-file", "tlsPrivateKeyFile", NULL, NULL },
	{ "kubelet", "tls-cipher-suites", "tlsCipherSuites", NULL, NULL },
	{ "kubelet", "tls-min-version", "tlsMinVersion", NULL, NULL },
	{ "kubelet", "rotate-certificates", "rotateCertificates", "false", NULL },
	{ "kubelet", "rotate-server-certificates", "serverTLSBootstrap", "false", NULL },
	{ "kubelet", "pod-max-pids", "podPidsLimit", "-1", NULL },
	{ "kubelet", "seccomp-default", "seccompDefault", "false", NULL },
	{ "kubelet", "static-pod-path", "staticPodPath", NULL, NULL },
	{ "kubelet", "pod-manifest-path", "staticPodPath", NULL, NULL },
	{ "kubelet", "enable-debugging-handlers", "enableDebuggingHandlers", "true", NULL },
	{ "kubelet", "fail-swap-on", "failSwapOn", "true", NULL },
	{ "kubelet", "allowed-unsafe-sysctls", "allowedUnsafeSysctls", NULL, NULL },
	{ "kubelet", "image-gc-high-threshold", "imageGCHighThresholdPercent", "85", NULL },
	{ "etcd", "cert-file", "client-transport-security.cert-file", NULL, NULL },
	{ "etcd", "key-file", "client-transport-security.key-file", NULL, NULL },
	{ "etcd", "client-cert-auth", "client-transport-security.client-cert-auth", "false", NULL },
	{ "etcd", "auto-tls", "client-transport-security.auto-tls", "false", NULL },
	{ "etcd", "trusted-ca-file", "client-transport-security.trusted-ca-file", NULL, NULL },
	{ "etcd", "client-crl-file", "client-transport-security.client-crl-file", NULL, NULL },
	{ "etcd", "peer-cert-file", "peer-transport-security.cert-file", NULL, NULL },
	{ "etcd", "peer-key-file", "peer-transport-security.key-file", NULL, NULL },
	{ "etcd", "peer-client-cert-auth", "peer-transport-security.client-cert-auth", "false", NULL },
	{ "etcd", "peer-auto-tls", "peer-transport-security.auto-tls", "false", NULL },
	{ "etcd", "peer-trusted-ca-file", "peer-transport-security.trusted-ca-file", NULL, NULL },
	{ "etcd", "data-dir", "data-dir", "default.etcd", NULL },
	{ "etcd", "listen-client-urls", "listen-client-urls", "http://localhost:2379", NULL },
	{ "etcd", "listen-peer-urls", "listen-peer-urls", "http://localhost:2380", NULL },
	{ "etcd", "listen-metrics-urls", "listen-metrics-urls", NULL, NULL },
	{ "etcd", "initial-cluster", "initial-cluster", NULL, NULL },
	{ "etcd", "auth-token", "auth-token", "simple", NULL },
	{ "etcd", "cipher-suites", "cipher-suites", NULL, NULL },
	{ "etcd", "enable-v2", "enable-v2", "false", NULL },
	{ "etcd", "enable-pprof", "enable-pprof", "false", NULL },
	{ "etcd", "log-level", "log-level", "info", NULL },
};

static const struct option *option_of(const struct node_component *c, const char *flag)
{
	for (size_t i = 0; i < ARRAY_LEN(options); i++)
		if (strcmp(options[i].component, c->name) == 0 && strcmp(options[i].flag, flag) == 0)
			return &options[i];
	return NULL;
}

/* A flag of Go: one dash or two, its value behind '=' or the next word; the next word of a switch is none of its own. */
const struct node_word *node_flag(const struct node_component *c, const char *name, const char **ret_value)
{
	const struct node_word *found = NULL;
	size_t len = strlen(name);

	for (size_t i = 1; i < c->n_words; i++) {
		const char *w = c->words[i].text;

		if (*w != '-')
			continue;
		w += w[1] == '-' ? 2 : 1;
		if (strncmp(w, name, len) != 0 || (w[len] && w[len] != '='))
			continue;
		found = &c->words[i];
		if (w[len])
			*ret_value = w + len + 1;
		else
			*ret_value = i + 1 < c->n_words && *c->words[i + 1].text != '-' ? c->words[i + 1].text : "true";
	}
	return found;
}

static struct posture_value *new_value(struct arena *arena, enum posture_origin origin, const char *text, const char *note)
{
	struct posture_value *v = arena_alloc(arena, sizeof(*v));

	v->state = text ? MODEL_SET : MODEL_UNKNOWN;
	v->origin = (uint8_t)origin;
	v->note = note;
	v->value.text = text ? text : "";
	v->value.len = strlen(v->value.text);
	return v;
}

static const struct yaml_node *at_path(const struct yaml_node *doc, const char *path)
{
	while (doc && *path) {
		size_t len = strcspn(path, ".");
		char key[128];

		if (len >= sizeof(key))
			return NULL;
		memcpy(key, path, len);
		key[len] = '\0';
		doc = yaml_get(doc, key);
		path += len + (path[len] == '.');
	}
	return doc && !yaml_is_null(doc) ? doc : NULL;
}

/* A list is one text with commas, as the flag has it. */
static const char *text_of(const struct yaml_node *node, struct arena *arena)
{
	struct strbuf sb;
	const char *text;

	if (node->kind != YAML_SEQUENCE)
		return yaml_text(node) ? yaml_text(node) : "";
	strbuf_init(&sb, 64 * 1024);
	for (size_t i = 0; i < node->n; i++)
		strbuf_addf(&sb, "%s%s", i ? "," : "", yaml_text(node->items[i]) ? yaml_text(node->items[i]) : "");
	text = arena_strndup(arena, sb.text, sb.len);
	strbuf_done(&sb);
	return text;
}

static const struct posture_value *from_flag(const struct node_component *c, const char *name, struct arena *arena)
{
	const char *value;
	const struct node_word *word = node_flag(c, name, &value);
	struct posture_value *v;

	if (!word)
		return NULL;
	v = new_value(arena, POSTURE_FROM_FLAG, value, word->text);
	v->place = word->place;
	return v;
}

static const struct posture_value *from_config(const struct node_component *c, const char *path, struct arena *arena)
{
	for (size_t i = c->n_configs; i-- > 0;) {
		const struct yaml_node *node = at_path(c->configs[i].doc, path);
		struct posture_value *v;

		if (!node)
			continue;
		v = new_value(arena, POSTURE_FROM_FILE, text_of(node, arena), path);
		v->place = (struct posture_place){ .file = c->configs[i].file, .line = node->line, .column = node->column, .path = path };
		return v;
	}
	return c->config_error ? new_value(arena, POSTURE_FROM_FILE, NULL, c->config_error) : NULL;
}

/* ETCD_CLIENT_CERT_AUTH is --client-cert-auth. */
static const struct posture_value *from_environment(const struct node_component *c, const char *flag, struct arena *arena)
{
	char *name = arena_printf(arena, "ETCD_%s=", flag);

	if (!c->environment)
		return new_value(arena, POSTURE_FROM_ENVIRONMENT, NULL, c->environment_error ? c->environment_error : "not read");
	for (char *p = name; *p; p++)
		*p = *p == '-' ? '_' : (char)toupper((unsigned char)*p);
	for (const char *e = c->environment; *e; e += strlen(e) + 1)
		if (strncmp(e, name, strlen(name)) == 0)
			return new_value(arena, POSTURE_FROM_ENVIRONMENT, e + strlen(name), e);
	return NULL;
}

const struct posture_value *node_option(const struct node_component *c, const char *name, struct arena *arena)
{
	const struct option *o = option_of(c, name);
	bool is_etcd = strcmp(c->name, "etcd") == 0;
	const struct posture_value *v = NULL;
	const char *fallback;

	if (!is_etcd || !c->config_path)
		v = from_flag(c, name, arena);
	if (!v && is_etcd && !c->config_path)
		v = from_environment(c, name, arena);
	if (!v && o && o->path && (!is_etcd || c->config_path))
		v = from_config(c, o->path, arena);
	if (v || !o)
		return v;
	fallback = o->legacy && !c->config_path ? o->legacy : o->fallback;
	return fallback ? new_value(arena, POSTURE_FROM_DEFAULT, fallback, NULL) : NULL;
}

bool node_number(const char *text, int64_t *ret)
{
	static const struct { const char *unit; double seconds; } units[] = {
		{ "ms", 0.001 }, { "us", 0.000001 }, { "ns", 0.000000001 }, { "h", 3600 }, { "m", 60 }, { "s", 1 },
	};
	double sum = 0;
	char *end;

	errno = 0;
	*ret = strtoll(text, &end, 10);
	if (end != text && !*end && !errno)
		return true;
	while (*text) {
		double part = strtod(text, &end);
		size_t u = 0;

		while (u < ARRAY_LEN(units) && strncmp(end, units[u].unit, strlen(units[u].unit)) != 0)
			u++;
		if (end == text || u == ARRAY_LEN(units) || !(part >= 0) || part > 1e12)
			return false;
		sum += part * units[u].seconds;
		text = end + strlen(units[u].unit);
	}
	*ret = (int64_t)sum;
	return true;
}
