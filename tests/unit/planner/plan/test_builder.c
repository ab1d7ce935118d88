#include "planner/plan/builder.h"
#include "tests/unit/planner/plan/scene.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct scene scene;

static int setup(void **state)
{
    (void)state;
    scene_init(&scene);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    scene_deinit(&scene);
    return 0;
}

static struct plan plan;
static struct builder builder;
static struct diff_input input;

static void build(void)
{
    assert_int_equal(scene_plan(&scene), 0);
    plan = (struct plan){.spec = scene.spec,
                         .recorded = &scene.recorded,
                         .world = &scene.world,
                         .diff = scene.plan->diff};
    input = (struct diff_input){.spec = scene.spec,
                                .recorded = &scene.recorded,
                                .world = &scene.world,
                                .options = &scene.options};
    builder_init(&builder, &input, &plan, scene.arena);
}

static void kept_and_forgotten_changes_have_no_item(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml", scene_edit(&scene, scene_external, "[h1, h2]", "[h2]"));
    scene_gone(&scene, "node/alpha/10.0.0.1:11211");
    build();
    assert_int_equal(builder.items.count, 2);
    assert_non_null(builder_find(&builder, "cloud/%s", "alpha"));
    assert_non_null(builder_find(&builder, "release/h1/arcus"));
    assert_null(builder_find(&builder, "node/alpha/10.0.0.1:11211"));
    assert_null(builder_find(&builder, "cloud/beta"));
    builder_deinit(&builder);
}

static void items_are_sorted_by_operation_and_address(void **state)
{
    (void)state;
    scene_spec(&scene, "a.yaml", scene_site);
    build();
    for (size_t i = 1; i < builder.items.count; i++) {
        const struct step *before = builder.items.items[i - 1]->step;
        const struct step *after = builder.items.items[i]->step;

        assert_true(before->op < after->op ||
                    (before->op == after->op &&
                     name_compare(before->change->address, after->change->address) < 0));
    }
    builder_deinit(&builder);
}

static void waiting_twice_is_one_edge_and_needs_wins(void **state)
{
    struct item *cloud;
    struct item *node;

    (void)state;
    scene_spec(&scene, "a.yaml", scene_site);
    build();
    cloud = builder_find(&builder, "cloud/alpha");
    node = builder_find(&builder, "node/alpha/10.0.0.1:11211");
    item_wait(&builder, node, cloud, DEPENDENCY_AFTER, false);
    item_wait(&builder, node, cloud, DEPENDENCY_NEEDS, true);
    item_wait(&builder, node, cloud, DEPENDENCY_AFTER, false);
    item_wait(&builder, node, node, DEPENDENCY_NEEDS, true);
    item_wait(&builder, node, NULL, DEPENDENCY_NEEDS, true);
    assert_int_equal(node->edges.count, 1);
    assert_int_equal(node->edges.items[0].kind, DEPENDENCY_NEEDS);
    assert_true(node->edges.items[0].pulls);
    builder_deinit(&builder);
}

static void a_kept_resource_is_waited_through(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", scene_site);
    scene_gone(&scene, "zk_server/h2");
    scene_gone(&scene, "node/alpha/10.0.0.1:11211");
    assert_int_equal(scene_plan(&scene), 0);
    assert_true(scene_comes_after(&scene, "node/alpha/10.0.0.1:11211", "zk_server/h2"));
    assert_false(scene_needs(&scene, "node/alpha/10.0.0.1:11211", "zk_server/h2"));
}

static void an_address_comes_apart_at_its_slashes(void **state)
{
    const char *address = "node/alpha/10.0.0.1:11211";

    (void)state;
    assert_string_equal(address_part(scene.arena, address, 0), "node");
    assert_string_equal(address_part(scene.arena, address, 1), "alpha");
    assert_string_equal(address_part(scene.arena, address, 2), "10.0.0.1:11211");
    assert_null(address_part(scene.arena, address, 3));
    assert_string_equal(address_part(scene.arena, "cloud/", 1), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(kept_and_forgotten_changes_have_no_item, setup, teardown),
        cmocka_unit_test_setup_teardown(items_are_sorted_by_operation_and_address, setup, teardown),
        cmocka_unit_test_setup_teardown(waiting_twice_is_one_edge_and_needs_wins, setup, teardown),
        cmocka_unit_test_setup_teardown(a_kept_resource_is_waited_through, setup, teardown),
        cmocka_unit_test_setup_teardown(an_address_comes_apart_at_its_slashes, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
