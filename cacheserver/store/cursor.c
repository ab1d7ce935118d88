/*
 * A hash belongs to the bucket that its low bits say, so with the bits reversed the items of one
 * bucket are neighbours, and splitting a bucket cuts its range in two. A position that was at the
 * start of a bucket is therefore still at the start of one after any growth.
 *
 * Passing only some items of a bucket needs them in order. Few share a bucket, so they are sorted
 * by insertion; of more than fit, those that come first are kept and the next call goes on after
 * them.
 */
#include "cacheserver/store/cursor.h"

#include <string.h>

#include "cacheserver/store/internal.h"

#define SORTED_MAX 64

static uint64_t reversed(uint64_t bits)
{
    bits = (bits >> 1 & 0x5555555555555555u) | (bits & 0x5555555555555555u) << 1;
    bits = (bits >> 2 & 0x3333333333333333u) | (bits & 0x3333333333333333u) << 2;
    bits = (bits >> 4 & 0x0f0f0f0f0f0f0f0fu) | (bits & 0x0f0f0f0f0f0f0f0fu) << 4;
    return __builtin_bswap64(bits);
}

/* The position after the locked bucket at this one; 0: it was the last. */
static uint64_t next_bucket(struct table *table, uint64_t position)
{
    uint64_t count = atomic_load_explicit(&table->bucket_count, memory_order_acquire);
    uint64_t index = table_index(reversed(position), count);
    unsigned level = 63 - (unsigned)__builtin_clzll(count);
    uint64_t half = 1ull << level;
    unsigned depth = index >= half || index + half < count ? level + 1 : level;

    return ((position >> (64 - depth)) + 1) << (64 - depth);
}

/* NULL: there are fewer. */
static uint64_t *slot_at(struct bucket *bucket, unsigned n)
{
    for (; bucket && n >= TABLE_SLOTS; n -= TABLE_SLOTS)
        bucket = bucket_next(bucket);
    return bucket ? &bucket->slots[n] : NULL;
}

uint64_t cursor_pass_bucket(struct store_thread *thread, uint64_t position, cursor_visit *visit,
                            void *argument)
{
    struct table *table = &thread->store->table;
    struct bucket *bucket = table_lock(table, reversed(position));
    uint64_t *slot;

    for (unsigned n = 0; (slot = slot_at(bucket, n));) {
        struct item *item = slot_item(*slot);
        bool was_chained = bucket_next(bucket);
        bool drop = item && visit(thread, item, argument);
        if (drop)
            store_drop(thread, bucket, slot, STORE_RECLAIMED);
        /* In a chain the items behind it have moved up by one. */
        if (!drop || !was_chained)
            n++;
    }
    uint64_t next = next_bucket(table, position);
    bucket_unlock(bucket);
    store_settle(thread);
    return next;
}

static bool is_dead(struct store_thread *thread, struct item *item, void *argument)
{
    (void)argument;
    return item_is_dead(thread, item);
}

uint64_t cursor_drop_dead(struct store_thread *thread, uint64_t position)
{
    return cursor_pass_bucket(thread, position, is_dead, NULL);
}

struct sorted {
    unsigned count;
    bool left_out;
    struct {
        uint64_t at;
        struct item *item;
    } of[SORTED_MAX];
};

static void sort_in(struct sorted *sorted, uint64_t at, struct item *item)
{
    unsigned i;

    if (sorted->count == SORTED_MAX) {
        sorted->left_out = true;
        if (at > sorted->of[SORTED_MAX - 1].at)
            return;
        sorted->count--;
    }
    for (i = sorted->count++; i > 0 && sorted->of[i - 1].at > at; i--)
        sorted->of[i] = sorted->of[i - 1];
    sorted->of[i].at = at;
    sorted->of[i].item = item;
}

static void sort_bucket(struct store_thread *thread, struct bucket *bucket, uint64_t position,
                        struct sorted *sorted)
{
    const struct hash_seed *seed = &thread->store->table.seed;

    for (; bucket; bucket = bucket_next(bucket)) {
        for (unsigned i = 0; i < TABLE_SLOTS; i++) {
            struct item *item = slot_item(bucket->slots[i]);
            if (!item || item_is_dead(thread, item))
                continue;
            uint64_t at = reversed(hash_key(seed, item_key(item), item_key_len(item)));
            if (at >= position)
                sort_in(sorted, at, item);
        }
    }
}

uint64_t cursor_pass_items(struct store_thread *thread, uint64_t position, unsigned most,
                           store_visit *visit, void *argument, unsigned *count)
{
    struct table *table = &thread->store->table;
    struct bucket *bucket = table_lock(table, reversed(position));
    struct sorted sorted = {.count = 0};
    unsigned n = 0;

    sort_bucket(thread, bucket, position, &sorted);
    for (; n < sorted.count && n < most; n++)
        visit(sorted.of[n].item, argument);
    uint64_t next = n < sorted.count  ? sorted.of[n].at
                    : sorted.left_out ? sorted.of[n - 1].at + 1
                                      : next_bucket(table, position);
    bucket_unlock(bucket);
    *count = n;
    return next;
}
