#pragma once

/* A place in a source text. line and column count from 1; line 0 means that there is no place.
 * file lives as long as the run's arena. */
struct srcloc {
    const char *file;
    int line;
    int column;
};

#define SRCLOC_NONE ((struct srcloc){0})

/* Order by file, then line, then column; a missing place comes first. */
int srcloc_compare(const struct srcloc *a, const struct srcloc *b);
