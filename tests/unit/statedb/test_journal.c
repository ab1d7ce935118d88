/* Runs, intents and outcomes, and what a cut between them leaves. */
#include "tests/unit/statedb/fixture.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static const char node[] = "node/test/10.0.0.1:11211";

static int64_t begin(struct fixture *fixture, struct statedb *db)
{
    int64_t run_id = 0;

    assert_int_equal(
        statedb_run_begin(db, "apply", "me@here", &fixture->spec, fixture->diags, &run_id), 0);
    assert_true(run_id > 0);
    return run_id;
}

static void finish(struct fixture *fixture, struct statedb *db, int64_t run_id, struct step *step,
                   enum outcome_kind kind, struct attrs attrs)
{
    struct outcome outcome = fixture_outcome(kind, attrs);

    assert_int_equal(statedb_outcome(db, run_id, step, &outcome, fixture->diags), 0);
}

static void an_intent_without_outcome_leaves_the_resource_uncertain(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);
    int64_t run_id = begin(fixture, db);
    struct step *step = fixture_step(fixture, 1, OP_START, VERB_CREATE, node, &fixture->hosts[0]);

    assert_int_equal(statedb_intent(db, run_id, step, fixture->diags), 0);
    statedb_close(db);
    assert_string_equal(fixture_dump(fixture),
                        "serial 0\n"
                        "node/test/10.0.0.1:11211 on cache001 uncertain start\n"
                        "run 1 apply open\n"
                        "  1 start node/test/10.0.0.1:11211 open\n");
}

static void an_outcome_records_the_attributes_and_ends_the_doubt(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);
    int64_t run_id = begin(fixture, db);
    struct step *step = fixture_step(fixture, 1, OP_START, VERB_CREATE, node, &fixture->hosts[0]);

    assert_int_equal(statedb_intent(db, run_id, step, fixture->diags), 0);
    finish(fixture, db, run_id, step, OUTCOME_DONE,
           fixture_attrs(fixture, "running", "yes", "live.pid", "77", "set.threads", "6", NULL));
    assert_int_equal(statedb_run_end(db, run_id, "done", fixture->diags), 0);
    statedb_close(db);
    assert_string_equal(fixture_dump(fixture), "serial 1\n"
                                               "node/test/10.0.0.1:11211 on cache001\n"
                                               "  running=yes\n"
                                               "  set.threads=6\n"
                                               "run 1 apply done\n"
                                               "  1 start node/test/10.0.0.1:11211 done\n");
}

static void attributes_that_are_gone_do_not_stay(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);
    int64_t run_id = begin(fixture, db);
    struct step *first = fixture_step(fixture, 1, OP_REGISTER, VERB_CREATE, "cloud/test", NULL);
    struct step *second = fixture_step(fixture, 2, OP_UNREGISTER, VERB_UPDATE, "cloud/test", NULL);

    finish(fixture, db, run_id, first, OUTCOME_DONE,
           fixture_attrs(fixture, "node.a", "1", "node.b", "2", NULL));
    finish(fixture, db, run_id, second, OUTCOME_DONE, fixture_attrs(fixture, "node.b", "2", NULL));
    statedb_close(db);
    assert_non_null(strstr(fixture_dump(fixture), "cloud/test on -\n  node.b=2\nrun"));
}

static void a_failure_leaves_the_resource_uncertain_with_its_old_attributes(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);
    int64_t run_id = begin(fixture, db);
    struct step *first = fixture_step(fixture, 1, OP_START, VERB_CREATE, node, &fixture->hosts[0]);
    struct step *second =
        fixture_step(fixture, 2, OP_RESTART, VERB_RESTART, node, &fixture->hosts[0]);

    finish(fixture, db, run_id, first, OUTCOME_DONE,
           fixture_attrs(fixture, "running", "yes", NULL));
    assert_int_equal(statedb_intent(db, run_id, second, fixture->diags), 0);
    finish(fixture, db, run_id, second, OUTCOME_FAILED, (struct attrs){0});
    statedb_close(db);
    assert_non_null(strstr(fixture_dump(fixture),
                           "cache001 uncertain restart\n  running=yes\nrun 1 apply open\n"));
}

