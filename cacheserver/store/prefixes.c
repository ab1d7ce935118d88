/*
 * Names are found in 256 small tables of open addressing, so that growing one of them, which is
 * done under the lock and perhaps with a bucket locked, is short however many prefixes there are.
 * A table that was replaced, and a prefix that is forgotten, are freed when every thread has begun
 * another batch since (store_epoch_passed): until then somebody may be reading them.
 *
 * Clients choose prefixes, so those without items must go (the sweep in prefix_sweep.c). Numbers
 * of forgotten ones are given out again: the blocks that threads count in stay few.
 */
#include "cacheserver/store/prefixes.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "cacheserver/store/internal.h"

#define FIRST_CAPACITY 8
#define FIRST_SEGMENT  1024
/* A slot whose prefix was forgotten; look-ups go on behind it. */
#define FORGOTTEN ((struct prefix *)8)

struct prefix_index {
    struct prefix_index *next_old;
    uint64_t epoch; /* of its replacement */
    size_t mask, used;
    _Atomic(struct prefix *) slots[];
};

static size_t index_bytes(size_t capacity)
{
    return sizeof(struct prefix_index) + capacity * sizeof(struct prefix *);
}

static struct prefix_index *new_index(size_t capacity)
{
    struct prefix_index *index = calloc(1, index_bytes(capacity));

    if (index)
        index->mask = capacity - 1;
    return index;
}

static struct prefix *new_prefix(const char *name, size_t len, uint64_t hash)
{
    struct prefix *prefix = calloc(1, sizeof(*prefix) + len + 1);

    if (!prefix)
        return NULL;
    prefix->len = (uint32_t)len;
    prefix->hash = hash;
    prefix->created_s = time(NULL);
    memcpy(prefix->name, name, len);
    return prefix;
}

static size_t segment_of(uint32_t id, uint32_t *offset)
{
    if (id < FIRST_SEGMENT) {
        *offset = id;
        return 0;
    }
    unsigned top = 31 - (unsigned)__builtin_clz(id);
    *offset = id - (1u << top);
    return top - 9;
}

static _Atomic(struct prefix *) *id_slot(struct prefixes *prefixes, uint32_t id)
{
    uint32_t offset;
    size_t segment = segment_of(id, &offset);

    if (segment >= PREFIX_SEGMENTS)
        return NULL;
    _Atomic(struct prefix *) *at =
        atomic_load_explicit(&prefixes->segments[segment], memory_order_acquire);
    return at ? at + offset : NULL;
}

struct prefix *prefix_at(struct prefixes *prefixes, uint32_t id)
{
    _Atomic(struct prefix *) *slot = id_slot(prefixes, id);
    return slot ? atomic_load_explicit(slot, memory_order_acquire) : NULL;
}

/* Makes sure that this id has a slot; the lock is held. */
static bool reserve_id(struct prefixes *prefixes, uint32_t id)
{
    uint32_t offset;
    size_t segment = segment_of(id, &offset);

    if (segment >= PREFIX_SEGMENTS)
        return false;
    if (atomic_load_explicit(&prefixes->segments[segment], memory_order_relaxed))
        return true;
    size_t count = segment ? (size_t)FIRST_SEGMENT << (segment - 1) : FIRST_SEGMENT;
    void *fresh = calloc(count, sizeof(struct prefix *));
    if (!fresh)
        return false;
    memory_note_extra(prefixes->memory, count * sizeof(struct prefix *));
    atomic_store_explicit(&prefixes->segments[segment], fresh, memory_order_release);
    return true;
}

static bool take_id(struct prefixes *prefixes, struct prefix *prefix)
{
    uint32_t count = atomic_load_explicit(&prefixes->id_count, memory_order_relaxed);

    if (prefixes->free_count) {
        prefix->id = prefixes->free_ids[--prefixes->free_count];
    } else {
        if (!reserve_id(prefixes, count))
            return false;
        prefix->id = count;
        atomic_store_explicit(&prefixes->id_count, count + 1, memory_order_release);
    }
    atomic_store_explicit(id_slot(prefixes, prefix->id), prefix, memory_order_release);
    return true;
}

