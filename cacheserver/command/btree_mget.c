/* bop mget: the same query of several b+trees, one after the other; each is answered by itself. */
#include "cacheserver/command/btree_many.h"

#include <stdlib.h>

#include "cacheserver/command/btree_reply.h"
#include "cacheserver/command/handlers.h"
#include "cacheserver/protocol/limits.h"
#include "cacheserver/runtime/number.h"

bool btree_parse_many(struct words_left *left, struct keys_line *line, struct btree_many *many)
{
    const struct word *word = left->at;

    if (left->count < 4 || !number_parse_u32(word[0].at, word[0].len, &line->len) ||
        !number_parse_u32(word[1].at, word[1].len, &line->count))
        return false;
    words_take(left, 2);
    return btree_parse_query(left, &many->space, &many->query) && left->count > 0 &&
           btree_parse_limits(left, &many->query);
}

void btree_copy_many(struct btree_many *to, const struct btree_many *from)
{
    *to = *from;
    to->query.range = &to->space.range;
    if (to->query.filter)
        to->query.filter = &to->space.filter;
}

void btree_begin_many(struct session *session, struct command_context *context,
                      const struct keys_line *line, void *task, void (*task_free)(void *task),
                      bool limits_kept)
{
    const char *refusal = !limits_kept ? "CLIENT_ERROR bad value\r\n"
                          : !task      ? "SERVER_ERROR out of memory\r\n"
                                       : NULL;

    session->task = task;
    session->task_free = task_free;
    if (!refusal || line->len == 0 || line->count == 0) {
        keys_line_begin(session, context, line);
        return;
    }
    session_drop_task(session);
    session_say(session, context, refusal);
    session_swallow(session, (size_t)line->len + 2);
}

static char *put_status(char *at, enum store_result result, const struct btree_answer *answer)
{
    if (result != STORE_OK && result != STORE_TRIMMED)
        return put_text(at, session_failure(result));
    at = put_text(at, result == STORE_OK ? "OK " : "TRIMMED ");
    at = put_blank(put_number(at, answer->flags));
    return put_crlf(put_number(at, answer->count));
}

static void answer_key(struct command_context *context, const struct btree_many *many,
                       const char *key, size_t key_len)
{
    char status[64];
    struct btree_reply out;
    struct btree_answer answer = {.count = 0};

    context->key = (struct word){.at = key, .len = key_len};
    btree_reply_begin(&out, context->reply, "ELEMENT ", key_len + sizeof("VALUE  OK 0 10\r\n") - 1);
    enum store_result result =
        btree_get(context->store, key, key_len, &many->query, btree_reply_element, &out, &answer);
    btree_count_get(context, result);
    size_t len = (size_t)(put_status(status, result, &answer) - status);
    char *head = btree_reply_head(&out, 6 + key_len + 1 + len);
    if (head)
        put_bytes(put_blank(put_bytes(put_bytes(head, "VALUE ", 6), key, key_len)), status, len);
    uint32_t spent = context->store->elements / 8;
    context->budget -= spent < context->budget ? spent : context->budget;
}

static void answer_keys(struct session *session, struct command_context *context)
{
    const struct btree_many *many = session->task;
    const char *key;
    size_t key_len;

    while (!reply_is_full(context->reply) && context->budget > 0) {
        context->budget--;
        if (!keys_line_next(session, &key, &key_len)) {
            keys_line_end(session);
            counter_add(context->counters, COUNTER_bop_mget_oks, 1);
            reply_text(context->reply, "END\r\n");
            return;
        }
        answer_key(context, many, key, key_len);
    }
}

HANDLER(bop_mget)
{
    struct words_left left = words_from(words, 2);
    struct keys_line line = {.count_max = LIMIT_BOP_MGET_KEYS,
                             .key_max = ITEM_KEY_MAX,
                             .commas = true,
                             .answer = answer_keys};
    struct btree_many many;

    if (!btree_parse_many(&left, &line, &many)) {
        session_say_bad_format(session, context);
        return;
    }
    struct btree_many *task = malloc(sizeof(*task));
    if (task)
        btree_copy_many(task, &many);
    counter_add(context->counters, COUNTER_cmd_bop_mget, 1);
    btree_begin_many(session, context, &line, task, free,
                     many.query.count >= 1 && many.query.count <= LIMIT_BOP_MGET_COUNT);
}
