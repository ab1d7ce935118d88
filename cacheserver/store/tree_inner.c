/*
 * Three arrays in one object. Their places follow from the capacity, which starts small and grows
 * in small steps: most collections are small.
 */
#include <string.h>

#include "cacheserver/store/tree_node.h"

void inner_init(struct tree_inner *node, unsigned capacity, struct item *owner)
{
    *node = (struct tree_inner){.capacity = (uint16_t)capacity, .owner = owner};
}

void inner_insert(struct tree_inner *node, unsigned at, uint64_t key, void *child,
                  uint32_t elements)
{
    uint64_t *keys = inner_keys(node);
    void **children = inner_children(node);
    uint32_t *counts = inner_elements(node);
    size_t behind = node->count - at;

    memmove(&keys[at + 1], &keys[at], behind * sizeof(*keys));
    memmove(&children[at + 1], &children[at], behind * sizeof(*children));
    memmove(&counts[at + 1], &counts[at], behind * sizeof(*counts));
    keys[at] = key;
    children[at] = child;
    counts[at] = elements;
    node->count++;
}

void inner_remove(struct tree_inner *node, unsigned at)
{
    uint64_t *keys = inner_keys(node);
    void **children = inner_children(node);
    uint32_t *counts = inner_elements(node);
    size_t behind = node->count - at - 1u;

    memmove(&keys[at], &keys[at + 1], behind * sizeof(*keys));
    memmove(&children[at], &children[at + 1], behind * sizeof(*children));
    memmove(&counts[at], &counts[at + 1], behind * sizeof(*counts));
    node->count--;
}

void inner_append(struct tree_inner *to, const struct tree_inner *from, unsigned first, unsigned n)
{
    unsigned at = to->count;

    memcpy(&inner_keys(to)[at], &inner_keys(from)[first], n * sizeof(uint64_t));
    memcpy(&inner_children(to)[at], &inner_children(from)[first], n * sizeof(void *));
    memcpy(&inner_elements(to)[at], &inner_elements(from)[first], n * sizeof(uint32_t));
    to->count = (uint16_t)(at + n);
}

uint32_t inner_sum(const struct tree_inner *node, unsigned end)
{
    const uint32_t *counts = inner_elements(node);
    uint32_t sum = 0;

    for (unsigned i = 0; i < end; i++)
        sum += counts[i];
    return sum;
}

/* Without branches on what is compared, which nothing could predict. */
unsigned inner_find(const struct tree_inner *node, uint64_t key, bool above)
{
    const uint64_t *keys = inner_keys(node);
    unsigned low = 1, n = node->count - 1u;

    while (n > 0) {
        unsigned half = (n + 1) / 2;
        uint64_t here = keys[low + half - 1];
        bool before = here < key || (above && here == key);
        low += before ? half : 0;
        n -= half;
    }
    return low;
}

/* *height: of the node above what was found. */
static void **link_below(struct tree_inner *inner, const void *node, unsigned *height)
{
    void **children = inner_children(inner);
    unsigned above = *height;

    for (unsigned i = 0; i < inner->count; i++)
        if (children[i] == node)
            return &children[i];
    for (unsigned i = 0; above > 1 && i < inner->count; i++) {
        *height = above - 1;
        void **link = link_below(children[i], node, height);
        if (link)
            return link;
    }
    return NULL;
}

void **tree_link_of(struct tree *tree, void *node, size_t *bytes)
{
    unsigned height = tree->height + 1u;
    void **link = NULL;

    if (tree->root == node)
        link = &tree->root;
    else if (tree->height > 0) {
        height = tree->height;
        link = link_below(tree->root, node, &height);
    }
    if (link)
        *bytes = height > 1 ? inner_bytes(((struct tree_inner *)node)->capacity)
                            : ((struct tree_leaf *)node)->bytes;
    return link;
}
