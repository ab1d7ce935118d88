#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/cacheserver/store/collection_fixture.h"

#define VALUES 3000

static int set_up(void **state)
{
    struct fixture *f = fixture_new(64 << 20, false);

    *state = f;
    create(f, ITEM_SET, "s", VALUES);
    return 0;
}

static int tear_down(void **state)
{
    fixture_free(*state);
    return 0;
}

static const char *value_of(unsigned number)
{
    static char value[64];
    snprintf(value, sizeof(value), "value %u of those that there are", number);
    return value;
}

static bool has(struct fixture *f, unsigned number)
{
    const char *value = value_of(number);
    return set_has(f->thread, "s", 1, value, strlen(value)) == STORE_OK;
}

static enum store_result drop(struct fixture *f, unsigned number, enum store_removal_mode mode)
{
    const char *value = value_of(number);
    return set_delete(f->thread, "s", 1, value, strlen(value), mode);
}

static void values_come_in_once_and_go(void **state)
{
    struct fixture *f = *state;

    for (unsigned i = 0; i < VALUES; i += 2)
        assert_int_equal(add(f, "s", value_of(i)), STORE_OK);
    for (unsigned i = 0; i < VALUES; i++) {
        assert_int_equal(has(f, i), i % 2 == 0);
        assert_int_equal(add(f, "s", value_of(i)), i % 2 ? STORE_OK : STORE_ELEMENT_EXISTS);
    }
    assert_int_equal(add(f, "s", value_of(VALUES)), STORE_OVERFLOWED);
    for (unsigned i = 0; i < VALUES; i++) {
        enum store_result result = drop(f, i, STORE_DELETE_DROP);
        assert_int_equal(result, i + 1 < VALUES ? STORE_OK : STORE_DROPPED);
        if (i + 1 < VALUES)
            assert_int_equal(drop(f, i, STORE_DELETE_DROP), STORE_NO_ELEMENT);
    }
    assert_int_equal(count_of(f, STORE_BYTES), 0);
}

static void draw(struct fixture *f, uint32_t count, enum store_removal_mode mode, unsigned *seen,
                 enum store_result expected)
{
    struct shown shown;
    const struct store_reader reader = reader_of(&shown);

    assert_int_equal(set_get(f->thread, "s", 1, count, mode, &reader), expected);
    assert_int_equal(shown.count, shown.elements);
    char *rest = shown.text;
    for (uint32_t i = 0; i < shown.elements; i++)
        seen[strtoul(rest, &rest, 10)]++;
}

/* Each of ten values in each of the 5000 draws of three with a probability of 0.3. */
static void every_value_is_drawn_as_often_as_the_others(void **state)
{
    struct fixture *f = *state;
    unsigned seen[10] = {0}, sum = 0;

    for (char c = '0'; c <= '9'; c++)
        add(f, "s", (char[]){c, '\0'});
    for (int i = 0; i < 5000; i++)
        draw(f, 3, STORE_KEEP, seen, STORE_OK);
    for (unsigned i = 0; i < 10; i++) {
        assert_in_range(seen[i], 1300, 1700);
        sum += seen[i];
    }
    assert_int_equal(sum, 15000);
}

static void drawn_values_are_distinct_and_can_be_removed(void **state)
{
    struct fixture *f = *state;
    unsigned seen[1000] = {0};
    char value[8];

    for (int i = 0; i < 1000; i++) {
        snprintf(value, sizeof(value), "%d", i);
        add(f, "s", value);
    }
    for (int i = 0; i < 10; i++)
        draw(f, 100, STORE_DELETE, seen, STORE_OK);
    for (int i = 0; i < 1000; i++)
        assert_int_equal(seen[i], 1);
    draw(f, 0, STORE_KEEP, seen, STORE_NO_ELEMENT);
}

static void all_are_shown_for_zero_or_more_than_there_are(void **state)
{
    struct fixture *f = *state;
    unsigned seen[10] = {0};

    for (char c = '0'; c <= '9'; c++)
        add(f, "s", (char[]){c, '\0'});
    draw(f, 0, STORE_KEEP, seen, STORE_OK);
    draw(f, 11, STORE_KEEP, seen, STORE_OK);
    draw(f, 10, STORE_DELETE_DROP, seen, STORE_DROPPED);
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(seen[i], 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(values_come_in_once_and_go, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_value_is_drawn_as_often_as_the_others, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(drawn_values_are_distinct_and_can_be_removed, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(all_are_shown_for_zero_or_more_than_there_are, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
