/* The lead byte gives the length; what is shorter, longer or higher than Unicode allows is caught
 * by the smallest number that a sequence of that length may stand for. */
#include "planner/base/utf8.h"

size_t utf8_decode(const char *text, size_t left, unsigned *code)
{
    static const unsigned smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *byte = (const unsigned char *)text;
    size_t length;

    if (!left)
        return 0;
    if (byte[0] < 0x80) {
        *code = byte[0];
        return 1;
    }
    length = byte[0] >= 0xf0 ? 4 : byte[0] >= 0xe0 ? 3 : 2;
    if (byte[0] < 0xc2 || byte[0] > 0xf4 || length > left)
        return 0;
    *code = byte[0] & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        if ((byte[i] & 0xc0) != 0x80)
            return 0;
        *code = *code << 6 | (byte[i] & 0x3f);
    }
    if (*code < smallest[length] || *code > 0x10ffff || (*code >= 0xd800 && *code <= 0xdfff))
        return 0;
    return length;
}

size_t utf8_count(const char *text, size_t length)
{
    size_t count = 0;
    unsigned code;

    for (size_t at = 0; at < length; count++) {
        size_t step = utf8_decode(text + at, length - at, &code);

        at += step ? step : 1;
    }
    return count;
}
