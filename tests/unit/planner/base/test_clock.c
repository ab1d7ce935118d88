#include "planner/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <poll.h>
#include <string.h>
#include <time.h>

static void the_clock_never_goes_back(void **state)
{
    int64_t last = clock_now_ms();

    (void)state;
    for (int i = 0; i < 10000; i++) {
        int64_t now = clock_now_ms();

        assert_true(now >= last);
        last = now;
    }
}

static void the_clock_counts_milliseconds(void **state)
{
    int64_t start = clock_now_ms();

    (void)state;
    assert_int_equal(poll(NULL, 0, 30), 0);
    assert_in_range(clock_now_ms() - start, 29, 20000);
}

static void what_is_left_of_a_deadline_shrinks_to_zero(void **state)
{
    int64_t deadline = clock_deadline_ms(20);
    int left = clock_left_ms(deadline);

    (void)state;
    assert_in_range(left, 0, 20);
    assert_int_equal(poll(NULL, 0, left + 1), 0);
    assert_int_equal(clock_left_ms(deadline), 0);
    assert_int_equal(clock_left_ms(clock_now_ms() - 1000000), 0);
}

static void what_is_left_fits_poll(void **state)
{
    (void)state;
    assert_int_equal(clock_left_ms(clock_now_ms() + (int64_t)INT_MAX * 4), INT_MAX);
}

static void a_deadline_never_overflows(void **state)
{
    (void)state;
    assert_true(clock_deadline_ms(INT64_MAX) > clock_now_ms());
    assert_int_equal(clock_left_ms(clock_deadline_ms(INT64_MAX)), INT_MAX);
}

static void the_wall_time_is_utc_text(void **state)
{
    char text[CLOCK_TEXT_SIZE];
    struct tm parts = {0};
    time_t before = time(NULL), read_back;

    (void)state;
    clock_wall_text(text);
    assert_int_equal(strlen(text), CLOCK_TEXT_SIZE - 1);
    assert_non_null(strptime(text, "%Y-%m-%dT%H:%M:%SZ", &parts));
    read_back = timegm(&parts);
    assert_in_range(read_back, before, before + 60);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_clock_never_goes_back),
        cmocka_unit_test(the_clock_counts_milliseconds),
        cmocka_unit_test(what_is_left_of_a_deadline_shrinks_to_zero),
        cmocka_unit_test(what_is_left_fits_poll),
        cmocka_unit_test(a_deadline_never_overflows),
        cmocka_unit_test(the_wall_time_is_utc_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
