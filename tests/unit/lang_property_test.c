/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What must hold for all conditions, on random ones: the compiled program says what a naive
 * recursive evaluator of the tree says; printing and parsing again gives the same tree; globs are
 * fnmatch(). The seed is fixed: a failure is found again.
 */
#include "lang/condition.h"
#include "lang/glob.h"
#include "lang/index.h"
#include "lang/limits.h"
#include "lang_record.h"
#include "tap.h"

#include <fnmatch.h>
#include <regex.h>

static uint64_t random_state = 88172645463325252u;

static unsigned pick(unsigned n)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 33) % n;
}

#define PICK(array) ((array)[pick(ARRAY_LEN(array))])

/* ---- random conditions ---- */

static const char *const words[] = { "a", "b", "ab", "abc", "bash", "sh", "ABC", "\"a b\"", "\"\"", "/a", "x",
	"abcabcabcd", "cabcabc", "bashabcsh", "abcabcabcabcabcabcabcabcabcABCd" };
static const char *const paths[] = { "/a", "/a/b", "/b", "/a/b/c", "/", "/a*", "/*/b", "/etc", "b", "\"\"", "//a//b/", "/ab/c",
	"/home/a/.ssh/id_rsa", "/home/a", "/home/*/.ssh" };
static const char *const globs[] = { "*", "a*", "*b", "/a/?", "[ab]*", "?", "*b*", "/*/*", "/home/*/.ssh/*", "/a/b*" };
static const char *const regexes[] = { "\"a.*\"", "\".*b\"", "\"(a|b)+\"", "\"/a(/b)?\"", "\"\"", "\".*\"" };
static const char *const numbers[] = { "0", "1", "2", "3", "-1", "0x3", "7" };
static const char *const unsigneds[] = { "0", "1", "2", "3", "1000" };
static const char *const ips[] = { "1.1.1.1", "10.0.0.1", "::1", "fe80::1" };
static const char *const nets[] = { "1.0.0.0/8", "10.0.0.0/24", "::/0", "fe80::/10", "0.0.0.0/0", "1.1.1.1/32" };
static const char *const events[] = { "open", "openat", "execve", "connect", "procexit" };

static const char *const text_fields[] = { "proc.name", "proc.pname", "tolower(proc.name)", "proc.aname", "proc.aname[2]",
	"concat(proc.name, \"b\")", "join(\",\", (proc.name, fd.num))" };
static const char *const text_ops[] = { "=", "!=", "contains ", "icontains ", "startswith ", "endswith " };

static void add_values(struct strbuf *sb, const char *const *pool, unsigned n_pool, unsigned max)
{
	unsigned n = pick(max + 1);

	strbuf_addc(sb, '(');
	for (unsigned i = 0; i < n; i++)
		strbuf_addf(sb, "%s%s", i ? ", " : "", pool[pick(n_pool)]);
	strbuf_addc(sb, ')');
}

static void add_text_check(struct strbuf *sb)
{
	static const char *const quantifiers[] = { "oneof", "anyof", "allof" };
	const char *field = PICK(text_fields);

	switch (pick(8)) {
	case 0:
	case 1:
		strbuf_addf(sb, "%s %s ", field, pick(2) ? "in" : "intersects");
		add_values(sb, words, ARRAY_LEN(words), 4);
		break;
	case 2:
		strbuf_addf(sb, "%s %s%s ", field, PICK(text_ops), PICK(quantifiers));
		add_values(sb, words, ARRAY_LEN(words), 3);
		break;
	case 3:
		strbuf_addf(sb, "proc.name %sval(proc.pname)", PICK(text_ops));
		break;
	case 4:
		strbuf_addf(sb, "%s exists", field);
		break;
	default:
		strbuf_addf(sb, "%s %s%s", field, PICK(text_ops), PICK(words));
	}
}

static void add_path_check(struct strbuf *sb)
{
	switch (pick(5)) {
	case 0:
		strbuf_adds(sb, "fd.name pmatch ");
		add_values(sb, paths, ARRAY_LEN(paths), 3);
		break;
	case 1:
		strbuf_addf(sb, "fd.name %s %s", pick(2) ? "glob" : "iglob", PICK(globs));
		break;
	case 2:
		strbuf_addf(sb, "fd.name regex %s", PICK(regexes));
		break;
	case 3:
		strbuf_addf(sb, "fd.name %s%s", PICK(text_ops), PICK(paths));
		break;
	default:
		strbuf_addf(sb, "basename(fd.name) = %s", PICK(words));
	}
}

