#pragma once
#include "cacheserver/store/store.h"

/*
 * Maps as commands see them: values under fields of 1 to MAP_FIELD_MAX bytes. Every function may
 * also return STORE_NOT_FOUND and STORE_TYPE_MISMATCH, and reading STORE_UNREADABLE and
 * STORE_TOO_LARGE (for one reply).
 */
#define MAP_FIELD_MAX 250

struct map_field {
    const char *at;
    size_t len;
};

enum map_put_mode { MAP_INSERT, MAP_UPSERT, MAP_UPDATE };
struct map_put {
    enum map_put_mode mode;
    struct map_field field;
    const char *value;
    size_t value_len;
    const struct collection_attributes *create; /* NULL: the map must exist */
};
/* STORE_OK, STORE_CREATED_OK, STORE_REPLACED (upsert, update), STORE_ELEMENT_EXISTS (insert),
 * STORE_NO_ELEMENT (update), STORE_OVERFLOWED or STORE_NO_MEMORY. */
enum store_result map_put(struct store_thread *thread, const char *key, size_t key_len,
                          const struct map_put *put);

struct map_fields {
    const struct map_field *at;
    uint32_t count;
};

/* The elements of these fields; `fields` NULL: all. What is removed must not be named twice. The
 * reader is shown elements as map_element takes them apart. STORE_OK, STORE_DROPPED or
 * STORE_NO_ELEMENT (there is none of them). */
enum store_result map_get(struct store_thread *thread, const char *key, size_t key_len,
                          const struct map_fields *fields, enum store_removal_mode mode,
                          const struct store_reader *reader);
/* The same without showing them; here a field may be named twice. */
enum store_result map_delete(struct store_thread *thread, const char *key, size_t key_len,
                             const struct map_fields *fields, enum store_removal_mode mode);

/* The field of an element; *value is what comes after it. */
struct map_field map_element(const char *element, size_t len, const char **value,
                             size_t *value_len);
