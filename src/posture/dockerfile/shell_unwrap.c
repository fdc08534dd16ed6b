/* SPDX-License-Identifier: Apache-2.0 */
/* Commands that run other commands: sudo, env, timeout, sh -c, ... */
#include "posture/dockerfile/shell_parser.h"

#include "posture/dockerfile/limits.h"

#include <string.h>

struct wrapper {
	const char *name;
	const char *with_value;      /* short options that take a value */
	const char *long_with_value; /* long ones, blanks around each */
	unsigned n_operands;         /* words before the command: timeout 10 COMMAND */
	bool takes_assignments;      /* NAME=VALUE before the command */
	bool is_sudo;
};

/* From each program's manual: sudo(8), doas(1), env(1), nice(1), timeout(1), xargs(1), exec in bash(1), chroot(8), gosu. */
static const struct wrapper wrappers[] = {
	{ "sudo", "CDghpRrTtuU", " user group host prompt chdir chroot command-timeout role type other-user close-from ", 0, true, true },
	{ "doas", "Cu", "", 0, false, true },
	{ "env", "uCS", " unset chdir split-string ", 0, true, false },
	{ "exec", "a", "", 0, false, false },
	{ "command", "", "", 0, false, false },
	{ "builtin", "", "", 0, false, false },
	{ "busybox", "", "", 0, false, false },
	{ "nice", "n", " adjustment ", 0, false, false },
	{ "ionice", "cn", " class classdata ", 0, false, false },
	{ "nohup", "", "", 0, false, false },
	{ "eatmydata", "", "", 0, false, false },
	{ "setsid", "", "", 0, false, false },
	{ "stdbuf", "ioe", " input output error ", 0, false, false },
	{ "timeout", "sk", " signal kill-after ", 1, false, false },
	{ "retry", "dt", " delay times ", 0, false, false },
	{ "xargs", "adEIiLlnPs", " arg-file delimiter max-lines max-args max-procs max-chars replace ", 0, false, false },
	{ "gosu", "", "", 1, false, false },
	{ "su-exec", "", "", 1, false, false },
	{ "chroot", "", "", 1, false, false },
	{ "catchsegv", "", "", 0, false, false },
};

static const struct wrapper *wrapper_of(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(wrappers); i++)
		if (wrappers[i].name[0] == name[0] && strcmp(wrappers[i].name, name) == 0)
			return &wrappers[i];
	return NULL;
}

static bool is_shell(const char *name)
{
	static const char *const shells[] = { "sh", "bash", "dash", "ash", "zsh", "ksh", "mksh" };

	for (size_t i = 0; i < ARRAY_LEN(shells); i++)
		if (strcmp(shells[i], name) == 0)
			return true;
	return false;
}

/* Whether an option's value is the next word. */
static bool takes_next(const struct wrapper *w, const char *word)
{
	size_t len = strlen(word);
	const char *at;

	if (word[1] == '-') {
		if (len <= 2 || strchr(word, '='))
			return false;
		at = strstr(w->long_with_value, word + 2);
		return at && at > w->long_with_value && at[-1] == ' ' && at[len - 2] == ' ';
	}
	return len > 1 && strchr(w->with_value, word[len - 1]);
}

static size_t command_at(const struct wrapper *w, const struct shell_command *c)
{
	unsigned operands = w->n_operands;
	size_t i = 0;

	for (; i < c->n_words; i++) {
		const char *word = c->words[i].text;

		if (strcmp(word, "--") == 0)
			return i + 1;
		if (word[0] == '-')
			i += takes_next(w, word);
		else if (w->takes_assignments && strchr(word, '='))
			continue;
		else if (operands)
			operands--;
		else
			break;
	}
	return i;
}

static void unwrap(struct shell_parser *p, struct shell_command *c, const struct wrapper *w)
{
	size_t at = command_at(w, c);
	struct shell_command *inner;

	if (at >= c->n_words || p->wrappers >= SHELL_WRAPPERS_MAX || !(inner = shell_add(p)))
		return;
	inner->name = shell_basename(c->words[at].text);
	inner->text = c->text;
	inner->line = c->words[at].line;
	inner->column = c->words[at].column;
	inner->words = c->words + at + 1;
	inner->n_words = c->n_words - at - 1;
	inner->assignments = c->assignments;
	inner->n_assignments = c->n_assignments;
	inner->inside = c;
	inner->is_inner = true;
	inner->has_sudo = c->has_sudo || w->is_sudo;
	p->wrappers++;
	shell_unwrap(p, inner);
	p->wrappers--;
}

/* sh [-eux] [-o option] -c SCRIPT */
static void unwrap_shell(struct shell_parser *p, struct shell_command *c)
{
	bool guarded = p->script->sets_pipefail, has_pipe = p->script->has_pipe;

	for (size_t i = 0; i + 1 < c->n_words; i++) {
		const char *word = c->words[i].text;

		if (word[0] != '-' && word[0] != '+')
			return;
		if (word[1] != '-' && strchr(word, 'c') && word[0] == '-') {
			p->script->sets_pipefail = guarded || shell_has_word(c, "pipefail");
			shell_parse_inner(p, &c->words[i + 1], c);
			if (shell_has_word(c, "pipefail"))
				p->script->has_pipe = has_pipe;
			p->script->sets_pipefail = guarded;
			return;
		}
		if (strchr(word, 'o') && word[1] != '-')
			i++;
	}
}

void shell_unwrap(struct shell_parser *p, struct shell_command *command)
{
	const struct wrapper *w = wrapper_of(command->name);

	if (w)
		unwrap(p, command, w);
	else if (is_shell(command->name))
		unwrap_shell(p, command);
}
