/* A small tree in a real server: two clouds, an orphan and a mapping that both claim. */
#include "planner/observe/zk_view.h"

#include "planner/base/clock.h"
#include "planner/observe/zk_facts.h"
#include "tests/unit/planner/observe/zk_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { LONG_MS = 60000 };

static struct {
    struct zk_server server;
    struct zk_session *session;
    struct arena *arena;
    struct zk_view view;
} fixture;

static const char *const codes[] = {"alpha", "beta", "missing"};

#define MAPPING "/arcus/cache_server_mapping"

static const struct {
    const char *path, *data;
} tree[] = {
    {"/arcus", NULL},
    {"/arcus/cache_list", NULL},
    {"/arcus/client_list", NULL},
    {MAPPING, NULL},
    {"/arcus/cache_list/alpha", "{\"serviceCode\": \"alpha\", \"servers\": []}"},
    {"/arcus/cache_list/alpha/10.0.0.1:1-host", "100MB"},
    {"/arcus/client_list/alpha", NULL},
    {"/arcus/client_list/alpha/client", NULL},
    {MAPPING "/10.0.0.1:1", "{\"port\": \"1\"}"},
    {MAPPING "/10.0.0.1:1/alpha", NULL},
    {MAPPING "/10.0.0.2:1", "{\"port\": \"1\"}"},
    {MAPPING "/10.0.0.2:1/alpha", NULL},
    {MAPPING "/10.0.0.2:1/beta", NULL},
    {MAPPING "/10.0.0.3:1", NULL},
    {MAPPING "/10.0.0.3:1/alpha", NULL},
    {MAPPING "/10.0.0.4:1", "{}"},
    {MAPPING "/10.0.0.5:1", "{}"},
    {MAPPING "/10.0.0.5:1/rival", NULL},
};

