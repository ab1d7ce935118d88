#include "tests/unit/planner/apply/stage.h"

#include <jansson.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static void expect_object(struct stage *stage, const char *expected)
{
    const char *text = stage_output(stage);
    json_t *object = json_loads(text, 0, NULL);

    assert_non_null(object);
    assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
    if (json_object_get(object, "event") &&
        !strcmp(json_string_value(json_object_get(object, "event")), "run_end"))
        json_object_del(object, "elapsed_ms");
    json_decref(object);
    if (strncmp(text, expected, strlen(expected)) != 0)
        fail_msg("%s is not %s", text, expected);
}

static void each_event_is_one_object_on_one_line(void **state)
{
    struct stage stage;
    struct activity *deploy, *build;

    (void)state;
    stage_open(&stage, &progress_json);
    deploy = stage_step(&stage, OP_DEPLOY, "release/cache001/arcus", true);
    build = stage_step(&stage, OP_BUILD, "package/arcus", false);
    progress_run_start(&stage.progress);
    expect_object(&stage,
                  "{\"event\":\"run_start\",\"run\":7,\"command\":\"apply\",\"steps\":2}\n");
    progress_step_start(&stage.progress, deploy);
    expect_object(&stage, "{\"event\":\"step_start\",\"id\":1,\"op\":\"deploy\",\"resource\":"
                          "\"release/cache001/arcus\",\"host\":\"cache001\"}\n");
    progress_tick(&stage.progress);
    assert_string_equal(stage_output(&stage), "");
    stage_end(&stage, deploy, OUTCOME_DONE, NULL);
    expect_object(&stage, "{\"event\":\"step_end\",\"id\":1,\"op\":\"deploy\",\"resource\":"
                          "\"release/cache001/arcus\",\"host\":\"cache001\",\"outcome\":\"done\","
                          "\"elapsed_ms\":1234,\"bytes_sent\":5200000}\n");
    stage_end(&stage, build, OUTCOME_FAILED, "the disk is full");
    expect_object(&stage,
                  "{\"event\":\"step_end\",\"id\":2,\"op\":\"build\",\"resource\":"
                  "\"package/arcus\",\"host\":null,\"outcome\":\"failed\",\"elapsed_ms\":1234,"
                  "\"bytes_sent\":5200000,\"error\":{\"code\":\"E0409\",\"text\":"
                  "\"the disk is full\",\"hint\":\"\",\"file\":\"cluster.yaml\",\"line\":12,"
                  "\"column\":5}}\n");
    stage.totals.result = "failed";
    stage.totals.done = stage.totals.failed = 1;
    progress_run_end(&stage.progress);
    expect_object(&stage, "{\"event\":\"run_end\",\"run\":7,\"result\":\"failed\",\"done\":1,"
                          "\"unchanged\":0,\"failed\":1,\"skipped\":0,\"elapsed_ms\":");
    stage_close(&stage);
}

static void text_of_any_kind_stays_json(void **state)
{
    struct stage stage;

    (void)state;
    stage_open(&stage, &progress_json);
    stage_end(&stage, stage_step(&stage, OP_DEPLOY, "release/\"x\"/\303\251", true), OUTCOME_FAILED,
              "bytes \377\376 and a line\nend");
    expect_object(&stage, "{\"event\":\"step_end\"");
    stage_close(&stage);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_event_is_one_object_on_one_line),
        cmocka_unit_test(text_of_any_kind_stays_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
