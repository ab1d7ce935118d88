#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "cacheserver/net/listener.h"

static char complaint[512];

static int open_listeners(struct listeners *listeners, struct settings *settings)
{
    FILE *errors = tmpfile();
    int failed = listeners_open(listeners, settings, errors);

    rewind(errors);
    size_t n = fread(complaint, 1, sizeof(complaint) - 1, errors);
    complaint[n] = '\0';
    fclose(errors);
    return failed;
}

static struct settings any_port(char *addresses)
{
    return (struct settings){.tcp_port = -1, .listen_addresses = addresses, .backlog = 16};
}

static void several_addresses_share_a_free_port(void **state)
{
    char addresses[] = "127.0.0.1,127.0.0.2";
    struct settings settings = any_port(addresses);
    struct listeners listeners;

    (void)state;
    assert_int_equal(open_listeners(&listeners, &settings), 0);
    assert_int_equal(listeners.count, 2);
    assert_true(listeners_tcp_port(&listeners) > 0);
    assert_int_equal(listeners.items[0].port, listeners.items[1].port);
    listeners_close(&listeners);
    assert_int_equal(listeners_tcp_port(&listeners), 0);
}

static void a_port_in_use_is_complained_about_and_nothing_stays_open(void **state)
{
    char address[] = "127.0.0.1", both[] = "127.0.0.2,127.0.0.1";
    struct settings settings = any_port(address);
    struct listeners first, second;

    (void)state;
    assert_int_equal(open_listeners(&first, &settings), 0);
    settings.tcp_port = listeners_tcp_port(&first);
    settings.listen_addresses = both;
    assert_int_equal(open_listeners(&second, &settings), -1);
    assert_non_null(strstr(complaint, "in use"));
    assert_int_equal(second.count, 0);
    listeners_close(&first);
}

static void an_address_that_is_none_is_complained_about(void **state)
{
    char address[] = "fooble.invalid";
    struct settings settings = any_port(address);
    struct listeners listeners;

    (void)state;
    assert_int_equal(open_listeners(&listeners, &settings), -1);
    assert_non_null(strstr(complaint, "cannot listen on fooble.invalid"));
}

static void port_zero_listens_nowhere(void **state)
{
    struct settings settings = {.tcp_port = 0, .backlog = 16};
    struct listeners listeners;

    (void)state;
    assert_int_equal(open_listeners(&listeners, &settings), 0);
    assert_int_equal(listeners.count, 0);
}

static void a_unix_socket_replaces_a_stale_one_and_is_removed(void **state)
{
    char path[64];
    struct settings settings = {.unix_path = path, .unix_mask = 0600, .backlog = 16};
    struct listeners listeners;

    (void)state;
    snprintf(path, sizeof(path), "/tmp/cacheserver-test-%ld.sock", (long)getpid());
    for (int round = 0; round < 2; round++) {
        assert_int_equal(open_listeners(&listeners, &settings), 0);
        assert_int_equal(access(path, F_OK), 0);
        if (round == 0) {
            free(listeners.unix_path);
            listeners.unix_path = NULL;
        }
        listeners_close(&listeners);
    }
    assert_int_equal(access(path, F_OK), -1);
}

static void a_path_that_cannot_be_a_socket_is_complained_about(void **state)
{
    char path[] = "/nonexistent/socket";
    struct settings settings = {.unix_path = path, .unix_mask = 0600, .backlog = 16};
    struct listeners listeners;

    (void)state;
    assert_int_equal(open_listeners(&listeners, &settings), -1);
    assert_non_null(strstr(complaint, "cannot listen on /nonexistent/socket: No such file"));
}

static void a_path_too_long_for_a_socket_is_complained_about(void **state)
{
    char path[300];
    struct settings settings = {.unix_path = path, .unix_mask = 0600, .backlog = 16};
    struct listeners listeners;

    (void)state;
    memset(path, 'p', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(open_listeners(&listeners, &settings), -1);
    assert_non_null(strstr(complaint, "too long"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_addresses_share_a_free_port),
        cmocka_unit_test(a_port_in_use_is_complained_about_and_nothing_stays_open),
        cmocka_unit_test(an_address_that_is_none_is_complained_about),
        cmocka_unit_test(port_zero_listens_nowhere),
        cmocka_unit_test(a_unix_socket_replaces_a_stale_one_and_is_removed),
        cmocka_unit_test(a_path_that_cannot_be_a_socket_is_complained_about),
        cmocka_unit_test(a_path_too_long_for_a_socket_is_complained_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
