#pragma once
#include "cacheserver/command/session.h"

/*
 * The line of keys (or fields) that follows mget, bop mget, bop smget and mop get. It is collected
 * as it arrives, checked when it is complete, and then handed to the command, which may work in
 * slices: `answer` is called again after others had their turn until it calls keys_line_end.
 */

/* Refuses a line that cannot be right, in which case the session's task is dropped. */
void keys_line_begin(struct session *session, struct command_context *context,
                     const struct keys_line *line);

/* The next key; false: there are no more. The bytes last until keys_line_end. */
bool keys_line_next(struct session *session, const char **key, size_t *key_len);

/* Makes the next keys cheap to look up, for lines of keys of items; call it before keys_line_next.
 */
void keys_line_hint(struct session *session, struct command_context *context);

/* The request is answered. Frees the line and the session's task. */
void keys_line_end(struct session *session);

size_t keys_line_step(struct session *session, struct command_context *context, const char *input,
                      size_t len);
size_t keys_line_step_answer(struct session *session, struct command_context *context,
                             const char *input, size_t len);
