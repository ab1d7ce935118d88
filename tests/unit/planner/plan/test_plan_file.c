#include "planner/plan/plan_file.h"
#include "tests/unit/planner/plan/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

static char directory[] = "/tmp/arcusplan-test-XXXXXX";
static const char *path;

static int setup_directory(void **state)
{
    strcpy(directory + sizeof(directory) - 7, "XXXXXX");
    if (!mkdtemp(directory))
        return -1;
    setup(state);
    path = arena_printf(scene.arena, "%s/plan.json", directory);
    return 0;
}

static int teardown_directory(void **state)
{
    unlink(path);
    rmdir(directory);
    return teardown(state);
}

static void stand(void)
{
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml", scene_external);
    scene_gone(&scene, "node/alpha/10.0.0.1:11211");
    vec_each(host, &scene.world.hosts)
        (*host)->digest = arena_printf(scene.arena, "digest of %s", (*host)->host->name);
}

static const struct plan_file *saved(void)
{
    const char *const excludes[] = {"node/beta/*"};
    const struct spec_variable variables[] = {{"site", "north"}};
    struct plan_file_extras extras = {variables, 1, &scene.options, "full"};
    const struct plan_file *file;

    scene_pattern(&scene.options.excludes, excludes);
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(plan_file_write(scene.plan, &extras, path, scene.diags), 0);
    assert_int_equal(plan_file_read(path, scene.arena, scene.diags, &file), 0);
    return file;
}

static int compare(const struct plan_file *file)
{
    world_finish(&scene.world);
    return plan_file_compare_world(file, scene.spec, &scene.recorded, &scene.world, scene.diags);
}

static void a_plan_file_brings_back_what_the_plan_was_made_from(void **state)
{
    const struct plan_file *file;

    (void)state;
    stand();
    file = saved();
    assert_int_equal(file->source_count, 1);
    assert_string_equal(file->sources[0].file, "a.yaml");
    assert_string_equal(file->sources[0].text, scene_external);
    assert_int_equal(file->sources[0].length, strlen(scene_external));
    assert_string_equal(file->spec_digest, scene.spec->digest);
    assert_int_equal(file->state_serial, 7);
    assert_string_equal(file->variables[0].name, "site");
    assert_string_equal(file->variables[0].value, "north");
    assert_string_equal(file->refresh, "full");
    assert_int_equal(file->options.intent, PLAN_CONVERGE);
    assert_int_equal(file->options.excludes.count, 1);
    assert_string_equal(file->options.excludes.items[0], "node/beta/*");
    assert_int_equal(file->facts.count, scene.world.facts.count);
    assert_int_equal(file->hosts.count, 2);
}

static void only_the_owner_may_read_it(void **state)
{
    struct stat info;

    (void)state;
    stand();
    saved();
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void an_unmoved_world_agrees(void **state)
{
    const struct plan_file *file;

    (void)state;
    stand();
    file = saved();
    scene_set_fact(&scene, "node/alpha/10.0.0.2:11211", "live.items", "99");
    assert_int_equal(compare(file), 0);
}

static void everything_that_moved_is_listed(void **state)
{
    const struct plan_file *file;
    const char *errors;

    (void)state;
    stand();
    file = saved();
    scene_set_fact(&scene, "cloud/alpha", "version", "12");
    scene_set_fact(&scene, "node/alpha/10.0.0.9:11211", "running", "yes");
    scene.world.hosts.items[0]->digest = "another";
    scene.world.hosts.items[1]->digest = NULL;
    scene.recorded.serial = 8;
    assert_int_equal(compare(file), -1);
    assert_int_equal(diags_exit_status(scene.diags), 5);
    errors = scene_errors(&scene);
    assert_non_null(strstr(errors, "error[E0701]: resource cloud/alpha has changed"));
    assert_non_null(strstr(errors, "resource node/alpha/10.0.0.9:11211 has appeared"));
    assert_non_null(strstr(errors, "host h1 has changed"));
    assert_non_null(strstr(errors, "host h2 cannot be looked at now"));
    assert_non_null(strstr(errors, "the state has changed"));
    assert_null(strstr(errors, "cloud/beta"));
}

static void a_resource_that_is_not_there_any_more_is_listed(void **state)
{
    const struct plan_file *file;

    (void)state;
    stand();
    file = saved();
    world_deinit(&scene.world);
    world_init(&scene.world, scene.arena);
    assert_int_equal(compare(file), -1);
    assert_non_null(strstr(scene_errors(&scene), "resource cloud/alpha is not looked at now"));
}

static void another_spec_is_noticed(void **state)
{
    const struct plan_file *file;

    (void)state;
    stand();
    file = saved();
    scene_spec(&scene, "a.yaml", scene_site);
    assert_int_equal(compare(file), -1);
    assert_non_null(strstr(scene_errors(&scene), "the spec gives another result now"));
}

static void a_directory_that_is_not_there_is_an_error(void **state)
{
    struct plan_file_extras extras = {NULL, 0, &scene.options, "full"};

    (void)state;
    stand();
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(
        plan_file_write(scene.plan, &extras, "/nonexistent/dir/plan.json", scene.diags), -1);
    assert_non_null(strstr(scene_errors(&scene),
                           "error[E0103]: plan file /nonexistent/dir/plan.json cannot be written: "
                           "No such file or directory"));
}

static void an_existing_plan_file_is_replaced_as_a_whole(void **state)
{
    FILE *old = fopen(path, "w");

    (void)state;
    fputs("old and much longer than nothing", old);
    fclose(old);
    stand();
    assert_string_equal(saved()->refresh, "full");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_plan_file_brings_back_what_the_plan_was_made_from,
                                        setup_directory, teardown_directory),
        cmocka_unit_test_setup_teardown(only_the_owner_may_read_it, setup_directory,
                                        teardown_directory),
        cmocka_unit_test_setup_teardown(an_unmoved_world_agrees, setup_directory,
                                        teardown_directory),
        cmocka_unit_test_setup_teardown(everything_that_moved_is_listed, setup_directory,
                                        teardown_directory),
        cmocka_unit_test_setup_teardown(a_resource_that_is_not_there_any_more_is_listed,
                                        setup_directory, teardown_directory),
        cmocka_unit_test_setup_teardown(another_spec_is_noticed, setup_directory,
                                        teardown_directory),
        cmocka_unit_test_setup_teardown(a_directory_that_is_not_there_is_an_error, setup_directory,
                                        teardown_directory),
        cmocka_unit_test_setup_teardown(an_existing_plan_file_is_replaced_as_a_whole,
                                        setup_directory, teardown_directory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
