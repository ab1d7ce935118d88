#include "executors/steps/local_command.h"
#include "planner/base/clock.h"
#include "tests/unit/executors/steps/workshop.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static int run(struct workshop *workshop, const char *script, int limit_ms,
               const atomic_bool *cancel)
{
    const struct local_command command = {.script = script,
                                          .directory = workshop->directory,
                                          .log = workshop_path(workshop, "log"),
                                          .deadline_ms = clock_deadline_ms(limit_ms),
                                          .cancel = cancel};

    return local_command_run(&command, workshop->arena, &workshop->fault);
}

static const char *log_text(struct workshop *workshop)
{
    return workshop_read(workshop, workshop_path(workshop, "log"), NULL);
}

static void it_runs_in_its_directory_with_its_output_in_the_log(void **state)
{
    struct workshop *workshop = *state;

    assert_int_equal(run(workshop, "pwd; echo err >&2; read x || echo nothing to read", 5000, NULL),
                     0);
    assert_string_equal(log_text(workshop), arena_printf(workshop->arena, "%s\nerr\n%s\n",
                                                         workshop->directory, "nothing to read"));
}

static void a_failure_shows_the_last_lines(void **state)
{
    struct workshop *workshop = *state;

    assert_int_equal(run(workshop, "seq 9; echo; printf 'no such header'; exit 3", 5000, NULL), -1);
    workshop_assert_fault(workshop, DIAG_PACKAGE_BUILD,
                          "ended with status 3: 8 | 9 | no such header");
    assert_non_null(strstr(workshop->fault.hint, "/log"));
}

static void a_signal_is_told(void **state)
{
    assert_int_equal(run(*state, "kill -9 $$", 5000, NULL), -1);
    workshop_assert_fault(*state, DIAG_PACKAGE_BUILD, "was killed by signal 9");
}

static void output_that_is_no_text_is_made_fit(void **state)
{
    assert_int_equal(run(*state, "printf 'a\\377\\033[1mb\\n'; exit 1", 5000, NULL), -1);
    workshop_assert_fault(*state, DIAG_PACKAGE_BUILD, "status 1: a??[1mb");
}

static void a_missing_directory_is_a_failure(void **state)
{
    struct workshop *workshop = *state;
    const struct local_command command = {.script = "true",
                                          .directory = workshop_path(workshop, "none"),
                                          .log = workshop_path(workshop, "log"),
                                          .deadline_ms = clock_deadline_ms(60000)};

    assert_int_equal(local_command_run(&command, workshop->arena, &workshop->fault), -1);
    workshop_assert_fault(workshop, DIAG_PACKAGE_BUILD, "No such file");
}

static void a_log_that_cannot_be_written_is_a_failure(void **state)
{
    struct workshop *workshop = *state;
    const struct local_command command = {.script = "true",
                                          .directory = workshop->directory,
                                          .log = workshop_path(workshop, "none/log"),
                                          .deadline_ms = clock_deadline_ms(60000)};

    assert_int_equal(local_command_run(&command, workshop->arena, &workshop->fault), -1);
    workshop_assert_fault(workshop, DIAG_FILE_WRITE, "none/log");
}

/* The process whose id is in the file "pid" is gone, soon. */
static void assert_gone(struct workshop *workshop)
{
    pid_t pid = atoi(workshop_read(workshop, workshop_path(workshop, "pid"), NULL));
    int64_t deadline_ms = clock_deadline_ms(60000);

    assert_true(pid > 1);
    while (!kill(pid, 0) && clock_left_ms(deadline_ms))
        sched_yield();
    assert_int_equal(kill(pid, 0), -1);
}

static void the_deadline_ends_it_with_all_its_children(void **state)
{
    struct workshop *workshop = *state;
    int64_t start = clock_now_ms();

    assert_int_equal(run(workshop, "sleep 100 & echo $! > pid; wait", 2000, NULL), -1);
    workshop_assert_fault(workshop, DIAG_PACKAGE_BUILD, "did not end in time");
    assert_true(clock_now_ms() - start < 30000);
    assert_gone(workshop);
}

static void what_it_leaves_behind_is_ended(void **state)
{
    struct workshop *workshop = *state;

    assert_int_equal(run(workshop, "sleep 100 & echo $! > pid", 60000, NULL), 0);
    assert_gone(workshop);
}

static void one_that_ignores_the_signal_is_killed(void **state)
{
    struct workshop *workshop = *state;

    assert_int_equal(
        run(workshop, "trap '' TERM; echo $$ > pid; while :; do sleep 1; done", 2000, NULL), -1);
    assert_gone(workshop);
}

struct canceller {
    const char *path;
    atomic_bool flag;
};

static void *cancel_when_started(void *data)
{
    struct canceller *canceller = data;
    int64_t deadline_ms = clock_deadline_ms(60000);

    while (access(canceller->path, F_OK) && clock_left_ms(deadline_ms))
        sched_yield();
    atomic_store(&canceller->flag, true);
    return NULL;
}

static void a_cancel_ends_it(void **state)
{
    struct workshop *workshop = *state;
    struct canceller canceller = {.path = workshop_path(workshop, "pid")};
    int64_t start = clock_now_ms();
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, cancel_when_started, &canceller), 0);
    assert_int_equal(
        run(workshop, "echo $$ > pid.new; mv pid.new pid; sleep 100", 60000, &canceller.flag), -1);
    pthread_join(thread, NULL);
    workshop_assert_fault(workshop, DIAG_INTERRUPTED, "interrupted");
    assert_true(clock_now_ms() - start < 30000);
    assert_gone(workshop);
}

static void signals_that_this_program_blocks_reach_it(void **state)
{
    struct workshop *workshop = *state;
    sigset_t blocked, before;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &blocked, &before);
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(run(workshop, "kill -TERM $$; echo still here", 5000, NULL), -1);
    workshop_assert_fault(workshop, DIAG_PACKAGE_BUILD, "killed by signal 15");
    assert_int_equal(run(workshop, "kill -PIPE $$; echo still here", 5000, NULL), -1);
    workshop_assert_fault(workshop, DIAG_PACKAGE_BUILD, "killed by signal 13");
    signal(SIGPIPE, SIG_DFL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, workshop_setup, workshop_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(it_runs_in_its_directory_with_its_output_in_the_log),
        CASE(a_failure_shows_the_last_lines),
        CASE(a_signal_is_told),
        CASE(output_that_is_no_text_is_made_fit),
        CASE(a_missing_directory_is_a_failure),
        CASE(a_log_that_cannot_be_written_is_a_failure),
        CASE(the_deadline_ends_it_with_all_its_children),
        CASE(what_it_leaves_behind_is_ended),
        CASE(one_that_ignores_the_signal_is_killed),
        CASE(a_cancel_ends_it),
        CASE(signals_that_this_program_blocks_reach_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
