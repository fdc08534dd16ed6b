/* SPDX-License-Identifier: Apache-2.0 */
/* SARIF 2.1.0 (OASIS Standard): one run, a rule per check with findings, a result per finding; sections in brackets. */
#include "base/json.h"
#include "posture/report.h"

#include <stdlib.h>
#include <string.h>

/* GitHub reads `security-severity` as a CVSS-like number: critical above 9.0, high 7.0 to 8.9, medium 4.0 to 6.9, low below. */
static const struct { const char *level, *score; } severities[] = {
	[POSTURE_CRITICAL] = { "error", "9.5" }, [POSTURE_HIGH] = { "error", "8.0" }, [POSTURE_MEDIUM] = { "warning", "5.5" },
	[POSTURE_LOW] = { "note", "2.0" }, [POSTURE_INFO] = { "note", "0.5" },
};

static void put_message(struct json_writer *w, const char *key, const char *text)
{
	json_object_begin(w, key);
	json_put_str(w, "text", text);
	json_object_end(w);
}

/* [3.49] */
static void put_rule(struct json_writer *w, const struct posture_check *c)
{
	json_object_begin(w, NULL);
	json_put_str(w, "id", c->id);
	put_message(w, "shortDescription", c->title);
	put_message(w, "fullDescription", c->why);
	put_message(w, "help", c->fix);
	json_object_begin(w, "defaultConfiguration");
	json_put_str(w, "level", severities[c->severity].level);
	json_object_end(w);
	json_object_begin(w, "properties");
	json_put_str(w, "security-severity", severities[c->severity].score);
	json_array_begin(w, "tags");
	json_put_str(w, NULL, "security");
	json_put_str(w, NULL, model_layer_name(c->layer));
	for (size_t i = 0; i < c->n_refs; i++)
		json_put_str(w, NULL, c->refs[i]);
	json_array_end(w);
	json_object_end(w);
	json_object_end(w);
}

/* File names are URIs [3.4.3]: what RFC 3986 does not allow in a path is written as %XX. */
static void put_uri(struct json_writer *w, const char *path)
{
	_cleanup_strbuf_ struct strbuf uri;

	strbuf_init(&uri, 3 * 4096 + 16);
	if (*path == '/')
		strbuf_adds(&uri, "file://");
	for (; *path; path++) {
		unsigned char c = (unsigned char)*path;
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("-._~/@!$&'()*+,;=", c))
			strbuf_addc(&uri, *path);
		else
			strbuf_addf(&uri, "%%%02X", c);
	}
	json_put_str(w, "uri", uri.text);
}

/* [3.28] */
static void put_location(struct json_writer *w, const struct posture_finding *f)
{
	json_object_begin(w, NULL);
	if (f->place.file) {
		json_object_begin(w, "physicalLocation");
		json_object_begin(w, "artifactLocation");
		put_uri(w, f->place.file);
		json_object_end(w);
		if (f->place.line) {
			json_object_begin(w, "region");
			json_put_uint(w, "startLine", f->place.line);
			if (f->place.column)
				json_put_uint(w, "startColumn", f->place.column);
			if (f->place.end_line > f->place.line)
				json_put_uint(w, "endLine", f->place.end_line);
			json_object_end(w);
		}
		json_object_end(w);
	}
	json_array_begin(w, "logicalLocations");
	json_object_begin(w, NULL);
	json_put_str(w, "fullyQualifiedName", f->record->name);
	json_put_str(w, "kind", model_kind(f->record->kind)->name);
	json_object_end(w);
	json_array_end(w);
	json_object_end(w);
}

static void put_text_of(struct json_writer *w, const struct posture_finding *f)
{
	_cleanup_strbuf_ struct strbuf text;

	strbuf_init(&text, 64 * 1024);
	strbuf_adds(&text, f->output);
	if (f->status == POSTURE_UNKNOWN)
		strbuf_addf(&text, " Not decided: %s", f->reason ? f->reason : "");
	put_message(w, "message", text.text);
}

