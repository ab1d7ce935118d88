#include "executors/transport/ssh_settings.h"

#include <pwd.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct arena *arena;

static int start(void **state)
{
    struct fault fault;

    (void)state;
    arena = arena_new();
    return transport_init(&fault);
}

static int stop(void **state)
{
    (void)state;
    arena_free(arena);
    return 0;
}

static struct spec_host make_host(void)
{
    return (struct spec_host){
        .name = "cache001.arcus",
        .address = "10.0.0.1",
        .ssh = {.user = "arcus", .port = 2222, .identity_file = "~/key", .known_hosts = "~/known"}};
}

static void what_the_spec_says_counts(void **state)
{
    struct spec_host host = make_host();
    struct ssh_settings settings;
    char *old_home = strdup(getenv("HOME") ? getenv("HOME") : "/");

    (void)state;
    setenv("HOME", "/home/me", 1);
    ssh_settings_of_host(&host, arena, &settings);
    setenv("HOME", old_home, 1);
    free(old_home);
    assert_string_equal(settings.address, "10.0.0.1");
    assert_string_equal(settings.name, "cache001.arcus");
    assert_string_equal(settings.user, "arcus");
    assert_int_equal(settings.port, 2222);
    assert_string_equal(settings.known_hosts, "/home/me/known");
    assert_int_equal(settings.identities.count, 1);
    assert_string_equal(settings.identities.items[0], "/home/me/key");
}

static void what_it_leaves_open_is_filled_in(void **state)
{
    struct spec_host host = {.name = "a", .address = "10.0.0.1"};
    struct ssh_settings settings;

    (void)state;
    ssh_settings_of_host(&host, arena, &settings);
    assert_non_null(settings.user);
    assert_int_equal(settings.port, 22);
    assert_false(settings.has_identity);
    assert_true(settings.identities.count > 0);
    vec_each(path, &settings.identities)
        assert_int_equal((*path)[0], '/');
}

static void a_jump_is_taken_apart(void **state)
{
    static const struct {
        const char *text, *user, *address;
        int port;
    } cases[] = {
        {"me@bastion:2200", "me", "bastion", 2200}, {"me@bastion", "me", "bastion", 22},
        {"me@10.0.0.9:22", "me", "10.0.0.9", 22},   {"me@fe80::1", "me", "fe80::1", 22},
        {"me@[fe80::1]:99", "me", "fe80::1", 99},   {"me@[fe80::1]", "me", "fe80::1", 22},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct spec_host host = make_host();
        struct ssh_settings settings;
        struct fault fault;

        host.ssh.proxy_jump = cases[i].text;
        assert_int_equal(ssh_settings_of_jump(&host, arena, &settings, &fault), 0);
        assert_string_equal(settings.user, cases[i].user);
        assert_string_equal(settings.address, cases[i].address);
        assert_int_equal(settings.port, cases[i].port);
        assert_null(settings.name);
    }
}

static void a_malformed_jump_is_refused(void **state)
{
    static const char *const cases[] = {
        "",    "me@",  "@bastion", "bastion:", "bastion:x",    "b:70000",
        "b:0", "[::1", "[::1]x",   ":22",      "me@bastion:2x"};

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct spec_host host = make_host();
        struct ssh_settings settings;
        struct fault fault;

        host.ssh.proxy_jump = cases[i];
        if (ssh_settings_of_jump(&host, arena, &settings, &fault) != -1)
            fail_msg("taken: %s", cases[i]);
        assert_non_null(strstr(fault.text, "[USER@]HOST[:PORT]"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_spec_says_counts),
        cmocka_unit_test(what_it_leaves_open_is_filled_in),
        cmocka_unit_test(a_jump_is_taken_apart),
        cmocka_unit_test(a_malformed_jump_is_refused),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