static void add_number_check(struct strbuf *sb)
{
	static const char *const ops[] = { "=", "!=", "<", "<=", ">", ">=" };

	switch (pick(6)) {
	case 0:
		strbuf_addf(sb, "user.uid %s ", pick(2) ? "in" : "intersects");
		add_values(sb, unsigneds, ARRAY_LEN(unsigneds), 6);
		break;
	case 1:
		strbuf_addf(sb, "len(proc.name) %s %s", PICK(ops), PICK(unsigneds));
		break;
	case 2:
		strbuf_addf(sb, "evt.is_open_read %s %s", pick(2) ? "=" : "!=", pick(2) ? "true" : "false");
		break;
	case 3:
		strbuf_addf(sb, "fd.port %s %s", PICK(ops), PICK(unsigneds));
		break;
	default:
		strbuf_addf(sb, "fd.num %s %s", PICK(ops), PICK(numbers));
	}
}

static void add_other_check(struct strbuf *sb)
{
	switch (pick(7)) {
	case 0:
		strbuf_addf(sb, "fd.sip %s %s", pick(2) ? "=" : "!=", PICK(ips));
		break;
	case 1:
		strbuf_addf(sb, "fd.ip %s %s", pick(2) ? "=" : "!=", PICK(ips));
		break;
	case 2:
		strbuf_adds(sb, "fd.snet in ");
		add_values(sb, nets, ARRAY_LEN(nets), 3);
		break;
	case 3:
		strbuf_addf(sb, "fd.net %s %s", pick(2) ? "=" : "!=", PICK(nets));
		break;
	case 4:
		strbuf_addf(sb, "container.caps %s ", pick(2) ? "in" : "intersects");
		add_values(sb, words, ARRAY_LEN(words), 4);
		break;
	case 5:
		strbuf_adds(sb, pick(2) ? "evt.type in " : "syscall.type in ");
		add_values(sb, events, ARRAY_LEN(events), 3);
		break;
	default:
		strbuf_addf(sb, "%s %s %s", pick(2) ? "evt.type" : "syscall.type", pick(3) ? "=" : "!=", PICK(events));
	}
}

static void add_condition(struct strbuf *sb, unsigned depth)
{
	unsigned n = 2 + pick(3), kind = depth ? pick(6) : 5;

	if (kind < 3) {
		const char *word = kind == 0 ? " or " : " and ";

		strbuf_addc(sb, '(');
		for (unsigned i = 0; i < n; i++) {
			if (i)
				strbuf_adds(sb, word);
			add_condition(sb, depth - 1);
		}
		strbuf_addc(sb, ')');
	} else if (kind == 3) {
		strbuf_adds(sb, "not ");
		add_condition(sb, depth - 1);
	} else {
		static void (*const checks[])(struct strbuf *) = { add_text_check, add_text_check, add_path_check,
								   add_number_check, add_other_check };
		PICK(checks)(sb);
	}
}

/* ---- random records ---- */

static const char *unquoted(const char *word)
{
	static char text[64];
	size_t len = strlen(word);

	if (word[0] != '"')
		return word;
	memcpy(text, word + 1, len - 2);
	text[len - 2] = '\0';
	return text;
}

static void set_field(struct test_record *r, const char *name, const char *text)
{
	if (pick(12) == 0)
		text = "?";
	if (pick(5))
		test_record_add(r, name, strlen(name), text, strlen(text));
}

static const char *text_list(char buffer[256], const char *const *pool, unsigned n_pool)
{
	unsigned n = pick(4);
	size_t at = 0;

	for (unsigned i = 0; i < n; i++)
		at += (size_t)snprintf(buffer + at, 256 - at, "%s%s", i ? "," : "", unquoted(pool[pick(n_pool)]));
	return n ? buffer : "-";
}

