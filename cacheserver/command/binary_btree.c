/*
 * B+trees: create, insert, upsert and update. The frames of the other operations have more extras
 * than a header can announce, so there is nobody who could have sent one.
 */
#include <stdio.h>
#include <string.h>

#include "cacheserver/command/binary_text.h"

/* A bkey or an eflag takes 31 bytes and one for its length. */
#define BYTES_MAX   31
#define FIELD_BYTES (BYTES_MAX + 1)
#define EFLAG_NONE  255

static size_t field_len(const char *field)
{
    return (uint8_t)field[BYTES_MAX];
}

static void add_hex(struct binary_text *text, const char *bytes, size_t len)
{
    char hex[2 * BYTES_MAX + 1] = "";

    for (size_t i = 0; i < len; i++)
        snprintf(hex + 2 * i, 3, "%02X", (uint8_t)bytes[i]);
    binary_text_format(text, "0x%s", hex);
}

/* Without a length it is a number of eight bytes. */
static void add_bkey(struct binary_text *text, const char *field)
{
    if (field_len(field) > 0)
        add_hex(text, field, field_len(field));
    else
        binary_text_format(text, "%llu", (unsigned long long)binary_u64(field));
}

static void say(struct binary_text *text, struct session *session, struct command_context *context,
                const struct binary_request *request, const char *value, size_t value_len)
{
    size_t at = 0, len = 0;
    enum binary_status status = binary_text_run(text, session, context, value, value_len);
    const char *line = status == BINARY_OK ? binary_text_line(text, &at, &len) : NULL;

    if (line)
        status = binary_text_status(line, len);
    binary_say(context, request,
               status == BINARY_INDEX_OUT_OF_RANGE ? BINARY_BKEY_OUT_OF_RANGE : status);
    binary_text_deinit(text, context);
}

static void insert(struct session *session, struct command_context *context,
                   const struct binary_request *request, const char *name)
{
    const char *bkey = request->extras, *eflag = bkey + FIELD_BYTES;
    const char *attributes = eflag + FIELD_BYTES;
    struct binary_text text;

    if (field_len(bkey) > BYTES_MAX || field_len(eflag) > BYTES_MAX) {
        binary_say(context, request,
                   field_len(bkey) > BYTES_MAX ? BINARY_BAD_BKEY : BINARY_BAD_EFLAG);
        return;
    }
    binary_text_init(&text, name);
    binary_text_add(&text, request->key, request->header.key_len);
    add_bkey(&text, bkey);
    if (field_len(eflag) > 0)
        add_hex(&text, eflag, field_len(eflag));
    binary_text_format(&text, "%zu", request->header.value_len);
    if (attributes[12]) {
        binary_text_format(&text, "create");
        binary_text_add_attributes(&text, attributes);
    }
    say(&text, session, context, request, request->value, request->header.value_len);
}

BINARY_HANDLER(btree_insert)
{
    insert(session, context, request, "bop insert");
}

BINARY_HANDLER(btree_upsert)
{
    insert(session, context, request, "bop upsert");
}

/* A whole new eflag, none, or the bits of a part of the old one, where no bits change nothing. */
static void add_eflag_update(struct binary_text *text, const char *eflag)
{
    static const char *const operators[] = {"&", "|", "^"};
    const char *patch = eflag + FIELD_BYTES;
    size_t op = (uint8_t)patch[1];

    bool of_part = op < sizeof(operators) / sizeof(operators[0]);

    if (field_len(eflag) == 0) {
        if (!of_part)
            binary_text_format(text, "0");
        return;
    }
    if (of_part) {
        binary_text_format(text, "%u", (uint8_t)patch[0]);
        binary_text_format(text, "%s", operators[op]);
    }
    add_hex(text, eflag, field_len(eflag));
}

BINARY_HANDLER(btree_update)
{
    const char *bkey = request->extras, *eflag = bkey + FIELD_BYTES;
    size_t value_len = request->header.value_len;
    bool has_value = !eflag[FIELD_BYTES + 2];
    struct binary_text text;

    if (field_len(bkey) > BYTES_MAX) {
        binary_say(context, request, BINARY_BAD_BKEY);
        return;
    }
    if (field_len(eflag) > BYTES_MAX && field_len(eflag) != EFLAG_NONE) {
        binary_say(context, request, BINARY_BAD_EFLAG);
        return;
    }
    binary_text_init(&text, "bop update");
    binary_text_add(&text, request->key, request->header.key_len);
    add_bkey(&text, bkey);
    if (field_len(eflag) != EFLAG_NONE)
        add_eflag_update(&text, eflag);
    binary_text_format(&text, "%d", has_value ? (int)value_len : -1);
    say(&text, session, context, request, request->value, has_value ? value_len : 0);
}
