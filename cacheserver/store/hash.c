/*
 * Sixteen bytes a step, each step one 64x64 -> 128 bit multiplication folded in half. The tail is
 * read as two overlapping words, so that every length is served without a loop over bytes.
 */
#include "cacheserver/store/hash.h"

#include <string.h>

#define ODD_1 0xd6e8feb86659fd93u
#define ODD_2 0xa0761c4f2b9e3d57u
#define ODD_3 0x9fb21c651e98df25u

static uint64_t fold(uint64_t x, uint64_t y)
{
    unsigned __int128 product = (unsigned __int128)x * y;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t word_at(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

static uint64_t half_word_at(const char *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof(word));
    return word;
}

uint64_t hash_key(const struct hash_seed *seed, const void *key, size_t len)
{
    const char *at = key;
    size_t left = len;
    uint64_t state = seed->a ^ (len * ODD_1);
    uint64_t x = 0, y = 0;

    while (left > 16) {
        state = fold(word_at(at) ^ state, word_at(at + 8) ^ seed->b);
        at += 16;
        left -= 16;
    }
    if (left >= 8) {
        x = word_at(at);
        y = word_at(at + left - 8);
    } else if (left >= 4) {
        x = half_word_at(at);
        y = half_word_at(at + left - 4);
    } else if (left > 0) {
        x = (uint64_t)(unsigned char)at[0] << 16 | (uint64_t)(unsigned char)at[left / 2] << 8 |
            (unsigned char)at[left - 1];
    }
    state = fold(x ^ state ^ ODD_2, y ^ seed->b ^ ODD_1);
    return fold(state ^ seed->a, ODD_3 ^ len);
}
