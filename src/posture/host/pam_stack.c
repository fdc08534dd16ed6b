/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/host/pam.h"

#include <ctype.h>
#include <string.h>

static const char *const type_names[] = { "auth", "account", "password", "session" };

/* `only`: of an include just the lines of one type count; PAM_TYPE_MAX all. */
static void read_depth(struct pam_stack *stack, const char *file, char *text, int only, unsigned depth);

static void problem(struct pam_stack *stack, struct posture_place place, const char *what)
{
	posture_problem(stack->set, MODEL_LAYER_IDENTITY, place, "%s", what);
}

static void include(struct pam_stack *stack, const char *name, int only, struct posture_place place, unsigned depth)
{
	static const char *const dirs[] = { "/etc/pam.d", "/usr/lib/pam.d" };
	const char *why = NULL;

	if (depth + 1 >= HOST_INCLUDES_MAX) {
		problem(stack, place, "too many files that include each other");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		const char *path = *name == '/' ? name : posture_printf(stack->set, "%s/%s", dirs[i], name);
		char *text = host_read(stack->set, path, HOST_FILE_BYTES_MAX, &why);

		if (text) {
			read_depth(stack, path, text, only, depth + 1);
			return;
		}
		if (why)
			break;
	}
	problem(stack, place, why ? why : posture_printf(stack->set, "%s is not there", name));
}

/* A word; one in [] may have blanks in it. */
static char *take_word(char **cursor)
{
	char *start = *cursor + strspn(*cursor, " \t"), *end;

	if (!*start)
		return NULL;
	end = *start == '[' ? strchr(start, ']') : NULL;
	end = end ? end + 1 : start + strcspn(start, " \t");
	*cursor = *end ? end + 1 : end;
	*end = '\0';
	return start;
}

static const char *module_name(struct posture_set *set, const char *path)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *end = strstr(name, ".so");

	return posture_printf(set, "%.*s", (int)(end ? (size_t)(end - name) : strlen(name)), name);
}

static int type_of(const char *word)
{
	word += *word == '-';                /* a module that is not there is no error */
	for (int i = 0; i < PAM_TYPE_MAX; i++)
		if (strcmp(word, type_names[i]) == 0)
			return i;
	return PAM_TYPE_MAX;
}

static void read_line(struct pam_stack *stack, char *line, int only, struct posture_place place, unsigned depth)
{
	char *first = take_word(&line), *control, *module, *word;
	struct host_list_of_texts arguments = { 0 };
	struct pam_line *l;
	int type;

	if (first && strcmp(first, "@include") == 0) {
		module = take_word(&line);
		if (module)
			include(stack, module, only, place, depth);
		return;
	}
	type = first ? type_of(first) : PAM_TYPE_MAX;
	control = take_word(&line);
	module = take_word(&line);
	if (type == PAM_TYPE_MAX || !module) {
		problem(stack, place, "expected 'auth|account|password|session CONTROL MODULE [ARGUMENTS]'");
		return;
	}
	if (only != PAM_TYPE_MAX && type != only)
		return;
	if (strcmp(control, "include") == 0 || strcmp(control, "substack") == 0) {
		include(stack, module, type, place, depth);
		return;
	}
	while (arguments.n < HOST_WORDS_MAX && (word = take_word(&line)))
		host_add(stack->set, &arguments, word);
	l = posture_alloc(stack->set, sizeof(*l));
	if (!l)
		return;
	*l = (struct pam_line){ .type = (enum pam_type)type, .control = control, .module = module_name(stack->set, module),
				.arguments = arguments.texts, .n_arguments = arguments.n, .place = place };
	if (stack->last)
		stack->last->next = l;
	else
		stack->lines = l;
	stack->last = l;
}

static void read_depth(struct pam_stack *stack, const char *file, char *text, int only, unsigned depth)
{
	unsigned number = 0;
	char *line;

	/* A line that ends in \ goes on. */
	for (char *p = text; *p; p++)
		if (p[0] == '\\' && p[1] == '\n')
			p[0] = p[1] = ' ';
	while ((line = host_next_setting(&text, &number))) {
		struct posture_place place = { .file = file, .line = number };

		if (++stack->n_lines > HOST_LINES_MAX) {
			problem(stack, place, "too many lines: the rest was not looked at");
			return;
		}
		read_line(stack, line, only, place, depth);
	}
}

void pam_stack_parse(struct pam_stack *stack, const char *file, char *text)
{
	read_depth(stack, file, text, PAM_TYPE_MAX, 0);
}

bool pam_stack_read(struct pam_stack *stack, const char *service, const char **ret_why)
{
	const char *path = posture_printf(stack->set, "/etc/pam.d/%s", service);
	char *text = host_read(stack->set, path, HOST_FILE_BYTES_MAX, ret_why);

	if (text)
		pam_stack_parse(stack, path, text);
	return text;
}

const struct pam_line *pam_find(const struct pam_stack *stack, enum pam_type type, const char *module)
{
	for (const struct pam_line *l = stack->lines; l; l = l->next)
		if (l->type == type && strcmp(l->module, module) == 0)
			return l;
	return NULL;
}

const char *pam_argument(const struct pam_line *line, const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; line && i < line->n_arguments; i++)
		if (strncmp(line->arguments[i], name, len) == 0 && (line->arguments[i][len] == '=' || !line->arguments[i][len]))
			return line->arguments[i][len] ? line->arguments[i] + len + 1 : "";
	return NULL;
}
