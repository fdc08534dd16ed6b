/* SPDX-License-Identifier: Apache-2.0 */
/* Facts grow in an arena while state files are read; a packed container is one block of memory that lives on. */
#include "runtime/runtime_internal.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define MEMBER(name) { #name, offsetof(struct runtime_container, name) }

const struct runtime_member runtime_text_members[] = {
	MEMBER(id), MEMBER(name), MEMBER(image), MEMBER(image_id), MEMBER(image_repository), MEMBER(image_tag),
	MEMBER(image_digest), MEMBER(user), MEMBER(cgroup_path), MEMBER(bundle), MEMBER(rootfs), MEMBER(ip),
	MEMBER(healthcheck), MEMBER(liveness_probe), MEMBER(readiness_probe), MEMBER(pod_name), MEMBER(pod_namespace),
	MEMBER(pod_uid), MEMBER(pod_sandbox_id), MEMBER(pod_container_name), MEMBER(runtime_namespace), MEMBER(snapshotter),
	MEMBER(snapshot_key), { NULL, 0 },
};

const struct runtime_member runtime_tristate_members[] = {
	MEMBER(privileged), MEMBER(host_pid), MEMBER(host_network), MEMBER(host_ipc), MEMBER(read_only), { NULL, 0 },
};

const char *runtime_kind_name(enum runtime_kind kind)
{
	static const char *const names[] = { "docker", "containerd", "cri-o", "podman", "oci" };

	return (unsigned)kind < ARRAY_LEN(names) ? names[kind] : "oci";
}

void runtime_facts_init(struct runtime_facts *facts, struct arena *arena)
{
	*facts = (struct runtime_facts){ .arena = arena };
	facts->c.kind = RUNTIME_OCI;
	facts->c.privileged = facts->c.host_pid = facts->c.host_network = facts->c.host_ipc = facts->c.read_only = -1;
}

/* A cut must not leave half a character. */
static size_t cut_len(const char *text, size_t max)
{
	size_t len = strnlen(text, max + 1);

	if (len <= max)
		return len;
	for (len = max; len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80; len--)
		;
	return len;
}

static const char *text_cut(struct runtime_facts *facts, const char *text, size_t max)
{
	return text ? arena_strndup(facts->arena, text, cut_len(text, max)) : NULL;
}

const char *runtime_facts_text(struct runtime_facts *facts, const char *text)
{
	return text_cut(facts, text, LIMIT_RUNTIME_TEXT_BYTES);
}

void runtime_facts_set(struct runtime_facts *facts, const char **member, const char *text)
{
	const char *copy = text && text[0] ? runtime_facts_text(facts, text) : NULL;

	if (copy)
		*member = copy;
}

/* Labels of one kind: how many, and how many bytes they take together. */
struct pairs { struct runtime_pair **list; size_t *n, *bytes; };

static void put_pair(struct runtime_facts *facts, struct pairs at, const char *name, const char *value)
{
	struct runtime_pair *pair = NULL, copy;
	size_t bytes;

	if (!*at.list)
		*at.list = arena_alloc(facts->arena, LIMIT_RUNTIME_LABELS * sizeof(**at.list));
	if (!*at.list)
		return;
	for (size_t i = 0; i < *at.n && !pair; i++)
		if (strcmp((*at.list)[i].name, name) == 0)
			pair = &(*at.list)[i];
	bytes = cut_len(name, LIMIT_RUNTIME_LABEL_BYTES) + cut_len(value, LIMIT_RUNTIME_LABEL_BYTES);
	if ((!pair && *at.n == LIMIT_RUNTIME_LABELS) || *at.bytes + bytes > LIMIT_RUNTIME_LABELS_BYTES) {
		facts->n_problems++;
		return;
	}
	copy = (struct runtime_pair){ text_cut(facts, name, LIMIT_RUNTIME_LABEL_BYTES), text_cut(facts, value, LIMIT_RUNTIME_LABEL_BYTES) };
	if (!copy.name || !copy.value)
		return;
	if (!pair)
		pair = &(*at.list)[(*at.n)++];
	*at.bytes += bytes;
	*pair = copy;
}

