#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <poll.h>
#include <unistd.h>

#include "cacheserver/runtime/clock.h"
#include "cacheserver/server/farewell.h"

static int64_t served_ms(struct farewell *farewell, int signal_fd, unsigned connections)
{
    _Atomic unsigned count = connections;
    int64_t from = (int64_t)clock_coarse_ms();

    farewell_serve(farewell, signal_fd, &count);
    return (int64_t)clock_coarse_ms() - from;
}

static void without_a_request_nothing_is_waited_for(void **state)
{
    struct farewell farewell;

    (void)state;
    assert_int_equal(farewell_init(&farewell), 0);
    assert_true(served_ms(&farewell, -1, 1) < 1000);
    farewell_deinit(&farewell);
}

static void a_request_wakes_the_waiting_thread_and_is_due_later(void **state)
{
    struct farewell farewell;

    (void)state;
    assert_int_equal(farewell_init(&farewell), 0);
    struct pollfd wait = {.fd = farewell.fd, .events = POLLIN};
    assert_int_equal(poll(&wait, 1, 0), 0);
    assert_true(farewell_request(&farewell, 1));
    assert_int_equal(poll(&wait, 1, 1000), 1);
    int64_t ms = served_ms(&farewell, -1, 1);
    assert_true(ms >= 900 && ms < 15000);
    farewell_deinit(&farewell);
}

static void a_later_request_moves_the_end_unless_that_is_near(void **state)
{
    struct farewell farewell;

    (void)state;
    farewell_init(&farewell);
    assert_true(farewell_request(&farewell, 600));
    assert_true(farewell_request(&farewell, 0));
    assert_false(farewell_request(&farewell, 600));
    assert_true(served_ms(&farewell, -1, 1) < 1000);
    farewell_deinit(&farewell);
}

static void without_a_time_the_end_comes_when_nobody_leaves(void **state)
{
    struct farewell farewell;

    (void)state;
    farewell_init(&farewell);
    assert_true(farewell_request(&farewell, -1));
    assert_true(served_ms(&farewell, -1, 5) < 1900);
    farewell_deinit(&farewell);
}

static void a_signal_ends_it_at_once(void **state)
{
    struct farewell farewell;
    int pipes[2];

    (void)state;
    farewell_init(&farewell);
    assert_int_equal(pipe(pipes), 0);
    assert_int_equal(write(pipes[1], "x", 1), 1);
    farewell_request(&farewell, 600);
    assert_true(served_ms(&farewell, pipes[0], 1) < 10000);
    close(pipes[0]);
    close(pipes[1]);
    farewell_deinit(&farewell);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_request_nothing_is_waited_for),
        cmocka_unit_test(a_request_wakes_the_waiting_thread_and_is_due_later),
        cmocka_unit_test(a_later_request_moves_the_end_unless_that_is_near),
        cmocka_unit_test(without_a_time_the_end_comes_when_nobody_leaves),
        cmocka_unit_test(a_signal_ends_it_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
