/* SPDX-License-Identifier: Apache-2.0 */
#include "posture/dockerfile/packages_words.h"

#include <ctype.h>
#include <string.h>

/* Those that the test does not hold for. */
static void keep_unpinned(struct packages_use *use, struct words l, bool (*is_pinned)(const char *package))
{
	size_t n = 0;

	for (size_t i = 0; i < l.n; i++)
		if (!is_pinned(l.at[i]))
			l.at[n++] = l.at[i];
	use->unpinned = l.at;
	use->n_unpinned = n;
}

/* ---- what later commands clean ---- */

bool packages_has_mount(const struct dockerfile_instruction *run, const char *directory)
{
	for (size_t i = 0; run && i < run->n_flags; i++) {
		const char *flag = run->flags[i].text, *target;

		if (!words_begins_with(flag, "--mount=") || (!strstr(flag, "type=cache") && !strstr(flag, "type=tmpfs")))
			continue;
		if ((target = strstr(flag, "target=")) || (target = strstr(flag, "dst=")) || (target = strstr(flag, "destination="))) {
			size_t len = strcspn(target, ",");
			const char *at = strstr(target, directory);
			if (at && at < target + len)
				return true;
		}
	}
	return false;
}

static bool removes(const struct shell_command *c, const char *const *directories)
{
	if (strcmp(c->name, "rm") != 0)
		return false;
	for (size_t i = 0; i < c->n_words; i++)
		if (words_begins_with_any(c->words[i].text, directories))
			return true;
	return false;
}

/* A command after this one: NAME VERB, or rm of the directory. */
static bool is_cleaned(const struct shell_command *c, const char *const *names, const char *const *verbs, const char *const *directories)
{
	for (const struct shell_command *later = c->next; later; later = later->next)
		if ((words_is_among(later->name, names) && words_has_any(later, verbs)) || removes(later, directories))
			return true;
	return false;
}

static bool installs_later(const struct shell_command *c, const char *const *names)
{
	static const char *const verbs[] = { "upgrade", "install", "source-install", "reinstall", "groupinstall", "localinstall", "add",
					     "full-upgrade", "dist-upgrade", "build-dep", NULL };

	for (const struct shell_command *later = c->next; later; later = later->next)
		if (words_is_among(later->name, names) && words_has_any(later, verbs))
			return true;
	return false;
}

/* ---- apt ---- */

static bool is_pinned_apt(const char *package)
{
	return strchr(package, '=') || strchr(package, '/') || words_ends_with(package, ".deb");
}

static unsigned count_quiet(const struct shell_command *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < c->n_words; i++) {
		const char *word = c->words[i].text;
		if (strcmp(word, "--quiet") == 0)
			n++;
		else if (strcmp(word, "-q=2") == 0 || strcmp(word, "--quiet=2") == 0)
			n += 2;
		else if (words_is_cluster(word))
			for (const char *s = word + 1; *s && *s != '='; s++)
				n += *s == 'q';
	}
	return n;
}

/* apt-get(8): -qq implies -y. */
static bool is_apt_unattended(const struct shell_command *c)
{
	return packages_has_flag(c, 'y', "yes") || packages_has_flag(c, 0, "assume-yes") || packages_has_flag(c, 0, "force-yes") ||
		count_quiet(c) >= 2;
}

static void use_apt(const struct packages_context *x, const struct shell_command *c, struct packages_use *use)
{
	struct words l;

	if (shell_has_word(c, "update")) {
		bool is_mounted = packages_has_mount(x->run, "/var/lib/apt/lists") ||
			(packages_has_mount(x->run, "/var/lib/apt") && packages_has_mount(x->run, "/var/cache/apt"));
		use->leaves_cache = !is_mounted &&
			!is_cleaned(c, WORDS(""), WORDS(""), WORDS("/var/lib/apt/lists", "/var/lib/apt/*", "/var/lib/apt/{", "/var/lib/{apt"));
		use->is_lone_update = strcmp(c->name, "aptitude") != 0 && !installs_later(c, WORDS("apt", "apt-get"));
	}
	if (!shell_has_word(c, "install"))
		return;
	use->installs = true;
	use->asks = !is_apt_unattended(c);
	l = words_operands(x->arena, c, "toc", " target-release default-release option config-file ");
	words_drop(&l, WORDS("install"));
	keep_unpinned(use, l, is_pinned_apt);
}

