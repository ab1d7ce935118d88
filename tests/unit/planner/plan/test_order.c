#include "planner/plan/builder.h"
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

static const struct step *step(size_t i)
{
    return scene.plan->steps.items[i];
}

static void every_need_has_a_smaller_number(void **state)
{
    const char *const texts[] = {scene_site, scene_external};

    (void)state;
    for (size_t t = 0; t < 2; t++) {
        scene_spec(&scene, "a.yaml", texts[t]);
        assert_int_equal(scene_plan(&scene), 0);
        for (size_t i = 0; i < scene.plan->steps.count; i++) {
            assert_int_equal(step(i)->id, i + 1);
            vec_each(id, &step(i)->needs)
                assert_true(*id < step(i)->id);
            vec_each(id, &step(i)->after)
                assert_true(*id < step(i)->id);
        }
    }
}

static void steps_stand_in_natural_order(void **state)
{
    (void)state;
    scene_spec(&scene, "a.yaml", scene_site);
    assert_int_equal(scene_plan(&scene), 0);
    for (size_t i = 1; i < scene.plan->steps.count; i++)
        assert_true(step(i - 1)->op <= step(i)->op);
}

static void needs_are_listed_in_ascending_order(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", scene_site);
    scene.options.intent = PLAN_DESTROY;
    assert_int_equal(scene_plan(&scene), 0);
    vec_each(each, &scene.plan->steps)
        for (size_t i = 1; i < (*each)->needs.count; i++)
            assert_true((*each)->needs.items[i - 1] < (*each)->needs.items[i]);
}

static void steps_that_wait_for_each_other_are_named(void **state)
{
    struct plan plan = {0};
    struct diff_input input = {.options = &scene.options};
    struct builder builder;
    struct item *a;
    struct item *b;
    const char *errors;

    (void)state;
    scene_spec(&scene, "a.yaml", scene_external);
    assert_int_equal(scene_plan(&scene), 0);
    plan.diff = scene.plan->diff;
    input.spec = scene.spec;
    builder_init(&builder, &input, &plan, scene.arena);
    a = builder_find(&builder, "cloud/alpha");
    b = builder_find(&builder, "cloud/beta");
    item_wait(&builder, a, b, DEPENDENCY_NEEDS, false);
    item_wait(&builder, b, a, DEPENDENCY_AFTER, false);
    assert_int_equal(builder_order(&builder, scene.diags), -1);
    errors = scene_errors(&scene);
    assert_non_null(strstr(errors, "error[E0704]: the step for cloud/alpha waits for itself"));
    assert_non_null(strstr(errors, "by way of cloud/beta"));
    builder_deinit(&builder);
}

static void a_large_plan_is_ordered_in_reasonable_time(void **state)
{
    const char *text = scene_edit(&scene, scene_external, "ports: [11212]", "ports: [20000-24000]");

    (void)state;
    scene_stand(&scene, "before.yaml", text);
    scene_spec(&scene, "a.yaml",
               scene_edit(&scene, text, "  beta:\n    package: arcus\n",
                          "  beta:\n    package: arcus\n"
                          "    config: { threads: 9 }\n"));
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene.plan->summary.restart, 4001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_need_has_a_smaller_number, setup, teardown),
        cmocka_unit_test_setup_teardown(steps_stand_in_natural_order, setup, teardown),
        cmocka_unit_test_setup_teardown(needs_are_listed_in_ascending_order, setup, teardown),
        cmocka_unit_test_setup_teardown(steps_that_wait_for_each_other_are_named, setup, teardown),
        cmocka_unit_test_setup_teardown(a_large_plan_is_ordered_in_reasonable_time, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
