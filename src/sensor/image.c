/* SPDX-License-Identifier: Apache-2.0 */
/* What exec loaded: program path, arguments, environment, file. One block per exec, shared by forked children. */
#include "base/mem.h"
#include "sensor/path.h"
#include "sensor/process.h"

#include <stdlib.h>
#include <string.h>

/* Of texts with a NUL between each two. */
static uint32_t count_texts(const char *bytes, size_t len)
{
	uint32_t n = 1;

	for (size_t i = 0; i < len; i++)
		n += bytes[i] == '\0';
	return n;
}

static struct sensor_text *text_of(struct sensor_processes *table, const struct sensor_wire_view *view, enum sensor_param id)
{
	size_t len;
	const char *text = sensor_wire_text(view, id, &len);

	return text && len ? sensor_text_get(&table->texts, text, len) : NULL;
}

static void image_set_paths(struct sensor_processes *table, struct sensor_image *image,
			    const struct sensor_wire_view *view, struct arena *scratch)
{
	struct sensor_path path;
	size_t len;
	char *text;

	image->interp = text_of(table, view, SENSOR_P_INTERP);
	image->filename = text_of(table, view, SENSOR_P_FILENAME);
	if (!sensor_path_of(view, SENSOR_P_PATH, &path))
		return;
	image->path_flags = path.head->flags;
	text = sensor_path_text(&path, scratch, &len);
	if (text)
		image->exepath = sensor_text_get(&table->texts, text, len);
}

struct sensor_image *sensor_image_new(struct sensor_processes *table, const struct sensor_wire_view *view, struct arena *scratch)
{
	size_t argv_len = 0, env_len = 0, size;
	const char *argv = sensor_wire_bytes(view, SENSOR_P_ARGV, &argv_len);
	const char *env = sensor_wire_bytes(view, SENSOR_P_ENVP, &env_len);
	const struct sensor_wire_file *file = sensor_wire_struct(view, SENSOR_P_FILE, sizeof(*file));
	bool has_argv = argv && argv_len;
	struct sensor_image *image;

	if (argv_len > LIMIT_SENSOR_ARGV_BYTES)
		argv_len = LIMIT_SENSOR_ARGV_BYTES;
	if (env_len > LIMIT_SENSOR_ENV_BYTES)
		env_len = LIMIT_SENSOR_ENV_BYTES;
	/* The last NUL is ours, whether the kernel side wrote it or not. */
	if (argv_len && argv[argv_len - 1] == '\0')
		argv_len--;
	if (env_len && env[env_len - 1] == '\0')
		env_len--;
	size = sizeof(*image) + argv_len + 1 + env_len + 1;
	image = mem_alloc(size);
	image->refs = 1;
	image->size = size;
	image->argv_len = (uint32_t)argv_len;
	image->env_len = (uint32_t)env_len;
	if (argv)
		memcpy(image->bytes, argv, argv_len);
	if (env)
		memcpy(image->bytes + argv_len + 1, env, env_len);
	image->n_args = has_argv ? count_texts(image->bytes, argv_len) : 0;
	image->has_file = file != NULL;
	if (file)
		image->file = *file;
	image->exec_ns = view->event->ts_ns;
	image->session = view->event->session;
	image_set_paths(table, image, view, scratch);
	table->image_bytes += size;
	return image;
}

struct sensor_image *sensor_image_unref(struct sensor_processes *table, struct sensor_image *image)
{
	if (image && --image->refs == 0) {
		sensor_text_unref(&table->texts, image->exepath);
		sensor_text_unref(&table->texts, image->interp);
		sensor_text_unref(&table->texts, image->filename);
		table->image_bytes -= image->size;
		free(image);
	}
	return NULL;
}

const char *sensor_process_arg(const struct sensor_process *process, unsigned i, size_t *ret_len)
{
	const struct sensor_image *image = process->image;
	const char *at, *end;

	if (!image || i >= image->n_args)
		return NULL;
	at = sensor_image_argv(image);
	end = at + image->argv_len;
	while (i--)
		at += strlen(at) + 1;
	if (at > end)
		return NULL;
	*ret_len = strlen(at);
	return at;
}

const char *sensor_process_env(const struct sensor_process *process, const char *name, size_t *ret_len)
{
	const struct sensor_image *image = process->image;
	size_t name_len = strlen(name);

	if (!image || !image->env_len)
		return NULL;
	for (const char *at = sensor_image_env(image), *end = at + image->env_len; at < end; at += strlen(at) + 1) {
		if (strncmp(at, name, name_len) == 0 && at[name_len] == '=') {
			*ret_len = strlen(at + name_len + 1);
			return at + name_len + 1;
		}
	}
	return NULL;
}

const char *sensor_process_exe_name(const struct sensor_process *process)
{
	const struct sensor_text *path = process->image ? process->image->exepath : NULL;

	return path ? sensor_path_basename(path->text, path->len) : "";
}
