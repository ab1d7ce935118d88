#include "planner/spec/nearest.h"

#include "tests/unit/planner/spec/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const char *nearest_of(const char *wrong, const char *const *known)
{
    struct nearest nearest = {.wrong = wrong};

    for (; *known; known++)
        nearest_offer(&nearest, *known);
    return nearest_found(&nearest);
}

static void a_slip_of_any_kind_is_recognised(void **state)
{
    static const char *const known[] = {"memlimit", "threads", "connections", NULL};

    (void)state;
    assert_string_equal(nearest_of("memlmit", known), "memlimit");
    assert_string_equal(nearest_of("memllimit", known), "memlimit");
    assert_string_equal(nearest_of("memlinit", known), "memlimit");
    assert_string_equal(nearest_of("memilmit", known), "memlimit");
    assert_string_equal(nearest_of("thread", known), "threads");
}

static void a_swap_counts_as_one_slip(void **state)
{
    static const char *const known[] = {"ab", NULL};

    (void)state;
    assert_string_equal(nearest_of("ba", known), "ab");
}

static void what_is_too_far_off_is_not_meant(void **state)
{
    static const char *const known[] = {"threads", "port", NULL};

    (void)state;
    assert_null(nearest_of("memlimit", known));
    assert_null(nearest_of("x", known));
    assert_null(nearest_of("pxxt", known));
    assert_null(nearest_of("", known));
}

static void the_nearest_of_several_wins_and_the_first_of_equals(void **state)
{
    static const char *const known[] = {"cache003", "cache001", "cache002", NULL};

    (void)state;
    assert_string_equal(nearest_of("cache02", known), "cache002");
    assert_string_equal(nearest_of("cache009", known), "cache003");
}

static void nothing_offered_gives_nothing(void **state)
{
    static const char *const known[] = {NULL};

    (void)state;
    assert_null(nearest_of("x", known));
}

static void long_names_are_never_offered(void **state)
{
    char wrong[200], right[200];
    const char *known[] = {right, NULL};

    (void)state;
    memset(wrong, 'a', sizeof(wrong) - 1);
    wrong[sizeof(wrong) - 1] = '\0';
    memcpy(right, wrong, sizeof(right));
    right[0] = 'b';
    assert_null(nearest_of(wrong, known));
    wrong[64] = right[64] = '\0';
    assert_string_equal(nearest_of(wrong, known), right);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_slip_of_any_kind_is_recognised),
        FIXTURE_TEST(a_swap_counts_as_one_slip),
        FIXTURE_TEST(what_is_too_far_off_is_not_meant),
        FIXTURE_TEST(the_nearest_of_several_wins_and_the_first_of_equals),
        FIXTURE_TEST(nothing_offered_gives_nothing),
        FIXTURE_TEST(long_names_are_never_offered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
