#pragma once
#include <stddef.h>

#include "cacheserver/store/hint.h"

struct look {
    unsigned count;
    struct store_hint hints[STORE_HINT_KEYS];
};

/* Guesses the keys of the next requests in the input. `within_keys`: it begins among the keys of a
 * get. Returns how many bytes it looked at; go on from there. look->count is 0 at first. */
size_t look_guess(struct look *look, const char *input, size_t len, bool within_keys);

/* The same, and hints the store at what it guessed. */
size_t lookahead(struct store_thread *store, const char *input, size_t len, bool within_keys);

/* The same for keys with blanks between them and nothing else. */
size_t lookahead_keys(struct store_thread *store, const char *keys, size_t len);
