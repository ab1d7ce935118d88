/* Commands on one key that carry no data block: incr, decr, delete, touch. */
#include "cacheserver/command/handlers.h"

#include "cacheserver/command/value.h"
#include "cacheserver/runtime/number.h"

static bool parse_create(const struct words *words, struct store_request *create, uint64_t *initial)
{
    const struct word *word = words->word;
    int64_t exptime;

    if (!number_parse_u32(word[3].at, word[3].len, &create->flags) ||
        !number_parse_i64(word[4].at, word[4].len, &exptime) ||
        !number_parse_u64(word[5].at, word[5].len, initial))
        return false;
    create->key = word[1].at;
    create->key_len = word[1].len;
    create->exptime = clock_expiry_from_now(exptime);
    return true;
}

static void say_number(struct session *session, struct command_context *context, uint64_t value)
{
    char line[NUMBER_MAX_DIGITS + 3];
    size_t n = number_format(value, line);

    line[n] = '\r';
    line[n + 1] = '\n';
    line[n + 2] = '\0';
    session_say(session, context, line);
}

static void change_number(struct session *session, struct command_context *context,
                          const struct words *words, bool increment)
{
    const struct word *key = &words->word[1];
    struct store_request create = {0};
    bool creates = words->count >= 6;
    uint64_t delta, value = 0;

    if (key->len > ITEM_KEY_MAX) {
        session_say_bad_format(session, context);
        return;
    }
    if (!number_parse_u64(words->word[2].at, words->word[2].len, &delta)) {
        session_say(session, context, "CLIENT_ERROR invalid numeric delta argument\r\n");
        return;
    }
    if (creates && !parse_create(words, &create, &value)) {
        session_say_bad_format(session, context);
        return;
    }
    enum store_result result = store_add_number(context->store, key->at, key->len, increment, delta,
                                                creates ? &create : NULL, &value);
    value_count(context, increment ? VALUE_INCR : VALUE_DECR, key->at, key->len, result);
    if (result == STORE_OK)
        say_number(session, context, value);
    else
        session_say(session, context, session_failure(result));
}

HANDLER(incr)
{
    change_number(session, context, words, true);
}

HANDLER(decr)
{
    change_number(session, context, words, false);
}

HANDLER(delete)
{
    const struct word *key = &words->word[1];

    if (words->count > 3 || (words->count == 3 && !word_is(&words->word[2], "0"))) {
        session_say(session, context,
                    "CLIENT_ERROR bad command line format.  Usage: delete <key> [noreply]\r\n");
        return;
    }
    if (key->len > ITEM_KEY_MAX) {
        session_say_bad_format(session, context);
        return;
    }
    enum store_result result = store_delete(context->store, key->at, key->len);
    value_count(context, VALUE_DELETE, key->at, key->len, result);
    session_say(session, context, result == STORE_OK ? "DELETED\r\n" : "NOT_FOUND\r\n");
}

HANDLER(touch)
{
    const struct word *key = &words->word[1];
    int64_t exptime;

    if (key->len > ITEM_KEY_MAX) {
        session_say_bad_format(session, context);
        return;
    }
    if (!number_parse_i64(words->word[2].at, words->word[2].len, &exptime)) {
        counter_add(context->counters, COUNTER_cmd_setattr, 1);
        session_say(session, context, "CLIENT_ERROR bad value\r\n");
        return;
    }
    enum store_result result =
        store_touch(context->store, key->at, key->len, clock_expiry_from_now(exptime));
    value_count(context, VALUE_TOUCH, key->at, key->len, result);
    session_say(session, context, result == STORE_OK ? "TOUCHED\r\n" : session_failure(result));
}
