/* SPDX-License-Identifier: Apache-2.0 */
#include "image/image.h"
#include "base/file.h"
#include "base/strbuf.h"
#include "tap.h"
#include "tar_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

enum { LAYERS = 8 };
#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct tar layers[LAYERS];
static size_t n_layers;
static struct image_source *source;
static const struct image *image;
static struct err err;

static struct tar *layer(void)
{
	return &layers[n_layers++];
}

static size_t want_small(void *data, const struct image_file *file)
{
	return file->size < 4096 ? 4096 : 0;
}

static struct image_options options = { .wants = want_small };

static void forget(void)
{
	source = image_source_free(source);
	for (size_t i = 0; i < LAYERS; i++) {
		free(layers[i].bytes);
		layers[i] = (struct tar){ 0 };
	}
	n_layers = 0;
	image = NULL;
	options = (struct image_options){ .wants = want_small };
	err = ERR_INIT;
}

/* The layers as an archive of docker save. */
static struct tar archive(const char *config)
{
	struct tar t = { 0 };
	char manifest[4096] = "[{\"Config\":\"" HEX ".json\",\"RepoTags\":[\"shop:1\",\"shop:latest\"],\"Layers\":[";

	for (size_t i = 0; i < n_layers; i++)
		snprintf(manifest + strlen(manifest), sizeof(manifest) - strlen(manifest), "%s\"l%zu/layer.tar\"", i ? "," : "", i);
	snprintf(manifest + strlen(manifest), sizeof(manifest) - strlen(manifest), "]}]");
	for (size_t i = n_layers; i-- > 0; ) {
		char name[32];
		snprintf(name, sizeof(name), "l%zu/layer.tar", i);
		tar_bytes(&t, name, &layers[i]);
	}
	tar_file(&t, HEX ".json", 0644, config);
	tar_file(&t, "manifest.json", 0644, manifest);
	tar_end(&t);
	return t;
}

/* One diff id per layer, so that the configuration and the manifest agree. */
static const char *plain_config(void)
{
	static char text[1024];

	snprintf(text, sizeof(text), "{\"os\":\"linux\",\"config\":{},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");
	for (size_t i = 0; i < n_layers; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s\"sha256:%zu\"", i ? "," : "", i);
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "]}}");
	return text;
}

static int open_tar(struct tar *t)
{
	int r = image_source_open_fd(tar_fd(t), "a.tar", &options, &source, &err);

	if (r >= 0 && image_count(source)) {
		image = image_at(source, 0);
		image_load(source, image);
	}
	return r;
}

static void load(void)
{
	struct tar t = archive(plain_config());

	CHECK_INT(open_tar(&t), 0);
	CHECK_MSG(!err.code, "%s", err.text);
}

