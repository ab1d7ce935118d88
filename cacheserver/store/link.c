/*
 * Every operation locks the one bucket of its key. An item is filled before it is linked and, once
 * linked, changes only under that lock; whatever changes the value of a key-value item links a new
 * item in place of the old one.
 */
#include <assert.h>
#include <string.h>

#include "cacheserver/store/collection.h"
#include "cacheserver/store/evict.h"
#include "cacheserver/store/internal.h"
#include "cacheserver/store/maintenance.h"

#define CAS_RANGE                1024
#define ITEMS_UNREPORTED_MAX     64
#define CHANGES_PER_MEMORY_CHECK 64

/* Freeing a node takes some tens of nanoseconds, and so does a chunk. */
#define FREED_AT_ONCE_BYTES  65536
#define FREED_AT_ONCE_CHUNKS 256
#define NODES_PER_SLICE      4096

uint64_t store_next_cas(struct store_thread *thread)
{
    struct store *store = thread->store;

    if (thread->cas_next == thread->cas_end ||
        thread->cas_next < atomic_load_explicit(&store->flush_floor, memory_order_acquire) ||
        thread->cas_next < atomic_load_explicit(&store->prefix_floor, memory_order_acquire)) {
        thread->cas_next =
            atomic_fetch_add_explicit(&store->cas_taken, CAS_RANGE, memory_order_acq_rel);
        thread->cas_end = thread->cas_next + CAS_RANGE;
    }
    return thread->cas_next++;
}

uint64_t store_next_cas_after(struct store_thread *thread, uint64_t cas)
{
    if (thread->cas_next <= cas)
        thread->cas_next = thread->cas_end;
    return store_next_cas(thread);
}

void store_settle(struct store_thread *thread)
{
    int64_t items = thread->items_unreported;

    if (items >= ITEMS_UNREPORTED_MAX || items <= -ITEMS_UNREPORTED_MAX) {
        thread->items_unreported = 0;
        table_add_items(&thread->store->table, &thread->cache, items);
    }
    memory_ready(&thread->store->memory);
    if (++thread->changes % CHANGES_PER_MEMORY_CHECK == 0) {
        memory_cache_trim(&thread->store->memory, &thread->cache);
        evict_to_limit(thread);
    }
    store_free_dropped(thread);
}

void store_free_chunks(struct store_thread *thread, struct item_chunk *chunk)
{
    while (chunk) {
        struct item_chunk *next = chunk->next;
        memory_free(&thread->store->memory, &thread->cache, chunk);
        chunk = next;
    }
}

/* Branches of collections are put aside, too, as if they were items. */
static bool is_branch(const struct item *item)
{
    return item_key_len(item) == 0;
}

bool store_free_item_slice(struct store_thread *thread, struct item *item)
{
    struct tree_room room = {.memory = &thread->store->memory, .cache = &thread->cache};

    if (is_branch(item))
        return !tree_free_branch((struct tree_inner *)(void *)item, &room, NODES_PER_SLICE);
    if (item_type(item) != ITEM_KV &&
        tree_free_some(&item_collection(item)->tree, &room, NODES_PER_SLICE))
        return false;
    if (item_in_chunks(item))
        store_free_chunks(thread, item_first_chunk(item));
    memory_free_sized(&thread->store->memory, &thread->cache, item, item_object_bytes(item));
    return true;
}

void store_free_item(struct store_thread *thread, struct item *item)
{
    while (!store_free_item_slice(thread, item))
        continue;
}

void store_free_dropped(struct store_thread *thread)
{
    while (thread->dropped) {
        struct item *item = thread->dropped;
        memcpy(&thread->dropped, &item->exptime, sizeof(thread->dropped));
        bool small = is_branch(item) && !tree_branch_is_large((struct tree_inner *)(void *)item);
        if (small || !maintenance_drop(thread->store, item))
            store_free_item(thread, item);
    }
}

/* Whether freeing it takes long. */
static bool is_large(struct item *item)
{
    if (item_type(item) == ITEM_KV)
        return item_value_len(item) > FREED_AT_ONCE_CHUNKS * ITEM_CHUNK_DATA;
    return item_collection(item)->tree.bytes > FREED_AT_ONCE_BYTES;
}

/* The words between header and key are free in an item that has left the table. */
static void put_aside(struct store_thread *thread, struct item *item)
{
    memcpy(&item->exptime, &thread->dropped, sizeof(thread->dropped));
    thread->dropped = item;
}

void store_put_aside(struct store_thread *thread, struct tree_room *room)
{
    struct tree_inner *branch;

    while ((branch = tree_take_branch(room)))
        put_aside(thread, (struct item *)(void *)branch);
}

void store_discard(struct store_thread *thread, struct item *item)
{
    store_free_item(thread, item);
}

void store_pin(struct item *item)
{
    assert(item_has_pins(item));
    atomic_fetch_add_explicit(item_pins(item), 1, memory_order_relaxed);
}

/* true: it was the last one. */
static bool drop_pin(struct item *item)
{
    return atomic_fetch_sub_explicit(item_pins(item), 1, memory_order_acq_rel) == 1;
}

/* Frees an item that nobody knows any more, if need be later. */
static void free_or_put_aside(struct store_thread *thread, struct item *item)
{
    if (is_large(item))
        put_aside(thread, item);
    else
        store_free_item(thread, item);
}

void store_unpin(struct store_thread *thread, struct item *item)
{
    if (!drop_pin(item))
        return;
    free_or_put_aside(thread, item);
    store_free_dropped(thread);
}

