#include "planner/spec/resolve.h"

#include "tests/unit/planner/spec/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const char *spec_text(struct fixture *fixture, const char *keys)
{
    return arena_printf(fixture->arena,
                        "arcusplan: 1\npackages:\n  p: { version: v1, install_dir: /opt/p, %s }\n",
                        keys);
}

static const struct spec_package *load(struct fixture *fixture, const char *keys)
{
    if (fixture_load(fixture, spec_text(fixture, keys)) < 0)
        fail_msg("%s", fixture_messages(fixture));
    return &fixture->spec->packages[0];
}

static const char *refuse(struct fixture *fixture, const char *keys)
{
    assert_int_equal(fixture_load(fixture, spec_text(fixture, keys)), -1);
    return fixture_messages(fixture);
}

static void a_package_has_one_kind_of_content(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(load(fixture, "archive: x.tar")->source, PACKAGE_ARCHIVE);
    assert_string_equal(load(fixture, "archive: x.tar")->path, "x.tar");
    assert_int_equal(load(fixture, "directory: dist")->source, PACKAGE_DIRECTORY);
    assert_int_equal(load(fixture, "files: [{ from: a, to: b }]")->source, PACKAGE_FILES);
    refuse(fixture, "keep_releases: 1");
    assert_non_null(strstr(fixture->text, "error[E0204]: package p has no content"));
    refuse(fixture, "directory: x, archive: y");
    assert_non_null(
        strstr(fixture->text, "error[E0212]: directory and archive exclude each other"));
}

static void files_have_their_modes(void **state)
{
    const struct spec_package *package =
        load(*state, "files: [{ from: a, to: bin/a, mode: \"0755\" }, { from: /b, to: b }]");

    assert_int_equal(package->file_count, 2);
    assert_string_equal(package->files[0].from, "a");
    assert_string_equal(package->files[0].to, "bin/a");
    assert_int_equal(package->files[0].mode, 0755);
    assert_string_equal(package->files[1].from, "/b");
    assert_int_equal(package->files[1].mode, -1);
    assert_int_equal(package->files[1].at.line, 3);
}

static void build_rules_keep_their_order(void **state)
{
    const struct spec_package *package = load(
        *state,
        "directory: d, build: [{ run: one, inputs: [a, \"b/**\"], outputs: [c] }, { run: two }]");

    assert_int_equal(package->rule_count, 2);
    assert_string_equal(package->rules[0].run, "one");
    assert_int_equal(package->rules[0].input_count, 2);
    assert_string_equal(package->rules[0].inputs[1], "b/**");
    assert_string_equal(package->rules[0].outputs[0], "c");
    assert_string_equal(package->rules[1].run, "two");
    assert_int_equal(package->rules[1].input_count, 0);
}

static void paths_stay_inside_the_release(void **state)
{
    static const char *const bad[] = {"/a",  "..",   "../a", "a/../b", "a/..",
                                      "./a", "a//b", "a/",   "."};
    static const char *const good[] = {"a", "a/b/c", "..a", "a..", "...", "a/.hidden"};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        refuse(fixture, arena_printf(fixture->arena, "files: [{ from: x, to: %s }]", bad[i]));
        assert_non_null(strstr(fixture->text, "expected a relative path"));
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        load(fixture, arena_printf(fixture->arena, "files: [{ from: x, to: %s }]", good[i]));
}

static void build_globs_stay_below_the_directory(void **state)
{
    struct fixture *fixture = *state;

    refuse(fixture, "directory: d, build: [{ run: x, inputs: [/a], outputs: [../b] }]");
    assert_int_equal(strncmp(fixture->text, "a.yaml:3:", 9), 0);
    assert_non_null(strstr(fixture->text, "found /a"));
    assert_non_null(strstr(fixture->text, "found ../b"));
}

static void a_path_is_written_once(void **state)
{
    struct fixture *fixture = *state;

    refuse(fixture, "files: [{ from: x, to: a/b }, { from: y, to: c }, { from: z, to: a/b }]");
    assert_non_null(strstr(fixture->text, "error[E0208]: a/b is written twice in the release"));
}

static void a_file_is_no_directory(void **state)
{
    struct fixture *fixture = *state;

    refuse(fixture, "files: [{ from: x, to: a/b/c }, { from: y, to: a-b }, { from: z, to: a }]");
    assert_non_null(
        strstr(fixture->text, "error[E0212]: a is a file, so that a/b/c cannot lie below it"));
    load(fixture, "files: [{ from: x, to: a/b }, { from: y, to: a-b }, { from: z, to: a.b }]");
}

static void a_package_knows_the_directory_of_its_file(void **state)
{
    const char *texts[] = {"arcusplan: 1\n", "{}",
                           "packages: { p: { version: v, install_dir: /opt/p, directory: d } }\n"};
    struct fixture *fixture = *state;

    assert_string_equal(load(fixture, "directory: d")->base_dir, ".");
    assert_int_equal(fixture_load_files(fixture, texts, 3), 0);
    assert_string_equal(fixture->spec->packages[0].base_dir, "dir");
}

static void names_and_versions_fit_file_names(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(load(fixture, "directory: d")->keep_releases, 3);
    assert_int_equal(fixture_load(fixture, "arcusplan: 1\npackages: { a/b: { version: 1/2, "
                                           "install_dir: /opt/p, directory: d } }\n"),
                     -1);
    assert_int_equal(diags_count_errors(fixture->diags), 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_package_has_one_kind_of_content),
        FIXTURE_TEST(files_have_their_modes),
        FIXTURE_TEST(build_rules_keep_their_order),
        FIXTURE_TEST(paths_stay_inside_the_release),
        FIXTURE_TEST(build_globs_stay_below_the_directory),
        FIXTURE_TEST(a_path_is_written_once),
        FIXTURE_TEST(a_file_is_no_directory),
        FIXTURE_TEST(a_package_knows_the_directory_of_its_file),
        FIXTURE_TEST(names_and_versions_fit_file_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
