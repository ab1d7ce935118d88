#include "planner/observe/live_stats.h"

#include "planner/base/clock.h"
#include "tests/unit/planner/observe/text_server.h"
#include "tests/unit/planner/observe/zk_server.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static struct arena *arena;
static struct world world;

static int set_up(void **state)
{
    (void)state;
    arena = arena_new();
    world_init(&world, arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    world_deinit(&world);
    arena_free(arena);
    return 0;
}

static struct fact *add_node(int port, enum presence presence, enum witness said_by)
{
    struct fact *fact = world_fact(&world, arena_printf(arena, "node/c/127.0.0.1:%d", port));

    fact->presence = presence;
    fact->said_by = said_by;
    return fact;
}

static void add_stats(void)
{
    live_stats_add(&world, clock_deadline_ms(60000), arena);
}

static void running_nodes_say_what_they_hold(void **state)
{
    struct text_server server = {.answer = "STAT pid 9\r\nSTAT uptime 77\r\nSTAT curr_items 12\r\n"
                                           "STAT bytes 3400\r\nSTAT version 1.15.0\r\n"
                                           "STAT limit_maxbytes 1048576\r\nSTAT cmd_get 10\r\n"
                                           "STAT get_hits 9\r\nSTAT curr_connections 5\r\nEND\r\n",
                                 .keeps_open = true};
    struct fact *fact;

    (void)state;
    text_server_start(&server);
    fact = add_node(server.port, PRESENCE_PRESENT, WITNESS_HOST);
    add_stats();
    assert_string_equal(attrs_value(&fact->attrs, "live.items"), "12");
    assert_string_equal(attrs_value(&fact->attrs, "live.uptime"), "77");
    assert_string_equal(attrs_value(&fact->attrs, "live.bytes"), "3400");
    assert_string_equal(attrs_value(&fact->attrs, "live.limit_bytes"), "1048576");
    assert_string_equal(attrs_value(&fact->attrs, "live.gets"), "10");
    assert_string_equal(attrs_value(&fact->attrs, "live.hits"), "9");
    assert_string_equal(attrs_value(&fact->attrs, "live.connections"), "5");
    assert_string_equal(attrs_value(&fact->attrs, "live.version"), "1.15.0");
    assert_int_equal(fact->attrs.count, 8);
    assert_null(fact->note);
    text_server_stop(&server);
}

static void a_node_that_does_not_answer_is_noted(void **state)
{
    struct fact *fact;

    (void)state;
    fact = add_node(free_port(), PRESENCE_PRESENT, WITNESS_HOST);
    add_stats();
    assert_non_null(strstr(fact->note, "does not answer"));
    assert_int_equal(fact->attrs.count, 0);
}

static void only_nodes_that_run_are_asked(void **state)
{
    struct fact *absent, *told, *cloud;

    (void)state;
    absent = add_node(free_port(), PRESENCE_ABSENT, WITNESS_HOST);
    told = add_node(free_port(), PRESENCE_PRESENT, WITNESS_STATE);
    cloud = world_fact(&world, "cloud/c");
    cloud->presence = PRESENCE_PRESENT;
    cloud->said_by = WITNESS_HOST;
    add_stats();
    assert_null(absent->note);
    assert_null(told->note);
    assert_null(cloud->note);
}

static void odd_lines_are_passed_over(void **state)
{
    struct text_server server = {.answer = "STAT\r\nSTAT uptime\r\nSTAT uptime \r\nSTATuptime 1\r\n"
                                           "STAT curr_items 1\r\nSTAT curr_items 2\r\n\r\nEND\r\n"};
    struct fact *fact;

    (void)state;
    text_server_start(&server);
    fact = add_node(server.port, PRESENCE_PRESENT, WITNESS_HOST);
    add_stats();
    assert_int_equal(fact->attrs.count, 1);
    assert_string_equal(attrs_value(&fact->attrs, "live.items"), "1");
    text_server_stop(&server);
}

#define stats_test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        stats_test(running_nodes_say_what_they_hold),
        stats_test(a_node_that_does_not_answer_is_noted),
        stats_test(only_nodes_that_run_are_asked),
        stats_test(odd_lines_are_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
