/* Flags are at most 31 bytes, so byte by byte is fast enough, and memcmp is their order. */
#include "cacheserver/store/eflag.h"

#include <string.h>

#include "cacheserver/store/bkey.h"

bool eflag_parse(struct eflag *eflag, const char *text, size_t len)
{
    if (len < 2 || text[0] != '0' || text[1] != 'x')
        return false;
    eflag->len = (uint8_t)bkey_parse_hex(eflag->bytes, EFLAG_MAX_BYTES, text + 2, len - 2);
    return eflag->len > 0;
}

enum eflag_bit_op eflag_parse_bit_op(const char *text, size_t len)
{
    if (len != 1)
        return EFLAG_BITS_NONE;
    switch (text[0]) {
    case '&':
        return EFLAG_BITS_AND;
    case '|':
        return EFLAG_BITS_OR;
    case '^':
        return EFLAG_BITS_XOR;
    default:
        return EFLAG_BITS_NONE;
    }
}

bool eflag_parse_compare(enum eflag_compare *compare, const char *text, size_t len)
{
    static const char names[] = "EQNELTLEGTGE";

    for (unsigned i = 0; len == 2 && i < 6; i++)
        if (!memcmp(text, names + 2 * (size_t)i, 2)) {
            *compare = (enum eflag_compare)i;
            return true;
        }
    return false;
}

static bool add_value(struct eflag_filter *filter, const char *text, size_t len)
{
    struct eflag value;

    if (filter->count == EFLAG_MAX_VALUES || !eflag_parse(&value, text, len))
        return false;
    if (filter->count == 0)
        filter->len = value.len;
    if (value.len != filter->len)
        return false;
    memcpy(filter->values + (size_t)filter->count++ * filter->len, value.bytes, value.len);
    return true;
}

bool eflag_filter_parse_values(struct eflag_filter *filter, size_t bits_len, const char *text,
                               size_t len)
{
    const char *end = text + len;
    bool list = filter->compare == EFLAG_EQ || filter->compare == EFLAG_NE;

    filter->count = 0;
    while (text < end) {
        const char *comma = list ? memchr(text, ',', (size_t)(end - text)) : NULL;
        const char *stop = comma ? comma : end;
        if (!add_value(filter, text, (size_t)(stop - text)))
            return false;
        text = stop + 1;
    }
    return filter->count > 0 && filter->offset + filter->len <= EFLAG_MAX_BYTES &&
           (filter->bit_op == EFLAG_BITS_NONE || bits_len == filter->len);
}

static void apply_bits(enum eflag_bit_op op, const unsigned char *bytes, const unsigned char *bits,
                       size_t len, unsigned char *result)
{
    for (size_t i = 0; i < len; i++)
        result[i] = (unsigned char)(op == EFLAG_BITS_AND  ? bytes[i] & bits[i]
                                    : op == EFLAG_BITS_OR ? bytes[i] | bits[i]
                                                          : bytes[i] ^ bits[i]);
}

static bool is_one_of(const struct eflag_filter *filter, const unsigned char *part)
{
    for (unsigned i = 0; i < filter->count; i++)
        if (!memcmp(part, filter->values + (size_t)i * filter->len, filter->len))
            return true;
    return false;
}

bool eflag_filter_matches(const struct eflag_filter *filter, const unsigned char *bytes, size_t len)
{
    unsigned char changed[EFLAG_MAX_BYTES];
    const unsigned char *part = bytes + filter->offset;

    if (filter->offset + (size_t)filter->len > len)
        return filter->compare == EFLAG_NE;
    if (filter->bit_op != EFLAG_BITS_NONE) {
        apply_bits(filter->bit_op, part, filter->bits, filter->len, changed);
        part = changed;
    }
    switch ((enum eflag_compare)filter->compare) {
    case EFLAG_EQ:
        return is_one_of(filter, part);
    case EFLAG_NE:
        return !is_one_of(filter, part);
    case EFLAG_LT:
        return memcmp(part, filter->values, filter->len) < 0;
    case EFLAG_LE:
        return memcmp(part, filter->values, filter->len) <= 0;
    case EFLAG_GT:
        return memcmp(part, filter->values, filter->len) > 0;
    default:
        return memcmp(part, filter->values, filter->len) >= 0;
    }
}

bool eflag_update_apply(const struct eflag_update *update, const unsigned char *old, size_t old_len,
                        struct eflag *result)
{
    if (update->bit_op == EFLAG_BITS_NONE) {
        *result = update->value;
        return true;
    }
    result->len = (uint8_t)old_len;
    memcpy(result->bytes, old, old_len);
    if (update->value.len == 0)
        return true;
    if (update->offset + (size_t)update->value.len > old_len)
        return false;
    apply_bits(update->bit_op, old + update->offset, update->value.bytes, update->value.len,
               result->bytes + update->offset);
    return true;
}
