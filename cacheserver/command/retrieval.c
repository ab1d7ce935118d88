/*
 * The keys of a get are not cut into words first: each is looked up as soon as its end is seen.
 * A hit is written under the lock of its bucket into room that was reserved before; values long
 * enough to be pinned are pinned there and appended after.
 */
#include "cacheserver/command/retrieval.h"

#include <string.h>

#include "cacheserver/command/keys_line.h"
#include "cacheserver/protocol/limits.h"
#include "cacheserver/runtime/number.h"

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

static char *put_number(char *at, uint64_t value)
{
    return at + number_format(value, at);
}

static char *put_bytes(char *at, const char *bytes, size_t n)
{
    memcpy(at, bytes, n);
    return at + n;
}

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
    store_visit_key(context->store, key, key_len, write_hit, &hit);
    counter_add(context->counters, COUNTER_cmd_get, 1);
    counter_add(context->counters, hit.found ? COUNTER_get_hits : COUNTER_get_misses, 1);
    reply_commit(reply, (size_t)(hit.at - room));
    if (hit.pinned) {
        reply_value(reply, hit.pinned);
        reply_bytes(reply, "\r\n", 2);
    }
}

/* Bytes of the command word, 0 when it is neither get nor gets. */
static size_t command_word(const char *line, size_t len)
{
    if (len > 4 && !memcmp(line, "get ", 4))
        return 4;
    return len > 5 && !memcmp(line, "gets ", 5) ? 5 : 0;
}

size_t retrieval_begin(struct session *session, const char *line, size_t len)
{
    size_t word = command_word(line, len);

    if (word) {
        session->state = SESSION_KEYS;
        session->with_cas = word == 5;
        session->noreply = false;
    }
    return word;
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
    size_t word = command_word(line, len);

    if (!word || only_blanks(line + word, len - word))
        return 0;
    if (len > ITEM_KEY_MAX && has_long_key(line + word, len - word))
        return 0;
    return retrieval_begin(session, line, len);
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
        session_say(session, context, context->shared->unknown_command);
    else
        session_say_bad_format(session, context);
}

static void answer_keys(struct session *session, struct command_context *context)
{
    const char *key;
    size_t key_len;

    while (!reply_is_full(context->reply) && context->budget > 0) {
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
