#include "planner/plan/patterns.h"
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

static void a_pattern_is_an_address_or_a_glob_over_slashes(void **state)
{
    (void)state;
    assert_true(pattern_matches("cloud/a", "cloud/a"));
    assert_true(pattern_matches("node/*", "node/a/10.0.0.1:11211"));
    assert_true(pattern_matches("*/h2*", "release/h2/arcus"));
    assert_true(pattern_matches("node/a/10.0.0.[12]:*", "node/a/10.0.0.2:11211"));
    assert_false(pattern_matches("node/a", "node/a/10.0.0.1:11211"));
    assert_false(pattern_matches("", "cloud/a"));
}

static void an_address_with_brackets_matches_itself(void **state)
{
    (void)state;
    assert_true(pattern_matches("node/a/[fe80::1]:11211", "node/a/[fe80::1]:11211"));
}

static void no_patterns_match_nothing(void **state)
{
    struct plan_patterns none = {0};

    (void)state;
    assert_false(patterns_match(&none, "cloud/a"));
}

static void every_unused_pattern_is_reported_with_its_option(void **state)
{
    struct change change = {.address = "cloud/alpha"};
    struct diff diff = {0};
    const char *const targets[] = {"cloud/*", "cloud/beta"};
    const char *const excludes[] = {"node/*"};
    struct plan_options options = {.targets = {targets, 2}, .excludes = {excludes, 1}};
    const char *errors;

    (void)state;
    *vec_push(scene.arena, &diff.changes) = &change;
    assert_int_equal(patterns_check(&options, &diff, scene.diags), -1);
    errors = scene_errors(&scene);
    assert_non_null(strstr(errors, "error[E0705]: --target cloud/beta matches no resource"));
    assert_non_null(strstr(errors, "error[E0705]: --exclude node/* matches no resource"));
    assert_null(strstr(errors, "cloud/* matches"));
}

static void used_patterns_pass(void **state)
{
    struct change change = {.address = "cloud/alpha"};
    struct diff diff = {0};
    const char *const all[] = {"cloud/alpha"};
    struct plan_options options = {
        .targets = {all, 1}, .replaces = {all, 1}, .allow_destroy = {all, 1}};

    (void)state;
    *vec_push(scene.arena, &diff.changes) = &change;
    assert_int_equal(patterns_check(&options, &diff, scene.diags), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_pattern_is_an_address_or_a_glob_over_slashes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_address_with_brackets_matches_itself, setup, teardown),
        cmocka_unit_test_setup_teardown(no_patterns_match_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(every_unused_pattern_is_reported_with_its_option, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(used_patterns_pass, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
