/* SPDX-License-Identifier: (BSD-2-Clause OR GPL-2.0-only) */
#ifndef PARKA_SENSOR_BPF_FILTER_BPF_H
#define PARKA_SENSOR_BPF_FILTER_BPF_H
/*
 * The filter asked of kernel objects: may this event satisfy any term? (filter.h)
 *
 * filter_open(), filter_net() and filter_call() are asked before an event is begun, at each exit of a call that is hooked:
 * what they cost is what an event that nobody wants costs. So no helper is called that can be avoided, memory is read by single
 * loads, cheap dimensions come first, and a dimension of which no term that is left demands anything is not asked.
 *
 * There are two sets of tables. Which one is in use is read once per event and handed down: an event is judged by one set.
 * What cannot be known (a path that was cut, an address that only the program's memory tells) satisfies everything.
 */
#include "filter.h"
#include "task.bpf.h"
#include "call.bpf.h"
#include "memo.bpf.h"

enum { FILTER_WHERES_MAX = 4096, FILTER_PROCESSES_MAX = 16384, FILTER_RENAMED_MAX = 8192, RENAMED_MASK = 65535, WALK_MASK = 63, WALK_BYTES = 3500, NAME_MAX = 255, DOTS_BYTES = 256 };
#define S_IFMT 0170000
#define S_IFDIR 0040000

/* Mapped by user space only while it writes: no memory of its own. */
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 2); __uint(map_flags, BPF_F_MMAPABLE); __type(key, __u32); __type(value, struct filter_tables); } filters SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, FILTER_WHERES_MAX); __type(key, __u64); __type(value, __u32); } wheres SEC(".maps");
/* Processes that gave themselves another name since their exec. Rules go by the name that exec or fork gave, which
 * the kernel has no more. `renamed_maybe`: by the low bits of the tgid, so that nobody else pays for the look-up. */
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, FILTER_RENAMED_MAX); __type(key, __u32); __type(value, __u8); } renamed SEC(".maps");
__u8 renamed_maybe[RENAMED_MASK + 1] = {};
struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, FILTER_PROCESSES_MAX); __type(key, __u32); __type(value, struct filter_process); } processes SEC(".maps");

/* Where a path is walked: of this CPU, and one for each of the programs that may have interrupted each other. */
struct walk {
	__u64 users;             /* 0: free */
	__u32 n, bytes;
	__u64 root_mnt, root_dentry; /* where it ended */
	__u64 first_root;        /* of the first process in the pid namespace; 0: not looked at yet */
	__u32 n_first;           /* how many components lie in the file's own mount; ~0 while it is in there */
	__u32 n_fs;              /* how many from the root of the file system */
	__u32 root_at;           /* 1 + how many from the task's or the first process's root (path.bpf.h) when mounts are not looked at; 0: none */
	__u64 rest;              /* the directory from which it is not walked up to the root of the file system */
	__u64 mount;             /* hash of the path of the file's mount; 0: that is deep */
	__u64 from, from_path, from_part;   /* what stands before the components: struct filter_mount */
	__u64 hash[WALK_MASK + 1];   /* of each component, the last one first */
	__u64 word[WALK_MASK + 1];   /* its first 8 bytes; or a text */
	__u64 name[WALK_MASK + 1];   /* where it is, and its length */
	__u8 len[WALK_MASK + 1];
	__u64 exe[FILTER_CLASSES];   /* what an executable with this path may satisfy */
};
struct { __uint(type, BPF_MAP_TYPE_PERCPU_ARRAY); __uint(max_entries, SENSOR_SLOTS); __type(key, __u32); __type(value, struct walk); } walks SEC(".maps");

/* ---- tables, counters, scratch ---- */

static __always_inline struct filter_tables *tables_of(__u32 version)
{
	__u32 at = version & 1;

	return bpf_map_lookup_elem(&filters, &at);
}

static __always_inline __u32 version_now(void)
{
	return *(volatile __u32 *)&control.filter_version;
}

/* The last thing done about an event: 0; or 1 when its thread has other credentials than the ledger has seen of it, so that
 * it is reported all the same. */
static __always_inline int drop(__u32 type)
{
	if (!creds_are_known(AT(task_struct, bpf_get_current_task())))
		return 1;
	count_type(type, COUNT_DROPPED);
	if (control.count_cgroups)
		count_cgroup(cgroup_id_of(AT(task_struct, bpf_get_current_task())), COUNT_DROPPED);
	return 0;
}