static void random_record(struct test_record *r)
{
	char buffer[256];
	const char *event = PICK(events);

	test_record_set(r, "");
	set_field(r, "proc.name", unquoted(PICK(words)));
	set_field(r, "proc.pname", unquoted(PICK(words)));
	set_field(r, "proc.aname[2]", unquoted(PICK(words)));
	set_field(r, "proc.aname", text_list(buffer, words, ARRAY_LEN(words)));
	set_field(r, "fd.name", unquoted(PICK(paths)));
	set_field(r, "fd.num", PICK(numbers));
	set_field(r, "user.uid", PICK(unsigneds));
	set_field(r, "evt.is_open_read", pick(2) ? "true" : "false");
	set_field(r, "fd.port", text_list(buffer, unsigneds, ARRAY_LEN(unsigneds)));
	set_field(r, "fd.sip", PICK(ips));
	set_field(r, "fd.snet", PICK(ips));
	set_field(r, "fd.ip", text_list(buffer, ips, ARRAY_LEN(ips)));
	set_field(r, "fd.net", text_list(buffer, ips, ARRAY_LEN(ips)));
	set_field(r, "container.caps", text_list(buffer, words, ARRAY_LEN(words)));
	if (pick(8) == 0)
		return;          /* the type is not known */
	test_record_add(r, "evt.type", 8, event, strlen(event));
	if (strcmp(event, "procexit") != 0)
		test_record_add(r, "syscall.type", 12, event, strlen(event));
}

/* ---- the naive evaluator ---- */

struct naive {
	const struct model_record *record;
	struct arena *arena;
	bool unknown_is_unset;
};

struct naive_value {
	int state;
	enum model_type type;
	bool many;
	unsigned flags;
	struct model_value value;
};

static struct naive_value naive_expr(struct naive *e, const struct lang_value_expr *x);

static void naive_print(const struct naive_value *v, struct strbuf *sb)
{
	model_value_print(&v->value, v->type, false, sb);
}

static struct naive_value naive_text(struct naive *e, const char *text)
{
	struct naive_value v = { .state = MODEL_SET, .type = MODEL_TYPE_STRING };

	v.value.text = arena_strdup(e->arena, text);
	v.value.len = strlen(text);
	return v;
}

static struct naive_value naive_join(struct naive *e, const struct lang_value_expr *x, bool concat)
{
	const struct lang_value_expr *list = concat ? x : x->args[1];
	struct naive_value result = naive_text(e, "");
	struct strbuf sb;

	strbuf_init(&sb, 10000);
	for (size_t i = 0; i < list->n_args; i++) {
		struct naive_value v = naive_expr(e, list->args[i]);

		if (v.state == MODEL_UNSET || (v.state == MODEL_UNKNOWN && result.state == MODEL_SET))
			result.state = v.state;
		if (v.state != MODEL_SET)
			continue;
		if (i && !concat)
			strbuf_addc(&sb, ',');
		naive_print(&v, &sb);
	}
	if (result.state == MODEL_SET)
		result = naive_text(e, sb.text);
	strbuf_done(&sb);
	return result;
}

static struct naive_value naive_transformer(struct naive *e, const struct lang_value_expr *x)
{
	struct naive_value v;
	char *text;

	if (x->transformer == LANG_JOIN || x->transformer == LANG_CONCAT)
		return naive_join(e, x, x->transformer == LANG_CONCAT);
	v = naive_expr(e, x->args[0]);
	if (v.state != MODEL_SET)
		return v;
	text = arena_strndup(e->arena, v.value.text, v.value.len);
	if (x->transformer == LANG_LEN)
		return (struct naive_value){ .state = MODEL_SET, .type = MODEL_TYPE_UINT64, .value = { .u64 = strlen(text) } };
	if (x->transformer == LANG_BASENAME)
		return naive_text(e, strrchr(text, '/') ? strrchr(text, '/') + 1 : text);
	for (char *c = text; *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c + 32);
	return naive_text(e, text);
}

static struct naive_value naive_expr(struct naive *e, const struct lang_value_expr *x)
{
	struct naive_value v = { 0 };

	if (x->kind == LANG_VALUE_LITERAL)
		return naive_text(e, x->literal);
	if (x->kind == LANG_VALUE_TRANSFORMER)
		return naive_transformer(e, x);
	v.type = model_field(x->field.id)->type;
	v.flags = model_field(x->field.id)->flags;
	v.many = test_is_many(&x->field);
	v.state = model_record_get(e->record, &x->field, e->arena, &v.value);
	if (v.state == MODEL_UNKNOWN && e->unknown_is_unset)
		v.state = MODEL_UNSET;
	return v;
}

static bool naive_regex(const char *pattern, const char *text)
{
	char anchored[256];
	regex_t re;
	bool match;

	snprintf(anchored, sizeof(anchored), "^(%s)$", pattern);
	if (regcomp(&re, anchored, REG_EXTENDED | REG_NOSUB))
		abort();
	match = regexec(&re, text, 0, NULL, 0) == 0;
	regfree(&re);
	return match;
}

