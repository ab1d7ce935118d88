/* Four characters give three bytes. What cannot have been encoded, such as bits behind the last
 * byte, is refused: two texts that differ never decode to the same bytes. */
#include "cacheserver/protocol/base64.h"

static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Three bytes in the low bits; -1: not base64. `pads` characters at the end are padding. */
static int decode_quad(const char *text, unsigned pads)
{
    int bits = 0;

    for (unsigned i = 0; i < 4; i++) {
        int value = i + pads >= 4 ? 0 : digit(text[i]);
        if (value < 0)
            return -1;
        bits = bits << 6 | value;
    }
    return bits & ((1 << 8 * pads) - 1) ? -1 : bits;
}

bool base64_decode(const char *text, size_t len, char *bytes, size_t most, size_t *count)
{
    unsigned pads = 0;

    if (len % 4)
        return false;
    while (pads < 2 && len > pads && text[len - 1 - pads] == '=')
        pads++;
    *count = len / 4 * 3 - pads;
    if (*count > most)
        return false;
    for (size_t i = 0, out = 0; i < len; i += 4) {
        int bits = decode_quad(text + i, i + 4 == len ? pads : 0);
        if (bits < 0)
            return false;
        for (unsigned shift = 24; shift > 0 && out < *count;) {
            shift -= 8;
            bytes[out++] = (char)(bits >> shift);
        }
    }
    return true;
}
