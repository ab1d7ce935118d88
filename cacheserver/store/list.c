/*
 * A list is a tree in the order of positions. A full one loses an element when another comes: the
 * one at the other end if it comes at an end, else the one at the end that its overflow action
 * names. The new element is put in first, because that is what can fail; until the old one goes
 * the list has one too many, which nobody sees.
 */
#include "cacheserver/store/list.h"

#include <string.h>

#include "cacheserver/store/collection.h"

/* false: the index is not one that a new element can have. */
static bool find_rank(const struct collection *collection, int32_t index, uint32_t *rank)
{
    int64_t count = collection->tree.count, most = collection->max_count;
    int64_t at = index < 0 ? -(int64_t)index - 1 : index; /* from the end that it counts from */

    if (at > count || at >= most)
        return false;
    *rank = (uint32_t)(index < 0 ? count - at : at);
    return true;
}

/* Removes one element to make up for the new one. */
static void trim(struct collection_access *access, int32_t index)
{
    struct collection *collection = access->collection;
    bool head = index == -1 || (index != 0 && collection->overflow == OVERFLOW_HEAD_TRIM);
    struct tree_cursor cursor;

    tree_seek_rank(&collection->tree, head ? 0 : collection->tree.count - 1, &cursor);
    collection_remove(access, &cursor, 1);
}

static enum store_result act_insert(struct collection_access *access, void *argument)
{
    const struct list_insert *insert = argument;
    struct collection *collection = access->collection;
    bool full = collection->tree.count >= collection->max_count;
    struct tree_cursor cursor;
    uint32_t rank;

    if (!find_rank(collection, insert->index, &rank))
        return STORE_OUT_OF_RANGE;
    if (!collection_may_grow(access, insert->value_len))
        return STORE_NO_MEMORY;
    if (full && collection->overflow == OVERFLOW_ERROR)
        return STORE_OVERFLOWED;
    tree_seek_rank(&collection->tree, rank, &cursor);
    char *place = tree_insert(&cursor, &access->room, 0, insert->value_len);
    if (!place)
        return STORE_NO_MEMORY;
    memcpy(place, insert->value, insert->value_len);
    collection_wrote(access, &cursor, false);
    if (full)
        trim(access, insert->index);
    return STORE_OK;
}

enum store_result list_insert(struct store_thread *thread, const char *key, size_t key_len,
                              const struct list_insert *insert)
{
    struct collection_call call = {.key = key,
                                   .key_len = key_len,
                                   .type = ITEM_LIST,
                                   .create = insert->create,
                                   .act = act_insert,
                                   .argument = (void *)insert};
    return collection_call(thread, &call);
}

struct range_call {
    struct list_range range;
    enum store_removal_mode mode;
    const struct store_reader *reader;
    struct collection_range reading;
};

/* Both ends within the list; false: no element is meant. */
static bool clip(const struct tree *tree, struct list_range *range)
{
    int64_t count = tree->count;
    int64_t from = range->from < 0 ? range->from + count : range->from;
    int64_t to = range->to < 0 ? range->to + count : range->to;

    if (count == 0 || (from < 0 && to < 0) || (from >= count && to >= count))
        return false;
    range->from = (int32_t)(from < 0 ? 0 : from >= count ? count - 1 : from);
    range->to = (int32_t)(to < 0 ? 0 : to >= count ? count - 1 : to);
    return true;
}

static uint32_t count_of(const struct list_range *range)
{
    return (uint32_t)(range->from <= range->to ? range->to - range->from
                                               : range->from - range->to) +
           1;
}

static uint32_t lowest_of(const struct list_range *range)
{
    return (uint32_t)(range->from <= range->to ? range->from : range->to);
}

static enum store_result act_get(struct collection_access *access, void *argument)
{
    struct range_call *call = argument;
    struct list_range range = call->range;

    if (!clip(&access->collection->tree, &range))
        return STORE_NO_ELEMENT;
    call->reading.rank = lowest_of(&range);
    call->reading.count = count_of(&range);
    call->reading.backwards = range.from > range.to;
    return collection_read(access, &call->reading, call->reader, call->mode);
}

static enum store_result act_delete(struct collection_access *access, void *argument)
{
    const struct range_call *call = argument;
    struct list_range range = call->range;
    struct tree_cursor cursor;

    if (!clip(&access->collection->tree, &range))
        return STORE_NO_ELEMENT;
    tree_seek_rank(&access->collection->tree, lowest_of(&range), &cursor);
    collection_remove(access, &cursor, count_of(&range));
    return collection_removed(access, call->mode);
}

enum store_result list_get(struct store_thread *thread, const char *key, size_t key_len,
                           struct list_range range, enum store_removal_mode mode,
                           const struct store_reader *reader)
{
    struct range_call argument = {.range = range, .mode = mode, .reader = reader};
    struct collection_call call = {.key = key,
                                   .key_len = key_len,
                                   .type = ITEM_LIST,
                                   .reading = true,
                                   .act = act_get,
                                   .argument = &argument};
    return collection_call(thread, &call);
}

enum store_result list_delete(struct store_thread *thread, const char *key, size_t key_len,
                              struct list_range range, enum store_removal_mode mode)
{
    struct range_call argument = {.range = range, .mode = mode};
    struct collection_call call = {.key = key,
                                   .key_len = key_len,
                                   .type = ITEM_LIST,
                                   .act = act_delete,
                                   .argument = &argument};
    return collection_call(thread, &call);
}
