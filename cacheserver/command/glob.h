#pragma once
#include <stdbool.h>
#include <stddef.h>

/* Patterns of scan: `*` is any number of characters, `?` one, and a backslash makes the `*`, `?` or
 * backslash after it stand for itself. */
#define GLOB_PATTERN_MAX 64
#define GLOB_STARS_MAX   4

bool glob_is_valid(const char *pattern, size_t len);
/* The pattern is valid. Takes at most about len * text_len steps. */
bool glob_matches(const char *pattern, size_t len, const char *text, size_t text_len);
