/* SPDX-License-Identifier: Apache-2.0 */
/* Literals as values of a type: numbers, service names, addresses, networks, hexadecimal bytes. */
#include "lang/types.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOWN_MAX = 80 };

static int shown(size_t len)
{
	return len > SHOWN_MAX ? SHOWN_MAX : (int)len;
}

/* [+-]digits or 0x digits: magnitude and sign. False when it is none; *ret_big when it does not fit. */
static bool parse_integer(const char *text, size_t len, uint64_t *ret, bool *ret_negative, bool *ret_big)
{
	unsigned base = 10;
	size_t i = 0;

	*ret = 0;
	*ret_negative = *ret_big = false;
	if (len > 2 && text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
		base = 16;
		i = 2;
	} else if (len && (text[0] == '+' || text[0] == '-')) {
		*ret_negative = text[0] == '-';
		i = 1;
	}
	if (i == len)
		return false;
	for (; i < len; i++) {
		char c = text[i];
		unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) :
				 c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10) : 99;

		if (digit >= base)
			return false;
		if (__builtin_mul_overflow(*ret, base, ret) || __builtin_add_overflow(*ret, digit, ret))
			*ret_big = true;
	}
	return true;
}

static int parse_number(enum model_type type, const char *text, size_t len, struct lang_literal *ret, struct err *err)
{
	uint64_t magnitude;
	bool negative, big;

	if (!parse_integer(text, len, &magnitude, &negative, &big))
		return err_set(err, -EBADMSG, "'%.*s' is not a whole number", shown(len), text);
	if (type == MODEL_TYPE_INT64) {
		if (big || magnitude > (uint64_t)INT64_MAX + (negative ? 1 : 0))
			return err_set(err, -EBADMSG, "%.*s is out of range for a signed number", shown(len), text);
		ret->i64 = negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
		return 0;
	}
	if (big || (negative && magnitude))
		return err_set(err, -EBADMSG, "%.*s is out of range for an unsigned number", shown(len), text);
	if (type == MODEL_TYPE_PORT && magnitude > 65535)
		return err_set(err, -EBADMSG, "%.*s is out of range for a port", shown(len), text);
	ret->u64 = magnitude;
	return 0;
}

static int parse_port(const char *text, size_t len, struct lang_literal *ret, struct err *err)
{
	struct servent entry, *found = NULL;
	char name[64], buffer[1024];
	uint64_t ignored;
	bool negative, big;

	if (parse_integer(text, len, &ignored, &negative, &big))
		return parse_number(MODEL_TYPE_PORT, text, len, ret, err);
	if (len == 0 || len >= sizeof(name))
		return err_set(err, -EBADMSG, "'%.*s' is neither a port number nor the name of a service", shown(len), text);
	memcpy(name, text, len);
	name[len] = '\0';
	if (getservbyname_r(name, NULL, &entry, buffer, sizeof(buffer), &found) != 0 || !found)
		return err_set(err, -EBADMSG, "'%s' is neither a port number nor the name of a service", name);
	ret->u64 = ntohs((uint16_t)entry.s_port);
	return 0;
}

static int parse_bool(const char *text, size_t len, struct lang_literal *ret, struct err *err)
{
	if (len == 4 && memcmp(text, "true", 4) == 0)
		ret->u64 = 1;
	else if (len == 5 && memcmp(text, "false", 5) == 0)
		ret->u64 = 0;
	else
		return err_set(err, -EBADMSG, "'%.*s' is neither true nor false", shown(len), text);
	return 0;
}

static void mask_ip(struct model_ip *ip, unsigned prefix_len)
{
	for (unsigned i = 0; i < 16; i++) {
		unsigned bits = prefix_len > 8 * i ? prefix_len - 8 * i : 0;
		if (bits < 8)
			ip->bytes[i] &= (uint8_t)(0xff00 >> bits);
	}
}

static int parse_net(const char *text, size_t len, struct lang_literal *ret, struct err *err)
{
	const char *slash = memchr(text, '/', len);
	uint64_t prefix_len;
	bool negative, big;
	unsigned max;

	if (!slash)
		return err_set(err, -EBADMSG, "'%.*s' is no network: expected address/length, as in 10.0.0.0/8", shown(len), text);
	if (!model_ip_parse(text, (size_t)(slash - text), &ret->ip))
		return err_set(err, -EBADMSG, "'%.*s' is no IP address", shown((size_t)(slash - text)), text);
	max = ret->ip.family == 6 ? 128 : 32;
	if (!parse_integer(slash + 1, len - (size_t)(slash + 1 - text), &prefix_len, &negative, &big) || negative || big ||
	    prefix_len > max)
		return err_set(err, -EBADMSG, "'%.*s' has a wrong prefix length: expected /0 to /%u", shown(len), text, max);
	ret->prefix_len = (unsigned)prefix_len;
	mask_ip(&ret->ip, ret->prefix_len);
	return 0;
}

int lang_literal_parse(enum model_type type, const char *text, size_t len, struct lang_literal *ret, struct err *err)
{
	switch (type) {
	case MODEL_TYPE_BOOL:
		return parse_bool(text, len, ret, err);
	case MODEL_TYPE_PORT:
		return parse_port(text, len, ret, err);
	case MODEL_TYPE_INT64:
	case MODEL_TYPE_UINT64:
	case MODEL_TYPE_RELTIME:
	case MODEL_TYPE_ABSTIME:
		return parse_number(type, text, len, ret, err);
	case MODEL_TYPE_IP:
		if (!model_ip_parse(text, len, &ret->ip))
			return err_set(err, -EBADMSG, "'%.*s' is no IP address", shown(len), text);
		ret->prefix_len = ret->ip.family == 6 ? 128 : 32;
		return 0;
	case MODEL_TYPE_NET:
		return parse_net(text, len, ret, err);
	default:
		return 0;
	}
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool lang_hex_is(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (hex_digit(text[i]) < 0)
			return false;
	return len > 0 && len % 2 == 0;
}

char *lang_hex_parse(struct arena *arena, const char *text, size_t len)
{
	char *bytes;

	bytes = arena_alloc(arena, len / 2 + 1);
	for (size_t i = 0; bytes && i < len / 2; i++)
		bytes[i] = (char)(hex_digit(text[2 * i]) << 4 | hex_digit(text[2 * i + 1]));
	return bytes;
}
