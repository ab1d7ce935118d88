#include "planner/plan/print_json.h"
#include "tests/unit/planner/plan/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
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

static json_t *json_of_plan(void)
{
    assert_int_equal(scene_plan(&scene), 0);
    return plan_to_json(scene.plan);
}

static json_t *step_of(json_t *plan, const char *resource)
{
    json_t *step;
    size_t i;

    json_array_foreach(json_object_get(plan, "steps"), i,
                       step) if (!strcmp(json_string_value(json_object_get(step, "resource")),
                                         resource)) return step;
    fail_msg("no step on %s", resource);
    return NULL;
}

static const char *text_at(json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text ? text : "(none)";
}

static int64_t number_at(json_t *object, const char *key)
{
    assert_true(json_is_integer(json_object_get(object, key)));
    return json_integer_value(json_object_get(object, key));
}

static void the_plan_has_the_documented_members(void **state)
{
    json_t *plan;
    json_t *summary;
    json_t *impact;

    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml", scene_edit(&scene, scene_external, "[h1, h2]", "[h1]"));
    scene_set_fact(&scene, "node/alpha/10.0.0.2:11211", "live.items", "12");
    plan = json_of_plan();
    summary = json_object_get(plan, "summary");
    impact = json_object_get(json_object_get(plan, "impact"), "alpha");
    assert_int_equal(number_at(plan, "format_version"), 1);
    assert_int_equal(number_at(plan, "state_serial"), 7);
    assert_string_equal(json_string_value(json_array_get(json_object_get(plan, "specs"), 0)),
                        "a.yaml");
    assert_int_equal(number_at(summary, "create"), 0);
    assert_int_equal(number_at(summary, "update"), 1);
    assert_int_equal(number_at(summary, "restart"), 0);
    assert_int_equal(number_at(summary, "delete"), 1);
    assert_int_equal(number_at(summary, "unchanged"), 7);
    assert_int_equal(number_at(summary, "steps"), 2);
    assert_true(json_real_value(json_object_get(impact, "keys_moved")) > 0.3);
    assert_int_equal(number_at(impact, "items_dropped"), 12);
    assert_int_equal(number_at(impact, "bytes_to_send"), 0);
    json_decref(plan);
}

static void a_step_has_the_documented_members(void **state)
{
    json_t *plan;
    json_t *step;
    json_t *change;
    json_t *source;

    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", scene_edit(&scene, scene_site, "threads: 6", "threads: 4"));
    plan = json_of_plan();
    step = step_of(plan, "node/alpha/10.0.0.2:11211");
    change = json_array_get(json_object_get(step, "changes"), 0);
    source = json_object_get(step, "source");
    assert_int_equal(number_at(step, "id"), 3);
    assert_string_equal(text_at(step, "op"), "restart");
    assert_string_equal(text_at(step, "verb"), "restart");
    assert_string_equal(text_at(step, "host"), "h2");
    assert_string_equal(text_at(step, "reason"), "threads 6 -> 4 (a.yaml:18:24)");
    assert_true(json_is_null(json_object_get(step, "note")));
    assert_true(json_is_null(json_object_get(step, "items_dropped")));
    assert_int_equal(json_array_size(json_object_get(step, "needs")), 2);
    assert_int_equal(json_integer_value(json_array_get(json_object_get(step, "needs"), 1)), 2);
    assert_string_equal(text_at(change, "attribute"), "set.threads");
    assert_string_equal(text_at(change, "old"), "6");
    assert_string_equal(text_at(change, "new"), "4");
    assert_null(json_object_get(change, "computed"));
    assert_string_equal(text_at(source, "file"), "a.yaml");
    assert_int_equal(number_at(source, "line"), 18);
    assert_int_equal(number_at(source, "column"), 24);
    json_decref(plan);
}

static void what_there_is_none_of_is_null(void **state)
{
    json_t *plan;
    json_t *step;

    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml", scene_edit(&scene, scene_external, "[h1, h2]", "[h1]"));
    plan = json_of_plan();
    step = step_of(plan, "node/alpha/10.0.0.2:11211");
    assert_true(json_is_null(json_object_get(step, "source")));
    assert_true(json_is_null(json_object_get(step_of(plan, "cloud/alpha"), "host")));
    json_decref(plan);
}

static void a_value_known_only_after_the_build_is_computed(void **state)
{
    json_t *plan;
    json_t *changes;
    json_t *change;
    bool was_found = false;
    size_t i;

    (void)state;
    scene_spec(&scene, "a.yaml", scene_external);
    plan = json_of_plan();
    changes = json_object_get(step_of(plan, "release/h1/arcus"), "changes");
    json_array_foreach(changes, i, change)
    {
        if (strcmp(text_at(change, "attribute"), "digest"))
            continue;
        was_found = true;
        assert_true(json_is_true(json_object_get(change, "computed")));
        assert_true(json_is_null(json_object_get(change, "new")));
    }
    assert_true(was_found);
    json_decref(plan);
}

static void bytes_that_are_no_utf8_are_replaced_one_by_one(void **state)
{
    json_t *text = json_text("caf\xc3\xa9 \xff\xc3(");

    (void)state;
    assert_string_equal(json_string_value(text), "caf\xc3\xa9 \xef\xbf\xbd\xef\xbf\xbd(");
    json_decref(text);
    text = json_text(NULL);
    assert_true(json_is_null(text));
    json_decref(text);
}

static void printing_is_reproducible_and_ends_with_a_newline(void **state)
{
    char *texts[2] = {NULL, NULL};
    size_t lengths[2];

    (void)state;
    scene_spec(&scene, "a.yaml", scene_site);
    for (int i = 0; i < 2; i++) {
        FILE *out = open_memstream(&texts[i], &lengths[i]);

        assert_int_equal(scene_plan(&scene), 0);
        plan_print_json(scene.plan, out);
        fclose(out);
    }
    assert_string_equal(texts[0], texts[1]);
    assert_string_equal(texts[0] + lengths[0] - 2, "}\n");
    free(texts[0]);
    free(texts[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_plan_has_the_documented_members, setup, teardown),
        cmocka_unit_test_setup_teardown(a_step_has_the_documented_members, setup, teardown),
        cmocka_unit_test_setup_teardown(what_there_is_none_of_is_null, setup, teardown),
        cmocka_unit_test_setup_teardown(a_value_known_only_after_the_build_is_computed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(bytes_that_are_no_utf8_are_replaced_one_by_one, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(printing_is_reproducible_and_ends_with_a_newline, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
