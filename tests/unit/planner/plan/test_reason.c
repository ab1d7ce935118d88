#include "planner/plan/reason.h"
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

static void stand(const char *part, const char *instead)
{
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", scene_edit(&scene, scene_site, part, instead));
}

static const char *reason_of(const char *address)
{
    const struct step *step;

    assert_int_equal(scene_plan(&scene), 0);
    step = scene_step(&scene, address);
    if (!step)
        fail_msg("no step on %s", address);
    return step->reason;
}

static void a_changed_setting_has_both_values_and_its_place(void **state)
{
    (void)state;
    stand("threads: 6", "threads: 4");
    assert_string_equal(reason_of(node), "threads 6 -> 4 (a.yaml:18:24)");
}

static void a_new_resource_is_new(void **state)
{
    (void)state;
    scene_spec(&scene, "a.yaml", scene_site);
    assert_string_equal(reason_of(node), "new (a.yaml:20:40)");
}

static void a_recorded_process_that_is_gone_does_not_run_any_more(void **state)
{
    (void)state;
    stand("", "");
    scene_gone(&scene, node);
    assert_string_equal(reason_of(node), "not running any more (a.yaml:20:40)");
    scene_gone(&scene, "cloud/alpha");
    assert_string_equal(reason_of("cloud/alpha"), "missing (a.yaml:16:3)");
}

static void a_process_found_dead_is_not_running(void **state)
{
    (void)state;
    stand("", "");
    scene_set_fact(&scene, node, "running", "no");
    assert_string_equal(reason_of(node), "not running (a.yaml:20:40)");
}

static void a_node_out_of_the_cache_list_says_so(void **state)
{
    (void)state;
    stand("", "");
    scene_set_fact(&scene, node, "online", "no");
    assert_string_equal(reason_of(node), "runs, but is not in the cache list (a.yaml:20:40)");
}

static void a_removed_resource_has_no_place(void **state)
{
    (void)state;
    stand("- { hosts: [h1, h2, h3]", "- { hosts: [h2, h3]");
    assert_string_equal(reason_of(node), "not in the spec any more");
}

static void a_build_says_what_is_not_up_to_date(void **state)
{
    (void)state;
    stand("", "");
    scene_set_fact(&scene, "package/arcus", "build", "inputs changed: src/a.c");
    assert_string_equal(reason_of("package/arcus"), "inputs changed: src/a.c (a.yaml:7:3)");
}

static void digests_are_shortened_and_unknown_ones_come_with_the_build(void **state)
{
    (void)state;
    stand("", "");
    scene_set_fact(&scene, "release/h1/arcus", "digest",
                   "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
    assert_non_null(strstr(reason_of("release/h1/arcus"), "digest 001122334455 -> "));
    scene_set_fact(&scene, "package/arcus", "build", "never built");
    scene_set_fact(&scene, "package/arcus", "digest", NULL);
    assert_non_null(
        strstr(reason_of("release/h1/arcus"), "digest 001122334455 -> (known after the build)"));
}

static void nodes_of_a_cloud_are_counted(void **state)
{
    (void)state;
    stand("", "");
    scene_set_fact(&scene, "cloud/alpha", "mapping.10.0.0.1:11211", NULL);
    scene_set_fact(&scene, "cloud/alpha", "node.10.0.0.1:11211", NULL);
    scene_set_fact(&scene, "cloud/alpha", "mapping.10.0.0.8:11211", "port=11211");
    scene_set_fact(&scene, "cloud/alpha", "mapping.10.0.0.9:11211", "port=11211");
    scene_set_fact(&scene, "cloud/alpha", "mapping.10.0.0.2:11211", "port=11211");
    assert_non_null(
        strstr(reason_of("cloud/alpha"), "1 node added, 2 nodes removed, 1 node changed"));
}

static void a_changed_entry_without_its_mapping_is_shown_itself(void **state)
{
    (void)state;
    stand("", "");
    scene_set_fact(&scene, "cloud/alpha", "node.10.0.0.1:11211", "other.host");
    assert_non_null(strstr(reason_of("cloud/alpha"), "node.10.0.0.1:11211 other.host -> h1"));
}

static void many_changes_are_cut_short(void **state)
{
    (void)state;
    stand("  data_dir", "  config: { a: 1, b: 2, c: 3, d: 4, e: 5 }\n  data_dir");
    assert_non_null(strstr(reason_of("zk_config/h1"),
                           "a (none) -> 1, b (none) -> 2, c (none) -> 3 and 2 more"));
}

static void long_values_are_cut_short(void **state)
{
    char value[200];
    const char *reason;

    (void)state;
    memset(value, 'x', sizeof(value));
    value[sizeof(value) - 1] = '\0';
    stand("", "");
    scene_set_fact(&scene, node, "set.threads", value);
    reason = reason_of(node);
    assert_non_null(strstr(reason, "xxx... -> 6"));
    assert_true(strlen(reason) < 120);
}

static void what_was_asked_for_says_so(void **state)
{
    const char *const all = "node/*";

    (void)state;
    stand("", "");
    scene_pattern(&scene.options.replaces, &all);
    assert_string_equal(reason_of(node), "asked for (a.yaml:20:40)");
}

static void a_note_follows_the_place(void **state)
{
    (void)state;
    stand("threads: 6", "threads: 4");
    scene_unreachable(&scene, "h1");
    assert_string_equal(reason_of(node),
                        "threads 6 -> 4 (a.yaml:18:24); host unreachable: taken from the state");
}

static void short_names_drop_their_group(void **state)
{
    (void)state;
    assert_string_equal(attr_short_name("set.threads"), "threads");
    assert_string_equal(attr_short_name("cfg.server.1"), "server.1");
    assert_string_equal(attr_short_name("running"), "running");
    assert_string_equal(attr_short_name("settle"), "settle");
}

static void a_place_is_shown_only_where_there_is_one(void **state)
{
    (void)state;
    assert_string_equal(place_text(scene.arena, (struct srcloc){"a.yaml", 3, 4}), " (a.yaml:3:4)");
    assert_string_equal(place_text(scene.arena, SRCLOC_NONE), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_changed_setting_has_both_values_and_its_place, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_new_resource_is_new, setup, teardown),
        cmocka_unit_test_setup_teardown(a_recorded_process_that_is_gone_does_not_run_any_more,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_process_found_dead_is_not_running, setup, teardown),
        cmocka_unit_test_setup_teardown(a_node_out_of_the_cache_list_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(a_removed_resource_has_no_place, setup, teardown),
        cmocka_unit_test_setup_teardown(a_build_says_what_is_not_up_to_date, setup, teardown),
        cmocka_unit_test_setup_teardown(digests_are_shortened_and_unknown_ones_come_with_the_build,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(nodes_of_a_cloud_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(a_changed_entry_without_its_mapping_is_shown_itself, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(many_changes_are_cut_short, setup, teardown),
        cmocka_unit_test_setup_teardown(long_values_are_cut_short, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_asked_for_says_so, setup, teardown),
        cmocka_unit_test_setup_teardown(a_note_follows_the_place, setup, teardown),
        cmocka_unit_test_setup_teardown(short_names_drop_their_group, setup, teardown),
        cmocka_unit_test_setup_teardown(a_place_is_shown_only_where_there_is_one, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
