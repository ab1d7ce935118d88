#pragma once
#include "cacheserver/command/session.h"

/*
 * A request that another thread answers, when it can. The session takes no further input
 * meanwhile; its worker serves others and is woken by the answer.
 */
struct command_wait;

/* The session waits from now on and will say one of the lines. The wait is for whoever answers, who
 * must do so once. NULL: no memory, the second line was said. */
struct command_wait *wait_begin(struct session *session, struct command_context *context,
                                const char *done_line, const char *refused_line);
/* Any thread; the session may be gone. `wait` is a struct command_wait, gone afterwards. */
void wait_answer(void *wait, bool done);

/* For the session. */
bool wait_is_over(const struct command_wait *wait);
size_t wait_step(struct session *session, struct command_context *context, const char *input,
                 size_t len);
/* Takes NULL. */
void wait_drop(struct command_wait *wait);
