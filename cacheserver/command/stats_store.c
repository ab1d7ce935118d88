/*
 * Statistics that look at the items of the store, and at what works on all of them. There are no
 * lists of items by use, so a cachedump shows a sample in that order.
 */
#include <stdlib.h>
#include <string.h>

#include "cacheserver/command/stats.h"
#include "cacheserver/runtime/number.h"
#include "cacheserver/store/cursor.h"
#include "cacheserver/store/maintenance.h"

#define CACHEDUMP_DEFAULT 50
#define CACHEDUMP_MAX     200
#define CACHEDUMP_STEPS   4096
#define ITEMS_AT_ONCE     16
/* Sizes are counted in steps of so many bytes, up to the largest. */
#define SIZE_STEP  32
#define SIZE_STEPS 32768

static uint32_t idle_ms(const struct item *item, uint32_t now_ms)
{
    int32_t idle = (int32_t)(now_ms - item_atime_ms(item));
    return idle > 0 ? (uint32_t)idle : 0;
}

/* --- sizes: a task, because it looks at every item --- */

struct sizes {
    uint64_t position;
    uint32_t next; /* step to print; counting is over when `counted` */
    bool counted;
    uint32_t counts[SIZE_STEPS];
};

static bool count_size(struct store_thread *thread, struct item *item, void *argument)
{
    struct sizes *sizes = argument;
    size_t step = (item_total_bytes(item) + SIZE_STEP - 1) / SIZE_STEP;

    (void)thread;
    sizes->counts[step < SIZE_STEPS ? step : SIZE_STEPS - 1]++;
    return false;
}

static void print_sizes(struct session *session, struct command_context *context,
                        struct sizes *sizes)
{
    for (; sizes->next < SIZE_STEPS && !reply_is_full(context->reply); sizes->next++)
        if (sizes->counts[sizes->next])
            reply_format(context->reply, "STAT %u %u\r\n", sizes->next * SIZE_STEP,
                         sizes->counts[sizes->next]);
    if (sizes->next < SIZE_STEPS)
        return;
    reply_text(context->reply, "END\r\n");
    session_end_task(session);
}

static void go_on_with_sizes(struct session *session, struct command_context *context)
{
    struct sizes *sizes = session->task;

    while (!sizes->counted && context->budget > 0) {
        sizes->position = cursor_pass_bucket(context->store, sizes->position, count_size, sizes);
        sizes->counted = sizes->position == 0;
        context->budget--;
    }
    if (sizes->counted)
        print_sizes(session, context, sizes);
}

STATS_GROUP(sizes)
{
    struct sizes *sizes = calloc(1, sizeof(*sizes));

    (void)words;
    if (!sizes) {
        session_say(session, context, "SERVER_ERROR out of memory writing stats\r\n");
        return;
    }
    session_begin_task(session, sizes, free, go_on_with_sizes);
}

/* --- cachedump --- */

struct dumped {
    uint32_t idle_ms;
    int64_t exptime;
    size_t at, len; /* the key */
};

struct cachedump {
    uint32_t limit, now_ms;
    bool sticky;
    uint32_t class;
    const struct size_classes *classes;
    unsigned count;
    struct dumped items[CACHEDUMP_MAX];
    char *keys;
    size_t keys_len, keys_capacity;
    bool failed;
};

static bool reserve_key(struct cachedump *dump, size_t len)
{
    if (len > dump->keys_capacity - dump->keys_len) {
        size_t capacity = 2 * (dump->keys_capacity + len);
        char *grown = realloc(dump->keys, capacity);
        if (!grown)
            return false;
        dump->keys = grown;
        dump->keys_capacity = capacity;
    }
    return true;
}

static void take_item(struct item *item, void *argument)
{
    struct cachedump *dump = argument;
    size_t len = item_key_len(item);
    bool sticky = item->exptime == CLOCK_STICKY;

    if (dump->count == dump->limit || sticky != dump->sticky || dump->failed ||
        item_size_class(dump->classes, item) != dump->class)
        return;
    if (!reserve_key(dump, len)) {
        dump->failed = true;
        return;
    }
    dump->items[dump->count++] = (struct dumped){.idle_ms = idle_ms(item, dump->now_ms),
                                                 .exptime = sticky ? -1 : (int64_t)item->exptime,
                                                 .at = dump->keys_len,
                                                 .len = len};
    memcpy(dump->keys + dump->keys_len, item_key(item), len);
    dump->keys_len += len;
}

