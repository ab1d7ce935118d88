/*
 * Collections come back as they were, whatever happens to them while a snapshot is written: random
 * changes before every write to disk, then everything is compared with what a later start finds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cacheserver/store/btree.h"
#include "cacheserver/store/list.h"
#include "cacheserver/store/map.h"
#include "cacheserver/store/restore_collection.h"
#include "cacheserver/store/set.h"
#include "cacheserver/store/walk.h"
#include "tests/unit/cacheserver/persistence/fixture.h"
#include "tests/unit/cacheserver/persistence/frail_disk.h"

#define KEYS_PER_TYPE 3

struct world {
    struct kept kept;
    struct frail_disk frail;
    uint64_t random;
    unsigned changes_per_call;
};

static unsigned draw(struct world *world, unsigned below)
{
    world->random = world->random * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(world->random >> 33) % below;
}

static const struct collection_attributes created = {.max_count = 3000, .flags = 9};

/* Two in three are small, some are so large that a slice holds few of them. */
static size_t draw_value(struct world *world, char *value)
{
    size_t len = draw(world, 3) ? draw(world, 40) : draw(world, 40) ? 300 : 9000;

    memset(value, 'a' + (int)draw(world, 26), len);
    return len;
}

static void change_list(struct world *world, const char *key)
{
    struct store_thread *thread = world->kept.base->thread;
    char value[9000];
    size_t len = draw_value(world, value);
    int32_t at = (int32_t)draw(world, 2000) - 1000;
    const struct list_insert insert = {
        .index = draw(world, 2) ? at : -1, .value = value, .value_len = len, .create = &created};

    if (draw(world, 4))
        list_insert(thread, key, strlen(key), &insert);
    else
        list_delete(thread, key, strlen(key), (struct list_range){at, at + (int32_t)draw(world, 6)},
                    STORE_DELETE);
}

static void change_set(struct world *world, const char *key)
{
    struct store_thread *thread = world->kept.base->thread;
    char value[512];
    size_t len = (size_t)snprintf(value, sizeof(value), "%0*u", 10 + (int)draw(world, 200),
                                  draw(world, 2500));

    if (draw(world, 3))
        set_insert(thread, key, strlen(key), value, len, &created);
    else
        set_delete(thread, key, strlen(key), value, len, STORE_DELETE);
}

static void change_map(struct world *world, const char *key)
{
    struct store_thread *thread = world->kept.base->thread;
    char field[32], value[9000];
    size_t field_len = (size_t)snprintf(field, sizeof(field), "field%u", draw(world, 2000));
    const struct map_put put = {.mode = MAP_UPSERT,
                                .field = {field, field_len},
                                .value = value,
                                .value_len = draw_value(world, value),
                                .create = &created};
    const struct map_fields fields = {.at = &put.field, .count = 1};

    if (draw(world, 4))
        map_put(thread, key, strlen(key), &put);
    else
        map_delete(thread, key, strlen(key), &fields, STORE_DELETE);
}

static void change_btree(struct world *world, const char *key)
{
    struct store_thread *thread = world->kept.base->thread;
    char value[9000];
    struct bkey_range range;
    struct btree_answer answer;
    const struct eflag eflag = {.len = 2, .bytes = {1, 2}};
    size_t key_len = strlen(key);

    bkey_set_number(&range.from, draw(world, 100000));
    bkey_set_number(&range.to, range.from.order + draw(world, 500));
    range.single = false;
    const struct btree_put put = {.bkey = &range.from,
                                  .eflag = draw(world, 2) ? &eflag : NULL,
                                  .value = value,
                                  .value_len = draw_value(world, value),
                                  .replace = true,
                                  .create = &created};
    const struct btree_query query = {.range = &range, .remove = true, .count = draw(world, 4)};
    if (draw(world, 5))
        btree_put(thread, key, key_len, &put, &answer);
    else
        btree_delete(thread, key, key_len, &query, &answer);
}

static void (*const change_one[])(struct world *world, const char *key) = {
    change_list, change_set, change_map, change_btree};

