#include "executors/steps/package_cache.h"
#include "tests/unit/executors/steps/workshop.h"

#include <setjmp.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char *content(struct workshop *workshop)
{
    return workshop_output(workshop, "ls state/cache/tool");
}

/* An archive of that name, a day older with each number. */
static void add_archive(struct workshop *workshop, const char *name, int age)
{
    workshop_write(workshop, arena_printf(workshop->arena, "state/cache/tool/%s", name), "x");
    workshop_run(workshop, "touch -d '2024-01-%02d' state/cache/tool/%s", 20 - age, name);
}

static void a_package_has_a_directory_of_its_own(void **state)
{
    struct workshop *workshop = *state;

    assert_int_equal(
        package_cache_make(workshop->cache, &workshop->package, workshop->arena, &workshop->fault),
        0);
    assert_int_equal(
        package_cache_make(workshop->cache, &workshop->package, workshop->arena, &workshop->fault),
        0);
    assert_string_equal(content(workshop), "");
    assert_string_equal(
        package_cache_archive("c", &workshop->package, "0123456789abcdef", workshop->arena),
        "c/tool/tool-1.0-0123456789ab.tar.gz");
}

static void a_directory_that_cannot_be_made_is_a_fault(void **state)
{
    struct workshop *workshop = *state;

    workshop_write(workshop, "state/cache", "a file");
    assert_int_equal(
        package_cache_make(workshop->cache, &workshop->package, workshop->arena, &workshop->fault),
        -1);
    workshop_assert_fault(workshop, DIAG_FILE_WRITE, "state/cache/tool: Not a directory");
}

static void the_newest_archives_stay(void **state)
{
    struct workshop *workshop = *state;

    workshop->package.keep_releases = 2;
    add_archive(workshop, "tool-1.0-a.tar.gz", 3);
    add_archive(workshop, "tool-1.0-b.tar.gz", 1);
    add_archive(workshop, "tool-2.0-c.tar.gz", 2);
    add_archive(workshop, "build-1.log", 9);
    package_cache_tidy(workshop->cache, &workshop->package, workshop->arena);
    assert_string_equal(content(workshop), "build-1.log\ntool-1.0-b.tar.gz\ntool-2.0-c.tar.gz");
}

static void what_a_killed_run_left_goes(void **state)
{
    struct workshop *workshop = *state;
    const char *path;
    int fd;

    workshop->package.keep_releases = 3;
    add_archive(workshop, "tool-1.0-a.tar.gz", 1);
    fd = package_cache_new_file(workshop->cache, &workshop->package, workshop->arena, &path,
                                &workshop->fault);
    assert_true(fd >= 0);
    close(fd);
    assert_int_equal(access(path, F_OK), 0);
    package_cache_tidy(workshop->cache, &workshop->package, workshop->arena);
    assert_string_equal(content(workshop), "tool-1.0-a.tar.gz");
}

static void without_a_directory_there_is_nothing_to_tidy(void **state)
{
    struct workshop *workshop = *state;
    const char *path;

    package_cache_tidy(workshop->cache, &workshop->package, workshop->arena);
    assert_int_equal(package_cache_new_file(workshop->cache, &workshop->package, workshop->arena,
                                            &path, &workshop->fault),
                     -1);
    workshop_assert_fault(workshop, DIAG_FILE_WRITE, "No such file");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, workshop_setup, workshop_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(a_package_has_a_directory_of_its_own),
        CASE(a_directory_that_cannot_be_made_is_a_fault),
        CASE(the_newest_archives_stay),
        CASE(what_a_killed_run_left_goes),
        CASE(without_a_directory_there_is_nothing_to_tidy),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
