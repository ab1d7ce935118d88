#include "planner/spec/spec.h"

#include "tests/unit/planner/spec/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void a_good_spec_loads(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_load(fixture, fixture_base), 0);
    assert_string_equal(fixture_messages(fixture), "");
    assert_int_equal(fixture->spec->source_count, 1);
    assert_string_equal(fixture->spec->sources[0].file, "a.yaml");
    assert_string_equal(fixture->spec->zookeeper->connect, "10.0.0.1:2181");
}

static void a_bad_spec_gives_nothing_but_messages(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_load(fixture, "arcusplan: 2\n"), -1);
    assert_null(fixture->spec);
    assert_true(diags_has_errors(fixture->diags));
}

static void earlier_errors_of_others_do_not_spoil_a_good_spec(void **state)
{
    struct fixture *fixture = *state;

    diag_error(fixture->diags, DIAG_USAGE, SRCLOC_NONE, "before");
    assert_int_equal(fixture_load(fixture, fixture_base), 0);
    assert_non_null(fixture->spec);
}

static void warnings_do_not_refuse_a_spec(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_load(fixture, fixture_join(fixture, fixture_hosts,
                                                        "zookeeper: { hosts: [a, b] }\n")),
                     0);
    assert_non_null(strstr(fixture_messages(fixture), "warning[W0206]"));
}

static void errors_of_all_phases_after_parsing_come_together(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_load(fixture, "arcusplan: 1\nwrong: 1\n"
                                           "ssh: { user: \"${undefined}\" }\n"
                                           "zookeeper: { hosts: [nowhere] }\n"
                                           "ssh: {}\n"),
                     -1);
    assert_int_equal(diags_count_errors(fixture->diags), 4);
}

static void syntax_errors_of_all_files_come_together(void **state)
{
    const char *texts[] = {"a: [", "b: ]", "arcusplan: 1\n"};
    struct fixture *fixture = *state;

    assert_int_equal(fixture_load_files(fixture, texts, 3), -1);
    assert_int_equal(diags_count_errors(fixture->diags), 2);
}

static void files_are_merged_left_to_right(void **state)
{
    const char *texts[] = {fixture_base, "", "zookeeper: { hosts: [b], client_port: 2281 }\n"};
    struct fixture *fixture = *state;

    assert_int_equal(fixture_load_files(fixture, texts, 3), 0);
    assert_string_equal(fixture->spec->zookeeper->connect, "10.0.0.2:2281");
    assert_int_equal(fixture->spec->source_count, 3);
}

static void a_file_that_is_no_map_is_refused(void **state)
{
    const char *texts[] = {fixture_base, "- a\n"};
    struct fixture *fixture = *state;

    assert_int_equal(fixture_load_files(fixture, texts, 2), -1);
    assert_string_equal(fixture_messages(fixture),
                        "b.yaml:1:1: error[E0205]: expected a map of sections, found a list\n");
}

static const char *digest_with(struct fixture *fixture, const char *text,
                               const struct spec_variable *variables, size_t count)
{
    struct spec_source source = {"a.yaml", text, strlen(text)};
    struct spec_input input = {.sources = &source,
                               .source_count = 1,
                               .variables = variables,
                               .variable_count = count,
                               .home = "/"};

    assert_int_equal(spec_load(&input, fixture->arena, fixture->diags, &fixture->spec), 0);
    return fixture->spec->digest;
}

static void the_digest_depends_on_texts_and_variables_alone(void **state)
{
    static const struct spec_variable one[] = {{"a", "1"}, {"b", "2"}};
    static const struct spec_variable other[] = {{"b", "2"}, {"a", "1"}};
    static const struct spec_variable changed[] = {{"a", "1"}, {"b", "3"}};
    struct fixture *fixture = *state;
    const char *first = digest_with(fixture, fixture_hosts, one, 2);

    assert_int_equal(strlen(first), 64);
    assert_string_equal(digest_with(fixture, fixture_hosts, one, 2), first);
    assert_string_equal(digest_with(fixture, fixture_hosts, other, 2), first);
    assert_string_not_equal(digest_with(fixture, fixture_hosts, changed, 2), first);
    assert_string_not_equal(digest_with(fixture, fixture_hosts, NULL, 0), first);
    assert_string_not_equal(digest_with(fixture, fixture_base, one, 2), first);
}

