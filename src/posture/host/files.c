/* SPDX-License-Identifier: Apache-2.0 */
/* Files that matter by name, and what is found where programs and configuration lie: set-id, capabilities, writable by others. */
#include "posture/host/mounts.h"

#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

enum { WALK_ENTRIES_MAX = 200000 };

static const char *const by_name[] = {
	"/etc/passwd", "/etc/passwd-", "/etc/group", "/etc/group-", "/etc/shadow", "/etc/shadow-", "/etc/gshadow", "/etc/gshadow-",
	"/etc/shells", "/etc/security/opasswd", "/etc/security/opasswd.old", "/etc/ssh/sshd_config", "/etc/crontab", "/etc/cron.hourly",
	"/etc/cron.daily", "/etc/cron.weekly", "/etc/cron.monthly", "/etc/cron.d", "/etc/cron.allow", "/etc/cron.deny", "/etc/at.allow",
	"/etc/at.deny", "/etc/motd", "/etc/issue", "/etc/issue.net", "/boot/grub/grub.cfg", "/boot/grub2/grub.cfg", "/etc/sudoers",
	"/etc/sudoers.d", "/root", "/root/.ssh", "/root/.ssh/authorized_keys", "/tmp", "/var/tmp", "/dev/shm", "/etc/ld.so.preload",
	"/etc/hosts.allow", "/etc/hosts.deny", "/etc/hosts", "/etc/resolv.conf", "/etc/fstab", "/etc/profile", "/etc/pam.d",
	"/etc/modprobe.d", "/etc/sysctl.d", "/etc/systemd/system", "/etc/ld.so.conf.d", "/var/log/audit", "/etc/audit/auditd.conf",
	"/etc/audit/rules.d", "/etc/audit/audit.rules", "/sbin/auditctl", "/sbin/aureport", "/sbin/ausearch", "/sbin/autrace",
	"/sbin/auditd", "/sbin/augenrules", "/var/log/auth.log", "/var/log/syslog", "/var/log/wtmp", "/var/log/btmp", "/var/log/lastlog",
	"/etc/rancher/k3s/k3s.yaml", "/etc/kubernetes/admin.conf", "/root/.kube/config", "/root/.docker/config.json", "/var/lib/docker",
	"/var/lib/containerd",
};
static const char *const by_pattern[] = { "/etc/ssh/ssh_host_*_key", "/etc/ssh/ssh_host_*_key.pub", "/etc/ssh/sshd_config.d/*.conf",
					  "/etc/audit/rules.d/*.rules", "/var/log/audit/*.log", "/etc/sudoers.d/*", "/home/*/.kube/config" };

/* Where programs lie, and directories one deeper. */
static const struct { const char *dir; unsigned depth; bool is_programs; } walked[] = {
	{ "/bin", 0, true }, { "/sbin", 0, true }, { "/usr/bin", 0, true }, { "/usr/sbin", 0, true }, { "/usr/local/bin", 0, true },
	{ "/usr/local/sbin", 0, true }, { "/usr/libexec", 1, true }, { "/usr/lib", 1, true }, { "/opt", 2, true }, { "/etc", 2, false },
	{ "/usr/local/lib", 1, false }, { "/srv", 1, false }, { "/lib/systemd/system", 1, false }, { "/var/spool/cron", 1, false },
};

/* Set-id programs that Debian and Ubuntu ship. */
static const char *const known_setid[] = {
	"su", "sudo", "sudoedit", "mount", "umount", "passwd", "chsh", "chfn", "gpasswd", "newgrp", "sg", "fusermount", "fusermount3", "ssh-keysign",
	"dbus-daemon-launch-helper", "pkexec", "polkit-agent-helper-1", "newuidmap", "newgidmap", "ping", "ping6", "unix_chkpwd", "pam_extrausers_chkpwd",
	"expiry", "chage", "crontab", "ssh-agent", "write", "write.ul", "bsd-write", "wall", "dotlockfile", "mail-lock", "mail-unlock",
	"mail-touchlock", "utempter", "at", "ntfs-3g", "snap-confine", "exim4", "postdrop", "postqueue", "Xorg.wrap", "mlocate", "plocate", "locate",
	"mount.nfs", "mount.cifs", "camel-lock-helper-1.2", "traceroute6.iputils", "pppd", "staprun", "bwrap", "gnome-pty-helper", "eject",
	"dmcrypt-get-device", "kismet_cap", "chrome-sandbox", "libgtop_server2", "screen", "ssh", "procmail", "lockfile", "qemu-bridge-helper",
};

static const struct { unsigned bit; const char *name; } permissions[] = {
	{ S_ISUID, "setuid" }, { S_ISGID, "setgid" }, { S_ISVTX, "sticky" }, { 0400, "owner-read" }, { 0200, "owner-write" },
	{ 0100, "owner-execute" }, { 040, "group-read" }, { 020, "group-write" }, { 010, "group-execute" }, { 04, "other-read" },
	{ 02, "other-write" }, { 01, "other-execute" },
};

