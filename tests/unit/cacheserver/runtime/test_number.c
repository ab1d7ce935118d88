#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cacheserver/runtime/number.h"

static void digits_are_read_up_to_the_largest_number(void **state)
{
    uint64_t value;

    (void)state;
    assert_true(number_parse_u64("0", 1, &value) && value == 0);
    assert_true(number_parse_u64("1234567890", 10, &value) && value == 1234567890);
    assert_true(number_parse_u64("18446744073709551615", 20, &value) && value == UINT64_MAX);
    assert_true(number_parse_u64("12345", 3, &value) && value == 123);
}

static void what_does_not_fit_is_refused(void **state)
{
    uint64_t value;
    uint32_t small;
    int64_t with_sign;

    (void)state;
    assert_false(number_parse_u64("18446744073709551616", 20, &value));
    assert_false(number_parse_u64("99999999999999999999", 20, &value));
    assert_false(number_parse_u64("100000000000000000000", 21, &value));
    assert_false(number_parse_u32("4294967296", 10, &small));
    assert_false(number_parse_i64("9223372036854775808", 19, &with_sign));
}

static void leading_zeros_count_as_digits(void **state)
{
    uint64_t value;

    (void)state;
    assert_true(number_parse_u64("00000000000000000042", 20, &value) && value == 42);
}

static void what_is_no_number_is_refused(void **state)
{
    const char *const texts[] = {"", "-", "+1", "1a", " 1", "1 ", "--1", "0x1", "1.0"};
    uint64_t value;
    int64_t with_sign;

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        assert_false(number_parse_u64(texts[i], strlen(texts[i]), &value));
        assert_false(number_parse_i64(texts[i], strlen(texts[i]), &with_sign));
    }
    assert_false(number_parse_u64("-1", 2, &value));
}

static void a_stored_number_may_have_blanks_around_it(void **state)
{
    const char *const others[] = {"", " ", "5 x", "x 5", "-5", "5 5"};
    uint64_t value = 0;

    (void)state;
    assert_true(number_parse_stored("5", 1, &value) && value == 5);
    assert_true(number_parse_stored("  6 ", 4, &value) && value == 6);
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++)
        assert_false(number_parse_stored(others[i], strlen(others[i]), &value));
}

static void a_sign_is_read_where_it_may_stand(void **state)
{
    int64_t value;

    (void)state;
    assert_true(number_parse_i64("-1", 2, &value) && value == -1);
    assert_true(number_parse_i64("9223372036854775807", 19, &value) && value == INT64_MAX);
    assert_true(number_parse_i64("-9223372036854775807", 20, &value) && value == -INT64_MAX);
}

static void what_is_printed_is_read_back(void **state)
{
    const uint64_t values[] = {0, 9, 10, 99, 12345, UINT32_MAX, UINT64_MAX};
    char digits[NUMBER_MAX_DIGITS];
    uint64_t value;

    (void)state;
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        size_t n = number_format(values[i], digits);
        assert_true(number_parse_u64(digits, n, &value));
        assert_true(value == values[i]);
    }
    assert_int_equal(number_format(0, digits), 1);
    assert_int_equal(number_format(UINT64_MAX, digits), 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digits_are_read_up_to_the_largest_number),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(leading_zeros_count_as_digits),
        cmocka_unit_test(what_is_no_number_is_refused),
        cmocka_unit_test(a_stored_number_may_have_blanks_around_it),
        cmocka_unit_test(a_sign_is_read_where_it_may_stand),
        cmocka_unit_test(what_is_printed_is_read_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
