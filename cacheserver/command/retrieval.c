/*
 * The keys of a get are not cut into words first: each is looked up as soon as its end is seen.
 * A hit is written under the lock of its bucket into room that was reserved before; values long
 * enough to be pinned are pinned there and appended after.
 */
#include "cacheserver/command/retrieval.h"

#include <string.h>

#include "cacheserver/command/keys_line.h"
#include "cacheserver/protocol/limits.h"
#include "cacheserver/protocol/put.h"
#include "cacheserver/runtime/number.h"
#include "cacheserver/store/meta.h"

/* "VALUE " flags bytes cas, blanks and line ends; without key and value. */
#define VALUE_LINE_MAX 64

struct hit {
    char *at; /* reserved room in the reply */
    const char *key;
    size_t key_len;
    struct item *pinned; /* its value is to follow */
    bool with_cas;
    bool no_cas;
    bool found;
};

static void write_hit(struct item *item, void *argument)
{
    struct hit *hit = argument;
    size_t len = item_value_len(item);
    char *at = hit->at;

    if (item_type(item) != ITEM_KV)
        return;
    hit->found = true;
    at = put_bytes(at, "VALUE ", 6);
    at = put_bytes(at, hit->key, hit->key_len);
    *at++ = ' ';
    at = put_number(at, item_flags(item));
    *at++ = ' ';
    at = put_number(at, len);
    if (hit->with_cas) {
        *at++ = ' ';
        at = put_number(at, hit->no_cas ? 0 : item_unique(item));
    }
    at = put_bytes(at, "\r\n", 2);
    if (item_has_pins(item)) {
        store_pin(item);
        hit->pinned = item;
    } else {
        at = put_bytes(at, item_value(item), len);
        at = put_bytes(at, "\r\n", 2);
    }
    hit->at = at;
}

static void write_touched(struct item *item, const struct store_seen *seen, void *argument)
{
    (void)seen;
    write_hit(item, argument);
}

/* A key that cannot become sticky for want of room counts as missing. */
static void touch_key(struct session *session, struct command_context *context, struct hit *hit)
{
    struct store_look look = {.key = hit->key,
                              .key_len = hit->key_len,
                              .has_exptime = true,
                              .exptime = session->exptime,
                              .watches = true,
                              .see = write_touched,
                              .argument = hit};

    store_look(context->store, &look);
    counter_add(context->counters, COUNTER_cmd_setattr, 1);
    counter_add(context->counters, hit->found ? COUNTER_setattr_hits : COUNTER_setattr_misses, 1);
}

static void get_key(struct session *session, struct command_context *context, const char *key,
                    size_t key_len)
{
    struct reply *reply = context->reply;
    char *room = reply_reserve(reply, key_len + VALUE_LINE_MAX + ITEM_PIN_MIN);
    struct hit hit = {.at = room,
                      .key = key,
                      .key_len = key_len,
                      .with_cas = session->with_cas,
                      .no_cas = context->shared->settings->no_cas};

    if (!room)
        return;
    if (session->touches)
        touch_key(session, context, &hit);
    else
        store_visit_key(context->store, key, key_len, write_hit, &hit);
    counter_add(context->counters, COUNTER_cmd_get, 1);
    counter_add(context->counters, hit.found ? COUNTER_get_hits : COUNTER_get_misses, 1);
    observe(context, key, key_len, COUNTER_cmd_get,
            hit.found ? COUNTER_get_hits : COUNTER_get_misses);
    reply_commit(reply, (size_t)(hit.at - room));
    if (hit.pinned) {
        reply_value(reply, hit.pinned);
        reply_bytes(reply, "\r\n", 2);
    }
}

/* What a line begins with, as far as its keys. */
struct opening {
    size_t len; /* 0: it is none of these commands */
    bool with_cas, touches;
    clock_seconds exptime;
};

static struct opening read_touch(const char *line, size_t len)
{
    struct opening opening = {.touches = true, .with_cas = len > 5 && line[3] == 's'};
    size_t at = opening.with_cas ? 5 : 4;
    int64_t exptime;

    while (at < len && line[at] == ' ')
        at++;
    const char *blank = memchr(line + at, ' ', len - at);
    if (!blank || !number_parse_i64(line + at, (size_t)(blank - line) - at, &exptime))
        return opening;
    opening.exptime = clock_expiry_from_now(exptime);
    opening.len = (size_t)(blank - line) + 1;
    return opening;
}

static struct opening read_opening(const char *line, size_t len)
{
    if (len > 4 && !memcmp(line, "get ", 4))
        return (struct opening){.len = 4};
    if (len > 5 && !memcmp(line, "gets ", 5))
        return (struct opening){.len = 5, .with_cas = true};
    if (len > 5 && (!memcmp(line, "gat ", 4) || !memcmp(line, "gats ", 5)))
        return read_touch(line, len);
    return (struct opening){0};
}

