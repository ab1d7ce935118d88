/* For k = 1, 2, … the program is killed at the k-th write of its journal or act of a step, or finds
 * the disk full there, and is run again: it must finish, must not have acted twice on anything, and
 * must then plan nothing. */
#include "tests/faults/kill_point.h"
#include "tests/faults/play.h"
#include "tests/faults/toy_world.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A process under AddressSanitizer takes long to fork: there, not every moment is tried. */
#ifdef __has_feature
#define IS_SANITIZED __has_feature(address_sanitizer)
#elif defined(__SANITIZE_ADDRESS__)
#define IS_SANITIZED 1
#else
#define IS_SANITIZED 0
#endif
enum { KILLS_MAX = 3000, STRIDE = IS_SANITIZED ? 7 : 1 };

#define PACKAGE(version)                                                                           \
    "packages:\n"                                                                                  \
    "  arcus: { version: \"" version                                                               \
    "\", files: [{ from: x, to: bin/cacheserver }], install_dir: /opt/arcus }\n"
#define ENSEMBLE(hosts)                                                                            \
    "zookeeper: { hosts: [" hosts "], home: /usr/share/zookeeper, data_dir: /var/lib/zk }\n"
#define CLOUD(code, threads, nodes)                                                                \
    "  " code ": { package: arcus, config: { threads: " threads                                    \
    ", memlimit: 64MB }, nodes: [" nodes "] }\n"
#define NODES(hosts, ports) "{ hosts: [" hosts "], ports: [" ports "] }"

static const char *spec_text(struct play *play, const char *rest)
{
    return arena_printf(play->arena, "%s%s", play_hosts, rest);
}

/* What a run that nobody kills makes of it. */
struct outcome_text {
    const char *acts, *world;
};

static struct outcome_text play_undisturbed(struct play *play, const struct play_options *options)
{
    struct play_options calm = {.spec = options->spec, .intent = options->intent};
    struct outcome_text text;

    assert_int_equal(play_run(play, &calm), PLAY_DONE);
    text = (struct outcome_text){toy_acts(play->arena), toy_text(play->arena)};
    play_restore(play);
    return text;
}

static void check_after(struct play *play, const struct play_options *options, int k,
                        const struct outcome_text *expected)
{
    struct play_options again = {.spec = options->spec, .intent = options->intent};
    int result = play_run(play, &again);

    if (result != PLAY_DONE && result != PLAY_NOTHING)
        fail_msg("stopped at moment %d, the next run ended with %d", k, result);
    if (strcmp(toy_text(play->arena), expected->world) != 0)
        fail_msg("stopped at moment %d, the world is\n%s\ninstead of\n%s", k, toy_text(play->arena),
                 expected->world);
    if (strcmp(toy_acts(play->arena), expected->acts) != 0)
        fail_msg("stopped at moment %d, acts were\n%s\ninstead of\n%s", k, toy_acts(play->arena),
                 expected->acts);
    if (options->intent == PLAN_CONVERGE ? play_plan(play, options->spec, false) != 0
                                         : play_run(play, &again) != PLAY_NOTHING)
        fail_msg("stopped at moment %d, there is still something to do", k);
    if (!play_state_is_good(play))
        fail_msg("stopped at moment %d, the state is damaged", k);
}

/* From what is saved. Returns at how many moments the program was killed. */
static int kill_everywhere(struct play *play, struct play_options options)
{
    struct outcome_text expected;
    int k;

    play_save(play);
    expected = play_undisturbed(play, &options);
    for (k = 1; k < KILLS_MAX; k += STRIDE) {
        int result;

        options.kill_at = k;
        result = play_run(play, &options);
        if (result != KILLED) {
            assert_int_equal(result, PLAY_DONE);
            break;
        }
        check_after(play, &options, k, &expected);
        play_restore(play);
    }
    assert_in_range(k, 30, KILLS_MAX - 1);
    return k - 1;
}

/* The same with a disk that is full from a moment on: the program must say so, and end by itself.
 */
