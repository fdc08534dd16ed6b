/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/dockerfile/dockerfile.h"

#include "posture/dockerfile/outline.h"

#include <string.h>
#include <strings.h>

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return len > end_len && strcasecmp(name + len - end_len, end) == 0;
}

/* Dockerfile.dockerignore is a list of patterns. */
static bool has_name(const char *name)
{
	static const char *const names[] = { "dockerfile", "containerfile" };

	if (ends_with(name, ".dockerignore") || ends_with(name, ".containerignore"))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		size_t len = strlen(names[i]);
		if (strncasecmp(name, names[i], len) == 0 && (name[len] == '\0' || name[len] == '.'))
			return true;
	}
	return ends_with(name, ".dockerfile") || ends_with(name, ".containerfile");
}

/* Names that say that it is something else, whatever the first line looks like. */
static bool is_other(const char *name)
{
	static const char *const ends[] = { ".yaml", ".yml", ".json", ".md", ".txt", ".rst", ".html", ".sh", ".py", ".go", ".c", ".h", ".sql" };

	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (ends_with(name, ends[i]))
			return true;
	return false;
}

static bool is_mine(struct posture_set *set, struct posture_file *file)
{
	(void)set;
	if (dockerfile_options_is_mine(file) || has_name(file->name))
		return true;
	return !is_other(file->name) && dockerfile_looks_like_one(file->text, file->len);
}

static void read_file(struct posture_set *set, struct posture_file *file)
{
	struct dockerfile parsed;
	struct outline outline;

	if (dockerfile_options_is_mine(file)) {
		dockerfile_options_read(set, file);
		return;
	}
	dockerfile_parse(&set->arena, file->text, file->len, &parsed);
	for (const struct dockerfile_problem *p = parsed.problems; p; p = p->next)
		posture_problem(set, MODEL_LAYER_IMAGES, (struct posture_place){ .file = file->path, .line = p->line, .column = p->column },
				"%s", p->what);
	if (!parsed.instructions && !parsed.problems)
		posture_problem(set, MODEL_LAYER_IMAGES, (struct posture_place){ .file = file->path }, "expected a FROM instruction");
	outline_make(set, file->path, &parsed, &outline);
	outline_records(&outline);
	outline_done(&outline);
}

const struct posture_reader dockerfile_reader = {
	.name = "dockerfile",
	.meaning = "Dockerfiles and Containerfiles",
	.is_mine = is_mine,
	.read = read_file,
};
