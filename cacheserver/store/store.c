/*
 * The store as a whole: its threads, limits and totals. How items get into the table and out of it
 * is in link.c, what commands do with key-value items in kv.c.
 *
 * Cas uniques order items by age, which flush_all uses: it raises the floor below which items are
 * dead. Threads take them in ranges, and a thread whose range lies below the floor takes another
 * one, so no counter is shared on the way of every store.
 */
#include "cacheserver/store/store.h"

#include <stdlib.h>
#include <string.h>

#include "cacheserver/store/internal.h"

static void init_collection_limits(struct store *store, const struct store_config *config)
{
    for (unsigned type = ITEM_LIST; type < ITEM_TYPES; type++) {
        uint32_t most = config->max_counts[type];
        atomic_init(&store->max_counts[type], most ? most : STORE_ELEMENTS_MAX_DEFAULT);
    }
    atomic_init(&store->element_bytes_max, config->element_bytes_max ? config->element_bytes_max
                                                                     : STORE_ELEMENT_BYTES_DEFAULT);
}

struct store *store_new(const struct store_config *config)
{
    struct store *store = aligned_alloc(_Alignof(struct store), sizeof(*store));

    if (!store)
        return NULL;
    memset(store, 0, sizeof(*store));
    memory_init(&store->memory, config->memory_limit_bytes);
    if (table_init(&store->table, &store->memory)) {
        memory_deinit(&store->memory);
        free(store);
        return NULL;
    }
    if (prefixes_init(&store->prefixes, &store->memory, &store->table.seed)) {
        table_deinit(&store->table);
        memory_deinit(&store->memory);
        free(store);
        return NULL;
    }
    memory_ready(&store->memory);
    lock_init(&store->threads_lock, LOCK_RANK_STORE);
    atomic_init(&store->sticky_limit_bytes, config->sticky_limit_bytes);
    store->item_size_max_bytes = config->item_size_max_bytes;
    store->forced_prefix = config->forced_prefix;
    store->forced_prefix_len = config->forced_prefix_len;
    store->forced_overflow = config->forced_overflow;
    init_collection_limits(store, config);
    size_classes_init(&store->sizes,
                      config->chunk_bytes ? config->chunk_bytes : SIZE_CLASS_CHUNK_BYTES,
                      config->growth_factor > 1 ? config->growth_factor : SIZE_CLASS_FACTOR,
                      config->item_size_max_bytes);
    /* What an empty store takes does not count against the limit. */
    memory_note_extra(&store->memory, -memory_used(&store->memory));
    store->feigned_bytes = config->feigned_bytes;
    memory_note_extra(&store->memory, config->feigned_bytes);
    store->evict = config->evict;
    store->prefix_delimiter = config->prefix_delimiter;
    atomic_init(&store->cas_taken, 1);
    atomic_init(&store->scrub_count,
                config->scrub_count ? config->scrub_count : STORE_SCRUB_COUNT_DEFAULT);
    return store;
}

void store_free(struct store *store)
{
    struct store_thread *thread = store_threads(store);

    while (thread) {
        struct store_thread *next = thread->next;
        prefix_tallies_free(thread->tallies);
        free(thread);
        thread = next;
    }
    lock_deinit(&store->threads_lock);
    prefixes_deinit(&store->prefixes);
    table_deinit(&store->table);
    memory_deinit(&store->memory);
    free(store);
}

struct store_thread *store_attach(struct store *store)
{
    struct store_thread *thread = aligned_alloc(_Alignof(struct store_thread), sizeof(*thread));

    if (!thread)
        return NULL;
    memset(thread, 0, sizeof(*thread));
    thread->tallies = calloc(1, sizeof(*thread->tallies));
    if (!thread->tallies) {
        free(thread);
        return NULL;
    }
    thread->store = store;
    thread->random = store->table.seed.a ^ (uintptr_t)thread;
    store_thread_tick(thread);
    lock_take(&store->threads_lock);
    thread->next = store_threads(store);
    atomic_store_explicit(&store->threads, thread, memory_order_release);
    lock_drop(&store->threads_lock);
    return thread;
}

void store_detach(struct store_thread *thread)
{
    memory_cache_flush(&thread->store->memory, &thread->cache);
    store_thread_rest(thread);
}

/* A thread that rests has seen every epoch. */
#define EPOCH_RESTING UINT64_MAX

void store_thread_rest(struct store_thread *thread)
{
    thread->last_prefix = NULL;
    atomic_store_explicit(&thread->epoch, EPOCH_RESTING, memory_order_release);
}

uint64_t store_epoch_advance(struct store *store)
{
    return atomic_fetch_add_explicit(&store->epoch, 1, memory_order_seq_cst) + 1;
}

bool store_epoch_passed(struct store *store, uint64_t epoch)
{
    for (struct store_thread *thread = store_threads(store); thread; thread = thread->next)
        if (atomic_load_explicit(&thread->epoch, memory_order_seq_cst) < epoch)
            return false;
    return true;
}

