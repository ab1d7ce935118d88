/*
 * `stats` itself, its settings, and the table of its groups. Names and order are those that Arcus
 * tools read; this server's own name and version follow at the end. Sums are of slightly different
 * moments: reading them takes no lock that a request would wait for.
 */
#include "cacheserver/command/handlers.h"

#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "cacheserver/command/cloud.h"
#include "cacheserver/command/product.h"
#include "cacheserver/command/stats.h"
#include "cacheserver/command/topkeys.h"
#include "cacheserver/runtime/log.h"

void stat_u64(struct command_context *context, const char *name, uint64_t value)
{
    reply_format(context->reply, "STAT %s %llu\r\n", name, (unsigned long long)value);
}

void stat_text(struct command_context *context, const char *name, const char *value)
{
    reply_format(context->reply, "STAT %s %s\r\n", name, value);
}

static void stat_counter(struct command_context *context, const char *name, enum counter which)
{
    stat_u64(context, name, counters_sum_read(context->shared->counters, which));
}

static void stat_seconds(struct command_context *context, const char *name, struct timeval value)
{
    reply_format(context->reply, "STAT %s %ld.%06ld\r\n", name, (long)value.tv_sec,
                 (long)value.tv_usec);
}

static void stat_cloud(struct command_context *context, const char *name, enum cloud_number which)
{
    const struct command_hooks *hooks = &context->shared->hooks;
    stat_u64(context, name, hooks->cloud->number(hooks->arg, which));
}

static void stats_process(struct command_context *context)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    stat_u64(context, "pid", (uint64_t)getpid());
    stat_u64(context, "uptime", clock_now() - 2);
    stat_u64(context, "time", (uint64_t)time(NULL));
    stat_text(context, "version", COMMAND_PROTOCOL_VERSION);
    stat_text(context, "libevent", "none");
    stat_u64(context, "pointer_size", 8 * sizeof(void *));
    stat_cloud(context, "hb_count", CLOUD_HB_COUNT);
    stat_cloud(context, "hb_latency", CLOUD_HB_LATENCY_MS);
    stat_seconds(context, "rusage_user", usage.ru_utime);
    stat_seconds(context, "rusage_system", usage.ru_stime);
}

static void stats_connections(struct command_context *context)
{
    const struct command_hooks *hooks = &context->shared->hooks;

    stat_u64(context, "daemon_connections", hooks->listeners(hooks->arg));
    stat_u64(context, "curr_connections", hooks->open_connections(hooks->arg));
    stat_counter(context, "quit_connections", COUNTER_quit_connections);
    stat_counter(context, "reject_connections", COUNTER_reject_connections);
    stat_counter(context, "total_connections", COUNTER_total_connections);
    stat_u64(context, "connection_structures", hooks->open_connections(hooks->arg));
}

static void stats_memory(struct command_context *context)
{
    struct store_totals totals;

    store_stats(context->shared->store, &totals);
    stat_u64(context, "curr_prefixes", prefix_count(context->shared->store));
    stat_u64(context, "reclaimed", (uint64_t)totals.counts[STORE_RECLAIMED]);
    stat_u64(context, "evictions", (uint64_t)totals.counts[STORE_EVICTIONS]);
    stat_u64(context, "outofmemorys", (uint64_t)totals.counts[STORE_OUT_OF_MEMORY]);
    stat_u64(context, "sticky_items", (uint64_t)totals.counts[STORE_STICKY_ITEMS]);
    stat_u64(context, "curr_items", (uint64_t)totals.counts[STORE_ITEMS]);
    stat_u64(context, "total_items", (uint64_t)totals.counts[STORE_TOTAL_ITEMS]);
    stat_u64(context, "sticky_bytes", (uint64_t)totals.sticky_bytes);
    stat_u64(context, "bytes", (uint64_t)totals.counts[STORE_BYTES]);
    stat_u64(context, "sticky_limit", totals.sticky_limit_bytes);
    stat_u64(context, "engine_maxbytes", totals.memory_limit_bytes);
    stat_u64(context, "engine_malloced", totals.memory_used_bytes);
}

