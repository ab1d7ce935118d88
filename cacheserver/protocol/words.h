#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "cacheserver/protocol/limits.h"

/* A request line cut into words in place: nothing is copied, nothing is terminated by NUL. */
struct word {
    const char *at;
    size_t len;
};

struct words {
    unsigned count; /* LIMIT_WORDS + 1: there are more */
    struct word word[LIMIT_WORDS];
};

/* The first blank, or the end. Eight bytes a step: subtracting one borrows from a high bit only
 * where a byte was a blank, or above that, so the lowest high bit marks the first blank. */
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first byte is the lowest");
static inline const char *word_end(const char *at, const char *end)
{
    const uint64_t ones = 0x0101010101010101u;

    while (end - at >= 8) {
        uint64_t bytes;
        memcpy(&bytes, at, sizeof(bytes));
        bytes ^= ones * ' ';
        uint64_t blanks = (bytes - ones) & ~bytes & (ones << 7);
        if (blanks)
            return at + __builtin_ctzll(blanks) / 8;
        at += 8;
    }
    while (at < end && *at != ' ')
        at++;
    return at;
}

/* The line comes without its line end. */
void words_split(struct words *words, const char *line, size_t len);

bool word_is(const struct word *word, const char *text);

/* Bytes from the start of the first word to the end of the last one that was split off. */
static inline size_t words_span(const struct words *words)
{
    unsigned count = words->count < LIMIT_WORDS ? words->count : LIMIT_WORDS;
    const struct word *last = &words->word[count - 1];

    return (size_t)(last->at + last->len - words->word[0].at);
}

/* The line at the start of the input: the bytes it takes with its end, 0 when there is no end yet.
 * *line_len is without LF and CR. */
size_t line_measure(const char *input, size_t len, size_t *line_len);
