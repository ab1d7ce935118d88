#pragma once
#include <stdint.h>

#include "cacheserver/store/tree.h"

/*
 * What trees are made of; shared by the tree's own files. The first word of every node has zeros
 * where an item has the length of its key, so that whoever finds a node in a page and takes it for
 * an item sees at once that it is none.
 */

/*
 * A leaf: the header, for each element the offset of its bytes, in tagged trees for each element
 * its tag, unused room, the bytes of the elements. These are packed from the end of the object
 * towards its beginning: an offset is the distance between the end of the object and the first
 * byte of the element, so that element i takes offsets[i] - offsets[i - 1] bytes.
 */
struct tree_leaf {
    uint32_t bytes; /* of the object */
    uint16_t count;
    uint16_t zero;
    struct item *owner;
    uint16_t offsets[];
};

/* A leaf with more than one element is not made larger than this. */
#define LEAF_MAX 4096

/* Nor, in a tree that has others, smaller than this: each size in use takes a page at least. */
#define LEAF_MIN 1024
static inline size_t leaf_size(const struct tree *tree, size_t need)
{
    return tree->height > 0 && need < LEAF_MIN ? LEAF_MIN : need;
}

#define TAG_BYTES ((size_t)TREE_TAG_BITS / 8)
static inline size_t leaf_slot_bytes(bool tagged)
{
    return tagged ? sizeof(uint16_t) + TAG_BYTES : sizeof(uint16_t);
}

static inline size_t leaf_need(bool tagged, size_t count, size_t element_bytes)
{
    return sizeof(struct tree_leaf) + count * leaf_slot_bytes(tagged) + element_bytes;
}

/* Where element i begins, counted from the end; i may be -1. */
static inline size_t leaf_offset(const struct tree_leaf *leaf, int i)
{
    return i < 0 ? 0 : leaf->offsets[i];
}

/* What the elements take. */
static inline size_t leaf_used(const struct tree_leaf *leaf)
{
    return leaf_offset(leaf, leaf->count - 1);
}

static inline char *leaf_end(const struct tree_leaf *leaf)
{
    return (char *)leaf + leaf->bytes;
}

static inline char *leaf_element(const struct tree_leaf *leaf, unsigned i, size_t *len)
{
    *len = leaf->offsets[i] - leaf_offset(leaf, (int)i - 1);
    return leaf_end(leaf) - leaf->offsets[i];
}

uint32_t leaf_tag(const struct tree_leaf *leaf, unsigned i);

void leaf_init(struct tree_leaf *leaf, size_t bytes, struct item *owner);

/* Makes a gap of len bytes in front of element `at`; there must be room. */
char *leaf_insert(struct tree_leaf *leaf, bool tagged, unsigned at, uint32_t tag, size_t len);
void leaf_remove(struct tree_leaf *leaf, bool tagged, unsigned at, unsigned n);
/* Another length for element `at`; there must be room. What its bytes are is not said. */
char *leaf_resize(struct tree_leaf *leaf, unsigned at, size_t len);
/* Adds elements [first, first + n) of `from` after those that `to` has; there must be room. */
void leaf_append(struct tree_leaf *to, const struct tree_leaf *from, bool tagged, unsigned first,
                 unsigned n);

/* The first element whose tag is not below this one; leaf->count: none. */
unsigned leaf_find_tag(const struct tree_leaf *leaf, uint32_t tag);

/*
 * An inner node: for each child the least order key that its elements may have (what is before it
 * has that key at most), its address, and the number of elements below it. The key of the first
 * child means nothing: the parent's counts.
 */
#define INNER_FIRST 4
#define INNER_MAX   64
struct tree_inner {
    uint16_t count, capacity;
    uint16_t height; /* of a branch that was cut off */
    uint16_t zero;
    union {
        struct item *owner;
        struct tree_inner *next; /* of a branch; where items that left the table have theirs */
    };
    char rest[]; /* capacity times each: uint64_t key, void *child, uint32_t elements */
};

/* For so many children or a few more. */
static inline unsigned inner_capacity(unsigned count)
{
    return count <= INNER_FIRST ? INNER_FIRST : (count + 7) / 8 * 8;
}

static inline size_t inner_bytes(unsigned capacity)
{
    return sizeof(struct tree_inner) +
           capacity * (sizeof(uint64_t) + sizeof(void *) + sizeof(uint32_t));
}

static inline uint64_t *inner_keys(const struct tree_inner *node)
{
    return (uint64_t *)(void *)node->rest;
}

static inline void **inner_children(const struct tree_inner *node)
{
    return (void **)(void *)(node->rest + node->capacity * sizeof(uint64_t));
}

static inline uint32_t *inner_elements(const struct tree_inner *node)
{
    return (uint32_t *)(void *)(node->rest + node->capacity * (sizeof(uint64_t) + sizeof(void *)));
}

void inner_init(struct tree_inner *node, unsigned capacity, struct item *owner);
/* There must be room. */
void inner_insert(struct tree_inner *node, unsigned at, uint64_t key, void *child,
                  uint32_t elements);
void inner_remove(struct tree_inner *node, unsigned at);
/* Adds children [first, first + n) of `from` after those that `to` has; there must be room. */
void inner_append(struct tree_inner *to, const struct tree_inner *from, unsigned first, unsigned n);
/* Elements below the children before `end`. */
uint32_t inner_sum(const struct tree_inner *node, unsigned end);
/* The first child but for child 0 whose key is not below (`above`: is above) this one. */
unsigned inner_find(const struct tree_inner *node, uint64_t key, bool above);

/* Memory of nodes, counted in tree->bytes. NULL: none; room->wanted says how much. */
void *node_alloc(struct tree *tree, struct tree_room *room, size_t size);
void node_free(struct tree *tree, struct tree_room *room, void *node, size_t size);

/* The separator of the cursor's leaf becomes `key` if that is smaller. */
void cursor_lower_key(struct tree_cursor *cursor, uint64_t key);
/* Puts another node in the place of the one at this level (0: the leaf). */
void cursor_set_node(struct tree_cursor *cursor, unsigned level, void *node);
/* Puts the leaf into a smaller object when much of it is unused, if there is memory for that. */
void cursor_fit_leaf(struct tree_cursor *cursor, struct tree_room *room);
/* n elements more (or fewer) below all nodes of the path. */
void cursor_add(struct tree_cursor *cursor, int32_t n);