uint64_t store_random(struct store_thread *thread)
{
    thread->random += 0x9e3779b97f4a7c15u;
    uint64_t x = thread->random;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static void flush_now(struct store_thread *thread)
{
    struct store *store = thread->store;
    uint64_t floor = atomic_fetch_add_explicit(&store->cas_taken, 1, memory_order_acq_rel) + 1;
    uint64_t old = atomic_load_explicit(&store->flush_floor, memory_order_relaxed);

    while (old < floor &&
           !atomic_compare_exchange_weak_explicit(&store->flush_floor, &old, floor,
                                                  memory_order_release, memory_order_relaxed))
        continue;
    if (store->journal)
        store->journal->flush(store->journal, thread, floor);
}

void store_flush(struct store_thread *thread, clock_seconds delay)
{
    struct store *store = thread->store;

    if (delay == 0) {
        flush_now(thread);
        return;
    }
    atomic_store_explicit(&store->flush_due, thread->now + delay, memory_order_relaxed);
    if (store->journal)
        store->journal->flush_due(store->journal, thread, thread->now + delay);
}

enum store_result store_flush_prefix(struct store_thread *thread, const char *prefix, size_t len,
                                     clock_seconds delay)
{
    struct prefix *found = prefix_find(thread, prefix, len);
    clock_seconds due = delay ? thread->now + delay : CLOCK_NEVER;

    return found && prefix_flush(thread, found, due) ? STORE_OK : STORE_NOT_FOUND;
}

void store_thread_tick(struct store_thread *thread)
{
    struct store *store = thread->store;
    clock_seconds due = atomic_load_explicit(&store->flush_due, memory_order_relaxed);

    /* In one total order with store_epoch_advance: whoever saw this thread rest is right that it
     * looks at nothing older. */
    atomic_store_explicit(&thread->epoch, atomic_load_explicit(&store->epoch, memory_order_acquire),
                          memory_order_seq_cst);
    thread->last_prefix = NULL;
    thread->now = clock_now();
    thread->now_ms = (uint32_t)clock_coarse_ms();
    if (due != CLOCK_NEVER && due <= thread->now &&
        atomic_compare_exchange_strong_explicit(&store->flush_due, &due, CLOCK_NEVER,
                                                memory_order_relaxed, memory_order_relaxed)) {
        flush_now(thread);
        if (store->journal)
            store->journal->flush_due(store->journal, thread, CLOCK_NEVER);
    }
}

bool store_set_memory_limit(struct store *store, size_t bytes)
{
    if (bytes < atomic_load_explicit(&store->sticky_limit_bytes, memory_order_relaxed))
        return false;
    atomic_store_explicit(&store->memory.limit_bytes, bytes, memory_order_relaxed);
    return true;
}

bool store_set_sticky_limit(struct store *store, size_t bytes)
{
    if (bytes > atomic_load_explicit(&store->memory.limit_bytes, memory_order_relaxed) ||
        (int64_t)bytes < atomic_load_explicit(&store->sticky_bytes, memory_order_relaxed))
        return false;
    atomic_store_explicit(&store->sticky_limit_bytes, bytes, memory_order_relaxed);
    return true;
}

static void sum_counts(struct store *store, unsigned class, int64_t counts[STORE_COUNTS])
{
    memset(counts, 0, STORE_COUNTS * sizeof(*counts));
    for (struct store_thread *thread = store_threads(store); thread; thread = thread->next)
        for (unsigned i = 0; i < STORE_COUNTS; i++)
            counts[i] += atomic_load_explicit(&thread->counts[class][i], memory_order_relaxed);
}

void store_class_stats(struct store *store, unsigned class, struct store_class_totals *totals)
{
    sum_counts(store, class, totals->counts);
    for (unsigned i = 0; i < STORE_COUNTS; i++)
        totals->counts[i] -= atomic_load_explicit(&store->baseline[class][i], memory_order_relaxed);
    totals->evicted_idle_s = 0;
    for (struct store_thread *thread = store_threads(store); thread; thread = thread->next) {
        uint32_t idle = atomic_load_explicit(&thread->evicted_idle_s[class], memory_order_relaxed);
        if (idle > totals->evicted_idle_s)
            totals->evicted_idle_s = idle;
    }
}

uint64_t store_objects_in_use(struct store *store, unsigned memory_class)
{
    int64_t count =
        atomic_load_explicit(&store->memory.classes[memory_class].taken, memory_order_relaxed);

    for (struct store_thread *thread = store_threads(store); thread; thread = thread->next)
        count -= memory_cached(&thread->cache, memory_class);
    return count > 0 ? (uint64_t)count : 0;
}

void store_stats(struct store *store, struct store_totals *totals)
{
    memset(totals, 0, sizeof(*totals));
    for (unsigned class = 0; class < store->sizes.count; class ++) {
        struct store_class_totals of_class;
        store_class_stats(store, class, &of_class);
        for (unsigned i = 0; i < STORE_COUNTS; i++)
            totals->counts[i] += of_class.counts[i];
    }
    totals->memory_used_bytes = memory_used(&store->memory);
    totals->memory_limit_bytes =
        atomic_load_explicit(&store->memory.limit_bytes, memory_order_relaxed);
    totals->sticky_bytes = atomic_load_explicit(&store->sticky_bytes, memory_order_relaxed);
    totals->sticky_limit_bytes =
        atomic_load_explicit(&store->sticky_limit_bytes, memory_order_relaxed);
    totals->buckets = atomic_load_explicit(&store->table.bucket_count, memory_order_relaxed);
}

void store_stats_reset(struct store *store)
{
    static const enum store_count growing[] = {STORE_TOTAL_ITEMS, STORE_EVICTIONS, STORE_RECLAIMED,
                                               STORE_OUT_OF_MEMORY, STORE_EVICTED_NONZERO};
    int64_t counts[STORE_COUNTS];
    uint32_t ids = atomic_load_explicit(&store->prefixes.id_count, memory_order_acquire);

    for (unsigned class = 0; class < store->sizes.count; class ++) {
        sum_counts(store, class, counts);
        for (size_t i = 0; i < sizeof(growing) / sizeof(*growing); i++)
            atomic_store_explicit(&store->baseline[class][growing[i]], counts[growing[i]],
                                  memory_order_relaxed);
    }
    for (uint32_t id = 0; id < ids; id++) {
        struct prefix *prefix = prefix_at(&store->prefixes, id);
        if (prefix && atomic_load_explicit(&prefix->counted, memory_order_relaxed))
            prefix_reset_ops(store, prefix);
    }
}
