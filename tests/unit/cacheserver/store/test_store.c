#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/cacheserver/store/fixture.h"

static int set_up(void **state)
{
    *state = fixture_new((size_t)64 << 20, true);
    return 0;
}

static int tear_down(void **state)
{
    fixture_free(*state);
    return 0;
}

static void each_mode_has_its_condition(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(put_value(f, STORE_REPLACE, "k", "a", 1, 0), STORE_NOT_STORED);
    assert_int_equal(put_value(f, STORE_APPEND, "k", "a", 1, 0), STORE_NOT_STORED);
    assert_int_equal(put_value(f, STORE_CAS, "k", "a", 1, 0), STORE_NOT_FOUND);
    assert_int_equal(put_value(f, STORE_ADD, "k", "b", 1, 0), STORE_OK);
    assert_int_equal(put_value(f, STORE_ADD, "k", "c", 1, 0), STORE_NOT_STORED);
    assert_int_equal(put_value(f, STORE_CAS, "k", "c", 1, 0), STORE_EXISTS);
    assert_int_equal(put_value(f, STORE_APPEND, "k", "z", 1, 0), STORE_OK);
    assert_int_equal(put_value(f, STORE_PREPEND, "k", "a", 1, 0), STORE_OK);
    assert_true(holds(f, "k", "abz"));
    assert_int_equal(put_value(f, STORE_REPLACE, "k", "r", 1, 0), STORE_OK);
    assert_true(holds(f, "k", "r"));
    assert_int_equal(count_of(f, STORE_ITEMS), 1);
}

static void counts_return_to_zero(void **state)
{
    struct fixture *f = *state;
    char key[32];

    for (unsigned i = 0; i < 1000; i++) {
        snprintf(key, sizeof(key), "key%u", i);
        put_value(f, STORE_SET, key, "value", 5, i % 3 ? CLOCK_NEVER : CLOCK_STICKY);
    }
    assert_int_equal(count_of(f, STORE_STICKY_ITEMS), 334);
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(key, sizeof(key), "key%u", i);
        assert_int_equal(store_delete(f->thread, key, strlen(key)), STORE_OK);
    }
    assert_int_equal(count_of(f, STORE_ITEMS), 0);
    assert_int_equal(count_of(f, STORE_BYTES), 0);
    assert_int_equal(count_of(f, STORE_STICKY_ITEMS), 0);
    assert_int_equal(atomic_load(&f->store->sticky_bytes), 0);
    assert_int_equal(count_of(f, STORE_TOTAL_ITEMS), 1000);
}

static void an_expired_item_is_not_found(void **state)
{
    struct fixture *f = *state;

    put_value(f, STORE_SET, "k", "v", 1, f->thread->now + 10);
    assert_true(holds(f, "k", "v"));
    f->thread->now += 10;
    assert_null(get(f, "k"));
    assert_int_equal(count_of(f, STORE_RECLAIMED), 1);
}

static void a_flush_ends_what_was_stored_before_and_nothing_after(void **state)
{
    struct fixture *f = *state;
    struct store_thread *other = store_attach(f->store);
    struct fixture second = {f->store, other};

    put(f, "a", "1");
    put(&second, "b", "1");
    store_flush(f->thread, 0);
    put(&second, "c", "2");
    put(f, "d", "2");
    assert_null(get(f, "a"));
    assert_null(get(f, "b"));
    assert_true(holds(f, "c", "2") && holds(f, "d", "2"));
    assert_int_equal(put_value(f, STORE_ADD, "a", "3", 1, 0), STORE_OK);
    store_detach(other);
}

static void a_delayed_flush_waits_for_its_time(void **state)
{
    struct fixture *f = *state;

    store_flush(f->thread, 5);
    put(f, "k", "v");
    store_thread_tick(f->thread);
    assert_true(holds(f, "k", "v"));
    atomic_store(&f->store->flush_due, f->thread->now);
    store_thread_tick(f->thread);
    assert_null(get(f, "k"));
    put(f, "k", "v");
    store_thread_tick(f->thread);
    assert_true(holds(f, "k", "v"));
}

