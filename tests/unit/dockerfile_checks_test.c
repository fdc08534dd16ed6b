/* SPDX-License-Identifier: Apache-2.0 */
/* Each check of Dockerfiles by its id: a file that it fails for and one that it passes, in our own words. */
#include "posture/dockerfile/options.h"
#include "posture/judge.h"
#include "posture/lint.h"
#include "data_dir.h"
#include "tap.h"

#include <stdlib.h>

static struct posture_checks *checks;

static bool load_checks(void)
{
	struct err err = ERR_INIT;

	if (checks)
		return true;
	checks = posture_checks_new();
	return CHECK_MSG(posture_checks_load(checks, checks_dir(), &err) >= 0 && posture_checks_compile_all(checks, &err) >= 0, "%s",
			 err.text);
}

static const struct dockerfile_label labels[] = {
	{ "want", DOCKERFILE_LABEL_TEXT }, { "url", DOCKERFILE_LABEL_URL }, { "time", DOCKERFILE_LABEL_RFC3339 },
	{ "license", DOCKERFILE_LABEL_SPDX }, { "hash", DOCKERFILE_LABEL_GIT_HASH }, { "version", DOCKERFILE_LABEL_SEMVER },
	{ "mail", DOCKERFILE_LABEL_EMAIL },
};
static const char *const registries[] = { "registry.example.com", "*.trusted.org" };
static const struct dockerfile_options options = {
	.registries = registries, .n_registries = ARRAY_LEN(registries), .labels = labels, .n_labels = ARRAY_LEN(labels),
	.strict_labels = true, .directory = "",
};

#define IN(lines) "FROM debian:12\n" lines "\n"

