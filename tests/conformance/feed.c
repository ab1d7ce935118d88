/*
 * A session without sockets, for tests that must decide where input is cut. Takes the server's
 * options; then frames on standard input: 4 bytes little endian length, that many bytes. Each is
 * given to the session as one piece, after what earlier ones left over, and answered by a frame
 * with the replies; a closed session answers with the length 0xffffffff. An empty frame asks for a
 * fresh store and session, and is answered by an empty one.
 * With --commands alone it prints the names of the command table, with --stats the groups of stats,
 * with --settings the names that config knows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cacheserver/cluster/heartbeat.h"
#include "cacheserver/command/cloud.h"
#include "cacheserver/command/config.h"
#include "cacheserver/command/session.h"
#include "cacheserver/command/stats.h"
#include "cacheserver/store/maintenance.h"

#define CLOSED    UINT32_MAX
#define FRAME_MAX (64u << 20)

struct feed {
    struct settings settings;
    struct store *store;
    struct counters_sum sum;
    struct command_shared shared;
    struct command_context context;
    struct session session;
    char *input;
    size_t len, capacity;
};

static bool is_ready(void *arg)
{
    (void)arg;
    return true;
}

static void no_stats(void *arg, struct reply *reply)
{
    (void)arg;
    (void)reply;
}

static unsigned one(void *arg)
{
    (void)arg;
    return 1;
}

static unsigned max_connections = 1024;

static unsigned get_max(void *arg)
{
    (void)arg;
    return max_connections;
}

static void set_max(void *arg, unsigned max)
{
    (void)arg;
    max_connections = max;
}

/* As a server that uses no ZooKeeper. */
static struct heartbeat heartbeat;
static bool failstop;

static uint64_t get_number(void *arg, enum cloud_number which)
{
    unsigned timeout_ms, failstop_ms;

    (void)arg;
    heartbeat_limits(&heartbeat, &timeout_ms, &failstop_ms);
    const uint64_t numbers[] = {[CLOUD_FAILSTOP] = failstop,
                                [CLOUD_HB_TIMEOUT_MS] = timeout_ms,
                                [CLOUD_HB_FAILSTOP_MS] = failstop_ms,
                                [CLOUD_HB_LATENCY_MS] = 0};
    return numbers[which];
}

static bool set_number(void *arg, enum cloud_number which, uint64_t value)
{
    (void)arg;
    if (which == CLOUD_HB_TIMEOUT_MS)
        return heartbeat_set_timeout(&heartbeat, (unsigned)value);
    if (which == CLOUD_HB_FAILSTOP_MS)
        return heartbeat_set_failstop(&heartbeat, (unsigned)value);
    failstop = value;
    return true;
}

static char *no_servers(void *arg)
{
    (void)arg;
    return NULL;
}

static const struct cloud_hooks cloud_hooks = {
    .number = get_number, .set_number = set_number, .servers = no_servers};

static void set_up(struct feed *feed)
{
    heartbeat_init(&heartbeat);
    failstop = true;
    const struct command_hooks hooks = {.is_ready = is_ready,
                                        .membership_stats = no_stats,
                                        .listeners = one,
                                        .open_connections = one,
                                        .max_connections = get_max,
                                        .set_max_connections = set_max,
                                        .cloud = &cloud_hooks};
    const struct store_config config = {
        .memory_limit_bytes = feed->settings.memory_limit_bytes,
        .sticky_limit_bytes = feed->settings.sticky_limit_bytes,
        .item_size_max_bytes = feed->settings.item_size_max_bytes,
        .evict = !feed->settings.no_eviction,
        .prefix_delimiter = feed->settings.prefix_delimiter,
        .max_counts = {[ITEM_LIST] = feed->settings.max_list_size,
                       [ITEM_SET] = feed->settings.max_set_size,
                       [ITEM_MAP] = feed->settings.max_map_size,
                       [ITEM_BTREE] = feed->settings.max_btree_size},
        .element_bytes_max = feed->settings.max_element_bytes,
    };

    max_connections = feed->settings.max_connections;
    feed->store = store_new(&config);
    if (maintenance_start(feed->store))
        abort();
    memset(&feed->sum, 0, sizeof(feed->sum));
    feed->context = (struct command_context){.shared = &feed->shared,
                                             .store = store_attach(feed->store),
                                             .counters = counters_new(),
                                             .reply = reply_new(),
                                             .wake_fd = -1};
    counters_sum_register(&feed->sum, feed->context.counters);
    command_shared_init(&feed->shared, &feed->settings, feed->store, &feed->sum, &hooks);
    memset(&feed->session, 0, sizeof(feed->session));
    feed->len = 0;
}

