// SPDX-License-Identifier: Apache-2.0
// The C headers of base/ say nothing of C++: take them as C before regex.h does.
extern "C" {
#include "base/err.h"
}
#include "base/regex.h"

#include <errno.h>
#include <re2/re2.h>

#include <cstdint>
#include <string>

struct regex {
	RE2 re;
	regex(const re2::StringPiece &pattern, const RE2::Options &options) : re(pattern, options) {}
};

struct regex_literals {
	RE2 re;
	regex_literals(const re2::StringPiece &pattern, const RE2::Options &options) : re(pattern, options) {}
};

int regex_compile(const char *pattern, size_t len, size_t max_memory, struct regex **ret_regex, struct err *err)
{
	RE2::Options options(RE2::POSIX);

	options.set_log_errors(false);
	options.set_max_mem(static_cast<int64_t>(max_memory));
	regex *r = new regex(re2::StringPiece(pattern, len), options);
	if (!r->re.ok()) {
		err_set(err, -EBADMSG, "invalid regular expression: %s", r->re.error().c_str());
		delete r;
		return -EBADMSG;
	}
	*ret_regex = r;
	return 0;
}

struct regex *regex_free(struct regex *regex)
{
	delete regex;
	return nullptr;
}

bool regex_match_all(const struct regex *regex, const char *text, size_t len)
{
	return regex->re.Match(re2::StringPiece(text, len), 0, len, RE2::ANCHOR_BOTH, nullptr, 0);
}

size_t regex_memory(const struct regex *regex)
{
	return static_cast<size_t>(regex->re.options().max_mem());
}

// A literal as an expression over bytes. Letters become classes rather than setting the case
// flag: the flag would also fold the upper half of Latin-1, which strcasestr() does not.
static void add_literal(std::string &pattern, const char *text, size_t len, bool fold_case)
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < len; i++) {
		unsigned char c = static_cast<unsigned char>(text[i]);
		bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		if (letter && fold_case) {
			pattern += '[';
			pattern += static_cast<char>(c | 0x20);
			pattern += static_cast<char>(c & ~0x20);
			pattern += ']';
		} else if (letter || (c >= '0' && c <= '9')) {
			pattern += static_cast<char>(c);
		} else {
			pattern += "\\x";
			pattern += hex[c >> 4];
			pattern += hex[c & 15];
		}
	}
}

int regex_literals_compile(const char *const *texts, const size_t *lens, size_t n, bool fold_case,
			   size_t max_memory, struct regex_literals **ret_literals, struct err *err)
{
	RE2::Options options;
	std::string pattern;

	options.set_log_errors(false);
	options.set_encoding(RE2::Options::EncodingLatin1);
	options.set_never_capture(true);
	options.set_dot_nl(true);
	options.set_max_mem(static_cast<int64_t>(max_memory));
	for (size_t i = 0; i < n; i++) {
		if (i)
			pattern += '|';
		add_literal(pattern, texts[i], lens[i], fold_case);
		if (pattern.size() > max_memory)
			return err_set(err, -E2BIG, "%zu literals need more than %zu bytes", n, max_memory);
	}
	regex_literals *l = new regex_literals(re2::StringPiece(pattern), options);
	if (!l->re.ok()) {
		err_set(err, -E2BIG, "%zu literals: %s", n, l->re.error().c_str());
		delete l;
		return -E2BIG;
	}
	*ret_literals = l;
	return 0;
}

struct regex_literals *regex_literals_free(struct regex_literals *literals)
{
	delete literals;
	return nullptr;
}

bool regex_literals_in(const struct regex_literals *literals, const char *text, size_t len)
{
	return literals->re.Match(re2::StringPiece(text, len), 0, len, RE2::UNANCHORED, nullptr, 0);
}

size_t regex_literals_memory(const struct regex_literals *literals)
{
	return static_cast<size_t>(literals->re.options().max_mem());
}
