#include "executors/steps/host_script.h"

#include "planner/base/clock.h"
#include "tests/unit/executors/steps/step_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct step_bench bench;

static int start(void **state)
{
    (void)state;
    step_bench_open(&bench);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    step_bench_close(&bench);
    return 0;
}

static int run(struct host_script *script, const char *body, struct fault *fault)
{
    static struct step_context context;

    context = (struct step_context){.arena = bench.arena, .transport = bench.transport};
    host_script_init(script, &context);
    host_script_set(script, "text", "it's $HOME");
    host_script_set_number(script, "number", -5000000000);
    return host_script_run(script, body, clock_deadline_ms(60000), fault);
}

static void the_answer_is_the_last_line(void **state)
{
    struct host_script script;
    struct fault fault;

    (void)state;
    assert_int_equal(run(&script, "echo first; echo \"$text $number\"", &fault), 0);
    assert_string_equal(host_script_answer(&script), "it's $HOME -5000000000");
    assert_true(host_script_says(&script, "it's"));
    assert_false(host_script_says(&script, "it"));
    assert_false(host_script_says(&script, "first"));
    host_script_deinit(&script);
    assert_int_equal(run(&script, ":", &fault), 0);
    assert_string_equal(host_script_answer(&script), "");
    host_script_deinit(&script);
}

static void a_status_tells_the_kind_of_fault(void **state)
{
    static const struct {
        const char *body;
        enum diag_code code;
        const char *text;
    } cases[] = {
        {"lacks no java", DIAG_HOST_LACKS, "no java"},
        {"port_in_use it is", DIAG_HOST_PORT_IN_USE, "it is"},
        {"wrong_myid two", DIAG_ZK_MYID, "two"},
        {"disk_full now", DIAG_HOST_DISK_FULL, "now"},
        {"fail else", DIAG_HOST_COMMAND, "else"},
        {"need_space / 99999999999", DIAG_HOST_DISK_FULL, "of which 99999999999 are needed"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct host_script script;
        struct fault fault;

        assert_int_equal(run(&script, cases[i].body, &fault), -1);
        assert_int_equal(fault.code, cases[i].code);
        assert_non_null(strstr(fault.text, cases[i].text));
        host_script_deinit(&script);
    }
}

static void expect(const char *body, const char *answer)
{
    struct host_script script;
    struct fault fault = {0};

    if (run(&script, body, &fault) < 0 || strcmp(host_script_answer(&script), answer) != 0)
        fail_msg("%s: %s %s", body, host_script_answer(&script), fault.text);
    host_script_deinit(&script);
}

static void a_stopped_process_is_gone_and_so_is_its_record(void **state)
{
    (void)state;
    expect(arena_printf(bench.arena,
                        "mkdir %s/run; launch %s/run 'attr.a=1\n' sleep 60; "
                        "stop_process %s/run/started TERM 5; ls %s/run | tr '\\n' ' '",
                        bench.directory, bench.directory, bench.directory, bench.directory),
           "log ");
}

static void a_process_that_ignores_the_signal_is_killed(void **state)
{
    (void)state;
    expect(arena_printf(bench.arena,
                        "launch %s/run '' sh -c 'trap : TERM; touch %s/ready; while :; do sleep 1; "
                        "done'; until [ -f %s/ready ]; do sleep 0.02; done; "
                        "stop_process %s/run/started TERM 1",
                        bench.directory, bench.directory, bench.directory, bench.directory),
           "killed");
}

static void what_runs_is_not_launched_again(void **state)
{
    (void)state;
    expect(arena_printf(bench.arena,
                        "launch %s/run 'attr.a=1\n' sleep 60; one=$(record_value %s/run/started "
                        "pid); launch %s/run 'attr.a=2\n' sleep 60; two=$(record_value "
                        "%s/run/started pid); stop_process %s/run/started TERM 5 >/dev/null; "
                        "[ $one = $two ] && echo same",
                        bench.directory, bench.directory, bench.directory, bench.directory,
                        bench.directory),
           "same");
}

static void a_program_that_cannot_run_leaves_a_record_of_a_dead_process(void **state)
{
    (void)state;
    expect(arena_printf(bench.arena,
                        "launch %s/run '' /nonexistent/server; i=0; while process_alive "
                        "%s/run/started && [ $i -lt 200 ]; do sleep 0.02; i=$((i+1)); done; "
                        "process_alive %s/run/started || tail -n 1 %s/run/log | cut -d: -f4-",
                        bench.directory, bench.directory, bench.directory, bench.directory),
           " /nonexistent/server: not found");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_is_the_last_line),
        cmocka_unit_test(a_status_tells_the_kind_of_fault),
        cmocka_unit_test(a_stopped_process_is_gone_and_so_is_its_record),
        cmocka_unit_test(a_process_that_ignores_the_signal_is_killed),
        cmocka_unit_test(what_runs_is_not_launched_again),
        cmocka_unit_test(a_program_that_cannot_run_leaves_a_record_of_a_dead_process),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
