/*
 * Only the last star needs to be tried again: what stands before it matched somewhere, and the
 * earliest such place leaves most for the rest. So there is no recursion and no exponential case.
 */
#include "cacheserver/command/glob.h"

static bool is_special(char c)
{
    return c == '*' || c == '?' || c == '\\';
}

bool glob_is_valid(const char *pattern, size_t len)
{
    unsigned stars = 0;

    if (len == 0 || len > GLOB_PATTERN_MAX)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (pattern[i] == '*' && ++stars > GLOB_STARS_MAX)
            return false;
        if (pattern[i] == '\\' && (++i == len || !is_special(pattern[i])))
            return false;
    }
    return true;
}

/* The bytes of the pattern that stand for this character; 0: they do not. */
static size_t match_one(const char *pattern, size_t left, char c)
{
    if (left == 0)
        return 0;
    if (pattern[0] == '\\')
        return pattern[1] == c ? 2 : 0;
    return pattern[0] == '?' || pattern[0] == c ? 1 : 0;
}

bool glob_matches(const char *pattern, size_t len, const char *text, size_t text_len)
{
    size_t at = 0, in_text = 0;
    size_t star = 0, star_text = 0; /* behind the last star, and where its match ends */

    while (in_text < text_len) {
        if (at < len && pattern[at] == '*') {
            star = ++at;
            star_text = in_text;
            continue;
        }
        size_t step = match_one(pattern + at, len - at, text[in_text]);
        if (step) {
            at += step;
            in_text++;
        } else if (star) {
            at = star;
            in_text = ++star_text;
        } else {
            return false;
        }
    }
    while (at < len && pattern[at] == '*')
        at++;
    return at == len;
}
