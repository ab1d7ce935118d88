#pragma once
#include "cacheserver/command/session.h"

/* What commands that store a value have in common. */

void storage_count(struct command_context *context, bool is_cas, enum store_result result);

/* There will be no item for the value that follows: says why and drops it. */
void storage_refuse(struct session *session, struct command_context *context,
                    const struct store_request *request, bool is_set, enum store_result result);
