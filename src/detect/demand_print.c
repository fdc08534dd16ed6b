/* SPDX-License-Identifier: Apache-2.0 */
/* Terms in words. */
#include "detect/demand_internal.h"

#include <arpa/inet.h>
#include <string.h>

enum { SHOWN_MAX = 6, TYPES_SHOWN_MAX = 8 };

/* A list in which separators are put as it grows, and of which only the beginning is shown. */
struct row { struct strbuf *out; size_t n, max; };

static struct strbuf *next(struct row *row)
{
	if (row->n++)
		strbuf_adds(row->out, row->n <= row->max ? ", " : "");
	return row->n <= row->max ? row->out : NULL;
}

static void end(const struct row *row)
{
	if (row->n > row->max)
		strbuf_addf(row->out, ", %zu more", row->n - row->max);
}

static void add_texts(struct row *row, const char *before, const char *const *texts, size_t n, const char *after)
{
	for (size_t i = 0; i < n; i++) {
		struct strbuf *out = next(row);
		if (out)
			strbuf_addf(out, "%s%s%s", before, texts[i], strcmp(texts[i], "/") == 0 && *after == '/' ? after + 1 : after);
	}
}

static void begin(struct strbuf *out, const char *title)
{
	strbuf_adds(out, "; ");
	strbuf_adds(out, title);
}

/* ---- event types and what they did ---- */

static void print_types(const struct sensor_filter_term *t, struct strbuf *out)
{
	struct row row = { out, 0, TYPES_SHOWN_MAX };

	for (unsigned type = 1; type < MODEL_EVT_MAX; type++) {
		struct strbuf *to = model_event_set_has(&t->types, type) ? next(&row) : NULL;
		if (to)
			strbuf_adds(to, model_event(type)->name);
	}
	end(&row);
}

static enum sensor_filter_class class_of(const struct sensor_filter_term *t)
{
	for (unsigned type = 1; type < MODEL_EVT_MAX; type++)
		if (model_event_set_has(&t->types, type))
			return sensor_filter_class_of(type);
	return FILTER_ALWAYS;
}

static bool has_bit(const uint64_t *words, unsigned i)
{
	return words[i / 64] >> (i % 64) & 1;
}

static unsigned n_bits(const uint64_t *words, size_t n)
{
	unsigned sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (unsigned)__builtin_popcountll(words[i]);
	return sum;
}

/* What all kinds that satisfy have in common; they may be fewer. */
static void print_open_kinds(const struct sensor_filter_term *t, struct strbuf *out)
{
	static const struct { const char *words; uint8_t modes, mask, value; } common[] = {
		{ "for reading", 5, 0, 0 }, { "for writing", 6, 0, 0 }, { "not for writing", 9, 0, 0 },
		{ "with O_CREAT", 15, FILTER_KIND_CREAT, FILTER_KIND_CREAT }, { "without O_CREAT", 15, FILTER_KIND_CREAT, 0 },
		{ "with O_TRUNC", 15, FILTER_KIND_TRUNC, FILTER_KIND_TRUNC }, { "without O_TRUNC", 15, FILTER_KIND_TRUNC, 0 },
		{ "with O_APPEND", 15, FILTER_KIND_APPEND, FILTER_KIND_APPEND }, { "without O_APPEND", 15, FILTER_KIND_APPEND, 0 },
		{ "with O_DIRECTORY", 15, FILTER_KIND_DIRECTORY, FILTER_KIND_DIRECTORY },
		{ "without O_DIRECTORY", 15, FILTER_KIND_DIRECTORY, 0 },
		{ "that made the file", 15, FILTER_KIND_CREATED, FILTER_KIND_CREATED },
		{ "of a file that was there", 15, FILTER_KIND_CREATED, 0 },
	};
	uint64_t left[DEMAND_KIND_WORDS] = { UINT64_MAX, UINT64_MAX };

	for (size_t c = 0; c < ARRAY_LEN(common); c++) {
		uint64_t with[DEMAND_KIND_WORDS] = { 0 };

		for (unsigned k = 0; k < FILTER_KINDS; k++)
			if (common[c].modes >> (k & 3) & 1 && (k & common[c].mask) == common[c].value)
				with[k / 64] |= UINT64_C(1) << (k % 64);
		if ((t->kinds[0] & ~with[0]) || (t->kinds[1] & ~with[1]) || !((left[0] & ~with[0]) || (left[1] & ~with[1])))
			continue;
		strbuf_addf(out, " %s", common[c].words);
		left[0] &= with[0];
		left[1] &= with[1];
	}
	if (memcmp(left, t->kinds, sizeof(left)) != 0)
		strbuf_addf(out, " (%u of %d kinds of flags)", n_bits(t->kinds, DEMAND_KIND_WORDS), FILTER_KINDS);
}

