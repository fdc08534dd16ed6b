/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a sealed program keeps. Making one takes many times the memory that running it does: keys by which equal checks and
 * nodes are found, the nodes, texts of checks that became part of a larger set. All of that is in `build` and goes; the texts that
 * matchers point to are copied first, equal ones once.
 */
#include "lang/program_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *keep_text(struct lang_program *p, const struct lang_bytes *text)
{
	const char *kept = map_get(&p->kept_texts, text->text, text->len);

	if (!kept && (kept = arena_strndup(&p->arena, text->text, text->len)))
		map_put(&p->kept_texts, kept, text->len, (void *)kept);
	return kept;
}

int lang_spec_keep(struct lang_program *p, struct lang_spec *spec)
{
	struct lang_bytes *texts = arena_alloc(&p->arena, (spec->n_texts ? spec->n_texts : 1) * sizeof(*texts));

	if (!texts)
		return -ENOMEM;
	for (size_t i = 0; i < spec->n_texts; i++) {
		texts[i] = (struct lang_bytes){ keep_text(p, &spec->texts[i]), spec->texts[i].len };
		if (!texts[i].text)
			return -ENOMEM;
	}
	spec->texts = texts;
	return 0;
}

/* An array that only grew while it was made, cut to what is in it. */
#define SHRINK(array, n, size) ((array) = mem_grow((array), (size) = (n), sizeof(*(array))))

void lang_program_build_done(struct lang_program *p)
{
	for (uint32_t i = 0; i < p->n_predicates; i++)
		if (!p->predicates[i].used) {
			p->predicates[i].spec.texts = NULL;
			p->predicates[i].spec.n_texts = 0;
		}
	map_done(&p->kept_texts);
	map_done(&p->predicate_ids);
	map_done(&p->node_ids);
	map_done(&p->slot_ids);
	free(take_ptr(p->nodes));
	p->n_nodes = p->nodes_size = 0;
	SHRINK(p->predicates, p->n_predicates, p->predicates_size);
	SHRINK(p->slots, p->n_slots, p->slots_size);
	SHRINK(p->code, p->n_code, p->code_size);
	SHRINK(p->kleene, p->n_kleene, p->kleene_size);
	arena_done(&p->build);
}
