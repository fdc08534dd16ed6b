/* SPDX-License-Identifier: Apache-2.0 */
/* Waivers that stand in a manifest: annotations and comments of parka and its peers. */
#include "posture/kubernetes/manifest.h"

#include <ctype.h>
#include <string.h>

/* ---- annotations ---- */

static void read_annotation(struct posture_record *record, const struct k8s_object *o, const struct yaml_pair *pair)
{
	static const struct { const char *prefix, *suffix, *ref_prefix; } peers[] = {
		{ "ignore-check.kube-linter.io/", "", "kube-linter:" },
		{ "polaris.fairwinds.com/", "-exempt", "polaris:" },
	};
	struct posture_place place = { .file = o->file, .line = pair->key->line, .column = pair->key->column };
	const char *key = yaml_text(pair->key), *value = yaml_text(pair->value);
	struct posture_set *set = record->set;
	size_t len = key ? strlen(key) : 0;

	if (!key || !value)
		return;
	if (strcmp(key, "kube-linter.io/ignore-all") == 0 || (strcmp(key, "polaris.fairwinds.com/exempt") == 0 && strcmp(value, "true") == 0))
		posture_waive(record, "*", *value ? value : NULL, place);
	for (size_t i = 0; i < ARRAY_LEN(peers); i++) {
		size_t a = strlen(peers[i].prefix), b = strlen(peers[i].suffix);

		if (len > a + b && strncmp(key, peers[i].prefix, a) == 0 && strcmp(key + len - b, peers[i].suffix) == 0)
			posture_waive(record, posture_printf(set, "%s%.*s", peers[i].ref_prefix, (int)(len - a - b), key + a), value, place);
	}
	/* checkov.io/skip1: CKV_K8S_20=reason; the number is anybody's choice (Checkov, "Suppressing and Skipping Policies"). */
	if (strncmp(key, "checkov.io/skip", 15) == 0 || strncmp(key, "bridgecrew.io/skip", 18) == 0) {
		size_t id = strcspn(value, "=");
		posture_waive(record, posture_printf(set, "%.*s", (int)id, value), value[id] ? value + id + 1 : NULL, place);
	}
	if (strcmp(key, "kube-score/ignore") == 0) {
		for (const char *p = value; *p;) {
			size_t n = strcspn(p, ", ");
			if (n > 0)
				posture_waive(record, posture_printf(set, "kube-score:%.*s", (int)n, p), NULL, place);
			p += n + (p[n] != '\0');
		}
	}
}

static void read_annotations(struct posture_record *record, const struct k8s_object *o, const struct yaml_node *annotations)
{
	for (size_t i = 0; annotations && annotations->kind == YAML_MAPPING && i < annotations->n; i++)
		read_annotation(record, o, &annotations->pairs[i]);
}

/* ---- comments ---- */

static unsigned last_line(const struct yaml_node *node)
{
	unsigned last = node->line;

	for (size_t i = 0; node->kind != YAML_SCALAR && i < node->n; i++) {
		unsigned line = last_line(node->kind == YAML_MAPPING ? node->pairs[i].value : node->items[i]);
		last = line > last ? line : last;
	}
	return last;
}

struct target { struct posture_record *record; unsigned first, last; };

/* The smallest thing that has the line. */
static void offer(struct target *best, struct posture_record *record, const struct yaml_node *node, unsigned line)
{
	unsigned last = last_line(node);

	if (line >= node->line && line <= last && (!best->record || last - node->line <= best->last - best->first))
		*best = (struct target){ record, node->line, last };
}

static void waive_at(const struct posture_record *first, const char *file, unsigned line, unsigned said_at, const char *check, const char *reason)
{
	struct posture_set *set = first->set;
	struct target best = { 0 };

	for (const struct posture_record *r = first; r; r = r->next)
		offer(&best, (struct posture_record *)(uintptr_t)r, k8s_object_of(r)->node, line);
	for (struct posture_record *c = set->first[MODEL_KIND_K8S_CONTAINER]; c && best.record; c = c->next)
		if (strcmp(c->place.file, file) == 0 && c->parent->parent == best.record)
			offer(&best, c, k8s_container_of(c)->node, line);
	if (best.record)
		posture_waive(best.record, check, reason, (struct posture_place){ .file = file, .line = said_at });
}

/* `line`: where the comment stands; its target is that line, or the next one with something on it when it stands alone. */
static void read_comment(const struct posture_file *file, const struct posture_record *first, const char *comment, size_t len, unsigned at,
			 unsigned target)
{
	static const struct { const char *word; const char *ends_id; } words[] = {
		{ "parka: ignore=", " \t" }, { "parka:ignore=", " \t" }, { "trivy:ignore:", " \t" }, { "checkov:skip=", ": \t" }, { "tfsec:ignore:", " \t" },
	};

	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		const char *p = memmem(comment, len, words[i].word, strlen(words[i].word)), *end = comment + len;
		size_t n = 0;

		if (!p)
			continue;
		p += strlen(words[i].word);
		while (p + n < end && !strchr(words[i].ends_id, p[n]))
			n++;
		const char *id = posture_printf(first->set, "%.*s", (int)n, p), *reason = p + n;
		while (reason < end && strchr(words[i].ends_id, *reason))
			reason++;
		waive_at(first, file->path, target, at, id,
			 reason < end ? posture_printf(first->set, "%.*s", (int)(end - reason), reason) : NULL);
	}
}

static bool is_blank_or_comment(const char *line, size_t len)
{
	while (len > 0 && isspace((unsigned char)*line))
		line++, len--;
	return len == 0 || *line == '#' || (len >= 3 && memcmp(line, "---", 3) == 0);
}

static void read_comments(const struct posture_file *file, const struct posture_record *first)
{
	const char *end = file->text + file->len, *p = file->text;

	for (unsigned line = 1; p < end; line++) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		size_t len = stop ? (size_t)(stop - p) : (size_t)(end - p);
		const char *hash = memchr(p, '#', len);

		if (hash) {
			unsigned target = line;
			const char *next = p;
			size_t n = len;

			while (next < end && is_blank_or_comment(next, n)) {
				next += n < (size_t)(end - next) ? n + 1 : n;
				stop = memchr(next, '\n', (size_t)(end - next));
				n = stop ? (size_t)(stop - next) : (size_t)(end - next);
				target++;
			}
			read_comment(file, first, hash + 1, len - (size_t)(hash + 1 - p), line, target);
		}
		p += len + 1;
	}
}

void k8s_read_waivers(struct posture_set *set, const struct posture_file *file, const struct posture_record *first)
{
	for (const struct posture_record *r = first; r; r = r->next) {
		const struct k8s_object *o = k8s_object_of(r);

		read_annotations(o->record, o, nodes_get(o->node, "metadata.annotations"));
		if (o->pod && o->pod->metadata)
			read_annotations(o->pod->record, o, nodes_get(o->pod->metadata, "annotations"));
	}
	if (!first || set->is_truncated)
		return;
	if (memmem(file->text, file->len, "ignore", 6) || memmem(file->text, file->len, "checkov:skip", 12))
		read_comments(file, first);
}
