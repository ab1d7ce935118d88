#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "tests/unit/cacheserver/store/fixture.h"

#define MB ((size_t)1 << 20)

static int64_t of_class(struct fixture *f, unsigned class, enum store_count which)
{
    struct store_class_totals totals;

    store_class_stats(f->store, class, &totals);
    return totals.counts[which];
}

static void put_zeros(struct fixture *f, const char *key, size_t len, clock_seconds exptime)
{
    static const char zeros[4 << 20];

    assert_int_equal(put_value(f, STORE_SET, key, zeros, len, exptime), STORE_OK);
}

static void classes_grow_by_the_factor_up_to_the_largest_item(void **state)
{
    struct size_classes classes;

    (void)state;
    size_classes_init(&classes, 48, 1.25, MB);
    for (unsigned class = 2; class < classes.count - 1; class ++) {
        assert_int_equal(classes.bytes[class] % 8, 0);
        assert_in_range(classes.bytes[class], classes.bytes[class - 1] * 5 / 4 - 1,
                        classes.bytes[class - 1] * 5 / 4 + 8);
    }
    assert_int_equal(classes.bytes[classes.count - 1], MB);
    size_classes_init(&classes, 48, 1.001, MB);
    assert_int_equal(classes.count, SIZE_CLASSES_MAX);
}

/* What arcus-memcached shows for the same items and options. */
static void items_are_in_the_class_that_they_have_elsewhere(void **state)
{
    struct size_classes classes;

    (void)state;
    size_classes_init(&classes, 48, 1.25, MB);
    assert_int_equal(classes.bytes[30], 82032);
    assert_int_equal(size_class_of(&classes, 4, 66560), 30);
    assert_int_equal(size_class_of(&classes, 4, 10), 0);
    assert_int_equal(size_class_of(&classes, 100, 49152 - 100 - 74), 0);
    assert_int_not_equal(size_class_of(&classes, 100, 49152 - 100 - 73), 0);
    assert_int_equal(size_class_of(&classes, 4, 2 * MB), classes.count - 1);
    size_classes_init(&classes, 32, 1.25, MB);
    assert_int_equal(classes.bytes[31], 82792);
    assert_int_equal(size_class_of(&classes, 3, 77320), 31);
}

static void items_are_counted_by_class(void **state)
{
    struct fixture *f = fixture_new(8 * MB, true);
    unsigned class = size_class_of(&f->store->sizes, 5, 100000);

    (void)state;
    put(f, "small", "x");
    put_zeros(f, "large", 100000, CLOCK_STICKY);
    assert_int_equal(of_class(f, 0, STORE_ITEMS), 1);
    assert_int_equal(of_class(f, class, STORE_ITEMS), 1);
    assert_int_equal(of_class(f, class, STORE_STICKY_ITEMS), 1);
    assert_in_range(of_class(f, class, STORE_BYTES), 100000, 101000);
    assert_int_equal(store_touch(f->thread, "large", 5, f->thread->now + 10), STORE_OK);
    assert_int_equal(of_class(f, class, STORE_STICKY_ITEMS), 0);
    f->thread->now += 20;
    put_zeros(f, "large", 100000, CLOCK_NEVER);
    assert_int_equal(of_class(f, class, STORE_RECLAIMED), 1);
    assert_int_equal(of_class(f, class, STORE_TOTAL_ITEMS), 2);
    assert_int_equal(count_of(f, STORE_ITEMS), 2);
    store_delete(f->thread, "large", 5);
    assert_int_equal(of_class(f, class, STORE_ITEMS), 0);
    assert_int_equal(of_class(f, class, STORE_BYTES), 0);
    assert_int_equal(of_class(f, 0, STORE_ITEMS), 1);
    fixture_free(f);
}

static void evictions_are_counted_by_class_and_from_a_reset_on(void **state)
{
    struct fixture *f = fixture_new(8 * MB, true);
    unsigned class = size_class_of(&f->store->sizes, 4, 100000);
    char key[16];

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        f->thread->now_ms += 100;
        snprintf(key, sizeof(key), "k%03u", i);
        put_zeros(f, key, 100000, f->thread->now + 1000);
    }
    int64_t kept = of_class(f, class, STORE_ITEMS);
    assert_int_equal(of_class(f, class, STORE_EVICTIONS), 100 - kept);
    assert_int_equal(of_class(f, class, STORE_EVICTED_NONZERO), 100 - kept);
    assert_int_equal(of_class(f, 0, STORE_EVICTIONS), 0);
    struct store_class_totals totals;
    store_class_stats(f->store, class, &totals);
    assert_in_range(totals.evicted_idle_s, 1, 10);
    store_stats_reset(f->store);
    assert_int_equal(of_class(f, class, STORE_EVICTIONS), 0);
    assert_int_equal(of_class(f, class, STORE_ITEMS), kept);
    fixture_free(f);
}

static void what_finds_no_room_is_counted_by_class(void **state)
{
    struct fixture *f = fixture_new(MB, false);
    unsigned class = size_class_of(&f->store->sizes, 1, 2 * MB);
    static const char zeros[2 << 20];

    (void)state;
    assert_int_equal(put_value(f, STORE_SET, "k", zeros, sizeof(zeros), CLOCK_NEVER),
                     STORE_NO_MEMORY);
    assert_int_equal(of_class(f, class, STORE_OUT_OF_MEMORY), 1);
    assert_int_equal(count_of(f, STORE_OUT_OF_MEMORY), 1);
    fixture_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(classes_grow_by_the_factor_up_to_the_largest_item),
        cmocka_unit_test(items_are_in_the_class_that_they_have_elsewhere),
        cmocka_unit_test(items_are_counted_by_class),
        cmocka_unit_test(evictions_are_counted_by_class_and_from_a_reset_on),
        cmocka_unit_test(what_finds_no_room_is_counted_by_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
