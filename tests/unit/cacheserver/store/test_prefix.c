#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cacheserver/store/prefix.h"

static bool valid(const char *name)
{
    return prefix_is_valid(name, strlen(name));
}

static void a_prefix_ends_at_the_first_delimiter(void **state)
{
    (void)state;
    assert_int_equal(prefix_length("a:b:c", 5, ':'), 1);
    assert_int_equal(prefix_length("abc", 3, ':'), 0);
    assert_int_equal(prefix_length(":abc", 4, ':'), 0);
    assert_int_equal(prefix_length("ab/c", 4, '/'), 2);
}

static void names_have_letters_digits_and_four_signs(void **state)
{
    (void)state;
    assert_true(valid("") && valid("a") && valid("Z9") && valid("a-b_c+d.e") && valid("_"));
    assert_false(valid("-a") || valid("a b") || valid("a/b") || valid("\xc3\xa4") || valid("a\t"));
}

static void names_have_a_length(void **state)
{
    char name[PREFIX_MAX + 1];

    (void)state;
    memset(name, 'p', sizeof(name));
    assert_true(prefix_is_valid(name, PREFIX_MAX));
    assert_false(prefix_is_valid(name, PREFIX_MAX + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_prefix_ends_at_the_first_delimiter),
        cmocka_unit_test(names_have_letters_digits_and_four_signs),
        cmocka_unit_test(names_have_a_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
