/* SPDX-License-Identifier: Apache-2.0 */
/* proc.* of the executable's file. */
#include "sensor/record.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* How long a file must have been there before a program made of it is taken for an installed one. */
#define SETTLED_NS (UINT64_C(600) * 1000000000)

static bool in_system_directory(const char *path)
{
	static const char *const directories[] = { "/bin/", "/sbin/", "/lib/", "/lib64/", "/usr/", "/opt/", "/snap/" };

	for (size_t i = 0; i < ARRAY_LEN(directories); i++)
		if (strncmp(path, directories[i], strlen(directories[i])) == 0)
			return strncmp(path, "/usr/tmp/", 9) != 0;
	return false;
}

/* In a container: as the image brought it. The lower layer says so; without overlay layers, an inode older than
 * the container. */
static bool settled_in_container(const struct sensor_image *image, const struct runtime_container *c)
{
	uint64_t since = c->created_ns ? c->created_ns : c->started_ns;

	if (image->file.flags & SENSOR_FILE_LOWER)
		return true;
	return since && image->file.ctime_ns && image->file.ctime_ns < since;
}

static bool settled_on_host(const struct sensor_record *r, const struct sensor_image *image)
{
	uint64_t boot = (uint64_t)r->state->options.boot_to_epoch_ns, exec = sensor_state_epoch_ns(r->state, image->exec_ns);

	if (!in_system_directory(image->exepath->text))
		return false;
	return image->file.ctime_ns < boot || (exec > image->file.ctime_ns && exec - image->file.ctime_ns >= SETTLED_NS);
}

/* What makes a copied program's name not pass: the inode of a copy, and of a file that was renamed or linked, has a
 * ctime of now, which only changing the clock or writing to the disk below the file system can forge. */
static int trusted_name(const struct sensor_record *r, struct model_value *ret)
{
	const struct sensor_image *image = r->process->image;

	if (!image || !image->has_file || !image->exepath || image->file.uid != 0 || (image->file.mode & (S_IWGRP | S_IWOTH)) ||
	    (image->file.flags & (SENSOR_FILE_UPPER | SENSOR_FILE_MEMFD | SENSOR_FILE_DELETED)) ||
	    (image->path_flags & (SENSOR_PATH_ANON | SENSOR_PATH_DELETED | SENSOR_PATH_CUT | SENSOR_PATH_DETACHED)))
		return MODEL_UNSET;
	if (!(r->container ? settled_in_container(image, r->container) : settled_on_host(r, image)))
		return MODEL_UNSET;
	return value_str(ret, sensor_process_exe_name(r->process));
}

/* The path given and the file that ran have other names: the last component was a link. Of a script it is the
 * interpreter that ran. Paths that the kernel makes up for execveat name no link. */
static bool is_symlink(const struct sensor_image *image)
{
	const struct sensor_text *given = image->interp ? image->interp : image->filename;

	if (!given || !image->exepath || (image->path_flags & SENSOR_PATH_ANON) || strncmp(given->text, "/dev/fd/", 8) == 0 ||
	    strncmp(given->text, "/proc/", 6) == 0)
		return false;
	return strcmp(sensor_path_basename(given->text, given->len), sensor_process_exe_name(&(struct sensor_process){
		.image = (struct sensor_image *)(uintptr_t)image })) != 0;
}

static int file_flag(const struct sensor_image *image, enum model_field_id id, struct model_value *ret)
{
	uint32_t flags = image->file.flags;

	switch (id) {
	case MODEL_F_PROC_IS_EXE_WRITABLE: return value_bool(ret, flags & SENSOR_FILE_WRITABLE);
	case MODEL_F_PROC_IS_EXE_UPPER_LAYER: return value_bool(ret, flags & SENSOR_FILE_UPPER);
	case MODEL_F_PROC_IS_EXE_LOWER_LAYER: return value_bool(ret, flags & SENSOR_FILE_LOWER);
	case MODEL_F_PROC_IS_EXE_FROM_MEMFD: return value_bool(ret, flags & SENSOR_FILE_MEMFD);
	case MODEL_F_PROC_IS_EXE_DELETED:
		/* A memfd never had a name: it is told as such. */
		return value_bool(ret, ((flags & SENSOR_FILE_DELETED) || (image->path_flags & SENSOR_PATH_DELETED)) && !(flags & SENSOR_FILE_MEMFD));
	default: return value_bool(ret, (image->file.mode & S_ISUID) || ((image->file.mode & S_ISGID) && (image->file.mode & S_IXGRP)));
	}
}

static int ctime_distance(const struct sensor_record *r, uint64_t since_boot_ns, struct model_value *ret)
{
	uint64_t at = sensor_state_epoch_ns(r->state, since_boot_ns), ctime = r->process->image->file.ctime_ns;

	return ctime && at >= ctime ? value_u64(ret, at - ctime) : MODEL_UNSET;
}

static int file_number(const struct sensor_record *r, enum model_field_id id, struct model_value *ret)
{
	const struct sensor_wire_file *file = &r->process->image->file;
	const struct sensor_process *p = r->process;

	switch (id) {
	case MODEL_F_PROC_EXE_INO: return value_i64(ret, (int64_t)file->ino);
	case MODEL_F_PROC_EXE_INO_CTIME: return value_u64(ret, file->ctime_ns);
	case MODEL_F_PROC_EXE_INO_MTIME: return value_u64(ret, file->mtime_ns);
	case MODEL_F_PROC_EXE_INO_CTIME_DURATION_PROC_START: return ctime_distance(r, p->image->is_seed ? p->start_ns : p->image->exec_ns, ret);
	case MODEL_F_PROC_EXE_INO_CTIME_DURATION_PIDNS_START:
		return p->has_task && p->task.nsproxy_pidns_start_ns ? ctime_distance(r, p->task.nsproxy_pidns_start_ns, ret) : MODEL_UNSET;
	case MODEL_F_PROC_EXE_DEV: return value_u64(ret, makedev(file->dev >> 20, file->dev & 0xfffff));
	case MODEL_F_PROC_EXE_NLINK: return value_u64(ret, file->nlink);
	default: return MODEL_UNSET;
	}
}

int sensor_fields_exe(const struct sensor_record *r, const struct model_field_ref *f, struct arena *scratch, struct model_value *ret)
{
	const struct sensor_image *image = r->process ? r->process->image : NULL;
	bool script;

	if (!image)
		return MODEL_UNSET;
	script = image->interp && image->filename && image->interp != image->filename;
	switch (f->id) {
	case MODEL_F_PROC_TRUSTED_NAME: return trusted_name(r, ret);
	case MODEL_F_PROC_IS_EXE_SYMLINK: return value_bool(ret, is_symlink(image));
	case MODEL_F_PROC_INTERP: return script ? value_interned(ret, image->interp) : MODEL_UNSET;
	case MODEL_F_PROC_SCRIPT: return script ? value_interned(ret, image->filename) : MODEL_UNSET;
	case MODEL_F_PROC_IS_EXE_WRITABLE: case MODEL_F_PROC_IS_EXE_UPPER_LAYER: case MODEL_F_PROC_IS_EXE_LOWER_LAYER:
	case MODEL_F_PROC_IS_EXE_FROM_MEMFD: case MODEL_F_PROC_IS_EXE_DELETED: case MODEL_F_PROC_IS_EXE_SETID:
		return image->has_file ? file_flag(image, f->id, ret) : MODEL_UNSET;
	default: return image->has_file ? file_number(r, f->id, ret) : MODEL_UNSET;
	}
}