static void change(struct world *world)
{
    struct store_thread *thread = world->kept.base->thread;
    unsigned type = draw(world, 4);
    char key[32];

    snprintf(key, sizeof(key), "%c:%u", "lsmb"[type], draw(world, KEYS_PER_TYPE));
    if (draw(world, 3000) == 0)
        store_delete(thread, key, strlen(key));
    else if (draw(world, 500) == 0)
        store_touch(thread, key, strlen(key), thread->now + 1000 + draw(world, 1000));
    else
        change_one[type](world, key);
    if (draw(world, 20) == 0)
        put(world->kept.base, "plain", draw(world, 2) ? "one" : "two");
}

static void change_before_a_call(void *argument)
{
    struct world *world = argument;

    if (world->kept.persistence)
        for (unsigned i = 0; i < world->changes_per_call; i++)
            change(world);
}

/* --- everything as one text --- */

struct text {
    char *bytes;
    size_t len, capacity;
};

static void add(struct text *text, const void *bytes, size_t len)
{
    if (text->len + len > text->capacity) {
        text->capacity = 2 * (text->len + len);
        text->bytes = realloc(text->bytes, text->capacity);
    }
    memcpy(text->bytes + text->len, bytes, len);
    text->len += len;
}

static void add_element(const char *bytes, size_t len, void *argument)
{
    add(argument, &len, sizeof(len));
    add(argument, bytes, len);
}

static void add_collection(struct item *item, void *argument)
{
    struct collection_state state;
    uint32_t flags = item_flags(item);
    int64_t expiry = item->exptime == CLOCK_NEVER ? 0 : clock_to_unix(item->exptime);
    size_t bytes;

    collection_state_of(item, &state);
    add(argument, &state, sizeof(state));
    add(argument, &flags, sizeof(flags));
    add(argument, &expiry, sizeof(expiry));
    walk_elements(item, 0, SIZE_MAX, add_element, argument);
    uint32_t count = walk_element_count(item, &bytes);
    add(argument, &count, sizeof(count));
}

static struct text everything(struct world *world)
{
    struct text text = {0};
    char key[32];

    for (unsigned type = 0; type < 4; type++) {
        for (unsigned i = 0; i < KEYS_PER_TYPE; i++) {
            snprintf(key, sizeof(key), "%c:%u", "lsmb"[type], i);
            add(&text, key, 3);
            walk_collection(world->kept.base->thread, key, strlen(key), add_collection, &text);
        }
    }
    return text;
}

static void restart_and_compare(struct world *world)
{
    struct text before = everything(world);

    world->frail.before = NULL;
    kept_stop(&world->kept);
    if (!kept_start(&world->kept))
        fail_msg("%s", world->kept.errors);
    struct text after = everything(world);
    assert_int_equal(before.len, after.len);
    assert_memory_equal(before.bytes, after.bytes, before.len);
    assert_true(before.len > 100000);
    free(before.bytes);
    free(after.bytes);
}

static void live_and_compare(unsigned seed)
{
    struct world world = {.random = seed};

    kept_init(&world.kept);
    frail_disk_init(&world.frail, FRAIL_NOT, 0);
    world.frail.argument = &world;
    assert_true(kept_start_with(&world.kept, &world.frail.disk, (size_t)256 << 20));
    for (unsigned i = 0; i < 15000; i++)
        change(&world);
    world.changes_per_call = 30 + seed % 100;
    for (unsigned round = 0; round < 2; round++) {
        world.frail.before = change_before_a_call;
        assert_int_equal(persistence_checkpoint(world.kept.persistence), 0);
        for (unsigned i = 0; i < 200; i++)
            change(&world);
        log_flush(&world.kept.persistence->log);
    }
    restart_and_compare(&world);
    restart_and_compare(&world);
    kept_deinit(&world.kept);
}

static void collections_come_back_as_they_were(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 6; seed++)
        live_and_compare(seed);
}

/* --- two large lists of one bucket --- */

#define LIST_ELEMENTS 100

struct neighbours {
    struct kept kept;
    struct frail_disk frail;
    char keys[2][16];     /* the first is given */
    char appended_to[16]; /* empty: nothing was appended yet */
};

static void insert_last(struct store_thread *thread, const char *key, size_t size)
{
    char value[8000];
    const struct list_insert insert = {
        .index = -1, .value = value, .value_len = size, .create = &created};

    memset(value, 'v', size);
    enum store_result result = list_insert(thread, key, strlen(key), &insert);
    assert_true(result == STORE_OK || result == STORE_CREATED_OK);
}

