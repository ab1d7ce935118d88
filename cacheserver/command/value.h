#pragma once
#include "cacheserver/command/command.h"

/* What commands on values have in common, whatever protocol they come in. */

enum value_operation { VALUE_GET, VALUE_DELETE, VALUE_INCR, VALUE_DECR, VALUE_TOUCH };

/* Counts the operation and what came of it: for all keys, by prefix and by key. */
void value_count(struct command_context *context, enum value_operation operation, const char *key,
                 size_t key_len, enum store_result result);

/* What clients are shown of an item's cas unique. */
static inline uint64_t value_unique(const struct command_context *context, uint64_t unique)
{
    return context->shared->settings->no_cas ? 0 : unique;
}
