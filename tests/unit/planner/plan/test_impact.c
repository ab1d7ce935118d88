#include "planner/plan/costs.h"
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

static const struct plan_impact *impact_of(const char *cloud)
{
    vec_each(impact, &scene.plan->impacts)
        if (!strcmp(impact->cloud, cloud))
            return impact;
    return NULL;
}

static void assert_between(double value, double low, double high)
{
    if (value < low || value > high)
        fail_msg("%f is not between %f and %f", value, low, high);
}

static void a_new_cloud_moves_no_keys(void **state)
{
    (void)state;
    scene_spec(&scene, "a.yaml", scene_external);
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene.plan->impacts.count, 2);
    assert_true(impact_of("alpha")->keys_moved == 0);
}

static void a_node_more_takes_its_share_of_the_keys(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml",
                scene_edit(&scene, scene_site, "- { hosts: [h1, h2, h3]", "- { hosts: [h1, h2]"));
    scene_spec(&scene, "a.yaml", scene_site);
    assert_int_equal(scene_plan(&scene), 0);
    assert_between(impact_of("alpha")->keys_moved, 0.25, 0.42);
}

static void a_removed_cloud_loses_all_its_keys(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml",
               scene_edit(&scene, scene_external,
                          "  beta:\n    package: arcus\n    nodes: [{ hosts: [h2], ports: [11212] "
                          "}]\n",
                          ""));
    scene_set_fact(&scene, "node/beta/10.0.0.2:11212", "live.items", "17");
    assert_int_equal(scene_plan(&scene), 0);
    assert_true(impact_of("beta")->keys_moved == 1);
    assert_int_equal(impact_of("beta")->items_dropped, 17);
    assert_null(impact_of("alpha"));
}

static void items_add_up_and_an_unknown_one_makes_the_sum_unknown(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", scene_edit(&scene, scene_site, "threads: 6", "threads: 4"));
    scene_set_fact(&scene, "node/alpha/10.0.0.1:11211", "live.items", "1");
    scene_set_fact(&scene, "node/alpha/10.0.0.2:11211", "live.items", "20");
    scene_set_fact(&scene, "node/alpha/10.0.0.3:11211", "live.items", "300");
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(impact_of("alpha")->items_dropped, 321);
    scene_set_fact(&scene, "node/alpha/10.0.0.2:11211", "live.items", NULL);
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(impact_of("alpha")->items_dropped, -1);
}

static void a_release_counts_for_every_cloud_that_runs_from_it(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml", scene_external);
    scene_set_fact(&scene, "package/arcus", "bytes", "100");
    scene_gone(&scene, "release/h1/arcus");
    scene_gone(&scene, "release/h2/arcus");
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(impact_of("alpha")->bytes_to_send, 200);
    assert_int_equal(impact_of("beta")->bytes_to_send, 100);
}

static void nothing_to_do_has_no_impact(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml", scene_external);
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene.plan->impacts.count, 0);
}

static void a_registration_that_is_left_out_moves_nothing(void **state)
{
    const char *const exclude = "cloud/alpha";

    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml", scene_edit(&scene, scene_external, "[h1, h2]", "[h2]"));
    scene_pattern(&scene.options.excludes, &exclude);
    assert_int_equal(scene_plan(&scene), 0);
    assert_true(impact_of("alpha")->keys_moved == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_cloud_moves_no_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(a_node_more_takes_its_share_of_the_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(a_removed_cloud_loses_all_its_keys, setup, teardown),
        cmocka_unit_test_setup_teardown(items_add_up_and_an_unknown_one_makes_the_sum_unknown,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_release_counts_for_every_cloud_that_runs_from_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(nothing_to_do_has_no_impact, setup, teardown),
        cmocka_unit_test_setup_teardown(a_registration_that_is_left_out_moves_nothing, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