int prefixes_init(struct prefixes *prefixes, struct memory *memory, const struct hash_seed *seed)
{
    memset(prefixes, 0, sizeof(*prefixes));
    prefixes->memory = memory;
    prefixes->seed = *seed;
    prefixes->null = new_prefix("", 0, 0);
    if (!prefixes->null || !take_id(prefixes, prefixes->null)) {
        free(prefixes->null);
        return -1;
    }
    lock_init(&prefixes->lock, LOCK_RANK_PREFIX);
    return 0;
}

static void free_prefix(struct prefix *prefix)
{
    free(atomic_load_explicit(&prefix->shared.ops, memory_order_relaxed));
    free(prefix->reset);
    free(prefix);
}

void prefixes_deinit(struct prefixes *prefixes)
{
    uint32_t count = atomic_load_explicit(&prefixes->id_count, memory_order_relaxed);

    while (prefixes->retired) {
        struct prefix *next = prefixes->retired->next_retired;
        free_prefix(prefixes->retired);
        prefixes->retired = next;
    }
    for (uint32_t id = 0; id < count; id++) {
        struct prefix *prefix = prefix_at(prefixes, id);
        if (prefix)
            free_prefix(prefix);
    }
    for (size_t i = 0; i < PREFIX_SEGMENTS; i++)
        free(atomic_load_explicit(&prefixes->segments[i], memory_order_relaxed));
    for (size_t i = 0; i < PREFIX_SHARDS; i++)
        free(atomic_load_explicit(&prefixes->shards[i], memory_order_relaxed));
    while (prefixes->old_indexes) {
        struct prefix_index *next = prefixes->old_indexes->next_old;
        free(prefixes->old_indexes);
        prefixes->old_indexes = next;
    }
    free(prefixes->free_ids);
    lock_deinit(&prefixes->lock);
}

/* --- finding --- */

static bool is_named(const struct prefix *prefix, uint64_t hash, const char *name, size_t len)
{
    return prefix->hash == hash && prefix->len == len && !memcmp(prefix->name, name, len);
}

static _Atomic(struct prefix_index *) *shard_of(struct prefixes *prefixes, uint64_t hash)
{
    return &prefixes->shards[hash % PREFIX_SHARDS];
}

static struct prefix *look_up(struct prefixes *prefixes, uint64_t hash, const char *name,
                              size_t len)
{
    struct prefix_index *index =
        atomic_load_explicit(shard_of(prefixes, hash), memory_order_acquire);

    if (!index)
        return NULL;
    for (size_t i = hash / PREFIX_SHARDS;; i++) {
        struct prefix *prefix =
            atomic_load_explicit(&index->slots[i & index->mask], memory_order_acquire);
        if (!prefix)
            return NULL;
        if (prefix != FORGOTTEN && is_named(prefix, hash, name, len))
            return prefix;
    }
}

/* The one that this thread used last in this batch, if it is that one. */
static struct prefix *last_used(struct store_thread *thread, const char *name, size_t len)
{
    struct prefix *last = thread->last_prefix;

    if (last && last->len == len && !memcmp(last->name, name, len) &&
        atomic_load_explicit(&last->state, memory_order_acquire) == PREFIX_LIVE)
        return last;
    return NULL;
}

struct prefix *prefix_find(struct store_thread *thread, const char *name, size_t len)
{
    struct prefixes *prefixes = &thread->store->prefixes;

    if (len == 0)
        return prefixes->null;
    struct prefix *prefix = last_used(thread, name, len);
    if (!prefix) {
        prefix = look_up(prefixes, hash_key(&prefixes->seed, name, len), name, len);
        thread->last_prefix = prefix;
    }
    return prefix;
}

struct prefix *prefix_of(struct store_thread *thread, const char *key, size_t key_len)
{
    return prefix_find(thread, key, prefix_length(key, key_len, thread->store->prefix_delimiter));
}

