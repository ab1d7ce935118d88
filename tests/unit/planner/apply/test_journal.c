#include "planner/apply/journal.h"
#include "tests/unit/planner/apply/rehearsal.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

static void set_file_limit(rlim_t size)
{
    struct rlimit limit;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void a_run_is_recorded(void **state)
{
    struct rehearsal *rehearsal = *state;
    const struct step *step = rehearsal_step(rehearsal, OP_DEPLOY, "release/h0/a", 0, NULL, NULL);
    struct outcome outcome = {.kind = OUTCOME_DONE};
    struct journal journal;

    journal_init(&journal, rehearsal->db, rehearsal->diags);
    assert_int_equal(journal_begin(&journal, "apply", "me", &rehearsal->spec), 0);
    assert_int_equal(journal_intent(&journal, step), 0);
    assert_true(rehearsal_is_uncertain(rehearsal, "release/h0/a"));
    assert_int_equal(journal_outcome(&journal, step, &outcome), 0);
    assert_false(rehearsal_is_uncertain(rehearsal, "release/h0/a"));
    assert_int_equal(journal_end(&journal, "done"), 0);
    assert_false(journal_has_failed(&journal));
    journal_deinit(&journal);
    assert_string_equal(rehearsal_run_result(rehearsal), "done");
}

static void a_failure_is_reported_once_and_remembered(void **state)
{
    struct rehearsal *rehearsal = *state;
    const struct step *step = rehearsal_step(rehearsal, OP_DEPLOY, "release/h0/a", 0, NULL, NULL);
    struct journal journal;

    journal_init(&journal, rehearsal->db, rehearsal->diags);
    assert_int_equal(journal_begin(&journal, "apply", "me", &rehearsal->spec), 0);
    set_file_limit(0);
    assert_int_equal(journal_intent(&journal, step), -1);
    assert_int_equal(journal_intent(&journal, step), -1);
    set_file_limit(RLIM_INFINITY);
    assert_true(journal_has_failed(&journal));
    assert_int_equal(diags_count_errors(rehearsal->diags), 1);
    assert_int_equal(journal_intent(&journal, step), 0);
    journal_deinit(&journal);
}

static void what_was_built_is_kept(void **state)
{
    struct rehearsal *rehearsal = *state;
    char digest[DIGEST_HEX_SIZE] = "x";
    struct build_record builds;
    struct journal journal;

    journal_init(&journal, rehearsal->db, rehearsal->diags);
    builds = journal_builds(&journal);
    assert_int_equal(builds.get(builds.data, "a", 0, digest), 0);
    assert_string_equal(digest, "");
    assert_int_equal(builds.put(builds.data, "a", 0, "0123"), 0);
    assert_int_equal(builds.get(builds.data, "a", 0, digest), 0);
    assert_string_equal(digest, "0123");
    assert_int_equal(builds.get(builds.data, "a", 1, digest), 0);
    assert_string_equal(digest, "");
    journal_deinit(&journal);
}

static void what_a_worker_cannot_record_is_left_to_its_step(void **state)
{
    struct rehearsal *rehearsal = *state;
    struct build_record builds;
    struct journal journal;

    journal_init(&journal, rehearsal->db, rehearsal->diags);
    builds = journal_builds(&journal);
    set_file_limit(0);
    assert_int_equal(builds.put(builds.data, "a", 0, "0123"), -1);
    set_file_limit(RLIM_INFINITY);
    assert_int_equal(diags_count_errors(rehearsal->diags), 0);
    assert_true(journal_has_failed(&journal));
    journal_deinit(&journal);
}

static void *build_many(void *data)
{
    const struct build_record *builds = data;
    char digest[DIGEST_HEX_SIZE];

    for (int i = 0; i < 100; i++)
        if (builds->put(builds->data, "a", i % 7, "0123") ||
            builds->get(builds->data, "a", i % 7, digest))
            return data;
    return NULL;
}

static void workers_and_the_main_thread_take_turns(void **state)
{
    struct rehearsal *rehearsal = *state;
    struct build_record builds;
    struct journal journal;
    pthread_t threads[3];

    journal_init(&journal, rehearsal->db, rehearsal->diags);
    assert_int_equal(journal_begin(&journal, "apply", "me", &rehearsal->spec), 0);
    builds = journal_builds(&journal);
    for (int i = 0; i < 3; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, build_many, &builds), 0);
    for (int i = 0; i < 50; i++) {
        const struct step *step =
            rehearsal_step(rehearsal, OP_DEPLOY, "release/h0/a", 0, NULL, NULL);
        struct outcome outcome = {.kind = OUTCOME_DONE};

        assert_int_equal(journal_intent(&journal, step), 0);
        assert_int_equal(journal_outcome(&journal, step, &outcome), 0);
    }
    for (int i = 0; i < 3; i++) {
        void *failed;

        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    journal_deinit(&journal);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, rehearsal_setup, rehearsal_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(a_run_is_recorded),
        CASE(a_failure_is_reported_once_and_remembered),
        CASE(what_was_built_is_kept),
        CASE(what_a_worker_cannot_record_is_left_to_its_step),
        CASE(workers_and_the_main_thread_take_turns),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
