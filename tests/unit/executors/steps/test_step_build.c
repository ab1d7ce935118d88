#include "executors/steps/step_build.h"
#include "tests/unit/executors/steps/workshop.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

struct bench {
    struct artifacts *artifacts;
    struct resource resource;
    struct change change;
    struct step step;
    struct step_context context;
    const char *phases;
    struct workshop *workshop;
};

static void note_phase(void *data, const char *text)
{
    struct bench *bench = data;

    bench->phases = arena_printf(bench->workshop->arena, "%s%s ", bench->phases, text);
}

static void bench_init(struct bench *bench, struct workshop *workshop)
{
    *bench = (struct bench){.artifacts = artifacts_new(), .phases = "", .workshop = workshop};
    bench->resource = (struct resource){.address = "package/tool", .package = &workshop->package};
    bench->change = (struct change){.address = "package/tool", .resource = &bench->resource};
    bench->step = (struct step){.id = 1, .op = OP_BUILD, .change = &bench->change};
    bench->context = (struct step_context){.spec = &workshop->spec,
                                           .step = &bench->step,
                                           .arena = workshop->arena,
                                           .artifacts = bench->artifacts,
                                           .builds = &workshop->record,
                                           .cache_dir = workshop->cache,
                                           .phase = note_phase,
                                           .data = bench};
    workshop_write(workshop, "in", "x");
    workshop_add_rule(workshop, "echo run >> log; cp in out", "in", "out");
    workshop_add_file(workshop, "out", "bin/out", 0755);
}

static void it_builds_packs_and_hands_on(void **state)
{
    struct outcome outcome = {0};
    struct artifact artifact;
    struct bench bench;

    bench_init(&bench, *state);
    step_build(&bench.context, &outcome);
    assert_int_equal(outcome.kind, OUTCOME_DONE);
    assert_string_equal(bench.phases, "building packing ");
    assert_true(artifacts_get(bench.artifacts, "tool", &artifact));
    assert_string_equal(attrs_value(&outcome.attrs, "digest"), artifact.digest);
    assert_string_equal(attrs_value(&outcome.attrs, "build"), "up to date");
    assert_string_equal(attrs_value(&outcome.attrs, "version"), "1.0");
    artifacts_free(bench.artifacts);
}

static void a_second_time_it_finds_nothing_to_do(void **state)
{
    struct outcome first = {0}, second = {0};
    struct artifact artifact;
    struct bench bench;

    bench_init(&bench, *state);
    step_build(&bench.context, &first);
    artifacts_free(bench.artifacts);
    bench.context.artifacts = bench.artifacts = artifacts_new();
    step_build(&bench.context, &second);
    assert_int_equal(second.kind, OUTCOME_UNCHANGED);
    assert_true(artifacts_get(bench.artifacts, "tool", &artifact));
    assert_string_equal(attrs_value(&second.attrs, "digest"), attrs_value(&first.attrs, "digest"));
    assert_string_equal(workshop_output(*state, "cat log"), "run");
    artifacts_free(bench.artifacts);
}

static void forced_it_builds_again(void **state)
{
    struct outcome first = {0}, second = {0};
    struct bench bench;

    bench_init(&bench, *state);
    step_build(&bench.context, &first);
    bench.change.is_forced = true;
    step_build(&bench.context, &second);
    assert_int_equal(second.kind, OUTCOME_DONE);
    assert_string_equal(workshop_output(*state, "cat log"), "run\nrun");
    artifacts_free(bench.artifacts);
}

static void a_failure_names_the_rule_in_the_spec(void **state)
{
    struct workshop *workshop = *state;
    struct outcome outcome = {0};
    struct artifact artifact;
    struct bench bench;

    bench_init(&bench, workshop);
    workshop_add_rule(workshop, "exit 2", "out", "none");
    step_build(&bench.context, &outcome);
    assert_int_equal(outcome.kind, OUTCOME_FAILED);
    assert_int_equal(outcome.fault.code, DIAG_PACKAGE_BUILD);
    assert_int_equal(outcome.at.line, 31);
    assert_false(artifacts_get(bench.artifacts, "tool", &artifact));
    artifacts_free(bench.artifacts);
}

static void a_cancel_interrupts_it(void **state)
{
    atomic_bool cancel = true;
    struct outcome outcome = {0};
    struct bench bench;

    bench_init(&bench, *state);
    bench.context.cancel = &cancel;
    step_build(&bench.context, &outcome);
    assert_int_equal(outcome.kind, OUTCOME_FAILED);
    assert_int_equal(outcome.fault.code, DIAG_INTERRUPTED);
    artifacts_free(bench.artifacts);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, workshop_setup, workshop_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(it_builds_packs_and_hands_on), CASE(a_second_time_it_finds_nothing_to_do),
        CASE(forced_it_builds_again),       CASE(a_failure_names_the_rule_in_the_spec),
        CASE(a_cancel_interrupts_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
