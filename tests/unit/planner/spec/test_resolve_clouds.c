#include "planner/spec/resolve.h"

#include "tests/unit/planner/spec/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const char *spec_text(struct fixture *fixture, const char *keys)
{
    return arena_printf(fixture->arena, "%sclouds:\n  c: { package: arcus, %s }\n", fixture_base,
                        keys);
}

static const struct spec_cloud *load(struct fixture *fixture, const char *keys)
{
    if (fixture_load(fixture, spec_text(fixture, keys)) < 0)
        fail_msg("%s", fixture_messages(fixture));
    return &fixture->spec->clouds[0];
}

static void assert_refused(struct fixture *fixture, const char *keys, const char *message)
{
    assert_int_equal(fixture_load(fixture, spec_text(fixture, keys)), -1);
    if (!strstr(fixture_messages(fixture), message))
        fail_msg("%s is not in %s", message, fixture->text);
}

static void nodes_are_each_host_on_each_port(void **state)
{
    const struct spec_cloud *cloud =
        load(*state, "nodes: [{ hosts: [b, a], ports: [11213, 11211-11212] }]");
    static const struct {
        const char *host;
        int port;
    } expected[] = {{"b", 11213}, {"b", 11211}, {"b", 11212},
                    {"a", 11213}, {"a", 11211}, {"a", 11212}};

    assert_string_equal(cloud->code, "c");
    assert_int_equal(cloud->node_count, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_string_equal(cloud->nodes[i].host->name, expected[i].host);
        assert_int_equal(cloud->nodes[i].port, expected[i].port);
        assert_int_equal(cloud->nodes[i].at.line, 9);
    }
    assert_int_not_equal(cloud->nodes[0].at.column, cloud->nodes[1].at.column);
}

static void settings_of_a_node_win_over_the_clouds(void **state)
{
    const struct spec_cloud *cloud =
        load(*state, "config: { threads: 6, memlimit: 100MB },"
                     " nodes: [{ hosts: [a], ports: [1], config: { threads: 2 } },"
                     " { hosts: [b], ports: [1] }]");

    assert_string_equal(settings_get(&cloud->config, "threads"), "6");
    assert_string_equal(settings_get(&cloud->nodes[0].config, "threads"), "2");
    assert_string_equal(settings_get(&cloud->nodes[0].config, "memlimit"), "100");
    assert_string_equal(settings_get(&cloud->nodes[0].config, "connections"), "1024");
    assert_int_equal(cloud->nodes[0].own.count, 1);
    assert_string_equal(settings_get(&cloud->nodes[1].config, "threads"), "6");
    assert_int_equal(cloud->nodes[1].own.count, 0);
}

static void everything_else_has_a_default(void **state)
{
    const struct spec_cloud *cloud = load(*state, "nodes: [{ hosts: [b], ports: [1] }]");

    assert_int_equal(cloud->server, SERVER_CACHESERVER);
    assert_int_equal(cloud->supervise, SUPERVISE_DAEMON);
    assert_false(cloud->prevent_destroy);
    assert_int_equal(cloud->update.canaries, 1);
    assert_int_equal(cloud->update.max_unavailable, 1);
    assert_int_equal(cloud->update.watch_time_ms, 5000);
    assert_int_equal(cloud->update.health_timeout_ms, 60000);
    assert_int_equal(cloud->update.max_failures, 0);
}

static void updates_are_read(void **state)
{
    const struct spec_cloud *cloud =
        load(*state,
             "nodes: [{ hosts: [b], ports: [1] }], server: arcus-memcached, prevent_destroy: true,"
             " update: { canaries: 2, max_unavailable: 3, watch_time: 0s, max_failures: 4 }");

    assert_int_equal(cloud->server, SERVER_ARCUS_MEMCACHED);
    assert_true(cloud->prevent_destroy);
    assert_int_equal(cloud->update.canaries, 2);
    assert_int_equal(cloud->update.max_unavailable, 3);
    assert_int_equal(cloud->update.watch_time_ms, 0);
    assert_int_equal(cloud->update.health_timeout_ms, 60000);
    assert_int_equal(cloud->update.max_failures, 4);
}

