/* The same cloud registered by arcus.sh's way (arcus_tree.py, named on the command line) and by the
 * steps: each takes the other's tree for its own. */
#include "executors/steps/step_znodes.h"

#include "planner/base/clock.h"
#include "tests/unit/executors/steps/cloud_fixture.h"
#include "tests/unit/planner/observe/zk_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const char *arcus_tree;

static struct {
    struct zk_server server;
    struct zk_session *session;
    struct arena *arena;
    struct cloud_fixture wanted;
} fixture;

static int set_up(void **state)
{
    struct fault fault;

    (void)state;
    fixture.arena = arena_new();
    cloud_fixture_init(&fixture.wanted);
    if (zk_server_start(&fixture.server) < 0)
        return -1;
    return zk_session_open(fixture.server.connect, 20000, clock_deadline_ms(60000), NULL,
                           &fixture.session, &fault);
}

static int tear_down(void **state)
{
    (void)state;
    zk_session_close(fixture.session);
    zk_server_remove(&fixture.server);
    arena_free(fixture.arena);
    return 0;
}

static int give_session(void *data, int64_t deadline_ms, struct zk_session **session,
                        struct fault *fault)
{
    (void)data, (void)deadline_ms, (void)fault;
    *session = fixture.session;
    return 0;
}

static void run_arcus_tree(const char *action)
{
    char command[512];

    snprintf(command, sizeof(command), "timeout 60 /usr/bin/python3 '%s' %s %s", arcus_tree, action,
             fixture.server.connect);
    assert_int_equal(system(command), 0);
}

static enum outcome_kind run_step(void (*run)(const struct step_context *, struct outcome *))
{
    struct resource resource = {.cloud = &fixture.wanted.cloud};
    struct change change = {
        .address = "cloud/test-cloud", .verb = VERB_CREATE, .resource = &resource};
    struct step step = {.change = &change};
    struct step_context context = {
        .step = &step, .arena = fixture.arena, .zookeeper = give_session};
    struct outcome outcome = {0};

    run(&context, &outcome);
    if (outcome.kind == OUTCOME_FAILED)
        fail_msg("%s", outcome.fault.text);
    return outcome.kind;
}

static void arcus_sh_finds_the_tree_that_it_would_have_made(void **state)
{
    (void)state;
    assert_int_equal(run_step(step_zk_init), OUTCOME_DONE);
    assert_int_equal(run_step(step_register), OUTCOME_DONE);
    run_arcus_tree("check");
}

static void a_cloud_that_arcus_sh_made_is_taken_as_it_is(void **state)
{
    (void)state;
    run_arcus_tree("make");
    assert_int_equal(run_step(step_register), OUTCOME_UNCHANGED);
    assert_int_equal(run_step(step_zk_init), OUTCOME_DONE);
    run_arcus_tree("check");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(arcus_sh_finds_the_tree_that_it_would_have_made, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_cloud_that_arcus_sh_made_is_taken_as_it_is, set_up,
                                        tear_down),
    };

    if (argc != 2) {
        fprintf(stderr, "usage: %s arcus_tree.py\n", argv[0]);
        return 2;
    }
    arcus_tree = argv[1];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
