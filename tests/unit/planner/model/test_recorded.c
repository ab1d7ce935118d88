#include "planner/model/recorded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void resources_are_added_once_and_stay_where_they_are(void **state)
{
    struct arena *arena = arena_new();
    struct recorded recorded;
    struct recorded_resource *first;

    (void)state;
    recorded_init(&recorded, arena);
    first = recorded_add(&recorded, "node/a/10.0.0.1:1");
    for (int i = 2; i < 100; i++)
        recorded_add(&recorded, arena_printf(arena, "node/a/10.0.0.%d:1", i));
    first->prevent_destroy = true;
    assert_ptr_equal(recorded_add(&recorded, "node/a/10.0.0.1:1"), first);
    assert_true(recorded_find(&recorded, "node/a/10.0.0.1:1")->prevent_destroy);
    assert_int_equal(recorded.resources.count, 99);
    assert_null(recorded_find(&recorded, "node/a/10.0.0.100:1"));
    recorded_deinit(&recorded);
    arena_free(arena);
}

static void finishing_sorts_resources_and_attributes(void **state)
{
    struct arena *arena = arena_new();
    struct recorded recorded;
    struct recorded_resource *late;

    (void)state;
    recorded_init(&recorded, arena);
    recorded_finish(&recorded);
    late = recorded_add(&recorded, "node/a/10.0.0.10:1");
    recorded_add(&recorded, "node/a/10.0.0.9:1");
    recorded_add(&recorded, "cloud/a");
    attrs_add(arena, &late->attrs, "set.threads", "6", SRCLOC_NONE);
    attrs_add(arena, &late->attrs, "running", "yes", SRCLOC_NONE);
    recorded_finish(&recorded);
    assert_string_equal(recorded.resources.items[0]->address, "cloud/a");
    assert_string_equal(recorded.resources.items[1]->address, "node/a/10.0.0.9:1");
    assert_ptr_equal(recorded.resources.items[2], late);
    assert_string_equal(late->attrs.items[0].name, "running");
    recorded_deinit(&recorded);
    arena_free(arena);
}

static void a_host_gone_from_the_spec_is_found_by_name(void **state)
{
    struct arena *arena = arena_new();
    struct recorded recorded;
    struct spec_host host = {.name = "old.arcus", .address = "10.0.0.9"};

    (void)state;
    recorded_init(&recorded, arena);
    *vec_push(arena, &recorded.hosts) = &host;
    assert_string_equal(recorded_find_host(&recorded, "old.arcus")->address, "10.0.0.9");
    assert_null(recorded_find_host(&recorded, "new.arcus"));
    recorded_deinit(&recorded);
    arena_free(arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(resources_are_added_once_and_stay_where_they_are),
        cmocka_unit_test(finishing_sorts_resources_and_attributes),
        cmocka_unit_test(a_host_gone_from_the_spec_is_found_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
