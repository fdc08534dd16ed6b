/* SPDX-License-Identifier: Apache-2.0 */
/* Words and options of commands. */
#include "posture/dockerfile/packages_words.h"

#include <string.h>

bool words_is_among(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (strcmp(*list, word) == 0)
			return true;
	return false;
}

bool words_begins_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

bool words_begins_with_any(const char *text, const char *const *starts)
{
	for (; *starts; starts++)
		if (words_begins_with(text, *starts))
			return true;
	return false;
}

bool words_ends_with(const char *text, const char *end)
{
	size_t len = strlen(text), end_len = strlen(end);

	return len >= end_len && strcmp(text + len - end_len, end) == 0;
}

bool words_has_any(const struct shell_command *c, const char *const *words)
{
	for (size_t i = 0; i < c->n_words; i++)
		if (words_is_among(c->words[i].text, words))
			return true;
	return false;
}

/* ---- options ---- */

bool words_is_cluster(const char *word)
{
	return word[0] == '-' && word[1] != '-' && word[1] != '\0';
}

size_t packages_flags(struct arena *arena, const struct shell_command *c, const char **flags, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_words && n < max; i++) {
		const char *word = c->words[i].text;

		if (words_begins_with(word, "--") && word[2]) {
			flags[n++] = arena_strndup(arena, word, strcspn(word, "="));
		} else if (words_is_cluster(word)) {
			for (const char *s = word + 1; *s && *s != '=' && n < max; s++) {
				char letter[2] = { '-', *s };
				flags[n++] = arena_strndup(arena, letter, 2);
			}
		}
		if (n && !flags[n - 1])
			return n - 1;
	}
	return n;
}

static bool is_long(const char *word, const char *name)
{
	size_t len = strlen(name);

	return words_begins_with(word, "--") && strncmp(word + 2, name, len) == 0 && (word[2 + len] == '\0' || word[2 + len] == '=');
}

bool packages_has_flag(const struct shell_command *c, char letter, const char *name)
{
	for (size_t i = 0; i < c->n_words; i++) {
		const char *word = c->words[i].text;
		if ((letter && words_is_cluster(word) && memchr(word + 1, letter, strcspn(word + 1, "="))) || (name && is_long(word, name)))
			return true;
	}
	return false;
}

const char *packages_flag_value(const struct shell_command *c, char letter, const char *name)
{
	for (size_t i = 0; i < c->n_words; i++) {
		const char *word = c->words[i].text, *next = i + 1 < c->n_words ? c->words[i + 1].text : NULL, *at;

		if (name && is_long(word, name))
			return strchr(word, '=') ? strchr(word, '=') + 1 : next;
		at = letter && words_is_cluster(word) ? strchr(word + 1, letter) : NULL;
		if (at)
			return at[1] ? at + 1 : next;
	}
	return NULL;
}

/* Options whose value is the next word: letters, and long names with blanks around. */
static bool takes_next(const char *word, const char *letters, const char *names)
{
	size_t len = strlen(word);
	const char *at;

	if (words_is_cluster(word))
		return strchr(letters, word[len - 1]) && !strchr(word, '=');
	if (len < 3 || strchr(word, '='))
		return false;
	for (at = names; (at = strstr(at, word + 2)); at++)
		if (at > names && at[-1] == ' ' && at[len - 2] == ' ')
			return true;
	return false;
}

/* What is no option and no option's value. */
struct words words_operands(struct arena *arena, const struct shell_command *c, const char *letters, const char *names)
{
	struct words l = { .at = arena_take(arena, (c->n_words + 1) * sizeof(*l.at)) };

	for (size_t i = 0; l.at && i < c->n_words; i++) {
		const char *word = c->words[i].text;

		if (word[0] == '-' && word[1] != '\0')
			i += takes_next(word, letters, names);
		else if (strcmp(word, "-") != 0)
			l.at[l.n++] = word;
	}
	return l;
}

void words_drop(struct words *l, const char *const *words)
{
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++)
		if (!words_is_among(l->at[i], words))
			l->at[n++] = l->at[i];
	l->n = n;
}

/* Up to and with the first `word`s are gone. */
void words_drop_through(struct words *l, const char *const *words)
{
	size_t i = 0;

	while (i < l->n && !words_is_among(l->at[i], words))
		i++;
	while (i < l->n && words_is_among(l->at[i], words))
		i++;
	l->at += i;
	l->n -= i;
}