static __always_inline struct walk *walk_of(__u32 level)
{
	return bpf_map_lookup_elem(&walks, &level);
}

/* Who adds the first one has the place; who finds that others added too takes his own away again. That needs no compare-and-swap,
 * which programs have since 5.12 only. In the worst case two that come at once both go on to the next place. */
static __always_inline bool walk_try(struct walk *w)
{
	__sync_fetch_and_add(&w->users, 1);
	if (*(volatile __u64 *)&w->users == 1)
		return true;
	__sync_fetch_and_add(&w->users, -1);
	return false;
}

/* Take a scratch place: its level, -1 when all are taken. */
static __always_inline int walk_take(void)
{
	struct walk *w;

#pragma unroll
	for (__u32 level = 0; level < SENSOR_SLOTS; level++) {
		w = walk_of(level);
		if (w && walk_try(w))
			return level;
	}
	return -1;
}

static __always_inline void walk_release(__u32 level)
{
	struct walk *w = walk_of(level);

	if (w)
		__sync_fetch_and_add(&w->users, -1);
}

/* ---- paths ---- */

/* The hash of a component. */
static __always_inline __u64 walk_name_hash(__u64 name, __u32 len)
{
	__u64 h = filter_name_start(len);

	for (__u32 at = 8; at <= NAME_MAX; at += 8) {
		if (at > len)
			break;
		h = filter_mix(h, word_at(name + at - 8));
	}
	if (len & 7)
		h = filter_mix(h, filter_low_bytes(word_at(name + (len & ~7)), len & 7));
	return h;
}

/* Adds the name of `dentry` to the walk; 0: there is no room, or it is too long. On its own, so that the verifier looks at it
 * once and not once per step. */
__noinline int walk_component(__u32 level, __u64 dentry)
{
	__u64 name = WORD(dentry, dentry, d_name.name);
	__u32 len = WORD(dentry, dentry, d_name.len), n;
	struct walk *w = walk_of(level);

	if (!w || len > NAME_MAX)
		return 0;
	n = w->n;
	if (n >= FILTER_COMPONENTS)
		return 0;
	/* Or the compiler leaves out masks and bounds that Linux 5.10 wants to see. */
	asm volatile("" : "+r"(n));
	asm volatile("" : "+r"(len));
	w->hash[n & WALK_MASK] = walk_name_hash(name, len);
	w->word[n & WALK_MASK] = filter_low_bytes(word_at(name), len);
	w->name[n & WALK_MASK] = name;
	w->len[n & WALK_MASK] = len;
	w->n = n + 1;
	w->bytes += len + 1;
	return w->bytes <= WALK_BYTES;
}

/* The components from (vfsmount, dentry) up to the task's root, as walk_up() goes. 0, or -1 when the path in the event would
 * be none that rules can know: cut, detached, outside of the root. */
__noinline int walk_path(__u32 level, __u64 vfsmount, __u64 dentry)
{
	const __u64 in_mount = bpf_core_field_offset(struct mount, mnt);
	__u64 fs = WORD(task_struct, (__u64)bpf_get_current_task(), fs);
	__u64 root_mnt = WORD(fs_struct, fs, root.mnt), root_dentry = WORD(fs_struct, fs, root.dentry);
	__u64 top = WORD(vfsmount, vfsmount, mnt_root), next;
	struct walk *w = walk_of(level);

	if (!w)
		return -1;
	w->n = w->bytes = 0;
	w->root_mnt = root_mnt;
	w->root_dentry = root_dentry;
	w->n_first = ~0U;
	w->rest = top;
	w->from = FILTER_ROOT;
	w->from_path = w->from_part = 0;
	for (int i = 0; i < PATH_STEPS; i++) {
		if (dentry == root_dentry && vfsmount == root_mnt)
			break;
		if (dentry == top) {
			if (w->n_first == ~0U)
				w->n_first = w->n;
			next = WORD(mount, vfsmount - in_mount, mnt_parent);
			if (next == vfsmount - in_mount)
				return -1;
			dentry = WORD(mount, vfsmount - in_mount, mnt_mountpoint);
			vfsmount = next + in_mount;
			top = WORD(vfsmount, vfsmount, mnt_root);
			continue;
		}
		next = WORD(dentry, dentry, d_parent);
		if (next == dentry || !next || !walk_component(level, dentry))
			return -1;
		dentry = next;
	}
	if (dentry != root_dentry || vfsmount != root_mnt)
		return -1;
	if (w->n_first == ~0U) {
		w->n_first = w->n;
		w->rest = root_dentry;
	}
	return 0;
}

