#pragma once
#include "cacheserver/command/session.h"

/* get, gets, gat, gats, mget and mgets. Their keys are answered one by one as they are parsed, so
 * neither the number of keys nor the length of the line costs memory, and a reply that is full is
 * continued after it was sent. */

/* The line, without its end and leading blanks, is a get, gets, gat or gats with keys of the right
 * length: the session is within its keys then, and the bytes before them are returned. 0: it is
 * not. */
size_t retrieval_begin_line(struct session *session, const char *line, size_t len);
/* The same for the beginning of a line whose end is not there yet. */
size_t retrieval_begin(struct session *session, const char *line, size_t len);

size_t retrieval_step_keys(struct session *session, struct command_context *context,
                           const char *input, size_t len);

void command_mget(struct session *session, struct command_context *context,
                  const struct words *words);
void command_mgets(struct session *session, struct command_context *context,
                   const struct words *words);
/* Only reached by a get without keys, or with one that is too long. */
void command_get(struct session *session, struct command_context *context,
                 const struct words *words);
/* Only reached by a gat without a number, or with a key that is too long. */
void command_gat(struct session *session, struct command_context *context,
                 const struct words *words);
