#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "cacheserver/runtime/clock.h"

static int set_up(void **state)
{
    (void)state;
    clock_start();
    return 0;
}

static void now_is_never_the_value_that_means_never(void **state)
{
    (void)state;
    assert_true(clock_now() >= 2);
    assert_true(clock_started_at() > 1600000000);
}

static void an_expiry_of_zero_is_never_and_minus_one_is_sticky(void **state)
{
    (void)state;
    assert_int_equal(clock_expiry(0, 100), CLOCK_NEVER);
    assert_int_equal(clock_expiry(-1, 100), CLOCK_STICKY);
}

static void other_negative_expiries_are_over(void **state)
{
    (void)state;
    assert_int_equal(clock_expiry_from_now(0), CLOCK_NEVER);
    assert_in_range(clock_expiry_from_now(100), clock_now() + 99, clock_now() + 100);
    assert_true(clock_expiry(-2, clock_now()) <= clock_now());
    assert_true(clock_expiry(INT64_MIN, clock_now()) <= clock_now());
}

static void up_to_thirty_days_an_expiry_is_relative(void **state)
{
    (void)state;
    assert_int_equal(clock_expiry(1, 100), 101);
    assert_int_equal(clock_expiry(CLOCK_RELATIVE_MAX, 100), CLOCK_RELATIVE_MAX + 100);
}

static void a_longer_one_is_a_unix_time(void **state)
{
    (void)state;
    clock_seconds now = clock_now();
    int64_t unix_now = clock_started_at() + (now - 2);

    assert_true(clock_expiry(CLOCK_RELATIVE_MAX + 1, now) <= now);
    assert_true(clock_expiry(unix_now + 1000, now) - now - 1000 <= 1);
    assert_true(clock_expiry(clock_started_at(), now) <= now);
}

static void a_time_too_far_away_is_not_taken_for_sticky(void **state)
{
    (void)state;
    clock_seconds expiry = clock_expiry(INT64_MAX, clock_now());
    assert_true(expiry != CLOCK_STICKY && expiry > clock_now());
}

static int64_t wall_seconds(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_REALTIME_COARSE, &ts);
    return ts.tv_sec;
}

static void seconds_begin_with_those_of_the_wall_clock(void **state)
{
    int64_t until = wall_seconds() + 2, before;

    (void)state;
    do {
        before = wall_seconds();
        int64_t now = clock_to_unix(clock_now());
        assert_in_range(now, before, wall_seconds());
    } while (before < until);
}

static void milliseconds_do_not_go_back(void **state)
{
    (void)state;
    uint64_t first = clock_coarse_ms();
    assert_true(clock_coarse_ms() >= first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(now_is_never_the_value_that_means_never),
        cmocka_unit_test(an_expiry_of_zero_is_never_and_minus_one_is_sticky),
        cmocka_unit_test(other_negative_expiries_are_over),
        cmocka_unit_test(up_to_thirty_days_an_expiry_is_relative),
        cmocka_unit_test(a_longer_one_is_a_unix_time),
        cmocka_unit_test(a_time_too_far_away_is_not_taken_for_sticky),
        cmocka_unit_test(seconds_begin_with_those_of_the_wall_clock),
        cmocka_unit_test(milliseconds_do_not_go_back),
    };
    return cmocka_run_group_tests(tests, set_up, NULL);
}
