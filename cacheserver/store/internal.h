#pragma once
#include "cacheserver/store/journal.h"
#include "cacheserver/store/store.h"

/* Shared by the files of the store only. */

/* Of the items of this size class. */
static inline void count_add(struct store_thread *thread, unsigned class, enum store_count which,
                             int64_t n)
{
    _Atomic int64_t *count = &thread->counts[class][which];
    atomic_store_explicit(count, atomic_load_explicit(count, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

/* The bucket's lock is held. */
static inline bool item_is_flushed(const struct store_thread *thread, const struct item *item)
{
    return item_cas(item) < atomic_load_explicit(&thread->store->flush_floor, memory_order_acquire);
}

/* Only while a flush of a prefix is not over yet. */
bool prefix_is_flushed(struct store_thread *thread, const struct item *item);

/* Expired or flushed. The bucket's lock is held. */
static inline bool item_is_dead(struct store_thread *thread, const struct item *item)
{
    return (item->exptime != CLOCK_NEVER && item->exptime <= thread->now) ||
           item_is_flushed(thread, item) ||
           (__builtin_expect(
                atomic_load_explicit(&thread->store->prefixes.flushing, memory_order_acquire), 0) &&
            prefix_is_flushed(thread, item));
}

/* A linked item grew by so many bytes (or shrank). The bucket's lock is held. */
void store_count_growth(struct store_thread *thread, struct item *item, int64_t bytes);

/*
 * What a thread looks at without a lock may only be freed when no thread can be in the middle of
 * that: take it away from everybody's sight, advance the epoch, and free it when the new epoch has
 * passed, that is, when each thread has begun a batch since or rests.
 */
uint64_t store_epoch_advance(struct store *store);
bool store_epoch_passed(struct store *store, uint64_t epoch);

/* The first of all threads there ever were. */
static inline struct store_thread *store_threads(struct store *store)
{
    return atomic_load_explicit(&store->threads, memory_order_acquire);
}

/* Takes the item out of its locked bucket and releases it, because a client asked for it. */
void store_unlink(struct store_thread *thread, struct bucket *bucket, uint64_t *slot);
/* The same for an item that is dead or evicted, which `why` counts. */
void store_drop(struct store_thread *thread, struct bucket *bucket, uint64_t *slot,
                enum store_count why);

/* Tell the journal, if there is one. */
static inline void journal_link(struct store_thread *thread, struct item *item)
{
    struct journal *journal = thread->store->journal;

    if (__builtin_expect(journal != NULL, 0))
        journal->link(journal, thread, item);
}

static inline void journal_unlink(struct store_thread *thread, struct item *item, bool asked)
{
    struct journal *journal = thread->store->journal;

    if (__builtin_expect(journal != NULL, 0))
        journal->unlink(journal, thread, item, asked);
}

static inline void journal_state(struct store_thread *thread, struct item *item)
{
    struct journal *journal = thread->store->journal;

    if (__builtin_expect(journal != NULL, 0))
        journal->state(journal, thread, item);
}

static inline void journal_touch(struct store_thread *thread, struct item *item)
{
    struct journal *journal = thread->store->journal;

    if (__builtin_expect(journal != NULL, 0))
        journal->touch(journal, thread, item);
}

static inline void journal_flush_prefix(struct store_thread *thread, const char *prefix, size_t len,
                                        uint64_t floor)
{
    struct journal *journal = thread->store->journal;

    if (__builtin_expect(journal != NULL, 0) && journal->flush_prefix)
        journal->flush_prefix(journal, thread, prefix, len, floor);
}

static inline void journal_flush_prefix_due(struct store_thread *thread, const char *prefix,
                                            size_t len, clock_seconds due)
{
    struct journal *journal = thread->store->journal;

    if (__builtin_expect(journal != NULL, 0) && journal->flush_prefix_due)
        journal->flush_prefix_due(journal, thread, prefix, len, due);
}

/* After every change of the number of items, without a lock. */
void store_settle(struct store_thread *thread);

/* Gives an item's memory back; nobody may know it any more. */
void store_free_item(struct store_thread *thread, struct item *item);
/* The same for an item that may be a large collection, in slices of less than a millisecond; false:
 * it is not done yet, call it again. */
bool store_free_item_slice(struct store_thread *thread, struct item *item);

/* Large items are not freed while a bucket is locked but put aside. This frees them; no lock may be
 * held. */
void store_free_dropped(struct store_thread *thread);
/* Puts aside what was cut off collections. */
struct tree_room;
void store_put_aside(struct store_thread *thread, struct tree_room *room);
void store_free_chunks(struct store_thread *thread, struct item_chunk *chunk);

/* Where a key lies, or would. */
struct place {
    uint64_t hash;
    struct bucket *bucket; /* locked */
    uint64_t *slot;        /* NULL: the key has no live item */
};

static inline struct item *place_item(const struct place *place)
{
    return place->slot ? slot_item(*place->slot) : NULL;
}

/* Locks the key's bucket and drops a dead item on the way; end with bucket_unlock. */
struct place place_lock(struct store_thread *thread, const char *key, size_t key_len);

/* Links the item instead of what the key has now; takes it over in every case. Leaves the place
 * locked. STORE_OK or STORE_NO_MEMORY. */
enum store_result place_link(struct store_thread *thread, struct place *place, struct item *item);
/* The same with this cas unique and without telling the journal. */
enum store_result place_link_as(struct store_thread *thread, struct place *place, struct item *item,
                                uint64_t cas);

/* A cas unique that no item has. */
uint64_t store_next_cas(struct store_thread *thread);
/* The same, and larger than this one. */
uint64_t store_next_cas_after(struct store_thread *thread, uint64_t cas);

/* Changes the expiry of an item whose bucket is locked; STORE_NO_MEMORY: too many are sticky. */
enum store_result store_set_exptime(struct store_thread *thread, struct item *item,
                                    clock_seconds exptime);

/* --- values made from the old one --- */

/* What a new item is made of: the old value, copied when small, pinned when not, and what the new
 * item takes over. */
struct old_value {
    enum store_result result; /* as it was passed in when the key has no item */
    struct item *pinned;
    uint64_t cas, unique;
    uint32_t flags;
    clock_seconds exptime;
    size_t len;
    char copy[ITEM_PIN_MIN];
};

/* A store_visit; STORE_OK or STORE_TYPE_MISMATCH. Unpin old->pinned afterwards. */
void old_value_note(struct item *item, void *old);
void old_value_write(const struct old_value *old, struct item_cursor *to);

uint64_t store_random(struct store_thread *thread);
