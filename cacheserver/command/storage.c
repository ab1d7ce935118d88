/*
 * set, add, replace, append, prepend and cas: the line is checked and the item allocated, then the
 * session fills it and puts it into the store when its data block is complete.
 */
#include "cacheserver/command/storage.h"

#include "cacheserver/command/handlers.h"
#include "cacheserver/runtime/number.h"

/* What the length word says, at most what a 32-bit length with its CRLF allows. */
#define LENGTH_MAX (INT32_MAX - 2)

static bool parse_request(const struct words *words, struct store_request *request)
{
    int64_t exptime;
    uint64_t length;
    const struct word *word = words->word;

    request->key = word[1].at;
    request->key_len = word[1].len;
    if (request->key_len > ITEM_KEY_MAX ||
        !number_parse_u32(word[2].at, word[2].len, &request->flags) ||
        !number_parse_i64(word[3].at, word[3].len, &exptime) ||
        !number_parse_u64(word[4].at, word[4].len, &length) || length > LENGTH_MAX)
        return false;
    request->value_len = (size_t)length;
    request->exptime = clock_expiry_from_now(exptime);
    return true;
}

enum store_mode storage_mode(enum store_mode mode, bool has_cas)
{
    return has_cas && (mode == STORE_SET || mode == STORE_REPLACE) ? STORE_CAS : mode;
}

static void count_cas(struct command_context *context, enum store_result result)
{
    counter_add(context->counters, COUNTER_cmd_cas, 1);
    counter_add(context->counters,
                result == STORE_OK       ? COUNTER_cas_hits
                : result == STORE_EXISTS ? COUNTER_cas_badval
                                         : COUNTER_cas_misses,
                result == STORE_OK || result == STORE_EXISTS || result == STORE_NOT_FOUND ||
                    result == STORE_TYPE_MISMATCH);
}

/* Where clients see no cas uniques, each that they name is that of the item. */
static enum store_result compare_and_put(struct command_context *context, struct item *item,
                                         const struct store_condition *condition,
                                         struct store_written *written)
{
    static const struct store_condition is_there = {.mode = STORE_REPLACE};

    if (!context->shared->settings->no_cas)
        return store_put(context->store, item, condition, written);
    enum store_result result = store_put(context->store, item, &is_there, written);
    return result == STORE_NOT_STORED ? STORE_NOT_FOUND : result;
}

/* The item may be gone when it is known what became of a cas, so its key is copied. */
static enum store_result put_cas(struct command_context *context, struct item *item,
                                 const struct store_condition *condition,
                                 struct store_written *written)
{
    char key[ITEM_KEY_MAX];
    size_t key_len = item_key_len(item);

    memcpy(key, item_key(item), key_len);
    enum store_result result = compare_and_put(context, item, condition, written);
    count_cas(context, result);
    observe(context, key, key_len, COUNTER_cmd_cas,
            result == STORE_OK       ? COUNTER_cas_hits
            : result == STORE_EXISTS ? COUNTER_cas_badval
                                     : COUNTER_cas_misses);
    return result;
}

enum store_result storage_put(struct session *session, struct command_context *context,
                              const struct store_condition *condition,
                              struct store_written *written)
{
    struct item *item = session_take_item(session);

    *written = (struct store_written){.value_len = item_value_len(item)};
    if (condition->mode == STORE_CAS)
        return put_cas(context, item, condition, written);
    counter_add(context->counters, COUNTER_cmd_set, 1);
    observe(context, item_key(item), item_key_len(item), COUNTER_cmd_set, COUNTER_COUNT);
    return store_put(context->store, item, condition, written);
}

static void put(struct session *session, struct command_context *context)
{
    const struct store_condition condition = {.mode = session->mode, .cas = session->cas};
    struct store_written written;
    enum store_result result = storage_put(session, context, &condition, &written);

    session_say(session, context, result == STORE_OK ? "STORED\r\n" : session_failure(result));
}

void storage_drop(struct session *session, struct command_context *context)
{
    enum counter command = session->mode == STORE_CAS ? COUNTER_cmd_cas : COUNTER_cmd_set;
    struct item *item = session_take_item(session);

    counter_add(context->counters, command, 1);
    observe(context, item_key(item), item_key_len(item), command, COUNTER_COUNT);
    store_discard(context->store, item);
}

enum store_result storage_refusal(enum store_result result, enum store_mode mode)
{
    if (result != STORE_BAD_PREFIX || mode == STORE_SET || mode == STORE_ADD)
        return result;
    return mode == STORE_CAS ? STORE_NOT_FOUND : STORE_NOT_STORED;
}

void storage_count_refused(struct command_context *context, const struct store_request *request,
                           enum store_mode mode, enum store_result result)
{
    observe(context, request->key, request->key_len, COUNTER_cmd_set, COUNTER_COUNT);
    if (result == STORE_TOO_LARGE || result == STORE_NO_MEMORY)
        return;
    if (mode == STORE_CAS)
        count_cas(context, result);
    else
        counter_add(context->counters, COUNTER_cmd_set, 1);
}

void storage_refuse(struct session *session, struct command_context *context,
                    const struct store_request *request, enum store_mode mode,
                    enum store_result result)
{
    storage_count_refused(context, request, mode, result);
    session_say(session, context,
                result == STORE_NO_MEMORY ? "SERVER_ERROR out of memory storing object\r\n"
                                          : session_failure(result));
    /* The client meant to replace the old value: serving it on would be wrong. */
    if (mode == STORE_SET)
        store_delete(context->store, request->key, request->key_len);
    session_swallow(session, request->value_len + 2);
}

static void store(struct session *session, struct command_context *context,
                  const struct words *words, enum store_mode mode)
{
    struct store_request request = {0};
    struct item *item;
    uint64_t cas = 0;

    if (!parse_request(words, &request) ||
        (mode == STORE_CAS && !number_parse_u64(words->word[5].at, words->word[5].len, &cas))) {
        session_say_bad_format(session, context);
        return;
    }
    if (session_drops(session)) {
        session_swallow(session, request.value_len + 2);
        return;
    }
    enum store_result result = store_prepare(context->store, &request, &item);
    if (result == STORE_OK) {
        session->mode = mode;
        session->cas = cas;
        session_begin_value(session, item, put);
    } else {
        storage_refuse(session, context, &request, mode, storage_refusal(result, mode));
    }
}

HANDLER(set)
{
    store(session, context, words, STORE_SET);
}

HANDLER(add)
{
    store(session, context, words, STORE_ADD);
}

HANDLER(replace)
{
    store(session, context, words, STORE_REPLACE);
}

HANDLER(append)
{
    store(session, context, words, STORE_APPEND);
}

HANDLER(prepend)
{
    store(session, context, words, STORE_PREPEND);
}

HANDLER(cas)
{
    store(session, context, words, STORE_CAS);
}
