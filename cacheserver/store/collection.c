/*
 * One function carries out every operation on a collection: it finds and locks the item, makes it
 * if that was asked for, calls what the operation does, and accounts for the memory that it took.
 * An operation that finds no memory has changed nothing; room is then made without the lock and
 * the whole is done again, with whatever the key has by then.
 */
#include "cacheserver/store/collection.h"

#include <string.h>

#include "cacheserver/store/evict.h"
#include "cacheserver/store/hash.h"
#include "cacheserver/store/restore_collection.h"

/* An insertion needs a few objects of different sizes, and another thread may take one away. */
#define TRIES_MAX 24

static const struct tree_order by_position = {.tagged = false};
static const struct tree_order by_hash = {.tagged = true};

static const struct tree_order *const orders[ITEM_TYPES] = {
    [ITEM_LIST] = &by_position,
    [ITEM_SET] = &by_hash,
    [ITEM_MAP] = &by_hash,
};

static const enum collection_overflow default_overflow[ITEM_TYPES] = {
    [ITEM_LIST] = OVERFLOW_TAIL_TRIM,
    [ITEM_SET] = OVERFLOW_ERROR,
    [ITEM_MAP] = OVERFLOW_ERROR,
    [ITEM_BTREE] = OVERFLOW_SMALLEST_TRIM,
};

#define ALIGN(n) (((n) + 7) & ~(uintptr_t)7)

struct collection *item_collection(struct item *item)
{
    return (struct collection *)ALIGN((uintptr_t)item_value(item));
}

uint32_t collection_max_count(struct store *store, enum item_type type, int32_t max_count)
{
    uint32_t most = atomic_load_explicit(&store->max_counts[type], memory_order_relaxed);

    if (max_count == 0)
        return STORE_ELEMENTS_DEFAULT < most ? STORE_ELEMENTS_DEFAULT : most;
    return max_count < 0 || (uint32_t)max_count > most ? most : (uint32_t)max_count;
}

void collection_refresh(struct store *store, struct item *item)
{
    struct collection *collection = item_collection(item);

    if (collection->unlimited)
        collection->max_count = collection_max_count(store, item_type(item), -1);
}

static bool is_forced(const struct store *store, struct item *item)
{
    size_t len = store->forced_prefix_len;

    return item_type(item) == ITEM_BTREE && store->forced_prefix && item_key_len(item) > len &&
           !memcmp(item_key(item), store->forced_prefix, len);
}

enum collection_overflow collection_overflow(const struct store *store, struct item *item,
                                             enum collection_overflow wanted)
{
    if (is_forced(store, item))
        return store->forced_overflow;
    return wanted == OVERFLOW_DEFAULT ? default_overflow[item_type(item)] : wanted;
}

static void init_collection(struct store *store, struct item *item, enum item_type type,
                            const struct collection_attributes *attributes)
{
    struct collection *collection = item_collection(item);
    size_t bytes = sizeof(*collection) + (type == ITEM_BTREE ? COLLECTION_BTREE_BYTES : 0);

    memset(collection, 0, bytes);
    collection->tree.order = orders[type];
    collection->max_count = collection_max_count(store, type, attributes->max_count);
    collection->unlimited = attributes->max_count < 0;
    collection->overflow = (uint8_t)collection_overflow(store, item, attributes->overflow);
    collection->unreadable = attributes->unreadable;
}

enum store_result collection_prepare(struct store_thread *thread, const char *key, size_t key_len,
                                     enum item_type type,
                                     const struct collection_attributes *attributes,
                                     struct item **item)
{
    bool in_chunks;
    size_t head = item_head_bytes(key_len, 0, attributes->flags, &in_chunks);
    size_t extra = type == ITEM_BTREE ? COLLECTION_BTREE_BYTES : 0;
    struct store_request request = {.key = key,
                                    .key_len = key_len,
                                    .value_len =
                                        ALIGN(head) - head + sizeof(struct collection) + extra,
                                    .flags = attributes->flags,
                                    .exptime = attributes->exptime};
    enum store_result result = store_prepare(thread, &request, item);

