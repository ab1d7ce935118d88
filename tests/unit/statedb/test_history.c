#include "tests/unit/statedb/fixture.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static int64_t record_run(struct fixture *fixture, struct statedb *db, const char *command)
{
    static const enum outcome_kind kinds[] = {OUTCOME_DONE, OUTCOME_UNCHANGED, OUTCOME_FAILED,
                                              OUTCOME_SKIPPED};
    int64_t run_id;

    assert_int_equal(
        statedb_run_begin(db, command, "me@here", &fixture->spec, fixture->diags, &run_id), 0);
    for (int i = 0; i < 4; i++) {
        struct step *step =
            fixture_step(fixture, i + 1, OP_DEPLOY, VERB_CREATE,
                         arena_printf(fixture->arena, "release/h%d/arcus", i), &fixture->hosts[0]);
        struct outcome outcome = fixture_outcome(kinds[i], (struct attrs){0});

        assert_int_equal(statedb_intent(db, run_id, step, fixture->diags), 0);
        assert_int_equal(statedb_outcome(db, run_id, step, &outcome, fixture->diags), 0);
    }
    return run_id;
}

static void runs_are_listed_newest_first_with_their_counts(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);
    struct run_list runs;

    record_run(fixture, db, "apply");
    assert_int_equal(statedb_run_end(db, 1, "failed", fixture->diags), 0);
    record_run(fixture, db, "destroy");
    assert_int_equal(statedb_runs(db, fixture->arena, fixture->diags, &runs), 0);
    assert_int_equal(runs.count, 2);
    assert_string_equal(runs.items[0].command, "destroy");
    assert_null(runs.items[0].ended);
    assert_null(runs.items[0].result);
    assert_string_equal(runs.items[1].result, "failed");
    assert_non_null(runs.items[1].ended);
    assert_string_equal(runs.items[1].user, "me@here");
    assert_string_equal(runs.items[1].spec_digest, "0123abcd");
    assert_int_equal(runs.items[1].steps, 4);
    assert_int_equal(runs.items[1].done, 2);
    assert_int_equal(runs.items[1].failed, 1);
    assert_int_equal(runs.items[1].skipped, 1);
    statedb_close(db);
}

static void the_steps_of_a_run_tell_what_happened(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);
    struct run_step_list steps;

    record_run(fixture, db, "apply");
    assert_int_equal(statedb_run_steps(db, 1, fixture->arena, fixture->diags, &steps), 0);
    assert_int_equal(steps.count, 4);
    assert_string_equal(steps.items[0].op, "deploy");
    assert_string_equal(steps.items[0].address, "release/h0/arcus");
    assert_string_equal(steps.items[0].host, "cache001");
    assert_string_equal(steps.items[0].reason, "because");
    assert_null(steps.items[0].error);
    assert_string_equal(steps.items[2].outcome, "failed");
    assert_string_equal(steps.items[2].error, "no answer in 10s");
    statedb_close(db);
}

static void a_run_gives_its_spec_back_and_texts_are_kept_once(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);
    struct spec_source *sources;
    size_t count;

    record_run(fixture, db, "apply");
    record_run(fixture, db, "apply");
    assert_int_equal(statedb_run_sources(db, 2, fixture->arena, fixture->diags, &sources, &count),
                     0);
    assert_int_equal(count, 2);
    assert_string_equal(sources[0].file, "cluster.yaml");
    assert_string_equal(sources[0].text, "arcusplan: 1\n");
    assert_int_equal(sources[1].length, 10);
    statedb_close(db);
}

static void a_run_that_never_was_is_not_found(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);
    struct run_step_list steps;
    struct spec_source *sources;
    size_t count;

    assert_int_equal(statedb_run_steps(db, 7, fixture->arena, fixture->diags, &steps), -1);
    fixture_assert_error(fixture, DIAG_STATE_NOT_FOUND, "no run 7");
    assert_int_equal(statedb_run_sources(db, 7, fixture->arena, fixture->diags, &sources, &count),
                     -1);
    fixture_assert_error(fixture, DIAG_STATE_NOT_FOUND, "no run 7");
    statedb_close(db);
}

static void digests_of_build_rules_are_kept_per_rule(void **state)
{
    struct fixture *fixture = *state;
    struct statedb *db = fixture_open(fixture);
    const char *digest = "before";

    assert_int_equal(statedb_build_get(db, "arcus", 0, fixture->arena, fixture->diags, &digest), 0);
    assert_null(digest);
    assert_int_equal(statedb_build_put(db, "arcus", 0, "aa", fixture->diags), 0);
    assert_int_equal(statedb_build_put(db, "arcus", 1, "bb", fixture->diags), 0);
    assert_int_equal(statedb_build_put(db, "arcus", 0, "cc", fixture->diags), 0);
    assert_int_equal(statedb_build_get(db, "arcus", 0, fixture->arena, fixture->diags, &digest), 0);
    assert_string_equal(digest, "cc");
    assert_int_equal(statedb_build_get(db, "arcus", 1, fixture->arena, fixture->diags, &digest), 0);
    assert_string_equal(digest, "bb");
    statedb_close(db);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(runs_are_listed_newest_first_with_their_counts),
        CASE(the_steps_of_a_run_tell_what_happened),
        CASE(a_run_gives_its_spec_back_and_texts_are_kept_once),
        CASE(a_run_that_never_was_is_not_found),
        CASE(digests_of_build_rules_are_kept_per_rule),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
