#include "executors/steps/registration.h"

#include "cacheserver/contract/cache_list.h"
#include "tests/unit/executors/steps/cloud_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const char now[] = "2026-01-02 03:04:05.000006";
static const char listed[] =
    "{\"serviceCode\": \"test-cloud\", \"created\": \"2020-01-01 00:00:00.000000\", \"servers\": ["
    "{\"ip\": \"10.0.0.3\", \"hostname\": \"cache003.arcus\", \"config\": {\"threads\": 4, "
    "\"port\": 11211}},"
    "{\"ip\": \"10.0.0.1\", \"hostname\": \"cache001.arcus\", \"config\": {\"port\": \"11211\"}},"
    "{\"ip\": \"10.0.0.2\", \"hostname\": \"cache002.arcus\", \"config\": {\"port\": \"11211\"}}],"
    "\"config\": {\"memlimit\": 100, \"threads\": \"6\", \"connections\": \"1000\"}}";

static struct {
    struct cloud_fixture wanted;
    struct arena *arena;
    struct zk_cloud cloud;
    struct registration registration;
    struct fault fault;
} fixture;

static int set_up(void **state)
{
    (void)state;
    fixture.arena = arena_new();
    cloud_fixture_init(&fixture.wanted);
    fixture.cloud = (struct zk_cloud){.code = "test-cloud"};
    fixture.fault = (struct fault){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(fixture.arena);
    return 0;
}

static void add_mapping(const char *node, const char *data, const char *const *codes, size_t count)
{
    struct zk_mapping *mapping = vec_push(fixture.arena, &fixture.cloud.mappings);

    *mapping = (struct zk_mapping){.node = node};
    mapping->data.data = data;
    mapping->data.size = strlen(data);
    mapping->data.version = 3;
    mapping->children.items = arena_array_of(fixture.arena, const char *, count);
    for (size_t i = 0; i < count; i++)
        mapping->children.items[mapping->children.count++] = codes[i];
}

static const char *const ours[] = {"test-cloud"};

static void add_present_cloud(void)
{
    fixture.cloud.has_list = true;
    fixture.cloud.has_client_list = true;
    fixture.cloud.list.data = listed;
    fixture.cloud.list.size = strlen(listed);
    fixture.cloud.list.version = 7;
    add_mapping("10.0.0.1:11211",
                "{\"threads\": 6, \"port\": \"11211\", \"memlimit\": \"100\", "
                "\"connections\": \"1000\"}",
                ours, 1);
    add_mapping("10.0.0.2:11211",
                "{\"connections\": \"1000\", \"memlimit\": \"100\", \"port\": \"11211\", "
                "\"threads\": \"6\"}",
                ours, 1);
    add_mapping("10.0.0.3:11211",
                "{\"connections\": \"1000\", \"memlimit\": \"100\", \"port\": \"11211\", "
                "\"threads\": \"4\"}",
                ours, 1);
}

static void plan(const struct spec_cloud *wanted)
{
    if (registration_plan(wanted, &fixture.cloud, now, fixture.arena, &fixture.registration,
                          &fixture.fault) < 0)
        fail_msg("%s", fixture.fault.text);
}

static const char *op_text(const struct registration_op *op)
{
    static const char *const kinds[] = {
        [ZK_OP_CREATE] = "create", [ZK_OP_SET] = "set", [ZK_OP_DELETE] = "delete"};

    return arena_printf(fixture.arena, "%s%s %s %d", op->joins_previous ? "+" : "",
                        kinds[op->op.kind], op->op.path, op->op.version);
}

static void assert_ops(const char *const *expected)
{
    size_t count = 0;

    for (; expected[count]; count++) {
        if (count >= fixture.registration.ops.count)
            fail_msg("missing: %s", expected[count]);
        assert_string_equal(op_text(&fixture.registration.ops.items[count]), expected[count]);
    }
    assert_int_equal(fixture.registration.ops.count, count);
}

#define assert_plan(...) assert_ops((const char *const[]){__VA_ARGS__, NULL})

static struct cache_list written(void)
{
    struct cache_list list;
    const char *problem = NULL;

    assert_non_null(fixture.registration.json);
    if (!cache_list_parse(fixture.registration.json, strlen(fixture.registration.json),
                          fixture.arena, &list, &problem))
        fail_msg("%s", problem);
    return list;
}

static void a_new_cloud_is_made_with_its_list_last(void **state)
{
    struct cache_list list;

    (void)state;
    plan(&fixture.wanted.cloud);
    assert_plan("create /arcus/cache_server_mapping/10.0.0.1:11211 -1",
                "+create /arcus/cache_server_mapping/10.0.0.1:11211/test-cloud -1",
                "create /arcus/cache_server_mapping/10.0.0.2:11211 -1",
                "+create /arcus/cache_server_mapping/10.0.0.2:11211/test-cloud -1",
                "create /arcus/cache_server_mapping/10.0.0.3:11211 -1",
                "+create /arcus/cache_server_mapping/10.0.0.3:11211/test-cloud -1",
                "create /arcus/client_list/test-cloud -1", "create /arcus/cache_list/test-cloud 0");
    assert_string_equal(fixture.registration.ops.items[4].op.data,
                        "{\"connections\": \"1000\", \"memlimit\": \"100\", \"port\": \"11211\", "
                        "\"threads\": \"4\"}");
    list = written();
    assert_string_equal(list.created, now);
    assert_null(list.modified);
    assert_int_equal(list.server_count, 3);
    assert_string_equal(list.servers[2].hostname, "cache003.arcus");
    assert_string_equal(cache_settings_get(&list.servers[2].config, "threads"), "4");
    assert_string_equal(cache_settings_get(&list.servers[2].config, "port"), "11211");
    assert_int_equal(list.servers[0].config.count, 1);
}

static void what_means_the_same_is_left_alone(void **state)
{
    (void)state;
    add_present_cloud();
    plan(&fixture.wanted.cloud);
    assert_int_equal(fixture.registration.ops.count, 0);
    assert_null(fixture.registration.json);
}

static void a_changed_setting_writes_the_mapping_and_the_list(void **state)
{
    static const struct setting config[] = {
        {"connections", "1000"}, {"memlimit", "100"}, {"threads", "8"}};
    static const struct setting own[] = {{"threads", "8"}};
    struct cache_list list;

    (void)state;
    add_present_cloud();
    fixture.wanted.nodes[1].config = (struct settings){config, 3};
    fixture.wanted.nodes[1].own = (struct settings){own, 1};
    plan(&fixture.wanted.cloud);
    assert_plan("set /arcus/cache_server_mapping/10.0.0.2:11211 3",
                "set /arcus/cache_list/test-cloud 7");
    list = written();
    assert_string_equal(list.created, "2020-01-01 00:00:00.000000");
    assert_string_equal(list.modified, now);
}

static void a_node_that_leaves_loses_its_mapping(void **state)
{
    (void)state;
    add_present_cloud();
    fixture.wanted.cloud.node_count = 2;
    plan(&fixture.wanted.cloud);
    assert_plan("delete /arcus/cache_server_mapping/10.0.0.3:11211/test-cloud -1",
                "+delete /arcus/cache_server_mapping/10.0.0.3:11211 3",
                "set /arcus/cache_list/test-cloud 7");
    assert_int_equal(written().server_count, 2);
}

static void a_mapping_shared_with_another_cloud_only_loses_our_child(void **state)
{
    static const char *const both[] = {"other-cloud", "test-cloud"};

    (void)state;
    add_present_cloud();
    add_mapping("10.0.0.9:11211", "{}", both, 2);
    plan(&fixture.wanted.cloud);
    assert_plan("delete /arcus/cache_server_mapping/10.0.0.9:11211/test-cloud -1");
}

static void a_mapping_of_another_cloud_is_not_taken(void **state)
{
    static const char *const other[] = {"other-cloud"};

    (void)state;
    add_mapping("10.0.0.2:11211", "{}", other, 1);
    assert_int_equal(registration_plan(&fixture.wanted.cloud, &fixture.cloud, now, fixture.arena,
                                       &fixture.registration, &fixture.fault),
                     -1);
    assert_int_equal(fixture.fault.code, DIAG_ZK_DATA);
    assert_non_null(strstr(fixture.fault.text, "10.0.0.2:11211"));
    assert_non_null(strstr(fixture.fault.text, "other-cloud"));
}

static void a_cloud_too_large_for_its_znode_is_refused(void **state)
{
    enum { TOO_MANY = 15000 };
    struct spec_node *nodes = arena_array_of(fixture.arena, struct spec_node, TOO_MANY);

    (void)state;
    for (int i = 0; i < TOO_MANY; i++) {
        nodes[i] = fixture.wanted.nodes[0];
        nodes[i].port = 20000 + i;
    }
    fixture.wanted.cloud.nodes = nodes;
    fixture.wanted.cloud.node_count = TOO_MANY;
    assert_int_equal(registration_plan(&fixture.wanted.cloud, &fixture.cloud, now, fixture.arena,
                                       &fixture.registration, &fixture.fault),
                     -1);
    assert_int_equal(fixture.fault.code, DIAG_ZK_DATA);
}

static void lost_parts_are_made_again(void **state)
{
    (void)state;
    add_present_cloud();
    fixture.cloud.has_client_list = false;
    fixture.cloud.mappings.items[0].data.data = NULL;
    fixture.cloud.mappings.items[0].children.count = 0;
    fixture.cloud.mappings.items[1].children.count = 0;
    fixture.cloud.mappings.items[2].data.data = "broken";
    fixture.cloud.mappings.items[2].data.size = 6;
    plan(&fixture.wanted.cloud);
    assert_plan("create /arcus/cache_server_mapping/10.0.0.1:11211 -1",
                "+create /arcus/cache_server_mapping/10.0.0.1:11211/test-cloud -1",
                "create /arcus/cache_server_mapping/10.0.0.2:11211/test-cloud -1",
                "set /arcus/cache_server_mapping/10.0.0.3:11211 3",
                "create /arcus/client_list/test-cloud -1");
}

static void a_list_that_cannot_be_read_is_written_anew(void **state)
{
    (void)state;
    add_present_cloud();
    fixture.cloud.list.data = "{\xff";
    fixture.cloud.list.size = 2;
    plan(&fixture.wanted.cloud);
    assert_plan("set /arcus/cache_list/test-cloud 7");
    assert_string_equal(written().created, now);
}

static void a_removed_cloud_goes_with_its_clients(void **state)
{
    static const char *clients[] = {"client-a", "client-b"};

    (void)state;
    add_present_cloud();
    fixture.cloud.mappings.count = 1;
    fixture.cloud.clients = (struct zk_names){clients, 2};
    plan(NULL);
    assert_plan("delete /arcus/cache_server_mapping/10.0.0.1:11211/test-cloud -1",
                "+delete /arcus/cache_server_mapping/10.0.0.1:11211 3",
                "delete /arcus/client_list/test-cloud/client-a -1",
                "delete /arcus/client_list/test-cloud/client-b -1",
                "delete /arcus/client_list/test-cloud -1", "delete /arcus/cache_list/test-cloud 7");
    assert_true(fixture.registration.touches_list);
}

static void a_cloud_that_is_gone_needs_nothing(void **state)
{
    (void)state;
    plan(NULL);
    assert_int_equal(fixture.registration.ops.count, 0);
}

static void listed_nodes_are_those_with_an_address(void **state)
{
    static const char text[] = "{\"serviceCode\": \"c\", \"config\": {\"port\": 1}, \"servers\": ["
                               "{\"ip\": \"a\"}, {\"ip\": \"b\", \"config\": {\"port\": 2}},"
                               "{\"ip\": \"../x\"}, {\"ip\": \"\"}]}";
    const struct zk_node node = {.data = text, .size = strlen(text)};
    const struct zk_node broken = {.data = "x", .size = 1};
    struct registration_nodes nodes = {0};

    (void)state;
    registration_listed_nodes(&broken, fixture.arena, &nodes);
    assert_int_equal(nodes.items.count, 0);
    registration_listed_nodes(&node, fixture.arena, &nodes);
    assert_int_equal(nodes.items.count, 2);
    assert_string_equal(nodes.items.items[0], "a:1");
    assert_string_equal(nodes.items.items[1], "b:2");
}

static void the_time_has_the_form_of_arcus_sh(void **state)
{
    char text[REGISTRATION_TIME_SIZE];
    int year, month, day, hour, minute, second, micros, length = 0;

    (void)state;
    registration_now(text);
    assert_int_equal(sscanf(text, "%4d-%2d-%2d %2d:%2d:%2d.%6d%n", &year, &month, &day, &hour,
                            &minute, &second, &micros, &length),
                     7);
    assert_int_equal(length, 26);
    assert_true(year >= 2024);
}

#define registration_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        registration_test(a_new_cloud_is_made_with_its_list_last),
        registration_test(what_means_the_same_is_left_alone),
        registration_test(a_changed_setting_writes_the_mapping_and_the_list),
        registration_test(a_node_that_leaves_loses_its_mapping),
        registration_test(a_mapping_shared_with_another_cloud_only_loses_our_child),
        registration_test(a_mapping_of_another_cloud_is_not_taken),
        registration_test(a_cloud_too_large_for_its_znode_is_refused),
        registration_test(lost_parts_are_made_again),
        registration_test(a_list_that_cannot_be_read_is_written_anew),
        registration_test(a_removed_cloud_goes_with_its_clients),
        registration_test(a_cloud_that_is_gone_needs_nothing),
        registration_test(listed_nodes_are_those_with_an_address),
        registration_test(the_time_has_the_form_of_arcus_sh),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
