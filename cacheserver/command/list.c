/* The list commands: words are read, the store is asked, the outcome is counted and said. */
#include "cacheserver/store/list.h"

#include <string.h>

#include "cacheserver/command/collection_reply.h"
#include "cacheserver/command/handlers.h"
#include "cacheserver/runtime/number.h"

static const struct collection_counters insert_counters = {
    COUNTER_cmd_lop_insert, COUNTER_lop_insert_hits, COUNTER_lop_insert_misses,
    COUNTER_lop_insert_misses};
static const struct collection_counters delete_counters = {
    COUNTER_cmd_lop_delete, COUNTER_lop_delete_elem_hits, COUNTER_lop_delete_none_hits,
    COUNTER_lop_delete_misses};
static const struct collection_counters get_counters = {
    COUNTER_cmd_lop_get, COUNTER_lop_get_elem_hits, COUNTER_lop_get_none_hits,
    COUNTER_lop_get_misses};

static bool parse_index(const char *at, size_t len, int32_t *index)
{
    int64_t value;

    if (!number_parse_i64(at, len, &value) || value < INT32_MIN || value > INT32_MAX)
        return false;
    *index = (int32_t)value;
    return true;
}

/* "i" or "i..j" */
static bool parse_range(const struct word *word, struct list_range *range)
{
    const char *dots = memmem(word->at, word->len, "..", 2);

    if (!dots) {
        if (!parse_index(word->at, word->len, &range->from))
            return false;
        range->to = range->from;
        return true;
    }
    size_t before = (size_t)(dots - word->at);
    return parse_index(word->at, before, &range->from) &&
           parse_index(dots + 2, word->len - before - 2, &range->to);
}

HANDLER(lop_create)
{
    static const struct collection_create create = {ITEM_LIST, COUNTER_cmd_lop_create,
                                                    COUNTER_lop_create_oks};
    collection_create(session, context, words, &create);
}

HANDLER(lop_insert)
{
    const struct word *key = &words->word[2];
    struct collection_attributes attributes;
    struct list_insert insert;

    if (key->len > ITEM_KEY_MAX ||
        !parse_index(words->word[3].at, words->word[3].len, &insert.index) ||
        !collection_parse_length(&words->word[4], &insert.value_len) ||
        !collection_parse_create(&attributes, &insert.create, ITEM_LIST, words_from(words, 5))) {
        session_say_bad_format(session, context);
        return;
    }
    insert.value = collection_block(session, context, insert.value_len, COUNTER_cmd_lop_insert);
    if (!insert.value)
        return;
    enum store_result result = list_insert(context->store, key->at, key->len, &insert);
    collection_count(context, &insert_counters, result);
    session_say(session, context, collection_insert_line(result));
}

HANDLER(lop_delete)
{
    const struct word *key = &words->word[2];
    const struct words_left left = words_from(words, 4);
    enum store_removal_mode mode;
    struct list_range range;

    if (key->len > ITEM_KEY_MAX || !parse_range(&words->word[3], &range) ||
        !collection_parse_delete_mode(&left, &mode)) {
        session_say_bad_format(session, context);
        return;
    }
    enum store_result result = list_delete(context->store, key->at, key->len, range, mode);
    collection_count(context, &delete_counters, result);
    session_say(session, context, collection_delete_line(result));
}

HANDLER(lop_get)
{
    const struct word *key = &words->word[2];
    const struct words_left left = words_from(words, 4);
    struct collection_reply into = {.reply = context->reply};
    const struct store_reader reader = collection_reader(&into);
    enum store_removal_mode mode;
    struct list_range range;

    if (key->len > ITEM_KEY_MAX || !parse_range(&words->word[3], &range) ||
        !collection_parse_get_mode(&left, &mode)) {
        session_say_bad_format(session, context);
        return;
    }
    enum store_result result = list_get(context->store, key->at, key->len, range, mode, &reader);
    collection_count(context, &get_counters, result);
    collection_say_end(session, context, &into, result, mode);
}
