#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cacheserver/store/restore.h"
#include "tests/unit/cacheserver/store/fixture.h"

static enum store_result bring_back(struct fixture *f, const char *key, const char *value,
                                    uint64_t cas)
{
    struct store_request request = {.key = key, .key_len = strlen(key), .value_len = strlen(value)};
    struct item_cursor cursor;
    struct item *item;

    assert_int_equal(store_prepare(f->thread, &request, &item), STORE_OK);
    item_cursor_start(&cursor, item);
    item_cursor_write(&cursor, value, strlen(value));
    return restore_item(f->thread, item, cas);
}

static uint64_t cas_of(struct fixture *f, const char *key)
{
    struct copy copy = {0};

    store_visit_key(f->thread, key, strlen(key), copy_item, &copy);
    free(copy.bytes);
    return copy.cas;
}

static void items_come_back_with_their_cas_uniques_and_new_ones_are_larger(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);

    (void)state;
    assert_int_equal(bring_back(f, "old", "1", 5000), STORE_OK);
    assert_int_equal(bring_back(f, "old", "2", 7000), STORE_OK);
    restore_cas(f->store, 7001);
    assert_true(holds(f, "old", "2"));
    assert_int_equal(cas_of(f, "old"), 7000);
    put(f, "new", "x");
    assert_true(cas_of(f, "new") > 7000);
    assert_int_equal(count_of(f, STORE_ITEMS), 2);
    fixture_free(f);
}

static void what_a_flush_emptied_stays_gone(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);

    (void)state;
    assert_int_equal(bring_back(f, "before", "1", 50), STORE_OK);
    restore_flush(f->store, 100);
    restore_flush(f->store, 60);
    assert_null(get(f, "before"));
    assert_int_equal(bring_back(f, "late", "1", 99), STORE_OK);
    assert_null(get(f, "late"));
    assert_int_equal(bring_back(f, "after", "1", 100), STORE_OK);
    assert_int_equal(bring_back(f, "after", "2", 98), STORE_OK);
    assert_null(get(f, "after"));
    fixture_free(f);
}

static void a_flush_that_was_due_happens(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);

    (void)state;
    put(f, "k", "v");
    restore_flush_due(f->store, 1);
    store_thread_tick(f->thread);
    assert_null(get(f, "k"));
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_come_back_with_their_cas_uniques_and_new_ones_are_larger),
        cmocka_unit_test(what_a_flush_emptied_stays_gone),
        cmocka_unit_test(a_flush_that_was_due_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