/* After walk_path(): the components within the file system in place of those, from where that left the file's mount. -1: too long;
 * 1: what is above is not known. */
__noinline int walk_in_fs(__u32 level, __u64 vfsmount)
{
	__u64 top = WORD(super_block, WORD(vfsmount, vfsmount, mnt_sb), s_root), h = FILTER_ROOT, dentry, first_root, root_dentry, next;
	struct walk *w = walk_of(level);
	__u32 left;

	if (!w)
		return -1;
	root_dentry = w->root_dentry;
	first_root = w->first_root ? w->first_root : walk_first_root();
	left = w->n;
	for (int i = 0; i < FILTER_MOUNT_DEPTH; i++) {
		if (left <= w->n_first)
			break;
		left--;
		h = filter_mix(h, w->hash[left & WALK_MASK]);
	}
	w->mount = left <= w->n_first ? h : 0;
	w->n = w->n_first;
	w->root_at = 0;
	dentry = w->rest;
	for (int i = 0; i < PATH_BIND_STEPS; i++) {
		if (dentry == root_dentry || dentry == first_root)
			w->root_at = w->n + 1;
		w->n_fs = w->n;
		if (dentry == top)
			return 0;
		next = WORD(dentry, dentry, d_parent);
		if (next == dentry || !next)
			return 1;
		if (!walk_component(level, dentry))
			return -1;
		dentry = next;
	}
	return -1;
}

/* Where in the table a part of a file system is: 1 + its index; 0: nowhere. On its own for the verifier's sake. */
__noinline __u32 filter_mount_at(__u32 version, __u32 dev, __u64 root)
{
	struct filter_tables *t = tables_of(version);
	struct filter_mount *at;

	if (!t)
		return 0;
	at = filter_find_mount(t->mounts, filter_mount_key(dev, root));
	return at ? ((__u64)at - (__u64)t->mounts) / sizeof(*at) + 1 : 0;
}

/* The file's name from the root, when mounts are not looked at. 0: it is in the walk; 1: there is none but that of the mounts;
 * -1: it is not known. */
static __always_inline int walk_from_root(struct walk *w)
{
	if (!w->root_at || (w->mount == FILTER_ROOT && w->root_at == w->n_first + 1))
		return 1;
	w->n = w->root_at - 1;
	return w->n ? 0 : -1;
}

/* The same of the host's name, when it has that file system mounted. */
__noinline int walk_on_host(__u32 level, __u32 version, __u32 dev)
{
	__u32 at = filter_mount_at(version, dev, FILTER_ROOT), found = 0, left, n;
	struct filter_tables *t = tables_of(version);
	struct walk *w = walk_of(level);
	__u64 depths, h = FILTER_ROOT;
	struct filter_mount *m;

	if (!t || !w)
		return -1;
	if (!at)
		return t->mounts_lost ? -1 : 1;
	m = &t->mounts[(at - 1) & (FILTER_MOUNTS - 1)];
	depths = m->depths;
	left = n = w->n_fs;
	if (m->point)
		found = at;
	for (int i = 1; i <= FILTER_MOUNT_DEPTH && depths >> i; i++) {
		if (!left)
			break;
		left--;
		h = filter_mix(h, w->hash[left & WALK_MASK]);
		at = depths >> i & 1 ? filter_mount_at(version, dev, h) : 0;
		if (at) {
			found = at;
			n = left;
		}
	}
	if (!found)
		return t->mounts_lost ? -1 : 1;
	m = &t->mounts[(found - 1) & (FILTER_MOUNTS - 1)];
	/* The name by the mounts, or from the task's root, which have been asked. */
	if ((m->point == w->mount && n == w->n_first) || (m->point == FILTER_ROOT && n + 1 == w->root_at))
		return 1;
	w->n = n;
	w->from = m->point;
	w->from_path = m->path;
	w->from_part = m->part;
	return n ? 0 : -1;
}

/* Terms that want a component before the last with this hash; a last one or its end. On their own, so that the verifier looks at each
 * look-up once and not once per component. */
__noinline __u64 part_terms(__u32 version, __u64 key)
{
	struct filter_tables *t = tables_of(version);
	struct filter_name *at = t ? filter_find_name(t->parts, key) : NULL;

	return at ? at->mask : t ? 0 : ~0ULL;
}

