#include "planner/observe/zk_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static struct {
    struct arena *arena;
    struct zk_cloud cloud;
    struct attrs attrs;
    const char *note;
} fixture;

static int set_up(void **state)
{
    (void)state;
    fixture.arena = arena_new();
    fixture.cloud = (struct zk_cloud){.code = "test-cloud"};
    fixture.attrs = (struct attrs){0};
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_free(fixture.arena);
    return 0;
}

static void set_list(const char *text)
{
    fixture.cloud.has_list = true;
    fixture.cloud.list = (struct zk_node){.data = text, .size = strlen(text), .version = 4};
}

static void add_mapping(const char *node, const char *data, const char **codes, size_t count)
{
    *vec_push(fixture.arena, &fixture.cloud.mappings) = (struct zk_mapping){
        .node = node, .data = {.data = data, .size = strlen(data)}, .children = {codes, count}};
}

static void make_attrs(void)
{
    zk_cloud_attrs(&fixture.cloud, fixture.arena, &fixture.attrs, &fixture.note);
}

static void assert_value(const char *name, const char *expected)
{
    const char *value = attrs_value(&fixture.attrs, name);

    if (!value)
        fail_msg("no attribute %s", name);
    assert_string_equal(value, expected);
}

static void a_cloud_is_told_in_the_words_of_the_spec(void **state)
{
    static const char *ours[] = {"test-cloud"};
    static const char *live[] = {"10.0.0.1:11211-cache-001"};

    (void)state;
    set_list(
        "{\"serviceCode\": \"test-cloud\", \"config\": {\"threads\": 6}, \"created\": \"then\","
        "\"servers\": [{\"hostname\": \"cache001\", \"ip\": \"10.0.0.1\", \"config\": "
        "{\"threads\": \"4\", \"port\": \"11211\", \"memlimit\": 50}}]}");
    add_mapping("10.0.0.1:11211", "{\"threads\": \"4\", \"port\": 11211, \"connections\": 10}",
                ours, 1);
    fixture.cloud.has_client_list = true;
    fixture.cloud.live = (struct zk_names){live, 1};
    make_attrs();
    assert_value("config.threads", "6");
    assert_value("node.10.0.0.1:11211", "cache001 memlimit=50 threads=4");
    assert_value("mapping.10.0.0.1:11211", "connections=10 port=11211 threads=4");
    assert_value("client_list", "yes");
    assert_value("live.version", "4");
    assert_value("live.created", "then");
    assert_value("live.online", "1");
    assert_null(attrs_find(&fixture.attrs, "live.modified"));
    assert_null(attrs_find(&fixture.attrs, "live.undefined"));
    assert_null(fixture.note);
}

static void a_server_without_settings_is_its_name_alone(void **state)
{
    (void)state;
    set_list("{\"serviceCode\": \"test-cloud\", \"config\": {\"port\": 1}, "
             "\"servers\": [{\"hostname\": \"h\", \"ip\": \"a\"}, {\"ip\": \"a\"}]}");
    make_attrs();
    assert_value("node.a:1", "h");
    assert_value("node.a:1 twice", "");
    assert_value("config.port", "1");
}

static void a_list_that_cannot_be_read_is_noted(void **state)
{
    (void)state;
    set_list("{\xff");
    make_attrs();
    assert_non_null(strstr(fixture.note, "/arcus/cache_list/test-cloud is not readable"));
    assert_value("live.version", "4");
    assert_int_equal(fixture.attrs.count, 2);
}

static void a_list_of_another_cloud_is_noted(void **state)
{
    (void)state;
    set_list("{\"serviceCode\": \"rival\", \"config\": {\"threads\": 6}}");
    make_attrs();
    assert_non_null(strstr(fixture.note, "rival"));
    assert_null(attrs_find(&fixture.attrs, "config.threads"));
}

static void mappings_are_ours_by_their_child(void **state)
{
    static const char *both[] = {"rival", "test-cloud"};
    static const char *rival[] = {"rival"};

    (void)state;
    add_mapping("10.0.0.1:1", "{\"port\": \"1\"}", both, 2);
    add_mapping("10.0.0.2:1", "{\"port\": \"1\"}", rival, 1);
    add_mapping("10.0.0.3:1", "?", both + 1, 1);
    make_attrs();
    assert_value("mapping.10.0.0.1:1", "port=1 (also of cloud rival)");
    assert_null(attrs_find(&fixture.attrs, "mapping.10.0.0.2:1"));
    assert_non_null(strstr(attrs_value(&fixture.attrs, "mapping.10.0.0.3:1"), "not readable"));
    assert_true(zk_cloud_is_present(&fixture.cloud));
}

static void servers_online_without_a_mapping_are_undefined(void **state)
{
    static const char *live[] = {"10.0.0.1:1-a", "10.0.0.2:1"};
    static const char *ours[] = {"test-cloud"};

    (void)state;
    add_mapping("10.0.0.1:1", "{}", ours, 1);
    fixture.cloud.live = (struct zk_names){live, 2};
    make_attrs();
    assert_value("live.undefined", "10.0.0.2:1");
    assert_true(zk_cloud_is_online(&fixture.cloud, "10.0.0.1:1"));
    assert_true(zk_cloud_is_online(&fixture.cloud, "10.0.0.2:1"));
    assert_false(zk_cloud_is_online(&fixture.cloud, "10.0.0.2:11"));
    assert_false(zk_cloud_is_online(&fixture.cloud, "10.0.0.2:"));
}

static void nothing_is_no_cloud(void **state)
{
    (void)state;
    make_attrs();
    assert_int_equal(fixture.attrs.count, 0);
    assert_false(zk_cloud_is_present(&fixture.cloud));
}

#define attrs_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        attrs_test(a_cloud_is_told_in_the_words_of_the_spec),
        attrs_test(a_server_without_settings_is_its_name_alone),
        attrs_test(a_list_that_cannot_be_read_is_noted),
        attrs_test(a_list_of_another_cloud_is_noted),
        attrs_test(mappings_are_ours_by_their_child),
        attrs_test(servers_online_without_a_mapping_are_undefined),
        attrs_test(nothing_is_no_cloud),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
