/*
 * What is counted of a prefix is the sum of what its threads counted and of what was counted for
 * all of them together: of the first prefixes each thread has a block of its own, which it alone
 * writes; the many that come after them are each used too seldom to be worth one per thread.
 */
#include <stdlib.h>
#include <string.h>

#include "cacheserver/store/internal.h"

static _Atomic(struct prefix_tally *) *tally_slot(struct store_thread *thread,
                                                  const struct prefix *prefix)
{
    return prefix->id < PREFIX_LOCAL_MAX ? &thread->tallies->of[prefix->id] : NULL;
}

/* NULL: the thread has none of its own and counts in the shared one. */
static struct prefix_tally *own_tally(struct store_thread *thread, const struct prefix *prefix)
{
    _Atomic(struct prefix_tally *) *slot = tally_slot(thread, prefix);

    if (!slot)
        return NULL;
    struct prefix_tally *tally = atomic_load_explicit(slot, memory_order_relaxed);
    if (!tally) {
        tally = calloc(1, sizeof(*tally));
        atomic_store_explicit(slot, tally, memory_order_release);
    }
    return tally;
}

void prefix_tallies_free(struct prefix_tallies *tallies)
{
    for (unsigned id = 0; id < PREFIX_LOCAL_MAX; id++) {
        struct prefix_tally *tally = atomic_load_explicit(&tallies->of[id], memory_order_relaxed);
        if (tally)
            free(atomic_load_explicit(&tally->ops, memory_order_relaxed));
        free(tally);
    }
    free(tallies);
}

