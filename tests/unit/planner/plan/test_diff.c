#include "planner/plan/diff.h"
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

static const char node[] = "node/alpha/10.0.0.1:11211";
static const char release[] = "release/h1/arcus";
static const char package[] = "package/arcus";

static void stand(const char *text)
{
    scene_spec(&scene, "a.yaml", text);
    scene_stand(&scene, "before.yaml", text);
}

static const struct change *change_of(const char *address)
{
    const struct change *change;

    assert_int_equal(scene_plan(&scene), 0);
    change = diff_find(scene.plan->diff, address);
    if (!change)
        fail_msg("no change of %s", address);
    return change;
}

static const struct attr_change *attr_of(const struct change *change, const char *name)
{
    vec_each(attr, &change->attrs)
        if (!strcmp(attr->name, name))
            return attr;
    fail_msg("%s does not change", name);
    return NULL;
}

static void what_agrees_is_kept(void **state)
{
    (void)state;
    stand(scene_site);
    assert_int_equal(change_of(node)->verb, VERB_KEEP);
    vec_each(change, &scene.plan->diff->changes)
        assert_int_equal((*change)->verb, VERB_KEEP);
}

static void what_is_not_there_is_created_with_all_its_attributes(void **state)
{
    const struct change *change;

    (void)state;
    scene_spec(&scene, "a.yaml", scene_site);
    change = change_of(node);
    assert_int_equal(change->verb, VERB_CREATE);
    assert_null(attr_of(change, "set.threads")->old);
    assert_string_equal(attr_of(change, "set.threads")->new, "6");
    assert_true(attr_of(change, "release")->is_computed);
    assert_int_equal(change->at.line, 20);
}

static void a_difference_has_both_values_and_the_place(void **state)
{
    const struct change *change;

    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", scene_edit(&scene, scene_site, "threads: 6", "threads: 4"));
    change = change_of(node);
    assert_int_equal(change->verb, VERB_RESTART);
    assert_int_equal(change->attrs.count, 1);
    assert_string_equal(change->attrs.items[0].old, "6");
    assert_string_equal(change->attrs.items[0].new, "4");
    assert_int_equal(change->attrs.items[0].at.line, 18);
    assert_int_equal(change->at.line, 18);
}

static void the_strongest_difference_gives_the_verb(void **state)
{
    (void)state;
    stand(scene_site);
    scene_set_fact(&scene, node, "set.memlimit", "50");
    assert_int_equal(change_of(node)->verb, VERB_TUNE);
    scene_set_fact(&scene, node, "set.threads", "5");
    assert_int_equal(change_of(node)->verb, VERB_RESTART);
    scene_set_fact(&scene, node, "running", "no");
    assert_int_equal(change_of(node)->verb, VERB_CREATE);
}

static void an_attribute_too_many_counts_only_in_a_whole_set(void **state)
{
    (void)state;
    stand(scene_site);
    scene_set_fact(&scene, node, "colour", "blue");
    assert_int_equal(change_of(node)->verb, VERB_KEEP);
    scene_set_fact(&scene, "zk_server/h1", "release", "of a package that is not used any more");
    assert_int_equal(change_of("zk_server/h1")->verb, VERB_KEEP);
    scene_set_fact(&scene, node, "set.backlog", "1");
    assert_int_equal(change_of(node)->verb, VERB_RESTART);
    assert_null(attr_of(change_of(node), "set.backlog")->new);
}

static void a_soft_attribute_counts_only_when_the_world_knows_it(void **state)
{
    (void)state;
    stand(scene_site);
    scene_set_fact(&scene, node, "online", NULL);
    assert_int_equal(change_of(node)->verb, VERB_KEEP);
    scene_set_fact(&scene, node, "online", "no");
    assert_int_equal(change_of(node)->verb, VERB_RESTART);
}

static void live_attributes_are_never_compared(void **state)
{
    (void)state;
    stand(scene_site);
    scene_set_fact(&scene, node, "live.items", "12");
    scene_set_fact(&scene, "cloud/alpha", "version", "99");
    assert_int_equal(change_of(node)->verb, VERB_KEEP);
    assert_int_equal(change_of("cloud/alpha")->verb, VERB_KEEP);
}

static void a_package_to_be_built_makes_what_comes_from_it_unknown(void **state)
{
    (void)state;
    stand(scene_site);
    scene_set_fact(&scene, package, "build", "inputs changed: a.c");
    scene_set_fact(&scene, package, "digest", NULL);
    assert_int_equal(change_of(package)->verb, VERB_UPDATE);
    assert_true(attr_of(change_of(release), "digest")->is_computed);
    assert_int_equal(change_of(release)->verb, VERB_UPDATE);
    assert_int_equal(change_of(node)->verb, VERB_RESTART);
}

