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

static void a_host_has_one_release_of_a_package_for_all_its_nodes(void **state)
{
    (void)state;
    assert_int_equal(declared_count(&declared, "release"), 2);
    assert_non_null(declared_find(&declared, "release/one.arcus/arcus"));
    assert_non_null(declared_find(&declared, "release/two.arcus/arcus"));
}

static void a_release_wants_the_packages_version_digest_and_place(void **state)
{
    const char *release = "release/two.arcus/arcus";
    const struct attr *digest = attrs_find(&declared_find(&declared, release)->attrs, "digest");

    (void)state;
    assert_string_equal(declared_value(&declared, release, "version"), "1.0");
    assert_string_equal(declared_value(&declared, release, "install_dir"), "/opt/arcus");
    assert_string_equal(digest->ref, "package/arcus");
    assert_int_equal(declared_dependency(&declared, release, "package/arcus")->kind,
                     DEPENDENCY_NEEDS);
    assert_string_equal(declared_find(&declared, release)->host->name, "two.arcus");
}

static void a_packaged_zookeeper_has_releases_on_its_own_hosts(void **state)
{
    struct declared other;

    (void)state;
    declared_init(&other, "arcusplan: 1\n"
                          "hosts: { one: { address: 10.0.0.1 } }\n"
                          "packages:\n"
                          "  zk: { version: \"3\", directory: d, install_dir: /opt/zk }\n"
                          "zookeeper:\n"
                          "  hosts: [one]\n"
                          "  package: zk\n"
                          "  home: zookeeper\n"
                          "  data_dir: /var/zk\n");
    assert_non_null(declared_find(&other, "release/one/zk"));
    assert_int_equal(declared_dependency(&other, "zk_server/one", "release/one/zk")->kind,
                     DEPENDENCY_NEEDS);
    declared_deinit(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_host_has_one_release_of_a_package_for_all_its_nodes,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_release_wants_the_packages_version_digest_and_place,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_packaged_zookeeper_has_releases_on_its_own_hosts, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
