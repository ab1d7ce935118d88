#pragma once
#include "cacheserver/command/session.h"

/*
 * Whether the client may do what it asks for, when clients have to log in. Keys that begin with
 * "arcus:" are open to everybody. What is refused is logged, and what audited users (their names
 * begin with a star) do is logged, too.
 */
bool authorize_command(struct session *session, const struct command *command,
                       const struct words *words);

/* For the line of a get, gets, gat or gats, or its beginning, whose keys are not cut into words.
 * false: it is none, or not allowed; then it is to be handled like any other line. */
bool authorize_get(struct session *session, const char *line, size_t len);

/* For requests that are not lines: whether one of the categories is allowed. */
bool authorize_request(struct session *session, unsigned categories, const char *key,
                       size_t key_len, const char *description);
