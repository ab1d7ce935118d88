/*
 * mg, md, ma, mn and me. The flags of a reply come in the order in which the request has them. A
 * value is written under the lock of its bucket into room that was reserved before, or pinned and
 * appended after, as get does it.
 */
#include "cacheserver/command/meta.h"

#include <stdio.h>
#include <string.h>

#include "cacheserver/command/handlers.h"
#include "cacheserver/command/value.h"
#include "cacheserver/runtime/number.h"
#include "cacheserver/store/meta.h"

struct hit {
    struct command_context *context;
    const struct meta *meta;
    char *at; /* reserved room in the reply */
    struct item *pinned;
};

const char *meta_failure(enum store_result result)
{
    return result == STORE_TYPE_MISMATCH ? "CLIENT_ERROR the key holds a collection\r\n"
                                         : session_failure(result);
}

static char *put_text(char *at, const char *text)
{
    return mempcpy(at, text, strlen(text));
}

void meta_say_code(struct command_context *context, const struct meta *meta, const char *code)
{
    char *start = reply_reserve(context->reply, meta_reply_max(meta)), *at = start;

    if (!start)
        return;
    at = put_text(at, code);
    for (unsigned i = meta->first; i < meta->words->count; i++)
        at = meta_put_echo(at, meta, &meta->words->word[i]);
    at = put_text(at, "\r\n");
    reply_commit(context->reply, (size_t)(at - start));
}

/* --- mg --- */

static char *put_ttl(char *at, const struct hit *hit, const struct item *item,
                     const struct store_seen *seen)
{
    bool before = meta_has(hit->meta, 'T') && meta_is_before(hit->meta, 't', 'T');

    return meta_put_ttl(at, before && !seen->created ? seen->exptime : item->exptime,
                        hit->context->store->now);
}

static char *put_flag(char *at, const struct hit *hit, const struct word *flag,
                      const struct item *item, const struct store_seen *seen)
{
    switch (flag->at[0]) {
    case 's':
        return meta_put_number(at, 's', item_value_len(item));
    case 't':
        return put_ttl(at, hit, item, seen);
    case 'c':
        return meta_put_number(at, 'c', value_unique(hit->context, item_unique(item)));
    case 'f':
        return meta_put_number(at, 'f', item_flags(item));
    case 'l':
        return meta_put_number(at, 'l', seen->idle_ms / 1000);
    case 'h':
        return meta_put_number(at, 'h', seen->fetched);
    default:
        return meta_put_echo(at, hit->meta, flag);
    }
}

static void write_hit(struct item *item, const struct store_seen *seen, void *argument)
{
    struct hit *hit = argument;
    const struct meta *meta = hit->meta;
    char *at = hit->at;
    bool same = meta_has(meta, 'C') && item_unique(item) == meta->cas;
    bool with_value = meta_has(meta, 'v') && !same;

    at = put_text(at, with_value ? "VA " : "HD");
    if (with_value)
        at += number_format(item_value_len(item), at);
    for (unsigned i = meta->first; i < meta->words->count; i++)
        at = put_flag(at, hit, &meta->words->word[i], item, seen);
    if (seen->won_before)
        at = put_text(at, " Z");
    if (seen->stale)
        at = put_text(at, " X");
    if (seen->won)
        at = put_text(at, " W");
    at = put_text(at, "\r\n");
    if (with_value && item_has_pins(item)) {
        store_pin(item);
        hit->pinned = item;
    } else if (with_value) {
        memcpy(at, item_value(item), item_value_len(item));
        at = put_text(at + item_value_len(item), "\r\n");
    }
    hit->at = at;
}

