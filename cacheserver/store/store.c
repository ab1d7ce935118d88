/*
 * Every operation locks the one bucket of its key. An item is filled before it is linked and, once
 * linked, changes only in its header words under that lock; whatever changes a value links a new
 * item in place of the old one. Values that depend on the old one (append, incr) are computed
 * without the lock and linked only if the key still has the item they were computed from.
 *
 * Cas uniques order items by age, which flush_all uses: it raises the floor below which items are
 * dead. Threads take them in ranges, and a thread whose range lies below the floor takes another
 * one, so no counter is shared on the way of every store.
 */
#include "cacheserver/store/store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "cacheserver/runtime/number.h"
#include "cacheserver/store/evict.h"
#include "cacheserver/store/internal.h"

#define CAS_RANGE               1024
#define ITEMS_UNREPORTED_MAX    64
#define CHANGES_PER_LIMIT_CHECK 64

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
    lock_init(&store->threads_lock, LOCK_RANK_STORE);
    atomic_init(&store->sticky_limit_bytes, config->sticky_limit_bytes);
    store->item_size_max_bytes = config->item_size_max_bytes;
    store->evict = config->evict;
    store->prefix_delimiter = config->prefix_delimiter;
    atomic_init(&store->cas_taken, 1);
    return store;
}

void store_free(struct store *store)
{
    struct store_thread *thread = store->threads;

    while (thread) {
        struct store_thread *next = thread->next;
        free(thread);
        thread = next;
    }
    lock_deinit(&store->threads_lock);
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
    thread->store = store;
    thread->random = store->table.seed.a ^ (uintptr_t)thread;
    lock_take(&store->threads_lock);
    thread->next = store->threads;
    store->threads = thread;
    lock_drop(&store->threads_lock);
    store_thread_tick(thread);
    return thread;
}

void store_detach(struct store_thread *thread)
{
    memory_cache_flush(&thread->store->memory, &thread->cache);
}

