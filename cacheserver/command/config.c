/* The settings and how each is read and checked. */
#include "cacheserver/command/config.h"

#include <sys/resource.h>

#include "cacheserver/command/cloud.h"
#include "cacheserver/command/handlers.h"
#include "cacheserver/command/kept.h"
#include "cacheserver/runtime/log.h"
#include "cacheserver/runtime/number.h"

#define MEGABYTE      ((uint64_t)1024 * 1024)
#define VERBOSITY_MAX 2
/* Descriptors beside those of clients: listeners, epoll instances, ZooKeeper, the reserve. */
#define EXTRA_FILES     64
#define CONNECTIONS_MAX 1000000
#define BAD_VALUE       "CLIENT_ERROR bad value\r\n"

#define COLLECTION_SIZE_MIN 10000
#define COLLECTION_SIZE_MAX 1000000
#define ELEMENT_BYTES_MIN   1024
#define ELEMENT_BYTES_MAX   32768
#define SCRUB_COUNT_MIN     16
#define SCRUB_COUNT_MAX     320

static uint64_t get_memlimit(struct command_context *context)
{
    struct store_totals totals;

    store_stats(context->shared->store, &totals);
    return totals.memory_limit_bytes / MEGABYTE;
}

static const char *set_memlimit(struct command_context *context, uint64_t value)
{
    struct store_totals totals;

    store_stats(context->shared->store, &totals);
    if (value == 0 || value > UINT32_MAX || value * MEGABYTE <= totals.memory_used_bytes ||
        !store_set_memory_limit(context->shared->store, value * MEGABYTE))
        return BAD_VALUE;
    return NULL;
}

static uint64_t get_maxconns(struct command_context *context)
{
    const struct command_hooks *hooks = &context->shared->hooks;
    return hooks->max_connections(hooks->arg);
}

static const char *set_maxconns(struct command_context *context, uint64_t value)
{
    const struct command_hooks *hooks = &context->shared->hooks;
    struct rlimit files;
    uint64_t wanted = value + EXTRA_FILES;

    if (value > CONNECTIONS_MAX - EXTRA_FILES ||
        wanted < (uint64_t)hooks->open_connections(hooks->arg) * 11 / 10)
        return "CLIENT_ERROR the value is out of range\r\n";
    if (getrlimit(RLIMIT_NOFILE, &files))
        return "SERVER_ERROR failed to get RLIMIT_NOFILE\r\n";
    if (files.rlim_cur != RLIM_INFINITY && wanted > files.rlim_cur)
        return "SERVER_ERROR cannot change to the maxconns over the soft limit\r\n";
    hooks->set_max_connections(hooks->arg, (unsigned)value);
    return NULL;
}

static uint64_t get_verbosity(struct command_context *context)
{
    (void)context;
    return (uint64_t)log_get_level() - LOG_LEVEL_WARNING;
}

static const char *set_verbosity(struct command_context *context, uint64_t value)
{
    (void)context;
    if (value > VERBOSITY_MAX)
        return "SERVER_ERROR cannot change the verbosity over the limit\r\n";
    log_set_level(LOG_LEVEL_WARNING + (enum log_level)value);
    return NULL;
}

static uint64_t get_sticky_limit(struct command_context *context)
{
    struct store *store = context->shared->store;
    return atomic_load_explicit(&store->sticky_limit_bytes, memory_order_relaxed) / MEGABYTE;
}

static const char *set_sticky_limit(struct command_context *context, uint64_t value)
{
    return store_set_sticky_limit(context->shared->store, value * MEGABYTE) ? NULL : BAD_VALUE;
}

/* Collections may become larger, never smaller: there may be large ones already. */
static const char *set_size(struct command_context *context, enum item_type type, uint64_t value)
{
    _Atomic uint32_t *most = &context->shared->store->max_counts[type];

    if (value > COLLECTION_SIZE_MAX)
        value = COLLECTION_SIZE_MAX;
    if (value < COLLECTION_SIZE_MIN || value < atomic_load_explicit(most, memory_order_relaxed))
        return BAD_VALUE;
    atomic_store_explicit(most, (uint32_t)value, memory_order_relaxed);
    return NULL;
}

