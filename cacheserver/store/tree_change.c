/*
 * Insertion. A leaf has the room it needs and little more: when it is full it is copied into a
 * somewhat larger object, until it has LEAF_MAX bytes and is divided instead. All memory that an
 * insertion needs is had before anything is changed (struct spare).
 *
 * How a leaf is divided: at the end or the beginning of the sequence, where the next elements will
 * come too, all old elements stay together, so that what is filled in order has full leaves. In the
 * middle it is cut in halves; but leaves of hashes, which fill evenly, would then all be of one
 * size at a time, and, growing together, leave behind pages with a few objects of each smaller
 * size. They are cut at a random place, after which leaves of all sizes are about. Maps often have
 * the same fields, so the place must not follow from what is in the leaf.
 */
#include <assert.h>

#include "cacheserver/store/tree_node.h"

/* Parts of the needed bytes that a leaf gets beyond those, so that not every insertion copies. A
 * leaf elsewhere gets what its size class has; one of hashes, which grows wherever it is, room for
 * one element more, if that is little. */
#define SLACK_AT_ENDS      8
#define SLACK_AT_ENDS_TREE 64 /* of the whole tree's bytes */
#define SLACK_ELEMENTS_MIN 24

/* What an insertion adds. */
struct added {
    uint64_t key;
    uint32_t tag;
    size_t len;
};

/* Memory that a change is going to need, in the order in which it will take it. */
struct spare {
    unsigned count, taken;
    void *objects[3 + TREE_HEIGHT_MAX];
    size_t sizes[3 + TREE_HEIGHT_MAX];
};

static bool spare_add(struct spare *spare, struct tree *tree, struct tree_room *room, size_t size)
{
    void *object = node_alloc(tree, room, size);

    if (!object)
        return false;
    spare->sizes[spare->count] = size;
    spare->objects[spare->count++] = object;
    return true;
}

static void *spare_take(struct spare *spare)
{
    assert(spare->taken < spare->count);
    return spare->objects[spare->taken++];
}

static void spare_give_back(struct spare *spare, struct tree *tree, struct tree_room *room)
{
    while (spare->count > spare->taken) {
        spare->count--;
        node_free(tree, room, spare->objects[spare->count], spare->sizes[spare->count]);
    }
}

/* --- leaves --- */

static bool is_tagged(const struct tree_cursor *cursor)
{
    return cursor->tree->order->tagged;
}

static bool is_at_end(const struct tree_cursor *cursor)
{
    if (cursor->at < cursor->leaf->count)
        return false;
    for (unsigned level = 0; level < cursor->tree->height; level++)
        if (cursor->path[level].at + 1u < cursor->path[level].node->count)
            return false;
    return true;
}

static bool is_at_beginning(const struct tree_cursor *cursor)
{
    if (cursor->at > 0)
        return false;
    for (unsigned level = 0; level < cursor->tree->height; level++)
        if (cursor->path[level].at > 0)
            return false;
    return true;
}

static size_t slack_of(const struct tree_cursor *cursor, size_t need)
{
    if (is_tagged(cursor))
        return cursor->leaf->count < SLACK_ELEMENTS_MIN ? 0 : need / cursor->leaf->count;
    if (is_at_end(cursor) || is_at_beginning(cursor))
        return need / SLACK_AT_ENDS + cursor->tree->bytes / SLACK_AT_ENDS_TREE;
    return 0;
}

static size_t with_slack(const struct tree_cursor *cursor, size_t need)
{
    size_t slack = slack_of(cursor, need);
    size_t most = need < LEAF_MAX ? LEAF_MAX - need : 0;

    return leaf_size(cursor->tree, need + (slack < most ? slack : most));
}

static struct tree_leaf *leaf_start(struct spare *spare, const struct tree_room *room)
{
    unsigned which = spare->taken;
    struct tree_leaf *leaf = spare_take(spare);

    leaf_init(leaf, memory_rounded(room->memory, spare->sizes[which]), room->owner);
    return leaf;
}

/* Elements [first, end) of what the leaf `from` would be with the added element in front of `at`.
 * Returns the place of that, if it is one of them. */