__noinline __u64 name_terms(__u32 version, __u64 key)
{
	struct filter_tables *t = tables_of(version);
	struct filter_name *at = t ? filter_find_name(t->names, key) : NULL;

	return at ? at->mask : t ? 0 : ~0ULL;
}

/* Terms that want what starts like the component `word` in the directory `parent`; `lengths`: of such starts. */
__noinline __u64 filter_partials(__u32 version, __u64 parent, __u64 word, __u64 lengths)
{
	struct filter_tables *t = tables_of(version);
	struct filter_node *node;
	__u64 found = 0;

	if (!t)
		return ~0ULL;
	for (__u32 n = 1; n <= 8; n++) {
		if (!(lengths >> (n - 1) & 1))
			continue;
		node = filter_find_node(t->nodes, filter_partial_key(parent, word, n));
		if (node)
			found |= node->below;
	}
	return found;
}

/* Terms that want the path in the walk by the place with the hash `h`, under which it has `left` more components. */
__noinline __u64 filter_node(__u32 level, __u32 version, __u64 h, __u32 left)
{
	struct filter_tables *t = tables_of(version);
	struct walk *w = walk_of(level);
	struct filter_node *node;
	__u64 found;

	if (!t || !w)
		return ~0ULL;
	node = filter_find_node(t->nodes, h);
	if (!node)
		return 0;
	if (!left)
		return node->exact;
	found = node->below | (left == 1 ? node->child : 0);
	if (node->partial)
		found |= filter_partials(version, h, w->word[(left - 1) & WALK_MASK], node->partial);
	return found;
}

/* Terms that want the path in the walk, by their exact paths, directories and prefixes. */
__noinline __u64 filter_nodes(__u32 level, __u32 version)
{
	struct walk *w = walk_of(level);
	__u64 h, found;
	__u32 n;

	if (!w)
		return ~0ULL;
	h = w->from;
	found = w->from_path;
	for (__u32 i = 0; i <= FILTER_COMPONENTS; i++) {
		n = *(volatile __u32 *)&w->n;      /* see walk_len() */
		found |= filter_node(level, version, h, n - i);
		if (i >= n)
			return found;
		h = filter_mix(h, w->hash[(n - 1 - i) & WALK_MASK]);
	}
	return ~0ULL;
}

/* How long component `i` of the walk is, as the verifier does not know it: of what it has learned by one comparison it would follow
 * every case through the rest of a loop. */
static __always_inline __u32 walk_len(struct walk *w, __u32 i)
{
	__u32 len = *(volatile __u8 *)&w->len[i & WALK_MASK];

	asm volatile("" : "+r"(len));    /* or the compiler takes it for the bound of a loop, which Linux 5.10 does not see */
	return len;
}

/* The last 8 bytes of the last component (fewer when it has no more), the first of them lowest. */
static __always_inline __u64 last_bytes(struct walk *w)
{
	return w->len[0] >= 8 ? word_at(w->name[0] + w->len[0] - 8) : w->word[0];
}

/* Terms that want the last component, or what it ends in. */
__noinline __u64 filter_names(__u32 level, __u32 version)
{
	struct filter_tables *t = tables_of(version);
	struct walk *w = walk_of(level);
	__u64 found, word;
	__u32 len;

	if (!t || !w || !w->n)
		return ~0ULL;            /* "/" has no last component: rules may see it as they like */
	found = name_terms(version, w->hash[0]);
	if (!t->suffixes)
		return found;
	word = last_bytes(w);
	for (__u32 n = 1; n <= 8; n++) {
		len = walk_len(w, 0);
		if (n > len || !(t->suffixes >> (n - 1) & 1))
			continue;
		found |= name_terms(version, filter_suffix_key(word >> (((len < 8 ? len : 8) - n) * 8 & 63), n));
	}
	return found;
}

/* Terms that want some component before the last. */
__noinline __u64 filter_parts(__u32 level, __u32 version)
{
	struct walk *w = walk_of(level);
	__u64 found;

	if (!w)
		return ~0ULL;
	found = w->from_part;
	for (__u32 i = 1; i < FILTER_COMPONENTS; i++) {
		if (i >= w->n)
			break;
		found |= part_terms(version, w->hash[i & WALK_MASK]);
	}
	return found;
}

