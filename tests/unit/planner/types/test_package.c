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

static void a_package_wants_its_version_built(void **state)
{
    const struct resource *package = declared_find(&declared, "package/arcus");

    (void)state;
    assert_string_equal(declared_value(&declared, "package/arcus", "version"), "1.0");
    assert_string_equal(declared_value(&declared, "package/arcus", "build"), "up to date");
    assert_null(package->host);
    assert_int_equal(package->dependencies.count, 0);
    assert_int_equal(package->at.line, 6);
}

static void a_package_is_never_removed_by_a_step(void **state)
{
    const struct restype *type = restype_of_address("package/arcus");

    (void)state;
    assert_int_equal(type->on_create, OP_BUILD);
    assert_int_equal(type->on_update, OP_BUILD);
    assert_int_equal(type->on_delete, OP_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_package_wants_its_version_built, setup, teardown),
        cmocka_unit_test_setup_teardown(a_package_is_never_removed_by_a_step, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
