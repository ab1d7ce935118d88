/* Attributes live where their item is, under the lock of its bucket. Changes are checked first, so
 * that a request with a wrong one changes nothing. */
#include "cacheserver/store/attributes.h"

#include <string.h>

#include "cacheserver/store/btree_element.h"
#include "cacheserver/store/collection.h"

static void note_btree(struct collection *collection, struct store_attributes *attributes)
{
    attributes->trimmed = collection->trimmed;
    btree_maximum(collection, &attributes->max_range);
    if (collection->tree.count > 0) {
        attributes->smallest = btree_smallest(collection);
        attributes->largest = btree_largest(collection);
    }
}

enum store_result store_get_attributes(struct store_thread *thread, const char *key, size_t key_len,
                                       struct store_attributes *attributes)
{
    struct place place = place_lock(thread, key, key_len);
    struct item *item = place_item(&place);

    memset(attributes, 0, sizeof(*attributes));
    if (item) {
        item_use(item, thread->now_ms);
        attributes->type = item_type(item);
        attributes->flags = item_flags(item);
        attributes->exptime = item->exptime;
    }
    if (item && item_type(item) != ITEM_KV) {
        struct collection *collection = item_collection(item);
        collection_refresh(thread->store, item);
        attributes->count = collection->tree.count;
        attributes->max_count = collection->max_count;
        attributes->overflow = collection->overflow;
        attributes->readable = !collection->unreadable;
        if (item_type(item) == ITEM_BTREE)
            note_btree(collection, attributes);
    }
    bucket_unlock(place.bucket);
    store_free_dropped(thread);
    return item ? STORE_OK : STORE_NOT_FOUND;
}

static bool has_overflow(enum item_type type, enum collection_overflow overflow)
{
    switch (overflow) {
    case OVERFLOW_DEFAULT:
    case OVERFLOW_ERROR:
        return true;
    case OVERFLOW_HEAD_TRIM:
    case OVERFLOW_TAIL_TRIM:
        return type == ITEM_LIST;
    default:
        return type == ITEM_BTREE;
    }
}

static bool fits(struct store *store, struct item *item, const struct store_changes *changes)
{
    enum item_type type = item_type(item);

    if (changes->has_exptime &&
        (changes->exptime == CLOCK_STICKY) != (item->exptime == CLOCK_STICKY))
        return false;
    if (type == ITEM_KV)
        return true;
    return has_overflow(type, changes->overflow) &&
           (!changes->has_max_count || collection_max_count(store, type, changes->max_count) >=
                                           item_collection(item)->tree.count);
}

static enum store_result change_collection(struct store *store, struct item *item,
                                           const struct store_changes *changes)
{
    struct collection *collection = item_collection(item);

    if (changes->has_max_range && item_type(item) == ITEM_BTREE) {
        bool none = changes->max_range.kind == BKEY_NONE;
        enum store_result result = btree_set_maximum(collection, none ? NULL : &changes->max_range);
        if (result != STORE_OK)
            return result;
    }
    if (changes->has_max_count) {
        collection->max_count = collection_max_count(store, item_type(item), changes->max_count);
        collection->unlimited = changes->max_count < 0;
    }
    if (changes->overflow != OVERFLOW_DEFAULT && changes->overflow != collection->overflow) {
        collection->overflow = (uint8_t)collection_overflow(store, item, changes->overflow);
        collection->trimmed = false;
    }
    if (changes->readable)
        collection->unreadable = false;
    return STORE_OK;
}

static enum store_result change(struct store_thread *thread, struct item *item,
                                const struct store_changes *changes)
{
    enum store_result result = STORE_OK;

    if (!fits(thread->store, item, changes))
        return STORE_BAD_VALUE;
    if (item_type(item) != ITEM_KV) {
        result = change_collection(thread->store, item, changes);
        if (result == STORE_OK)
            journal_state(thread, item);
    }
    if (result == STORE_OK && changes->has_exptime && changes->exptime != item->exptime)
        result = store_set_exptime(thread, item, changes->exptime);
    return result;
}

enum store_result store_change_attributes(struct store_thread *thread, const char *key,
                                          size_t key_len, const struct store_changes *changes)
{
    struct place place = place_lock(thread, key, key_len);
    struct item *item = place_item(&place);
    enum store_result result = item ? change(thread, item, changes) : STORE_NOT_FOUND;

    if (item)
        item_use(item, thread->now_ms);
    bucket_unlock(place.bucket);
    store_free_dropped(thread);
    return result;
}