struct files { struct posture_set *set; char *groups, *users; size_t n_seen; };

/* The name of an id in a table "name:password:id:..."; NULL. */
static const char *name_of(struct posture_set *set, const char *table, uint32_t id)
{
	char wanted[32];

	snprintf(wanted, sizeof(wanted), ":%u:", id);
	for (const char *at = table; at && (at = strstr(at, wanted)); at++) {
		const char *start = at;
		size_t name;

		while (start > table && start[-1] != '\n')
			start--;
		name = strcspn(start, ":");
		/* Only the third field counts: one colon before this one. */
		if ((size_t)(at - start) > name && !memchr(start + name + 1, ':', (size_t)(at - start) - name - 1))
			return posture_printf(set, "%.*s", (int)name, start);
	}
	return NULL;
}

static const char *group_name(const struct files *f, uint32_t gid)
{
	const char *name = gid == 0 ? "root" : name_of(f->set, f->groups, gid);

	return name ? name : posture_printf(f->set, "%u", gid);
}

static struct posture_record *make_record(const struct files *f, enum model_kind_id kind, const char *path, const struct host_stat *st)
{
	struct posture_set *set = f->set;
	struct posture_record *r = posture_record_new(set, kind, NULL, path, (struct posture_place){ .file = path });
	struct host_list_of_texts list = { 0 };

	posture_set_text(r, MODEL_F_PATH_NAME, path);
	if (!st->error || st->error == -ENOENT || st->error == -ENOTDIR)
		posture_set_bool(r, MODEL_F_PATH_EXISTS, !st->error);
	if (st->error == -ENOENT || st->error == -ENOTDIR)
		return r;
	if (st->error) {
		const char *why = posture_printf(set, "open %s: %s", path, strerror(-st->error));

		posture_set_unknown(r, MODEL_F_PATH_EXISTS, why);
		posture_set_unknown(r, MODEL_F_PATH_PERMISSIONS, why);
		posture_set_unknown(r, MODEL_F_PATH_OWNER, why);
		posture_set_unknown(r, MODEL_F_PATH_GROUP, why);
		posture_set_unknown(r, MODEL_F_PATH_GROUP_NAME, why);
		return r;
	}
	for (size_t i = 0; i < ARRAY_LEN(permissions); i++)
		if (st->mode & permissions[i].bit)
			host_add(set, &list, permissions[i].name);
	host_set_list(r, MODEL_F_PATH_PERMISSIONS, &list);
	posture_set_text(r, MODEL_F_PATH_MODE, posture_printf(set, "%04o", st->mode & 07777));
	posture_set_text(r, MODEL_F_PATH_TYPE, S_ISDIR(st->mode) ? "directory" : S_ISREG(st->mode) ? "file" : "other");
	posture_set_uint(r, MODEL_F_PATH_OWNER, st->uid);
	posture_set_uint(r, MODEL_F_PATH_GROUP, st->gid);
	posture_set_text(r, MODEL_F_PATH_GROUP_NAME, group_name(f, st->gid));
	return r;
}

static void named(const struct files *f, const char *path)
{
	struct host_stat st = host_stat(f->set, path, true);

	make_record(f, MODEL_KIND_HOST_FILE, path, &st);
}

/* Capabilities of a file (security.capability, include/uapi/linux/capability.h: VFS_CAP_REVISION_2 and 3). */
static uint64_t file_capabilities(int dir, const char *name)
{
	struct vfs_ns_cap_data data;
	char path[32 + NAME_MAX + 1];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name);
	n = lgetxattr(path, "security.capability", &data, sizeof(data));
	if (n < (ssize_t)XATTR_CAPS_SZ_2)
		return 0;
	return le32toh(data.data[0].permitted) | (uint64_t)le32toh(data.data[1].permitted) << 32;
}

static void setid_record(struct files *f, const char *path, const char *name, const struct host_stat *st, uint64_t capabilities)
{
	struct posture_record *r = make_record(f, MODEL_KIND_HOST_SETID, path, st);
	struct host_list_of_texts list = { 0 };
	bool is_known = false;

	for (size_t i = 0; i < ARRAY_LEN(known_setid); i++)
		is_known |= strcmp(known_setid[i], name) == 0;
	host_add_capabilities(f->set, &list, capabilities);
	host_set_list(r, MODEL_F_PATH_CAPABILITIES, &list);
	posture_set_bool(r, MODEL_F_PATH_IS_SETUID, st->mode & S_ISUID);
	posture_set_bool(r, MODEL_F_PATH_IS_SETGID, st->mode & S_ISGID);
	posture_set_bool(r, MODEL_F_PATH_IS_KNOWN, is_known);
	posture_set_bool(r, MODEL_F_PATH_IS_ESCAPING, host_is_escaping_program(name) && !is_known);
	posture_set_text(r, MODEL_F_PATH_WRITABLE_BY, host_writable_by_others(f->set, path));
}