static void print_net_kinds(const struct sensor_filter_term *t, struct strbuf *out)
{
	static const char *const families[] = { "ipv4", "ipv6", "unix", "other families" };
	static const char *const protocols[] = { "tcp", "udp", "icmp", "other" };
	struct row row = { out, 0, 16 };

	begin(out, "sockets of ");
	for (unsigned family = FILTER_IPV4; family <= FILTER_OTHER_FAMILY; family++) {
		unsigned of_family = 0;

		for (unsigned l4 = FILTER_TCP; l4 <= FILTER_OTHER_L4; l4++)
			of_family |= (unsigned)has_bit(t->kinds, family | l4 << 2) << l4;
		if (!of_family)
			continue;
		strbuf_adds(next(&row), families[family]);
		for (unsigned l4 = FILTER_TCP; family <= FILTER_IPV6 && of_family != 15 && l4 <= FILTER_OTHER_L4; l4++)
			if (of_family >> l4 & 1)
				strbuf_addf(out, " %s", protocols[l4]);
	}
	if (!row.n)
		strbuf_adds(out, "no family: what is no socket");
}

static void print_results(const struct sensor_filter_term *t, struct strbuf *out)
{
	unsigned n = n_bits(t->results, DEMAND_RESULT_WORDS);
	bool success = has_bit(t->results, 0), few = n <= FILTER_RESULTS / 2;
	struct row row = { out, 0, SHOWN_MAX };

	if (n == 0)
		return;
	if (success && n == 1) {
		strbuf_adds(out, " that succeed");
		return;
	}
	if (!success && n == FILTER_RESULTS - 1) {
		strbuf_adds(out, " that fail");
		return;
	}
	strbuf_adds(out, few ? " with result " : " with any result but ");
	for (unsigned i = 0; i < FILTER_RESULTS; i++) {
		const char *name = i == 0 ? "SUCCESS" : strerrorname_np((int)i);
		struct strbuf *to = has_bit(t->results, i) == few ? next(&row) : NULL;
		if (to)
			strbuf_adds(to, name ? name : "UNKNOWN");
	}
	end(&row);
}

static void print_bits(const char *const *words, unsigned n, unsigned bits, struct strbuf *out)
{
	bool any = false;

	for (unsigned i = 0; i < n; i++) {
		if (!(bits >> i & 1) || !words[i])
			continue;
		begin(out, any ? "or " : "");
		strbuf_adds(out, words[i]);
		any = true;
	}
}

/* ---- sets ---- */

static void print_list(const char *title, bool none_of, const char *const *texts, size_t n, struct strbuf *out)
{
	struct row row = { out, 0, SHOWN_MAX };

	if (!n)
		return;
	begin(out, title);
	strbuf_adds(out, none_of ? " not in (" : " in (");
	add_texts(&row, "", texts, n, "");
	end(&row);
	strbuf_addc(out, ')');
}

static void print_numbers(const char *title, const struct sensor_filter_numbers *numbers, bool or_none, struct strbuf *out)
{
	struct row row = { out, 0, SHOWN_MAX };

	if (!numbers->n)
		return;
	begin(out, title);
	strbuf_adds(out, numbers->none_of ? " not in (" : " in (");
	for (size_t i = 0; i < numbers->n; i++) {
		struct strbuf *to = next(&row);
		if (to)
			strbuf_addf(to, "%u", numbers->numbers[i]);
	}
	end(&row);
	strbuf_adds(out, or_none ? ") or none" : ")");
}

