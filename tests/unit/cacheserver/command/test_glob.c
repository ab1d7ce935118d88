#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "cacheserver/command/glob.h"

static bool matches(const char *pattern, const char *text)
{
    assert_true(glob_is_valid(pattern, strlen(pattern)));
    return glob_matches(pattern, strlen(pattern), text, strlen(text));
}

static bool is_valid(const char *pattern)
{
    return glob_is_valid(pattern, strlen(pattern));
}

static void stars_stand_for_any_characters_and_question_marks_for_one(void **state)
{
    (void)state;
    assert_true(matches("*", ""));
    assert_true(matches("*", "anything"));
    assert_true(matches("a*c", "abbc"));
    assert_true(matches("a*c", "ac"));
    assert_false(matches("a*c", "acb"));
    assert_true(matches("a?c", "abc"));
    assert_false(matches("a?c", "ac"));
    assert_false(matches("?", ""));
    assert_true(matches("**a**", "xay"));
    assert_true(matches("*ab*ab*ab*", "abababab"));
    assert_false(matches("*ab*ab*ab", "abab"));
    assert_false(matches("abc", "abcd"));
    assert_false(matches("abcd", "abc"));
}

static void a_backslash_makes_the_next_character_stand_for_itself(void **state)
{
    (void)state;
    assert_true(matches("a\\*", "a*"));
    assert_false(matches("a\\*", "ab"));
    assert_true(matches("a\\?*", "a?b"));
    assert_true(matches("\\\\", "\\"));
    assert_true(matches("*\\*", "ab*"));
    assert_false(matches("*\\*", "ab"));
}

static void patterns_have_limits(void **state)
{
    char longest[66];

    (void)state;
    memset(longest, 'a', 65);
    longest[65] = '\0';
    assert_false(is_valid(longest));
    longest[64] = '\0';
    assert_true(is_valid(longest));
    assert_false(is_valid(""));
    assert_true(is_valid("*a*b*c*"));
    assert_false(is_valid("*a*b*c*d*"));
    assert_true(is_valid("\\*\\*\\*\\*\\*"));
    assert_false(is_valid("a\\"));
    assert_false(is_valid("a\\b"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stars_stand_for_any_characters_and_question_marks_for_one),
        cmocka_unit_test(a_backslash_makes_the_next_character_stand_for_itself),
        cmocka_unit_test(patterns_have_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