static uint64_t get_size(struct command_context *context, enum item_type type)
{
    return atomic_load_explicit(&context->shared->store->max_counts[type], memory_order_relaxed);
}

#define SIZE_OF(name, type)                                                                        \
    static uint64_t get_max_##name##_size(struct command_context *context)                         \
    {                                                                                              \
        return get_size(context, type);                                                            \
    }                                                                                              \
    static const char *set_max_##name##_size(struct command_context *context, uint64_t value)      \
    {                                                                                              \
        return set_size(context, type, value);                                                     \
    }
SIZE_OF(list, ITEM_LIST)
SIZE_OF(set, ITEM_SET)
SIZE_OF(map, ITEM_MAP)
SIZE_OF(btree, ITEM_BTREE)

static uint64_t get_max_element_bytes(struct command_context *context)
{
    return atomic_load_explicit(&context->shared->store->element_bytes_max, memory_order_relaxed);
}

static const char *set_max_element_bytes(struct command_context *context, uint64_t value)
{
    if (value < ELEMENT_BYTES_MIN || value > ELEMENT_BYTES_MAX)
        return BAD_VALUE;
    atomic_store_explicit(&context->shared->store->element_bytes_max, (uint32_t)value,
                          memory_order_relaxed);
    return NULL;
}

static uint64_t get_scrub_count(struct command_context *context)
{
    return atomic_load_explicit(&context->shared->store->scrub_count, memory_order_relaxed);
}

static const char *set_scrub_count(struct command_context *context, uint64_t value)
{
    if (value < SCRUB_COUNT_MIN || value > SCRUB_COUNT_MAX)
        return BAD_VALUE;
    atomic_store_explicit(&context->shared->store->scrub_count, (unsigned)value,
                          memory_order_relaxed);
    return NULL;
}

static uint64_t get_max_stats_prefixes(struct command_context *context)
{
    return atomic_load_explicit(&context->shared->max_stats_prefixes, memory_order_relaxed);
}

static const char *set_max_stats_prefixes(struct command_context *context, uint64_t value)
{
    atomic_store_explicit(&context->shared->max_stats_prefixes, (uint32_t)value,
                          memory_order_relaxed);
    return NULL;
}

static uint64_t get_cloud(struct command_context *context, enum cloud_number which)
{
    const struct command_hooks *hooks = &context->shared->hooks;
    return hooks->cloud->number(hooks->arg, which);
}

static const char *set_cloud(struct command_context *context, enum cloud_number which,
                             uint64_t value)
{
    const struct command_hooks *hooks = &context->shared->hooks;
    return hooks->cloud->set_number(hooks->arg, which, value) ? NULL : BAD_VALUE;
}

static uint64_t get_hbtimeout(struct command_context *context)
{
    return get_cloud(context, CLOUD_HB_TIMEOUT_MS);
}

static const char *set_hbtimeout(struct command_context *context, uint64_t value)
{
    return set_cloud(context, CLOUD_HB_TIMEOUT_MS, value);
}

static uint64_t get_hbfailstop(struct command_context *context)
{
    return get_cloud(context, CLOUD_HB_FAILSTOP_MS);
}

static const char *set_hbfailstop(struct command_context *context, uint64_t value)
{
    return set_cloud(context, CLOUD_HB_FAILSTOP_MS, value);
}

static uint64_t get_zkfailstop(struct command_context *context)
{
    return get_cloud(context, CLOUD_FAILSTOP);
}

static const char *set_zkfailstop(struct command_context *context, uint64_t value)
{
    return set_cloud(context, CLOUD_FAILSTOP, value);
}

