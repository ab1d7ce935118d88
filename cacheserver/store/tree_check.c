/*
 * Walks the whole tree the way nothing else does, from the root down, and asserts what the other
 * files rely on.
 */
#include <assert.h>

#include "cacheserver/store/tree_node.h"

struct seen {
    const struct tree *tree;
    const struct item *owner;
    const struct memory *memory;
    size_t bytes;
    uint64_t last_key; /* of the elements so far */
};

static void check_order(struct seen *seen, uint64_t key)
{
    assert(key >= seen->last_key);
    seen->last_key = key;
}

static uint32_t check_leaf(struct seen *seen, const struct tree_leaf *leaf)
{
    const struct tree_order *order = seen->tree->order;

    assert(leaf->owner == seen->owner);
    assert(leaf->count > 0 && leaf->zero == 0);
    assert(leaf_need(order->tagged, leaf->count, leaf_used(leaf)) <= leaf->bytes);
    for (unsigned i = 0; i < leaf->count; i++) {
        size_t len;
        assert(leaf->offsets[i] >= leaf_offset(leaf, (int)i - 1));
        const char *element = leaf_element(leaf, i, &len);
        if (order->tagged)
            check_order(seen, tree_key_of_tag(leaf_tag(leaf, i)));
        else if (order->key)
            check_order(seen, order->key(element, len));
    }
    seen->bytes += leaf->bytes;
    return leaf->count;
}

static uint32_t check_node(struct seen *seen, void *node, unsigned height)
{
    if (height == 0)
        return check_leaf(seen, node);
    struct tree_inner *inner = node;
    uint32_t sum = 0;

    assert(inner->owner == seen->owner);
    assert(inner->count > 0 && inner->count <= inner->capacity && inner->height == 0 &&
           inner->zero == 0);
    for (unsigned i = 0; i < inner->count; i++) {
        if (i > 0)
            check_order(seen, inner_keys(inner)[i]);
        uint32_t elements = check_node(seen, inner_children(inner)[i], height - 1);
        assert(elements == inner_elements(inner)[i]);
        sum += elements;
    }
    seen->bytes += memory_rounded(seen->memory, inner_bytes(inner->capacity));
    return sum;
}

void tree_check(const struct tree *tree, const struct tree_room *room)
{
    struct seen seen = {.tree = tree, .owner = room->owner, .memory = room->memory};

    assert(tree->height <= TREE_HEIGHT_MAX);
    if (!tree->root) {
        assert(tree->count == 0 && tree->height == 0 && tree->bytes == 0);
        return;
    }
    assert(tree->height == 0 || ((struct tree_inner *)tree->root)->count > 1);
    assert(check_node(&seen, tree->root, tree->height) == tree->count);
    assert(seen.bytes == tree->bytes);
}
