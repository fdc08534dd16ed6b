/* SPDX-License-Identifier: Apache-2.0 */
/* What conditions demand of events, in words: one golden text per shape of condition, and the corners where a demand that is
 * too strong would lose findings. */
#include "base/strbuf.h"
#include "detect/demand.h"
#include "tap.h"

static struct arena arena;
static struct strbuf out;
static struct detect_demand *demand;

static void print_always(void)
{
	struct model_event_set always = detect_demand_always(demand);

	for (unsigned t = 1, any = 0; t < MODEL_EVT_MAX; t++)
		if (model_event_set_has(&always, t))
			strbuf_addf(&out, "%s%s", any++ ? ", " : "all of ", model_event(t)->name);
}

/* The terms of a condition, one per line; types of which all are wanted last. */
static const char *demands(const char *text)
{
	const struct sensor_filter_term *terms;
	struct lang_node *tree = NULL;
	struct err err = ERR_INIT;
	size_t n;

	if (!out.max_bytes)
		strbuf_init(&out, 1 << 20);
	strbuf_reset(&out);
	detect_demand_free(take_ptr(demand));
	arena_done(&arena);
	arena_init(&arena, 0);
	if (!CHECK_MSG(lang_parse(&arena, text, strlen(text), 0, &tree, &err) == 0, "%s: %s", text, err.text))
		return "";
	CHECK_MSG(lang_check_types(tree, NULL, NULL, &err) == 0, "%s: %s", text, err.text);
	demand = detect_demand_of_condition(tree);
	n = detect_demand_terms(demand, &terms);
	for (size_t i = 0; i < n; i++) {
		if (i)
			strbuf_addc(&out, '\n');
		detect_demand_print(&terms[i], &out);
	}
	if (n)
		strbuf_addc(&out, '|');
	print_always();
	return out.text;
}

static void check_demands(const char *file, int line, const char *text, const char *expected)
{
	tap_check_str(file, line, text, demands(text), expected);
}
#define DEMANDS(text, expected) check_demands(__FILE__, __LINE__, text, expected)
#define OPENAT(checks) "evt.type = openat and " checks

/* ---- repeats ---- */

static bool is_foldable(const char *text)
{
	const struct sensor_filter_term *terms;

	demands(text);
	return detect_demand_terms(demand, &terms) > 0 && terms[0].foldable;
}

TEST(a_rule_that_asks_only_for_what_repeats_have_in_common_lets_them_be_folded)
{
	CHECK(is_foldable(OPENAT("fd.name startswith /etc/ and not proc.name in (a, b) and container.id != host")));
	CHECK(is_foldable(OPENAT("fd.num >= 0 and evt.rawres >= 0 and fd.name = /etc/passwd")));
	CHECK(is_foldable(OPENAT("evt.arg.flags contains O_TRUNC and user.uid = 0 and fd.nameraw endswith x")));
	CHECK(is_foldable(OPENAT("fd.directory = /etc and toupper(proc.cmdline) contains X and fd.name = val(fd.nameraw)")));
}

TEST(a_rule_that_asks_for_anything_else_does_not)
{
	static const char *const others[] = {
		"fd.num > 3", "evt.rawres = 3", "evt.num > 5", "evt.time contains 1", "evt.rawtime > 5", "proc.duration > 5", "fd.mode = 1",
		"evt.arg.fd = 3", "evt.arg[0] = 3", "evt.args contains 3", "proc.pname = sh", "proc.aname = sh", "container.image.repository = x",
		"user.name = root", "fd.hostpath startswith /etc", "proc.name = val(proc.pname)", "toupper(user.name) = ROOT",
	};
	char text[200];

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		snprintf(text, sizeof(text), OPENAT("fd.name = /etc/passwd and not (fd.name = /x or %s)"), others[i]);
		CHECK_MSG(!is_foldable(text), "%s", others[i]);
	}
}

/* ---- event types, flags, results ---- */

TEST(an_event_type_alone_demands_all_events_of_it)
{
	DEMANDS("evt.type = openat", "all of openat");
	DEMANDS("evt.type in (connect, ptrace)", "all of connect, ptrace");
	DEMANDS("evt.type = openat and evt.type != openat", "");
	DEMANDS("syscall.type = listen", "all of listen");
}

TEST(types_that_are_never_dropped_demand_nothing)
{
	DEMANDS("evt.type = execve and proc.name = sh", "");
	DEMANDS("evt.type = unlinkat", "");
}

