/* Commands on one key that carry no data block: incr, decr, delete, touch. */
#include "cacheserver/command/handlers.h"

#include "cacheserver/runtime/number.h"

struct number_counters {
    enum counter total, hits, misses;
};

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
                          const struct words *words, bool increment,
                          const struct number_counters *counters)
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
    counter_add(context->counters, counters->total, 1);
    observe(context, context->key.at, context->key.len, counters->total,
            result == STORE_OK ? counters->hits : counters->misses);
    if (result == STORE_OK) {
        counter_add(context->counters, counters->hits, 1);
        say_number(session, context, value);
        return;
    }
    if (result == STORE_NOT_FOUND)
        counter_add(context->counters, counters->misses, 1);
    session_say(session, context, session_failure(result));
}

HANDLER(incr)
{
    static const struct number_counters counters = {COUNTER_cmd_incr, COUNTER_incr_hits,
                                                    COUNTER_incr_misses};
    change_number(session, context, words, true, &counters);
}

HANDLER(decr)
{
    static const struct number_counters counters = {COUNTER_cmd_decr, COUNTER_decr_hits,
                                                    COUNTER_decr_misses};
    change_number(session, context, words, false, &counters);
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
    bool found = store_delete(context->store, key->at, key->len) == STORE_OK;
    counter_add(context->counters, COUNTER_cmd_delete, 1);
    counter_add(context->counters, found ? COUNTER_delete_hits : COUNTER_delete_misses, 1);
    observe(context, key->at, key->len, COUNTER_cmd_delete,
            found ? COUNTER_delete_hits : COUNTER_delete_misses);
    session_say(session, context, found ? "DELETED\r\n" : "NOT_FOUND\r\n");
}

HANDLER(touch)
{
    const struct word *key = &words->word[1];
    int64_t exptime;

    if (key->len > ITEM_KEY_MAX) {
        session_say_bad_format(session, context);
        return;
    }
    counter_add(context->counters, COUNTER_cmd_setattr, 1);
    if (!number_parse_i64(words->word[2].at, words->word[2].len, &exptime)) {
        session_say(session, context, "CLIENT_ERROR bad value\r\n");
        return;
    }
    enum store_result result =
        store_touch(context->store, key->at, key->len, clock_expiry_from_now(exptime));
    observe(context, key->at, key->len, COUNTER_cmd_setattr,
            result == STORE_OK ? COUNTER_setattr_hits : COUNTER_setattr_misses);
    if (result == STORE_OK)
        counter_add(context->counters, COUNTER_setattr_hits, 1);
    if (result == STORE_NOT_FOUND)
        counter_add(context->counters, COUNTER_setattr_misses, 1);
    session_say(session, context, result == STORE_OK ? "TOUCHED\r\n" : session_failure(result));
}