/* ---- apk ---- */

static bool is_pinned_apk(const char *package)
{
	return strpbrk(package, "=~<>") || words_ends_with(package, ".apk");
}

static void use_apk(const struct packages_context *x, const struct shell_command *c, struct packages_use *use)
{
	struct words l;

	if (words_has_any(c, WORDS("update", "up")))
		use->is_lone_update = !installs_later(c, WORDS("apk"));
	if (!shell_has_word(c, "add"))
		return;
	use->installs = true;
	use->leaves_cache = !packages_has_flag(c, 0, "no-cache") && !packages_has_mount(x->run, "/var/cache/apk");
	l = words_operands(x->arena, c, "tXp", " virtual repository repositories-file keys-dir arch root ");
	words_drop(&l, WORDS("add"));
	keep_unpinned(use, l, is_pinned_apk);
}

/* ---- yum, dnf, microdnf ---- */

static bool is_version_part(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)s[i]) && !strchr(".~^_:+", s[i]))
			return false;
	return true;
}

/* NAME-VERSION: after the first '-' only versions' characters, and one part begins with a digit. */
static bool has_rpm_version(const char *package)
{
	const char *part = strchr(package, '-');
	bool has_digit = false;

	while (part) {
		size_t len = strcspn(++part, "-");
		if (!is_version_part(part, len))
			return false;
		has_digit |= isdigit((unsigned char)*part);
		part = part[len] ? part + len : NULL;
	}
	return has_digit;
}

/* NAME-${VERSION} with a variable that has a value. */
static bool has_known_variable(const struct packages_context *x, const char *package)
{
	for (const char *s = strchr(package, '$'); s; s = strchr(s, '$')) {
		size_t len = 0;
		s++;
		s += *s == '{';
		while (isalnum((unsigned char)s[len]) || s[len] == '_')
			len++;
		if (len && x->is_defined(x->of, s, len))
			return true;
		s += len;
	}
	return false;
}

static bool is_pinned_rpm(const struct packages_context *x, const char *package)
{
	if (!strchr(package, '-') && !words_ends_with(package, ".rpm"))
		return false;
	if (words_ends_with(package, ".rpm"))
		return true;
	return strchr(package, '$') ? has_known_variable(x, package) : has_rpm_version(package);
}

static void keep_unpinned_rpm(const struct packages_context *x, const struct shell_command *c, struct packages_use *use)
{
	struct words l = words_operands(x->arena, c, "cexrR", " config enablerepo disablerepo repo exclude installroot releasever setopt advisory ");
	bool is_module = shell_has_word(c, "module");
	size_t n = 0;

	if (shell_has_word(c, "group"))
		return;
	words_drop(&l, WORDS("install", "in", "module", "localinstall"));
	for (size_t i = 0; i < l.n; i++)
		if (is_module ? !strchr(l.at[i], ':') : !is_pinned_rpm(x, l.at[i]))
			l.at[n++] = l.at[i];
	use->unpinned = l.at;
	use->n_unpinned = n;
}

