/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What judging one event costs: loads rule files, then asks all rules about a few events of the
 * common kinds, over and over.
 *
 *     build/bench/lang_bench RULES.yaml...
 *
 * Rules that are disabled are enabled. Prints per event: nanoseconds, fields fetched, rules matched. The
 * record is an array of values, so that fetching costs next to nothing: what is measured is the
 * language.
 */
#include "lang/rules.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct bench_record {
	struct model_record record;
	const char *texts[MODEL_F_MAX];      /* NULL: unset */
	struct model_value values[MODEL_F_MAX];
	unsigned n_gets;
};

static int bench_get(const struct model_record *record, const struct model_field_ref *ref, struct arena *scratch,
		     struct model_value *ret)
{
	struct bench_record *r = container_of(record, struct bench_record, record);

	r->n_gets++;
	if (!r->texts[ref->id] || (ref->has_arg && ref->index > 3))
		return MODEL_UNSET;
	*ret = r->values[ref->id];
	if (model_field(ref->id)->flags & MODEL_FIELD_LIST ||
	    (!ref->has_arg && model_field(ref->id)->flags & (MODEL_FIELD_ANCESTOR | MODEL_FIELD_BOTH_ENDS))) {
		struct model_value *items = arena_alloc(scratch, 4 * sizeof(*items));

		for (unsigned i = 0; i < 4; i++)
			items[i] = r->values[ref->id];
		*ret = (struct model_value){ .list = items, .n = 4 };
	}
	return MODEL_SET;
}

static void set(struct bench_record *r, enum model_field_id id, const char *text)
{
	struct model_value *v = &r->values[id];

	r->texts[id] = text;
	switch (model_field(id)->type) {
	case MODEL_TYPE_BOOL:
		v->boolean = strcmp(text, "true") == 0;
		break;
	case MODEL_TYPE_STRING:
	case MODEL_TYPE_PATH:
	case MODEL_TYPE_BYTES:
		v->text = text;
		v->len = strlen(text);
		break;
	case MODEL_TYPE_IP:
	case MODEL_TYPE_NET:
		model_ip_parse(text, strlen(text), &v->ip);
		break;
	default:
		v->i64 = strtoll(text, NULL, 0);
	}
}

static void set_common(struct bench_record *r, const char *event)
{
	static const struct model_record_ops ops = { .get = bench_get };
	static const struct { enum model_field_id id; const char *text; } common[] = {
		{ MODEL_F_PROC_NAME, "nginx" }, { MODEL_F_PROC_PNAME, "nginx" }, { MODEL_F_PROC_EXE, "nginx" },
		{ MODEL_F_PROC_EXEPATH, "/usr/sbin/nginx" }, { MODEL_F_PROC_CMDLINE, "nginx -g daemon off;" },
		{ MODEL_F_PROC_ARGS, "-g daemon off;" }, { MODEL_F_PROC_PCMDLINE, "nginx -g daemon off;" },
		{ MODEL_F_PROC_PEXE, "nginx" }, { MODEL_F_PROC_CWD, "/" }, { MODEL_F_PROC_TTY, "0" }, { MODEL_F_PROC_VPID, "7" },
		{ MODEL_F_PROC_ANAME, "containerd-shim" }, { MODEL_F_PROC_IS_EXE_FROM_MEMFD, "false" },
		{ MODEL_F_PROC_IS_EXE_UPPER_LAYER, "false" }, { MODEL_F_CONTAINER_ID, "3f2a9c1be4d0" },
		{ MODEL_F_CONTAINER_IMAGE_REPOSITORY, "docker.io/library/nginx" }, { MODEL_F_CONTAINER_PRIVILEGED, "false" },
		{ MODEL_F_USER_NAME, "www-data" }, { MODEL_F_USER_UID, "33" }, { MODEL_F_USER_LOGINUID, "-1" },
		{ MODEL_F_EVT_NUM, "4711" }, { MODEL_F_EVT_RAWRES, "5" }, { MODEL_F_EVT_RES, "SUCCESS" }, { MODEL_F_EVT_DIR, "<" },
		{ MODEL_F_FD_NUM, "5" },
	};

	r->record = (struct model_record){ .ops = &ops, .event = model_event_by_name(event, strlen(event)) };
	for (size_t i = 0; i < ARRAY_LEN(common); i++)
		set(r, common[i].id, common[i].text);
	set(r, MODEL_F_EVT_TYPE, event);
	set(r, MODEL_F_SYSCALL_TYPE, event);
}