static void a_package_that_only_has_to_be_packed_restarts_nothing(void **state)
{
    (void)state;
    stand(scene_site);
    scene_set_fact(&scene, package, "build", "not packed");
    assert_int_equal(change_of(package)->verb, VERB_UPDATE);
    assert_int_equal(change_of(release)->verb, VERB_KEEP);
    assert_int_equal(change_of(node)->verb, VERB_KEEP);
}

static void the_digest_of_a_kept_package_may_come_from_the_state(void **state)
{
    (void)state;
    stand(scene_site);
    scene_set_fact(&scene, package, "digest", NULL);
    assert_int_equal(change_of(release)->verb, VERB_KEEP);
}

static void a_remembered_digest_says_nothing_of_a_changed_package(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml", scene_edit(&scene, scene_site, "1.0", "1.1"));
    scene_fact(&scene, package)->said_by = WITNESS_STATE;
    assert_true(attr_of(change_of(release), "digest")->is_computed);
}

static void what_leaves_the_spec_is_deleted_where_it_was(void **state)
{
    const struct change *change;

    (void)state;
    scene_stand(&scene, "before.yaml", scene_site);
    scene_spec(&scene, "a.yaml",
               scene_edit(&scene, scene_site, "- { hosts: [h1, h2, h3]", "- { hosts: [h2, h3]"));
    change = change_of(node);
    assert_int_equal(change->verb, VERB_DELETE);
    assert_null(change->resource);
    assert_string_equal(change->host->name, "h1");
    assert_int_equal(change_of(release)->verb, VERB_DELETE);
}

static void a_host_gone_from_the_spec_is_reached_as_the_state_says(void **state)
{
    const struct change *change;

    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml", "arcusplan: 1\nzookeeper: { external: \"10.9.0.1:2181\" }\n");
    vec_each(fact, &scene.world.facts)
        (*fact)->host = NULL;
    change = change_of(node);
    assert_int_equal(change->verb, VERB_DELETE);
    assert_string_equal(change->host->address, "10.0.0.1");
}

static void what_is_gone_already_is_only_forgotten(void **state)
{
    (void)state;
    stand(scene_external);
    scene_spec(&scene, "a.yaml", scene_edit(&scene, scene_external, "[h1, h2]", "[h2]"));
    scene_gone(&scene, node);
    scene_gone(&scene, "release/h1/arcus");
    assert_int_equal(change_of(node)->verb, VERB_FORGET);
    assert_int_equal(change_of("release/h1/arcus")->verb, VERB_FORGET);
    assert_null(scene_step(&scene, node));
}

static void what_was_on_a_machine_that_nobody_knows_is_only_forgotten(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml", "arcusplan: 1\nzookeeper: { external: \"10.9.0.1:2181\" }\n");
    scene_recorded(&scene, node)->host = NULL;
    scene_fact(&scene, node)->host = NULL;
    assert_int_equal(change_of(node)->verb, VERB_FORGET);
    assert_non_null(change_of(node)->note);
}

static void a_package_that_leaves_the_spec_is_only_forgotten(void **state)
{
    (void)state;
    scene_stand(&scene, "before.yaml", scene_external);
    scene_spec(&scene, "a.yaml", "arcusplan: 1\nzookeeper: { external: \"10.9.0.1:2181\" }\n");
    assert_int_equal(change_of(package)->verb, VERB_FORGET);
}

static void what_others_made_is_left_alone(void **state)
{
    (void)state;
    stand(scene_external);
    scene_set_fact(&scene, "cloud/others", "client_list", "yes");
    scene_set_fact(&scene, "node/others/10.0.0.1:11299", "running", "yes");
    scene_set_fact(&scene, "node/alphabet/10.0.0.1:11299", "running", "yes");
    scene_set_fact(&scene, "release/h1/others", "version", "3");
    scene_set_fact(&scene, "zk_server/h1", "running", "yes");
    assert_int_equal(scene_plan(&scene), 0);
    assert_int_equal(scene.plan->steps.count, 0);
    assert_null(diff_find(scene.plan->diff, "cloud/others"));
}

