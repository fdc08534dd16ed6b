/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_TESTS_TAP_H
#define PARKA_TESTS_TAP_H
/*
 * A small TAP producer (https://testanything.org, version 13): what meson and .ci/run read.
 *
 *     TEST(in_operator_with_empty_list_is_false)
 *     {
 *             CHECK(!eval("proc.name in ()"));
 *             CHECK_STR(text, "expected");
 *     }
 *     TAP_MAIN()
 *
 * A test's name states the promise. Checks after a failed one still run; SKIP("why") ends the test. A
 * single test runs with its name as argument: build/tests/unit/lang_test in_operator_...
 */
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tap_test { const char *name; void (*run)(void); struct tap_test *next; };
static struct tap_test *tap_first, **tap_last = &tap_first;
static int tap_failures_here;
static const char *tap_skip_reason;
static jmp_buf tap_skip_jump;

#define TEST(test_name) \
	static void test_name(void); \
	static struct tap_test tap_##test_name = { #test_name, test_name, NULL }; \
	__attribute__((constructor)) static void tap_add_##test_name(void) \
	{ *tap_last = &tap_##test_name; tap_last = &tap_##test_name.next; } \
	static void test_name(void)

#define CHECK(condition) tap_check(__FILE__, __LINE__, #condition, (condition))
#define CHECK_MSG(condition, ...) ((condition) ? true : (tap_failures_here++, \
	printf("# %s:%d: ", __FILE__, __LINE__), printf(__VA_ARGS__), printf("\n"), false))
#define CHECK_INT(actual, expected) tap_check_int(__FILE__, __LINE__, #actual, (long long)(actual), (long long)(expected))
#define CHECK_STR(actual, expected) tap_check_str(__FILE__, __LINE__, #actual, (actual), (expected))
#define SKIP(reason) do { tap_skip_reason = (reason); longjmp(tap_skip_jump, 1); } while (0)

__attribute__((unused)) static bool tap_check(const char *file, int line, const char *what, bool holds)
{
	if (!holds) {
		tap_failures_here++;
		printf("# %s:%d: %s is false\n", file, line, what);
	}
	return holds;
}

__attribute__((unused)) static bool tap_check_int(const char *file, int line, const char *what, long long a, long long b)
{
	if (a == b)
		return true;
	tap_failures_here++;
	printf("# %s:%d: %s is %lld, expected %lld\n", file, line, what, a, b);
	return false;
}

__attribute__((unused)) static bool tap_check_str(const char *file, int line, const char *what, const char *a, const char *b)
{
	if (a && b ? strcmp(a, b) == 0 : a == b)
		return true;
	tap_failures_here++;
	printf("# %s:%d: %s\n#   is       \"%s\"\n#   expected \"%s\"\n", file, line, what, a ? a : "(null)", b ? b : "(null)");
	return false;
}

static void tap_run(const struct tap_test *t)
{
	if (setjmp(tap_skip_jump) == 0)
		t->run();
}

static int tap_main(int argc, char **argv)
{
	int n = 0, failed = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	for (struct tap_test *t = tap_first; t; t = t->next) {
		if (argc > 1 && strcmp(argv[1], t->name) != 0)
			continue;
		tap_failures_here = 0;
		tap_skip_reason = NULL;
		tap_run(t);
		n++;
		if (tap_failures_here)
			failed++;
		printf("%s %d - %s%s%s\n", tap_failures_here ? "not ok" : "ok", n, t->name,
		       tap_skip_reason ? " # SKIP " : "", tap_skip_reason ? tap_skip_reason : "");
	}
	printf("1..%d\n", n);
	return failed ? 1 : 0;
}

#define TAP_MAIN() int main(int argc, char **argv) { return tap_main(argc, argv); }

#endif