TEST(open_flags_become_kinds)
{
	DEMANDS(OPENAT("evt.is_open_write = true"), "openat for writing|");
	DEMANDS(OPENAT("evt.is_open_read = true"), "openat for reading|");
	DEMANDS(OPENAT("not evt.is_open_write = true"), "openat not for writing|");
	DEMANDS(OPENAT("evt.is_open_create = true"), "openat that made the file|");
	DEMANDS(OPENAT("evt.arg.flags contains O_TRUNC"), "openat with O_TRUNC|");
	DEMANDS(OPENAT("not evt.arg.flags contains O_APPEND"), "openat without O_APPEND|");
	DEMANDS(OPENAT("evt.arg[flags] contains O_CREAT and evt.is_open_write = true"), "openat for writing with O_CREAT|");
	DEMANDS("evt.type = connect and evt.is_open_read = true", "");
}

TEST(flags_that_no_kind_knows_are_left_open)
{
	DEMANDS(OPENAT("evt.arg.flags contains O_CLOEXEC"), "all of openat");
	DEMANDS(OPENAT("not evt.arg.flags contains O_EXCL"), "all of openat");
	/* O_DIRECT is the beginning of O_DIRECTORY: with the latter it is always there. */
	DEMANDS(OPENAT("not evt.arg.flags contains O_DIRECT"), "openat without O_DIRECTORY|");
	DEMANDS(OPENAT("evt.arg.flags contains O_DIRECT"), "all of openat");
}

TEST(an_executable_mode_needs_a_file_to_be_made_or_a_failure)
{
	DEMANDS(OPENAT("evt.is_open_exec = true and evt.rawres >= 0"), "openat (96 of 128 kinds of flags) that succeed|");
	DEMANDS(OPENAT("evt.is_open_exec = true"), "openat (96 of 128 kinds of flags)\nopenat that fail|");
	DEMANDS(OPENAT("evt.is_open_exec = false"), "all of openat");
	DEMANDS(OPENAT("not evt.is_open_exec = true"), "all of openat");
}

TEST(results_are_asked_one_by_one)
{
	DEMANDS(OPENAT("evt.failed = true"), "openat that fail|");
	DEMANDS(OPENAT("evt.rawres >= 0"), "openat that succeed|");
	DEMANDS(OPENAT("fd.num >= 0"), "openat that succeed|");
	DEMANDS(OPENAT("evt.rawres = 3"), "openat that succeed|");
	DEMANDS(OPENAT("not evt.rawres = 3"), "all of openat");
	DEMANDS(OPENAT("evt.res in (EACCES, EPERM)"), "openat with result EPERM, EACCES|");
	DEMANDS(OPENAT("evt.rawres in (-2, -13)"), "openat with result ENOENT, EACCES|");
	DEMANDS(OPENAT("evt.res != SUCCESS"), "openat that fail|");
	DEMANDS(OPENAT("evt.rawres < -200"), "openat with result UNKNOWN|");
	DEMANDS(OPENAT("evt.res = EPERM and evt.res = EACCES"), "");
}

TEST(types_of_descriptors_are_file_directory_or_neither)
{
	DEMANDS(OPENAT("fd.typechar = 'f'"), "openat; of a file|");
	DEMANDS(OPENAT("fd.type in (file, directory)"), "openat; of a file; or of a directory|");
	DEMANDS(OPENAT("fd.type = pipe"), "openat; of neither file nor directory|");
	DEMANDS(OPENAT("not fd.type = pipe"), "all of openat");
	DEMANDS(OPENAT("fd.l4proto = tcp"), "");
	DEMANDS(OPENAT("not fd.l4proto = tcp"), "all of openat");
}

/* ---- names ---- */

TEST(names_of_opened_files_become_places)
{
	DEMANDS(OPENAT("fd.name = /etc/shadow"), "openat; /etc/shadow|");
	DEMANDS(OPENAT("fd.name in (/etc/shadow, /etc/sudoers)"), "openat; /etc/shadow, /etc/sudoers|");
	DEMANDS(OPENAT("fd.directory = /etc/cron.d"), "openat; directly in /etc/cron.d/|");
	DEMANDS(OPENAT("fd.directory = /"), "openat; /, directly in /|");
	DEMANDS(OPENAT("fd.name startswith /etc/"), "openat; below /etc/|");
	DEMANDS(OPENAT("fd.name startswith /dev/sd"), "openat; starting with /dev/sd|");
	DEMANDS(OPENAT("fd.name pmatch (/boot, /lib/modules)"), "openat; /boot, /lib/modules, below /boot/, below /lib/modules/|");
	DEMANDS(OPENAT("fd.name pmatch (/home/*/.ssh)"), "openat; below /home/|");
	DEMANDS(OPENAT("fd.name startswith anyof (/etc/, /dev/sd)"), "openat; below /etc/, starting with /dev/sd|");
	DEMANDS(OPENAT("fs.path.name = /etc/shadow"), "openat; /etc/shadow|");
}

