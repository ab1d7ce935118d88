#pragma once
#include <stdbool.h>
#include <stdint.h>

#include "cacheserver/store/store.h"

/*
 * Moving what lies in a page to other pages of its size, so that the page becomes free. The
 * item's bucket is locked. false: it stays where it is, because somebody may be reading it without
 * the lock, or there is no object at hand elsewhere.
 */

/* The item in this slot; collections stay. */
bool move_item(struct store_thread *thread, uint64_t *slot);
/* What may be a chunk of this item, or a node of this collection; true also when it is none. */
bool move_part(struct store_thread *thread, struct item *item, void *part);
