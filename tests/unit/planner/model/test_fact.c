#include "planner/model/fact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct scene {
    struct arena *arena;
    struct world world;
};

static int setup(void **state)
{
    struct scene *scene = calloc(1, sizeof(*scene));

    if (!scene)
        return -1;
    scene->arena = arena_new();
    world_init(&scene->world, scene->arena);
    *state = scene;
    return 0;
}

static int teardown(void **state)
{
    struct scene *scene = *state;

    world_deinit(&scene->world);
    arena_free(scene->arena);
    free(scene);
    return 0;
}

static void a_new_fact_is_unknown_and_found_again(void **state)
{
    struct scene *scene = *state;
    char address[] = "cloud/alpha";
    struct fact *fact = world_fact(&scene->world, address);

    assert_int_equal(fact->presence, PRESENCE_UNKNOWN);
    address[0] = 'x';
    assert_ptr_equal(world_fact(&scene->world, "cloud/alpha"), fact);
    assert_ptr_equal(world_find(&scene->world, "cloud/alpha"), fact);
    assert_null(world_find(&scene->world, "cloud/beta"));
    assert_int_equal(scene->world.facts.count, 1);
}

static void facts_and_their_attributes_are_sorted_when_finished(void **state)
{
    struct scene *scene = *state;
    struct fact *fact = world_fact(&scene->world, "node/a/10.0.0.10:1");

    attrs_add(scene->arena, &fact->attrs, "running", "yes", SRCLOC_NONE);
    attrs_add(scene->arena, &fact->attrs, "ensemble", "z", SRCLOC_NONE);
    world_fact(&scene->world, "node/a/10.0.0.2:1");
    world_fact(&scene->world, "cloud/a");
    world_finish(&scene->world);
    assert_string_equal(scene->world.facts.items[0]->address, "cloud/a");
    assert_string_equal(scene->world.facts.items[1]->address, "node/a/10.0.0.2:1");
    assert_string_equal(scene->world.facts.items[2]->address, "node/a/10.0.0.10:1");
    assert_string_equal(fact->attrs.items[0].name, "ensemble");
}

static const char *digest_with(struct scene *scene, enum presence presence, const char *name,
                               const char *value)
{
    struct fact *fact = world_fact(&scene->world, "node/a/1:1");

    fact->presence = presence;
    fact->attrs.count = 0;
    attrs_add(scene->arena, &fact->attrs, "running", "yes", SRCLOC_NONE);
    if (name)
        attrs_add(scene->arena, &fact->attrs, name, value, SRCLOC_NONE);
    world_finish(&scene->world);
    return fact->digest;
}

static void a_digest_changes_with_presence_and_attributes(void **state)
{
    struct scene *scene = *state;
    const char *base = digest_with(scene, PRESENCE_PRESENT, NULL, NULL);

    assert_int_equal(strlen(base), 64);
    assert_string_equal(digest_with(scene, PRESENCE_PRESENT, NULL, NULL), base);
    assert_string_not_equal(digest_with(scene, PRESENCE_ABSENT, NULL, NULL), base);
    assert_string_not_equal(digest_with(scene, PRESENCE_PRESENT, "release", "1"), base);
    assert_string_not_equal(digest_with(scene, PRESENCE_PRESENT, "release", "1"),
                            digest_with(scene, PRESENCE_PRESENT, "release", "2"));
}

static void what_changes_by_itself_is_not_in_the_digest(void **state)
{
    struct scene *scene = *state;
    const char *base = digest_with(scene, PRESENCE_PRESENT, NULL, NULL);

    assert_string_equal(digest_with(scene, PRESENCE_PRESENT, "live.items", "17"), base);
    assert_string_not_equal(digest_with(scene, PRESENCE_PRESENT, "liver", "17"), base);
}

static void a_digest_does_not_depend_on_the_order_of_discovery(void **state)
{
    struct scene *scene = *state;
    struct fact *a = world_fact(&scene->world, "a/1");
    struct fact *b = world_fact(&scene->world, "a/2");

    attrs_add(scene->arena, &a->attrs, "x", "1", SRCLOC_NONE);
    attrs_add(scene->arena, &a->attrs, "y", "2", SRCLOC_NONE);
    attrs_add(scene->arena, &b->attrs, "y", "2", SRCLOC_NONE);
    attrs_add(scene->arena, &b->attrs, "x", "1", SRCLOC_NONE);
    world_finish(&scene->world);
    assert_string_equal(a->digest, b->digest);
}

static void hosts_are_found_by_name(void **state)
{
    struct scene *scene = *state;
    struct spec_host hosts[] = {{.name = "h10"}, {.name = "h2"}};
    struct host_fact facts[] = {{.host = &hosts[0]}, {.host = &hosts[1]}};

    *vec_push(scene->arena, &scene->world.hosts) = &facts[0];
    *vec_push(scene->arena, &scene->world.hosts) = &facts[1];
    world_finish(&scene->world);
    assert_ptr_equal(world_find_host(&scene->world, "h10"), &facts[0]);
    assert_ptr_equal(scene->world.hosts.items[0], &facts[1]);
    assert_null(world_find_host(&scene->world, "h3"));
}

static void an_empty_world_can_be_finished(void **state)
{
    struct scene *scene = *state;

    world_finish(&scene->world);
    assert_int_equal(scene->world.facts.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_fact_is_unknown_and_found_again, setup, teardown),
        cmocka_unit_test_setup_teardown(facts_and_their_attributes_are_sorted_when_finished, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_digest_changes_with_presence_and_attributes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_changes_by_itself_is_not_in_the_digest, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_digest_does_not_depend_on_the_order_of_discovery, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(hosts_are_found_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(an_empty_world_can_be_finished, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