static char *compose(struct tree_leaf *to, const struct tree_leaf *from, bool tagged, unsigned at,
                     const struct added *added, unsigned first, unsigned end)
{
    char *place = NULL;

    if (first < at)
        leaf_append(to, from, tagged, first, (end < at ? end : at) - first);
    if (first <= at && at < end)
        place = leaf_insert(to, tagged, to->count, added->tag, added->len);
    if (end > at + 1) {
        unsigned from_first = first > at ? first - 1 : at;
        leaf_append(to, from, tagged, from_first, end - 1 - from_first);
    }
    return place;
}

static char *grow_leaf(struct tree_cursor *cursor, struct tree_room *room,
                       const struct added *added, size_t need)
{
    struct spare spare = {0};
    struct tree_leaf *old = cursor->leaf;

    if (!spare_add(&spare, cursor->tree, room, with_slack(cursor, need)))
        return NULL;
    struct tree_leaf *leaf = leaf_start(&spare, room);
    char *place = compose(leaf, old, is_tagged(cursor), cursor->at, added, 0, old->count + 1u);
    cursor_set_node(cursor, 0, leaf);
    cursor_add(cursor, 1);
    node_free(cursor->tree, room, old, old->bytes);
    return place;
}

static char *first_leaf(struct tree_cursor *cursor, struct tree_room *room,
                        const struct added *added)
{
    struct spare spare = {0};
    struct tree *tree = cursor->tree;

    if (!spare_add(&spare, tree, room, leaf_need(is_tagged(cursor), 1, added->len)))
        return NULL;
    cursor->leaf = tree->root = leaf_start(&spare, room);
    cursor->at = 0;
    tree->count = 1;
    return leaf_insert(cursor->leaf, is_tagged(cursor), 0, added->tag, added->len);
}

/* --- inner nodes --- */

static size_t inner_size_after(const struct tree_inner *node)
{
    return inner_bytes(node->capacity < INNER_MAX ? inner_capacity(node->capacity + 1u)
                                                  : INNER_MAX);
}

/* What one child more will need on the way up from the leaf. */
static bool spare_add_inner(struct spare *spare, const struct tree_cursor *cursor,
                            struct tree_room *room)
{
    struct tree *tree = cursor->tree;

    for (unsigned level = 0; level < tree->height; level++) {
        const struct tree_inner *node = cursor->path[level].node;
        if (node->count < node->capacity)
            return true;
        if (!spare_add(spare, tree, room, inner_size_after(node)))
            return false;
        if (node->capacity < INNER_MAX)
            return true;
    }
    /* Only nodes that could not be merged for want of memory make a tree so high. */
    if (tree->height == TREE_HEIGHT_MAX) {
        room->wanted = LEAF_MAX;
        return false;
    }
    return spare_add(spare, tree, room, inner_bytes(INNER_FIRST));
}

static void grow_inner(struct tree_cursor *cursor, struct tree_room *room, unsigned level,
                       struct spare *spare)
{
    struct tree_inner *old = cursor->path[level].node;
    struct tree_inner *node = spare_take(spare);

    inner_init(node, inner_capacity(old->capacity + 1u), room->owner);
    inner_append(node, old, 0, old->count);
    cursor_set_node(cursor, level + 1, node);
    node_free(cursor->tree, room, old, inner_bytes(old->capacity));
}

/* A new child for the path's node of this level. */
struct newcomer {
    uint64_t key;
    void *node;
    uint32_t elements;
};

static void raise_tree(struct tree *tree, struct tree_room *room, const struct newcomer *newcomer,
                       struct spare *spare)
{
    struct tree_inner *root = spare_take(spare);

    inner_init(root, INNER_FIRST, room->owner);
    inner_insert(root, 0, 0, tree->root, tree->count - newcomer->elements);
    inner_insert(root, 1, newcomer->key, newcomer->node, newcomer->elements);
    tree->root = root;
    tree->height++;
}

/* Divides the full node of the path at this level and inserts the newcomer behind the path's child.
 * Then the newcomer is what was cut off. */
static void split_inner(struct tree_cursor *cursor, struct tree_room *room, unsigned level,
                        struct newcomer *newcomer, struct spare *spare)
{
    struct tree_inner *left = cursor->path[level].node;
    struct tree_inner *right = spare_take(spare);
    unsigned at = cursor->path[level].at + 1;
    unsigned cut = at == left->count ? at : left->count / 2u;