static const struct {
	const char *id, *fails, *passes;
	bool has_options;
} cases[] = {
	{ "dockerfile-from-untagged", "FROM localhost:5000/debian", "FROM localhost:5000/debian:12" },
	{ "dockerfile-from-untagged", "FROM debian", "FROM debian:12 AS a\nFROM A" },
	{ "dockerfile-from-latest", "FROM debian:latest", "FROM debian:latest@sha256:00" },
	{ "dockerfile-from-variable-latest", "ARG V=latest\nFROM debian:$V", "ARG V=12\nFROM debian:${V}" },
	{ "dockerfile-from-variable-latest", "ARG IMAGE=debian\nFROM $IMAGE", "ARG IMAGE=debian\nFROM ${IMAGE}:${TAG:-12}" },
	{ "dockerfile-from-untrusted-registry", "FROM evil.com/a:1", "FROM a.trusted.org/a:1\nFROM registry.example.com/b:1", true },
	{ "dockerfile-from-untrusted-registry", "FROM registry.example.com/a:1\nRUN --mount=type=bind,from=evil.com/x:1,target=/x a",
	  "FROM registry.example.com/a:1 AS one\nFROM registry.example.com/a:1\nRUN --mount=type=bind,from=one,target=/x a", true },
	{ "dockerfile-from-platform", "FROM --platform=linux/amd64 a:1", "FROM --platform=$BUILDPLATFORM a:1" },
	{ "dockerfile-from-platform-redundant", "FROM --platform=$TARGETPLATFORM a:1", "FROM --platform=$BUILDPLATFORM a:1" },
	{ "dockerfile-stage-name-repeated", "FROM a:1 AS x\nFROM b:1 AS X", "FROM a:1 AS x\nFROM b:1 AS y" },
	{ "dockerfile-stage-name-reserved", "FROM a:1 AS Scratch", "FROM a:1 AS scratchy" },
	{ "dockerfile-before-from", "RUN a\nFROM a:1", "ARG A\nFROM a:1\nRUN a" },
	{ "dockerfile-lower-case", "from a:1", "FROM a:1" },
	{ "dockerfile-onbuild-forbidden", IN("ONBUILD FROM a:1"), IN("ONBUILD RUN a") },
	{ "dockerfile-stage-user-root", "FROM a:1 AS b\nUSER 0:0\nFROM c:1\nUSER 7", "FROM a:1 AS b\nUSER root\nUSER 7" },
	{ "dockerfile-user-missing", IN("RUN a"), IN("USER 7") },
	{ "dockerfile-user-root", IN("USER 7\nUSER root:wheel"), IN("USER root\nUSER 7") },
	{ "dockerfile-final-stage-user", "FROM a:1 AS b\nUSER 7\nFROM c:1", "FROM a:1 AS b\nUSER 7\nFROM b" },
	{ "dockerfile-user-by-name", IN("USER app:7"), IN("ARG U\nUSER $U:app\nUSER 7:app") },
	{ "dockerfile-sudo", IN("RUN a && sudo -u b c"), IN("RUN apt-get install sudo && echo sudo") },
	{ "dockerfile-sudo", IN("RUN bash -c 'cd /; sudo a'"), IN("RUN echo 'sudo a'") },
	{ "dockerfile-useradd-large-uid", IN("RUN useradd --uid=123456 a"), IN("RUN useradd -lu 123456 a && useradd -u 99999 b") },
	{ "dockerfile-chpasswd", IN("RUN echo a:b | chpasswd"), IN("RUN chown a b") },
	{ "dockerfile-empty-password", IN("RUN passwd -d root"), IN("RUN passwd -l root") },
	{ "dockerfile-setuid", IN("RUN chmod u+s /bin/a"), IN("RUN chmod 0755 /bin/a && chmod +x /s/a") },
	{ "dockerfile-setuid", IN("RUN chmod 4755 /bin/a"), IN("RUN chmod 755 4755") },
	{ "dockerfile-world-writable", IN("RUN chmod -R 777 /a"), IN("RUN chmod 770 /a") },
	{ "dockerfile-cmd-repeated", IN("CMD a\nCMD b"), IN("ONBUILD CMD a\nCMD b\nFROM a:1\nCMD c") },
	{ "dockerfile-entrypoint-repeated", IN("ENTRYPOINT a\nENTRYPOINT b"), IN("ENTRYPOINT a\nCMD b") },
	{ "dockerfile-healthcheck-repeated", IN("HEALTHCHECK CMD a\nHEALTHCHECK NONE"), IN("HEALTHCHECK CMD a") },
	{ "dockerfile-healthcheck-missing", IN("RUN a"), IN("HEALTHCHECK --interval=3s CMD [\"a\"]") },
	{ "dockerfile-stage-healthcheck-missing", IN("HEALTHCHECK CMD a\nFROM b:1"), "FROM a:1 AS b\nFROM b AS c\nFROM c\nHEALTHCHECK CMD a" },
	{ "dockerfile-maintainer", IN("MAINTAINER a"), IN("LABEL maintainer=a") },
	{ "dockerfile-shell-form", IN("HEALTHCHECK CMD a b"), IN("HEALTHCHECK NONE\nENTRYPOINT [ \"a\" ]\nCMD []") },
	{ "dockerfile-shell-form", IN("CMD ['a']"), IN("CMD [\"a\", \\\n# why\n \"\\u0062\"]") },
	{ "dockerfile-link-bin-sh", IN("RUN ln -snf bash /bin/sh"), IN("RUN ln -s a b; echo /bin/sh") },
	{ "dockerfile-pipe-without-pipefail", IN("RUN a | b"), IN("SHELL [\"/bin/bash\", \"-o\", \"pipefail\", \"-c\"]\nRUN a | b") },
	{ "dockerfile-pipe-without-pipefail", IN("RUN x=$(a | b)"), IN("RUN a || b; echo 'a | b'; set -o pipefail; a | b") },
	{ "dockerfile-pipe-without-pipefail", IN("SHELL [\"/bin/sh\", \"-c\"]\nRUN a | b"),
	  "FROM a:1 AS b\nSHELL [\"/bin/ash\", \"-eo\", \"pipefail\", \"-c\"]\nFROM b\nRUN a | b" },
	{ "dockerfile-consecutive-run", IN("RUN a\nRUN b"), IN("RUN a && b\nRUN c\nCOPY d /e\nRUN --network=none f\nRUN g") },
	{ "dockerfile-add-instead-of-copy", IN("ADD a.txt b.tar /c/"), IN("ADD a.tar.gz https://x/y git@github.com:a/b.git /c/") },
	{ "dockerfile-add", IN("ADD a /b"), IN("COPY a /b") },
	{ "dockerfile-add-unverified", IN("ADD https://x/y /z"), IN("ADD --checksum=sha256:00 https://x/y /z") },
	{ "dockerfile-copy-many-without-slash", IN("COPY [\"a\", \"b\", \"/c\"]"), IN("COPY a b \"/c/\"\nCOPY a /c") },
	{ "dockerfile-copy-many-without-slash", IN("COPY a in /c"), IN("COPY file:8b88 in /c") },
	{ "dockerfile-add-instead-of-copy", IN("ADD a in /c/"), IN("ADD file:8b88 in /c") },
	{ "dockerfile-copy-from-unknown", IN("COPY --from=later a /b\nFROM c:1 AS later"), IN("COPY --from=nginx:1 a /b\nFROM c:1\nCOPY --from=0 a /b") },
	{ "dockerfile-copy-from-self", "FROM a:1 AS me\nCOPY --from=me a /b", "FROM a:1 AS me\nFROM b:1\nCOPY --from=me a /b" },
	{ "dockerfile-copy-root", IN("COPY --from=a:1 / /"), IN("COPY / /\nCOPY --from=a:1 /b /") },
	{ "dockerfile-copy-relative", IN("COPY a b"), IN("COPY a C:/b\nCOPY a $B\nWORKDIR /c\nCOPY a b") },
	{ "dockerfile-copy-and-unpack", IN("COPY a.tgz /b/\nRUN tar xzf /b/a.tgz"), IN("COPY a.tgz /b/\nRUN tar -cf /b/a.tgz c\nFROM d:1\nRUN tar -xf a.tgz") },
	{ "dockerfile-add-outside-context", IN("COPY ../a /b"), IN("COPY a/../b /c") },
	{ "dockerfile-workdir-relative", IN("WORKDIR a"), IN("WORKDIR \"/a b\"\nWORKDIR ${A}/b\nWORKDIR c:\\\\a") },
	{ "dockerfile-workdir-system", IN("WORKDIR /proc/self/fd/8"), IN("WORKDIR /process") },
	{ "dockerfile-volume-system", IN("VOLUME [\"/data\", \"/etc\"]"), IN("VOLUME /etc/app /data") },
	{ "dockerfile-cd", IN("RUN (cd /a && make)"), IN("RUN make -C cd") },
	{ "dockerfile-ssh-port", IN("EXPOSE 80 22/tcp"), IN("EXPOSE 2222 80/tcp") },
	{ "dockerfile-invalid-port", IN("EXPOSE 80-65536"), IN("EXPOSE 65535/udp $PORT 80-${TO}") },
	{ "dockerfile-host-port", IN("EXPOSE 8080:80"), IN("EXPOSE ${A:-80}") },
	{ "dockerfile-sensitive-variable", IN("ARG DB_PassWord"), IN("ENV PATH=/password") },
	{ "dockerfile-secret", IN("ENV VITE_GITHUB_TOKEN=x"), IN("ENV GITHUB_TOKENS=x\nENV GOOGLE_APPLICATION_CREDENTIALS=/run/x.json") },
	{ "dockerfile-secret", IN("COPY src app/\nENV GOOGLE_APPLICATION_CREDENTIALS=./app/x.json"), "FROM a:1\nARG HF_TOKEN\nFROM b:1" },
	{ "dockerfile-secret-file", IN("COPY a $AWS_CONFIG_FILE"), IN("COPY a /b/AWS_CONFIG_FILE") },
	{ "dockerfile-secret-command", IN("RUN az login -u a -p b"), IN("RUN --mount=type=secret,id=a az login -p $(cat /run/secrets/a)") },
	{ "dockerfile-env-self-reference", IN("ENV A=1 B=${A}/b"), IN("ENV A=1\nENV A=2 B=$A C=$AB D=$D") },
	{ "dockerfile-label-key", IN("LABEL Org.x=1"), IN("LABEL org.x-y.z1=1 \"a.b\"=\"c d\"") },
	{ "dockerfile-label-missing", IN("LABEL other=1"), IN("LABEL want=1 url=a: time= license= hash= version= mail="), true },
	{ "dockerfile-label-superfluous", IN("LABEL other=1"), IN("LABEL want=1"), true },
	{ "dockerfile-label-empty", IN("LABEL want=\"\""), IN("LABEL want=\" \" other="), true },
	{ "dockerfile-label-url", IN("LABEL url=/a"), IN("LABEL url=https://a/b?c=%20#d"), true },
	{ "dockerfile-label-time", IN("LABEL time=2026-02-30T00:00:00Z"), IN("LABEL time=2026-01-31T23:59:60.5+01:00"), true },
	{ "dockerfile-label-license", IN("LABEL license=Apache"), IN("LABEL license=Apache-2.0"), true },
	{ "dockerfile-label-hash", IN("LABEL hash=012345g"), IN("LABEL hash=0123456"), true },
	{ "dockerfile-label-version", IN("LABEL version=1.02.3"), IN("LABEL version=1.2.3-rc.1+b.007"), true },
	{ "dockerfile-label-email", IN("LABEL mail=a@@b"), IN("LABEL mail=a.b+c@d-e.org"), true },
	{ "dockerfile-inline-ignore", "# hadolint ignore=DL3006\nFROM a", "# hadolint global ignore=DL3006\n# hadolint\nFROM a" },
	{ "dockerfile-useless-command", IN("RUN if true; then service a start; fi"), IN("RUN echo top && apt-get install vim") },
	{ "dockerfile-curl-and-wget", IN("RUN curl a\nRUN wget b"), IN("RUN curl a\nFROM b:1\nRUN wget b") },
	{ "dockerfile-wget-progress", IN("RUN wget a"), IN("RUN wget -qO- a; wget --progress=dot:giga b; wget -nv c") },
	{ "dockerfile-pipe-to-shell", IN("RUN curl a | tee b | sudo -E bash -"), IN("RUN curl a -o b && sh b") },
	{ "dockerfile-pipe-to-shell", IN("RUN bash -c \"$(curl -fsSL a)\""), IN("RUN echo \"$(curl a)\"") },
	{ "dockerfile-insecure-run", IN("RUN --security=insecure a"), IN("RUN --network=none a") },
	{ "dockerfile-curl-insecure", IN("RUN curl -fsSLk a"), IN("RUN curl -fsSL a; wget -k b") },
	{ "dockerfile-wget-insecure", IN("RUN wget --no-check-certificate a"), IN("RUN wget a") },
	{ "dockerfile-pip-trusted-host", IN("RUN python3 -m pip install --trusted-host a b==1"), IN("RUN pip install b==1") },
	{ "dockerfile-python-insecure", IN("RUN PYTHONHTTPSVERIFY=0 python a"), IN("ENV PYTHONHTTPSVERIFY=1") },
	{ "dockerfile-node-insecure", IN("ENV NODE_TLS_REJECT_UNAUTHORIZED='0'"), IN("ENV NODE_TLS_REJECT_UNAUTHORIZED=1") },
	{ "dockerfile-npm-env-insecure", IN("ENV npm_config_strict_ssl false"), IN("ENV NPM_CONFIG_STRICT_SSL=true") },
	{ "dockerfile-npm-insecure", IN("RUN npm config set strict-ssl=false"), IN("RUN npm config set strict-ssl true") },
	{ "dockerfile-git-insecure", IN("RUN export GIT_SSL_NO_VERIFY=1 && git clone a"), IN("RUN git clone a") },
	{ "dockerfile-pip-env-trusted-host", IN("ARG PIP_TRUSTED_HOST=a"), IN("ARG PIP_HOST=a") },
	{ "dockerfile-yum-insecure", IN("RUN yum-config-manager --setopt=main.sslverify=false"), IN("RUN yum-config-manager --setopt=a.sslverify=1") },
	{ "dockerfile-apk-untrusted", IN("RUN apk add --allow-untrusted a.apk"), IN("RUN apk add a.apk") },
	{ "dockerfile-apt-unauthenticated", IN("RUN apt-get install --allow-unauthenticated a"), IN("RUN apt-get install a") },
	{ "dockerfile-apt-force-yes", IN("RUN apt-get install --force-yes a"), IN("RUN apt-get install -y a") },
	{ "dockerfile-rpm-unsigned", IN("RUN tdnf install --nogpgcheck a"), IN("RUN yum install a") },
	{ "dockerfile-rpm-no-signature", IN("RUN rpm -i --nosignature a.rpm"), IN("RUN rpm -i a.rpm") },
	{ "dockerfile-apt", IN("RUN apt list"), IN("RUN apt-cache search apt") },
	{ "dockerfile-apt-unpinned", IN("RUN sudo apt-get -o a=b install -t c d=1 e"), IN("RUN apt-get -t a install b=1 ./c.deb d/e; apt-get remove f") },
	{ "dockerfile-apt-lists", IN("RUN rm -rf /var/lib/apt/lists/* && apt-get update"), IN("RUN apt-get update && rm -r /var/lib/apt/lists/*") },
	{ "dockerfile-apt-lists", IN("RUN <<EOF\napt-get update\nEOF"), "FROM a:1\nRUN apt-get update\nFROM b:1\nRUN c" },
	{ "dockerfile-apt-asks", IN("RUN apt-get install -q a"), IN("RUN apt-get install -qq a; apt-get --yes install b; apt-get update") },
	{ "dockerfile-apt-recommends", IN("RUN apt-get install a"), IN("RUN apt-get install a --no-install-recommends; apt-get -o APT::Install-Recommends=false install b") },
	{ "dockerfile-apt-dist-upgrade", IN("RUN apt-get -y dist-upgrade"), IN("RUN apt-get -y upgrade") },
	{ "dockerfile-apt-upgrade", IN("RUN apt-get -y upgrade"), IN("RUN apt-get update") },
	{ "dockerfile-lone-update", IN("RUN apt-get update\nRUN apt-get install a"), IN("RUN apt-get update && DEBIAN_FRONTEND=a apt install b") },
	{ "dockerfile-lone-update", IN("RUN [\"apk\", \"update\"]"), IN("RUN apk --update add a && npm update") },
	{ "dockerfile-apk-unpinned", IN("RUN apk add -t b a"), IN("RUN apk add --virtual b a=1 c~2 'd>3' e.apk") },
	{ "dockerfile-apk-cache", IN("RUN apk upgrade --no-cache && apk add a"), IN("RUN --mount=type=cache,target=/var/cache/apk apk add a") },
	{ "dockerfile-yum-asks", IN("RUN yum install a"), IN("RUN yum -y install a; yum list") },
	{ "dockerfile-yum-cache", IN("RUN yum install a && yum clean all && yum install b"), IN("RUN if a; then yum -y install b && yum clean -y all; fi") },
	{ "dockerfile-yum-cache", IN("RUN yum install -y a && yum clean metadata"), IN("RUN yum install -y a && rm -rf /var/cache/yum") },
	{ "dockerfile-yum-unpinned", IN("RUN yum install a-devel"), IN("ENV V=1\nRUN yum install a-1.2-3.el9 b.rpm c-$V && yum module install d:1") },
	{ "dockerfile-dnf-asks", IN("RUN microdnf install a"), IN("RUN dnf install --assumeyes a") },
	{ "dockerfile-dnf-cache", IN("RUN dnf up -y"), IN("RUN dnf up -y && rm -rf /var/cache/dnf") },
	{ "dockerfile-dnf-cache", IN("RUN dnf install -y a && microdnf clean all"), IN("RUN microdnf install -y a") },
	{ "dockerfile-microdnf-cache", IN("RUN microdnf clean all && microdnf install a"), IN("RUN microdnf install a && microdnf clean all") },
	{ "dockerfile-dnf-unpinned", IN("RUN dnf install c++"), IN("RUN dnf install c++-1:2.3; dnf group install a; dnf remove b") },
	{ "dockerfile-zypper-asks", IN("RUN zypper rm a"), IN("RUN zypper -n in a; zypper search b") },
	{ "dockerfile-zypper-dist-upgrade", IN("RUN zypper -n dup"), IN("RUN zypper -n up") },
	{ "dockerfile-zypper-cache", IN("RUN zypper in a"), IN("RUN zypper in a && zypper cc -a") },
	{ "dockerfile-zypper-unpinned", IN("RUN zypper in a"), IN("RUN zypper in a=1 'b>2' c.rpm") },
	{ "dockerfile-pip-unpinned", IN("RUN pip3 install --index-url https://a b"), IN("RUN pip install -r a.txt; pip install -c b c; pip install 'd>=1' ./e git+https://f/g@1") },
	{ "dockerfile-pip-unpinned", IN("RUN pip install git+ssh://git@a/b.git"), IN("RUN pip install .[dev]; pip freeze; python -m pip install a==1") },
	{ "dockerfile-pip-cache", IN("ENV PIP_NO_CACHE_DIR=off\nRUN pip install a"), IN("ENV PIP_NO_CACHE_DIR=1\nRUN pip install a") },
	{ "dockerfile-pip-cache", IN("RUN pip install a"), IN("RUN PIP_NO_CACHE_DIR=on pip install a; pip install --no-cache-dir b; pipenv install c") },
	{ "dockerfile-npm-unpinned", IN("RUN npm i @a/b c@1"), IN("RUN npm install --registry https://x @a/b@1 c@^2 git+https://x/y#1 ./d; npm ci; npm run install") },
	{ "dockerfile-gem-unpinned", IN("RUN gem install --no-document a"), IN("RUN gem install a:1 --x y -- --z; gem install b -v 1; gem list") },
	{ "dockerfile-go-unpinned", IN("RUN go install a/b@latest"), IN("RUN go install a/b@v1; go run a@v1 b c; go build d; go get ./...") },
	{ "dockerfile-yarn-cache", IN("RUN yarn cache clean && yarn install"), IN("RUN yarn install && yarn cache clean") },
};

