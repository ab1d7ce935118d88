#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cacheserver/store/internal.h"
#include "cacheserver/store/tree.h"

/*
 * What lists, sets, maps and b+trees have in common. A collection is an item of the hash table
 * with a struct collection (and for b+trees COLLECTION_BTREE_BYTES more) where a key-value item has
 * its value. Shared by the files of the store; commands see list.h, set.h, map.h and btree.h.
 */
struct collection {
    struct tree tree;
    uint32_t max_count;
    uint32_t overflow : 3; /* enum collection_overflow */
    uint32_t unreadable : 1;
    uint32_t trimmed : 1;   /* b+tree: elements were lost to the maximum */
    uint32_t unlimited : 1; /* max_count follows what the server allows */
    uint32_t version : 26;  /* counts changes of the elements */
};

/* Room for what only b+trees need; zeroed when the collection is made. */
#define COLLECTION_BTREE_BYTES 48
static inline void *collection_extra(struct collection *collection)
{
    return collection + 1;
}

struct collection *item_collection(struct item *item);

/* A collection that is locked, while something is done with it. */
struct collection_access {
    struct store_thread *thread;
    struct place place;
    struct item *item;
    struct collection *collection;
    struct tree_room room;
    bool created;  /* by this very call */
    bool drop;     /* set by act: the collection goes when act returns */
    bool resumed;  /* act returned STORE_PAUSED before, and no element has changed since */
    uint32_t left; /* how much may be done before the next pause, see access_spend */
};

/*
 * One operation: `act` is called with the collection locked, and must not call the store. What it
 * returns is the result, except that
 * - STORE_NO_MEMORY with access->room.wanted set means: make so much room and start over, act is
 *   called again (it must not have changed anything); after some tries the result stands;
 * - STORE_PAUSED means: let others have the lock, then call act again. If access->resumed is set
 *   then, it goes on (cursors are still right), else it starts over; it must not have changed
 *   anything. So what it reads in several turns is what the collection is at the end of them.
 * Should others change it all the time, act is not made to pause any more;
 * - STORE_OK is STORE_CREATED_OK when the collection was made by this call.
 * A collection that was made by this call goes again when act does not return STORE_OK.
 */
struct collection_call {
    const char *key;
    size_t key_len;
    enum item_type type;
    const struct collection_attributes *create; /* NULL: the collection must exist */
    bool reading;                               /* unreadable collections are STORE_UNREADABLE */
    enum store_result (*act)(struct collection_access *access, void *argument);
    void *argument;
};
enum store_result collection_call(struct store_thread *thread, const struct collection_call *call);

/* Counts what was done under the lock, in steps to a neighbour element; access->left 0: pause. */
#define ACCESS_SEEK 8 /* what finding an element costs */
static inline void access_spend(struct collection_access *access, uint32_t steps, size_t bytes)
{
    uint32_t spent = steps + (uint32_t)(bytes / 256);

    access->left -= spent < access->left ? spent : access->left;
}

/* The element at the cursor was inserted, or replaced, and is written: tell the journal. */
void collection_wrote(struct collection_access *access, const struct tree_cursor *cursor,
                      bool replaced);
/* tree_remove, and tells the journal. */
void collection_remove(struct collection_access *access, struct tree_cursor *cursor,
                       uint32_t count);

/* An item with an empty collection that nobody sees yet. */
enum store_result collection_prepare(struct store_thread *thread, const char *key, size_t key_len,
                                     enum item_type type,
                                     const struct collection_attributes *attributes,
                                     struct item **item);

/* Whether the limit of sticky items admits so many bytes more to this collection. */
bool collection_may_grow(const struct collection_access *access, size_t bytes);

/* Reading elements that stand together, and removing them: from this rank so many, backwards if
 * that is wanted. */
struct collection_range {
    uint32_t rank, count;
    bool backwards;

    uint32_t shown;
    size_t shown_bytes;
    struct tree_cursor cursor;
};
/* Shows them, then removes them if `mode` says so. STORE_PAUSED: call it again, with the same range
 * if the access was resumed, else with one of which only the first fields matter. STORE_OK,
 * STORE_DROPPED, or STORE_TOO_LARGE when that is too much for one reply. */
enum store_result collection_read(struct collection_access *access, struct collection_range *range,
                                  const struct store_reader *reader, enum store_removal_mode mode);
/* The hash of a value or field as a tree in the order of hashes wants it. */
uint64_t collection_hash(const struct store *store, const char *bytes, size_t len);

/* After elements were removed: the collection goes if `mode` says so and it is empty. */
enum store_result collection_removed(struct collection_access *access,
                                     enum store_removal_mode mode);

/* Takes over what the server allows now, if the collection's maximum follows that. */
void collection_refresh(struct store *store, struct item *item);

/* What a collection does when it overflows, asked to do this. */
enum collection_overflow collection_overflow(const struct store *store, struct item *item,
                                             enum collection_overflow wanted);
/* How many elements a collection made with this maximum may have. */
uint32_t collection_max_count(struct store *store, enum item_type type, int32_t max_count);
