/* SPDX-License-Identifier: Apache-2.0 */
/*
 * required_engine_version and required_plugin_versions.
 *
 * Parka speaks the language of Falco's engine 0.62.0. What Falco's container plugin gives is built
 * in, so `container` is satisfied at any version. Any other plugin is a source that parka does not
 * have: noted and counted, and what needs it is skipped later; that is no error.
 */
#include "lang/rules_internal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct version { unsigned long major, minor, patch; };

static const struct version engine_version = { 0, 62, 0 };

static bool read_number(const char **p, unsigned long *ret)
{
	char *end;

	if (**p < '0' || **p > '9')
		return false;
	errno = 0;
	*ret = strtoul(*p, &end, 10);
	*p = end;
	return errno == 0 && *ret <= UINT32_MAX;
}

/* x.y.z, and behind it whatever a pre-release or build adds ("-rc1", "+abc"). */
static bool read_version(const char *text, struct version *ret)
{
	struct version v;

	if (!read_number(&text, &v.major) || *text++ != '.' || !read_number(&text, &v.minor) || *text++ != '.' ||
	    !read_number(&text, &v.patch) || (*text && *text != '-' && *text != '+'))
		return false;
	*ret = v;
	return true;
}

static bool compatible(const struct version *have, const struct version *need)
{
	if (have->major != need->major)
		return false;
	return have->minor != need->minor ? have->minor > need->minor : have->patch >= need->patch;
}

/* N is 0.N.0 */
static bool read_engine_version(const char *text, struct version *ret)
{
	const char *p = text;
	unsigned long n;

	if (!read_number(&p, &n) || *p)
		return read_version(text, ret);
	*ret = (struct version){ 0, n, 0 };
	return true;
}

int rules_collect_engine_version(struct lang_rules *rules, const struct yaml_node *item)
{
	static const char *const known[] = { "required_engine_version", NULL };
	const struct yaml_node *v = yaml_get(item, known[0]);
	struct version need;
	struct rules_piece piece;
	int r;

	rules->item = known[0];
	rules_check_keys(rules, item, known, known[0]);
	r = rules_read_text(rules, item, known[0], RULES_REQUIRED, &piece);
	if (r < 0)
		return r;
	if (!read_engine_version(piece.text, &need))
		return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_YAML_VALIDATE", v,
				       "Unable to parse engine version '%s' as a semver string. Expected \"x.y.z\" semver format, or a number N for 0.N.0.",
				       piece.text);
	if (!compatible(&engine_version, &need))
		return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_VALIDATE", v,
				       "Rules require engine version %lu.%lu.%lu, but engine version is %lu.%lu.%lu", need.major, need.minor,
				       need.patch, engine_version.major, engine_version.minor, engine_version.patch);
	return 0;
}

/* ---- plugins ---- */

struct names { const char *at[64]; size_t n; };

/* One {name, version}; the names of one entry must differ. 1 when parka has it. */
static int read_requirement(struct lang_rules *rules, const struct yaml_node *node, struct names *names)
{
	static const char *const known[] = { "name", "version", "alternatives", NULL };
	struct rules_piece name, version;
	struct version v;
	int r, r2;

	if (node->kind != YAML_MAPPING)
		return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_YAML_VALIDATE", node,
				       names->n ? "Plugin version alternative must be a mapping" : "Plugin version must be a mapping");
	rules_check_keys(rules, node, known, "a plugin requirement");
	r = rules_read_text(rules, node, "name", RULES_REQUIRED, &name);
	r2 = rules_read_text(rules, node, "version", RULES_REQUIRED, &version);
	if (r < 0 || r2 < 0)
		return -EBADMSG;
	if (!read_version(version.text, &v))
		return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_VALIDATE", yaml_get(node, "version"),
				       "Invalid required version '%s' for plugin '%s': expected x.y.z", version.text, name.text);
	for (size_t i = 0; i < names->n; i++)
		if (strcmp(names->at[i], name.text) == 0)
			return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_VALIDATE", yaml_get(node, "name"),
					       "Defined multiple alternative version requirements for plugin '%s'", name.text);
	if (names->n == ARRAY_LEN(names->at))
		return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_VALIDATE", node, "more than %zu alternatives", ARRAY_LEN(names->at));
	names->at[names->n++] = name.text;
	return strcmp(name.text, "container") == 0;
}

static int read_entry(struct lang_rules *rules, const struct yaml_node *entry)
{
	const struct yaml_node *more;
	struct names names = { .n = 0 };
	int satisfied = read_requirement(rules, entry, &names);

	if (satisfied < 0)
		return satisfied;
	more = yaml_get(entry, "alternatives");
	if (more && more->kind != YAML_SEQUENCE)
		return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_YAML_VALIDATE", more,
				       "Value of plugin version alternatives must be a sequence");
	for (size_t i = 0; more && i < more->n; i++) {
		int r = read_requirement(rules, more->items[i], &names);
		if (r < 0)
			return r;
		satisfied |= r;
	}
	if (!satisfied) {
		rules->file_needs_plugin = true;
		map_put(&rules->plugins_missing, names.at[0], strlen(names.at[0]), (void *)names.at[0]);
	}
	return 0;
}

int rules_collect_plugin_versions(struct lang_rules *rules, const struct yaml_node *item)
{
	static const char *const known[] = { "required_plugin_versions", NULL };
	const struct yaml_node *list = yaml_get(item, known[0]);

	rules->item = known[0];
	rules_check_keys(rules, item, known, known[0]);
	if (list->kind != YAML_SEQUENCE)
		return rules_diag_node(rules, LANG_DIAG_ERROR, "LOAD_ERR_YAML_VALIDATE", list,
				       "Value of required_plugin_versions must be a sequence");
	for (size_t i = 0; i < list->n; i++)
		read_entry(rules, list->items[i]);
	return 0;
}