/* --- making --- */

static bool index_grow(struct store *store, _Atomic(struct prefix_index *) *shard)
{
    struct prefix_index *old = atomic_load_explicit(shard, memory_order_relaxed);
    size_t live = 0, capacity = FIRST_CAPACITY;

    for (size_t i = 0; old && i <= old->mask; i++)
        live += atomic_load_explicit(&old->slots[i], memory_order_relaxed) > FORGOTTEN;
    while (capacity < 3 * (live + 1))
        capacity *= 2;
    struct prefix_index *fresh = new_index(capacity);
    if (!fresh)
        return false;
    for (size_t i = 0; old && i <= old->mask; i++) {
        struct prefix *prefix = atomic_load_explicit(&old->slots[i], memory_order_relaxed);
        if (prefix <= FORGOTTEN)
            continue;
        size_t at = prefix->hash / PREFIX_SHARDS;
        while (atomic_load_explicit(&fresh->slots[at & fresh->mask], memory_order_relaxed))
            at++;
        atomic_init(&fresh->slots[at & fresh->mask], prefix);
    }
    fresh->used = live;
    atomic_store_explicit(shard, fresh, memory_order_release);
    memory_note_extra(store->prefixes.memory, index_bytes(capacity));
    if (old) {
        old->epoch = store_epoch_advance(store);
        old->next_old = store->prefixes.old_indexes;
        store->prefixes.old_indexes = old;
    }
    return true;
}

/* The lock is held; the name is not there yet. */
static struct prefix *add_prefix(struct store *store, uint64_t hash, const char *name, size_t len)
{
    _Atomic(struct prefix_index *) *shard = shard_of(&store->prefixes, hash);
    struct prefix_index *index = atomic_load_explicit(shard, memory_order_relaxed);

    if ((!index || (index->used + 1) * 4 > (index->mask + 1) * 3) && !index_grow(store, shard))
        return NULL;
    index = atomic_load_explicit(shard, memory_order_relaxed);
    struct prefix *prefix = new_prefix(name, len, hash);
    if (!prefix || !take_id(&store->prefixes, prefix)) {
        free(prefix);
        return NULL;
    }
    size_t at = hash / PREFIX_SHARDS;
    while (atomic_load_explicit(&index->slots[at & index->mask], memory_order_relaxed))
        at++;
    index->used++;
    atomic_store_explicit(&index->slots[at & index->mask], prefix, memory_order_release);
    memory_note_extra(store->prefixes.memory, sizeof(*prefix) + len + 1);
    return prefix;
}

/* false: it is dead. */
static bool revive(struct prefix *prefix)
{
    uint8_t state = atomic_load_explicit(&prefix->state, memory_order_acquire);

    if (state == PREFIX_RETIRING &&
        atomic_compare_exchange_strong_explicit(&prefix->state, &state, PREFIX_LIVE,
                                                memory_order_acq_rel, memory_order_acquire))
        return true;
    return state == PREFIX_LIVE;
}

struct prefix *prefix_get(struct store_thread *thread, const char *name, size_t len)
{
    struct prefixes *prefixes = &thread->store->prefixes;
    struct prefix *prefix = prefix_find(thread, name, len);

    if (prefix && revive(prefix))
        return prefix;
    uint64_t hash = hash_key(&prefixes->seed, name, len);
    lock_take(&prefixes->lock);
    prefix = look_up(prefixes, hash, name, len);
    if (!prefix || !revive(prefix))
        prefix = add_prefix(thread->store, hash, name, len);
    lock_drop(&prefixes->lock);
    thread->last_prefix = prefix;
    return prefix;
}

/* --- forgetting --- */

