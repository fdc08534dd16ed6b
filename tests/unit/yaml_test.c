/* SPDX-License-Identifier: Apache-2.0 */
#include "base/yaml.h"
#include "base/strbuf.h"
#include "tap.h"

#include <errno.h>

static struct arena arena;
static struct err err;

static struct yaml_file *parse_bytes(const char *text, size_t len)
{
	struct yaml_file *file = NULL;

	arena_done(&arena);
	arena_init(&arena, 64 << 20);
	err = ERR_INIT;
	return yaml_parse(&arena, text, len, "t.yaml", &file, &err) < 0 ? NULL : file;
}

static struct yaml_file *parse(const char *text)
{
	return parse_bytes(text, strlen(text));
}

static struct yaml_node *doc(const char *text)
{
	struct yaml_file *file = parse(text);

	return file && file->n_docs ? file->docs[0] : NULL;
}

TEST(every_node_and_key_knows_its_line_and_column)
{
	struct yaml_node *d = doc("- a: 1\n  bb:\n    - x\n    - {k: v}\n");
	const struct yaml_pair *bb;

	if (!CHECK(d && d->kind == YAML_SEQUENCE && d->n == 1))
		return;
	bb = yaml_pair(d->items[0], "bb");
	CHECK_INT(bb->key->line, 2);
	CHECK_INT(bb->key->column, 3);
	CHECK_INT(bb->value->items[1]->line, 4);
	CHECK_INT(bb->value->items[1]->column, 7);
	CHECK_INT(yaml_get(bb->value->items[1], "k")->column, 11);
}

TEST(columns_count_characters_not_bytes)
{
	struct yaml_node *d = doc("{\xc3\xa4\xc3\xb6: x, b: y}");

	CHECK_INT(yaml_pair(d, "b")->key->column, 9);
}

TEST(plain_and_quoted_scalars_are_told_apart)
{
	struct yaml_node *d = doc("[yes, 'yes', \"yes\", 012]");
	bool b;
	int64_t n;

	CHECK_STR(yaml_text(d->items[0]), "yes");
	CHECK(!yaml_bool(d->items[0], &b));
	CHECK_INT(d->items[0]->style, YAML_PLAIN);
	CHECK_INT(d->items[1]->style, YAML_SINGLE_QUOTED);
	CHECK_INT(d->items[2]->style, YAML_DOUBLE_QUOTED);
	CHECK(yaml_int(d->items[3], &n) && n == 12);
}

TEST(core_schema_reads_booleans_numbers_and_nulls_only_when_plain)
{
	struct yaml_node *d = doc("[true, FALSE, 'true', -5, 0x1F, 0o17, 1.5, '1', ~, null, , '', 99999999999999999999, 0x-1, ' 1']");
	bool b = false;
	int64_t n = 0;

	CHECK(!d);   /* an empty entry in a flow sequence is not YAML */
	d = doc("[true, FALSE, 'true', -5, 0x1F, 0o17, 1.5, '1', ~, null, Null, '', 99999999999999999999, 0x-1, +3, 0x0x1]");
	CHECK(yaml_bool(d->items[0], &b) && b);
	CHECK(yaml_bool(d->items[1], &b) && !b);
	CHECK(!yaml_bool(d->items[2], &b));
	CHECK(yaml_int(d->items[3], &n) && n == -5);
	CHECK(yaml_int(d->items[4], &n) && n == 31);
	CHECK(yaml_int(d->items[5], &n) && n == 15);
	CHECK(!yaml_int(d->items[6], &n));
	CHECK(!yaml_int(d->items[7], &n));
	for (int i = 8; i < 11; i++)
		CHECK(yaml_is_null(d->items[i]));
	CHECK(!yaml_is_null(d->items[11]));
	CHECK(!yaml_int(d->items[12], &n));
	CHECK(!yaml_int(d->items[13], &n));
	CHECK(yaml_int(d->items[14], &n) && n == 3);
	CHECK(!yaml_int(d->items[15], &n));
}

TEST(many_documents_are_kept_apart_and_empty_ones_are_null)
{
	struct yaml_file *f = parse("a: 1\n---\n---\n- b\n");

	if (!CHECK(f && f->n_docs == 3))
		return;
	CHECK_INT(f->docs[0]->kind, YAML_MAPPING);
	CHECK(yaml_is_null(f->docs[1]));
	CHECK_INT(f->docs[2]->line, 4);
	CHECK_INT(parse("")->n_docs, 0);
	CHECK_INT(parse("# only a comment\n")->n_docs, 0);
}

TEST(the_first_of_two_equal_keys_counts)
{
	CHECK_STR(yaml_text(yaml_get(doc("a: 1\na: 2\n"), "a")), "1");
}

