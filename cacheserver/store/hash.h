#pragma once
#include <stddef.h>
#include <stdint.h>

/* A keyed 64-bit hash of a key, all of whose bits are usable. The seed is drawn at start, so that
 * a client cannot choose keys that fall into one bucket. */
struct hash_seed {
    uint64_t a, b;
};

uint64_t hash_key(const struct hash_seed *seed, const void *key, size_t len);
