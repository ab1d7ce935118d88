#include "planner/plan/world_of_spec.h"
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

static void a_spec_agrees_with_its_own_world(void **state)
{
    (void)state;
    scene_spec(&scene, "a.yaml", scene_site);
    assert_int_equal(world_of_spec(scene.spec, scene.diags, &scene.world), 0);
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene.plan->steps.count, 0);
    assert_int_equal(scene.world.hosts.count, 3);
    assert_true(scene.world.zookeeper.is_connected);
}

static void each_fact_has_its_witness(void **state)
{
    (void)state;
    scene_spec(&scene, "a.yaml", scene_site);
    assert_int_equal(world_of_spec(scene.spec, scene.diags, &scene.world), 0);
    assert_int_equal(scene_fact(&scene, "package/arcus")->said_by, WITNESS_LOCAL);
    assert_int_equal(scene_fact(&scene, "cloud/alpha")->said_by, WITNESS_ZOOKEEPER);
    assert_int_equal(scene_fact(&scene, "zk_server/h1")->said_by, WITNESS_HOST);
}

static void a_changed_version_is_a_changed_digest(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml", scene_edit(&scene, scene_external, "1.0", "1.1"));
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene_step(&scene, "package/arcus")->op, OP_BUILD);
}

static void specs_can_be_compared_without_a_state(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_forget_all(&scene);
    scene_spec(&scene, "a.yaml", scene_edit(&scene, scene_external, "[11212]", "[11212, 11213]"));
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene.plan->steps.count, 2);
    assert_non_null(scene_step(&scene, "node/beta/10.0.0.2:11213"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_spec_agrees_with_its_own_world, setup, teardown),
        cmocka_unit_test_setup_teardown(each_fact_has_its_witness, setup, teardown),
        cmocka_unit_test_setup_teardown(a_changed_version_is_a_changed_digest, setup, teardown),
        cmocka_unit_test_setup_teardown(specs_can_be_compared_without_a_state, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