static void fill_disk_everywhere(struct play *play, struct play_options options)
{
    struct outcome_text expected;
    int k, result;

    play_save(play);
    expected = play_undisturbed(play, &options);
    for (k = 1; k < KILLS_MAX; k += STRIDE) {
        options.full_at = k;
        result = play_run(play, &options);
        if (result == PLAY_DONE)
            break;
        if (result != PLAY_ERROR && result != PLAY_PART_WAY)
            fail_msg("the disk full at write %d, the run ended with %d", k, result);
        check_after(play, &options, k, &expected);
        play_restore(play);
    }
    assert_in_range(k, 20, KILLS_MAX - 1);
    check_after(play, &options, k, &expected);
}

static void apply_calmly(struct play *play, const char *spec)
{
    assert_int_equal(play_run(play, &(struct play_options){.spec = spec}), PLAY_DONE);
}

static const char *small(struct play *play)
{
    return spec_text(play, PACKAGE("1.0") ENSEMBLE("h1") "clouds:\n" CLOUD(
                               "test", "2", NODES("h1, h2", "11211")));
}

static void the_first_apply_is_finished_by_the_next(void **state)
{
    struct play *play = *state;
    const char *spec = small(play);

    kill_everywhere(play, (struct play_options){.spec = spec});
    assert_int_equal(play_plan(play, spec, false), 0);
    assert_int_equal(play_plan(play, spec, true), 0);
}

static void a_change_is_finished_by_the_next(void **state)
{
    struct play *play = *state;

    apply_calmly(play, small(play));
    kill_everywhere(play,
                    (struct play_options){
                        .spec = spec_text(play, PACKAGE("2.0") ENSEMBLE("h1") "clouds:\n" CLOUD(
                                                    "test", "4", NODES("h1, h2", "11211")))});
}

static void a_full_disk_stops_a_run_that_the_next_one_finishes(void **state)
{
    struct play *play = *state;

    fill_disk_everywhere(play, (struct play_options){.spec = small(play)});
}

static void removals_are_finished_by_the_next(void **state)
{
    struct play *play = *state;

    apply_calmly(play, spec_text(play, PACKAGE("1.0") ENSEMBLE("h1, h2, h3") "clouds:\n" CLOUD(
                                           "one", "2", NODES("h1, h2, h4", "11211"))
                                           CLOUD("two", "2", NODES("h1", "11212"))));
    kill_everywhere(play, (struct play_options){.spec = small(play)});
}

static void a_destroy_is_finished_by_the_next(void **state)
{
    struct play *play = *state;

    apply_calmly(play, small(play));
    kill_everywhere(play, (struct play_options){.spec = small(play), .intent = PLAN_DESTROY});
}

static void a_kill_while_finishing_is_finished_too(void **state)
{
    struct play *play = *state;
    const char *spec = small(play);
    int result = KILLED, runs = 0;

    for (int k = 40; result == KILLED; k++, runs++)
        result = play_run(play, &(struct play_options){.spec = spec, .kill_at = k});
    assert_true(result == PLAY_DONE || result == PLAY_NOTHING);
    assert_in_range(runs, 3, 200);
    assert_int_equal(play_plan(play, spec, false), 0);
    for (const char *line = toy_acts(play->arena); *line; line = strchr(line, '\n') + 1)
        assert_int_equal(atoi(strchr(line, ' ')), 1);
}

static void a_lost_state_is_rebuilt_without_an_act(void **state)
{
    struct play *play = *state;
    const char *spec = small(play), *acts;

    apply_calmly(play, spec);
    acts = toy_acts(play->arena);
    play_lose_state(play);
    assert_int_equal(play_run(play, &(struct play_options){.spec = spec}), PLAY_NOTHING);
    assert_string_equal(toy_acts(play->arena), acts);
    assert_int_equal(play_plan(play, spec, true), 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, play_setup, play_teardown)
    static const struct CMUnitTest tests[] = {
        CASE(the_first_apply_is_finished_by_the_next),
        CASE(a_change_is_finished_by_the_next),
        CASE(a_full_disk_stops_a_run_that_the_next_one_finishes),
        CASE(removals_are_finished_by_the_next),
        CASE(a_destroy_is_finished_by_the_next),
        CASE(a_kill_while_finishing_is_finished_too),
        CASE(a_lost_state_is_rebuilt_without_an_act),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