    if (result == STORE_OK) {
        item_set_type(*item, type);
        init_collection(thread->store, *item, type, attributes);
    }
    return result;
}

/* Links the item unless the key has one meanwhile (STORE_EXISTS); leaves the place locked. */
static enum store_result link_new(struct store_thread *thread, struct place *place,
                                  struct item *item)
{
    const char *key = item_key(item);
    size_t key_len = item_key_len(item);

    *place = place_lock(thread, key, key_len);
    if (place->slot) {
        store_discard(thread, item);
        return STORE_EXISTS;
    }
    enum store_result result = place_link(thread, place, item);
    if (result == STORE_OK)
        place->slot = bucket_find(place->bucket, place->hash, key, key_len);
    return result;
}

enum store_result store_create(struct store_thread *thread, const char *key, size_t key_len,
                               enum item_type type, const struct collection_attributes *attributes)
{
    struct place place = place_lock(thread, key, key_len);
    struct item *item;

    bucket_unlock(place.bucket);
    if (place.slot)
        return STORE_EXISTS;
    enum store_result result = collection_prepare(thread, key, key_len, type, attributes, &item);
    if (result != STORE_OK)
        return result;
    result = link_new(thread, &place, item);
    bucket_unlock(place.bucket);
    store_settle(thread);
    return result;
}

static enum store_result check_item(struct collection_access *access,
                                    const struct collection_call *call)
{
    struct item *item = access->item = place_item(&access->place);

    if (!item)
        return STORE_NOT_FOUND;
    if (item_type(item) != call->type)
        return STORE_TYPE_MISMATCH;
    access->collection = item_collection(item);
    access->room.owner = item;
    collection_refresh(access->thread->store, item);
    item_use(item, access->thread->now_ms);
    return access->collection->unreadable && call->reading ? STORE_UNREADABLE : STORE_OK;
}

/* Leaves the place locked. */
static enum store_result open_access(struct collection_access *access,
                                     const struct collection_call *call)
{
    access->place = place_lock(access->thread, call->key, call->key_len);
    enum store_result result = check_item(access, call);
    if (result != STORE_NOT_FOUND || !call->create)
        return result;

    struct item *item;
    bucket_unlock(access->place.bucket);
    result = collection_prepare(access->thread, call->key, call->key_len, call->type, call->create,
                                &item);
    if (result != STORE_OK) {
        access->place.bucket = NULL;
        return result;
    }
    result = link_new(access->thread, &access->place, item);
    access->created = result == STORE_OK;
    return result == STORE_NO_MEMORY ? result : check_item(access, call);
}

void collection_wrote(struct collection_access *access, const struct tree_cursor *cursor,
                      bool replaced)
{
    struct journal *journal = access->thread->store->journal;
    struct tree_cursor copy = *cursor;

    if (__builtin_expect(journal == NULL, 1))
        return;
    struct restore_element element = {.rank = tree_rank(cursor), .replaces = replaced};
    if (item_type(access->item) == ITEM_BTREE) {
        struct collection_state state;
        collection_state_of(access->item, &state);
        element.kind = state.kind;
    }
    tree_get(&copy, &element.bytes, &element.len);
    journal->element(journal, access->thread, access->item, &element);
}

void collection_remove(struct collection_access *access, struct tree_cursor *cursor, uint32_t count)
{
    struct journal *journal = access->thread->store->journal;

    if (__builtin_expect(journal != NULL, 0) && count > 0)
        journal->removal(journal, access->thread, access->item, tree_rank(cursor), count);
    tree_remove(cursor, &access->room, count);
}

/* Calls act and tells the journal what changed beside the elements. */
static enum store_result act_and_tell(struct collection_access *access,
                                      const struct collection_call *call)
{
    struct journal *journal = access->thread->store->journal;
    struct collection_state before, after;

    if (__builtin_expect(journal == NULL, 1))
        return call->act(access, call->argument);
    collection_state_of(access->item, &before);
    enum store_result result = call->act(access, call->argument);
    collection_state_of(access->item, &after);
    if (!collection_state_equals(&before, &after))
        journal->state(journal, access->thread, access->item);
    return result;
}

