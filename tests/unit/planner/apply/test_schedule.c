#include "planner/apply/schedule.h"
#include "planner/base/str.h"

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

struct board {
    struct arena *arena;
    struct spec_host hosts[2];
    struct spec_cloud cloud;
    struct resource node;
    struct plan plan;
    struct schedule *schedule;
};

static int setup(void **state)
{
    struct arena *arena = arena_new();
    struct board *board = arena_new_of(arena, struct board);

    board->arena = arena;
    board->hosts[0].name = "h0";
    board->hosts[1].name = "h1";
    board->cloud.code = "test";
    board->node.cloud = &board->cloud;
    *state = board;
    return 0;
}

static int teardown(void **state)
{
    struct board *board = *state;

    if (board->schedule)
        schedule_free(board->schedule);
    arena_free(board->arena);
    return 0;
}

static struct step *add(struct board *board, enum op op, int host, int need, int after)
{
    struct step *step = arena_new_of(board->arena, struct step);
    struct change *change = arena_new_of(board->arena, struct change);

    *vec_push(board->arena, &board->plan.steps) = step;
    step->id = (int)board->plan.steps.count;
    step->op = op;
    step->change = change;
    step->host = host < 0 ? NULL : &board->hosts[host];
    change->address = arena_printf(board->arena, "x/%d", step->id);
    change->resource = &board->node;
    if (need)
        *vec_push(board->arena, &step->needs) = need;
    if (after)
        *vec_push(board->arena, &step->after) = after;
    return step;
}

static void begin(struct board *board)
{
    board->schedule = schedule_new(&board->plan, board->arena);
}

static void expect_next(struct board *board, int id)
{
    const struct step *step = schedule_next(board->schedule);

    assert_int_equal(step ? step->id : 0, id);
}

static void expect_skipped(struct board *board, int id, const char *part)
{
    const char *why = "";
    const struct step *step = schedule_next_skipped(board->schedule, &why);

    assert_int_equal(step ? step->id : 0, id);
    if (!strstr(why, part))
        fail_msg("'%s' does not hold '%s'", why, part);
}

static void end(struct board *board, int id, enum outcome_kind kind)
{
    schedule_end(board->schedule, board->plan.steps.items[id - 1], kind);
}

static void steps_come_when_what_they_need_is_done(void **state)
{
    struct board *board = *state;

    add(board, OP_BUILD, -1, 0, 0);
    add(board, OP_DEPLOY, 0, 1, 0);
    add(board, OP_DEPLOY, 1, 1, 0);
    begin(board);
    expect_next(board, 1);
    expect_next(board, 0);
    end(board, 1, OUTCOME_UNCHANGED);
    expect_next(board, 2);
    expect_next(board, 3);
    expect_next(board, 0);
    assert_int_equal(schedule_running(board->schedule), 2);
    end(board, 3, OUTCOME_DONE);
    end(board, 2, OUTCOME_DONE);
    assert_true(schedule_is_done(board->schedule));
}

static void a_host_has_one_step_and_the_rest_any_number(void **state)
{
    struct board *board = *state;

    add(board, OP_BUILD, -1, 0, 0);
    add(board, OP_BUILD, -1, 0, 0);
    add(board, OP_DEPLOY, 0, 0, 0);
    add(board, OP_DEPLOY, 0, 0, 0);
    add(board, OP_DEPLOY, 1, 0, 0);
    begin(board);
    expect_next(board, 1);
    expect_next(board, 3);
    expect_next(board, 5);
    expect_next(board, 2);
    expect_next(board, 0);
    end(board, 3, OUTCOME_FAILED);
    expect_next(board, 4);
    expect_next(board, 0);
}

static void failing_skips_along_needs_and_frees_along_after(void **state)
{
    struct board *board = *state;

    add(board, OP_DEPLOY, 0, 0, 0);
    add(board, OP_START, 0, 1, 0);
    add(board, OP_START, 0, 2, 0);
    add(board, OP_START, 0, 0, 3);
    add(board, OP_START, 0, 0, 1);
    begin(board);
    expect_next(board, 1);
    end(board, 1, OUTCOME_FAILED);
    expect_skipped(board, 2, "it needs step 1 (deploy x/1), which failed");
    expect_skipped(board, 3, "it needs step 2 (start x/2), which was skipped");
    expect_skipped(board, 0, "");
    expect_next(board, 5);
    end(board, 5, OUTCOME_DONE);
    expect_next(board, 4);
    end(board, 4, OUTCOME_DONE);
    assert_true(schedule_is_done(board->schedule));
}