static int set_up(void **state)
{
    struct zk_op ops[sizeof(tree) / sizeof(*tree)];
    struct fault fault;
    size_t count = sizeof(tree) / sizeof(*tree), failed;

    (void)state;
    fixture.arena = arena_new();
    if (zk_server_start(&fixture.server) < 0 ||
        zk_session_open(fixture.server.connect, 20000, clock_deadline_ms(LONG_MS), NULL,
                        &fixture.session, &fault) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        ops[i] = (struct zk_op){ZK_OP_CREATE, -1, tree[i].path, tree[i].data,
                                tree[i].data ? strlen(tree[i].data) : 0};
    return zk_multi(fixture.session, ops, count, clock_deadline_ms(LONG_MS), &failed, &fault);
}

static int tear_down(void **state)
{
    (void)state;
    zk_session_close(fixture.session);
    zk_server_remove(&fixture.server);
    arena_free(fixture.arena);
    return 0;
}

static void read_view(void)
{
    struct fault fault = {0};

    if (zk_view_read(fixture.session, codes, 3, clock_deadline_ms(LONG_MS), fixture.arena,
                     &fixture.view, &fault) < 0)
        fail_msg("%s", fault.text);
}

static void a_cloud_has_the_mappings_with_its_child(void **state)
{
    const struct zk_cloud *alpha;

    (void)state;
    read_view();
    assert_int_equal(fixture.view.clouds.count, 3);
    alpha = &fixture.view.clouds.items[0];
    assert_true(alpha->has_list && alpha->has_client_list);
    assert_int_equal(alpha->clients.count, 1);
    assert_true(zk_cloud_is_online(alpha, "10.0.0.1:1"));
    assert_int_equal(alpha->mappings.count, 3);
    assert_string_equal(alpha->mappings.items[0].node, "10.0.0.1:1");
    assert_string_equal(alpha->mappings.items[0].data.data, "{\"port\": \"1\"}");
    assert_null(zk_mapping_other(&alpha->mappings.items[0], "alpha"));
    assert_string_equal(zk_mapping_other(&alpha->mappings.items[1], "alpha"), "beta");
    assert_true(zk_mapping_is_of(&alpha->mappings.items[2], "alpha"));
}

static void parts_of_a_cloud_make_it_present(void **state)
{
    (void)state;
    read_view();
    assert_false(fixture.view.clouds.items[1].has_list);
    assert_int_equal(fixture.view.clouds.items[1].mappings.count, 1);
    assert_true(zk_cloud_is_present(&fixture.view.clouds.items[1]));
    assert_false(zk_cloud_is_present(&fixture.view.clouds.items[2]));
}

static void missing_base_paths_are_left_out(void **state)
{
    (void)state;
    read_view();
    assert_int_equal(fixture.view.base_paths.count, 4);
    assert_string_equal(fixture.view.base_paths.items[2], MAPPING);
    assert_string_equal(fixture.view.base_paths.items[3], "/arcus/client_list");
}

static void one_cloud_is_read_with_the_nodes_asked_for(void **state)
{
    static const char *const nodes[] = {"10.0.0.2:1", "10.0.0.4:1", "10.0.0.9:1"};
    struct zk_cloud cloud;
    struct fault fault;

    (void)state;
    assert_int_equal(zk_cloud_read(fixture.session, "beta", nodes, 3, clock_deadline_ms(LONG_MS),
                                   fixture.arena, &cloud, &fault),
                     0);
    assert_int_equal(cloud.mappings.count, 3);
    assert_true(zk_mapping_is_of(&cloud.mappings.items[0], "beta"));
    assert_false(zk_mapping_is_of(&cloud.mappings.items[1], "beta"));
    assert_non_null(cloud.mappings.items[1].data.data);
    assert_null(cloud.mappings.items[2].data.data);
    assert_false(cloud.has_list);
}

static struct fact *add_fact(struct world *world, const char *address, enum presence presence)
{
    struct fact *fact = world_fact(world, address);

    fact->presence = presence;
    fact->said_by = WITNESS_HOST;
    return fact;
}

static void facts_are_filled_from_the_view(void **state)
{
    struct world world;
    const struct fact *online, *offline, *stray, *alpha, *missing, *base, *other;

    (void)state;
    read_view();
    world_init(&world, fixture.arena);
    online = add_fact(&world, "node/alpha/10.0.0.1:1", PRESENCE_PRESENT);
    offline = add_fact(&world, "node/alpha/10.0.0.2:1", PRESENCE_PRESENT);
    alpha = add_fact(&world, "cloud/alpha", PRESENCE_UNKNOWN);
    missing = add_fact(&world, "cloud/missing", PRESENCE_UNKNOWN);
    other = add_fact(&world, "cloud/other", PRESENCE_UNKNOWN);
    base = add_fact(&world, "znode/arcus", PRESENCE_UNKNOWN);
    zk_facts_add(&fixture.view, fixture.arena, &world);
    assert_string_equal(attrs_value(&online->attrs, "online"), "yes");
    assert_string_equal(attrs_value(&offline->attrs, "online"), "no");
    assert_int_equal(alpha->presence, PRESENCE_PRESENT);
    assert_int_equal(alpha->said_by, WITNESS_ZOOKEEPER);
    assert_non_null(
        strstr(attrs_value(&alpha->attrs, "mapping.10.0.0.3:1"), "not readable: line 1"));
    assert_int_equal(missing->presence, PRESENCE_ABSENT);
    assert_int_equal(other->presence, PRESENCE_UNKNOWN);
    assert_string_equal(attrs_value(&base->attrs, "nodes"),
                        "/arcus /arcus/cache_list /arcus/cache_server_mapping /arcus/client_list");
    stray = add_fact(&world, "node/alpha/10.0.0.1:1", PRESENCE_ABSENT);
    zk_facts_add(&fixture.view, fixture.arena, &world);
    assert_non_null(strstr(stray->note, "in the cache list"));
    world_deinit(&world);
}

static void servers_say_more_about_themselves(void **state)
{
    const struct spec_host host = {.name = "here", .address = "127.0.0.1"};
    struct zk_ensemble ensemble;
    struct fact *fact;
    struct world world;

    (void)state;
    world_init(&world, fixture.arena);
    zk_ensemble_ask(fixture.server.connect, clock_deadline_ms(LONG_MS), fixture.arena, &ensemble);
    fact = add_fact(&world, "zk_server/here", PRESENCE_PRESENT);
    fact->host = &host;
    zk_facts_add_servers(&ensemble, fixture.server.port, fixture.arena, &world);
    assert_string_equal(attrs_value(&fact->attrs, "live.mode"), "standalone");
    assert_non_null(attrs_value(&fact->attrs, "live.zxid"));
    assert_non_null(attrs_value(&fact->attrs, "live.connections"));
    fact->presence = PRESENCE_ABSENT;
    zk_facts_add_servers(&ensemble, fixture.server.port, fixture.arena, &world);
    assert_non_null(strstr(fact->note, "not started by arcusplan"));
    world_deinit(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cloud_has_the_mappings_with_its_child),
        cmocka_unit_test(parts_of_a_cloud_make_it_present),
        cmocka_unit_test(missing_base_paths_are_left_out),
        cmocka_unit_test(one_cloud_is_read_with_the_nodes_asked_for),
        cmocka_unit_test(facts_are_filled_from_the_view),
        cmocka_unit_test(servers_say_more_about_themselves),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
