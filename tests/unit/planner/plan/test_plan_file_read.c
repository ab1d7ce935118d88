#include "planner/plan/plan_file.h"
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

static const char good[] =
    "{\n"
    "  \"format_version\": 1,\n"
    "  \"state_serial\": 7,\n"
    "  \"spec_digest\": \"abc\",\n"
    "  \"sources\": [{\"file\": \"a.yaml\", \"text\": \"arcusplan: 1\\n\"}],\n"
    "  \"variables\": {\"b\": \"2\", \"a\": \"1\"},\n"
    "  \"options\": {\"intent\": \"destroy\", \"targets\": [\"x\"], \"excludes\": [],\n"
    "    \"replaces\": [], \"allow_destroy\": []},\n"
    "  \"refresh\": \"none\",\n"
    "  \"world\": {\"facts\": {\"znode/arcus\": \"2\", \"cloud/a\": \"1\"}, \"hosts\": {}}\n"
    "}\n";

static int parse(const char *text, const struct plan_file **file)
{
    return plan_file_parse("p.json", text, strlen(text), scene.arena, scene.diags, file);
}

static void assert_refused(const char *part, const char *instead, const char *message)
{
    const struct plan_file *file;
    const char *errors;

    assert_int_equal(parse(scene_edit(&scene, good, part, instead), &file), -1);
    assert_null(file);
    errors = scene_errors(&scene);
    if (!strstr(errors, message) || !strstr(errors, "error[E0702]"))
        fail_msg("%s is not in: %s", message, errors);
}

static void a_good_file_is_read(void **state)
{
    const struct plan_file *file;

    (void)state;
    assert_int_equal(parse(good, &file), 0);
    assert_string_equal(file->path, "p.json");
    assert_int_equal(file->options.intent, PLAN_DESTROY);
    assert_int_equal(file->options.targets.count, 1);
    assert_int_equal(file->variable_count, 2);
    assert_string_equal(file->facts.items[0].name, "cloud/a");
    assert_string_equal(file->facts.items[1].digest, "2");
    assert_int_equal(file->hosts.count, 0);
}

static void what_is_no_json_is_refused_with_its_line(void **state)
{
    (void)state;
    assert_refused("\"abc\",", "\"abc\" x", "not a plan file");
    assert_refused("\"refresh\"", "\"refresh", "line 9");
}

static void a_member_of_the_wrong_kind_is_named(void **state)
{
    (void)state;
    assert_refused("\"state_serial\": 7", "\"state_serial\": \"7\"",
                   "expected an integer at \"state_serial\"");
    assert_refused("\"abc\"", "null", "expected a string at \"spec_digest\"");
    assert_refused("[{\"file\"", "[{\"fill\"", "expected a string at \"file\"");
    assert_refused("\"text\"", "\"test\"", "expected a string at \"text\"");
    assert_refused("[{\"file\": \"a.yaml\", \"text\": \"arcusplan: 1\\n\"}]", "[]",
                   "expected at least one spec at \"sources\"");
    assert_refused("\"b\": \"2\"", "\"b\": 2", "expected a string at \"b\"");
    assert_refused("[\"x\"]", "[7]", "expected strings at \"targets\"");
    assert_refused("\"replaces\": []", "\"replaces\": {}", "expected an array at \"replaces\"");
    assert_refused("\"destroy\"", "\"dance\"", "expected what the plan is for");
    assert_refused("\"none\"", "\"half\"", "expected \"full\", \"zookeeper\" or \"none\"");
    assert_refused("\"cloud/a\": \"1\"", "\"cloud/a\": []", "expected a digest at \"cloud/a\"");
    assert_refused("\"world\"", "\"word\"", "expected an object at \"world\"");
}

static void another_version_is_refused(void **state)
{
    (void)state;
    assert_refused("\"format_version\": 1", "\"format_version\": 2",
                   "expected version 1 at \"format_version\"");
    assert_refused("\"format_version\"", "\"version\"", "expected an integer");
}

static void only_the_first_thing_wrong_is_reported(void **state)
{
    const struct plan_file *file;

    (void)state;
    assert_int_equal(parse("{\"format_version\": 1}", &file), -1);
    assert_int_equal(diags_count_errors(scene.diags), 1);
}

static void every_truncation_is_refused(void **state)
{
    const struct plan_file *file;

    (void)state;
    for (size_t length = 0; length + 2 < sizeof(good); length++)
        assert_int_equal(plan_file_parse("p.json", good, length, scene.arena, scene.diags, &file),
                         -1);
}

static void other_json_values_are_refused(void **state)
{
    static const char *const texts[] = {"[]", "null", "7", "\"x\"", "", "{", "\x00", "{}"};
    const struct plan_file *file;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++)
        assert_int_equal(parse(texts[i], &file), -1);
}

static void a_plan_file_is_told_from_a_spec(void **state)
{
    static const char spec[] = "{\"arcusplan\": 1}";
    static const char spaced[] = "{ \r\n\t\"format_version\": 1}";

    (void)state;
    assert_true(plan_file_is_one(good, sizeof(good) - 1));
    assert_true(plan_file_is_one(spaced, sizeof(spaced) - 1));
    assert_false(plan_file_is_one(spec, sizeof(spec) - 1));
    assert_false(plan_file_is_one("", 0));
    assert_false(plan_file_is_one("{", 1));
    assert_false(plan_file_is_one("{\"format_ver", 12));
    assert_false(plan_file_is_one("{\0\"format_version\"", 19));
    assert_false(plan_file_is_one("arcusplan: 1", 12));
}

static void a_missing_file_is_an_error(void **state)
{
    const struct plan_file *file;

    (void)state;
    assert_int_equal(plan_file_read("/nonexistent/p.json", scene.arena, scene.diags, &file), -1);
    assert_null(file);
    assert_non_null(strstr(scene_errors(&scene), "error[E0102]: plan file /nonexistent/p.json"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_good_file_is_read, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_json_is_refused_with_its_line, setup, teardown),
        cmocka_unit_test_setup_teardown(a_member_of_the_wrong_kind_is_named, setup, teardown),
        cmocka_unit_test_setup_teardown(another_version_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(only_the_first_thing_wrong_is_reported, setup, teardown),
        cmocka_unit_test_setup_teardown(every_truncation_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(other_json_values_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_plan_file_is_told_from_a_spec, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_file_is_an_error, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
