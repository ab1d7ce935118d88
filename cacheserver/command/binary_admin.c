/*
 * Requests about the server or the connection. Statistics are those of the text protocol: its
 * handler writes them into a reply of their own, and each of its lines becomes a response.
 */
#include <string.h>

#include "cacheserver/command/binary_text.h"
#include "cacheserver/protocol/limits.h"
#include "cacheserver/runtime/log.h"

BINARY_HANDLER(quit)
{
    binary_say(context, request, BINARY_OK);
    counter_add(context->counters, COUNTER_quit_connections, 1);
    session->closing = true;
}

BINARY_HANDLER(flush)
{
    clock_seconds now = context->store->now;
    clock_seconds due = request->header.extras_len ? binary_expiry(request->extras) : CLOCK_NEVER;

    (void)session;
    store_flush(context->store, due != CLOCK_STICKY && due > now ? due - now : 0);
    counter_add(context->counters, COUNTER_cmd_flush, 1);
    binary_say(context, request, BINARY_OK);
}

BINARY_HANDLER(noop)
{
    (void)session;
    binary_say(context, request, BINARY_OK);
}

BINARY_HANDLER(version)
{
    static const char version[] = COMMAND_PROTOCOL_VERSION;

    (void)session;
    binary_respond(context->reply, request->header.echo,
                   (struct binary_response){.value_len = strlen(version)}, version);
}

/* --- stat --- */

/* "STAT name value" */
static void say_statistic(struct command_context *context, struct binary_echo echo,
                          const char *line, size_t len)
{
    const char *name = line + 5, *blank = memchr(name, ' ', len - 5);
    size_t name_len = blank ? (size_t)(blank - name) : len - 5;

    binary_respond(context->reply, echo,
                   (struct binary_response){.key = name,
                                            .key_len = name_len,
                                            .value_len = blank ? len - 5 - name_len - 1 : 0},
                   blank ? blank + 1 : NULL);
}

/* Lines that are no statistics come together, under a name that clients know. */
static void say_details(struct command_context *context, struct binary_echo echo,
                        const struct binary_text *text)
{
    static const char name[] = "detailed";

    binary_respond(context->reply, echo,
                   (struct binary_response){
                       .key = name, .key_len = strlen(name), .value_len = text->reply->len},
                   text->reply->buffer);
}

static bool is_line(const char *line, size_t len, const char *text)
{
    return len == strlen(text) && !memcmp(line, text, len);
}

/* Whether the answer, which begins with this line, is a dump: one of nothing is only an END. */
static bool is_dump(const struct binary_text *text, const char *line, size_t len)
{
    const struct words *words = &text->words;

    if (memchr(line, ' ', len))
        return (len < 5 || memcmp(line, "ERROR", 5) != 0) &&
               (len < 12 || memcmp(line, "CLIENT_ERROR", 12) != 0);
    return words->count > 2 && word_is(&words->word[2], "dump") && is_line(line, len, "END");
}

/* What is no group, or no form of one, is not found, whatever the text protocol complains about. */
static enum binary_status say_statistics(struct command_context *context, struct binary_echo echo,
                                         const struct binary_text *text)
{
    size_t at = 0, len;
    const char *line;

    while ((line = binary_text_line(text, &at, &len))) {
        if (len > 5 && !memcmp(line, "STAT ", 5)) {
            say_statistic(context, echo, line, len);
        } else if (is_dump(text, line, len)) {
            say_details(context, echo, text);
            return BINARY_OK;
        } else if (binary_text_status(line, len) != BINARY_OK) {
            return BINARY_NOT_FOUND;
        }
    }
    return BINARY_OK;
}

BINARY_HANDLER(stat)
{
    struct words group;
    struct binary_text text;

    binary_text_init(&text, "stats");
    words_split(&group, request->key, request->header.key_len);
    if (group.count > LIMIT_WORDS - 1) {
        binary_say(context, request, BINARY_INVALID);
        return;
    }
    for (unsigned i = 0; i < group.count; i++)
        binary_text_add(&text, group.word[i].at, group.word[i].len);
    enum binary_status status = binary_text_run(&text, session, context, NULL, 0);
    if (status == BINARY_OK)
        status = say_statistics(context, request->header.echo, &text);
    binary_say(context, request, status);
    binary_text_deinit(&text, context);
}

