/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/host/firewall.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { ANSWER_BYTES = 64 * 1024, ANSWERS_MAX = 1000, WAIT_S = 2 };

static uint32_t number_of(const struct nlattr *a)
{
	uint32_t value = 0;

	if (a->nla_len >= NLA_HDRLEN + sizeof(value))
		memcpy(&value, (const char *)a + NLA_HDRLEN, sizeof(value));
	return ntohl(value);
}

/* The attribute of a type among `len` bytes; NULL. */
static const struct nlattr *find(const void *bytes, size_t len, unsigned type)
{
	const char *p = bytes;

	while (len >= NLA_HDRLEN) {
		const struct nlattr *a = (const struct nlattr *)p;
		size_t step = NLA_ALIGN(a->nla_len);

		if (a->nla_len < NLA_HDRLEN || a->nla_len > len)
			return NULL;
		if ((a->nla_type & NLA_TYPE_MASK) == type)
			return a;
		p += step;
		len -= step < len ? step : len;
	}
	return NULL;
}

static void look_at_chain(struct host_chains *c, const struct nfgenmsg *family, const void *bytes, size_t len)
{
	const struct nlattr *hook = find(bytes, len, NFTA_CHAIN_HOOK), *policy = find(bytes, len, NFTA_CHAIN_POLICY), *number;
	const struct nlattr *type = find(bytes, len, NFTA_CHAIN_TYPE);
	bool drops = policy && number_of(policy) == NF_DROP;
	uint32_t at;

	c->n_chains++;
	if (!hook || (family->nfgen_family != NFPROTO_IPV4 && family->nfgen_family != NFPROTO_INET))
		return;
	if (!type || type->nla_len < NLA_HDRLEN + 6 || memcmp((const char *)type + NLA_HDRLEN, "filter", 6) != 0)
		return;
	number = find((const char *)hook + NLA_HDRLEN, hook->nla_len - NLA_HDRLEN, NFTA_HOOK_HOOKNUM);
	at = number ? number_of(number) : UINT32_MAX;
	if (at == NF_INET_LOCAL_IN) {
		c->has_input = true;
		c->drops_input |= drops;
	} else if (at == NF_INET_FORWARD) {
		c->has_forward = true;
		c->drops_forward |= drops;
	}
}

bool host_chains_parse(struct host_chains *chains, const void *bytes, size_t len, int *ret_error)
{
	const char *p = bytes;

	*ret_error = 0;
	while (len >= NLMSG_HDRLEN) {
		const struct nlmsghdr *m = (const struct nlmsghdr *)p;
		size_t step = NLMSG_ALIGN(m->nlmsg_len), body = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg));

		if (m->nlmsg_len < NLMSG_HDRLEN || m->nlmsg_len > len) {
			*ret_error = -EBADMSG;
			return true;
		}
		if (m->nlmsg_type == NLMSG_DONE)
			return true;
		if (m->nlmsg_type == NLMSG_ERROR) {
			*ret_error = m->nlmsg_len >= NLMSG_HDRLEN + sizeof(int) ? *(const int *)(p + NLMSG_HDRLEN) : -EBADMSG;
			return true;
		}
		if (m->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN) && m->nlmsg_len >= body)
			look_at_chain(chains, (const struct nfgenmsg *)(p + NLMSG_HDRLEN), p + body, m->nlmsg_len - body);
		p += step;
		len -= step < len ? step : len;
	}
	return false;
}

static int ask(struct host_chains *chains)
{
	struct { struct nlmsghdr header; struct nfgenmsg body; } question = {
		.header = { .nlmsg_len = sizeof(question), .nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN,
			    .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0 },
	};
	struct timeval wait = { .tv_sec = WAIT_S };
	_cleanup_close_ int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);
	_cleanup_free_ char *answer = mem_alloc(ANSWER_BYTES);
	int error = 0;

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0 || send(fd, &question, sizeof(question), 0) < 0)
		return -errno;
	for (int i = 0; i < ANSWERS_MAX; i++) {
		ssize_t n = recv(fd, answer, ANSWER_BYTES, 0);

		if (n < 0)
			return -errno;
		if (n == 0 || host_chains_parse(chains, answer, (size_t)n, &error))
			return error;
	}
	return -E2BIG;
}

static void set_policies(struct posture_record *r, const struct host_chains *c, const char *said)
{
	posture_said(posture_set_text(r, MODEL_F_FIREWALL_INPUT, c->drops_input ? "drop" : c->has_input ? "accept" : "none"), POSTURE_FROM_KERNEL, said);
	posture_said(posture_set_text(r, MODEL_F_FIREWALL_FORWARD, c->drops_forward ? "drop" : c->has_forward ? "accept" : "none"),
		     POSTURE_FROM_KERNEL, said);
}