uint64_t store_random(struct store_thread *thread)
{
    thread->random += 0x9e3779b97f4a7c15u;
    uint64_t x = thread->random;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static void flush_now(struct store *store)
{
    uint64_t floor = atomic_fetch_add_explicit(&store->cas_taken, 1, memory_order_acq_rel) + 1;
    uint64_t old = atomic_load_explicit(&store->flush_floor, memory_order_relaxed);

    while (old < floor &&
           !atomic_compare_exchange_weak_explicit(&store->flush_floor, &old, floor,
                                                  memory_order_release, memory_order_relaxed))
        continue;
}

void store_flush(struct store_thread *thread, clock_seconds delay)
{
    if (delay == 0)
        flush_now(thread->store);
    else
        atomic_store_explicit(&thread->store->flush_due, thread->now + delay, memory_order_relaxed);
}

void store_thread_tick(struct store_thread *thread)
{
    struct store *store = thread->store;
    clock_seconds due = atomic_load_explicit(&store->flush_due, memory_order_relaxed);

    thread->now = clock_now();
    thread->now_ms = (uint32_t)clock_coarse_ms();
    if (due != CLOCK_NEVER && due <= thread->now &&
        atomic_compare_exchange_strong_explicit(&store->flush_due, &due, CLOCK_NEVER,
                                                memory_order_relaxed, memory_order_relaxed))
        flush_now(store);
}

static uint64_t next_cas(struct store_thread *thread)
{
    struct store *store = thread->store;

    if (thread->cas_next == thread->cas_end ||
        thread->cas_next < atomic_load_explicit(&store->flush_floor, memory_order_acquire)) {
        thread->cas_next =
            atomic_fetch_add_explicit(&store->cas_taken, CAS_RANGE, memory_order_acq_rel);
        thread->cas_end = thread->cas_next + CAS_RANGE;
    }
    return thread->cas_next++;
}

/* After every change of the number of items, without a lock. */
static void settle(struct store_thread *thread)
{
    int64_t items = thread->items_unreported;

    if (items >= ITEMS_UNREPORTED_MAX || items <= -ITEMS_UNREPORTED_MAX) {
        thread->items_unreported = 0;
        table_add_items(&thread->store->table, &thread->cache, items);
    }
    if (++thread->changes % CHANGES_PER_LIMIT_CHECK == 0)
        evict_to_limit(thread);
}

/* --- items --- */

static void free_chunks(struct store_thread *thread, struct item_chunk *chunk)
{
    while (chunk) {
        struct item_chunk *next = chunk->next;
        memory_free(&thread->store->memory, &thread->cache, chunk);
        chunk = next;
    }
}

static void free_item(struct store_thread *thread, struct item *item)
{
    if (item_in_chunks(item))
        free_chunks(thread, item_first_chunk(item));
    memory_free(&thread->store->memory, &thread->cache, item);
}

/* Fills the chain from its end, so that each chunk can be linked as it comes. */
static bool add_chunks(struct store_thread *thread, struct item *item)
{
    size_t left = item_value_len(item);
    size_t piece = left % ITEM_CHUNK_DATA ? left % ITEM_CHUNK_DATA : ITEM_CHUNK_DATA;
    struct item_chunk *first = NULL;

    while (left > 0) {
        struct item_chunk *chunk = evict_alloc(thread, sizeof(*chunk) + piece);
        if (!chunk) {
            free_chunks(thread, first);
            return false;
        }
        chunk->next = first;
        chunk->owner = item;
        first = chunk;
        left -= piece;
        piece = ITEM_CHUNK_DATA;
    }
    item_set_first_chunk(item, first);
    return true;
}

static void init_item(struct item *item, const struct store_request *request, bool in_chunks)
{
    bool pins = request->value_len >= ITEM_PIN_MIN;
    char *at = item->rest;

    item->word = (uint64_t)request->key_len << 48 | (request->flags ? ITEM_HAS_FLAGS : 0) |
                 (pins ? ITEM_HAS_PINS : 0);
    item->exptime = request->exptime;
    item->info = (uint32_t)request->value_len | (in_chunks ? ITEM_IN_CHUNKS : 0);
    if (pins) {
        atomic_init(item_pins(item), 1);
        at += 4;
    }
    if (request->flags) {
        memcpy(at, &request->flags, 4);
        at += 4;
    }
    memcpy(at, request->key, request->key_len);
}

/* Sticky items that are dead but not reclaimed count until somebody looks. */
static bool sticky_fits(struct store_thread *thread, size_t bytes)
{
    struct store *store = thread->store;
    size_t limit = atomic_load_explicit(&store->sticky_limit_bytes, memory_order_relaxed);

    if (limit == 0)
        return false;
    for (bool looked = false;; looked = true) {
        size_t used = (size_t)atomic_load_explicit(&store->sticky_bytes, memory_order_relaxed);
        if (used + bytes <= limit)
            return true;
        if (looked)
            return false;
        evict_reclaim(thread);
    }
}

enum store_result store_prepare(struct store_thread *thread, const struct store_request *request,
                                struct item **item)
{
    struct store *store = thread->store;
    bool in_chunks;
    size_t prefix = prefix_length(request->key, request->key_len, store->prefix_delimiter);

    if (!prefix_is_valid(request->key, prefix))
        return STORE_BAD_PREFIX;
    size_t head = item_head_bytes(request->key_len, request->value_len, request->flags, &in_chunks);
    size_t total = in_chunks ? head + request->value_len : head;
    if (total > store->item_size_max_bytes || request->value_len > ITEM_VALUE_MAX)
        return STORE_TOO_LARGE;
    if (request->exptime == CLOCK_STICKY && !sticky_fits(thread, total))
        goto out_of_memory;
    *item = evict_alloc(thread, head);
    if (!*item)
        goto out_of_memory;
    init_item(*item, request, in_chunks);
    if (!in_chunks || add_chunks(thread, *item))
        return STORE_OK;
    memory_free(&store->memory, &thread->cache, *item);
out_of_memory:
    count_add(thread, STORE_OUT_OF_MEMORY, 1);
    return STORE_NO_MEMORY;
}

void store_discard(struct store_thread *thread, struct item *item)
{
    free_item(thread, item);
}

void store_pin(struct item *item)
{
    assert(item_has_pins(item));
    atomic_fetch_add_explicit(item_pins(item), 1, memory_order_relaxed);
}

void store_unpin(struct store_thread *thread, struct item *item)
{
    if (atomic_fetch_sub_explicit(item_pins(item), 1, memory_order_acq_rel) == 1)
        free_item(thread, item);
}

/* An item leaves the table: counts, and the table's own pin on it. */
static void release_item(struct store_thread *thread, struct item *item)
{
    int64_t bytes = (int64_t)item_total_bytes(item);

    count_add(thread, STORE_ITEMS, -1);
    count_add(thread, STORE_BYTES, -bytes);
    if (item->exptime == CLOCK_STICKY) {
        count_add(thread, STORE_STICKY_ITEMS, -1);
        atomic_fetch_sub_explicit(&thread->store->sticky_bytes, bytes, memory_order_relaxed);
    }
    if (item_has_pins(item))
        store_unpin(thread, item);
    else
        free_item(thread, item);
}

static void welcome_item(struct store_thread *thread, struct item *item)
{
    int64_t bytes = (int64_t)item_total_bytes(item);

    item->atime = thread->now_ms;
    item_set_cas(item, next_cas(thread));
    count_add(thread, STORE_ITEMS, 1);
    count_add(thread, STORE_TOTAL_ITEMS, 1);
    count_add(thread, STORE_BYTES, bytes);
    if (item->exptime == CLOCK_STICKY) {
        count_add(thread, STORE_STICKY_ITEMS, 1);
        atomic_fetch_add_explicit(&thread->store->sticky_bytes, bytes, memory_order_relaxed);
    }
}

void store_unlink(struct store_thread *thread, struct bucket *bucket, uint64_t *slot)
{
    struct item *item = slot_item(*slot);

    bucket_remove(&thread->store->table, &thread->cache, bucket, slot);
    thread->items_unreported--;
    release_item(thread, item);
}

/* --- keys --- */

struct place {
    uint64_t hash;
    struct bucket *bucket; /* locked */
    uint64_t *slot;        /* NULL: the key has no live item */
};

static struct item *place_item(const struct place *place)
{
    return place->slot ? slot_item(*place->slot) : NULL;
}

static struct place lock_place(struct store_thread *thread, const char *key, size_t key_len)
{
    struct table *table = &thread->store->table;
    struct place place = {.hash = hash_key(&table->seed, key, key_len)};

    place.bucket = table_lock(table, place.hash);
    place.slot = bucket_find(place.bucket, place.hash, key, key_len);
    if (place.slot && item_is_dead(thread, slot_item(*place.slot))) {
        store_unlink(thread, place.bucket, place.slot);
        count_add(thread, STORE_RECLAIMED, 1);
        place.slot = NULL;
    }
    return place;
}

enum store_result store_visit_key(struct store_thread *thread, const char *key, size_t key_len,
                                  store_visit *visit, void *argument)
{
    struct place place = lock_place(thread, key, key_len);
    struct item *item = place_item(&place);

    if (item) {
        if (item->atime != thread->now_ms)
            item->atime = thread->now_ms;
        visit(item, argument);
    }
    bucket_unlock(place.bucket);
    return item ? STORE_OK : STORE_NOT_FOUND;
}

/* Under the lock of the place, which it leaves locked; 0 or STORE_NO_MEMORY. */
static enum store_result link_at(struct store_thread *thread, struct place *place,
                                 struct item *item)
{
    if (place->slot) {
        struct item *old = slot_item(*place->slot);
        welcome_item(thread, item);
        slot_replace(place->slot, item);
        release_item(thread, old);
        return STORE_OK;
    }
    welcome_item(thread, item);
    if (!bucket_insert(&thread->store->table, &thread->cache, place->bucket, place->hash, item)) {
        thread->items_unreported++;
        return STORE_OK;
    }
    release_item(thread, item);
    return STORE_NO_MEMORY;
}

static enum store_result may_set(const struct item *old, uint64_t cas)
{
    (void)cas;
    return old && item_type(old) != ITEM_KV ? STORE_TYPE_MISMATCH : STORE_OK;
}

static enum store_result may_add(const struct item *old, uint64_t cas)
{
    (void)cas;
    return old ? STORE_NOT_STORED : STORE_OK;
}

static enum store_result may_replace(const struct item *old, uint64_t cas)
{
    return old ? may_set(old, cas) : STORE_NOT_STORED;
}

static enum store_result may_cas(const struct item *old, uint64_t cas)
{
    if (!old)
        return STORE_NOT_FOUND;
    if (item_type(old) != ITEM_KV)
        return STORE_TYPE_MISMATCH;
    return item_cas(old) == cas ? STORE_OK : STORE_EXISTS;
}

static enum store_result (*const conditions[])(const struct item *old, uint64_t cas) = {
    [STORE_SET] = may_set,
    [STORE_ADD] = may_add,
    [STORE_REPLACE] = may_replace,
    [STORE_CAS] = may_cas,
};

/* Links the item if the mode's condition holds; if not, the item is still the caller's. */
static enum store_result put_if(struct store_thread *thread, struct item *item,
                                enum store_mode mode, uint64_t cas)
{
    struct place place = lock_place(thread, item_key(item), item_key_len(item));
    struct item *old = place_item(&place);
    enum store_result result = conditions[mode](old, cas);

    if (result == STORE_OK)
        result = link_at(thread, &place, item) ? STORE_NO_MEMORY : STORE_OK;
    else {
        if (old)
            old->atime = thread->now_ms;
        bucket_unlock(place.bucket);
        return result;
    }
    bucket_unlock(place.bucket);
    settle(thread);
    return result;
}

/* --- values made from the old one --- */

/* What append, prepend and incr need of the old item: its value, copied when small, pinned when
 * not, and what the new item takes over. */
struct old_value {
    enum store_result result;
    struct item *pinned;
    uint64_t cas;
    uint32_t flags;
    clock_seconds exptime;
    size_t len;
    char copy[ITEM_PIN_MIN];
};

static void note_old_value(struct item *item, void *argument)
{
    struct old_value *old = argument;

    if (item_type(item) != ITEM_KV) {
        old->result = STORE_TYPE_MISMATCH;
        return;
    }
    old->result = STORE_OK;
    old->cas = item_cas(item);
    old->flags = item_flags(item);
    old->exptime = item->exptime;
    old->len = item_value_len(item);
    if (item_has_pins(item)) {
        store_pin(item);
        old->pinned = item;
    } else {
        memcpy(old->copy, item_value(item), old->len);
    }
}

static void copy_value(struct item_cursor *to, struct item *from)
{
    struct item_cursor cursor;

    item_cursor_start(&cursor, from);
    while (cursor.left > 0) {
        size_t piece = cursor.here;
        item_cursor_write(to, cursor.at, piece);
        item_cursor_advance(&cursor, piece);
    }
}

static enum store_result join_values(struct store_thread *thread, struct item *added,
                                     const struct old_value *old, bool append, struct item **joined)
{
    struct store_request request = {.key = item_key(added),
                                    .key_len = item_key_len(added),
                                    .value_len = old->len + item_value_len(added),
                                    .flags = old->flags,
                                    .exptime = old->exptime};
    enum store_result result = store_prepare(thread, &request, joined);
    if (result != STORE_OK)
        return result;

    struct item_cursor to;
    item_cursor_start(&to, *joined);
    if (!append)
        copy_value(&to, added);
    if (old->pinned)
        copy_value(&to, old->pinned);
    else
        item_cursor_write(&to, old->copy, old->len);
    if (append)
        copy_value(&to, added);
    return STORE_OK;
}

static enum store_result extend(struct store_thread *thread, struct item *added, bool append)
{
    for (;;) {
        struct old_value old = {.result = STORE_NOT_STORED};
        struct item *joined;
        store_visit_key(thread, item_key(added), item_key_len(added), note_old_value, &old);
        if (old.result != STORE_OK)
            return old.result;
        enum store_result result = join_values(thread, added, &old, append, &joined);
        if (old.pinned)
            store_unpin(thread, old.pinned);
        if (result != STORE_OK)
            return result;
        result = put_if(thread, joined, STORE_CAS, old.cas);
        if (result == STORE_OK || result == STORE_NO_MEMORY)
            return result;
        store_discard(thread, joined);
    }
}

enum store_result store_put(struct store_thread *thread, struct item *item, enum store_mode mode,
                            uint64_t cas)
{
    enum store_result result;

    if (mode == STORE_APPEND || mode == STORE_PREPEND) {
        result = extend(thread, item, mode == STORE_APPEND);
        store_discard(thread, item);
        return result;
    }
    result = put_if(thread, item, mode, cas);
    if (result != STORE_OK && result != STORE_NO_MEMORY)
        store_discard(thread, item);
    return result;
}

static enum store_result put_number(struct store_thread *thread, struct store_request *request,
                                    uint64_t value, enum store_mode mode, uint64_t cas)
{
    char digits[NUMBER_MAX_DIGITS];
    struct item_cursor to;
    struct item *item;

    request->value_len = number_format(value, digits);
    enum store_result result = store_prepare(thread, request, &item);
    if (result != STORE_OK)
        return result;
    item_cursor_start(&to, item);
    item_cursor_write(&to, digits, request->value_len);
    return store_put(thread, item, mode, cas);
}

static enum store_result change_number(struct store_thread *thread, struct store_request *request,
                                       const struct old_value *old, bool increment, uint64_t delta,
                                       uint64_t *value)
{
    uint64_t number;

    if (old->pinned || !number_parse_u64(old->copy, old->len, &number))
        return STORE_NOT_A_NUMBER;
    if (increment)
        number += delta;
    else
        number = delta > number ? 0 : number - delta;
    request->flags = old->flags;
    request->exptime = old->exptime;
    enum store_result result = put_number(thread, request, number, STORE_CAS, old->cas);
    if (result == STORE_OK)
        *value = number;
    return result;
}

enum store_result store_add_number(struct store_thread *thread, const char *key, size_t key_len,
                                   bool increment, uint64_t delta,
                                   const struct store_request *create, uint64_t *value)
{
    for (;;) {
        struct old_value old = {.result = STORE_NOT_FOUND};
        struct store_request request = {.key = key, .key_len = key_len};
        enum store_result result;

        store_visit_key(thread, key, key_len, note_old_value, &old);
        if (old.result == STORE_NOT_FOUND && create) {
            request = *create;
            result = put_number(thread, &request, *value, STORE_ADD, 0);
            if (result != STORE_NOT_STORED)
                return result;
            continue;
        }
        if (old.result != STORE_OK)
            return old.result;
        result = change_number(thread, &request, &old, increment, delta, value);
        if (old.pinned)
            store_unpin(thread, old.pinned);
        if (result != STORE_EXISTS && result != STORE_NOT_FOUND)
            return result;
    }
}

/* --- the rest --- */

enum store_result store_delete(struct store_thread *thread, const char *key, size_t key_len)
{
    struct place place = lock_place(thread, key, key_len);
    bool found = place.slot;

    if (found)
        store_unlink(thread, place.bucket, place.slot);
    bucket_unlock(place.bucket);
    settle(thread);
    return found ? STORE_OK : STORE_NOT_FOUND;
}

static enum store_result set_exptime(struct store_thread *thread, struct item *item,
                                     clock_seconds exptime)
{
    struct store *store = thread->store;
    int64_t bytes = (int64_t)item_total_bytes(item);

    if (exptime == CLOCK_STICKY && item->exptime != CLOCK_STICKY) {
        size_t sticky = (size_t)atomic_load_explicit(&store->sticky_bytes, memory_order_relaxed);
        if (sticky + (size_t)bytes >
            atomic_load_explicit(&store->sticky_limit_bytes, memory_order_relaxed))
            return STORE_NO_MEMORY;
        count_add(thread, STORE_STICKY_ITEMS, 1);
        atomic_fetch_add_explicit(&store->sticky_bytes, bytes, memory_order_relaxed);
    }
    if (exptime != CLOCK_STICKY && item->exptime == CLOCK_STICKY) {
        count_add(thread, STORE_STICKY_ITEMS, -1);
        atomic_fetch_sub_explicit(&store->sticky_bytes, bytes, memory_order_relaxed);
    }
    item->exptime = exptime;
    item->atime = thread->now_ms;
    return STORE_OK;
}

enum store_result store_touch(struct store_thread *thread, const char *key, size_t key_len,
                              clock_seconds exptime)
{
    struct place place = lock_place(thread, key, key_len);
    struct item *item = place_item(&place);
    enum store_result result = item ? set_exptime(thread, item, exptime) : STORE_NOT_FOUND;

    bucket_unlock(place.bucket);
    return result;
}

bool store_set_memory_limit(struct store *store, size_t bytes)
{
    if (bytes < atomic_load_explicit(&store->sticky_limit_bytes, memory_order_relaxed))
        return false;
    atomic_store_explicit(&store->memory.limit_bytes, bytes, memory_order_relaxed);
    return true;
}

void store_stats(struct store *store, struct store_totals *totals)
{
    memset(totals, 0, sizeof(*totals));
    lock_take(&store->threads_lock);
    for (struct store_thread *thread = store->threads; thread; thread = thread->next)
        for (unsigned i = 0; i < STORE_COUNTS; i++)
            totals->counts[i] += atomic_load_explicit(&thread->counts[i], memory_order_relaxed);
    lock_drop(&store->threads_lock);
    totals->memory_used_bytes = memory_used(&store->memory);
    totals->memory_limit_bytes =
        atomic_load_explicit(&store->memory.limit_bytes, memory_order_relaxed);
    totals->sticky_bytes = atomic_load_explicit(&store->sticky_bytes, memory_order_relaxed);
    totals->sticky_limit_bytes =
        atomic_load_explicit(&store->sticky_limit_bytes, memory_order_relaxed);
    totals->buckets = atomic_load_explicit(&store->table.bucket_count, memory_order_relaxed);
}