static void print_nets(const char *title, const struct sensor_filter_nets *nets, struct strbuf *out)
{
	struct row row = { out, 0, SHOWN_MAX };
	char text[INET6_ADDRSTRLEN];

	if (!nets->n)
		return;
	begin(out, title);
	strbuf_adds(out, nets->none_of ? " not in (" : " in (");
	for (size_t i = 0; i < nets->n; i++) {
		const struct sensor_filter_net *net = &nets->nets[i];
		struct strbuf *to = next(&row);
		if (to && inet_ntop(net->family == 6 ? AF_INET6 : AF_INET, net->bytes, text, sizeof(text)))
			strbuf_addf(to, "%s/%u", text, net->bits);
	}
	end(&row);
	strbuf_adds(out, nets->or_none ? ") or none" : ")");
}

static void print_paths(const char *title, const struct sensor_filter_paths *p, struct strbuf *out)
{
	struct row row = { out, 0, SHOWN_MAX };

	if (!p->n_exact && !p->n_in && !p->n_below && !p->n_prefixes)
		return;
	begin(out, title);
	add_texts(&row, "", p->exact, p->n_exact, "");
	add_texts(&row, "directly in ", p->in, p->n_in, "/");
	add_texts(&row, "below ", p->below, p->n_below, "/");
	add_texts(&row, "starting with ", p->prefixes, p->n_prefixes, "");
	end(&row);
}

static void print_names(const struct sensor_filter_term *t, struct strbuf *out)
{
	struct row row = { out, 0, SHOWN_MAX };

	if (t->n_names || t->n_suffixes) {
		begin(out, "named ");
		add_texts(&row, "", t->names, t->n_names, "");
		add_texts(&row, "*", t->suffixes, t->n_suffixes, "");
		end(&row);
	}
	print_list("under a directory named", false, t->parts, t->n_parts, out);
	if (t->n_needles) {
		begin(out, "with a name in the path like ");
		row = (struct row){ out, 0, SHOWN_MAX };
		add_texts(&row, "*", t->needles, t->n_needles, "*");
		end(&row);
	}
	if (t->texts & FILTER_TEXT_DOTS)
		begin(out, "\"..\" in the path as given");
	if (t->texts & FILTER_TEXT_PROC)
		begin(out, "given as /proc/...");
}

void detect_demand_print(const struct sensor_filter_term *t, struct strbuf *out)
{
	static const char *const fd_types[] = { "of a file", "of a directory", "of neither file nor directory", "of a block device",
						"of a character device", "of a named pipe" };
	static const char *const wheres[] = { NULL, "on the host", "in a container", "in a container whose root is at an unusual place" };
	enum sensor_filter_class class = class_of(t);

	print_types(t, out);
	if (class == FILTER_OPEN && n_bits(t->kinds, DEMAND_KIND_WORDS))
		print_open_kinds(t, out);
	print_results(t, out);
	if (class == FILTER_NET && n_bits(t->kinds, DEMAND_KIND_WORDS))
		print_net_kinds(t, out);
	/* Devices and pipes are files too, as rules see it. */
	print_bits(fd_types, (t->fd_types & DEMAND_FILES) == DEMAND_FILES ? FILTER_FD_BLOCK : ARRAY_LEN(fd_types), t->fd_types, out);
	print_paths("", &t->paths, out);
	print_names(t, out);
	print_numbers("remote port", &t->ports[FILTER_REMOTE], t->port_or_none[FILTER_REMOTE], out);
	print_numbers("local port", &t->ports[FILTER_LOCAL], t->port_or_none[FILTER_LOCAL], out);
	print_nets("remote address", &t->nets[FILTER_REMOTE], out);
	print_nets("local address", &t->nets[FILTER_LOCAL], out);
	print_bits(wheres, t->wheres & 1 << FILTER_WHERE_CONTAINER ? FILTER_WHERE_ELSEWHERE : FILTER_WHERES, t->wheres, out);
	print_list("comm", t->comms.none_of, t->comms.texts, t->comms.n, out);
	print_numbers("uid", &t->euids, false, out);
	print_paths("executable ", &t->exe, out);
}
