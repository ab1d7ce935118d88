/*
 * A set is a tree in the order of the values' hashes, which are computed before the lock is taken.
 *
 * Of N values n are drawn by drawing their positions, with Floyd's method: for each of the last n
 * positions one at or before it is drawn, and if that is taken already, the position itself is
 * taken. Every subset is equally likely, and no position is drawn in vain.
 */
#include "cacheserver/store/set.h"

#include <string.h>

#include "cacheserver/store/collection.h"
#include "cacheserver/store/hash.h"

struct value_call {
    const char *value;
    size_t len;
    uint64_t key; /* hash, as a tree in the order of hashes wants it */
    enum store_removal_mode mode;
};

static int compare_value(const void *argument, const char *element, size_t len)
{
    const struct value_call *sought = argument;
    int order = memcmp(element, sought->value, len < sought->len ? len : sought->len);

    return order ? order : (len > sought->len) - (len < sought->len);
}

static bool find_value(struct collection_access *access, const struct value_call *call,
                       struct tree_cursor *cursor)
{
    struct tree_sought sought = {.key = call->key, .compare = compare_value, .argument = call};
    return tree_seek(&access->collection->tree, &sought, cursor);
}

static enum store_result act_insert(struct collection_access *access, void *argument)
{
    const struct value_call *call = argument;
    struct collection *collection = access->collection;
    struct tree_cursor cursor;

    if (collection->tree.count >= collection->max_count)
        return STORE_OVERFLOWED;
    if (find_value(access, call, &cursor))
        return STORE_ELEMENT_EXISTS;
    if (!collection_may_grow(access, call->len))
        return STORE_NO_MEMORY;
    char *place = tree_insert(&cursor, &access->room, call->key, call->len);
    if (!place)
        return STORE_NO_MEMORY;
    memcpy(place, call->value, call->len);
    collection_wrote(access, &cursor, false);
    return STORE_OK;
}

static enum store_result act_delete(struct collection_access *access, void *argument)
{
    const struct value_call *call = argument;
    struct tree_cursor cursor;

    if (!find_value(access, call, &cursor))
        return STORE_NO_ELEMENT;
    collection_remove(access, &cursor, 1);
    return collection_removed(access, call->mode);
}

static enum store_result act_has(struct collection_access *access, void *argument)
{
    struct tree_cursor cursor;

    return find_value(access, argument, &cursor) ? STORE_OK : STORE_NO_ELEMENT;
}

static struct value_call value_call(struct store_thread *thread, const char *value, size_t len)
{
    return (struct value_call){
        .value = value, .len = len, .key = collection_hash(thread->store, value, len)};
}

enum store_result set_insert(struct store_thread *thread, const char *key, size_t key_len,
                             const char *value, size_t value_len,
                             const struct collection_attributes *create)
{
    struct value_call argument = value_call(thread, value, value_len);
    struct collection_call call = {.key = key,
                                   .key_len = key_len,
                                   .type = ITEM_SET,
                                   .create = create,
                                   .act = act_insert,
                                   .argument = &argument};
    return collection_call(thread, &call);
}

enum store_result set_delete(struct store_thread *thread, const char *key, size_t key_len,
                             const char *value, size_t value_len, enum store_removal_mode mode)
{
    struct value_call argument = value_call(thread, value, value_len);
    struct collection_call call = {
        .key = key, .key_len = key_len, .type = ITEM_SET, .act = act_delete, .argument = &argument};
    argument.mode = mode;
    return collection_call(thread, &call);
}

enum store_result set_has(struct store_thread *thread, const char *key, size_t key_len,
                          const char *value, size_t value_len)
{
    struct value_call argument = value_call(thread, value, value_len);
    struct collection_call call = {.key = key,
                                   .key_len = key_len,
                                   .type = ITEM_SET,
                                   .reading = true,
                                   .act = act_has,
                                   .argument = &argument};
    return collection_call(thread, &call);
}

struct drawn {
    uint32_t count;
    uint32_t ranks[SET_DRAW_MAX]; /* rising */
};

struct get_call {
    uint32_t count;
    enum store_removal_mode mode;
    const struct store_reader *reader;
    struct collection_range all; /* of all */
    struct drawn *drawn;         /* or of some */
    uint32_t shown;              /* of those */
};

static uint32_t draw_below(struct store_thread *thread, uint32_t limit)
{
    return (uint32_t)(((store_random(thread) >> 32) * limit) >> 32);
}

/* The place among the drawn ones. */
static uint32_t place_of(const struct drawn *drawn, uint32_t rank)
{
    uint32_t low = 0, n = drawn->count;

    while (n > 0) {
        uint32_t half = n / 2;
        if (drawn->ranks[low + half] < rank) {
            low += half + 1;
            n -= half + 1;
        } else {
            n = half;
        }
    }
    return low;
}

static void draw(struct store_thread *thread, struct drawn *drawn, uint32_t of, uint32_t n)
{
    drawn->count = 0;
    for (uint32_t last = of - n; last < of; last++) {
        uint32_t rank = draw_below(thread, last + 1);
        uint32_t at = place_of(drawn, rank);
        if (at < drawn->count && drawn->ranks[at] == rank) {
            rank = last;
            at = drawn->count;
        }
        memmove(&drawn->ranks[at + 1], &drawn->ranks[at],
                (drawn->count - at) * sizeof(drawn->ranks[0]));
        drawn->ranks[at] = rank;
        drawn->count++;
    }
}

/* From the last one on, so that the ranks of the others stay right. */
static void remove_some(struct collection_access *access, const struct drawn *drawn)
{
    for (uint32_t i = drawn->count; i-- > 0;) {
        struct tree_cursor cursor;
        tree_seek_rank(&access->collection->tree, drawn->ranks[i], &cursor);
        collection_remove(access, &cursor, 1);
    }
}

static enum store_result get_some(struct collection_access *access, struct get_call *call)
{
    struct tree *tree = &access->collection->tree;
    const struct store_reader *reader = call->reader;

    if (!access->resumed) {
        draw(access->thread, call->drawn, tree->count, call->count);
        call->shown = 0;
        access->thread->elements = call->count;
        reader->begin(reader->argument, item_flags(access->item), call->count);
    }
    for (; call->shown < call->count; call->shown++) {
        struct tree_cursor cursor;
        const char *element;
        size_t len;
        if (access->left == 0)
            return STORE_PAUSED;
        tree_seek_rank(tree, call->drawn->ranks[call->shown], &cursor);
        tree_get(&cursor, &element, &len);
        reader->element(reader->argument, element, len);
        access_spend(access, ACCESS_SEEK, len);
    }
    if (call->mode != STORE_KEEP)
        remove_some(access, call->drawn);
    return collection_removed(access, call->mode);
}

static enum store_result act_get(struct collection_access *access, void *argument)
{
    struct get_call *call = argument;
    uint32_t count = access->collection->tree.count;

    if (count == 0)
        return STORE_NO_ELEMENT;
    if (call->count > 0 && call->count < count)
        return get_some(access, call);
    call->all.count = count;
    return collection_read(access, &call->all, call->reader, call->mode);
}

enum store_result set_get(struct store_thread *thread, const char *key, size_t key_len,
                          uint32_t count, enum store_removal_mode mode,
                          const struct store_reader *reader)
{
    struct drawn drawn;
    struct get_call argument = {.count = count, .mode = mode, .reader = reader};
    struct collection_call call = {.key = key,
                                   .key_len = key_len,
                                   .type = ITEM_SET,
                                   .reading = true,
                                   .act = act_get,
                                   .argument = &argument};
    argument.drawn = &drawn;
    return collection_call(thread, &call);
}
