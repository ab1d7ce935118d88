#include "planner/observe/zk_literals.h"

#include "planner/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void assert_literals(const char *connect, const char *expected)
{
    struct str literals = {0};
    struct fault fault = {0};

    assert_int_equal(zk_literals(connect, clock_deadline_ms(60000), NULL, &literals, &fault), 0);
    assert_string_equal(str_text(&literals), expected);
    str_deinit(&literals);
}

static void addresses_stay_as_they_are(void **state)
{
    (void)state;
    assert_literals("127.0.0.1:2181", "127.0.0.1:2181");
    assert_literals("10.0.0.1:1,10.0.0.2:2", "10.0.0.1:1,10.0.0.2:2");
}

static void names_become_addresses(void **state)
{
    (void)state;
    assert_literals("localhost:2181,10.0.0.1:2182", "127.0.0.1:2181,10.0.0.1:2182");
}

static void what_is_no_server_is_left_to_the_library(void **state)
{
    (void)state;
    assert_literals("", "");
    assert_literals("127.0.0.1", "127.0.0.1");
    assert_literals("127.0.0.1:port", "127.0.0.1:port");
    assert_literals("127.0.0.1:1/chroot", "127.0.0.1:1/chroot");
    assert_literals(":1", ":1");
}

static void an_unknown_name_is_left_out_unless_it_is_the_only_one(void **state)
{
    struct str literals = {0};
    struct fault fault = {0};

    (void)state;
    assert_literals("no-such-host.invalid:1,10.0.0.1:2", "10.0.0.1:2");
    assert_int_equal(
        zk_literals("no-such-host.invalid:1", clock_deadline_ms(60000), NULL, &literals, &fault),
        -1);
    assert_non_null(strstr(fault.text, "no-such-host.invalid"));
    str_deinit(&literals);
}

static void a_cancelled_lookup_ends(void **state)
{
    atomic_bool cancel = true;
    struct str literals = {0};
    struct fault fault = {0};

    (void)state;
    assert_int_equal(
        zk_literals("no-such-host.invalid:1", clock_deadline_ms(60000), &cancel, &literals, &fault),
        -1);
    str_deinit(&literals);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_stay_as_they_are),
        cmocka_unit_test(names_become_addresses),
        cmocka_unit_test(what_is_no_server_is_left_to_the_library),
        cmocka_unit_test(an_unknown_name_is_left_out_unless_it_is_the_only_one),
        cmocka_unit_test(a_cancelled_lookup_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
