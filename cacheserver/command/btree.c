/*
 * The b+tree commands that answer with one line. Each reads its words, asks the store, counts the
 * outcome and says it.
 */
#include "cacheserver/store/btree.h"

#include "cacheserver/command/btree_reply.h"
#include "cacheserver/command/btree_words.h"
#include "cacheserver/command/collection_reply.h"
#include "cacheserver/command/handlers.h"
#include "cacheserver/runtime/number.h"

static const struct collection_counters insert_counters = {
    COUNTER_cmd_bop_insert, COUNTER_bop_insert_hits, COUNTER_bop_insert_misses,
    COUNTER_bop_insert_misses};
static const struct collection_counters update_counters = {
    COUNTER_cmd_bop_update, COUNTER_bop_update_elem_hits, COUNTER_bop_update_none_hits,
    COUNTER_bop_update_misses};
static const struct collection_counters delete_counters = {
    COUNTER_cmd_bop_delete, COUNTER_bop_delete_elem_hits, COUNTER_bop_delete_none_hits,
    COUNTER_bop_delete_misses};
static const struct collection_counters count_counters = {
    COUNTER_cmd_bop_count, COUNTER_bop_count_hits, COUNTER_bop_count_misses,
    COUNTER_bop_count_misses};
static const struct collection_counters position_counters = {
    COUNTER_cmd_bop_position, COUNTER_bop_position_elem_hits, COUNTER_bop_position_none_hits,
    COUNTER_bop_position_misses};
static const struct collection_counters incr_counters = {
    COUNTER_cmd_bop_incr, COUNTER_bop_incr_elem_hits, COUNTER_bop_incr_none_hits,
    COUNTER_bop_incr_misses};
static const struct collection_counters decr_counters = {
    COUNTER_cmd_bop_decr, COUNTER_bop_decr_elem_hits, COUNTER_bop_decr_none_hits,
    COUNTER_bop_decr_misses};

HANDLER(bop_create)
{
    static const struct collection_create create = {ITEM_BTREE, COUNTER_cmd_bop_create,
                                                    COUNTER_bop_create_oks};
    collection_create(session, context, words, &create);
}

/* --- insert, upsert --- */

struct insert {
    struct bkey bkey;
    struct eflag eflag;
    struct collection_attributes attributes;
    struct btree_put put;
    bool getrim;
};

static bool parse_insert(struct insert *insert, const struct words *words, bool getrim)
{
    struct words_left left = words_from(words, 3);
    struct btree_put *put = &insert->put;

    *put = (struct btree_put){.bkey = &insert->bkey};
    insert->getrim = getrim && words_take_last(&left, "getrim");
    if (words->word[2].len > ITEM_KEY_MAX || left.count < 2 ||
        !bkey_parse(&insert->bkey, left.at[0].at, left.at[0].len))
        return false;
    words_take(&left, 1);
    if (left.count > 1 && btree_is_hex(&left.at[0])) {
        if (!eflag_parse(&insert->eflag, left.at[0].at, left.at[0].len))
            return false;
        put->eflag = &insert->eflag;
        words_take(&left, 1);
    }
    if (!collection_parse_length(&left.at[0], &put->value_len))
        return false;
    words_take(&left, 1);
    return collection_parse_create(&insert->attributes, &put->create, ITEM_BTREE, left);
}

#define HEAD_MAX (sizeof("VALUE 4294967295 4294967295\r\n"))

/* The element that had to go, instead of the usual line; false: none had to. */
static bool say_trimmed(struct command_context *context, struct btree_reply *out,
                        const struct btree_answer *answer)
{
    char line[HEAD_MAX];
    char *end = put_text(put_number(put_text(line, "VALUE "), answer->flags), " 1\r\n");

    if (context->reply->len == out->start + out->gap)
        return false;
    char *head = btree_reply_head(out, (size_t)(end - line));
    if (head)
        put_bytes(head, line, (size_t)(end - line));
    reply_text(context->reply, "TRIMMED\r\n");
    return true;
}

static void insert(struct session *session, struct command_context *context,
                   const struct words *words, bool replace)
{
    const struct word *key = &words->word[2];
    struct insert insert;
    struct btree_answer answer = {.count = 0};
    struct btree_reply trimmed;

    if (!parse_insert(&insert, words, !session->noreply && !session->pipe.more)) {
        session_say_bad_format(session, context);
        return;
    }
    insert.put.replace = replace;
    insert.put.value =
        collection_block(session, context, insert.put.value_len, COUNTER_cmd_bop_insert);
    if (!insert.put.value)
        return;
    bool getrim = insert.getrim && session->pipe.state == PIPE_OFF;
    if (getrim) {
        btree_reply_begin(&trimmed, context->reply, "", sizeof("VALUE 0 1\r\n") - 1);
        insert.put.trimmed = btree_reply_element;
        insert.put.argument = &trimmed;
    }
    enum store_result result = btree_put(context->store, key->at, key->len, &insert.put, &answer);
    collection_count(context, &insert_counters, result);
    if (getrim && say_trimmed(context, &trimmed, &answer))
        return;
    if (getrim)
        btree_reply_undo(&trimmed);
    session_say(session, context, collection_insert_line(result));
}

