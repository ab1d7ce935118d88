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

static void a_plan_reads_from_the_operation_to_the_summary(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", scene_edit(&scene, scene_site, "threads: 6", "threads: 4"));
    scene_gone(&scene, "node/alpha/10.0.0.2:11211");
    scene_gone(&scene, "node/alpha/10.0.0.3:11211");
    scene_set_fact(&scene, "node/alpha/10.0.0.1:11211", "live.items", "1200");
    assert_int_equal(scene_plan(&scene), 0);
    assert_string_equal(
        scene_text(&scene),
        "register: write a cloud and its nodes to ZooKeeper\n"
        "  ~   1 cloud/alpha                3 nodes changed, threads 6 -> 4 (a.yaml:18:24)\n"
        "\n"
        "start: start a cache node\n"
        "  +   2 node/alpha/10.0.0.2:11211  not running any more (a.yaml:20:40)\n"
        "        waits for 1\n"
        "  +   3 node/alpha/10.0.0.3:11211  not running any more (a.yaml:20:40)\n"
        "        waits for 1\n"
        "\n"
        "restart: restart a cache node\n"
        "  -/+ 4 node/alpha/10.0.0.1:11211  threads 6 -> 4 (a.yaml:18:24)\n"
        "        waits for 1; drops 1,200 items\n"
        "\n"
        "cloud alpha: 1,200 items dropped\n"
        "\n"
        "2 to create, 1 to update, 1 to restart, 0 to delete, 11 unchanged: 4 steps\n");
}

static void an_empty_plan_is_one_line(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml", scene_external);
    assert_int_equal(scene_plan(&scene), 0);
    assert_string_equal(scene_text(&scene),
                        "nothing to do: 9 resources are as a.yaml wants them\n");
}

static void notes_come_first(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml", scene_external);
    scene_unreachable(&scene, "h2");
    assert_int_equal(scene_plan(&scene), 0);
    assert_string_equal(scene_text(&scene),
                        "note: host h2 cannot be reached: connection refused\n"
                        "nothing to do: 9 resources are as a.yaml wants them\n");
}

static void colours_are_only_there_when_asked_for(void **state)
{
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);

    (void)state;
    scene_spec(&scene, "a.yaml", scene_external);
    assert_int_equal(scene_plan(&scene), 0);
    assert_null(strchr(scene_text(&scene), '\033'));
    plan_print_text(scene.plan, out, true);
    fclose(out);
    assert_non_null(strstr(text, "\033[32m  +  \033[0m"));
    free(text);
}

static void text_from_a_host_cannot_drive_the_terminal(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml", scene_external);
    scene_set_fact(&scene, "node/alpha/10.0.0.1:11211", "set.threads", "\033[2J");
    scene_fact(&scene, "node/alpha/10.0.0.2:11211")->presence = PRESENCE_UNKNOWN;
    scene_fact(&scene, "node/alpha/10.0.0.2:11211")->note = "\033]0;x\a";
    scene_set(&scene, &scene_recorded(&scene, "node/alpha/10.0.0.2:11211")->attrs, "server", "\r");
    assert_int_equal(scene_plan(&scene), 0);
    assert_null(strchr(scene_text(&scene), '\033'));
    assert_null(strchr(scene_text(&scene), '\r'));
    assert_int_equal(scene.plan->steps.count, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_plan_reads_from_the_operation_to_the_summary, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_empty_plan_is_one_line, setup, teardown),
        cmocka_unit_test_setup_teardown(notes_come_first, setup, teardown),
        cmocka_unit_test_setup_teardown(colours_are_only_there_when_asked_for, setup, teardown),
        cmocka_unit_test_setup_teardown(text_from_a_host_cannot_drive_the_terminal, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
