/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_SENSOR_FDTRACK_H
#define PARKA_SENSOR_FDTRACK_H
/*
 * What must be remembered of descriptors: standard input, output and error of each process (from exec and dup events), the peer of
 * an accepted connection (for ssh logins), and the last name asked of DNS by a process and by its container.
 * Everything else of a descriptor comes with the event itself.
 *
 * Names of addresses: the sensor sees questions, not answers, and parka asks no resolver. fd.sip.name of a connect is the name
 * that the process, or else another one of its container, asked for last, within the last minute. Thread: one.
 */
#include "sensor/process.h"

struct sensor_state;

/* The type of the file or socket of an event. */
enum sensor_fd_type sensor_fd_type_of(const struct sensor_wire_view *view);
const char *sensor_fd_type_name(enum sensor_fd_type type);      /* NULL for SENSOR_FD_NONE */
const char *sensor_fd_type_char(enum sensor_fd_type type);
enum sensor_fd_type sensor_fd_type_of_family(unsigned family);

void sensor_fdtrack_exec(struct sensor_state *state, struct sensor_process *process, const struct sensor_wire_view *view);
/* dup*, fcntl, accept, sendto with a DNS question: others are ignored. */
void sensor_fdtrack_update(struct sensor_state *state, struct sensor_process *process, const struct sensor_wire_view *view);

/* The question of a DNS message, over UDP or TCP (with its length in front). `out` is lower case as asked, without the dot at
 * the end. False when it is none. */
bool sensor_dns_question(const void *bytes, size_t len, char *out, size_t size, size_t *ret_len, uint16_t *ret_type);
const char *sensor_dns_type_name(uint16_t type);                /* "A"; NULL when it has no common name */
bool sensor_is_dns(const struct sensor_wire_view *view);

/* An address and port of a SOCKADDR parameter; false for families other than IP. */
struct sensor_endpoint { uint8_t family; uint8_t ip[16]; uint16_t port; };
bool sensor_endpoint_of(const struct sensor_wire_view *view, enum sensor_param id, struct sensor_endpoint *ret);
/* "1.2.3.4:80", "::1:80" as Falco writes it. */
size_t sensor_endpoint_print(const struct sensor_endpoint *endpoint, char *out, size_t size);
/* Path of a unix socket; abstract names begin with '@'. NULL. */
const char *sensor_unix_path(const struct sensor_wire_view *view, enum sensor_param id, struct arena *scratch, size_t *ret_len);

#endif
