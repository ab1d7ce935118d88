/* Commands that the maintenance thread carries out: flush_prefix, scrub, dump. */
#include "cacheserver/command/handlers.h"

#include "cacheserver/runtime/number.h"
#include "cacheserver/store/maintenance.h"

/* The name of a prefix as commands have it: "<null>" is that of keys without one. */
static size_t prefix_name_len(const struct word *word)
{
    return word_is(word, "<null>") ? 0 : word->len;
}

static bool read_delay(const struct words *words, int64_t *delay)
{
    *delay = 0;
    if (words->count == 2)
        return true;
    return words->count == 3 && number_parse_i64(words->word[2].at, words->word[2].len, delay) &&
           *delay >= 0;
}

/* Operations counted for the prefix are forgotten too; that counts as having found it. */
static bool flush_prefix(struct command_context *context, const struct word *name,
                         clock_seconds delay)
{
    size_t len = prefix_name_len(name);
    struct prefix *prefix = prefix_find(context->store, name->at, len);
    bool found = store_flush_prefix(context->store, name->at, len, delay) == STORE_OK;

    if (prefix && atomic_load_explicit(&context->shared->observed.detail, memory_order_relaxed))
        found |= prefix_reset_ops(context->shared->store, prefix);
    return found;
}

HANDLER(flush_prefix)
{
    clock_seconds now = context->store->now;
    int64_t delay;

    if (words->word[1].len > PREFIX_MAX) {
        session_say(session, context, "CLIENT_ERROR too long prefix name\r\n");
        return;
    }
    if (!read_delay(words, &delay)) {
        session_say_bad_format(session, context);
        return;
    }
    clock_seconds due = clock_expiry(delay, now);
    bool found = flush_prefix(context, &words->word[1], due > now ? due - now : 0);
    counter_add(context->counters, COUNTER_cmd_flush_prefix, 1);
    session_say(session, context, found ? "OK\r\n" : "NOT_FOUND\r\n");
}

HANDLER(scrub)
{
    bool started;

    if (words->count == 1) {
        started = scrub_start(context->shared->store, SCRUB_DEAD, NULL, NULL);
        session_say(session, context, started ? "OK\r\n" : "BUSY\r\n");
    } else if (word_is(&words->word[1], "stale")) {
        const struct command_hooks *hooks = &context->shared->hooks;
        static const char *const lines[] = {[SCRUB_STALE_STARTED] = "OK\r\n",
                                            [SCRUB_STALE_BUSY] = "BUSY\r\n",
                                            [SCRUB_STALE_NOT_SUPPORTED] = "NOT_SUPPORTED\r\n"};
        session_say(
            session, context,
            lines[hooks->scrub_stale ? hooks->scrub_stale(hooks->arg) : SCRUB_STALE_NOT_SUPPORTED]);
    } else {
        session_say(session, context, command_unknown(context->shared, words));
    }
}

HANDLER(dump_start)
{
    const struct word *path = &words->word[words->count - 1];
    const struct word *prefix = words->count == 5 ? &words->word[3] : NULL;

    if (prefix && prefix->len > PREFIX_MAX) {
        session_say(session, context, "CLIENT_ERROR too long prefix name\r\n");
        return;
    }
    if (!word_is(&words->word[2], "key")) {
        session_say(session, context, "NOT_SUPPORTED\r\n");
        return;
    }
    enum dump_outcome outcome =
        dump_start(context->shared->store, prefix ? prefix->at : NULL,
                   prefix ? prefix_name_len(prefix) : 0, path->at, path->len);
    session_say(session, context,
                outcome == DUMP_STARTED
                    ? "OK\r\n"
                    : "SERVER_ERROR failed. refer to the reason in server log.\r\n");
}

HANDLER(dump_stop)
{
    (void)words;
    dump_stop(context->shared->store);
    session_say(session, context, "OK\r\n");
}
