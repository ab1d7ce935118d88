#include "executors/steps/cache_node_command.h"

#include "executors/transport/host_shell.h"
#include "tests/unit/executors/steps/step_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct step_bench bench;

static int start(void **state)
{
    struct artifact artifact = {.package = "arcus", .archive = "/nowhere"};

    (void)state;
    step_bench_open(&bench);
    bench.package.install_dir = "/opt/my arcus";
    memset(artifact.digest, 'a', sizeof(artifact.digest) - 1);
    artifacts_put(bench.artifacts, &artifact);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    step_bench_close(&bench);
    return 0;
}

/* What the shell makes of the arguments, a line each. */
static char *arguments(const struct step *step, bool is_arcus_memcached)
{
    struct step_context context = {
        .step = step, .arena = bench.arena, .artifacts = bench.artifacts};
    struct command command = {.deadline_ms = INT64_MAX};
    struct str script = {0};
    struct fault fault = {0};
    struct reply reply;
    char *text;

    cache_node_add_arguments(&script, &context, 11211, is_arcus_memcached);
    str_puts(&script, "server_arguments printf '%s\\n'");
    command.script = script.data;
    if (transport_run_checked(bench.transport, &command, &reply, &fault) < 0)
        fail_msg("%s", fault.text);
    text = arena_strdup(bench.arena, str_text(&reply.output));
    reply_deinit(&reply);
    str_deinit(&script);
    return text;
}

static struct step *node(void)
{
    struct step *step = step_bench_step(
        &bench, OP_START, "node/test/10.0.0.1:11211", "set.memlimit", "100", "set.connections",
        "1000", "set.threads", "6", "set.verbosity", "2", "set.sticky_limit", "10",
        "set.item_size_max", "4", "ensemble", "10.0.0.1:2181,10.0.0.2:2181", NULL);

    attrs_add_ref(bench.arena, &((struct resource *)step->change->resource)->attrs, "release",
                  "package/arcus", "digest", SRCLOC_NONE);
    return step;
}

static void every_setting_has_its_option(void **state)
{
    (void)state;
    assert_string_equal(arguments(node(), false),
                        "-v\n-v\n-r\n-R5\n-U\n0\n-D:\n-b\n8192\n-p\n11211\n-m\n100\n-c\n1000\n-t\n"
                        "6\n-g\n10\n-I\n4m\n-z\n10.0.0.1:2181,10.0.0.2:2181\n");
}

static void the_reference_server_gets_its_libraries(void **state)
{
    const char *expected = "-E\n/opt/my arcus/releases/arcus-1.0-aaaaaaaaaaaa/lib/"
                           "default_engine.so\n-X\n/opt/my arcus/releases/arcus-1.0-aaaaaaaaaaaa/"
                           "lib/syslog_logger.so\n-X\n/opt/my arcus/releases/"
                           "arcus-1.0-aaaaaaaaaaaa/lib/ascii_scrub.so\n-v\n";

    (void)state;
    assert_memory_equal(arguments(node(), true), expected, strlen(expected));
}

static void the_program_is_that_of_the_release(void **state)
{
    struct step_context context = {
        .step = node(), .arena = bench.arena, .artifacts = bench.artifacts};
    struct fault fault;
    const char *server;

    (void)state;
    assert_int_equal(cache_node_server(&context, false, &server, &fault), 0);
    assert_string_equal(server, "/opt/my arcus/releases/arcus-1.0-aaaaaaaaaaaa/bin/cacheserver");
    assert_int_equal(cache_node_server(&context, true, &server, &fault), 0);
    assert_string_equal(server, "/opt/my arcus/releases/arcus-1.0-aaaaaaaaaaaa/bin/memcached");
    context.step = step_bench_step(&bench, OP_START, "node/test/10.0.0.1:11211", NULL);
    assert_int_equal(cache_node_server(&context, false, &server, &fault), -1);
}

static void it_runs_as_who_logs_in_unless_that_is_root(void **state)
{
    struct spec_host host = {.executor = EXECUTOR_SSH, .ssh = {.user = "arcus"}};

    (void)state;
    assert_string_equal(cache_node_user(&host), "arcus");
    host.ssh.user = "root";
    assert_string_equal(cache_node_user(&host), "nobody");
    host.ssh.user = NULL;
    assert_string_equal(cache_node_user(&host), "nobody");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_setting_has_its_option),
        cmocka_unit_test(the_reference_server_gets_its_libraries),
        cmocka_unit_test(the_program_is_that_of_the_release),
        cmocka_unit_test(it_runs_as_who_logs_in_unless_that_is_root),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
