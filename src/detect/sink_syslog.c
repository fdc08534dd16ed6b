/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The syslog sink: RFC 5424 messages as datagrams to /dev/log. Facility 10, security messages
 * (RFC 5424 6.2.1); severity is the finding's priority, the two lists being the same.
 */
#include "base/text.h"
#include "detect/worker.h"
#include "detect/detect_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { FACILITY_SECURITY = 10 };

struct syslog_sink {
	struct detect_sink sink;
	struct worker *worker;
	struct detect_line line;
	struct strbuf message;
	enum detect_sink_format format;
	struct sockaddr_un address;
	int fd;                  /* the worker's; -1: not connected */
};

/* RFC 5424 6: HOSTNAME is 1 to 255 printable ASCII characters, or "-". */
static void add_hostname(struct strbuf *out, const char *name)
{
	size_t len = name ? strlen(name) : 0;

	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] > '~')
			len = 0;
	if (len == 0 || len > 255)
		strbuf_addc(out, '-');
	else
		strbuf_add(out, name, len);
}

static void syslog_tell(struct detect_sink *sink, const struct detect_finding *f)
{
	struct syslog_sink *s = container_of(sink, struct syslog_sink, sink);
	size_t len;

	strbuf_reset(&s->message);
	strbuf_addf(&s->message, "<%d>1 ", FACILITY_SECURITY * 8 + (int)f->rule->priority);
	/* TIME-SECFRAC has at most six digits. */
	strbuf_reset(&s->line.text);
	detect_add_iso8601(&s->line.text, f->time_ns);
	strbuf_add(&s->message, s->line.text.text, s->line.text.len - 4);
	strbuf_adds(&s->message, "Z ");
	add_hostname(&s->message, f->hostname);
	strbuf_addf(&s->message, " parka %ld finding - ", (long)getpid());
	detect_line_make(&s->line, f, s->format);
	strbuf_add(&s->message, s->line.text.text, s->line.text.len);
	len = s->message.len;
	if (s->message.truncated)   /* not in the middle of a character */
		while (len > 0 && ((unsigned char)s->message.text[len - 1] & 0xc0) == 0x80)
			len--;
	worker_push(s->worker, s->message.text, len);
}

static int connect_log(struct syslog_sink *s)
{
	struct timeval timeout = { .tv_sec = DETECT_TIMEOUT_MS / 1000 };

	s->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (s->fd < 0)
		return -errno;
	(void)setsockopt(s->fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	if (connect(s->fd, (struct sockaddr *)&s->address, sizeof(s->address)) < 0) {
		int r = -errno;
		fd_close_at(&s->fd);
		s->fd = -1;
		return r;
	}
	return 0;
}

static int syslog_deliver(void *data, const char *bytes, size_t len)
{
	struct syslog_sink *s = data;

	if (s->fd < 0 && connect_log(s) < 0)
		return -EAGAIN;
	if (send(s->fd, bytes, len, MSG_NOSIGNAL) == (ssize_t)len)
		return 0;
	if (errno == EMSGSIZE)
		return -EMSGSIZE;
	/* The daemon was restarted: another socket is at the path now. */
	fd_close_at(&s->fd);
	s->fd = -1;
	return -EAGAIN;
}

static void syslog_finish(struct detect_sink *sink)
{
	struct syslog_sink *s = container_of(sink, struct syslog_sink, sink);

	s->worker = worker_free(s->worker);
}

static void syslog_free(struct detect_sink *sink)
{
	struct syslog_sink *s = container_of(sink, struct syslog_sink, sink);

	fd_close_at(&s->fd);
	detect_line_done(&s->line);
	strbuf_done(&s->message);
	free(s);
}

static const struct detect_sink_ops syslog_ops = { .tell = syslog_tell, .free = syslog_free, .finish = syslog_finish };
static const struct worker_ops syslog_worker = { .deliver = syslog_deliver };

int detect_sink_syslog(const struct detect_sink_spec *spec, struct detect_sink **ret_sink, struct err *err)
{
	const char *path = spec->target[0] ? spec->target : "/dev/log";
	struct syslog_sink *s;

	if (strlen(path) >= sizeof(s->address.sun_path))
		return err_set(err, -EINVAL, "sink %s: the socket's path is too long", spec->spec);
	s = mem_alloc(sizeof(*s));
	s->sink = (struct detect_sink){ .ops = &syslog_ops, .name = "syslog" };
	s->address.sun_family = AF_UNIX;
	memcpy(s->address.sun_path, path, strlen(path));
	s->fd = -1;
	s->format = spec->format == DETECT_FORMAT_DEFAULT ? DETECT_FORMAT_TEXT : spec->format;
	detect_line_init(&s->line);
	strbuf_init(&s->message, DETECT_SYSLOG_MAX);
	s->worker = worker_new(&s->sink, &syslog_worker, s);
	*ret_sink = &s->sink;
	return 0;
}
