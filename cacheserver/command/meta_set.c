/*
 * ms. The value streams into its item as that of set does. What the reply needs is in the request
 * line, which is gone by then: it is kept as it was and cut into words again.
 */
#include <stdlib.h>
#include <string.h>

#include "cacheserver/command/handlers.h"
#include "cacheserver/command/meta.h"
#include "cacheserver/command/storage.h"
#include "cacheserver/command/value.h"
#include "cacheserver/runtime/number.h"

/* As for set. */
#define LENGTH_MAX (INT32_MAX - 2)

struct meta_set {
    struct store_condition condition;
    bool quiet;
    size_t line_len;
    char line[];
};

static bool choose_mode(const struct meta *meta, struct store_condition *condition)
{
    static const struct {
        char letter;
        enum store_mode mode;
    } modes[] = {{0, STORE_SET},      {'S', STORE_SET},     {'E', STORE_ADD},
                 {'A', STORE_APPEND}, {'P', STORE_PREPEND}, {'R', STORE_REPLACE}};

    *condition = (struct store_condition){.has_cas = meta_has(meta, 'C'),
                                          .cas = meta->cas,
                                          .allow_stale = meta_has(meta, 'I'),
                                          .create = meta_has(meta, 'N')};
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (modes[i].letter != meta->mode)
            continue;
        condition->mode = storage_mode(modes[i].mode, condition->has_cas);
        return true;
    }
    return false;
}

static const char *code_of(enum store_result result)
{
    switch (result) {
    case STORE_OK:
        return "HD";
    case STORE_NOT_STORED:
        return "NS";
    case STORE_EXISTS:
        return "EX";
    case STORE_NOT_FOUND:
        return "NF";
    default:
        return NULL;
    }
}

static void say_stored(struct command_context *context, const struct meta_set *set,
                       const char *code, const struct store_written *written)
{
    struct words words;
    struct meta meta;

    words_split(&words, set->line, set->line_len);
    meta_parse(&meta, &words, 3);
    char *start = reply_reserve(context->reply, meta_reply_max(&meta)), *at = start;
    if (!start)
        return;
    at = mempcpy(at, code, 2);
    for (unsigned i = meta.first; i < words.count; i++) {
        const struct word *flag = &words.word[i];
        if (flag->at[0] == 'c')
            at = meta_put_number(at, 'c', value_unique(context, written->unique));
        else if (flag->at[0] == 's')
            at = meta_put_number(at, 's', written->value_len);
        else
            at = meta_put_echo(at, &meta, flag);
    }
    at = mempcpy(at, "\r\n", 2);
    reply_commit(context->reply, (size_t)(at - start));
}

static void put(struct session *session, struct command_context *context)
{
    const struct meta_set *set = session->task;
    struct store_written written;
    enum store_result result = storage_put(session, context, &set->condition, &written);
    const char *code = code_of(result);

    if (!code)
        session_say(session, context, meta_failure(result));
    else if (result != STORE_OK || !set->quiet)
        say_stored(context, set, code, &written);
    session_drop_task(session);
}

/* The words as they stand in the line. */
static struct meta_set *keep_line(const struct words *words)
{
    size_t len = words_span(words);
    struct meta_set *set = malloc(sizeof(*set) + len);

    if (set) {
        set->line_len = len;
        memcpy(set->line, words->word[0].at, len);
    }
    return set;
}

static void begin(struct session *session, struct command_context *context, const struct meta *meta,
                  const struct store_condition *condition, size_t value_len)
{
    bool appends = condition->mode == STORE_APPEND || condition->mode == STORE_PREPEND;
    struct store_request request = {
        .key = meta->key,
        .key_len = meta->key_len,
        .value_len = value_len,
        .flags = meta->client_flags,
        .exptime = appends && condition->create ? meta->create_exptime : meta->exptime,
        .has_unique = meta_has(meta, 'E'),
        .unique = meta->unique,
    };
    struct meta_set *set = keep_line(meta->words);
    struct item *item;
    enum store_result result =
        set ? store_prepare(context->store, &request, &item) : STORE_NO_MEMORY;

    if (result != STORE_OK) {
        free(set);
        storage_refuse(session, context, &request, condition->mode, result);
        return;
    }
    set->condition = *condition;
    set->quiet = meta_has(meta, 'q');
    session->task = set;
    session->task_free = free;
    session->mode = condition->mode;
    session_begin_value(session, item, put);
}

HANDLER(ms)
{
    struct store_condition condition;
    struct meta meta;
    uint64_t value_len;

    if (words->count < 3) {
        session_say_bad_format(session, context);
        return;
    }
    if (!number_parse_u64(words->word[2].at, words->word[2].len, &value_len) ||
        value_len > LENGTH_MAX) {
        session_say(session, context, "CLIENT_ERROR bad data chunk\r\n");
        return;
    }
    if (session_drops(session)) {
        session_swallow(session, value_len + 2);
        return;
    }
    const char *wrong = meta_parse(&meta, words, 3);
    if (!wrong && !choose_mode(&meta, &condition))
        wrong = "CLIENT_ERROR invalid mode for ms M token\r\n";
    if (!wrong) {
        begin(session, context, &meta, &condition, value_len);
        return;
    }
    session_say(session, context, wrong);
    session_swallow(session, value_len + 2);
}
