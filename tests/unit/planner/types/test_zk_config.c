#include "planner/types/zoo_cfg.h"
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

static void each_member_has_its_myid_and_the_same_file(void **state)
{
    const char *one;
    const char *two;

    (void)state;
    assert_string_equal(declared_value(&declared, "zk_config/two.arcus", "myid"), "1");
    assert_string_equal(declared_value(&declared, "zk_config/one.arcus", "myid"), "2");
    one = zoo_cfg_text(declared.arena, &declared_find(&declared, "zk_config/one.arcus")->attrs);
    two = zoo_cfg_text(declared.arena, &declared_find(&declared, "zk_config/two.arcus")->attrs);
    assert_string_equal(one, two);
    assert_non_null(strstr(one, "server.1=10.0.0.2:2888:3888\nserver.2=10.0.0.1:2888:3888\n"));
}

static void the_configuration_of_a_leaving_host_is_removed(void **state)
{
    (void)state;
    assert_int_equal(restype_of_address("zk_config/x")->on_delete, OP_UNDEPLOY);
    assert_int_equal(restype_of_address("zk_config/x")->on_update, OP_ZK_CONFIG);
}

static void an_external_ensemble_has_neither_configuration_nor_servers(void **state)
{
    struct declared other;

    (void)state;
    declared_init(&other, "arcusplan: 1\nzookeeper: { external: \"10.9.0.1:2181\" }\n");
    assert_int_equal(declared_count(&other, "zk_config"), 0);
    assert_int_equal(declared_count(&other, "zk_server"), 0);
    assert_int_equal(declared_count(&other, "znode"), 1);
    declared_deinit(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_member_has_its_myid_and_the_same_file, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_configuration_of_a_leaving_host_is_removed, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_external_ensemble_has_neither_configuration_nor_servers,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