static void writable_record(struct files *f, const char *path, const struct host_stat *st, bool is_program)
{
	struct posture_record *r = make_record(f, MODEL_KIND_HOST_WRITABLE, path, st);

	posture_set_bool(r, MODEL_F_PATH_IS_PROGRAM, is_program);
	posture_set_bool(r, MODEL_F_PATH_HAS_OWNER, st->uid == 0 || name_of(f->set, f->users, st->uid));
	posture_set_text(r, MODEL_F_PATH_WRITABLE_BY, host_writable_by_others(f->set, path));
}

struct owner { uint32_t uid, gid; };

static void look_at(struct files *f, int dir, const char *dir_path, const char *name, const struct stat *raw, struct owner root, bool is_program)
{
	uint64_t capabilities = is_program && S_ISREG(raw->st_mode) ? file_capabilities(dir, name) : 0;
	bool is_setid = S_ISREG(raw->st_mode) && (raw->st_mode & (S_ISUID | S_ISGID));
	bool is_open = (raw->st_mode & S_IWOTH) && !(S_ISDIR(raw->st_mode) && (raw->st_mode & S_ISVTX));
	struct host_stat st = { .mode = raw->st_mode, .uid = raw->st_uid == root.uid ? 0 : raw->st_uid,
				.gid = raw->st_gid == root.gid ? 0 : raw->st_gid };
	const char *path;
	bool is_lost;

	is_lost = st.uid != 0 && f->users && !name_of(f->set, f->users, st.uid);
	if (!is_setid && !capabilities && !is_open && !is_lost && !(is_program && st.uid != 0))
		return;
	path = posture_printf(f->set, "%s/%s", dir_path, name);
	if (is_setid || capabilities)
		setid_record(f, path, name, &st, capabilities);
	if (is_open || is_lost || (is_program && st.uid != 0 && !(is_setid && st.uid)))
		writable_record(f, path, &st, is_program);
}

static void walk(struct files *f, const char *dir_path, unsigned depth, struct owner root, bool is_programs)
{
	int fd = posture_open(f->set, dir_path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	struct dirent *entry;
	struct stat st;
	DIR *dir;

	if (fd < 0) {
		if (fd != -ENOENT && fd != -ELOOP && fd != -ENOTDIR)
			posture_problem(f->set, MODEL_LAYER_KERNEL, (struct posture_place){ .file = dir_path }, "%s", strerror(-fd));
		return;
	}
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return;
	}
	while ((entry = readdir(dir)) && f->n_seen < WALK_ENTRIES_MAX) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0 || entry->d_type == DT_LNK)
			continue;
		f->n_seen++;
		if (fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0 || S_ISLNK(st.st_mode))
			continue;
		look_at(f, dirfd(dir), dir_path, entry->d_name, &st, root, is_programs);
		if (S_ISDIR(st.st_mode) && depth > 0 && strcmp(entry->d_name, "modules") != 0 && strcmp(entry->d_name, "firmware") != 0)
			walk(f, posture_printf(f->set, "%s/%s", dir_path, entry->d_name), depth - 1, root, is_programs);
	}
	closedir(dir);
}

static void collect(struct posture_set *set, const struct posture_audit_options *options)
{
	struct files f = { .set = set };
	struct owner root = { 0 };
	struct stat st;
	const char *why;

	(void)options;
	f.groups = host_read(set, "/etc/group", HOST_FILE_BYTES_MAX, &why);
	f.users = host_read(set, "/etc/passwd", HOST_FILE_BYTES_MAX, &why);
	if (*set->root && stat(set->root, &st) == 0)
		root = (struct owner){ st.st_uid, st.st_gid };
	for (size_t i = 0; i < ARRAY_LEN(by_name); i++)
		named(&f, by_name[i]);
	for (size_t i = 0; i < ARRAY_LEN(by_pattern); i++) {
		struct host_names names = host_glob(set, by_pattern[i]);

		for (size_t k = 0; k < names.n; k++)
			named(&f, names.names[k]);
	}
	for (size_t i = 0; i < ARRAY_LEN(walked); i++)
		walk(&f, walked[i].dir, walked[i].depth, root, walked[i].is_programs);
	if (f.n_seen >= WALK_ENTRIES_MAX)
		posture_problem(set, MODEL_LAYER_KERNEL, (struct posture_place){ .file = "/" }, "only the first %d files were looked at", WALK_ENTRIES_MAX);
	host_mounts(set);
}

const struct posture_collector host_files_collector = {
	.name = "files",
	.layer = MODEL_LAYER_KERNEL,
	.meaning = "owners and modes of files that matter, set-id programs, mounts and their options",
	.collect = collect,
};