static void set_file(struct bench_record *r, const char *path, bool write)
{
	set(r, MODEL_F_FD_NAME, path);
	set(r, MODEL_F_FD_NAMERAW, path);
	set(r, MODEL_F_FD_DIRECTORY, "/usr/share/nginx/html");
	set(r, MODEL_F_FD_FILENAME, "index.html");
	set(r, MODEL_F_FD_TYPECHAR, "f");
	set(r, MODEL_F_FD_TYPE, "file");
	set(r, MODEL_F_EVT_IS_OPEN_READ, write ? "false" : "true");
	set(r, MODEL_F_EVT_IS_OPEN_WRITE, write ? "true" : "false");
	set(r, MODEL_F_EVT_IS_OPEN_EXEC, "false");
}

static void set_socket(struct bench_record *r)
{
	set(r, MODEL_F_FD_NAME, "172.17.0.2:51234->10.0.0.9:5432");
	set(r, MODEL_F_FD_TYPECHAR, "4");
	set(r, MODEL_F_FD_TYPE, "ipv4");
	set(r, MODEL_F_FD_SIP, "10.0.0.9");
	set(r, MODEL_F_FD_CIP, "172.17.0.2");
	set(r, MODEL_F_FD_SNET, "10.0.0.9");
	set(r, MODEL_F_FD_SPORT, "5432");
	set(r, MODEL_F_FD_L4PROTO, "tcp");
	set(r, MODEL_F_FD_CONNECTED, "true");
}

static double now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void measure(const char *name, const struct lang_program *program, struct bench_record *r)
{
	struct lang_scratch *scratch = lang_scratch_new(program);
	uint32_t indexes[8];
	size_t n_matches = 0;
	double best = 1e18;
	enum { ROUNDS = 7, EVENTS = 100000 };

	for (int round = 0; round < ROUNDS; round++) {
		double start = now_ns(), ns;

		for (int i = 0; i < EVENTS; i++)
			n_matches = lang_program_match(program, scratch, &r->record, indexes, 8);
		ns = (now_ns() - start) / EVENTS;
		best = ns < best ? ns : best;
	}
	r->n_gets = 0;
	lang_program_match(program, scratch, &r->record, indexes, 8);
	printf("%-28s %8.0f ns %4u fields %4zu matched\n", name, best, r->n_gets, n_matches);
	lang_scratch_free(scratch);
}

int main(int argc, char **argv)
{
	struct lang_rules *rules = lang_rules_new();
	struct lang_program_stats stats;
	struct err err = ERR_INIT;
	struct bench_record r;
	double start;

	for (int i = 1; i < argc; i++)
		if (lang_rules_load_path(rules, argv[i], &err) < 0)
			fprintf(stderr, "%s: %s\n", argv[i], err.text);
	lang_rules_enable(rules, "*", NULL, true);
	start = now_ns();
	if (lang_rules_compile(rules, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		lang_rules_free(rules);
		return 1;
	}
	lang_program_stats(lang_rules_program(rules), &stats);
	printf("compiled in %.1f ms: %u conditions, %u predicates (%u shared), %u fields, %u regexes, %u sets, %u tries, %zu KiB\n",
	       (now_ns() - start) / 1e6, stats.n_conditions, stats.n_predicates, stats.n_predicates_shared, stats.n_fields,
	       stats.n_regexes, stats.n_sets, stats.n_tries, stats.memory_bytes / 1024);
	r = (struct bench_record){ 0 };
	set_common(&r, "openat");
	set_file(&r, "/usr/share/nginx/html/index.html", false);
	measure("openat, read", lang_rules_program(rules), &r);
	set_file(&r, "/var/log/nginx/access.log", true);
	measure("openat, write", lang_rules_program(rules), &r);
	r = (struct bench_record){ 0 };
	set_common(&r, "close");
	measure("close", lang_rules_program(rules), &r);
	r = (struct bench_record){ 0 };
	set_common(&r, "execve");
	measure("execve", lang_rules_program(rules), &r);
	r = (struct bench_record){ 0 };
	set_common(&r, "connect");
	set_socket(&r);
	measure("connect", lang_rules_program(rules), &r);
	lang_rules_free(rules);
	return 0;
}
