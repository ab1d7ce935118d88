#pragma once
#include "cacheserver/store/store.h"

/*
 * A walk over everything, bucket by bucket, while requests are served. The table does not grow
 * between walk_begin and walk_end, so a key stays in the bucket where it is.
 */

/* Returns the number of buckets. One walk at a time; a lock is held until walk_end. */
uint64_t walk_begin(struct store_thread *thread);
/* Lets the table grow again and does the growing that was put off. */
void walk_end(struct store_thread *thread);

/* Calls visit for every live item of one bucket, then passed, both under the bucket's lock. */
void walk_bucket(struct store_thread *thread, uint64_t index, store_visit *visit,
                 void (*passed)(void *argument), void *argument);

/* The number of the bucket in which this key lies; meaningful between walk_begin and walk_end. */
uint64_t walk_index(const struct store *store, const char *key, size_t key_len);
