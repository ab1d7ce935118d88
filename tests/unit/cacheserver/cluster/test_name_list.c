#include "cacheserver/cluster/name_list.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void a_name_is_there_once_until_it_is_removed(void **state)
{
    struct name_list list = {0};

    (void)state;
    assert_false(name_list_has(&list, "a"));
    assert_true(name_list_add(&list, "a"));
    assert_true(name_list_add(&list, "b"));
    assert_true(name_list_add(&list, "a"));
    assert_int_equal(list.count, 2);
    name_list_remove(&list, "a");
    name_list_remove(&list, "c");
    assert_false(name_list_has(&list, "a"));
    assert_true(name_list_has(&list, "b"));
    assert_int_equal(list.count, 1);
    name_list_clear(&list);
    assert_int_equal(list.count, 0);
}

static void lists_grow_and_can_be_added_to_each_other(void **state)
{
    struct name_list left = {0}, right = {0};
    char name[16];

    (void)state;
    for (unsigned i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "%u", i);
        assert_true(name_list_add(i % 3 ? &left : &right, name));
        assert_true(name_list_add(&left, name) || i % 2);
    }
    assert_true(name_list_add_all(&right, &left));
    assert_int_equal(right.count, 100);
    for (unsigned i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "%u", i);
        assert_true(name_list_has(&right, name));
    }
    name_list_clear(&left);
    name_list_clear(&right);
    name_list_clear(&right);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_name_is_there_once_until_it_is_removed),
        cmocka_unit_test(lists_grow_and_can_be_added_to_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
