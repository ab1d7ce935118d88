#include "planner/plan/print.h"
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

static struct str text;

static const char *take(void)
{
    const char *copy = arena_strdup(scene.arena, str_text(&text));

    str_deinit(&text);
    text = (struct str){0};
    return copy;
}

static const char *ids(const int *items, size_t count)
{
    print_ids(&text, items, count);
    return take();
}

static void ids_are_joined_into_ranges(void **state)
{
    (void)state;
    assert_string_equal(ids((int[]){4}, 1), "4");
    assert_string_equal(ids((int[]){1, 2}, 2), "1, 2");
    assert_string_equal(ids((int[]){1, 2, 3}, 3), "1-3");
    assert_string_equal(ids((int[]){1, 3, 4, 5, 9, 10}, 6), "1, 3-5, 9, 10");
    assert_string_equal(ids(NULL, 0), "");
}

static const char *count(int64_t number)
{
    print_count(&text, number);
    return take();
}

static void counts_have_groups_of_three_digits(void **state)
{
    (void)state;
    assert_string_equal(count(0), "0");
    assert_string_equal(count(999), "999");
    assert_string_equal(count(1000), "1,000");
    assert_string_equal(count(1234567), "1,234,567");
    assert_string_equal(count(INT64_MAX), "9,223,372,036,854,775,807");
    assert_string_equal(count(-1), "an unknown number of");
}

static const char *bytes(int64_t number)
{
    print_bytes(&text, number);
    return take();
}

static void bytes_have_units(void **state)
{
    (void)state;
    assert_string_equal(bytes(0), "0 bytes");
    assert_string_equal(bytes(999), "999 bytes");
    assert_string_equal(bytes(1000), "1.0 kB");
    assert_string_equal(bytes(5251234), "5.3 MB");
    assert_string_equal(bytes(999999), "1.0 MB");
    assert_string_equal(bytes(1234567890), "1.2 GB");
    assert_string_equal(bytes(INT64_MAX), "9223372.0 TB");
    assert_string_equal(bytes(-1), "an unknown amount");
}

static const char *costs(int64_t sent, int64_t dropped)
{
    struct step step = {.bytes_to_send = sent, .items_dropped = dropped};

    print_costs(&text, &step);
    return take();
}

static void costs_name_only_what_there_is(void **state)
{
    (void)state;
    assert_string_equal(costs(0, 0), "");
    assert_string_equal(costs(1000, 0), "sends 1.0 kB");
    assert_string_equal(costs(0, 1), "drops 1 item");
    assert_string_equal(costs(-1, -1), "sends an unknown amount; drops an unknown number of items");
}

static const char *impact(double moved, int64_t dropped, int64_t sent)
{
    struct plan_impact one = {"alpha", moved, dropped, sent};

    print_impact(&text, &one);
    return take();
}

static void an_impact_is_a_sentence(void **state)
{
    (void)state;
    assert_string_equal(impact(0, 0, 0), "no key moves, no item is dropped");
    assert_string_equal(impact(0.125, 1234, 5251234),
                        "12.5% of the key space moves, 1,234 items dropped, 5.3 MB to send");
    assert_string_equal(impact(0, 1, 0), "1 item dropped");
}

static void a_summary_counts_everything(void **state)
{
    struct plan_summary summary = {1, 2, 3, 4, 50, 10};

    (void)state;
    print_summary(&text, &summary);
    assert_string_equal(
        take(), "1 to create, 2 to update, 3 to restart, 4 to delete, 50 unchanged: 10 steps");
    summary.steps = 1;
    print_summary(&text, &summary);
    assert_non_null(strstr(take(), ": 1 step"));
}

static void every_verb_has_a_symbol(void **state)
{
    (void)state;
    assert_string_equal(verb_symbol(VERB_CREATE), "+");
    assert_string_equal(verb_symbol(VERB_UPDATE), "~");
    assert_string_equal(verb_symbol(VERB_TUNE), "~");
    assert_string_equal(verb_symbol(VERB_RESTART), "-/+");
    assert_string_equal(verb_symbol(VERB_DELETE), "-");
}

static const char *caveats(void)
{
    assert_int_equal(scene_plan(&scene), 0);
    print_caveats(&text, scene.plan);
    return take();
}

static void what_could_not_be_looked_at_is_said(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", scene_site);
    assert_string_equal(caveats(), "");
    scene_unreachable(&scene, "h2");
    assert_string_equal(caveats(), "host h2 cannot be reached: connection refused\n");
    scene_zookeeper_down(&scene);
    assert_non_null(strstr(caveats(), "ZooKeeper cannot be read: no server answers\n"));
    scene.world.is_offline = true;
    assert_string_equal(caveats(),
                        "made from the state alone: no host and no ensemble was looked at\n");
}

static void an_ensemble_that_the_plan_starts_need_not_answer(void **state)
{
    (void)state;
    scene_spec(&scene, "a.yaml", scene_site);
    scene_zookeeper_down(&scene);
    assert_string_equal(caveats(), "");
}

static void steps_left_out_are_counted(void **state)
{
    const char *const exclude = "node/alpha/10.0.0.1:11211";

    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml", scene_external);
    scene_gone(&scene, exclude);
    scene_pattern(&scene.options.excludes, &exclude);
    assert_string_equal(caveats(), "1 step is left out by --target or --exclude\n");
}

static void control_characters_do_not_reach_a_terminal(void **state)
{
    char *printed = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&printed, &length);

    (void)state;
    print_safe(out, "a\033[2Jb\n\x7f\xc3\xa9");
    print_safe_bytes(out, "xyz", 2);
    fclose(out);
    assert_string_equal(printed, "a\\x1b[2Jb\\x0a\\x7f\xc3\xa9xy");
    free(printed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(ids_are_joined_into_ranges, setup, teardown),
        cmocka_unit_test_setup_teardown(counts_have_groups_of_three_digits, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_have_units, setup, teardown),
        cmocka_unit_test_setup_teardown(costs_name_only_what_there_is, setup, teardown),
        cmocka_unit_test_setup_teardown(an_impact_is_a_sentence, setup, teardown),
        cmocka_unit_test_setup_teardown(a_summary_counts_everything, setup, teardown),
        cmocka_unit_test_setup_teardown(every_verb_has_a_symbol, setup, teardown),
        cmocka_unit_test_setup_teardown(what_could_not_be_looked_at_is_said, setup, teardown),
        cmocka_unit_test_setup_teardown(an_ensemble_that_the_plan_starts_need_not_answer, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(steps_left_out_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(control_characters_do_not_reach_a_terminal, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
