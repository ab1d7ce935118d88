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

static void every_type_is_found_by_its_address(void **state)
{
    size_t count = 0;

    (void)state;
    for (const struct restype *const *type = restypes; *type; type++) {
        assert_ptr_equal(restype_of_address(arena_printf(declared.arena, "%s/x", (*type)->name)),
                         *type);
        count++;
    }
    assert_int_equal(count, 7);
}

static void other_addresses_have_no_type(void **state)
{
    (void)state;
    assert_null(restype_of_address("nodes/a"));
    assert_null(restype_of_address("node"));
    assert_null(restype_of_address("zk/a"));
    assert_null(restype_of_address(""));
    assert_null(restype_of_address("/node/a"));
}

static void every_type_says_how_to_create_and_how_to_compare(void **state)
{
    (void)state;
    for (const struct restype *const *type = restypes; *type; type++) {
        const struct attr_rule *rule = (*type)->rules;

        assert_int_not_equal((*type)->on_create, OP_NONE);
        assert_non_null((*type)->declare);
        while (rule->name)
            rule++;
        assert_string_equal(rule[-1].name, "*");
        assert_int_equal(rule[-1].verb, VERB_KEEP);
    }
}

static void every_verb_that_a_rule_gives_has_an_operation(void **state)
{
    (void)state;
    for (const struct restype *const *type = restypes; *type; type++) {
        for (const struct attr_rule *rule = (*type)->rules; rule->name; rule++) {
            if (rule->verb == VERB_UPDATE)
                assert_int_not_equal((*type)->on_update, OP_NONE);
            if (rule->verb == VERB_TUNE)
                assert_int_not_equal((*type)->on_tune, OP_NONE);
            if (rule->verb == VERB_RESTART)
                assert_int_not_equal((*type)->on_restart, OP_NONE);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_type_is_found_by_its_address, setup, teardown),
        cmocka_unit_test_setup_teardown(other_addresses_have_no_type, setup, teardown),
        cmocka_unit_test_setup_teardown(every_type_says_how_to_create_and_how_to_compare, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(every_verb_that_a_rule_gives_has_an_operation, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
