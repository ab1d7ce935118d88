/*
 * Linear hashing. With N buckets and 2^L <= N < 2^(L+1), a hash belongs to bucket (hash mod
 * 2^(L+1)) when that is below N, else to (hash mod 2^L). Growing by one bucket moves part of
 * bucket N - 2^L to bucket N: that one bucket is locked, N is raised while it is, and whoever
 * waited for the lock with an old N sees after taking it that the hash belongs elsewhere now and
 * starts again. Buckets lie in segments that never move; a segment is reserved as a whole and the
 * system backs it part by part shortly before growth reaches it.
 *
 * The lock is a spin lock that yields the processor when it does not get on: it is held for about
 * a hundred nanoseconds, and there are so many that two threads rarely meet.
 */
#include "cacheserver/store/table.h"

#include <assert.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#define LOCKED             ((uintptr_t)1)
#define SPINS_BEFORE_YIELD 64
#define ACCOUNTED_BUCKETS  1024
#define HUGE_PAGE_BYTES    ((size_t)2 << 20)
/* So many buckets get memory at once, so many before growth reaches them. */
#define READY_BUCKETS 4096

/* Grow when there are more than 11 items to 2 buckets. */
#define ITEMS_PER_2_BUCKETS 11

static size_t segment_of(uint64_t index, uint64_t *offset)
{
    if (index < TABLE_FIRST_SEGMENT) {
        *offset = index;
        return 0;
    }
    unsigned top = 63 - (unsigned)__builtin_clzll(index);
    *offset = index - (1ull << top);
    return top - (unsigned)__builtin_ctzll(TABLE_FIRST_SEGMENT) + 1;
}

static size_t segment_bytes(size_t segment)
{
    uint64_t buckets =
        segment ? (uint64_t)TABLE_FIRST_SEGMENT << (segment - 1) : (uint64_t)TABLE_FIRST_SEGMENT;
    return buckets * sizeof(struct bucket);
}

static struct bucket *map_segment(size_t segment)
{
    void *at = mmap(NULL, segment_bytes(segment), PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        return NULL;
    if (segment_bytes(segment) >= HUGE_PAGE_BYTES)
        madvise(at, segment_bytes(segment), MADV_HUGEPAGE);
    return at;
}

int table_init(struct table *table, struct memory *memory)
{
    memset(table, 0, sizeof(*table));
    if (getrandom(&table->seed, sizeof(table->seed), 0) != sizeof(table->seed))
        return -1;
    struct bucket *first = map_segment(0);
    if (!first)
        return -1;
    atomic_init(&table->segments[0], first);
    atomic_init(&table->bucket_count, TABLE_FIRST_SEGMENT);
    table->memory = memory;
    lock_init(&table->split_lock, LOCK_RANK_SPLIT);
    memory_note_extra(memory, segment_bytes(0));
    return 0;
}

void table_deinit(struct table *table)
{
    for (size_t i = 0; i < TABLE_SEGMENTS; i++) {
        struct bucket *segment = atomic_load_explicit(&table->segments[i], memory_order_relaxed);
        if (segment)
            munmap(segment, segment_bytes(i));
    }
    lock_deinit(&table->split_lock);
}

static struct bucket *bucket_at(struct table *table, uint64_t index)
{
    uint64_t offset;
    size_t segment = segment_of(index, &offset);
    return atomic_load_explicit(&table->segments[segment], memory_order_acquire) + offset;
}

uint64_t table_index(uint64_t hash, uint64_t bucket_count)
{
    uint64_t half = 1ull << (63 - (unsigned)__builtin_clzll(bucket_count));
    uint64_t index = hash & (2 * half - 1);
    return index < bucket_count ? index : index & (half - 1);
}

static void bucket_lock(struct bucket *bucket)
{
    unsigned spins = 0;

    lock_rank_check(LOCK_RANK_BUCKET);
    while (atomic_fetch_or_explicit(&bucket->meta, LOCKED, memory_order_acquire) & LOCKED) {
        while (atomic_load_explicit(&bucket->meta, memory_order_relaxed) & LOCKED) {
            if (++spins % SPINS_BEFORE_YIELD == 0)
                sched_yield();
        }
    }
    lock_rank_enter(LOCK_RANK_BUCKET);
}

void bucket_unlock(struct bucket *bucket)
{
    uintptr_t meta = atomic_load_explicit(&bucket->meta, memory_order_relaxed);

    lock_rank_leave(LOCK_RANK_BUCKET);
    atomic_store_explicit(&bucket->meta, meta & ~LOCKED, memory_order_release);
}

struct bucket *table_lock(struct table *table, uint64_t hash)
{
    uint64_t count = atomic_load_explicit(&table->bucket_count, memory_order_acquire);