static void use_rpm(const struct packages_context *x, const struct shell_command *c, struct packages_use *use)
{
	static const char *const caches[] = { "/var/cache/yum", "/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/*", NULL };
	static const char *const fills_dnf[] = { "install", "in", "upgrade", "up", "upgrade-minimal", "up-min", "reinstall", "rei", NULL };
	static const char *const fills_yum[] = { "install", NULL };
	bool is_yum = strcmp(c->name, "yum") == 0;

	if (words_has_any(c, WORDS("update", "up")) && strcmp(c->name, "microdnf") != 0)
		use->is_lone_update = !installs_later(c, WORDS(c->name));
	if (words_has_any(c, is_yum ? fills_yum : fills_dnf)) {
		bool is_mounted = packages_has_mount(x->run, "cache/libdnf5") || packages_has_mount(x->run, "/var/cache/dnf") ||
			packages_has_mount(x->run, "/var/cache/yum");
		use->leaves_cache = !is_mounted && !is_cleaned(c, WORDS(c->name), WORDS("all"), caches);
	}
	use->installs = words_has_any(c, WORDS("install", "groupinstall", "localinstall", "in"));
	use->asks = words_has_any(c, WORDS("install", "groupinstall", "localinstall")) && !packages_has_flag(c, 'y', "assumeyes");
	if (shell_has_word(c, "install") || (!is_yum && shell_has_word(c, "in")))
		keep_unpinned_rpm(x, c, use);
}

/* ---- zypper ---- */

static bool is_pinned_zypper(const char *package)
{
	return strpbrk(package, "=<>") || words_ends_with(package, ".rpm");
}

static void use_zypper(const struct packages_context *x, const struct shell_command *c, struct packages_use *use)
{
	static const char *const changes[] = { "install", "in", "remove", "rm", "source-install", "si", "patch", NULL };
	struct words l;

	if (words_has_any(c, WORDS("update", "up")))
		use->is_lone_update = !installs_later(c, WORDS("zypper")) && !words_has_any(c, WORDS("install"));
	use->asks = words_has_any(c, changes) && !packages_has_flag(c, 'n', "non-interactive") && !packages_has_flag(c, 'y', "no-confirm");
	if (!words_has_any(c, WORDS("install", "in")))
		return;
	use->installs = true;
	use->leaves_cache = !packages_has_mount(x->run, "/var/cache/zypp") &&
		!is_cleaned(c, WORDS("zypper"), WORDS("clean", "cc"), WORDS("/var/cache/zypp"));
	l = words_operands(x->arena, c, "crRtf", " repo from type root config ");
	words_drop(&l, WORDS("install", "in"));
	keep_unpinned(use, l, is_pinned_zypper);
}

/* ---- pip ---- */

static bool has_sequence(const struct shell_command *c, const char *const *words, size_t n)
{
	for (size_t i = 0; i + n <= c->n_words; i++) {
		size_t k = 0;
		while (k < n && strcmp(c->words[i + k].text, words[k]) == 0)
			k++;
		if (k == n)
			return true;
	}
	return false;
}

static bool is_python(const char *name)
{
	return words_begins_with(name, "python") || words_begins_with(name, "pypy");
}

static bool is_pip_install(const struct shell_command *c)
{
	if (words_begins_with(c->name, "pip"))
		return shell_has_word(c, "install");
	return is_python(c->name) && has_sequence(c, (const char *const[]){ "-m", "pip", "install" }, 3);
}

static bool is_wrapped_pip(const struct shell_command *c)
{
	return words_begins_with(c->name, "pipx") || words_begins_with(c->name, "pipenv") ||
		(is_python(c->name) && (has_sequence(c, (const char *const[]){ "-m", "pipx" }, 2) ||
					has_sequence(c, (const char *const[]){ "-m", "pipenv" }, 2)));
}

/* pip.pypa.io/en/stable/topics/vcs-support */
static bool is_vcs(const char *package)
{
	return words_begins_with_any(package, WORDS("git", "hg+", "svn", "bzr+")) && (strstr(package, "://") || words_begins_with(package, "git+"));
}

