#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cacheserver/store/evict.h"
#include "cacheserver/store/list.h"
#include "tests/unit/cacheserver/store/fixture.h"

#define LIMIT ((size_t)4 << 20)

static char *value_of(size_t len)
{
    static char value[1 << 20];

    memset(value, 'v', len);
    value[len] = '\0';
    return value;
}

/* Stores numbered keys; returns how many could be stored. */
static unsigned fill(struct fixture *f, const char *name, unsigned count, size_t value_len,
                     clock_seconds exptime)
{
    unsigned stored = 0;
    char key[64];

    for (unsigned i = 0; i < count; i++) {
        snprintf(key, sizeof(key), "%s%u", name, i);
        stored += put_value(f, STORE_SET, key, value_of(value_len), value_len, exptime) == STORE_OK;
        f->thread->now_ms++;
    }
    return stored;
}

static unsigned present(struct fixture *f, const char *name, unsigned from, unsigned to)
{
    unsigned found = 0;
    char key[64];

    for (unsigned i = from; i < to; i++) {
        snprintf(key, sizeof(key), "%s%u", name, i);
        char *value = get(f, key);
        found += value != NULL;
        free(value);
    }
    return found;
}

static void old_items_make_room_for_new_ones(void **state)
{
    struct fixture *f = fixture_new(LIMIT, true);

    (void)state;
    assert_int_equal(fill(f, "k", 20000, 500, CLOCK_NEVER), 20000);
    assert_true(memory_used(&f->store->memory) <= LIMIT);
    assert_true(count_of(f, STORE_EVICTIONS) > 10000);
    assert_in_range(present(f, "k", 19000, 20000), 950, 1000);
    /* Sampling lets a few in a thousand live longer than their time. */
    assert_in_range(present(f, "k", 0, 1000), 0, 20);
    fixture_free(f);
}

static void memory_is_got_before_the_parts_of_a_large_value_take_it(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    struct memory *memory = &f->store->memory;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        assert_non_null(evict_alloc(f->thread, 16384));
        assert_true(atomic_load(&memory->ready_count) > atomic_load(&memory->page_count));
    }
    fixture_free(f);
}

static void every_size_finds_room_after_another_size_took_all(void **state)
{
    const size_t sizes[] = {30, 100000, 200, 16000, 5000, 900, 60};
    struct fixture *f = fixture_new(LIMIT, true);

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        unsigned count = (unsigned)(2 * LIMIT / (sizes[i] + 100));
        assert_int_equal(fill(f, "k", count, sizes[i], CLOCK_NEVER), count);
        assert_true(memory_used(&f->store->memory) <= LIMIT + LIMIT / 32);
    }
    assert_int_equal(count_of(f, STORE_OUT_OF_MEMORY), 0);
    fixture_free(f);
}

static void sticky_items_stay(void **state)
{
    struct fixture *f = fixture_new(LIMIT, true);

    (void)state;
    assert_int_equal(fill(f, "sticky", 500, 1000, CLOCK_STICKY), 500);
    fill(f, "k", 20000, 500, CLOCK_NEVER);
    assert_int_equal(present(f, "sticky", 0, 500), 500);
    fixture_free(f);
}

static void pinned_items_are_not_evicted_for_nothing(void **state)
{
    struct fixture *f = fixture_new(LIMIT, true);
    struct copy copy = {0};

    (void)state;
    put_value(f, STORE_SET, "pinned", value_of(2000), 2000, CLOCK_NEVER);
    struct bucket *bucket =
        table_lock(&f->store->table, hash_key(&f->store->table.seed, "pinned", 6));
    struct item *item =
        slot_item(*bucket_find(bucket, hash_key(&f->store->table.seed, "pinned", 6), "pinned", 6));
    store_pin(item);
    bucket_unlock(bucket);
    fill(f, "k", 20000, 500, CLOCK_NEVER);
    copy_item(item, &copy);
    assert_int_equal(copy.len, 2000);
    store_unpin(f->thread, item);
    free(copy.bytes);
    fixture_free(f);
}

static void a_lower_limit_is_reached_by_giving_pages_back(void **state)
{
    struct fixture *f = fixture_new(LIMIT, true);

    (void)state;
    fill(f, "k", 20000, 500, CLOCK_NEVER);
    assert_true(store_set_memory_limit(f->store, LIMIT / 2));
    fill(f, "n", 20000, 500, CLOCK_NEVER);
    assert_true(memory_used(&f->store->memory) <= LIMIT / 2 + LIMIT / 32);
    fixture_free(f);
}