    inner_init(right, INNER_MAX, room->owner);
    inner_append(right, left, cut, left->count - cut);
    left->count = (uint16_t)cut;
    if (at > cut || cut == INNER_MAX)
        inner_insert(right, at - cut, newcomer->key, newcomer->node, newcomer->elements);
    else
        inner_insert(left, at, newcomer->key, newcomer->node, newcomer->elements);
    *newcomer = (struct newcomer){
        .key = inner_keys(right)[0], .node = right, .elements = inner_sum(right, right->count)};
}

/* Links the newcomer behind the path's child of level 0. Its elements are counted in that child's
 * number so far. Afterwards the path is no longer right. */
static void link_child(struct tree_cursor *cursor, struct tree_room *room, struct newcomer newcomer,
                       struct spare *spare)
{
    for (unsigned level = 0; level < cursor->tree->height; level++) {
        struct tree_inner *node = cursor->path[level].node;
        if (node->count == node->capacity && node->capacity < INNER_MAX) {
            grow_inner(cursor, room, level, spare);
            node = cursor->path[level].node;
        }
        inner_elements(node)[cursor->path[level].at] -= newcomer.elements;
        if (node->count < node->capacity) {
            inner_insert(node, cursor->path[level].at + 1, newcomer.key, newcomer.node,
                         newcomer.elements);
            return;
        }
        split_inner(cursor, room, level, &newcomer, spare);
    }
    raise_tree(cursor->tree, room, &newcomer, spare);
}

/* --- dividing a leaf --- */

/* Bytes of the first n elements of what the cursor's leaf would be with the added element. */
static size_t bytes_before(const struct tree_cursor *cursor, const struct added *added, unsigned n)
{
    if (n <= cursor->at)
        return leaf_offset(cursor->leaf, (int)n - 1);
    return leaf_offset(cursor->leaf, (int)n - 2) + added->len;
}

static unsigned draw_by_address(const struct tree_leaf *leaf)
{
    return (unsigned)((uintptr_t)leaf * 0x9e3779b97f4a7c15u >> 40);
}

/* How many of the elements go into the left half; both halves get some. */
static unsigned choose_cut(const struct tree_cursor *cursor, const struct added *added)
{
    unsigned count = cursor->leaf->count + 1u;
    size_t total = bytes_before(cursor, added, count);
    size_t aim = total / 2;
    unsigned low = 1, high = count - 1;

    if (is_tagged(cursor) && total < (size_t)2 * LEAF_MAX)
        aim = total * (80 + draw_by_address(cursor->leaf) % 97) / 256;
    while (low < high) {
        unsigned middle = (low + high) / 2;
        if (bytes_before(cursor, added, middle) < aim)
            low = middle + 1;
        else
            high = middle;
    }
    /* The element that the aim falls into goes where the larger half gets smaller. */
    if (low > 1 && total - bytes_before(cursor, added, low - 1) < bytes_before(cursor, added, low))
        low--;
    return low;
}

/* The order key of element `at` of a leaf. */
static uint64_t key_of(const struct tree *tree, const struct tree_leaf *leaf, unsigned at)
{
    size_t len;

    if (tree->order->tagged)
        return tree_key_of_tag(leaf_tag(leaf, at));
    if (!tree->order->key)
        return 0;
    const char *element = leaf_element(leaf, at, &len);
    return tree->order->key(element, len);
}

/* The added element alone in a leaf behind the cursor's. */
static char *add_leaf_behind(struct tree_cursor *cursor, struct tree_room *room,
                             const struct added *added)
{
    struct spare spare = {0};
    struct tree *tree = cursor->tree;
    bool tagged = is_tagged(cursor);
    uint32_t rank = tree->count;

    if (!spare_add(&spare, tree, room, with_slack(cursor, leaf_need(tagged, 1, added->len))) ||
        !spare_add_inner(&spare, cursor, room)) {
        spare_give_back(&spare, tree, room);
        return NULL;
    }
    struct tree_leaf *leaf = leaf_start(&spare, room);
    char *place = leaf_insert(leaf, tagged, 0, added->tag, added->len);
    cursor_add(cursor, 1);
    link_child(cursor, room, (struct newcomer){.key = added->key, .node = leaf, .elements = 1},
               &spare);
    tree_seek_rank(tree, rank, cursor);
    return place;
}