TEST(last_components_and_those_before_are_names_and_parts)
{
	DEMANDS(OPENAT("fd.filename = id_rsa"), "openat; named id_rsa|");
	DEMANDS(OPENAT("fd.name endswith .so"), "openat; named *.so|");
	DEMANDS(OPENAT("fd.filename endswith .so"), "openat; named *.so|");
	DEMANDS(OPENAT("fd.name endswith /.ssh/authorized_keys"), "openat; named authorized_keys; under a directory named in (.ssh)|");
	DEMANDS(OPENAT("fd.name contains /.ssh/"), "openat; under a directory named in (.ssh)|");
	DEMANDS(OPENAT("fd.name contains ssh"), "openat; with a name in the path like *ssh*|");
	DEMANDS(OPENAT("fd.name contains /ssh"), "openat; with a name in the path like *ssh*|");
	DEMANDS(OPENAT("fd.name contains a/sshd"), "openat; with a name in the path like *sshd*|");
	DEMANDS(OPENAT("fd.name contains anyof (ssh, 'id_')"), "openat; with a name in the path like *id_*, *ssh*|");
	DEMANDS(OPENAT("fd.filename contains ssh"), "openat; with a name in the path like *ssh*|");
	DEMANDS(OPENAT("fd.directory contains ssh"), "openat; with a name in the path like *ssh*|");
	DEMANDS(OPENAT("fd.name glob '*_history*'"), "openat; with a name in the path like *_history*|");
	DEMANDS(OPENAT("fd.name contains /"), "all of openat");
	DEMANDS(OPENAT("fd.hostpath contains ssh"), "all of openat");
	DEMANDS(OPENAT("not fd.name contains ssh"), "all of openat");
	DEMANDS(OPENAT("fd.directory endswith /.ssh"), "openat; under a directory named in (.ssh)|");
	DEMANDS(OPENAT("fd.name glob '/home/*/.ssh/id_*'"), "openat; below /home/; under a directory named in (.ssh)|");
	DEMANDS(OPENAT("fd.name glob '*/cache-[ab]/*'"), "all of openat");
	DEMANDS(OPENAT("fd.name glob '/lib/*.so'"), "openat; below /lib/; named *.so|");
}

TEST(texts_that_are_no_plain_paths_are_left_open)
{
	DEMANDS(OPENAT("fd.name = passwd"), "all of openat");
	DEMANDS(OPENAT("fd.name = /etc/../passwd"), "all of openat");
	DEMANDS(OPENAT("fd.name startswith memfd:"), "all of openat");
	DEMANDS(OPENAT("fd.name startswith /"), "all of openat");
	DEMANDS(OPENAT("fd.name in (/etc/shadow, 'memfd:x')"), "all of openat");
	DEMANDS(OPENAT("fd.name endswith /"), "all of openat");
	DEMANDS(OPENAT("fd.name exists"), "all of openat");
	DEMANDS(OPENAT("fd.name icontains /.SSH/"), "all of openat");
	DEMANDS(OPENAT("fd.name regex '/etc/.*'"), "all of openat");
}

TEST(negations_of_names_are_left_open)
{
	DEMANDS(OPENAT("not fd.name = /etc/shadow"), "all of openat");
	DEMANDS(OPENAT("fd.name != /etc/shadow"), "all of openat");
	DEMANDS(OPENAT("not (fd.name startswith /proc/ or fd.name startswith /sys/)"), "all of openat");
	DEMANDS(OPENAT("fd.name startswith /etc/ and not fd.name startswith /etc/x"), "openat; below /etc/|");
}

TEST(alternatives_of_one_kind_are_one_term)
{
	DEMANDS(OPENAT("(fd.name in (/a, /b) or fd.directory = /c or fd.name startswith /d/)"),
		"openat; /a, /b, directly in /c/, below /d/|");
	DEMANDS(OPENAT("(fd.filename = a or fd.name endswith b)"), "openat; named a, *b|");
	DEMANDS("evt.type in (open, openat) and (evt.type = open or evt.type = openat) and fd.name = /a", "open, openat; /a|");
}

