#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Element flags: 0 to 31 bytes beside a b+tree element's value, by which queries filter, and which
 * can be changed in part.
 */
#define EFLAG_MAX_BYTES  31
#define EFLAG_MAX_VALUES 100 /* of an IN or NOT IN list */

struct eflag {
    uint8_t len; /* 0: none */
    unsigned char bytes[EFLAG_MAX_BYTES];
};

enum eflag_bit_op { EFLAG_BITS_NONE, EFLAG_BITS_AND, EFLAG_BITS_OR, EFLAG_BITS_XOR };
enum eflag_compare { EFLAG_EQ, EFLAG_NE, EFLAG_LT, EFLAG_LE, EFLAG_GT, EFLAG_GE };

/* What an element's flag must be: the `len` bytes from `offset`, after a bit operation with
 * `bits`, compared with the value, or with each of several. */
struct eflag_filter {
    uint8_t offset;
    uint8_t len;
    uint8_t bit_op;  /* enum eflag_bit_op */
    uint8_t compare; /* enum eflag_compare; EFLAG_EQ and EFLAG_NE with more than one value */
    uint8_t count;
    unsigned char bits[EFLAG_MAX_BYTES];
    unsigned char values[EFLAG_MAX_VALUES * EFLAG_MAX_BYTES]; /* `len` bytes each */
};

/* How to change a flag: EFLAG_BITS_NONE replaces it by `value`, which may be empty; else the bit
 * operation is done with the part from `offset` as long as `value`. */
struct eflag_update {
    uint8_t bit_op;
    uint8_t offset;
    struct eflag value;
};

/* 0x and hexadecimal digits. */
bool eflag_parse(struct eflag *eflag, const char *text, size_t len);
/* EFLAG_BITS_NONE when it is none of & | ^. */
enum eflag_bit_op eflag_parse_bit_op(const char *text, size_t len);
/* EQ NE LT LE GT GE; false when it is none. */
bool eflag_parse_compare(enum eflag_compare *compare, const char *text, size_t len);
/* The value of a filter whose other fields are set, with bits_len bytes of bits; a list when it
 * compares with EQ or NE. */
bool eflag_filter_parse_values(struct eflag_filter *filter, size_t bits_len, const char *text,
                               size_t len);

/* An element without these bytes matches only EFLAG_NE. */
bool eflag_filter_matches(const struct eflag_filter *filter, const unsigned char *bytes,
                          size_t len);
/* False: the old flag does not have these bytes. */
bool eflag_update_apply(const struct eflag_update *update, const unsigned char *old, size_t old_len,
                        struct eflag *result);
