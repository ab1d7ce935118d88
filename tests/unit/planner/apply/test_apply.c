#include "tests/unit/planner/apply/rehearsal.h"

#include <jansson.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#define IDS(...) ((const int[]){__VA_ARGS__, 0})

static void expect(struct rehearsal *rehearsal, int done, int unchanged, int failed, int skipped)
{
    assert_int_equal(rehearsal->status, 0);
    assert_int_equal(rehearsal->result.done, done);
    assert_int_equal(rehearsal->result.unchanged, unchanged);
    assert_int_equal(rehearsal->result.failed, failed);
    assert_int_equal(rehearsal->result.skipped, skipped);
}

static void expect_text(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("'%s' does not hold '%s'", text, part);
}

static void every_step_is_done_and_recorded(void **state)
{
    struct rehearsal *rehearsal = *state;

    rehearsal_step(rehearsal, OP_BUILD, "package/a", -1, NULL, NULL);
    rehearsal_step(rehearsal, OP_DEPLOY, "release/h0/a", 0, IDS(1), NULL);
    rehearsal_step(rehearsal, OP_DEPLOY, "release/h1/a", 1, IDS(1), NULL);
    rehearsal_part(rehearsal, "release/h1/a", OUTCOME_UNCHANGED);
    rehearsal_run(rehearsal);
    expect(rehearsal, 2, 1, 0, 0);
    assert_string_equal(rehearsal_recorded(rehearsal), "1 done, 2 done, 3 unchanged");
    assert_string_equal(rehearsal_run_result(rehearsal), "done");
    assert_false(rehearsal_is_uncertain(rehearsal, "release/h0/a"));
    assert_string_equal(rehearsal->errors, "");
}

static void an_empty_plan_is_done(void **state)
{
    struct rehearsal *rehearsal = *state;

    rehearsal_run(rehearsal);
    expect(rehearsal, 0, 0, 0, 0);
    assert_string_equal(rehearsal_run_result(rehearsal), "done");
}

static void what_needs_a_failed_step_is_skipped_and_the_rest_goes_on(void **state)
{
    struct rehearsal *rehearsal = *state;

    rehearsal_step(rehearsal, OP_DEPLOY, "release/h0/a", 0, NULL, NULL);
    rehearsal_step(rehearsal, OP_START, "node/test/1", 0, IDS(1), NULL);
    rehearsal_step(rehearsal, OP_START, "node/test/2", 1, NULL, IDS(2));
    rehearsal_step(rehearsal, OP_DEPLOY, "release/h2/a", 2, NULL, NULL);
    rehearsal_part(rehearsal, "release/h0/a", OUTCOME_FAILED);
    rehearsal_run(rehearsal);
    expect(rehearsal, 2, 0, 1, 1);
    assert_string_equal(rehearsal_recorded(rehearsal), "1 failed, 2 skipped, 3 done, 4 done");
    assert_string_equal(rehearsal_run_result(rehearsal), "failed");
    assert_true(rehearsal_is_uncertain(rehearsal, "release/h0/a"));
    expect_text(rehearsal->errors,
                "cluster.yaml:10:5: error[E0405]: step 1, deploy release/h0/a on "
                "h0: it did not work");
    expect_text(rehearsal->errors, "hint: try harder");
    expect_text(rehearsal->output, "skipped   start      node/test/1: it needs step 1 (deploy "
                                   "release/h0/a), which failed\n");
}

static void hosts_are_worked_on_at_the_same_time(void **state)
{
    struct rehearsal *rehearsal = *state;
    static const char *const addresses[] = {"release/h0/a", "release/h1/a", "release/h2/a",
                                            "release/h3/a"};

    for (int i = 0; i < 4; i++) {
        rehearsal_step(rehearsal, OP_DEPLOY, addresses[i], i, NULL, NULL);
        rehearsal_part(rehearsal, addresses[i], OUTCOME_DONE)->together = 4;
    }
    rehearsal_run(rehearsal);
    expect(rehearsal, 4, 0, 0, 0);
    assert_int_equal(rehearsal->most_running, 4);
}

