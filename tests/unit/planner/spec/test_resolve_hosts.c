#include "planner/spec/resolve.h"

#include "tests/unit/planner/spec/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const struct spec *load(struct fixture *fixture, const char *text)
{
    const char *whole = fixture_join(fixture, "arcusplan: 1\n", text);

    if (fixture_load(fixture, whole) < 0)
        fail_msg("%s", fixture_messages(fixture));
    return fixture->spec;
}

static const char *refuse(struct fixture *fixture, const char *text)
{
    assert_int_equal(fixture_load(fixture, fixture_join(fixture, "arcusplan: 1\n", text)), -1);
    return fixture_messages(fixture);
}

static void hosts_come_in_the_order_of_the_file(void **state)
{
    const struct spec *spec =
        load(*state, "hosts:\n  z: { address: 10.0.0.9 }\n  a: { address: a.example }\n");

    assert_int_equal(spec->host_count, 2);
    assert_string_equal(spec->hosts[0].name, "z");
    assert_string_equal(spec->hosts[1].name, "a");
    assert_string_equal(spec->hosts[1].address, "a.example");
    assert_int_equal(spec->hosts[1].at.line, 4);
}

static void ssh_defaults_are_merged_key_by_key(void **state)
{
    const struct spec *spec =
        load(*state, "ssh: { user: u, port: 2200, become: sudo, proxy_jump: j }\n"
                     "hosts:\n"
                     "  a: { address: a }\n"
                     "  b: { address: b, ssh: { port: 22, proxy_jump: none } }\n");

    assert_string_equal(spec->hosts[0].ssh.user, "u");
    assert_int_equal(spec->hosts[0].ssh.port, 2200);
    assert_string_equal(spec->hosts[0].ssh.proxy_jump, "j");
    assert_string_equal(spec->hosts[1].ssh.user, "u");
    assert_int_equal(spec->hosts[1].ssh.port, 22);
    assert_int_equal(spec->hosts[1].ssh.become, BECOME_SUDO);
    assert_null(spec->hosts[1].ssh.proxy_jump);
}

static void without_ssh_everything_has_its_default(void **state)
{
    const struct spec *spec = load(*state, "hosts: { a: { address: a } }\n");
    const struct spec_ssh *ssh = &spec->hosts[0].ssh;

    assert_null(ssh->user);
    assert_null(ssh->identity_file);
    assert_null(ssh->proxy_jump);
    assert_int_equal(ssh->port, 22);
    assert_int_equal(ssh->become, BECOME_NONE);
    assert_string_equal(ssh->known_hosts, "/home/op/.ssh/known_hosts");
    assert_int_equal(spec->hosts[0].executor, EXECUTOR_SSH);
}

static void ranges_of_names_and_addresses_run_side_by_side(void **state)
{
    const struct spec *spec =
        load(*state, "hosts: { \"c[004-120].x\": { address: \"10.0.1.[4-120]\" } }\n");

    assert_int_equal(spec->host_count, 117);
    assert_string_equal(spec->hosts[0].name, "c004.x");
    assert_string_equal(spec->hosts[0].address, "10.0.1.4");
    assert_string_equal(spec->hosts[116].name, "c120.x");
    assert_string_equal(spec->hosts[116].address, "10.0.1.120");
    assert_int_equal(spec->hosts[0].at.column, spec->hosts[116].at.column);
}

static void ranges_of_different_sizes_are_refused(void **state)
{
    refuse(*state, "hosts: { \"c[1-3]\": { address: \"10.0.1.[1-4]\" } }\n");
    assert_non_null(
        strstr(((struct fixture *)*state)->text,
               "error[E0211]: expected as many addresses as names, which is 3, found 4"));
}

static void duplicate_names_and_addresses_are_refused_once_for_a_range(void **state)
{
    assert_string_equal(
        refuse(*state, "hosts:\n  \"c[1-9]\": { address: \"10.0.0.[1-9]\" }\n"
                       "  \"[a-a]x\": { address: 10.1.0.1 }\n"
                       "  c5: { address: 10.2.0.1 }\n"
                       "  \"d[1-9]\": { address: \"10.0.0.[1-9]\" }\n"),
        "a.yaml:4:3: error[E0211]: expected a range like [001-003]\n"
        "a.yaml:5:3: error[E0208]: host c5 is defined twice\n"
        "a.yaml:3:3: note: first defined here\n"
        "a.yaml:6:24: error[E0208]: hosts c1 and d1 have the same address 10.0.0.1\n"
        "a.yaml:3:3: note: c1 is defined here\n");
}

static void addresses_are_ipv4_or_dns_names(void **state)
{
    static const char *const bad[] = {"10.0.0.256", "10.0.0", "1.2.3.4.5", "01.2.3.4", "a..b",
                                      "a.",         "a-.b",   "1.2.3.4.",  "10.0.0.-1"};
    static const char *const good[] = {"10.0.0.255", "a", "a-b.c1", "1a.example",
                                       "xn--80ak6aa92e.com"};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        refuse(fixture,
               arena_printf(fixture->arena, "hosts: { a: { address: \"%s\" } }\n", bad[i]));
        assert_non_null(strstr(fixture->text, "expected an IPv4 address or a DNS name"));
    }
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        load(fixture, arena_printf(fixture->arena, "hosts: { a: { address: %s } }\n", good[i]));
}

static void a_local_host_has_no_ssh_of_its_own(void **state)
{
    const struct spec *spec = load(
        *state, "ssh: { become: sudo }\nhosts: { a: { executor: local, address: 127.0.0.1 } }\n");

    assert_int_equal(spec->hosts[0].executor, EXECUTOR_LOCAL);
    assert_int_equal(spec->hosts[0].ssh.become, BECOME_SUDO);
    refuse(*state, "hosts: { a: { executor: local, address: 127.0.0.1, ssh: {} } }\n");
    assert_non_null(strstr(((struct fixture *)*state)->text, "error[E0212]"));
}

static void the_port_of_a_jump_is_a_port(void **state)
{
    load(*state, "hosts: { a: { address: a, ssh: { proxy_jump: \"u@b:65535\" } } }\n");
    refuse(*state, "hosts: { a: { address: a, ssh: { proxy_jump: \"b:65536\" } } }\n");
    refuse(*state, "hosts: { a: { address: a, ssh: { proxy_jump: \"b:0\" } } }\n");
}

static void the_number_of_hosts_is_limited(void **state)
{
    refuse(*state, "hosts:\n  \"a[1-10000]\": { address: \"a[1-10000]\" }\n"
                   "  \"b[1-10000]\": { address: \"b[1-10000]\" }\n  c: { address: c }\n");
    assert_non_null(strstr(((struct fixture *)*state)->text,
                           "a.yaml:5:3: error[E0211]: expected at most 20000 hosts in a spec"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        FIXTURE_TEST(hosts_come_in_the_order_of_the_file),
        FIXTURE_TEST(ssh_defaults_are_merged_key_by_key),
        FIXTURE_TEST(without_ssh_everything_has_its_default),
        FIXTURE_TEST(ranges_of_names_and_addresses_run_side_by_side),
        FIXTURE_TEST(ranges_of_different_sizes_are_refused),
        FIXTURE_TEST(duplicate_names_and_addresses_are_refused_once_for_a_range),
        FIXTURE_TEST(addresses_are_ipv4_or_dns_names),
        FIXTURE_TEST(a_local_host_has_no_ssh_of_its_own),
        FIXTURE_TEST(the_port_of_a_jump_is_a_port),
        FIXTURE_TEST(the_number_of_hosts_is_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
