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

static const char *markdown(void)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    const char *copy;

    assert_int_equal(scene_plan(&scene), 0);
    plan_print_markdown(scene.plan, out);
    fclose(out);
    copy = arena_strndup(scene.arena, text, length);
    free(text);
    return copy;
}

static void a_plan_is_a_table(void **state)
{
    const char *text;

    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml", scene_external);
    scene_gone(&scene, "node/alpha/10.0.0.1:11211");
    text = markdown();
    assert_non_null(strstr(text, "### arcusplan: a.yaml\n\n"));
    assert_non_null(
        strstr(text, "1 to create, 0 to update, 0 to restart, 0 to delete, 8 unchanged"));
    assert_non_null(strstr(text, "* cloud alpha: no key moves, no item is dropped\n"));
    assert_non_null(strstr(text, "|--:|---|---|---|---|---|---|\n"
                                 "| 1 | + | start | node/alpha/10.0.0.1:11211 | not running any "
                                 "more (a.yaml:14:40) |  |  |\n"));
}

static void an_empty_plan_has_no_table(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml", scene_external);
    assert_string_equal(markdown(), "### arcusplan: a.yaml\n\nnothing to do\n\n");
}

static void markup_in_values_is_shown_as_it_is(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml", scene_external);
    scene_set_fact(&scene, "node/alpha/10.0.0.1:11211", "server", "a|b<i>&[x](y)`\n");
    assert_non_null(strstr(markdown(), "a\\|b&lt;i>&amp;\\[x\\](y)\\`\\\\x0a"));
}

static void notes_are_quoted(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml", scene_external);
    scene_unreachable(&scene, "h1");
    assert_non_null(strstr(markdown(), "> host h1 cannot be reached: connection refused\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_plan_is_a_table, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_plan_has_no_table, setup, teardown),
        cmocka_unit_test_setup_teardown(markup_in_values_is_shown_as_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(notes_are_quoted, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