static void add_general(struct command_context *context)
{
    const struct settings *settings = context->shared->settings;
    const struct command_hooks *hooks = &context->shared->hooks;
    struct store *store = context->shared->store;

    stats_process(context);
    stats_connections(context);
    for (enum counter i = 0; i < COUNTER_LISTED; i++)
        stat_counter(context, counter_name(i), i);
    stat_u64(context, "stat_prefixes",
             atomic_load_explicit(&store->prefixes.counted, memory_order_relaxed));
    stat_counter(context, "bytes_read", COUNTER_bytes_read);
    stat_counter(context, "bytes_written", COUNTER_bytes_written);
    stat_u64(context, "limit_maxbytes",
             atomic_load_explicit(&store->memory.limit_bytes, memory_order_relaxed));
    stat_u64(context, "limit_maxconns", hooks->max_connections(hooks->arg));
    stat_u64(context, "threads", settings->threads);
    stat_counter(context, "conn_yields", COUNTER_conn_yields);
}

static void stats_general(struct command_context *context)
{
    add_general(context);
    stats_memory(context);
    stat_text(context, "server", PRODUCT_NAME);
    stat_text(context, "server_version", PRODUCT_VERSION);
    reply_text(context->reply, "END\r\n");
}

static STATS_GROUP(aggregate)
{
    (void)session;
    (void)words;
    add_general(context);
    reply_text(context->reply, "END\r\n");
}

static const char *yes_no(bool value)
{
    return value ? "yes" : "no";
}

/* Elements that collections may have, and what else a running server lets itself be told. */
static void add_limits(struct command_context *context)
{
    struct store *store = context->shared->store;
    static const struct {
        const char *name;
        enum item_type type;
    } sizes[] = {
        {"max_list_size", ITEM_LIST},
        {"max_set_size", ITEM_SET},
        {"max_map_size", ITEM_MAP},
        {"max_btree_size", ITEM_BTREE},
    };

    for (size_t i = 0; i < sizeof(sizes) / sizeof(*sizes); i++)
        stat_u64(context, sizes[i].name,
                 atomic_load_explicit(&store->max_counts[sizes[i].type], memory_order_relaxed));
    stat_u64(context, "max_element_bytes",
             atomic_load_explicit(&store->element_bytes_max, memory_order_relaxed));
    stat_u64(context, "scrub_count",
             atomic_load_explicit(&store->scrub_count, memory_order_relaxed));
    stat_u64(context, "max_stats_prefixes",
             atomic_load_explicit(&context->shared->max_stats_prefixes, memory_order_relaxed));
    stat_u64(context, "topkeys", topkeys_capacity(context->shared->observed.topkeys));
}

static void add_extensions(struct command_context *context)
{
    const struct settings *settings = context->shared->settings;
    bool to_syslog = settings->daemonize || settings_has_extension(settings, "syslog_logger");

    stat_text(context, "logger", to_syslog ? "syslog" : "standard error");
    if (settings_has_extension(settings, "ascii_scrub"))
        stat_text(context, "ascii_extension", "scrub");
}

static STATS_GROUP(settings)
{
    const struct settings *settings = context->shared->settings;
    const struct command_hooks *hooks = &context->shared->hooks;
    struct store_totals totals;

    (void)session;
    (void)words;
    store_stats(context->shared->store, &totals);
    stat_u64(context, "maxbytes", totals.memory_limit_bytes);
    stat_u64(context, "maxconns", hooks->max_connections(hooks->arg));
    reply_format(context->reply, "STAT tcpport %d\r\n", settings->tcp_port);
    reply_format(context->reply, "STAT udpport %d\r\n", settings->udp_port);
    stat_u64(context, "sticky_limit", totals.sticky_limit_bytes);
    stat_text(context, "inter", settings->listen_addresses ? settings->listen_addresses : "NULL");
    stat_u64(context, "verbosity", (uint64_t)log_get_level() - LOG_LEVEL_WARNING);
    stat_u64(context, "oldest", 0);
    stat_text(context, "evictions", settings->no_eviction ? "off" : "on");
    stat_text(context, "domain_socket", settings->unix_path ? settings->unix_path : "NULL");
    reply_format(context->reply, "STAT umask %o\r\n", settings->unix_mask);
    reply_format(context->reply, "STAT growth_factor %.2f\r\n", settings->growth_factor);
    stat_u64(context, "chunk_size", settings->chunk_size);
    stat_u64(context, "num_threads", settings->threads);
    reply_format(context->reply, "STAT stat_key_prefix %c\r\n", settings->prefix_delimiter);
    stat_text(context, "detail_enabled", yes_no(atomic_load(&context->shared->observed.detail)));
    stat_text(context, "allow_detailed", yes_no(!settings->detail_forbidden));
    stat_u64(context, "reqs_per_event", settings->requests_per_event);
    stat_text(context, "cas_enabled", yes_no(!settings->no_cas));
    stat_u64(context, "tcp_backlog", settings->backlog);
    stat_text(context, "binding_protocol",
              settings->binding[1] == 'u' ? "auto-negotiate" : settings->binding);
    stat_text(context, "auth_enabled_sasl", "yes");
    stat_text(context, "auth_sasl_engine", "cyrus");
    stat_text(context, "auth_required_sasl", yes_no(settings->require_sasl));
    stat_u64(context, "item_size_max", settings->item_size_max_bytes);
    add_limits(context);
    stat_cloud(context, "hb_timeout", CLOUD_HB_TIMEOUT_MS);
    stat_cloud(context, "hb_failstop", CLOUD_HB_FAILSTOP_MS);
    add_extensions(context);
    reply_text(context->reply, "END\r\n");
}

