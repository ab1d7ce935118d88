#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/* The line comes without its line end. */
void words_split(struct words *words, const char *line, size_t len);

bool word_is(const struct word *word, const char *text);

/* The line at the start of the input: the bytes it takes with its end, 0 when there is no end yet.
 * *line_len is without LF and CR. */
size_t line_measure(const char *input, size_t len, size_t *line_len);
