/*
 * A map is a tree in the order of the fields' hashes. An element is one byte with the length of the
 * field, the field and the value.
 *
 * A reply begins with the number of elements, so reading looks each of several fields up twice:
 * once to count what there is, once to show it. What is read and removed is looked up once more,
 * for reading many fields pauses now and then, and removing them must not.
 */
#include "cacheserver/store/map.h"

#include <string.h>

#include "cacheserver/store/collection.h"

struct map_field map_element(const char *element, size_t len, const char **value, size_t *value_len)
{
    struct map_field field = {.at = element + 1, .len = (unsigned char)element[0]};

    *value = element + 1 + field.len;
    *value_len = len - 1 - field.len;
    return field;
}

static int compare_field(const void *argument, const char *element, size_t len)
{
    const struct map_field *sought = argument;
    size_t field_len = (unsigned char)element[0];

    (void)len;
    if (field_len != sought->len)
        return field_len < sought->len ? -1 : 1;
    return memcmp(element + 1, sought->at, field_len);
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

struct fields_call {
    const struct map_fields *fields; /* NULL: all */
    enum store_removal_mode mode;
    const struct store_reader *reader;
    struct collection_range all;

    /* of several: those passed when counting and when showing, and what was counted */
    uint32_t counted, shown;
    uint32_t count;
    size_t bytes;
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

/* Returns how many there were. */
static uint32_t remove_fields(struct collection_access *access, const struct map_fields *fields)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < fields->count; i++) {
        struct tree_cursor cursor;
        if (find_any(access, &fields->at[i], &cursor)) {
            collection_remove(access, &cursor, 1);
            count++;
        }
    }
    return count;
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
    if (!access->resumed) {
        call->counted = call->shown = call->count = 0;
        call->bytes = 0;
    }
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
    if (call->mode != STORE_KEEP)
        remove_fields(access, call->fields);
    return collection_removed(access, call->mode);
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
    const struct fields_call *call = argument;
    struct tree *tree = &access->collection->tree;
    struct tree_cursor cursor;

    if (tree->count == 0)
        return STORE_NO_ELEMENT;
    if (!call->fields) {
        tree_seek_rank(tree, 0, &cursor);
        collection_remove(access, &cursor, tree->count);
    } else if (remove_fields(access, call->fields) == 0) {
        return STORE_NO_ELEMENT;
    }
    return collection_removed(access, call->mode);
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
    return collection_call(thread, &call);
}

enum store_result map_delete(struct store_thread *thread, const char *key, size_t key_len,
                             const struct map_fields *fields, enum store_removal_mode mode)
{
    struct fields_call argument = {.fields = fields, .mode = mode};
    struct collection_call call = {
        .key = key, .key_len = key_len, .type = ITEM_MAP, .act = act_delete, .argument = &argument};
    return collection_call(thread, &call);
}
