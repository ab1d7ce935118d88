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

static const char node[] = "node/alpha/10.0.0.1:11211";

static void a_deploy_sends_the_archive(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", scene_site);
    scene_set_fact(&scene, "package/arcus", "bytes", "5251234");
    scene_gone(&scene, "release/h2/arcus");
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene_step(&scene, "release/h2/arcus")->bytes_to_send, 5251234);
    assert_int_equal(scene_step(&scene, "release/h2/arcus")->items_dropped, 0);
}

static void an_archive_that_is_not_built_has_no_known_size(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", scene_site);
    scene_set_fact(&scene, "package/arcus", "bytes", "5251234");
    scene_set_fact(&scene, "package/arcus", "build", "inputs changed: a.c");
    scene_set_fact(&scene, "package/arcus", "digest", NULL);
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene_step(&scene, "release/h2/arcus")->bytes_to_send, -1);
}

static void an_archive_whose_contents_are_known_has_its_size_before_it_is_packed(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", scene_site);
    scene_set_fact(&scene, "package/arcus", "bytes", "77");
    scene_set_fact(&scene, "package/arcus", "build", "not packed");
    scene_gone(&scene, "release/h2/arcus");
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene_step(&scene, "release/h2/arcus")->bytes_to_send, 77);
}

static void a_restart_drops_what_the_node_holds(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", scene_site);
    scene_set_fact(&scene, node, "live.items", "120304");
    scene_set_fact(&scene, node, "set.threads", "1");
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene_step(&scene, node)->items_dropped, 120304);
    assert_int_equal(scene_step(&scene, node)->bytes_to_send, 0);
}

static void what_a_node_holds_may_be_unknown_or_nonsense(void **state)
{
    static const char *const odd[] = {NULL, "", "-5", "many", "12 "};

    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", scene_site);
    scene_set_fact(&scene, node, "set.threads", "1");
    for (size_t i = 0; i < sizeof(odd) / sizeof(*odd); i++) {
        scene_set_fact(&scene, node, "live.items", odd[i]);
        assert_int_equal(scene_plan(&scene), 0);
        assert_int_equal(scene_step(&scene, node)->items_dropped, -1);
    }
}

static void starting_and_tuning_drop_nothing(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", scene_site);
    scene_set_fact(&scene, node, "live.items", "5");
    scene_set_fact(&scene, node, "set.memlimit", "1");
    scene_gone(&scene, "node/alpha/10.0.0.2:11211");
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene_step(&scene, node)->items_dropped, 0);
    assert_int_equal(scene_step(&scene, "node/alpha/10.0.0.2:11211")->items_dropped, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_deploy_sends_the_archive, setup, teardown),
        cmocka_unit_test_setup_teardown(an_archive_that_is_not_built_has_no_known_size, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(
            an_archive_whose_contents_are_known_has_its_size_before_it_is_packed, setup, teardown),
        cmocka_unit_test_setup_teardown(a_restart_drops_what_the_node_holds, setup, teardown),
        cmocka_unit_test_setup_teardown(what_a_node_holds_may_be_unknown_or_nonsense, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(starting_and_tuning_drop_nothing, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
