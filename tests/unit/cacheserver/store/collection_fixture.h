#pragma once
#include <stdarg.h>
#include <stdio.h>

#include "cacheserver/store/list.h"
#include "cacheserver/store/map.h"
#include "cacheserver/store/set.h"
#include "tests/unit/cacheserver/store/fixture.h"

/* What a read shows, as text: elements separated by blanks. */
struct shown {
    char text[8192];
    size_t len;
    uint32_t flags, count, elements;
};

static inline void show_head(void *argument, uint32_t flags, uint32_t count)
{
    struct shown *shown = argument;
    shown->flags = flags;
    shown->count = count;
}

static inline void show_element(void *argument, const char *element, size_t len)
{
    struct shown *shown = argument;

    if (shown->elements++ > 0 && shown->len + 1 < sizeof(shown->text))
        shown->text[shown->len++] = ' ';
    for (size_t i = 0; i < len && shown->len + 1 < sizeof(shown->text); i++)
        shown->text[shown->len++] = element[i];
    shown->text[shown->len] = '\0';
}

static inline struct store_reader reader_of(struct shown *shown)
{
    memset(shown, 0, sizeof(*shown));
    return (struct store_reader){.begin = show_head, .element = show_element, .argument = shown};
}

static inline enum store_result create(struct fixture *f, enum item_type type, const char *key,
                                       int32_t max_count)
{
    const struct collection_attributes attributes = {.flags = 9, .max_count = max_count};
    return store_create(f->thread, key, strlen(key), type, &attributes);
}

static inline enum store_result push(struct fixture *f, const char *key, int32_t index,
                                     const char *value)
{
    const struct list_insert insert = {.index = index, .value = value, .value_len = strlen(value)};
    return list_insert(f->thread, key, strlen(key), &insert);
}

static inline enum store_result range(struct fixture *f, const char *key, int32_t from, int32_t to,
                                      enum store_removal_mode mode, struct shown *shown)
{
    const struct store_reader reader = reader_of(shown);
    return list_get(f->thread, key, strlen(key), (struct list_range){from, to}, mode, &reader);
}

static inline enum store_result add(struct fixture *f, const char *key, const char *value)
{
    return set_insert(f->thread, key, strlen(key), value, strlen(value), NULL);
}

static inline enum store_result map_write(struct fixture *f, enum map_put_mode mode,
                                          const char *key, const char *field, const char *value)
{
    const struct map_put put = {.mode = mode,
                                .field = {.at = field, .len = strlen(field)},
                                .value = value,
                                .value_len = strlen(value)};
    return map_put(f->thread, key, strlen(key), &put);
}