static bool is_pinned_pip(const char *package)
{
	if (is_vcs(package)) {
		const char *path = strstr(package, "://"), *slash = path ? strchr(path + 3, '/') : NULL;
		/* git+ssh://git@host is a user, not a version: it stands behind the path. */
		return slash && strchr(slash, '@');
	}
	return strpbrk(package, "<>") || strstr(package, "==") || strstr(package, "!=") || strstr(package, "~=") ||
		words_ends_with(package, ".whl") || words_ends_with(package, ".tar.gz") || words_ends_with(package, ".zip") || strchr(package, '/') ||
		package[0] == '.';
}

static bool is_true(const char *value)
{
	static const char *const words[] = { "1", "true", "True", "TRUE", "on", "On", "ON", "yes", "Yes", "YES", NULL };

	return value && words_is_among(value, words);
}

/* Set before it in the same shell, or by ENV. */
static bool pip_has_no_cache(const struct packages_context *x, const struct shell_command *c)
{
	for (const struct shell_command *other = x->script->first; other; other = other->next) {
		for (size_t i = 0; (other == c || other->name[0] == '\0') && i < other->n_assignments; i++)
			if (strcmp(other->assignments[i].name, "PIP_NO_CACHE_DIR") == 0 && is_true(other->assignments[i].value))
				return true;
		for (size_t i = 0; strcmp(other->name, "export") == 0 && i < other->n_words; i++)
			if (words_begins_with(other->words[i].text, "PIP_NO_CACHE_DIR=") && is_true(strchr(other->words[i].text, '=') + 1))
				return true;
	}
	return is_true(x->value_of(x->of, "PIP_NO_CACHE_DIR"));
}

static bool installs_requirements(const struct shell_command *c)
{
	return packages_has_flag(c, 0, "requirement") || packages_has_flag(c, 'r', NULL) || shell_has_word(c, ".");
}

static void use_pip(const struct packages_context *x, const struct shell_command *c, struct packages_use *use)
{
	struct words l;

	if (!is_pip_install(c))
		return;
	use->installs = true;
	use->leaves_cache = !is_wrapped_pip(c) && !packages_has_flag(c, 0, "no-cache-dir") && !pip_has_no_cache(x, c) &&
		!packages_has_mount(x->run, ".cache/pip");
	if (packages_has_flag(c, 'c', "constraint") || installs_requirements(c))
		return;
	/* Options with a value: pip install --help. */
	l = words_operands(x->arena, c, "befitCr",
		     " abi build editable extra-index-url find-links index-url implementation no-binary only-binary platform prefix "
		     "progress-bar proxy python python-version root root-user-action src target trusted-host upgrade-strategy cache-dir "
		     "timeout retries log cert client-cert config-settings global-option install-option report index ");
	words_drop_through(&l, WORDS("install"));
	keep_unpinned(use, l, is_pinned_pip);
}

/* ---- npm, gem, go, yarn ---- */

static bool is_pinned_npm(const char *package)
{
	if (words_begins_with_any(package, WORDS("git://", "git+ssh://", "git+http://", "git+https://")))
		return strchr(package, '#');
	if (words_ends_with(package, ".tar") || words_ends_with(package, ".tar.gz") || words_ends_with(package, ".tgz") ||
	    words_begins_with_any(package, WORDS("/", "./", "../", "~/", "file:")) || strcmp(package, ".") == 0)
		return true;
	if (*package == '@')
		package += strcspn(package, "/");
	return strchr(package, '@');
}

static void use_npm(const struct packages_context *x, const struct shell_command *c, struct packages_use *use)
{
	struct words l = words_operands(x->arena, c, "C", " loglevel registry prefix userconfig cache tag omit include workspace ");

	if (l.n == 0 || !words_is_among(l.at[0], WORDS("install", "i", "add")))
		return;
	use->installs = true;
	words_drop_through(&l, WORDS("install", "i", "add"));
	keep_unpinned(use, l, is_pinned_npm);
}

static bool is_pinned_gem(const char *gem)
{
	return strchr(gem, ':') || words_ends_with(gem, ".gem");
}

