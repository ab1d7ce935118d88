/* A small site: this machine reached directly, a host that nobody reaches, a real ZooKeeper server
 * and a cache node played by the test program itself. */
#include "planner/observe/observe.h"

#include "planner/base/clock.h"
#include "tests/unit/planner/observe/site_dir.h"
#include "tests/unit/planner/observe/site_spec.h"
#include "tests/unit/planner/observe/zk_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { LONG_MS = 60000 };

#define HERE_NODE "node/test-cloud/127.0.0.1:27411"
#define GONE_NODE "node/test-cloud/127.0.0.2:27411"

static struct zk_server server;

static struct {
    struct arena *arena;
    struct site_dir directory;
    struct site_spec site;
    struct recorded recorded;
    struct diags *diags;
    struct observe_options options;
    struct observation observation;
} fixture;

static int start_server(void **state)
{
    struct fault fault;

    (void)state;
    return transport_init(&fault) < 0 ? -1 : zk_server_start(&server);
}

static int remove_server(void **state)
{
    (void)state;
    zk_server_remove(&server);
    return 0;
}

static int set_up(void **state)
{
    struct fault fault;

    (void)state;
    memset(&fixture, 0, sizeof(fixture));
    fixture.arena = arena_new();
    site_dir_make(&fixture.directory);
    site_spec_init(&fixture.site, fixture.directory.path, server.port, free_port(), fixture.arena);
    recorded_init(&fixture.recorded, fixture.arena);
    fixture.diags = diags_new(fixture.arena);
    fixture.options = (struct observe_options){.refresh = REFRESH_FULL,
                                               .deadline_ms = clock_deadline_ms(LONG_MS)};
    fixture.observation.fleet = fleet_new(4, &fault);
    world_init(&fixture.observation.world, fixture.arena);
    return fixture.observation.fleet ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    zk_session_close(fixture.observation.zookeeper);
    fleet_free(fixture.observation.fleet);
    world_deinit(&fixture.observation.world);
    recorded_deinit(&fixture.recorded);
    site_dir_remove(&fixture.directory);
    arena_free(fixture.arena);
    return 0;
}

static void look(void)
{
    if (observe(&fixture.site.spec, &fixture.recorded, &fixture.options, fixture.arena,
                fixture.diags, &fixture.observation) < 0) {
        diags_print(fixture.diags, stderr, false);
        fail_msg("observe failed");
    }
}

static const struct fact *find(const char *address)
{
    const struct fact *fact = world_find(&fixture.observation.world, address);

    if (!fact) {
        fail_msg("no fact %s", address);
        return NULL;
    }
    assert_non_null(fact->digest);
    return fact;
}

static void record(const char *address, const char *host, const char *name, const char *value)
{
    struct recorded_resource *resource = recorded_add(&fixture.recorded, address);

    resource->host = host;
    if (name)
        attrs_add(fixture.arena, &resource->attrs, name, value, SRCLOC_NONE);
}

static void a_blank_site_is_absent_and_the_unreachable_host_unknown(void **state)
{
    const struct world *world = &fixture.observation.world;

    (void)state;
    look();
    assert_true(world_find_host(world, "here")->is_reachable);
    assert_false(world_find_host(world, "gone")->is_reachable);
    assert_true(strlen(world_find_host(world, "gone")->fault.text) > 0);
    assert_int_equal(find("release/here/arcus")->presence, PRESENCE_ABSENT);
    assert_int_equal(find("zk_config/here")->presence, PRESENCE_ABSENT);
    assert_int_equal(find(HERE_NODE)->presence, PRESENCE_ABSENT);
    assert_int_equal(find("release/gone/arcus")->presence, PRESENCE_UNKNOWN);
    assert_int_equal(find(GONE_NODE)->presence, PRESENCE_UNKNOWN);
    assert_true(world->zookeeper.is_connected);
    assert_non_null(fixture.observation.zookeeper);
    assert_int_equal(find("cloud/test-cloud")->presence, PRESENCE_ABSENT);
    assert_int_equal(find("cloud/test-cloud")->said_by, WITNESS_ZOOKEEPER);
    assert_int_equal(find("znode/arcus")->presence, PRESENCE_ABSENT);
    assert_false(world->is_offline);
}

static void what_is_installed_and_running_is_found(void **state)
{
    const struct fact *node;

    (void)state;
    site_dir_release(&fixture.directory, "arcus", 'a');
    site_dir_start(&fixture.directory, "opt/run/test-cloud-27411/started", getpid(),
                   "attr.set.threads=6\n");
    site_dir_puts(&fixture.directory, "data/myid", "1\n");
    look();
    assert_string_equal(attrs_value(&find("release/here/arcus")->attrs, "version"), "1.0");
    assert_string_equal(attrs_value(&find("zk_config/here")->attrs, "myid"), "1");
    node = find(HERE_NODE);
    assert_int_equal(node->presence, PRESENCE_PRESENT);
    assert_string_equal(attrs_value(&node->attrs, "set.threads"), "6");
    assert_string_equal(attrs_value(&node->attrs, "online"), "no");
    assert_non_null(strstr(node->note, "does not answer"));
    assert_non_null(strstr(find("zk_server/here")->note, "not started by arcusplan"));
}

