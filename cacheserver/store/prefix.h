#pragma once
#include <stdbool.h>
#include <stddef.h>

/* The prefix of a key is what stands before the first delimiter that is not its first character;
 * len 0: it has none. */
#define PREFIX_MAX 250

size_t prefix_length(const char *key, size_t key_len, char delimiter);

/* Letters, digits and _ - + . only, and no - at the start. A key without a prefix is fine. */
bool prefix_is_valid(const char *name, size_t len);