/* All paths of the merged tree, one blank between. */
static const char *tree(void)
{
	static char text[4096];

	text[0] = '\0';
	for (size_t i = 0; image && i < image->n_nodes; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s", i ? " " : "", image->nodes[i].file->path);
	return text;
}

TEST(a_docker_archive_tells_names_configuration_and_files)
{
	struct tar t;

	tar_header(layer(), '5', "bin/", NULL, 0755, 0);
	tar_file(&layers[0], "./bin/su", 04755, "program");
	tar_end(&layers[0]);
	tar_file(layer(), "/etc/motd", 0600, "hello");
	t = archive("{\"created\":\"2024-01-02T03:04:05Z\",\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{\"User\":\"1000:1000\","
		"\"Env\":[\"A=b\",\"C=\"],\"Cmd\":[\"/bin/su\",\"-\"],\"Entrypoint\":[\"/init\"],\"ExposedPorts\":{\"22/tcp\":{}},"
		"\"Volumes\":{\"/data\":{}},\"Healthcheck\":{\"Test\":[\"CMD\",\"true\"]},\"Labels\":{\"k\":\"v\"},\"WorkingDir\":\"/w\"},"
		"\"history\":[{\"created_by\":\"ADD file:1 in /\"},{\"created_by\":\"ENV A=b\",\"empty_layer\":true},{\"created_by\":\"COPY motd\"}],"
		"\"rootfs\":{\"diff_ids\":[\"sha256:a\",\"sha256:b\"]}}");
	CHECK_INT(open_tar(&t), 0);
	CHECK_STR(image->id, "sha256:" HEX);
	CHECK_INT(image->tags.n, 2);
	CHECK_STR(image->tags.at[0], "shop:1");
	CHECK_STR(image->user, "1000:1000");
	CHECK_STR(image->env.at[1], "C=");
	CHECK_STR(image->cmd.at[1], "-");
	CHECK_STR(image->entrypoint.at[0], "/init");
	CHECK_STR(image->ports.at[0], "22/tcp");
	CHECK_STR(image->volumes.at[0], "/data");
	CHECK_STR(image->healthcheck.at[1], "true");
	CHECK_STR(image->labels[0].value, "v");
	CHECK_STR(image->workdir, "/w");
	CHECK_STR(image->created, "2024-01-02T03:04:05Z");
	CHECK_INT(image->n_layers, 2);
	CHECK_STR(image->layers[1]->diff_id, "sha256:b");
	CHECK_INT(image->steps[1].layer, -1);
	CHECK_STR(image_step_of(image, 1)->created_by, "COPY motd");
	CHECK_STR(tree(), "/bin /bin/su /etc/motd");
	CHECK_INT(image_find(image, "/bin/su")->file->mode, 04755);
	CHECK_INT(image_find(image, "/bin/su")->file->size, 7);
	CHECK_INT(image_find(image, "/bin/su")->file->mtime, 1700000000);
	CHECK_STR(image_find(image, "/etc/motd")->file->content, "hello");
	CHECK_INT(image_find(image, "/etc/motd")->layer, 1);
	CHECK(!image_find(image, "/etc"));
	CHECK(!image->problem);
	forget();
}

TEST(whiteouts_and_opaque_directories_take_away_what_lower_layers_have)
{
	struct tar *t = layer();

	tar_file(t, "a/one", 0644, "1");
	tar_file(t, "a/two", 0644, "2");
	tar_file(t, "a/deep/x", 0644, "x");
	tar_file(t, "a-b", 0644, "");
	tar_header(t, '5', "b", NULL, 0755, 0);
	tar_file(t, "b/one", 0644, "1");
	tar_file(t, "b/sub/two", 0644, "2");
	tar_file(t, "c", 0644, "3");
	t = layer();
	tar_file(t, "a/.wh.one", 0, "");
	tar_file(t, "a/.wh.deep", 0, "");
	tar_header(t, '5', "b", NULL, 0700, 0);
	tar_file(t, "b/three", 0644, "3");
	tar_file(t, "b/.wh..wh..opq", 0, "");
	tar_file(t, ".wh.c", 0, "");
	tar_file(t, ".wh..wh.plnk", 0, "");
	load();
	CHECK_STR(tree(), "/a/two /a-b /b /b/three");
	CHECK_INT(image_find(image, "/b")->file->mode, 0700);
	CHECK_INT(image_layer_find(image->layers[1], "/c")->kind, IMAGE_WHITEOUT);
	CHECK(image_layer_find(image->layers[0], "/c")->content);
	forget();
}

TEST(a_layer_may_take_a_path_away_and_put_it_anew)
{
	tar_file(layer(), "d/old", 0644, "old");
	tar_file(layer(), "d/new", 0644, "new");
	tar_file(&layers[1], ".wh.d", 0, "");
	load();
	CHECK_STR(tree(), "/d/new");
	forget();
}

TEST(kinds_replace_each_other)
{
	tar_file(layer(), "dir/x", 0644, "x");
	tar_header(&layers[0], '2', "lib", "usr/lib", 0777, 0);
	tar_file(&layers[0], "file", 0644, "f");
	tar_file(layer(), "dir", 0644, "now a file");
	tar_file(&layers[1], "lib/y", 0644, "y");
	tar_header(&layers[1], '5', "file/", NULL, 0755, 0);
	load();
	CHECK_STR(tree(), "/dir /file /lib/y");
	CHECK_INT(image_find(image, "/file")->file->kind, IMAGE_DIR);
	forget();
}

TEST(of_a_path_that_is_twice_in_a_layer_the_last_counts)
{
	tar_file(layer(), "x", 0644, "first");
	tar_file(&layers[0], "a", 0644, "a");
	tar_file(&layers[0], "./x", 0600, "second");
	load();
	CHECK_STR(tree(), "/a /x");
	CHECK_STR(image_find(image, "/x")->file->content, "second");
	forget();
}

TEST(long_names_numbers_and_attributes_of_all_formats_are_read)
{
	char path[300], expected[304];
	struct tar *t = layer();

	memset(path, 'p', 250);
	path[250] = '\0';
	snprintf(expected, sizeof(expected), "/%s", path);
	tar_pax(t, "path", path);
	tar_pax(t, "uid", "3000000");
	tar_pax(t, "SCHILY.xattr.security.capability", "\x01");
	tar_file(t, "short", 0755, "pax");
	path[249] = 'g';
	tar_header(t, 'L', "././@LongLink", NULL, 0, 251);
	tar_data(t, path, 251);
	tar_file(t, "short", 0644, "gnu");
	tar_header(t, '1', "hard", "./short2", 0644, 0);
	tar_file(t, "short2", 02755, "target");
	tar_header(t, '2', "soft", "../../etc/shadow", 0777, 0);
	tar_header(t, '3', "null", NULL, 0666, 0);
	load();
	CHECK_STR(image_find(image, expected)->file->content, "pax");
	CHECK_INT(image_find(image, expected)->file->uid, 3000000);
	CHECK(image_find(image, expected)->file->has_caps);
	expected[250] = 'g';
	CHECK_STR(image_find(image, expected)->file->content, "gnu");
	CHECK_INT(image_find(image, expected)->file->uid, 0);
	CHECK_STR(image_find(image, "/hard")->file->content, "target");
	CHECK_INT(image_find(image, "/hard")->file->mode, 02755);
	CHECK_STR(image_find(image, "/soft")->file->link, "../../etc/shadow");
	CHECK_INT(image_find(image, "/null")->file->kind, IMAGE_SPECIAL);
	forget();
}

TEST(names_that_lead_outside_are_refused_and_said)
{
	tar_file(layer(), "../../etc/passwd", 0644, "x");
	tar_file(&layers[0], "a/../../b", 0644, "x");
	tar_file(&layers[0], "/abs", 0644, "x");
	load();
	CHECK_STR(tree(), "/abs");
	CHECK(image->problem && strstr(image->problem, "leads outside"));
	forget();
}

TEST(limits_make_a_layer_partial_with_the_reason)
{
	static const struct { struct image_options options; const char *why; } cases[] = {
		{ { .layer_files_max = 5 }, "more than 5 files" },
		{ { .names_bytes_max = 1 << 16 }, "more than 65536 bytes" },
		{ { .layer_bytes_max = 20000 }, "more than 20000 bytes come out" },
	};

	for (size_t c = 0; c < ARRAY_LEN(cases); c++) {
		struct tar *t = layer(), plain;

		for (int i = 0; i < 3000; i++) {
			char name[64];
			snprintf(name, sizeof(name), "file-with-a-rather-long-name-%d", i);
			tar_file(t, name, 0644, "");
		}
		plain = *t;
		*t = tar_gzip(&plain);
		free(plain.bytes);
		options = cases[c].options;
		load();
		CHECK_MSG(image->problem && strstr(image->problem, cases[c].why), "%s: %s", cases[c].why, image->problem ? image->problem : "(none)");
		CHECK(image->n_nodes > 4 && image->n_nodes < 3000);
		forget();
	}
}

TEST(long_paths_and_extended_headers_are_limits)
{
	struct tar *t = layer();
	char *path = mem_alloc(IMAGE_PATH_BYTES_MAX + 10);

	memset(path, 'p', IMAGE_PATH_BYTES_MAX + 1);
	tar_header(t, 'L', "././@LongLink", NULL, 0, IMAGE_PATH_BYTES_MAX + 2);
	tar_data(t, path, IMAGE_PATH_BYTES_MAX + 2);
	tar_file(t, "x", 0644, "");
	load();
	CHECK(image->problem && strstr(image->problem, "a path of more than 4096 bytes"));
	forget();

	tar_header(layer(), 'x', "huge", NULL, 0, IMAGE_PAX_BYTES_MAX + 1);
	load();
	CHECK(image->problem && strstr(image->problem, "an extended header of more than"));
	forget();

	t = layer();
	for (int i = 0; i <= IMAGE_TAR_HEADERS_MAX; i++)
		tar_pax(t, "comment", "x");
	load();
	CHECK(image->problem && strstr(image->problem, "more than 64 extended headers"));
	forget();
	free(path);
}

/* `text` n times, commas between. */
static char *many(const char *before, const char *text, size_t n, const char *after)
{
	struct strbuf sb;
	char *copy;

	strbuf_init(&sb, 64 << 20);
	strbuf_adds(&sb, before);
	for (size_t i = 0; i < n; i++)
		strbuf_addf(&sb, "%s%s", i ? "," : "", text);
	strbuf_adds(&sb, after);
	copy = mem_strdup(sb.text);
	strbuf_done(&sb);
	return copy;
}

static void put_many(struct tar *t, const char *path, char *text)
{
	tar_file(t, path, 0644, text);
	free(text);
}

TEST(documents_that_say_too_much_make_an_image_partial_with_the_reason)
{
	static const struct { size_t n_layers, n_steps, n_pad; const char *why; } cases[] = {
		{ IMAGE_LAYERS_MAX + 1, 0, 0, "more than 512 layers" },
		{ 1, IMAGE_STEPS_MAX + 1, 0, "a history of more than 2048 lines" },
		{ 1, 0, IMAGE_JSON_BYTES_MAX / 2, "no JSON document of at most 4194304 bytes" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct tar t = { 0 };
		struct strbuf config;
		char *parts[3] = { many("{\"rootfs\":{\"diff_ids\":[", "\"sha256:1\"", cases[i].n_layers, "]},"),
			many("\"history\":[", "{}", cases[i].n_steps, "],"), many("\"pad\":[", "1", cases[i].n_pad, "]}") };

		strbuf_init(&config, 64 << 20);
		for (size_t k = 0; k < ARRAY_LEN(parts); k++) {
			strbuf_adds(&config, parts[k]);
			free(parts[k]);
		}
		put_many(&t, "manifest.json", many("[{\"Config\":\"c.json\",\"Layers\":[", "\"l\"", cases[i].n_layers, "]}]"));
		tar_file(&t, "c.json", 0644, config.text);
		tar_file(&t, "l", 0644, "");
		strbuf_done(&config);
		CHECK_INT(open_tar(&t), 0);
		CHECK_MSG(image->problem && strstr(image->problem, cases[i].why), "%s: %s", cases[i].why, image->problem ? image->problem : "(none)");
		forget();
	}
}

TEST(archives_and_sources_of_too_much_say_which_limit)
{
	struct tar t = { 0 };

	tar_file(&t, "manifest.json", 0644, "[{\"Config\":\"c.json\",\"Layers\":[]}]");
	for (int i = 0; i < IMAGE_ARCHIVE_FILES_MAX; i++)
		tar_header(&t, '0', "x", NULL, 0644, 0);
	CHECK_INT(open_tar(&t), 0);
	CHECK(image_source_problem(source) && strstr(image_source_problem(source), "more than 100000 files"));
	forget();

	put_many(&t, "manifest.json", many("[", "{\"Config\":\"c.json\"}", IMAGE_IMAGES_MAX + 1, "]"));
	CHECK_INT(open_tar(&t), 0);
	CHECK_INT(image_count(source), IMAGE_IMAGES_MAX);
	CHECK(image_source_problem(source) && strstr(image_source_problem(source), "more than 10000 images"));
	forget();
}

TEST(a_sparse_files_map_is_a_limit)
{
	char block[512] = { 0 };
	struct tar *t = layer();

	block[504] = 1;
	tar_header(t, 'S', "sparse", NULL, 0644, 0);
	t->bytes[482] = 1;
	memcpy(t->bytes + 148, "        ", 8);
	snprintf((char *)t->bytes + 148, 8, "%06o", ({ unsigned sum = 0; for (int i = 0; i < 512; i++) sum += t->bytes[i]; sum; }));
	for (int i = 0; i <= IMAGE_SPARSE_BLOCKS_MAX; i++)
		tar_raw(t, block, 512);
	load();
	CHECK(image->problem && strstr(image->problem, "a sparse file's map of more than 4096 blocks"));
	forget();
}

TEST(a_bomb_is_stopped_by_its_ratio)
{
	struct tar plain = { 0 };
	size_t len = 300 << 20;

	tar_header(&plain, '0', "zeros", NULL, 0644, len);
	*layer() = tar_gzip_zeros(&plain, len);
	load();
	CHECK(image->problem && strstr(image->problem, "come out of each byte"));
	CHECK_INT(image->n_nodes, 1);
	free(plain.bytes);
	forget();
}

TEST(huge_sparse_files_cost_nothing)
{
	char block[512] = { 0 };
	struct tar *t = layer();

	tar_pax(t, "GNU.sparse.major", "1");
	tar_pax(t, "GNU.sparse.name", "sparse");
	tar_pax(t, "GNU.sparse.realsize", "1099511627776");
	tar_header(t, '0', "GNUSparseFile.0/sparse", NULL, 0644, 512);
	tar_data(t, block, 512);
	tar_file(t, "after", 0644, "a");
	load();
	CHECK_STR(tree(), "/after /sparse");
	CHECK_INT(image_find(image, "/sparse")->file->size, 1099511627776);
	CHECK(!image_find(image, "/sparse")->file->content);
	forget();
}

TEST(broken_archives_are_errors_with_a_place)
{
	struct tar t = { 0 };

	tar_file(&t, "x", 0644, "no image");
	tar_end(&t);
	CHECK_INT(open_tar(&t), -EINVAL);
	CHECK(strstr(err.text, "neither manifest.json nor index.json"));
	forget();

	tar_raw(&t, "this is no tar, though it is longer than a block of it", 54);
	for (int i = 0; i < 600; i++)
		tar_raw(&t, "x", 1);
	CHECK_INT(open_tar(&t), -EBADMSG);
	CHECK(strstr(err.text, "no tar header at byte 0"));
	forget();

	tar_raw(&t, "\xfd" "7zXZ\0----", 10);
	CHECK_INT(open_tar(&t), -EINVAL);
	CHECK(strstr(err.text, "compressed with xz"));
	forget();

	tar_file(&t, "manifest.json", 0644, "[{\"Config\":\"nowhere.json\",\"Layers\":[\"nowhere.tar\"]}]");
	tar_end(&t);
	CHECK_INT(open_tar(&t), 0);
	CHECK(image->problem && strstr(image->problem, "there is no nowhere.json"));
	forget();

	tar_file(&t, "manifest.json", 0644, "[{\"Config\": 12}]");
	CHECK_INT(open_tar(&t), -EBADMSG);
	forget();
}

TEST(an_archive_that_is_cut_off_is_partial)
{
	struct tar t = { 0 };

	tar_file(layer(), "a", 0644, "a");
	tar_header(&layers[0], '0', "b", NULL, 0644, 1 << 20);
	tar_data(&layers[0], "only this", 9);
	tar_file(&t, "manifest.json", 0644, "[{\"Config\":\"c.json\",\"Layers\":[\"l\"]}]");
	tar_file(&t, "c.json", 0644, "{\"rootfs\":{\"diff_ids\":[\"sha256:1\"]}}");
	tar_bytes(&t, "l", &layers[0]);
	t.len -= 512;
	CHECK_INT(open_tar(&t), 0);
	CHECK(image_source_problem(source));
	CHECK(image->problem);
	CHECK_STR(tree(), "/a /b");
	forget();
}

TEST(compressed_archives_and_layers_are_the_same_image)
{
	for (int how = 0; how < 4; how++) {
		struct tar t, plain;

		tar_file(layer(), "one", 0644, "1");
		tar_file(layer(), "two", 0644, "2");
		tar_file(layer(), "three", 0644, "3");
		for (size_t i = 0; i < 3; i++) {
			plain = layers[i];
			layers[i] = how & 1 ? tar_zstd(&plain) : tar_gzip(&plain);
			free(plain.bytes);
		}
		plain = archive(plain_config());
		t = how & 2 ? tar_zstd(&plain) : tar_gzip(&plain);
		free(plain.bytes);
		CHECK_INT(open_tar(&t), 0);
		CHECK_STR(tree(), "/one /three /two");
		CHECK(!image->problem);
		forget();
	}
}

TEST(layers_that_are_links_within_the_archive_are_followed_and_loops_are_not)
{
	struct tar t = { 0 };

	tar_file(layer(), "x", 0644, "1");
	tar_bytes(&t, "a/layer.tar", &layers[0]);
	tar_header(&t, '2', "b/layer.tar", "../a/layer.tar", 0777, 0);
	tar_header(&t, '2', "c/layer.tar", "../c/layer.tar", 0777, 0);
	tar_header(&t, '2', "d/layer.tar", "../../../etc/shadow", 0777, 0);
	tar_file(&t, "manifest.json", 0644, "[{\"Config\":\"c.json\",\"Layers\":[\"b/layer.tar\"]},{\"Config\":\"c.json\",\"Layers\":[\"c/layer.tar\"]},"
		"{\"Config\":\"c.json\",\"Layers\":[\"d/layer.tar\"]}]");
	tar_file(&t, "c.json", 0644, "{\"rootfs\":{\"diff_ids\":[\"sha256:1\"]}}");
	CHECK_INT(open_tar(&t), 0);
	CHECK_STR(tree(), "/x");
	for (size_t i = 1; i < 3; i++) {
		image_load(source, image_at(source, i));
		CHECK(image_at(source, i)->problem && strstr(image_at(source, i)->problem, "there is no"));
	}
	forget();
}

TEST(images_share_layers_and_unloading_keeps_the_other)
{
	struct tar t = { 0 };

	tar_file(layer(), "base", 0644, "1");
	tar_file(layer(), "top", 0644, "2");
	tar_bytes(&t, "l0", &layers[0]);
	tar_bytes(&t, "l1", &layers[1]);
	tar_file(&t, "c1", 0644, "{\"rootfs\":{\"diff_ids\":[\"sha256:1\"]}}");
	tar_file(&t, "c2", 0644, "{\"rootfs\":{\"diff_ids\":[\"sha256:1\",\"sha256:2\"]}}");
	tar_file(&t, "manifest.json", 0644, "[{\"Config\":\"c1\",\"Layers\":[\"l0\"]},{\"Config\":\"c2\",\"Layers\":[\"l0\",\"l1\"]}]");
	CHECK_INT(open_tar(&t), 0);
	image_load(source, image_at(source, 1));
	CHECK(image_at(source, 1)->nodes[0].file == image->nodes[0].file);
	image_unload(source, image);
	CHECK_INT(image->n_nodes, 0);
	CHECK_STR(image_at(source, 1)->nodes[0].file->path, "/base");
	image_load(source, image);
	CHECK_STR(tree(), "/base");
	forget();
}

/* ---- layouts and stores, in a directory ---- */

static char root[] = "/tmp/parka-image-XXXXXX";

static void put(const char *path, const void *bytes, size_t len)
{
	char full[512], *slash;
	int fd;

	if (strstr(root, "XXXXXX") && !mkdtemp(root))
		return;
	snprintf(full, sizeof(full), "%s/%s", root, path);
	slash = strrchr(full, '/');
	*slash = '\0';
	file_make_dirs(full, 0755, NULL);
	*slash = '/';
	fd = open(full, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd_write_all(fd, bytes, len) < 0)
		printf("# cannot write %s\n", full);
	close(fd);
}

static void put_text(const char *path, const char *text)
{
	put(path, text, strlen(text));
}

static void forget_root(void)
{
	char command[64];

	forget();
	snprintf(command, sizeof(command), "rm -rf %s", root);
	if (strstr(root, "XXXXXX") || system(command) != 0)
		return;
	memcpy(root + strlen(root) - 6, "XXXXXX", 6);
}

#define C1 "1111111111111111111111111111111111111111111111111111111111111111"
#define L1 "2222222222222222222222222222222222222222222222222222222222222222"
#define M1 "3333333333333333333333333333333333333333333333333333333333333333"
#define X1 "4444444444444444444444444444444444444444444444444444444444444444"
#define S1 "5555555555555555555555555555555555555555555555555555555555555555"

static void put_layout(void)
{
	struct tar plain = { 0 }, gz;

	tar_file(&plain, "hello", 0644, "world");
	gz = tar_gzip(&plain);
	put("blobs/sha256/" L1, gz.bytes, gz.len);
	put_text("blobs/sha256/" C1, "{\"architecture\":\"arm64\",\"config\":{\"User\":\"app\"},\"rootfs\":{\"diff_ids\":[\"sha256:d\"]}}");
	put_text("blobs/sha256/" M1, "{\"schemaVersion\":2,\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\",\"digest\":\"sha256:" C1
		"\"},\"layers\":[{\"digest\":\"sha256:" L1 "\"}]}");
	put_text("blobs/sha256/" X1, "{\"manifests\":[{\"digest\":\"sha256:" M1 "\",\"platform\":{\"os\":\"linux\"}},"
		"{\"digest\":\"sha256:" HEX "\",\"platform\":{\"os\":\"linux\",\"architecture\":\"s390x\"}},"
		"{\"digest\":\"sha256:" S1 "\",\"platform\":{\"os\":\"unknown\"},\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\"}}]}");
	put_text("blobs/sha256/" S1, "{\"config\":{\"digest\":\"sha256:" C1 "\"},\"layers\":[]}");
	put_text("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
	put_text("index.json", "{\"manifests\":[{\"digest\":\"sha256:" X1 "\",\"annotations\":{\"org.opencontainers.image.ref.name\":\"shop:2\"}},"
		"{\"digest\":\"sha256:" S1 "\",\"annotations\":{\"org.opencontainers.image.ref.name\":\"sha256-" M1 ".sig\"}}]}");
	free(plain.bytes);
	free(gz.bytes);
}

TEST(an_oci_layout_is_read_through_its_indexes)
{
	put_layout();
	CHECK_INT(image_source_open(root, &options, &source, &err), 0);
	CHECK_MSG(!err.code, "%s", err.text);
	CHECK_INT(image_count(source), 1);
	image = image_at(source, 0);
	CHECK_STR(image->id, "sha256:" C1);
	CHECK_STR(image->digest, "sha256:" M1);
	CHECK_STR(image->tags.at[0], "shop:2");
	CHECK_STR(image->user, "app");
	CHECK(image->has_signature);
	image_load(source, image);
	CHECK_STR(tree(), "/hello");
	CHECK_STR(image->layers[0]->digest, "sha256:" L1);
	CHECK_INT(image_source_kind(source), IMAGE_FROM_LAYOUT);
	forget_root();
}

TEST(a_layout_reaches_nothing_outside_of_it)
{
	char path[512];

	put_layout();
	snprintf(path, sizeof(path), "%s/blobs/sha256/" C1, root);
	unlink(path);
	CHECK_INT(symlink("/etc/passwd", path), 0);
	CHECK_INT(image_source_open(root, &options, &source, &err), 0);
	CHECK(image_at(source, 0)->problem && strstr(image_at(source, 0)->problem, "open"));
	forget_root();

	put_text("index.json", "{\"manifests\":[{\"digest\":\"sha256:../../../../etc/passwd\"}]}");
	CHECK_INT(image_source_open(root, &options, &source, &err), -EBADMSG);
	forget_root();
}

TEST(indexes_in_indexes_are_a_limit)
{
	char name[128], text[256];

	put_text("index.json", "{\"manifests\":[{\"digest\":\"sha256:i0\"}]}");
	for (int i = 0; i <= IMAGE_INDEX_DEPTH_MAX; i++) {
		snprintf(name, sizeof(name), "blobs/sha256/i%d", i);
		snprintf(text, sizeof(text), "{\"manifests\":[{\"digest\":\"sha256:i%d\"}]}", i + 1);
		put_text(name, text);
	}
	CHECK_INT(image_source_open(root, &options, &source, &err), -E2BIG);
	CHECK(strstr(err.text, "nested deeper than 4"));
	forget_root();
}

TEST(indexes_that_hold_each_other_come_to_an_end)
{
	put_text("index.json", "{\"manifests\":[{\"digest\":\"sha256:" X1 "\"}]}");
	put_text("blobs/sha256/" X1, "{\"manifests\":[{\"digest\":\"sha256:" M1 "\"}]}");
	put_text("blobs/sha256/" M1, "{\"manifests\":[{\"digest\":\"sha256:" X1 "\"}]}");
	CHECK_INT(image_source_open(root, &options, &source, &err), 0);
	CHECK_INT(image_count(source), 0);
	forget_root();
}

static void put_store(void)
{
	put_text("image/overlay2/repositories.json", "{\"Repositories\":{\"shop\":{\"shop:3\":\"sha256:" C1 "\",\"shop@sha256:" M1 "\":\"sha256:" C1 "\"}}}");
	put_text("image/overlay2/imagedb/content/sha256/" C1, "{\"os\":\"linux\",\"config\":{\"Env\":[\"A=1\"]},\"rootfs\":{\"diff_ids\":[\"sha256:d1\",\"sha256:d2\"]}}");
	put_text("image/overlay2/layerdb/sha256/" L1 "/diff", "sha256:d1");
	put_text("image/overlay2/layerdb/sha256/" L1 "/cache-id", "low");
	put_text("image/overlay2/layerdb/sha256/" X1 "/diff", "sha256:d2");
	put_text("image/overlay2/layerdb/sha256/" X1 "/parent", "sha256:" L1);
	put_text("image/overlay2/layerdb/sha256/" X1 "/cache-id", "high");
	put_text("overlay2/low/diff/etc/a", "lower a");
	put_text("overlay2/low/diff/etc/b", "lower b");
	put_text("overlay2/high/diff/etc/a", "upper a");
	put_text("overlay2/high/diff/z", "z");
}

static int open_store(void)
{
	return image_source_open_docker(open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC), "docker", &options, &source, &err);
}

TEST(dockers_store_is_read_where_it_lies)
{
	put_store();
	CHECK_INT(open_store(), 0);
	CHECK_MSG(!err.code, "%s", err.text);
	CHECK_INT(image_count(source), 1);
	image = image_at(source, 0);
	CHECK_STR(image->tags.at[0], "shop:3");
	CHECK_STR(image->digests.at[0], "shop@sha256:" M1);
	image_load(source, image);
	CHECK_STR(tree(), "/etc /etc/a /etc/b /z");
	CHECK_STR(image_find(image, "/etc/a")->file->content, "upper a");
	CHECK_INT(image_find(image, "/etc/b")->layer, 0);
	CHECK(!image->problem);
	forget_root();
}

TEST(steps_of_builds_are_told_from_images)
{
	put_store();
	put_text("image/overlay2/imagedb/content/sha256/" S1, "{\"config\":{},\"rootfs\":{\"diff_ids\":[\"sha256:d1\"]}}");
	CHECK_INT(open_store(), 0);
	CHECK_INT(image_count(source), 2);
	CHECK(!image_at(source, 1)->is_intermediate);
	source = image_source_free(source);
	put_text("image/overlay2/imagedb/metadata/sha256/" C1 "/parent", "sha256:" S1);
	put_text("image/overlay2/imagedb/metadata/sha256/" S1 "/parent", "sha256:" C1);
	CHECK_INT(open_store(), 0);
	CHECK_STR(image_at(source, 1)->id, "sha256:" S1);
	CHECK(image_at(source, 1)->is_intermediate);
	CHECK(!image_at(source, 0)->is_intermediate);
	forget_root();
}

TEST(a_store_that_lacks_a_layer_says_so)
{
	put_store();
	put_text("image/overlay2/layerdb/sha256/" X1 "/parent", "sha256:" S1);
	CHECK_INT(open_store(), 0);
	CHECK(image_at(source, 0)->problem && strstr(image_at(source, 0)->problem, "its layer 2, sha256:d2, is not in the store"));
	forget_root();
}

TEST(a_store_of_another_driver_is_no_store_without_images)
{
	put_text("image/btrfs/repositories.json", "{}");
	CHECK_INT(open_store(), -EOPNOTSUPP);
	CHECK(strstr(err.text, "storage driver btrfs"));
	forget_root();
}

TEST(directories_deeper_than_the_limit_make_the_layer_partial)
{
	char path[2048] = "overlay2/low/diff", full[2200];

	put_store();
	for (int i = 0; i < IMAGE_DEPTH_MAX + 2; i++)
		strcat(path, "/d");
	snprintf(full, sizeof(full), "%s/%s", root, path);
	file_make_dirs(full, 0755, NULL);
	CHECK_INT(open_store(), 0);
	image = image_at(source, 0);
	image_load(source, image);
	CHECK(image->problem && strstr(image->problem, "deeper than 256"));
	forget_root();
}

TAP_MAIN()