/* Component by component, by hand. */
static bool naive_pmatch(const char *path, const char *text)
{
	char a[64], b[64];

	for (;;) {
		path += strspn(path, "/");
		text += strspn(text, "/");
		if (!*path)
			return true;
		if (!*text)
			return false;
		snprintf(a, sizeof(a), "%.*s", (int)strcspn(path, "/"), path);
		snprintf(b, sizeof(b), "%.*s", (int)strcspn(text, "/"), text);
		if (strpbrk(a, "?*[") ? fnmatch(a, b, 0) != 0 : strcmp(a, b) != 0)
			return false;
		path += strlen(a);
		text += strlen(b);
	}
}

static bool naive_op_text(enum lang_op op, const char *a, const char *b)
{
	switch (op) {
	case LANG_OP_NE: return strcmp(a, b) != 0;
	case LANG_OP_LT: return strcmp(a, b) < 0;
	case LANG_OP_LE: return strcmp(a, b) <= 0;
	case LANG_OP_GT: return strcmp(a, b) > 0;
	case LANG_OP_GE: return strcmp(a, b) >= 0;
	case LANG_OP_CONTAINS: return strstr(a, b) != NULL;
	case LANG_OP_ICONTAINS: return strcasestr(a, b) != NULL;
	case LANG_OP_STARTSWITH: return strncmp(a, b, strlen(b)) == 0;
	case LANG_OP_ENDSWITH: return strlen(a) >= strlen(b) && strcmp(a + strlen(a) - strlen(b), b) == 0;
	case LANG_OP_GLOB: return fnmatch(b, a, 0) == 0;
	case LANG_OP_IGLOB: return fnmatch(b, a, FNM_CASEFOLD) == 0;
	case LANG_OP_REGEX: return naive_regex(b, a);
	case LANG_OP_PMATCH: return naive_pmatch(b, a);
	default: return strcmp(a, b) == 0;
	}
}

static bool naive_op_number(enum lang_op op, long long a, long long b)
{
	switch (op) {
	case LANG_OP_NE: return a != b;
	case LANG_OP_LT: return a < b;
	case LANG_OP_LE: return a <= b;
	case LANG_OP_GT: return a > b;
	case LANG_OP_GE: return a >= b;
	default: return a == b;
	}
}

static bool naive_in_net(const struct model_ip *ip, const char *text)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	struct model_ip net;
	int bits = slash ? atoi(slash + 1) : 128;

	if (!model_ip_parse(text, len, &net) || net.family != ip->family)
		return false;
	for (int i = 0; i < bits && i < (net.family == 4 ? 32 : 128); i++)
		if (((net.bytes[i / 8] ^ ip->bytes[i / 8]) >> (7 - i % 8)) & 1)
			return false;
	return true;
}

/* One value against one literal. */
static bool naive_one(enum lang_op op, enum model_type type, const struct model_value *v, const char *text)
{
	switch (type) {
	case MODEL_TYPE_STRING:
	case MODEL_TYPE_PATH:
		return naive_op_text(op, v->text, text);
	case MODEL_TYPE_BOOL:
		return naive_op_number(op, v->boolean, strcmp(text, "true") == 0);
	case MODEL_TYPE_IP:
	case MODEL_TYPE_NET:
		return naive_in_net(&v->ip, text) == (op != LANG_OP_NE);
	default:
		return naive_op_number(op, v->i64, strtoll(text, NULL, 0));
	}
}

static bool naive_check_one(const struct lang_node *n, enum model_type type, const struct model_value *v)
{
	size_t count = 0;

	for (size_t i = 0; i < n->n_values; i++)
		count += naive_one(n->op, type, v, n->values[i].text);
	if (n->n_values == 0)
		return n->op == LANG_OP_EXISTS;
	if (n->quantifier == LANG_ONEOF)
		return count == 1;
	return n->quantifier == LANG_ALLOF ? count == n->n_values : count > 0;
}