    for (;;) {
        uint64_t index = table_index(hash, count);
        struct bucket *bucket = bucket_at(table, index);
        bucket_lock(bucket);
        uint64_t now = atomic_load_explicit(&table->bucket_count, memory_order_acquire);
        if (now == count || table_index(hash, now) == index)
            return bucket;
        bucket_unlock(bucket);
        count = now;
    }
}

struct bucket *table_lock_index(struct table *table, uint64_t index)
{
    struct bucket *bucket = bucket_at(table, index);
    bucket_lock(bucket);
    return bucket;
}

struct bucket *bucket_next(const struct bucket *bucket)
{
    return (struct bucket *)(atomic_load_explicit(&bucket->meta, memory_order_relaxed) & ~LOCKED);
}

static void set_next(struct bucket *bucket, struct bucket *next)
{
    uintptr_t lock_bit = atomic_load_explicit(&bucket->meta, memory_order_relaxed) & LOCKED;
    atomic_store_explicit(&bucket->meta, (uintptr_t)next | lock_bit, memory_order_relaxed);
}

static uint64_t tag_of(uint64_t hash)
{
    return hash & ~((1ull << 48) - 1);
}

static struct bucket *bucket_of(struct table *table, uint64_t hash)
{
    uint64_t count = atomic_load_explicit(&table->bucket_count, memory_order_acquire);
    return bucket_at(table, table_index(hash, count));
}

void table_hint_bucket(struct table *table, uint64_t hash)
{
    __builtin_prefetch(bucket_of(table, hash), 1);
}

__attribute__((no_sanitize("thread"))) const char *table_hint_item(struct table *table,
                                                                   uint64_t hash)
{
    const struct bucket *bucket = bucket_of(table, hash);
    uint64_t tag = tag_of(hash);

    for (unsigned i = 0; i < TABLE_SLOTS; i++) {
        uint64_t slot = *(const volatile uint64_t *)&bucket->slots[i];
        if (slot && tag_of(slot) == tag)
            return (const char *)slot_item(slot);
    }
    return NULL;
}

/* Bit i: slot i has the hash's tag. Without branches, for where a key lies cannot be predicted. */
static unsigned slots_like(const struct bucket *bucket, uint64_t hash)
{
    uint64_t tag = hash >> 48;
    unsigned matches = 0;

    for (unsigned i = 0; i < TABLE_SLOTS; i++)
        matches |= (unsigned)(bucket->slots[i] >> 48 == tag) << i;
    return matches;
}

uint64_t *bucket_find(struct bucket *bucket, uint64_t hash, const char *key, size_t key_len)
{
    for (; bucket; bucket = bucket_next(bucket)) {
        for (unsigned matches = slots_like(bucket, hash); matches; matches &= matches - 1) {
            unsigned i = (unsigned)__builtin_ctz(matches);
            struct item *item = slot_item(bucket->slots[i]);
            if (item && item_key_len(item) == key_len && !memcmp(item_key(item), key, key_len))
                return &bucket->slots[i];
        }
    }
    return NULL;
}

void slot_replace(uint64_t *slot, struct item *item)
{
    *slot = tag_of(*slot) | (uintptr_t)item;
}

int bucket_insert(struct table *table, struct memory_cache *cache, struct bucket *bucket,
                  uint64_t hash, struct item *item)
{
    uint64_t slot = tag_of(hash) | (uintptr_t)item;

    for (;;) {
        for (unsigned i = 0; i < TABLE_SLOTS; i++) {
            if (!bucket->slots[i]) {
                bucket->slots[i] = slot;
                return 0;
            }
        }
        struct bucket *next = bucket_next(bucket);
        if (!next) {
            next = memory_alloc_beyond_limit(table->memory, cache, sizeof(*next));
            if (!next)
                return -1;
            memset(next, 0, sizeof(*next));
            set_next(bucket, next);
        }
        bucket = next;
    }
}

/* Closes gaps, so that chained buckets are never empty, and frees those that would be. */
static void compact(struct table *table, struct memory_cache *cache, struct bucket *bucket)
{
    struct bucket *to = bucket;
    unsigned at = 0;

    for (struct bucket *from = bucket; from; from = bucket_next(from)) {
        for (unsigned i = 0; i < TABLE_SLOTS; i++) {
            uint64_t slot = from->slots[i];
            if (!slot)
                continue;
            if (at == TABLE_SLOTS) {
                to = bucket_next(to);
                at = 0;
            }
            from->slots[i] = 0;
            to->slots[at++] = slot;
        }
    }
    struct bucket *surplus = bucket_next(to);
    set_next(to, NULL);
    while (surplus) {
        struct bucket *next = bucket_next(surplus);
        memory_free(table->memory, cache, surplus);
        surplus = next;
    }
}

void bucket_remove(struct table *table, struct memory_cache *cache, struct bucket *bucket,
                   uint64_t *slot)
{
    *slot = 0;
    if (bucket_next(bucket))
        compact(table, cache, bucket);
}

/* false: no memory. */
static bool has_segment(struct table *table, size_t segment)
{
    struct bucket *none = NULL;

    if (segment >= TABLE_SEGMENTS)
        return false;
    if (atomic_load_explicit(&table->segments[segment], memory_order_relaxed))
        return true;
    struct bucket *fresh = map_segment(segment);
    if (fresh && !atomic_compare_exchange_strong(&table->segments[segment], &none, fresh))
        munmap(fresh, segment_bytes(segment));
    return fresh;
}

static bool reserve_bucket(struct table *table, uint64_t index)
{
    uint64_t offset;

    if (!has_segment(table, segment_of(index, &offset)))
        return false;
    if (index % ACCOUNTED_BUCKETS == 0)
        memory_note_extra(table->memory, ACCOUNTED_BUCKETS * sizeof(struct bucket));
    return true;
}

/* False: no memory for a chained bucket; what was not moved is still where it was. */
static bool move_items(struct table *table, struct memory_cache *cache, struct bucket *old,
                       struct bucket *fresh, uint64_t fresh_index)
{
    for (struct bucket *from = old; from; from = bucket_next(from)) {
        for (unsigned i = 0; i < TABLE_SLOTS; i++) {
            struct item *item = slot_item(from->slots[i]);
            if (!item)
                continue;
            uint64_t hash = hash_key(&table->seed, item_key(item), item_key_len(item));
            if (table_index(hash, fresh_index + 1) != fresh_index)
                continue;
            if (bucket_insert(table, cache, fresh, hash, item))
                return false;
            from->slots[i] = 0;
        }
    }
    return true;
}

/* Into the gaps that they left, which needs no memory. */
static void move_back(struct table *table, struct memory_cache *cache, struct bucket *old,
                      struct bucket *fresh)
{
    for (struct bucket *from = fresh; from; from = bucket_next(from)) {
        for (unsigned i = 0; i < TABLE_SLOTS; i++) {
            struct item *item = slot_item(from->slots[i]);
            if (!item)
                continue;
            int failed = bucket_insert(table, cache, old, from->slots[i], item);
            assert(!failed);
            (void)failed;
            from->slots[i] = 0;
        }
    }
    compact(table, cache, fresh);
}

/* No lock is held: the first touch of memory may take the system milliseconds. */
static void make_ready(struct table *table, uint64_t index)
{
    uint64_t offset, ahead = index + READY_BUCKETS;

    if (index % READY_BUCKETS == 0 && has_segment(table, segment_of(ahead, &offset)))
        memory_populate(bucket_at(table, ahead), READY_BUCKETS * sizeof(struct bucket));
}

/* Adds bucket number `bucket_count`; false: no memory. The split lock is held. */
static bool split_one(struct table *table, struct memory_cache *cache)
{
    uint64_t count = atomic_load_explicit(&table->bucket_count, memory_order_relaxed);
    uint64_t half = 1ull << (63 - (unsigned)__builtin_clzll(count));

    if (!reserve_bucket(table, count))
        return false;
    struct bucket *fresh = bucket_at(table, count);
    struct bucket *old = table_lock_index(table, count - half);
    bool moved = move_items(table, cache, old, fresh, count);
    if (!moved)
        move_back(table, cache, old, fresh);
    if (bucket_next(old))
        compact(table, cache, old);
    if (moved)
        atomic_store_explicit(&table->bucket_count, count + 1, memory_order_release);
    bucket_unlock(old);
    return moved;
}

void table_add_items(struct table *table, struct memory_cache *cache, int64_t items)
{
    int64_t count =
        atomic_fetch_add_explicit(&table->item_count, items, memory_order_relaxed) + items;

    for (;;) {
        uint64_t buckets = atomic_load_explicit(&table->bucket_count, memory_order_relaxed);
        if (count * 2 <= (int64_t)buckets * ITEMS_PER_2_BUCKETS)
            return;
        make_ready(table, buckets);
        if (lock_try(&table->split_lock))
            return;
        bool grown = split_one(table, cache);
        lock_drop(&table->split_lock);
        if (!grown)
            return;
    }
}
