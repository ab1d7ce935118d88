/*
 * Eviction by sampling: from a random bucket on, some items are looked at and the one that was not
 * used for longest goes. The bucket is drawn as a key would draw it: buckets that growth has not
 * split yet get twice the keys and so twice the visits, or items elsewhere would go too early.
 * Nothing is linked into lists, so an access costs one store into a line that is in the cache
 * anyway, no memory per item and no lock. Dead items (expired, flushed) that are met on the way go
 * first. The more room is asked for, the more items are looked at: large items are few and worth
 * the search. Some are looked at, too, whenever memory is about to grow by a page, and the dead
 * among them go: what expires makes room for what comes.
 *
 * What is evicted may be of another size than what is needed. Every other victim is therefore
 * chosen among items of the needed size, if the sample has any, and when that does not help a
 * whole page of another size is emptied: its objects are looked up in the table one by one, and
 * chunks and nodes of collections lead to the items that they are part of. An item of many parts
 * would be too much to lose for a page: its parts move to other pages if those have room, and if
 * not it stays, and the page with it, unless sampling has just evicted what was used later. Without
 * eviction everything moves, and only pages are emptied whose size has room elsewhere.
 */
#include "cacheserver/store/evict.h"

#include <limits.h>
#include <string.h>

#include "cacheserver/store/internal.h"
#include "cacheserver/store/move.h"

#define ATTEMPTS_MAX       384
#define ATTEMPTS_SPARING   192 /* the first ones, which leave items of many parts that are in use */
#define ATTEMPTS_PER_DRAIN 4
/* By an allocation that may not evict; if they did not help, that many others do without. */
#define DRAINS_MAX                   4
#define DRAINS_SKIPPED               100
#define BUCKETS_PER_SAMPLE           2048
#define BUCKETS_PER_SAMPLE_DEAD_ONLY 64
#define BUCKETS_PER_RECLAIM          4096
#define BUCKETS_PER_GROWTH           1024
#define ITEMS_PER_GROWTH             16
#define PAGES_GIVEN_BACK_AT_ONCE     4
#define SAMPLE_MIN                   8
#define SAMPLE_MAX                   64
#define BYTES_PER_SAMPLED_ITEM       128

struct victim {
    struct item *item; /* NULL: none yet. To compare with, not to look into */
    uint64_t bucket;
    uint64_t cas;
    uint32_t atime;
    bool right_size;
};

struct sample {
    size_t wanted_bytes; /* rounded; 0: any size is as good */
    unsigned wanted_items;
    unsigned seen; /* that could be evicted */
    unsigned live;
    bool dead_only;
    bool reclaimed;
    struct victim victim;
};

static bool is_better(const struct victim *victim, const struct item *item, bool right_size)
{
    if (!victim->item)
        return true;
    if (victim->right_size != right_size)
        return right_size;
    int32_t age = (int32_t)(item_atime_ms(item) - victim->atime);
    return age < 0 || (age == 0 && item_cas(item) < victim->cas);
}

/* Of what the item mostly consists of: itself, or chunks. Collections consist of all sizes. */
static size_t object_bytes(struct store_thread *thread, const struct item *item)
{
    if (item_type(item) != ITEM_KV)
        return 0;
    size_t bytes = item_in_chunks(item) ? ITEM_OBJECT_MAX : item_total_bytes(item);
    return memory_rounded(&thread->store->memory, bytes);
}

static void consider(struct store_thread *thread, struct sample *sample, uint64_t bucket,
                     struct item *item)
{
    if (item->exptime == CLOCK_STICKY || item_is_pinned(item))
        return;
    sample->seen++;
    bool right_size = sample->wanted_bytes && object_bytes(thread, item) == sample->wanted_bytes;
    if (!is_better(&sample->victim, item, right_size))
        return;
    sample->victim = (struct victim){.item = item,
                                     .bucket = bucket,
                                     .cas = item_cas(item),
                                     .atime = item_atime_ms(item),
                                     .right_size = right_size};
}

static void sample_bucket(struct store_thread *thread, struct sample *sample, uint64_t index)
{
    struct bucket *first = table_lock_index(&thread->store->table, index);

    for (struct bucket *bucket = first; bucket; bucket = bucket_next(bucket)) {
        for (unsigned i = 0; i < TABLE_SLOTS; i++) {
            struct item *item = slot_item(bucket->slots[i]);
            if (!item)
                continue;
            if (item_is_dead(thread, item)) {
                store_drop(thread, first, &bucket->slots[i], STORE_RECLAIMED);
                sample->reclaimed = true;
                goto out;
            }
            sample->live++;
            if (!sample->dead_only)
                consider(thread, sample, index, item);
        }
    }
out:
    bucket_unlock(first);
}

/* Goes round the table, a part each time: what is dead in the next buckets goes, until so many
 * items were passed. */
