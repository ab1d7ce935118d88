/*
 * Everything is checked before it is believed: that ranks exist, that an element is one of its
 * type, that it belongs where it is said to have been.
 */
#include "cacheserver/store/restore_collection.h"

#include <string.h>

#include "cacheserver/store/btree_element.h"
#include "cacheserver/store/collection.h"
#include "cacheserver/store/restore.h"

void collection_state_of(struct item *item, struct collection_state *state)
{
    struct collection *collection = item_collection(item);

    memset(state, 0, sizeof(*state));
    state->max_count = collection->max_count;
    state->overflow = collection->overflow;
    state->unreadable = collection->unreadable;
    state->trimmed = collection->trimmed;
    state->unlimited = collection->unlimited;
    if (item_type(item) != ITEM_BTREE)
        return;
    const struct btree *btree = btree_of(collection);
    state->kind = btree->kind;
    state->maximum_kind = btree->maximum_kind;
    state->maximum_len = btree->maximum_kind == BKEY_NONE ? 0 : btree->maximum_len;
    memcpy(state->maximum, btree->maximum, state->maximum_len);
}

bool collection_state_equals(const struct collection_state *a, const struct collection_state *b)
{
    return a->max_count == b->max_count && a->overflow == b->overflow &&
           a->unreadable == b->unreadable && a->trimmed == b->trimmed &&
           a->unlimited == b->unlimited && a->kind == b->kind &&
           a->maximum_kind == b->maximum_kind && a->maximum_len == b->maximum_len &&
           !memcmp(a->maximum, b->maximum, sizeof(a->maximum));
}

void restore_seed(struct store *store, uint64_t a, uint64_t b)
{
    store->table.seed = (struct hash_seed){.a = a, .b = b};
}

static bool is_kind(uint8_t kind)
{
    return kind == BKEY_NUMBER || kind == BKEY_HEX;
}

static bool is_state(const struct collection_state *state)
{
    return state->overflow < COLLECTION_OVERFLOWS &&
           (state->kind == BKEY_NONE || is_kind(state->kind)) &&
           (state->maximum_kind == BKEY_NONE || is_kind(state->maximum_kind)) &&
           state->maximum_len <= BKEY_MAX_BYTES;
}

static void set_state(struct collection *collection, enum item_type type,
                      const struct collection_state *state)
{
    collection->max_count = state->max_count;
    collection->overflow = state->overflow;
    collection->unreadable = state->unreadable;
    collection->trimmed = state->trimmed;
    collection->unlimited = state->unlimited;
    if (type != ITEM_BTREE)
        return;
    struct btree *btree = btree_of(collection);
    if (collection->tree.count == 0 && state->kind != BKEY_NONE)
        btree_set_kind(collection, (enum bkey_kind)state->kind);
    btree->maximum_kind = state->maximum_kind;
    btree->maximum_len = state->maximum_len;
    memcpy(btree->maximum, state->maximum, state->maximum_len);
}

enum store_result restore_collection(struct store_thread *thread, const struct restore_key *key,
                                     uint32_t flags, clock_seconds exptime, uint64_t cas,
                                     const struct collection_state *state)
{
    const struct collection_attributes attributes = {
        .flags = flags, .exptime = exptime, .max_count = (int32_t)state->max_count};
    struct item *item;

    if (key->type < ITEM_LIST || key->type > ITEM_BTREE || !is_state(state))
        return STORE_BAD_VALUE;
    enum store_result result =
        collection_prepare(thread, key->key, key->key_len, key->type, &attributes, &item);
    if (result != STORE_OK)
        return result;
    set_state(item_collection(item), key->type, state);
    return restore_item(thread, item, cas);
}

static enum store_result call(struct store_thread *thread, const struct restore_key *key,
                              enum store_result (*act)(struct collection_access *access,
                                                       void *argument),
                              const void *argument)
{
    struct collection_call call = {.key = key->key,
                                   .key_len = key->key_len,
                                   .type = key->type,
                                   .act = act,
                                   .argument = (void *)argument};
    return collection_call(thread, &call);
}

static enum store_result act_state(struct collection_access *access, void *argument)
{
    const struct collection_state *state = argument;

