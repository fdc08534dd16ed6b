/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/host/sshd_config.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

enum { MATCHES_MAX = 1000 };

/* Other names of keywords (openssh-portable servconf.c, keywords[]). */
static const struct { const char *old, *now; } aliases[] = {
	{ "challengeresponseauthentication", "kbdinteractiveauthentication" }, { "skeyauthentication", "kbdinteractiveauthentication" },
	{ "dsaauthentication", "pubkeyauthentication" }, { "keepalive", "tcpkeepalive" }, { "hostdsakey", "hostkey" },
	{ "pubkeyacceptedkeytypes", "pubkeyacceptedalgorithms" }, { "hostbasedacceptedkeytypes", "hostbasedacceptedalgorithms" },
};

static void read_depth(struct sshd_config *config, const char *path, char *text, const struct sshd_match *match, unsigned depth);

static const char *lower(struct posture_set *set, const char *text)
{
	char *copy = arena_printf(&set->arena, "%s", text);

	for (char *p = copy; p && *p; p++)
		*p = (char)tolower((unsigned char)*p);
	return copy ? copy : "";
}

/* One word: quotes group, \" \' \\ and \blank are themselves (argv_split() of OpenSSH). NULL at the end or at a comment. */
static char *next_word(char **cursor, bool *ret_bad)
{
	char *in = *cursor + strspn(*cursor, " \t\r"), *out = in, *word = in, quote = '\0';

	if (!*in || *in == '#')
		return NULL;
	for (; *in && (quote || !strchr(" \t\r", *in)); in++) {
		if (*in == '\\' && in[1] && strchr(" \"'\\", in[1]))
			*out++ = *++in;
		else if (quote && *in == quote)
			quote = '\0';
		else if (!quote && (*in == '"' || *in == '\''))
			quote = *in;
		else
			*out++ = *in;
	}
	*ret_bad |= quote != '\0';
	*cursor = *in ? in + 1 : in;
	*out = '\0';
	return word;
}

static const char **rest_of(struct posture_set *set, char *cursor, size_t *ret_n, bool *ret_bad)
{
	struct host_list_of_texts words = { 0 };
	char *word;

	while (words.n < HOST_WORDS_MAX && (word = next_word(&cursor, ret_bad)))
		host_add(set, &words, word);
	*ret_n = words.n;
	return words.texts;
}

static void problem(struct sshd_config *config, struct posture_place place, const char *what)
{
	posture_problem(config->set, MODEL_LAYER_IDENTITY, place, "%s", what);
}

static void add(struct sshd_config *config, const char *keyword, const char *const *words, size_t n, const struct sshd_match *match,
		struct posture_place place)
{
	struct sshd_setting *s = posture_alloc(config->set, sizeof(*s));

	if (!s)
		return;
	*s = (struct sshd_setting){ .keyword = keyword, .words = words, .n_words = n, .match = match, .place = place };
	if (config->last)
		config->last->next = s;
	else
		config->settings = s;
	config->last = s;
}

static const char *joined(struct posture_set *set, const char *const *words, size_t n)
{
	const char *text = "";

	for (size_t i = 0; i < n; i++)
		text = posture_printf(set, "%s%s%s", text, i ? " " : "", words[i]);
	return text;
}

static const struct sshd_match *begin_match(struct sshd_config *config, const struct sshd_match *outer, const char *const *words, size_t n,
					    struct posture_place place)
{
	struct sshd_match *m = posture_alloc(config->set, sizeof(*m)), **grown;

	if (!m || config->n_matches >= MATCHES_MAX) {
		problem(config, place, "too many Match blocks: the settings after it were not looked at");
		return outer;
	}
	if ((config->n_matches & (config->n_matches - 1)) == 0) {
		grown = posture_alloc(config->set, (config->n_matches ? config->n_matches * 2 : 1) * sizeof(*grown));
		if (!grown)
			return outer;
		if (config->n_matches)
			memcpy(grown, config->matches, config->n_matches * sizeof(*grown));
		config->matches = grown;
	}
	*m = (struct sshd_match){ .outer = outer, .criteria = joined(config->set, words, n), .place = place,
				  .is_all = n == 1 && strcasecmp(words[0], "all") == 0, .index = config->n_matches + 1 };
	config->matches[config->n_matches++] = m;
	return m;
}

static void include(struct sshd_config *config, const char *const *words, size_t n, const struct sshd_match *match,
		    struct posture_place place, unsigned depth)
{
	if (depth + 1 >= HOST_INCLUDES_MAX) {
		problem(config, place, "too many files that include each other");
		return;
	}
	for (size_t i = 0; i < n; i++) {
		const char *pattern = words[i][0] == '/' ? words[i] : posture_printf(config->set, "/etc/ssh/%s", words[i]);
		struct host_names files = host_glob(config->set, pattern);

		for (size_t k = 0; k < files.n; k++) {
			const char *why;
			char *text = host_read(config->set, files.names[k], HOST_FILE_BYTES_MAX, &why);

			if (why)
				problem(config, place, why);
			if (text)
				read_depth(config, files.names[k], text, match, depth + 1);
		}
	}
}

