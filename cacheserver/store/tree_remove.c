/*
 * Removal never needs memory. What makes the tree smaller again afterwards (a leaf into a smaller
 * object, two thin neighbours into one) is done when there is memory for it and left when there is
 * none.
 *
 * All elements below a node that go together go as a branch: it is cut off in one step and freed
 * later. Its memory leaves the tree at once, for which the lengths of its leaves must be read, many
 * at a time, or that would be nearly as slow as freeing them.
 */
#include "cacheserver/store/tree_node.h"

#define THIN_LEAF    (LEAF_MAX / 4)
#define MERGED_LEAF  (LEAF_MAX / 4 * 3)
#define THIN_INNER   (INNER_MAX / 4)
#define MERGED_INNER (INNER_MAX / 4 * 3)

static size_t need_of(const struct tree *tree, const struct tree_leaf *leaf)
{
    return leaf_need(tree->order->tagged, leaf->count, leaf_used(leaf));
}

/* Takes the path's child at this level (0: the leaf) out of its parent, and parents that it was the
 * only child of out of theirs. The path is no longer right afterwards. */
static void unlink_child(struct tree_cursor *cursor, struct tree_room *room, unsigned level)
{
    struct tree *tree = cursor->tree;

    for (; level < tree->height; level++) {
        struct tree_inner *node = cursor->path[level].node;
        inner_remove(node, cursor->path[level].at);
        if (node->count > 0)
            return;
        node_free(tree, room, node, inner_bytes(node->capacity));
    }
    tree->root = NULL;
    tree->height = 0;
}

/* Roots with one child are not needed. */
static void lower_tree(struct tree *tree, struct tree_room *room)
{
    while (tree->height > 0) {
        struct tree_inner *root = tree->root;
        if (root->count > 1)
            return;
        tree->root = inner_children(root)[0];
        tree->height--;
        node_free(tree, room, root, inner_bytes(root->capacity));
    }
}

/* Both children, at `at` and behind it, have become the node `merged`. */
static void replace_pair(struct tree_inner *node, unsigned at, void *merged)
{
    inner_children(node)[at] = merged;
    inner_elements(node)[at] += inner_elements(node)[at + 1];
    inner_remove(node, at + 1);
}

static struct tree_leaf *merge_leaves(struct tree *tree, struct tree_room *room,
                                      struct tree_leaf *left, struct tree_leaf *right)
{
    bool tagged = tree->order->tagged;
    size_t need = need_of(tree, left) + need_of(tree, right) - sizeof(*left);

    if (need > MERGED_LEAF)
        return NULL;
    struct tree_leaf *merged = node_alloc(tree, room, need);
    if (!merged)
        return NULL;
    leaf_init(merged, memory_rounded(room->memory, need), room->owner);
    leaf_append(merged, left, tagged, 0, left->count);
    leaf_append(merged, right, tagged, 0, right->count);
    node_free(tree, room, left, left->bytes);
    node_free(tree, room, right, right->bytes);
    return merged;
}

/* `key` is what the parent says of the right one. */
static struct tree_inner *merge_inner(struct tree *tree, struct tree_room *room,
                                      struct tree_inner *left, struct tree_inner *right,
                                      uint64_t key)
{
    unsigned count = left->count + (unsigned)right->count;
    unsigned capacity = inner_capacity(count);

    if (count > MERGED_INNER)
        return NULL;
    struct tree_inner *merged = node_alloc(tree, room, inner_bytes(capacity));
    if (!merged)
        return NULL;
    inner_init(merged, capacity, room->owner);
    inner_append(merged, left, 0, left->count);
    inner_append(merged, right, 0, right->count);
    inner_keys(merged)[left->count] = key;
    node_free(tree, room, left, inner_bytes(left->capacity));
    node_free(tree, room, right, inner_bytes(right->capacity));
    return merged;
}

/* The path's node of this level and one of its neighbours become one, if they are small enough. */
static bool merge_at(struct tree_cursor *cursor, struct tree_room *room, unsigned level)
{
    struct tree *tree = cursor->tree;
    struct tree_inner *parent = cursor->path[level].node;
    void **children = inner_children(parent);
    unsigned at = cursor->path[level].at;

    for (unsigned left = at > 0 ? at - 1 : 0; left <= at && left + 1 < parent->count; left++) {
        void *merged = level == 0
                           ? (void *)merge_leaves(tree, room, children[left], children[left + 1])
                           : merge_inner(tree, room, children[left], children[left + 1],
                                         inner_keys(parent)[left + 1]);
        if (merged) {
            replace_pair(parent, left, merged);
            return true;
        }
    }
    return false;
}

