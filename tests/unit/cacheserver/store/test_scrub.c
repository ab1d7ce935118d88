#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "cacheserver/store/internal.h"
#include "cacheserver/store/maintenance.h"
#include "tests/unit/cacheserver/store/fixture.h"

static struct scrub_status look(struct fixture *f)
{
    struct scrub_status status;
    scrub_look(f->store, &status);
    return status;
}

static void fill(struct fixture *f, const char *prefix, unsigned count, clock_seconds exptime)
{
    char key[32];

    for (unsigned i = 0; i < count; i++) {
        snprintf(key, sizeof(key), "%s%u", prefix, i);
        assert_int_equal(put_value(f, STORE_SET, key, "x", 1, exptime), STORE_OK);
    }
}

static bool starts_with_s(void *arg, const char *key, size_t key_len)
{
    (void)key_len;
    ++*(_Atomic unsigned *)arg;
    return key[0] == 's' || key[0] == 'a';
}

static void a_scrub_removes_what_has_expired(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);

    (void)state;
    fill(f, "kept", 5000, CLOCK_NEVER);
    fill(f, "dead", 3000, 1);
    uint64_t items = count_of(f, STORE_ITEMS); /* some of the dead went when memory grew */
    assert_true(items > 6000);
    maintenance_start(f->store);
    assert_false(look(f).ever_ran);
    assert_true(scrub_start(f->store, SCRUB_DEAD, NULL, NULL));
    assert_true(eventually(!look(f).running));
    assert_true(look(f).ever_ran);
    assert_int_equal(look(f).mode, SCRUB_DEAD);
    assert_int_equal(look(f).visited, items);
    assert_int_equal(look(f).cleaned, items - 5000);
    assert_int_equal(count_of(f, STORE_ITEMS), 5000);
    maintenance_stop(f->store);
    fixture_free(f);
}

static void a_stale_scrub_asks_whose_each_key_is_and_spares_internal_keys(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    _Atomic unsigned asked = 0;

    (void)state;
    fill(f, "kept", 500, CLOCK_NEVER);
    fill(f, "stale", 300, CLOCK_NEVER);
    put(f, "arcus:zk-ping", "1");
    maintenance_start(f->store);
    assert_true(scrub_start(f->store, SCRUB_STALE, starts_with_s, &asked));
    assert_true(eventually(!look(f).running));
    assert_int_equal(asked, 800);
    assert_int_equal(look(f).mode, SCRUB_STALE);
    assert_int_equal(look(f).cleaned, 300);
    assert_true(holds(f, "arcus:zk-ping", "1"));
    assert_true(holds(f, "kept7", "x"));
    assert_null(get(f, "stale7"));
    maintenance_stop(f->store);
    fixture_free(f);
}

/* Holds the maintenance thread until it may go on. */
static bool wait_and_keep(void *arg, const char *key, size_t key_len)
{
    _Atomic int *stage = arg;

    (void)key;
    (void)key_len;
    if (*stage == 0)
        *stage = 1;
    while (*stage == 1)
        sched_yield();
    return false;
}

static void one_scrub_runs_at_a_time(void **state)
{
    struct fixture *f = fixture_new((size_t)64 << 20, true);
    _Atomic int stage = 0;

    (void)state;
    assert_false(scrub_start(f->store, SCRUB_DEAD, NULL, NULL));
    fill(f, "key", 10, CLOCK_NEVER);
    f->store->scrub_count = 1;
    maintenance_start(f->store);
    assert_true(scrub_start(f->store, SCRUB_STALE, wait_and_keep, &stage));
    assert_true(eventually(stage == 1));
    stage = 2;
    scrub_stop(f->store);
    assert_false(look(f).running);
    stage = 0;
    assert_true(scrub_start(f->store, SCRUB_STALE, wait_and_keep, &stage));
    stage = 2;
    assert_true(eventually(!look(f).running));
    maintenance_stop(f->store);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_scrub_removes_what_has_expired),
        cmocka_unit_test(a_stale_scrub_asks_whose_each_key_is_and_spares_internal_keys),
        cmocka_unit_test(one_scrub_runs_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
