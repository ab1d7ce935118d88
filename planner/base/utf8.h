#pragma once

#include <stddef.h>

/* The length in bytes (1 to 4) of the character that starts at text, its number in *code; 0 when
 * the bytes are no UTF-8: cut off, overlong, a surrogate, above U+10FFFF. left: bytes there. */
size_t utf8_decode(const char *text, size_t left, unsigned *code);

/* Characters in length bytes; a byte that is no UTF-8 counts as one. */
size_t utf8_count(const char *text, size_t length);