static void set_unknown(struct posture_record *r, const char *why)
{
	posture_set_unknown(r, MODEL_F_FIREWALL_INPUT, why);
	posture_set_unknown(r, MODEL_F_FIREWALL_FORWARD, why);
}

static void of_this_machine(struct posture_record *r)
{
	struct host_chains chains = { 0 };
	const char *why, *legacy = host_read(r->set, "/proc/net/ip_tables_names", HOST_FILE_BYTES_MAX, &why);
	int error = ask(&chains);

	if (legacy && strstr(legacy, "filter") && !chains.has_input)
		set_unknown(r, "the rules are iptables' old kind, which only iptables-legacy shows");
	else if (error == -EPERM || error == -EACCES)
		set_unknown(r, "nf_tables answers only root (CAP_NET_ADMIN)");
	else if (error == -EPROTONOSUPPORT || error == -EINVAL || error == -EOPNOTSUPP || error == -EAFNOSUPPORT)
		set_policies(r, &chains, "the kernel has no nf_tables");
	else if (error < 0)
		set_unknown(r, posture_printf(r->set, "ask nf_tables: %s", strerror(-error)));
	else
		set_policies(r, &chains, "nf_tables");
}

/* "DEFAULT_INPUT_POLICY="DROP"" */
static const char *shell_value(struct posture_set *set, const char *file, const char *name)
{
	const char *why, *found = NULL;
	char *text = host_read(set, file, HOST_FILE_BYTES_MAX, &why), *line, *key, *value;
	unsigned number = 0;

	while ((line = host_next_setting(&text, &number)))
		if (host_key_value(line, '=', &key, &value) && strcmp(key, name) == 0) {
			value += *value == '"';
			found = posture_printf(set, "%.*s", (int)strcspn(value, "\""), value);
		}
	return found;
}

static bool chain_drops(const char *text, const char *hook)
{
	const char *at = text ? strstr(text, hook) : NULL;
	const char *end = at ? strchr(at, '}') : NULL, *policy = at ? strstr(at, "policy drop") : NULL;

	return policy && (!end || policy < end);
}

static void of_a_directory(struct posture_record *r)
{
	struct posture_set *set = r->set;
	const char *enabled = shell_value(set, "/etc/ufw/ufw.conf", "ENABLED"), *why;
	struct host_chains c = { 0 };
	char *rules = host_unit_is_enabled(set, "nftables.service") ? host_read(set, "/etc/nftables.conf", HOST_FILE_BYTES_MAX, &why) : NULL;
	const char *policy;

	if (enabled && strcmp(enabled, "yes") == 0) {
		policy = shell_value(set, "/etc/default/ufw", "DEFAULT_INPUT_POLICY");
		c.has_input = c.has_forward = true;
		c.drops_input = policy && strcmp(policy, "ACCEPT") != 0;
		policy = shell_value(set, "/etc/default/ufw", "DEFAULT_FORWARD_POLICY");
		c.drops_forward = policy && strcmp(policy, "ACCEPT") != 0;
	} else if (rules) {
		c.has_input = strstr(rules, "hook input");
		c.has_forward = strstr(rules, "hook forward");
		c.drops_input = chain_drops(rules, "hook input");
		c.drops_forward = chain_drops(rules, "hook forward");
	}
	set_policies(r, &c, enabled ? "/etc/ufw/ufw.conf" : "/etc/nftables.conf");
}

void host_firewall(struct posture_record *r)
{
	static const struct { const char *package, *unit; } tools[] = {
		{ "ufw", "ufw.service" }, { "nftables", "nftables.service" }, { "firewalld", "firewalld.service" },
		{ "iptables-persistent", "netfilter-persistent.service" },
	};
	struct host_list_of_texts enabled = { 0 };

	for (size_t i = 0; i < ARRAY_LEN(tools); i++) {
		bool is_enabled = host_unit_is_enabled(r->set, tools[i].unit) && !host_unit_is_masked(r->set, tools[i].unit);

		/* ufw's unit is enabled by its package, and does nothing without ENABLED=yes. */
		if (is_enabled && strcmp(tools[i].package, "ufw") == 0) {
			const char *on = shell_value(r->set, "/etc/ufw/ufw.conf", "ENABLED");
			is_enabled = on && strcmp(on, "yes") == 0;
		}
		if (is_enabled)
			host_add(r->set, &enabled, tools[i].package);
	}
	host_set_list(r, MODEL_F_FIREWALL_TOOLS, &enabled);
	if (*r->set->root)
		of_a_directory(r);
	else
		of_this_machine(r);
}
