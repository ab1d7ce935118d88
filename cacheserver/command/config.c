/* `config NAME [VALUE]`: one row per setting that a running server can show and take. */
#include "cacheserver/command/handlers.h"

#include <sys/resource.h>

#include "cacheserver/runtime/log.h"
#include "cacheserver/runtime/number.h"

#define MEGABYTE      ((uint64_t)1024 * 1024)
#define VERBOSITY_MAX 2
/* Descriptors beside those of clients: listeners, epoll instances, ZooKeeper, the reserve. */
#define EXTRA_FILES     64
#define CONNECTIONS_MAX 1000000

struct config_row {
    const char *name;
    uint64_t (*get)(struct command_context *context);
    /* What to answer, NULL when it was set. */
    const char *(*set)(struct command_context *context, uint64_t value);
};

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
        return "CLIENT_ERROR bad value\r\n";
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

static const struct config_row rows[] = {
    {"memlimit", get_memlimit, set_memlimit},
    {"maxconns", get_maxconns, set_maxconns},
    {"verbosity", get_verbosity, set_verbosity},
};

static const struct config_row *find_row(const struct word *name)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (word_is(name, rows[i].name))
            return &rows[i];
    return NULL;
}

HANDLER(config)
{
    const struct config_row *row = words->count <= 3 ? find_row(&words->word[1]) : NULL;
    uint64_t value;

    if (!row) {
        session_say_bad_format(session, context);
    } else if (words->count == 2) {
        reply_format(context->reply, "%s %llu\r\nEND\r\n", row->name,
                     (unsigned long long)row->get(context));
    } else if (!number_parse_u64(words->word[2].at, words->word[2].len, &value) ||
               value > UINT32_MAX) {
        session_say_bad_format(session, context);
    } else {
        const char *refusal = row->set(context, value);
        session_say(session, context, refusal ? refusal : "END\r\n");
    }
}