static int naive_check(struct naive *e, const struct lang_node *n)
{
	struct naive_value v = naive_expr(e, n->left), w;
	bool all, any = false, every = true;

	if (n->right) {
		w = naive_expr(e, n->right);
		if (v.state == MODEL_UNSET || w.state == MODEL_UNSET)
			return MODEL_UNSET;
		if (v.state == MODEL_UNKNOWN || w.state == MODEL_UNKNOWN)
			return MODEL_UNKNOWN;
		return naive_op_text(n->op, v.value.text, w.value.text);
	}
	if (v.state != MODEL_SET)
		return v.state;
	if (!v.many)
		return naive_check_one(n, v.type, &v.value);
	for (size_t i = 0; i < v.value.n; i++) {
		bool one = naive_check_one(n, v.type, &v.value.list[i]);
		any |= one;
		every &= one;
	}
	if (v.flags & MODEL_FIELD_LIST)
		return n->op == LANG_OP_EXISTS ? 1 : n->op == LANG_OP_IN ? every : any;
	all = v.flags & MODEL_FIELD_BOTH_ENDS && n->op == LANG_OP_NE;
	return all ? every && v.value.n : any;
}

static int naive_node(struct naive *e, const struct lang_node *n)
{
	bool unknown = false;

	if (n->kind == LANG_NODE_CHECK)
		return naive_check(e, n);
	if (n->kind == LANG_NODE_NOT) {
		int k = naive_node(e, n->children[0]);
		return k == MODEL_UNKNOWN ? k : !k;
	}
	for (size_t i = 0; i < n->n_children; i++) {
		int k = naive_node(e, n->children[i]);

		if (k == MODEL_UNKNOWN)
			unknown = true;
		else if (k == (n->kind == LANG_NODE_OR))
			return k;
	}
	return unknown ? MODEL_UNKNOWN : n->kind == LANG_NODE_AND;
}

/* ---- the properties ---- */

enum { N_PROGRAMS = 800, N_RECORDS = 25, FEW_CONDITIONS = 10, N_CONDITIONS = 130 };

struct round {
	struct arena arena;
	unsigned n;              /* conditions: a few, or more than two words of bits */
	struct lang_node *nodes[N_CONDITIONS];
	char *texts[N_CONDITIONS];
	struct lang_program *program;
	struct lang_scratch *scratch;
};

static bool round_begin(struct round *r)
{
	struct err err = ERR_INIT;

	arena_init(&r->arena, 0);
	r->program = lang_program_new();
	for (unsigned i = 0; i < r->n; i++) {
		struct strbuf sb;

		strbuf_init(&sb, 1 << 20);
		add_condition(&sb, 3);
		r->texts[i] = arena_strdup(&r->arena, sb.text);
		strbuf_done(&sb);
		if (!CHECK_MSG(lang_parse(&r->arena, r->texts[i], strlen(r->texts[i]), 0, &r->nodes[i], &err) == 0 &&
			       lang_program_add(r->program, r->nodes[i], NULL, NULL, NULL, &err) == 0, "%s: %s", r->texts[i], err.text))
			return false;
	}
	if (!CHECK(lang_program_seal(r->program, &err) == 0))
		return false;
	r->scratch = lang_scratch_new(r->program);
	return true;
}

static void check_record(struct round *r, struct test_record *record)
{
	uint32_t indexes[N_CONDITIONS];
	size_t n = lang_program_match(r->program, r->scratch, &record->record, indexes, N_CONDITIONS), at = 0;
	struct arena arena;

	arena_init(&arena, 0);
	for (unsigned i = 0; i < r->n; i++) {
		struct naive as_event = { &record->record, &arena, true }, posture = { &record->record, &arena, false };
		bool matched = at < n && indexes[at] == i;
		int expected = naive_node(&as_event, r->nodes[i]);

		at += matched;
		CHECK_MSG(matched == (expected == MODEL_SET), "match says %d, naive %d: %s", matched, expected, r->texts[i]);
		if (expected == MODEL_SET && record->record.event) {
			struct model_event_set types = lang_event_types(r->nodes[i], NULL);
			CHECK_MSG(model_event_set_has(&types, record->record.event), "event type left out: %s", r->texts[i]);
		}
		lang_scratch_begin(r->scratch, &record->record);
		expected = naive_node(&posture, r->nodes[i]);
		CHECK_MSG(lang_program_eval(r->program, r->scratch, i) == expected, "eval is not %d: %s", expected, r->texts[i]);
	}
	CHECK_MSG(at == n, "matches are not ascending");
	arena_done(&arena);
}

