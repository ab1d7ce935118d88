#include "executors/steps/build_rule.h"
#include "planner/base/clock.h"
#include "tests/unit/executors/steps/workshop.h"

#include <setjmp.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static int setup(void **state)
{
    struct workshop *workshop;

    if (workshop_setup(state))
        return -1;
    workshop = *state;
    mkdir(workshop->cache, 0755);
    workshop_write(workshop, "src/a.c", "int a;");
    workshop_write(workshop, "src/b.c", "int b;");
    workshop_run(workshop, "chmod 644 src/*");
    workshop_add_rule(workshop, "cat src/*.c > out; echo run >> runs", "src/**", "out");
    return 0;
}

static struct rule_look look(struct workshop *workshop)
{
    const struct rule_place place = {&workshop->package, 0, workshop->cache, &workshop->record};
    struct rule_look found;

    if (rule_look(&place, workshop->arena, &found, &workshop->fault))
        fail_msg("%s", workshop->fault.text);
    return found;
}

static int run(struct workshop *workshop)
{
    const struct rule_place place = {&workshop->package, 0, workshop->cache, &workshop->record};
    struct rule_look found = look(workshop);

    return rule_run(&place, &found, clock_deadline_ms(60000), NULL, workshop->arena,
                    &workshop->fault);
}

static void expect_due(struct workshop *workshop, const char *why)
{
    struct rule_look found = look(workshop);

    assert_true(found.is_due);
    assert_string_equal(found.why, why);
}

static void expect_not_due(struct workshop *workshop)
{
    struct rule_look found = look(workshop);

    if (found.is_due)
        fail_msg("due: %s", found.why);
    assert_null(found.why);
}

static void it_runs_once_and_then_is_not_due(void **state)
{
    struct workshop *workshop = *state;

    assert_true(look(workshop).is_first);
    expect_due(workshop, "never built");
    assert_int_equal(run(workshop), 0);
    assert_string_equal(workshop_read(workshop, workshop_path(workshop, "out"), NULL),
                        "int a;int b;");
    expect_not_due(workshop);
    assert_false(look(workshop).is_first);
}

static void times_do_not_matter(void **state)
{
    struct workshop *workshop = *state;

    assert_int_equal(run(workshop), 0);
    workshop_run(workshop, "touch -d 2030-01-01 src/a.c; touch -d 2001-01-01 src/b.c out;"
                           " cp src/a.c src/c.c; mv src/c.c src/a.c");
    expect_not_due(workshop);
}

static void a_changed_input_is_named(void **state)
{
    struct workshop *workshop = *state;

    assert_int_equal(run(workshop), 0);
    workshop_write(workshop, "src/b.c", "int c;");
    expect_due(workshop, "inputs changed: src/b.c");
    workshop_write(workshop, "src/sub/new.c", "int d;");
    workshop_run(workshop, "chmod +x src/a.c");
    expect_due(workshop, "inputs changed: src/a.c and 2 more");
    assert_int_equal(run(workshop), 0);
    expect_not_due(workshop);
    unlink(workshop_path(workshop, "src/sub/new.c"));
    expect_due(workshop, "inputs or the rule changed");
}

static void without_the_list_it_is_due_all_the_same(void **state)
{
    struct workshop *workshop = *state;

    assert_int_equal(run(workshop), 0);
    workshop_run(workshop, "rm -r state/cache; mkdir state/cache");
    expect_not_due(workshop);
    workshop_write(workshop, "src/b.c", "int c;");
    expect_due(workshop, "inputs changed: src/a.c and 1 more");
}

static void another_command_makes_it_due(void **state)
{
    struct workshop *workshop = *state;

    assert_int_equal(run(workshop), 0);
    workshop->package.rule_count = 0;
    workshop_add_rule(workshop, "cat src/*.c > out # faster", "src/**", "out");
    expect_due(workshop, "inputs or the rule changed");
}

static void a_missing_output_makes_it_due(void **state)
{
    struct workshop *workshop = *state;

    assert_int_equal(run(workshop), 0);
    unlink(workshop_path(workshop, "out"));
    expect_due(workshop, "output missing: out");
}

static void an_output_is_no_input(void **state)
{
    struct workshop *workshop = *state;

    workshop->package.rule_count = 0;
    workshop_add_rule(workshop, "date +%s%N > src/made", "src/**", "src/made");
    assert_int_equal(run(workshop), 0);
    expect_not_due(workshop);
    workshop_write(workshop, "src/made", "something else");
    expect_not_due(workshop);
}

static void a_link_counts_by_its_target_text(void **state)
{
    struct workshop *workshop = *state;

    workshop_run(workshop, "mkdir one two; ln -s ../one src/link");
    assert_int_equal(run(workshop), 0);
    expect_not_due(workshop);
    workshop_run(workshop, "rm src/link; ln -s ../two src/link");
    expect_due(workshop, "inputs changed: src/link");
}

static void a_failed_rule_stays_due(void **state)
{
    struct workshop *workshop = *state;

    workshop->package.rule_count = 0;
    workshop_add_rule(workshop, "echo a.c:1: no; exit 1", "src/**", "out");
    assert_int_equal(run(workshop), -1);
    workshop_assert_fault(workshop, DIAG_PACKAGE_BUILD, "a.c:1: no");
    expect_due(workshop, "never built");
}

static void a_rule_that_does_not_make_its_output_has_failed(void **state)
{
    struct workshop *workshop = *state;

    workshop->package.rule_count = 0;
    workshop_add_rule(workshop, "true", "src/**", "out/*.so");
    assert_int_equal(run(workshop), -1);
    workshop_assert_fault(workshop, DIAG_PACKAGE_BUILD, "did not make its output out/*.so");
    expect_due(workshop, "never built");
}

static void an_input_that_changes_meanwhile_makes_it_due_again(void **state)
{
    struct workshop *workshop = *state;

    workshop->package.rule_count = 0;
    workshop_add_rule(workshop, "cat src/*.c > out; echo more >> src/b.c", "src/**", "out");
    assert_int_equal(run(workshop), 0);
    expect_due(workshop, "inputs changed: src/b.c");
}

static void an_input_pattern_without_files_is_an_error(void **state)
{
    struct workshop *workshop = *state;
    const struct rule_place place = {&workshop->package, 0, workshop->cache, &workshop->record};
    struct rule_look found;

    workshop->package.rule_count = 0;
    workshop_add_rule(workshop, "true", "source/*.c", "out");
    assert_int_equal(rule_look(&place, workshop->arena, &found, &workshop->fault), -1);
    workshop_assert_fault(workshop, DIAG_PACKAGE_INPUT, "matches the input 'source/*.c'");
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, workshop_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(it_runs_once_and_then_is_not_due),
        CASE(times_do_not_matter),
        CASE(a_changed_input_is_named),
        CASE(without_the_list_it_is_due_all_the_same),
        CASE(another_command_makes_it_due),
        CASE(a_missing_output_makes_it_due),
        CASE(an_output_is_no_input),
        CASE(a_link_counts_by_its_target_text),
        CASE(a_failed_rule_stays_due),
        CASE(a_rule_that_does_not_make_its_output_has_failed),
        CASE(an_input_that_changes_meanwhile_makes_it_due_again),
        CASE(an_input_pattern_without_files_is_an_error),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
