#pragma once
#include "cacheserver/store/btree.h"
#include "cacheserver/store/collection.h"

/*
 * What b+trees add to a collection and how their elements are encoded; for the files of the store.
 */
struct btree {
    uint8_t kind;         /* enum bkey_kind of its elements, or of the last ones that it had */
    uint8_t maximum_kind; /* of the maximum distance of two bkeys; BKEY_NONE: there is none */
    uint8_t maximum_len;
    unsigned char maximum[BKEY_MAX_BYTES];
};
_Static_assert(sizeof(struct btree) <= COLLECTION_BTREE_BYTES, "struct btree has room");

static inline struct btree *btree_of(struct collection *collection)
{
    return collection_extra(collection);
}

/* Whether keys of this kind fit what is there. */
static inline bool btree_admits(struct collection *collection, enum bkey_kind kind)
{
    return collection->tree.count == 0 || btree_of(collection)->kind == kind;
}

/* Calls act with the b+tree locked, for reading or to change it; see collection_call. */
typedef enum store_result btree_act(struct collection_access *access, void *argument);
enum store_result btree_read(struct store_thread *thread, const char *key, size_t key_len,
                             btree_act *act, void *argument);
enum store_result btree_change(struct store_thread *thread, const char *key, size_t key_len,
                               btree_act *act, void *argument);

/* An empty b+tree becomes one of keys of this kind. */
void btree_set_kind(struct collection *collection, enum bkey_kind kind);

size_t btree_element_bytes(const struct btree_element *element);
void btree_element_write(char *at, const struct btree_element *element);
/* Whether the bytes are an element. */
bool btree_element_is_valid(const char *bytes, size_t len);
/* The element at the cursor; false: it is at the end. */
bool btree_current(struct tree_cursor *cursor, enum bkey_kind kind, struct btree_element *element);

/* The first element that is not before the key, or the end; whether it has the key. */
bool btree_seek(struct collection *collection, const struct bkey *bkey, struct tree_cursor *cursor);

/* The smallest or the largest key of a b+tree that is not empty. */
struct bkey btree_smallest(struct collection *collection);
struct bkey btree_largest(struct collection *collection);

/* The maximum distance; false: there is none. */
bool btree_maximum(struct collection *collection, struct bkey *maximum);
/* NULL: none any more. STORE_OK, or STORE_BAD_VALUE when the elements do not allow it. */
enum store_result btree_set_maximum(struct collection *collection, const struct bkey *maximum);