/* --- what the text protocol answers with one line --- */

static void say_answer(struct session *session, struct command_context *context,
                       const struct binary_request *request, struct binary_text *text)
{
    size_t at = 0, len;
    enum binary_status status = binary_text_run(text, session, context, NULL, 0);

    if (status == BINARY_OK) {
        const char *line = binary_text_line(text, &at, &len);
        status = line ? binary_text_status(line, len) : BINARY_INTERNAL;
    }
    if (status == BINARY_NOT_FOUND)
        status = BINARY_PREFIX_NOT_FOUND;
    binary_say(context, request, status);
    binary_text_deinit(text, context);
}

BINARY_HANDLER(flush_prefix)
{
    struct binary_text text;

    binary_text_init(&text, "flush_prefix");
    binary_text_add(&text, request->key, request->header.key_len);
    if (request->header.extras_len)
        binary_text_format(&text, "%d", (int32_t)binary_u32(request->extras));
    say_answer(session, context, request, &text);
}

BINARY_HANDLER(scrub)
{
    struct binary_text text;

    binary_text_init(&text, "scrub");
    if (request->header.echo.opcode == 0xf1)
        binary_text_format(&text, "stale");
    say_answer(session, context, request, &text);
}

/* --- SASL --- */

static void say_failed(struct session *session, struct command_context *context,
                       const struct binary_request *request)
{
    counter_add(context->counters, COUNTER_auth_errors, 1);
    log_write(LOG_LEVEL_WARNING, "SECURITY_EVENT client=%s user=%s authentication failed(%s)",
              session->peer, auth_session_user(session->auth), auth_session_error(session->auth));
    binary_say(context, request, BINARY_AUTH_ERROR);
}

static void say_succeeded(struct session *session, struct command_context *context,
                          const struct binary_request *request)
{
    static const char text[] = "Authenticated";

    counter_add(context->counters, COUNTER_cmd_auth, 1);
    log_write(LOG_LEVEL_INFO, "SECURITY_EVENT client=%s user=%s authentication succeeded",
              session->peer, auth_session_user(session->auth));
    binary_respond(context->reply, request->header.echo,
                   (struct binary_response){.value_len = strlen(text)}, text);
}

static void step(struct session *session, struct command_context *context,
                 const struct binary_request *request, const char *mechanism)
{
    const char *challenge;
    size_t challenge_len;

    if (!request->value) {
        binary_say(context, request, BINARY_TOO_LARGE);
        return;
    }
    if (!session->auth)
        session->auth = auth_session_new(context->shared->auth);
    if (!session->auth) {
        binary_say(context, request, BINARY_NO_MEMORY);
        return;
    }
    switch (auth_session_step(session->auth, mechanism, request->value, request->header.value_len,
                              &challenge, &challenge_len)) {
    case AUTH_OK:
        say_succeeded(session, context, request);
        break;
    case AUTH_CONTINUE:
        binary_respond(
            context->reply, request->header.echo,
            (struct binary_response){.status = BINARY_AUTH_CONTINUE, .value_len = challenge_len},
            challenge);
        break;
    case AUTH_NO_MEMORY:
        binary_say(context, request, BINARY_NO_MEMORY);
        break;
    case AUTH_FAILED:
        say_failed(session, context, request);
        break;
    }
}

BINARY_HANDLER(sasl_mechanisms)
{
    (void)session;
    if (!context->shared->auth) {
        binary_say(context, request, BINARY_UNKNOWN);
        return;
    }
    const char *mechanisms = auth_mechanisms(context->shared->auth);
    binary_respond(context->reply, request->header.echo,
                   (struct binary_response){.value_len = strlen(mechanisms)}, mechanisms);
}

BINARY_HANDLER(sasl_auth)
{
    char mechanism[AUTH_MECHANISM_MAX + 1] = "";
    size_t len = request->header.key_len;

    if (!context->shared->auth || len > AUTH_MECHANISM_MAX) {
        binary_say(context, request, context->shared->auth ? BINARY_INVALID : BINARY_UNKNOWN);
        return;
    }
    memcpy(mechanism, request->key, len);
    step(session, context, request, mechanism);
}

BINARY_HANDLER(sasl_step)
{
    if (context->shared->auth)
        step(session, context, request, NULL);
    else
        binary_say(context, request, BINARY_UNKNOWN);
}