TEST(of_two_paths_what_is_in_both_is_left)
{
	DEMANDS(OPENAT("fd.name startswith /etc and fd.name in (/etc/shadow, /usr/x)"), "openat; /etc/shadow|");
	DEMANDS(OPENAT("fd.name startswith /etc/ and fd.directory = /etc/cron.d"), "openat; directly in /etc/cron.d/|");
	DEMANDS(OPENAT("fd.name = /a and fd.name = /b"), "");
	DEMANDS(OPENAT("fd.directory = /dev and fd.name startswith /dev/sd"), "openat; starting with /dev/sd|");
	/* Another name of the file may be the one, the kernel's the other. */
	DEMANDS(OPENAT("fd.name = /a and fd.path = /b"), "openat; /a|");
}

TEST(devices_are_told_by_their_mode)
{
	DEMANDS(OPENAT("fd.mode >= 24576 and fd.mode < 28672"), "openat; of a block device|");
	DEMANDS(OPENAT("fd.mode >= 8192 and fd.mode < 12288"), "openat; of a character device|");
	DEMANDS(OPENAT("fd.typechar = f and fd.mode >= 24576 and fd.mode < 28672"), "openat; of a block device|");
	DEMANDS(OPENAT("fd.typechar = f"), "openat; of a file|");
	/* An open that failed has no mode, and a comparison with it is false. */
	DEMANDS(OPENAT("not fd.mode >= 24576"), "openat; of a file; or of a directory; or of a character device; or of a named pipe|");
	DEMANDS(OPENAT("fd.mode > 24580 and fd.mode < 24590"), "openat; of a block device|");
}

TEST(the_hosts_name_of_a_containers_file_has_the_same_end_only)
{
	DEMANDS(OPENAT("fd.hostpath in (/etc/shadow, /dev/mem)"), "openat; named mem, shadow|");
	DEMANDS(OPENAT("fd.hostpath endswith /kernel/modprobe"), "openat; named modprobe|");
	DEMANDS(OPENAT("fd.hostpath startswith /etc/cron.d/"), "openat; in a container whose root is at an unusual place\nopenat; below /etc/cron.d/|");
	DEMANDS(OPENAT("fd.hostpath glob '/etc/*.conf'"), "openat; in a container whose root is at an unusual place\nopenat; below /etc/; named *.conf|");
	DEMANDS(OPENAT("fd.hostpath pmatch (/var/lib/kubelet/pki)"),
		"openat; in a container whose root is at an unusual place\nopenat; /var/lib/kubelet/pki, below /var/lib/kubelet/pki/|");
	/* A runtime keeps roots there. */
	DEMANDS(OPENAT("fd.hostpath startswith /var/li"), "openat; in a container\nopenat; starting with /var/li|");
	DEMANDS(OPENAT("fd.hostpath pmatch (/var/lib/docker/overlay2/x)"),
		"openat; in a container\nopenat; /var/lib/docker/overlay2/x, below /var/lib/docker/overlay2/x/|");
	DEMANDS(OPENAT("not fd.hostpath = /etc/shadow"), "all of openat");
	DEMANDS(OPENAT("fd.hostpath contains /x/"), "all of openat");
}

TEST(dots_in_the_path_as_given_are_seen)
{
	DEMANDS(OPENAT("fd.nameraw contains ../"), "openat; \"..\" in the path as given|");
	DEMANDS(OPENAT("fd.nameraw glob '*../*'"), "openat; \"..\" in the path as given|");
	DEMANDS(OPENAT("fd.nameraw contains ./"), "all of openat");
	DEMANDS(OPENAT("not fd.nameraw contains ../"), "all of openat");
}

/* ---- processes ---- */

TEST(comms_are_sets)
{
	DEMANDS(OPENAT("proc.name in (vi, nano)"), "openat; comm in (vi, nano)|");
	DEMANDS(OPENAT("not proc.name in (vi, nano)"), "openat; comm not in (vi, nano)|");
	DEMANDS(OPENAT("proc.name != vi"), "openat; comm not in (vi)|");
	DEMANDS(OPENAT("proc.name in (vi, nano, ed) and not proc.name = ed"), "openat; comm in (vi, nano)|");
	DEMANDS(OPENAT("proc.name = a and proc.name = b"), "");
	DEMANDS(OPENAT("proc.name startswith v"), "all of openat");
	DEMANDS(OPENAT("proc.name = aname-of-more-than-15"), "");
	DEMANDS(OPENAT("not proc.name = aname-of-more-than-15"), "all of openat");
}

