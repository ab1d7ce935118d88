/*
 * Everything in a leaf lies without gaps, so changes are moves of what lies beyond the place: the
 * offsets and tags behind it and the bytes below it. A leaf is about as large as the first-level
 * cache can move within tens of nanoseconds, which is why nothing cleverer would be faster.
 */
#include <string.h>

#include "cacheserver/store/tree_node.h"

static char *tags_of(const struct tree_leaf *leaf, size_t count)
{
    return (char *)leaf->offsets + count * sizeof(uint16_t);
}

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a tag is the first bytes of a word");

static uint32_t tag_at(const char *at)
{
    uint32_t tag = 0;
    memcpy(&tag, at, TAG_BYTES);
    return tag;
}

uint32_t leaf_tag(const struct tree_leaf *leaf, unsigned i)
{
    return tag_at(tags_of(leaf, leaf->count) + i * TAG_BYTES);
}

void leaf_init(struct tree_leaf *leaf, size_t bytes, struct item *owner)
{
    *leaf = (struct tree_leaf){.bytes = (uint32_t)bytes, .owner = owner};
}

/* Tags lie behind the offsets and make way for them. */
static void open_slot(struct tree_leaf *leaf, bool tagged, unsigned at, uint32_t tag)
{
    unsigned behind = leaf->count - at;

    if (tagged) {
        char *from = tags_of(leaf, leaf->count);
        char *to = tags_of(leaf, leaf->count + 1u);
        memmove(to + (at + 1) * TAG_BYTES, from + at * TAG_BYTES, behind * TAG_BYTES);
        memmove(to, from, at * TAG_BYTES);
        memcpy(to + at * TAG_BYTES, &tag, TAG_BYTES);
    }
    memmove(&leaf->offsets[at + 1], &leaf->offsets[at], behind * sizeof(uint16_t));
    leaf->count++;
}

char *leaf_insert(struct tree_leaf *leaf, bool tagged, unsigned at, uint32_t tag, size_t len)
{
    size_t used = leaf_used(leaf);
    size_t before = leaf_offset(leaf, (int)at - 1);
    char *low = leaf_end(leaf) - used;

    memmove(low - len, low, used - before);
    open_slot(leaf, tagged, at, tag);
    leaf->offsets[at] = (uint16_t)before;
    for (unsigned i = at; i < leaf->count; i++)
        leaf->offsets[i] = (uint16_t)(leaf->offsets[i] + len);
    return leaf_end(leaf) - leaf->offsets[at];
}

void leaf_remove(struct tree_leaf *leaf, bool tagged, unsigned at, unsigned n)
{
    size_t used = leaf_used(leaf);
    size_t before = leaf_offset(leaf, (int)at - 1);
    size_t gone = leaf->offsets[at + n - 1] - before;
    unsigned left = leaf->count - n;
    char *low = leaf_end(leaf) - used;

    memmove(low + gone, low, used - before - gone);
    for (unsigned i = at; i < left; i++)
        leaf->offsets[i] = (uint16_t)(leaf->offsets[i + n] - gone);
    if (tagged) {
        char *from = tags_of(leaf, leaf->count);
        char *to = tags_of(leaf, left);
        memmove(to, from, at * TAG_BYTES);
        memmove(to + at * TAG_BYTES, from + (at + n) * TAG_BYTES, (left - at) * TAG_BYTES);
    }
    leaf->count = (uint16_t)left;
}

char *leaf_resize(struct tree_leaf *leaf, unsigned at, size_t len)
{
    size_t used = leaf_used(leaf);
    size_t upto = leaf->offsets[at];
    size_t old = upto - leaf_offset(leaf, (int)at - 1);
    char *low = leaf_end(leaf) - used;

    memmove(low + old - len, low, used - upto);
    for (unsigned i = at; i < leaf->count; i++)
        leaf->offsets[i] = (uint16_t)(leaf->offsets[i] + len - old);
    return leaf_end(leaf) - leaf->offsets[at];
}

void leaf_append(struct tree_leaf *to, const struct tree_leaf *from, bool tagged, unsigned first,
                 unsigned n)
{
    if (n == 0)
        return;
    size_t skipped = leaf_offset(from, (int)first - 1);
    size_t bytes = from->offsets[first + n - 1] - skipped;
    size_t used = leaf_used(to);
    unsigned count = to->count + n;

    if (tagged) {
        memmove(tags_of(to, count), tags_of(to, to->count), to->count * TAG_BYTES);
        memcpy(tags_of(to, count) + to->count * TAG_BYTES,
               tags_of(from, from->count) + first * TAG_BYTES, n * TAG_BYTES);
    }
    for (unsigned i = 0; i < n; i++)
        to->offsets[to->count + i] = (uint16_t)(from->offsets[first + i] - skipped + used);
    memcpy(leaf_end(to) - used - bytes, leaf_end(from) - skipped - bytes, bytes);
    to->count = (uint16_t)count;
}

/* Without branches on what is compared, which nothing could predict. */
unsigned leaf_find_tag(const struct tree_leaf *leaf, uint32_t tag)
{
    const char *tags = tags_of(leaf, leaf->count);
    unsigned low = 0, n = leaf->count;

    while (n > 0) {
        unsigned half = (n + 1) / 2;
        uint32_t here = tag_at(tags + (low + half - 1) * TAG_BYTES);
        low += here < tag ? half : 0;
        n -= half;
    }
    return low;
}
