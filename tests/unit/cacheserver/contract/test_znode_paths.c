/* The paths are compared with those that NAVER's servers and clients use, spelled out. */
#include "cacheserver/contract/znode_paths.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void the_base_paths_come_parents_first_and_sorted(void **state)
{
    (void)state;
    assert_string_equal(znode_base_paths[0], "/arcus");
    for (size_t i = 1; znode_base_paths[i]; i++)
        assert_true(strcmp(znode_base_paths[i - 1], znode_base_paths[i]) < 0);
    assert_string_equal(znode_base_paths[4], "/arcus/client_list");
    assert_null(znode_base_paths[5]);
}

static void paths_are_those_of_the_arcus_tree(void **state)
{
    struct arena *arena = arena_new();

    (void)state;
    assert_string_equal(znode_cache_list(arena, "test-cloud"), "/arcus/cache_list/test-cloud");
    assert_string_equal(znode_client_list(arena, "test-cloud"), "/arcus/client_list/test-cloud");
    assert_string_equal(znode_mapping(arena, "10.0.0.1:11211"),
                        "/arcus/cache_server_mapping/10.0.0.1:11211");
    assert_string_equal(znode_mapping_code(arena, "10.0.0.1:11211", "test-cloud"),
                        "/arcus/cache_server_mapping/10.0.0.1:11211/test-cloud");
    arena_free(arena);
}

static void a_node_name_ends_at_the_first_dash(void **state)
{
    (void)state;
    assert_int_equal(znode_node_length("10.0.0.1:11211-cache-001.arcus"), 14);
    assert_int_equal(znode_node_length("10.0.0.1:11211"), 14);
    assert_int_equal(znode_node_length("-"), 0);
    assert_int_equal(znode_node_length(""), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_base_paths_come_parents_first_and_sorted),
        cmocka_unit_test(paths_are_those_of_the_arcus_tree),
        cmocka_unit_test(a_node_name_ends_at_the_first_dash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