/* How often the check fails for the text. */
static unsigned count(const char *id, const char *text, bool has_options)
{
	struct posture_options judging = { .only = &id, .n_only = 1 };
	struct posture_set *set = posture_set_new(NULL);
	struct posture_results results = { 0 };
	struct err err = ERR_INIT;
	unsigned n = 0;

	set->dockerfile_options = has_options ? &options : NULL;
	posture_lint_text(set, "Dockerfile", text, strlen(text), NULL);
	if (posture_judge(set, checks, &judging, &results, &err) < 0)
		CHECK_STR(err.text, "");
	for (size_t i = 0; i < results.n; i++)
		n += results.findings[i].status == POSTURE_FAIL && strcmp(results.findings[i].check->id, id) == 0;
	posture_results_done(&results);
	posture_set_free(set);
	return n;
}

TEST(each_check_fails_what_it_is_about_and_passes_its_neighbour)
{
	if (!load_checks())
		return;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		CHECK_MSG(posture_checks_by_id(checks, cases[i].id), "there is no check %s", cases[i].id);
		CHECK_MSG(count(cases[i].id, cases[i].fails, cases[i].has_options) > 0, "%s passes:\n%s", cases[i].id, cases[i].fails);
		CHECK_MSG(count(cases[i].id, cases[i].passes, cases[i].has_options) == 0, "%s fails:\n%s", cases[i].id, cases[i].passes);
	}
}