static void take_out(struct prefixes *prefixes, struct prefix *prefix)
{
    struct prefix_index *index =
        atomic_load_explicit(shard_of(prefixes, prefix->hash), memory_order_relaxed);
    size_t at = prefix->hash / PREFIX_SHARDS;

    while (atomic_load_explicit(&index->slots[at & index->mask], memory_order_relaxed) != prefix)
        at++;
    atomic_store_explicit(&index->slots[at & index->mask], FORGOTTEN, memory_order_release);
}

bool prefix_bury(struct store *store, struct prefix *prefix)
{
    struct prefixes *prefixes = &store->prefixes;
    uint8_t state = PREFIX_RETIRING;

    lock_take(&prefixes->lock);
    bool dead = atomic_compare_exchange_strong_explicit(&prefix->state, &state, PREFIX_DEAD,
                                                        memory_order_acq_rel, memory_order_acquire);
    if (dead) {
        take_out(prefixes, prefix);
        atomic_store_explicit(id_slot(prefixes, prefix->id), NULL, memory_order_release);
        prefix->next_retired = prefixes->retired;
        prefixes->retired = prefix;
    }
    lock_drop(&prefixes->lock);
    return dead;
}

static void clear_tally(struct prefix_tally *tally)
{
    struct prefix_ops *ops = atomic_load_explicit(&tally->ops, memory_order_acquire);

    for (unsigned type = 0; type < ITEM_TYPES; type++) {
        atomic_store_explicit(&tally->items[type], 0, memory_order_relaxed);
        atomic_store_explicit(&tally->bytes[type], 0, memory_order_relaxed);
    }
    for (unsigned op = 0; ops && op < PREFIX_OPS; op++)
        atomic_store_explicit(&ops->n[op], 0, memory_order_relaxed);
}

/* Nobody counts for this id any more: it starts from nothing. */
static void clear_tallies(struct store *store, uint32_t id)
{
    for (struct store_thread *thread = store_threads(store); thread; thread = thread->next) {
        struct prefix_tally *tally =
            atomic_load_explicit(&thread->tallies->of[id], memory_order_acquire);
        if (tally)
            clear_tally(tally);
    }
}

static void give_id(struct prefixes *prefixes, uint32_t id)
{
    if (prefixes->free_count == prefixes->free_capacity) {
        uint32_t capacity = prefixes->free_capacity ? 2 * prefixes->free_capacity : 64;
        void *grown = realloc(prefixes->free_ids, capacity * sizeof(*prefixes->free_ids));
        if (!grown)
            return; /* this id stays unused */
        prefixes->free_ids = grown;
        prefixes->free_capacity = capacity;
    }
    prefixes->free_ids[prefixes->free_count++] = id;
}

void prefixes_free_retired(struct store *store)
{
    struct prefixes *prefixes = &store->prefixes;

    for (;;) {
        lock_take(&prefixes->lock);
        struct prefix *prefix = prefixes->retired;
        if (prefix)
            prefixes->retired = prefix->next_retired;
        lock_drop(&prefixes->lock);
        if (!prefix)
            break;
        if (prefix->id < PREFIX_LOCAL_MAX)
            clear_tallies(store, prefix->id);
        lock_take(&prefixes->lock);
        give_id(prefixes, prefix->id);
        lock_drop(&prefixes->lock);
        memory_note_extra(prefixes->memory, -(sizeof(*prefix) + prefix->len + 1));
        free_prefix(prefix);
    }
}

/* The list begins with those that were replaced last. */
static struct prefix_index *take_old_indexes(struct store *store)
{
    struct prefix_index **link = &store->prefixes.old_indexes, *old;

    lock_take(&store->prefixes.lock);
    while (*link && !store_epoch_passed(store, (*link)->epoch))
        link = &(*link)->next_old;
    old = *link;
    *link = NULL;
    lock_drop(&store->prefixes.lock);
    return old;
}

void prefixes_free_old_indexes(struct store *store)
{
    struct prefix_index *old = take_old_indexes(store);

    while (old) {
        struct prefix_index *next = old->next_old;
        memory_note_extra(store->prefixes.memory, -index_bytes(old->mask + 1));
        free(old);
        old = next;
    }
}