TEST(a_process_without_a_name_is_in_every_negation)
{
	DEMANDS(OPENAT("not proc.name != vi"), "openat; comm in (vi, )|");
	DEMANDS(OPENAT("not proc.name = ''"), "all of openat");
}

TEST(other_facts_of_processes_are_left_open)
{
	DEMANDS(OPENAT("proc.pname = sh"), "all of openat");
	DEMANDS(OPENAT("proc.cmdline contains x and user.name = root"), "all of openat");
	DEMANDS(OPENAT("not proc.aname in (a, b) and k8s.ns.name exists"), "openat; in a container|");
}

TEST(executables_are_exact_or_below)
{
	DEMANDS(OPENAT("proc.exepath = /usr/bin/vi"), "openat; executable /usr/bin/vi|");
	DEMANDS(OPENAT("proc.exepath startswith /opt/"), "openat; executable below /opt/|");
	DEMANDS(OPENAT("proc.exepath startswith /opt/x"), "openat; executable below /opt/|");
	DEMANDS(OPENAT("proc.exepath startswith /op"), "all of openat");
	DEMANDS(OPENAT("proc.exepath pmatch (/opt)"), "openat; executable /opt, below /opt/|");
	DEMANDS(OPENAT("not proc.exepath = /usr/bin/vi"), "all of openat");
}

TEST(uids_are_sets)
{
	DEMANDS(OPENAT("user.uid = 0"), "openat; uid in (0)|");
	DEMANDS(OPENAT("user.uid != 0"), "openat; uid not in (0)|");
	DEMANDS(OPENAT("user.uid < 1000"), "all of openat");
}

TEST(containers_are_told_from_the_host)
{
	DEMANDS(OPENAT("container.id = host"), "openat; on the host|");
	DEMANDS(OPENAT("container.id != host"), "openat; in a container|");
	DEMANDS(OPENAT("not container.id != host"), "openat; on the host|");
	DEMANDS(OPENAT("container.image.repository endswith /nginx"), "openat; in a container|");
	DEMANDS(OPENAT("not container.image.repository endswith /nginx"), "all of openat");
	DEMANDS(OPENAT("container.privileged = true"), "openat; in a container|");
	DEMANDS(OPENAT("container.id in (host, 5be1f2)"), "all of openat");
	/* A container may be given any name. */
	DEMANDS(OPENAT("container.name = host"), "all of openat");
	DEMANDS(OPENAT("container.name != host"), "openat; in a container|");
}

/* ---- sockets ---- */

TEST(the_server_is_the_remote_end_of_a_connect_and_the_local_one_of_a_listen)
{
	DEMANDS("evt.type = connect and fd.sport = 443", "connect; remote port in (443)|");
	DEMANDS("evt.type = listen and fd.sport = 443", "listen; local port in (443)|");
	DEMANDS("evt.type in (connect, listen) and fd.sport = 443", "connect; remote port in (443)\nlisten; local port in (443)|");
	DEMANDS("evt.type = listen and fd.rport = 443", "");
	DEMANDS("evt.type = connect and fd.sip = 10.0.0.1", "connect; remote address in (10.0.0.1/32)|");
	DEMANDS("evt.type = connect and fd.cnet in (10.0.0.0/8, 10.1.0.0/16)", "connect; local address in (10.0.0.0/8, 10.1.0.0/16)|");
}

TEST(fields_of_both_ends_ask_each)
{
	DEMANDS("evt.type = connect and fd.port = 22", "connect; local port in (22)\nconnect; remote port in (22)|");
	DEMANDS("evt.type = connect and fd.ip != 0.0.0.0", "connect; remote address not in (0.0.0.0/32) or none; local address not in (0.0.0.0/32) or none|");
	DEMANDS("evt.type = connect and not fd.net = 127.0.0.0/8",
		"connect; remote address not in (127.0.0.0/8) or none; local address not in (127.0.0.0/8) or none|");
	DEMANDS("evt.type = connect and not fd.ip != 1.2.3.4",
		"connect; local address in (1.2.3.4/32) or none\nconnect; remote address in (1.2.3.4/32) or none|");
}