static STATS_GROUP(reset)
{
    (void)words;
    counters_sum_reset(context->shared->counters);
    store_stats_reset(context->shared->store);
    session_say(session, context, "RESET\r\n");
}

static STATS_GROUP(topkeys)
{
    struct topkeys *topkeys = context->shared->observed.topkeys;

    (void)words;
    if (!topkeys) {
        session_say(session, context, "NOT_SUPPORTED\r\n");
        return;
    }
    topkeys_stats(topkeys, context->reply, context->store->now);
    reply_text(context->reply, "END\r\n");
}

/* There is one, as in every server without virtual buckets. */
static STATS_GROUP(vbucket)
{
    (void)session;
    (void)words;
    reply_text(context->reply, "STAT vb_0 active\r\nEND\r\n");
}

static STATS_GROUP(zookeeper)
{
    const struct command_hooks *hooks = &context->shared->hooks;

    (void)session;
    (void)words;
    hooks->membership_stats(hooks->arg, context->reply);
    reply_text(context->reply, "END\r\n");
}

const struct stats_group stats_groups[] = {
    {"settings", false, stats_settings, "stats settings\\r\\n"},
    {"items", true, stats_items, "stats items\\r\\n"},
    {"slabs", true, stats_slabs, "stats slabs\\r\\n"},
    {"sizes", true, stats_sizes, "stats sizes\\r\\n"},
    {"prefixes", false, stats_prefixes, "stats prefixes\\r\\n"},
    {"prefixlist", false, stats_prefixlist, "stats prefixlist item|operation [<prefix>]*\\r\\n"},
    {"detail", false, stats_detail, "stats detail [on|off|dump]\\r\\n"},
    {"zookeeper", false, stats_zookeeper, "stats zookeeper\\r\\n"},
    {"scrub", true, stats_scrub, "stats scrub\\r\\n"},
    {"dump", true, stats_dump, "stats dump\\r\\n"},
    {"persistence", true, stats_persistence, "stats persistence\\r\\n"},
    {"cachedump", false, stats_cachedump,
     "stats cachedump <slab_clsid> <limit> [forward|backward [sticky]]\\r\\n"},
    {"topkeys", false, stats_topkeys, "stats topkeys\\r\\n"},
    {"aggregate", false, stats_aggregate, "stats aggregate\\r\\n"},
    {"vbucket", true, stats_vbucket, "stats vbucket\\r\\n"},
    {"reset", false, stats_reset, "stats reset\\r\\n"},
};
const size_t stats_group_count = sizeof(stats_groups) / sizeof(stats_groups[0]);

static bool is_named(const struct stats_group *group, const struct word *word)
{
    size_t len = strlen(group->name);

    return word_is(word, group->name) ||
           (group->by_beginning && word->len > len && !memcmp(word->at, group->name, len));
}

HANDLER(stats)
{
    if (words->count == 1) {
        stats_general(context);
        return;
    }
    for (size_t i = 0; i < stats_group_count; i++) {
        if (is_named(&stats_groups[i], &words->word[1])) {
            stats_groups[i].run(session, context, words);
            return;
        }
    }
    session_say(session, context, "ERROR no matching stat\r\n");
}
