#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "cacheserver/runtime/clock.h"
#include "cacheserver/store/item.h"

/*
 * What the store tells whoever keeps a copy of its contents on disk: effects, not requests, so
 * that doing them again in the same order gives the same contents. Called by the thread that made
 * the change, under the lock of the item's bucket unless said otherwise; must be quick, must not
 * call the store, cannot fail. A store without a journal pays one branch per change.
 *
 * Evictions and expired items that are reclaimed are unlinks, too: a key that a client found
 * missing must not come back. Items that a flush emptied are not: the flush was told.
 */
struct store_thread;
struct restore_element;

struct journal {
    /* The item is what its key has from now on, with its value, attributes and cas unique. */
    void (*link)(struct journal *journal, struct store_thread *thread, struct item *item);
    /* The key has nothing any more. `asked`: by a client, whose reply may have to wait. */
    void (*unlink)(struct journal *journal, struct store_thread *thread, struct item *item,
                   bool asked);
    /* The item's expiry time changed. */
    void (*touch)(struct journal *journal, struct store_thread *thread, struct item *item);
    /* An element of the collection came to this rank, or took the place of the one there. */
    void (*element)(struct journal *journal, struct store_thread *thread, struct item *item,
                    const struct restore_element *element);
    /* `count` elements from this rank on are about to go. */
    void (*removal)(struct journal *journal, struct store_thread *thread, struct item *item,
                    uint32_t rank, uint32_t count);
    /* What the collection has beside its elements changed. */
    void (*state)(struct journal *journal, struct store_thread *thread, struct item *item);
    /* Everything with a smaller cas unique than `floor` is gone. No lock is held. */
    void (*flush)(struct journal *journal, struct store_thread *thread, uint64_t floor);
    /* The same of one prefix only; len 0: keys without one. NULL: not wanted. */
    void (*flush_prefix)(struct journal *journal, struct store_thread *thread, const char *prefix,
                         size_t len, uint64_t floor);
    /* All with this prefix will be flushed then. NULL: not wanted. */
    void (*flush_prefix_due)(struct journal *journal, struct store_thread *thread,
                             const char *prefix, size_t len, clock_seconds due);
    /* Everything will be flushed then; CLOCK_NEVER: the flush that was due happened. No lock. */
    void (*flush_due)(struct journal *journal, struct store_thread *thread, clock_seconds due);
};