void runtime_facts_label(struct runtime_facts *facts, const char *name, const char *value)
{
	put_pair(facts, (struct pairs){ &facts->labels, &facts->c.n_labels, &facts->labels_bytes }, name, value);
	facts->c.labels = facts->labels;
}

void runtime_facts_pod_label(struct runtime_facts *facts, const char *name, const char *value)
{
	put_pair(facts, (struct pairs){ &facts->pod_labels, &facts->c.n_pod_labels, &facts->pod_labels_bytes }, name, value);
	facts->c.pod_labels = facts->pod_labels;
}

void runtime_facts_mount(struct runtime_facts *facts, const struct runtime_mount *mount)
{
	if (!facts->mounts)
		facts->mounts = arena_alloc(facts->arena, LIMIT_RUNTIME_MOUNTS * sizeof(*facts->mounts));
	if (!facts->mounts || facts->c.n_mounts == LIMIT_RUNTIME_MOUNTS) {
		facts->n_problems++;
		return;
	}
	facts->mounts[facts->c.n_mounts++] = (struct runtime_mount){
		.source = text_cut(facts, mount->source, LIMIT_RUNTIME_LABEL_BYTES),
		.dest = text_cut(facts, mount->dest, LIMIT_RUNTIME_LABEL_BYTES),
		.mode = text_cut(facts, mount->mode, 64),
		.propagation = text_cut(facts, mount->propagation, 64),
		.rw = mount->rw,
	};
	facts->c.mounts = facts->mounts;
}

void runtime_facts_security_opt(struct runtime_facts *facts, const char *text)
{
	if (!facts->security_opts)
		facts->security_opts = arena_alloc(facts->arena, LIMIT_RUNTIME_SECURITY_OPTS * sizeof(char *));
	for (size_t i = 0; facts->security_opts && i < facts->c.n_security_opts; i++)
		if (strcmp(facts->security_opts[i], text) == 0)
			return;
	if (!facts->security_opts || facts->c.n_security_opts == LIMIT_RUNTIME_SECURITY_OPTS) {
		facts->n_problems++;
		return;
	}
	facts->security_opts[facts->c.n_security_opts++] = text_cut(facts, text, LIMIT_RUNTIME_LABEL_BYTES);
	facts->c.security_opts = facts->security_opts;
}

void runtime_facts_cgroup_path(struct runtime_facts *facts, const char *path)
{
	if (!path || path[0] != '/' || path[1] == '\0' || strlen(path) >= LIMIT_RUNTIME_CGROUP_BYTES)
		return;
	for (size_t i = 0; i < facts->n_cgroup_paths; i++)
		if (strcmp(facts->cgroup_paths[i], path) == 0)
			return;
	if (facts->n_cgroup_paths < LIMIT_RUNTIME_CGROUP_PATHS)
		facts->cgroup_paths[facts->n_cgroup_paths++] = runtime_facts_text(facts, path);
}

void runtime_facts_kubernetes(struct runtime_facts *facts)
{
	const struct { const char *label; const char **member; } known[] = {
		{ "io.kubernetes.pod.name", &facts->c.pod_name },
		{ "io.kubernetes.pod.namespace", &facts->c.pod_namespace },
		{ "io.kubernetes.pod.uid", &facts->c.pod_uid },
		{ "io.kubernetes.container.name", &facts->c.pod_container_name },
		{ "io.kubernetes.sandbox.id", &facts->c.pod_sandbox_id },
	};

	for (size_t i = 0; i < facts->c.n_labels; i++) {
		for (size_t k = 0; k < ARRAY_LEN(known); k++)
			if (!*known[k].member && strcmp(facts->labels[i].name, known[k].label) == 0)
				runtime_facts_set(facts, known[k].member, facts->labels[i].value);
		if (strcmp(facts->labels[i].name, "io.kubernetes.docker.type") == 0 && strcmp(facts->labels[i].value, "podsandbox") == 0)
			facts->c.is_sandbox = true;
	}
	/* The kubelet switches Docker's checks off; one that an image brings is not run beside probes (Falco: the same order). */
	if (facts->c.liveness_probe || facts->c.readiness_probe)
		facts->c.healthcheck = NULL;
	if (facts->c.pod_container_name && strcmp(facts->c.pod_container_name, "POD") == 0)
		facts->c.is_sandbox = true;
	if (facts->c.is_sandbox && !facts->c.pod_sandbox_id)
		facts->c.pod_sandbox_id = facts->c.id;
}

