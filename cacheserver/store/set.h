#pragma once
#include "cacheserver/store/store.h"

/*
 * Sets as commands see them. Every function may also return STORE_NOT_FOUND and
 * STORE_TYPE_MISMATCH, and reading STORE_UNREADABLE and STORE_TOO_LARGE (for one reply).
 */
#define SET_DRAW_MAX 1000

/* `create` NULL: the set must exist. STORE_OK, STORE_CREATED_OK, STORE_ELEMENT_EXISTS,
 * STORE_OVERFLOWED or STORE_NO_MEMORY. */
enum store_result set_insert(struct store_thread *thread, const char *key, size_t key_len,
                             const char *value, size_t value_len,
                             const struct collection_attributes *create);

/* STORE_OK, STORE_DROPPED or STORE_NO_ELEMENT. */
enum store_result set_delete(struct store_thread *thread, const char *key, size_t key_len,
                             const char *value, size_t value_len, enum store_removal_mode mode);

/* STORE_OK: the value is in the set; STORE_NO_ELEMENT: it is not. */
enum store_result set_has(struct store_thread *thread, const char *key, size_t key_len,
                          const char *value, size_t value_len);

/* So many values drawn at random, each at most once; 0 or more than there are: all. At most
 * SET_DRAW_MAX. STORE_OK,
 * STORE_DROPPED or STORE_NO_ELEMENT (the set is empty). */
enum store_result set_get(struct store_thread *thread, const char *key, size_t key_len,
                          uint32_t count, enum store_removal_mode mode,
                          const struct store_reader *reader);
