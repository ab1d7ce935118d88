#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/cacheserver/store/collection_fixture.h"

#define FIELDS 2000

static int set_up(void **state)
{
    struct fixture *f = fixture_new(64 << 20, false);

    *state = f;
    create(f, ITEM_MAP, "m", FIELDS);
    return 0;
}

static int tear_down(void **state)
{
    fixture_free(*state);
    return 0;
}

static const char *numbered(char *text, const char *what, unsigned number)
{
    sprintf(text, "%s%u", what, number);
    return text;
}

static enum store_result get_fields(struct fixture *f, const struct map_field *fields,
                                    uint32_t count, enum store_removal_mode mode,
                                    struct shown *shown)
{
    const struct store_reader reader = reader_of(shown);
    const struct map_fields list = {.at = fields, .count = count};
    return map_get(f->thread, "m", 1, fields ? &list : NULL, mode, &reader);
}

/* One field, as "field value". */
static enum store_result get_field(struct fixture *f, const char *field, char *text)
{
    const struct map_field name = {.at = field, .len = strlen(field)};
    struct shown shown;
    enum store_result result = get_fields(f, &name, 1, STORE_KEEP, &shown);

    if (result == STORE_OK) {
        const char *value;
        size_t len;
        struct map_field shown_field = map_element(shown.text, shown.len, &value, &len);
        sprintf(text, "%.*s %.*s", (int)shown_field.len, shown_field.at, (int)len, value);
    }
    return result;
}

static void the_three_ways_to_put_a_value(void **state)
{
    struct fixture *f = *state;
    char text[64];

    assert_int_equal(map_write(f, MAP_UPDATE, "m", "f", "a"), STORE_NO_ELEMENT);
    assert_int_equal(map_write(f, MAP_INSERT, "m", "f", "a"), STORE_OK);
    assert_int_equal(map_write(f, MAP_INSERT, "m", "f", "b"), STORE_ELEMENT_EXISTS);
    assert_int_equal(map_write(f, MAP_UPSERT, "m", "f", "longer"), STORE_REPLACED);
    assert_int_equal(get_field(f, "f", text), STORE_OK);
    assert_string_equal(text, "f longer");
    assert_int_equal(map_write(f, MAP_UPDATE, "m", "f", ""), STORE_REPLACED);
    assert_int_equal(map_write(f, MAP_UPSERT, "m", "g", "new"), STORE_OK);
    assert_int_equal(get_field(f, "f", text), STORE_OK);
    assert_string_equal(text, "f ");
}

static void many_fields_of_changing_lengths(void **state)
{
    struct fixture *f = *state;
    char field[32], value[600], text[640], wanted[640];

    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < FIELDS; i++) {
            size_t len = (i * 7 + round * 131) % 500;
            memset(value, 'a' + (int)round, len);
            value[len] = '\0';
            assert_int_equal(map_write(f, MAP_UPSERT, "m", numbered(field, "field", i), value),
                             round ? STORE_REPLACED : STORE_OK);
        }
    }
    assert_int_equal(map_write(f, MAP_UPSERT, "m", "one more", "x"), STORE_OVERFLOWED);
    for (unsigned i = 0; i < FIELDS; i++) {
        size_t len = (i * 7 + 2 * 131) % 500;
        memset(value, 'c', len);
        value[len] = '\0';
        numbered(field, "field", i);
        sprintf(wanted, "%s %s", field, value);
        assert_int_equal(get_field(f, field, text), STORE_OK);
        assert_string_equal(text, wanted);
    }
    assert_int_equal(map_delete(f->thread, "m", 1, NULL, STORE_DELETE_DROP), STORE_DROPPED);
    assert_int_equal(count_of(f, STORE_BYTES), 0);
}

static void fields_that_are_not_there_are_left_out(void **state)
{
    struct fixture *f = *state;
    const struct map_field fields[] = {{"a", 1}, {"x", 1}, {"b", 1}};
    struct shown shown;

    map_write(f, MAP_INSERT, "m", "a", "1");
    map_write(f, MAP_INSERT, "m", "b", "2");
    assert_int_equal(get_fields(f, fields, 3, STORE_KEEP, &shown), STORE_OK);
    assert_int_equal(shown.count, 2);
    assert_string_equal(shown.text, "\001a1 \001b2");
    assert_int_equal(get_fields(f, &fields[1], 1, STORE_KEEP, &shown), STORE_NO_ELEMENT);
    assert_int_equal(get_fields(f, fields, 2, STORE_DELETE_DROP, &shown), STORE_OK);
    assert_int_equal(get_fields(f, NULL, 0, STORE_DELETE_DROP, &shown), STORE_DROPPED);
    assert_string_equal(shown.text, "\001b2");
    assert_int_equal(get_fields(f, NULL, 0, STORE_KEEP, &shown), STORE_NOT_FOUND);
}

static void one_field_alone_is_shown_and_deleted(void **state)
{
    struct fixture *f = *state;
    const struct map_field a = {"a", 1}, b = {"b", 1};
    struct shown shown;

    map_write(f, MAP_INSERT, "m", "a", "1");
    map_write(f, MAP_INSERT, "m", "b", "2");
    assert_int_equal(get_fields(f, &b, 1, STORE_DELETE, &shown), STORE_OK);
    assert_int_equal(shown.count, 1);
    assert_string_equal(shown.text, "\001b2");
    assert_int_equal(f->thread->elements, 1);
    assert_int_equal(get_fields(f, &b, 1, STORE_DELETE, &shown), STORE_NO_ELEMENT);
    assert_int_equal(get_fields(f, &a, 1, STORE_DELETE_DROP, &shown), STORE_DROPPED);
    assert_string_equal(shown.text, "\001a1");
    assert_int_equal(get_fields(f, &a, 1, STORE_KEEP, &shown), STORE_NOT_FOUND);
}

static void a_field_may_be_named_twice_when_it_is_deleted(void **state)
{
    struct fixture *f = *state;
    const struct map_field twice[] = {{"a", 1}, {"a", 1}};
    const struct map_fields fields = {.at = twice, .count = 2};

    map_write(f, MAP_INSERT, "m", "a", "1");
    assert_int_equal(map_delete(f->thread, "m", 1, &fields, STORE_DELETE), STORE_OK);
    assert_int_equal(map_delete(f->thread, "m", 1, &fields, STORE_DELETE), STORE_NO_ELEMENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_three_ways_to_put_a_value, set_up, tear_down),
        cmocka_unit_test_setup_teardown(many_fields_of_changing_lengths, set_up, tear_down),
        cmocka_unit_test_setup_teardown(fields_that_are_not_there_are_left_out, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_field_alone_is_shown_and_deleted, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_field_may_be_named_twice_when_it_is_deleted, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
