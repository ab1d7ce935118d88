#include "planner/spec/resolve.h"

#include "tests/unit/planner/spec/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const char *refuse(struct fixture *fixture, const char *clouds)
{
    assert_int_equal(fixture_load(fixture, fixture_join(fixture, fixture_base, clouds)), -1);
    return fixture_messages(fixture);
}

static void unknown_hosts_are_reported_with_the_nearest(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_load(fixture, "arcusplan: 1\nhosts: { cache001: { address: a } }\n"
                                           "zookeeper: { hosts: [cahce001, other] }\n"),
                     -1);
    assert_string_equal(fixture_messages(fixture),
                        "a.yaml:3:22: error[E0209]: host cahce001 is not defined\n"
                        "hint: did you mean cache001?\n"
                        "a.yaml:3:32: error[E0209]: host other is not defined\n"
                        "hint: define it under hosts\n");
}

static void unknown_hosts_of_a_range_are_one_message(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_load(fixture,
                                  "arcusplan: 1\nhosts: { \"c[1-3]\": { address: \"c[1-3]\" } }\n"
                                  "zookeeper: { hosts: [\"c[2-9]\"] }\n"),
                     -1);
    assert_non_null(strstr(fixture_messages(fixture),
                           "error[E0209]: host c4 and 5 more of c[2-9] are not defined\n"));
    assert_int_equal(diags_count_errors(fixture->diags), 0);
}

static void unknown_packages_are_reported_with_the_nearest(void **state)
{
    assert_string_equal(
        refuse(*state, "clouds: { c: { package: arcsu, nodes: [{ hosts: [b], ports: [1] }] } }\n"),
        "a.yaml:8:25: error[E0209]: package arcsu is not defined\n"
        "hint: did you mean arcus?\n");
}

static void a_port_is_used_once_on_a_host(void **state)
{
    assert_string_equal(
        refuse(*state, "clouds:\n"
                       "  c: { package: arcus, nodes: [{ hosts: [a, b], ports: [11211] }] }\n"
                       "  d: { package: arcus, nodes: [{ hosts: [b], ports: [11211] }] }\n"),
        "a.yaml:10:54: error[E0207]: port 11211 is used twice on host b\n"
        "a.yaml:9:57: note: first used here\n"
        "hint: give one of the two servers another port or move it to another host\n");
}

static void the_ports_of_the_ensemble_count_too(void **state)
{
    struct fixture *fixture = *state;

    refuse(
        fixture,
        "clouds: { c: { package: arcus, nodes: [{ hosts: [a], ports: [2181, 2888, 3888] }] } }\n");
    assert_non_null(strstr(fixture->text, "port 2181 is used twice on host a"));
    assert_non_null(strstr(fixture->text, "port 2888 is used twice on host a"));
    assert_non_null(strstr(fixture->text, "port 3888 is used twice on host a"));
    assert_int_equal(
        fixture_load(fixture, fixture_join(fixture, fixture_base,
                                           "clouds: { c: { package: arcus, nodes: [{ hosts: "
                                           "[b], ports: [2181] }] } }\n")),
        0);
}

static void two_ranges_that_overlap_are_one_message(void **state)
{
    struct fixture *fixture = *state;

    refuse(fixture,
           "clouds: { c: { package: arcus, nodes: [{ hosts: [a, b], ports: [11000-11999] },"
           " { hosts: [b, a], ports: [11000-11999] }] } }\n");
    assert_ptr_equal(strstr(strstr(fixture->text, "E0207") + 1, "E0207"), NULL);
}

static void packages_do_not_share_a_directory_on_a_host(void **state)
{
    struct fixture *fixture = *state;
    const char *packages = "packages: { p: { version: v, directory: d, install_dir: /opt/x }, "
                           "q: { version: v, directory: d, install_dir: /opt/x } }\n"
                           "zookeeper: { external: z }\n";
    const char *apart = "clouds: { c: { package: p, nodes: [{ hosts: [a], ports: [1] }] },"
                        " d: { package: q, nodes: [{ hosts: [b], ports: [1] }] } }\n";
    const char *together = "clouds: { c: { package: p, nodes: [{ hosts: [a], ports: [1] }] },"
                           " d: { package: q, nodes: [{ hosts: [a], ports: [2] }] } }\n";
    const char *start = fixture_join(fixture, fixture_hosts, packages);

    assert_int_equal(fixture_load(fixture, fixture_join(fixture, start, apart)), 0);
    assert_int_equal(fixture_load(fixture, fixture_join(fixture, start, together)), -1);
    assert_non_null(
        strstr(fixture_messages(fixture),
               "error[E0212]: packages p and q share the install_dir /opt/x on host a"));
}

static void uses_are_limited(void **state)
{
    struct fixture *fixture = *state;
    const char *list = "\"x[1-10000]\"";

    for (int i = 0; i < 25; i++)
        list = fixture_join(fixture, list, ", \"x[1-10000]\"");
    assert_int_equal(
        fixture_load(fixture, arena_printf(fixture->arena,
                                           "arcusplan: 1\nhosts: { a: { address: a } }\n"
                                           "zookeeper: { hosts: [%s] }\n",
                                           list)),
        -1);
    assert_non_null(strstr(fixture_messages(fixture), "expected at most 200000 uses of hosts"));
}

static void the_environment_is_not_quoted(void **state)
{
    struct tree value = {.text = "secret", .shown = "${env:X}"};

    (void)state;
    assert_string_equal(resolve_quote(&value, "secret part"), "${env:X}");
    value.shown = value.text;
    assert_string_equal(resolve_quote(&value, "part"), "part");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        FIXTURE_TEST(unknown_hosts_are_reported_with_the_nearest),
        FIXTURE_TEST(unknown_hosts_of_a_range_are_one_message),
        FIXTURE_TEST(unknown_packages_are_reported_with_the_nearest),
        FIXTURE_TEST(a_port_is_used_once_on_a_host),
        FIXTURE_TEST(the_ports_of_the_ensemble_count_too),
        FIXTURE_TEST(two_ranges_that_overlap_are_one_message),
        FIXTURE_TEST(packages_do_not_share_a_directory_on_a_host),
        FIXTURE_TEST(uses_are_limited),
        FIXTURE_TEST(the_environment_is_not_quoted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