static void a_node_is_defined_once(void **state)
{
    assert_refused(*state, "nodes: [{ hosts: [b], ports: [1, 1] }]",
                   "port 1 is used twice on host b");
    assert_refused(*state, "nodes: [{ hosts: [b, b], ports: [1] }]",
                   "port 1 is used twice on host b");
    assert_refused(*state, "nodes: [{ hosts: [b], ports: [1-3] }, { hosts: [b], ports: [3] }]",
                   "port 3 is used twice on host b");
}

static void odd_ports_are_refused(void **state)
{
    assert_refused(*state, "nodes: [{ hosts: [b], ports: [0] }]",
                   "expected a port from 1 to 65535");
    assert_refused(*state, "nodes: [{ hosts: [b], ports: [9-3] }]",
                   "error[E0211]: expected a range that rises");
    assert_refused(*state, "nodes: [{ hosts: [nowhere], ports: [0] }]",
                   "expected a port from 1 to 65535");
    assert_refused(*state, "nodes: []", "expected a list of at least one item");
}

static void sticky_items_fit_the_memory(void **state)
{
    struct fixture *fixture = *state;

    load(fixture,
         "config: { memlimit: 100, sticky_limit: 100 }, nodes: [{ hosts: [b], ports: [1] }]");
    assert_refused(
        fixture,
        "config: { memlimit: 100, sticky_limit: 101 }, nodes: [{ hosts: [b], ports: [1] }]",
        "error[E0212]: sticky_limit 101MB is larger than memlimit 100MB");
    assert_refused(fixture, "config: { sticky_limit: 65 }, nodes: [{ hosts: [b], ports: [1] }]",
                   "hint: set memlimit too; it is 64MB unless set");
    assert_refused(fixture,
                   "config: { memlimit: 100, sticky_limit: 90 }, nodes: [{ hosts: [b], ports: [1],"
                   " config: { memlimit: 80 } }]",
                   "error[E0212]: sticky_limit 90MB is larger than memlimit 80MB");
}

static void service_codes_are_names_of_limited_length(void **state)
{
    static const char *const bad[] = {"a/b", "a^b", "-a", ".", "..", "a b", "\"\\u00fc\""};
    struct fixture *fixture = *state;
    const char *format =
        "%sclouds:\n  %s: { package: arcus, nodes: [{ hosts: [b], ports: [1] }] }\n";
    char code[130];

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(
            fixture_load(fixture, arena_printf(fixture->arena, format, fixture_base, bad[i])), -1);
        assert_non_null(strstr(fixture_messages(fixture), "a.yaml:9:3: error[E0206]"));
    }
    memset(code, 'c', sizeof(code));
    code[128] = '\0';
    assert_int_equal(
        fixture_load(fixture, arena_printf(fixture->arena, format, fixture_base, code)), 0);
    code[128] = 'c';
    code[129] = '\0';
    assert_int_equal(
        fixture_load(fixture, arena_printf(fixture->arena, format, fixture_base, code)), -1);
}

static void the_number_of_nodes_is_limited(void **state)
{
    assert_refused(*state, "nodes: [{ hosts: [b], ports: [1-65535] }]",
                   "error[E0211]: expected at most 50000 cache nodes in a spec");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        FIXTURE_TEST(nodes_are_each_host_on_each_port),
        FIXTURE_TEST(settings_of_a_node_win_over_the_clouds),
        FIXTURE_TEST(everything_else_has_a_default),
        FIXTURE_TEST(updates_are_read),
        FIXTURE_TEST(a_node_is_defined_once),
        FIXTURE_TEST(odd_ports_are_refused),
        FIXTURE_TEST(sticky_items_fit_the_memory),
        FIXTURE_TEST(service_codes_are_names_of_limited_length),
        FIXTURE_TEST(the_number_of_nodes_is_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
