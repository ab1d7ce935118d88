/*
 * flush_prefix raises the prefix's floor of cas uniques, as flush_all raises the store's. Looking
 * a prefix up for every item met would cost all requests something for ever, so that is only done
 * while `flushing`: until the maintenance thread has looked through the whole table once more and
 * dropped what is dead.
 *
 * Prefixes without items are forgotten in three steps, each after all threads have begun another
 * batch. Marked as retiring, a prefix is still found, and whoever links an item makes it live
 * again. One that is still retiring when everybody must have seen the mark, and has no items, can
 * get none any more unless it is found again, so it is taken out of the index; freed when nobody
 * can be holding it.
 */
#include <string.h>

#include "cacheserver/store/internal.h"
#include "cacheserver/store/maintenance.h"

static bool has_items(struct store *store, struct prefix *prefix)
{
    struct prefix_usage usage;

    prefix_sum(store, prefix, &usage);
    return usage.all_items > 0;
}

static void raise_floor(struct store *store, uint64_t floor)
{
    uint64_t old = atomic_load_explicit(&store->prefix_floor, memory_order_relaxed);

    while (old < floor &&
           !atomic_compare_exchange_weak_explicit(&store->prefix_floor, &old, floor,
                                                  memory_order_release, memory_order_relaxed))
        continue;
}

/* The lock is held. */
static void flush_below(struct store *store, struct prefix *prefix, uint64_t floor)
{
    raise_floor(store, floor);
    atomic_store_explicit(&prefix->floor, floor, memory_order_release);
    atomic_store_explicit(&prefix->flush_due, CLOCK_NEVER, memory_order_relaxed);
    store->prefixes.flushes++;
    atomic_store_explicit(&store->prefixes.flushing, true, memory_order_release);
}

/* The lock is held. */
static uint64_t flush_now(struct store *store, struct prefix *prefix)
{
    uint64_t floor = atomic_fetch_add_explicit(&store->cas_taken, 1, memory_order_acq_rel) + 1;

    flush_below(store, prefix, floor);
    return floor;
}

void prefix_flush_below(struct store *store, struct prefix *prefix, uint64_t floor)
{
    lock_take(&store->prefixes.lock);
    flush_below(store, prefix, floor);
    lock_drop(&store->prefixes.lock);
    maintenance_wake(store);
}

static void note_due(struct prefixes *prefixes, struct prefix *prefix, clock_seconds due)
{
    clock_seconds next = atomic_load_explicit(&prefixes->next_due, memory_order_relaxed);

    atomic_store_explicit(&prefix->flush_due, due, memory_order_relaxed);
    if (next == CLOCK_NEVER || due < next)
        atomic_store_explicit(&prefixes->next_due, due, memory_order_relaxed);
}

bool prefix_flush(struct store_thread *thread, struct prefix *prefix, clock_seconds due)
{
    struct store *store = thread->store;
    uint64_t floor = 0;

    /* Having no prefix is something that all keys may do at any time. */
    if (prefix != store->prefixes.null && !has_items(store, prefix))
        return false;
    lock_take(&store->prefixes.lock);
    if (due == CLOCK_NEVER)
        floor = flush_now(store, prefix);
    else
        note_due(&store->prefixes, prefix, due);
    lock_drop(&store->prefixes.lock);
    if (floor)
        journal_flush_prefix(thread, prefix->name, prefix->len, floor);
    else
        journal_flush_prefix_due(thread, prefix->name, prefix->len, due);
    maintenance_wake(store);
    return true;
}

static struct prefix *next_due(struct prefixes *prefixes, clock_seconds now, clock_seconds *next)
{
    uint32_t ids = atomic_load_explicit(&prefixes->id_count, memory_order_acquire);

    *next = CLOCK_NEVER;
    for (uint32_t id = 0; id < ids; id++) {
        struct prefix *prefix = prefix_at(prefixes, id);
        clock_seconds due =
            prefix ? atomic_load_explicit(&prefix->flush_due, memory_order_relaxed) : CLOCK_NEVER;
        if (due != CLOCK_NEVER && due <= now)
            return prefix;
        if (due != CLOCK_NEVER && (*next == CLOCK_NEVER || due < *next))
            *next = due;
    }
    return NULL;
}

void prefix_flush_due(struct store_thread *thread)
{
    struct prefixes *prefixes = &thread->store->prefixes;
    clock_seconds due = atomic_load_explicit(&prefixes->next_due, memory_order_relaxed), next;

    if (due == CLOCK_NEVER || due > thread->now)
        return;
    /* Set before looking: a flush that comes meanwhile sets it to an earlier time again. */
    atomic_store_explicit(&prefixes->next_due, CLOCK_NEVER, memory_order_relaxed);
    for (;;) {
        struct prefix *prefix = next_due(prefixes, thread->now, &next);
        if (!prefix)
            break;
        lock_take(&prefixes->lock);
        uint64_t floor = flush_now(thread->store, prefix);
        lock_drop(&prefixes->lock);
        journal_flush_prefix(thread, prefix->name, prefix->len, floor);
    }
    if (next == CLOCK_NEVER)
        return;
    lock_take(&prefixes->lock);
    clock_seconds other = atomic_load_explicit(&prefixes->next_due, memory_order_relaxed);
    if (other == CLOCK_NEVER || next < other)
        atomic_store_explicit(&prefixes->next_due, next, memory_order_relaxed);
    lock_drop(&prefixes->lock);
}

bool prefix_is_flushed(struct store_thread *thread, const struct item *item)
{
    struct prefix *prefix = prefix_of(thread, item_key((struct item *)item), item_key_len(item));
    return prefix && item_cas(item) < atomic_load_explicit(&prefix->floor, memory_order_acquire);
}

/* --- forgetting --- */

static bool retire(struct store *store)
{
    struct prefixes *prefixes = &store->prefixes;
    uint32_t ids = atomic_load_explicit(&prefixes->id_count, memory_order_acquire);
    bool any = false;

    for (uint32_t id = 1; id < ids; id++) {
        struct prefix *prefix = prefix_at(prefixes, id);
        if (!prefix || atomic_load_explicit(&prefix->counted, memory_order_relaxed) ||
            has_items(store, prefix))
            continue;
        atomic_store_explicit(&prefix->state, PREFIX_RETIRING, memory_order_release);
        any = true;
    }
    return any;
}

static void bury(struct store *store)
{
    struct prefixes *prefixes = &store->prefixes;
    uint32_t ids = atomic_load_explicit(&prefixes->id_count, memory_order_acquire);

    for (uint32_t id = 1; id < ids; id++) {
        struct prefix *prefix = prefix_at(prefixes, id);
        if (prefix &&
            atomic_load_explicit(&prefix->state, memory_order_acquire) == PREFIX_RETIRING &&
            !has_items(store, prefix))
            prefix_bury(store, prefix);
    }
}

bool prefix_sweep_step(struct store_thread *thread, struct prefix_sweep *sweep)
{
    struct store *store = thread->store;

    prefixes_free_old_indexes(store);
    if (sweep->stage != SWEEP_IDLE && !store_epoch_passed(store, sweep->epoch))
        return true;
    switch (sweep->stage) {
    case SWEEP_IDLE:
        if (!retire(store))
            return false;
        sweep->stage = SWEEP_RETIRING;
        break;
    case SWEEP_RETIRING:
        bury(store);
        sweep->stage = SWEEP_DEAD;
        break;
    case SWEEP_DEAD:
        prefixes_free_retired(store);
        sweep->stage = SWEEP_IDLE;
        return false;
    }
    sweep->epoch = store_epoch_advance(store);
    return true;
}
