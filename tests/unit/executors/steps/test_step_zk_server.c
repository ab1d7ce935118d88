#include "tests/unit/executors/steps/step_ensemble.h"
#include "tests/unit/executors/transport/sshd.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static struct step_bench bench;
static struct step_ensemble ensemble;

static int start(void **state)
{
    (void)state;
    step_bench_open(&bench);
    step_ensemble_init(&ensemble, &bench);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    step_bench_run(&bench, step_ensemble_stop(&ensemble));
    step_bench_close(&bench);
    return 0;
}

static struct step *config(const char *myid, const char *tick_time)
{
    return step_ensemble_config(&ensemble, myid, tick_time);
}

static struct step *server(enum op op, const char *tick_time)
{
    return step_ensemble_server(&ensemble, op, tick_time);
}

static void check_config(void *data)
{
    assert_string_equal(step_bench_read(&bench, "data/myid"), "1\n");
    assert_non_null(strstr(step_bench_read(&bench, "data/conf/zoo.cfg"),
                           arena_printf(bench.arena, "tickTime=%s\n", (const char *)data)));
}

static void forget_config(void *data)
{
    (void)data;
    shell("rm -rf %s/data", bench.directory);
}

static void a_configuration_is_written_once_wherever_it_is_cut(void **state)
{
    (void)state;
    step_bench_cut(&bench, config("1", "2000"), forget_config, check_config, (void *)"2000");
    step_bench_run(&bench, config("1", "2000"));
    step_bench_expect(&bench, config("1", "3000"), OUTCOME_DONE);
    check_config((void *)"3000");
    step_bench_expect(&bench, config("1", "3000"), OUTCOME_UNCHANGED);
}

static void a_server_number_is_never_replaced(void **state)
{
    struct fault fault = step_bench_refuse(&bench, config("2", "3000"), DIAG_ZK_MYID);

    (void)state;
    assert_non_null(strstr(fault.text, "says 1"));
    assert_non_null(strstr(fault.text, "number 2"));
    check_config((void *)"3000");
}

static void a_server_is_not_started_with_another_configuration_than_recorded(void **state)
{
    (void)state;
    step_bench_refuse(&bench, server(OP_ZK_START, "2000"), DIAG_HOST_COMMAND);
    assert_false(step_bench_has(&bench, "data/run/started"));
}

static void a_missing_program_is_named(void **state)
{
    const char *home = ensemble.zookeeper.home;
    struct fault fault;

    (void)state;
    ensemble.zookeeper.home = "/nonexistent";
    fault = step_bench_refuse(&bench, server(OP_ZK_START, "3000"), DIAG_HOST_LACKS);
    assert_non_null(strstr(fault.text, "/nonexistent/bin/zkServer.sh"));
    assert_non_null(strstr(fault.hint, "zookeeper.home"));
    ensemble.zookeeper.home = home;
}

static void a_taken_port_is_named_with_who_has_it(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)ensemble.zookeeper.client_port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    struct fault fault;

    (void)state;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    assert_int_equal(listen(fd, 1), 0);
    fault = step_bench_refuse(&bench, server(OP_ZK_START, "3000"), DIAG_HOST_PORT_IN_USE);
    assert_non_null(strstr(fault.text, arena_printf(bench.arena, "process %d: ", (int)getpid())));
    close(fd);
}

static int recorded_pid(void)
{
    int pid = 0;

    sscanf(step_bench_read(&bench, "data/run/started"), "pid=%d", &pid);
    return pid;
}

static void a_server_is_started_once(void **state)
{
    char *record;
    int pid;

    (void)state;
    step_bench_expect(&bench, server(OP_ZK_START, "3000"), OUTCOME_DONE);
    pid = recorded_pid();
    record = step_bench_read(&bench, "data/run/started");
    assert_non_null(strstr(record, "\nattr.config="));
    assert_non_null(strstr(record, "\nattr.home=/usr/share/zookeeper\n"));
    assert_non_null(strstr(record, "\ncommand="));
    assert_non_null(strstr(record, "QuorumPeerMain"));
    step_bench_expect(&bench, server(OP_ZK_START, "3000"), OUTCOME_UNCHANGED);
    step_bench_expect(&bench, server(OP_ZK_RESTART, "3000"), OUTCOME_UNCHANGED);
    assert_int_equal(recorded_pid(), pid);
}

static void another_configuration_restarts_it(void **state)
{
    int pid = recorded_pid();

    (void)state;
    step_bench_expect(&bench, config("1", "2000"), OUTCOME_DONE);
    step_bench_expect(&bench, server(OP_ZK_RESTART, "2000"), OUTCOME_DONE);
    assert_int_not_equal(recorded_pid(), pid);
    assert_false(step_bench_runs(pid));
}

static void a_forced_restart_restarts_it(void **state)
{
    struct step *step = server(OP_ZK_RESTART, "2000");
    int pid = recorded_pid();

    (void)state;
    ((struct change *)step->change)->is_forced = true;
    step_bench_expect(&bench, step, OUTCOME_DONE);
    assert_int_not_equal(recorded_pid(), pid);
}

static void a_configuration_in_use_is_not_removed(void **state)
{
    struct step *step = step_bench_removal(&bench, OP_UNDEPLOY, "zk_config/here.arcus",
                                           "cfg.dataDir", ensemble.zookeeper.data_dir, NULL);

    (void)state;
    step_bench_refuse(&bench, step, DIAG_HOST_COMMAND);
    step_bench_expect(&bench, step_ensemble_stop(&ensemble), OUTCOME_DONE);
    step_bench_expect(&bench, step_ensemble_stop(&ensemble), OUTCOME_UNCHANGED);
    assert_true(step_bench_has(&bench, "data/version-2"));
    step_bench_expect(&bench, step, OUTCOME_DONE);
    step_bench_expect(&bench, step, OUTCOME_UNCHANGED);
    assert_true(step_bench_has(&bench, "data/version-2"));
    assert_false(step_bench_has(&bench, "data/myid"));
}

static void a_server_that_dies_is_reported_with_the_end_of_its_log(void **state)
{
    struct fault fault;

    (void)state;
    step_bench_expect(&bench, config("1", "nonsense"), OUTCOME_DONE);
    fault = step_bench_refuse(&bench, server(OP_ZK_START, "nonsense"), DIAG_STEP_HEALTH);
    assert_non_null(strstr(fault.text, "has ended"));
    assert_non_null(strstr(fault.hint, "data/run/log"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_configuration_is_written_once_wherever_it_is_cut),
        cmocka_unit_test(a_server_number_is_never_replaced),
        cmocka_unit_test(a_server_is_not_started_with_another_configuration_than_recorded),
        cmocka_unit_test(a_missing_program_is_named),
        cmocka_unit_test(a_taken_port_is_named_with_who_has_it),
        cmocka_unit_test(a_server_is_started_once),
        cmocka_unit_test(another_configuration_restarts_it),
        cmocka_unit_test(a_forced_restart_restarts_it),
        cmocka_unit_test(a_configuration_in_use_is_not_removed),
        cmocka_unit_test(a_server_that_dies_is_reported_with_the_end_of_its_log),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
