/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_POSTURE_DOCKERFILE_OUTLINE_H
#define PARKA_POSTURE_DOCKERFILE_OUTLINE_H
/*
 * A parsed Dockerfile with what its instructions mean to each other: stages and what they are made from, variables that hold,
 * shells, which instruction overrides which. Made in one pass; records are written from it afterwards.
 * Memory: the set's arena. Thread: one.
 */
#include "base/map.h"
#include "posture/dockerfile/options.h"
#include "posture/dockerfile/shell.h"

struct outline_archive { const char *name; struct outline_item *copy; };

/* registry/name:tag@digest (distribution reference). Parts are NULL without. */
struct outline_image { const char *text, *registry, *name, *tag, *digest; };

enum outline_shell { OUTLINE_SH, OUTLINE_SH_PIPEFAIL, OUTLINE_NO_POSIX };

struct outline_stage {
	struct outline_stage *next;
	unsigned number;                     /* from 0; of COPY --from=0 */
	struct outline_item *from;           /* NULL: what stands before the first FROM */
	const char *alias, *platform;
	struct outline_image image;          /* as written */
	struct outline_image resolved;       /* with ARGs in place */
	struct outline_stage *parent;        /* the stage it is made from; NULL: an image */
	struct map variables;                /* of ENV here: name to value */
	const char *pip_no_cache_dir;        /* of ENV here or in the parents */
	struct outline_archive *archives;    /* copied here */
	size_t n_archives;
	struct outline_item *last[DOCKERFILE_KEYWORD_MAX];   /* not ONBUILD */
	bool has_workdir, is_final, is_base, is_copied, sees_alias_twice;
	bool inherits_healthcheck, leads_to_healthcheck;   /* here or in what it is made from; here or in what is made from it */
	unsigned downloaders;                /* 1 curl, 2 wget */
	enum outline_shell shell;
	struct posture_record *record;
};

struct outline_item {
	struct outline_item *next;
	const struct dockerfile_instruction *in;
	struct outline_stage *stage;
	struct shell_script *script;         /* RUN in a POSIX shell, or without one; else NULL */
	enum outline_shell shell;            /* that RUN uses */
	bool is_repeated;                    /* there was one of its kind in the stage */
	bool has_workdir;                    /* in effect here */
	bool is_before_from;
	bool follows_run;                    /* the instruction before is a RUN, and neither needs a layer of its own */
	unsigned downloaders;                /* of the stage so far; 0 when this one uses none */
	const char **extracted;              /* COPY: archives that a later RUN unpacks */
	size_t n_extracted;
	const char **self_references;        /* ENV: variables that it both sets and uses */
	size_t n_self_references;
	struct posture_record *record;
};

struct outline {
	struct posture_set *set;
	const char *path;
	const struct dockerfile *file;
	const struct dockerfile_options *options;
	struct outline_item *items;
	struct outline_stage *stages;        /* the first stands for what is before any FROM */
	size_t n_stages;                     /* with a FROM */
	struct map arguments;                /* of every ARG so far: name to value */
	struct map defined;                  /* names of ENV and ARG so far */
	size_t n_commands;
};

void outline_make(struct posture_set *set, const char *path, const struct dockerfile *file, struct outline *ret);
void outline_done(struct outline *o);   /* what is not the arena's; not before the records are judged: keyed fields need none of it */

struct outline_image outline_image_parse(struct posture_set *set, const char *text);
/* Whether ENV here or ARG anywhere gives it a value. */
bool outline_is_defined(const struct outline *o, const struct outline_stage *stage, const char *name, size_t len);
bool outline_uses_argument(const struct outline *o, const char *text);
/* The stage of that name or number among those before and with `last`; NULL: none. */
struct outline_stage *outline_stage_by_name(const struct outline *o, const char *name, const struct outline_stage *last);

bool outline_has_label(const struct outline_stage *stage, const char *label);
/* Labels the schema wants and the stage's image would lack. */
bool outline_lacks_label(const struct outline *o, const struct outline_stage *stage, const char *label);

/* ---- the other halves ---- */
void outline_visit_run(struct outline *o, struct outline_item *item, const struct outline_item *before);
void outline_note_archives(struct outline *o, struct outline_item *copy);
void outline_pragmas(struct outline *o);             /* shells, before the rest */
void outline_waive(struct outline *o, struct posture_record *file);
void outline_records(struct outline *o);
void outline_commands(struct outline *o, struct outline_item *item);
struct posture_place outline_place(const struct outline *o, unsigned line, unsigned column);

#endif
