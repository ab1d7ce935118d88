#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cacheserver/store/internal.h"
#include "cacheserver/store/maintenance.h"
#include "tests/unit/cacheserver/store/fixture.h"

static struct item *item_that_left_the_table(struct fixture *f)
{
    struct store_request request = {.key = "key", .key_len = 3, .value_len = 100000};
    struct item *item;

    assert_int_equal(store_prepare(f->thread, &request, &item), STORE_OK);
    return item;
}

static void items_handed_over_are_freed(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);

    (void)state;
    memory_cache_flush(&f->store->memory, &f->thread->cache);
    size_t before = memory_used(&f->store->memory);
    struct item *items[50];
    for (unsigned i = 0; i < 50; i++)
        items[i] = item_that_left_the_table(f);
    assert_true(memory_used(&f->store->memory) > before + 4000000);
    maintenance_start(f->store);
    for (unsigned i = 0; i < 50; i++)
        assert_true(maintenance_drop(f->store, items[i]));
    maintenance_stop(f->store);
    memory_cache_flush(&f->store->memory, &f->thread->cache);
    assert_true(memory_used(&f->store->memory) <= before + 65536);
    fixture_free(f);
}

static void without_the_thread_the_caller_frees(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    struct item *item = item_that_left_the_table(f);

    (void)state;
    assert_false(maintenance_drop(f->store, item));
    store_discard(f->thread, item);
    maintenance_wake(f->store);
    maintenance_stop(f->store);
    fixture_free(f);
}

static void a_thread_that_was_stopped_can_be_started_again(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);

    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(maintenance_start(f->store), 0);
        maintenance_wake(f->store);
        maintenance_stop(f->store);
    }
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(items_handed_over_are_freed),
        cmocka_unit_test(without_the_thread_the_caller_frees),
        cmocka_unit_test(a_thread_that_was_stopped_can_be_started_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
