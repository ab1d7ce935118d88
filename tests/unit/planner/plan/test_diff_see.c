#include "planner/plan/diff.h"
#include "tests/unit/planner/plan/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct scene scene;

static int setup(void **state)
{
    (void)state;
    scene_init(&scene);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scene_deinit(&scene);
    return 0;
}

static const char node[] = "node/alpha/10.0.0.1:11211";
static const char cloud[] = "cloud/alpha";

/* What is seen at the address, with the spec's own graph. */
static const struct attrs *see(const char *address, const char **note)
{
    struct declare_input declare = {.spec = scene.spec, .diags = scene.diags};
    struct diff_input input = {.spec = scene.spec,
                               .recorded = &scene.recorded,
                               .world = &scene.world,
                               .options = &scene.options};
    int myids[] = {1, 2, 3};
    struct graph *graph;
    const struct attrs *attrs;

    declare.myids = myids;
    assert_int_equal(graph_build(&declare, scene.arena, &graph), 0);
    input.graph = graph;
    attrs = diff_see(&input, restype_of_address(address), address, scene.arena, note);
    graph_deinit(graph);
    return attrs;
}

static void stand(const char *text)
{
    scene_spec(&scene, "a.yaml", text);
    scene_stand(&scene, "before.yaml", text);
}

static void the_world_counts_more_than_the_state(void **state)
{
    const char *note;

    (void)state;
    stand(scene_site);
    assert_ptr_equal(see(node, &note), &scene_fact(&scene, node)->attrs);
    assert_null(note);
    scene_gone(&scene, node);
    assert_null(see(node, &note));
    assert_null(note);
}

static void an_unreachable_host_is_described_by_the_state(void **state)
{
    const char *note;

    (void)state;
    stand(scene_site);
    scene_unreachable(&scene, "h1");
    assert_ptr_equal(see(node, &note), &scene_recorded(&scene, node)->attrs);
    assert_string_equal(note, "host unreachable: taken from the state");
}

static void what_neither_knows_is_absent(void **state)
{
    const char *note;

    (void)state;
    stand(scene_site);
    scene_unreachable(&scene, "h1");
    scene_forget_all(&scene);
    assert_null(see(node, &note));
    assert_string_equal(note, "host unreachable: taken as absent");
}

static void the_facts_own_note_is_shown(void **state)
{
    const char *note;

    (void)state;
    stand(scene_site);
    scene_unknown(&scene, node);
    scene_fact(&scene, node)->note = "run directory unreadable";
    assert_non_null(see(node, &note));
    assert_string_equal(note, "run directory unreadable: taken from the state");
}

static void a_silent_managed_ensemble_counts_as_empty(void **state)
{
    const char *note;

    (void)state;
    stand(scene_site);
    scene_zookeeper_down(&scene);
    assert_null(see(cloud, &note));
    assert_string_equal(note, "ZooKeeper not readable: taken as absent");
}

static void a_silent_external_ensemble_is_described_by_the_state(void **state)
{
    const char *note;

    (void)state;
    stand(scene_external);
    scene_zookeeper_down(&scene);
    assert_ptr_equal(see(cloud, &note), &scene_recorded(&scene, cloud)->attrs);
    assert_string_equal(note, "ZooKeeper not readable: taken from the state");
}

static void a_managed_ensemble_is_described_by_the_state_when_offline(void **state)
{
    const char *note;

    (void)state;
    stand(scene_site);
    scene_zookeeper_down(&scene);
    scene.world.is_offline = true;
    assert_non_null(see(cloud, &note));
    assert_null(note);
}

static void an_ensemble_that_was_never_there_is_nothing_to_remark(void **state)
{
    const char *note;

    (void)state;
    scene_spec(&scene, "a.yaml", scene_site);
    scene_unknown(&scene, cloud);
    assert_null(see(cloud, &note));
    assert_null(note);
}

static void an_uncertain_record_is_not_trusted(void **state)
{
    const char *note;

    (void)state;
    stand(scene_site);
    scene_unknown(&scene, node);
    scene_recorded(&scene, node)->is_uncertain = true;
    scene_recorded(&scene, node)->uncertain_op = "start";
    assert_null(see(node, &note));
    assert_string_equal(note, "an interrupted start left it uncertain");
}

static void an_uncertain_record_is_not_trusted_as_a_fact_either(void **state)
{
    const char *note;

    (void)state;
    stand(scene_site);
    scene_fact(&scene, node)->said_by = WITNESS_STATE;
    scene_recorded(&scene, node)->is_uncertain = true;
    assert_null(see(node, &note));
    assert_string_equal(note, "an interrupted step left it uncertain");
}

static void the_world_settles_what_an_interrupted_step_left(void **state)
{
    const char *note;

    (void)state;
    stand(scene_site);
    scene_recorded(&scene, node)->is_uncertain = true;
    assert_non_null(see(node, &note));
    assert_null(note);
}

static void what_is_not_wanted_is_never_absent_only_because_nobody_looked(void **state)
{
    const char *note;

    (void)state;
    stand(scene_site);
    scene_spec(&scene, "a.yaml", scene_edit(&scene, scene_site, "alpha:", "other:"));
    scene_zookeeper_down(&scene);
    scene_unknown(&scene, node);
    scene_recorded(&scene, node)->is_uncertain = true;
    assert_non_null(see(cloud, &note));
    assert_non_null(see(node, &note));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_world_counts_more_than_the_state, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unreachable_host_is_described_by_the_state, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_neither_knows_is_absent, setup, teardown),
        cmocka_unit_test_setup_teardown(the_facts_own_note_is_shown, setup, teardown),
        cmocka_unit_test_setup_teardown(a_silent_managed_ensemble_counts_as_empty, setup, teardown),
        cmocka_unit_test_setup_teardown(a_silent_external_ensemble_is_described_by_the_state, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_managed_ensemble_is_described_by_the_state_when_offline,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(an_ensemble_that_was_never_there_is_nothing_to_remark,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(an_uncertain_record_is_not_trusted, setup, teardown),
        cmocka_unit_test_setup_teardown(an_uncertain_record_is_not_trusted_as_a_fact_either, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_world_settles_what_an_interrupted_step_left, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            what_is_not_wanted_is_never_absent_only_because_nobody_looked, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
