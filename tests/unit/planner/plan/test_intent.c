#include "planner/plan/intent.h"
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

static const char down[] = "node/alpha/10.0.0.1:11211";
static const char up[] = "node/alpha/10.0.0.2:11211";

/* One node is down, another has an old setting, and the release of a third is missing. */
static void plan_by_hand(enum plan_intent intent, const char *const *target)
{
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", scene_edit(&scene, scene_site, "threads: 6", "threads: 4"));
    scene_gone(&scene, down);
    scene_gone(&scene, "release/h3/arcus");
    scene.options.intent = intent;
    scene_pattern(&scene.options.targets, target);
    assert_int_equal(scene_plan(&scene), 0);
}

static void stopping_stops_what_runs_and_nothing_else(void **state)
{
    const char *const target = "node/*";

    (void)state;
    plan_by_hand(PLAN_STOP, &target);
    assert_int_equal(scene.plan->steps.count, 2);
    assert_null(scene_step(&scene, down));
    assert_int_equal(scene_step(&scene, up)->op, OP_STOP);
    assert_int_equal(scene_step(&scene, up)->change->attrs.count, 0);
}

static void starting_starts_what_is_down_and_restarts_nothing(void **state)
{
    const char *const target = "*";

    (void)state;
    plan_by_hand(PLAN_START, &target);
    assert_int_equal(scene.plan->steps.count, 1);
    assert_int_equal(scene_step(&scene, down)->op, OP_START);
}

static void restarting_restarts_what_runs_and_starts_what_is_down(void **state)
{
    const char *const target = "node/*";

    (void)state;
    plan_by_hand(PLAN_RESTART, &target);
    assert_int_equal(scene.plan->steps.count, 3);
    assert_int_equal(scene_step(&scene, down)->op, OP_START);
    assert_int_equal(scene_step(&scene, up)->op, OP_RESTART);
    assert_true(scene_step(&scene, up)->change->is_forced);
}

static void only_targets_are_touched(void **state)
{
    const char *const target = "node/alpha/10.0.0.2:*";

    (void)state;
    plan_by_hand(PLAN_RESTART, &target);
    assert_int_equal(scene.plan->steps.count, 1);
    assert_non_null(scene_step(&scene, up));
}

static void servers_of_the_ensemble_can_be_stopped_by_hand(void **state)
{
    const char *const target = "zk_server/h1";

    (void)state;
    plan_by_hand(PLAN_STOP, &target);
    assert_int_equal(scene.plan->steps.count, 1);
    assert_int_equal(scene.plan->steps.items[0]->op, OP_ZK_STOP);
}

static void what_left_the_spec_is_not_removed_by_hand(void **state)
{
    const char *const target = "node/*";

    (void)state;
    scene_recorded(&scene, "node/old/10.0.0.1:11299")->host = "h1";
    plan_by_hand(PLAN_RESTART, &target);
    assert_null(scene_step(&scene, "node/old/10.0.0.1:11299"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(stopping_stops_what_runs_and_nothing_else, setup, teardown),
        cmocka_unit_test_setup_teardown(starting_starts_what_is_down_and_restarts_nothing, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(restarting_restarts_what_runs_and_starts_what_is_down,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(only_targets_are_touched, setup, teardown),
        cmocka_unit_test_setup_teardown(servers_of_the_ensemble_can_be_stopped_by_hand, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_left_the_spec_is_not_removed_by_hand, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
