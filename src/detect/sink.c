/* SPDX-License-Identifier: Apache-2.0 */
/* Sinks: taking specs apart, and the sink on standard output. */
#include "base/file.h"
#include "detect/detect_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void detect_line_init(struct detect_line *line)
{
	arena_init(&line->arena, DETECT_SCRATCH_MAX);
	strbuf_init(&line->text, DETECT_LINE_MAX);
}

void detect_line_done(struct detect_line *line)
{
	arena_done(&line->arena);
	strbuf_done(&line->text);
}

void detect_line_make(struct detect_line *line, const struct detect_finding *f, enum detect_sink_format format)
{
	strbuf_reset(&line->text);
	arena_reset(&line->arena);
	if (format == DETECT_FORMAT_TEXT)
		detect_finding_text(f, &line->text);
	else
		detect_finding_json(f, &line->arena, &line->text);
}

/* ---- standard output ---- */

struct stdout_sink { struct detect_sink sink; enum detect_sink_format format; struct detect_line line; };

static void stdout_tell(struct detect_sink *sink, const struct detect_finding *f)
{
	struct stdout_sink *s = container_of(sink, struct stdout_sink, sink);

	detect_line_make(&s->line, f, s->format);
	strbuf_addc(&s->line.text, '\n');
	detect_count(fd_write_all(STDOUT_FILENO, s->line.text.text, s->line.text.len) == 0 ? &sink->n_told : &sink->n_failed);
}

static void stdout_free(struct detect_sink *sink)
{
	struct stdout_sink *s = container_of(sink, struct stdout_sink, sink);

	detect_line_done(&s->line);
	free(s);
}

static const struct detect_sink_ops stdout_ops = { .tell = stdout_tell, .free = stdout_free };

struct detect_sink *detect_sink_stdout(enum detect_sink_format format)
{
	struct stdout_sink *s = mem_alloc(sizeof(*s));

	s->sink.ops = &stdout_ops;
	s->sink.name = format == DETECT_FORMAT_TEXT ? "stdout" : "json";
	s->format = format;
	detect_line_init(&s->line);
	return &s->sink;
}

/* ---- specs ---- */

enum { SPEC_MAX = 4096 };

/* "100", "100k", "100M", "1G". */
static int parse_size(const char *text, uint64_t *ret)
{
	unsigned long long n, scale = 1;
	char *end;

	errno = 0;
	n = strtoull(text, &end, 10);
	if (end == text || errno || text[0] == '-')
		return -EINVAL;
	if (*end == 'k' || *end == 'K')
		scale = 1 << 10;
	else if (*end == 'm' || *end == 'M')
		scale = 1 << 20;
	else if (*end == 'g' || *end == 'G')
		scale = 1 << 30;
	if ((scale > 1 ? end[1] : *end) || __builtin_mul_overflow(n, scale, &n))
		return -EINVAL;
	*ret = n;
	return 0;
}

static int set_option(struct detect_sink_spec *s, const char *key, const char *value, bool is_file, struct err *err)
{
	uint64_t n;

	if (strcmp(key, "format") == 0) {
		if (strcmp(value, "text") != 0 && strcmp(value, "json") != 0)
			return err_set(err, -EINVAL, "sink %s: format is text or json, not '%s'", s->spec, value);
		s->format = value[0] == 't' ? DETECT_FORMAT_TEXT : DETECT_FORMAT_JSON;
		return 0;
	}
	if (is_file && strcmp(key, "max") == 0) {
		if (parse_size(value, &s->max_bytes) < 0 || s->max_bytes < 4096)
			return err_set(err, -EINVAL, "sink %s: max is a size of at least 4k, such as 100M, not '%s'", s->spec, value);
		return 0;
	}
	if (is_file && strcmp(key, "keep") == 0) {
		if (parse_size(value, &n) < 0 || n > DETECT_FILES_KEPT_MAX)
			return err_set(err, -EINVAL, "sink %s: keep is a number from 0 to %d, not '%s'", s->spec,
				       DETECT_FILES_KEPT_MAX, value);
		s->keep = (unsigned)n;
		s->has_keep = true;
		return 0;
	}
	return err_set(err, -EINVAL, "sink %s: there is no option '%s' (expected %s)", s->spec, key,
		       is_file ? "max=, keep= or format=" : "format=");
}

