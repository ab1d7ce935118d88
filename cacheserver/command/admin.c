/* Commands about the server as a whole. */
#include "cacheserver/command/handlers.h"

#include <string.h>

#include "cacheserver/runtime/log.h"
#include "cacheserver/runtime/number.h"

#define SHUTDOWN_DYNAMIC (-1)
#define SHUTDOWN_MAX_S   600

HANDLER(flush_all)
{
    unsigned count = words->count;
    int64_t delay = 0;

    if (count > 2 ||
        (count == 2 &&
         (!number_parse_i64(words->word[1].at, words->word[1].len, &delay) || delay < 0))) {
        session_say_bad_format(session, context);
        return;
    }
    clock_seconds due = clock_expiry(delay, context->store->now);
    store_flush(context->store, due > context->store->now ? due - context->store->now : 0);
    counter_add(context->counters, COUNTER_cmd_flush, 1);
    session_say(session, context, "OK\r\n");
}

HANDLER(version)
{
    (void)words;
    session_say(session, context, "VERSION " COMMAND_PROTOCOL_VERSION "\r\n");
}

HANDLER(verbosity)
{
    uint32_t level;

    if (words->count < 2 || !number_parse_u32(words->word[1].at, words->word[1].len, &level)) {
        session_say_bad_format(session, context);
        return;
    }
    log_set_level(level > 1 ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING + level);
    session_say(session, context, "OK\r\n");
}

HANDLER(quit)
{
    (void)words;
    counter_add(context->counters, COUNTER_quit_connections, 1);
    session->closing = true;
}

HANDLER(noop)
{
    (void)words;
    session_say(session, context, "OK\r\n");
}

HANDLER(echo)
{
    (void)session;
    reply_text(context->reply, "echo");
    for (unsigned i = 1; i < words->count; i++)
        reply_format(context->reply, " [%.*s]", (int)words->word[i].len, words->word[i].at);
    reply_text(context->reply, "\r\n");
}

HANDLER(ready)
{
    const struct command_hooks *hooks = &context->shared->hooks;

    (void)words;
    session_say(session, context, hooks->is_ready(hooks->arg) ? "READY\r\n" : "NOT_READY\r\n");
}

HANDLER(shutdown)
{
    const struct command_hooks *hooks = &context->shared->hooks;
    int64_t seconds = SHUTDOWN_DYNAMIC;

    if (words->count > 1) {
        const struct word *word = &words->word[1];
        if (!number_parse_i64(word->at, word->len, &seconds) || seconds != (int32_t)seconds) {
            session_say_bad_format(session, context);
            return;
        }
        if (seconds < 0 || seconds > SHUTDOWN_MAX_S) {
            session_say(session, context, "CLIENT_ERROR invalid arguments\r\n");
            return;
        }
    }
    bool accepted = hooks->shut_down && hooks->shut_down(hooks->arg, (int)seconds);
    session_say(session, context, accepted ? "OK\r\n" : "DENIED\r\n");
}