/* The 8 bytes of component `i` from `at` on, 0 behind its end. */
static __always_inline __u64 walk_word(struct walk *w, __u32 i, __u32 at)
{
	__u32 len = walk_len(w, i), n = at < len ? len - at : 0;

	return filter_low_bytes(word_at(w->name[i & WALK_MASK] + at), n);
}

/* Whether component `i` holds the text that is number `at`. */
__noinline int needle_in_name(__u32 level, __u32 version, __u32 at, __u32 i)
{
	struct filter_tables *t = tables_of(version);
	struct walk *w = walk_of(level);
	struct filter_needle *needle;
	__u64 word, next;

	if (!t || !w)
		return 1;
	needle = &t->needles[at & (FILTER_NEEDLES - 1)];
	word = w->word[i & WALK_MASK];
	for (__u32 from = 8; from <= NAME_MAX + 8; from += 8) {
		next = walk_word(w, i, from);
		if (filter_needle_in(needle, word, next))
			return 1;
		if (from >= walk_len(w, i))
			break;
		word = next;
	}
	return 0;
}

/* Terms that want the text that is number `at`, if some component holds it. */
__noinline __u64 filter_needle(__u32 level, __u32 version, __u32 at)
{
	struct filter_tables *t = tables_of(version);
	struct walk *w = walk_of(level);

	if (!t || !w)
		return ~0ULL;
	for (__u32 i = 0; i < FILTER_COMPONENTS; i++) {
		if (i >= w->n)
			break;
		if (needle_in_name(level, version, at, i))
			return t->needles[at & (FILTER_NEEDLES - 1)].mask;
	}
	return 0;
}

static __always_inline __u64 filter_needles(struct filter_tables *t, __u64 terms, __u32 level, __u32 version)
{
	struct walk *w = walk_of(level);
	__u64 found = 0;

	if (!w || w->from != FILTER_ROOT)
		return ~0ULL;            /* what stands before the place of a mount is not looked at */
	for (__u32 i = 0; i < FILTER_NEEDLES; i++) {
		if (i >= t->n_needles)
			break;
		if (terms & t->needles[i].mask & ~found)
			found |= filter_needle(level, version, i);
	}
	return found;
}

/* Which of `terms` the name in the walk satisfies. */
static __always_inline __u64 filter_named(struct filter_tables *t, __u32 level, __u32 version, __u64 terms)
{
	if (terms & ~t->path_free)
		terms &= t->path_free | filter_nodes(level, version);
	if (terms & ~t->name_free)
		terms &= t->name_free | filter_names(level, version);
	if (terms & ~t->part_free)
		terms &= t->part_free | filter_parts(level, version);
	if (terms & ~t->needle_free)
		terms &= t->needle_free | filter_needles(t, terms, level, version);
	return terms;
}

/* The same of the other names that the file has by its place. Where the task's root is that of the file's file system, and the
 * file is in that mount, it has none but the host's. */
static __always_inline __u64 filter_places(struct filter_tables *t, __u32 level, __u32 version, __u64 terms, __u64 vfsmount)
{
	__u64 sb = WORD(vfsmount, vfsmount, mnt_sb), found = 0;
	__u32 dev = (__u32)WORD(super_block, sb, s_dev);
	struct walk *w = walk_of(level);
	int r, is_loose;

	if (!w || (w->n_first == w->n && w->rest == WORD(super_block, sb, s_root) && !t->mounts_lost &&
		   !filter_mount_at(version, dev, FILTER_ROOT)))
		return 0;
	is_loose = walk_in_fs(level, vfsmount);
	if (is_loose < 0)
		return terms;
	r = walk_from_root(w);
	if (r < 0)
		return terms;
	if (!r)
		found = filter_named(t, level, version, terms);
	if (is_loose || !(terms & ~found))
		return found;
	r = walk_on_host(level, version, dev);
	return r < 0 ? terms : r ? found : found | filter_named(t, level, version, terms);
}

/* Which of `terms` the file's path (vfsmount, dentry), or another name that it has by its place, satisfies. The answer is remembered: it
 * may depend on nothing that is not among the facts of memo.bpf.h. */
