#include "executors/steps/package_source.h"
#include "planner/base/str.h"
#include "tests/unit/executors/steps/workshop.h"

#include <setjmp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* "PATH MODE SIZE" lines, or NULL with the fault. */
static const char *source_text(struct workshop *workshop)
{
    struct package_tree tree;
    struct str text = {0};
    const char *copy = NULL;

    package_tree_init(&tree, workshop->arena);
    if (!package_source_read(&workshop->package, false, workshop->directory, NULL, &tree,
                             &workshop->at, &workshop->fault)) {
        vec_each(entry, &tree.entries)
            str_printf(&text, "%s %o %lld\n", entry->path, (unsigned)entry->mode,
                       (long long)entry->size);
        copy = arena_strdup(workshop->arena, str_text(&text));
    }
    str_deinit(&text);
    package_tree_deinit(&tree);
    return copy;
}

static void files_go_where_the_spec_says(void **state)
{
    struct workshop *workshop = *state;

    workshop_write(workshop, "build/server", "binary");
    workshop_write(workshop, "conf/a", "abc");
    workshop_run(workshop, "chmod 775 build/server && chmod 664 conf/a");
    workshop_add_file(workshop, "build/server", "bin/cacheserver", -1);
    workshop_add_file(workshop, workshop_path(workshop, "conf/a"), "etc/a", 0600);
    assert_string_equal(source_text(workshop),
                        "bin 755 0\nbin/cacheserver 755 6\netc 755 0\netc/a 600 3\n");
}

static void a_link_that_a_file_entry_names_is_followed(void **state)
{
    struct workshop *workshop = *state;

    workshop_write(workshop, "lib.so.1", "four");
    workshop_run(workshop, "chmod 644 lib.so.1; ln -s lib.so.1 lib.so");
    workshop_add_file(workshop, "lib.so", "lib/lib.so", -1);
    assert_string_equal(source_text(workshop), "lib 755 0\nlib/lib.so 644 4\n");
}

static void a_directory_that_a_file_entry_names_is_taken_whole(void **state)
{
    struct workshop *workshop = *state;

    workshop_write(workshop, "conf/x/a", "1");
    workshop_write(workshop, "conf/b", "22");
    workshop_add_file(workshop, "conf", "etc", 0640);
    assert_string_equal(source_text(workshop),
                        "etc 755 0\netc/b 640 2\netc/x 755 0\netc/x/a 640 1\n");
}

static void a_missing_file_is_blamed_on_its_line(void **state)
{
    struct workshop *workshop = *state;

    workshop_write(workshop, "a", "1");
    workshop_add_file(workshop, "a", "a", -1);
    workshop_add_file(workshop, "gone", "b", -1);
    assert_null(source_text(workshop));
    workshop_assert_fault(workshop, DIAG_PACKAGE_INPUT, "gone: No such file");
    assert_int_equal(workshop->at.line, 21);
    assert_non_null(strstr(workshop->fault.hint, "build"));
}

static void a_directory_is_read_with_links_and_empty_directories(void **state)
{
    struct workshop *workshop = *state;

    workshop_write(workshop, "dist/bin/t", "12345");
    workshop_run(workshop, "chmod 777 dist/bin/t; mkdir dist/var; ln -s bin/t dist/t");
    workshop->package.source = PACKAGE_DIRECTORY;
    workshop->package.path = "dist";
    assert_string_equal(source_text(workshop), "bin 755 0\nbin/t 755 5\nt 777 0\nvar 755 0\n");
}

static void a_link_out_of_the_directory_is_refused(void **state)
{
    struct workshop *workshop = *state;

    workshop_write(workshop, "dist/a", "1");
    workshop_run(workshop, "ln -s ../secret dist/b");
    workshop->package.source = PACKAGE_DIRECTORY;
    workshop->package.path = "dist";
    assert_null(source_text(workshop));
    workshop_assert_fault(workshop, DIAG_PACKAGE_INPUT, "leads out of the package");
    assert_int_equal(workshop->at.line, 10);
}

static void an_empty_or_missing_directory_is_refused(void **state)
{
    struct workshop *workshop = *state;

    workshop->package.source = PACKAGE_DIRECTORY;
    workshop->package.path = "dist";
    assert_null(source_text(workshop));
    workshop_assert_fault(workshop, DIAG_PACKAGE_INPUT, "dist: No such file");
    workshop_run(workshop, "mkdir dist");
    assert_null(source_text(workshop));
    workshop_assert_fault(workshop, DIAG_PACKAGE_INPUT, "the directory is empty");
    assert_int_equal(mkfifo(workshop_path(workshop, "dist/pipe"), 0600), 0);
    assert_null(source_text(workshop));
    workshop_assert_fault(workshop, DIAG_PACKAGE_INPUT, "neither file, directory nor link");
}

static void a_file_entry_that_is_a_pipe_does_not_hang(void **state)
{
    struct workshop *workshop = *state;

    assert_int_equal(mkfifo(workshop_path(workshop, "pipe"), 0600), 0);
    workshop_add_file(workshop, "pipe", "a", -1);
    assert_null(source_text(workshop));
    workshop_assert_fault(workshop, DIAG_PACKAGE_INPUT, "neither file nor directory");
}

static void an_archive_is_read_from_below_the_base_directory(void **state)
{
    struct workshop *workshop = *state;

    workshop_write(workshop, "in/a", "123");
    workshop_run(workshop, "chmod 644 in/a; tar -czf x.tgz -C in a");
    workshop->package.source = PACKAGE_ARCHIVE;
    workshop->package.path = "x.tgz";
    assert_string_equal(source_text(workshop), "a 644 3\n");
}

static void permissions_do_not_depend_on_the_umask(void **state)
{
    struct workshop *workshop = *state;

    workshop_write(workshop, "a", "1");
    workshop_add_file(workshop, "a", "a", -1);
    workshop_run(workshop, "chmod 666 a");
    assert_string_equal(source_text(workshop), "a 644 1\n");
    workshop_run(workshop, "chmod 4775 a");
    assert_string_equal(source_text(workshop), "a 755 1\n");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, workshop_setup, workshop_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(files_go_where_the_spec_says),
        CASE(a_link_that_a_file_entry_names_is_followed),
        CASE(a_directory_that_a_file_entry_names_is_taken_whole),
        CASE(a_missing_file_is_blamed_on_its_line),
        CASE(a_directory_is_read_with_links_and_empty_directories),
        CASE(a_link_out_of_the_directory_is_refused),
        CASE(an_empty_or_missing_directory_is_refused),
        CASE(a_file_entry_that_is_a_pipe_does_not_hang),
        CASE(an_archive_is_read_from_below_the_base_directory),
        CASE(permissions_do_not_depend_on_the_umask),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