static const char *keyword_of(struct posture_set *set, char **cursor)
{
	char *start = *cursor, *end = start + strcspn(start, " \t=");
	const char *keyword;

	*cursor = end + strspn(end, " \t");
	if (**cursor == '=')
		++*cursor;
	else if (*cursor == end && *end)
		++*cursor;
	*cursor += strspn(*cursor, " \t");
	keyword = lower(set, posture_printf(set, "%.*s", (int)(end - start), start));
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		if (strcmp(keyword, aliases[i].old) == 0)
			return aliases[i].now;
	return keyword;
}

static void read_line(struct sshd_config *config, char *line, const struct sshd_match *outer, const struct sshd_match **match,
		      struct posture_place place, unsigned depth)
{
	const char *keyword = keyword_of(config->set, &line);
	bool bad = false;
	size_t n;
	const char *const *words = rest_of(config->set, line, &n, &bad);

	if (bad)
		problem(config, place, "expected a closing quote");
	else if (n == 0)
		problem(config, place, posture_printf(config->set, "expected a value after '%s'", keyword));
	else if (strcmp(keyword, "match") == 0)
		*match = begin_match(config, outer, words, n, place);
	else if (strcmp(keyword, "include") == 0)
		include(config, words, n, *match, place, depth);
	else
		add(config, keyword, words, n, *match, place);
}

static void read_depth(struct sshd_config *config, const char *file, char *text, const struct sshd_match *outer, unsigned depth)
{
	const struct sshd_match *match = outer;
	char *line;

	for (unsigned number = 1; (line = host_next_line(&text)); number++) {
		struct posture_place place = { .file = file, .line = number };

		if (++config->n_lines > HOST_LINES_MAX) {
			problem(config, place, "too many lines: the rest was not looked at");
			return;
		}
		if (*line && *line != '#')
			read_line(config, line, outer, &match, place, depth);
	}
}

void sshd_config_parse(struct sshd_config *config, const char *file, char *text)
{
	read_depth(config, file, text, NULL, 0);
}

int sshd_config_read(struct sshd_config *config, const char *path, const char **ret_why)
{
	char *text = host_read(config->set, path, HOST_FILE_BYTES_MAX, ret_why);

	if (!text)
		return *ret_why ? -EACCES : -ENOENT;
	sshd_config_parse(config, path, text);
	return 0;
}

void sshd_config_add_option(struct sshd_config *config, char *option, struct posture_place place)
{
	const struct sshd_match *none = NULL;

	read_line(config, option, NULL, &none, place, HOST_INCLUDES_MAX);
}

static bool is_within(const struct sshd_match *m, const struct sshd_match *inner)
{
	for (; inner; inner = inner->outer)
		if (inner == m)
			return true;
	return false;
}

static bool is_always(const struct sshd_match *m)
{
	while (m && m->is_all)
		m = m->outer;
	return !m;
}

/* The part that counts: blocks that hold (1) before the global one (0). -1: it does not hold. */
static int part_of(const struct sshd_setting *s, const struct sshd_match *match)
{
	if (!s->match)
		return 0;
	return is_within(s->match, match) || is_always(s->match) ? 1 : -1;
}

const struct sshd_setting *sshd_config_effective(const struct sshd_config *config, const struct sshd_match *match, const char *keyword)
{
	const struct sshd_setting *global = NULL;

	for (const struct sshd_setting *s = config->settings; s; s = s->next) {
		int part = part_of(s, match);

		if (part < 0 || strcmp(s->keyword, keyword) != 0)
			continue;
		if (part == 1)
			return s;
		if (!global)
			global = s;
	}
	return global;
}

void sshd_config_effective_all(const struct sshd_config *config, const struct sshd_match *match, const char *keyword,
			       struct host_list_of_texts *ret)
{
	const struct sshd_setting *first = sshd_config_effective(config, match, keyword);

	for (const struct sshd_setting *s = first ? config->settings : NULL; s; s = s->next)
		if (strcmp(s->keyword, keyword) == 0 && part_of(s, match) == part_of(first, match))
			for (size_t i = 0; i < s->n_words; i++)
				host_add(config->set, ret, s->words[i]);
}

int64_t sshd_config_time(const char *text)
{
	static const struct { char unit; int64_t seconds; } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 604800 } };
	int64_t total = 0;

	if (strcasecmp(text, "none") == 0)
		return 0;
	if (!*text)
		return -1;
	while (*text) {
		int64_t number = 0, factor = 1;

		if (!isdigit((unsigned char)*text))
			return -1;
		while (isdigit((unsigned char)*text) && number < INT32_MAX)
			number = number * 10 + (*text++ - '0');
		for (size_t i = 0; i < ARRAY_LEN(units) && *text; i++)
			if (tolower((unsigned char)*text) == units[i].unit)
				factor = units[i].seconds;
		if (*text && !strchr("smhdwSMHDW", *text))
			return -1;
		text += *text != '\0';
		total += number * factor;
		if (total > INT32_MAX)
			return -1;
	}
	return total;
}
