/*
 * Decimal numbers as they stand on the wire: not NUL-terminated, so strtoul and snprintf do not
 * fit, and on the path of every request, so locale and format strings would be felt.
 */
#include "cacheserver/runtime/number.h"

#include <string.h>

bool number_parse_u64(const char *text, size_t len, uint64_t *value)
{
    uint64_t sum = 0;

    if (len == 0)
        return false;
    for (size_t i = 0; i < len; i++) {
        unsigned digit = (unsigned)(unsigned char)text[i] - '0';
        if (digit > 9)
            return false;
        if (i >= NUMBER_MAX_DIGITS - 1 &&
            (__builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, digit, &sum)))
            return false;
        if (i < NUMBER_MAX_DIGITS - 1)
            sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
}

bool number_parse_stored(const char *text, size_t len, uint64_t *value)
{
    while (len > 0 && text[len - 1] == ' ')
        len--;
    while (len > 0 && *text == ' ') {
        text++;
        len--;
    }
    return number_parse_u64(text, len, value);
}

bool number_parse_u32(const char *text, size_t len, uint32_t *value)
{
    uint64_t wide;

    if (!number_parse_u64(text, len, &wide) || wide > UINT32_MAX)
        return false;
    *value = (uint32_t)wide;
    return true;
}

bool number_parse_i64(const char *text, size_t len, int64_t *value)
{
    uint64_t magnitude;
    bool negative = len > 0 && text[0] == '-';

    if (!number_parse_u64(text + negative, len - negative, &magnitude))
        return false;
    if (magnitude > (uint64_t)INT64_MAX)
        return false;
    *value = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

size_t number_format(uint64_t value, char *out)
{
    char reversed[NUMBER_MAX_DIGITS];
    size_t n = 0;

    do {
        reversed[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value);
    for (size_t i = 0; i < n; i++)
        out[i] = reversed[n - 1 - i];
    return n;
}
