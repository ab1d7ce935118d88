#include "planner/plan/protect.h"
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

static const char *protected_site(void)
{
    return scene_edit(&scene, scene_external, "  beta:\n    package: arcus\n",
                      "  beta:\n    package: arcus\n    prevent_destroy: true\n");
}

static const char *without_beta(void)
{
    return scene_edit(&scene, scene_external,
                      "  beta:\n    package: arcus\n    nodes: [{ hosts: [h2], ports: [11212] }]\n",
                      "");
}

static void assert_prevented(void)
{
    assert_int_equal(scene_plan(&scene), -1);
    assert_null(scene.plan);
    assert_int_equal(diags_count_errors(scene.diags), 1);
    assert_non_null(strstr(scene_errors(&scene), "error[E0703]: cloud/beta would be destroyed"));
}

static void the_state_remembers_what_the_spec_protected(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", protected_site());
    scene_spec(&scene, "a.yaml", without_beta());
    assert_prevented();
}

static void protection_is_lifted_by_name(void **state)
{
    const char *const allowed = "cloud/beta";

    (void)state;
    scene_stand(&scene, "before.yaml", protected_site());
    scene_spec(&scene, "a.yaml", without_beta());
    scene_pattern(&scene.options.allow_destroy, &allowed);
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene_step(&scene, "cloud/beta")->op, OP_UNREGISTER);
}

static void a_spec_is_protected_from_being_destroyed_even_without_its_state(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", protected_site());
    scene_spec(&scene, "a.yaml", protected_site());
    scene_forget_all(&scene);
    scene.options.intent = PLAN_DESTROY;
    assert_prevented();
}

static void stopping_the_nodes_alone_is_destroying_too(void **state)
{
    const char *const target = "node/beta/*";

    (void)state;
    scene_stand(&scene, "before.yaml", protected_site());
    scene_spec(&scene, "a.yaml", without_beta());
    scene_pattern(&scene.options.targets, &target);
    assert_prevented();
}

static void losing_sight_of_zookeeper_does_not_disarm_it(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", protected_site());
    scene_spec(&scene, "a.yaml", without_beta());
    scene_zookeeper_down(&scene);
    assert_prevented();
}

static void removing_a_node_of_a_protected_cloud_is_allowed(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml",
                scene_edit(&scene, protected_site(), "[11212]", "[11212, 11213]"));
    scene_spec(&scene, "a.yaml", protected_site());
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene_step(&scene, "node/beta/10.0.0.2:11213")->op, OP_STOP);
}

static void stopping_a_protected_cloud_by_hand_is_allowed(void **state)
{
    const char *const target = "node/beta/*";

    (void)state;
    scene_stand(&scene, "before.yaml", protected_site());
    scene_spec(&scene, "a.yaml", protected_site());
    scene_pattern(&scene.options.targets, &target);
    scene.options.intent = PLAN_STOP;
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene.plan->steps.count, 1);
}

static void an_unprotected_cloud_goes_without_a_word(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml", without_beta());
    assert_int_equal(scene_plan(&scene), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_state_remembers_what_the_spec_protected, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(protection_is_lifted_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_spec_is_protected_from_being_destroyed_even_without_its_state, setup, teardown),
        cmocka_unit_test_setup_teardown(stopping_the_nodes_alone_is_destroying_too, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(losing_sight_of_zookeeper_does_not_disarm_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(removing_a_node_of_a_protected_cloud_is_allowed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(stopping_a_protected_cloud_by_hand_is_allowed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_unprotected_cloud_goes_without_a_word, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
