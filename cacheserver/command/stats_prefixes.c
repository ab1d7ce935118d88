/*
 * Statistics by prefix. There may be many prefixes, so a listing of all of them is a task: it
 * remembers the number of the next one and goes on after what it wrote was sent and others had
 * their turn.
 */
#include <stdlib.h>
#include <string.h>

#include "cacheserver/command/moment.h"
#include "cacheserver/command/stats.h"
#include "cacheserver/store/cursor.h"

typedef void add_line(struct command_context *context, struct prefix *prefix);

struct listing {
    bool flushing;     /* what is dead has to go first, in the buckets from `position` on */
    uint64_t position; /* see cursor.h */
    uint32_t next_id;
    add_line *add;
};

static const char *shown_name(const struct prefix *prefix)
{
    return prefix->len ? prefix->name : "<null>";
}

static void add_items(struct command_context *context, struct prefix *prefix)
{
    static const char letters[ITEM_TYPES] = {'k', 'l', 's', 'm', 'b'};
    struct prefix_usage usage;
    char created[MOMENT_TEXT];

    prefix_sum(context->shared->store, prefix, &usage);
    if (usage.all_items <= 0)
        return;
    reply_format(context->reply, "PREFIX %s itm %lld", shown_name(prefix),
                 (long long)usage.all_items);
    for (unsigned type = 0; type < ITEM_TYPES; type++)
        reply_format(context->reply, " %citm %lld", letters[type], (long long)usage.items[type]);
    reply_format(context->reply, " tsz %lld", (long long)usage.all_bytes);
    for (unsigned type = 0; type < ITEM_TYPES; type++)
        reply_format(context->reply, " %ctsz %lld", letters[type], (long long)usage.bytes[type]);
    reply_format(context->reply, " time %s\r\n", moment_text(prefix->created_s, created));
}

static void add_operations(struct command_context *context, struct prefix *prefix)
{
    static const char *const labels[PREFIX_OPS] = {
#define PREFIX_OP(name, label) #label,
#include "cacheserver/store/prefix_ops.def"
#undef PREFIX_OP
    };
    uint64_t ops[PREFIX_OPS];

    if (!atomic_load_explicit(&prefix->counted, memory_order_relaxed))
        return;
    prefix_sum_ops(context->shared->store, prefix, ops);
    reply_format(context->reply, "PREFIX %s", shown_name(prefix));
    for (unsigned op = 0; op < PREFIX_OPS; op++)
        reply_format(context->reply, " %s %llu", labels[op], (unsigned long long)ops[op]);
    reply_text(context->reply, "\r\n");
}

/* What a flush of a prefix has left until the maintenance thread comes by is not to be counted. */
static bool drop_flushed(struct listing *listing, struct command_context *context)
{
    while (listing->flushing && context->budget > 0) {
        context->budget--;
        listing->position = cursor_drop_dead(context->store, listing->position);
        listing->flushing = listing->position > 0;
    }
    return !listing->flushing;
}

static void go_on(struct session *session, struct command_context *context)
{
    struct listing *listing = session->task;
    struct prefixes *prefixes = &context->shared->store->prefixes;
    uint32_t ids = atomic_load_explicit(&prefixes->id_count, memory_order_acquire);

    if (!drop_flushed(listing, context))
        return;
    while (!reply_is_full(context->reply) && context->budget > 0) {
        if (listing->next_id >= ids) {
            reply_text(context->reply, "END\r\n");
            session_end_task(session);
            return;
        }
        struct prefix *prefix = prefix_at(prefixes, listing->next_id++);
        context->budget--;
        if (prefix)
            listing->add(context, prefix);
    }
}

static void list_all(struct session *session, struct command_context *context, add_line *add)
{
    struct listing *listing = calloc(1, sizeof(*listing));

    if (!listing) {
        session_say(session, context, "SERVER_ERROR no more memory\r\n");
        return;
    }
    listing->add = add;
    listing->flushing =
        add == add_items &&
        atomic_load_explicit(&context->shared->store->prefixes.flushing, memory_order_acquire);
    session_begin_task(session, listing, free, go_on);
}

/* Whether a listing of so many prefixes is allowed; says if not. */
static bool allows(struct session *session, struct command_context *context, uint32_t count)
{
    if (count <= atomic_load_explicit(&context->shared->max_stats_prefixes, memory_order_relaxed))
        return true;
    session_say(session, context, "CLIENT_ERROR invalid: too many prefixes\r\n");
    return false;
}

static uint32_t count_of(struct command_context *context, add_line *add)
{
    struct store *store = context->shared->store;

    return add == add_items ? prefix_count(store)
                            : atomic_load_explicit(&store->prefixes.counted, memory_order_relaxed);
}

STATS_GROUP(prefixes)
{
    if (words->count != 2)
        session_say(session, context, "CLIENT_ERROR usage: stats prefixes\r\n");
    else if (allows(session, context, count_of(context, add_items)))
        list_all(session, context, add_items);
}

static void list_named(struct command_context *context, const struct words *words, add_line *add)
{
    for (unsigned i = 3; i < words->count && i < LIMIT_WORDS; i++) {
        const struct word *name = &words->word[i];
        size_t len = word_is(name, "<null>") ? 0 : name->len;
        struct prefix *prefix = prefix_find(context->store, name->at, len);
        if (prefix)
            add(context, prefix);
    }
    reply_text(context->reply, "END\r\n");
}

STATS_GROUP(prefixlist)
{
    add_line *add = NULL;

    if (words->count < 3) {
        session_say(session, context, "CLIENT_ERROR subcommand(item|operation) is required\r\n");
        return;
    }
    if (word_is(&words->word[2], "item"))
        add = add_items;
    else if (word_is(&words->word[2], "operation"))
        add = add_operations;
    if (!add) {
        session_say_bad_format(session, context);
        return;
    }
    unsigned named = words->count - 3;
    if (!allows(session, context, named ? named : count_of(context, add)))
        return;
    if (named)
        list_named(context, words, add);
    else
        list_all(session, context, add);
}

static void set_detail(struct session *session, struct command_context *context, bool on)
{
    atomic_store_explicit(&context->shared->observed.detail, on, memory_order_relaxed);
    session_say(session, context, "OK\r\n");
}

STATS_GROUP(detail)
{
    static const struct word none = {.at = "", .len = 0};
    const struct word *what = words->count == 3 ? &words->word[2] : &none;

    if (context->shared->settings->detail_forbidden)
        session_say(session, context, "CLIENT_ERROR detailed stats disabled\r\n");
    else if (word_is(what, "on"))
        set_detail(session, context, true);
    else if (word_is(what, "off"))
        set_detail(session, context, false);
    else if (!word_is(what, "dump"))
        session_say(session, context, "CLIENT_ERROR usage: stats detail on|off|dump\r\n");
    else if (allows(session, context, count_of(context, add_operations)))
        list_all(session, context, add_operations);
}
