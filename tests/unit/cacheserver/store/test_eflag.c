#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cacheserver/store/eflag.h"

/* Parses "offset [op bits] compare values" as the command line would have it. */
static bool filter_of(struct eflag_filter *filter, const char *text)
{
    char offset[8], second[8], third[8000], fourth[8], values[8000];
    struct eflag bits = {0};
    enum eflag_compare compare;
    int words = sscanf(text, "%7s %7s %7999s %7s %7999s", offset, second, third, fourth, values);

    filter->offset = (uint8_t)strtoul(offset, NULL, 10);
    filter->bit_op = EFLAG_BITS_NONE;
    if (words == 5) {
        filter->bit_op = (uint8_t)eflag_parse_bit_op(second, strlen(second));
        assert_true(filter->bit_op != EFLAG_BITS_NONE);
        assert_true(eflag_parse(&bits, third, strlen(third)));
        memcpy(filter->bits, bits.bytes, bits.len);
        memmove(second, fourth, sizeof(fourth));
    } else {
        assert_int_equal(sscanf(text, "%*s %*s %7999s", values), 1);
    }
    assert_true(eflag_parse_compare(&compare, second, strlen(second)));
    filter->compare = (uint8_t)compare;
    return eflag_filter_parse_values(filter, bits.len, values, strlen(values));
}

static bool matches(const char *filter_text, const char *flag_text)
{
    struct eflag_filter filter;
    struct eflag flag = {0};

    assert_true(filter_of(&filter, filter_text));
    if (*flag_text)
        assert_true(eflag_parse(&flag, flag_text, strlen(flag_text)));
    return eflag_filter_matches(&filter, flag.bytes, flag.len);
}

static bool is_filter(const char *text)
{
    struct eflag_filter filter;

    return filter_of(&filter, text);
}

static void six_comparisons(void **state)
{
    (void)state;
    assert_true(matches("0 EQ 0x0102", "0x0102") && !matches("0 EQ 0x0102", "0x0103"));
    assert_true(matches("0 NE 0x0102", "0x0103") && !matches("0 NE 0x0102", "0x0102"));
    assert_true(matches("0 LT 0x0102", "0x0101") && !matches("0 LT 0x0102", "0x0102"));
    assert_true(matches("0 LE 0x0102", "0x0102") && !matches("0 LE 0x0102", "0x0103"));
    assert_true(matches("0 GT 0x0102", "0x0103") && !matches("0 GT 0x0102", "0x0102"));
    assert_true(matches("0 GE 0x0102", "0x0102") && !matches("0 GE 0x0102", "0x0101"));
}

static void part_of_a_flag_is_compared(void **state)
{
    (void)state;
    assert_true(matches("1 EQ 0x02", "0x010203"));
    assert_true(matches("2 EQ 0x03", "0x010203"));
    assert_false(matches("1 EQ 0x03", "0x010203"));
}

static void a_flag_without_those_bytes_is_only_different(void **state)
{
    static const char *const others[] = {"EQ", "LT", "LE", "GT", "GE"};
    char text[32];

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        (void)snprintf(text, sizeof(text), "1 %s 0x0203", others[i]);
        assert_false(matches(text, "") || matches(text, "0x01") || matches(text, "0x0102"));
    }
    assert_true(matches("1 NE 0x0203", "") && matches("1 NE 0x0203", "0x0102"));
    assert_true(matches("1 NE 0x0203,0x0304", "0x01"));
}

static void bits_are_changed_before_the_comparison(void **state)
{
    (void)state;
    assert_true(matches("0 & 0xF0 EQ 0x10", "0x1F") && !matches("0 & 0xF0 EQ 0x10", "0x2F"));
    assert_true(matches("1 | 0x0F EQ 0x1F", "0x0010"));
    assert_true(matches("0 ^ 0xFF EQ 0x00", "0xFF"));
    assert_true(matches("0 & 0x0F GE 0x05", "0xF6"));
}