/* ---- one block ---- */

struct packer { char *at; };

static size_t text_bytes(const char *text)
{
	return text ? strlen(text) + 1 : 0;
}

static const char *pack_text(struct packer *p, const char *text)
{
	char *start = p->at;
	size_t n = text_bytes(text);

	if (!text)
		return NULL;
	memcpy(start, text, n);
	p->at += n;
	return start;
}

static const char **text_member(struct runtime_container *c, const struct runtime_member *m)
{
	return (const char **)(void *)((char *)c + m->offset);
}

static size_t pairs_bytes(const struct runtime_pair *pairs, size_t n_pairs)
{
	size_t n = 0;

	for (size_t i = 0; i < n_pairs; i++)
		n += text_bytes(pairs[i].name) + text_bytes(pairs[i].value);
	return n;
}

static const struct runtime_pair *pack_pairs(struct packer *p, struct runtime_pair *to, const struct runtime_pair *from, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (struct runtime_pair){ pack_text(p, from[i].name), pack_text(p, from[i].value) };
	return n ? to : NULL;
}

static size_t packed_bytes(const struct runtime_container *c)
{
	size_t n = sizeof(*c) + c->n_mounts * sizeof(*c->mounts) + (c->n_labels + c->n_pod_labels) * sizeof(*c->labels) +
		c->n_security_opts * sizeof(*c->security_opts);

	for (const struct runtime_member *m = runtime_text_members; m->name; m++)
		n += text_bytes(*text_member((struct runtime_container *)c, m));
	for (size_t i = 0; i < c->n_mounts; i++)
		n += text_bytes(c->mounts[i].source) + text_bytes(c->mounts[i].dest) + text_bytes(c->mounts[i].mode) +
			text_bytes(c->mounts[i].propagation);
	n += pairs_bytes(c->labels, c->n_labels) + pairs_bytes(c->pod_labels, c->n_pod_labels);
	for (size_t i = 0; i < c->n_security_opts; i++)
		n += text_bytes(c->security_opts[i]);
	return n;
}

struct runtime_container *runtime_container_pack(const struct runtime_container *c)
{
	struct runtime_container *block = mem_alloc(packed_bytes(c));
	struct runtime_mount *mounts = (struct runtime_mount *)(block + 1);
	struct runtime_pair *labels = (struct runtime_pair *)(mounts + c->n_mounts);
	struct runtime_pair *pod_labels = labels + c->n_labels;
	const char **opts = (const char **)(pod_labels + c->n_pod_labels);
	struct packer p = { (char *)(opts + c->n_security_opts) };

	*block = *c;
	for (const struct runtime_member *m = runtime_text_members; m->name; m++)
		*text_member(block, m) = pack_text(&p, *text_member(block, m));
	for (size_t i = 0; i < c->n_mounts; i++)
		mounts[i] = (struct runtime_mount){ pack_text(&p, c->mounts[i].source), pack_text(&p, c->mounts[i].dest),
			pack_text(&p, c->mounts[i].mode), pack_text(&p, c->mounts[i].propagation), c->mounts[i].rw };
	for (size_t i = 0; i < c->n_security_opts; i++)
		opts[i] = pack_text(&p, c->security_opts[i]);
	block->mounts = c->n_mounts ? mounts : NULL;
	block->labels = pack_pairs(&p, labels, c->labels, c->n_labels);
	block->pod_labels = pack_pairs(&p, pod_labels, c->pod_labels, c->n_pod_labels);
	block->security_opts = c->n_security_opts ? opts : NULL;
	return block;
}
