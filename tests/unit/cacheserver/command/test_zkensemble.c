#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/cacheserver/command/fixture.h"

static const char bad_format[] = "CLIENT_ERROR bad command line format\r\n";

static void the_servers_in_use_are_shown(void **state)
{
    struct client *c = client_new();

    (void)state;
    c->zk_servers = "zk1:2181,zk2:2181";
    assert_string_equal(say(c, "zkensemble get\r\n"), "zk1:2181,zk2:2181\r\n\n\r\n");
    client_free(c);
}

static void other_servers_are_handed_on(void **state)
{
    struct client *c = client_new();

    (void)state;
    c->zk_servers = "zk1:2181";
    assert_string_equal(say(c, "zkensemble set zk3:1,zk4:2\r\n"), "");
    assert_string_equal(c->new_servers, "zk3:1,zk4:2");
    wait_answer(c->wait, true);
    assert_string_equal(say(c, ""), "OK\r\n");
    assert_string_equal(say(c, "zkensemble set nonsense\r\n"), "");
    wait_answer(c->wait, false);
    assert_string_equal(say(c, ""),
                        "ERROR failed to set the new ensemble address (check logs)\r\n");
    client_free(c);
}

static void other_forms_are_badly_formatted(void **state)
{
    struct client *c = client_new();

    (void)state;
    c->zk_servers = "zk1:2181";
    assert_string_equal(say(c, "zkensemble get it\r\n"), bad_format);
    assert_string_equal(say(c, "zkensemble rejoin it\r\n"), bad_format);
    assert_string_equal(say(c, "zkensemble set\r\n"), bad_format);
    assert_string_equal(say(c, "zkensemble set a:1 b:2\r\n"), bad_format);
    assert_string_equal(say(c, "zkensemble leave\r\n"), bad_format);
    assert_string_equal(say(c, "zkensemble\r\n"), "ERROR unknown command\r\n");
    client_free(c);
}

static void settings_of_the_cloud_go_through(void **state)
{
    struct client *c = client_new();

    (void)state;
    c->cloud_numbers[CLOUD_HB_COUNT] = 7;
    c->cloud_numbers[CLOUD_HB_LATENCY_MS] = 9;
    assert_string_equal(say(c, "config zkfailstop\r\n"), "zkfailstop off\r\nEND\r\n");
    assert_string_equal(say(c, "config zkfailstop on\r\n"), "END\r\n");
    assert_string_equal(say(c, "config hbtimeout 77\r\n"), "END\r\n");
    assert_string_equal(say(c, "config hbtimeout\r\n"), "hbtimeout 77\r\nEND\r\n");
    assert_string_equal(say(c, "config hbfailstop 13\r\n"), "CLIENT_ERROR bad value\r\n");
    assert_non_null(strstr(say(c, "stats\r\n"), "STAT hb_count 7\r\nSTAT hb_latency 9\r\n"));
    assert_non_null(strstr(say(c, "stats settings\r\n"),
                           "STAT hb_timeout 77\r\nSTAT hb_failstop 0\r\nSTAT logger"));
    client_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_servers_in_use_are_shown),
        cmocka_unit_test(other_servers_are_handed_on),
        cmocka_unit_test(other_forms_are_badly_formatted),
        cmocka_unit_test(settings_of_the_cloud_go_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
