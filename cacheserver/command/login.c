/* `sasl mech` and `sasl auth`. The mechanism's data is arbitrary bytes and comes as a block. */
#include "cacheserver/command/handlers.h"

#include "cacheserver/protocol/limits.h"
#include "cacheserver/runtime/log.h"
#include "cacheserver/runtime/number.h"

HANDLER(bad_format)
{
    (void)words;
    session_say_bad_format(session, context);
}

HANDLER(sasl_mech)
{
    struct auth *auth = context->shared->auth;

    (void)words;
    if (auth)
        reply_format(context->reply, "SASL_MECH %s\r\n", auth_mechanisms(auth));
    else
        session_say(session, context, "AUTH_ERROR failed to get SASL mechanisms\r\n");
}

static void say_challenge(struct command_context *context, const char *challenge, size_t len)
{
    reply_format(context->reply, "SASL_CONTINUE %zu\r\n", len);
    reply_bytes(context->reply, challenge, len);
    reply_text(context->reply, "\r\n");
}

static void say_failed(struct session *session, struct command_context *context)
{
    const char *error = auth_session_error(session->auth);

    reply_format(context->reply, "AUTH_ERROR %s\r\n", error);
    counter_add(context->counters, COUNTER_auth_errors, 1);
    log_write(LOG_LEVEL_WARNING, "SECURITY_EVENT client=%s user=%s authentication failed(%s)",
              session->peer, auth_session_user(session->auth), error);
}

static void step(struct session *session, struct command_context *context, const char *mechanism,
                 const char *data, size_t len)
{
    const char *challenge;
    size_t challenge_len;

    if (!session->auth)
        session->auth = auth_session_new(context->shared->auth);
    if (!session->auth) {
        session_say(session, context, "SERVER_ERROR out of memory\r\n");
        return;
    }
    switch (auth_session_step(session->auth, mechanism, data, len, &challenge, &challenge_len)) {
    case AUTH_OK:
        session_say(session, context, "SASL_OK\r\n");
        counter_add(context->counters, COUNTER_cmd_auth, 1);
        log_write(LOG_LEVEL_INFO, "SECURITY_EVENT client=%s user=%s authentication succeeded",
                  session->peer, auth_session_user(session->auth));
        break;
    case AUTH_CONTINUE:
        say_challenge(context, challenge, challenge_len);
        break;
    case AUTH_NO_MEMORY:
        session_say(session, context, "SERVER_ERROR out of memory\r\n");
        break;
    case AUTH_FAILED:
        say_failed(session, context);
        break;
    }
}

HANDLER(sasl_auth)
{
    const struct word *length = &words->word[words->count - 1];
    char mechanism[AUTH_MECHANISM_MAX + 1] = "";
    uint32_t len;

    if (!number_parse_u32(length->at, length->len, &len) ||
        (words->count == 4 && words->word[2].len > AUTH_MECHANISM_MAX)) {
        session_say_bad_format(session, context);
        return;
    }
    if (len > LIMIT_BLOCK - 2) {
        session_refuse_block(session, context, len, "CLIENT_ERROR bad command line format\r\n");
        return;
    }
    const char *data = session_block(session, context, len);
    if (!data)
        return;
    if (!context->shared->auth) {
        session_say(session, context, "SASL_OK\r\n");
        return;
    }
    if (words->count == 4)
        memcpy(mechanism, words->word[2].at, words->word[2].len);
    step(session, context, words->count == 4 ? mechanism : NULL, data, len);
}
