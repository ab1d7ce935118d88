#include "planner/spec/tree.h"

#include "tests/unit/planner/spec/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static struct tree *parse(struct fixture *fixture, const char *text)
{
    assert_int_equal(fixture_parse(fixture, text), 0);
    return fixture->tree;
}

static void entries_are_found_by_key(void **state)
{
    struct tree *map = parse(*state, "a: 1\nb: [2]\n");

    assert_string_equal(tree_get(map, "a")->text, "1");
    assert_int_equal(tree_get(map, "b")->kind, TREE_LIST);
    assert_int_equal(tree_entry(map, "b")->at.line, 2);
    assert_null(tree_get(map, "c"));
}

static void what_is_no_map_has_no_entries(void **state)
{
    struct tree *list = parse(*state, "[a, b]\n");

    assert_null(tree_get(list, "a"));
    assert_null(tree_get(NULL, "a"));
    assert_null(tree_entry(list->items.items[0], "a"));
}

static void maps_merge_and_everything_else_is_replaced(void **state)
{
    struct fixture *fixture = *state;
    struct tree *base = parse(fixture, "m: { a: 1, b: { x: 1 } }\nl: [1, 2]\ns: one\n");
    struct tree *over = parse(fixture, "m: { b: { y: 2 }, c: 3 }\nl: [3]\ns: { t: 1 }\nn: new\n");
    struct tree *merged = tree_merge(fixture->arena, base, over);
    struct tree *map = tree_get(merged, "m");

    assert_string_equal(tree_get(map, "a")->text, "1");
    assert_string_equal(tree_get(map, "c")->text, "3");
    assert_string_equal(tree_get(tree_get(map, "b"), "x")->text, "1");
    assert_string_equal(tree_get(tree_get(map, "b"), "y")->text, "2");
    assert_int_equal(tree_get(merged, "l")->items.count, 1);
    assert_int_equal(tree_get(merged, "s")->kind, TREE_MAP);
    assert_string_equal(tree_get(merged, "n")->text, "new");
    assert_int_equal(merged->entries.count, 4);
}

static void a_merged_map_keeps_the_first_place_and_a_replaced_value_has_its_own(void **state)
{
    struct fixture *fixture = *state;
    struct tree *base = parse(fixture, "m: { a: 1 }\ns: one\n");
    struct tree *over = parse(fixture, "\n\n\nm: { a: 2 }\ns: two\n");
    struct tree *merged = tree_merge(fixture->arena, base, over);

    assert_int_equal(tree_entry(merged, "m")->at.line, 1);
    assert_int_equal(tree_get(tree_get(merged, "m"), "a")->at.line, 4);
    assert_int_equal(tree_entry(merged, "s")->at.line, 5);
}

static void nothing_laid_on_a_map_replaces_it(void **state)
{
    struct fixture *fixture = *state;
    struct tree *base = parse(fixture, "m: { a: 1 }\n");
    struct tree *over = parse(fixture, "m:\n");

    assert_int_equal(tree_get(tree_merge(fixture->arena, base, over), "m")->kind, TREE_NOTHING);
}

static void places_inside_a_text_count_characters(void **state)
{
    struct tree *map =
        parse(*state, "a: \xc3\xbc${x}\nb: \"12${x}\"\nc: \"\\t${x}\"\nd: |\n  ${x}\n");

    assert_int_equal(tree_place_in(tree_get(map, "a"), 2).column, 5);
    assert_int_equal(tree_place_in(tree_get(map, "b"), 2).column, 7);
    assert_int_equal(tree_place_in(tree_get(map, "b"), 0).column, 4);
    /* With escapes, or over several lines, the start has to do. */
    assert_int_equal(tree_place_in(tree_get(map, "c"), 1).column, 4);
    assert_int_equal(tree_place_in(tree_get(map, "d"), 1).column, 4);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        FIXTURE_TEST(entries_are_found_by_key),
        FIXTURE_TEST(what_is_no_map_has_no_entries),
        FIXTURE_TEST(maps_merge_and_everything_else_is_replaced),
        FIXTURE_TEST(a_merged_map_keeps_the_first_place_and_a_replaced_value_has_its_own),
        FIXTURE_TEST(nothing_laid_on_a_map_replaces_it),
        FIXTURE_TEST(places_inside_a_text_count_characters),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
