#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cacheserver/store/internal.h"
#include "cacheserver/store/maintenance.h"
#include "tests/unit/cacheserver/store/fixture.h"

static void a_flush_hides_the_items_of_its_prefix_only(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);

    (void)state;
    put(f, "a:1", "x");
    put(f, "b:1", "x");
    put(f, "plain", "x");
    assert_int_equal(store_flush_prefix(f->thread, "a", 1, 0), STORE_OK);
    assert_null(get(f, "a:1"));
    assert_true(holds(f, "b:1", "x"));
    assert_true(holds(f, "plain", "x"));
    assert_int_equal(store_flush_prefix(f->thread, "", 0, 0), STORE_OK);
    assert_null(get(f, "plain"));
    assert_true(holds(f, "b:1", "x"));
    fixture_free(f);
}

static void what_is_stored_after_a_flush_stays(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);

    (void)state;
    put(f, "a:1", "old");
    put(f, "a:2", "old");
    store_flush_prefix(f->thread, "a", 1, 0);
    put(f, "a:1", "new");
    assert_true(holds(f, "a:1", "new"));
    assert_null(get(f, "a:2"));
    fixture_free(f);
}

static void a_prefix_without_items_is_not_found_unless_it_is_none(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);

    (void)state;
    assert_int_equal(store_flush_prefix(f->thread, "a", 1, 0), STORE_NOT_FOUND);
    assert_int_equal(store_flush_prefix(f->thread, "", 0, 0), STORE_OK);
    put(f, "a:1", "x");
    store_delete(f->thread, "a:1", 3);
    assert_int_equal(store_flush_prefix(f->thread, "a", 1, 0), STORE_NOT_FOUND);
    fixture_free(f);
}

static void the_maintenance_thread_ends_a_flush(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    char key[32];

    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(key, sizeof(key), "%c:%u", i % 2 ? 'a' : 'b', i);
        put(f, key, "x");
    }
    assert_int_equal(maintenance_start(f->store), 0);
    assert_int_equal(store_flush_prefix(f->thread, "a", 1, 0), STORE_OK);
    store_thread_rest(f->thread);
    assert_true(eventually(!f->store->prefixes.flushing));
    store_thread_tick(f->thread);
    assert_int_equal(count_of(f, STORE_ITEMS), 5000);
    assert_null(get(f, "a:1"));
    assert_true(holds(f, "b:0", "x"));
    maintenance_stop(f->store);
    fixture_free(f);
}

static void a_scrub_that_follows_a_flush_removes_what_was_flushed(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    struct scrub_status status;

    (void)state;
    put(f, "a:1", "x");
    put(f, "b:1", "x");
    assert_int_equal(maintenance_start(f->store), 0);
    assert_int_equal(store_flush_prefix(f->thread, "a", 1, 0), STORE_OK);
    assert_true(scrub_start(f->store, SCRUB_DEAD, NULL, NULL));
    store_thread_rest(f->thread);
    assert_true(eventually((scrub_look(f->store, &status), !status.running)));
    assert_int_equal(status.visited, 2);
    assert_int_equal(status.cleaned, 1);
    store_thread_tick(f->thread);
    maintenance_stop(f->store);
    fixture_free(f);
}

static void a_flush_may_be_put_off(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);

    (void)state;
    put(f, "a:1", "x");
    put(f, "b:1", "x");
    assert_int_equal(store_flush_prefix(f->thread, "a", 1, 1), STORE_OK);
    assert_int_equal(store_flush_prefix(f->thread, "b", 1, 1000), STORE_OK);
    prefix_flush_due(f->thread);
    assert_true(holds(f, "a:1", "x"));
    put(f, "a:2", "later, but before the flush");
    f->thread->now += 1;
    prefix_flush_due(f->thread);
    assert_null(get(f, "a:1"));
    assert_null(get(f, "a:2"));
    assert_true(holds(f, "b:1", "x"));
    put(f, "a:3", "after");
    assert_true(holds(f, "a:3", "after"));
    assert_int_equal(f->store->prefixes.next_due, f->thread->now - 1 + 1000);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flush_hides_the_items_of_its_prefix_only),
        cmocka_unit_test(what_is_stored_after_a_flush_stays),
        cmocka_unit_test(a_prefix_without_items_is_not_found_unless_it_is_none),
        cmocka_unit_test(the_maintenance_thread_ends_a_flush),
        cmocka_unit_test(a_scrub_that_follows_a_flush_removes_what_was_flushed),
        cmocka_unit_test(a_flush_may_be_put_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
