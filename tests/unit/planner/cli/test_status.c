/* Reading a status from a real ensemble whose tree was written by hand. */
#include "planner/cli/status.h"

#include "cacheserver/contract/znode_paths.h"
#include "planner/base/clock.h"
#include "tests/unit/planner/observe/zk_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { LONG_MS = 60000 };

static struct zk_server server;
static struct zk_session *session;

struct fixture {
    struct arena *arena;
    struct status status;
    struct spec_host host;
    struct spec_node node;
    struct spec_cloud cloud;
    struct spec spec;
};

static void create(enum zk_op_kind kind, const char *path, const char *data)
{
    struct zk_op op = {.kind = kind, .path = path, .data = data, .size = strlen(data)};
    struct fault fault;
    size_t failed;

    if (zk_multi(session, &op, 1, clock_deadline_ms(LONG_MS), &failed, &fault))
        fail_msg("%s: %s", path, fault.text);
}

static void define(const char *node, const char *code)
{
    struct arena *arena = arena_new();

    create(ZK_OP_CREATE, znode_mapping(arena, node), "{}");
    create(ZK_OP_CREATE, znode_mapping_code(arena, node, code), "");
    arena_free(arena);
}

/* Nobody listens on the ports: the nodes are there in ZooKeeper alone. */
static int start_server(void **state)
{
    struct fault fault;

    (void)state;
    if (zk_server_start(&server) ||
        zk_session_open(server.connect, 20000, clock_deadline_ms(LONG_MS), NULL, &session, &fault))
        return -1;
    for (const char *const *path = znode_base_paths; *path; path++)
        create(ZK_OP_CREATE, *path, "");
    create(ZK_OP_CREATE, ZNODE_CACHE_LIST "/one",
           "{\"servers\": [{\"hostname\": \"cache001\", \"ip\": \"127.0.0.1\","
           " \"config\": {\"port\": \"3\"}}], \"serviceCode\": \"one\"}");
    create(ZK_OP_CREATE, ZNODE_CACHE_LIST "/two", "not json \xff");
    define("127.0.0.1:3", "one");
    define("127.0.0.1:4", "one");
    define("127.0.0.1:20", "one");
    define("127.0.0.1:5", "two");
    create(ZK_OP_CREATE_EPHEMERAL, ZNODE_CACHE_LIST "/one/127.0.0.1:3-cache001", "");
    create(ZK_OP_CREATE_EPHEMERAL, ZNODE_CACHE_LIST "/one/127.0.0.1:20-cache001", "");
    create(ZK_OP_CREATE_EPHEMERAL, ZNODE_CACHE_LIST "/one/127.0.0.1:9-stranger", "");
    return 0;
}

static int stop_server(void **state)
{
    (void)state;
    zk_session_close(session);
    zk_server_remove(&server);
    return 0;
}

static int setup(void **state)
{
    struct arena *arena = arena_new();
    struct fixture *fixture = arena_new_of(arena, struct fixture);

    fixture->arena = arena;
    fixture->host = (struct spec_host){.name = "cache009", .address = "127.0.0.1"};
    fixture->node = (struct spec_node){.host = &fixture->host, .port = 6};
    fixture->cloud =
        (struct spec_cloud){.code = "wanted", .nodes = &fixture->node, .node_count = 1};
    fixture->spec = (struct spec){.clouds = &fixture->cloud, .cloud_count = 1};
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    arena_free(((struct fixture *)*state)->arena);
    return 0;
}

static struct status_cloud *look(struct fixture *fixture, const struct spec *spec, const char *only,
                                 const char *code)
{
    status_read(server.connect, session, spec, only, fixture->arena, &fixture->status);
    assert_true(fixture->status.is_readable);
    vec_each(cloud, &fixture->status.clouds)
        if (strcmp(cloud->code, code) == 0)
            return cloud;
    return NULL;
}

static void nodes_are_online_offline_or_undefined(void **state)
{
    static const struct {
        const char *name;
        enum node_state state;
    } expected[] = {{"127.0.0.1:3", NODE_ONLINE},
                    {"127.0.0.1:4", NODE_OFFLINE},
                    {"127.0.0.1:9", NODE_UNDEFINED},
                    {"127.0.0.1:20", NODE_ONLINE}};
    struct status_cloud *cloud = look(*state, NULL, NULL, "one");

    assert_non_null(cloud);
    assert_int_equal(cloud->nodes.count, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(cloud->nodes.items[i].name, expected[i].name);
        assert_int_equal(cloud->nodes.items[i].state, expected[i].state);
        assert_false(cloud->nodes.items[i].stats->answered);
    }
    assert_int_equal(cloud->total, 3);
    assert_int_equal(cloud->online, 2);
    assert_int_equal(cloud->offline, 1);
    assert_int_equal(cloud->undefined, 1);
}

static void hosts_come_from_the_list_or_the_ephemeral(void **state)
{
    struct status_cloud *cloud = look(*state, NULL, NULL, "one");

    assert_string_equal(cloud->nodes.items[0].host, "cache001");
    assert_null(cloud->nodes.items[1].host);
    assert_string_equal(cloud->nodes.items[2].host, "stranger");
}

static void a_damaged_list_hides_no_nodes(void **state)
{
    struct status_cloud *cloud = look(*state, NULL, NULL, "two");

    assert_non_null(cloud);
    assert_int_equal(cloud->offline, 1);
    assert_string_equal(cloud_state_word(&((struct fixture *)*state)->status, cloud), "DOWN");
}

static void one_cloud_can_be_asked_for(void **state)
{
    struct fixture *fixture = *state;

    assert_non_null(look(fixture, NULL, "two", "two"));
    assert_int_equal(fixture->status.clouds.count, 1);
    assert_null(look(fixture, NULL, "three", "three"));
    assert_int_equal(fixture->status.clouds.count, 0);
}

static void clouds_of_the_spec_that_are_not_there_are_down(void **state)
{
    struct fixture *fixture = *state;
    struct status_cloud *cloud = look(fixture, &fixture->spec, NULL, "wanted");

    assert_non_null(cloud);
    assert_int_equal(fixture->status.clouds.count, 3);
    assert_int_equal(cloud->offline, 1);
    assert_string_equal(cloud->nodes.items[0].host, "cache009");
    assert_string_equal(cloud_state_word(&fixture->status, cloud), "DOWN");
}

static void servers_tell_their_mode(void **state)
{
    struct fixture *fixture = *state;

    look(fixture, NULL, NULL, "one");
    assert_int_equal(fixture->status.ensemble.members.count, 1);
    assert_string_equal(fixture->status.ensemble.members.items[0].mode, "standalone");
}

static void without_a_session_nothing_is_claimed_to_be_read(void **state)
{
    struct fixture *fixture = *state;

    status_read("127.0.0.1:1", NULL, &fixture->spec, NULL, fixture->arena, &fixture->status);
    assert_false(fixture->status.is_readable);
    assert_int_equal(fixture->status.clouds.count, 1);
    assert_string_equal(cloud_state_word(&fixture->status, &fixture->status.clouds.items[0]),
                        "UNKNOWN");
    assert_false(fixture->status.ensemble.members.items[0].is_answering);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        CASE(nodes_are_online_offline_or_undefined),
        CASE(hosts_come_from_the_list_or_the_ephemeral),
        CASE(a_damaged_list_hides_no_nodes),
        CASE(one_cloud_can_be_asked_for),
        CASE(clouds_of_the_spec_that_are_not_there_are_down),
        CASE(servers_tell_their_mode),
        CASE(without_a_session_nothing_is_claimed_to_be_read),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