TEST(programs_say_what_the_tree_says_for_200000_random_pairs)
{
	for (unsigned i = 0; i < N_PROGRAMS && !tap_failures_here; i++) {
		struct round r = { .n = i % 40 ? FEW_CONDITIONS : N_CONDITIONS };
		struct test_record record;

		if (round_begin(&r)) {
			for (unsigned k = 0; k < N_RECORDS && !tap_failures_here; k++) {
				random_record(&record);
				check_record(&r, &record);
			}
		}
		lang_scratch_free(r.scratch);
		lang_program_free(r.program);
		arena_done(&r.arena);
	}
}

/* Whether the key holds of the text, by hand. */
static bool naive_key(const struct lang_key *k, const char *text)
{
	char key[32];

	snprintf(key, sizeof(key), "%.*s", (int)k->text.len, k->text.text);
	switch (k->kind) {
	case LANG_KEY_BEGINNING: return naive_op_text(LANG_OP_STARTSWITH, text, key);
	case LANG_KEY_END: return naive_op_text(LANG_OP_ENDSWITH, text, key);
	case LANG_KEY_PART: return naive_op_text(LANG_OP_CONTAINS, text, key);
	case LANG_KEY_IPART: return naive_op_text(LANG_OP_ICONTAINS, text, key);
	case LANG_KEY_PATH: return naive_pmatch(key, text);
	default: return strcmp(text, key) == 0;
	}
}

static void random_text(char *text, unsigned least, unsigned most, const char *letters)
{
	unsigned n = least + pick(most - least + 1);

	for (unsigned i = 0; i < n; i++)
		text[i] = letters[pick((unsigned)strlen(letters))];
	text[n] = '\0';
}

/* Canonical: "/a/ba". */
static void random_path(char *text)
{
	unsigned n = 1 + pick(3), at = 0;

	for (unsigned i = 0; i < n; i++) {
		text[at++] = '/';
		random_text(text + at, 1, 2, "ab");
		at = (unsigned)strlen(text);
	}
}

enum { N_KEYS = 60 };

static void check_index(const struct lang_index *index, const struct lang_key *keys, unsigned n, const char *text)
{
	static const enum model_type type = MODEL_TYPE_STRING;
	uint32_t first[N_KEYS + 1], rules[N_KEYS];
	uint64_t bits[1] = { 0 };
	struct model_value value = { .text = text, .len = strlen(text) };

	for (unsigned i = 0; i <= N_KEYS; i++)
		first[i] = i;
	for (unsigned i = 0; i < N_KEYS; i++)
		rules[i] = i;
	lang_index_find(index, type, &value, &(struct lang_audience){ first, rules, bits });
	for (unsigned i = 0; i < n; i++)
		CHECK_MSG((bool)(bits[0] >> i & 1) == naive_key(&keys[i], text), "kind %u key %.*s text %s", keys[i].kind,
			  (int)keys[i].text.len, keys[i].text.text, text);
}

TEST(indexes_find_the_keys_that_hold)
{
	static const char *const alphabets[] = { "ab", "abAB/", "/ab" };

	for (unsigned i = 0; i < 2000 && !tap_failures_here; i++) {
		struct lang_key keys[N_KEYS], sorted[N_KEYS];
		unsigned n = 1 + pick(N_KEYS), kind = pick(8);
		struct arena arena;
		struct lang_index *index;
		char text[80];

		arena_init(&arena, 0);
		for (unsigned k = 0; k < n; k++) {
			keys[k] = (struct lang_key){ .kind = kind <= LANG_KEY_PATH ? (enum lang_key_kind)kind : (enum lang_key_kind)pick(6), .number = k };
			random_text(text, keys[k].kind == LANG_KEY_PART || keys[k].kind == LANG_KEY_IPART ? 2 : 1, 12, alphabets[pick(3)]);
			if (keys[k].kind == LANG_KEY_PATH)
				random_path(text);
			keys[k].text = (struct lang_bytes){ arena_strdup(&arena, text), strlen(text) };
		}
		memcpy(sorted, keys, sizeof(sorted[0]) * n);
		index = lang_index_new(&arena, sorted, n);
		CHECK(index != NULL);
		for (unsigned k = 0; k < 60 && index; k++) {
			random_text(text, 0, k % 3 ? 12 : 70, alphabets[pick(3)]);
			check_index(index, keys, n, k % 5 ? text : keys[pick(n)].text.text);
		}
		arena_done(&arena);
	}
}

