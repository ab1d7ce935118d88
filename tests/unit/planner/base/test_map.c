#include "planner/base/map.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static char *text(struct arena *arena, const char *value)
{
    return arena_strdup(arena, value);
}

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

static void a_key_that_was_not_put_is_not_found(void **state)
{
    struct map map;

    map_init(&map, *state);
    assert_null(map_get(&map, "cache001.arcus"));
    map_put(&map, "cache001.arcus", text(*state, "x"));
    assert_null(map_get(&map, "cache001"));
    assert_null(map_get(&map, ""));
    map_deinit(&map);
}

static void keys_are_compared_by_their_text(void **state)
{
    char first[] = "key", second[] = "key";
    struct map map;

    map_init(&map, *state);
    map_put(&map, first, text(*state, "value"));
    assert_string_equal(map_get(&map, second), "value");
    map_deinit(&map);
}

static void putting_again_replaces_and_returns_the_old_value(void **state)
{
    struct map map;

    map_init(&map, *state);
    assert_null(map_put(&map, "key", text(*state, "old")));
    assert_string_equal(map_put(&map, "key", text(*state, "new")), "old");
    assert_string_equal(map_get(&map, "key"), "new");
    map_deinit(&map);
}

static void the_empty_key_is_a_key(void **state)
{
    struct map map;

    map_init(&map, *state);
    map_put(&map, "", text(*state, "value"));
    assert_string_equal(map_get(&map, ""), "value");
    map_deinit(&map);
}

static void many_keys_are_all_found(void **state)
{
    struct map map;

    map_init(&map, *state);
    for (int i = 0; i < 20000; i++) {
        char *number = arena_printf(*state, "%d", i);

        assert_null(map_put(&map, number, number));
    }
    for (int i = 0; i < 20000; i++) {
        const char *number = arena_printf(*state, "%d", i);

        assert_string_equal(map_get(&map, number), number);
    }
    map_deinit(&map);
}

static void an_empty_map_can_be_ended(void **state)
{
    struct map map;

    map_init(&map, *state);
    map_deinit(&map);
    assert_null(map_get(&map, "x"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(a_key_that_was_not_put_is_not_found),
        TEST(keys_are_compared_by_their_text),
        TEST(putting_again_replaces_and_returns_the_old_value),
        TEST(the_empty_key_is_a_key),
        TEST(many_keys_are_all_found),
        TEST(an_empty_map_can_be_ended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
