/* Words are separated by blanks only; a tab or a NUL is a character like any other. */
#include "cacheserver/protocol/words.h"

#include <string.h>

void words_split(struct words *words, const char *line, size_t len)
{
    const char *at = line, *end = line + len;

    words->count = 0;
    for (;;) {
        while (at < end && *at == ' ')
            at++;
        if (at == end)
            return;
        const char *start = at;
        at = word_end(at, end);
        if (words->count == LIMIT_WORDS) {
            words->count++;
            return;
        }
        words->word[words->count].at = start;
        words->word[words->count++].len = (size_t)(at - start);
    }
}

bool word_is(const struct word *word, const char *text)
{
    return word->len == strlen(text) && !memcmp(word->at, text, word->len);
}

size_t line_measure(const char *input, size_t len, size_t *line_len)
{
    const char *end = memchr(input, '\n', len);

    if (!end)
        return 0;
    *line_len = (size_t)(end - input);
    if (*line_len > 0 && end[-1] == '\r')
        --*line_len;
    return (size_t)(end - input) + 1;
}
