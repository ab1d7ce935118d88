/* Whatever spec follows whatever other one: plan and apply, again and again, end with nothing to
 * do, with no step in an order that would hurt, and, when nothing failed, at the first try. */
#include "tests/faults/kill_point.h"
#include "tests/faults/play.h"
#include "tests/faults/random_spec.h"
#include "tests/faults/toy_world.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CHAINS = 4, LINKS = 5, TRIES_MAX = 40 };

static unsigned rounds(unsigned normally)
{
    const char *text = getenv("ARCUSPLAN_TEST_ROUNDS");

    return text ? (unsigned)atoi(text) : normally;
}

static void check_end(struct play *play, unsigned seed, const char *spec)
{
    if (play_plan(play, spec, false) != 0)
        fail_msg("seed %u: there is still something to do for\n%s", seed, spec);
    if (play_plan(play, spec, true) != 0)
        fail_msg("seed %u: the state is not the world for\n%s", seed, spec);
}

static void calm_weather_needs_one_run(void **state)
{
    struct play *play = *state;

    for (unsigned chain = 0; chain < rounds(CHAINS); chain++)
        for (unsigned link = 0; link < LINKS; link++) {
            unsigned seed = chain * 100 + link;
            const char *spec = random_spec(seed, play->arena);
            int result = play_run(play, &(struct play_options){.spec = spec});

            if (result != PLAY_DONE && result != PLAY_NOTHING)
                fail_msg("seed %u ended with %d:\n%s", seed, result, spec);
            check_end(play, seed, spec);
        }
}

/* Each run has other faults, and is killed at another moment; the last ones are left alone. */
static int try(struct play *play, unsigned *dice, const char *spec, int tries)
{
    struct play_options options = {.spec = spec};

    if (tries < TRIES_MAX / 2) {
        options.seed = *dice;
        options.fail_permille = (int)random_below(dice, 300);
        options.kill_at = random_below(dice, 2) ? 1 + (int)random_below(dice, 200) : 0;
    }
    return play_run(play, &options);
}

static void bad_weather_needs_more_runs_but_ends_well(void **state)
{
    struct play *play = *state;
    unsigned dice = 4711;

    for (unsigned chain = 0; chain < rounds(CHAINS); chain++)
        for (unsigned link = 0; link < LINKS; link++) {
            unsigned seed = 5000 + chain * 100 + link;
            const char *spec = random_spec(seed, play->arena);
            int result = PLAY_PART_WAY, tries = 0;

            while (result == PLAY_PART_WAY || result == KILLED) {
                if (tries == TRIES_MAX)
                    fail_msg("seed %u: no end with\n%s", seed, spec);
                result = try(play, &dice, spec, tries++);
            }
            if (result != PLAY_DONE && result != PLAY_NOTHING)
                fail_msg("seed %u ended with %d after %d runs:\n%s", seed, result, tries, spec);
            check_end(play, seed, spec);
        }
}

/* What was not finished is not wanted any more when the next spec comes. */
static void a_spec_that_changes_before_it_is_done_does_no_harm(void **state)
{
    struct play *play = *state;
    unsigned dice = 1234;
    const char *spec = "";
    int result;

    for (unsigned seed = 9000; seed < 9000 + rounds(CHAINS) * LINKS; seed++) {
        spec = random_spec(seed, play->arena);
        result = try(play, &dice, spec, 0);
        if (result == PLAY_MISORDERED || result == PLAY_ERROR)
            fail_msg("seed %u ended with %d:\n%s", seed, result, spec);
    }
    result = play_run(play, &(struct play_options){.spec = spec});
    if (result != PLAY_DONE && result != PLAY_NOTHING)
        fail_msg("the last run ended with %d:\n%s", result, spec);
    check_end(play, 0, spec);
}

static void everything_can_be_destroyed(void **state)
{
    struct play *play = *state;

    for (unsigned seed = 20000; seed < 20000 + rounds(CHAINS); seed++) {
        const char *spec = random_spec(seed, play->arena);
        struct play_options options = {.spec = spec};

        assert_int_equal(play_run(play, &options), PLAY_DONE);
        options.intent = PLAN_DESTROY;
        assert_int_equal(play_run(play, &options), PLAY_DONE);
        assert_int_equal(play_run(play, &options), PLAY_NOTHING);
        for (const char *line = toy_text(play->arena); *line; line = strchr(line, '\n') + 1)
            if (strncmp(line, "package/", 8) != 0 && strncmp(line, "znode/", 6) != 0 &&
                *line != ' ')
                fail_msg("seed %u: left over: %s", seed, line);
    }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, play_setup, play_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(calm_weather_needs_one_run),
        CASE(bad_weather_needs_more_runs_but_ends_well),
        CASE(a_spec_that_changes_before_it_is_done_does_no_harm),
        CASE(everything_can_be_destroyed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