static void a_step_that_waits_for_two_is_skipped_once(void **state)
{
    struct board *board = *state;
    struct step *last;

    add(board, OP_DEPLOY, 0, 0, 0);
    add(board, OP_DEPLOY, 1, 0, 0);
    last = add(board, OP_START, 0, 1, 0);
    *vec_push(board->arena, &last->needs) = 2;
    begin(board);
    expect_next(board, 1);
    expect_next(board, 2);
    end(board, 1, OUTCOME_FAILED);
    expect_skipped(board, 3, "step 1");
    assert_false(schedule_is_done(board->schedule));
    end(board, 2, OUTCOME_FAILED);
    expect_skipped(board, 0, "");
    expect_next(board, 0);
    assert_true(schedule_is_done(board->schedule));
}

static void stopping_skips_all_that_has_not_begun(void **state)
{
    struct board *board = *state;

    for (int i = 0; i < 3; i++)
        add(board, OP_DEPLOY, i % 2, 0, 0);
    add(board, OP_START, 0, 1, 0);
    begin(board);
    expect_next(board, 1);
    schedule_stop(board->schedule, "enough");
    expect_next(board, 0);
    expect_skipped(board, 2, "enough");
    expect_skipped(board, 3, "enough");
    expect_skipped(board, 4, "enough");
    assert_false(schedule_is_done(board->schedule));
    end(board, 1, OUTCOME_DONE);
    expect_skipped(board, 0, "");
    expect_next(board, 0);
    assert_true(schedule_is_done(board->schedule));
}

static void the_first_failed_restart_is_enough_without_max_failures(void **state)
{
    struct board *board = *state;

    add(board, OP_RESTART, 0, 0, 0);
    add(board, OP_RESTART, 1, 0, 0);
    add(board, OP_RESTART, 0, 0, 2);
    add(board, OP_DEPLOY, 0, 0, 3);
    begin(board);
    expect_next(board, 1);
    expect_next(board, 2);
    end(board, 1, OUTCOME_FAILED);
    end(board, 2, OUTCOME_DONE);
    expect_next(board, 0);
    expect_skipped(board, 3, "1 restart of cloud test failed, and max_failures is 0");
    expect_next(board, 4);
}

static void other_steps_do_not_count_as_failed_restarts(void **state)
{
    struct board *board = *state;

    add(board, OP_START, 0, 0, 0);
    add(board, OP_RESTART, 0, 0, 1);
    begin(board);
    expect_next(board, 1);
    end(board, 1, OUTCOME_FAILED);
    expect_next(board, 2);
}

static void a_long_chain_is_skipped_without_recursion(void **state)
{
    struct board *board = *state;
    const char *why;
    int skipped = 0;

    for (int i = 0; i < 200000; i++)
        add(board, OP_START, 0, i, 0);
    begin(board);
    expect_next(board, 1);
    end(board, 1, OUTCOME_FAILED);
    while (schedule_next_skipped(board->schedule, &why))
        skipped++;
    assert_int_equal(skipped, 199999);
    assert_true(schedule_is_done(board->schedule));
}

static void an_empty_plan_is_done_at_once(void **state)
{
    struct board *board = *state;

    begin(board);
    expect_next(board, 0);
    assert_true(schedule_is_done(board->schedule));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        CASE(steps_come_when_what_they_need_is_done),
        CASE(a_host_has_one_step_and_the_rest_any_number),
        CASE(failing_skips_along_needs_and_frees_along_after),
        CASE(a_step_that_waits_for_two_is_skipped_once),
        CASE(stopping_skips_all_that_has_not_begun),
        CASE(the_first_failed_restart_is_enough_without_max_failures),
        CASE(other_steps_do_not_count_as_failed_restarts),
        CASE(a_long_chain_is_skipped_without_recursion),
        CASE(an_empty_plan_is_done_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
