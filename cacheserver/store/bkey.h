#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * The keys of b+tree elements: an unsigned number, or 1 to 31 bytes written in hexadecimal. Both
 * are kept as bytes: a number without leading zeros, high byte first. All functions that take two
 * keys want two of one kind.
 */
#define BKEY_MAX_BYTES 31
#define BKEY_MAX_TEXT  (2 + 2 * BKEY_MAX_BYTES)

enum bkey_kind { BKEY_NONE, BKEY_NUMBER, BKEY_HEX };

struct bkey {
    uint64_t order; /* grows with the key; a number is its order */
    uint8_t kind;
    uint8_t len;
    unsigned char bytes[BKEY_MAX_BYTES];
};

/* From `from` to `to`, both included, in that direction; `single` when it was written as one key.
 */
struct bkey_range {
    struct bkey from, to;
    bool single;
};

void bkey_set_number(struct bkey *bkey, uint64_t number);
/* From the bytes that bkey->bytes had. */
void bkey_set_bytes(struct bkey *bkey, enum bkey_kind kind, const unsigned char *bytes, size_t len);

/* Decimal digits, or 0x and pairs of hexadecimal ones; false when it is neither. */
bool bkey_parse(struct bkey *bkey, const char *text, size_t len);
/* A key, or two of one kind with two dots between them. */
bool bkey_range_parse(struct bkey_range *range, const char *text, size_t len);
/* As it is written on the wire; at most BKEY_MAX_TEXT bytes, no NUL. Returns the end. */
char *bkey_print(char *at, enum bkey_kind kind, const unsigned char *bytes, size_t len);
/* 0x and upper case digits. */
char *bkey_print_hex(char *at, const unsigned char *bytes, size_t len);
/* Pairs of hexadecimal digits to bytes: how many, 0 when they are wrong or more than most. */
size_t bkey_parse_hex(unsigned char *bytes, size_t most, const char *text, size_t len);

uint64_t bkey_order(enum bkey_kind kind, const unsigned char *bytes, size_t len);

/* <0, 0, >0. */
int bkey_compare(const struct bkey *a, const struct bkey *b);
int bkey_compare_bytes(const struct bkey *a, const unsigned char *bytes, size_t len);

/* Whether two keys, low <= high, are further apart than `most`. Hexadecimal ones are compared as
 * numbers of as many bytes as `most` has, filled up with zeros or cut at the end. */
bool bkey_span_exceeds(const struct bkey *low, const struct bkey *high, const struct bkey *most);