    if (!is_state(state))
        return STORE_BAD_VALUE;
    set_state(access->collection, item_type(access->item), state);
    return STORE_OK;
}

enum store_result restore_state(struct store_thread *thread, const struct restore_key *key,
                                const struct collection_state *state)
{
    return call(thread, key, act_state, state);
}

/* false: no element of this type has such bytes. */
static bool order_key(struct collection_access *access, const struct restore_element *element,
                      uint64_t *key)
{
    const struct store *store = access->thread->store;
    struct tree *tree = &access->collection->tree;

    switch (item_type(access->item)) {
    case ITEM_LIST:
        *key = 0;
        return true;
    case ITEM_SET:
        *key = collection_hash(store, element->bytes, element->len);
        return true;
    case ITEM_MAP:
        if (element->len < 1 || (unsigned char)element->bytes[0] > element->len - 1)
            return false;
        *key = collection_hash(store, element->bytes + 1, (unsigned char)element->bytes[0]);
        return true;
    case ITEM_BTREE:
        if (!is_kind(element->kind) || !btree_element_is_valid(element->bytes, element->len))
            return false;
        if (tree->count == 0)
            btree_set_kind(access->collection, (enum bkey_kind)element->kind);
        else if (btree_of(access->collection)->kind != element->kind)
            return false;
        *key = tree->order->key(element->bytes, element->len);
        return true;
    case ITEM_KV:
    case ITEM_TYPES:
        break;
    }
    return false;
}

/* The order key of the element at this rank. */
static uint64_t key_at(struct tree *tree, uint32_t rank)
{
    struct tree_cursor cursor;
    const char *bytes;
    size_t len;

    tree_seek_rank(tree, rank, &cursor);
    if (tree->order->tagged)
        return tree_key_of_tag(tree_tag(&cursor));
    if (!tree->order->key)
        return 0;
    tree_get(&cursor, &bytes, &len);
    return tree->order->key(bytes, len);
}

static bool keeps_order(struct tree *tree, const struct restore_element *element, uint32_t rank,
                        uint64_t key)
{
    uint32_t next = element->replaces ? rank + 1 : rank;

    return (rank == 0 || key_at(tree, rank - 1) <= key) &&
           (next >= tree->count || key <= key_at(tree, next));
}

static enum store_result act_element(struct collection_access *access, void *argument)
{
    const struct restore_element *element = argument;
    struct tree *tree = &access->collection->tree;
    uint32_t rank = element->rank == RESTORE_LAST ? tree->count : element->rank;
    struct tree_cursor cursor;
    uint64_t key;

    if (rank > tree->count || (element->replaces && rank == tree->count) ||
        element->len > TREE_ELEMENT_MAX || !order_key(access, element, &key) ||
        !keeps_order(tree, element, rank, key))
        return STORE_BAD_VALUE;
    tree_seek_rank(tree, rank, &cursor);
    char *at = element->replaces ? tree_replace(&cursor, &access->room, key, element->len)
                                 : tree_insert(&cursor, &access->room, key, element->len);
    if (!at)
        return STORE_NO_MEMORY;
    memcpy(at, element->bytes, element->len);
    return STORE_OK;
}

enum store_result restore_element(struct store_thread *thread, const struct restore_key *key,
                                  const struct restore_element *element)
{
    return call(thread, key, act_element, element);
}

struct removal {
    uint32_t rank, count;
};

static enum store_result act_removal(struct collection_access *access, void *argument)
{
    const struct removal *removal = argument;
    struct tree *tree = &access->collection->tree;
    struct tree_cursor cursor;

    if (removal->rank > tree->count || removal->count > tree->count - removal->rank)
        return STORE_BAD_VALUE;
    tree_seek_rank(tree, removal->rank, &cursor);
    tree_remove(&cursor, &access->room, removal->count);
    return STORE_OK;
}

enum store_result restore_removal(struct store_thread *thread, const struct restore_key *key,
                                  uint32_t rank, uint32_t count)
{
    const struct removal removal = {.rank = rank, .count = count};
    return call(thread, key, act_removal, &removal);
}
