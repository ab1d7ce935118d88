/*
 * Every line is taken for a request whose second word is the key, or the third after "lop", "sop",
 * "mop" and "bop"; all words of get and gets are keys. Data blocks are not skipped, for that would
 * mean to understand requests twice: what they look like is hinted at in vain, at most, and most
 * of them have no blank.
 */
#include "cacheserver/command/lookahead.h"

#include <string.h>

#include "cacheserver/protocol/words.h"

#define COMMAND_NAME_MAX 12

static const char *skip_blanks(const char *at, const char *end)
{
    while (at < end && *at == ' ')
        at++;
    return at;
}

/* Returns where it stopped: the end, or the first word for which there was no room. */
static const char *add_words(struct look *look, const char *at, const char *end, unsigned most)
{
    for (at = skip_blanks(at, end); at < end && most-- > 0; at = skip_blanks(at, end)) {
        if (look->count == STORE_HINT_KEYS)
            return at;
        const char *stop = word_end(at, end);
        look->hints[look->count++] = (struct store_hint){.key = at, .key_len = (size_t)(stop - at)};
        at = stop;
    }
    return end;
}

static const char *look_at_line(struct look *look, const char *line, const char *end)
{
    size_t most = (size_t)(end - line) < COMMAND_NAME_MAX ? (size_t)(end - line) : COMMAND_NAME_MAX;
    const char *name_end = word_end(line, line + most);
    size_t len = (size_t)(name_end - line);

    if (len == most)
        return end;
    if (len >= 3 && len <= 4 && !memcmp(line, len == 3 ? "get" : "gets", len))
        return add_words(look, name_end, end, STORE_HINT_KEYS + 1);
    if (len == 3 && line[1] == 'o' && line[2] == 'p')
        name_end = word_end(skip_blanks(name_end, end), end);
    return add_words(look, name_end, end, 1);
}

size_t look_guess(struct look *look, const char *input, size_t len, bool within_keys)
{
    const char *at = input, *end = input + len;

    while (at < end && look->count < STORE_HINT_KEYS) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        if (!line_end)
            return len;
        const char *text_end = line_end > at && line_end[-1] == '\r' ? line_end - 1 : line_end;
        const char *stop = within_keys ? add_words(look, at, text_end, STORE_HINT_KEYS + 1)
                                       : look_at_line(look, at, text_end);
        at = stop < text_end ? stop : line_end + 1;
        within_keys = false;
    }
    return (size_t)(at - input);
}

/* One key alone is looked up at once, with nothing to do meanwhile. */
size_t lookahead(struct store_thread *store, const char *input, size_t len, bool within_keys)
{
    struct look look;

    look.count = 0;
    size_t done = look_guess(&look, input, len, within_keys);
    if (look.count > 1)
        store_hint(store, look.hints, look.count);
    return done;
}

size_t lookahead_keys(struct store_thread *store, const char *keys, size_t len)
{
    struct look look;

    look.count = 0;
    const char *stop = add_words(&look, keys, keys + len, STORE_HINT_KEYS + 1);

    store_hint(store, look.hints, look.count);
    return (size_t)(stop - keys);
}
