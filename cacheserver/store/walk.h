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

/* Calls act with the item that the key has, if it is a collection, under its bucket's lock. false:
 * it is none. */
bool walk_collection(struct store_thread *thread, const char *key, size_t key_len, store_visit *act,
                     void *argument);
/* For act: calls visit for the elements from this rank on, until they have so many bytes; returns
 * the rank after them. */
typedef void walk_element(const char *bytes, size_t len, void *argument);
uint32_t walk_elements(struct item *collection, uint32_t rank, size_t bytes_most,
                       walk_element *visit, void *argument);
/* How many elements there are, and the bytes that they take. */
uint32_t walk_element_count(struct item *collection, size_t *bytes);

/* The number of the bucket in which this key lies; meaningful between walk_begin and walk_end. */
uint64_t walk_index(const struct store *store, const char *key, size_t key_len);
