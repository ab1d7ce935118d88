/*
 * Changes of b+trees. Each is one call with the collection locked, decided before anything is
 * changed: whether the bkey may come, what must go for it, and only then the insertion, which is
 * the one step that can fail for want of memory. Elements are changed by writing them anew.
 */
#include "cacheserver/store/btree.h"

#include <string.h>

#include "cacheserver/runtime/number.h"
#include "cacheserver/store/btree_element.h"
#include "cacheserver/store/collection.h"

/* What must go when an element comes. */
enum trim { TRIM_NONE, TRIM_FOR_COUNT, TRIM_FOR_DISTANCE };

static bool trims_smallest(const struct collection *collection)
{
    return collection->overflow == OVERFLOW_SMALLEST_TRIM ||
           collection->overflow == OVERFLOW_SMALLEST_SILENT_TRIM;
}

static bool trims_largest(const struct collection *collection)
{
    return collection->overflow == OVERFLOW_LARGEST_TRIM ||
           collection->overflow == OVERFLOW_LARGEST_SILENT_TRIM;
}

/* Silent trims are not remembered. */
static void note_trim(struct collection *collection, bool trimmed)
{
    if (collection->overflow == OVERFLOW_SMALLEST_TRIM ||
        collection->overflow == OVERFLOW_LARGEST_TRIM)
        collection->trimmed = trimmed;
}

static bool is_before(const struct bkey *a, const struct bkey *b)
{
    return bkey_compare(a, b) < 0;
}

static enum store_result check_distance(struct collection *collection, const struct bkey *bkey,
                                        enum trim *trim)
{
    struct bkey maximum;

    if (collection->tree.count == 0 || !btree_maximum(collection, &maximum))
        return STORE_OK;
    struct bkey smallest = btree_smallest(collection), largest = btree_largest(collection);
    bool is_smallest = is_before(bkey, &smallest), is_largest = is_before(&largest, bkey);
    if (!(is_smallest && bkey_span_exceeds(bkey, &largest, &maximum)) &&
        !(is_largest && bkey_span_exceeds(&smallest, bkey, &maximum)))
        return STORE_OK;
    if (is_smallest ? !trims_largest(collection) : !trims_smallest(collection))
        return STORE_OUT_OF_RANGE;
    *trim = TRIM_FOR_DISTANCE;
    return STORE_OK;
}

static enum store_result check_count(struct collection_access *access, const struct bkey *bkey,
                                     enum trim *trim)
{
    struct collection *collection = access->collection;

    if (collection->tree.count < collection->max_count || *trim != TRIM_NONE)
        return STORE_OK;
    if (collection->overflow == OVERFLOW_ERROR)
        return STORE_OVERFLOWED;
    struct bkey edge =
        trims_smallest(collection) ? btree_smallest(collection) : btree_largest(collection);
    if (trims_smallest(collection) ? is_before(bkey, &edge) : is_before(&edge, bkey)) {
        note_trim(collection, true);
        return STORE_OUT_OF_RANGE;
    }
    *trim = TRIM_FOR_COUNT;
    return STORE_OK;
}

/* To the element that is n from the end that is trimmed. */
static void seek_edge(struct collection *collection, uint32_t n, struct tree_cursor *cursor)
{
    uint32_t rank = trims_smallest(collection) ? n : collection->tree.count - 1 - n;
    tree_seek_rank(&collection->tree, rank, cursor);
}

/* Whether the element that is n from the end that is trimmed is too far from the bkey. */
static bool is_too_far(struct collection *collection, uint32_t n, const struct bkey *bkey)
{
    struct bkey maximum, other;
    struct btree_element element;
    struct tree_cursor cursor;

    btree_maximum(collection, &maximum);
    seek_edge(collection, n, &cursor);
    btree_current(&cursor, bkey->kind, &element);
    bkey_set_bytes(&other, element.kind, element.bkey, element.bkey_len);
    bool below = is_before(&other, bkey);
    return bkey_span_exceeds(below ? &other : bkey, below ? bkey : &other, &maximum);
}

