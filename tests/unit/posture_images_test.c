/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/images/images.h"
#include "posture/judge.h"
#include "data_dir.h"
#include "tap.h"
#include "tar_writer.h"

#include <time.h>

static struct posture_set *set;
static struct tar layers[4];
static size_t n_layers;
static const char *created = "2020-01-01T00:00:00Z", *tag = "shop:latest";

#define KEY "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQAAAAAAAAABAAAAMwAAAAtzc2gtZW\n-----END OPENSSH PRIVATE KEY-----\n"

static struct tar *layer(void)
{
	return &layers[n_layers++];
}

static void forget(void)
{
	set = posture_set_free(set);
	for (size_t i = 0; i < n_layers; i++)
		free(layers[i].bytes);
	memset(layers, 0, sizeof(layers));
	n_layers = 0;
}

/* The layers, with what a configuration has in "config" and "history"; as `parka lint` reads it. */
static void lint(const char *config, const char *history)
{
	struct tar t = { 0 };
	char text[8192], manifest[512], path[] = "/tmp/parka-images-XXXXXX.tar";
	const char *one[] = { path };
	int fd;

	snprintf(manifest, sizeof(manifest), "[{\"Config\":\"c.json\",\"RepoTags\":[\"%s\"],\"Layers\":[", tag);
	snprintf(text, sizeof(text), "{\"os\":\"linux\",\"created\":\"%s\",\"config\":{%s},\"history\":[%s],\"rootfs\":{\"diff_ids\":[", created, config, history);
	for (size_t i = 0; i < n_layers; i++) {
		char name[16];
		snprintf(name, sizeof(name), "l%zu", i);
		tar_bytes(&t, name, &layers[i]);
		snprintf(manifest + strlen(manifest), sizeof(manifest) - strlen(manifest), "%s\"l%zu\"", i ? "," : "", i);
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s\"sha256:%zu\"", i ? "," : "", i);
	}
	snprintf(manifest + strlen(manifest), sizeof(manifest) - strlen(manifest), "]}]");
	snprintf(text + strlen(text), sizeof(text) - strlen(text), "]}}");
	tar_file(&t, "c.json", 0644, text);
	tar_file(&t, "manifest.json", 0644, manifest);
	tar_end(&t);
	fd = mkstemps(path, 4);
	if (write(fd, t.bytes, t.len) != (ssize_t)t.len)
		printf("# cannot write %s\n", path);
	close(fd);
	free(t.bytes);
	set = posture_set_new(NULL);
	CHECK_INT(posture_lint(set, one, 1, NULL, NULL), 0);
	unlink(path);
}

static const struct posture_record *first(enum model_kind_id kind)
{
	return set->first[kind];
}

/* A field as text: elements of lists with commas; "unknown: why". */
static const char *field(const struct posture_record *r, enum model_field_id id)
{
	static char text[4096];
	struct strbuf out;
	const struct posture_value *v = r ? posture_value_of(r, id) : NULL;

	text[0] = '\0';
	if (!v || v->state == MODEL_UNSET)
		return "unset";
	if (v->state == MODEL_UNKNOWN) {
		snprintf(text, sizeof(text), "unknown: %s", v->note);
		return text;
	}
	strbuf_init(&out, sizeof(text));
	if (model_field(id)->flags & MODEL_FIELD_LIST) {
		for (size_t i = 0; i < v->value.n; i++) {
			strbuf_adds(&out, i ? "," : "");
			model_value_print(&v->value.list[i], model_field(id)->type, false, &out);
		}
	} else {
		model_value_print(&v->value, model_field(id)->type, false, &out);
	}
	snprintf(text, sizeof(text), "%s", out.text);
	strbuf_done(&out);
	return text;
}