/* [3.27] */
static void put_result(struct json_writer *w, const struct posture_finding *f, uint32_t rule_index)
{
	char hash[17];

	json_object_begin(w, NULL);
	json_put_str(w, "ruleId", f->check->id);
	json_put_uint(w, "ruleIndex", rule_index);
	json_put_str(w, "kind", f->status == POSTURE_PASS ? "pass" : f->status == POSTURE_DOES_NOT_APPLY ? "notApplicable" :
		     f->status == POSTURE_UNKNOWN ? "review" : "fail");
	json_put_str(w, "level", f->status == POSTURE_FAIL || f->status == POSTURE_WAIVED ? severities[f->check->severity].level : "none");
	put_text_of(w, f);
	json_array_begin(w, "locations");
	put_location(w, f);
	json_array_end(w);
	json_object_begin(w, "partialFingerprints");
	snprintf(hash, sizeof(hash), "%016llx", (unsigned long long)f->fingerprint);
	json_put_str(w, "parka/v1", hash);
	json_object_end(w);
	if (f->status == POSTURE_WAIVED) {
		json_array_begin(w, "suppressions");
		json_object_begin(w, NULL);
		json_put_str(w, "kind", f->waiver ? "inSource" : "external");
		if (f->reason)
			json_put_str(w, "justification", f->reason);
		json_object_end(w);
		json_array_end(w);
	}
	json_object_end(w);
}

static void put_notifications(struct json_writer *w, const struct posture_set *set)
{
	json_array_begin(w, "invocations");
	json_object_begin(w, NULL);
	json_put_bool(w, "executionSuccessful", !set->is_truncated && !set->n_problems);
	json_array_begin(w, "toolExecutionNotifications");
	for (const struct posture_problem *p = set->problems; p; p = p->next) {
		json_object_begin(w, NULL);
		json_put_str(w, "level", "error");
		put_message(w, "message", p->what);
		if (p->place.file) {
			json_array_begin(w, "locations");
			json_object_begin(w, NULL);
			json_object_begin(w, "physicalLocation");
			json_object_begin(w, "artifactLocation");
			put_uri(w, p->place.file);
			json_object_end(w);
			if (p->place.line) {
				json_object_begin(w, "region");
				json_put_uint(w, "startLine", p->place.line);
				json_object_end(w);
			}
			json_object_end(w);
			json_object_end(w);
			json_array_end(w);
		}
		json_object_end(w);
	}
	json_array_end(w);
	json_object_end(w);
	json_array_end(w);
}

void posture_report_sarif(const struct posture_report *r, struct strbuf *out)
{
	struct json_writer w = json_writer(out);
	uint32_t *index = mem_array(posture_checks_count(r->checks) + 1, sizeof(*index)), n = 0;

	json_object_begin(&w, NULL);
	json_put_str(&w, "$schema", "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json");
	json_put_str(&w, "version", "2.1.0");
	json_array_begin(&w, "runs");
	json_object_begin(&w, NULL);
	json_object_begin(&w, "tool");
	json_object_begin(&w, "driver");
	json_put_str(&w, "name", "parka");
	json_put_str(&w, "semanticVersion", PARKA_VERSION);
	json_array_begin(&w, "rules");
	for (size_t i = 0; i < r->results->n; i++) {
		const struct posture_check *c = r->results->findings[i].check;

		if (index[c->index])
			continue;
		index[c->index] = ++n;
		put_rule(&w, c);
	}
	json_array_end(&w);
	json_object_end(&w);
	json_object_end(&w);
	put_notifications(&w, r->set);
	json_put_str(&w, "columnKind", "unicodeCodePoints");
	json_array_begin(&w, "results");
	for (size_t i = 0; i < r->results->n; i++)
		put_result(&w, &r->results->findings[i], index[r->results->findings[i].check->index] - 1);
	json_array_end(&w);
	json_object_end(&w);
	json_array_end(&w);
	json_object_end(&w);
	strbuf_addc(out, '\n');
	free(index);
}
