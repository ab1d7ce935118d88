/*
 * A get or delete that does nothing has missed, for whatever reason. The others have missed only
 * what is not there; by key everything that failed is a miss.
 */
#include "cacheserver/command/value.h"

static const struct {
    enum counter total, hits, misses;
    bool all_failures_miss;
} rows[] = {
    [VALUE_GET] = {COUNTER_cmd_get, COUNTER_get_hits, COUNTER_get_misses, true},
    [VALUE_DELETE] = {COUNTER_cmd_delete, COUNTER_delete_hits, COUNTER_delete_misses, true},
    [VALUE_INCR] = {COUNTER_cmd_incr, COUNTER_incr_hits, COUNTER_incr_misses, false},
    [VALUE_DECR] = {COUNTER_cmd_decr, COUNTER_decr_hits, COUNTER_decr_misses, false},
    [VALUE_TOUCH] = {COUNTER_cmd_setattr, COUNTER_setattr_hits, COUNTER_setattr_misses, false},
};

void value_count(struct command_context *context, enum value_operation operation, const char *key,
                 size_t key_len, enum store_result result)
{
    enum counter total = rows[operation].total;
    enum counter outcome = result == STORE_OK ? rows[operation].hits : rows[operation].misses;

    counter_add(context->counters, total, 1);
    if (result == STORE_OK || result == STORE_NOT_FOUND || rows[operation].all_failures_miss)
        counter_add(context->counters, outcome, 1);
    observe(context, key, key_len, total, outcome);
}
