/*
 * An element begins with a byte that holds the length of its bkey (5 bits) and whether an eflag
 * follows (the highest bit); then come the length of the eflag, if there is one, the bkey, the
 * eflag and the value. A number takes as few bytes as it needs, so the usual element of a small
 * number costs two or three bytes beside its value.
 */
#include "cacheserver/store/btree_element.h"

#include <string.h>

#define HAS_EFLAG  0x80
#define BKEY_BYTES 0x1f

static const unsigned char *bkey_of(const char *element, size_t *len)
{
    const unsigned char *bytes = (const unsigned char *)element;

    *len = bytes[0] & BKEY_BYTES;
    return bytes + (bytes[0] & HAS_EFLAG ? 2 : 1);
}

static uint64_t key_of_number(const char *element, size_t len)
{
    size_t bkey_len;
    const unsigned char *bkey = bkey_of(element, &bkey_len);

    (void)len;
    return bkey_order(BKEY_NUMBER, bkey, bkey_len);
}

static uint64_t key_of_hex(const char *element, size_t len)
{
    size_t bkey_len;
    const unsigned char *bkey = bkey_of(element, &bkey_len);

    (void)len;
    return bkey_order(BKEY_HEX, bkey, bkey_len);
}

static const struct tree_order orders[] = {
    [BKEY_NUMBER] = {.key = key_of_number},
    [BKEY_HEX] = {.key = key_of_hex},
};

void btree_set_kind(struct collection *collection, enum bkey_kind kind)
{
    btree_of(collection)->kind = (uint8_t)kind;
    collection->tree.order = &orders[kind];
}

static enum store_result call_btree(struct store_thread *thread, const char *key, size_t key_len,
                                    bool reading, btree_act *act, void *argument)
{
    struct collection_call call = {.key = key,
                                   .key_len = key_len,
                                   .type = ITEM_BTREE,
                                   .reading = reading,
                                   .act = act,
                                   .argument = argument};
    return collection_call(thread, &call);
}

enum store_result btree_read(struct store_thread *thread, const char *key, size_t key_len,
                             btree_act *act, void *argument)
{
    return call_btree(thread, key, key_len, true, act, argument);
}

enum store_result btree_change(struct store_thread *thread, const char *key, size_t key_len,
                               btree_act *act, void *argument)
{
    return call_btree(thread, key, key_len, false, act, argument);
}

size_t btree_element_bytes(const struct btree_element *element)
{
    size_t eflag = element->eflag_len ? 1 + (size_t)element->eflag_len : 0;

    return 1 + element->bkey_len + eflag + element->value_len;
}

void btree_element_write(char *at, const struct btree_element *element)
{
    *at++ = (char)(element->bkey_len | (element->eflag_len ? HAS_EFLAG : 0));
    if (element->eflag_len)
        *at++ = (char)element->eflag_len;
    memcpy(at, element->bkey, element->bkey_len);
    at += element->bkey_len;
    if (element->eflag_len) {
        memcpy(at, element->eflag, element->eflag_len);
        at += element->eflag_len;
    }
    memcpy(at, element->value, element->value_len);
}

bool btree_element_is_valid(const char *bytes, size_t len)
{
    if (len < 1)
        return false;
    bool has_eflag = (unsigned char)bytes[0] & HAS_EFLAG;
    size_t bkey_len = bytes[0] & BKEY_BYTES;
    if (has_eflag && (len < 2 || (unsigned char)bytes[1] > BKEY_MAX_BYTES))
        return false;
    return len >= 1 + bkey_len + (has_eflag ? 1 + (size_t)(unsigned char)bytes[1] : 0);
}

bool btree_current(struct tree_cursor *cursor, enum bkey_kind kind, struct btree_element *element)
{
    const char *bytes;
    size_t len, bkey_len;

    if (!tree_get(cursor, &bytes, &len))
        return false;
    element->kind = kind;
    element->bkey = bkey_of(bytes, &bkey_len);
    element->bkey_len = (uint8_t)bkey_len;
    element->eflag = element->bkey + bkey_len;
    element->eflag_len = (unsigned char)bytes[0] & HAS_EFLAG ? (uint8_t)bytes[1] : 0;
    element->value = (const char *)element->eflag + element->eflag_len;
    element->value_len = len - (size_t)(element->value - bytes);
    return true;
}

static int compare_with(const void *argument, const char *element, size_t len)
{
    size_t bkey_len;
    const unsigned char *bkey = bkey_of(element, &bkey_len);

    (void)len;
    return -bkey_compare_bytes(argument, bkey, bkey_len);
}

bool btree_seek(struct collection *collection, const struct bkey *bkey, struct tree_cursor *cursor)
{
    struct tree_sought sought = {.key = bkey->order, .compare = compare_with, .argument = bkey};

    return tree_seek(&collection->tree, &sought, cursor);
}

static struct bkey key_at(struct collection *collection, uint32_t rank)
{
    struct tree_cursor cursor;
    struct btree_element element = {.bkey_len = 0};
    struct bkey bkey;

    tree_seek_rank(&collection->tree, rank, &cursor);
    btree_current(&cursor, btree_of(collection)->kind, &element);
    bkey_set_bytes(&bkey, element.kind, element.bkey, element.bkey_len);
    return bkey;
}

struct bkey btree_smallest(struct collection *collection)
{
    return key_at(collection, 0);
}

struct bkey btree_largest(struct collection *collection)
{
    return key_at(collection, collection->tree.count - 1);
}

bool btree_maximum(struct collection *collection, struct bkey *maximum)
{
    const struct btree *btree = btree_of(collection);

    if (btree->maximum_kind == BKEY_NONE)
        return false;
    bkey_set_bytes(maximum, btree->maximum_kind, btree->maximum, btree->maximum_len);
    return true;
}

static bool maximum_fits(struct collection *collection, const struct bkey *maximum)
{
    if (!btree_admits(collection, maximum->kind))
        return false;
    if (collection->tree.count < 2)
        return true;
    struct bkey smallest = btree_smallest(collection), largest = btree_largest(collection);
    return !bkey_span_exceeds(&smallest, &largest, maximum);
}

enum store_result btree_set_maximum(struct collection *collection, const struct bkey *maximum)
{
    struct btree *btree = btree_of(collection);

    if (!maximum) {
        if (collection->tree.count == 0)
            btree->kind = BKEY_NONE;
        btree->maximum_kind = BKEY_NONE;
        return STORE_OK;
    }
    if (!maximum_fits(collection, maximum))
        return STORE_BAD_VALUE;
    if (collection->tree.count == 0)
        btree_set_kind(collection, maximum->kind);
    btree->maximum_kind = maximum->kind;
    btree->maximum_len = maximum->len;
    memcpy(btree->maximum, maximum->bytes, maximum->len);
    return STORE_OK;
}