TEST(variables_that_are_secrets_and_those_that_only_sound_so)
{
	static const struct { const char *name, *value; bool is; } cases[] = {
		{ "DB_PASSWORD", "hunter22", true }, { "API_KEY", "abcdef", true }, { "GITHUB_TOKEN", "abcdef", true }, { "MYSQL_PWD", "hunter22", true },
		{ "db.password", "hunter22", true }, { "x", "AKIAIOSFODNN7EXAMPLE", true }, { "DATABASE", "postgres://u:hunter22@db/x", true },
		{ "CERT", "-----BEGIN RSA PRIVATE KEY-----", true },
		{ "GPG_KEY", "E3FF2839C048B25C084DEBE9B26995E310250568", false }, { "PASSWORD_FILE", "/run/secrets/x", false }, { "DB_PASSWORD", "", false },
		{ "DB_PASSWORD", "$OTHER", false }, { "TOKEN_TTL", "3600", false }, { "PWD", "/srv", false }, { "PWD", "srv1", false }, { "PATH", "/usr/bin:/bin", false },
		{ "SECRET_NAME", "shop-db", false }, { "PASSWORD", "true", false }, { "URL", "https://example.org/a@b:c", false },
		{ "URL", "http://user@host", false }, { "KEY", "abcdef", false }, { "MONKEY", "abcdef", false }, { "TOKENIZER", "bpe", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		CHECK_MSG(images_is_secret(cases[i].name, strlen(cases[i].name), cases[i].value, strlen(cases[i].value)) == cases[i].is, "%s=%s", cases[i].name,
			  cases[i].value);
}

TEST(files_that_hold_secrets_and_those_that_only_sound_so)
{
	static const struct { const char *path, *content, *what; } cases[] = {
		{ "/root/.ssh/id_rsa", KEY, "private key" }, { "/root/.ssh/id_rsa", "not a secret", NULL }, { "/srv/cert.pem", "-----BEGIN CERTIFICATE-----\nx", NULL },
		{ "/srv/any.txt", KEY, "private key" }, { "/usr/lib/python3/test/key.pem", KEY, NULL }, { "/app/node_modules/x/test.key", KEY, NULL },
		{ "/root/.npmrc", "//registry.npmjs.org/:_authToken=npm_abcdef", "npm token" }, { "/root/.npmrc", "//r/:_authToken=${NPM_TOKEN}", NULL },
		{ "/root/.npmrc", "registry=https://r/", NULL }, { "/root/.netrc", "machine a login b password c", "passwords of .netrc" },
		{ "/root/.aws/credentials", "[default]\naws_secret_access_key = x", "AWS credentials" },
		{ "/root/.docker/config.json", "{\"auths\":{\"r\":{\"auth\":\"eA==\"}}}", "registry credentials" },
		{ "/root/.docker/config.json", "{\"credsStore\":\"desktop\"}", NULL }, { "/app/.env", "DEBUG=1\nDB_PASSWORD=hunter22\n", "secrets in .env" },
		{ "/app/.env", "DEBUG=1\n# DB_PASSWORD=hunter22\n", NULL }, { "/root/.git-credentials", "https://u:hunter22@github.com", "git credentials" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct image_file f = { .path = cases[i].path, .kind = IMAGE_FILE, .content = cases[i].content, .content_len = strlen(cases[i].content),
			.size = strlen(cases[i].content) };
		const char *what = images_secret_in(&f);
		CHECK_MSG(what && cases[i].what ? strcmp(what, cases[i].what) == 0 : what == cases[i].what, "%s: %s", cases[i].path, what ? what : "(none)");
		CHECK_MSG(!cases[i].what || images_secret_wants(&f), "%s is not wanted", cases[i].path);
	}
}

TEST(history_is_told_as_the_dockerfile_had_it_without_values_of_secrets)
{
	static const struct { const char *line, *instruction, *text; size_t n; } cases[] = {
		{ "/bin/sh -c #(nop)  CMD [\"sh\"]", "CMD", "CMD [\"sh\"]", 0 },
		{ "/bin/sh -c apt-get update", "RUN", "RUN apt-get update", 0 },
		{ "RUN /bin/sh -c make # buildkit", "RUN", "RUN /bin/sh -c make", 0 },
		{ "COPY a /b # buildkit", "COPY", "COPY a /b", 0 },
		{ "RUN |2 NPM_TOKEN=abcdef MODE=fast /bin/sh -c npm ci # buildkit", "RUN", "RUN |2 NPM_TOKEN=*** MODE=fast /bin/sh -c npm ci", 1 },
		{ "|1 API_KEY=abcdef /bin/sh -c make", "RUN", "RUN |1 API_KEY=*** /bin/sh -c make", 1 },
		{ "ENV DB_PASSWORD=hunter22", "ENV", "ENV DB_PASSWORD=***", 1 },
		{ "RUN /bin/sh -c export TOKEN=\"a b c\" && make", "RUN", "RUN /bin/sh -c export TOKEN=*** && make", 1 },
		{ "bazel build ...", "", "bazel build ...", 0 },
		{ "", "", "", 0 },
	};

	set = posture_set_new(NULL);
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct images_step step = images_step(set, &(struct image_step){ .created_by = cases[i].line });
		CHECK_STR(step.instruction, cases[i].instruction);
		CHECK_STR(step.text, cases[i].text);
		CHECK_INT(step.n_secrets, cases[i].n);
	}
	forget();
}

TEST(a_linted_archive_becomes_records_of_configuration_history_and_files)
{
	const struct posture_record *r;

	tar_file(layer(), "usr/bin/sudo", 04755, "x");
	tar_file(&layers[0], "bin/ping", 0755, "x");
	tar_file(&layers[0], "etc/passwd", 0644, "root:x:0:0::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\napp:x:7:7::/:/bin/sh\n");
	tar_file(&layers[0], "etc/shadow", 0600, "root::1::::::\napp:$6$salt$hash:1::::::\n");
	tar_file(&layers[0], "var/lib/apt/lists/index", 0644, "x");
	tar_file(&layers[0], "root/.ssh/id_rsa", 0600, KEY);
	tar_header(&layers[0], '5', "open", NULL, 0777, 0);
	tar_header(&layers[0], '5', "tmp", NULL, 01777, 0);
	tar_file(layer(), "root/.ssh/.wh.id_rsa", 0, "");
	tar_file(&layers[1], "app/.git/HEAD", 0644, "ref");
	tar_header(&layers[1], '5', "app/.git", NULL, 0755, 0);
	tar_file(&layers[1], "app/.npmrc", 0644, "//r/:_authToken=abcdef");
	lint("\"User\":\"app\",\"Env\":[\"PATH=/bin\",\"DB_PASSWORD=hunter22\"],\"ExposedPorts\":{\"22/tcp\":{}},\"Labels\":{\"team\":\"shop\"}",
	     "{\"created_by\":\"ADD file:1 in / \"},{\"created_by\":\"ENV DB_PASSWORD=hunter22\",\"empty_layer\":true},{\"created_by\":\"COPY . / # buildkit\"}");
	r = first(MODEL_KIND_IMAGE);
	CHECK_INT(set->n_problems, 0);
	CHECK_STR(field(r, MODEL_F_IMAGE_NAME), "shop:latest");
	CHECK_STR(field(r, MODEL_F_IMAGE_SOURCE), "archive");
	CHECK_STR(field(r, MODEL_F_IMAGE_USER), "app");
	CHECK_STR(field(r, MODEL_F_IMAGE_USER_IS_ROOT), "false");
	CHECK_STR(field(r, MODEL_F_IMAGE_SECRET_ENV), "DB_PASSWORD");
	CHECK_STR(field(r, MODEL_F_IMAGE_PORTS), "22/tcp");
	CHECK_STR(field(r, MODEL_F_IMAGE_HAS_HEALTHCHECK), "false");
	CHECK_STR(field(r, MODEL_F_IMAGE_HAS_LATEST_TAG), "true");
	CHECK_STR(field(r, MODEL_F_IMAGE_SET_ID_FILES), "/usr/bin/sudo");
	CHECK_STR(field(r, MODEL_F_IMAGE_SUDO), "/usr/bin/sudo");
	CHECK_STR(field(r, MODEL_F_IMAGE_WORLD_WRITABLE), "/open");
	CHECK_STR(field(r, MODEL_F_IMAGE_PACKAGE_CACHES), "/var/lib/apt/lists");
	CHECK_STR(field(r, MODEL_F_IMAGE_NEEDLESS_FILES), "/app/.git");
	CHECK_STR(field(r, MODEL_F_IMAGE_EMPTY_PASSWORDS), "root");
	CHECK_STR(field(r, MODEL_F_IMAGE_PASSWORD_HASHES), "app");
	CHECK_STR(field(r, MODEL_F_IMAGE_DUPLICATE_IDS), "user toor: 0");
	CHECK_STR(field(r, MODEL_F_IMAGE_IS_WHOLE), "true");
	CHECK(strtoul(field(r, MODEL_F_IMAGE_AGE_DAYS), NULL, 10) > 1800);
	CHECK_INT(strtoul(field(r, MODEL_F_IMAGE_REMOVED_SIZE), NULL, 10), strlen(KEY));
	r = first(MODEL_KIND_IMAGE_STEP);
	CHECK_STR(field(r, MODEL_F_IMAGESTEP_INSTRUCTION), "ADD");
	CHECK_STR(field(r->next, MODEL_F_IMAGESTEP_TEXT), "ENV DB_PASSWORD=***");
	CHECK_STR(field(r->next, MODEL_F_IMAGESTEP_LAYER), "unset");
	r = first(MODEL_KIND_IMAGE_FILE);
	CHECK_STR(field(r, MODEL_F_IMAGEFILE_PATH), "/root/.ssh/id_rsa");
	CHECK_STR(field(r, MODEL_F_IMAGEFILE_IS_REMOVED), "true");
	CHECK_STR(field(r, MODEL_F_IMAGEFILE_LAYER), "1");
	CHECK_STR(field(r->next, MODEL_F_IMAGEFILE_SECRET), "npm token");
	CHECK_STR(field(r->next, MODEL_F_IMAGEFILE_STEP), "COPY . /");
	CHECK_STR(field(r->next, MODEL_F_IMAGEFILE_IS_REMOVED), "false");
	forget();
}

TEST(a_user_name_is_looked_up_in_the_image)
{
	tar_file(layer(), "etc/passwd", 0644, "admin:x:0:0::/:/bin/sh\n");
	lint("\"User\":\"admin:staff\"", "");
	CHECK_STR(field(first(MODEL_KIND_IMAGE), MODEL_F_IMAGE_USER_IS_ROOT), "true");
	forget();
	layer();
	lint("\"User\":\"nobody\"", "");
	CHECK_STR(field(first(MODEL_KIND_IMAGE), MODEL_F_IMAGE_USER_IS_ROOT), "unknown: the image's /etc/passwd has no nobody");
	forget();
	layer();
	lint("\"User\":\"0:0\"", "");
	CHECK_STR(field(first(MODEL_KIND_IMAGE), MODEL_F_IMAGE_USER_IS_ROOT), "true");
	forget();
}

TEST(what_a_partial_image_does_not_show_is_unknown)
{
	tar_file(layer(), "usr/bin/sudo", 04755, "x");
	tar_file(&layers[0], "../outside", 0644, "x");
	lint("", "");
	CHECK_INT(set->n_problems, 1);
	CHECK_STR(field(first(MODEL_KIND_IMAGE), MODEL_F_IMAGE_IS_WHOLE), "false");
	CHECK_STR(field(first(MODEL_KIND_IMAGE), MODEL_F_IMAGE_SET_ID_FILES), "/usr/bin/sudo");
	CHECK_STR(field(first(MODEL_KIND_IMAGE), MODEL_F_IMAGE_WORLD_WRITABLE), "unknown: layer 1: the path '../outside' leads outside");
	forget();
}

TEST(long_lists_are_cut_and_say_so)
{
	const char *text;

	layer();
	for (int i = 0; i < IMAGES_LIST_MAX + 7; i++) {
		char path[32];
		snprintf(path, sizeof(path), "w%03d", i);
		tar_file(&layers[0], path, 0666, "x");
	}
	lint("", "");
	text = field(first(MODEL_KIND_IMAGE), MODEL_F_IMAGE_WORLD_WRITABLE);
	CHECK(strlen(text) > 12 && strcmp(text + strlen(text) - 11, ",and 7 more") == 0);
	forget();
}

/* ---- the checks that ship ---- */

static struct posture_checks *checks;
static struct posture_results results;

static bool judge(void)
{
	static const char *const strict[] = { "strict" };
	struct posture_options judging = { .profiles = strict, .n_profiles = 1 };
	struct err err = ERR_INIT;

	checks = posture_checks_new();
	if (posture_checks_load(checks, checks_dir(), &err) >= 0 && posture_judge(set, checks, &judging, &results, &err) >= 0)
		return true;
	return CHECK_MSG(false, "%s", err.text);
}

static void forget_results(void)
{
	posture_results_done(&results);
	results = (struct posture_results){ 0 };
	checks = posture_checks_free(checks);
	forget();
}

static unsigned n_failed(const char *id)
{
	const struct posture_check *check = posture_checks_by_id(checks, id);

	CHECK_MSG(check, "there is no check %s", id);
	return check ? results.per_check[check->index].n[POSTURE_FAIL] : 0;
}

static bool is_about_images(const struct posture_check *check)
{
	return check->of == MODEL_KIND_IMAGE || check->of == MODEL_KIND_IMAGE_STEP || check->of == MODEL_KIND_IMAGE_FILE;
}

/* These need a layout, or an image that is broken. */
static bool is_for_others(const char *id)
{
	return strcmp(id, "image-unsigned") == 0 || strcmp(id, "image-not-whole") == 0;
}

TEST(every_check_fails_on_an_image_that_does_all_wrong)
{
	tar_file(layer(), "usr/bin/sudo", 04755, "x");
	tar_pax(&layers[0], "SCHILY.xattr.security.capability", "\x01");
	tar_file(&layers[0], "bin/ping", 0755, "x");
	tar_file(&layers[0], "etc/passwd", 0644, "root:x:0:0::/:/bin/sh\ntoor:x:0:0::/:/bin/sh\n");
	tar_file(&layers[0], "etc/shadow", 0600, "root::1::::::\ntoor:$6$salt$hash:1::::::\n");
	tar_file(&layers[0], "var/cache/apk/index", 0644, "x");
	tar_file(&layers[0], "root/.ssh/id_rsa", 0600, KEY);
	tar_file(&layers[0], "open", 0666, "x");
	tar_file(layer(), "root/.ssh/.wh.id_rsa", 0, "");
	tar_file(&layers[1], "app/Dockerfile", 0644, "FROM scratch");
	tar_file(&layers[1], "app/.npmrc", 0644, "//r/:_authToken=abcdef");
	lint("\"Env\":[\"DB_PASSWORD=hunter22\"],\"ExposedPorts\":{\"22/tcp\":{}},\"Volumes\":{\"/etc\":{}}",
	     "{\"created_by\":\"ADD file:1 in / \"},{\"created_by\":\"ADD https://example.org/x / # buildkit\"},"
	     "{\"created_by\":\"ADD a / # buildkit\",\"empty_layer\":true},{\"created_by\":\"RUN /bin/sh -c apt-get update\",\"empty_layer\":true},"
	     "{\"created_by\":\"RUN /bin/sh -c apt-get dist-upgrade\",\"empty_layer\":true},{\"created_by\":\"RUN /bin/sh -c apk add x\",\"empty_layer\":true},"
	     "{\"created_by\":\"RUN |1 TOKEN=abcdef /bin/sh -c x\",\"empty_layer\":true}");
	if (judge()) {
		for (size_t i = 0; i < posture_checks_count(checks); i++) {
			const struct posture_check *check = posture_checks_at(checks, i);
			if (is_about_images(check) && !is_for_others(check->id))
				CHECK_MSG(n_failed(check->id) == 1, "%s failed %u times", check->id, n_failed(check->id));
		}
	}
	forget_results();
}

TEST(no_check_fails_on_an_image_that_does_all_right)
{
	char today[64];
	time_t now = time(NULL);
	struct tm tm;

	strftime(today, sizeof(today), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &tm));
	created = today;
	tag = "shop:1";
	tar_file(layer(), "etc/passwd", 0644, "root:x:0:0::/:/bin/sh\napp:x:7:7::/:/bin/sh\n");
	tar_file(&layers[0], "etc/shadow", 0600, "root:*:1::::::\napp:!:1::::::\n");
	tar_file(&layers[0], "usr/lib/python3/test/key.pem", 0644, KEY);
	tar_file(&layers[0], "var/lib/apt/lists/lock", 0600, "");
	tar_header(&layers[0], '5', "tmp", NULL, 01777, 0);
	lint("\"User\":\"app\",\"Env\":[\"PATH=/bin\",\"GPG_KEY=E3FF2839C048B25C084DEBE9B26995E310250568\"],\"ExposedPorts\":{\"8080/tcp\":{}},"
	     "\"Healthcheck\":{\"Test\":[\"CMD\",\"/x\"]}",
	     "{\"created_by\":\"/bin/sh -c #(nop) ADD file:1 in / \"},{\"created_by\":\"RUN /bin/sh -c apt-get update && apt-get install -y x\",\"empty_layer\":true},"
	     "{\"created_by\":\"RUN /bin/sh -c apk add --no-cache x\",\"empty_layer\":true}");
	if (judge())
		for (size_t i = 0; i < posture_checks_count(checks); i++) {
			const struct posture_check *check = posture_checks_at(checks, i);
			CHECK_MSG(!results.per_check[check->index].n[POSTURE_FAIL] && !results.per_check[check->index].n[POSTURE_UNKNOWN], "%s", check->id);
		}
	created = "2020-01-01T00:00:00Z";
	tag = "shop:latest";
	forget_results();
}

TEST(an_image_that_is_not_whole_fails_and_passes_nothing_that_was_not_seen)
{
	tar_file(layer(), "../outside", 0644, "x");
	lint("", "");
	if (judge()) {
		CHECK_INT(n_failed("image-not-whole"), 1);
		CHECK_INT(results.per_check[posture_checks_by_id(checks, "image-set-id-files")->index].n[POSTURE_UNKNOWN], 1);
		CHECK_INT(results.per_check[posture_checks_by_id(checks, "image-set-id-files")->index].n[POSTURE_PASS], 0);
	}
	forget_results();
}

TAP_MAIN()
