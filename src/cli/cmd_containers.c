/* SPDX-License-Identifier: Apache-2.0 */
#include "base/json.h"
#include "base/mem.h"
#include "cli/cli.h"
#include "runtime/runtime.h"

#include <errno.h>
#include <string.h>
#include <time.h>

enum { CONTAINERS_MAX = 8192 };

static const struct cli_option options[] = {
	{ 0, "root", "DIR", "Look at the file system below DIR instead of the host's.", CLI_COMPLETE_DIR, NULL },
	{ .name = NULL },
};

static const struct cli_example examples[] = {
	{ "parka containers", "what runs now, in a table" },
	{ "parka containers -v web-1", "everything known about one container" },
	{ "parka containers --json", "one JSON object per line" },
	{ NULL, NULL },
};

/* Names and labels are an attacker's text: nothing in them may steer the terminal. */
static void print_safe(const char *text, int width)
{
	int n = 0;

	for (; text && *text; text++, n++)
		putchar((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
	for (; n < width; n++)
		putchar(' ');
}

static const char *tristate(int value)
{
	return value < 0 ? "not known" : value ? "yes" : "no";
}

static void print_detail(const char *name, const char *value)
{
	if (!value)
		return;
	printf("  %-16s ", name);
	print_safe(value, 0);
	putchar('\n');
}

static void print_time(const char *name, uint64_t ns)
{
	time_t seconds = (time_t)(ns / 1000000000u);
	struct tm tm;
	char text[64];

	if (!ns || !gmtime_r(&seconds, &tm) || !strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S UTC", &tm))
		return;
	print_detail(name, text);
}

static void print_pairs(const char *title, const struct runtime_pair *pairs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		printf("  %-16s ", i ? "" : title);
		print_safe(pairs[i].name, 0);
		putchar('=');
		print_safe(pairs[i].value, 0);
		putchar('\n');
	}
}

static void print_lists(const struct runtime_container *c)
{
	for (size_t i = 0; i < c->n_mounts; i++) {
		printf("  %-16s ", i ? "" : "mounts");
		print_safe(c->mounts[i].source, 0);
		fputs(" on ", stdout);
		print_safe(c->mounts[i].dest, 0);
		printf(" (%s)\n", c->mounts[i].rw ? "writable" : "read-only");
	}
	for (size_t i = 0; i < c->n_security_opts; i++)
		print_detail(i ? "" : "security", c->security_opts[i]);
	print_pairs("labels", c->labels, c->n_labels);
	print_pairs("pod labels", c->pod_labels, c->n_pod_labels);
}

static void print_details(const struct runtime_container *c)
{
	print_detail("id", c->id);
	print_detail("image", c->image);
	print_detail("image id", c->image_id);
	print_detail("image digest", c->image_digest);
	print_detail("user", c->user);
	printf("  %-16s %s\n", "privileged", tristate(c->privileged));
	printf("  %-16s pid %s, network %s, ipc %s\n", "host namespaces", tristate(c->host_pid), tristate(c->host_network), tristate(c->host_ipc));
	printf("  %-16s %s\n", "read-only", tristate(c->read_only));
	printf("  %-16s %016llx\n", "capabilities", (unsigned long long)c->caps_bounding);
	print_detail("namespace", c->runtime_namespace);
	print_detail("snapshotter", c->snapshotter);
	print_detail("snapshot", c->snapshot_key);
	print_detail("health check", c->healthcheck);
	print_detail("liveness probe", c->liveness_probe);
	print_detail("readiness probe", c->readiness_probe);
	print_detail("pod", c->pod_name);
	print_detail("pod namespace", c->pod_namespace);
	print_detail("pod uid", c->pod_uid);
	print_detail("pod container", c->pod_container_name);
	print_detail("address", c->ip);
	print_detail("cgroup", c->cgroup_path);
	print_detail("bundle", c->bundle);
	print_detail("root", c->rootfs);
	if (c->init_pid)
		printf("  %-16s %u\n", "first process", c->init_pid);
	print_time("created", c->created_ns);
	print_time("started", c->started_ns);
	print_lists(c);
}

static void print_json(const struct runtime_container *c)
{
	_cleanup_strbuf_ struct strbuf out;
	struct json_writer w;

	strbuf_init(&out, 1 << 20);
	w = json_writer(&out);
	runtime_container_write(c, &w, NULL);
	puts(out.text);
}

static void print_row(const struct runtime_container *c)
{
	bool is_hash = strlen(c->id) == 64 && strspn(c->id, "0123456789abcdef") == 64;

	printf("%-12.*s  ", is_hash ? 12 : 64, c->id);
	print_safe(c->name ? c->name : "-", 24);
	printf("  %-10s  ", runtime_kind_name(c->kind));
	print_safe(c->image ? c->image : "-", 32);
	printf("  %-10s  ", c->privileged < 0 ? "-" : c->privileged ? "yes" : "no");
	if (c->pod_name) {
		print_safe(c->pod_namespace ? c->pod_namespace : "-", 0);
		putchar('/');
		print_safe(c->pod_name, 0);
	}
	putchar('\n');
}

static bool is_wanted(const struct runtime_container *c, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strncmp(c->id, words[i], strlen(words[i])) == 0 || (c->name && strcmp(c->name, words[i]) == 0))
			return true;
	return n == 0;
}

static int print_all(const struct cli_args *args, const struct runtime_container **found, size_t n)
{
	const char *const *words;
	size_t n_words = cli_operands(args, &words), n_shown = 0;

	if (!cli_json(args) && !cli_quiet(args) && !cli_verbose(args))
		printf("%-12s  %-24s  %-10s  %-32s  %-10s  %s\n", "ID", "NAME", "RUNTIME", "IMAGE", "PRIVILEGED", "POD");
	for (size_t i = 0; i < n; i++) {
		if (!is_wanted(found[i], words, n_words))
			continue;
		n_shown++;
		if (cli_json(args)) {
			print_json(found[i]);
		} else if (cli_quiet(args)) {
			puts(found[i]->id);
		} else if (cli_verbose(args)) {
			print_safe(found[i]->name ? found[i]->name : found[i]->id, 0);
			printf(" (%s)\n", runtime_kind_name(found[i]->kind));
			print_details(found[i]);
		} else {
			print_row(found[i]);
		}
	}
	if (n_words && !n_shown) {
		struct err err = ERR_INIT;
		err_set(&err, -ENOENT, "no running container is called '%s'", words[0]);
		return cli_fail(args, &err);
	}
	return CLI_OK;
}

static int run(struct cli_args *args)
{
	struct runtime_options runtime_options = { .root = cli_value(args, "root") };
	struct runtime *runtime = runtime_new(&runtime_options);
	_cleanup_free_ const struct runtime_container **found = mem_array(CONTAINERS_MAX, sizeof(*found));
	struct err err = ERR_INIT;
	int r = runtime_scan(runtime, &err);

	r = r < 0 ? cli_fail(args, &err) : print_all(args, found, runtime_containers(runtime, found, CONTAINERS_MAX));
	runtime_free(runtime);
	return r;
}

const struct cli_command cmd_containers = {
	.name = "containers",
	.summary = "list the containers that run on this host",
	.usage = "[-v] [ID|NAME...]",
	.description = "Lists the running containers of Docker, containerd, CRI-O, podman, runc and crun, as the local state "
		"of these runtimes tells of them: no daemon is asked. With ID (or its beginning) or NAME only those; -v prints all "
		"that is known of each, -q only ids. Formats: text, json (one object per line; what is not known is left out).\n\n"
		"Needs to read the runtimes' directories: run it as root.",
	.options = options,
	.examples = examples,
	.run = run,
};