static void a_host_does_one_step_at_a_time(void **state)
{
    struct rehearsal *rehearsal = *state;

    for (int i = 0; i < 12; i++)
        rehearsal_step(rehearsal, OP_DEPLOY,
                       arena_printf(rehearsal->arena, "release/h%d/%d", i % 2, i), i % 2, NULL,
                       NULL);
    rehearsal_run(rehearsal);
    expect(rehearsal, 12, 0, 0, 0);
    assert_in_range(rehearsal->most_running, 1, 2);
}

static void no_more_run_at_once_than_allowed(void **state)
{
    struct rehearsal *rehearsal = *state;

    for (int i = 0; i < 12; i++)
        rehearsal_step(rehearsal, OP_DEPLOY, arena_printf(rehearsal->arena, "release/x/%d", i),
                       i % 4, NULL, NULL);
    rehearsal->options.parallel = 1;
    rehearsal_run(rehearsal);
    expect(rehearsal, 12, 0, 0, 0);
    assert_int_equal(rehearsal->most_running, 1);
}

static void a_host_that_cannot_be_reached_fails_its_own_steps(void **state)
{
    struct rehearsal *rehearsal = *state;

    rehearsal->hosts[1].executor = EXECUTOR_SSH;
    rehearsal->hosts[1].address = "127.0.0.1";
    rehearsal->hosts[1].ssh.port = 28999;
    rehearsal->hosts[1].ssh.connect_timeout_ms = 2000;
    rehearsal->hosts[1].ssh.known_hosts = "/nonexistent";
    rehearsal_step(rehearsal, OP_DEPLOY, "release/h0/a", 0, NULL, NULL);
    rehearsal_step(rehearsal, OP_DEPLOY, "release/h1/a", 1, NULL, NULL);
    rehearsal_step(rehearsal, OP_START, "node/test/1", 1, IDS(2), NULL);
    rehearsal_run(rehearsal);
    expect(rehearsal, 1, 0, 1, 1);
    assert_int_equal(rehearsal->begun, 1);
    expect_text(rehearsal->errors, "error[E0401]: step 2, deploy release/h1/a on h1: ");
}

static void a_signal_lets_running_steps_end_and_begins_no_other(void **state)
{
    struct rehearsal *rehearsal = *state;

    rehearsal_step(rehearsal, OP_DEPLOY, "release/h0/a", 0, NULL, NULL);
    rehearsal_step(rehearsal, OP_START, "node/test/1", 0, IDS(1), NULL);
    rehearsal_step(rehearsal, OP_START, "node/test/2", 0, NULL, IDS(1));
    rehearsal_part(rehearsal, "release/h0/a", OUTCOME_DONE)->signal = SIGINT;
    rehearsal_run(rehearsal);
    expect(rehearsal, 1, 0, 0, 2);
    assert_true(rehearsal->result.interrupted);
    assert_string_equal(rehearsal_recorded(rehearsal), "1 done, 2 skipped, 3 skipped");
    assert_string_equal(rehearsal_run_result(rehearsal), "interrupted");
    expect_text(rehearsal->errors, "error[E0803]: interrupted by a signal, 2 steps were not begun");
}

static void a_second_signal_cuts_what_runs(void **state)
{
    struct rehearsal *rehearsal = *state;
    struct part *first, *second;

    rehearsal_step(rehearsal, OP_DEPLOY, "release/h0/a", 0, NULL, NULL);
    rehearsal_step(rehearsal, OP_DEPLOY, "release/h1/a", 1, NULL, NULL);
    first = rehearsal_part(rehearsal, "release/h0/a", OUTCOME_DONE);
    second = rehearsal_part(rehearsal, "release/h1/a", OUTCOME_DONE);
    first->signal = SIGINT;
    second->signal = SIGTERM;
    first->together = second->together = 2;
    first->waits_for_cancel = second->waits_for_cancel = true;
    rehearsal_run(rehearsal);
    expect(rehearsal, 0, 0, 2, 0);
    assert_true(rehearsal->result.interrupted);
    assert_true(rehearsal_is_uncertain(rehearsal, "release/h0/a"));
    assert_string_equal(rehearsal_run_result(rehearsal), "interrupted");
}

