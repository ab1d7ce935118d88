#include "planner/observe/targets.h"

#include "tests/unit/planner/observe/site_spec.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct {
    struct arena *arena;
    struct site_spec site;
    struct recorded recorded;
    struct world world;
} fixture;

static int set_up(void **state)
{
    (void)state;
    fixture.arena = arena_new();
    site_spec_init(&fixture.site, "/site", 2181, 22, fixture.arena);
    recorded_init(&fixture.recorded, fixture.arena);
    world_init(&fixture.world, fixture.arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    recorded_deinit(&fixture.recorded);
    world_deinit(&fixture.world);
    arena_free(fixture.arena);
    return 0;
}

static struct recorded_resource *record(const char *address, const char *host)
{
    struct recorded_resource *resource = recorded_add(&fixture.recorded, address);

    resource->host = host;
    return resource;
}

static struct spec_host *record_host(const char *name)
{
    struct spec_host *host = arena_new_of(fixture.arena, struct spec_host);

    host->name = name;
    host->address = "10.9.9.9";
    *vec_push(fixture.arena, &fixture.recorded.hosts) = host;
    return host;
}

static void declare(void)
{
    targets_declare(&fixture.site.spec, &fixture.recorded, fixture.arena, &fixture.world);
}

static const struct spec_host *host_of(const char *address)
{
    const struct fact *fact = world_find(&fixture.world, address);

    if (!fact) {
        fail_msg("%s was not declared", address);
        return NULL;
    }
    assert_int_equal(fact->presence, PRESENCE_UNKNOWN);
    return fact->host;
}

static void everything_in_the_spec_is_declared_with_its_host(void **state)
{
    (void)state;
    declare();
    assert_null(host_of("znode/arcus"));
    assert_null(host_of("cloud/test-cloud"));
    assert_string_equal(host_of("zk_config/here")->name, "here");
    assert_string_equal(host_of("zk_server/here")->name, "here");
    assert_string_equal(host_of("release/here/arcus")->name, "here");
    assert_string_equal(host_of("release/gone/arcus")->name, "gone");
    assert_string_equal(host_of("node/test-cloud/127.0.0.1:27411")->name, "here");
    assert_string_equal(host_of("node/test-cloud/127.0.0.2:27411")->name, "gone");
    assert_int_equal(fixture.world.facts.count, 8);
}

static void an_external_ensemble_has_no_servers_of_ours(void **state)
{
    (void)state;
    fixture.site.zookeeper.is_managed = false;
    declare();
    assert_null(world_find(&fixture.world, "zk_server/here"));
    assert_non_null(world_find(&fixture.world, "znode/arcus"));
}

static void zookeeper_in_a_package_needs_a_release(void **state)
{
    static const struct spec_package zookeeper = {.name = "zookeeper",
                                                  .install_dir = "/opt/zookeeper"};

    (void)state;
    fixture.site.zookeeper.package = &zookeeper;
    declare();
    assert_string_equal(host_of("release/here/zookeeper")->name, "here");
}

static void what_only_the_state_knows_is_declared_too(void **state)
{
    const struct spec_host *old = record_host("old");

    (void)state;
    record("package/arcus", NULL);
    record("node/gone-cloud/10.9.9.9:11211", "old");
    record("node/gone-cloud/10.9.9.8:11211", "nobody");
    record("release/here/tools", "here");
    declare();
    assert_ptr_equal(host_of("node/gone-cloud/10.9.9.9:11211"), old);
    assert_null(host_of("node/gone-cloud/10.9.9.8:11211"));
    assert_ptr_equal(host_of("release/here/tools"), &fixture.site.hosts[0]);
    assert_null(world_find(&fixture.world, "package/arcus"));
}

static void hosts_that_left_the_spec_are_probed_while_something_is_recorded_there(void **state)
{
    struct target_hosts hosts;

    (void)state;
    record_host("old");
    record_host("empty");
    record("release/old/arcus", "old");
    record("node/c/10.9.9.9:1", "old");
    record("release/here/arcus", "here");
    target_hosts_collect(&fixture.site.spec, &fixture.recorded, fixture.arena, &hosts);
    assert_int_equal(hosts.items.count, 3);
    assert_string_equal(hosts.items.items[2]->name, "old");
}

static void old_directories_are_looked_at_as_well(void **state)
{
    struct probe_request request;
    struct attrs *attrs = &record("release/here/arcus", "here")->attrs;

    (void)state;
    attrs_add(fixture.arena, attrs, "install_dir", "/old/opt", SRCLOC_NONE);
    attrs = &record("zk_config/here", "here")->attrs;
    attrs_add(fixture.arena, attrs, "cfg.dataDir", "/old/data", SRCLOC_NONE);
    attrs = &record("release/gone/arcus", "gone")->attrs;
    attrs_add(fixture.arena, attrs, "install_dir", "/elsewhere", SRCLOC_NONE);
    target_dirs(&fixture.site.spec, &fixture.recorded, &fixture.site.hosts[0], fixture.arena,
                &request);
    assert_int_equal(request.install_dirs.count, 2);
    assert_string_equal(request.install_dirs.items[0], "/site/opt");
    assert_string_equal(request.install_dirs.items[1], "/old/opt");
    assert_int_equal(request.data_dirs.count, 2);
    assert_string_equal(request.data_dirs.items[1], "/old/data");
}

static void codes_come_from_spec_and_state_once_each(void **state)
{
    struct target_codes codes;

    (void)state;
    record("cloud/old-cloud", NULL);
    record("node/old-cloud/10.9.9.9:1", "old");
    record("node/a/10.9.9.9:2", "old");
    record("cloud/", NULL);
    record("release/here/arcus", "here");
    target_codes_collect(&fixture.site.spec, &fixture.recorded, fixture.arena, &codes);
    assert_int_equal(codes.items.count, 3);
    assert_true(target_codes_has(&codes, "a"));
    assert_true(target_codes_has(&codes, "old-cloud"));
    assert_true(target_codes_has(&codes, "test-cloud"));
    assert_false(target_codes_has(&codes, "here"));
}

static void no_clouds_give_no_codes(void **state)
{
    struct target_codes codes;

    (void)state;
    fixture.site.spec.cloud_count = 0;
    target_codes_collect(&fixture.site.spec, &fixture.recorded, fixture.arena, &codes);
    assert_int_equal(codes.items.count, 0);
    assert_false(target_codes_has(&codes, "test-cloud"));
}

#define targets_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        targets_test(everything_in_the_spec_is_declared_with_its_host),
        targets_test(an_external_ensemble_has_no_servers_of_ours),
        targets_test(zookeeper_in_a_package_needs_a_release),
        targets_test(what_only_the_state_knows_is_declared_too),
        targets_test(hosts_that_left_the_spec_are_probed_while_something_is_recorded_there),
        targets_test(old_directories_are_looked_at_as_well),
        targets_test(codes_come_from_spec_and_state_once_each),
        targets_test(no_clouds_give_no_codes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