static void things_are_found_by_name(void **state)
{
    struct fixture *fixture = *state;
    const char *text = fixture_join(fixture, fixture_base,
                                    "clouds: { c: { package: arcus, nodes: [{ hosts: [b], ports: "
                                    "[11211] }] } }\n");

    assert_int_equal(fixture_load(fixture, text), 0);
    assert_ptr_equal(spec_find_host(fixture->spec, "b"), &fixture->spec->hosts[1]);
    assert_ptr_equal(spec_find_package(fixture->spec, "arcus"), &fixture->spec->packages[0]);
    assert_ptr_equal(spec_find_cloud(fixture->spec, "c"), &fixture->spec->clouds[0]);
    assert_null(spec_find_host(fixture->spec, "c"));
    assert_null(spec_find_package(fixture->spec, ""));
    assert_null(spec_find_cloud(fixture->spec, "C"));
}

static void files_are_read_whole(void **state)
{
    struct fixture *fixture = *state;
    char path[] = "/tmp/spec-load-XXXXXX";
    int fd = mkstemp(path);
    const char *paths[] = {path};
    struct spec_source *sources;
    enum { SIZE = 100000 };

    assert_true(fd >= 0);
    for (int i = 0; i < SIZE / 10; i++)
        assert_int_equal(write(fd, "012345678\n", 10), 10);
    assert_int_equal(spec_read_files(paths, 1, fixture->arena, fixture->diags, &sources), 0);
    assert_int_equal(sources[0].length, SIZE);
    assert_string_equal(sources[0].file, path);
    assert_memory_equal(sources[0].text + SIZE - 10, "012345678\n", 11);
    close(fd);
    unlink(path);
}

static void files_that_cannot_be_read_are_all_reported(void **state)
{
    static const char *const paths[] = {"/nonexistent/a", "/", "/dev/null"};
    struct fixture *fixture = *state;
    struct spec_source *sources;

    assert_int_equal(spec_read_files(paths, 3, fixture->arena, fixture->diags, &sources), -1);
    assert_string_equal(fixture_messages(fixture),
                        "/: error[E0102]: cannot read: Is a directory\n"
                        "/nonexistent/a: error[E0102]: cannot read: No such file or directory\n");
}

static void an_endless_file_is_given_up(void **state)
{
    static const char *const paths[] = {"/dev/zero"};
    struct fixture *fixture = *state;
    struct spec_input input = {.source_count = 1, .home = "/"};
    struct spec_source *sources;

    assert_int_equal(spec_read_files(paths, 1, fixture->arena, fixture->diags, &sources), 0);
    input.sources = sources;
    assert_int_equal(spec_load(&input, fixture->arena, fixture->diags, &fixture->spec), -1);
    assert_non_null(strstr(fixture_messages(fixture), "expected at most 4194304 bytes"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_good_spec_loads),
        FIXTURE_TEST(a_bad_spec_gives_nothing_but_messages),
        FIXTURE_TEST(earlier_errors_of_others_do_not_spoil_a_good_spec),
        FIXTURE_TEST(warnings_do_not_refuse_a_spec),
        FIXTURE_TEST(errors_of_all_phases_after_parsing_come_together),
        FIXTURE_TEST(syntax_errors_of_all_files_come_together),
        FIXTURE_TEST(files_are_merged_left_to_right),
        FIXTURE_TEST(a_file_that_is_no_map_is_refused),
        FIXTURE_TEST(the_digest_depends_on_texts_and_variables_alone),
        FIXTURE_TEST(things_are_found_by_name),
        FIXTURE_TEST(files_are_read_whole),
        FIXTURE_TEST(files_that_cannot_be_read_are_all_reported),
        FIXTURE_TEST(an_endless_file_is_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