/* How many are too far, which is at least one and usually no more. */
static uint32_t count_too_far(struct collection *collection, const struct bkey *bkey)
{
    uint32_t n = 1, step = 1;

    while (n + step <= collection->tree.count && is_too_far(collection, n + step - 1, bkey)) {
        n += step;
        step *= 2;
    }
    for (; step > 0; step /= 2)
        if (n + step <= collection->tree.count && is_too_far(collection, n + step - 1, bkey))
            n += step;
    return n;
}

static void apply_trim(struct collection_access *access, enum trim trim,
                       const struct btree_put *put)
{
    struct collection *collection = access->collection;
    struct tree_cursor cursor;
    struct btree_element element;

    if (trim == TRIM_NONE)
        return;
    if (trim == TRIM_FOR_DISTANCE) {
        uint32_t n = count_too_far(collection, put->bkey);
        seek_edge(collection, trims_smallest(collection) ? 0 : n - 1, &cursor);
        collection_remove(access, &cursor, n);
        note_trim(collection, false);
        return;
    }
    seek_edge(collection, 0, &cursor);
    if (put->trimmed && btree_current(&cursor, put->bkey->kind, &element))
        put->trimmed(put->argument, &element);
    collection_remove(access, &cursor, 1);
    note_trim(collection, true);
}

static struct btree_element element_of(const struct btree_put *put)
{
    return (struct btree_element){.kind = put->bkey->kind,
                                  .bkey = put->bkey->bytes,
                                  .bkey_len = put->bkey->len,
                                  .eflag = put->eflag ? put->eflag->bytes : NULL,
                                  .eflag_len = put->eflag ? put->eflag->len : 0,
                                  .value = put->value,
                                  .value_len = put->value_len};
}

/* Writes over the element at the cursor; the new one may point into the old one. */
static enum store_result replace(struct collection_access *access, struct tree_cursor *cursor,
                                 uint64_t key, const struct btree_element *element)
{
    char bytes[TREE_ELEMENT_MAX];
    const char *old;
    size_t old_len, len = btree_element_bytes(element);

    tree_get(cursor, &old, &old_len);
    if (len > old_len && !collection_may_grow(access, len - old_len))
        return STORE_NO_MEMORY;
    btree_element_write(bytes, element);
    char *at = tree_replace(cursor, &access->room, key, len);
    if (!at)
        return STORE_NO_MEMORY;
    memcpy(at, bytes, len);
    collection_wrote(access, cursor, true);
    return STORE_OK;
}

static enum store_result add(struct collection_access *access, struct tree_cursor *cursor,
                             const struct btree_put *put)
{
    struct btree_element element = element_of(put);
    size_t len = btree_element_bytes(&element);
    enum trim trim = TRIM_NONE;

    if (!collection_may_grow(access, len))
        return STORE_NO_MEMORY;
    enum store_result result = check_distance(access->collection, put->bkey, &trim);
    if (result == STORE_OK)
        result = check_count(access, put->bkey, &trim);
    if (result != STORE_OK)
        return result;
    char *at = tree_insert(cursor, &access->room, put->bkey->order, len);
    if (!at)
        return STORE_NO_MEMORY;
    btree_element_write(at, &element);
    collection_wrote(access, cursor, false);
    apply_trim(access, trim, put);
    return STORE_OK;
}

/* Whether a key of this kind may be added; the first one decides for those that follow. */
static bool take_kind(struct collection *collection, enum bkey_kind kind)
{
    const struct btree *btree = btree_of(collection);

    if (collection->tree.count > 0 || btree->maximum_kind != BKEY_NONE)
        return btree->kind == kind;
    btree_set_kind(collection, kind);
    return true;
}

struct put_call {
    const struct btree_put *put;
    struct btree_answer *answer;
};

static enum store_result act_put(struct collection_access *access, void *argument)
{
    const struct put_call *call = argument;
    const struct btree_put *put = call->put;
    struct tree_cursor cursor;

    call->answer->flags = item_flags(access->item);
    if (!take_kind(access->collection, put->bkey->kind))
        return STORE_BKEY_MISMATCH;
    if (!btree_seek(access->collection, put->bkey, &cursor))
        return add(access, &cursor, put);
    if (!put->replace)
        return STORE_ELEMENT_EXISTS;
    struct btree_element element = element_of(put);
    enum store_result result = replace(access, &cursor, put->bkey->order, &element);
    return result == STORE_OK ? STORE_REPLACED : result;
}

