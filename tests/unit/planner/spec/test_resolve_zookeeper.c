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
    return arena_printf(fixture->arena,
                        "%s  c: { address: 10.0.0.3 }\n"
                        "packages: { zk: { version: v, directory: d, install_dir: /opt/zk } }\n"
                        "zookeeper: { %s }\n",
                        fixture_hosts, keys);
}

static const struct spec_zookeeper *load(struct fixture *fixture, const char *keys)
{
    if (fixture_load(fixture, spec_text(fixture, keys)) < 0)
        fail_msg("%s", fixture_messages(fixture));
    return fixture->spec->zookeeper;
}

static void assert_refused(struct fixture *fixture, const char *keys, const char *message)
{
    assert_int_equal(fixture_load(fixture, spec_text(fixture, keys)), -1);
    if (!strstr(fixture_messages(fixture), message))
        fail_msg("%s is not in %s", message, fixture->text);
}

static void the_order_of_hosts_is_kept(void **state)
{
    const struct spec_zookeeper *zookeeper = load(*state, "hosts: [c, a, b]");

    assert_true(zookeeper->is_managed);
    assert_int_equal(zookeeper->host_count, 3);
    assert_string_equal(zookeeper->hosts[0]->name, "c");
    assert_string_equal(zookeeper->hosts[2]->name, "b");
    assert_int_equal(zookeeper->host_places[1].column, 25);
    assert_string_equal(zookeeper->connect, "10.0.0.3:2181,10.0.0.1:2181,10.0.0.2:2181");
}

static void everything_has_a_default(void **state)
{
    const struct spec_zookeeper *zookeeper = load(*state, "hosts: [a]");

    assert_string_equal(zookeeper->home, "/usr/share/zookeeper");
    assert_string_equal(zookeeper->data_dir, "/var/lib/arcus/zookeeper");
    assert_int_equal(zookeeper->peer_port, 2888);
    assert_int_equal(zookeeper->election_port, 3888);
    assert_null(zookeeper->package);
    assert_int_equal(zookeeper->config.count, 3);
    assert_string_equal(settings_get(&zookeeper->config, "tickTime"), "2000");
}

static void lines_of_zoo_cfg_are_passed_on(void **state)
{
    const struct spec_zookeeper *zookeeper =
        load(*state, "hosts: [a], config: { tickTime: 500, x.y: \"a b\", maxClientCnxns: 0 }");

    assert_string_equal(settings_get(&zookeeper->config, "tickTime"), "500");
    assert_string_equal(settings_get(&zookeeper->config, "x.y"), "a b");
    assert_string_equal(settings_get(&zookeeper->config, "maxClientCnxns"), "0");
    assert_string_equal(settings_get(&zookeeper->config, "syncLimit"), "5");
}

static void lines_that_arcusplan_writes_are_refused(void **state)
{
    assert_refused(*state, "hosts: [a], config: { dataDir: /x }",
                   "dataDir is written by arcusplan");
    assert_refused(*state, "hosts: [a], config: { server.1: x }",
                   "server.1 is written by arcusplan");
    assert_refused(*state, "hosts: [a], config: { x: \"a\\nserver.1=b\" }", "found several lines");
}

static void external_ensembles_get_their_ports(void **state)
{
    struct fixture *fixture = *state;

    assert_string_equal(load(fixture, "external: z1")->connect, "z1:2181");
    assert_string_equal(load(fixture, "external: \"z1:1,z2\"")->connect, "z1:1,z2:2181");
    assert_string_equal(load(fixture, "external: [z1, \"z2:2,z3\"]")->connect,
                        "z1:2181,z2:2,z3:2181");
    assert_false(load(fixture, "external: z1")->is_managed);
    assert_refused(fixture, "external: \"z1,,z2\"", "error[E0206]");
    assert_refused(fixture, "external: \"z1:2181/chroot\"", "error[E0206]");
    assert_refused(fixture, "external: \"z1:0\"", "with a port from 1 to 65535, found z1:0");
    assert_refused(fixture, "external: []", "error[E0206]");
}

static void managed_and_external_exclude_each_other(void **state)
{
    assert_refused(*state, "external: z, hosts: [a]", "error[E0212]: hosts describes a managed");
    assert_refused(*state, "external: z, peer_port: 1",
                   "error[E0212]: peer_port describes a managed");
    assert_refused(*state, "client_port: 1", "error[E0204]: the ensemble has no servers");
}