/* Makes each several times as large as what the snapshot gathers before it writes. */
static void fill_neighbours(struct neighbours *lists)
{
    const struct store *store = lists->kept.base->store;
    const char *first = lists->keys[0];
    char *second = lists->keys[1];
    unsigned n = 0;

    do
        snprintf(second, sizeof(lists->keys[1]), "list%u", n++);
    while (walk_index(store, second, strlen(second)) != walk_index(store, first, strlen(first)));
    for (unsigned i = 0; i < LIST_ELEMENTS; i++)
        for (unsigned k = 0; k < 2; k++)
            insert_last(lists->kept.base->thread, lists->keys[k], 8000);
}

/* Before a write to disk: once one list is written whole, but the other is not. */
static void append_to_the_first(void *argument)
{
    struct neighbours *lists = argument;

    if (!lists->kept.persistence || *lists->appended_to)
        return;
    const struct snapshot_progress *progress = &lists->kept.persistence->progress;
    if (progress->partial_count < 2 || progress->partials[0].rank < LIST_ELEMENTS)
        return;
    assert_true(progress->partials[1].rank < LIST_ELEMENTS);
    memcpy(lists->appended_to, progress->partials[0].key, progress->partials[0].key_len);
    insert_last(lists->kept.base->thread, lists->appended_to, 10);
}

static void note_count(struct item *item, void *argument)
{
    size_t bytes;

    *(uint32_t *)argument = walk_element_count(item, &bytes);
}

static void what_is_appended_behind_the_last_slice_comes_back(void **state)
{
    struct neighbours lists = {.keys = {"list"}};

    (void)state;
    kept_init(&lists.kept);
    frail_disk_init(&lists.frail, FRAIL_NOT, 0);
    lists.frail.before = append_to_the_first;
    lists.frail.argument = &lists;
    assert_true(kept_start_with(&lists.kept, &lists.frail.disk, (size_t)64 << 20));
    fill_neighbours(&lists);
    assert_int_equal(persistence_checkpoint(lists.kept.persistence), 0);
    assert_true(*lists.appended_to);
    kept_stop(&lists.kept);
    assert_true(kept_start(&lists.kept));
    for (unsigned k = 0; k < 2; k++) {
        const char *key = lists.keys[k];
        uint32_t count = 0;
        walk_collection(lists.kept.base->thread, key, strlen(key), note_count, &count);
        assert_int_equal(count, LIST_ELEMENTS + !strcmp(key, lists.appended_to));
    }
    kept_deinit(&lists.kept);
}

static void what_was_given_more_time_is_there(void **state)
{
    struct kept kept;

    (void)state;
    kept_init(&kept);
    assert_true(kept_start(&kept));
    struct store_thread *thread = kept.base->thread;
    thread->now = 0;
    put_value(kept.base, STORE_SET, "k", "v", 1, 1);
    store_touch(thread, "k", 1, CLOCK_NEVER);
    set_insert(thread, "s", 1, "v", 1,
               &(const struct collection_attributes){.exptime = 1, .max_count = 10});
    set_insert(thread, "s", 1, "w", 1, NULL);
    store_touch(thread, "s", 1, CLOCK_NEVER);
    kept_stop(&kept);
    assert_true(kept_start(&kept));
    thread = kept.base->thread;
    assert_true(holds(kept.base, "k", "v"));
    assert_int_equal(set_has(thread, "s", 1, "v", 1), STORE_OK);
    assert_int_equal(set_has(thread, "s", 1, "w", 1), STORE_OK);
    kept_deinit(&kept);
}

static void internal_keys_are_those_with_the_prefix(void **state)
{
    struct fixture *f = fixture_new((size_t)16 << 20, true);

    (void)state;
    assert_true(snapshot_leaves_out(f->store, "arcus:x", 7));
    assert_true(snapshot_leaves_out(f->store, "arcus:", 6));
    assert_false(snapshot_leaves_out(f->store, "arcus", 5));
    assert_false(snapshot_leaves_out(f->store, "arcus2:x", 8));
    assert_false(snapshot_leaves_out(f->store, "xarcus:x", 8));
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(collections_come_back_as_they_were),
        cmocka_unit_test(what_is_appended_behind_the_last_slice_comes_back),
        cmocka_unit_test(what_was_given_more_time_is_there),
        cmocka_unit_test(internal_keys_are_those_with_the_prefix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