__noinline __u64 filter_path(__u32 version, __u64 terms, __u64 vfsmount, __u64 dentry)
{
	struct filter_tables *t = tables_of(version);
	struct memo_about about;
	struct memo *memo = NULL;
	__u64 found = terms;
	struct walk *w;
	int level;

	/* A removed one has no name that is sure. */
	if (!t || (!WORD(dentry, dentry, d_hash.pprev) && WORD(dentry, dentry, d_parent) != dentry))
		return terms;
	if (CAN_CAST && control.mount_lock) {
		memo_look(&about, version, vfsmount, dentry);
		memo = memo_of(&about);
		if (memo && memo_ask(memo, &about, terms, &terms))
			return terms;
	}
	level = walk_take();
	if (level < 0)
		return terms;
	w = walk_of(level);
	if (w)
		w->first_root = memo ? about.first_root : 0;
	if (memo && level == 0)
		memo_begin(memo, &about);
	if (walk_path(level, vfsmount, dentry) == 0) {
		found = filter_named(t, level, version, terms);
		if (terms & ~found)
			found |= filter_places(t, level, version, terms & ~found, vfsmount);
	}
	if (memo && level == 0 && w)
		memo_end(memo, terms, found, w->root_mnt, w->root_dentry);
	walk_release(level);
	return found;
}

/* The high bit of each of the first `n` bytes that is '.'. On its own, so that the verifier looks at
 * it once and not once per word. */
__noinline __u64 dots_in(__u64 word, __u64 n)
{
	const __u64 low = 0x7f7f7f7f7f7f7f7fULL, dots = 0x2e2e2e2e2e2e2e2eULL;

	word = filter_low_bytes(word, n) ^ dots;
	return ~((word & low) + low | word | low);
}

/* Whether a text in the program's memory holds "..": also when it cannot be read, or goes on behind what is read. */
__noinline int filter_has_dots(__u64 text)
{
	__u64 before = 0, found = 0, now;
	int level = walk_take();
	struct walk *w = walk_of(level);
	long len;

	if (level < 0 || !w)
		return 1;
	len = bpf_probe_read_user_str(w->word, DOTS_BYTES, (void *)text);
	if (len <= 0 || len >= DOTS_BYTES)
		found = 1;
	for (__u32 i = 0; i < DOTS_BYTES / 8; i++) {
		if (i * 8 >= len)
			break;
		now = dots_in(w->word[i & WALK_MASK], len - i * 8);
		found |= now & (now << 8 | before >> 56);
		before = now;
	}
	walk_release(level);
	return found != 0;
}

/* ---- who ---- */

/* Up to the first NUL: before 5.16 what stands behind it is left of an older name. */
static __always_inline __u64 until_nul(__u64 word, bool *ret_has_nul)
{
	__u64 nul = (word - 0x0101010101010101ULL) & ~word & 0x8080808080808080ULL;

	*ret_has_nul = nul != 0;
	return nul ? word & (((nul & -nul) >> 7) - 1) : word;
}

static __always_inline __u64 comm_key_of(__u64 task)
{
	bool ended, ended_too;
	__u64 first = until_nul(WORD(task_struct, task, comm), &ended);
	__u64 second = ended ? 0 : until_nul(word_at(task + bpf_core_field_offset(struct task_struct, comm) + 8), &ended_too);

	return filter_comm_key(first, second);
}

static __always_inline __u64 comm_terms(struct filter_tables *t, __u32 class, __u64 key)
{
	struct filter_entry *at = filter_find_entry(t->comm, key);

	return at ? at->mask[class] : t->of[class].comm_other;
}

static __always_inline bool was_renamed(__u32 tgid)
{
	return renamed_maybe[tgid & RENAMED_MASK] && (control.renamed_full || bpf_map_lookup_elem(&renamed, &tgid));
}

/* The name of the thread, or of its process: rules may mean either. */
static __always_inline __u64 filter_comm(struct filter_tables *t, __u32 class, __u64 task)
{
	__u64 leader = WORD(task_struct, task, group_leader), key = comm_key_of(task), other;
	__u64 found = comm_terms(t, class, key);

	if (was_renamed((__u32)WORD(task_struct, task, tgid)))
		return ~0ULL;
	if (leader == task)
		return found;
	other = comm_key_of(leader);
	return other == key ? found : found | comm_terms(t, class, other);
}

static __always_inline __u64 filter_uid(struct filter_tables *t, __u32 class, __u64 task)
{
	__u64 cred = WORD(task_struct, task, cred);
	struct filter_entry *at = filter_find_entry(t->uid, filter_uid_key((__u32)WORD(cred, cred, euid)));

	return at ? at->mask[class] : t->of[class].uid_other;
}

