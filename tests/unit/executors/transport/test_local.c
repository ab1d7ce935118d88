#include "planner/base/clock.h"
#include "tests/unit/executors/transport/commands.h"

#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const struct spec_host here = {.name = "here", .executor = EXECUTOR_LOCAL};

static int open_local(void **state)
{
    struct transport *transport;
    struct fault fault;

    if (transport_init(&fault) < 0 ||
        transport_open(&here, clock_deadline_ms(1000), NULL, &transport, &fault) < 0)
        return -1;
    *state = transport;
    return 0;
}

static int close_local(void **state)
{
    transport_close(*state);
    return 0;
}

static void commands_run_as_everywhere(void **state)
{
    check_status_and_streams(*state);
    check_signals(*state);
    check_quoting(*state);
    check_large_input(*state);
    check_input_from_file(*state);
    check_unread_input(*state);
    check_output_limit(*state);
    check_background_child(*state);
    check_long_errors(*state);
    check_run_checked(*state);
}

static bool is_gone(pid_t pid)
{
    int64_t deadline_ms = clock_deadline_ms(60000);
    char path[64], state = '?';

    snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
    while (clock_now_ms() < deadline_ms) {
        FILE *file = fopen(path, "re");
        bool is_zombie = !file || (fscanf(file, "%*d %*s %c", &state) == 1 && state == 'Z');

        if (file)
            fclose(file);
        if (is_zombie)
            return true;
    }
    return false;
}

static void a_command_over_its_deadline_is_killed_with_its_children(void **state)
{
    char name[] = "/tmp/arcusplan-pid-XXXXXX", script[128] = "";
    struct command command = make_command(script);
    struct reply reply;
    struct fault fault;
    int fd = mkstemp(name), pid = 0;
    FILE *file;

    snprintf(script, sizeof(script), "sleep 300 & echo $! >%s; wait", name);
    command.deadline_ms = clock_deadline_ms(2000);
    assert_int_equal(transport_run(*state, &command, &reply, &fault), -1);
    assert_int_equal(fault.code, DIAG_HOST_TIMEOUT);
    file = fdopen(fd, "r");
    assert_int_equal(fscanf(file, "%d", &pid), 1);
    assert_true(is_gone(pid));
    fclose(file);
    unlink(name);
}

static void *cancel_soon(void *flag)
{
    usleep(100000);
    atomic_store((atomic_bool *)flag, true);
    return NULL;
}

static void a_cancelled_command_gives_up_at_once(void **state)
{
    atomic_bool cancel = false;
    struct command command = make_command("sleep 300");
    int64_t start_ms = clock_now_ms();
    struct reply reply;
    struct fault fault;
    pthread_t thread;

    command.cancel = &cancel;
    pthread_create(&thread, NULL, cancel_soon, &cancel);
    assert_int_equal(transport_run(*state, &command, &reply, &fault), -1);
    pthread_join(thread, NULL);
    assert_int_equal(fault.code, DIAG_INTERRUPTED);
    assert_true(clock_now_ms() - start_ms < 30000);
}

static void descriptors_of_ours_are_not_inherited(void **state)
{
    int fd = open("/dev/null", O_RDONLY);
    struct reply reply = run(*state, "for i in /proc/self/fd/*; do echo ${i##*/}; done");

    assert_true(fd > 2);
    assert_string_equal(str_text(&reply.output), "0\n1\n2\n3\n");
    reply_deinit(&reply);
    close(fd);
}

static void a_command_that_kills_its_wrapper_is_cut_off(void **state)
{
    struct command command = make_command("kill -9 $PPID");
    struct reply reply;
    struct fault fault;

    assert_int_equal(transport_run(*state, &command, &reply, &fault), -1);
    assert_int_equal(fault.code, DIAG_HOST_COMMAND);
    assert_non_null(strstr(fault.text, "cut off"));
}

static void a_script_that_the_kernel_would_not_take_is_refused(void **state)
{
    size_t size = 200 * 1024;
    char *script = calloc(1, size);
    struct command command = make_command(script);
    struct reply reply;
    struct fault fault;

    memset(script, ':', size);
    script[size - 1] = '\0';
    assert_int_equal(transport_run(*state, &command, &reply, &fault), -1);
    assert_int_equal(fault.code, DIAG_HOST_COMMAND);
    free(script);
}

static void opening_and_running_leaves_no_descriptor_behind(void **state)
{
    int before = dup(0);

    close(before);
    for (int i = 0; i < 5; i++) {
        struct reply reply = run(*state, "true");

        reply_deinit(&reply);
    }
    int after = dup(0);

    close(after);
    assert_int_equal(before, after);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commands_run_as_everywhere),
        cmocka_unit_test(a_command_over_its_deadline_is_killed_with_its_children),
        cmocka_unit_test(a_cancelled_command_gives_up_at_once),
        cmocka_unit_test(descriptors_of_ours_are_not_inherited),
        cmocka_unit_test(a_command_that_kills_its_wrapper_is_cut_off),
        cmocka_unit_test(a_script_that_the_kernel_would_not_take_is_refused),
        cmocka_unit_test(opening_and_running_leaves_no_descriptor_behind),
    };

    return cmocka_run_group_tests(tests, open_local, close_local);
}
