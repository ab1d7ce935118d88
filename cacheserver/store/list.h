#pragma once
#include "cacheserver/store/store.h"

/*
 * Lists as commands see them. Indexes count from 0 at the head, negative ones from -1 at the tail.
 * Every function may also return STORE_NOT_FOUND and STORE_TYPE_MISMATCH, and reading
 * STORE_UNREADABLE and STORE_TOO_LARGE (for one reply).
 */
struct list_insert {
    int32_t index; /* of the new element; -1 behind the last one */
    const char *value;
    size_t value_len;
    const struct collection_attributes *create; /* NULL: the list must exist */
};
/* STORE_OK, STORE_CREATED_OK, STORE_OUT_OF_RANGE, STORE_OVERFLOWED or STORE_NO_MEMORY. */
enum store_result list_insert(struct store_thread *thread, const char *key, size_t key_len,
                              const struct list_insert *insert);

/* Both ends included; from behind to: backwards. What lies outside the list is left out. */
struct list_range {
    int32_t from, to;
};
/* STORE_OK, STORE_DROPPED or STORE_NO_ELEMENT. */
enum store_result list_get(struct store_thread *thread, const char *key, size_t key_len,
                           struct list_range range, enum store_removal_mode mode,
                           const struct store_reader *reader);
enum store_result list_delete(struct store_thread *thread, const char *key, size_t key_len,
                              struct list_range range, enum store_removal_mode mode);