static void reclaim(struct store_thread *thread, uint64_t most_buckets, unsigned most_items)
{
    uint64_t buckets =
        atomic_load_explicit(&thread->store->table.bucket_count, memory_order_acquire);
    uint64_t most = buckets < most_buckets ? buckets : most_buckets;
    unsigned passed = 0;

    for (uint64_t n = 0; n < most && passed < most_items;) {
        struct sample sample = {.dead_only = true};
        uint64_t index = thread->reclaimed_to % buckets;
        sample_bucket(thread, &sample, index);
        passed += sample.reclaimed ? 1 : sample.live;
        if (!sample.reclaimed) {
            thread->reclaimed_to = index + 1;
            n++;
        }
    }
    store_free_dropped(thread);
}

void evict_reclaim(struct store_thread *thread)
{
    reclaim(thread, BUCKETS_PER_RECLAIM, UINT_MAX);
}

static void evict_victim(struct store_thread *thread, const struct victim *victim)
{
    struct bucket *first = table_lock_index(&thread->store->table, victim->bucket);

    for (struct bucket *bucket = first; bucket; bucket = bucket_next(bucket)) {
        for (unsigned i = 0; i < TABLE_SLOTS; i++) {
            struct item *item = slot_item(bucket->slots[i]);
            if (item == victim->item && item_cas(item) == victim->cas) {
                store_drop(thread, first, &bucket->slots[i], STORE_EVICTIONS);
                goto out;
            }
        }
    }
out:
    bucket_unlock(first);
}

static unsigned items_to_see(size_t size)
{
    size_t items = size / BYTES_PER_SAMPLED_ITEM;

    if (items < SAMPLE_MIN)
        return SAMPLE_MIN;
    return items > SAMPLE_MAX ? SAMPLE_MAX : (unsigned)items;
}

/* false: there is nothing to evict. */
static bool evict_one(struct store_thread *thread, size_t size, bool only_this_size,
                      struct victim *victim)
{
    struct store *store = thread->store;
    uint64_t buckets = atomic_load_explicit(&store->table.bucket_count, memory_order_acquire);
    uint64_t index = table_index(store_random(thread), buckets);
    struct sample sample = {
        .wanted_bytes = only_this_size ? memory_rounded(&store->memory, size) : 0,
        .wanted_items = items_to_see(size),
        .dead_only = !store->evict,
    };
    unsigned most = store->evict ? BUCKETS_PER_SAMPLE : BUCKETS_PER_SAMPLE_DEAD_ONLY;

    for (unsigned n = 0; n < most && sample.seen < sample.wanted_items; n++) {
        sample_bucket(thread, &sample, index);
        if (sample.reclaimed)
            return true;
        if (++index == buckets)
            index = 0;
    }
    if (!sample.victim.item)
        return false;
    evict_victim(thread, &sample.victim);
    *victim = sample.victim;
    return true;
}

/*
 * What lies at an address inside a page may be an item in the table, a chunk of one, something that
 * a connection is filling or that is being freed, or nothing, and no lock guards it. So only its
 * words are copied, by functions that sanitizers leave alone, and what they seem to say is believed
 * only if the bucket of that key really leads to this address.
 */
#define UNLOCKED __attribute__((no_sanitize("thread", "address"), noinline))

UNLOCKED static size_t copy_key(const char *object, size_t object_bytes, char *key)
{
    uint64_t word = *(const volatile uint64_t *)(const void *)object;
    size_t len = (word >> 48) & 0x3fff;
    size_t from = ITEM_HEADER_BYTES + (word >> 63) * 4 + ((word >> 62) & 1) * 4;

    if (len == 0 || len > ITEM_KEY_MAX || from + len > object_bytes)
        return 0;
    for (size_t i = 0; i < len; i++)
        key[i] = *((const volatile char *)object + from + i);
    return len;
}

UNLOCKED static char *read_owner(const char *object)
{
    const struct item_chunk *chunk = (const struct item_chunk *)(const void *)object;
    return (char *)*(struct item *const volatile *)&chunk->owner;
}

/* A page that is being emptied. */
struct drain {
    struct store_thread *thread;
    const struct victim *victim; /* of many parts, only what was not used after it goes, too */
    bool sparing;                /* false: everything that may be evicted */
};

static bool may_evict(const struct drain *drain, struct item *item)
{
    bool has_parts = item_type(item) != ITEM_KV || item_in_chunks(item);

    if (!drain->thread->store->evict || item->exptime == CLOCK_STICKY || item_is_pinned(item))
        return false;
    if (!has_parts || !drain->sparing)
        return true;
    return drain->victim->item && (int32_t)(item_atime_ms(item) - drain->victim->atime) <= 0;
}

/* The item in the slot, or the part of it that is not NULL, is in the way. */
static void clear(const struct drain *drain, struct bucket *bucket, uint64_t *slot, char *part)
{
    struct store_thread *thread = drain->thread;
    struct item *item = slot_item(*slot);

    if (part && move_part(thread, item, part))
        return;
    if (may_evict(drain, item))
        store_drop(thread, bucket, slot, STORE_EVICTIONS);
    else if (!part)
        move_item(thread, slot);
}

