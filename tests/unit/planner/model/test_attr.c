#include "planner/model/attr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static int sign(int number)
{
    return (number > 0) - (number < 0);
}

static void numbers_inside_names_are_ordered_by_value(void **state)
{
    static const char *const ordered[] = {
        "",
        "10.0.0.2:11211",
        "10.0.0.10:11211",
        "10.0.1.1:80",
        "cfg.server.2",
        "cfg.server.10",
        "cfg.tickTime",
        "node",
        "node1",
        "node01",
        "node1a",
        "node2",
        "node18446744073709551617",
    };
    const size_t count = sizeof(ordered) / sizeof(*ordered);

    (void)state;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            int expected = (i > j) - (i < j);

            if (!strcmp(ordered[i], "node01") || !strcmp(ordered[j], "node01"))
                continue;
            if (sign(name_compare(ordered[i], ordered[j])) != expected)
                fail_msg("%s and %s", ordered[i], ordered[j]);
        }
    }
}

static void names_that_differ_only_in_leading_zeros_are_not_equal(void **state)
{
    (void)state;
    assert_true(name_compare("node1", "node01") != 0);
    assert_int_equal(sign(name_compare("node1", "node01")), -sign(name_compare("node01", "node1")));
    assert_true(name_compare("node01", "node2") < 0);
    assert_true(name_compare("0", "00") != 0);
    assert_int_equal(name_compare("000", "000"), 0);
}

static void the_order_is_transitive(void **state)
{
    static const char *const names[] = {"a1", "a01", "a1b", "a01b", "a2",
                                        "a",  "a.",  "a10", "1",    "01"};
    const size_t count = sizeof(names) / sizeof(*names);

    (void)state;
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < count; j++)
            for (size_t k = 0; k < count; k++)
                if (name_compare(names[i], names[j]) < 0 && name_compare(names[j], names[k]) < 0 &&
                    name_compare(names[i], names[k]) >= 0)
                    fail_msg("%s < %s < %s", names[i], names[j], names[k]);
}

static void attributes_are_found_before_and_after_sorting(void **state)
{
    struct arena *arena = arena_new();
    struct attrs attrs = {0};
    char name[] = "set.threads";
    char value[] = "6";

    (void)state;
    attrs_add(arena, &attrs, name, value, SRCLOC_NONE);
    attrs_add(arena, &attrs, "running", "yes", (struct srcloc){"a.yaml", 3, 4});
    attrs_add(arena, &attrs, "release", NULL, SRCLOC_NONE);
    memset(name, 'x', sizeof(name) - 1);
    memset(value, 'x', sizeof(value) - 1);
    for (int sorted = 0; sorted < 2; sorted++) {
        assert_string_equal(attrs_value(&attrs, "set.threads"), "6");
        assert_int_equal(attrs_find(&attrs, "running")->at.line, 3);
        assert_non_null(attrs_find(&attrs, "release"));
        assert_null(attrs_value(&attrs, "release"));
        assert_null(attrs_find(&attrs, "set.thread"));
        attrs_sort(&attrs);
    }
    assert_string_equal(attrs.items[0].name, "release");
    assert_string_equal(attrs.items[1].name, "running");
    assert_string_equal(attrs.items[2].name, "set.threads");
    arena_free(arena);
}

static void a_reference_names_a_resource_and_its_attribute(void **state)
{
    struct arena *arena = arena_new();
    struct attrs attrs = {0};

    (void)state;
    attrs_add_ref(arena, &attrs, "release", "package/arcus", "digest", SRCLOC_NONE);
    assert_null(attrs.items[0].value);
    assert_string_equal(attrs.items[0].ref, "package/arcus");
    assert_string_equal(attrs.items[0].ref_attr, "digest");
    arena_free(arena);
}

static void no_attributes_are_sorted_and_searched_without_harm(void **state)
{
    struct attrs none = {0};

    (void)state;
    attrs_sort(&none);
    assert_null(attrs_find(&none, "x"));
    assert_null(attrs_value(&none, "x"));
}

static void many_attributes_keep_their_values(void **state)
{
    struct arena *arena = arena_new();
    struct attrs attrs = {0};

    (void)state;
    for (int i = 500; i > 0; i--)
        attrs_add(arena, &attrs, arena_printf(arena, "mapping.10.0.0.1:%d", i),
                  arena_printf(arena, "%d", i), SRCLOC_NONE);
    attrs_sort(&attrs);
    for (int i = 1; i <= 500; i++)
        assert_string_equal(attrs.items[i - 1].value, arena_printf(arena, "%d", i));
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_inside_names_are_ordered_by_value),
        cmocka_unit_test(names_that_differ_only_in_leading_zeros_are_not_equal),
        cmocka_unit_test(the_order_is_transitive),
        cmocka_unit_test(attributes_are_found_before_and_after_sorting),
        cmocka_unit_test(a_reference_names_a_resource_and_its_attribute),
        cmocka_unit_test(no_attributes_are_sorted_and_searched_without_harm),
        cmocka_unit_test(many_attributes_keep_their_values),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
