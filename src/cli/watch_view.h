/* SPDX-License-Identifier: Apache-2.0 */
#ifndef PARKA_CLI_WATCH_VIEW_H
#define PARKA_CLI_WATCH_VIEW_H
/*
 * The terminal view: prints findings above a status line that stays at the bottom, on a terminal; plain
 * lines elsewhere. Plain ANSI: the status line is erased before a finding is printed and written again
 * below it, so the terminal's scroll-back keeps every finding and a crash leaves nothing behind.
 *
 * The output goes through one descriptor with one write per finding. Thread: one.
 */
#include "cli/watch_line.h"

struct watch_view;

struct watch_view_options {
	int out_fd;              /* where lines go */
	int key_fd;              /* a terminal to read keys from; -1: none */
	bool color, details;
	bool status;             /* a status line at the bottom (out_fd is a terminal) */
};

struct watch_view *watch_view_new(const struct watch_view_options *options);
/* Restores the terminal. NULL is fine; returns NULL. */
struct watch_view *watch_view_free(struct watch_view *view);

void watch_view_finding(struct watch_view *view, const struct detect_finding *finding);
/* A line of the program's own among the findings ("rules reloaded"). */
void watch_view_say(struct watch_view *view, const char *text);
/* Draw the status line anew (kept for the next redraws). */
void watch_view_status(struct watch_view *view, const struct watch_status *status);

enum watch_key { WATCH_KEY_NONE, WATCH_KEY_QUIT };
/* A key was pressed ('a' details, 'p' pause, 'q' quit). */
enum watch_key watch_view_key(struct watch_view *view, char key);
bool watch_view_interactive(const struct watch_view *view);
/* The terminal has another size (SIGWINCH), or is ours again (SIGCONT). */
void watch_view_resized(struct watch_view *view);
void watch_view_resume(struct watch_view *view);
/* Give the terminal back for a while (before SIGSTOP). */
void watch_view_suspend(struct watch_view *view);

#endif