HANDLER(bop_insert)
{
    insert(session, context, words, false);
}

HANDLER(bop_upsert)
{
    insert(session, context, words, true);
}

/* --- update, delete, count, position --- */

static bool parse_update_length(const struct word *word, struct btree_update *update,
                                bool *has_value)
{
    *has_value = !word_is(word, "-1");
    return !*has_value || collection_parse_length(word, &update->value_len);
}

HANDLER(bop_update)
{
    const struct word *key = &words->word[2];
    struct words_left left = words_from(words, 4);
    struct btree_update update = {0};
    struct eflag_update eflag;
    struct bkey bkey;
    bool has_value;

    left.count--;
    if (key->len > ITEM_KEY_MAX || !bkey_parse(&bkey, words->word[3].at, words->word[3].len) ||
        !btree_parse_update(&left, &eflag, &update.eflag) ||
        !parse_update_length(&words->word[words->count - 1], &update, &has_value)) {
        session_say_bad_format(session, context);
        return;
    }
    update.bkey = &bkey;
    if (has_value) {
        update.value = collection_block(session, context, update.value_len, COUNTER_cmd_bop_update);
        if (!update.value)
            return;
    } else if (pipe_drops(&session->pipe)) {
        return;
    } else if (!update.eflag) {
        session_say(session, context, "NOTHING_TO_UPDATE\r\n");
        return;
    }
    enum store_result result = btree_update(context->store, key->at, key->len, &update);
    collection_count(context, &update_counters, result);
    session_say(session, context, result == STORE_OK ? "UPDATED\r\n" : session_failure(result));
}

HANDLER(bop_delete)
{
    const struct word *key = &words->word[2];
    struct words_left left = words_from(words, 3);
    struct btree_words space;
    struct btree_query query;
    struct btree_answer answer;

    bool right = btree_parse_query(&left, &space, &query);
    query.remove = true;
    query.drop = right && words_take_last(&left, "drop");
    if (key->len > ITEM_KEY_MAX || !right || left.count > 1 || !btree_parse_limits(&left, &query)) {
        session_say_bad_format(session, context);
        return;
    }
    enum store_result result = btree_delete(context->store, key->at, key->len, &query, &answer);
    collection_count(context, &delete_counters, result);
    session_say(session, context, collection_delete_line(result));
}

static void say_named_number(struct session *session, struct command_context *context,
                             const char *name, uint64_t number)
{
    char line[16 + NUMBER_MAX_DIGITS + 3];

    *put_crlf(put_number(put_text(line, name), number)) = '\0';
    session_say(session, context, line);
}

HANDLER(bop_count)
{
    const struct word *key = &words->word[2];
    struct words_left left = words_from(words, 3);
    struct btree_words space;
    struct btree_query query;
    struct btree_answer answer;

    if (key->len > ITEM_KEY_MAX || !btree_parse_query(&left, &space, &query) || left.count > 0) {
        session_say_bad_format(session, context);
        return;
    }
    enum store_result result = btree_count(context->store, key->at, key->len, &query, &answer);
    collection_count(context, &count_counters, result);
    if (result == STORE_OK)
        say_named_number(session, context, "COUNT=", answer.count);
    else
        session_say(session, context, session_failure(result));
}

HANDLER(bop_position)
{
    const struct word *word = words->word;
    struct btree_answer answer;
    struct bkey bkey;
    bool descending;

    if (word[2].len > ITEM_KEY_MAX || !bkey_parse(&bkey, word[3].at, word[3].len) ||
        !btree_parse_order(&word[4], &descending)) {
        session_say_bad_format(session, context);
        return;
    }
    enum store_result result =
        btree_position(context->store, word[2].at, word[2].len, &bkey, descending, &answer);
    collection_count(context, &position_counters, result);
    if (result == STORE_OK)
        say_named_number(session, context, "POSITION=", answer.position);
    else
        session_say(session, context, session_failure(result));
}

/* --- incr, decr --- */

static void change_number(struct session *session, struct command_context *context,
                          const struct words *words, bool increment)
{
    const struct word *word = words->word;
    struct bkey bkey;
    struct eflag eflag;
    struct btree_number number = {.bkey = &bkey, .increment = increment};
    uint64_t initial, value;

    if (words->count > 6)
        number.eflag = &eflag;
    if (words->count > 5)
        number.initial = &initial;
    if (word[2].len > ITEM_KEY_MAX || !bkey_parse(&bkey, word[3].at, word[3].len) ||
        !number_parse_u64(word[4].at, word[4].len, &number.delta) || number.delta == 0 ||
        (number.initial && !number_parse_u64(word[5].at, word[5].len, &initial)) ||
        (number.eflag && !eflag_parse(&eflag, word[6].at, word[6].len))) {
        session_say_bad_format(session, context);
        return;
    }
    enum store_result result =
        btree_add_number(context->store, word[2].at, word[2].len, &number, &value);
    collection_count(context, increment ? &incr_counters : &decr_counters, result);
    if (result == STORE_OK)
        say_named_number(session, context, "", value);
    else
        session_say(session, context, session_failure(result));
}

HANDLER(bop_incr)
{
    change_number(session, context, words, true);
}

HANDLER(bop_decr)
{
    change_number(session, context, words, false);
}
