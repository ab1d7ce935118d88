/*
 * Cursors: finding a place in a tree, moving from there, and counting what lies before. A place
 * between two leaves has two names, behind the last element of the one and at the first of the
 * other. Seeking may return either; reading goes on to the latter.
 *
 * Freeing walks from the end, always to the last leaf, so that it can stop after any node and
 * needs no memory of its own.
 */
#include "cacheserver/store/tree.h"

#include "cacheserver/store/tree_node.h"

static void *cursor_start(struct tree *tree, struct tree_cursor *cursor)
{
    cursor->tree = tree;
    cursor->leaf = NULL;
    cursor->at = 0;
    return tree->root;
}

static void *enter(struct tree_cursor *cursor, unsigned level, void *node, unsigned at)
{
    cursor->path[level].node = node;
    cursor->path[level].at = at;
    return inner_children(node)[at];
}

void tree_seek_rank(struct tree *tree, uint32_t rank, struct tree_cursor *cursor)
{
    void *node = cursor_start(tree, cursor);
    bool at_end = rank == tree->count;

    for (unsigned level = tree->height; level-- > 0;) {
        const uint32_t *counts = inner_elements(node);
        unsigned last = ((struct tree_inner *)node)->count - 1u;
        unsigned at = 0;
        if (at_end) {
            at = last;
            rank = level ? rank : counts[last];
        }
        for (; !at_end && at < last && rank >= counts[at]; at++)
            rank -= counts[at];
        node = enter(cursor, level, node, at);
    }
    cursor->leaf = node;
    cursor->at = rank;
}

static struct tree_leaf *first_leaf(void *node, unsigned height)
{
    while (height-- > 0)
        node = inner_children(node)[0];
    return node;
}

/* Whether the first element below the node comes after what is sought. */
static bool begins_after(void *node, unsigned height, const struct tree_sought *sought)
{
    size_t len;
    const char *element = leaf_element(first_leaf(node, height), 0, &len);
    return sought->compare(sought->argument, element, len) > 0;
}

/* The child that the sought element is in, if it is in any. Children whose keys are the sought one
 * are told apart by their first elements. */
static unsigned child_for(struct tree_inner *node, unsigned height,
                          const struct tree_sought *sought)
{
    unsigned low = inner_find(node, sought->key, false);

    if (low == node->count || inner_keys(node)[low] != sought->key || !sought->compare)
        return low - 1;
    unsigned n = inner_find(node, sought->key, true) - low;
    while (n > 0) {
        unsigned half = n / 2;
        if (begins_after(inner_children(node)[low + half], height, sought)) {
            n = half;
        } else {
            low += half + 1;
            n -= half + 1;
        }
    }
    return low - 1;
}

/* The elements that the first three steps of a search in halves may look at; otherwise each step
 * would wait for memory anew. */
static void prefetch_probes(const struct tree_leaf *leaf)
{
    size_t len;

    for (unsigned i = 1; i < 8; i++)
        __builtin_prefetch(leaf_element(leaf, leaf->count * i / 8, &len));
}

static bool seek_in_leaf(struct tree_cursor *cursor, const struct tree_sought *sought)
{
    const struct tree_leaf *leaf = cursor->leaf;
    unsigned low = 0, n = leaf->count;
    bool found = false;

    if (n >= 8)
        prefetch_probes(leaf);
    while (n > 0) {
        unsigned half = n / 2;
        size_t len;
        const char *element = leaf_element(leaf, low + half, &len);
        int order = sought->compare(sought->argument, element, len);
        if (order < 0) {
            low += half + 1;
            n -= half + 1;
        } else {
            found = order == 0;
            n = half;
        }
    }
    cursor->at = low;
    return found;
}

static bool seek_tag(struct tree_cursor *cursor, uint32_t tag)
{
    cursor->at = leaf_find_tag(cursor->leaf, tag);
    const char *element;
    size_t len;
    return tree_get(cursor, &element, &len) && leaf_tag(cursor->leaf, cursor->at) == tag;
}

/* Among the elements of one tag. */
static bool seek_among_tag(struct tree_cursor *cursor, const struct tree_sought *sought)
{
    uint32_t tag = tree_tag_of_key(sought->key);
    const char *element;
    size_t len;

    for (bool more = seek_tag(cursor, tag); more && tree_get(cursor, &element, &len);) {
        int order = sought->compare(sought->argument, element, len);
        if (order >= 0)
            return order == 0;
        tree_next(cursor);
        more = tree_get(cursor, &element, &len) && leaf_tag(cursor->leaf, cursor->at) == tag;
    }
    return false;
}

/* Collections mostly lie in no cache. What a search in a node reads, keys or tags, comes in at once
 * instead of line by line. */
static void prefetch_node(const void *node)
{
    for (size_t at = 0; at < 320; at += 64)
        __builtin_prefetch((const char *)node + at);
}

bool tree_seek(struct tree *tree, const struct tree_sought *sought, struct tree_cursor *cursor)
{
    void *node = cursor_start(tree, cursor);

    if (!node)
        return false;
    prefetch_node(node);
    for (unsigned level = tree->height; level-- > 0;) {
        unsigned at = tree->order->tagged ? inner_find(node, sought->key, false) - 1
                                          : child_for(node, level, sought);
        node = enter(cursor, level, node, at);
        prefetch_node(node);
    }
    cursor->leaf = node;
    if (!tree->order->tagged)
        return seek_in_leaf(cursor, sought);
    return sought->compare ? seek_among_tag(cursor, sought)
                           : seek_tag(cursor, tree_tag_of_key(sought->key));
}

