#pragma once
#include "cacheserver/command/session.h"

/* What commands that store a value have in common. */

/* A set or replace with a cas unique is a cas, and so answers and counts. */
enum store_mode storage_mode(enum store_mode mode, bool has_cas);

/* Puts the value that the session has filled into the store, and counts that. */
enum store_result storage_put(struct session *session, struct command_context *context,
                              const struct store_condition *condition,
                              struct store_written *written);

/* The value did not end where it should have: counts the request, and drops the item. */
void storage_drop(struct session *session, struct command_context *context);

/* What it means that there will be no item: what cannot exist cannot be replaced, either. */
enum store_result storage_refusal(enum store_result result, enum store_mode mode);
/* There will be no item for the value that follows: counts that, by prefix only when there is no
 * room for it. */
void storage_count_refused(struct command_context *context, const struct store_request *request,
                           enum store_mode mode, enum store_result result);
/* In the text protocol: counts it, says why and drops the value. */
void storage_refuse(struct session *session, struct command_context *context,
                    const struct store_request *request, enum store_mode mode,
                    enum store_result result);
