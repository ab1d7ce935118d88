/* getattr and setattr: attributes have fixed places in a structure instead of names. */
#include <stdio.h>
#include <string.h>

#include "cacheserver/command/binary_text.h"
#include "cacheserver/command/collection.h"
#include "cacheserver/runtime/number.h"

/* A bkey takes 31 bytes and one for its length: 0 is a number of 8 bytes, 255 none. */
#define BKEY_BYTES     32
#define BKEY_NONE      255
#define RESPONSE_BYTES (16 + BKEY_BYTES + 8)

/* Where they are in a request. */
#define REQUEST_RANGE    8
#define REQUEST_OVERFLOW (REQUEST_RANGE + BKEY_BYTES)

struct attribute_row {
    const char *name;
    void (*put)(char *response, const char *value, size_t len);
};

static void put_number(char *at, const char *value, size_t len)
{
    int64_t number = 0;

    number_parse_i64(value, len, &number);
    binary_put_u32(at, (uint32_t)number);
}

static void put_flags(char *response, const char *value, size_t len)
{
    put_number(response, value, len);
}

static void put_expiry(char *response, const char *value, size_t len)
{
    put_number(response + 4, value, len);
}

static void put_count(char *response, const char *value, size_t len)
{
    put_number(response + 8, value, len);
}

static void put_max_count(char *response, const char *value, size_t len)
{
    put_number(response + 12, value, len);
}

static int hex_digit(char c)
{
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* A range of 0 means that there is none. */
static void put_range(char *response, const char *value, size_t len)
{
    char *at = response + 16;
    uint64_t number;

    if (len > 2 && value[1] == 'x') {
        size_t bytes = (len - 2) / 2 < BKEY_BYTES - 1 ? (len - 2) / 2 : BKEY_BYTES - 1;
        for (size_t i = 0; i < bytes; i++)
            at[i] = (char)(hex_digit(value[2 + 2 * i]) << 4 | hex_digit(value[3 + 2 * i]));
        at[BKEY_BYTES - 1] = (char)bytes;
    } else if (number_parse_u64(value, len, &number) && number > 0) {
        binary_put_u64(at, number);
        at[BKEY_BYTES - 1] = 0;
    }
}

static void put_type(char *response, const char *value, size_t len)
{
    static const char *const types[] = {"kv", "list", "set", "map", "b+tree"};

    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if (strlen(types[i]) == len && !memcmp(types[i], value, len))
            response[16 + BKEY_BYTES] = (char)i;
}

static void put_overflow(char *response, const char *value, size_t len)
{
    for (unsigned i = OVERFLOW_ERROR; i <= OVERFLOW_LARGEST_SILENT_TRIM; i++) {
        const char *name = collection_overflow_name((enum collection_overflow)i);
        if (strlen(name) == len && !memcmp(name, value, len))
            response[16 + BKEY_BYTES + 1] = (char)(i - OVERFLOW_ERROR + 1);
    }
}

static void put_readable(char *response, const char *value, size_t len)
{
    response[16 + BKEY_BYTES + 2] = len == 2 && !memcmp(value, "on", 2);
}

static const struct attribute_row rows[] = {
    {"flags", put_flags},
    {"expiretime", put_expiry},
    {"count", put_count},
    {"maxcount", put_max_count},
    {"maxbkeyrange", put_range},
    {"type", put_type},
    {"overflowaction", put_overflow},
    {"readable", put_readable},
};

/* "ATTR name=value" */
static void put_attribute(char *response, const char *line, size_t len)
{
    const char *name = line + 5, *equals = memchr(line, '=', len);

    if (len < 6 || !equals || equals < name)
        return;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (strlen(rows[i].name) == (size_t)(equals - name) &&
            !memcmp(rows[i].name, name, (size_t)(equals - name)))
            rows[i].put(response, equals + 1, len - (size_t)(equals + 1 - line));
}

BINARY_HANDLER(getattr)
{
    char response[RESPONSE_BYTES] = {0};
    struct binary_text text;
    size_t at = 0, len;
    const char *line;

    binary_text_init(&text, "getattr");
    binary_text_add(&text, request->key, request->header.key_len);
    enum binary_status status = binary_text_run(&text, session, context, NULL, 0);
    response[16 + BKEY_BYTES - 1] = (char)BKEY_NONE;
    while (status == BINARY_OK && (line = binary_text_line(&text, &at, &len))) {
        if (len > 5 && !memcmp(line, "ATTR ", 5))
            put_attribute(response, line, len);
        else
            status = binary_text_status(line, len);
    }
    if (status == BINARY_OK)
        binary_respond(context->reply, request->header.echo,
                       (struct binary_response){.value_len = sizeof(response)}, response);
    else
        binary_say(context, request, status);
    binary_text_deinit(&text, context);
}

static void add_range(struct binary_text *text, const char *range)
{
    size_t len = (uint8_t)range[BKEY_BYTES - 1];
    char hex[2 * BKEY_BYTES + 1] = "";

    if (len == 0)
        binary_text_format(text, "maxbkeyrange=%llu", (unsigned long long)binary_u64(range));
    for (size_t i = 0; i < len; i++)
        snprintf(hex + 2 * i, 3, "%02X", (uint8_t)range[i]);
    if (len > 0)
        binary_text_format(text, "maxbkeyrange=0x%s", hex);
}

BINARY_HANDLER(setattr)
{
    const char *extras = request->extras, *flags = extras + REQUEST_OVERFLOW;
    size_t range_len = (uint8_t)extras[REQUEST_RANGE + BKEY_BYTES - 1];
    bool has_range = range_len != BKEY_NONE;
    struct binary_text text;
    size_t at = 0, len;

    if (has_range && range_len >= BKEY_BYTES) {
        binary_say(context, request, BINARY_BAD_VALUE);
        return;
    }
    binary_text_init(&text, "setattr");
    binary_text_add(&text, request->key, request->header.key_len);
    if (flags[2])
        binary_text_format(&text, "expiretime=%d", (int32_t)binary_u32(extras));
    if (flags[3])
        binary_text_format(&text, "maxcount=%d", (int32_t)binary_u32(extras + 4));
    if (has_range)
        add_range(&text, extras + REQUEST_RANGE);
    if (flags[0])
        binary_text_format(&text, "overflowaction=%s",
                           collection_overflow_name(
                               (enum collection_overflow)(OVERFLOW_ERROR + (uint8_t)flags[0] - 1)));
    if (flags[1])
        binary_text_format(&text, "readable=on");
    enum binary_status status = binary_text_run(&text, session, context, NULL, 0);
    const char *line = status == BINARY_OK ? binary_text_line(&text, &at, &len) : NULL;
    binary_say(context, request, line ? binary_text_status(line, len) : status);
    binary_text_deinit(&text, context);
}
