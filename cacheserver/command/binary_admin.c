/*
 * Requests about the server or the connection. Statistics are those of the text protocol: its
 * handler writes them into a reply of their own, and each of its lines becomes a response.
 */
#include <string.h>

#include "cacheserver/command/binary.h"
#include "cacheserver/command/handlers.h"
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

/* "STAT name value" gives name and value; other lines are a value without a name. */
static void say_statistic(struct command_context *context, struct binary_echo echo,
                          const char *line, size_t len)
{
    struct binary_response response = {.value_len = len};

    if (len > 5 && !memcmp(line, "STAT ", 5)) {
        const char *blank = memchr(line + 5, ' ', len - 5);
        response.key = line + 5;
        response.key_len = blank ? (size_t)(blank - response.key) : len - 5;
        response.value_len = blank ? len - 5 - response.key_len - 1 : 0;
        line = blank ? blank + 1 : line + len;
    }
    binary_respond(context->reply, echo, response, line);
}

static bool is_line(const char *line, size_t len, const char *text)
{
    return len == strlen(text) && !memcmp(line, text, len);
}

static enum binary_status say_statistics(struct command_context *context, struct binary_echo echo,
                                         const struct reply *text)
{
    const char *at = text->buffer, *end = at + text->len;

    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((line_end ? line_end : end) - at);
        size_t shown = len > 0 && at[len - 1] == '\r' ? len - 1 : len;
        if (shown > 5 && !memcmp(at, "ERROR", 5))
            return BINARY_NOT_FOUND;
        if (shown > 12 && !memcmp(at, "CLIENT_ERROR", 12))
            return BINARY_INVALID;
        if (is_line(at, shown, "NOT_SUPPORTED"))
            return BINARY_NOT_SUPPORTED;
        if (!is_line(at, shown, "END") && !is_line(at, shown, "RESET") && !is_line(at, shown, "OK"))
            say_statistic(context, echo, at, shown);
        at += len + (line_end != NULL);
    }
    return BINARY_OK;
}

BINARY_HANDLER(stat)
{
    struct reply *reply = context->reply, *text = reply_new();
    char line[256] = "stats ";
    size_t len = request->header.key_len;
    struct words words;

    if (!text || len > sizeof(line) - 6) {
        binary_say(context, request, text ? BINARY_INVALID : BINARY_NO_MEMORY);
        reply_free(text, context->store);
        return;
    }
    memcpy(line + 6, request->key, len);
    words_split(&words, line, 6 + len);
    session->noreply = false;
    context->reply = text;
    command_stats(session, context, &words);
    context->reply = reply;
    enum binary_status status =
        text->failed ? BINARY_NO_MEMORY : say_statistics(context, request->header.echo, text);
    reply_free(text, context->store);
    if (status == BINARY_OK)
        binary_respond(reply, request->header.echo, (struct binary_response){0}, NULL);
    else
        binary_say(context, request, status);
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
