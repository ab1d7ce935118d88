/* Items keep their cas uniques, because those are what flushes are compared with. */
#include "cacheserver/store/restore.h"

#include "cacheserver/store/internal.h"

enum store_result restore_item(struct store_thread *thread, struct item *item, uint64_t cas)
{
    struct place place = place_lock(thread, item_key(item), item_key_len(item));
    enum store_result result = STORE_OK;

    if (cas < atomic_load_explicit(&thread->store->flush_floor, memory_order_relaxed)) {
        if (place.slot)
            store_unlink(thread, place.bucket, place.slot);
        store_discard(thread, item);
    } else {
        result = place_link_as(thread, &place, item, cas);
    }
    bucket_unlock(place.bucket);
    store_settle(thread);
    return result;
}

static void raise_to(_Atomic uint64_t *value, uint64_t least)
{
    uint64_t old = atomic_load_explicit(value, memory_order_relaxed);

    while (old < least && !atomic_compare_exchange_weak_explicit(
                              value, &old, least, memory_order_release, memory_order_relaxed))
        continue;
}

void restore_flush(struct store *store, uint64_t floor)
{
    raise_to(&store->flush_floor, floor);
}

void restore_flush_prefix(struct store_thread *thread, const char *prefix, size_t len,
                          uint64_t floor)
{
    struct prefix *found = prefix_find(thread, prefix, len);

    if (found)
        prefix_flush_below(thread->store, found, floor);
}

void restore_flush_prefix_due(struct store_thread *thread, const char *prefix, size_t len,
                              clock_seconds due)
{
    struct prefix *found = prefix_find(thread, prefix, len);

    if (found)
        prefix_flush(thread, found, due);
}

void restore_flush_due(struct store *store, clock_seconds due)
{
    atomic_store_explicit(&store->flush_due, due, memory_order_relaxed);
}

void restore_cas(struct store *store, uint64_t least)
{
    raise_to(&store->cas_taken, least);
}
