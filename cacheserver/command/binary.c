/*
 * A request is looked at when its header, extras and key are in the input, which is less than a
 * text line may be long; its value streams into an item, or is waited for when it is short by
 * definition. What is refused is answered at once, and its body dropped as it comes.
 */
#include "cacheserver/command/binary.h"

#include <stdio.h>
#include <string.h>

#include "cacheserver/command/authorize.h"
#include "cacheserver/protocol/limits.h"
#include "cacheserver/runtime/log.h"

#define KV CATEGORY_KV
#define ROW(opcode, quiet, name, extras, optional, value, key, categories, run)                    \
    {                                                                                              \
        name, run, categories, key, value, opcode, extras, optional, quiet                         \
    }
#define SINGLE(opcode, ...) ROW(opcode, false, __VA_ARGS__)
#define PAIR(opcode, quiet_opcode, name, ...)                                                      \
    ROW(opcode, false, name, __VA_ARGS__), ROW(quiet_opcode, true, name "q", __VA_ARGS__)

static const struct binary_command rows[] = {
    PAIR(0x00, 0x09, "get", 0, false, BINARY_NO_VALUE, KEY_NEEDED, KV, binary_get),
    PAIR(0x01, 0x11, "set", 8, false, BINARY_STREAM, KEY_NEEDED, KV, binary_set),
    PAIR(0x02, 0x12, "add", 8, false, BINARY_STREAM, KEY_NEEDED, KV, binary_add),
    PAIR(0x03, 0x13, "replace", 8, false, BINARY_STREAM, KEY_NEEDED, KV, binary_replace),
    PAIR(0x04, 0x14, "delete", 0, false, BINARY_NO_VALUE, KEY_NEEDED, CATEGORY_ANY_DATA,
         binary_delete),
    PAIR(0x05, 0x15, "incr", 20, false, BINARY_NO_VALUE, KEY_NEEDED, KV, binary_increment),
    PAIR(0x06, 0x16, "decr", 20, false, BINARY_NO_VALUE, KEY_NEEDED, KV, binary_decrement),
    PAIR(0x07, 0x17, "quit", 0, false, BINARY_NO_VALUE, KEY_NONE, CATEGORY_OPEN, binary_quit),
    PAIR(0x08, 0x18, "flush", 4, true, BINARY_NO_VALUE, KEY_NONE, CATEGORY_FLUSH, binary_flush),
    SINGLE(0x0a, "noop", 0, false, BINARY_NO_VALUE, KEY_NONE, CATEGORY_OPEN, binary_noop),
    SINGLE(0x0b, "version", 0, false, BINARY_NO_VALUE, KEY_NONE, CATEGORY_OPEN, binary_version),
    PAIR(0x0c, 0x0d, "getk", 0, false, BINARY_NO_VALUE, KEY_NEEDED, KV, binary_get),
    PAIR(0x0e, 0x19, "append", 0, false, BINARY_STREAM, KEY_NEEDED, KV, binary_append),
    PAIR(0x0f, 0x1a, "prepend", 0, false, BINARY_STREAM, KEY_NEEDED, KV, binary_prepend),
    SINGLE(0x10, "stat", 0, false, BINARY_NO_VALUE, KEY_OPTIONAL, CATEGORY_OPEN, binary_stat),
    SINGLE(0x1c, "touch", 4, false, BINARY_NO_VALUE, KEY_NEEDED, CATEGORY_ATTR, binary_touch),
    PAIR(0x1d, 0x1e, "gat", 4, false, BINARY_NO_VALUE, KEY_NEEDED, KV, binary_get),
    SINGLE(0x20, "sasl_mechs", 0, false, BINARY_NO_VALUE, KEY_NONE, CATEGORY_OPEN,
           binary_sasl_mechanisms),
    SINGLE(0x21, "sasl_auth", 0, false, BINARY_BLOCK, KEY_NEEDED, CATEGORY_OPEN, binary_sasl_auth),
    SINGLE(0x22, "sasl_step", 0, false, BINARY_BLOCK, KEY_OPTIONAL, CATEGORY_OPEN,
           binary_sasl_step),
    PAIR(0x23, 0x24, "gatk", 4, false, BINARY_NO_VALUE, KEY_NEEDED, KV, binary_get),
    SINGLE(0x4e, "getattr", 56, true, BINARY_NO_VALUE, KEY_NEEDED, CATEGORY_ATTR, binary_getattr),
    SINGLE(0x4f, "setattr", 44, false, BINARY_NO_VALUE, KEY_NEEDED, CATEGORY_ATTR, binary_setattr),
    SINGLE(0x50, "lop create", 16, false, BINARY_NO_VALUE, KEY_NEEDED, CATEGORY_LIST,
           binary_list_create),
    PAIR(0x51, 0x54, "lop insert", 20, false, BINARY_BLOCK, KEY_NEEDED, CATEGORY_LIST,
         binary_list_insert),
    PAIR(0x52, 0x55, "lop delete", 12, false, BINARY_NO_VALUE, KEY_NEEDED, CATEGORY_LIST,
         binary_list_delete),
    SINGLE(0x53, "lop get", 12, false, BINARY_NO_VALUE, KEY_NEEDED, CATEGORY_LIST, binary_list_get),
    SINGLE(0x60, "sop create", 16, false, BINARY_NO_VALUE, KEY_NEEDED, CATEGORY_SET,
           binary_set_create),
    PAIR(0x61, 0x65, "sop insert", 16, false, BINARY_BLOCK, KEY_NEEDED, CATEGORY_SET,
         binary_set_insert),
    PAIR(0x62, 0x66, "sop delete", 4, false, BINARY_BLOCK, KEY_NEEDED, CATEGORY_SET,
         binary_set_delete),
    SINGLE(0x63, "sop exist", 0, false, BINARY_BLOCK, KEY_NEEDED, CATEGORY_SET, binary_set_exist),
    SINGLE(0x64, "sop get", 8, false, BINARY_NO_VALUE, KEY_NEEDED, CATEGORY_SET, binary_set_get),
    SINGLE(0x70, "bop create", 16, false, BINARY_NO_VALUE, KEY_NEEDED, CATEGORY_BTREE,
           binary_btree_create),
    PAIR(0x71, 0x7c, "bop insert", 80, false, BINARY_BLOCK, KEY_NEEDED, CATEGORY_BTREE,
         binary_btree_insert),
    PAIR(0x72, 0x7d, "bop upsert", 80, false, BINARY_BLOCK, KEY_NEEDED, CATEGORY_BTREE,
         binary_btree_upsert),
    PAIR(0x73, 0x7e, "bop update", 72, false, BINARY_BLOCK, KEY_NEEDED, CATEGORY_BTREE,
         binary_btree_update),
    SINGLE(0x90, "flush_prefix", 4, true, BINARY_NO_VALUE, KEY_NEEDED, CATEGORY_FLUSH,
           binary_flush_prefix),
    SINGLE(0xf0, "scrub", 0, false, BINARY_NO_VALUE, KEY_NONE, CATEGORY_ADMIN, binary_scrub),
    SINGLE(0xf1, "scrub stale", 0, false, BINARY_NO_VALUE, KEY_NONE, CATEGORY_ADMIN, binary_scrub),
};

