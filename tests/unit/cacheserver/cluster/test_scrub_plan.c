#include "cacheserver/cluster/scrub_plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { DELAY_MS = 1000 };

static char a[] = "a", b[] = "b", c[] = "c", d[] = "d";

#define NOTE(plan, now_ms, ...)                                                                    \
    do {                                                                                           \
        char *names[] = {__VA_ARGS__};                                                             \
        scrub_plan_note((plan), names, sizeof(names) / sizeof(names[0]), "a", (now_ms), DELAY_MS); \
    } while (0)

static void assert_nodes(const struct name_list *nodes, const char *expected)
{
    assert_int_equal(nodes->count, strlen(expected));
    for (const char *name = expected; *name; name++) {
        const char text[] = {*name, '\0'};
        assert_true(name_list_has(nodes, text));
    }
}

/* Begins what is due, by the nodes expected. */
static void begin(struct scrub_plan *plan, uint64_t now_ms, bool is_running, const char *expected)
{
    struct name_list nodes = {0};

    assert_true(scrub_plan_due_ms(plan) <= now_ms);
    assert_true(scrub_plan_nodes(plan, is_running, &nodes));
    assert_nodes(&nodes, expected);
    scrub_plan_begun(plan, &nodes, now_ms);
    name_list_clear(&nodes);
}

static void alone_there_is_nothing_to_scrub_for(void **state)
{
    struct scrub_plan plan = {0};

    (void)state;
    assert_true(scrub_plan_due_ms(&plan) == SCRUB_NEVER);
    NOTE(&plan, 5, a);
    NOTE(&plan, 6, a);
    assert_true(scrub_plan_due_ms(&plan) == SCRUB_NEVER);
    scrub_plan_reset(&plan);
}

static void the_first_others_may_have_come_later_than_the_server(void **state)
{
    struct scrub_plan plan = {0};

    (void)state;
    NOTE(&plan, 5, b, a);
    assert_int_equal(scrub_plan_due_ms(&plan), 5 + DELAY_MS);
    scrub_plan_reset(&plan);
}

static void a_new_member_is_scrubbed_for_after_the_delay(void **state)
{
    struct scrub_plan plan = {0};

    (void)state;
    NOTE(&plan, 1, a);
    NOTE(&plan, 10, a, b);
    assert_int_equal(scrub_plan_due_ms(&plan), 10 + DELAY_MS);
    NOTE(&plan, 20, b, a);
    assert_int_equal(scrub_plan_due_ms(&plan), 10 + DELAY_MS);
    begin(&plan, 10 + DELAY_MS, false, "ab");
    assert_true(scrub_plan_due_ms(&plan) == SCRUB_NEVER);
    scrub_plan_reset(&plan);
}

static void a_second_one_puts_it_off(void **state)
{
    struct scrub_plan plan = {0};

    (void)state;
    NOTE(&plan, 1, a);
    NOTE(&plan, 10, a, b);
    NOTE(&plan, 500, a, b, c);
    assert_int_equal(scrub_plan_due_ms(&plan), 500 + DELAY_MS);
    scrub_plan_reset(&plan);
}

static void who_leaves_in_time_took_nothing_over_that_is_still_here(void **state)
{
    struct scrub_plan plan = {0};

    (void)state;
    NOTE(&plan, 20, a, b, c);
    begin(&plan, 20 + DELAY_MS, false, "abc");
    NOTE(&plan, 5000, a, c);
    assert_true(scrub_plan_due_ms(&plan) == SCRUB_NEVER);
    scrub_plan_reset(&plan);
}

static void who_leaves_before_the_scrub_is_scrubbed_for_at_once(void **state)
{
    struct scrub_plan plan = {0};

    (void)state;
    NOTE(&plan, 1, a);
    NOTE(&plan, 10, a, b);
    NOTE(&plan, 20, a);
    assert_int_equal(scrub_plan_due_ms(&plan), 20);
    begin(&plan, 20, false, "ab");
    assert_true(scrub_plan_due_ms(&plan) == SCRUB_NEVER);
    scrub_plan_reset(&plan);
}

static void that_does_not_come_in_place_of_what_is_due_later(void **state)
{
    struct scrub_plan plan = {0};

    (void)state;
    NOTE(&plan, 1, a);
    NOTE(&plan, 10, a, b);
    NOTE(&plan, 30, a, b, c);
    NOTE(&plan, 40, a, c);
    begin(&plan, 40, false, "abc");
    assert_int_equal(scrub_plan_due_ms(&plan), 30 + DELAY_MS);
    begin(&plan, 30 + DELAY_MS, false, "ac");
    scrub_plan_reset(&plan);
}

static void a_scrub_that_is_replaced_is_finished_by_the_next(void **state)
{
    struct scrub_plan plan = {0};

    (void)state;
    NOTE(&plan, 1, a);
    NOTE(&plan, 10, a, b);
    NOTE(&plan, 20, a);
    begin(&plan, 20, false, "ab");
    NOTE(&plan, 30, a, d);
    begin(&plan, 30 + DELAY_MS, true, "abd");
    scrub_plan_reset(&plan);
}

static void what_cannot_begin_is_tried_again(void **state)
{
    struct scrub_plan plan = {0};

    (void)state;
    NOTE(&plan, 1, a);
    NOTE(&plan, 10, a, b);
    scrub_plan_put_off(&plan, 3000);
    assert_int_equal(scrub_plan_due_ms(&plan), 3000);
    NOTE(&plan, 3000, a);
    scrub_plan_put_off(&plan, 4000);
    assert_int_equal(scrub_plan_due_ms(&plan), 4000);
    scrub_plan_reset(&plan);
    assert_true(scrub_plan_due_ms(&plan) == SCRUB_NEVER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alone_there_is_nothing_to_scrub_for),
        cmocka_unit_test(the_first_others_may_have_come_later_than_the_server),
        cmocka_unit_test(a_new_member_is_scrubbed_for_after_the_delay),
        cmocka_unit_test(a_second_one_puts_it_off),
        cmocka_unit_test(who_leaves_in_time_took_nothing_over_that_is_still_here),
        cmocka_unit_test(who_leaves_before_the_scrub_is_scrubbed_for_at_once),
        cmocka_unit_test(that_does_not_come_in_place_of_what_is_due_later),
        cmocka_unit_test(a_scrub_that_is_replaced_is_finished_by_the_next),
        cmocka_unit_test(what_cannot_begin_is_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
