#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "cacheserver/runtime/counters.h"

struct fixture {
    struct counters_sum sum;
    struct counters *first, *second;
};

static int set_up(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){.first = counters_new(), .second = counters_new()};
    counters_sum_register(&fixture.sum, fixture.first);
    counters_sum_register(&fixture.sum, fixture.second);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;
    free(fixture->first);
    free(fixture->second);
    return 0;
}

static void the_blocks_of_all_threads_are_added_up(void **state)
{
    struct fixture *f = *state;

    counter_add(f->first, COUNTER_cmd_get, 2);
    counter_add(f->second, COUNTER_cmd_get, 3);
    counter_add(f->second, COUNTER_bytes_read, 1);
    assert_int_equal(counters_sum_read(&f->sum, COUNTER_cmd_get), 5);
    assert_int_equal(counters_sum_read(&f->sum, COUNTER_bytes_read), 1);
    assert_int_equal(counters_sum_read(&f->sum, COUNTER_cmd_set), 0);
}

static void after_a_reset_counting_starts_at_zero(void **state)
{
    struct fixture *f = *state;

    counter_add(f->first, COUNTER_get_hits, 7);
    counters_sum_reset(&f->sum);
    assert_int_equal(counters_sum_read(&f->sum, COUNTER_get_hits), 0);
    counter_add(f->second, COUNTER_get_hits, 1);
    assert_int_equal(counters_sum_read(&f->sum, COUNTER_get_hits), 1);
}

static void counters_are_named_after_themselves(void **state)
{
    (void)state;
    assert_string_equal(counter_name(COUNTER_cmd_get), "cmd_get");
    assert_string_equal(counter_name(COUNTER_setattr_hits), "setattr_hits");
    assert_int_equal(COUNTER_setattr_hits, COUNTER_LISTED - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_blocks_of_all_threads_are_added_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(after_a_reset_counting_starts_at_zero, set_up, tear_down),
        cmocka_unit_test(counters_are_named_after_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
