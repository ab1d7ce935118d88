#pragma once
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "cacheserver/store/hash.h"
#include "cacheserver/store/item.h"

/*
 * The hash table: cache-line buckets of seven items, each with a lock in its own line, grown one
 * bucket at a time. Taking a bucket's lock therefore touches no line that the lookup would not
 * touch anyway, no lock is shared by all requests, and growth never stops anybody for longer than
 * it takes to move seven items.
 */
#define TABLE_SLOTS         7
#define TABLE_SEGMENTS      40
#define TABLE_FIRST_SEGMENT 1024 /* buckets; each further segment doubles the table */

struct bucket {
    _Alignas(64) _Atomic uintptr_t meta; /* bit 0: locked; the rest leads to the next bucket */
    uint64_t slots[TABLE_SLOTS];         /* 16 bits of the hash, 48 of the item's address; 0 none */
};

struct table {
    struct hash_seed seed;
    struct memory *memory;
    _Atomic uint64_t bucket_count;
    _Atomic(struct bucket *) segments[TABLE_SEGMENTS];
    _Alignas(64) _Atomic int64_t item_count; /* threads add their share now and then */
    struct lock split_lock;
};

/* -1: no memory (or no random seed) from the system. */
int table_init(struct table *table, struct memory *memory);
void table_deinit(struct table *table);

/* The number of a hash's bucket when there are so many. */
uint64_t table_index(uint64_t hash, uint64_t bucket_count);
/* The bucket of a hash, locked. */
struct bucket *table_lock(struct table *table, uint64_t hash);
/* A bucket by number, below bucket_count; locked. */
struct bucket *table_lock_index(struct table *table, uint64_t index);
void bucket_unlock(struct bucket *bucket);

static inline struct item *slot_item(uint64_t slot)
{
    return (struct item *)(uintptr_t)(slot & ((1ull << 48) - 1));
}

/* Without a lock: brings the bucket of a hash into the processor's cache; then guesses from it
 * where the item lies, NULL when there seems to be none. The address must not be read. */
void table_hint_bucket(struct table *table, uint64_t hash);
const char *table_hint_item(struct table *table, uint64_t hash);

/* Where in this locked bucket (or the ones chained to it) the key lies; NULL: nowhere. */
uint64_t *bucket_find(struct bucket *bucket, uint64_t hash, const char *key, size_t key_len);
/* Puts another item in a slot's place. */
void slot_replace(uint64_t *slot, struct item *item);
/* The cache gives memory for chained buckets; -1: there is none. */
int bucket_insert(struct table *table, struct memory_cache *cache, struct bucket *bucket,
                  uint64_t hash, struct item *item);
void bucket_remove(struct table *table, struct memory_cache *cache, struct bucket *bucket,
                   uint64_t *slot);

/* The bucket chained to this one, NULL none. For walking over all items of a locked bucket. */
struct bucket *bucket_next(const struct bucket *bucket);

/* Adds to the number of items and grows the table as far as that asks for. No lock may be held. */
void table_add_items(struct table *table, struct memory_cache *cache, int64_t items);