TEST(an_alias_is_the_node_it_names)
{
	struct yaml_node *d = doc("- &x {k: v}\n- *x\n");

	CHECK(d->items[0] == d->items[1]);
}

TEST(an_alias_inside_of_what_it_names_is_refused)
{
	CHECK(!doc("&a [1, *a]"));
	CHECK_INT(err.code, -EBADMSG);
	CHECK_INT(err.column, 8);
	CHECK(!doc("[*nothing]"));
	CHECK(strstr(err.text, "&nothing"));
}

TEST(anchors_end_with_their_document)
{
	CHECK(!parse("- &x 1\n---\n- *x\n"));
	CHECK_INT(err.line, 3);
}

TEST(a_merge_key_adds_what_the_mapping_does_not_have)
{
	struct yaml_node *d = doc("- &base {a: 1, b: 2}\n- &more {c: 3}\n- {<<: [*base, *more], b: own}\n- {'<<': *base}\n");

	CHECK_STR(yaml_text(yaml_get(d->items[2], "a")), "1");
	CHECK_STR(yaml_text(yaml_get(d->items[2], "b")), "own");
	CHECK_STR(yaml_text(yaml_get(d->items[2], "c")), "3");
	CHECK(!yaml_get(d->items[2], "<<"));
	CHECK(yaml_get(d->items[3], "<<"));
	CHECK(!doc("<<: 5"));
	CHECK(!doc("<<: [5]"));
}

TEST(aliases_that_blow_up_are_refused)
{
	struct strbuf sb;

	strbuf_init(&sb, 1 << 16);
	strbuf_adds(&sb, "- &a0 [x,x,x,x,x,x,x,x,x,x]\n");
	for (int i = 1; i < 12; i++) {
		strbuf_addf(&sb, "- &a%d [", i);
		for (int k = 0; k < 10; k++)
			strbuf_addf(&sb, "%s*a%d", k ? "," : "", i - 1);
		strbuf_adds(&sb, "]\n");
	}
	CHECK(!parse(sb.text));
	CHECK_INT(err.code, -E2BIG);
	strbuf_reset(&sb);
	strbuf_adds(&sb, "- &a0 {k0: v, k1: v, k2: v, k3: v, k4: v, k5: v, k6: v, k7: v, k8: v, k9: v}\n");
	for (int i = 1; i < 12; i++) {
		strbuf_addf(&sb, "- &a%d {<<: [", i);
		for (int k = 0; k < 10; k++)
			strbuf_addf(&sb, "%s*a%d", k ? "," : "", i - 1);
		strbuf_adds(&sb, "]}\n");
	}
	CHECK(!parse(sb.text));
	CHECK_INT(err.code, -E2BIG);
	strbuf_done(&sb);
}

TEST(nesting_has_a_limit)
{
	char deep[YAML_DEPTH_MAX + 20];

	memset(deep, '[', sizeof(deep));
	CHECK(!parse_bytes(deep, sizeof(deep)));
	CHECK_INT(err.code, -E2BIG);
	memset(deep, '[', YAML_DEPTH_MAX - 1);
	CHECK(!parse_bytes(deep, YAML_DEPTH_MAX - 1));
	CHECK_INT(err.code, -EBADMSG);
}

TEST(nesting_through_aliases_has_the_same_limit)
{
	struct strbuf sb;

	strbuf_init(&sb, 1 << 16);
	strbuf_adds(&sb, "- &a0 [x]\n");
	for (int i = 1; i < YAML_DEPTH_MAX; i++)
		strbuf_addf(&sb, "- &a%d [*a%d]\n", i, i - 1);
	CHECK(!parse(sb.text));
	CHECK_INT(err.code, -E2BIG);
	strbuf_done(&sb);
}

TEST(bytes_and_nodes_and_anchors_have_limits)
{
	char *big = malloc(YAML_BYTES_MAX + 1);

	memset(big, ' ', YAML_BYTES_MAX + 1);
	CHECK(!parse_bytes(big, YAML_BYTES_MAX + 1));
	CHECK_INT(err.code, -E2BIG);
	for (size_t i = 0; i < YAML_NODES_MAX; i++)
		memcpy(big + 2 * i, i ? ",a" : "[a", 2);
	CHECK(!parse_bytes(big, 2 * YAML_NODES_MAX));
	CHECK_INT(err.code, -E2BIG);
	free(big);
	struct strbuf sb;
	strbuf_init(&sb, 1 << 20);
	for (int i = 0; i <= YAML_ANCHORS_MAX; i++)
		strbuf_addf(&sb, "- &a%d x\n", i);
	CHECK(!parse(sb.text));
	CHECK_INT(err.code, -E2BIG);
	strbuf_done(&sb);
}

TEST(the_arena_is_a_limit_too)
{
	struct arena small;
	struct yaml_file *file;

	arena_init(&small, 1000);
	CHECK_INT(yaml_parse(&small, "[a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r]", 37, "t", &file, &err), -E2BIG);
	arena_done(&small);
}

