#include "executors/steps/step_attrs.h"

#include "tests/unit/executors/steps/step_bench.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct step_bench bench;

static int start(void **state)
{
    (void)state;
    step_bench_open(&bench);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    step_bench_close(&bench);
    return 0;
}

static struct step_context context_of(const struct step *step)
{
    return (struct step_context){.step = step, .arena = bench.arena, .artifacts = bench.artifacts};
}

static struct step *make_step(void)
{
    struct step *step = step_bench_step(&bench, OP_START, "node/test/10.0.0.1:11211", "running",
                                        "yes", "online", "yes", "server", "cacheserver", NULL);

    attrs_add_ref(bench.arena, &((struct resource *)step->change->resource)->attrs, "release",
                  "package/arcus", "digest", SRCLOC_NONE);
    return step;
}

static void a_reference_is_known_once_the_package_was_built(void **state)
{
    struct artifact artifact = {.package = "arcus", .archive = "/nowhere"};
    struct step_context context = context_of(make_step());
    struct outcome outcome = {0};

    (void)state;
    assert_null(step_attr(&context, "release"));
    assert_int_equal(step_succeed(&context, &outcome, OUTCOME_DONE), -1);
    assert_int_equal(outcome.kind, OUTCOME_FAILED);
    assert_non_null(strstr(outcome.fault.text, "package/arcus was not built"));
    memset(artifact.digest, 'b', sizeof(artifact.digest) - 1);
    artifacts_put(bench.artifacts, &artifact);
    assert_string_equal(step_attr(&context, "release"), artifact.digest);
    outcome = (struct outcome){0};
    assert_int_equal(step_succeed(&context, &outcome, OUTCOME_UNCHANGED), 0);
    assert_int_equal(outcome.kind, OUTCOME_UNCHANGED);
    assert_string_equal(attrs_value(&outcome.attrs, "release"), artifact.digest);
    assert_string_equal(attrs_value(&outcome.attrs, "online"), "yes");
}

static void a_record_carries_what_the_process_was_started_with(void **state)
{
    struct step_context context = context_of(make_step());
    struct attrs wanted = {0};
    struct fault fault;
    char *record;

    (void)state;
    assert_int_equal(step_attrs_wanted(&context, &wanted, &fault), 0);
    record = step_attrs_record(&context, &wanted);
    assert_non_null(strstr(record, "attr.release=bbbb"));
    assert_non_null(strstr(record, "attr.server=cacheserver\n"));
    assert_null(strstr(record, "running"));
    assert_null(strstr(record, "online"));
}

static void what_is_no_longer_wanted_is_known_as_it_was_seen(void **state)
{
    struct step *step = step_bench_removal(&bench, OP_UNDEPLOY, "release/here.arcus/arcus",
                                           "install_dir", "/opt/arcus", NULL);
    struct recorded_resource recorded = {0};
    struct step_context context = context_of(step);

    (void)state;
    attrs_add(bench.arena, &recorded.attrs, "install_dir", "/opt/other", SRCLOC_NONE);
    attrs_add(bench.arena, &recorded.attrs, "version", "1.0", SRCLOC_NONE);
    ((struct change *)step->change)->recorded = &recorded;
    assert_string_equal(step_attr(&context, "install_dir"), "/opt/arcus");
    assert_string_equal(step_attr(&context, "version"), "1.0");
    assert_null(step_attr(&context, "digest"));
}

static void an_address_is_taken_apart(void **state)
{
    struct step_context context = context_of(make_step());

    (void)state;
    assert_string_equal(step_address_part(&context, 1), "test/10.0.0.1:11211");
    assert_string_equal(step_address_part(&context, 2), "10.0.0.1:11211");
    assert_string_equal(step_address_part(&context, 3), "");
    assert_string_equal(
        step_release_directory(bench.arena, "arcus", "1.0", "0123456789abcdef0123456789abcdef"),
        "arcus-1.0-0123456789ab");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reference_is_known_once_the_package_was_built),
        cmocka_unit_test(a_record_carries_what_the_process_was_started_with),
        cmocka_unit_test(what_is_no_longer_wanted_is_known_as_it_was_seen),
        cmocka_unit_test(an_address_is_taken_apart),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
