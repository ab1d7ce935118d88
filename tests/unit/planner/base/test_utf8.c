#include "planner/base/utf8.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void characters_have_their_lengths(void **state)
{
    static const struct {
        const char *text;
        size_t length;
        unsigned code;
    } good[] = {{"a", 1, 'a'},
                {"\xc3\xa4", 2, 0xe4},
                {"\xe2\x82\xac", 3, 0x20ac},
                {"\xf0\x9f\x98\x80", 4, 0x1f600},
                {"\xf4\x8f\xbf\xbf", 4, 0x10ffff}};
    unsigned code;

    (void)state;
    for (size_t i = 0; i < sizeof(good) / sizeof(*good); i++) {
        assert_int_equal(utf8_decode(good[i].text, good[i].length, &code), good[i].length);
        assert_int_equal(code, good[i].code);
    }
    assert_int_equal(utf8_decode("", 0, &code), 0);
}

static void what_is_not_well_formed_is_no_character(void **state)
{
    static const char *const bad[] = {
        "\x80",             /* a continuation byte alone */
        "\xc3",             /* cut */
        "\xc0\xaf",         /* overlong */
        "\xe0\x80\xaf",     /* overlong */
        "\xed\xa0\x80",     /* a surrogate */
        "\xf4\x90\x80\x80", /* beyond the last code point */
        "\xe2\x82\x41",     /* a third byte that is none */
        "\xff",
    };
    unsigned code;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
        assert_int_equal(utf8_decode(bad[i], strlen(bad[i]), &code), 0);
}

static void bytes_that_are_none_count_as_characters(void **state)
{
    (void)state;
    assert_int_equal(utf8_count("a\xc3\xa4\xff\xe2\x82", 6), 5);
}

static void a_text_is_valid_when_all_of_it_is(void **state)
{
    (void)state;
    assert_true(utf8_is_valid("", 0));
    assert_true(utf8_is_valid("stra\xc3\x9f"
                              "e",
                              7));
    assert_false(utf8_is_valid("a\xff", 2));
    assert_false(utf8_is_valid("a\xc3\x9f", 2));
}

static void clean_text_is_left_alone(void **state)
{
    struct arena *arena = arena_new();
    const char *text = "stra\xc3\x9f"
                       "e";

    (void)state;
    assert_ptr_equal(utf8_clean(arena, text), text);
    arena_free(arena);
}

static void bytes_that_drive_terminals_are_replaced(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    assert_string_equal(utf8_clean(arena, "a\x1b[2J\n\x7f\xff"), "a?[2J???");
    assert_string_equal(utf8_clean(arena, "csi\xc2\x9b"), "csi??");
    arena_free(arena);
}

static void columns_are_those_of_the_terminal(void **state)
{
    (void)state;
    assert_int_equal(utf8_columns(""), 0);
    assert_int_equal(utf8_columns("abc"), 3);
    assert_int_equal(utf8_columns("a\xff"), 2);
    assert_int_equal(utf8_columns("\xec\x95\x84"), 2); /* a wide one */
    assert_int_equal(utf8_columns("e\xcc\x81"), 1);    /* a combining accent */
}

static void characters_have_their_widths(void **state)
{
    (void)state;
    assert_int_equal(utf8_width('a'), 1);
    assert_int_equal(utf8_width(0xe9), 1);
    assert_int_equal(utf8_width(0x301), 0);
    assert_int_equal(utf8_width(0xfeff), 0);
    assert_int_equal(utf8_width(0xac00), 2);
    assert_int_equal(utf8_width(0x4e2d), 2);
    assert_int_equal(utf8_width(0x1f600), 2);
    assert_int_equal(utf8_width(0x10ffff), 1);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(characters_have_their_lengths),
        cmocka_unit_test(what_is_not_well_formed_is_no_character),
        cmocka_unit_test(bytes_that_are_none_count_as_characters),
        cmocka_unit_test(a_text_is_valid_when_all_of_it_is),
        cmocka_unit_test(clean_text_is_left_alone),
        cmocka_unit_test(bytes_that_drive_terminals_are_replaced),
        cmocka_unit_test(columns_are_those_of_the_terminal),
        cmocka_unit_test(characters_have_their_widths),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