TEST(no_check_of_dockerfiles_is_without_a_case)
{
	if (!load_checks())
		return;
	for (size_t i = 0; i < posture_checks_count(checks); i++) {
		const char *id = posture_checks_at(checks, i)->id;
		bool has_case = strncmp(id, "dockerfile-", 11) != 0;

		for (size_t k = 0; k < ARRAY_LEN(cases) && !has_case; k++)
			has_case = strcmp(cases[k].id, id) == 0;
		CHECK_MSG(has_case, "%s has none", id);
	}
}

TEST(every_rule_of_hadolint_and_every_check_of_trivy_and_checkov_has_one_of_ours)
{
	/* Catalogues of 2026-08; DS-0003, DS-0018 and DS-0028 do not exist. */
	static const unsigned rules[] = {
		1001, 3000, 3001, 3002, 3003, 3004, 3006, 3007, 3008, 3009, 3010, 3011, 3012, 3013, 3014, 3015, 3016, 3018, 3019, 3020, 3021,
		3022, 3023, 3024, 3025, 3026, 3027, 3028, 3029, 3030, 3032, 3033, 3034, 3035, 3036, 3037, 3038, 3040, 3041, 3042, 3043, 3044,
		3045, 3046, 3047, 3048, 3049, 3050, 3051, 3052, 3053, 3054, 3055, 3056, 3057, 3058, 3059, 3060, 3061, 3062, 3063, 3064, 3065,
		3066, 3067, 4000, 4001, 4003, 4004, 4005, 4006,
	};
	static const struct { unsigned last; const char *without; } others[] = { { 31, " 3 18 28 " }, { 11, "" }, { 17, "" } };
	char ref[32];

	if (!load_checks())
		return;
	CHECK_INT(ARRAY_LEN(rules), 71);
	for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
		bool is_there = false;
		snprintf(ref, sizeof(ref), "DL%u", rules[i]);
		for (size_t k = 0; k < posture_checks_count(checks); k++)
			is_there |= posture_check_is(posture_checks_at(checks, k), ref);
		CHECK_MSG(is_there, "nothing stands for %s", ref);
	}
	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		for (unsigned n = 1; n <= others[i].last; n++) {
			char number[8];
			bool is_there;

			snprintf(number, sizeof(number), " %u ", n);
			is_there = strstr(others[i].without, number);
			if (i == 0)
				snprintf(ref, sizeof(ref), "DS-%04u", n);
			else
				snprintf(ref, sizeof(ref), i == 1 ? "CKV_DOCKER_%u" : "CKV2_DOCKER_%u", n);
			for (size_t k = 0; k < posture_checks_count(checks); k++)
				is_there |= posture_check_is(posture_checks_at(checks, k), ref);
			CHECK_MSG(is_there, "nothing stands for %s", ref);
		}
}

TAP_MAIN()
