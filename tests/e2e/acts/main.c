/* SPDX-License-Identifier: Apache-2.0 */
#include "act.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

long act_number(const char *text)
{
	return strtol(text, NULL, 0);
}

static const struct act *act_find(const char *name)
{
	const struct act *const tables[] = { acts_file, acts_net, acts_process, acts_kernel, acts_stress };

	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		for (const struct act *act = tables[i]; act->name; act++) {
			if (strcmp(act->name, name) == 0)
				return act;
		}
	}
	return NULL;
}

int main(int argc, char **argv)
{
	const struct act *act = argc > 1 ? act_find(argv[1]) : NULL;
	int r;

	if (!act || argc - 2 < act->n_args) {
		fprintf(stderr, "usage: act %s %s\n", act ? act->name : "NAME", act ? act->usage : "ARGS");
		return ACT_USAGE;
	}
	r = act->run(argc - 2, argv + 2);
	if (r != 0)
		fprintf(stderr, "act %s: %s\n", act->name, strerror(r));
	return r;
}