static void lists_mean_in_and_not_in(void **state)
{
    (void)state;
    assert_true(matches("0 EQ 0x01,0x02,0x03", "0x02"));
    assert_false(matches("0 EQ 0x01,0x02,0x03", "0x04"));
    assert_true(matches("0 NE 0x01,0x02,0x03", "0x04"));
    assert_false(matches("0 NE 0x01,0x02,0x03", "0x03"));
}

static void what_is_no_filter_is_refused(void **state)
{
    char list[6 + 5 * (EFLAG_MAX_VALUES + 1) + 1] = "0 EQ ";

    (void)state;
    assert_false(is_filter("0 LT 0x01,0x02"));
    assert_false(is_filter("0 EQ 0x01,0x0203"));
    assert_false(is_filter("0 EQ 01"));
    assert_false(is_filter("0 & 0x01 EQ 0x0102"));
    assert_false(is_filter("30 EQ 0x0102"));
    assert_true(is_filter("29 EQ 0x0102"));
    for (size_t i = 0; i < EFLAG_MAX_VALUES; i++)
        memcpy(list + 5 + 5 * i, "0x01,", 5);
    list[5 + 5 * EFLAG_MAX_VALUES - 1] = '\0';
    assert_true(is_filter(list));
    memcpy(list + 5 + 5 * EFLAG_MAX_VALUES - 1, ",0x01", 6);
    assert_false(is_filter(list));
}

static bool updates(const char *old_text, unsigned offset, const char *op, const char *value_text,
                    const char *expected_text)
{
    struct eflag old = {0}, expected = {0}, result;
    struct eflag_update update = {.offset = (uint8_t)offset};

    update.bit_op = (uint8_t)eflag_parse_bit_op(op, strlen(op));
    if (*old_text)
        assert_true(eflag_parse(&old, old_text, strlen(old_text)));
    if (*value_text)
        assert_true(eflag_parse(&update.value, value_text, strlen(value_text)));
    if (*expected_text)
        assert_true(eflag_parse(&expected, expected_text, strlen(expected_text)));
    return eflag_update_apply(&update, old.bytes, old.len, &result) && result.len == expected.len &&
           !memcmp(result.bytes, expected.bytes, expected.len);
}

static void a_flag_is_replaced_or_removed(void **state)
{
    (void)state;
    assert_true(updates("0x01", 0, "", "0x0203", "0x0203"));
    assert_true(updates("", 0, "", "0x0203", "0x0203"));
    assert_true(updates("0x01", 0, "", "", ""));
}

static void a_flag_is_changed_in_part(void **state)
{
    (void)state;
    assert_true(updates("0x0F0F0F", 1, "&", "0x03", "0x0F030F"));
    assert_true(updates("0x0F0F0F", 1, "|", "0xF0F0", "0x0FFFFF"));
    assert_true(updates("0x0F", 0, "^", "0xFF", "0xF0"));
    assert_true(updates("0x0F", 0, "&", "", "0x0F"));
}

static void a_part_that_is_not_there_cannot_be_changed(void **state)
{
    (void)state;
    assert_false(updates("", 0, "&", "0x01", ""));
    assert_false(updates("0x01", 1, "&", "0x01", "0x01"));
    assert_false(updates("0x0102", 1, "&", "0x0101", "0x0102"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(six_comparisons),
        cmocka_unit_test(part_of_a_flag_is_compared),
        cmocka_unit_test(a_flag_without_those_bytes_is_only_different),
        cmocka_unit_test(bits_are_changed_before_the_comparison),
        cmocka_unit_test(lists_mean_in_and_not_in),
        cmocka_unit_test(what_is_no_filter_is_refused),
        cmocka_unit_test(a_flag_is_replaced_or_removed),
        cmocka_unit_test(a_flag_is_changed_in_part),
        cmocka_unit_test(a_part_that_is_not_there_cannot_be_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
