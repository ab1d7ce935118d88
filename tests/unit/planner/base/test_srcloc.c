#include "planner/base/srcloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static int compare(struct srcloc a, struct srcloc b)
{
    int order = srcloc_compare(&a, &b);

    assert_int_equal(srcloc_compare(&b, &a), -order);
    return order;
}

static void places_come_in_reading_order(void **state)
{
    (void)state;
    assert_true(compare((struct srcloc){"a", 1, 2}, (struct srcloc){"a", 1, 3}) < 0);
    assert_true(compare((struct srcloc){"a", 1, 9}, (struct srcloc){"a", 2, 1}) < 0);
    assert_true(compare((struct srcloc){"a", 10, 1}, (struct srcloc){"a", 9, 1}) > 0);
    assert_int_equal(compare((struct srcloc){"a", 1, 1}, (struct srcloc){"a", 1, 1}), 0);
}

static void files_come_by_their_names(void **state)
{
    (void)state;
    assert_int_equal(compare((struct srcloc){"a", 9, 9}, (struct srcloc){"b", 1, 1}) < 0, 1);
}

static void no_place_comes_first(void **state)
{
    (void)state;
    assert_true(compare(SRCLOC_NONE, (struct srcloc){"a", 1, 1}) < 0);
    assert_true(compare((struct srcloc){"a", 0, 0}, (struct srcloc){"a", 1, 1}) < 0);
    assert_int_equal(compare(SRCLOC_NONE, SRCLOC_NONE), 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_come_in_reading_order),
        cmocka_unit_test(files_come_by_their_names),
        cmocka_unit_test(no_place_comes_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
