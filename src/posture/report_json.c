/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "posture/report.h"

static void put_place(struct json_writer *w, struct posture_place place)
{
	if (!place.file)
		return;
	json_put_str(w, "file", place.file);
	if (place.line)
		json_put_uint(w, "line", place.line);
	if (place.line && place.column)
		json_put_uint(w, "column", place.column);
	if (place.path)
		json_put_str(w, "path", place.path);
}

static void put_evidence(struct json_writer *w, const struct posture_evidence *e)
{
	static const char *const states[] = { [MODEL_UNSET] = "unset", [MODEL_SET] = "set" };

	json_object_begin(w, NULL);
	json_put_str(w, "field", e->field);
	json_put_str(w, "state", e->state == MODEL_UNKNOWN ? "unknown" : states[e->state]);
	if (e->text)
		json_put_str(w, e->state == MODEL_UNKNOWN ? "reason" : "value", e->text);
	if (e->origin != POSTURE_FROM_UNSAID)
		json_put_str(w, "from", posture_origin_name(e->origin));
	if (e->note)
		json_put_str(w, "said_by", e->note);
	put_place(w, e->place);
	json_object_end(w);
}

static void put_texts(struct json_writer *w, const char *key, const char *const *texts, size_t n)
{
	json_array_begin(w, key);
	for (size_t i = 0; i < n; i++)
		json_put_str(w, NULL, texts[i]);
	json_array_end(w);
}

static void put_hash(struct json_writer *w, const char *key, uint64_t hash)
{
	char text[17];

	snprintf(text, sizeof(text), "%016llx", (unsigned long long)hash);
	json_put_str(w, key, text);
}

static void put_finding(struct json_writer *w, const struct posture_finding *f)
{
	json_object_begin(w, NULL);
	json_put_str(w, "check", f->check->id);
	json_put_str(w, "status", posture_status_name(f->status));
	json_put_str(w, "severity", posture_severity_name(f->check->severity));
	json_put_str(w, "layer", model_layer_name(f->check->layer));
	json_put_str(w, "title", f->check->title);
	json_put_str(w, "kind", model_kind(f->record->kind)->name);
	json_put_str(w, "entity", f->record->name);
	put_place(w, f->place);
	json_put_str(w, "output", f->output);
	if (f->reason)
		json_put_str(w, "reason", f->reason);
	if (f->waiver_void)
		json_put_str(w, "waiver_void", f->waiver_void);
	json_put_str(w, "why", f->check->why);
	json_put_str(w, "fix", f->fix);
	if (f->command)
		json_put_str(w, "command", f->command);
	put_texts(w, "refs", f->check->refs, f->check->n_refs);
	json_array_begin(w, "evidence");
	for (size_t i = 0; i < f->n_evidence; i++)
		put_evidence(w, &f->evidence[i]);
	json_array_end(w);
	put_hash(w, "fingerprint", f->fingerprint);
	put_hash(w, "evidence_hash", f->evidence_hash);
	json_object_end(w);
}

static void put_summary(struct json_writer *w, const struct posture_report *r)
{
	json_object_begin(w, "summary");
	json_put_uint(w, "records", r->set->n_records);
	json_put_uint(w, "checks", r->results->n_asked);
	json_put_uint(w, "pass", r->results->all.n[POSTURE_PASS]);
	json_put_uint(w, "fail", r->results->all.n[POSTURE_FAIL]);
	json_put_uint(w, "unknown", r->results->all.n[POSTURE_UNKNOWN]);
	json_put_uint(w, "waived", r->results->all.n[POSTURE_WAIVED]);
	json_put_uint(w, "does_not_apply", r->results->all.n[POSTURE_DOES_NOT_APPLY]);
	json_put_uint(w, "problems", r->set->n_problems);
	json_put_bool(w, "complete", !r->set->is_truncated && !r->set->n_problems);
	json_object_end(w);
}

void posture_report_json(const struct posture_report *r, struct strbuf *out)
{
	struct json_writer w = json_writer(out);

	json_object_begin(&w, NULL);
	json_put_str(&w, "parka", PARKA_VERSION);
	if (r->subject)
		json_put_str(&w, "subject", r->subject);
	if (r->time)
		json_put_str(&w, "time", r->time);
	put_summary(&w, r);
	json_array_begin(&w, "problems");
	for (const struct posture_problem *p = r->set->problems; p; p = p->next) {
		json_object_begin(&w, NULL);
		put_place(&w, p->place);
		json_put_str(&w, "layer", model_layer_name(p->layer));
		json_put_str(&w, "message", p->what);
		json_object_end(&w);
	}
	json_array_end(&w);
	json_array_begin(&w, "findings");
	for (size_t i = 0; i < r->results->n; i++)
		put_finding(&w, &r->results->findings[i]);
	json_array_end(&w);
	json_object_end(&w);
	strbuf_addc(out, '\n');
}