static void a_skipped_step_is_told_but_changes_no_resource(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);
    int64_t run_id = begin(fixture, db);
    struct step *step = fixture_step(fixture, 4, OP_START, VERB_CREATE, node, &fixture->hosts[0]);
    struct run_step_list steps;

    finish(fixture, db, run_id, step, OUTCOME_SKIPPED, (struct attrs){0});
    assert_int_equal(statedb_run_steps(db, run_id, fixture->arena, fixture->diags, &steps), 0);
    assert_int_equal(steps.count, 1);
    assert_string_equal(steps.items[0].outcome, "skipped");
    assert_string_equal(steps.items[0].error, "no answer in 10s");
    statedb_close(db);
    assert_null(strstr(fixture_dump(fixture), "cache001"));
}

static void a_removal_forgets_the_resource(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);
    int64_t run_id = begin(fixture, db);
    struct step *start = fixture_step(fixture, 1, OP_START, VERB_CREATE, node, &fixture->hosts[0]);
    struct step *stop = fixture_step(fixture, 2, OP_STOP, VERB_DELETE, node, &fixture->hosts[0]);

    finish(fixture, db, run_id, start, OUTCOME_DONE,
           fixture_attrs(fixture, "running", "yes", NULL));
    assert_int_equal(statedb_intent(db, run_id, stop, fixture->diags), 0);
    finish(fixture, db, run_id, stop, OUTCOME_DONE, (struct attrs){0});
    statedb_close(db);
    assert_string_equal(fixture_dump(fixture), "serial 2\n"
                                               "run 1 apply open\n"
                                               "  1 start node/test/10.0.0.1:11211 done\n"
                                               "  2 stop node/test/10.0.0.1:11211 done\n");
}

static void a_registered_cloud_remembers_its_protection(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);
    int64_t run_id = begin(fixture, db);
    struct step *step = fixture_step(fixture, 1, OP_REGISTER, VERB_CREATE, "cloud/test", NULL);
    struct resource resource = {.address = "cloud/test", .cloud = &fixture->cloud};
    struct change change = *step->change;

    change.resource = &resource;
    step->change = &change;
    finish(fixture, db, run_id, step, OUTCOME_DONE, (struct attrs){0});
    statedb_close(db);
    assert_non_null(strstr(fixture_dump(fixture), "cloud/test on - protected\n"));
}

static void errors_that_are_not_text_are_kept_as_text(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);
    int64_t run_id = begin(fixture, db);
    struct step *step = fixture_step(fixture, 1, OP_START, VERB_CREATE, node, NULL);
    struct outcome outcome = {.kind = OUTCOME_FAILED};
    struct run_step_list steps;

    fault_set(&outcome.fault, DIAG_HOST_COMMAND, "bad \xff\x1b[31m bytes");
    assert_int_equal(statedb_outcome(db, run_id, step, &outcome, fixture->diags), 0);
    assert_int_equal(statedb_run_steps(db, run_id, fixture->arena, fixture->diags, &steps), 0);
    assert_string_equal(steps.items[0].error, "bad ??[31m bytes");
    statedb_close(db);
}

static void runs_are_numbered_upwards(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);

    assert_int_equal(begin(fixture, db), 1);
    assert_int_equal(begin(fixture, db), 2);
    statedb_close(db);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(an_intent_without_outcome_leaves_the_resource_uncertain),
        CASE(an_outcome_records_the_attributes_and_ends_the_doubt),
        CASE(attributes_that_are_gone_do_not_stay),
        CASE(a_failure_leaves_the_resource_uncertain_with_its_old_attributes),
        CASE(a_skipped_step_is_told_but_changes_no_resource),
        CASE(a_removal_forgets_the_resource),
        CASE(a_registered_cloud_remembers_its_protection),
        CASE(errors_that_are_not_text_are_kept_as_text),
        CASE(runs_are_numbered_upwards),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
