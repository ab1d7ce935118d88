#include "planner/base/clock.h"
#include "tests/unit/executors/steps/step_ensemble.h"
#include "tests/unit/executors/transport/sshd.h"

#include <netinet/in.h>
#include <poll.h>
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
static int port;
static char *address; /* "node/test/127.0.0.1:PORT" */

static char *node_path(const char *file)
{
    return arena_printf(bench.arena, "opt/run/test-%d/%s", port, file);
}

static void install_server(void)
{
    shell("mkdir -p %s/package/bin && cp %s %s/package/bin/cacheserver", bench.directory,
          getenv("CACHESERVER"), bench.directory);
    step_bench_pack(&bench, "package");
}

static struct step *deploy(void)
{
    struct step *step = step_bench_step(&bench, OP_DEPLOY, "release/here.arcus/arcus", "version",
                                        "1.0", "install_dir", bench.package.install_dir, NULL);

    attrs_add_ref(bench.arena, &((struct resource *)step->change->resource)->attrs, "digest",
                  "package/arcus", "digest", SRCLOC_NONE);
    return step;
}

static int start(void **state)
{
    (void)state;
    step_bench_open(&bench);
    step_ensemble_init(&ensemble, &bench);
    step_ensemble_open(&ensemble);
    port = free_port();
    address = arena_printf(bench.arena, "node/test/127.0.0.1:%d", port);
    step_ensemble_make(&ensemble, "/arcus");
    step_ensemble_make(&ensemble, "/arcus/cache_list");
    step_ensemble_make(&ensemble, "/arcus/cache_list/test");
    step_ensemble_make(&ensemble, "/arcus/cache_server_log");
    step_ensemble_make(&ensemble, "/arcus/cache_server_mapping");
    step_ensemble_make(&ensemble, arena_printf(bench.arena, "/arcus/cache_server_mapping/%s",
                                               strrchr(address, '/') + 1));
    step_ensemble_make(&ensemble, arena_printf(bench.arena, "/arcus/cache_server_mapping/%s/test",
                                               strrchr(address, '/') + 1));
    install_server();
    step_bench_expect(&bench, deploy(), OUTCOME_DONE);
    return 0;
}

static struct step *removal(void)
{
    return step_bench_removal(&bench, OP_STOP, address, "install_dir", bench.package.install_dir,
                              "server", "cacheserver", NULL);
}

static int stop(void **state)
{
    (void)state;
    step_bench_run(&bench, removal());
    step_ensemble_close(&ensemble);
    step_bench_close(&bench);
    return 0;
}

static struct step *node(enum op op, const char *memlimit, const char *connections,
                         const char *threads)
{
    struct step *step =
        step_bench_step(&bench, op, address, "running", "yes", "online", "yes", "install_dir",
                        bench.package.install_dir, "server", "cacheserver", "supervise", "daemon",
                        "ensemble", ensemble.connect, "set.memlimit", memlimit, "set.connections",
                        connections, "set.threads", threads, NULL);

    attrs_add_ref(bench.arena, &((struct resource *)step->change->resource)->attrs, "release",
                  "package/arcus", "digest", SRCLOC_NONE);
    attrs_sort(&((struct resource *)step->change->resource)->attrs);
    return step;
}

static int recorded_pid(void)
{
    int pid = 0;

    sscanf(step_bench_read(&bench, node_path("started")), "pid=%d", &pid);
    return pid;
}

static struct zk_names members(void)
{
    struct zk_names names = {0};
    struct fault fault = {0};

    if (zk_children(bench.session, "/arcus/cache_list/test", clock_deadline_ms(60000), bench.arena,
                    &names, &fault) != 0)
        fail_msg("%s", fault.text);
    return names;
}

static void check_online(void)
{
    struct zk_names names = members();

    assert_int_equal(names.count, 1);
    assert_string_equal(names.items[0], arena_printf(bench.arena, "127.0.0.1:%d-here.arcus", port));
}