/* `part`: what may be part of the item at this address; NULL: the item itself is meant. false:
 * there is no item of the table. */
static bool clear_address(const struct drain *drain, char *object, size_t object_bytes, char *part)
{
    char key[ITEM_KEY_MAX];
    struct table *table = &drain->thread->store->table;
    size_t len = copy_key(object, object_bytes, key);

    if (len == 0)
        return false;
    uint64_t hash = hash_key(&table->seed, key, len);
    struct bucket *bucket = table_lock(table, hash);
    uint64_t *slot = bucket_find(bucket, hash, key, len);
    bool found = slot && slot_item(*slot) == (struct item *)(void *)object;
    if (found)
        clear(drain, bucket, slot, part);
    bucket_unlock(bucket);
    return found;
}

/* The chunk or the node of a collection at this address, if it belongs to an item of the table. */
static void clear_part(const struct drain *drain, char *object)
{
    struct memory *memory = &drain->thread->store->memory;
    char *owner = read_owner(object);

    if (!owner || (uintptr_t)owner % 8 || !memory_has(memory, owner))
        return;
    size_t to_page_end = MEMORY_PAGE_BYTES - (uintptr_t)owner % MEMORY_PAGE_BYTES;
    clear_address(drain, owner, to_page_end, object);
}

/* false: no page was found. */
static bool drain_page(const struct drain *drain, size_t size)
{
    struct store_thread *thread = drain->thread;
    struct memory *memory = &thread->store->memory;
    struct memory_page *page =
        memory_drain_begin(memory, size, !thread->store->evict, store_random(thread));

    if (!page)
        return false;
    char *base = memory_page_base(page);
    size_t object_bytes = memory_page_object_bytes(memory, page);
    if (object_bytes)
        for (size_t at = 0; at + object_bytes <= MEMORY_PAGE_BYTES; at += object_bytes)
            if (!clear_address(drain, base + at, object_bytes, NULL))
                clear_part(drain, base + at);
    store_free_dropped(thread);
    memory_drain_end(memory, page);
    /* What lay in this thread's cache before would keep the page. */
    memory_cache_flush(memory, &thread->cache);
    return true;
}

/* One attempt to make room; false: there is nothing more to try. */
static bool make_room(struct store_thread *thread, size_t size, unsigned attempt)
{
    struct victim victim = {.item = NULL};
    bool evicted = evict_one(thread, size, attempt % 2, &victim);
    const struct drain drain = {
        .thread = thread, .victim = &victim, .sparing = attempt < ATTEMPTS_SPARING};

    store_free_dropped(thread);
    if (thread->store->evict) {
        if (attempt % ATTEMPTS_PER_DRAIN == ATTEMPTS_PER_DRAIN - 1)
            drain_page(&drain, size);
        return true;
    }
    if (evicted)
        return true;
    if (attempt >= DRAINS_MAX)
        thread->drains_skipped = DRAINS_SKIPPED;
    if (thread->drains_skipped == 0)
        return drain_page(&drain, size);
    thread->drains_skipped--;
    return false;
}

void *evict_alloc(struct store_thread *thread, size_t size)
{
    struct store *store = thread->store;
    void *object = memory_alloc_at_hand(&store->memory, &thread->cache, size);

    if (!object && memory_may_grow(&store->memory, size)) {
        memory_ready(&store->memory);
        reclaim(thread, BUCKETS_PER_GROWTH, ITEMS_PER_GROWTH);
        object = memory_alloc(&store->memory, &thread->cache, size);
    }
    for (unsigned attempt = 0; !object && attempt < ATTEMPTS_MAX; attempt++) {
        if (!make_room(thread, size, attempt))
            break;
        object = memory_alloc(&store->memory, &thread->cache, size);
    }
    return object;
}

bool evict_make_room(struct store_thread *thread, size_t size, unsigned objects)
{
    struct made {
        struct made *next;
    } *all = NULL;
    unsigned left = objects;

    for (struct made *made; left > 0 && (made = evict_alloc(thread, size)); left--) {
        made->next = all;
        all = made;
    }
    while (all) {
        struct made *next = all->next;
        memory_free(&thread->store->memory, &thread->cache, all);
        all = next;
    }
    return left == 0;
}

void evict_to_limit(struct store_thread *thread)
{
    struct memory *memory = &thread->store->memory;

    if (!thread->store->evict)
        return;
    for (unsigned n = 0; n < PAGES_GIVEN_BACK_AT_ONCE; n++) {
        if (memory_used(memory) <= atomic_load_explicit(&memory->limit_bytes, memory_order_relaxed))
            return;
        make_room(thread, 0, ATTEMPTS_PER_DRAIN - 1);
    }
}