static void without_eviction_only_the_dead_make_room(void **state)
{
    struct fixture *f = fixture_new(LIMIT, false);

    (void)state;
    unsigned stored = fill(f, "k", 20000, 500, CLOCK_NEVER);
    assert_true(stored > 5000 && stored < 9000);
    assert_int_equal(count_of(f, STORE_EVICTIONS), 0);
    assert_true(count_of(f, STORE_OUT_OF_MEMORY) > 0);
    store_flush(f->thread, 0);
    assert_true(fill(f, "n", 5000, 500, CLOCK_NEVER) > 4500);
    assert_int_equal(count_of(f, STORE_EVICTIONS), 0);
    fixture_free(f);
}

static void what_is_dead_is_reclaimed_on_demand(void **state)
{
    struct fixture *f = fixture_new(LIMIT, true);

    (void)state;
    fill(f, "k", 3000, 100, CLOCK_NEVER);
    store_flush(f->thread, 0);
    assert_int_equal(count_of(f, STORE_ITEMS), 3000);
    evict_reclaim(f->thread);
    assert_int_equal(count_of(f, STORE_ITEMS), 0);
    assert_int_equal(count_of(f, STORE_RECLAIMED), 3000);
    fixture_free(f);
}

static void what_has_expired_makes_room_before_memory_grows(void **state)
{
    struct fixture *f = fixture_new(LIMIT, true);
    size_t free;

    (void)state;
    fill(f, "k", 20, 66560, f->thread->now + 2);
    size_t taken = memory_in_pages(&f->store->memory, &free);
    f->thread->now += 3;
    fill(f, "n", 20, 66560, CLOCK_NEVER);
    assert_int_equal(memory_in_pages(&f->store->memory, &free), taken);
    assert_int_equal(count_of(f, STORE_ITEMS), 20);
    assert_int_equal(count_of(f, STORE_RECLAIMED), 20);
    assert_int_equal(count_of(f, STORE_EVICTIONS), 0);
    fixture_free(f);
}

static void what_is_in_use_is_not_lost_for_a_page_of_it(void **state)
{
    enum { ELEMENTS = 3000, VALUE = 300 };
    const struct collection_attributes attributes = {.exptime = CLOCK_NEVER, .max_count = ELEMENTS};
    struct list_insert insert = {
        .index = -1, .value = value_of(VALUE), .value_len = VALUE, .create = &attributes};
    struct fixture *f = fixture_new(LIMIT, true);

    (void)state;
    fill(f, "k", 20000, 700, CLOCK_NEVER);
    assert_int_equal(list_insert(f->thread, "list", 4, &insert), STORE_CREATED_OK);
    insert.create = NULL;
    for (unsigned i = 1; i < ELEMENTS; i++) {
        insert.value = value_of(VALUE);
        assert_int_equal(list_insert(f->thread, "list", 4, &insert), STORE_OK);
        assert_int_equal(fill(f, "k", 3, 500 + i % 3 * 200, CLOCK_NEVER), 3);
    }
    fixture_free(f);
}

static void room_is_made_for_as_many_objects_as_are_needed(void **state)
{
    enum { NEEDED = 5, BYTES = 20000 };
    struct fixture *f = fixture_new(LIMIT, true);
    struct memory *memory = &f->store->memory;
    struct memory_cache *cache = &f->thread->cache;
    void *objects[NEEDED];
    void *last = NULL;

    (void)state;
    assert_int_equal(fill(f, "k", 20000, 500, CLOCK_NEVER), 20000);
    for (void *object; (object = memory_alloc(memory, cache, BYTES)); last = object)
        continue;
    memory_free(memory, cache, last);
    assert_true(evict_make_room(f->thread, BYTES, NEEDED));
    for (unsigned i = 0; i < NEEDED; i++) {
        objects[i] = memory_alloc(memory, cache, BYTES);
        assert_non_null(objects[i]);
    }
    for (unsigned i = 0; i < NEEDED; i++)
        memory_free(memory, cache, objects[i]);
    assert_false(evict_make_room(f->thread, BYTES, LIMIT / BYTES + 10));
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(old_items_make_room_for_new_ones),
        cmocka_unit_test(memory_is_got_before_the_parts_of_a_large_value_take_it),
        cmocka_unit_test(every_size_finds_room_after_another_size_took_all),
        cmocka_unit_test(sticky_items_stay),
        cmocka_unit_test(pinned_items_are_not_evicted_for_nothing),
        cmocka_unit_test(a_lower_limit_is_reached_by_giving_pages_back),
        cmocka_unit_test(without_eviction_only_the_dead_make_room),
        cmocka_unit_test(what_is_dead_is_reclaimed_on_demand),
        cmocka_unit_test(what_has_expired_makes_room_before_memory_grows),
        cmocka_unit_test(what_is_in_use_is_not_lost_for_a_page_of_it),
        cmocka_unit_test(room_is_made_for_as_many_objects_as_are_needed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
