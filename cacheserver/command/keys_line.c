/*
 * The buffer grows with what has really arrived, so that an announced length alone costs nothing.
 * It belongs to the session, and so does the task: what the command remembers of the request line
 * meanwhile.
 */
#include "cacheserver/command/keys_line.h"

#include <stdlib.h>
#include <string.h>

#include "cacheserver/command/lookahead.h"
#include "cacheserver/protocol/limits.h"

#define FIRST_CAPACITY 1024

static void refuse(struct session *session, struct command_context *context,
                   const struct keys_line *line, const char *text)
{
    keys_line_end(session);
    session_say(session, context, text);
    session_swallow(session, (size_t)line->len + 2);
}

void keys_line_begin(struct session *session, struct command_context *context,
                     const struct keys_line *line)
{
    if (line->len > UINT32_MAX - 2 || line->len == 0 || line->count == 0) {
        keys_line_end(session);
        session_say_bad_format(session, context);
        return;
    }
    if (session_drops(session)) {
        keys_line_end(session);
        session_swallow(session, (size_t)line->len + 2);
        return;
    }
    if (line->count > line->count_max || line->count > line->len / 2 + 1 ||
        line->len > (uint64_t)line->count * line->key_max + line->count - 1) {
        refuse(session, context, line, "CLIENT_ERROR bad value\r\n");
        return;
    }
    if (line->len > LIMIT_KEYS_LINE) {
        refuse(session, context, line, "SERVER_ERROR out of memory\r\n");
        return;
    }
    session->keys.line = *line;
    session->keys.len = 0;
    session->state = SESSION_KEYS_LINE;
}

void keys_line_end(struct session *session)
{
    free(session->keys.bytes);
    memset(&session->keys, 0, sizeof(session->keys));
    session_drop_task(session);
    session->state = SESSION_LINE;
}

static bool make_room(struct keys *keys, size_t more)
{
    size_t wanted = keys->len + more;
    size_t capacity = keys->capacity ? keys->capacity : FIRST_CAPACITY;

    if (wanted <= keys->capacity)
        return true;
    while (capacity < wanted)
        capacity *= 2;
    char *grown = realloc(keys->bytes, capacity);
    if (!grown)
        return false;
    keys->bytes = grown;
    keys->capacity = capacity;
    return true;
}

static char find_separator(const struct keys *keys)
{
    size_t len = keys->line.len;
    bool commas = keys->line.commas && !memchr(keys->bytes, ' ', len);
    return commas && memchr(keys->bytes, ',', len) ? ',' : ' ';
}

/* The announced number of keys, single separators between them, CRLF at the end. */
static bool is_right(const struct keys *keys)
{
    size_t len = keys->line.len, start = 0;
    unsigned count = 0;

    if (memcmp(keys->bytes + len, "\r\n", 2))
        return false;
    for (size_t i = 0; i <= len; i++) {
        if (i < len && keys->bytes[i] != keys->separator)
            continue;
        if (i == start || i - start > keys->line.key_max)
            return false;
        start = i + 1;
        count++;
    }
    return count == keys->line.count;
}

size_t keys_line_step(struct session *session, struct command_context *context, const char *input,
                      size_t len)
{
    struct keys *keys = &session->keys;
    size_t left = keys->line.len + 2 - keys->len;
    size_t n = len < left ? len : left;

    if (!make_room(keys, n)) {
        keys_line_end(session);
        session_say(session, context, "SERVER_ERROR out of memory\r\n");
        session_swallow(session, left);
        return 0;
    }
    memcpy(keys->bytes + keys->len, input, n);
    keys->len += n;
    if (n < left)
        return n;
    keys->separator = find_separator(keys);
    if (is_right(keys)) {
        session->state = SESSION_TASK;
    } else {
        keys_line_end(session);
        session_say(session, context, "CLIENT_ERROR bad data chunk\r\n");
    }
    return n;
}

bool keys_line_next(struct session *session, const char **key, size_t *key_len)
{
    struct keys *keys = &session->keys;

    if (keys->at >= keys->line.len)
        return false;
    *key = keys->bytes + keys->at;
    size_t left = keys->line.len - keys->at;
    const char *end = memchr(*key, keys->separator, left);
    *key_len = end ? (size_t)(end - *key) : left;
    keys->at += *key_len + 1;
    return true;
}

void keys_line_hint(struct session *session, struct command_context *context)
{
    struct keys *keys = &session->keys;

    if (keys->at < keys->hinted || keys->at >= keys->line.len || keys->separator != ' ')
        return;
    keys->hinted = keys->at + lookahead_keys(context->store, keys->bytes + keys->at,
                                             keys->line.len - keys->at);
}

size_t keys_line_step_answer(struct session *session, struct command_context *context,
                             const char *input, size_t len)
{
    (void)input;
    (void)len;
    session->keys.line.answer(session, context);
    return 0;
}
