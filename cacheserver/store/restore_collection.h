#pragma once
#include "cacheserver/store/store.h"

/*
 * Collections as a journal and a snapshot see them, and their way back. Elements are known by
 * their rank, which is the same after a restart because the order is: of positions, of bkeys, or
 * of hashes under the same seed (restore_seed).
 */

/* What a collection has beside its elements. */
#define COLLECTION_DISTANCE_MAX 31
struct collection_state {
    uint32_t max_count;
    uint8_t overflow; /* enum collection_overflow */
    bool unreadable, trimmed, unlimited;
    /* b+trees: enum bkey_kind of the keys and of the maximum distance, and the distance */
    uint8_t kind, maximum_kind, maximum_len;
    unsigned char maximum[COLLECTION_DISTANCE_MAX];
};
/* Bytes that do not count are zero. The bucket's lock is held. */
void collection_state_of(struct item *item, struct collection_state *state);
bool collection_state_equals(const struct collection_state *a, const struct collection_state *b);

/* Before anything is stored. */
void restore_seed(struct store *store, uint64_t a, uint64_t b);

/* Each changes the collection of this type that the key has. STORE_OK; STORE_BAD_VALUE: that cannot
 * have been; STORE_NO_MEMORY, STORE_NOT_FOUND, STORE_TYPE_MISMATCH. */
struct restore_key {
    const char *key;
    size_t key_len;
    enum item_type type;
};
/* An empty collection instead of what the key has. Also STORE_BAD_PREFIX. */
enum store_result restore_collection(struct store_thread *thread, const struct restore_key *key,
                                     uint32_t flags, clock_seconds exptime, uint64_t cas,
                                     const struct collection_state *state);
enum store_result restore_state(struct store_thread *thread, const struct restore_key *key,
                                const struct collection_state *state);
/* `kind` is that of the bkeys of a b+tree. */
struct restore_element {
    uint32_t rank;
    bool replaces;
    uint8_t kind;
    const char *bytes;
    size_t len;
};
#define RESTORE_LAST UINT32_MAX /* rank: after all others */
enum store_result restore_element(struct store_thread *thread, const struct restore_key *key,
                                  const struct restore_element *element);
enum store_result restore_removal(struct store_thread *thread, const struct restore_key *key,
                                  uint32_t rank, uint32_t count);
