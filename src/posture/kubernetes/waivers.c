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

enum { COMMENTS_MAX = 200 };     /* waivers by comments in one file: each walks through an object */

static bool reaches(const struct yaml_node *node, unsigned line)
{
	if (node->line >= line)
		return true;
	for (size_t i = 0; node->kind != YAML_SCALAR && i < node->n; i++)
		if (reaches(node->kind == YAML_MAPPING ? node->pairs[i].value : node->items[i], line))
			return true;
	return false;
}

/* Objects and containers stand in the file in the order of their records: the last one that begins before the line is the one that has it,
 * if it goes so far. */
static struct posture_record *find_object(const struct posture_record *first, unsigned line)
{
	struct posture_record *found = NULL;

	for (const struct posture_record *r = first; r && r->place.line <= line; r = r->next)
		found = k8s_object_of(r)->record;
	return found && reaches(k8s_object_of(found)->node, line) ? found : NULL;
}

static struct posture_record *find_container(const struct posture_record *object, unsigned line)
{
	struct posture_record *found = NULL;

	for (struct posture_record *c = object->set->first[MODEL_KIND_K8S_CONTAINER]; c; c = c->next)
		if (c->parent->parent == object && c->place.line <= line)
			found = c;
	return found && reaches(k8s_container_of(found)->node, line) ? found : NULL;
}

static void waive_at(const struct posture_record *first, const char *file, unsigned line, unsigned said_at, const char *check, const char *reason)
{
	struct posture_record *object = find_object(first, line), *container = object ? find_container(object, line) : NULL;

	if (object)
		posture_waive(container ? container : object, check, reason, (struct posture_place){ .file = file, .line = said_at });
}

static const struct waiver_word { const char *word, *ends_id; } words[] = {
	{ "parka: ignore=", " \t" }, { "parka:ignore=", " \t" }, { "trivy:ignore:", " \t" }, { "checkov:skip=", ": \t" }, { "tfsec:ignore:", " \t" },
};

struct line { const char *text; size_t len; };

static struct line line_at(const char *p, const char *end)
{
	const char *stop = memchr(p, '\n', (size_t)(end - p));

	return (struct line){ p, stop ? (size_t)(stop - p) : (size_t)(end - p) };
}

static bool is_blank_or_comment(struct line l)
{
	while (l.len > 0 && isspace((unsigned char)*l.text))
		l.text++, l.len--;
	return l.len == 0 || *l.text == '#' || (l.len >= 3 && memcmp(l.text, "---", 3) == 0);
}

/* The line that a comment is about: its own, or the next with something on it when it stands alone. */
static unsigned target_of(struct line l, const char *end, unsigned line)
{
	while (is_blank_or_comment(l) && l.text + l.len < end) {
		l = line_at(l.text + l.len + 1, end);
		line++;
	}
	return line;
}

static void read_comment(const struct posture_file *file, const struct posture_record *first, const struct waiver_word *w, struct line rest,
			 unsigned at, unsigned target)
{
	const char *id, *end = rest.text + rest.len, *p = rest.text;

	while (p < end && !strchr(w->ends_id, *p))
		p++;
	id = posture_printf(first->set, "%.*s", (int)(p - rest.text), rest.text);
	while (p < end && strchr(w->ends_id, *p))
		p++;
	while (end > p && isspace((unsigned char)end[-1]))
		end--;
	waive_at(first, file->path, target, at, id, p < end ? posture_printf(first->set, "%.*s", (int)(end - p), p) : NULL);
}

static void read_comments(const struct posture_file *file, const struct posture_record *first)
{
	const char *end = file->text + file->len, *p = file->text;
	size_t n = 0;

	for (unsigned line = 1; p < end; line++) {
		struct line l = line_at(p, end);
		const char *hash = memchr(p, '#', l.len);

		for (size_t i = 0; hash && i < ARRAY_LEN(words); i++) {
			const char *found = memmem(hash, l.len - (size_t)(hash - p), words[i].word, strlen(words[i].word));
			const char *rest = found ? found + strlen(words[i].word) : NULL;

			if (!found)
				continue;
			if (++n > COMMENTS_MAX) {
				posture_problem(first->set, MODEL_LAYER_ORCHESTRATOR, (struct posture_place){ .file = file->path, .line = line },
						"more than %d comments that waive something; the rest does not count", COMMENTS_MAX);
				return;
			}
			read_comment(file, first, &words[i], (struct line){ rest, l.len - (size_t)(rest - p) }, line, target_of(l, end, line));
		}
		p += l.len + 1;
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
