#include "executors/steps/glob.h"
#include "planner/base/str.h"
#include "tests/unit/executors/steps/workshop.h"

#include <setjmp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* What the patterns match, separated by blanks; each pattern ends with NULL. */
static const char *matches(struct workshop *workshop, const char *first, const char *second)
{
    const char *patterns[] = {first, second};
    struct glob_files files = {.arena = workshop->arena};
    struct str text = {0};
    const char *copy;
    size_t unmatched;

    assert_int_equal(glob_find(workshop->directory, patterns, second ? 2 : 1, &files, &unmatched,
                               &workshop->fault),
                     0);
    vec_each(file, &files.items)
        str_printf(&text, "%s%s", text.length ? " " : "", file->path);
    if (unmatched < (second ? 2 : 1))
        str_printf(&text, "%sno:%s", text.length ? " " : "", patterns[unmatched]);
    copy = arena_strdup(workshop->arena, str_text(&text));
    str_deinit(&text);
    return copy;
}

static int setup(void **state)
{
    static const char *const names[] = {"src/a.c",      "src/b.c",     "src/b.h",
                                        "src/x/d.c",    "src/x/y/e.c", "src/.hidden.c",
                                        "src/.git/z.c", "main.c",      "src/x/y/a.c"};
    struct workshop *workshop;

    if (workshop_setup(state))
        return -1;
    workshop = *state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        workshop_write(workshop, names[i], "x");
    return 0;
}

static void names_and_stars_choose_within_a_directory(void **state)
{
    assert_string_equal(matches(*state, "main.c", NULL), "main.c");
    assert_string_equal(matches(*state, "src/*.c", NULL), "src/a.c src/b.c");
    assert_string_equal(matches(*state, "src/[b-z].?", NULL), "src/b.c src/b.h");
    assert_string_equal(matches(*state, "src/*/*.c", NULL), "src/x/d.c");
    assert_string_equal(matches(*state, "*.c", NULL), "main.c");
}

static void two_stars_cross_directories(void **state)
{
    assert_string_equal(matches(*state, "src/**", NULL),
                        "src/a.c src/b.c src/b.h src/x/d.c src/x/y/a.c src/x/y/e.c");
    assert_string_equal(matches(*state, "src/**/a.c", NULL), "src/a.c src/x/y/a.c");
    assert_string_equal(matches(*state, "**/y/*.c", NULL), "src/x/y/a.c src/x/y/e.c");
    assert_string_equal(matches(*state, "src/**/**/e.c", NULL), "src/x/y/e.c");
    assert_string_equal(matches(*state, "src/x/**/d.c", NULL), "src/x/d.c");
}

static void a_directory_means_what_is_below_it(void **state)
{
    assert_string_equal(matches(*state, "src/x", NULL), "src/x/d.c src/x/y/a.c src/x/y/e.c");
    assert_string_equal(matches(*state, "src/*", NULL),
                        "src/a.c src/b.c src/b.h src/x/d.c src/x/y/a.c src/x/y/e.c");
}

static void hidden_names_must_be_asked_for(void **state)
{
    assert_string_equal(matches(*state, "src/.*.c", NULL), "src/.hidden.c");
    assert_string_equal(matches(*state, "src/.git/*", NULL), "src/.git/z.c");
    assert_string_equal(matches(*state, "**/z.c", NULL), "no:**/z.c");
}

static void a_file_is_found_once_and_in_order(void **state)
{
    assert_string_equal(matches(*state, "src/b.*", "**/b.c"), "src/b.c src/b.h");
    assert_string_equal(matches(*state, "src/b.c", "main.c"), "main.c src/b.c");
}

static void a_pattern_without_a_file_is_named(void **state)
{
    assert_string_equal(matches(*state, "src/a.c", "src/*.cc"), "src/a.c no:src/*.cc");
    assert_string_equal(matches(*state, "none/x", NULL), "no:none/x");
    assert_string_equal(matches(*state, "main.c/x", NULL), "no:main.c/x");
    assert_string_equal(matches(*state, "", NULL), "no:");
}

static void links_do_not_lead_in_circles(void **state)
{
    struct workshop *workshop = *state;

    workshop_run(workshop, "ln -s .. src/x/up && ln -s gone src/x/dangling && ln -s d.c src/x/l.c");
    assert_string_equal(matches(workshop, "src/x/**", NULL),
                        "src/x/d.c src/x/dangling src/x/l.c src/x/up src/x/y/a.c src/x/y/e.c");
    assert_string_equal(matches(workshop, "src/x/up/a.c", NULL), "src/x/up/a.c");
}

static void what_is_no_file_is_passed_over(void **state)
{
    struct workshop *workshop = *state;

    assert_int_equal(mkfifo(workshop_path(workshop, "src/pipe"), 0600), 0);
    assert_string_equal(matches(workshop, "src/p*", NULL), "no:src/p*");
}

static void a_file_can_be_looked_up(void **state)
{
    struct workshop *workshop = *state;
    struct glob_files files = {.arena = workshop->arena}, none = {.arena = workshop->arena};
    const char *pattern = "src/**";
    size_t unmatched;

    assert_int_equal(
        glob_find(workshop->directory, &pattern, 1, &files, &unmatched, &workshop->fault), 0);
    assert_non_null(glob_files_find(&files, "src/x/d.c"));
    assert_int_equal(glob_files_find(&files, "src/x/d.c")->stat.st_size, 1);
    assert_null(glob_files_find(&files, "src/x"));
    assert_null(glob_files_find(&none, "src"));
}

static void endless_depth_is_a_fault(void **state)
{
    struct workshop *workshop = *state;
    const char *pattern = "deep/**";
    struct glob_files files = {.arena = workshop->arena};
    size_t unmatched;

    workshop_run(workshop, "d=deep; mkdir $d; cd $d; i=0; while [ $i -lt 140 ]; do mkdir d; cd d;"
                           " i=$((i+1)); done; echo x > f");
    assert_int_equal(
        glob_find(workshop->directory, &pattern, 1, &files, &unmatched, &workshop->fault), -1);
    workshop_assert_fault(workshop, DIAG_PACKAGE_INPUT, "too deep");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, workshop_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(names_and_stars_choose_within_a_directory),
        CASE(two_stars_cross_directories),
        CASE(a_directory_means_what_is_below_it),
        CASE(hidden_names_must_be_asked_for),
        CASE(a_file_is_found_once_and_in_order),
        CASE(a_pattern_without_a_file_is_named),
        CASE(links_do_not_lead_in_circles),
        CASE(what_is_no_file_is_passed_over),
        CASE(a_file_can_be_looked_up),
        CASE(endless_depth_is_a_fault),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