/* gem install --help: these stand alone, any other option may have a value behind it. */
static bool is_gem_switch(const char *word)
{
	return words_is_among(word, WORDS("-N", "--no-document", "--no-ri", "--no-rdoc", "-q", "--quiet", "--silent", "-V", "--verbose", "-f", "--force",
				    "-l", "--local", "-r", "--remote", "-b", "--both", "-E", "--env-shebang", "-w", "--wrappers",
				    "--user-install", "--no-user-install", "--conservative", "--minimal-deps", "--prerelease", "--pre", "--lock",
				    "--no-lock", "--suggestions", "--no-suggestions", "--backtrace", "--debug", "--norc",
				    "--ignore-dependencies", "--development", "--explain", "--clear-sources", "--no-format-executable"));
}

static void use_gem(const struct packages_context *x, const struct shell_command *c, struct packages_use *use)
{
	struct words l = { .at = arena_take(x->arena, (c->n_words + 1) * sizeof(*l.at)) };

	if (!l.at || !words_has_any(c, WORDS("install", "i")))
		return;
	use->installs = true;
	if (packages_has_flag(c, 0, "version") || shell_has_word(c, "-v"))
		return;
	for (size_t i = 0; i < c->n_words && strcmp(c->words[i].text, "--") != 0; i++) {
		const char *word = c->words[i].text;
		if (word[0] != '-')
			l.at[l.n++] = word;
		else if (!is_gem_switch(word) && !strchr(word, '='))
			i++;
	}
	words_drop(&l, WORDS("install", "i"));
	keep_unpinned(use, l, is_pinned_gem);
}

static bool is_pinned_go(const char *package)
{
	const char *at = strrchr(package, '@');

	if (package[0] == '.' || package[0] == '/' || words_ends_with(package, ".go"))
		return true;
	return at && strcmp(at, "@latest") != 0 && strcmp(at, "@none") != 0;
}

static void use_go(const struct packages_context *x, const struct shell_command *c, struct packages_use *use)
{
	struct words l = words_operands(x->arena, c, "", " tags ldflags gcflags asmflags mod modfile ");

	if (l.n == 0 || !words_is_among(l.at[0], WORDS("install", "get", "run")))
		return;
	use->installs = true;
	if (strcmp(l.at[0], "run") == 0 && l.n > 2)
		l.n = 2;   /* the rest is the program's */
	words_drop(&l, WORDS("install", "get", "run", "tool"));
	keep_unpinned(use, l, is_pinned_go);
}

static void use_yarn(const struct packages_context *x, const struct shell_command *c, struct packages_use *use)
{
	if (!shell_has_word(c, "install"))
		return;
	use->installs = true;
	use->leaves_cache = !packages_has_mount(x->run, ".cache/yarn") && !is_cleaned(c, WORDS("yarn"), WORDS("cache", "clean"),
											      WORDS("/root/.cache", "/usr/local/share/.cache"));
}

static const struct { const char *name; void (*use)(const struct packages_context *x, const struct shell_command *c, struct packages_use *use); }
managers[] = {
	{ "apt-get", use_apt }, { "apt", use_apt }, { "aptitude", use_apt }, { "apk", use_apk }, { "yum", use_rpm }, { "dnf", use_rpm },
	{ "microdnf", use_rpm }, { "zypper", use_zypper }, { "npm", use_npm }, { "gem", use_gem }, { "go", use_go }, { "yarn", use_yarn },
};

void packages_use(const struct packages_context *x, const struct shell_command *c, struct packages_use *ret)
{
	*ret = (struct packages_use){ .installs = false };
	if (c->name[0] == 'p') {
		use_pip(x, c, ret);
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(managers); i++)
		if (managers[i].name[0] == c->name[0] && strcmp(managers[i].name, c->name) == 0) {
			managers[i].use(x, c, ret);
			return;
		}
}