const struct binary_command *binary_command_find(uint8_t opcode)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].opcode == opcode)
            return &rows[i];
    return NULL;
}

static bool has_right_shape(const struct binary_command *command,
                            const struct binary_header *header)
{
    if (header->extras_len != command->extras_len &&
        !(header->extras_len == 0 && command->extras_optional))
        return false;
    if (command->value == BINARY_NO_VALUE && header->value_len > 0)
        return false;
    return command->key == KEY_NEEDED ? header->key_len > 0
                                      : command->key == KEY_OPTIONAL || header->key_len == 0;
}

static size_t body_len(const struct binary_header *header)
{
    return header->extras_len + header->key_len + header->value_len;
}

/* Answers with the status, and drops the body that follows the header. */
static size_t refuse(struct session *session, struct command_context *context,
                     const struct binary_header *header, enum binary_status status)
{
    binary_respond_status(context->reply, header->echo, status);
    if (body_len(header))
        session_swallow(session, body_len(header));
    return BINARY_HEADER_BYTES;
}

static bool is_allowed(struct session *session, struct command_context *context,
                       const struct binary_command *command, const struct binary_request *request)
{
    char line[512];

    if (!context->shared->auth)
        return true;
    snprintf(line, sizeof(line), "%s %.*s", command->name, (int)request->header.key_len,
             request->key);
    return authorize_request(session, command->categories, request->key, request->header.key_len,
                             line);
}

