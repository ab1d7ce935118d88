#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
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

/* The exit status of a process that waits for its background process to act. */
static int wait_for(void (*act)(void))
{
    int status;
    pid_t waiting = fork();

    if (waiting == 0) {
        if (daemon_begin())
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
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
