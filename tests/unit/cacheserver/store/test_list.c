#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/cacheserver/store/collection_fixture.h"

static int set_up(void **state)
{
    struct fixture *f = fixture_new(64 << 20, false);

    *state = f;
    create(f, ITEM_LIST, "l", 0);
    return 0;
}

static int tear_down(void **state)
{
    fixture_free(*state);
    return 0;
}

static void a_range_is_shown_in_both_directions(void **state)
{
    struct fixture *f = *state;
    struct shown shown;

    for (const char *c = "abcde"; *c; c++)
        assert_int_equal(push(f, "l", -1, (char[]){*c, '\0'}), STORE_OK);
    assert_int_equal(range(f, "l", 1, 3, STORE_KEEP, &shown), STORE_OK);
    assert_string_equal(shown.text, "b c d");
    assert_int_equal(shown.count, 3);
    assert_int_equal(shown.flags, 9);
    assert_int_equal(range(f, "l", -1, 0, STORE_KEEP, &shown), STORE_OK);
    assert_string_equal(shown.text, "e d c b a");
    assert_int_equal(range(f, "l", INT32_MIN, INT32_MAX, STORE_KEEP, &shown), STORE_OK);
    assert_string_equal(shown.text, "a b c d e");
    assert_int_equal(range(f, "l", 5, INT32_MAX, STORE_KEEP, &shown), STORE_NO_ELEMENT);
    assert_int_equal(range(f, "l", INT32_MIN, -6, STORE_KEEP, &shown), STORE_NO_ELEMENT);
}

static void what_is_shown_can_be_removed(void **state)
{
    struct fixture *f = *state;
    struct shown shown;

    for (const char *c = "abcde"; *c; c++)
        push(f, "l", -1, (char[]){*c, '\0'});
    assert_int_equal(range(f, "l", 3, 1, STORE_DELETE_DROP, &shown), STORE_OK);
    assert_string_equal(shown.text, "d c b");
    assert_int_equal(range(f, "l", 0, -1, STORE_DELETE, &shown), STORE_OK);
    assert_string_equal(shown.text, "a e");
    assert_int_equal(range(f, "l", 0, -1, STORE_DELETE_DROP, &shown), STORE_NO_ELEMENT);
    push(f, "l", 0, "x");
    assert_int_equal(range(f, "l", 0, -1, STORE_DELETE_DROP, &shown), STORE_DROPPED);
    assert_int_equal(range(f, "l", 0, -1, STORE_KEEP, &shown), STORE_NOT_FOUND);
    assert_int_equal(count_of(f, STORE_ITEMS), 0);
    assert_int_equal(count_of(f, STORE_BYTES), 0);
}

static void a_list_of_another_type_is_told_from_a_missing_one(void **state)
{
    struct fixture *f = *state;
    struct shown shown;

    put(f, "v", "x");
    assert_int_equal(push(f, "v", 0, "x"), STORE_TYPE_MISMATCH);
    assert_int_equal(range(f, "v", 0, 0, STORE_KEEP, &shown), STORE_TYPE_MISMATCH);
    assert_int_equal(push(f, "none", 0, "x"), STORE_NOT_FOUND);
}

/* The newest `most` of all that was pushed at the tail, or at the head. */
static void a_full_list_keeps_its_maximum(void **state)
{
    struct fixture *f = *state;
    struct shown shown;
    char value[16];

    create(f, ITEM_LIST, "m", 100);
    for (int i = 0; i < 1000; i++) {
        snprintf(value, sizeof(value), "%d", i);
        assert_int_equal(push(f, "m", i < 500 ? -1 : 0, value), STORE_OK);
    }
    assert_int_equal(range(f, "m", 0, 0, STORE_KEEP, &shown), STORE_OK);
    assert_string_equal(shown.text, "999");
    assert_int_equal(range(f, "m", -1, -1, STORE_KEEP, &shown), STORE_OK);
    assert_string_equal(shown.text, "900");
    assert_int_equal(range(f, "m", 0, -1, STORE_KEEP, &shown), STORE_OK);
    assert_int_equal(shown.count, 100);
    assert_int_equal(shown.elements, 100);
}

static void many_pushes_and_pops_do_what_an_array_does(void **state)
{
    struct fixture *f = *state;
    static unsigned model[4096];
    unsigned count = 0;
    uint64_t random = 1;
    struct shown shown;

    for (unsigned i = 0; i < 20000; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        unsigned at = count ? (unsigned)(random >> 33) % (count + 1) : 0;
        char value[16];
        snprintf(value, sizeof(value), "%u", i);
        if (count < 2000 && (random >> 20) % 3) {
            assert_int_equal(push(f, "l", (int32_t)at, value), STORE_OK);
            memmove(&model[at + 1], &model[at], (count - at) * sizeof(model[0]));
            model[at] = i;
            count++;
        } else if (at < count) {
            snprintf(value, sizeof(value), "%u", model[at]);
            assert_int_equal(range(f, "l", (int32_t)at, (int32_t)at, STORE_DELETE, &shown),
                             STORE_OK);
            assert_string_equal(shown.text, value);
            memmove(&model[at], &model[at + 1], (count - at - 1) * sizeof(model[0]));
            count--;
        }
    }
    assert_int_equal(list_delete(f->thread, "l", 1, (struct list_range){0, -1}, STORE_DELETE_DROP),
                     STORE_DROPPED);
    assert_int_equal(count_of(f, STORE_BYTES), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_range_is_shown_in_both_directions, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_shown_can_be_removed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_list_of_another_type_is_told_from_a_missing_one, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_full_list_keeps_its_maximum, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_pushes_and_pops_do_what_an_array_does, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