const struct config_row config_rows[] = {
    {"verbosity", get_verbosity, set_verbosity, "<verbose>"},
    {"memlimit", get_memlimit, set_memlimit, "<memsize(MB)>"},
    {"sticky_limit", get_sticky_limit, set_sticky_limit, "<stickylimit(MB)>"},
    {"maxconns", get_maxconns, set_maxconns, "<maxconn>"},
    {"max_list_size", get_max_list_size, set_max_list_size, "<maxsize>", .is_signed = true},
    {"max_set_size", get_max_set_size, set_max_set_size, "<maxsize>", .is_signed = true},
    {"max_map_size", get_max_map_size, set_max_map_size, "<maxsize>", .is_signed = true},
    {"max_btree_size", get_max_btree_size, set_max_btree_size, "<maxsize>", .is_signed = true},
    {"max_element_bytes", get_max_element_bytes, set_max_element_bytes, "<maxbytes>"},
    {"scrub_count", get_scrub_count, set_scrub_count, "<count>"},
    {"max_stats_prefixes", get_max_stats_prefixes, set_max_stats_prefixes, "<value>"},
    {"hbtimeout", get_hbtimeout, set_hbtimeout, "<hbtimeout>"},
    {"hbfailstop", get_hbfailstop, set_hbfailstop, "<hbfailstop>"},
    {"zkfailstop", get_zkfailstop, set_zkfailstop, "on|off", .is_switch = true},
    {"chkpt_interval_pct_snapshot", kept_interval_pct, kept_set_interval_pct, "<percentage>",
     .is_kept = true},
    {"chkpt_interval_min_logsize", kept_min_log_megabytes, kept_set_min_log_megabytes,
     "<minsize(MB)>", .is_kept = true},
    {"async_logging", kept_async_logging, kept_set_async_logging, "on|off", .is_switch = true,
     .is_kept = true},
};
const size_t config_row_count = sizeof(config_rows) / sizeof(config_rows[0]);

static const struct config_row *find_row(const struct word *name)
{
    for (size_t i = 0; i < config_row_count; i++)
        if (word_is(name, config_rows[i].name))
            return &config_rows[i];
    return NULL;
}

static void show(struct command_context *context, const struct config_row *row)
{
    uint64_t value = row->get(context);

    if (row->is_switch)
        reply_format(context->reply, "%s %s\r\nEND\r\n", row->name, value ? "on" : "off");
    else
        reply_format(context->reply, "%s %llu\r\nEND\r\n", row->name, (unsigned long long)value);
}

static bool read_number(const struct config_row *row, const struct word *word, uint64_t *value)
{
    int64_t number;

    if (!row->is_signed)
        return number_parse_u64(word->at, word->len, value) && *value <= UINT32_MAX;
    if (!number_parse_i64(word->at, word->len, &number) || number < INT32_MIN || number > INT32_MAX)
        return false;
    *value = number < 0 ? UINT64_MAX : (uint64_t)number;
    return true;
}

/* Another word than "on" or "off" is a bad value; what is no number is bad format. */
static const char *change(struct command_context *context, const struct config_row *row,
                          const struct word *word)
{
    uint64_t value;

    if (row->is_switch) {
        value = word_is(word, "on");
        if (!value && !word_is(word, "off"))
            return BAD_VALUE;
    } else if (!read_number(row, word, &value)) {
        return "CLIENT_ERROR bad command line format\r\n";
    }
    const char *refusal = row->set(context, value);
    return refusal ? refusal : "END\r\n";
}

HANDLER(config)
{
    const struct config_row *row = words->count <= 3 ? find_row(&words->word[1]) : NULL;

    if (!row)
        session_say_bad_format(session, context);
    else if (row->is_kept && !context->shared->persistence)
        session_say(session, context, "NOT_SUPPORTED\r\n");
    else if (words->count == 2)
        show(context, row);
    else
        session_say(session, context, change(context, row, &words->word[2]));
}
