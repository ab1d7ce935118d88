#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/unit/cacheserver/command/fixture.h"

static void every_command_is_found_by_its_whole_name_only(void **state)
{
    struct client *c = client_new();

    (void)state;
    for (size_t i = 0; i < command_count; i++) {
        const char *name = commands[i].name;
        if (commands[i].traits & (OF_SCRUB_EXTENSION | OF_EXAMPLE_EXTENSION))
            continue;
        assert_ptr_equal(command_find(&c->shared, name, strlen(name)), &commands[i]);
        const struct command *shorter = command_find(&c->shared, name, strlen(name) - 1);
        assert_true(!shorter || strlen(shorter->name) == strlen(name) - 1);
    }
    assert_null(command_find(&c->shared, "", 0));
    assert_null(command_find(&c->shared, "GET", 3));
    assert_null(command_find(&c->shared, "versions", 8));
    client_free(c);
}

static void every_row_is_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_count; i++) {
        assert_non_null(commands[i].run);
        assert_true(commands[i].word_counts != 0);
        assert_non_null(
            strstr("kv meta list set map btree attr scan admin example", commands[i].help_group));
        assert_memory_equal(commands[i].syntax, commands[i].name, strlen(commands[i].name));
    }
}

static void readiness_and_membership_come_from_above(void **state)
{
    struct client *c = client_new();

    (void)state;
    assert_string_equal(say(c, "ready\r\n"), "NOT_READY\r\n");
    c->ready = true;
    assert_string_equal(say(c, "ready\r\n"), "READY\r\n");
    assert_string_equal(say(c, "stats zookeeper\r\n"), "STAT zk_ready true\r\nEND\r\n");
    assert_string_equal(say(c, "config maxconns 77\r\n"), "END\r\n");
    assert_int_equal(c->max_connections, 77);
    client_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_command_is_found_by_its_whole_name_only),
        cmocka_unit_test(every_row_is_complete),
        cmocka_unit_test(readiness_and_membership_come_from_above),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