static void an_unrecorded_node_of_an_own_cloud_is_stopped(void **state)
{
    const char *stray = "node/alpha/10.0.0.1:11299";

    (void)state;
    stand(scene_external);
    scene_set_fact(&scene, stray, "running", "yes");
    scene_fact(&scene, stray)->host = &scene.spec->hosts[0];
    assert_int_equal(change_of(stray)->verb, VERB_DELETE);
    assert_string_equal(change_of(stray)->host->name, "h1");
}

static void a_record_of_an_unknown_type_is_left_alone(void **state)
{
    (void)state;
    stand(scene_external);
    scene_recorded(&scene, "gadget/from/the/future");
    assert_int_equal(scene_plan(&scene), 0);
    assert_null(diff_find(scene.plan->diff, "gadget/from/the/future"));
}

static void a_destroyed_site_has_nothing_left_to_keep(void **state)
{
    (void)state;
    stand(scene_site);
    scene.options.intent = PLAN_DESTROY;
    assert_int_equal(scene_plan(&scene), 0);
    vec_each(change, &scene.plan->diff->changes)
        assert_true((*change)->verb == VERB_DELETE || (*change)->verb == VERB_FORGET);
    assert_int_equal(change_of(node)->verb, VERB_DELETE);
    assert_non_null(change_of(node)->resource);
}

static void a_site_is_destroyed_without_its_state_too(void **state)
{
    (void)state;
    stand(scene_site);
    scene_forget_all(&scene);
    scene.options.intent = PLAN_DESTROY;
    assert_int_equal(change_of(node)->verb, VERB_DELETE);
    assert_int_equal(change_of("cloud/alpha")->verb, VERB_DELETE);
    assert_int_equal(change_of("zk_server/h1")->verb, VERB_DELETE);
}

static void replacing_forces_what_would_be_kept(void **state)
{
    const char *const all = "*/h1/arcus";

    (void)state;
    stand(scene_site);
    scene_pattern(&scene.options.replaces, &all);
    assert_int_equal(change_of(release)->verb, VERB_UPDATE);
    assert_true(change_of(release)->is_forced);
    assert_false(change_of(node)->is_forced);
}

static void replacing_a_process_restarts_it_and_does_not_weaken_a_start(void **state)
{
    const char *const all = "node/*";

    (void)state;
    stand(scene_site);
    scene_gone(&scene, node);
    scene_pattern(&scene.options.replaces, &all);
    assert_int_equal(change_of(node)->verb, VERB_CREATE);
    assert_false(change_of(node)->is_forced);
    assert_int_equal(change_of("node/alpha/10.0.0.2:11211")->verb, VERB_RESTART);
}

static void changes_are_sorted_and_found(void **state)
{
    const struct diff *diff;

    (void)state;
    stand(scene_site);
    assert_int_equal(scene_plan(&scene), 0);
    diff = scene.plan->diff;
    for (size_t i = 0; i < diff->changes.count; i++) {
        const char *address = diff->changes.items[i]->address;

        assert_ptr_equal(diff_find(diff, address), diff->changes.items[i]);
        if (i)
            assert_true(name_compare(diff->changes.items[i - 1]->address, address) < 0);
    }
    assert_null(diff_find(diff, "cloud/zeta"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_agrees_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_there_is_created_with_all_its_attributes, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_difference_has_both_values_and_the_place, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(the_strongest_difference_gives_the_verb, setup, teardown),
        cmocka_unit_test_setup_teardown(an_attribute_too_many_counts_only_in_a_whole_set, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_soft_attribute_counts_only_when_the_world_knows_it, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(live_attributes_are_never_compared, setup, teardown),
        cmocka_unit_test_setup_teardown(a_package_to_be_built_makes_what_comes_from_it_unknown,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_package_that_only_has_to_be_packed_restarts_nothing,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(the_digest_of_a_kept_package_may_come_from_the_state, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_remembered_digest_says_nothing_of_a_changed_package,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_leaves_the_spec_is_deleted_where_it_was, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_host_gone_from_the_spec_is_reached_as_the_state_says,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_gone_already_is_only_forgotten, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_on_a_machine_that_nobody_knows_is_only_forgotten,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_package_that_leaves_the_spec_is_only_forgotten, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(what_others_made_is_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(an_unrecorded_node_of_an_own_cloud_is_stopped, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_record_of_an_unknown_type_is_left_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(a_destroyed_site_has_nothing_left_to_keep, setup, teardown),
        cmocka_unit_test_setup_teardown(a_site_is_destroyed_without_its_state_too, setup, teardown),
        cmocka_unit_test_setup_teardown(replacing_forces_what_would_be_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(replacing_a_process_restarts_it_and_does_not_weaken_a_start,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(changes_are_sorted_and_found, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
