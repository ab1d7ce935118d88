#include "tests/unit/planner/types/declared.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct declared declared;

static int setup(void **state)
{
    (void)state;
    declared_init(&declared, declared_site);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    declared_deinit(&declared);
    return 0;
}

static void the_base_znodes_come_after_every_server(void **state)
{
    (void)state;
    assert_int_equal(declared_count(&declared, "znode"), 1);
    assert_int_equal(declared_dependency(&declared, "znode/arcus", "zk_server/one.arcus")->kind,
                     DEPENDENCY_AFTER);
    assert_int_equal(declared_dependency(&declared, "znode/arcus", "zk_server/two.arcus")->kind,
                     DEPENDENCY_AFTER);
}

static void the_base_znodes_are_the_five_of_arcus(void **state)
{
    (void)state;
    assert_string_equal(declared_value(&declared, "znode/arcus", "nodes"),
                        "/arcus /arcus/cache_list /arcus/cache_server_log "
                        "/arcus/cache_server_mapping /arcus/client_list");
}

static void a_spec_without_an_ensemble_wants_no_znodes(void **state)
{
    struct declared other;

    (void)state;
    declared_init(&other, "arcusplan: 1\nhosts: { one: { address: 10.0.0.1 } }\n");
    assert_int_equal(other.graph->resources.count, 0);
    declared_deinit(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_base_znodes_come_after_every_server, setup, teardown),
        cmocka_unit_test_setup_teardown(the_base_znodes_are_the_five_of_arcus, setup, teardown),
        cmocka_unit_test_setup_teardown(a_spec_without_an_ensemble_wants_no_znodes, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
