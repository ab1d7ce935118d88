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

static const char first[] = "node/alpha/10.0.0.1:11211";
static const char second[] = "node/alpha/10.0.0.2:11211";

static void a_target_takes_along_what_it_needs(void **state)
{
    const char *const target = first;

    (void)state;
    scene_spec(&scene, "a.yaml", scene_site);
    scene_pattern(&scene.options.targets, &target);
    assert_int_equal(scene_plan(&scene), 0);
    assert_non_null(scene_step(&scene, first));
    assert_non_null(scene_step(&scene, "package/arcus"));
    assert_non_null(scene_step(&scene, "release/h1/arcus"));
    assert_non_null(scene_step(&scene, "cloud/alpha"));
    assert_non_null(scene_step(&scene, "znode/arcus"));
    assert_non_null(scene_step(&scene, "zk_config/h3"));
    assert_null(scene_step(&scene, second));
    assert_null(scene_step(&scene, "release/h2/arcus"));
    assert_int_equal(scene.plan->left_out, 4);
}

static void a_target_without_changes_makes_an_empty_plan(void **state)
{
    const char *const target = first;

    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", scene_site);
    scene_set_fact(&scene, second, "set.threads", "1");
    scene_pattern(&scene.options.targets, &target);
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene.plan->steps.count, 0);
    assert_int_equal(scene.plan->left_out, 1);
}

static void a_targeted_restart_does_not_pull_the_others_along(void **state)
{
    const char *const target = second;

    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", scene_edit(&scene, scene_site, "threads: 6", "threads: 4"));
    scene_pattern(&scene.options.targets, &target);
    assert_int_equal(scene_plan(&scene), 0);
    assert_non_null(scene_step(&scene, "cloud/alpha"));
    assert_non_null(scene_step(&scene, second));
    assert_int_equal(scene.plan->steps.count, 2);
}

static void a_targeted_removal_takes_along_the_stops_before_it(void **state)
{
    const char *const target = "cloud/beta";

    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml",
               scene_edit(&scene, scene_external,
                          "  beta:\n    package: arcus\n    nodes: [{ hosts: [h2], ports: [11212] "
                          "}]\n",
                          ""));
    scene_pattern(&scene.options.targets, &target);
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene.plan->steps.count, 2);
    assert_true(scene_needs(&scene, "cloud/beta", "node/beta/10.0.0.2:11212"));
}

static void a_targeted_removal_does_not_take_along_what_it_only_comes_after(void **state)
{
    const char *const target = "zk_server/h3";

    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(
        &scene, "a.yaml",
        scene_edit(&scene, scene_site, "hosts: [h1, h2, h3]\n  home", "hosts: [h1, h2]\n  home"));
    scene_pattern(&scene.options.targets, &target);
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene.plan->steps.count, 1);
    assert_int_equal(scene_step(&scene, target)->op, OP_ZK_STOP);
}

static void what_needs_an_excluded_one_is_left_out_too(void **state)
{
    const char *const exclude = "release/h1/*";

    (void)state;
    scene_spec(&scene, "a.yaml", scene_site);
    scene_pattern(&scene.options.excludes, &exclude);
    assert_int_equal(scene_plan(&scene), 0);
    assert_null(scene_step(&scene, "release/h1/arcus"));
    assert_null(scene_step(&scene, first));
    assert_non_null(scene_step(&scene, second));
    assert_int_equal(scene.plan->left_out, 2);
}

static void excluding_a_server_leaves_what_only_comes_after_it(void **state)
{
    const char *const exclude = "zk_server/h3";

    (void)state;
    scene_spec(&scene, "a.yaml", scene_site);
    scene_pattern(&scene.options.excludes, &exclude);
    assert_int_equal(scene_plan(&scene), 0);
    assert_non_null(scene_step(&scene, "znode/arcus"));
    assert_non_null(scene_step(&scene, first));
    assert_int_equal(scene.plan->left_out, 1);
}

static void excluding_everything_leaves_nothing(void **state)
{
    const char *const exclude = "package/*";

    (void)state;
    scene_spec(&scene, "a.yaml", scene_edit(&scene, scene_external, "", ""));
    scene_pattern(&scene.options.excludes, &exclude);
    assert_int_equal(scene_plan(&scene), 0);
    assert_null(scene_step(&scene, first));
    assert_non_null(scene_step(&scene, "cloud/alpha"));
}

static void an_exclude_wins_over_a_target(void **state)
{
    const char *const target = "cloud/*";
    const char *const exclude = "cloud/beta";

    (void)state;
    scene_spec(&scene, "a.yaml", scene_external);
    scene_pattern(&scene.options.targets, &target);
    scene_pattern(&scene.options.excludes, &exclude);
    assert_int_equal(scene_plan(&scene), 0);
    assert_non_null(scene_step(&scene, "cloud/alpha"));
    assert_null(scene_step(&scene, "cloud/beta"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_target_takes_along_what_it_needs, setup, teardown),
        cmocka_unit_test_setup_teardown(a_target_without_changes_makes_an_empty_plan, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_targeted_restart_does_not_pull_the_others_along, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_targeted_removal_takes_along_the_stops_before_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            a_targeted_removal_does_not_take_along_what_it_only_comes_after, setup, teardown),
        cmocka_unit_test_setup_teardown(what_needs_an_excluded_one_is_left_out_too, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(excluding_a_server_leaves_what_only_comes_after_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(excluding_everything_leaves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(an_exclude_wins_over_a_target, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
