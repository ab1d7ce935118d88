#include "planner/observe/host_probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct arena *arena;
    struct probe_request request;
    struct probe probe;
    struct fault fault;
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    fixture->arena = arena_new();
    probe_request_install_dir(fixture->arena, &fixture->request, "/opt/arcus");
    probe_request_data_dir(fixture->arena, &fixture->request, "/var/lib/zookeeper");
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    arena_free(fixture->arena);
    free(fixture);
    return 0;
}

static int parse(struct fixture *fixture, const char *text)
{
    return host_probe_parse(text, strlen(text), &fixture->request, fixture->arena, &fixture->probe,
                            &fixture->fault);
}

static const char complete[] =
    "uid 1000\nboot Ym9vdA==\nclock 1700000000123\ntool tar\ntool gzip\n"
    "java L3Vzci9iaW4vamF2YQ== IjE3LjAuMTUi\ninstall_free 0 12345\n"
    "current 0 cmVsZWFzZXMvYQ==\nrun 0 YS0x alive 42 YXR0ci5zZXQudGhyZWFkcz02Cg==\n"
    "data_free 0 99\nmyid 0 Mwo=\nzoo_cfg 0 YT0xCg==\ndata 0\nserver 0 - dead 0 -\nend\n";

static void a_complete_answer_is_read(void **state)
{
    struct fixture *fixture = *state;
    const struct probe *probe = &fixture->probe;

    assert_int_equal(parse(fixture, complete), 0);
    assert_int_equal(probe->uid, 1000);
    assert_string_equal(probe->boot_id, "boot");
    assert_int_equal(probe->clock_ms, 1700000000123);
    assert_true(probe->has_tar && probe->has_gzip && !probe->has_sha256sum);
    assert_string_equal(probe->java, "/usr/bin/java");
    assert_string_equal(probe->java_version, "17.0.15");
    assert_int_equal(probe->install_dirs.items[0].free_kb, 12345);
    assert_string_equal(probe->install_dirs.items[0].link, "releases/a");
    assert_string_equal(probe->install_dirs.items[0].processes.items[0].name, "a-1");
    assert_int_equal(probe->install_dirs.items[0].processes.items[0].pid, 42);
    assert_int_equal(probe->data_dirs.items[0].free_kb, 99);
    assert_string_equal(probe->data_dirs.items[0].myid, "3");
    assert_string_equal(probe->data_dirs.items[0].zoo_cfg, "a=1\n");
    assert_true(probe->data_dirs.items[0].has_data);
    assert_false(probe->data_dirs.items[0].server->is_alive);
}

static void an_answer_without_its_end_is_refused(void **state)
{
    struct fixture *fixture = *state;

    for (size_t length = 0; length + 4 < strlen(complete); length++)
        assert_int_equal(host_probe_parse(complete, length, &fixture->request, fixture->arena,
                                          &fixture->probe, &fixture->fault),
                         -1);
    assert_int_equal(fixture->fault.code, DIAG_HOST_REPLY);
}

static void lines_that_make_no_sense_are_passed_over(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(parse(fixture,
                           "uid -1\nuid 99999999999999999999\nuid\nclock 12x\nmyid 1 Mwo=\n"
                           "myid 0 M\nmyid 99999999999 Mwo=\nmyid -1 Mwo=\nmyid 0 Mwo= more\n"
                           "manifest 0 ????\nrun 0 YS0x\nserver 9 - alive 1 -\nnonsense 1 2\n\n"
                           "install_free 0 much\ntool unknown\nend\n"),
                     0);
    assert_int_equal(fixture->probe.uid, -1);
    assert_int_equal(fixture->probe.clock_ms, -1);
    assert_null(fixture->probe.data_dirs.items[0].myid);
    assert_null(fixture->probe.data_dirs.items[0].server);
    assert_int_equal(fixture->probe.install_dirs.items[0].free_kb, -1);
    assert_int_equal(fixture->probe.install_dirs.items[0].processes.count, 0);
}

static void a_dead_process_has_no_pid(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(parse(fixture, "run 0 YS0x dead 42 -\nrun 0 YS0y alive x -\nend\n"), 0);
    assert_int_equal(fixture->probe.install_dirs.items[0].processes.items[0].pid, 0);
    assert_int_equal(fixture->probe.install_dirs.items[0].processes.items[1].pid, 0);
}

static void a_manifest_of_another_version_counts_as_none(void **state)
{
    struct fixture *fixture = *state;

    /* "arcusplan-manifest 2\ncurrent a 1 …" */
    assert_int_equal(
        parse(fixture, "manifest 0 YXJjdXNwbGFuLW1hbmlmZXN0IDIKY3VycmVudCBhIDEgMgo=\nend\n"), 0);
    assert_null(fixture->probe.install_dirs.items[0].current.name);
}

static void no_flipped_bit_crashes_the_reader(void **state)
{
    struct fixture *fixture = *state;
    size_t length = strlen(complete);

    for (size_t at = 0; at < length; at++)
        for (int bit = 0; bit < 8; bit++) {
            char *damaged = malloc(length);
            struct arena *arena = arena_new();

            for (size_t i = 0; i < length; i++)
                damaged[i] = complete[i];
            damaged[at] = (char)(damaged[at] ^ (1 << bit));
            host_probe_parse(damaged, length, &fixture->request, arena, &fixture->probe,
                             &fixture->fault);
            arena_free(arena);
            free(damaged);
        }
}

static void an_answer_to_no_question_is_harmless(void **state)
{
    struct fixture *fixture = *state;
    struct probe_request nothing = {0};

    assert_int_equal(host_probe_parse(complete, strlen(complete), &nothing, fixture->arena,
                                      &fixture->probe, &fixture->fault),
                     0);
    assert_int_equal(fixture->probe.install_dirs.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_complete_answer_is_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_answer_without_its_end_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(lines_that_make_no_sense_are_passed_over, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_dead_process_has_no_pid, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_manifest_of_another_version_counts_as_none, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(no_flipped_bit_crashes_the_reader, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_answer_to_no_question_is_harmless, set_up, tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