static enum store_result act(struct collection_access *access, const struct collection_call *call)
{
    struct store_thread *thread = access->thread;
    const struct tree *tree = &access->collection->tree;
    int64_t bytes = (int64_t)tree->bytes;
    uint32_t count = tree->count;

    thread->elements = 0;
    enum store_result result = act_and_tell(access, call);
    if (count > tree->count && count - tree->count > thread->elements)
        thread->elements = count - tree->count;
    if ((int64_t)tree->bytes != bytes)
        store_count_growth(thread, access->item, (int64_t)tree->bytes - bytes);
    bool failed = access->created && result != STORE_OK;
    if (failed || access->drop)
        store_unlink(thread, access->place.bucket, access->place.slot);
    return access->created && !failed ? STORE_CREATED_OK : result;
}

enum store_result collection_call(struct store_thread *thread, const struct collection_call *call)
{
    enum store_result result = STORE_NO_MEMORY;

    for (unsigned tries = 0; tries < TRIES_MAX; tries++) {
        struct collection_access access = {
            .thread = thread, .room = {.memory = &thread->store->memory, .cache = &thread->cache}};
        result = open_access(&access, call);
        if (result == STORE_OK)
            result = act(&access, call);
        if (access.place.bucket)
            bucket_unlock(access.place.bucket);
        store_settle(thread);
        if (result != STORE_NO_MEMORY || !access.room.wanted)
            break;
        if (!evict_make_room(thread, access.room.wanted))
            break;
    }
    if (result == STORE_NO_MEMORY)
        count_add(thread, STORE_OUT_OF_MEMORY, 1);
    return result;
}

bool collection_may_grow(const struct collection_access *access, size_t bytes)
{
    const struct store *store = access->thread->store;

    if (access->item->exptime != CLOCK_STICKY)
        return true;
    size_t used = (size_t)atomic_load_explicit(&store->sticky_bytes, memory_order_relaxed);
    return used + bytes <= atomic_load_explicit(&store->sticky_limit_bytes, memory_order_relaxed);
}

enum store_result collection_removed(struct collection_access *access, enum store_removal_mode mode)
{
    access->drop = mode == STORE_DELETE_DROP && access->collection->tree.count == 0;
    return access->drop ? STORE_DROPPED : STORE_OK;
}

/* Only collections with more than a reply may hold are worth counting. */
static bool fits_reply(const struct collection *collection, const struct tree_cursor *from,
                       uint32_t count)
{
    struct tree_cursor cursor = *from;
    const char *element;
    size_t len, bytes = 0;

    if (collection->tree.bytes <= STORE_REPLY_MAX)
        return true;
    for (; count > 0 && tree_get(&cursor, &element, &len); count--) {
        bytes += len;
        tree_next(&cursor);
    }
    return bytes <= STORE_REPLY_MAX;
}

static void show(struct tree_cursor *cursor, uint32_t count, bool backwards,
                 const struct store_reader *reader)
{
    const char *element;
    size_t len;

    if (backwards)
        tree_seek_rank(cursor->tree, tree_rank(cursor) + count, cursor);
    for (uint32_t n = 0; n < count; n++) {
        if (backwards)
            tree_prev(cursor);
        if (!tree_get(cursor, &element, &len))
            break;
        reader->element(reader->argument, element, len);
        if (!backwards)
            tree_next(cursor);
    }
}

enum store_result collection_read(struct collection_access *access, struct tree_cursor *cursor,
                                  uint32_t count, bool backwards, const struct store_reader *reader,
                                  enum store_removal_mode mode)
{
    struct tree_cursor first = *cursor;

    if (!fits_reply(access->collection, cursor, count))
        return STORE_TOO_LARGE;
    access->thread->elements = count;
    reader->begin(reader->argument, item_flags(access->item), count);
    show(cursor, count, backwards, reader);
    if (mode == STORE_KEEP)
        return STORE_OK;
    collection_remove(access, &first, count);
    return collection_removed(access, mode);
}

uint64_t collection_hash(const struct store *store, const char *bytes, size_t len)
{
    return hash_key(&store->table.seed, bytes, len) & ~(uint64_t)UINT32_MAX;
}
