#pragma once
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/cacheserver/store/tree_check.h"

/*
 * A tree beside a plain array of what it should hold. Allocations go through a wrapper that the
 * linker puts in the place of memory_alloc and that fails when told to.
 */
struct model {
    char *bytes;
    size_t len;
    uint64_t key;
};

struct tree_fixture {
    struct memory memory;
    struct memory_cache cache;
    struct tree tree;
    struct tree_room room;
    struct model *model;
    uint32_t count, capacity;
    uint64_t random;
};

extern int allocations_until_failure; /* 0: none fails */

static inline uint64_t draw(struct tree_fixture *f, uint64_t below)
{
    f->random = f->random * 6364136223846793005u + 1442695040888963407u;
    return (f->random >> 33) % below;
}

static inline struct tree_fixture *tree_fixture_new(const struct tree_order *order)
{
    struct tree_fixture *f = calloc(1, sizeof(*f));

    memory_init(&f->memory, (size_t)2 << 30);
    f->tree.order = order;
    f->room = (struct tree_room){
        .memory = &f->memory, .cache = &f->cache, .owner = (struct item *)(uintptr_t)0x1000};
    f->random = 42;
    allocations_until_failure = 0;
    return f;
}

static inline void tree_fixture_free(struct tree_fixture *f)
{
    for (uint32_t i = 0; i < f->count; i++)
        free(f->model[i].bytes);
    free(f->model);
    memory_cache_flush(&f->memory, &f->cache);
    memory_deinit(&f->memory);
    free(f);
}

static inline void model_insert(struct tree_fixture *f, uint32_t at, const char *bytes, size_t len,
                                uint64_t key)
{
    if (f->count == f->capacity) {
        f->capacity = f->capacity ? 2 * f->capacity : 64;
        f->model = realloc(f->model, f->capacity * sizeof(*f->model));
    }
    memmove(&f->model[at + 1], &f->model[at], (f->count - at) * sizeof(*f->model));
    f->model[at] = (struct model){.bytes = malloc(len + 1), .len = len, .key = key};
    memcpy(f->model[at].bytes, bytes, len);
    f->count++;
}

static inline void model_remove(struct tree_fixture *f, uint32_t at, uint32_t n)
{
    for (uint32_t i = at; i < at + n; i++)
        free(f->model[i].bytes);
    memmove(&f->model[at], &f->model[at + n], (f->count - at - n) * sizeof(*f->model));
    f->count -= n;
}

/* Everything: invariants, elements forwards and backwards. */
static inline void assert_same(struct tree_fixture *f)
{
    struct tree_cursor cursor;
    const char *element;
    size_t len;

    tree_check(&f->tree, &f->room);
    assert(f->tree.count == f->count);
    tree_seek_rank(&f->tree, 0, &cursor);
    for (uint32_t i = 0; i < f->count; i++) {
        assert(tree_get(&cursor, &element, &len));
        assert(len == f->model[i].len && !memcmp(element, f->model[i].bytes, len));
        assert(tree_next(&cursor));
    }
    assert(!tree_get(&cursor, &element, &len) && !tree_next(&cursor));
    for (uint32_t i = f->count; i-- > 0;) {
        assert(tree_prev(&cursor) && tree_get(&cursor, &element, &len));
        assert(len == f->model[i].len && !memcmp(element, f->model[i].bytes, len));
    }
    assert(!tree_prev(&cursor));
}

static inline void fill_random(struct tree_fixture *f, char *to, size_t len)
{
    for (size_t i = 0; i < len; i++)
        to[i] = (char)draw(f, 256);
}