static void a_signal_at_the_very_end_changes_nothing(void **state)
{
    struct rehearsal *rehearsal = *state;

    rehearsal_step(rehearsal, OP_DEPLOY, "release/h0/a", 0, NULL, NULL);
    rehearsal_part(rehearsal, "release/h0/a", OUTCOME_DONE)->signal = SIGTERM;
    rehearsal_run(rehearsal);
    expect(rehearsal, 1, 0, 0, 0);
    assert_false(rehearsal->result.interrupted);
    assert_string_equal(rehearsal_run_result(rehearsal), "done");
}

static void restarts_end_when_too_many_have_failed(void **state)
{
    struct rehearsal *rehearsal = *state;

    rehearsal->cloud.update.max_failures = 1;
    rehearsal_step(rehearsal, OP_RESTART, "node/test/1", 0, NULL, NULL);
    rehearsal_step(rehearsal, OP_RESTART, "node/test/2", 0, NULL, IDS(1));
    rehearsal_step(rehearsal, OP_RESTART, "node/test/3", 0, NULL, IDS(2));
    rehearsal_step(rehearsal, OP_RESTART, "node/test/4", 0, NULL, IDS(3));
    rehearsal_step(rehearsal, OP_DEPLOY, "release/h1/a", 1, NULL, IDS(4));
    for (int i = 1; i <= 2; i++)
        rehearsal_part(rehearsal, arena_printf(rehearsal->arena, "node/test/%d", i),
                       OUTCOME_FAILED);
    rehearsal_run(rehearsal);
    expect(rehearsal, 1, 0, 2, 2);
    assert_string_equal(rehearsal_recorded(rehearsal),
                        "1 failed, 2 failed, 3 skipped, 4 skipped, 5 done");
    expect_text(rehearsal->output, "node/test/3: 2 restarts of cloud test failed, and max_failures "
                                   "is 1\n");
}

