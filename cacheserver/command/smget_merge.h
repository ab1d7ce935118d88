#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cacheserver/store/btree.h"

/*
 * The first elements of many b+trees in the order of their bkeys, ties in the order of their keys;
 * the other way round when descending. B+trees are given one after the other, each in that order,
 * and no more is remembered than could still be among the first.
 */
struct merge_key {
    const char *at;
    uint32_t flags; /* of the item */
    uint32_t len;
};

struct merge_entry {
    uint64_t order; /* of the bkey */
    uint32_t at;    /* in bytes, in units of 8 */
    uint32_t key;   /* which b+tree */
};

struct smget_merge {
    uint32_t wanted;
    bool unique; /* of elements with the same bkey only that of the first key counts */
    bool descending;
    enum bkey_kind kind;
    const struct merge_key *keys;

    struct merge_entry *entries; /* the first `sorted` are in order */
    struct merge_entry *spare;   /* room for as many, to sort them */
    uint32_t count, sorted, capacity;
    char *bytes; /* copies of the elements */
    size_t len, size;
    uint32_t count_end; /* what may be added before the next merge_prepare */
    size_t len_end;
};

/* The merge's first fields are set, the others zero. Ends with merge_deinit. */
void merge_deinit(struct smget_merge *merge);

/* Makes room for some elements more: as many as may be copied under one lock. To be called before
 * elements are added, without a lock; false: no memory, or what is wanted is too much for one
 * reply. */
bool merge_prepare(struct smget_merge *merge);

enum merge_outcome {
    MERGE_TAKEN,
    MERGE_BEYOND, /* neither this element nor those behind it in the same b+tree matter */
    MERGE_FULL,   /* merge_prepare, then go on with this element */
};
/* Never allocates. The key is merge->keys[key]. */
enum merge_outcome merge_add(struct smget_merge *merge, uint32_t key,
                             const struct btree_element *element);

/* All elements were added: the entries are in order and no more than wanted. false: no memory. */
bool merge_finish(struct smget_merge *merge);
/* The element of an entry; lasts until the next merge_prepare. */
void merge_element(const struct smget_merge *merge, const struct merge_entry *entry,
                   struct btree_element *element);
/* <0: the bkey comes before the entry's in the merge's direction. */
int merge_compare_bkey(const struct smget_merge *merge, const struct bkey *bkey,
                       const struct merge_entry *entry);
bool merge_same_bkey(const struct smget_merge *merge, const struct merge_entry *a,
                     const struct merge_entry *b);