/* The size of a leaf that will hold elements [first, end). */
static size_t half_need(const struct tree_cursor *cursor, const struct added *added, unsigned first,
                        unsigned end)
{
    size_t bytes = bytes_before(cursor, added, end) - bytes_before(cursor, added, first);
    return leaf_size(cursor->tree, leaf_need(is_tagged(cursor), end - first, bytes));
}

static char *split_leaf(struct tree_cursor *cursor, struct tree_room *room,
                        const struct added *added)
{
    struct spare spare = {0};
    struct tree *tree = cursor->tree;
    struct tree_leaf *old = cursor->leaf;
    bool tagged = is_tagged(cursor);
    unsigned count = old->count + 1u, at = cursor->at;
    unsigned cut = !tagged && is_at_beginning(cursor) ? 1 : choose_cut(cursor, added);
    uint32_t rank = tree_rank(cursor);

    if (!spare_add(&spare, tree, room, half_need(cursor, added, 0, cut)) ||
        !spare_add(&spare, tree, room, half_need(cursor, added, cut, count)) ||
        !spare_add_inner(&spare, cursor, room)) {
        spare_give_back(&spare, tree, room);
        return NULL;
    }
    struct tree_leaf *left = leaf_start(&spare, room);
    struct tree_leaf *right = leaf_start(&spare, room);
    char *place = compose(left, old, tagged, at, added, 0, cut);
    char *other = compose(right, old, tagged, at, added, cut, count);
    cursor_set_node(cursor, 0, left);
    cursor_add(cursor, 1);
    link_child(cursor, room,
               (struct newcomer){.key = at == cut ? added->key : key_of(tree, right, 0),
                                 .node = right,
                                 .elements = right->count},
               &spare);
    node_free(tree, room, old, old->bytes);
    tree_seek_rank(tree, rank, cursor);
    return place ? place : other;
}

/* --- what is called --- */

char *tree_insert(struct tree_cursor *cursor, struct tree_room *room, uint64_t key, size_t len)
{
    struct added added = {.key = key, .tag = tree_tag_of_key(key), .len = len};
    bool tagged = is_tagged(cursor);

    assert(len <= TREE_ELEMENT_MAX);
    if (!cursor->leaf)
        return first_leaf(cursor, room, &added);
    struct tree_leaf *leaf = cursor->leaf;
    size_t need = leaf_need(tagged, leaf->count + 1u, leaf_used(leaf) + len);
    if (cursor->at == 0)
        cursor_lower_key(cursor, key);
    if (need <= leaf->bytes) {
        cursor_add(cursor, 1);
        return leaf_insert(leaf, tagged, cursor->at, added.tag, len);
    }
    if (need <= LEAF_MAX)
        return grow_leaf(cursor, room, &added, need);
    if (!tagged && is_at_end(cursor))
        return add_leaf_behind(cursor, room, &added);
    return split_leaf(cursor, room, &added);
}

char *tree_replace(struct tree_cursor *cursor, struct tree_room *room, uint64_t key, size_t len)
{
    struct tree_leaf *leaf = cursor->leaf;
    size_t old_len;

    leaf_element(leaf, cursor->at, &old_len);
    size_t need = leaf_need(is_tagged(cursor), leaf->count, leaf_used(leaf) + len - old_len);
    if (need <= leaf->bytes) {
        leaf_resize(leaf, cursor->at, len);
        cursor_fit_leaf(cursor, room);
        return leaf_element(cursor->leaf, cursor->at, &old_len);
    }
    if (!tree_insert(cursor, room, key, len))
        return NULL;
    uint32_t rank = tree_rank(cursor);
    tree_seek_rank(cursor->tree, rank + 1, cursor);
    tree_remove(cursor, room, 1);
    tree_seek_rank(cursor->tree, rank, cursor);
    return leaf_element(cursor->leaf, cursor->at, &old_len);
}
