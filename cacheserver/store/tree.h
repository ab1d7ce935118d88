#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cacheserver/store/memory.h"

/*
 * A sequence of elements (strings of bytes) in order: what lists, sets, maps and b+trees keep their
 * elements in. A counted B+tree with packed leaves: an element costs its bytes, two more (five
 * where the order is one of hashes) and a small share of what its leaf and the nodes above need.
 * All of seek, rank, insert and remove are O(log n).
 *
 * A tree lives in an item (struct collection) and is guarded by the lock of the item's bucket.
 * Nothing here takes a lock other than the allocator's, evicts, or fails half way: what needs
 * memory that cannot be had changes nothing.
 */
struct item;

/* Elements may be empty and have at most so many bytes. */
#define TREE_ELEMENT_MAX 33280
#define TREE_HEIGHT_MAX  10

/*
 * What elements are ordered by. The order key is 64 bits that never fall from one element to the
 * next; elements of equal keys are told apart by tree_sought.compare, if anybody asks for that.
 *
 * Trees in the order of hashes are tagged: they keep the upper bits of each element's key in its
 * leaf (the others must be 0), so that looking for one touches hardly any element but itself. Other
 * trees compute the key from the element when they need it. Lists need no key at all (NULL).
 */
struct tree_order {
    bool tagged;
    uint64_t (*key)(const char *element, size_t len);
};

#define TREE_TAG_BITS 24
static inline uint64_t tree_key_of_tag(uint32_t tag)
{
    return (uint64_t)tag << (64 - TREE_TAG_BITS);
}

static inline uint32_t tree_tag_of_key(uint64_t key)
{
    return (uint32_t)(key >> (64 - TREE_TAG_BITS));
}

/* All zero but for the order: empty. */
struct tree {
    void *root;
    const struct tree_order *order;
    size_t bytes;   /* of memory, rounding included */
    uint32_t count; /* of elements */
    uint8_t height; /* of inner nodes above a leaf */
};

/* Where memory for nodes comes from, and goes to. `owner` is the item that the tree is in: nodes
 * name it, so that emptying a page finds it. `wanted`: bytes of the object that could not be had
 * when a change failed; memory_alloc of that size should succeed before the next try. `branches`:
 * what removals of many elements cut off, for tree_take_branch. */
struct tree_inner;
struct tree_room {
    struct memory *memory;
    struct memory_cache *cache;
    struct item *owner;
    size_t wanted;
    struct tree_inner *branches;
};

/* An element, or the end. Any change of the tree that was not made through this cursor makes it
 * invalid. */
struct tree_leaf;
struct tree_cursor {
    struct tree *tree;
    struct tree_leaf *leaf; /* NULL: the tree is empty */
    unsigned at;            /* which element of the leaf; their number: the one after it */
    struct {
        struct tree_inner *node;
        unsigned at;
    } path[TREE_HEIGHT_MAX]; /* [0] is above the leaf, [height - 1] the root */
};

/* What to look for among elements in order. */
struct tree_sought {
    uint64_t key;
    /* Below 0: the element comes before what is sought; 0: it is that; above 0: it comes after.
     * Elements of smaller keys come before in any case. Trees with tags may leave it NULL and then
     * find the first element of the key; others need it. */
    int (*compare)(const void *argument, const char *element, size_t len);
    const void *argument;
};

/* rank <= tree->count; tree->count is the end. */
void tree_seek_rank(struct tree *tree, uint32_t rank, struct tree_cursor *cursor);
/* The first element that does not come before what is sought, or the end. Returns whether it is
 * that very element (tagged trees without compare: whether it has the key). An element that is
 * inserted at this cursor keeps the order. */
bool tree_seek(struct tree *tree, const struct tree_sought *sought, struct tree_cursor *cursor);

/* How many elements stand before the cursor; tree->count at the end. */
uint32_t tree_rank(const struct tree_cursor *cursor);

/* false: the cursor is at the end. The bytes stay until the tree changes. */
bool tree_get(struct tree_cursor *cursor, const char **element, size_t *len);
/* Tagged trees: the upper bits of the key. The cursor is not at the end. */
uint32_t tree_tag(struct tree_cursor *cursor);

/* To the next element, or the end; false: it was there already. */
bool tree_next(struct tree_cursor *cursor);
/* To the previous element; false: there is none, the cursor has not moved. */
bool tree_prev(struct tree_cursor *cursor);

/* Makes room for an element of len <= TREE_ELEMENT_MAX bytes before the cursor, which then is at
 * the new element. Returns where its bytes go; the caller fills them before it does anything else
 * with the tree. NULL: no memory (room->wanted says how much), nothing changed, the cursor is
 * still valid. */
char *tree_insert(struct tree_cursor *cursor, struct tree_room *room, uint64_t key, size_t len);

/* The element at the cursor (not the end) gets another length and its bytes are to be written
 * anew; its key stays. Returns as tree_insert does; on NULL the old bytes are still there. */
char *tree_replace(struct tree_cursor *cursor, struct tree_room *room, uint64_t key, size_t len);

/* Removes the element at the cursor and those after it, n altogether; there must be so many. The
 * cursor is then at the one after them. Cannot fail. However many they are, it takes little more
 * time than O(log n): most of their memory is left in room->branches. */
void tree_remove(struct tree_cursor *cursor, struct tree_room *room, uint32_t n);

/* Where the address of this node is kept, to put that of an exact copy there, after which no cursor
 * is valid; *bytes: what to copy. NULL: it is no node of this tree. */
void **tree_link_of(struct tree *tree, void *node, size_t *bytes);

/* Takes a branch off the list, NULL: there is none. It is then to be freed, for which no lock is
 * needed. Until then it passes for an item that has left the table, but one with an empty key. */
struct tree_inner *tree_take_branch(struct tree_room *room);
/* Frees up to n nodes of a branch; false: it is gone. */
bool tree_free_branch(struct tree_inner *branch, struct tree_room *room, unsigned n);
/* Whether freeing it takes so long that another thread should do it. */
bool tree_branch_is_large(const struct tree_inner *branch);

/* Frees up to n nodes from the end of a tree that nobody uses any more, elements and all; false:
 * the tree is empty. Counts are not kept. */
bool tree_free_some(struct tree *tree, struct tree_room *room, unsigned n);