static void a_node_is_started_once(void **state)
{
    struct outcome outcome = step_bench_run(&bench, node(OP_START, "64", "500", "2"));
    char *record;
    int pid;

    (void)state;
    if (outcome.kind != OUTCOME_DONE)
        fail_msg("%s", outcome.fault.text);
    assert_string_equal(attrs_value(&outcome.attrs, "online"), "yes");
    check_online();
    record = step_bench_read(&bench, node_path("started"));
    assert_non_null(strstr(record, "\nattr.set.threads=2\n"));
    assert_non_null(strstr(record, "\nattr.release="));
    assert_null(strstr(record, "attr.online"));
    assert_non_null(strstr(record, " -m 64 "));
    assert_non_null(strstr(record, "/releases/arcus-1.0-"));
    pid = recorded_pid();
    step_bench_expect(&bench, node(OP_START, "64", "500", "2"), OUTCOME_UNCHANGED);
    step_bench_expect(&bench, node(OP_RESTART, "64", "500", "2"), OUTCOME_UNCHANGED);
    assert_int_equal(recorded_pid(), pid);
}

static void other_settings_restart_it(void **state)
{
    int pid = recorded_pid();

    (void)state;
    bench.cloud.update.watch_time_ms = 500;
    step_bench_expect(&bench, node(OP_RESTART, "64", "500", "3"), OUTCOME_DONE);
    bench.cloud.update.watch_time_ms = 0;
    assert_int_not_equal(recorded_pid(), pid);
    assert_false(step_bench_runs(pid));
    check_online();
}

static void memory_and_connections_are_tuned_without_a_restart(void **state)
{
    int pid = recorded_pid();
    char *record;

    (void)state;
    step_bench_expect(&bench, node(OP_TUNE, "128", "600", "3"), OUTCOME_DONE);
    record = step_bench_read(&bench, node_path("started"));
    assert_int_equal(recorded_pid(), pid);
    assert_non_null(strstr(record, "\nattr.set.memlimit=128\n"));
    assert_non_null(strstr(record, "\nattr.set.connections=600\n"));
    assert_non_null(strstr(record, "\ncommand="));
    step_bench_expect(&bench, node(OP_START, "128", "600", "3"), OUTCOME_UNCHANGED);
}

static void a_node_that_is_not_online_is_restarted(void **state)
{
    struct zk_op op = {.kind = ZK_OP_DELETE, .version = -1};
    struct fault fault = {0};
    size_t failed;
    int pid = recorded_pid();

    (void)state;
    op.path = arena_printf(bench.arena, "/arcus/cache_list/test/%s", members().items[0]);
    assert_int_equal(zk_multi(bench.session, &op, 1, clock_deadline_ms(60000), &failed, &fault), 0);
    step_bench_expect(&bench, node(OP_RESTART, "128", "600", "3"), OUTCOME_DONE);
    assert_int_not_equal(recorded_pid(), pid);
    check_online();
}

/* Returns when it is gone. */
static void kill_node(void)
{
    int64_t deadline_ms = clock_deadline_ms(60000);
    int pid = recorded_pid();

    assert_int_equal(kill(pid, SIGKILL), 0);
    while (step_bench_runs(pid)) {
        assert_true(clock_now_ms() < deadline_ms);
        poll(NULL, 0, 5);
    }
}

static void a_killed_node_is_started_again_at_once(void **state)
{
    int64_t start_ms = clock_now_ms();

    (void)state;
    kill_node();
    step_bench_expect(&bench, node(OP_START, "128", "600", "3"), OUTCOME_DONE);
    assert_true(clock_now_ms() - start_ms < 25000);
    check_online();
}

static void a_stopped_node_is_gone_from_the_list(void **state)
{
    int pid = recorded_pid();

    (void)state;
    step_bench_expect(&bench, removal(), OUTCOME_DONE);
    assert_int_equal(members().count, 0);
    assert_false(step_bench_runs(pid));
    assert_false(step_bench_has(&bench, node_path("started")));
    step_bench_expect(&bench, removal(), OUTCOME_UNCHANGED);
}

static void a_killed_node_that_is_stopped_leaves_no_znode(void **state)
{
    (void)state;
    step_bench_expect(&bench, node(OP_START, "64", "500", "2"), OUTCOME_DONE);
    kill_node();
    step_bench_expect(&bench, removal(), OUTCOME_UNCHANGED);
    assert_int_equal(members().count, 0);
}

