#pragma once

#include <stddef.h>
#include <stdint.h>

/* The ketama ring as Arcus clients and servers build it (libketama's scheme): for each node
 * "IP:PORT" the 40 MD5 digests of "IP:PORT-n", n = 0 … 39, give four little-endian points each.
 * A key belongs to the first point at or above the first four bytes (little endian) of its MD5. */
struct ring_point {
    uint32_t point;
    uint32_t node; /* index into the names given */
};

struct ring {
    struct ring_point *points; /* sorted by point, then by node name; heap */
    size_t count;
};

enum { RING_POINTS_PER_NODE = 160 };

/* 0, or -1: out of memory, or libcrypto has no MD5. No names give an empty ring. */
int ring_init(struct ring *ring, const char *const *names, size_t count);
void ring_deinit(struct ring *ring);
/* The owner's index; the ring must not be empty. */
uint32_t ring_owner(const struct ring *ring, const void *key, size_t length);
/* The fraction of the 2^32 key points whose owner has another name in the two rings, 0 … 1. When
 * just one of the rings is empty all keys move. */
double ring_moved(const struct ring *before, const char *const *before_names,
                  const struct ring *after, const char *const *after_names);
/* Each node's share of the key points, into shares[0 … node count). */
void ring_shares(const struct ring *ring, double *shares, size_t count);
