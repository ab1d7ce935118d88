#include "planner/apply/progress.h"
#include "tests/unit/planner/apply/stage.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static void time_text(int64_t elapsed_ms, const char *expected)
{
    struct str text = {0};

    progress_add_time(&text, elapsed_ms);
    assert_string_equal(str_text(&text), expected);
    str_deinit(&text);
}

static void times_are_short(void **state)
{
    (void)state;
    time_text(0, "0.0 s");
    time_text(1290, "1.2 s");
    time_text(59999, "59.9 s");
    time_text(185000, "3 min 5 s");
}

static void an_ended_step_is_a_plain_line(void **state)
{
    struct stage stage;

    (void)state;
    stage_open(&stage, &progress_plain);
    progress_run_start(&stage.progress);
    progress_step_start(&stage.progress,
                        stage_step(&stage, OP_DEPLOY, "release/cache001/arcus", true));
    progress_tick(&stage.progress);
    assert_string_equal(stage_output(&stage), "");
    stage_end(&stage, &stage.activities[0], OUTCOME_DONE, NULL);
    assert_string_equal(stage_output(&stage),
                        "done      deploy     release/cache001/arcus (1.2 s, 5.2 MB sent)\n");
    stage_end(&stage, stage_step(&stage, OP_ZK_CONFIG, "zk_config/x", true), OUTCOME_FAILED,
              "the disk\033[31m is full");
    assert_string_equal(stage_output(&stage),
                        "failed    zk-config  zk_config/x (1.2 s, 5.2 MB sent):"
                        " the disk\\x1b[31m is full\n");
    stage_end(&stage, stage_step(&stage, OP_START, "node/x/1", true), OUTCOME_SKIPPED,
              "it needs x");
    assert_string_equal(stage_output(&stage), "skipped   start      node/x/1: it needs x\n");
    progress_run_end(&stage.progress);
    assert_string_equal(stage_output(&stage), "");
    stage_close(&stage);
}

static void quiet_says_nothing(void **state)
{
    struct stage stage;
    struct activity *activity;

    (void)state;
    stage_open(&stage, &progress_quiet);
    activity = stage_step(&stage, OP_DEPLOY, "release/cache001/arcus", true);
    progress_run_start(&stage.progress);
    progress_step_start(&stage.progress, activity);
    progress_tick(&stage.progress);
    stage_end(&stage, activity, OUTCOME_FAILED, "x");
    progress_run_end(&stage.progress);
    assert_string_equal(stage_output(&stage), "");
    stage_close(&stage);
}

static void who_is_running_is_known(void **state)
{
    struct stage stage;

    (void)state;
    stage_open(&stage, &progress_plain);
    for (int i = 0; i < 3; i++)
        progress_step_start(&stage.progress, stage_step(&stage, OP_DEPLOY, "x/y", true));
    stage_end(&stage, &stage.activities[1], OUTCOME_DONE, NULL);
    assert_int_equal(stage.progress.running.count, 2);
    assert_ptr_equal(stage.progress.running.items[0], &stage.activities[0]);
    assert_ptr_equal(stage.progress.running.items[1], &stage.activities[2]);
    stage_close(&stage);
}

static void a_long_phase_is_cut(void **state)
{
    struct stage stage;
    struct activity *activity;
    char phase[48];

    (void)state;
    stage_open(&stage, &progress_plain);
    activity = stage_step(&stage, OP_DEPLOY, "x/y", true);
    activity_set_phase(activity, "a text that is so long that nobody would ever want to read it");
    activity_get_phase(activity, phase);
    assert_int_equal(strlen(phase), 47);
    stage_close(&stage);
}

static void only_a_live_picture_needs_to_be_drawn_often(void **state)
{
    struct stage stage;

    (void)state;
    stage_open(&stage, &progress_plain);
    progress_step_start(&stage.progress, stage_step(&stage, OP_DEPLOY, "x/y", true));
    assert_int_equal(progress_wait_ms(&stage.progress), 1000);
    stage_close(&stage);
    stage_open(&stage, &progress_terminal);
    assert_int_equal(progress_wait_ms(&stage.progress), 1000);
    progress_step_start(&stage.progress, stage_step(&stage, OP_DEPLOY, "x/y", true));
    progress_tick(&stage.progress);
    assert_in_range(progress_wait_ms(&stage.progress), 0, 200);
    stage_close(&stage);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_short),
        cmocka_unit_test(an_ended_step_is_a_plain_line),
        cmocka_unit_test(quiet_says_nothing),
        cmocka_unit_test(who_is_running_is_known),
        cmocka_unit_test(a_long_phase_is_cut),
        cmocka_unit_test(only_a_live_picture_needs_to_be_drawn_often),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
