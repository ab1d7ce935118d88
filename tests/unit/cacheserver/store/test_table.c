#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/cacheserver/store/fixture.h"

static char *numbered(char *key, size_t size, unsigned number)
{
    snprintf(key, size, "key%u", number);
    return key;
}

static uint64_t buckets_of(struct fixture *f)
{
    struct store_totals totals;

    store_stats(f->store, &totals);
    return totals.buckets;
}

static void the_table_grows_with_its_items_and_loses_none(void **state)
{
    enum { ITEMS = 60000 };
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    char key[32];

    (void)state;
    assert_int_equal(buckets_of(f), TABLE_FIRST_SEGMENT);
    for (unsigned i = 0; i < ITEMS; i++)
        assert_int_equal(put(f, numbered(key, sizeof(key), i), key), STORE_OK);
    assert_in_range(buckets_of(f), ITEMS / 6, ITEMS / 5);
    for (unsigned i = 0; i < ITEMS; i++)
        assert_true(holds(f, numbered(key, sizeof(key), i), key));
    for (unsigned i = 0; i < ITEMS; i += 2) {
        numbered(key, sizeof(key), i);
        assert_int_equal(store_delete(f->thread, key, strlen(key)), STORE_OK);
    }
    for (unsigned i = 0; i < ITEMS; i++)
        assert_int_equal(holds(f, numbered(key, sizeof(key), i), key), i % 2);
    fixture_free(f);
}

static void removing_from_chained_buckets_leaves_the_others(void **state)
{
    struct fixture *f = fixture_new((size_t)8 << 20, true);
    struct table *table = &f->store->table;
    struct bucket *bucket = table_lock(table, 1);
    static struct item *items[40];
    char key[32];

    (void)state;
    for (unsigned i = 0; i < 40; i++) {
        numbered(key, sizeof(key), i);
        struct store_request request = {.key = key, .key_len = strlen(key)};
        bucket_unlock(bucket);
        assert_int_equal(store_prepare(f->thread, &request, &items[i]), STORE_OK);
        bucket = table_lock(table, 1);
        assert_int_equal(bucket_insert(table, &f->thread->cache, bucket, 1, items[i]), 0);
    }
    for (unsigned i = 0; i < 40; i++) {
        unsigned chosen = i * 7 % 40;
        numbered(key, sizeof(key), chosen);
        uint64_t *slot = bucket_find(bucket, 1, key, strlen(key));
        assert_non_null(slot);
        assert_ptr_equal(slot_item(*slot), items[chosen]);
        bucket_remove(table, &f->thread->cache, bucket, slot);
        assert_null(bucket_find(bucket, 1, key, strlen(key)));
    }
    assert_null(bucket_next(bucket));
    bucket_unlock(bucket);
    for (unsigned i = 0; i < 40; i++)
        store_discard(f->thread, items[i]);
    fixture_free(f);
}

struct job {
    struct store *store;
    unsigned first;
};

/* Each thread's keys must all be there while the table grows under all of them. */
static void *insert_and_check(void *argument)
{
    const struct job *job = argument;
    struct fixture f = {job->store, store_attach(job->store)};
    char key[32];

    for (unsigned i = 0; i < 8000; i++) {
        put(&f, numbered(key, sizeof(key), job->first + i), key);
        assert_true(holds(&f, numbered(key, sizeof(key), job->first + i / 2), key));
    }
    store_detach(f.thread);
    return NULL;
}

static void growth_disturbs_no_thread(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    pthread_t threads[4];
    struct job jobs[4];

    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        jobs[i] = (struct job){f->store, i * 1000000};
        assert_int_equal(pthread_create(&threads[i], NULL, insert_and_check, &jobs[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(count_of(f, STORE_ITEMS), 32000);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_grows_with_its_items_and_loses_none),
        cmocka_unit_test(removing_from_chained_buckets_leaves_the_others),
        cmocka_unit_test(growth_disturbs_no_thread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