/* An item leaves the table: counts, and the table's own pin on it. */
static void store_release(struct store_thread *thread, struct item *item, struct prefix *prefix)
{
    int64_t bytes = (int64_t)item_total_bytes(item);
    unsigned class = item_size_class(&thread->store->sizes, item);

    prefix_add(thread, prefix, item_type(item), -1, -bytes);
    count_add(thread, class, STORE_ITEMS, -1);
    count_add(thread, class, STORE_BYTES, -bytes);
    if (item->exptime == CLOCK_STICKY) {
        count_add(thread, class, STORE_STICKY_ITEMS, -1);
        atomic_fetch_sub_explicit(&thread->store->sticky_bytes, bytes, memory_order_relaxed);
    }
    if (!item_has_pins(item) || drop_pin(item))
        free_or_put_aside(thread, item);
}

/* An item is about to enter the table. */
static void store_welcome(struct store_thread *thread, struct item *item, struct prefix *prefix,
                          uint64_t cas)
{
    int64_t bytes = (int64_t)item_total_bytes(item);
    unsigned class = item_size_class(&thread->store->sizes, item);

    prefix_add(thread, prefix, item_type(item), 1, bytes);
    item->atime = (thread->now_ms & ~ITEM_STATES) | (item->atime & (ITEM_WON | ITEM_STALE));
    item_set_cas(item, cas);
    count_add(thread, class, STORE_ITEMS, 1);
    count_add(thread, class, STORE_TOTAL_ITEMS, 1);
    count_add(thread, class, STORE_BYTES, bytes);
    if (item->exptime == CLOCK_STICKY) {
        count_add(thread, class, STORE_STICKY_ITEMS, 1);
        atomic_fetch_add_explicit(&thread->store->sticky_bytes, bytes, memory_order_relaxed);
    }
}

void store_count_growth(struct store_thread *thread, struct item *item, int64_t bytes)
{
    prefix_add(thread, prefix_of(thread, item_key(item), item_key_len(item)), item_type(item), 0,
               bytes);
    count_add(thread, item_size_class(&thread->store->sizes, item), STORE_BYTES, bytes);
    if (item->exptime == CLOCK_STICKY)
        atomic_fetch_add_explicit(&thread->store->sticky_bytes, bytes, memory_order_relaxed);
}

static void take_out(struct store_thread *thread, struct bucket *bucket, uint64_t *slot)
{
    struct item *item = slot_item(*slot);
    struct prefix *prefix = prefix_of(thread, item_key(item), item_key_len(item));

    assert(prefix);
    bucket_remove(&thread->store->table, &thread->cache, bucket, slot);
    thread->items_unreported--;
    store_release(thread, item, prefix);
}

void store_unlink(struct store_thread *thread, struct bucket *bucket, uint64_t *slot)
{
    journal_unlink(thread, slot_item(*slot), true);
    take_out(thread, bucket, slot);
}

static void note_eviction(struct store_thread *thread, unsigned class, const struct item *item)
{
    int32_t idle_ms = (int32_t)(thread->now_ms - item_atime_ms(item));

    atomic_store_explicit(&thread->evicted_idle_s[class],
                          idle_ms > 0 ? (uint32_t)idle_ms / 1000 : 0, memory_order_relaxed);
    if (item->exptime != CLOCK_NEVER)
        count_add(thread, class, STORE_EVICTED_NONZERO, 1);
}

void store_drop(struct store_thread *thread, struct bucket *bucket, uint64_t *slot,
                enum store_count why)
{
    struct item *item = slot_item(*slot);
    unsigned class = item_size_class(&thread->store->sizes, item);

    if (why == STORE_EVICTIONS)
        note_eviction(thread, class, item);
    if (!item_is_flushed(thread, item))
        journal_unlink(thread, item, false);
    take_out(thread, bucket, slot);
    count_add(thread, class, why, 1);
}

struct place place_lock(struct store_thread *thread, const char *key, size_t key_len)
{
    struct table *table = &thread->store->table;
    struct place place = {.hash = hash_key(&table->seed, key, key_len)};

    place.bucket = table_lock(table, place.hash);
    place.slot = bucket_find(place.bucket, place.hash, key, key_len);
    if (place.slot && item_is_dead(thread, slot_item(*place.slot))) {
        store_drop(thread, place.bucket, place.slot, STORE_RECLAIMED);
        place.slot = NULL;
    }
    return place;
}

enum store_result store_visit_key(struct store_thread *thread, const char *key, size_t key_len,
                                  store_visit *visit, void *argument)
{
    struct place place = place_lock(thread, key, key_len);
    struct item *item = place_item(&place);

    if (item) {
        item_use(item, thread->now_ms);
        visit(item, argument);
    }
    bucket_unlock(place.bucket);
    store_free_dropped(thread);
    return item ? STORE_OK : STORE_NOT_FOUND;
}

enum store_result place_link(struct store_thread *thread, struct place *place, struct item *item)
{
    enum store_result result = place_link_as(thread, place, item, store_next_cas(thread));

    if (result == STORE_OK)
        journal_link(thread, item);
    return result;
}

enum store_result place_link_as(struct store_thread *thread, struct place *place, struct item *item,
                                uint64_t cas)
{
    const char *key = item_key(item);
    size_t prefix_len = prefix_length(key, item_key_len(item), thread->store->prefix_delimiter);
    struct prefix *prefix = prefix_get(thread, key, prefix_len);

    if (!prefix) {
        store_free_item(thread, item);
        return STORE_NO_MEMORY;
    }
    store_welcome(thread, item, prefix, cas);
    if (place->slot) {
        struct item *old = slot_item(*place->slot);
        slot_replace(place->slot, item);
        store_release(thread, old, prefix);
        return STORE_OK;
    }
    if (!bucket_insert(&thread->store->table, &thread->cache, place->bucket, place->hash, item)) {
        thread->items_unreported++;
        return STORE_OK;
    }
    store_release(thread, item, prefix);
    return STORE_NO_MEMORY;
}
