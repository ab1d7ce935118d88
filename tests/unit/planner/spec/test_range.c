#include "planner/spec/range.h"

#include "tests/unit/planner/spec/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const char *expand(struct fixture *fixture, const char *pattern)
{
    const char *all = "";
    struct range range;
    struct fault fault;
    size_t offset;

    if (range_parse(pattern, &range, &offset, &fault) < 0)
        return arena_printf(fixture->arena, "%zu: %s", offset, fault.text);
    for (size_t i = 0; i < range.count; i++)
        all = arena_printf(fixture->arena, "%s%s%s", all, i ? " " : "",
                           range_name(&range, i, fixture->arena));
    return all;
}

static void a_name_without_brackets_stands_for_itself(void **state)
{
    assert_string_equal(expand(*state, "cache001.arcus"), "cache001.arcus");
    assert_string_equal(expand(*state, ""), "");
}

static void a_range_stands_for_each_number(void **state)
{
    assert_string_equal(expand(*state, "a[1-3]b"), "a1b a2b a3b");
    assert_string_equal(expand(*state, "[9-11]"), "9 10 11");
    assert_string_equal(expand(*state, "a[7-7]"), "a7");
    assert_string_equal(expand(*state, "a[0-1]"), "a0 a1");
}

static void leading_zeros_are_kept(void **state)
{
    assert_string_equal(expand(*state, "a[008-011]"), "a008 a009 a010 a011");
    assert_string_equal(expand(*state, "a[08-10]"), "a08 a09 a10");
    assert_memory_equal(expand(*state, "a[0998-1001]"), "a0998 a0999 a1000 a1001", 24);
    assert_memory_equal(expand(*state, "a[098-1000]"), "a098 a099 a100 ", 15);
}

static void several_ranges_combine_the_last_running_fastest(void **state)
{
    assert_string_equal(expand(*state, "r[1-2]n[1-2]"), "r1n1 r1n2 r2n1 r2n2");
    assert_string_equal(expand(*state, "[1-2][3-4][5-6]"), "135 136 145 146 235 236 245 246");
}

static void malformed_ranges_are_refused_with_their_place(void **state)
{
    static const char *const patterns[] = {"ab[",     "ab[1",     "ab[1-",     "ab[1-2",
                                           "ab[]",    "ab[-2]",   "ab[1-2-3]", "ab[a-b]",
                                           "ab[1,2]", "ab[1 -2]", "ab[[1-2]]", "ab[1-9999999999]"};

    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++)
        assert_string_equal(expand(*state, patterns[i]), "2: expected a range like [001-003]");
    assert_string_equal(expand(*state, "ab]"), "2: expected a [ before this ]");
    assert_string_equal(expand(*state, "a[1-2]]"), "6: expected a [ before this ]");
    assert_string_equal(expand(*state, "a[3-1]"), "1: expected a range that rises, found [3-1]");
    assert_string_equal(expand(*state, "a[1-003]"),
                        "1: expected the same number of digits on both sides, found [1-003]");
}

static void ranges_are_limited(void **state)
{
    struct range range;
    struct fault fault;
    size_t offset;

    (void)state;
    assert_int_equal(range_parse("a[1-10000]", &range, &offset, &fault), 0);
    assert_int_equal(range.count, RANGE_MOST);
    assert_int_equal(range_parse("a[0-10000]", &range, &offset, &fault), -1);
    assert_int_equal(fault.code, DIAG_SPEC_RANGE);
    assert_int_equal(range_parse("a[1-100][1-100]", &range, &offset, &fault), 0);
    assert_int_equal(range_parse("a[1-100][1-101]", &range, &offset, &fault), -1);
    assert_int_equal(range_parse("[1-999999999][1-999999999]", &range, &offset, &fault), -1);
    assert_int_equal(range_parse("[1-2]a[1-2]b[1-2]c", &range, &offset, &fault), 0);
    assert_int_equal(range_parse("[1-2][1-2][1-2][1-2]", &range, &offset, &fault), -1);
    assert_string_equal(fault.text, "expected at most 3 ranges in a name");
}

static int ports(const char *text, int *first, int *last)
{
    struct fault fault;
    int result = range_parse_ports(text, first, last, &fault);

    return result < 0 ? (int)fault.code : -1;
}

static void ports_are_one_or_a_range(void **state)
{
    int first, last;

    (void)state;
    assert_int_equal(ports("11211", &first, &last), -1);
    assert_true(first == 11211 && last == 11211);
    assert_int_equal(ports("11211-11215", &first, &last), -1);
    assert_true(first == 11211 && last == 11215);
    assert_int_equal(ports("1-65535", &first, &last), -1);
    assert_true(first == 1 && last == 65535);
}

static void what_is_no_port_is_refused(void **state)
{
    static const char *const texts[] = {"",    "0",     "65536", "-1",     "1-",
                                        "-",   "1-2-3", "080",   "80-090", "99999999999",
                                        "80 ", " 80",   "8x",    "1-65536"};
    int first, last;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(ports(texts[i], &first, &last), DIAG_SPEC_VALUE);
    assert_int_equal(ports("2-1", &first, &last), DIAG_SPEC_RANGE);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        FIXTURE_TEST(a_name_without_brackets_stands_for_itself),
        FIXTURE_TEST(a_range_stands_for_each_number),
        FIXTURE_TEST(leading_zeros_are_kept),
        FIXTURE_TEST(several_ranges_combine_the_last_running_fastest),
        FIXTURE_TEST(malformed_ranges_are_refused_with_their_place),
        FIXTURE_TEST(ranges_are_limited),
        FIXTURE_TEST(ports_are_one_or_a_range),
        FIXTURE_TEST(what_is_no_port_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
