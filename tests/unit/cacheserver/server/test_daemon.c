#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "cacheserver/server/daemon.h"

static char directory[] = "/tmp/cacheserver-daemon-XXXXXX";
static char path[64];

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(directory))
        return -1;
    snprintf(path, sizeof(path), "%s/pid", directory);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(directory);
}

static void a_pid_file_names_the_process_and_is_removed_by_it(void **state)
{
    long pid = 0;

    (void)state;
    assert_int_equal(pid_file_write(path), 0);
    FILE *file = fopen(path, "r");
    assert_int_equal(fscanf(file, "%ld\n", &pid), 1);
    fclose(file);
    assert_int_equal(pid, getpid());
    pid_file_remove(path);
    assert_int_equal(access(path, F_OK), -1);
    pid_file_remove(path);
}

static void the_pid_file_of_another_process_stays(void **state)
{
    FILE *file = fopen(path, "w");

    (void)state;
    fprintf(file, "1\n");
    fclose(file);
    pid_file_remove(path);
    assert_int_equal(access(path, F_OK), 0);
    unlink(path);
}

static void a_pid_file_that_cannot_be_written_is_an_error(void **state)
{
    (void)state;
    assert_int_equal(pid_file_write("/nowhere/at/all/pid"), -1);
    assert_int_equal(errno, ENOENT);
}

#define TIMEOUT_MS 1000

static int silence[2];

/* The exit status of a process that waits for its background process to act. */
static int wait_for(void (*act)(void))
{
    int status;
    pid_t waiting = fork();

    if (waiting == 0) {
        if (daemon_begin(TIMEOUT_MS))
            _exit(99);
        act();
        _exit(0);
    }
    waitpid(waiting, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void be_ready(void)
{
    daemon_ready();
}

static void be_refused(void)
{
    daemon_failed(71);
}

static void die(void)
{
    _exit(5);
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void take_long(void)
{
    uint64_t end_ms = now_ms() + 2 * TIMEOUT_MS;

    while (now_ms() < end_ms)
        daemon_progress();
    daemon_failed(3);
}

/* Until the waiting process has closed its end. */
static void be_silent(void)
{
    struct pollfd gone = {.fd = silence[0]};

    close(silence[1]);
    poll(&gone, 1, 10 * TIMEOUT_MS);
}

static void the_waiting_process_waits_as_long_as_there_is_progress(void **state)
{
    (void)state;
    assert_int_equal(pipe(silence), 0);
    assert_int_equal(wait_for(take_long), 3);
    assert_int_equal(wait_for(be_silent), EX_TEMPFAIL);
    close(silence[0]);
    close(silence[1]);
}

static void the_waiting_process_tells_what_became_of_the_other(void **state)
{
    (void)state;
    assert_int_equal(wait_for(be_ready), 0);
    assert_int_equal(wait_for(be_refused), 71);
    assert_int_equal(wait_for(die), 70);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_pid_file_names_the_process_and_is_removed_by_it),
        cmocka_unit_test(the_pid_file_of_another_process_stays),
        cmocka_unit_test(a_pid_file_that_cannot_be_written_is_an_error),
        cmocka_unit_test(the_waiting_process_tells_what_became_of_the_other),
        cmocka_unit_test(the_waiting_process_waits_as_long_as_there_is_progress),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
