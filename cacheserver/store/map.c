/*
 * A map is a tree in the order of the fields' hashes. An element is one byte with the length of the
 * field, the field and the value.
 *
 * A reply begins with the number of elements, so reading looks each of several fields up twice:
 * once to count what there is, once to show it. Several that are to be removed are looked up (once
 * more) in the order of the tree, so that removing them, which cannot pause, goes from one leaf to
 * the next.
 */
#include "cacheserver/store/map.h"

#include <stdlib.h>
#include <string.h>

#include "cacheserver/store/collection.h"
#include "cacheserver/store/removal.h"

struct map_field map_element(const char *element, size_t len, const char **value, size_t *value_len)
{
    struct map_field field = {.at = element + 1, .len = (unsigned char)element[0]};

    *value = element + 1 + field.len;
    *value_len = len - 1 - field.len;
    return field;
}

static int compare_fields(const struct map_field *a, const struct map_field *b)
{
    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    return memcmp(a->at, b->at, a->len);
}

static int compare_field(const void *argument, const char *element, size_t len)
{
    struct map_field field = {.at = element + 1, .len = (unsigned char)element[0]};

    (void)len;
    return compare_fields(&field, argument);
}

static bool find_field(struct collection_access *access, uint64_t hash,
                       const struct map_field *field, struct tree_cursor *cursor)
{
    struct tree_sought sought = {.key = hash, .compare = compare_field, .argument = field};
    return tree_seek(&access->collection->tree, &sought, cursor);
}

static bool find_any(struct collection_access *access, const struct map_field *field,
                     struct tree_cursor *cursor)
{
    uint64_t hash = collection_hash(access->thread->store, field->at, field->len);
    return find_field(access, hash, field, cursor);
}

struct put_call {
    const struct map_put *put;
    uint64_t hash;
};

static void write_element(char *at, const struct map_put *put)
{
    at[0] = (char)put->field.len;
    memcpy(at + 1, put->field.at, put->field.len);
    memcpy(at + 1 + put->field.len, put->value, put->value_len);
}

static enum store_result act_put(struct collection_access *access, void *argument)
{
    const struct put_call *call = argument;
    const struct map_put *put = call->put;
    size_t len = 1 + put->field.len + put->value_len;
    struct tree_cursor cursor;
    bool found = find_field(access, call->hash, &put->field, &cursor);

    if (found && put->mode == MAP_INSERT)
        return STORE_ELEMENT_EXISTS;
    if (!found && put->mode == MAP_UPDATE)
        return STORE_NO_ELEMENT;
    if (!collection_may_grow(access, len))
        return STORE_NO_MEMORY;
    if (!found && access->collection->tree.count >= access->collection->max_count)
        return STORE_OVERFLOWED;
    char *place = found ? tree_replace(&cursor, &access->room, call->hash, len)
                        : tree_insert(&cursor, &access->room, call->hash, len);
    if (!place)
        return STORE_NO_MEMORY;
    write_element(place, put);
    collection_wrote(access, &cursor, found);
    return found ? STORE_REPLACED : STORE_OK;
}

enum store_result map_put(struct store_thread *thread, const char *key, size_t key_len,
                          const struct map_put *put)
{
    struct put_call argument = {
        .put = put, .hash = collection_hash(thread->store, put->field.at, put->field.len)};
    struct collection_call call = {.key = key,
                                   .key_len = key_len,
                                   .type = ITEM_MAP,
                                   .create = put->create,
                                   .act = act_put,
                                   .argument = &argument};
    return collection_call(thread, &call);
}

struct hashed_field {
    uint64_t hash;
    const struct map_field *field;
};

struct fields_call {
    const struct map_fields *fields; /* NULL: all */
    enum store_removal_mode mode;
    const struct store_reader *reader;
    struct collection_range all;
    struct hashed_field *sorted; /* several to be removed, in the order of the tree */

    /* of several: those passed when counting, showing and finding them for the removal */
    uint32_t counted, shown, found;
    uint32_t count;
    size_t bytes; /* of what was counted */
    struct removal removal;
};

/* Counts the elements of the fields and their bytes. false: pause. */
static bool count_fields(struct collection_access *access, struct fields_call *call)
{
    for (; call->counted < call->fields->count; call->counted++) {
        struct tree_cursor cursor;
        const char *element;
        size_t len;
        if (access->left == 0)
            return false;
        if (find_any(access, &call->fields->at[call->counted], &cursor) &&
            tree_get(&cursor, &element, &len)) {
            call->count++;
            call->bytes += len;
        }
        access_spend(access, ACCESS_SEEK, 0);
    }
    return true;
}

/* Shows the elements of the fields. false: pause. */
static bool show_fields(struct collection_access *access, struct fields_call *call)
{
    for (; call->shown < call->fields->count; call->shown++) {
        struct tree_cursor cursor;
        const char *element;
        size_t len = 0;
        if (access->left == 0)
            return false;
        if (find_any(access, &call->fields->at[call->shown], &cursor) &&
            tree_get(&cursor, &element, &len))
            call->reader->element(call->reader->argument, element, len);
        access_spend(access, ACCESS_SEEK, len);
    }
    return true;
}

/* STORE_OK, STORE_PAUSED or STORE_NO_MEMORY. */
static enum store_result remove_fields(struct collection_access *access, struct fields_call *call)
{
    for (; call->found < call->fields->count; call->found++) {
        const struct hashed_field *sought = &call->sorted[call->found];
        struct tree_cursor cursor;
        if (access->left == 0)
            return STORE_PAUSED;
        if (find_field(access, sought->hash, sought->field, &cursor) &&
            !removal_add(&call->removal, tree_rank(&cursor)))
            return STORE_NO_MEMORY;
        access_spend(access, ACCESS_SEEK, 0);
    }
    call->count = removal_apply(&call->removal, access);
    return STORE_OK;
}

