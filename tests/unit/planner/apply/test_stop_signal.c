#include "planner/apply/stop_signal.h"
#include "planner/base/clock.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static bool is_readable(void)
{
    struct pollfd fd = {stop_signal_fd(), POLLIN, 0};

    return poll(&fd, 1, 0) > 0;
}

static void signals_are_counted(void **state)
{
    struct fault fault;

    (void)state;
    assert_int_equal(stop_signal_start(&fault), 0);
    assert_int_equal(stop_signal_count(), 0);
    assert_false(is_readable());
    raise(SIGINT);
    assert_true(is_readable());
    assert_int_equal(stop_signal_count(), 1);
    assert_false(is_readable());
    raise(SIGTERM);
    assert_int_equal(stop_signal_count(), 2);
    stop_signal_stop();
}

static void each_start_counts_from_nothing(void **state)
{
    struct fault fault;

    (void)state;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(stop_signal_start(&fault), 0);
        raise(SIGHUP);
        assert_int_equal(stop_signal_count(), 1);
        stop_signal_stop();
    }
}

static volatile sig_atomic_t seen;

static void see(int number)
{
    seen = number;
}

static void handlers_come_back(void **state)
{
    struct fault fault;

    (void)state;
    signal(SIGINT, see);
    assert_int_equal(stop_signal_start(&fault), 0);
    raise(SIGINT);
    assert_int_equal(seen, 0);
    stop_signal_stop();
    raise(SIGINT);
    assert_int_equal(seen, SIGINT);
    signal(SIGINT, SIG_DFL);
}

/* Raises signals in a child; returns how it ended. */
static int end_of_child(int times)
{
    struct fault fault;
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        signal(SIGTERM, SIG_DFL);
        if (stop_signal_start(&fault))
            _exit(1);
        for (int i = 0; i < times; i++)
            raise(SIGTERM);
        _exit(7);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void the_third_one_ends_the_program(void **state)
{
    int status = end_of_child(2);

    (void)state;
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
    status = end_of_child(3);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(signals_are_counted),
        cmocka_unit_test(each_start_counts_from_nothing),
        cmocka_unit_test(handlers_come_back),
        cmocka_unit_test(the_third_one_ends_the_program),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
