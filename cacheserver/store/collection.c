/*
 * One function carries out every operation on a collection: it finds and locks the item, makes it
 * if that was asked for, calls what the operation does, and accounts for the memory that it took.
 * An operation that finds no memory has changed nothing; room is then made without the lock and
 * the whole is done again, with whatever the key has by then.
 *
 * What reads much lets others have the lock now and then. It goes on only if no element was changed
 * meanwhile, which the collection counts, and begins again if one was: so it sees one state of the
 * collection, as if it had kept the lock. After some such beginnings it does keep it.
 */
#include "cacheserver/store/collection.h"

#include <sched.h>
#include <string.h>

#include "cacheserver/store/evict.h"
#include "cacheserver/store/hash.h"
#include "cacheserver/store/restore_collection.h"

/* An insertion needs a few objects of different sizes, and another thread may take one away. */
#define TRIES_MAX 24

/* A step takes some tens of nanoseconds, so a bucket is locked for a fraction of a millisecond. */
#define STEPS_PER_LOCK 2048
/* Of what is read in turns, because it was changed between them. */
#define RESTARTS_MAX 3

/* How an operation that paused finds that nothing has changed since. */
struct pause {
    bool paused;
    unsigned restarts;
    struct item *item; /* to compare with, not to look into */
    uint64_t cas;
    uint32_t version;
};

/* What a call lacks. It may need several objects of a size, and fails as often before that is
 * known. */
struct shortage {
    size_t bytes;
    unsigned objects;
};

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

    access->collection->version++;
    if (__builtin_expect(journal == NULL, 1))
        return;
    struct tree_cursor copy = *cursor;
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

    access->collection->version++;
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

    if (!access->resumed)
        thread->elements = 0;
    enum store_result result = act_and_tell(access, call);
    store_put_aside(thread, &access->room);
    if (count > tree->count && count - tree->count > thread->elements)
        thread->elements = count - tree->count;
    if ((int64_t)tree->bytes != bytes)
        store_count_growth(thread, access->item, (int64_t)tree->bytes - bytes);
    bool failed = access->created && result != STORE_OK;
    if (failed || access->drop)
        store_unlink(thread, access->place.bucket, access->place.slot);
    return access->created && !failed ? STORE_CREATED_OK : result;
}

static bool is_as_it_was(const struct collection_access *access, const struct pause *pause)
{
    return pause->paused && access->item == pause->item && item_cas(access->item) == pause->cas &&
           access->collection->version == pause->version;
}

/* Acts in the turn that the pause, if there was one, says. */
static enum store_result act_in_turn(struct collection_access *access,
                                     const struct collection_call *call, struct pause *pause)
{
    access->resumed = is_as_it_was(access, pause);
    pause->restarts += pause->paused && !access->resumed;
    access->left = pause->restarts < RESTARTS_MAX ? STEPS_PER_LOCK : UINT32_MAX;
    enum store_result result = act(access, call);
    pause->paused = result == STORE_PAUSED;
    if (pause->paused) {
        pause->item = access->item;
        pause->cas = item_cas(access->item);
        pause->version = access->collection->version;
    }
    return result;
}

static bool make_room(struct store_thread *thread, struct shortage *shortage, size_t bytes)
{
    shortage->objects = bytes == shortage->bytes ? shortage->objects + 1 : 1;
    shortage->bytes = bytes;
    return evict_make_room(thread, bytes, shortage->objects);
}

/* Whether what stopped the call can be overcome by another one. */
static bool is_worth_another(struct store_thread *thread, const struct collection_access *access,
                             enum store_result result, struct shortage *shortage)
{
    if (result == STORE_PAUSED) {
        sched_yield();
        return true;
    }
    return result == STORE_NO_MEMORY && access->room.wanted &&
           make_room(thread, shortage, access->room.wanted);
}

enum store_result collection_call(struct store_thread *thread, const struct collection_call *call)
{
    enum store_result result = STORE_NO_MEMORY;
    struct pause pause = {.paused = false};
    struct shortage shortage = {0};

    for (unsigned tries = 0; tries < TRIES_MAX; tries += result != STORE_PAUSED) {
        struct collection_access access = {
            .thread = thread, .room = {.memory = &thread->store->memory, .cache = &thread->cache}};
        result = open_access(&access, call);
        if (result == STORE_OK)
            result = act_in_turn(&access, call, &pause);
        if (access.place.bucket)
            bucket_unlock(access.place.bucket);
        store_settle(thread);
        if (!is_worth_another(thread, &access, result, &shortage))
            break;
    }
    if (result == STORE_NO_MEMORY)
        count_add(thread, 0, STORE_OUT_OF_MEMORY, 1);
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

static enum store_result show(struct collection_access *access, struct collection_range *range,
                              const struct store_reader *reader)
{
    const char *element;
    size_t len;

    for (; range->shown < range->count; range->shown++) {
        if (access->left == 0)
            return STORE_PAUSED;
        if (range->backwards)
            tree_prev(&range->cursor);
        tree_get(&range->cursor, &element, &len);
        range->shown_bytes += len;
        if (range->shown_bytes > STORE_REPLY_MAX)
            return STORE_TOO_LARGE;
        reader->element(reader->argument, element, len);
        access_spend(access, 1, len);
        if (!range->backwards)
            tree_next(&range->cursor);
    }
    return STORE_OK;
}

enum store_result collection_read(struct collection_access *access, struct collection_range *range,
                                  const struct store_reader *reader, enum store_removal_mode mode)
{
    struct tree *tree = &access->collection->tree;
    struct tree_cursor first;

    if (!access->resumed) {
        access->thread->elements = range->count;
        range->shown = 0;
        range->shown_bytes = 0;
        tree_seek_rank(tree, range->rank + (range->backwards ? range->count : 0), &range->cursor);
        reader->begin(reader->argument, item_flags(access->item), range->count);
    }
    enum store_result result = show(access, range, reader);
    if (result != STORE_OK || mode == STORE_KEEP)
        return result;
    tree_seek_rank(tree, range->rank, &first);
    collection_remove(access, &first, range->count);
    return collection_removed(access, mode);
}

uint64_t collection_hash(const struct store *store, const char *bytes, size_t len)
{
    return tree_key_of_tag(tree_tag_of_key(hash_key(&store->table.seed, bytes, len)));
}
