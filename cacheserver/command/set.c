/* The set commands: words are read, the store is asked, the outcome is counted and said. */
#include "cacheserver/store/set.h"

#include "cacheserver/command/collection_reply.h"
#include "cacheserver/command/handlers.h"
#include "cacheserver/runtime/number.h"

static const struct collection_counters insert_counters = {
    COUNTER_cmd_sop_insert, COUNTER_sop_insert_hits, COUNTER_sop_insert_misses,
    COUNTER_sop_insert_misses};
static const struct collection_counters delete_counters = {
    COUNTER_cmd_sop_delete, COUNTER_sop_delete_elem_hits, COUNTER_sop_delete_none_hits,
    COUNTER_sop_delete_misses};
static const struct collection_counters get_counters = {
    COUNTER_cmd_sop_get, COUNTER_sop_get_elem_hits, COUNTER_sop_get_none_hits,
    COUNTER_sop_get_misses};
/* A set that does not have the value has answered, too. */
static const struct collection_counters exist_counters = {
    COUNTER_cmd_sop_exist, COUNTER_sop_exist_hits, COUNTER_sop_exist_hits,
    COUNTER_sop_exist_misses};

HANDLER(sop_create)
{
    static const struct collection_create create = {ITEM_SET, COUNTER_cmd_sop_create,
                                                    COUNTER_sop_create_oks};
    collection_create(session, context, words, &create);
}

HANDLER(sop_insert)
{
    const struct word *key = &words->word[2];
    const struct collection_attributes *create;
    struct collection_attributes attributes;
    size_t len;

    if (key->len > ITEM_KEY_MAX || !collection_parse_length(&words->word[3], &len) ||
        !collection_parse_create(&attributes, &create, ITEM_SET, words_from(words, 4))) {
        session_say_bad_format(session, context);
        return;
    }
    const char *value = collection_block(session, context, len, COUNTER_cmd_sop_insert);
    if (!value)
        return;
    enum store_result result = set_insert(context->store, key->at, key->len, value, len, create);
    collection_count(context, &insert_counters, result);
    session_say(session, context, collection_insert_line(result));
}

HANDLER(sop_delete)
{
    const struct word *key = &words->word[2];
    const struct words_left left = words_from(words, 4);
    enum store_removal_mode mode;
    size_t len;

    if (key->len > ITEM_KEY_MAX || !collection_parse_length(&words->word[3], &len) ||
        !collection_parse_delete_mode(&left, &mode)) {
        session_say_bad_format(session, context);
        return;
    }
    const char *value = collection_block(session, context, len, COUNTER_cmd_sop_delete);
    if (!value)
        return;
    enum store_result result = set_delete(context->store, key->at, key->len, value, len, mode);
    collection_count(context, &delete_counters, result);
    session_say(session, context, collection_delete_line(result));
}

HANDLER(sop_exist)
{
    const struct word *key = &words->word[2];
    size_t len;

    if (key->len > ITEM_KEY_MAX || !collection_parse_length(&words->word[3], &len)) {
        session_say_bad_format(session, context);
        return;
    }
    const char *value = collection_block(session, context, len, COUNTER_cmd_sop_exist);
    if (!value)
        return;
    enum store_result result = set_has(context->store, key->at, key->len, value, len);
    collection_count(context, &exist_counters, result);
    if (result == STORE_OK)
        session_say(session, context, "EXIST\r\n");
    else if (result == STORE_NO_ELEMENT)
        session_say(session, context, "NOT_EXIST\r\n");
    else
        session_say(session, context, session_failure(result));
}

HANDLER(sop_get)
{
    const struct word *key = &words->word[2];
    const struct words_left left = words_from(words, 4);
    struct collection_reply into = {.reply = context->reply};
    const struct store_reader reader = collection_reader(&into);
    enum store_removal_mode mode;
    uint32_t count;

    if (key->len > ITEM_KEY_MAX ||
        !number_parse_u32(words->word[3].at, words->word[3].len, &count)) {
        session_say_bad_format(session, context);
        return;
    }
    if (count > SET_DRAW_MAX) {
        session_say(session, context, "CLIENT_ERROR invalid: too many count\r\n");
        return;
    }
    if (!collection_parse_get_mode(&left, &mode)) {
        session_say_bad_format(session, context);
        return;
    }
    enum store_result result = set_get(context->store, key->at, key->len, count, mode, &reader);
    collection_count(context, &get_counters, result);
    collection_say_end(session, context, &into, result, mode);
}
