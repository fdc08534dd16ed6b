/* SPDX-License-Identifier: Apache-2.0 */
#include "act.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int address_of(const char *ip, const char *port, struct sockaddr_in *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->sin_family = AF_INET;
	ret->sin_port = htons((uint16_t)act_number(port));
	return inet_pton(AF_INET, ip, &ret->sin_addr) == 1 ? 0 : EINVAL;
}

static int listen_on(const char *ip, const char *port, int *ret_fd)
{
	struct sockaddr_in address;
	int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0), r = address_of(ip, port, &address);

	if (fd < 0 || r != 0)
		return r ? r : errno;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(fd, 8) < 0)
		return errno;
	*ret_fd = fd;
	return 0;
}

static int connect_to(const char *ip, const char *port, int *ret_fd)
{
	struct sockaddr_in address;
	int fd = socket(AF_INET, SOCK_STREAM, 0), r = address_of(ip, port, &address);

	if (fd < 0 || r != 0)
		return r ? r : errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return errno;
	*ret_fd = fd;
	return 0;
}

static int act_listen(int n, char **args)
{
	int fd;

	return listen_on(args[0], args[1], &fd);
}

/* Listens at the address itself, so that the connection succeeds in a network namespace with nobody else in it. */
static int act_connect(int n, char **args)
{
	int server, client, r = listen_on(args[0], args[1], &server);

	if (r != 0 && r != EADDRINUSE)
		return r;
	return connect_to(args[0], args[1], &client);
}

/* A shell whose input and output are a connection: the real reverse shell, to itself. */
static int act_reverse_shell(int n, char **args)
{
	int server, client, r = listen_on(args[0], args[1], &server);

	if (r != 0)
		return r;
	r = connect_to(args[0], args[1], &client);
	if (r != 0)
		return r;
	for (int fd = 0; fd < 3; fd++) {
		if (dup2(client, fd) < 0)
			return errno;
	}
	execl("/bin/sh", "sh", "-c", "true", (char *)NULL);
	return errno;
}

/* Connects to a socket by name; @NAME is abstract. Listens there itself when nobody does. */
static int act_unix(int n, char **args)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(args[0]));
	int server = socket(AF_UNIX, SOCK_STREAM, 0), client = socket(AF_UNIX, SOCK_STREAM, 0);

	if (strlen(args[0]) >= sizeof(address.sun_path))
		return ENAMETOOLONG;
	memcpy(address.sun_path, args[0], strlen(args[0]));
	if (address.sun_path[0] == '@')
		address.sun_path[0] = '\0';
	else
		len++;
	if (bind(server, (struct sockaddr *)&address, len) == 0)
		listen(server, 1);
	return connect(client, (struct sockaddr *)&address, len) < 0 ? errno : 0;
}

static int act_socket(int n, char **args)
{
	int fd = socket((int)act_number(args[0]), (int)act_number(args[1]), (int)act_number(args[2]));

	return fd < 0 ? errno : 0;
}

/* Asks the resolver on loopback for a name; nobody need answer. */
static int act_dns(int n, char **args)
{
	unsigned char question[512] = { 0x12, 0x34, 1, 0, 0, 1 };
	struct sockaddr_in address;
	size_t at = 12;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	address_of("127.0.0.1", "53", &address);
	for (const char *label = args[0]; *label && at + 70 < sizeof(question);) {
		size_t len = strcspn(label, ".");

		question[at++] = (unsigned char)len;
		memcpy(question + at, label, len > 63 ? 63 : len);
		at += len;
		label += len + (label[len] == '.');
	}
	at += 2;
	question[at++] = 1;
	question[at++] = 0;
	question[at++] = 1;
	return sendto(fd, question, at, 0, (struct sockaddr *)&address, sizeof(address)) < 0 ? errno : 0;
}

const struct act acts_net[] = {
	{ "listen", "IP PORT", 2, act_listen },
	{ "connect", "IP PORT", 2, act_connect },
	{ "reverse-shell", "IP PORT", 2, act_reverse_shell },
	{ "unix", "PATH|@NAME", 1, act_unix },
	{ "socket", "FAMILY TYPE PROTOCOL", 3, act_socket },
	{ "dns", "NAME", 1, act_dns },
	{ NULL, NULL, 0, NULL },
};