static void start_fields(struct collection_access *access, struct fields_call *call)
{
    if (access->resumed)
        return;
    call->counted = call->shown = call->found = call->count = 0;
    call->bytes = 0;
    removal_clear(&call->removal);
}

static enum store_result get_field(struct collection_access *access, const struct fields_call *call)
{
    const struct store_reader *reader = call->reader;
    struct tree_cursor cursor;
    const char *element;
    size_t len;

    if (!find_any(access, call->fields->at, &cursor))
        return STORE_NO_ELEMENT;
    tree_get(&cursor, &element, &len);
    access->thread->elements = 1;
    reader->begin(reader->argument, item_flags(access->item), 1);
    reader->element(reader->argument, element, len);
    if (call->mode != STORE_KEEP)
        collection_remove(access, &cursor, 1);
    return collection_removed(access, call->mode);
}

static enum store_result get_fields(struct collection_access *access, struct fields_call *call)
{
    start_fields(access, call);
    if (call->shown == 0) {
        if (!count_fields(access, call))
            return STORE_PAUSED;
        if (call->count == 0)
            return STORE_NO_ELEMENT;
        if (call->bytes > STORE_REPLY_MAX)
            return STORE_TOO_LARGE;
        access->thread->elements = call->count;
        call->reader->begin(call->reader->argument, item_flags(access->item), call->count);
    }
    if (!show_fields(access, call))
        return STORE_PAUSED;
    enum store_result result = call->sorted ? remove_fields(access, call) : STORE_OK;
    return result == STORE_OK ? collection_removed(access, call->mode) : result;
}

static enum store_result delete_field(struct collection_access *access,
                                      const struct fields_call *call)
{
    struct tree_cursor cursor;

    if (!find_any(access, call->fields->at, &cursor))
        return STORE_NO_ELEMENT;
    collection_remove(access, &cursor, 1);
    return collection_removed(access, call->mode);
}

static enum store_result delete_fields(struct collection_access *access, struct fields_call *call)
{
    start_fields(access, call);
    enum store_result result = remove_fields(access, call);
    if (result == STORE_OK && call->count == 0)
        return STORE_NO_ELEMENT;
    return result == STORE_OK ? collection_removed(access, call->mode) : result;
}

static enum store_result act_get(struct collection_access *access, void *argument)
{
    struct fields_call *call = argument;

    if (access->collection->tree.count == 0)
        return STORE_NO_ELEMENT;
    if (call->fields)
        return call->fields->count == 1 ? get_field(access, call) : get_fields(access, call);
    call->all.count = access->collection->tree.count;
    return collection_read(access, &call->all, call->reader, call->mode);
}

static enum store_result act_delete(struct collection_access *access, void *argument)
{
    struct fields_call *call = argument;
    struct tree *tree = &access->collection->tree;
    struct tree_cursor cursor;

    if (tree->count == 0)
        return STORE_NO_ELEMENT;
    if (call->fields)
        return call->fields->count == 1 ? delete_field(access, call) : delete_fields(access, call);
    tree_seek_rank(tree, 0, &cursor);
    collection_remove(access, &cursor, tree->count);
    return collection_removed(access, call->mode);
}

static int compare_hashed(const void *a, const void *b)
{
    const struct hashed_field *x = a, *y = b;

    if (x->hash != y->hash)
        return x->hash < y->hash ? -1 : 1;
    return compare_fields(x->field, y->field);
}

/* false: no memory. */
static bool sort_fields(const struct store *store, struct fields_call *call)
{
    const struct map_fields *fields = call->fields;

    if (!fields || fields->count == 1 || call->mode == STORE_KEEP)
        return true;
    call->sorted = calloc(fields->count, sizeof(*call->sorted));
    if (!call->sorted)
        return false;
    for (uint32_t i = 0; i < fields->count; i++)
        call->sorted[i] = (struct hashed_field){
            .hash = collection_hash(store, fields->at[i].at, fields->at[i].len),
            .field = &fields->at[i]};
    qsort(call->sorted, fields->count, sizeof(*call->sorted), compare_hashed);
    return true;
}

static enum store_result call_fields(struct store_thread *thread,
                                     const struct collection_call *call, struct fields_call *fields)
{
    if (!sort_fields(thread->store, fields))
        return STORE_NO_MEMORY;
    enum store_result result = collection_call(thread, call);
    free(fields->sorted);
    removal_free(&fields->removal);
    return result;
}

enum store_result map_get(struct store_thread *thread, const char *key, size_t key_len,
                          const struct map_fields *fields, enum store_removal_mode mode,
                          const struct store_reader *reader)
{
    struct fields_call argument = {.fields = fields, .mode = mode, .reader = reader};
    struct collection_call call = {.key = key,
                                   .key_len = key_len,
                                   .type = ITEM_MAP,
                                   .reading = true,
                                   .act = act_get,
                                   .argument = &argument};
    return call_fields(thread, &call, &argument);
}

enum store_result map_delete(struct store_thread *thread, const char *key, size_t key_len,
                             const struct map_fields *fields, enum store_removal_mode mode)
{
    struct fields_call argument = {.fields = fields, .mode = mode};
    struct collection_call call = {
        .key = key, .key_len = key_len, .type = ITEM_MAP, .act = act_delete, .argument = &argument};
    return call_fields(thread, &call, &argument);
}
