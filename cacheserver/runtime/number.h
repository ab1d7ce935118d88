#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest decimal of 64 bits, without a NUL. */
#define NUMBER_MAX_DIGITS 20

/* Parse exactly len characters as decimal; false when anything else is there or it does not fit. */
bool number_parse_u64(const char *text, size_t len, uint64_t *value);
bool number_parse_u32(const char *text, size_t len, uint32_t *value);
/* A number as clients store it: blanks around it do not matter. */
bool number_parse_stored(const char *text, size_t len, uint64_t *value);
/* An optional '-' is allowed. */
bool number_parse_i64(const char *text, size_t len, int64_t *value);

/* Decimal digits into out (NUMBER_MAX_DIGITS bytes, no NUL); returns how many. */
size_t number_format(uint64_t value, char *out);
