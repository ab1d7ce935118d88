#pragma once
#include "cacheserver/command/session.h"

/* What commands that store a value have in common. */

/* A set or replace with a cas unique is a cas, and so answers and counts. */
enum store_mode storage_mode(enum store_mode mode, bool has_cas);

/* Puts the value that the session has filled into the store, and counts that. */
enum store_result storage_put(struct session *session, struct command_context *context,
                              const struct store_condition *condition,
                              struct store_written *written);

/* There will be no item for the value that follows: says why and drops it. */
void storage_refuse(struct session *session, struct command_context *context,
                    const struct store_request *request, bool is_set, enum store_result result);
