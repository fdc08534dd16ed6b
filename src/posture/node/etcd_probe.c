/* SPDX-License-Identifier: Apache-2.0 */
/* What an etcd of this machine lets a stranger do: one who has neither certificate nor password. Only reads, and only where asked to.
 * Requests: etcd's gRPC gateway (Documentation/dev-guide/api_grpc_gateway.md), under /v3 since 3.4. */
#include "base/http.h"
#include "base/json.h"
#include "posture/node/node.h"

#include <errno.h>
#include <string.h>

enum { TIMEOUT_MS = 2000, ANSWER_BYTES_MAX = 4 << 20, SECRETS_MAX = 20, URL_BYTES_MAX = 1024 };

struct probe {
	struct posture_record *record;
	const char *base;                /* "https://127.0.0.1:2379" */
};

static int ask(const struct probe *p, const char *path, const char *body, struct strbuf *answer, struct err *err)
{
	struct http_request request = { .url = posture_printf(p->record->set, "%s%s", p->base, path), .body = body,
					.body_len = body ? strlen(body) : 0, .timeout_ms = TIMEOUT_MS, .max_answer_bytes = ANSWER_BYTES_MAX,
					.probes = true };
	int status, r;

	strbuf_reset(answer);
	r = http_send(&request, &status, answer, err);
	return r < 0 ? r : status;
}

static int value_of_6_bits(char c)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* RFC 4648; as much as fits. Returns how many bytes. */
static size_t base64_decode(const char *text, char *bytes, size_t size)
{
	unsigned bits = 0, n_bits = 0;
	size_t n = 0;

	for (; *text && n < size; text++) {
		int v = value_of_6_bits(*text);

		if (v < 0)
			break;
		bits = bits << 6 | (unsigned)v;
		n_bits += 6;
		if (n_bits < 8)
			continue;
		n_bits -= 8;
		bytes[n++] = (char)(bits >> n_bits);
	}
	return n;
}

/* A stored object that is encrypted begins with k8s:enc:PROVIDER: (apiserver/pkg/storage/value). */
static void set_secrets(const struct probe *p, struct strbuf *answer)
{
	/* "/registry/secrets/" up to "/registry/secrets0", of which the first few. */
	static const char body[] = "{\"key\":\"L3JlZ2lzdHJ5L3NlY3JldHMv\",\"range_end\":\"L3JlZ2lzdHJ5L3NlY3JldHMw\",\"limit\":\"20\"}";
	const char *plain[SECRETS_MAX];
	_cleanup_json_ json_t *json = NULL;
	struct err err = ERR_INIT;
	size_t n = 0;
	json_t *kvs;

	if (ask(p, "/v3/kv/range", body, answer, &err) != 200 || json_parse(answer->text, answer->len, "etcd", &json, &err) < 0) {
		posture_set_unknown(p->record, MODEL_F_COMPONENT_PLAIN_SECRETS, posture_printf(p->record->set, "%s", err.code ? err.text : "refused"));
		return;
	}
	kvs = json_object_get(json, "kvs");
	for (size_t i = 0; i < json_array_size(kvs) && n < SECRETS_MAX; i++) {
		const char *key = json_text(json_array_get(kvs, i), "key", NULL), *value = json_text(json_array_get(kvs, i), "value", NULL);
		char start[8] = "", name[512];
		size_t len = key ? base64_decode(key, name, sizeof(name) - 1) : 0;

		if (value)
			base64_decode(value, start, sizeof(start));
		name[len] = '\0';
		if (memcmp(start, "k8s:enc:", sizeof(start)) != 0)
			plain[n++] = posture_printf(p->record->set, "%s", name);
	}
	posture_said(posture_set_texts(p->record, MODEL_F_COMPONENT_PLAIN_SECRETS, plain, n), POSTURE_FROM_API, NULL);
}

static void set_answers(const struct probe *p, bool answers, bool lists, bool metrics, const char *note)
{
	posture_said(posture_set_bool(p->record, MODEL_F_COMPONENT_ANSWERS_STRANGERS, answers), POSTURE_FROM_API, note);
	posture_said(posture_set_bool(p->record, MODEL_F_COMPONENT_LISTS_KEYS, lists), POSTURE_FROM_API, note);
	posture_said(posture_set_bool(p->record, MODEL_F_COMPONENT_METRICS_FOR_STRANGERS, metrics), POSTURE_FROM_API, note);
}

static void set_unknown(const struct probe *p, const char *why)
{
	static const enum model_field_id fields[] = { MODEL_F_COMPONENT_ANSWERS_STRANGERS, MODEL_F_COMPONENT_LISTS_KEYS,
						      MODEL_F_COMPONENT_PLAIN_SECRETS, MODEL_F_COMPONENT_METRICS_FOR_STRANGERS };

	for (size_t i = 0; i < ARRAY_LEN(fields); i++)
		posture_set_unknown(p->record, fields[i], why);
}

/* One address of a list; what listens everywhere is asked here. */
static const char *first_url(struct posture_set *set, const char *urls)
{
	size_t len = strcspn(urls, ",");
	const char *url = posture_printf(set, "%.*s", (int)len, urls), *any = strstr(url, "//0.0.0.0:"), *any6 = strstr(url, "//[::]:");

	if (any)
		return posture_printf(set, "%.*s//127.0.0.1:%s", (int)(any - url), url, any + strlen("//0.0.0.0:"));
	return any6 ? posture_printf(set, "%.*s//[::1]:%s", (int)(any6 - url), url, any6 + strlen("//[::]:")) : url;
}

void node_etcd_probe(struct posture_record *record, const struct node_component *component)
{
	/* The first key there is, without its value. */
	static const char one_key[] = "{\"key\":\"AA==\",\"range_end\":\"AA==\",\"limit\":\"1\",\"keys_only\":true}";
	const struct posture_value *urls = node_option(component, "listen-client-urls", &record->set->arena);
	struct probe p = { .record = record };
	_cleanup_strbuf_ struct strbuf answer;
	struct err err = ERR_INIT;
	int version, metrics;
	bool lists;

	strbuf_init(&answer, ANSWER_BYTES_MAX);
	if (!component->pid || !urls || urls->state != MODEL_SET || strlen(urls->value.text) > URL_BYTES_MAX) {
		set_unknown(&p, component->pid ? "it is not known where it listens" : "it does not run");
		return;
	}
	p.base = first_url(record->set, urls->value.text);
	posture_set_text(record, MODEL_F_COMPONENT_TRIED_URL, p.base);
	version = ask(&p, "/version", NULL, &answer, &err);
	/* Nobody there is not the same as a handshake that is refused: that is what a client certificate is asked for with. */
	if (version == -ECONNREFUSED || version == -ETIMEDOUT || version == -ENOSYS) {
		set_unknown(&p, posture_printf(record->set, "%s: %s", p.base, err.text));
		return;
	}
	if (version < 0) {
		set_answers(&p, false, false, false, posture_printf(record->set, "%s", err.text));
		posture_set_texts(record, MODEL_F_COMPONENT_PLAIN_SECRETS, NULL, 0);
		return;
	}
	metrics = ask(&p, "/metrics", NULL, &answer, NULL);
	lists = ask(&p, "/v3/kv/range", one_key, &answer, NULL) == 200;
	set_answers(&p, true, lists, metrics == 200, p.base);
	if (lists)
		set_secrets(&p, &answer);
	else
		posture_set_texts(record, MODEL_F_COMPONENT_PLAIN_SECRETS, NULL, 0);
}