static size_t close_session(struct session *session, size_t len)
{
    static struct log_limit limit;

    log_write_limited(&limit, LOG_LEVEL_INFO, "closed a connection: not a binary request");
    session->closing = true;
    return len;
}

size_t binary_step(struct session *session, struct command_context *context, const char *input,
                   size_t len)
{
    struct binary_request request = {0};
    struct binary_header *header = &request.header;

    if ((uint8_t)input[0] != BINARY_REQUEST)
        return close_session(session, len);
    if (len < BINARY_HEADER_BYTES)
        return 0;
    if (!binary_header_read(input, header))
        return close_session(session, len);
    const struct binary_command *command = binary_command_find(header->echo.opcode);
    if (!command)
        return refuse(session, context, header, BINARY_UNKNOWN);
    if (!has_right_shape(command, header) || header->key_len > ITEM_KEY_MAX)
        return refuse(session, context, header, BINARY_INVALID);
    bool has_block = command->value == BINARY_BLOCK && header->value_len <= LIMIT_BLOCK - 2;
    size_t taken = BINARY_HEADER_BYTES + header->extras_len + header->key_len;
    if (has_block)
        taken += header->value_len;
    if (len < taken)
        return 0;
    request.extras = input + BINARY_HEADER_BYTES;
    request.key = request.extras + header->extras_len;
    request.value = has_block ? request.key + header->key_len : NULL;
    request.quiet = command->quiet;
    if (!is_allowed(session, context, command, &request))
        return refuse(session, context, header, BINARY_AUTH_ERROR);
    context->key = (struct word){.at = request.key, .len = header->key_len};
    command->run(session, context, &request);
    if (command->value == BINARY_BLOCK && !has_block)
        session_swallow(session, header->value_len);
    return taken;
}

void binary_say(struct command_context *context, const struct binary_request *request,
                enum binary_status status)
{
    if (status != BINARY_OK || !request->quiet)
        binary_respond_status(context->reply, request->header.echo, status);
}

enum binary_status binary_status_of(enum store_result result)
{
    switch (result) {
    case STORE_OK:
        return BINARY_OK;
    case STORE_NOT_FOUND:
        return BINARY_NOT_FOUND;
    case STORE_NOT_STORED:
        return BINARY_NOT_STORED;
    case STORE_EXISTS:
        return BINARY_EXISTS;
    case STORE_TYPE_MISMATCH:
        return BINARY_BAD_TYPE;
    case STORE_TOO_LARGE:
        return BINARY_TOO_LARGE;
    case STORE_NO_MEMORY:
        return BINARY_NO_MEMORY;
    case STORE_BAD_PREFIX:
        return BINARY_BAD_PREFIX;
    case STORE_NOT_A_NUMBER:
        return BINARY_NOT_A_NUMBER;
    default:
        return BINARY_INTERNAL;
    }
}

clock_seconds binary_expiry(const char *extras)
{
    return clock_expiry_from_now((int32_t)binary_u32(extras));
}
