#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Decodes `len` characters of base64, padded to a multiple of four, into at most `most` bytes.
 * false: it is not base64, or too long. */
bool base64_decode(const char *text, size_t len, char *bytes, size_t most, size_t *count);
