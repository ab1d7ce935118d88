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

static void plan_from(const char *before, const char *after)
{
    scene_stand(&scene, "before.yaml", before);
    scene_spec(&scene, "a.yaml", after);
    assert_int_equal(scene_plan(&scene), 0);
}

static const char *without_h1(void)
{
    return scene_edit(&scene, scene_site, "- { hosts: [h1, h2, h3]", "- { hosts: [h2, h3]");
}

static void a_node_stops_before_its_mapping_goes_and_its_files_after_it(void **state)
{
    (void)state;
    plan_from(scene_site, without_h1());
    assert_int_equal(scene_step(&scene, node)->op, OP_STOP);
    assert_int_equal(scene_step(&scene, "cloud/alpha")->op, OP_UNREGISTER);
    assert_int_equal(scene_step(&scene, "release/h1/arcus")->op, OP_UNDEPLOY);
    assert_true(scene_needs(&scene, "cloud/alpha", node));
    assert_true(scene_needs(&scene, "release/h1/arcus", node));
}

static void a_cloud_that_loses_and_gains_nodes_is_registered_once(void **state)
{
    (void)state;
    plan_from(without_h1(),
              scene_edit(&scene, scene_site, "- { hosts: [h1, h2, h3]", "- { hosts: [h1, h2]"));
    assert_int_equal(scene_step(&scene, "cloud/alpha")->op, OP_REGISTER);
    assert_true(scene_needs(&scene, "cloud/alpha", "node/alpha/10.0.0.3:11211"));
    assert_true(scene_needs(&scene, node, "cloud/alpha"));
}

static void a_stop_on_an_unreachable_host_holds_up_no_one_else(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", without_h1());
    scene_unreachable(&scene, "h1");
    assert_int_equal(scene_plan(&scene), 0);
    assert_false(scene_needs(&scene, "cloud/alpha", node));
    assert_true(scene_comes_after(&scene, "cloud/alpha", node));
    assert_true(scene_needs(&scene, "release/h1/arcus", node));
}

static void a_destroyed_site_ends_with_its_servers_and_files(void **state)
{
    (void)state;
    scene.options.intent = PLAN_DESTROY;
    plan_from(scene_site, scene_site);
    assert_true(scene_needs(&scene, "cloud/alpha", node));
    assert_true(scene_needs(&scene, "zk_server/h2", "cloud/alpha"));
    assert_true(scene_needs(&scene, "zk_config/h2", "zk_server/h2"));
    assert_true(scene_needs(&scene, "release/h1/arcus", node));
    assert_true(scene_needs(&scene, "release/h1/arcus", "zk_server/h1"));
}

static void servers_that_leave_an_ensemble_go_before_the_others_restart(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(
        &scene, "a.yaml",
        scene_edit(&scene, scene_site, "hosts: [h1, h2, h3]\n  home", "hosts: [h1]\n  home"));
    scene_set_fact(&scene, "zk_server/h2", "live.mode", "leader");
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene_step(&scene, "zk_server/h3")->op, OP_ZK_STOP);
    assert_true(scene_comes_after(&scene, "zk_server/h2", "zk_server/h3"));
    assert_int_equal(scene_step(&scene, "zk_server/h1")->op, OP_ZK_RESTART);
    assert_true(scene_comes_after(&scene, "zk_server/h1", "zk_server/h2"));
    assert_true(scene_comes_after(&scene, "zk_server/h1", "zk_server/h3"));
    assert_true(scene_comes_after(&scene, node, "zk_server/h1"));
    assert_false(scene_comes_after(&scene, "zk_server/h3", node));
}

static const char alpha_both[] = "nodes: [{ hosts: [h1, h2], ports: [11211] }]";

static void a_node_moves_to_another_cloud_in_one_plan(void **state)
{
    const char *after =
        scene_edit(&scene, scene_external, alpha_both, "nodes: [{ hosts: [h1], ports: [11211] }]");

    (void)state;
    after = scene_edit(&scene, after, "ports: [11212]", "ports: [11211, 11212]");
    plan_from(scene_external, after);
    assert_true(scene_needs(&scene, "cloud/alpha", "node/alpha/10.0.0.2:11211"));
    assert_true(scene_needs(&scene, "cloud/beta", "cloud/alpha"));
    assert_true(scene_needs(&scene, "node/beta/10.0.0.2:11211", "node/alpha/10.0.0.2:11211"));
    assert_true(scene_needs(&scene, "node/beta/10.0.0.2:11211", "cloud/alpha"));
}

static void clouds_may_swap_nodes(void **state)
{
    const char *after = scene_edit(&scene, scene_external, alpha_both,
                                   "nodes: [{ hosts: [h1], ports: [11211] }, "
                                   "{ hosts: [h2], ports: [11212] }]");

    (void)state;
    after = scene_edit(&scene, after, "nodes: [{ hosts: [h2], ports: [11212] }]",
                       "nodes: [{ hosts: [h2], ports: [11211] }]");
    plan_from(scene_external, after);
    assert_false(scene_needs(&scene, "cloud/beta", "cloud/alpha"));
    assert_false(scene_needs(&scene, "cloud/alpha", "cloud/beta"));
    assert_true(scene_needs(&scene, "node/beta/10.0.0.2:11211", "cloud/alpha"));
    assert_true(scene_needs(&scene, "node/alpha/10.0.0.2:11212", "cloud/beta"));
}

static void an_old_release_goes_when_the_node_runs_from_the_new_one(void **state)
{
    const char *after = scene_edit(&scene, scene_external, "clouds:\n", "clouds:\n");

    (void)state;
    after = scene_edit(&scene, after, "packages:\n",
                       "packages:\n  other: { version: \"1\", directory: d, install_dir: /o }\n");
    after = scene_edit(&scene, after, "alpha:\n    package: arcus", "alpha:\n    package: other");
    plan_from(scene_external, after);
    assert_int_equal(scene_step(&scene, node)->op, OP_RESTART);
    assert_true(scene_needs(&scene, node, "release/h1/other"));
    assert_true(scene_needs(&scene, "release/h1/arcus", node));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_node_stops_before_its_mapping_goes_and_its_files_after_it,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_cloud_that_loses_and_gains_nodes_is_registered_once,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_stop_on_an_unreachable_host_holds_up_no_one_else, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_destroyed_site_ends_with_its_servers_and_files, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(servers_that_leave_an_ensemble_go_before_the_others_restart,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_node_moves_to_another_cloud_in_one_plan, setup, teardown),
        cmocka_unit_test_setup_teardown(clouds_may_swap_nodes, setup, teardown),
        cmocka_unit_test_setup_teardown(an_old_release_goes_when_the_node_runs_from_the_new_one,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