static int by_idle(const void *a, const void *b)
{
    const struct dumped *x = a, *y = b;
    return x->idle_ms < y->idle_ms ? -1 : x->idle_ms > y->idle_ms;
}

static void add_dumped(struct command_context *context, const struct cachedump *dump,
                       const struct dumped *item)
{
    clock_seconds now = context->store->now;

    reply_text(context->reply, "ITEM ");
    reply_bytes(context->reply, dump->keys + item->at, item->len);
    reply_format(context->reply, " [acctime=%u, exptime=%lld]\r\n",
                 now > item->idle_ms / 1000 ? now - item->idle_ms / 1000 : 0,
                 (long long)item->exptime);
}

static void run_cachedump(struct session *session, struct command_context *context,
                          struct cachedump *dump, bool forward)
{
    uint64_t position = 0;
    unsigned count;

    for (unsigned n = 0; n < CACHEDUMP_STEPS && dump->count < dump->limit; n++) {
        position =
            cursor_pass_items(context->store, position, ITEMS_AT_ONCE, take_item, dump, &count);
        if (position == 0)
            break;
    }
    if (dump->failed) {
        session_say(session, context, "SERVER_ERROR out of memory writing stats\r\n");
        return;
    }
    qsort(dump->items, dump->count, sizeof(*dump->items), by_idle);
    for (unsigned i = 0; i < dump->count; i++)
        add_dumped(context, dump, &dump->items[forward ? i : dump->count - 1 - i]);
    reply_format(context->reply, "END [curtime=%u]\r\n", context->store->now);
}

/* false: badly formatted. */
static bool read_cachedump(const struct words *words, struct cachedump *dump, bool *forward)
{
    *forward = true;
    if (words->count < 4 || words->count > 6 ||
        !number_parse_u32(words->word[2].at, words->word[2].len, &dump->class) ||
        !number_parse_u32(words->word[3].at, words->word[3].len, &dump->limit))
        return false;
    if (words->count > 4) {
        *forward = word_is(&words->word[4], "forward");
        if (!*forward && !word_is(&words->word[4], "backward"))
            return false;
    }
    dump->sticky = words->count > 5;
    return !dump->sticky || word_is(&words->word[5], "sticky");
}

STATS_GROUP(cachedump)
{
    struct cachedump dump = {.now_ms = context->store->now_ms,
                             .classes = &context->shared->store->sizes};
    bool forward;

    if (!read_cachedump(words, &dump, &forward)) {
        session_say_bad_format(session, context);
        return;
    }
    if (dump.class >= SIZE_CLASSES_MAX) {
        session_say(session, context, "CLIENT_ERROR Illegal slab id\r\n");
        return;
    }
    if (dump.limit == 0)
        dump.limit = CACHEDUMP_DEFAULT;
    if (dump.limit > CACHEDUMP_MAX)
        dump.limit = CACHEDUMP_MAX;
    run_cachedump(session, context, &dump, forward);
    free(dump.keys);
}

/* --- what the maintenance thread does --- */

STATS_GROUP(scrub)
{
    struct scrub_status status;

    (void)session;
    (void)words;
    scrub_look(context->shared->store, &status);
    stat_text(context, "scrubber:status", status.running ? "running" : "stopped");
    if (status.ever_ran) {
        stat_text(context, "scrubber:run_mode",
                  status.mode == SCRUB_STALE ? "scrub stale" : "scrub");
        if (!status.running)
            stat_u64(context, "scrubber:last_run", status.ended_s - status.started_s);
        stat_u64(context, "scrubber:visited", status.visited);
        stat_u64(context, "scrubber:cleaned", status.cleaned);
    }
    reply_text(context->reply, "END\r\n");
}

STATS_GROUP(dump)
{
    struct dump_status status;

    (void)session;
    (void)words;
    dump_look(context->shared->store, &status);
    stat_text(context, "dumper:status", status.running ? "running" : "stopped");
    if (!status.running)
        stat_text(context, "dumper:success", status.succeeded ? "true" : "false");
    if (status.ever_ran) {
        stat_text(context, "dumper:mode", "key");
        if (!status.running)
            stat_u64(context, "dumper:last_run", status.ended_s - status.started_s);
        stat_u64(context, "dumper:dumped", status.dumped);
        stat_text(context, "dumper:prefix", status.prefix);
        stat_text(context, "dumper:filepath", status.path);
    }
    reply_text(context->reply, "END\r\n");
}
