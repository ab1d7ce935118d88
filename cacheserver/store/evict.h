#pragma once
#include "cacheserver/store/store.h"

/* An object of `size` bytes, evicting as far as the store's settings allow; NULL: out of memory.
 * No lock may be held. */
void *evict_alloc(struct store_thread *thread, size_t size);

/* Makes sure that the next so many calls of memory_alloc of this size by this thread succeed, most
 * likely. No lock may be held. */
bool evict_make_room(struct store_thread *thread, size_t size, unsigned objects);

/* Frees what is dead in the next few thousand buckets. No lock may be held. */
void evict_reclaim(struct store_thread *thread);

/* Gives pages back while more is in use than the limit allows: the table has grown, or the limit
 * was lowered. No lock may be held. */
void evict_to_limit(struct store_thread *thread);