static enum store_result look(struct command_context *context, const struct meta *meta)
{
    struct reply *reply = context->reply;
    char *room = reply_reserve(reply, meta_reply_max(meta) + ITEM_PIN_MIN);
    struct hit hit = {.context = context, .meta = meta, .at = room};
    struct store_request create = {.key = meta->key,
                                   .key_len = meta->key_len,
                                   .exptime = meta->create_exptime,
                                   .has_unique = meta_has(meta, 'E'),
                                   .unique = meta->unique};
    struct store_look wanted = {
        .key = meta->key,
        .key_len = meta->key_len,
        .leave_unused = meta_has(meta, 'u'),
        .has_exptime = meta_has(meta, 'T'),
        .exptime = meta->exptime,
        .renews = meta_has(meta, 'R') && meta->renew_before != CLOCK_STICKY,
        .renew_before = meta->renew_before,
        .create = meta_has(meta, 'N') ? &create : NULL,
        .see = write_hit,
        .argument = &hit,
    };

    if (!room)
        return STORE_OK;
    wanted.renews_after = wanted.renews && wanted.has_exptime && meta_is_before(meta, 'T', 'R');
    enum store_result result = store_look(context->store, &wanted);
    if (result == STORE_TYPE_MISMATCH)
        result = STORE_NOT_FOUND;
    reply_commit(reply, (size_t)(hit.at - room));
    if (hit.pinned) {
        reply_value(reply, hit.pinned);
        reply_bytes(reply, "\r\n", 2);
    }
    return result;
}

HANDLER(mg)
{
    struct meta meta;
    const char *wrong = meta_parse(&meta, words, 2);

    if (wrong) {
        session_say(session, context, wrong);
        return;
    }
    enum store_result result = look(context, &meta);
    value_count(context, VALUE_GET, meta.key, meta.key_len, result);
    if (result == STORE_NOT_FOUND && !meta_has(&meta, 'q'))
        meta_say_code(context, &meta, "EN");
    else if (result != STORE_OK && result != STORE_NOT_FOUND)
        session_say(session, context, meta_failure(result));
}

/* --- md --- */

HANDLER(md)
{
    struct meta meta;
    const char *wrong = meta_parse(&meta, words, 2);

    if (wrong) {
        session_say(session, context, wrong);
        return;
    }
    struct store_removal removal = {.key = meta.key,
                                    .key_len = meta.key_len,
                                    .has_cas = meta_has(&meta, 'C'),
                                    .cas = meta.cas,
                                    .stale = meta_has(&meta, 'I'),
                                    .empties = meta_has(&meta, 'x'),
                                    .has_exptime = meta_has(&meta, 'T'),
                                    .exptime = meta.exptime,
                                    .has_unique = meta_has(&meta, 'E'),
                                    .unique = meta.unique};
    enum store_result result = store_remove(context->store, &removal);
    bool done = result == STORE_OK;
    value_count(context, VALUE_DELETE, meta.key, meta.key_len, result);
    if (done && meta_has(&meta, 'q'))
        return;
    if (done || result == STORE_NOT_FOUND || result == STORE_EXISTS)
        meta_say_code(context, &meta, done ? "HD" : result == STORE_EXISTS ? "EX" : "NF");
    else
        session_say(session, context, meta_failure(result));
}

/* --- ma --- */

static void say_number(struct command_context *context, const struct meta *meta,
                       const struct store_number *number)
{
    char *start = reply_reserve(context->reply, meta_reply_max(meta)), *at = start;
    char digits[NUMBER_MAX_DIGITS];
    size_t len = number_format(number->value, digits);

    if (!start)
        return;
    at = put_text(at, meta_has(meta, 'v') ? "VA " : "HD");
    if (meta_has(meta, 'v'))
        at += number_format(len, at);
    for (unsigned i = meta->first; i < meta->words->count; i++) {
        const struct word *flag = &meta->words->word[i];
        if (flag->at[0] == 'c')
            at = meta_put_number(at, 'c', value_unique(context, number->written.unique));
        else if (flag->at[0] == 't')
            at = meta_put_ttl(at, number->exptime, context->store->now);
        else
            at = meta_put_echo(at, meta, flag);
    }
    at = put_text(at, "\r\n");
    if (meta_has(meta, 'v')) {
        memcpy(at, digits, len);
        at = put_text(at + len, "\r\n");
    }
    reply_commit(context->reply, (size_t)(at - start));
}