uint32_t tree_rank(const struct tree_cursor *cursor)
{
    uint32_t rank = cursor->at;

    for (unsigned level = 0; level < cursor->tree->height; level++)
        rank += inner_sum(cursor->path[level].node, cursor->path[level].at);
    return rank;
}

/* The first level above the leaf where the path has a neighbour on that side; height: none has. */
static unsigned level_with_neighbour(const struct tree_cursor *cursor, bool behind)
{
    unsigned level = 0;

    for (; level < cursor->tree->height; level++) {
        unsigned at = cursor->path[level].at;
        if (behind ? at + 1 < cursor->path[level].node->count : at > 0)
            break;
    }
    return level;
}

static bool to_neighbour_leaf(struct tree_cursor *cursor, bool behind)
{
    unsigned level = level_with_neighbour(cursor, behind);

    if (level == cursor->tree->height)
        return false;
    struct tree_inner *node = cursor->path[level].node;
    void *child = enter(cursor, level, node, cursor->path[level].at + (behind ? 1 : -1u));
    while (level-- > 0) {
        node = child;
        child = enter(cursor, level, node, behind ? 0 : node->count - 1u);
    }
    cursor->leaf = child;
    cursor->at = behind ? 0 : cursor->leaf->count - 1u;
    return true;
}

bool tree_get(struct tree_cursor *cursor, const char **element, size_t *len)
{
    if (!cursor->leaf || (cursor->at == cursor->leaf->count && !to_neighbour_leaf(cursor, true)))
        return false;
    *element = leaf_element(cursor->leaf, cursor->at, len);
    return true;
}

uint32_t tree_tag(struct tree_cursor *cursor)
{
    return leaf_tag(cursor->leaf, cursor->at);
}

bool tree_next(struct tree_cursor *cursor)
{
    const char *element;
    size_t len;

    if (!tree_get(cursor, &element, &len))
        return false;
    cursor->at++;
    return true;
}

bool tree_prev(struct tree_cursor *cursor)
{
    if (!cursor->leaf)
        return false;
    if (cursor->at > 0) {
        cursor->at--;
        return true;
    }
    return to_neighbour_leaf(cursor, false);
}

void cursor_lower_key(struct tree_cursor *cursor, uint64_t key)
{
    unsigned level = level_with_neighbour(cursor, false);

    if (level == cursor->tree->height)
        return;
    uint64_t *separator = &inner_keys(cursor->path[level].node)[cursor->path[level].at];
    if (key < *separator)
        *separator = key;
}

void cursor_set_node(struct tree_cursor *cursor, unsigned level, void *node)
{
    if (level == cursor->tree->height)
        cursor->tree->root = node;
    else
        inner_children(cursor->path[level].node)[cursor->path[level].at] = node;
    if (level == 0)
        cursor->leaf = node;
    else
        cursor->path[level - 1].node = node;
}

void cursor_add(struct tree_cursor *cursor, int32_t n)
{
    cursor->tree->count += (uint32_t)n;
    for (unsigned level = 0; level < cursor->tree->height; level++)
        inner_elements(cursor->path[level].node)[cursor->path[level].at] += (uint32_t)n;
}

void *node_alloc(struct tree *tree, struct tree_room *room, size_t size)
{
    size_t rounded = memory_rounded(room->memory, size);
    void *node = memory_alloc(room->memory, room->cache, rounded);

    if (node)
        tree->bytes += rounded;
    else
        room->wanted = rounded;
    return node;
}

void node_free(struct tree *tree, struct tree_room *room, void *node, size_t size)
{
    tree->bytes -= memory_rounded(room->memory, size);
    memory_free_sized(room->memory, room->cache, node, size);
}

/* Frees the last leaf, and the nodes above it that it was the only child of. */
static unsigned free_last_leaf(struct tree *tree, struct tree_room *room)
{
    struct tree_inner *path[TREE_HEIGHT_MAX];
    void *node = tree->root;
    unsigned freed = 1;

    for (unsigned level = tree->height; level-- > 0;) {
        path[level] = node;
        node = inner_children(node)[path[level]->count - 1];
    }
    node_free(tree, room, node, ((struct tree_leaf *)node)->bytes);
    for (unsigned level = 0; level < tree->height; level++, freed++) {
        if (--path[level]->count > 0)
            return freed;
        node_free(tree, room, path[level], inner_bytes(path[level]->capacity));
    }
    tree->root = NULL;
    tree->height = 0;
    return freed;
}

bool tree_free_some(struct tree *tree, struct tree_room *room, unsigned n)
{
    for (unsigned freed = 0; tree->root && freed < n;)
        freed += free_last_leaf(tree, room);
    if (!tree->root)
        tree->count = 0;
    return tree->root;
}

struct tree_inner *tree_take_branch(struct tree_room *room)
{
    struct tree_inner *branch = room->branches;

    if (branch)
        room->branches = branch->next;
    return branch;
}

bool tree_free_branch(struct tree_inner *branch, struct tree_room *room, unsigned n)
{
    struct tree tree = {.root = branch, .height = (uint8_t)branch->height};

    return tree_free_some(&tree, room, n);
}

bool tree_branch_is_large(const struct tree_inner *branch)
{
    return branch->height > 1;
}
