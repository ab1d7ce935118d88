/* The b+tree commands that answer with the elements of one b+tree. */
#include "cacheserver/command/btree_many.h"
#include "cacheserver/command/btree_reply.h"
#include "cacheserver/command/btree_words.h"
#include "cacheserver/command/handlers.h"
#include "cacheserver/runtime/number.h"

#define PWG_COUNT_MAX 100
/* "VALUE " and up to four numbers, blanks and CRLF. */
#define HEAD_MAX (6 + 4 * (NUMBER_MAX_DIGITS + 1) + 2)
/* What a head usually takes: no flags, and one or two digits of elements. */
#define HEAD_USUAL (sizeof("VALUE 0 10\r\n") - 1)

static const struct collection_counters get_counters = {
    COUNTER_cmd_bop_get, COUNTER_bop_get_elem_hits, COUNTER_bop_get_none_hits,
    COUNTER_bop_get_misses};
static const struct collection_counters gbp_counters = {
    COUNTER_cmd_bop_gbp, COUNTER_bop_gbp_elem_hits, COUNTER_bop_gbp_none_hits,
    COUNTER_bop_gbp_misses};
static const struct collection_counters pwg_counters = {
    COUNTER_cmd_bop_pwg, COUNTER_bop_pwg_elem_hits, COUNTER_bop_pwg_none_hits,
    COUNTER_bop_pwg_misses};

void btree_count_get(struct command_context *context, enum store_result result)
{
    collection_count(context, &get_counters,
                     result == STORE_OUT_OF_RANGE ? STORE_NOT_FOUND : result);
}

static bool has_elements(enum store_result result)
{
    return result == STORE_OK || result == STORE_TRIMMED || result == STORE_DROPPED;
}

/* Ends a reply of elements whose head consists of these numbers. */
static void say_elements(struct session *session, struct command_context *context,
                         struct btree_reply *out, const uint32_t *numbers, unsigned count,
                         const char *last_line)
{
    char line[HEAD_MAX], *end = put_bytes(line, "VALUE", 5);

    if (out->too_large) {
        btree_reply_undo(out);
        session_say(session, context, "SERVER_ERROR out of memory writing get response\r\n");
        return;
    }
    for (unsigned i = 0; i < count; i++)
        end = put_number(put_blank(end), numbers[i]);
    end = put_crlf(end);
    char *head = btree_reply_head(out, (size_t)(end - line));
    if (head)
        put_bytes(head, line, (size_t)(end - line));
    reply_text(context->reply, last_line);
}

static bool parse_get(const struct words *words, struct btree_words *space,
                      struct btree_query *query)
{
    struct words_left left = words_from(words, 3);

    if (words->word[2].len > ITEM_KEY_MAX || !btree_parse_query(&left, space, query))
        return false;
    query->drop = words_take_last(&left, "drop");
    query->remove = query->drop || words_take_last(&left, "delete");
    return btree_parse_limits(&left, query);
}

static const char *get_last_line(const struct btree_query *query, enum store_result result)
{
    if (result == STORE_DROPPED)
        return "DELETED_DROPPED\r\n";
    if (query->remove)
        return "DELETED\r\n";
    return result == STORE_TRIMMED ? "TRIMMED\r\n" : "END\r\n";
}

HANDLER(bop_get)
{
    const struct word *key = &words->word[2];
    struct btree_words space;
    struct btree_query query;
    struct btree_answer answer;
    struct btree_reply out;

    if (!parse_get(words, &space, &query)) {
        session_say_bad_format(session, context);
        return;
    }
    btree_reply_begin(&out, context->reply, "", HEAD_USUAL);
    enum store_result result =
        btree_get(context->store, key->at, key->len, &query, btree_reply_element, &out, &answer);
    btree_count_get(context, result);
    if (has_elements(result)) {
        /* What does not fit into a reply was not removed. */
        out.too_large = out.too_large && !query.remove;
        const uint32_t numbers[] = {answer.flags, answer.count};
        say_elements(session, context, &out, numbers, 2, get_last_line(&query, result));
    } else {
        btree_reply_undo(&out);
        session_say(session, context, session_failure(result));
    }
}

static bool parse_positions(const struct word *word, uint32_t *from, uint32_t *to)
{
    const char *dots = memmem(word->at, word->len, "..", 2);

    if (!dots) {
        bool right = number_parse_u32(word->at, word->len, from);
        *to = *from;
        return right;
    }
    size_t first = (size_t)(dots - word->at);
    return number_parse_u32(word->at, first, from) &&
           number_parse_u32(dots + 2, word->len - first - 2, to);
}

HANDLER(bop_gbp)
{
    const struct word *word = words->word;
    struct btree_answer answer;
    struct btree_reply out;
    uint32_t from, to;
    bool descending;

    if (word[2].len > ITEM_KEY_MAX || !btree_parse_order(&word[3], &descending) ||
        !parse_positions(&word[4], &from, &to)) {
        session_say_bad_format(session, context);
        return;
    }
    btree_reply_begin(&out, context->reply, "", HEAD_USUAL);
    enum store_result result =
        btree_get_positions(context->store, word[2].at, word[2].len, descending, from, to,
                            btree_reply_element, &out, &answer);
    collection_count(context, &gbp_counters, result);
    if (result == STORE_OK) {
        const uint32_t numbers[] = {answer.flags, answer.count};
        say_elements(session, context, &out, numbers, 2, "END\r\n");
    } else {
        btree_reply_undo(&out);
        session_say(session, context, session_failure(result));
    }
}

HANDLER(bop_pwg)
{
    const struct word *word = words->word;
    struct btree_answer answer;
    struct btree_reply out;
    struct bkey bkey;
    uint32_t count = 0;
    bool descending;

    if (word[2].len > ITEM_KEY_MAX || !bkey_parse(&bkey, word[3].at, word[3].len) ||
        !btree_parse_order(&word[4], &descending) ||
        (words->count > 5 && !number_parse_u32(word[5].at, word[5].len, &count))) {
        session_say_bad_format(session, context);
        return;
    }
    if (count > PWG_COUNT_MAX) {
        session_say(session, context, "CLIENT_ERROR too large count value\r\n");
        return;
    }
    btree_reply_begin(&out, context->reply, "", HEAD_USUAL);
    enum store_result result =
        btree_get_around(context->store, word[2].at, word[2].len, &bkey, descending, count,
                         btree_reply_element, &out, &answer);
    collection_count(context, &pwg_counters, result);
    if (result == STORE_OK) {
        const uint32_t numbers[] = {answer.position, answer.flags, answer.count, answer.index};
        say_elements(session, context, &out, numbers, 4, "END\r\n");
    } else {
        btree_reply_undo(&out);
        session_say(session, context, session_failure(result));
    }
}