static void numbers_are_counted(void **state)
{
    struct fixture *f = *state;
    struct store_request create = {.key = "n", .key_len = 1};
    uint64_t value = 5;

    assert_int_equal(store_add_number(f->thread, "n", 1, true, 1, NULL, &value), STORE_NOT_FOUND);
    assert_int_equal(store_add_number(f->thread, "n", 1, true, 1, &create, &value), STORE_OK);
    assert_int_equal(value, 5);
    assert_int_equal(store_add_number(f->thread, "n", 1, true, 95, &create, &value), STORE_OK);
    assert_int_equal(value, 100);
    assert_int_equal(store_add_number(f->thread, "n", 1, false, 200, NULL, &value), STORE_OK);
    assert_int_equal(value, 0);
    put(f, "n", "x1");
    assert_int_equal(store_add_number(f->thread, "n", 1, true, 1, NULL, &value),
                     STORE_NOT_A_NUMBER);
}

static void a_pinned_value_outlives_its_key(void **state)
{
    struct fixture *f = *state;
    static char large[50000];
    struct copy copy = {0};

    memset(large, 'l', sizeof(large) - 1);
    put(f, "k", large);
    uint64_t hash = hash_key(&f->store->table.seed, "k", 1);
    struct bucket *bucket = table_lock(&f->store->table, hash);
    struct item *item = slot_item(*bucket_find(bucket, hash, "k", 1));
    store_pin(item);
    bucket_unlock(bucket);
    put(f, "k", "new");
    store_delete(f->thread, "k", 1);
    copy_item(item, &copy);
    assert_string_equal(copy.bytes, large);
    free(copy.bytes);
    store_unpin(f->thread, item);
}

static void sizes_beyond_the_limits_are_refused(void **state)
{
    struct fixture *f = *state;
    struct store_request request = {.key = "k", .key_len = 1, .value_len = (size_t)64 << 20};
    struct item *item;

    assert_int_equal(store_prepare(f->thread, &request, &item), STORE_TOO_LARGE);
    request.value_len = 10;
    request.key = "-x:k";
    request.key_len = 4;
    assert_int_equal(store_prepare(f->thread, &request, &item), STORE_BAD_PREFIX);
    request.key = "k";
    request.key_len = 1;
    request.exptime = CLOCK_STICKY;
    request.value_len = (size_t)2 << 20;
    assert_int_equal(store_prepare(f->thread, &request, &item), STORE_NO_MEMORY);
    assert_int_equal(count_of(f, STORE_OUT_OF_MEMORY), 1);
}

static void the_memory_limit_can_be_changed_but_not_below_sticky(void **state)
{
    struct fixture *f = *state;
    struct store_totals totals;

    assert_true(store_set_memory_limit(f->store, (size_t)8 << 20));
    store_stats(f->store, &totals);
    assert_int_equal(totals.memory_limit_bytes, 8 << 20);
    assert_false(store_set_memory_limit(f->store, 1000));
}

struct job {
    struct store *store;
    unsigned rounds;
};

static void *count_up(void *argument)
{
    const struct job *job = argument;
    struct store_thread *thread = store_attach(job->store);
    struct store_request create = {.key = "n", .key_len = 1};
    struct fixture f = {job->store, thread};

    for (unsigned i = 0; i < job->rounds; i++) {
        uint64_t value = 1;
        assert_int_equal(store_add_number(thread, "n", 1, true, 1, &create, &value), STORE_OK);
        if (put_value(&f, STORE_APPEND, "list", "x", 1, 0) != STORE_OK)
            put_value(&f, STORE_ADD, "list", "", 0, 0);
    }
    store_detach(thread);
    return NULL;
}

static void no_update_of_several_threads_is_lost(void **state)
{
    struct fixture *f = *state;
    pthread_t threads[4];
    struct job job = {f->store, 3000};

    put(f, "list", "");
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_up, &job), 0);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_true(holds(f, "n", "12000"));
    char *list = get(f, "list");
    assert_int_equal(strlen(list), 12000);
    free(list);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_mode_has_its_condition),
        TEST(counts_return_to_zero),
        TEST(an_expired_item_is_not_found),
        TEST(a_flush_ends_what_was_stored_before_and_nothing_after),
        TEST(a_delayed_flush_waits_for_its_time),
        TEST(numbers_are_counted),
        TEST(a_pinned_value_outlives_its_key),
        TEST(sizes_beyond_the_limits_are_refused),
        TEST(the_memory_limit_can_be_changed_but_not_below_sticky),
        TEST(no_update_of_several_threads_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