/* A size limit on files stands for a full disk. */
static void set_file_limit(rlim_t size)
{
    struct rlimit limit;

    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = size;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void without_a_journal_no_step_begins(void **state)
{
    struct rehearsal *rehearsal = *state;

    rehearsal_step(rehearsal, OP_DEPLOY, "release/h0/a", 0, NULL, NULL);
    set_file_limit(0);
    rehearsal_run(rehearsal);
    set_file_limit(RLIM_INFINITY);
    assert_int_equal(rehearsal->status, -1);
    assert_int_equal(rehearsal->begun, 0);
    expect_text(rehearsal->errors, "error[E0604]");
}

static void fill_disk(const struct step_context *context, struct outcome *outcome)
{
    (void)context;
    set_file_limit(0);
    outcome->kind = OUTCOME_DONE;
}

static void a_journal_that_fails_later_stops_the_run_and_leaves_the_step_uncertain(void **state)
{
    struct rehearsal *rehearsal = *state;
    struct zk_session *session = NULL;

    rehearsal_step(rehearsal, OP_DEPLOY, "release/h0/a", 0, NULL, NULL);
    rehearsal_step(rehearsal, OP_START, "node/test/1", 0, IDS(1), NULL);
    rehearsal->options.execute = fill_disk;
    rehearsal->options.out = stdout;
    rehearsal->options.quiet = true;
    assert_int_equal(apply_run(&rehearsal->plan, rehearsal->db, rehearsal->fleet, &session,
                               &rehearsal->options, rehearsal->arena, rehearsal->diags,
                               &rehearsal->result),
                     0);
    set_file_limit(RLIM_INFINITY);
    assert_int_equal(rehearsal->result.done, 1);
    assert_int_equal(rehearsal->result.skipped, 1);
    assert_true(rehearsal->result.interrupted);
    assert_int_equal(diags_count_errors(rehearsal->diags), 1);
    assert_true(rehearsal_is_uncertain(rehearsal, "release/h0/a"));
    assert_string_equal(rehearsal_recorded(rehearsal), "1 uncertain");
}

/* Checks that each line of the output is an object; returns it as an array. */
static json_t *parse_events(struct rehearsal *rehearsal)
{
    json_t *events = json_array();
    char *rest = rehearsal->output;

    for (char *line; (line = strsep(&rest, "\n")) && *line;) {
        json_t *event = json_loads(line, 0, NULL);

        assert_non_null(event);
        json_array_append_new(events, event);
    }
    return events;
}

static const char *event_text(const json_t *events, size_t i, const char *key)
{
    const char *text = json_string_value(json_object_get(json_array_get(events, i), key));

    return text ? text : "null";
}

static void events_tell_everything_in_order(void **state)
{
    struct rehearsal *rehearsal = *state;
    json_t *events, *error;

    rehearsal_step(rehearsal, OP_BUILD, "package/a", -1, NULL, NULL);
    rehearsal_step(rehearsal, OP_DEPLOY, "release/h0/a", 0, IDS(1), NULL);
    rehearsal_step(rehearsal, OP_START, "node/test/1", 0, IDS(2), NULL);
    rehearsal_part(rehearsal, "release/h0/a", OUTCOME_FAILED);
    rehearsal->options.json = true;
    rehearsal_run(rehearsal);
    events = parse_events(rehearsal);
    assert_int_equal(json_array_size(events), 7);
    assert_string_equal(event_text(events, 0, "event"), "run_start");
    assert_string_equal(event_text(events, 1, "event"), "step_start");
    assert_string_equal(event_text(events, 1, "op"), "build");
    assert_string_equal(event_text(events, 1, "host"), "null");
    assert_string_equal(event_text(events, 2, "outcome"), "done");
    assert_string_equal(event_text(events, 4, "resource"), "release/h0/a");
    assert_string_equal(event_text(events, 4, "host"), "h0");
    error = json_object_get(json_array_get(events, 4), "error");
    assert_string_equal(json_string_value(json_object_get(error, "code")), "E0405");
    assert_int_equal(json_integer_value(json_object_get(error, "line")), 11);
    assert_string_equal(event_text(events, 5, "outcome"), "skipped");
    assert_string_equal(event_text(events, 6, "event"), "run_end");
    assert_string_equal(event_text(events, 6, "result"), "failed");
    json_decref(events);
}

static void quiet_prints_nothing(void **state)
{
    struct rehearsal *rehearsal = *state;

    rehearsal_step(rehearsal, OP_BUILD, "package/a", -1, NULL, NULL);
    rehearsal->options.quiet = true;
    rehearsal_run(rehearsal);
    expect(rehearsal, 1, 0, 0, 0);
    assert_string_equal(rehearsal->output, "");
}

static void a_long_plan_is_run_to_its_end(void **state)
{
    struct rehearsal *rehearsal = *state;

    for (int i = 0; i < 600; i++)
        rehearsal_step(rehearsal, OP_START, arena_printf(rehearsal->arena, "node/test/%d", i),
                       i % 4, i ? IDS(i) : NULL, NULL);
    rehearsal_run(rehearsal);
    expect(rehearsal, 600, 0, 0, 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, rehearsal_setup, rehearsal_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(every_step_is_done_and_recorded),
        CASE(an_empty_plan_is_done),
        CASE(what_needs_a_failed_step_is_skipped_and_the_rest_goes_on),
        CASE(hosts_are_worked_on_at_the_same_time),
        CASE(a_host_does_one_step_at_a_time),
        CASE(no_more_run_at_once_than_allowed),
        CASE(a_host_that_cannot_be_reached_fails_its_own_steps),
        CASE(a_signal_lets_running_steps_end_and_begins_no_other),
        CASE(a_second_signal_cuts_what_runs),
        CASE(a_signal_at_the_very_end_changes_nothing),
        CASE(restarts_end_when_too_many_have_failed),
        CASE(without_a_journal_no_step_begins),
        CASE(a_journal_that_fails_later_stops_the_run_and_leaves_the_step_uncertain),
        CASE(events_tell_everything_in_order),
        CASE(quiet_prints_nothing),
        CASE(a_long_plan_is_run_to_its_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
