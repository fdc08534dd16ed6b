/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_CLI_TOP_SCREEN_H
#define PARKA_CLI_TOP_SCREEN_H
/*
 * The screen of `parka top`: the text of top_text.h on the terminal's other screen, drawn anew each interval and for each key. The
 * terminal is as before when it is freed. Thread: one.
 */
#include "cli/top_text.h"

struct top_screen;
/* `style`: what to begin with; columns and rows are measured. */
struct top_screen *top_screen_new(int out_fd, int key_fd, const struct top_style *style);
struct top_screen *top_screen_free(struct top_screen *screen);   /* NULL is fine; returns NULL */

/* What is shown from now on; not while paused. The sums are the caller's until the next call. */
void top_screen_show(struct top_screen *screen, const struct top_view *view);
bool top_screen_is_paused(const struct top_screen *screen);

enum top_key { TOP_KEY_NONE, TOP_KEY_QUIT };
/* t, c, r: that table; a: all; s: sort by the next; p, blank: pause; q. */
enum top_key top_screen_key(struct top_screen *screen, char key);
bool top_screen_has_keys(const struct top_screen *screen);

void top_screen_resized(struct top_screen *screen);    /* SIGWINCH */
void top_screen_suspend(struct top_screen *screen);    /* before SIGSTOP */
void top_screen_resume(struct top_screen *screen);     /* SIGCONT */

#endif
