#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cacheserver/store/memory.h"

/*
 * An item: header, optional words, key, value. Small on purpose: 20 bytes before the key, 4 more
 * for flags that are not 0, 8 more for a cas unique that the client chose. Values that do not fit
 * one object lie in a chain of chunks.
 *
 * Small items are only looked at under the lock of their bucket. Values of ITEM_PIN_MIN bytes and
 * more can be pinned, which keeps them in memory after they left the table, so that a reply points
 * into them. What a pinned item shows without the lock (key, flags, value) never changes once it
 * is linked.
 */
enum item_type { ITEM_KV, ITEM_LIST, ITEM_SET, ITEM_MAP, ITEM_BTREE, ITEM_TYPES };

#define ITEM_KEY_MAX    16000
#define ITEM_OBJECT_MAX 16384 /* larger items are in chunks of this size */
#define ITEM_VALUE_MAX  ((128u << 20) - 1)
#define ITEM_PIN_MIN    1024

struct item {
    uint64_t word;    /* cas unique (48 bits), key length (14), has flags, has pins */
    uint32_t exptime; /* seconds of clock.h; under the bucket's lock */
    uint32_t atime;   /* ms of the last access, and in its low bits ITEM_FETCHED etc.; as exptime */
    uint32_t info; /* value length (27 bits), has unique (1), enum item_type (3), in chunks (1) */
    char rest[];   /* pins (4 bytes), flags (4), unique (8), key, value or first chunk */
};
#define ITEM_HEADER_BYTES offsetof(struct item, rest)

#define ITEM_CAS_MASK   ((1ull << 48) - 1)
#define ITEM_HAS_FLAGS  (1ull << 62)
#define ITEM_HAS_PINS   (1ull << 63)
#define ITEM_HAS_UNIQUE (1u << 27)
#define ITEM_IN_CHUNKS  (1u << 31)

/* What the low bits of atime say, which therefore counts in steps of 8 ms. */
#define ITEM_FETCHED 1u /* was used since it was linked */
#define ITEM_WON     2u /* a client was told that it should renew the value */
#define ITEM_STALE   4u /* the value is known to be out of date */
#define ITEM_STATES  7u

struct item_chunk {
    struct item_chunk *next;
    struct item *owner; /* so that emptying a page finds what to evict */
    char data[];
};
#define ITEM_CHUNK_DATA (ITEM_OBJECT_MAX - sizeof(struct item_chunk))

static inline uint64_t item_cas(const struct item *item)
{
    return item->word & ITEM_CAS_MASK;
}

static inline void item_set_cas(struct item *item, uint64_t cas)
{
    item->word = (item->word & ~ITEM_CAS_MASK) | (cas & ITEM_CAS_MASK);
}

static inline size_t item_key_len(const struct item *item)
{
    return (item->word >> 48) & 0x3fff;
}

static inline bool item_has_pins(const struct item *item)
{
    return item->word & ITEM_HAS_PINS;
}

static inline _Atomic uint32_t *item_pins(struct item *item)
{
    return (_Atomic uint32_t *)(void *)item->rest;
}

static inline char *item_key(struct item *item)
{
    return item->rest + (item->word >> 63) * 4 + ((item->word >> 62) & 1) * 4 +
           ((item->info >> 27) & 1) * 8;
}

static inline size_t item_value_len(const struct item *item)
{
    return item->info & ITEM_VALUE_MAX;
}

static inline uint32_t item_atime_ms(const struct item *item)
{
    return item->atime & ~ITEM_STATES;
}

/* Under the bucket's lock. */
static inline void item_use(struct item *item, uint32_t now_ms)
{
    uint32_t atime =
        (now_ms & ~ITEM_STATES) | ITEM_FETCHED | (item->atime & (ITEM_WON | ITEM_STALE));

    if (item->atime != atime)
        item->atime = atime;
}

static inline enum item_type item_type(const struct item *item)
{
    return (enum item_type)((item->info >> 28) & 7);
}

static inline void item_set_type(struct item *item, enum item_type type)
{
    item->info = (item->info & ~(7u << 28)) | (uint32_t)type << 28;
}

static inline bool item_in_chunks(const struct item *item)
{
    return item->info & ITEM_IN_CHUNKS;
}

/* The client's flags. */
uint32_t item_flags(const struct item *item);

/* The cas unique that clients see: the store's own (item_cas), or the one that a client chose. */
uint64_t item_unique(const struct item *item);
/* Only for an item with room for one (ITEM_HAS_UNIQUE). */
void item_set_unique(struct item *item, uint64_t unique);

/* Whether somebody beside the table has a pin. */
static inline bool item_is_pinned(struct item *item)
{
    return item_has_pins(item) && atomic_load_explicit(item_pins(item), memory_order_acquire) > 1;
}

/* The value of an item that is not in chunks. */
static inline char *item_value(struct item *item)
{
    return item_key(item) + item_key_len(item);
}

/* Bytes of the object that holds header, key and, unless in chunks, the value. */
size_t item_head_bytes(size_t key_len, size_t value_len, bool has_flags, bool *in_chunks);

/* The same of an item of key and value. */
size_t item_object_bytes(const struct item *item);

/* Everything the item takes, without rounding. */
size_t item_total_bytes(const struct item *item);

/* Walks over the value, to fill it or to read it. */
struct item_cursor {
    char *at;
    size_t here; /* contiguous bytes from `at` */
    size_t left; /* bytes of the value from `at` */
    struct item_chunk *chunk;
};
void item_cursor_start(struct item_cursor *cursor, struct item *item);
/* n <= cursor->here */
void item_cursor_advance(struct item_cursor *cursor, size_t n);
/* Copies n <= cursor->left bytes from or into the value. */
void item_cursor_write(struct item_cursor *cursor, const char *from, size_t n);

/* For the store: the first chunk of an item in chunks. */
struct item_chunk *item_first_chunk(struct item *item);
void item_set_first_chunk(struct item *item, struct item_chunk *chunk);