/* From the path's parent of the given level on, nodes that have got thin. */
static void merge_upwards(struct tree_cursor *cursor, struct tree_room *room, unsigned level)
{
    struct tree *tree = cursor->tree;

    for (; level < tree->height; level++)
        if (cursor->path[level - 1].node->count >= THIN_INNER || !merge_at(cursor, room, level))
            break;
    lower_tree(tree, room);
}

void cursor_fit_leaf(struct tree_cursor *cursor, struct tree_room *room)
{
    struct tree *tree = cursor->tree;
    struct tree_leaf *old = cursor->leaf;
    size_t need = leaf_size(tree, need_of(tree, old));
    size_t size = memory_rounded(room->memory, need);

    if (need >= old->bytes - old->bytes / 4 || size >= old->bytes)
        return;
    struct tree_leaf *leaf = node_alloc(tree, room, size);
    if (!leaf)
        return;
    leaf_init(leaf, size, room->owner);
    leaf_append(leaf, old, tree->order->tagged, 0, old->count);
    cursor_set_node(cursor, 0, leaf);
    node_free(tree, room, old, old->bytes);
}

static size_t branch_bytes(const struct tree_room *room, const struct tree_inner *branch,
                           unsigned height)
{
    void **children = inner_children(branch);
    size_t bytes = memory_rounded(room->memory, inner_bytes(branch->capacity));

    for (unsigned i = 0; i < branch->count; i++)
        __builtin_prefetch(children[i]);
    for (unsigned i = 0; i < branch->count; i++)
        bytes += height > 1 ? branch_bytes(room, children[i], height - 1)
                            : ((struct tree_leaf *)children[i])->bytes;
    return bytes;
}

/* What is above has been unlinked. */
static void cut_off(struct tree_room *room, struct tree_inner *branch, unsigned height)
{
    branch->height = (uint16_t)height;
    branch->next = room->branches;
    room->branches = branch;
}

/* How many elements are below the path's node of this height. */
static uint32_t elements_below(const struct tree_cursor *cursor, unsigned height)
{
    if (height == cursor->tree->height)
        return cursor->tree->count;
    return inner_elements(cursor->path[height].node)[cursor->path[height].at];
}

/* The cursor is at the first element of a leaf. The height of the highest node of the path that
 * begins there, too, and has no more than n elements. */
static unsigned highest_within(const struct tree_cursor *cursor, uint32_t n)
{
    unsigned height = 0;

    while (height < cursor->tree->height && cursor->path[height].at == 0 &&
           elements_below(cursor, height + 1) <= n)
        height++;
    return height;
}

/* Everything below the path's node of this height goes. */
static void remove_node(struct tree_cursor *cursor, struct tree_room *room, unsigned height)
{
    struct tree *tree = cursor->tree;
    struct tree_leaf *leaf = cursor->leaf;
    struct tree_inner *branch = height > 0 ? cursor->path[height - 1].node : NULL;
    unsigned level = height;

    if (branch)
        tree->bytes -= height == tree->height ? tree->bytes : branch_bytes(room, branch, height);
    while (level < tree->height && cursor->path[level].node->count == 1)
        level++;
    cursor_add(cursor, -(int32_t)elements_below(cursor, height));
    unlink_child(cursor, room, height);
    if (branch)
        cut_off(room, branch, height);
    else
        node_free(tree, room, leaf, leaf->bytes);
    if (tree->root)
        merge_upwards(cursor, room, level + 1);
}

/* false: the cursor must be found again. */
static bool remove_in_leaf(struct tree_cursor *cursor, struct tree_room *room, unsigned n)
{
    struct tree *tree = cursor->tree;
    struct tree_leaf *leaf = cursor->leaf;

    leaf_remove(leaf, tree->order->tagged, cursor->at, n);
    cursor_add(cursor, -(int32_t)n);
    size_t need = need_of(tree, leaf);
    if (need < THIN_LEAF && tree->height > 0 && merge_at(cursor, room, 0)) {
        merge_upwards(cursor, room, 1);
        return false;
    }
    cursor_fit_leaf(cursor, room);
    return true;
}

void tree_remove(struct tree_cursor *cursor, struct tree_room *room, uint32_t n)
{
    struct tree *tree = cursor->tree;
    uint32_t rank = tree_rank(cursor);
    const char *element;
    size_t len;

    while (n > 0 && tree_get(cursor, &element, &len)) {
        unsigned here = cursor->leaf->count - cursor->at;
        uint32_t taken = n < here ? n : here;
        bool in_place = false;
        if (taken == cursor->leaf->count) {
            unsigned height = highest_within(cursor, n);
            taken = height > 0 ? elements_below(cursor, height) : taken;
            remove_node(cursor, room, height);
        } else {
            in_place = remove_in_leaf(cursor, room, taken);
        }
        n -= taken;
        if (!in_place)
            tree_seek_rank(tree, rank, cursor);
    }
}