static bool same_expr(const struct lang_value_expr *a, const struct lang_value_expr *b)
{
	if (!a || !b)
		return a == b;
	if (a->kind != b->kind || a->n_args != b->n_args)
		return false;
	if (a->kind == LANG_VALUE_FIELD)
		return a->field.id == b->field.id && strcmp(a->field.text, b->field.text) == 0;
	if (a->kind == LANG_VALUE_LITERAL)
		return a->literal_len == b->literal_len && memcmp(a->literal, b->literal, a->literal_len) == 0;
	if (a->kind == LANG_VALUE_TRANSFORMER && a->transformer != b->transformer)
		return false;
	for (size_t i = 0; i < a->n_args; i++)
		if (!same_expr(a->args[i], b->args[i]))
			return false;
	return true;
}

static bool same_node(const struct lang_node *a, const struct lang_node *b)
{
	if (a->kind != b->kind || a->n_children != b->n_children || a->n_values != b->n_values || a->op != b->op ||
	    a->quantifier != b->quantifier || !same_expr(a->left, b->left) || !same_expr(a->right, b->right))
		return false;
	for (size_t i = 0; i < a->n_values; i++)
		if (a->values[i].len != b->values[i].len || a->values[i].quoted != b->values[i].quoted ||
		    memcmp(a->values[i].text, b->values[i].text, a->values[i].len) != 0)
			return false;
	for (size_t i = 0; i < a->n_children; i++)
		if (!same_node(a->children[i], b->children[i]))
			return false;
	return true;
}

TEST(printing_and_parsing_again_gives_the_same_tree)
{
	for (unsigned i = 0; i < 20000 && !tap_failures_here; i++) {
		struct lang_node *a = NULL, *b = NULL;
		struct strbuf text, printed;
		struct arena arena;

		arena_init(&arena, 0);
		strbuf_init(&text, 1 << 20);
		strbuf_init(&printed, 1 << 20);
		add_condition(&text, 4);
		CHECK(lang_parse(&arena, text.text, text.len, 0, &a, NULL) == 0);
		if (a)
			lang_node_print(a, &printed);
		CHECK_MSG(lang_parse(&arena, printed.text, printed.len, 0, &b, NULL) == 0, "%s", printed.text);
		CHECK_MSG(a && b && same_node(a, b), "'%s' became '%s'", text.text, printed.text);
		strbuf_done(&text);
		strbuf_done(&printed);
		arena_done(&arena);
	}
}

TEST(globs_are_fnmatch)
{
	static const char letters[] = "ab[]!^-:.=\\*?lAz0/", text_letters[] = "abAzl]-[:0/\\.";
	static const char *const parts[] = { "[:alpha:]", "[[:digit:]]", "[[:upper:]x]", "[!a-c]", "[]a]", "[a-", "[[.a.]]",
		"[[=a=]]", "[[:foo:]]", "[z-a]" };

	for (unsigned i = 0; i < 100000 && !tap_failures_here; i++) {
		char pattern[128], text[16];
		unsigned n = pick(9), m = pick(6), at = 0;
		bool fold_case = pick(2);
		struct arena arena;
		struct lang_glob *glob;

		for (unsigned k = 0; k < n; k++) {
			if (pick(12) == 0)
				at += (unsigned)snprintf(pattern + at, 16, "%s", PICK(parts));
			else
				pattern[at++] = letters[pick(sizeof(letters) - 1)];
		}
		pattern[at] = '\0';
		for (unsigned k = 0; k < m; k++)
			text[k] = text_letters[pick(sizeof(text_letters) - 1)];
		text[m] = '\0';
		arena_init(&arena, 0);
		glob = lang_glob_new(&arena, pattern, at, fold_case);
		CHECK_MSG(lang_glob_match(glob, text, m) == (fnmatch(pattern, text, fold_case ? FNM_CASEFOLD : 0) == 0),
			  "pattern %s text %s", pattern, text);
		arena_done(&arena);
	}
}

TEST(a_glob_of_many_stars_stays_quick)
{
	static char pattern[2001], text[100001];
	struct arena arena;

	for (unsigned i = 0; i < 2000; i++)
		pattern[i] = i % 2 ? 'a' : '*';
	memcpy(pattern + 1990, "*b*b*b*b*b", 10);
	memset(text, 'a', 100000);
	arena_init(&arena, 0);
	CHECK(!lang_glob_match(lang_glob_new(&arena, pattern, 2000, false), text, 100000));
	arena_done(&arena);
}

TAP_MAIN()
