#include "planner/model/resource.h"

#include "planner/model/restype.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const struct restype type = {.name = "thing"};

static void a_declared_resource_has_its_address_type_and_place(void **state)
{
    struct resource_set set = {.arena = arena_new()};
    struct resource *resource =
        resource_declare(&set, &type, (struct srcloc){"a.yaml", 5, 3}, "thing/%s/%d", "x", 7);

    (void)state;
    assert_string_equal(resource->address, "thing/x/7");
    assert_ptr_equal(resource->type, &type);
    assert_int_equal(resource->at.line, 5);
    assert_int_equal(set.items.count, 1);
    assert_ptr_equal(set.items.items[0], resource);
    arena_free(set.arena);
}

static void dependencies_keep_their_kind_and_are_not_resolved_yet(void **state)
{
    struct resource_set set = {.arena = arena_new()};
    struct resource *resource = resource_declare(&set, &type, SRCLOC_NONE, "thing/a");

    (void)state;
    resource_depend(&set, resource, DEPENDENCY_NEEDS, "thing/%s", "b");
    resource_depend(&set, resource, DEPENDENCY_AFTER, "thing/c");
    assert_int_equal(resource->dependencies.count, 2);
    assert_string_equal(resource->dependencies.items[0].address, "thing/b");
    assert_int_equal(resource->dependencies.items[0].kind, DEPENDENCY_NEEDS);
    assert_int_equal(resource->dependencies.items[1].kind, DEPENDENCY_AFTER);
    assert_null(resource->dependencies.items[0].resource);
    arena_free(set.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_declared_resource_has_its_address_type_and_place),
        cmocka_unit_test(dependencies_keep_their_kind_and_are_not_resolved_yet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
