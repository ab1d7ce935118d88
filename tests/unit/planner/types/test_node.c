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

static const char node[] = "node/alpha/10.0.0.2:11212";

static enum verb verb_of(const char *name)
{
    for (const struct attr_rule *rule = restype_of_address(node)->rules; rule->name; rule++) {
        size_t length = strlen(rule->name);

        if (!strcmp(rule->name, name) ||
            (rule->name[length - 1] == '*' && !strncmp(rule->name, name, length - 1)))
            return rule->verb;
    }
    return VERB_UPDATE;
}

static void a_node_wants_what_its_process_is_started_with(void **state)
{
    (void)state;
    assert_string_equal(declared_value(&declared, node, "running"), "yes");
    assert_string_equal(declared_value(&declared, node, "online"), "yes");
    assert_string_equal(declared_value(&declared, node, "server"), "cacheserver");
    assert_string_equal(declared_value(&declared, node, "supervise"), "daemon");
    assert_string_equal(declared_value(&declared, node, "set.threads"), "4");
    assert_string_equal(declared_value(&declared, node, "set.memlimit"), "100");
    assert_string_equal(declared_value(&declared, node, "install_dir"), "/opt/arcus");
}

static void a_nodes_release_is_that_of_its_package(void **state)
{
    const struct attr *attr = attrs_find(&declared_find(&declared, node)->attrs, "release");

    (void)state;
    assert_null(attr->value);
    assert_string_equal(attr->ref, "package/arcus");
    assert_string_equal(attr->ref_attr, "digest");
}

static void the_ensemble_is_a_set(void **state)
{
    (void)state;
    assert_string_equal(declared.spec->zookeeper->connect, "10.0.0.2:2181,10.0.0.1:2181");
    assert_string_equal(declared_value(&declared, node, "ensemble"), "10.0.0.1:2181,10.0.0.2:2181");
}

static void a_node_needs_its_cloud_and_its_release(void **state)
{
    (void)state;
    assert_int_equal(declared_dependency(&declared, node, "cloud/alpha")->kind, DEPENDENCY_NEEDS);
    assert_int_equal(declared_dependency(&declared, node, "release/two.arcus/arcus")->kind,
                     DEPENDENCY_NEEDS);
}

static void a_node_knows_where_it_comes_from(void **state)
{
    const struct resource *resource = declared_find(&declared, node);

    (void)state;
    assert_string_equal(resource->host->name, "two.arcus");
    assert_string_equal(resource->cloud->code, "alpha");
    assert_string_equal(resource->package->name, "arcus");
    assert_int_equal(resource->node->port, 11212);
    assert_int_equal(resource->at.line, 22);
}

static void only_memlimit_and_connections_are_tuned_while_it_runs(void **state)
{
    (void)state;
    assert_int_equal(verb_of("set.memlimit"), VERB_TUNE);
    assert_int_equal(verb_of("set.connections"), VERB_TUNE);
    assert_int_equal(verb_of("set.threads"), VERB_RESTART);
    assert_int_equal(verb_of("release"), VERB_RESTART);
    assert_int_equal(verb_of("running"), VERB_CREATE);
    assert_int_equal(verb_of("live.items"), VERB_KEEP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_node_wants_what_its_process_is_started_with, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_nodes_release_is_that_of_its_package, setup, teardown),
        cmocka_unit_test_setup_teardown(the_ensemble_is_a_set, setup, teardown),
        cmocka_unit_test_setup_teardown(a_node_needs_its_cloud_and_its_release, setup, teardown),
        cmocka_unit_test_setup_teardown(a_node_knows_where_it_comes_from, setup, teardown),
        cmocka_unit_test_setup_teardown(only_memlimit_and_connections_are_tuned_while_it_runs,
                                        setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
