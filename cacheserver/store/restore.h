#pragma once
#include "cacheserver/store/store.h"

/* For recovery, before the store has a journal: contents come back as they were. */

/* Puts the item back with the cas unique that it had, instead of what its key has; takes it over
 * in every case. What a flush has emptied stays gone. STORE_OK or STORE_NO_MEMORY. */
enum store_result restore_item(struct store_thread *thread, struct item *item, uint64_t cas);

/* Everything with a smaller cas unique is gone. */
void restore_flush(struct store *store, uint64_t floor);
/* Of one prefix; len 0: keys without one. */
void restore_flush_prefix(struct store_thread *thread, const char *prefix, size_t len,
                          uint64_t floor);
void restore_flush_prefix_due(struct store_thread *thread, const char *prefix, size_t len,
                              clock_seconds due);
void restore_flush_due(struct store *store, clock_seconds due);

/* All cas uniques given out from now on are at least this. */
void restore_cas(struct store *store, uint64_t least);
