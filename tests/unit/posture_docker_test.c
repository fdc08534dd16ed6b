/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/docker/docker.h"
#include "posture/docker/env.h"
#include "posture_machine.h"

static struct machine m;
static const char root_status[] = "Name:\tdockerd\nUid:\t0\t0\t0\t0\nGid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\nNoNewPrivs:\t0\nSeccomp:\t0\n";

static void start(const char *command, const char *environment, const char *config)
{
	machine_start(&m);
	machine_put(&m, "/etc/passwd", "root:x:0:0::/root:/bin/sh\nana:x:1000:999::/home/ana:/bin/sh\n");
	machine_put(&m, "/etc/group", "root:x:0:\ndocker:x:999:bob,eve\n");
	machine_put(&m, "/proc/stat", "cpu 1\nbtime 1700000000\n");
	if (command)
		machine_process(&m, 77, "dockerd", command, environment, root_status);
	if (config)
		machine_put(&m, "/etc/docker/daemon.json", config);
	machine_audit(&m, "docker");
}

static const struct posture_value *value(enum model_field_id field)
{
	struct posture_record *r = m.set->first[MODEL_KIND_DOCKER_DAEMON];

	return CHECK(r != NULL) ? posture_value_of(r, field) : NULL;
}

static const char *list_text(enum model_field_id field)
{
	static struct strbuf out;
	const struct posture_value *v = value(field);

	strbuf_done(&out);
	strbuf_init(&out, 4096);
	if (v && v->state == MODEL_SET)
		model_value_print(&v->value, model_field(field)->type, true, &out);
	return out.text ? out.text : "";
}

TEST(a_flag_stands_before_the_file_and_the_file_before_the_default)
{
	static const struct { const char *command, *config; bool icc; enum posture_origin origin; } cases[] = {
		{ "dockerd", NULL, true, POSTURE_FROM_DEFAULT },
		{ "dockerd", "{}", true, POSTURE_FROM_DEFAULT },
		{ "dockerd", "{\"icc\": false}", false, POSTURE_FROM_FILE },
		{ "dockerd", "{\"icc\": true}", true, POSTURE_FROM_FILE },
		{ "dockerd --icc=false", NULL, false, POSTURE_FROM_FLAG },
		{ "dockerd --icc=0", NULL, false, POSTURE_FROM_FLAG },
		{ "dockerd --icc", "{\"icc\": false}", true, POSTURE_FROM_FLAG },
		{ "dockerd --icc=true --icc=false", NULL, false, POSTURE_FROM_FLAG },
		{ "dockerd --iccx=false", NULL, true, POSTURE_FROM_DEFAULT },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		start(cases[i].command, "", cases[i].config);
		const struct posture_value *v = value(MODEL_F_DOCKER_ICC);
		CHECK_MSG(v && v->value.boolean == cases[i].icc && v->origin == cases[i].origin, "%s with %s", cases[i].command,
			  cases[i].config ? cases[i].config : "no file");
		machine_stop(&m);
	}
}

TEST(flags_are_read_in_every_form_that_dockerd_takes)
{
	static const struct { const char *command, *hosts; } cases[] = {
		{ "dockerd", "(unix:///var/run/docker.sock)" },
		{ "dockerd -H tcp://1.2.3.4:1 -Hunix:///x -H=fd:// --host=tcp://5:6 --host unix:///y", "(tcp://1.2.3.4:1,unix:///x,fd://,tcp://5:6,unix:///y)" },
		{ "dockerd -DH tcp://1.2.3.4:1", "(tcp://1.2.3.4:1)" },
		{ "dockerd -D -H", "()" },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		start(cases[i].command, "", NULL);
		if (i < 3)
			CHECK_STR(list_text(MODEL_F_DOCKER_HOSTS), cases[i].hosts);
		CHECK(value(MODEL_F_DOCKER_DEBUG)->value.boolean == (strstr(cases[i].command, "-D") != NULL));
		machine_stop(&m);
	}
}

TEST(a_file_that_does_not_parse_makes_unknown_what_no_flag_says)
{
	start("dockerd --live-restore", "", "{\"icc\": false,}");
	CHECK_INT(value(MODEL_F_DOCKER_ICC)->state, MODEL_UNKNOWN);
	CHECK(strstr(value(MODEL_F_DOCKER_ICC)->note, "daemon.json") != NULL);
	CHECK(value(MODEL_F_DOCKER_LIVE_RESTORE)->value.boolean);
	CHECK(m.set->n_problems >= 1 && m.set->problems->place.line == 1);
	CHECK_INT(machine_status(&m, "docker-icc", "dockerd"), POSTURE_UNKNOWN);
	CHECK_INT(machine_status(&m, "docker-tcp-open", "dockerd"), POSTURE_UNKNOWN);
	machine_stop(&m);
}