static void servers_are_named_once(void **state)
{
    assert_refused(*state, "hosts: [a, b, a]", "error[E0208]: host a is twice in the ensemble");
}

static void an_ensemble_has_a_byte_for_myid(void **state)
{
    struct fixture *fixture = *state;
    const char *format = "arcusplan: 1\nhosts: { \"h[1-256]\": { address: \"h[1-256]\" } }\n"
                         "zookeeper: { hosts: [\"h[1-%d]\"] }\n";

    assert_int_equal(fixture_load(fixture, arena_printf(fixture->arena, format, 255)), 0);
    assert_int_equal(fixture_load(fixture, arena_printf(fixture->arena, format, 256)), -1);
    assert_string_equal(fixture_messages(fixture),
                        "a.yaml:3:21: error[E0206]: expected at most 255 servers, found 256\n");
}

static void even_ensembles_are_warned_of(void **state)
{
    struct fixture *fixture = *state;

    load(fixture, "hosts: [a, b]");
    assert_non_null(strstr(fixture_messages(fixture), "warning[W0206]"));
    load(fixture, "hosts: [a, b, c]");
    assert_string_equal(fixture_messages(fixture), "");
}

static void a_relative_home_lies_in_a_package(void **state)
{
    struct fixture *fixture = *state;
    const struct spec_zookeeper *zookeeper =
        load(fixture, "hosts: [a], package: zk, home: apache/zk");

    assert_string_equal(zookeeper->home, "apache/zk");
    assert_string_equal(zookeeper->package->name, "zk");
    assert_refused(fixture, "hosts: [a], home: zk", "key package is missing");
    assert_refused(fixture, "hosts: [a], package: zk", "key home is missing");
    assert_refused(fixture, "hosts: [a], package: zk, home: /zk",
                   "error[E0212]: home is a path on the host");
    assert_refused(fixture, "hosts: [a], package: zk, home: ../zk", "expected a relative path");
    assert_refused(fixture, "hosts: [a], home: /usr/../zk", "expected an absolute path");
    assert_refused(fixture, "hosts: [a], package: kz, home: zk",
                   "error[E0209]: package kz is not defined");
}

static void its_ports_differ(void **state)
{
    assert_refused(*state, "hosts: [a], client_port: 2888",
                   "client_port and peer_port are both 2888");
    assert_refused(*state, "hosts: [a], peer_port: 3888",
                   "peer_port and election_port are both 3888");
}

static void data_and_releases_stay_apart(void **state)
{
    struct fixture *fixture = *state;

    assert_string_equal(load(fixture, "hosts: [a], data_dir: /opt/zk/data/")->data_dir,
                        "/opt/zk/data");
    assert_refused(fixture, "hosts: [a], data_dir: /opt/zk/run/x", "get in each other's way");
    assert_refused(fixture, "hosts: [a], data_dir: /opt/zk", "get in each other's way");
    assert_refused(fixture, "hosts: [a], data_dir: /var/lib", "found the system's /var/lib");
}

static void clouds_need_an_ensemble(void **state)
{
    struct fixture *fixture = *state;
    const char *text =
        fixture_join(fixture, fixture_hosts,
                     "packages: { p: { version: v, directory: d, install_dir: /opt/p } }\n"
                     "clouds: { c: { package: p, nodes: [{ hosts: [a], ports: [1] }] } }\n");

    assert_int_equal(fixture_load(fixture, text), -1);
    assert_non_null(strstr(fixture_messages(fixture), "error[E0204]: key zookeeper is missing"));
    assert_int_equal(fixture_load(fixture, fixture_hosts), 0);
    assert_null(fixture->spec->zookeeper);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        FIXTURE_TEST(the_order_of_hosts_is_kept),
        FIXTURE_TEST(everything_has_a_default),
        FIXTURE_TEST(lines_of_zoo_cfg_are_passed_on),
        FIXTURE_TEST(lines_that_arcusplan_writes_are_refused),
        FIXTURE_TEST(external_ensembles_get_their_ports),
        FIXTURE_TEST(managed_and_external_exclude_each_other),
        FIXTURE_TEST(servers_are_named_once),
        FIXTURE_TEST(an_ensemble_has_a_byte_for_myid),
        FIXTURE_TEST(even_ensembles_are_warned_of),
        FIXTURE_TEST(a_relative_home_lies_in_a_package),
        FIXTURE_TEST(its_ports_differ),
        FIXTURE_TEST(data_and_releases_stay_apart),
        FIXTURE_TEST(clouds_need_an_ensemble),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
