/* The lead byte gives the length; what is shorter, longer or higher than Unicode allows is caught
 * by the smallest number that a sequence of that length may stand for. */
#include "planner/base/utf8.h"

#include <string.h>

struct interval {
    unsigned first, last;
};

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

bool utf8_is_valid(const char *text, size_t length)
{
    unsigned code;
    size_t step;

    for (size_t at = 0; at < length; at += step)
        if ((step = utf8_decode(text + at, length - at, &code)) == 0)
            return false;
    return true;
}

const char *utf8_clean(struct arena *arena, const char *text)
{
    size_t length = strlen(text), step;
    char *copy = NULL;

    for (size_t at = 0; at < length; at += step) {
        unsigned code = 0;

        step = utf8_decode(text + at, length - at, &code);
        /* C1 controls drive terminals too. */
        if (step && code >= 0x20 && (code < 0x7f || code >= 0xa0))
            continue;
        step = step ? step : 1;
        if (!copy)
            copy = arena_strndup(arena, text, length);
        memset(copy + at, '?', step);
    }
    return copy ? copy : text;
}

int utf8_width(unsigned code)
{
    static const struct interval none[] = {
        {0x300, 0x36f}, {0x200b, 0x200f}, {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}};
    static const struct interval two[] = {{0x1100, 0x115f},   {0x2e80, 0x303e},  {0x3041, 0xa4cf},
                                          {0xa960, 0xa97c},   {0xac00, 0xd7a3},  {0xf900, 0xfaff},
                                          {0xfe30, 0xfe6f},   {0xff01, 0xff60},  {0xffe0, 0xffe6},
                                          {0x1f300, 0x1faff}, {0x20000, 0x3fffd}};

    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        if (code >= none[i].first && code <= none[i].last)
            return 0;
    for (size_t i = 0; i < sizeof(two) / sizeof(two[0]); i++)
        if (code >= two[i].first && code <= two[i].last)
            return 2;
    return 1;
}

int utf8_columns(const char *text)
{
    size_t length = strlen(text), step;
    int columns = 0;

    for (size_t at = 0; at < length; at += step) {
        unsigned code;

        step = utf8_decode(text + at, length - at, &code);
        columns += step ? utf8_width(code) : 1;
        step = step ? step : 1;
    }
    return columns;
}