TEST(a_value_of_the_wrong_type_is_unknown)
{
	start("dockerd", "", "{\"icc\": \"no\", \"log-driver\": 7}");
	CHECK_INT(value(MODEL_F_DOCKER_ICC)->state, MODEL_UNKNOWN);
	CHECK_INT(value(MODEL_F_DOCKER_LOG_DRIVER)->state, MODEL_UNKNOWN);
	machine_stop(&m);
}

TEST(tcp_is_verified_only_with_tlsverify_wherever_it_is_said)
{
	static const struct { const char *command, *environment, *config; int status; } cases[] = {
		{ "dockerd", "", NULL, POSTURE_DOES_NOT_APPLY },
		{ "dockerd -H unix:///run/docker.sock", "", NULL, POSTURE_DOES_NOT_APPLY },
		{ "dockerd -H tcp://0.0.0.0:2375", "", NULL, POSTURE_FAIL },
		{ "dockerd -H 0.0.0.0:2375", "", NULL, POSTURE_FAIL },
		{ "dockerd", "", "{\"hosts\": [\"tcp://0.0.0.0:2375\"]}", POSTURE_FAIL },
		{ "dockerd --tls", "", "{\"hosts\": [\"tcp://0.0.0.0:2376\"]}", POSTURE_FAIL },
		{ "dockerd --tlsverify=false", "", "{\"hosts\": [\"tcp://0.0.0.0:2376\"]}", POSTURE_FAIL },
		{ "dockerd --tlsverify", "", "{\"hosts\": [\"tcp://0.0.0.0:2376\"]}", POSTURE_PASS },
		{ "dockerd -H tcp://0.0.0.0:2376", "", "{\"tlsverify\": true}", POSTURE_PASS },
		{ "dockerd -H tcp://0.0.0.0:2376", "DOCKER_TLS_VERIFY=1 HOME=/root", NULL, POSTURE_PASS },
		{ "dockerd -H tcp://0.0.0.0:2376", "DOCKER_TLS_VERIFY= HOME=/root", NULL, POSTURE_FAIL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		start(cases[i].command, cases[i].environment, cases[i].config);
		CHECK_MSG(machine_status(&m, "docker-tcp-open", "dockerd") == cases[i].status, "%s (%s) %s", cases[i].command, cases[i].environment,
			  cases[i].config ? cases[i].config : "");
		machine_stop(&m);
	}
}

TEST(certificates_are_looked_for_where_the_environment_says)
{
	start("dockerd --tlsverify", "DOCKER_CERT_PATH=/certs HOME=/root", NULL);
	CHECK_STR(value(MODEL_F_DOCKER_TLS_KEY)->value.text, "/certs/key.pem");
	machine_stop(&m);
	start("dockerd --tlsverify --tlskey /k", "HOME=/root", NULL);
	CHECK_STR(value(MODEL_F_DOCKER_TLS_KEY)->value.text, "/k");
	CHECK_STR(value(MODEL_F_DOCKER_TLS_CA)->value.text, "/root/.docker/ca.pem");
	machine_stop(&m);
}

TEST(the_users_of_the_socket_are_members_by_name_and_by_first_group)
{
	start("dockerd", "", NULL);
	CHECK_STR(list_text(MODEL_F_DOCKER_GROUP_MEMBERS), "(bob,eve,ana)");
	CHECK_INT(machine_status(&m, "docker-group-members", "dockerd"), POSTURE_FAIL);
	machine_stop(&m);
	start("dockerd --group root", "", NULL);
	CHECK_STR(list_text(MODEL_F_DOCKER_GROUP_MEMBERS), "(root)");
	machine_stop(&m);
}

/* Each check that no daemon of the end-to-end test can be made to pass or fail. */
TEST(settings_that_need_more_than_a_daemon_pass_and_fail)
{
	static const struct { const char *check, *config; int status; } cases[] = {
		{ "docker-userns", "{\"userns-remap\": \"default\"}", POSTURE_PASS },
		{ "docker-userns", "{\"userns-remap\": \"\"}", POSTURE_FAIL },
		{ "docker-authorization-plugin", "{\"authorization-plugins\": [\"p\"]}", POSTURE_PASS },
		{ "docker-authorization-plugin", "{\"authorization-plugins\": []}", POSTURE_FAIL },
		{ "docker-storage-aufs", "{\"storage-driver\": \"aufs\"}", POSTURE_FAIL },
		{ "docker-base-device-size", "{\"storage-opts\": [\"dm.basesize=20G\"]}", POSTURE_FAIL },
		{ "docker-base-device-size", "{\"storage-opts\": [\"dm.x=1\"]}", POSTURE_PASS },
		{ "docker-seccomp-off", "{\"seccomp-profile\": \"unconfined\"}", POSTURE_FAIL },
		{ "docker-icc", "{}", POSTURE_FAIL },
		{ "docker-icc", "{\"bridge\": \"none\"}", POSTURE_DOES_NOT_APPLY },
		{ "docker-log-level", "{\"log-level\": \"error\"}", POSTURE_FAIL },
		{ "docker-log-unbounded", "{\"log-opts\": {\"max-size\": \"10m\"}}", POSTURE_PASS },
		{ "docker-metrics-open", "{\"metrics-addr\": \"127.0.0.1:9323\"}", POSTURE_PASS },
		{ "docker-registry-mirror-plain", "{\"registry-mirrors\": [\"https://m\"]}", POSTURE_PASS },
		{ "docker-default-ulimit", "{\"default-ulimits\": {\"nofile\": {\"Name\": \"nofile\", \"Hard\": 2, \"Soft\": 1}}}", POSTURE_PASS },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		start("dockerd", "", cases[i].config);
		CHECK_MSG(machine_status(&m, cases[i].check, "dockerd") == cases[i].status, "%s with %s", cases[i].check, cases[i].config);
		machine_stop(&m);
	}
}

TEST(a_data_root_of_its_own_is_another_mount_than_docker_makes_itself)
{
	static const struct { const char *mounts; int status; } cases[] = {
		{ "1 0 8:1 / / rw - ext4 /dev/a rw\n", POSTURE_FAIL },
		{ "1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 8:1 /var/lib/docker /var/lib/docker rw - ext4 /dev/a rw\n", POSTURE_FAIL },
		{ "1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 8:2 / /var/lib/docker rw - ext4 /dev/b rw\n", POSTURE_PASS },
		{ "1 0 8:1 / / rw - ext4 /dev/a rw\n2 1 8:2 / /var/lib/docker2 rw - ext4 /dev/b rw\n", POSTURE_FAIL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		start("dockerd", "", NULL);
		machine_put(&m, "/proc/77/mountinfo", cases[i].mounts);
		machine_audit(&m, "docker");
		CHECK_MSG(machine_status(&m, "docker-data-partition", "dockerd") == cases[i].status, "case %zu", i);
		machine_stop(&m);
	}
}

TEST(a_daemon_that_does_not_run_is_judged_by_its_file)
{
	start(NULL, "", "{\"icc\": false}");
	CHECK(!value(MODEL_F_DOCKER_RUNNING)->value.boolean);
	CHECK_INT(machine_status(&m, "docker-icc", "dockerd"), POSTURE_PASS);
	CHECK(m.set->first[MODEL_KIND_DOCKER_SWARM] == NULL);
	machine_stop(&m);
}

TEST(where_there_is_no_docker_there_is_no_record)
{
	machine_start(&m);
	machine_audit(&m, "docker");
	CHECK_INT(m.set->n_records, 0);
	machine_stop(&m);
}

TEST(two_daemons_are_told_apart)
{
	start("dockerd -H unix:///a", "", NULL);
	machine_process(&m, 78, "dockerd", "dockerd -H unix:///b --icc=false", "", root_status);
	machine_audit(&m, "docker");
	CHECK_INT(machine_status(&m, "docker-icc", "unix:///a"), POSTURE_FAIL);
	CHECK_INT(machine_status(&m, "docker-icc", "unix:///b"), POSTURE_PASS);
	machine_stop(&m);
}

TEST(files_are_judged_by_role_and_watched_by_audit_rules_of_all_forms)
{
	static const struct { const char *path, *rules; int status; } cases[] = {
		{ "/etc/docker/daemon.json", "", POSTURE_FAIL },
		{ "/etc/docker/daemon.json", "-w /etc/docker/daemon.json -p wa -k docker\n", POSTURE_PASS },
		{ "/etc/docker/daemon.json", "-w /etc/docker -k docker\n", POSTURE_PASS },
		{ "/etc/docker/daemon.json", "  -a always,exit -F path=/etc/docker/daemon.json -F perm=wa\n", POSTURE_PASS },
		{ "/etc/docker/daemon.json", "-a always,exit -F arch=b64 -F dir=/etc/docker/ -F perm=wa\n", POSTURE_PASS },
		{ "/etc/docker/daemon.json", "#-w /etc/docker -k docker\n", POSTURE_FAIL },
		{ "/etc/docker/daemon.json", "-w /etc/dock -k docker\n", POSTURE_FAIL },
		{ "/etc/docker/daemon.json", "-w", POSTURE_FAIL },
		{ "/usr/bin/runc", "-w /usr/bin/runc -k docker", POSTURE_PASS },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		start("dockerd", "", "{}");
		machine_put(&m, "/usr/bin/runc", "");
		machine_put(&m, "/etc/audit/rules.d/docker.rules", cases[i].rules);
		machine_audit(&m, "docker");
		CHECK_MSG(machine_status(&m, "docker-file-not-audited", cases[i].path) == cases[i].status, "%s: %s", cases[i].path, cases[i].rules);
		machine_stop(&m);
	}
}

TEST(modes_and_owners_of_files_pass_and_fail)
{
	static const struct { const char *path; mode_t mode; const char *check; int status; } cases[] = {
		{ "/etc/docker/daemon.json", 0644, "docker-file-mode", POSTURE_PASS },
		{ "/etc/docker/daemon.json", 0600, "docker-file-mode", POSTURE_PASS },
		{ "/etc/docker/daemon.json", 0664, "docker-file-mode", POSTURE_FAIL },
		{ "/etc/docker/daemon.json", 0755, "docker-file-mode", POSTURE_FAIL },
		{ "/usr/lib/systemd/system/docker.service", 0666, "docker-file-mode", POSTURE_FAIL },
		{ "/usr/lib/systemd/system/docker.socket", 0646, "docker-file-mode", POSTURE_FAIL },
		{ "/etc/default/docker", 0600, "docker-file-mode", POSTURE_PASS },
		{ "/etc/sysconfig/docker", 0660, "docker-file-mode", POSTURE_FAIL },
		{ "/etc/containerd/config.toml", 0622, "docker-file-mode", POSTURE_FAIL },
		{ "/etc/docker/certs.d/r:5000/ca.crt", 0444, "docker-certificate-mode", POSTURE_PASS },
		{ "/etc/docker/certs.d/r:5000/ca.crt", 0644, "docker-certificate-mode", POSTURE_FAIL },
		{ "/etc/docker/certs.d/r:5000/client.key", 0400, "docker-key-mode", POSTURE_PASS },
		{ "/etc/docker/certs.d/r:5000/client.key", 0440, "docker-key-mode", POSTURE_FAIL },
		{ "/usr/bin/dockerd", 0755, "docker-directory-mode", POSTURE_PASS },
		{ "/usr/bin/dockerd", 0775, "docker-directory-mode", POSTURE_FAIL },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		start("dockerd", "", NULL);
		machine_put_bytes(&m, cases[i].path, "{}", 2, cases[i].mode);
		machine_audit(&m, "docker");
		CHECK_MSG(machine_status(&m, cases[i].check, cases[i].path) == cases[i].status, "%s %04o", cases[i].path, cases[i].mode);
		machine_stop(&m);
	}
}

TEST(a_link_out_of_the_machine_stays_in_it)
{
	start("dockerd", "", NULL);
	machine_link(&m, "/etc/docker/daemon.json", "/etc/hostname");
	machine_put(&m, "/etc/hostname", "{\"icc\": false}");
	machine_audit(&m, "docker");
	CHECK_INT(machine_status(&m, "docker-icc", "dockerd"), POSTURE_PASS);
	machine_stop(&m);
}

TEST(secrets_in_environments_are_known_by_name_and_shape_and_places_are_none)
{
	static const struct { const char *pair; bool is; } cases[] = {
		{ "DB_PASSWORD=hunter2", true }, { "db_password=hunter2", true }, { "API_TOKEN=abcdef", true }, { "X=AKIAIOSFODNN7EXAMPLE", true },
		{ "DATABASE_URL=postgres://u:p@h/d", true }, { "URL=https://h/a:b@c", false }, { "DB_PASSWORD=", false }, { "DB_PASSWORD_FILE=/run/s", false },
		{ "TOKEN=/run/secrets/token", false }, { "USE_TOKEN=true", false }, { "TOKEN_TTL=3600s", false }, { "PATH=/bin", false }, { "TOKEN", false },
		{ "SECRET_NAME=web", false }, { "K=-----BEGIN RSA PRIVATE KEY-----", true }, { "K=-----BEGIN CERTIFICATE-----", false }, { "PASSWORD=12345", true }, { "MAX_TOKENS=4096", false },
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		CHECK_MSG(posture_env_is_secret(cases[i].pair) == cases[i].is, "%s", cases[i].pair);
}

TAP_MAIN()
