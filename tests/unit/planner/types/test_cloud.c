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

static void a_cloud_wants_its_defaults_its_nodes_and_their_mappings(void **state)
{
    const char *cloud = "cloud/alpha";

    (void)state;
    assert_string_equal(declared_value(&declared, cloud, "config.threads"), "6");
    assert_string_equal(declared_value(&declared, cloud, "config.memlimit"), "100");
    assert_string_equal(declared_value(&declared, cloud, "node.10.0.0.1:11211"), "one.arcus");
    assert_string_equal(declared_value(&declared, cloud, "node.10.0.0.2:11212"),
                        "two.arcus threads=4");
    assert_string_equal(declared_value(&declared, cloud, "mapping.10.0.0.2:11212"),
                        "connections=1000 memlimit=100 port=11212 threads=4");
    assert_string_equal(declared_value(&declared, cloud, "client_list"), "yes");
}

static void a_cloud_waits_for_the_base_znodes(void **state)
{
    (void)state;
    assert_int_equal(declared_dependency(&declared, "cloud/alpha", "znode/arcus")->kind,
                     DEPENDENCY_NEEDS);
}

static void a_clouds_attributes_are_sorted_and_point_into_the_spec(void **state)
{
    const struct attrs *attrs = &declared_find(&declared, "cloud/alpha")->attrs;

    (void)state;
    for (size_t i = 1; i < attrs->count; i++)
        assert_true(name_compare(attrs->items[i - 1].name, attrs->items[i].name) < 0);
    assert_int_equal(attrs_find(attrs, "config.threads")->at.line, 17);
    assert_int_equal(attrs_find(attrs, "node.10.0.0.2:11212")->at.line, 22);
}

static void a_cloud_that_only_loses_nodes_is_unregistered_in_part(void **state)
{
    const struct restype *type = restype_of_address("cloud/alpha");

    (void)state;
    assert_int_equal(type->on_shrink, OP_UNREGISTER);
    assert_int_equal(type->on_update, OP_REGISTER);
    assert_true(type->is_in_zookeeper);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_cloud_wants_its_defaults_its_nodes_and_their_mappings,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_cloud_waits_for_the_base_znodes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_clouds_attributes_are_sorted_and_point_into_the_spec,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_cloud_that_only_loses_nodes_is_unregistered_in_part,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