static void bytes_that_are_no_text_are_made_text(void **state)
{
    const struct fact *fact;

    (void)state;
    site_dir_puts(&fixture.directory, "data/myid", "1\xff\n");
    site_dir_puts(&fixture.directory, "data/conf/zoo.cfg", "tick\x1bTime=\xc3(\n");
    site_dir_start(&fixture.directory, "opt/run/test-cloud-27411/started", getpid(),
                   "attr.set.\xfe=\x01\n");
    look();
    fact = find("zk_config/here");
    assert_string_equal(attrs_value(&fact->attrs, "myid"), "1?");
    assert_string_equal(attrs_value(&fact->attrs, "cfg.tick?Time"), "?(");
    assert_string_equal(attrs_value(&find(HERE_NODE)->attrs, "set.?"), "?");
}

static void a_host_of_which_only_the_state_knows_is_looked_at(void **state)
{
    struct spec_host *old = arena_new_of(fixture.arena, struct spec_host);
    const char *dir = arena_printf(fixture.arena, "%s/opt", fixture.directory.path);

    (void)state;
    *old = (struct spec_host){.name = "old", .address = "127.0.0.3", .executor = EXECUTOR_LOCAL};
    *vec_push(fixture.arena, &fixture.recorded.hosts) = old;
    record("node/old-cloud/127.0.0.3:11300", "old", "install_dir", dir);
    site_dir_start(&fixture.directory, "opt/run/old-cloud-11300/started", getpid(), "");
    look();
    assert_true(world_find_host(&fixture.observation.world, "old")->is_reachable);
    assert_int_equal(find("node/old-cloud/127.0.0.3:11300")->presence, PRESENCE_PRESENT);
}

static void an_ensemble_that_is_not_there_leaves_its_facts_unknown(void **state)
{
    int64_t start_ms = clock_now_ms();

    (void)state;
    fixture.site.zookeeper.connect = arena_printf(fixture.arena, "127.0.0.1:%d", free_port());
    look();
    assert_false(fixture.observation.world.zookeeper.is_connected);
    assert_int_equal(fixture.observation.world.zookeeper.fault.code, DIAG_ZK_CONNECT);
    assert_null(fixture.observation.zookeeper);
    assert_int_equal(find("cloud/test-cloud")->presence, PRESENCE_UNKNOWN);
    assert_int_equal(find(HERE_NODE)->presence, PRESENCE_ABSENT);
    assert_true(clock_now_ms() - start_ms < 30000);
}

static void offline_everything_is_as_recorded(void **state)
{
    (void)state;
    fleet_free(fixture.observation.fleet);
    fixture.observation.fleet = NULL;
    fixture.options.refresh = REFRESH_NONE;
    record("cloud/test-cloud", NULL, "config.threads", "6");
    record(HERE_NODE, "here", "running", "yes");
    record("package/arcus", NULL, "version", "1.0");
    recorded_finish(&fixture.recorded);
    look();
    assert_true(fixture.observation.world.is_offline);
    assert_null(fixture.observation.zookeeper);
    assert_int_equal(fixture.observation.world.hosts.count, 0);
    assert_int_equal(find("cloud/test-cloud")->said_by, WITNESS_STATE);
    assert_string_equal(attrs_value(&find("cloud/test-cloud")->attrs, "config.threads"), "6");
    assert_int_equal(find(HERE_NODE)->presence, PRESENCE_PRESENT);
    assert_int_equal(find(GONE_NODE)->presence, PRESENCE_ABSENT);
    assert_string_equal(attrs_value(&find("package/arcus")->attrs, "version"), "1.0");
}

static void hosts_can_be_left_alone_while_zookeeper_is_read(void **state)
{
    (void)state;
    fixture.options.refresh = REFRESH_ZOOKEEPER;
    record(HERE_NODE, "here", "online", "yes");
    record("cloud/test-cloud", NULL, "config.threads", "6");
    recorded_finish(&fixture.recorded);
    look();
    assert_int_equal(fixture.observation.world.hosts.count, 0);
    assert_int_equal(find(HERE_NODE)->said_by, WITNESS_STATE);
    assert_string_equal(attrs_value(&find(HERE_NODE)->attrs, "online"), "no");
    assert_int_equal(find(HERE_NODE)->attrs.count, 1);
    assert_int_equal(find("cloud/test-cloud")->said_by, WITNESS_ZOOKEEPER);
    assert_int_equal(find("cloud/test-cloud")->presence, PRESENCE_ABSENT);
}

