/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A line of history as its Dockerfile had it. The old builder wrote "/bin/sh -c #(nop)  ENV A=b" and "/bin/sh -c make" (moby
 * builder/dockerfile/dispatchers.go), BuildKit "ENV A=b" and "RUN |1 ARG=value /bin/sh -c make # buildkit" (frontend/dockerfile/dockerfile2llb).
 */
#include "posture/images/images.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

enum { STEP_BYTES_MAX = 16 * 1024, STEP_SECRETS_MAX = 64 };

static const char *const instructions[] = {
	"RUN", "COPY", "ADD", "ENV", "ARG", "CMD", "ENTRYPOINT", "EXPOSE", "USER", "WORKDIR", "VOLUME", "LABEL", "HEALTHCHECK", "SHELL",
	"STOPSIGNAL", "ONBUILD", "MAINTAINER", NULL
};

static const char *instruction_of(const char *text)
{
	for (const char *const *i = instructions; *i; i++) {
		size_t n = strlen(*i);
		if (strncmp(text, *i, n) == 0 && (text[n] == ' ' || !text[n]))
			return *i;
	}
	return "";
}

/* To "INSTRUCTION ...", in the arena. */
static const char *as_dockerfile(struct posture_set *set, const char *line)
{
	static const char shell[] = "/bin/sh -c ", nop[] = "#(nop)";
	size_t len = strnlen(line, STEP_BYTES_MAX);
	const char *tail = " # buildkit";

	if (len > strlen(tail) && len < STEP_BYTES_MAX && strcmp(line + len - strlen(tail), tail) == 0)
		len -= strlen(tail);
	if (strncmp(line, shell, sizeof(shell) - 1) == 0) {
		line += sizeof(shell) - 1;
		len -= sizeof(shell) - 1;
		if (len < sizeof(nop) - 1 || strncmp(line, nop, sizeof(nop) - 1) != 0)
			return posture_printf(set, "RUN %.*s", (int)len, line);
		line += sizeof(nop) - 1;
		len -= sizeof(nop) - 1;
	} else if (len > 4 && line[0] == '|' && isdigit((unsigned char)line[1])) {
		return posture_printf(set, "RUN %.*s", (int)len, line);
	}
	while (len && isspace((unsigned char)*line))
		line++, len--;
	return posture_printf(set, "%.*s", (int)len, line);
}

/* Where a word ends: at a blank, or at the quote that its value begins with. */
static size_t value_len(const char *value)
{
	if (*value == '"' || *value == '\'') {
		const char *end = strchr(value + 1, *value);
		if (end)
			return (size_t)(end - value) + 1;
	}
	return strcspn(value, " \t\n;&|");
}

static bool is_name(const char *name, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)name[i]) && name[i] != '_' && name[i] != '-' && name[i] != '.')
			return false;
	return len > 0;
}

/* Every NAME=value in the text: values of secrets are left out of ret_masked, names of secrets listed. */
static void mask(struct posture_set *set, struct images_step *step, const char *text)
{
	size_t len = strlen(text), used = 0;
	char *masked = posture_alloc(set, len * 4 + 4);

	step->secrets = posture_alloc(set, STEP_SECRETS_MAX * sizeof(*step->secrets));
	if (!masked || !step->secrets)
		return;
	for (const char *p = text; *p; ) {
		size_t word = strcspn(p, " \t\n;&|="), value;

		memcpy(masked + used, p, word + (p[word] != '\0'));
		used += word + (p[word] != '\0');
		if (p[word] != '=') {
			p += word + (p[word] != '\0');
			continue;
		}
		value = value_len(p + word + 1);
		if (is_name(p, word) && images_is_secret(p, word, p + word + 1, value)) {
			if (step->n_secrets < STEP_SECRETS_MAX)
				step->secrets[step->n_secrets++] = posture_printf(set, "%.*s", (int)word, p);
			memcpy(masked + used, "***", 3);
			used += 3;
		} else {
			memcpy(masked + used, p + word + 1, value);
			used += value;
		}
		p += word + 1 + value;
	}
	step->text = masked;
}

struct images_step images_step(struct posture_set *set, const struct image_step *from)
{
	const char *text = as_dockerfile(set, from->created_by ? from->created_by : "");
	struct images_step step = { .text = "" };

	if (!text)
		return step;
	step.instruction = instruction_of(text);
	mask(set, &step, text);
	return step;
}
