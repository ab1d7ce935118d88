#pragma once
#include "cacheserver/store/store.h"

/* Shared by the files of the store only. */

static inline void count_add(struct store_thread *thread, enum store_count which, int64_t n)
{
    _Atomic int64_t *count = &thread->counts[which];
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

/* Expired or flushed. The bucket's lock is held. */
static inline bool item_is_dead(const struct store_thread *thread, const struct item *item)
{
    return (item->exptime != CLOCK_NEVER && item->exptime <= thread->now) ||
           item_cas(item) < atomic_load_explicit(&thread->store->flush_floor, memory_order_acquire);
}

/* Takes the item out of its locked bucket and releases it. */
void store_unlink(struct store_thread *thread, struct bucket *bucket, uint64_t *slot);

uint64_t store_random(struct store_thread *thread);
