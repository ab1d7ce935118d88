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

static const char server[] = "zk_server/one.arcus";

static void a_server_wants_to_run_with_the_wanted_file(void **state)
{
    char digest[DIGEST_SHORT + 1];
    const char *text;

    (void)state;
    text = zoo_cfg_text(declared.arena, &declared_find(&declared, "zk_config/one.arcus")->attrs);
    zoo_cfg_digest(text, digest);
    assert_string_equal(declared_value(&declared, server, "config"), digest);
    assert_string_equal(declared_value(&declared, server, "running"), "yes");
    assert_string_equal(declared_value(&declared, server, "home"), "/usr/share/zookeeper");
    assert_string_equal(declared_value(&declared, server, "data_dir"), "/var/lib/zk");
}

static void a_server_needs_its_configuration(void **state)
{
    (void)state;
    assert_int_equal(declared_dependency(&declared, server, "zk_config/one.arcus")->kind,
                     DEPENDENCY_NEEDS);
    assert_int_equal(declared_find(&declared, server)->dependencies.count, 1);
}

static void a_server_that_does_not_run_is_started_and_one_with_an_old_file_restarted(void **state)
{
    const struct restype *type = restype_of_address(server);

    (void)state;
    assert_string_equal(type->rules[0].name, "running");
    assert_int_equal(type->rules[0].verb, VERB_CREATE);
    assert_int_equal(type->on_create, OP_ZK_START);
    assert_int_equal(type->on_restart, OP_ZK_RESTART);
    assert_int_equal(type->on_delete, OP_ZK_STOP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_server_wants_to_run_with_the_wanted_file, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_server_needs_its_configuration, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_server_that_does_not_run_is_started_and_one_with_an_old_file_restarted, setup,
            teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