static __always_inline __u64 filter_where_terms(struct filter_tables *t, __u32 class)
{
	__u64 cgroup = cgroup_id_of(AT(task_struct, bpf_get_current_task()));
	__u32 *where = bpf_map_lookup_elem(&wheres, &cgroup);

	return where && *where < FILTER_WHERES ? t->of[class].where[*where] : ~0ULL;
}

static __always_inline __u64 filter_exe(__u32 version, __u32 class, __u64 task)
{
	__u32 tgid = (__u32)WORD(task_struct, task, tgid);
	struct filter_process *p = bpf_map_lookup_elem(&processes, &tgid);

	if (!p || p->version != version || p->start_ns != WORD(task_struct, WORD(task_struct, task, group_leader), start_boottime))
		return ~0ULL;
	return p->exe[class];
}

/* Which of `terms` the current task satisfies, but for its executable. */
__noinline __u64 filter_who(__u32 version, __u32 class, __u64 terms)
{
	struct filter_tables *t = tables_of(version);
	__u64 task = (__u64)bpf_get_current_task();
	struct filter_dimensions *of;

	if (!t || class >= FILTER_CLASSES)
		return terms;
	of = &t->of[class];
	if (terms & ~of->uid_free)
		terms &= of->uid_free | filter_uid(t, class, task);
	if (terms & ~of->comm_free)
		terms &= of->comm_free | filter_comm(t, class, task);
	if (terms & ~(of->where[FILTER_WHERE_HOST] & of->where[FILTER_WHERE_CONTAINER] & of->where[FILTER_WHERE_ELSEWHERE]))
		terms &= filter_where_terms(t, class);
	return terms;
}

/* Which of `terms` its executable satisfies: the dearest question of all, asked last. */
__noinline __u64 filter_program(__u32 version, __u32 class, __u64 terms)
{
	struct filter_tables *t = tables_of(version);

	if (!t || class >= FILTER_CLASSES || !(terms & ~t->of[class].exe_free))
		return terms;
	return terms & (t->of[class].exe_free | filter_exe(version, class, (__u64)bpf_get_current_task()));
}

static __always_inline __u64 filter_results(struct filter_tables *t, __u32 class, __s64 ret)
{
	__u32 at = filter_result(ret);

	asm volatile("" : "+r"(at));     /* or the compiler forgets for the verifier what it checked */
	return at < FILTER_RESULTS ? t->of[class].result[at] : ~0ULL;
}

static __always_inline __u64 filter_kinds(struct filter_tables *t, __u32 class, __u32 kind)
{
	asm volatile("" : "+r"(kind));   /* older verifiers do not see the bound through the bits it is made of */
	return t->of[class].kind[kind & (FILTER_KINDS - 1)];
}

/* ---- opens ---- */

static __always_inline __u64 file_number(__u64 task, __s64 fd)
{
	__u64 table = WORD(files_struct, WORD(task_struct, task, files), fdt);

	if (fd < 0 || fd >= (__u32)WORD(fdtable, table, max_fds))
		return 0;
	return word_at(WORD(fdtable, table, fd) + fd * 8);
}

/* The flags as put_open_args() reports them; false when they cannot be read. */
static __always_inline bool open_flags(__u32 variant, __u64 *ret_flags)
{
	struct task_struct *task = current_task();

	if (variant == SENSOR_OPEN_OPENAT || variant == SENSOR_OPEN_HANDLE)
		*ret_flags = (__u32)call_arg(task, 2);
	else if (variant == SENSOR_OPEN_OPEN)
		*ret_flags = (__u32)call_arg(task, 1);
	else if (variant == SENSOR_OPEN_CREAT)
		*ret_flags = 01 | 0100 | 01000;
	else
		return !bpf_probe_read_user(ret_flags, 8, (void *)call_arg(task, 2));
	return true;
}

static __always_inline __u64 open_text(__u32 variant)
{
	struct task_struct *task = current_task();

	return variant == SENSOR_OPEN_OPENAT || variant == SENSOR_OPEN_OPENAT2 ? call_arg(task, 1) :
	       variant == SENSOR_OPEN_HANDLE ? 0 : call_arg(task, 0);
}

/* Also when it cannot be read. */
static __always_inline bool begins_with_proc(__u64 text)
{
	__u64 word = 0;

	if (!text || bpf_probe_read_user(&word, 6, (void *)text))
		return true;
	return word == 0x2f636f72702fULL;   /* "/proc/" */
}

