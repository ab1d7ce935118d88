#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cacheserver/store/bkey.h"

static struct bkey key(const char *text)
{
    struct bkey bkey;

    assert_true(bkey_parse(&bkey, text, strlen(text)));
    return bkey;
}

static bool parses(const char *text)
{
    struct bkey bkey;

    return bkey_parse(&bkey, text, strlen(text));
}

static void prints_as(const char *text, const char *expected)
{
    struct bkey bkey = key(text);
    char out[BKEY_MAX_TEXT + 1];

    *bkey_print(out, bkey.kind, bkey.bytes, bkey.len) = '\0';
    assert_string_equal(out, expected);
}

static void keys_print_as_they_are_written(void **state)
{
    (void)state;
    prints_as("0", "0");
    prints_as("007", "7");
    prints_as("255", "255");
    prints_as("256", "256");
    prints_as("18446744073709551615", "18446744073709551615");
    prints_as("0x00", "0x00");
    prints_as("0x0aBcDe", "0x0ABCDE");
}

static void what_is_no_key_is_refused(void **state)
{
    char longest[2 + 2 * BKEY_MAX_BYTES + 3];

    (void)state;
    assert_false(parses("") || parses("x") || parses("-1") || parses("1x") || parses("0x"));
    assert_false(parses("0x1") || parses("0x0g") || parses("0X00") ||
                 parses("18446744073709551616"));
    memset(longest, '0', sizeof(longest));
    longest[1] = 'x';
    longest[2 + 2 * BKEY_MAX_BYTES] = '\0';
    assert_true(parses(longest));
    memcpy(longest + 2 + 2 * BKEY_MAX_BYTES, "00", 3);
    assert_false(parses(longest));
}

static void numbers_take_as_few_bytes_as_they_need(void **state)
{
    (void)state;
    assert_int_equal(key("0").len, 0);
    assert_int_equal(key("255").len, 1);
    assert_int_equal(key("256").len, 2);
    assert_int_equal(key("18446744073709551615").len, 8);
}

static void is_before(const char *a, const char *b)
{
    struct bkey low = key(a), high = key(b);

    assert_true(bkey_compare(&low, &high) < 0 && bkey_compare(&high, &low) > 0);
    assert_true(bkey_compare_bytes(&low, high.bytes, high.len) < 0);
    assert_true(bkey_compare_bytes(&high, low.bytes, low.len) > 0);
    assert_true(bkey_compare_bytes(&low, low.bytes, low.len) == 0);
    assert_true(low.order <= high.order);
}

static void numbers_are_in_their_order(void **state)
{
    (void)state;
    is_before("0", "1");
    is_before("255", "256");
    is_before("65535", "65536");
    is_before("9223372036854775807", "18446744073709551615");
}

static void bytes_are_in_the_order_of_words(void **state)
{
    (void)state;
    is_before("0x00", "0x01");
    is_before("0x01", "0x0100");
    is_before("0x0100", "0x02");
    is_before("0x0102030405060708", "0x010203040506070800");
    is_before("0x010203040506070801", "0x010203040506070802");
    is_before("0x01020304050607080102", "0x010203040506070802");
}

static void ranges_have_two_ends_of_one_kind(void **state)
{
    struct bkey_range range;

    (void)state;
    assert_true(bkey_range_parse(&range, "5..17", 5));
    assert_false(range.single);
    assert_int_equal(range.from.order, 5);
    assert_int_equal(range.to.order, 17);
    assert_true(bkey_range_parse(&range, "0x0a..0x00", 10));
    assert_int_equal(bkey_compare(&range.from, &range.to) > 0, 1);
    assert_true(bkey_range_parse(&range, "8", 1));
    assert_true(range.single && range.to.order == 8);
    assert_false(bkey_range_parse(&range, "5..0x01", 7));
    assert_false(bkey_range_parse(&range, "5..", 3));
    assert_false(bkey_range_parse(&range, "..5", 3));
    assert_false(bkey_range_parse(&range, "1..2..3", 7));
}

static bool exceeds(const char *low, const char *high, const char *most)
{
    struct bkey a = key(low), b = key(high), c = key(most);

    return bkey_span_exceeds(&a, &b, &c);
}

static void a_span_is_compared_with_a_maximum(void **state)
{
    (void)state;
    assert_false(exceeds("10", "20", "10"));
    assert_true(exceeds("10", "21", "10"));
    assert_false(exceeds("0", "18446744073709551615", "18446744073709551615"));
    assert_false(exceeds("0x10", "0x20", "0x10"));
    assert_true(exceeds("0x10", "0x21", "0x10"));
    assert_false(exceeds("0x00ff", "0x0100", "0x0001"));
    assert_true(exceeds("0x00ff", "0x0101", "0x0001"));
}

static void shorter_keys_are_filled_up_and_longer_ones_cut(void **state)
{
    (void)state;
    assert_false(exceeds("0x01", "0x0110", "0x0010"));
    assert_true(exceeds("0x01", "0x0111", "0x0010"));
    assert_false(exceeds("0x0100", "0x02ff", "0x01"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_print_as_they_are_written),
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(numbers_take_as_few_bytes_as_they_need),
        cmocka_unit_test(numbers_are_in_their_order),
        cmocka_unit_test(bytes_are_in_the_order_of_words),
        cmocka_unit_test(ranges_have_two_ends_of_one_kind),
        cmocka_unit_test(a_span_is_compared_with_a_maximum),
        cmocka_unit_test(shorter_keys_are_filled_up_and_longer_ones_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
