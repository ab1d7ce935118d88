/* The answer lies in a reply of its own, which the command finds in the place of the client's. */
#include "cacheserver/command/binary_text.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cacheserver/protocol/limits.h"

void binary_text_init(struct binary_text *text, const char *name)
{
    memset(text, 0, sizeof(*text));
    snprintf(text->name, sizeof(text->name), "%s", name);
    words_split(&text->words, text->name, strlen(text->name));
}

void binary_text_deinit(struct binary_text *text, struct command_context *context)
{
    reply_free(text->reply, context->store);
}

void binary_text_add(struct binary_text *text, const char *word, size_t len)
{
    assert(text->words.count < LIMIT_WORDS);
    text->words.word[text->words.count++] = (struct word){.at = word, .len = len};
}

void binary_text_format(struct binary_text *text, const char *format, ...)
{
    char *at = text->room + text->used;
    size_t left = sizeof(text->room) - text->used;
    va_list args;

    va_start(args, format);
    int len = vsnprintf(at, left, format, args);
    va_end(args);
    assert(len >= 0 && (size_t)len < left);
    text->used += (size_t)len;
    binary_text_add(text, at, (size_t)len);
}

void binary_text_add_attributes(struct binary_text *text, const char *extras)
{
    binary_text_format(text, "%u", binary_u32(extras));
    binary_text_format(text, "%d", (int32_t)binary_u32(extras + 4));
    binary_text_format(text, "%d", (int32_t)binary_u32(extras + 8));
}

static void run(struct session *session, struct command_context *context,
                const struct command *command, const struct binary_text *text)
{
    struct reply *reply = context->reply;

    context->reply = text->reply;
    session->noreply = false;
    session->block_bytes = 0;
    session->block_missing = false;
    command->run(session, context, &text->words);
    while (session->state == SESSION_TASK && session->task_run && !reply_is_full(text->reply)) {
        context->budget = COMMAND_BUDGET;
        session->task_run(session, context);
    }
    session_drop_task(session);
    /* A block that was refused is not in the input, so nothing is to be swallowed. */
    session->swallow_left = 0;
    session->state = SESSION_LINE;
    context->reply = reply;
}

enum binary_status binary_text_run(struct binary_text *text, struct session *session,
                                   struct command_context *context, const char *block,
                                   size_t block_len)
{
    const struct command *command = command_find(context->shared, text->name, strlen(text->name));
    char data[LIMIT_BLOCK + 2];

    if (!command)
        return BINARY_NOT_SUPPORTED;
    text->reply = reply_new();
    if (!text->reply)
        return BINARY_NO_MEMORY;
    if (!block)
        block_len = 0;
    assert(block_len <= LIMIT_BLOCK);
    mempcpy(block_len ? mempcpy(data, block, block_len) : data, "\r\n", 2);
    context->rest = data;
    context->rest_len = block_len + 2;
    run(session, context, command, text);
    context->rest = NULL;
    context->rest_len = 0;
    if (text->reply->failed)
        return BINARY_NO_MEMORY;
    return text->reply->piece_count ? BINARY_INTERNAL : BINARY_OK;
}

const char *binary_text_line(const struct binary_text *text, size_t *at, size_t *len)
{
    const char *start = text->reply->buffer + *at;
    size_t left = text->reply->len - *at;

    if (left == 0)
        return NULL;
    const char *end = memchr(start, '\n', left);
    *len = end ? (size_t)(end - start) : left;
    *at += *len + (end != NULL);
    if (*len > 0 && start[*len - 1] == '\r')
        --*len;
    return start;
}

enum binary_status binary_text_status(const char *line, size_t len)
{
    static const struct {
        const char *text;
        enum binary_status status;
    } rows[] = {
        {"CREATED", BINARY_OK},
        {"STORED", BINARY_OK},
        {"CREATED_STORED", BINARY_OK},
        {"REPLACED", BINARY_OK},
        {"UPDATED", BINARY_OK},
        {"DELETED", BINARY_OK},
        {"DELETED_DROPPED", BINARY_OK},
        {"OK", BINARY_OK},
        {"END", BINARY_OK},
        {"EXIST", BINARY_OK},
        {"NOT_EXIST", BINARY_OK},
        {"RESET", BINARY_OK},
        {"NOT_FOUND", BINARY_NOT_FOUND},
        {"EXISTS", BINARY_EXISTS},
        {"TYPE_MISMATCH", BINARY_BAD_TYPE},
        {"OVERFLOWED", BINARY_OVERFLOW},
        {"OUT_OF_RANGE", BINARY_INDEX_OUT_OF_RANGE},
        {"NOT_FOUND_ELEMENT", BINARY_ELEMENT_NOT_FOUND},
        {"ELEMENT_EXISTS", BINARY_ELEMENT_EXISTS},
        {"UNREADABLE", BINARY_UNREADABLE},
        {"BKEY_MISMATCH", BINARY_BAD_BKEY},
        {"EFLAG_MISMATCH", BINARY_BAD_EFLAG},
        {"NOTHING_TO_UPDATE", BINARY_INVALID},
        {"ATTR_ERROR not found", BINARY_BAD_ATTRIBUTE},
        {"ATTR_ERROR bad value", BINARY_BAD_VALUE},
        {"CLIENT_ERROR too large value", BINARY_TOO_LARGE},
        {"CLIENT_ERROR invalid prefix name", BINARY_BAD_PREFIX},
        {"SERVER_ERROR out of memory", BINARY_NO_MEMORY},
        {"ERROR no matching stat", BINARY_NOT_FOUND},
        {"BUSY", BINARY_BUSY},
        {"NOT_SUPPORTED", BINARY_NOT_SUPPORTED},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strlen(rows[i].text) == len && !memcmp(rows[i].text, line, len))
            return rows[i].status;
    return len > 6 && !memcmp(line, "CLIENT", 6) ? BINARY_INVALID : BINARY_INTERNAL;
}
