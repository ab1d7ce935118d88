/* The lead byte gives the length; what is shorter, longer or higher than Unicode allows is caught
 * by the smallest number that a sequence of that length may stand for. */
#include "planner/base/utf8.h"

#include <string.h>
#include <wchar.h>

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

int utf8_columns(const char *text)
{
    size_t length = strlen(text), step;
    mbstate_t state = {0};
    int columns = 0;

    for (size_t at = 0; at < length; at += step) {
        unsigned code;
        wchar_t wide;
        int width = 1;

        step = mbrtowc(&wide, text + at, length - at, &state);
        if (step == (size_t)-1 || step == (size_t)-2 || step == 0) {
            memset(&state, 0, sizeof(state));
            step = utf8_decode(text + at, length - at, &code);
            step = step ? step : 1;
        } else {
            width = wcwidth(wide);
        }
        columns += width < 0 ? 1 : width;
    }
    return columns;
}
