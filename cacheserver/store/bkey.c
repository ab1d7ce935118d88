/*
 * The 64-bit order decides nearly every comparison: for a number it is the number, for bytes the
 * first eight of them, high byte first and filled up with zeros. Only hexadecimal keys with the
 * same first eight bytes need their bytes looked at.
 */
#include "cacheserver/store/bkey.h"

#include <string.h>

#include "cacheserver/runtime/number.h"

void bkey_set_number(struct bkey *bkey, uint64_t number)
{
    bkey->kind = BKEY_NUMBER;
    bkey->order = number;
    bkey->len = (uint8_t)(number ? 8 - __builtin_clzll(number) / 8 : 0);
    for (unsigned i = 0; i < bkey->len; i++)
        bkey->bytes[i] = (unsigned char)(number >> (8 * (bkey->len - 1 - i)));
}

uint64_t bkey_order(enum bkey_kind kind, const unsigned char *bytes, size_t len)
{
    uint64_t order = 0;
    size_t n = len < 8 ? len : 8;

    for (size_t i = 0; i < n; i++)
        order = order << 8 | bytes[i];
    if (kind == BKEY_HEX && n < 8)
        order = n ? order << (8 * (8 - n)) : 0;
    return order;
}

void bkey_set_bytes(struct bkey *bkey, enum bkey_kind kind, const unsigned char *bytes, size_t len)
{
    bkey->kind = (uint8_t)kind;
    bkey->len = (uint8_t)len;
    bkey->order = bkey_order(kind, bytes, len);
    memcpy(bkey->bytes, bytes, len);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

size_t bkey_parse_hex(unsigned char *bytes, size_t most, const char *text, size_t len)
{
    if (len % 2 || len / 2 > most)
        return 0;
    for (size_t i = 0; i < len / 2; i++) {
        int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return 0;
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    return len / 2;
}

bool bkey_parse(struct bkey *bkey, const char *text, size_t len)
{
    uint64_t number;

    if (len > 2 && text[0] == '0' && text[1] == 'x') {
        size_t n = bkey_parse_hex(bkey->bytes, BKEY_MAX_BYTES, text + 2, len - 2);
        bkey->kind = BKEY_HEX;
        bkey->len = (uint8_t)n;
        bkey->order = bkey_order(BKEY_HEX, bkey->bytes, n);
        return n > 0;
    }
    if (!number_parse_u64(text, len, &number))
        return false;
    bkey_set_number(bkey, number);
    return true;
}

bool bkey_range_parse(struct bkey_range *range, const char *text, size_t len)
{
    const char *dots = memmem(text, len, "..", 2);

    range->single = !dots;
    if (!dots) {
        if (!bkey_parse(&range->from, text, len))
            return false;
        range->to = range->from;
        return true;
    }
    size_t first = (size_t)(dots - text);
    return bkey_parse(&range->from, text, first) &&
           bkey_parse(&range->to, dots + 2, len - first - 2) && range->from.kind == range->to.kind;
}

char *bkey_print_hex(char *at, const unsigned char *bytes, size_t len)
{
    static const char digits[] = "0123456789ABCDEF";

    *at++ = '0';
    *at++ = 'x';
    for (size_t i = 0; i < len; i++) {
        *at++ = digits[bytes[i] >> 4];
        *at++ = digits[bytes[i] & 15];
    }
    return at;
}

char *bkey_print(char *at, enum bkey_kind kind, const unsigned char *bytes, size_t len)
{
    if (kind == BKEY_HEX)
        return bkey_print_hex(at, bytes, len);
    return at + number_format(bkey_order(BKEY_NUMBER, bytes, len), at);
}

/* The rest of a comparison whose orders are the same. */
static int compare_tails(const unsigned char *a, size_t a_len, const unsigned char *b, size_t b_len)
{
    int result = memcmp(a, b, a_len < b_len ? a_len : b_len);

    return result ? result : (int)a_len - (int)b_len;
}

int bkey_compare(const struct bkey *a, const struct bkey *b)
{
    if (a->order != b->order)
        return a->order < b->order ? -1 : 1;
    return compare_tails(a->bytes, a->len, b->bytes, b->len);
}

int bkey_compare_bytes(const struct bkey *a, const unsigned char *bytes, size_t len)
{
    uint64_t order = bkey_order(a->kind, bytes, len);

    if (a->order != order)
        return a->order < order ? -1 : 1;
    return compare_tails(a->bytes, a->len, bytes, len);
}

static unsigned byte_at(const struct bkey *bkey, unsigned i)
{
    return i < bkey->len ? bkey->bytes[i] : 0;
}

bool bkey_span_exceeds(const struct bkey *low, const struct bkey *high, const struct bkey *most)
{
    int sign = 0;
    unsigned borrow = 0;

    if (most->kind == BKEY_NUMBER)
        return high->order - low->order > most->order;
    for (unsigned i = most->len; i-- > 0;) {
        int difference = (int)byte_at(high, i) - (int)byte_at(low, i) - (int)borrow;
        borrow = difference < 0;
        int against = (difference & 0xff) - most->bytes[i];
        if (against)
            sign = against;
    }
    return sign > 0;
}
