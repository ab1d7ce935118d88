/*
 * Which operation of a prefix a command's counter stands for follows from their names: cmd_lop_get
 * is the operation lop_get, and one that has hits is followed by lop_get_hits. An outcome is a hit
 * when its counter is not one of misses.
 */
#include "cacheserver/command/observe.h"

#include <stdlib.h>
#include <string.h>

#include "cacheserver/command/command.h"
#include "cacheserver/command/topkeys.h"
#include "cacheserver/runtime/log.h"
#include "cacheserver/runtime/number.h"

#define TOPKEYS_MAX 10000

static const char *const op_names[PREFIX_OPS] = {
#define PREFIX_OP(name, label) #name,
#include "cacheserver/store/prefix_ops.def"
#undef PREFIX_OP
};

static bool ends_with(const char *text, const char *end)
{
    size_t len = strlen(text), end_len = strlen(end);
    return len >= end_len && !strcmp(text + len - end_len, end);
}

static void learn_counter(struct observed *observed, enum counter which)
{
    const char *name = counter_name(which);

    observed->is_miss[which] = ends_with(name, "_misses") || ends_with(name, "_badval");
    if (strncmp(name, "cmd_", 4) != 0)
        return;
    for (unsigned op = 0; op < PREFIX_OPS; op++) {
        if (strcmp(name + 4, op_names[op]) != 0)
            continue;
        observed->op_of[which] = (uint8_t)(op + 1);
        observed->has_hits[which] = op + 1 < PREFIX_OPS && ends_with(op_names[op + 1], "_hits");
    }
}

int observed_init(struct observed *observed, const struct settings *settings)
{
    const char *count = getenv("MEMCACHED_TOP_KEYS");
    uint32_t keys;

    memset(observed, 0, sizeof(*observed));
    for (enum counter which = 0; which < COUNTER_LISTED; which++)
        learn_counter(observed, which);
    /* cas stores are counted as stores, as the reference server does. */
    observed->op_of[COUNTER_cmd_cas] = PREFIX_OP_set + 1;
    /* A field that is not there is a hit of every operation but this one. */
    observed->is_miss[COUNTER_mop_update_none_hits] = true;
    atomic_init(&observed->detail, settings->detail_enabled && !settings->detail_forbidden);
    if (!count || !number_parse_u32(count, strlen(count), &keys) || keys == 0)
        return 0;
    observed->topkeys = topkeys_new(keys < TOPKEYS_MAX ? keys : TOPKEYS_MAX);
    return observed->topkeys ? 0 : -1;
}

void observed_deinit(struct observed *observed)
{
    topkeys_free(observed->topkeys);
}

static void count_prefix(struct command_context *context, const char *key, size_t key_len,
                         enum counter command, bool hit)
{
    struct observed *observed = &context->shared->observed;
    unsigned op = observed->op_of[command];

    if (op == 0 ||
        prefix_count_op(context->store, key, key_len, op - 1, hit && observed->has_hits[command]))
        return;
    if (atomic_exchange_explicit(&observed->detail, false, memory_order_relaxed))
        log_write(LOG_LEVEL_WARNING, "detailed statistics are off: there are too many prefixes");
}

void observe_slowly(struct command_context *context, const char *key, size_t key_len,
                    enum counter command, enum counter outcome)
{
    struct observed *observed = &context->shared->observed;
    bool hit = outcome < COUNTER_LISTED && !observed->is_miss[outcome];

    if (!key)
        return;
    if (atomic_load_explicit(&observed->detail, memory_order_relaxed))
        count_prefix(context, key, key_len, command, hit);
    if (observed->topkeys)
        topkeys_count(observed->topkeys, key, key_len, outcome < COUNTER_LISTED ? outcome : command,
                      context->store->now);
}
