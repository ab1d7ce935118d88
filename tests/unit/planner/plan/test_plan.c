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

static void a_fresh_site_is_planned_completely(void **state)
{
    (void)state;
    scene_spec(&scene, "a.yaml", scene_site);
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene.plan->steps.count, 1 + 3 + 3 + 3 + 1 + 1 + 3);
    assert_int_equal(scene.plan->summary.create, 15);
    assert_int_equal(scene.plan->summary.steps, 15);
    assert_int_equal(scene.plan->summary.unchanged, 0);
    assert_ptr_equal(scene.plan->spec, scene.spec);
    assert_ptr_equal(scene.plan->world, &scene.world);
}

static void a_site_that_agrees_has_an_empty_plan(void **state)
{
    const char *const texts[] = {scene_site, scene_external};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        scene_deinit(&scene);
        scene_init(&scene);
        scene_stand(&scene, "before.yaml", texts[i]);
        scene_spec(&scene, "a.yaml", texts[i]);
        assert_int_equal(scene_plan(&scene), 0);
        assert_int_equal(scene.plan->steps.count, 0);
        assert_int_equal(scene.plan->summary.unchanged, scene.world.facts.count);
    }
}

static void the_same_input_gives_the_same_plan(void **state)
{
    const char *first;

    (void)state;
    scene_spec(&scene, "a.yaml", scene_site);
    assert_int_equal(scene_plan(&scene), 0);
    first = scene_text(&scene);
    assert_int_equal(scene_plan(&scene), 0);
    assert_string_equal(scene_text(&scene), first);
}

static void the_order_of_discovery_does_not_matter(void **state)
{
    const char *first;
    struct fact *swapped;

    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml", scene_site);
    assert_int_equal(scene_plan(&scene), 0);
    first = scene_text(&scene);
    swapped = scene.world.facts.items[0];
    scene.world.facts.items[0] = scene.world.facts.items[2];
    scene.world.facts.items[2] = swapped;
    assert_int_equal(scene_plan(&scene), 0);
    assert_string_equal(scene_text(&scene), first);
}

static void verbs_are_counted(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml", scene_external);
    scene_set_fact(&scene, "node/alpha/10.0.0.1:11211", "set.threads", "1");
    scene_set_fact(&scene, "node/alpha/10.0.0.2:11211", "set.memlimit", "1");
    scene_gone(&scene, "node/beta/10.0.0.2:11212");
    scene_recorded(&scene, "node/alpha/10.0.0.1:999")->host = "h1";
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene.plan->summary.restart, 1);
    assert_int_equal(scene.plan->summary.update, 1);
    assert_int_equal(scene.plan->summary.create, 1);
    assert_int_equal(scene.plan->summary.delete, 1);
    assert_int_equal(scene.plan->summary.steps, 4);
    assert_int_equal(scene.plan->summary.unchanged, 6);
}

static void a_conflict_of_myids_stops_the_plan(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", scene_site);
    scene_set_fact(&scene, "zk_config/h2", "myid", "1");
    assert_int_equal(scene_plan(&scene), -1);
    assert_null(scene.plan);
    assert_non_null(strstr(scene_errors(&scene), "E0506"));
}

static void a_target_that_matches_nothing_stops_the_plan(void **state)
{
    const char *const target = "node/gamma/*";

    (void)state;
    scene_spec(&scene, "a.yaml", scene_external);
    scene_pattern(&scene.options.targets, &target);
    assert_int_equal(scene_plan(&scene), -1);
    assert_non_null(strstr(scene_errors(&scene), "E0705"));
}

static void an_empty_spec_with_nothing_recorded_has_nothing_to_do(void **state)
{
    (void)state;
    scene_spec(&scene, "a.yaml", "arcusplan: 1\n");
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene.plan->steps.count, 0);
}

static void a_whole_site_at_new_addresses_is_built_anew(void **state)
{
    const char *after = scene_edit(&scene, scene_site, "10.0.0.1 ", "10.1.0.1 ");

    (void)state;
    after = scene_edit(&scene, after, "10.0.0.2 ", "10.1.0.2 ");
    after = scene_edit(&scene, after, "10.0.0.3 ", "10.1.0.3 ");
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", after);
    vec_each(fact, &scene.world.facts)
        if ((*fact)->said_by != WITNESS_LOCAL)
            scene_gone(&scene, (*fact)->address);
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene.plan->summary.create, 14);
    assert_int_equal(scene.plan->summary.delete, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_fresh_site_is_planned_completely, setup, teardown),
        cmocka_unit_test_setup_teardown(a_site_that_agrees_has_an_empty_plan, setup, teardown),
        cmocka_unit_test_setup_teardown(the_same_input_gives_the_same_plan, setup, teardown),
        cmocka_unit_test_setup_teardown(the_order_of_discovery_does_not_matter, setup, teardown),
        cmocka_unit_test_setup_teardown(verbs_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(a_conflict_of_myids_stops_the_plan, setup, teardown),
        cmocka_unit_test_setup_teardown(a_target_that_matches_nothing_stops_the_plan, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_empty_spec_with_nothing_recorded_has_nothing_to_do,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_whole_site_at_new_addresses_is_built_anew, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
