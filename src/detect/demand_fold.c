/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which conditions cannot tell repeats of an open apart. The kernel folds opens that are alike in all that its key holds
 * (sensor/bpf/fold.bpf.h); so a condition may ask only for fields that are made of what is in the key, and of nothing that the state may
 * have learned in between (parents, images, names of users, ...). What is not listed differs.
 */
#include "detect/demand_internal.h"

#include <string.h>

static bool is_stable(const struct model_field_ref *field)
{
	switch (field->id) {
	/* The call: type, flags, mode, and that it succeeded. */
	case MODEL_F_EVT_TYPE: case MODEL_F_EVT_TYPE_IS: case MODEL_F_SYSCALL_TYPE: case MODEL_F_EVT_CATEGORY: case MODEL_F_EVT_DIR:
	case MODEL_F_EVT_RES: case MODEL_F_EVT_FAILED: case MODEL_F_EVT_IS_OPEN_READ: case MODEL_F_EVT_IS_OPEN_WRITE:
	case MODEL_F_EVT_IS_OPEN_CREATE: case MODEL_F_EVT_IS_OPEN_EXEC:
	/* The file: its path, the text as given, its type. One with several names is not folded. */
	case MODEL_F_FD_NAME: case MODEL_F_FD_PATH: case MODEL_F_FD_DIRECTORY: case MODEL_F_FD_FILENAME: case MODEL_F_FD_NAMERAW:
	case MODEL_F_FD_TYPE: case MODEL_F_FD_TYPECHAR: case MODEL_F_FD_VIA_MAGIC_LINK: case MODEL_F_FS_PATH_NAME:
	case MODEL_F_FS_PATH_NAMERAW:
	/* The process and what it executes; user and control group. */
	case MODEL_F_PROC_NAME: case MODEL_F_PROC_EXE: case MODEL_F_PROC_EXEPATH: case MODEL_F_PROC_CMDLINE: case MODEL_F_PROC_ARGS:
	case MODEL_F_PROC_PID: case MODEL_F_THREAD_TID: case MODEL_F_USER_UID: case MODEL_F_CONTAINER_ID:
		return true;
	case MODEL_F_EVT_ARG:
		return field->key && strcmp(field->key, "flags") == 0;
	default:
		return false;
	}
}

/* fd.num >= 0, evt.rawres >= 0: true of all opens that are folded, because failed ones are not. */
static bool asks_for_success(const struct lang_node *check)
{
	return check->left->kind == LANG_VALUE_FIELD && check->op == LANG_OP_GE && check->n_values == 1 && check->values[0].len == 1 &&
	       check->values[0].text[0] == '0' &&
	       (check->left->field.id == MODEL_F_FD_NUM || check->left->field.id == MODEL_F_EVT_RAWRES);
}

/* Recursion: as deep as the tree, which has a limit (lang/limits.h). */
static bool is_stable_value(const struct lang_value_expr *value)
{
	if (value->kind == LANG_VALUE_FIELD)
		return is_stable(&value->field);
	for (size_t i = 0; i < value->n_args; i++)
		if (!is_stable_value(value->args[i]))
			return false;
	return true;
}

bool demand_is_foldable(const struct lang_node *tree)
{
	if (tree->kind == LANG_NODE_MACRO)
		return false;
	if (tree->kind == LANG_NODE_CHECK)
		return asks_for_success(tree) || (is_stable_value(tree->left) && (!tree->right || is_stable_value(tree->right)));
	for (size_t i = 0; i < tree->n_children; i++)
		if (!demand_is_foldable(tree->children[i]))
			return false;
	return true;
}
