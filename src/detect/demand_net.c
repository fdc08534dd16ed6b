/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses and ports. Which end a field names follows from the event's type (sensor/fields_net.c). Fields of both ends ask each
 * end that there is: one must fit, but with `!=` all must.
 */
#include "detect/demand_internal.h"

#include <string.h>

enum ends { END_LOCAL, END_REMOTE, END_BOTH, END_NONE };

static enum ends ends_of(enum demand_role role, enum model_field_id id)
{
	bool is_server = role != DEMAND_ROLE_CLIENT;
	enum ends end;

	switch (id) {
	case MODEL_F_FD_IP: case MODEL_F_FD_NET: case MODEL_F_FD_PORT: end = END_BOTH; break;
	case MODEL_F_FD_LIP: case MODEL_F_FD_LNET: case MODEL_F_FD_LPORT: end = END_LOCAL; break;
	case MODEL_F_FD_RIP: case MODEL_F_FD_RNET: case MODEL_F_FD_RPORT: end = END_REMOTE; break;
	case MODEL_F_FD_CIP: case MODEL_F_FD_CNET: case MODEL_F_FD_CPORT: end = is_server ? END_REMOTE : END_LOCAL; break;
	default: end = is_server ? END_LOCAL : END_REMOTE; break;
	}
	if (role == DEMAND_ROLE_LISTENER && end == END_REMOTE)
		return END_NONE;
	return role == DEMAND_ROLE_LISTENER && end == END_BOTH ? END_LOCAL : end;
}

/* ---- literals ---- */

static bool parse_net(const struct lang_text *text, struct sensor_filter_net *ret)
{
	const char *slash = memchr(text->text, '/', text->len);
	size_t len = slash ? (size_t)(slash - text->text) : text->len;
	struct model_ip ip = { 0 };
	uint64_t bits;

	if (!model_ip_parse(text->text, len, &ip))
		return false;
	bits = ip.family == 6 ? 128 : 32;
	if (slash) {
		struct lang_text tail = { .text = slash + 1, .len = text->len - len - 1 };
		uint64_t written;
		if (!demand_parse_number(&tail, &written) || written > bits)
			return false;
		bits = written;
	}
	*ret = (struct sensor_filter_net){ .family = ip.family, .bits = (uint8_t)bits };
	for (unsigned i = 0; i < 16; i++) {
		unsigned left = bits > 8 * i ? (unsigned)bits - 8 * i : 0;
		ret->bytes[i] = left >= 8 ? ip.bytes[i] : ip.bytes[i] & (uint8_t)(0xff00 >> left);
	}
	return true;
}

/* The networks for which a check of one address (or its negation) holds. */
static bool nets_of(struct demand_maker *maker, const struct lang_node *check, bool negated, struct demand_nets *ret)
{
	const struct lang_text *literals;
	struct lang_text name;
	size_t n = demand_literals(check, &literals, &name);
	bool is_ne = check->op == LANG_OP_NE;
	struct sensor_filter_net *nets;

	if (!demand_is_comparison(check) || !n ||
	    (check->quantifier != LANG_ONE_VALUE && check->quantifier != (is_ne ? LANG_ALLOF : LANG_ANYOF)))
		return false;
	nets = arena_alloc(&maker->arena, n * sizeof(*nets));
	for (size_t i = 0; i < n; i++)
		if (!parse_net(&literals[i], &nets[i]))
			return false;
	*ret = (struct demand_nets){ nets, n, true, is_ne != negated, false };
	return true;
}

/* ---- cubes ---- */

struct value {
	bool is_port;
	struct demand_set ports;
	struct demand_nets nets;
};

/* False when no value fits at all. */
static bool put(struct demand_cube *cube, const struct value *v, enum ends end, bool or_none)
{
	enum filter_end e = end == END_LOCAL ? FILTER_LOCAL : FILTER_REMOTE;

	if (v->is_port) {
		if (v->ports.is_set && !v->ports.none_of && !v->ports.n)
			return or_none;          /* no value, or none that fits: left open */
		cube->port[e] = v->ports;
		cube->port[e].or_none = v->ports.is_set && or_none;
	} else {
		cube->net[e] = v->nets;
		cube->net[e].or_none = or_none;
	}
	return true;
}

static void add_one(struct demand_maker *maker, const struct value *v, enum ends end, bool or_none, struct demand_list *out)
{
	struct demand_cube cube = demand_cube_all(maker->group);

	if (put(&cube, v, end, or_none))
		demand_list_add(maker, out, &cube);
}

static bool value_of(struct demand_maker *maker, const struct lang_node *check, bool negated, struct value *ret)
{
	enum model_type type = model_field(check->left->field.id)->type;

	*ret = (struct value){ .is_port = type == MODEL_TYPE_PORT };
	if (ret->is_port)
		return demand_ask_values(maker, check, DEMAND_REMOTE_PORT, negated, &ret->ports);
	return nets_of(maker, check, negated, &ret->nets);
}

bool demand_check_net(struct demand_maker *maker, const struct lang_node *check, bool negated, struct demand_list *out)
{
	struct demand_cube both = demand_cube_all(maker->group);
	struct value v;
	enum ends end;

	if (check->left->kind != LANG_VALUE_FIELD || check->right || maker->group->role == DEMAND_ROLE_NONE)
		return false;
	end = ends_of(maker->group->role, check->left->field.id);
	if (end == END_NONE) {
		if (negated)
			demand_list_add(maker, out, &both);
		return true;
	}
	if (!value_of(maker, check, negated, &v))
		return false;
	if (end != END_BOTH) {
		add_one(maker, &v, end, negated, out);
	} else if ((check->op == LANG_OP_NE) == negated) {
		/* One end fits, or (negated) there is an end that does not, or none at all. */
		add_one(maker, &v, END_LOCAL, negated, out);
		add_one(maker, &v, END_REMOTE, negated, out);
	} else {
		/* No end that does not fit. At least one that there is: not asked. */
		maker->is_exact = false;
		if (put(&both, &v, END_LOCAL, true) && put(&both, &v, END_REMOTE, true))
			demand_list_add(maker, out, &both);
	}
	return true;
}
