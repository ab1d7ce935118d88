#pragma once
#include <assert.h>

#include "cacheserver/store/tree_node.h"

/* Walks the whole tree the way the store never does, from the root down, and asserts what it relies
 * on. */
struct checked {
    const struct tree *tree;
    const struct item *owner;
    const struct memory *memory;
    size_t bytes;
    uint64_t last_key; /* of the elements so far */
};

static inline void check_key(struct checked *checked, uint64_t key)
{
    assert(key >= checked->last_key);
    checked->last_key = key;
}

static inline uint32_t check_leaf(struct checked *checked, const struct tree_leaf *leaf)
{
    const struct tree_order *order = checked->tree->order;

    assert(leaf->owner == checked->owner);
    assert(leaf->count > 0 && leaf->zero == 0);
    assert(leaf_need(order->tagged, leaf->count, leaf_used(leaf)) <= leaf->bytes);
    for (unsigned i = 0; i < leaf->count; i++) {
        size_t len;
        assert(leaf->offsets[i] >= leaf_offset(leaf, (int)i - 1));
        const char *element = leaf_element(leaf, i, &len);
        if (order->tagged)
            check_key(checked, tree_key_of_tag(leaf_tag(leaf, i)));
        else if (order->key)
            check_key(checked, order->key(element, len));
    }
    checked->bytes += leaf->bytes;
    return leaf->count;
}

static inline uint32_t check_node(struct checked *checked, void *node, unsigned height)
{
    if (height == 0)
        return check_leaf(checked, node);
    struct tree_inner *inner = node;
    uint32_t sum = 0;

    assert(inner->owner == checked->owner);
    assert(inner->count > 0 && inner->count <= inner->capacity && inner->height == 0 &&
           inner->zero == 0);
    for (unsigned i = 0; i < inner->count; i++) {
        if (i > 0)
            check_key(checked, inner_keys(inner)[i]);
        uint32_t elements = check_node(checked, inner_children(inner)[i], height - 1);
        assert(elements == inner_elements(inner)[i]);
        sum += elements;
    }
    checked->bytes += memory_rounded(checked->memory, inner_bytes(inner->capacity));
    return sum;
}

static inline void tree_check(const struct tree *tree, const struct tree_room *room)
{
    struct checked checked = {.tree = tree, .owner = room->owner, .memory = room->memory};

    assert(tree->height <= TREE_HEIGHT_MAX);
    if (!tree->root) {
        assert(tree->count == 0 && tree->height == 0 && tree->bytes == 0);
        return;
    }
    assert(tree->height == 0 || ((struct tree_inner *)tree->root)->count > 1);
    assert(check_node(&checked, tree->root, tree->height) == tree->count);
    assert(checked.bytes == tree->bytes);
}
