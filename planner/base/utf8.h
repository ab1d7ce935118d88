#pragma once

#include "planner/base/arena.h"

#include <stdbool.h>
#include <stddef.h>

/* The length in bytes (1 to 4) of the character that starts at text, its number in *code; 0 when
 * the bytes are no UTF-8: cut off, overlong, a surrogate, above U+10FFFF. left: bytes there. */
size_t utf8_decode(const char *text, size_t left, unsigned *code);

/* Columns that a terminal gives to a character: 0, 1 or 2. */
int utf8_width(unsigned code);

/* Characters in length bytes; a byte that is no UTF-8 counts as one. */
size_t utf8_count(const char *text, size_t length);

bool utf8_is_valid(const char *text, size_t length);

/* Text from outside made fit for a terminal and for JSON: text itself when it is UTF-8 without
 * control characters, otherwise a copy with '?' for each byte that is not. */
const char *utf8_clean(struct arena *arena, const char *text);

/* Columns that a terminal gives to the text, whatever the locale; a bad byte takes one. */
int utf8_columns(const char *text);