static void tear_down(struct feed *feed)
{
    session_deinit(&feed->session, feed->context.store);
    reply_free(feed->context.reply, feed->context.store);
    store_detach(feed->context.store);
    command_shared_deinit(&feed->shared);
    maintenance_stop(feed->store);
    store_free(feed->store);
    free(feed->context.counters);
}

static void append(char **to, size_t *len, const struct iovec *from)
{
    *to = realloc(*to, *len + from->iov_len + 1);
    if (!*to)
        abort();
    memcpy(*to + *len, from->iov_base, from->iov_len);
    *len += from->iov_len;
}

/* Sends in small steps, so that every kind of partly sent reply occurs. */
static void collect(struct feed *feed, char **output, size_t *len)
{
    struct iovec vector;

    while (reply_vectors(feed->context.reply, &vector, 1) == 1) {
        if (vector.iov_len > 1000)
            vector.iov_len = 1000;
        append(output, len, &vector);
        reply_sent(feed->context.reply, vector.iov_len);
    }
    reply_reset(feed->context.reply, feed->context.store);
}

static void put_frame(uint32_t size, const char *bytes, size_t len)
{
    fwrite(&size, sizeof(size), 1, stdout);
    fwrite(bytes, 1, len, stdout);
    fflush(stdout);
}

static void work(struct feed *feed)
{
    char *output = NULL;
    size_t len = 0;
    bool full;

    store_thread_tick(feed->context.store);
    do {
        size_t done = session_input(&feed->session, &feed->context, feed->input, feed->len);
        memmove(feed->input, feed->input + done, feed->len - done);
        feed->len -= done;
        full = reply_is_full(feed->context.reply) || session_has_work(&feed->session);
        collect(feed, &output, &len);
    } while (full && !feed->session.closing);
    if (feed->session.closing)
        put_frame(CLOSED, "", 0);
    put_frame((uint32_t)len, output ? output : "", len);
    free(output);
}

static bool read_frame(struct feed *feed)
{
    uint32_t size;

    if (fread(&size, sizeof(size), 1, stdin) != 1 || size > FRAME_MAX)
        return false;
    if (size == 0) {
        tear_down(feed);
        set_up(feed);
        put_frame(0, "", 0);
        return true;
    }
    if (feed->len + size > feed->capacity) {
        feed->capacity = feed->len + size;
        feed->input = realloc(feed->input, feed->capacity);
        if (!feed->input)
            abort();
    }
    if (fread(feed->input + feed->len, 1, size, stdin) != size)
        return false;
    feed->len += size;
    work(feed);
    return true;
}

/* false: the option is another one. */
static bool print_names(const char *option)
{
    if (!strcmp(option, "--commands"))
        for (size_t i = 0; i < command_count; i++)
            puts(commands[i].name);
    else if (!strcmp(option, "--stats"))
        for (size_t i = 0; i < stats_group_count; i++)
            puts(stats_groups[i].name);
    else if (!strcmp(option, "--settings"))
        for (size_t i = 0; i < config_row_count; i++)
            puts(config_rows[i].name);
    else
        return false;
    return true;
}

int main(int argc, char **argv)
{
    static struct feed feed;

    if (argc == 2 && print_names(argv[1]))
        return 0;
    if (settings_parse(&feed.settings, argc, argv, stderr))
        return 64;
    clock_start();
    set_up(&feed);
    while (read_frame(&feed))
        continue;
    tear_down(&feed);
    free(feed.input);
    settings_deinit(&feed.settings);
    return 0;
}