static int add_local(void *data, struct world *world, struct diags *diags)
{
    int *result = data;

    (void)diags;
    world_fact(world, "package/arcus")->said_by = WITNESS_LOCAL;
    return *result;
}

static void packages_come_from_the_hook_and_else_from_the_state(void **state)
{
    int result = 0;

    (void)state;
    fixture.options.refresh = REFRESH_NONE;
    fixture.options.add_local_facts = add_local;
    fixture.options.data = &result;
    record("package/arcus", NULL, "version", "0.9");
    record("package/old", NULL, "version", "0.8");
    recorded_finish(&fixture.recorded);
    look();
    assert_int_equal(find("package/arcus")->said_by, WITNESS_LOCAL);
    assert_int_equal(find("package/arcus")->attrs.count, 0);
    assert_int_equal(find("package/old")->said_by, WITNESS_STATE);
}

static void a_hook_that_fails_fails_the_observation(void **state)
{
    int result = -1;

    (void)state;
    fixture.options.refresh = REFRESH_NONE;
    fixture.options.add_local_facts = add_local;
    fixture.options.data = &result;
    assert_int_equal(observe(&fixture.site.spec, &fixture.recorded, &fixture.options, fixture.arena,
                             fixture.diags, &fixture.observation),
                     -1);
}

static void a_cancelled_fleet_is_reported_as_an_interruption(void **state)
{
    (void)state;
    fleet_cancel(fixture.observation.fleet);
    assert_int_equal(observe(&fixture.site.spec, &fixture.recorded, &fixture.options, fixture.arena,
                             fixture.diags, &fixture.observation),
                     -1);
    assert_int_equal(diags_exit_status(fixture.diags), 3);
}

static void the_same_world_has_the_same_digests(void **state)
{
    const char *fact_digest, *host_digest;

    (void)state;
    site_dir_release(&fixture.directory, "arcus", 'a');
    look();
    fact_digest = find("release/here/arcus")->digest;
    host_digest = world_find_host(&fixture.observation.world, "here")->digest;
    zk_session_close(fixture.observation.zookeeper);
    world_deinit(&fixture.observation.world);
    world_init(&fixture.observation.world, fixture.arena);
    look();
    assert_string_equal(find("release/here/arcus")->digest, fact_digest);
    assert_string_equal(world_find_host(&fixture.observation.world, "here")->digest, host_digest);
}

static void a_step_looks_at_one_resource_again(void **state)
{
    struct transport *transport;
    struct attrs known = {0};
    struct fault fault = {0};
    struct fact fact;

    (void)state;
    site_dir_release(&fixture.directory, "arcus", 'b');
    attrs_add(fixture.arena, &known, "install_dir",
              arena_printf(fixture.arena, "%s/old", fixture.directory.path), SRCLOC_NONE);
    site_dir_start(&fixture.directory, "old/run/gone-cloud-5/started", getpid(), "attr.x=1\n");
    assert_int_equal(transport_open(&fixture.site.hosts[0], clock_deadline_ms(LONG_MS), NULL,
                                    &transport, &fault),
                     0);
    assert_int_equal(observe_host_resource(transport, &fixture.site.spec, "release/here/arcus",
                                           NULL, clock_deadline_ms(LONG_MS), fixture.arena, &fact,
                                           &fault),
                     0);
    assert_string_equal(attrs_value(&fact.attrs, "version"), "1.0");
    assert_int_equal(
        observe_host_resource(transport, &fixture.site.spec, "node/gone-cloud/127.0.0.1:5", &known,
                              clock_deadline_ms(LONG_MS), fixture.arena, &fact, &fault),
        0);
    assert_int_equal(fact.presence, PRESENCE_PRESENT);
    assert_string_equal(attrs_value(&fact.attrs, "x"), "1");
    transport_close(transport);
}

#define observe_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        observe_test(a_blank_site_is_absent_and_the_unreachable_host_unknown),
        observe_test(what_is_installed_and_running_is_found),
        observe_test(bytes_that_are_no_text_are_made_text),
        observe_test(a_host_of_which_only_the_state_knows_is_looked_at),
        observe_test(an_ensemble_that_is_not_there_leaves_its_facts_unknown),
        observe_test(offline_everything_is_as_recorded),
        observe_test(hosts_can_be_left_alone_while_zookeeper_is_read),
        observe_test(packages_come_from_the_hook_and_else_from_the_state),
        observe_test(a_hook_that_fails_fails_the_observation),
        observe_test(a_cancelled_fleet_is_reported_as_an_interruption),
        observe_test(the_same_world_has_the_same_digests),
        observe_test(a_step_looks_at_one_resource_again),
    };

    return cmocka_run_group_tests(tests, start_server, remove_server);
}