TEST(an_end_that_is_not_there_is_in_every_negation)
{
	DEMANDS("evt.type = connect and not fd.sport = 53", "connect; remote port not in (53) or none|");
	DEMANDS("evt.type = connect and fd.sport != 53", "connect; remote port not in (53)|");
	DEMANDS("evt.type = connect and not fd.sport != 53", "connect; remote port in (53) or none|");
	DEMANDS("evt.type = connect and not fd.snet = 10.0.0.0/8", "connect; remote address not in (10.0.0.0/8) or none|");
	DEMANDS("evt.type = connect and fd.snet != 10.0.0.0/8 and fd.sip = 10.1.2.3", "");
}

TEST(families_and_protocols_are_kinds)
{
	DEMANDS("evt.type = connect and fd.typechar = 4", "connect; sockets of ipv4|");
	DEMANDS("evt.type = connect and fd.sockfamily = ip", "connect; sockets of ipv4, ipv6|");
	DEMANDS("evt.type = connect and fd.l4proto = udp", "connect; sockets of ipv4 udp, ipv6 udp|");
	DEMANDS("evt.type = connect and not fd.l4proto = udp",
		"connect; sockets of ipv4 tcp icmp other, ipv6 tcp icmp other, unix, other families|");
	DEMANDS("evt.type = connect and fd.name = /run/docker.sock", "connect; sockets of unix, other families|");
	DEMANDS("evt.type = connect and fd.name contains :443", "all of connect");
	DEMANDS("evt.type = connect and fd.directory = /etc", "");
}

/* ---- logic ---- */

TEST(what_is_undecided_may_be_true_also_under_not)
{
	DEMANDS(OPENAT("(proc.cmdline contains a or fd.name = /a)"), "all of openat");
	DEMANDS(OPENAT("not (proc.cmdline contains a and fd.name = /a)"), "all of openat");
	DEMANDS(OPENAT("not (proc.cmdline contains a or proc.name = vi)"), "openat; comm not in (vi)|");
	DEMANDS(OPENAT("not not (proc.cmdline contains a and proc.name = vi)"), "openat; comm in (vi)|");
	DEMANDS("proc.cmdline contains a and evt.type = connect", "all of connect");
}

TEST(comparisons_with_fields_and_transformed_texts_are_left_open)
{
	DEMANDS(OPENAT("fd.name = val(proc.exepath)"), "all of openat");
	DEMANDS(OPENAT("tolower(proc.name) = vi"), "all of openat");
	DEMANDS(OPENAT("basename(fd.name) = vi"), "all of openat");
	DEMANDS(OPENAT("toupper(fd.type) = FILE"), "openat; of a file|");
	DEMANDS(OPENAT("evt.rawres = val(fd.num)"), "all of openat");
}

TEST(an_empty_list_is_never_and_its_negation_always_true)
{
	DEMANDS(OPENAT("fd.name in ()"), "");
	DEMANDS(OPENAT("not fd.name in ()"), "all of openat");
	DEMANDS(OPENAT("proc.name in ()"), "");
	DEMANDS(OPENAT("not proc.name in ()"), "all of openat");
}

TEST(quantifiers_mean_what_they_mean)
{
	DEMANDS(OPENAT("proc.name = anyof (a, b)"), "openat; comm in (a, b)|");
	DEMANDS(OPENAT("proc.name = allof (a, b)"), "");
	DEMANDS(OPENAT("proc.name != allof (a, b)"), "openat; comm not in (a, b)|");
	DEMANDS(OPENAT("proc.name != anyof (a, b)"), "all of openat");
	DEMANDS(OPENAT("fd.name startswith allof (/a/, /a/b/)"), "openat; below /a/|");
	DEMANDS(OPENAT("evt.arg.flags contains allof (O_CREAT, O_TRUNC)"), "openat with O_CREAT with O_TRUNC|");
}

TEST(terms_have_a_limit_and_lose_demands_not_events)
{
	_cleanup_strbuf_ struct strbuf text;
	const struct sensor_filter_term *terms;

	strbuf_init(&text, 1 << 20);
	strbuf_adds(&text, "evt.type = openat and (fd.name = /none");
	for (unsigned i = 0; i < 100; i++)
		strbuf_addf(&text, " or (fd.filename = n%u and proc.name = p%u)", i, i);
	strbuf_addc(&text, ')');
	demands(text.text);
	CHECK(detect_demand_terms(demand, &terms) >= 1);
	CHECK(detect_demand_terms(demand, &terms) <= 32);
}

TAP_MAIN()
