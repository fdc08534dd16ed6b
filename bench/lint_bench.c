/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What judging Dockerfiles costs: as many as are asked for, all different, made here, are read into records and judged by all checks
 * that ship; time after time.
 *
 *     build/bench/lint_bench [-n FILES] [-p PASSES] CHECKS-DIR
 *
 * Prints medians over the passes (default 9) in milliseconds of CPU time for all files (default 1000): reading them into records, and
 * judging. Loading the checks is counted once, on its own.
 */
#include "base/strbuf.h"
#include "posture/judge.h"
#include "posture/lint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), compare);
	return values[n / 2];
}

static uint32_t seed = 12345;

static unsigned dice(unsigned n)
{
	seed = seed * 1664525u + 1013904223u;
	return (seed >> 8) % n;
}

static const char *const packages[] = { "curl", "git", "python3", "ca-certificates=20230311", "build-essential", "libpq-dev", "jq", "nginx" };
static const char *const bases[] = { "debian:12", "ubuntu", "alpine:3.19", "node:20-alpine", "python:3.12-slim", "golang:1.22 AS build",
				     "registry.example.com:5000/team/base@sha256:0123456789abcdef", "fedora:40", "$BASE" };

static void add_packages(struct strbuf *out)
{
	for (unsigned i = dice(8) + 1; i; i--)
		strbuf_addf(out, " \\\n      %s", packages[dice(8)]);
}

static void add_run(struct strbuf *out)
{
	switch (dice(9)) {
	case 0:
		strbuf_adds(out, "RUN apt-get update && apt-get install -y --no-install-recommends");
		add_packages(out);
		strbuf_adds(out, " \\\n # what is left behind\n && rm -rf /var/lib/apt/lists/*\n");
		break;
	case 1:
		strbuf_adds(out, "RUN apk add --no-cache");
		add_packages(out);
		strbuf_adds(out, "\n");
		break;
	case 2:
		strbuf_addf(out, "RUN --mount=type=cache,target=/root/.cache/pip pip install flask==3.%u requests\n", dice(9));
		break;
	case 3:
		strbuf_addf(out, "RUN set -eux; if [ ! -d /opt/app%u ]; then mkdir -p \"/opt/app%u\"; fi; "
			    "for f in a b c; do echo \"$f $(date)\" >> /log; done\n", dice(99), dice(99));
		break;
	case 4:
		strbuf_addf(out, "RUN curl -fsSL https://example.com/v%u/install.sh | sudo bash -s -- --prefix /usr\n", dice(99));
		break;
	case 5:
		strbuf_addf(out, "RUN <<EOF\nset -e\nwget -q https://example.com/%u.tgz\ntar xzf %u.tgz\nEOF\n", dice(99), dice(99));
		break;
	case 6:
		strbuf_addf(out, "RUN [\"/bin/sh\", \"-c\", \"npm install express@4.%u && npm cache clean --force\"]\n", dice(99));
		break;
	case 7:
		strbuf_addf(out, "RUN dnf -y install httpd-2.4.%u && dnf clean all && useradd -u %u app\n", dice(99), dice(200000));
		break;
	default:
		strbuf_addf(out, "RUN go build -o /out/app%u ./cmd/... && cd /out && ls -l\n", dice(99));
	}
}

static void add_other(struct strbuf *out)
{
	switch (dice(9)) {
	case 0: strbuf_addf(out, "ENV APP_VERSION=1.%u PATH=/opt/bin:$PATH\n", dice(99)); break;
	case 1: strbuf_addf(out, "ARG TOKEN_%u\n", dice(99)); break;
	case 2: strbuf_adds(out, "COPY --chown=app:app package.json yarn.lock ./\n"); break;
	case 3: strbuf_adds(out, "ADD https://example.com/app.jar /app/\n"); break;
	case 4: strbuf_addf(out, "EXPOSE %u/tcp %u\n", dice(70000), 8000 + dice(100)); break;
	case 5: strbuf_addf(out, "LABEL org.example.build=\"%u\" maintainer=\"team %u\"\n", dice(9999), dice(9)); break;
	case 6: strbuf_addf(out, "WORKDIR /srv/app%u\n", dice(9)); break;
	case 7: strbuf_adds(out, "# hadolint ignore=DL3008,DL3015\nUSER app\n"); break;
	default: strbuf_adds(out, "VOLUME [\"/data\"]\n");
	}
}

static char *make_dockerfile(void)
{
	unsigned n_stages = 1 + dice(2);
	struct strbuf out;
	char *text;

	strbuf_init(&out, 1 << 20);
	strbuf_adds(&out, "# syntax=docker/dockerfile:1\nARG BASE=debian:12\n");
	for (unsigned s = 0; s < n_stages; s++) {
		strbuf_addf(&out, "FROM %s\n", bases[dice(9)]);
		for (unsigned i = 3 + dice(8); i; i--)
			(dice(2) ? add_run : add_other)(&out);
	}
	strbuf_adds(&out, dice(2) ? "CMD [\"/app\", \"serve\"]\n" : "ENTRYPOINT /app serve\n");
	text = mem_strndup(out.text, out.len);
	strbuf_done(&out);
	return text;
}

int main(int argc, char **argv)
{
	unsigned n = 1000, passes = 9;
	struct posture_checks *checks = posture_checks_new();
	struct err err = ERR_INIT;
	size_t bytes = 0, n_records = 0, n_findings = 0;
	double *read, *judged, start;
	char **files;
	int c;

	while ((c = getopt(argc, argv, "n:p:")) != -1) {
		if (c == 'n')
			n = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'p')
			passes = (unsigned)strtoul(optarg, NULL, 10);
	}
	if (optind >= argc || n == 0 || passes == 0) {
		fprintf(stderr, "usage: lint_bench [-n FILES] [-p PASSES] CHECKS-DIR\n");
		return 2;
	}
	files = mem_array(n, sizeof(*files));
	for (unsigned i = 0; i < n; i++) {
		files[i] = make_dockerfile();
		bytes += strlen(files[i]);
	}
	start = now_ms();
	if (posture_checks_load(checks, argv[optind], &err) < 0 || posture_checks_compile_all(checks, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	printf("checks loaded     %8.1f ms (%zu, all kinds compiled)\n", now_ms() - start, posture_checks_count(checks));
	read = mem_array(passes, sizeof(*read));
	judged = mem_array(passes, sizeof(*judged));
	for (unsigned p = 0; p < passes; p++) {
		struct posture_set *set = posture_set_new(NULL);
		struct posture_results results = { 0 };

		start = now_ms();
		for (unsigned i = 0; i < n; i++)
			posture_lint_text(set, "Dockerfile", files[i], strlen(files[i]), NULL);
		posture_lint_finish(set);
		read[p] = now_ms() - start;
		start = now_ms();
		if (posture_judge(set, checks, NULL, &results, &err) < 0) {
			fprintf(stderr, "%s\n", err.text);
			return 1;
		}
		judged[p] = now_ms() - start;
		n_records = set->n_records;
		n_findings = results.n;
		posture_results_done(&results);
		posture_set_free(set);
	}
	printf("%u Dockerfiles, %zu bytes, %zu records, %zu findings\n", n, bytes, n_records, n_findings);
	printf("read to records   %8.1f ms\n", median(read, passes));
	printf("judged            %8.1f ms\n", median(judged, passes));
	return 0;
}
