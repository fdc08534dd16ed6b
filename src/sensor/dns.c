/* SPDX-License-Identifier: Apache-2.0 */
/* The question of a DNS message (RFC 1035, 4.1). Hostile input: an attacker's packet. */
#include "sensor/fdtrack.h"

#include <string.h>

enum { DNS_HEADER = 12, DNS_NAME_MAX = 253, DNS_LABEL_MAX = 63 };

static uint16_t u16_at(const unsigned char *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

/* The name at *at, dots between labels. Questions are never compressed; bytes that are no printable text become "?". */
static bool name_at(const unsigned char *msg, size_t len, size_t *at, char *out, size_t size, size_t *ret_len)
{
	size_t n = 0;

	for (;;) {
		size_t label;
		if (*at >= len)
			return false;
		label = msg[(*at)++];
		if (label == 0)
			break;
		if (label > DNS_LABEL_MAX || *at + label > len || n + label + 2 > size || n + label + 1 > DNS_NAME_MAX + 1)
			return false;
		if (n)
			out[n++] = '.';
		for (size_t i = 0; i < label; i++) {
			unsigned char c = msg[*at + i];
			if (c >= 'A' && c <= 'Z')
				c = (unsigned char)(c - 'A' + 'a');
			out[n++] = c > ' ' && c < 127 ? (char)c : '?';
		}
		*at += label;
	}
	out[n] = '\0';
	*ret_len = n;
	return n > 0;
}

static bool question_at(const unsigned char *msg, size_t len, char *out, size_t size, size_t *ret_len, uint16_t *ret_type)
{
	size_t at = DNS_HEADER;

	if (len < DNS_HEADER + 5 || (msg[2] & 0x80) || u16_at(msg + 4) == 0)
		return false;
	if (!name_at(msg, len, &at, out, size, ret_len) || at + 4 > len)
		return false;
	*ret_type = u16_at(msg + at);
	return true;
}

bool sensor_dns_question(const void *bytes, size_t len, char *out, size_t size, size_t *ret_len, uint16_t *ret_type)
{
	const unsigned char *msg = bytes;

	if (!msg || size < 2)
		return false;
	if (question_at(msg, len, out, size, ret_len, ret_type))
		return true;
	return len > 2 && u16_at(msg) >= DNS_HEADER && question_at(msg + 2, len - 2, out, size, ret_len, ret_type);
}

const char *sensor_dns_type_name(uint16_t type)
{
	switch (type) {
	case 1: return "A";
	case 2: return "NS";
	case 5: return "CNAME";
	case 6: return "SOA";
	case 10: return "NULL";
	case 12: return "PTR";
	case 15: return "MX";
	case 16: return "TXT";
	case 28: return "AAAA";
	case 33: return "SRV";
	case 35: return "NAPTR";
	case 43: return "DS";
	case 48: return "DNSKEY";
	case 64: return "SVCB";
	case 65: return "HTTPS";
	case 252: return "AXFR";
	case 255: return "ANY";
	case 257: return "CAA";
	default: return NULL;
	}
}
