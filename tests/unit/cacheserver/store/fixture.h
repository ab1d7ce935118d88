#pragma once
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "cacheserver/runtime/clock.h"
#include "cacheserver/store/store.h"

/* A store with one thread, and short ways to use it. */
struct fixture {
    struct store *store;
    struct store_thread *thread;
};

static inline struct fixture *fixture_new(size_t memory_bytes, bool evict)
{
    const struct store_config config = {.memory_limit_bytes = memory_bytes,
                                        .sticky_limit_bytes = 1 << 20,
                                        .item_size_max_bytes = 64 << 20,
                                        .evict = evict,
                                        .prefix_delimiter = ':'};
    struct fixture *f = calloc(1, sizeof(*f));

    clock_start();
    f->store = store_new(&config);
    f->thread = store_attach(f->store);
    return f;
}

static inline void fixture_free(struct fixture *f)
{
    store_detach(f->thread);
    store_free(f->store);
    free(f);
}

/* Whether the condition comes true before long. */
#define eventually(condition)                                                                      \
    ({                                                                                             \
        uint64_t until_ms = clock_coarse_ms() + 20000;                                             \
        while (!(condition) && clock_coarse_ms() < until_ms)                                       \
            sched_yield();                                                                         \
        (condition);                                                                               \
    })

static inline enum store_result put_value(struct fixture *f, enum store_mode mode, const char *key,
                                          const char *value, size_t len, clock_seconds exptime)
{
    struct store_request request = {
        .key = key, .key_len = strlen(key), .value_len = len, .flags = 7, .exptime = exptime};
    struct store_written written;
    struct item_cursor cursor;
    struct item *item;
    enum store_result result = store_prepare(f->thread, &request, &item);

    if (result != STORE_OK)
        return result;
    item_cursor_start(&cursor, item);
    item_cursor_write(&cursor, value, len);
    return store_put(f->thread, item, &(struct store_condition){.mode = mode}, &written);
}

static inline enum store_result put(struct fixture *f, const char *key, const char *value)
{
    return put_value(f, STORE_SET, key, value, strlen(value), CLOCK_NEVER);
}

struct copy {
    char *bytes;
    size_t len;
    uint32_t flags;
    uint64_t cas;
};

static inline void copy_item(struct item *item, void *argument)
{
    struct copy *copy = argument;
    struct item_cursor cursor;

    copy->len = item_value_len(item);
    copy->flags = item_flags(item);
    copy->cas = item_cas(item);
    copy->bytes = realloc(copy->bytes, copy->len + 1);
    item_cursor_start(&cursor, item);
    for (size_t at = 0; cursor.left > 0;) {
        memcpy(copy->bytes + at, cursor.at, cursor.here);
        at += cursor.here;
        item_cursor_advance(&cursor, cursor.here);
    }
    copy->bytes[copy->len] = '\0';
}

/* The value, to be freed; NULL: the key is not there. */
static inline char *get(struct fixture *f, const char *key)
{
    struct copy copy = {0};

    store_visit_key(f->thread, key, strlen(key), copy_item, &copy);
    return copy.bytes;
}

static inline bool holds(struct fixture *f, const char *key, const char *value)
{
    char *got = get(f, key);
    bool same = got && !strcmp(got, value);

    free(got);
    return same;
}

static inline int64_t count_of(struct fixture *f, enum store_count which)
{
    struct store_totals totals;

    store_stats(f->store, &totals);
    return totals.counts[which];
}