/* A file system of the kernel's own: pipes, sockets, anonymous inodes. */
static __always_inline bool is_internal(__u64 inode)
{
	return WORD(super_block, WORD(inode, inode, i_sb), s_flags) >> SB_NOUSER_BIT & 1;
}

/* Which of `terms` want a file of its type. *ret_named: whether its path is the one name that rules can know it by: not of what is
 * the kernel's own, nor when other names of the inode are known to user space only. */
static __always_inline __u64 filter_type(struct filter_tables *t, __u64 terms, __u64 file, bool *ret_named)
{
	__u64 inode = WORD(file, file, f_inode);
	__u32 mode = (__u16)WORD(inode, inode, i_mode), type = filter_fd_type_of(mode);

	if (is_internal(inode))
		return terms;
	*ret_named = (mode & S_IFMT) == S_IFDIR || (__u32)WORD(inode, inode, i_nlink) <= 1;
	asm volatile("" : "+r"(type));   /* a switch may become a table, whose values verifiers do not know */
	return terms & t->of[FILTER_OPEN].fd_type[type & (FILTER_FD_TYPES - 1)];
}

/* Which of `terms` an open satisfies by its flags and the type of the file, which is 0 when it failed or is not known. */
static __always_inline __u64 filter_opened(struct filter_tables *t, __u64 terms, __u32 variant, __u64 file, bool failed, bool *ret_named)
{
	__u64 flags = 0;
	bool known = open_flags(variant, &flags);

	if (known && (file || failed))
		terms &= filter_kinds(t, FILTER_OPEN, filter_open_kind(flags, file && WORD(file, file, f_mode) & FMODE_CREATED_BIT));
	if (terms && file)
		terms = filter_type(t, terms, file, ret_named);
	else if (known && failed)
		terms &= t->of[FILTER_OPEN].fd_type[flags & 0200000 ? FILTER_FD_DIRECTORY : FILTER_FD_FILE];   /* O_DIRECTORY */
	return terms;
}

int fold_open(__u32 version, __u32 index, __s64 ret);   /* fold.bpf.h */

/* How many events the open that ends with `ret` stands for; 0: it is not to be reported. */
__noinline int filter_open(__u32 index, __s64 ret)
{
	struct sensor_row *row = row_of(index);
	__u32 version = version_now(), type;
	struct filter_tables *t = tables_of(version);
	bool is_named = false;
	__u64 terms, file;

	if (!t || !row || !t->is_active)
		return 1;
	type = row->type & (FILTER_TYPES - 1);
	if (t->class_of[type] != FILTER_OPEN)
		return 1;
	terms = t->types[type] & filter_results(t, FILTER_OPEN, ret);
	if (!terms)
		return drop(type);
	file = ret >= 0 ? file_number((__u64)bpf_get_current_task(), ret) : 0;
	terms = filter_opened(t, terms, row->variant, file, ret < 0, &is_named);
	if (terms)
		terms = filter_who(version, FILTER_OPEN, terms);
	if (is_named && terms & ~(t->path_free & t->name_free & t->part_free & t->needle_free))
		terms = filter_path(version, terms, WORD(file, file, f_path.mnt), WORD(file, file, f_path.dentry));
	if (terms)
		terms = filter_program(version, FILTER_OPEN, terms);
	if (terms & ~t->no_proc && !begins_with_proc(open_text(row->variant)))
		terms &= t->no_proc;
	if (terms & ~t->no_dots && !filter_has_dots(open_text(row->variant)))
		terms &= t->no_dots;
	/* Without direct loads the calls are deeper than the 512 bytes of stack that they share. */
	if (CAN_CAST && terms && ret >= 0 && !(terms & ~t->fold))
		return fold_open(version, index, ret);
	return terms ? 1 : drop(type);
}

/* ---- other calls ---- */

/* Whether the call is to be reported; also failed execs. */
__noinline int filter_call(__u32 index, __s64 ret)
{
	struct sensor_row *row = row_of(index);
	__u32 version = version_now(), type;
	struct filter_tables *t = tables_of(version);
	__u64 terms;

	if (!t || !row || !t->is_active)
		return 1;
	type = row->type & (FILTER_TYPES - 1);
	if (t->class_of[type] != FILTER_CALL)
		return 1;
	terms = t->types[type] & filter_results(t, FILTER_CALL, ret);
	if (terms)
		terms = filter_program(version, FILTER_CALL, filter_who(version, FILTER_CALL, terms));
	return terms ? 1 : drop(type);
}

#endif
