/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_MODEL_JSON_RECORD_H
#define PARKA_MODEL_JSON_RECORD_H
/*
 * Records from JSON: one object, its keys the texts of fields, is one record.
 *
 *     {"evt.type":"openat","fd.name":"/etc/shadow","proc.aname[2]":"sshd","fd.sport":"22"}
 *
 * A missing key or null is an unset field. A value is read as the field's type asks: numbers may be
 * texts, booleans "true", texts may be numbers, addresses are texts; an array is a list, and one value
 * where a list is asked for is a list of one. What cannot be read so is unknown, which a rule takes as
 * unset, and a notice says so. A text ends at its first NUL, bytes do not.
 *
 * What follows from other keys, when there is no key of its own: evt.arg.x from evt.arg[x] and the other
 * way round; proc.aname (and the like, without index) from proc.aname[1], [2], ...; fd.ip, fd.port, fd.net,
 * fd.proto from the client's and server's (else local and remote) end; fd.cnet from fd.cip, and so on.
 *
 * evt.type gives the record its event; a name that is none leaves MODEL_EVT_NONE.
 *
 * Who calls it: cli (rules test, rules eval). Thread: one.
 */
#include "model/record.h"

enum {
	MODEL_JSON_LINE_MAX = 4 * 1024 * 1024,   /* bytes of one object */
	MODEL_JSON_LIST_MAX = 4096,              /* elements of one list; more are cut */
	MODEL_JSON_KEYS_MAX = 100 * 1000,        /* different keys remembered for notices */
	MODEL_JSON_ANCESTORS_MAX = 256,          /* proc.aname[N] */
};

struct model_json_reader;
struct model_json_reader *model_json_reader_new(void);
struct model_json_reader *model_json_reader_free(struct model_json_reader *reader);   /* NULL is fine; returns NULL */

/* Read one object. The record lives in the reader until the next read. `input` and `line` name it in
 * errors: -EBADMSG not an object, with the column; -E2BIG too long. */
int model_json_reader_read(struct model_json_reader *reader, const char *text, size_t len, const char *input,
			   unsigned line, const struct model_record **ret_record, struct err *err);

/* The next thing worth telling a person: a key that is no field, a value of the wrong type; each key once.
 * NULL when there is none. Valid until the next call. */
const char *model_json_reader_notice(struct model_json_reader *reader);

#endif