static size_t begin_keys(struct session *session, const struct opening *opening)
{
    if (opening->len) {
        session->state = SESSION_KEYS;
        session->with_cas = opening->with_cas;
        session->touches = opening->touches;
        session->exptime = opening->exptime;
        session->noreply = false;
    }
    return opening->len;
}

size_t retrieval_begin(struct session *session, const char *line, size_t len)
{
    struct opening opening = read_opening(line, len);

    return begin_keys(session, &opening);
}

static bool only_blanks(const char *at, size_t len)
{
    while (len > 0 && at[len - 1] == ' ')
        len--;
    return len == 0;
}

static bool has_long_key(const char *at, size_t len)
{
    size_t run = 0;

    for (size_t i = 0; i < len; i++) {
        run = at[i] == ' ' ? 0 : run + 1;
        if (run > ITEM_KEY_MAX)
            return true;
    }
    return false;
}

size_t retrieval_begin_line(struct session *session, const char *line, size_t len)
{
    struct opening opening = read_opening(line, len);
    const char *keys = line + opening.len;
    size_t keys_len = len - opening.len;

    if (!opening.len || only_blanks(keys, keys_len))
        return 0;
    if (len > ITEM_KEY_MAX && has_long_key(keys, keys_len))
        return 0;
    return begin_keys(session, &opening);
}

/* Length of the key at the start of the input; SIZE_MAX when its end is not there yet. */
static size_t key_length(const char *input, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (input[i] == ' ' || input[i] == '\n')
            return i;
    return SIZE_MAX;
}

static size_t end_keys(struct session *session, struct command_context *context, size_t n)
{
    session->state = SESSION_LINE;
    reply_bytes(context->reply, "END\r\n", 5);
    return n;
}

size_t retrieval_step_keys(struct session *session, struct command_context *context,
                           const char *input, size_t len)
{
    size_t blanks = 0;

    while (blanks < len && input[blanks] == ' ')
        blanks++;
    const char *key = input + blanks;
    size_t key_len = key_length(key, len - blanks);
    if (key_len == SIZE_MAX) {
        if (len - blanks <= ITEM_KEY_MAX + 1)
            return blanks;
        session->closing = true;
        return len;
    }
    bool at_end = key[key_len] == '\n';
    size_t taken = blanks + key_len + at_end;
    if (at_end && key_len > 0 && key[key_len - 1] == '\r')
        key_len--;
    if (key_len > ITEM_KEY_MAX) {
        session->closing = true;
        return taken;
    }
    if (key_len > 0)
        get_key(session, context, key, key_len);
    return at_end ? end_keys(session, context, taken) : taken;
}

void command_get(struct session *session, struct command_context *context,
                 const struct words *words)
{
    if (words->count == 1)
        session_say(session, context, command_unknown(context->shared, words));
    else
        session_say_bad_format(session, context);
}

void command_gat(struct session *session, struct command_context *context,
                 const struct words *words)
{
    int64_t exptime;

    if (number_parse_i64(words->word[1].at, words->word[1].len, &exptime))
        session_say_bad_format(session, context);
    else
        session_say(session, context, "CLIENT_ERROR invalid exptime argument\r\n");
}

static void answer_keys(struct session *session, struct command_context *context)
{
    const char *key;
    size_t key_len;

    while (!reply_is_full(context->reply) && context->budget > 0) {
        keys_line_hint(session, context);
        if (!keys_line_next(session, &key, &key_len)) {
            keys_line_end(session);
            end_keys(session, context, 0);
            return;
        }
        get_key(session, context, key, key_len);
        context->budget--;
    }
}

static void begin_mget(struct session *session, struct command_context *context,
                       const struct words *words, bool with_cas)
{
    struct keys_line line = {
        .count_max = LIMIT_MGET_KEYS, .key_max = ITEM_KEY_MAX, .answer = answer_keys};

    if (!number_parse_u32(words->word[1].at, words->word[1].len, &line.len) ||
        !number_parse_u32(words->word[2].at, words->word[2].len, &line.count)) {
        session_say_bad_format(session, context);
        return;
    }
    session->with_cas = with_cas;
    session->touches = false;
    keys_line_begin(session, context, &line);
}

void command_mget(struct session *session, struct command_context *context,
                  const struct words *words)
{
    begin_mget(session, context, words, false);
}

void command_mgets(struct session *session, struct command_context *context,
                   const struct words *words)
{
    begin_mget(session, context, words, true);
}