static void a_taken_port_is_named_with_who_has_it(void **state)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
    struct fault fault;

    (void)state;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    assert_int_equal(bind(fd, (struct sockaddr *)&to, sizeof(to)), 0);
    assert_int_equal(listen(fd, 1), 0);
    fault = step_bench_refuse(&bench, node(OP_START, "64", "500", "2"), DIAG_HOST_PORT_IN_USE);
    assert_non_null(strstr(fault.text, arena_printf(bench.arena, "process %d: ", (int)getpid())));
    close(fd);
}

static void a_missing_program_is_named(void **state)
{
    struct fault fault;

    (void)state;
    bench.package.version = "9.9";
    fault = step_bench_refuse(&bench, node(OP_START, "64", "500", "2"), DIAG_HOST_LACKS);
    bench.package.version = "1.0";
    assert_non_null(strstr(fault.text, "arcus-9.9-"));
}

static void a_host_without_systemd_is_named(void **state)
{
    struct step *step = node(OP_START, "64", "500", "2");
    struct fault fault;

    (void)state;
    if (access("/run/systemd/system", F_OK) == 0)
        skip();
    vec_each(attr, &((struct resource *)step->change->resource)->attrs)
        if (strcmp(attr->name, "supervise") == 0)
            attr->value = "systemd";
    fault = step_bench_refuse(&bench, step, DIAG_HOST_LACKS);
    assert_non_null(strstr(fault.text, "systemd"));
    assert_false(step_bench_has(&bench, node_path("started")));
}

static void a_server_that_refuses_to_run_is_quoted(void **state)
{
    struct fault fault;

    (void)state;
    fault = step_bench_refuse(&bench, node(OP_START, "64", "500", "nonsense"), DIAG_STEP_HEALTH);
    assert_non_null(strstr(fault.text, "has ended"));
    assert_non_null(strstr(fault.text, "-t"));
}

static void a_node_that_nobody_registered_does_not_become_well(void **state)
{
    struct fault fault;
    char *good = address;

    (void)state;
    address = arena_printf(bench.arena, "node/test/127.0.0.1:%d", free_port());
    fault = step_bench_refuse(&bench, node(OP_START, "64", "500", "2"), DIAG_STEP_HEALTH);
    assert_non_null(strstr(fault.text, "has ended"));
    address = good;
}

static void stop_node(void *data)
{
    (void)data;
    step_bench_run(&bench, removal());
}

static void check_one_server(void *data)
{
    (void)data;
    check_online();
    assert_true(step_bench_runs(recorded_pid()));
    shell("[ $(readlink /proc/[0-9]*/exe | grep -c '^%s/') = 1 ]", bench.directory);
}

static void a_start_cut_anywhere_ends_with_one_server(void **state)
{
    (void)state;
    step_bench_cut(&bench, node(OP_START, "64", "500", "2"), stop_node, check_one_server, NULL);
}

static void restart_with_other_threads(void *data)
{
    (void)data;
    step_bench_run(&bench, node(OP_RESTART, "64", "500", "4"));
}

static void a_restart_cut_anywhere_ends_with_one_server(void **state)
{
    (void)state;
    step_bench_cut(&bench, node(OP_RESTART, "64", "500", "2"), restart_with_other_threads,
                   check_one_server, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_node_is_started_once),
        cmocka_unit_test(other_settings_restart_it),
        cmocka_unit_test(memory_and_connections_are_tuned_without_a_restart),
        cmocka_unit_test(a_node_that_is_not_online_is_restarted),
        cmocka_unit_test(a_killed_node_is_started_again_at_once),
        cmocka_unit_test(a_stopped_node_is_gone_from_the_list),
        cmocka_unit_test(a_killed_node_that_is_stopped_leaves_no_znode),
        cmocka_unit_test(a_taken_port_is_named_with_who_has_it),
        cmocka_unit_test(a_missing_program_is_named),
        cmocka_unit_test(a_host_without_systemd_is_named),
        cmocka_unit_test(a_server_that_refuses_to_run_is_quoted),
        cmocka_unit_test(a_node_that_nobody_registered_does_not_become_well),
        cmocka_unit_test(a_start_cut_anywhere_ends_with_one_server),
        cmocka_unit_test(a_restart_cut_anywhere_ends_with_one_server),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