static void add_alone(_Atomic int64_t *to, int64_t n)
{
    atomic_store_explicit(to, atomic_load_explicit(to, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

void prefix_add(struct store_thread *thread, struct prefix *prefix, enum item_type type,
                int64_t items, int64_t bytes)
{
    struct prefix_tally *tally = own_tally(thread, prefix);

    if (tally) {
        add_alone(&tally->items[type], items);
        add_alone(&tally->bytes[type], bytes);
        return;
    }
    atomic_fetch_add_explicit(&prefix->shared.items[type], items, memory_order_relaxed);
    atomic_fetch_add_explicit(&prefix->shared.bytes[type], bytes, memory_order_relaxed);
}

static void add_usage(struct prefix_usage *usage, const struct prefix_tally *tally)
{
    for (unsigned type = 0; type < ITEM_TYPES; type++) {
        usage->items[type] += atomic_load_explicit(&tally->items[type], memory_order_relaxed);
        usage->bytes[type] += atomic_load_explicit(&tally->bytes[type], memory_order_relaxed);
    }
}

void prefix_sum(struct store *store, struct prefix *prefix, struct prefix_usage *usage)
{
    memset(usage, 0, sizeof(*usage));
    add_usage(usage, &prefix->shared);
    for (struct store_thread *thread = store_threads(store);
         thread && prefix->id < PREFIX_LOCAL_MAX; thread = thread->next) {
        struct prefix_tally *tally =
            atomic_load_explicit(tally_slot(thread, prefix), memory_order_acquire);
        if (tally)
            add_usage(usage, tally);
    }
    for (unsigned type = 0; type < ITEM_TYPES; type++) {
        usage->all_items += usage->items[type];
        usage->all_bytes += usage->bytes[type];
    }
}

uint32_t prefix_count(struct store *store)
{
    struct prefixes *prefixes = &store->prefixes;
    uint32_t ids = atomic_load_explicit(&prefixes->id_count, memory_order_acquire), count = 0;
    struct prefix_usage usage;

    for (uint32_t id = 0; id < ids; id++) {
        struct prefix *prefix = prefix_at(prefixes, id);
        if (!prefix)
            continue;
        prefix_sum(store, prefix, &usage);
        count += usage.all_items > 0;
    }
    return count;
}

bool prefix_is_internal(const char *name, size_t len)
{
    return len == 5 && !memcmp(name, "arcus", 5);
}

/* --- operations --- */

/* The counters of this slot, made at the first use; NULL: no memory. */
static struct prefix_ops *ops_of(struct prefix_tally *tally)
{
    struct prefix_ops *ops = atomic_load_explicit(&tally->ops, memory_order_acquire);

    if (ops)
        return ops;
    struct prefix_ops *fresh = calloc(1, sizeof(*fresh));
    if (fresh && !atomic_compare_exchange_strong_explicit(
                     &tally->ops, &ops, fresh, memory_order_acq_rel, memory_order_acquire)) {
        free(fresh);
        return ops;
    }
    return fresh;
}

static void count_op(struct store_thread *thread, struct prefix *prefix, enum prefix_op op)
{
    struct prefix_tally *tally = own_tally(thread, prefix);
    struct prefix_ops *ops = ops_of(tally ? tally : &prefix->shared);

    if (!ops)
        return;
    if (tally)
        atomic_store_explicit(&ops->n[op],
                              atomic_load_explicit(&ops->n[op], memory_order_relaxed) + 1,
                              memory_order_relaxed);
    else
        atomic_fetch_add_explicit(&ops->n[op], 1, memory_order_relaxed);
}

/* false: there are too many already. */
static bool begin_counting(struct prefixes *prefixes, struct prefix *prefix)
{
    bool counting = true;

    lock_take(&prefixes->lock);
    if (!atomic_load_explicit(&prefix->counted, memory_order_relaxed)) {
        counting =
            atomic_load_explicit(&prefixes->counted, memory_order_relaxed) < PREFIX_COUNTED_MAX;
        if (counting) {
            atomic_store_explicit(&prefix->counted, true, memory_order_relaxed);
            atomic_fetch_add_explicit(&prefixes->counted, 1, memory_order_relaxed);
        }
    }
    lock_drop(&prefixes->lock);
    return counting;
}

bool prefix_count_op(struct store_thread *thread, const char *key, size_t key_len,
                     enum prefix_op op, bool hit)
{
    struct prefixes *prefixes = &thread->store->prefixes;
    size_t len = prefix_length(key, key_len, thread->store->prefix_delimiter);
    struct prefix *prefix = prefix_find(thread, key, len);

    if (!prefix) {
        if (!prefix_is_valid(key, len))
            return true;
        if (atomic_load_explicit(&prefixes->counted, memory_order_relaxed) >= PREFIX_COUNTED_MAX)
            return false;
    }
    prefix = prefix_get(thread, key, len);
    if (!prefix)
        return true;
    if (!atomic_load_explicit(&prefix->counted, memory_order_relaxed) &&
        !begin_counting(prefixes, prefix))
        return false;
    count_op(thread, prefix, op);
    if (hit)
        count_op(thread, prefix, op + 1);
    return true;
}

static void add_ops(uint64_t sums[PREFIX_OPS], const struct prefix_tally *tally)
{
    struct prefix_ops *ops = atomic_load_explicit(&tally->ops, memory_order_acquire);

    for (unsigned op = 0; ops && op < PREFIX_OPS; op++)
        sums[op] += atomic_load_explicit(&ops->n[op], memory_order_relaxed);
}

static void sum_raw(struct store *store, struct prefix *prefix, uint64_t sums[PREFIX_OPS])
{
    memset(sums, 0, PREFIX_OPS * sizeof(*sums));
    add_ops(sums, &prefix->shared);
    for (struct store_thread *thread = store_threads(store);
         thread && prefix->id < PREFIX_LOCAL_MAX; thread = thread->next) {
        struct prefix_tally *tally =
            atomic_load_explicit(tally_slot(thread, prefix), memory_order_acquire);
        if (tally)
            add_ops(sums, tally);
    }
}

void prefix_sum_ops(struct store *store, struct prefix *prefix, uint64_t ops[PREFIX_OPS])
{
    sum_raw(store, prefix, ops);
    lock_take(&store->prefixes.lock);
    for (unsigned op = 0; prefix->reset && op < PREFIX_OPS; op++)
        ops[op] -= atomic_load_explicit(&prefix->reset->n[op], memory_order_relaxed);
    lock_drop(&store->prefixes.lock);
}

bool prefix_reset_ops(struct store *store, struct prefix *prefix)
{
    struct prefixes *prefixes = &store->prefixes;
    uint64_t sums[PREFIX_OPS];

    sum_raw(store, prefix, sums);
    lock_take(&prefixes->lock);
    bool counted = atomic_load_explicit(&prefix->counted, memory_order_relaxed);
    if (counted && !prefix->reset)
        prefix->reset = calloc(1, sizeof(*prefix->reset));
    for (unsigned op = 0; counted && prefix->reset && op < PREFIX_OPS; op++)
        atomic_store_explicit(&prefix->reset->n[op], sums[op], memory_order_relaxed);
    if (counted) {
        atomic_store_explicit(&prefix->counted, false, memory_order_relaxed);
        atomic_fetch_sub_explicit(&prefixes->counted, 1, memory_order_relaxed);
    }
    lock_drop(&prefixes->lock);
    return counted;
}