TEST(bad_yaml_gives_line_and_column)
{
	CHECK(!parse("a: 1\nb: [1, 2\nc: 3\n"));
	CHECK_INT(err.code, -EBADMSG);
	CHECK_INT(err.line, 3);
	CHECK_STR(err.input, "t.yaml");
	CHECK(!parse("a: b: c\n"));
	CHECK_INT(err.line, 1);
	CHECK_INT(err.column, 5);
	CHECK(!parse("ok: 1\n\xff\xfe\n"));
	CHECK_INT(err.line, 2);
	CHECK(strstr(err.text, "UTF-8"));
}

/* For every character of the scalar that can be seen: the place found must hold it. */
static void check_places(const char *text, const struct yaml_file *file, const struct yaml_node *scalar)
{
	for (size_t i = 0; i < scalar->len; i++) {
		unsigned line, column;
		size_t len;
		const char *l;

		if (strchr(" \n\t", scalar->text[i]))
			continue;
		yaml_place(file, scalar, i, &line, &column);
		l = yaml_line(file, line, &len);
		CHECK_MSG(column <= len && l[column - 1] == scalar->text[i], "%s: byte %zu '%c' is not at %u:%u",
			  text, i, scalar->text[i], line, column);
	}
}

TEST(a_byte_of_a_scalar_is_found_where_it_was_written)
{
	static const char *const texts[] = {
		"k: plain text\n", "k: plain text\n   over two\n   lines # comment\n", "k: 'it''s q'\n", "k: \"a b\n  c\"\n",
		"k: |\n  one\n    two\n\n  three\n", "k: >\n  one\n  two\n    more\n  three\n\n  four\n",
		"k: >-\n\n    lead\n    trail   \n", "k: |2\n   x\n  y\n", "k: &anchor  !!str |  # c\n  a > b\n",
		"k:\n  - >\n    a and\n    b\n", "k:   \n    later\n",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
		struct yaml_file *f = parse(texts[i]);
		struct yaml_node *v = f ? yaml_get(f->docs[0], "k") : NULL;
		if (!CHECK_MSG(v, "%s: %s", texts[i], err.text))
			continue;
		check_places(texts[i], f, v->kind == YAML_SEQUENCE ? v->items[0] : v);
	}
}

TEST(escapes_in_double_quotes_are_counted_as_written)
{
	struct yaml_file *f = parse("k: \"a\\tb\\x41\\u00e4c\\\\d\\\"e\\\n   f\"\n");
	struct yaml_node *v = yaml_get(f->docs[0], "k");
	unsigned line, column;

	CHECK_STR(v->text, "a\tbA\xc3\xa4" "c\\d\"ef");
	yaml_place(f, v, 3, &line, &column);          /* A: written \x41 */
	CHECK_INT(column, 9);
	yaml_place(f, v, 6, &line, &column);          /* c */
	CHECK_INT(column, 19);
	yaml_place(f, v, 8, &line, &column);          /* d */
	CHECK_INT(column, 22);
	yaml_place(f, v, 11, &line, &column);         /* f */
	CHECK_INT(line, 2);
	CHECK_INT(column, 4);
}

TEST(the_end_of_a_block_scalar_is_behind_its_last_character)
{
	struct yaml_file *f = parse("k: >\n  one\n  two\n\nj: 1\n");
	struct yaml_node *v = yaml_get(f->docs[0], "k");
	unsigned line, column;

	yaml_place(f, v, v->len, &line, &column);
	CHECK_INT(line, 3);
	CHECK_INT(column, 6);
}

TEST(a_byte_order_mark_is_skipped)
{
	struct yaml_file *f = parse("\xef\xbb\xbfkey: val\n");
	unsigned line, column;

	if (!CHECK(f && yaml_get(f->docs[0], "key")))
		return;
	yaml_place(f, yaml_get(f->docs[0], "key"), 1, &line, &column);
	CHECK_INT(line, 1);
	CHECK_INT(column, (int)yaml_get(f->docs[0], "key")->column + 1);
	f = parse("\xef\xbb\xbf- a: 1\n  b: 2\n- c\n");
	if (!CHECK(f && f->docs[0]->n == 2))
		return;
	CHECK_INT(yaml_get(f->docs[0]->items[0], "b")->column, 6);
	CHECK_INT(yaml_get(f->docs[0]->items[0], "a")->column, 6);
}

TEST(tags_are_kept_and_a_tagged_empty_scalar_is_not_null)
{
	struct yaml_node *d = doc("[!!str , !x y]");

	CHECK(!yaml_is_null(d->items[0]));
	CHECK_STR(d->items[1]->tag, "!x");
}

TAP_MAIN()