enum store_result btree_put(struct store_thread *thread, const char *key, size_t key_len,
                            const struct btree_put *put, struct btree_answer *answer)
{
    struct put_call argument = {.put = put, .answer = answer};
    struct collection_call call = {.key = key,
                                   .key_len = key_len,
                                   .type = ITEM_BTREE,
                                   .create = put->create,
                                   .act = act_put,
                                   .argument = &argument};
    return collection_call(thread, &call);
}

/* The element of a key that is to be changed. */
static enum store_result find(struct collection_access *access, const struct bkey *bkey,
                              struct tree_cursor *cursor, struct btree_element *element)
{
    if (access->collection->tree.count == 0)
        return STORE_NO_ELEMENT;
    if (!btree_admits(access->collection, bkey->kind))
        return STORE_BKEY_MISMATCH;
    if (!btree_seek(access->collection, bkey, cursor))
        return STORE_NO_ELEMENT;
    btree_current(cursor, bkey->kind, element);
    return STORE_OK;
}

static enum store_result act_update(struct collection_access *access, void *argument)
{
    const struct btree_update *update = argument;
    struct tree_cursor cursor;
    struct btree_element element;
    struct eflag eflag;

    enum store_result result = find(access, update->bkey, &cursor, &element);
    if (result != STORE_OK)
        return result;
    if (update->eflag) {
        if (!eflag_update_apply(update->eflag, element.eflag, element.eflag_len, &eflag))
            return STORE_EFLAG_MISMATCH;
        element.eflag = eflag.bytes;
        element.eflag_len = eflag.len;
    }
    if (update->value) {
        element.value = update->value;
        element.value_len = update->value_len;
    }
    return replace(access, &cursor, update->bkey->order, &element);
}

enum store_result btree_update(struct store_thread *thread, const char *key, size_t key_len,
                               const struct btree_update *update)
{
    return btree_change(thread, key, key_len, act_update, (void *)update);
}

struct number_call {
    const struct btree_number *number;
    uint64_t *value;
};

static enum store_result add_initial(struct collection_access *access, struct tree_cursor *cursor,
                                     const struct btree_number *number)
{
    char digits[NUMBER_MAX_DIGITS];
    struct btree_put put = {.bkey = number->bkey,
                            .eflag = number->eflag,
                            .value = digits,
                            .value_len = number_format(*number->initial, digits)};

    return add(access, cursor, &put);
}

static enum store_result change(struct collection_access *access, struct tree_cursor *cursor,
                                const struct btree_number *number, uint64_t *value)
{
    char digits[NUMBER_MAX_DIGITS];
    struct btree_element element;
    uint64_t old;

    btree_current(cursor, number->bkey->kind, &element);
    if (!number_parse_stored(element.value, element.value_len, &old))
        return STORE_NOT_A_NUMBER;
    if (number->increment)
        *value = old + number->delta;
    else
        *value = number->delta > old ? 0 : old - number->delta;
    element.value = digits;
    element.value_len = number_format(*value, digits);
    return replace(access, cursor, number->bkey->order, &element);
}

static enum store_result act_number(struct collection_access *access, void *argument)
{
    const struct number_call *call = argument;
    const struct btree_number *number = call->number;
    struct tree_cursor cursor;

    if (!number->initial && access->collection->tree.count == 0)
        return STORE_NO_ELEMENT;
    if (!take_kind(access->collection, number->bkey->kind))
        return STORE_BKEY_MISMATCH;
    if (btree_seek(access->collection, number->bkey, &cursor))
        return change(access, &cursor, number, call->value);
    if (!number->initial)
        return STORE_NO_ELEMENT;
    *call->value = *number->initial;
    return add_initial(access, &cursor, number);
}

enum store_result btree_add_number(struct store_thread *thread, const char *key, size_t key_len,
                                   const struct btree_number *number, uint64_t *value)
{
    struct number_call argument = {.number = number};

    argument.value = value;
    return btree_change(thread, key, key_len, act_number, &argument);
}
