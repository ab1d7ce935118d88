#include "planner/base/vec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct point {
    int x, y;
};

static int set_up(void **state)
{
    *state = arena_new();
    return 0;
}

static int tear_down(void **state)
{
    arena_free(*state);
    return 0;
}

static void an_empty_vector_has_nothing_to_walk(void **state)
{
    vec_of(struct point) points = {0};
    int walked = 0;

    (void)state;
    vec_each(point, &points)
        walked += point->x + 1;
    assert_int_equal(walked, 0);
}

static void pushed_items_are_zeroed_and_kept_in_order(void **state)
{
    vec_of(struct point) points = {0};
    int expected = 0;

    for (int i = 0; i < 1000; i++) {
        struct point *point = vec_push(*state, &points);

        assert_int_equal(point->x, 0);
        assert_int_equal(point->y, 0);
        *point = (struct point){i, -i};
    }
    assert_int_equal(points.count, 1000);
    assert_true(points.room >= points.count);
    vec_each(point, &points) {
        assert_int_equal(point->x, expected);
        assert_int_equal(point->y, -expected);
        expected++;
    }
    assert_int_equal(expected, 1000);
}

static void vectors_of_pointers_and_const_vectors_can_be_walked(void **state)
{
    struct names {
        vec_of(const char *) items;
    } names = {0};
    const struct names *view = &names;
    size_t length = 0;

    *vec_push(*state, &names.items) = "ab";
    *vec_push(*state, &names.items) = "cde";
    vec_each(name, &view->items)
        length += strlen(*name);
    assert_int_equal(length, 5);
}

static void an_emptied_vector_is_filled_again_with_zeroed_items(void **state)
{
    vec_of(int) numbers = {0};
    int *items;

    for (int i = 0; i < 20; i++)
        *vec_push(*state, &numbers) = i;
    items = numbers.items;
    numbers.count = 0;
    assert_int_equal(*vec_push(*state, &numbers), 0);
    assert_int_equal(*vec_push(*state, &numbers), 0);
    assert_ptr_equal(numbers.items, items);
    assert_int_equal(numbers.count, 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_vector_has_nothing_to_walk),
        cmocka_unit_test_setup_teardown(pushed_items_are_zeroed_and_kept_in_order, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(vectors_of_pointers_and_const_vectors_can_be_walked, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(an_emptied_vector_is_filled_again_with_zeroed_items, set_up,
                                        tear_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