/* Take options off the end of the target: ",key=value" with a key of letters. The target itself may hold commas. */
static int take_options(struct detect_sink_spec *s, bool is_file, struct err *err)
{
	char *comma;

	while ((comma = strrchr(s->target, ','))) {
		size_t len = strspn(comma + 1, "abcdefghijklmnopqrstuvwxyz");
		int r;

		if (len == 0 || comma[1 + len] != '=')
			return 0;
		comma[1 + len] = '\0';
		r = set_option(s, comma + 1, comma + 2 + len, is_file, err);
		if (r < 0)
			return r;
		*comma = '\0';
	}
	return 0;
}

static int make(const char *kind, size_t kind_len, struct detect_sink_spec *s, struct detect_sink **ret_sink, struct err *err)
{
#define IS(word) (kind_len == sizeof(word) - 1 && memcmp(kind, word, kind_len) == 0)
	bool has_target = s->target[0];

	if (IS("stdout") && !has_target) {
		*ret_sink = detect_sink_stdout(DETECT_FORMAT_TEXT);
		return 0;
	}
	if (IS("json") && !has_target) {
		*ret_sink = detect_sink_stdout(DETECT_FORMAT_JSON);
		return 0;
	}
	if (IS("syslog"))
		return detect_sink_syslog(s, ret_sink, err);
	if (has_target && IS("file"))
		return detect_sink_file(s, ret_sink, err);
	if (has_target && (IS("http") || IS("https")))
		return detect_sink_http(s, ret_sink, err);
	if (has_target && IS("program"))
		return detect_sink_program(s, false, ret_sink, err);
	if (has_target && IS("program-each"))
		return detect_sink_program(s, true, ret_sink, err);
#undef IS
	return err_set(err, -EINVAL, "sink '%s': expected stdout, json, file:PATH[,max=SIZE][,keep=N], syslog[:SOCKET], "
		       "http://URL, https://URL, program:COMMAND or program-each:COMMAND", s->spec);
}

int detect_sink_new(const char *spec, struct detect_sink **ret_sink, struct err *err)
{
	size_t len = strcspn(spec, ":");
	struct detect_sink_spec s = { .spec = spec };
	_cleanup_free_ char *target = NULL;
	const char *rest = spec[len] ? spec + len + 1 : "";
	int r = 0;

	if (strlen(spec) > SPEC_MAX)
		return err_set(err, -E2BIG, "a sink's spec has at most %d bytes", SPEC_MAX);
	/* A URL is its own spec; with "http:URL" before it, the prefix goes. */
	if (strncmp(spec, "http", 4) == 0 && strncmp(rest, "http", 4) != 0)
		rest = spec;
	target = mem_strdup(rest);
	s.target = target;
	/* A command is taken as it is: it may well end in ",x=y". */
	if (strncmp(spec, "program", 7) != 0)
		r = take_options(&s, strncmp(spec, "file:", 5) == 0, err);
	return r < 0 ? r : make(spec, len, &s, ret_sink, err);
}

void detect_sink_finish(struct detect_sink *sink)
{
	if (sink->ops->finish)
		sink->ops->finish(sink);
}

struct detect_sink *detect_sink_free(struct detect_sink *sink)
{
	if (!sink)
		return NULL;
	detect_sink_finish(sink);
	sink->ops->free(sink);
	return NULL;
}

void detect_sink_tell(struct detect_sink *sink, const struct detect_finding *finding)
{
	sink->ops->tell(sink, finding);
}

void detect_sink_flush(struct detect_sink *sink)
{
	if (sink->ops->flush)
		sink->ops->flush(sink);
}

void detect_sink_counts(struct detect_sink *sink, struct detect_sink_counts *ret)
{
	ret->n_told = __atomic_load_n(&sink->n_told, __ATOMIC_RELAXED);
	ret->n_dropped = __atomic_load_n(&sink->n_dropped, __ATOMIC_RELAXED);
	ret->n_failed = __atomic_load_n(&sink->n_failed, __ATOMIC_RELAXED);
}