static void change_number(struct session *session, struct command_context *context,
                          const struct meta *meta, bool increment)
{
    struct store_request create = {
        .key = meta->key, .key_len = meta->key_len, .exptime = meta->create_exptime};
    struct store_number number = {.key = meta->key,
                                  .key_len = meta->key_len,
                                  .increment = increment,
                                  .delta = meta->delta,
                                  .create = meta_has(meta, 'N') ? &create : NULL,
                                  .value = meta->initial,
                                  .has_cas = meta_has(meta, 'C'),
                                  .cas = meta->cas,
                                  .has_exptime = meta_has(meta, 'T'),
                                  .exptime = meta->exptime,
                                  .has_unique = meta_has(meta, 'E'),
                                  .unique = meta->unique};
    enum store_result result = store_change_number(context->store, &number);

    value_count(context, increment ? VALUE_INCR : VALUE_DECR, meta->key, meta->key_len, result);
    if (result == STORE_OK && meta_has(meta, 'q'))
        return;
    if (result == STORE_OK)
        say_number(context, meta, &number);
    else if (result == STORE_NOT_FOUND || result == STORE_EXISTS)
        meta_say_code(context, meta, result == STORE_EXISTS ? "EX" : "NF");
    else
        session_say(session, context, meta_failure(result));
}

HANDLER(ma)
{
    struct meta meta;

    if (meta_parse(&meta, words, 2))
        session_say(session, context, "CLIENT_ERROR invalid or duplicate flag\r\n");
    else if (meta.mode && !strchr("I+D-", meta.mode))
        session_say(session, context, "CLIENT_ERROR invalid mode for ma M token\r\n");
    else
        change_number(session, context, &meta, meta.mode != 'D' && meta.mode != '-');
}

/* --- mn, me --- */

HANDLER(mn)
{
    (void)words;
    session_say(session, context, "MN\r\n");
}

static void write_debug_line(struct item *item, const struct store_seen *seen, void *argument)
{
    static const char *const types[] = {
        [ITEM_KV] = "kv",   [ITEM_LIST] = "list",    [ITEM_SET] = "set",
        [ITEM_MAP] = "map", [ITEM_BTREE] = "b+tree",
    };
    struct hit *hit = argument;
    char line[256];
    bool expires = item->exptime != CLOCK_NEVER && item->exptime != CLOCK_STICKY;
    int len = snprintf(line, sizeof(line),
                       " exp=%lld la=%u cas=%llu fetch=%s size=%zu type=%s stale=%s won=%s\r\n",
                       expires ? (long long)item->exptime - hit->context->store->now : -1,
                       seen->idle_ms / 1000, (unsigned long long)item_unique(item),
                       seen->fetched ? "yes" : "no", item_total_bytes(item), types[item_type(item)],
                       seen->stale ? "yes" : "no", seen->won_before ? "yes" : "no");

    memcpy(hit->at, line, (size_t)len);
    hit->at += len;
}

HANDLER(me)
{
    struct meta meta;
    const char *wrong = meta_parse(&meta, words, 2);

    if (wrong) {
        session_say(session, context, wrong);
        return;
    }
    const struct word *key = &words->word[1];
    char *room = reply_reserve(context->reply, 3 + key->len + 256);
    struct hit hit = {.context = context, .meta = &meta, .at = room};
    struct store_look wanted = {.key = meta.key,
                                .key_len = meta.key_len,
                                .any_type = true,
                                .leave_unused = true,
                                .watches = true,
                                .see = write_debug_line,
                                .argument = &hit};
    if (!room)
        return;
    hit.at = put_text(hit.at, "ME ");
    memcpy(hit.at, key->at, key->len);
    hit.at += key->len;
    if (store_look(context->store, &wanted) == STORE_OK)
        reply_commit(context->reply, (size_t)(hit.at - room));
    else
        session_say(session, context, "EN\r\n");
}
