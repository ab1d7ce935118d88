#include "tests/unit/cacheserver/cluster/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sysexits.h>

#include <cmocka.h>

#include "cacheserver/runtime/clock.h"

#define MAPPING "/arcus/cache_server_mapping/"

static const struct event no_event = {.kind = EVENT_NO_NODE};

static void the_mapping_is_looked_for_under_three_names(void **state)
{
    struct membership *m = script_begin();

    (void)state;
    assert_int_equal(begin_sync(m, &no_event), STATE_SYNCING);
    assert_string_equal(script.asked, "sync /arcus/cache_server_mapping");
    assert_int_equal(look_up_mapping(m, &no_event), STATE_MAPPING);
    assert_string_equal(script.asked, "list " MAPPING "127.0.0.1:11211");
    assert_int_equal(try_next_mapping(m, &no_event), STATE_MAPPING);
    assert_string_equal(script.asked, "list " MAPPING "host:11211");
    assert_int_equal(try_next_mapping(m, &no_event), STATE_MAPPING);
    assert_string_equal(script.asked, "list " MAPPING "127.0.0.1");
    assert_int_equal(try_next_mapping(m, &no_event), STATE_FAILED);
    assert_int_equal(membership_exit_status(m), EX_PROTOCOL);
    script_end(m);
}

static void a_proxy_is_not_looked_for_under_its_address_alone(void **state)
{
    struct membership *m = script_begin();

    (void)state;
    m->config.proxy = m->identity.node;
    look_up_mapping(m, &no_event);
    try_next_mapping(m, &no_event);
    assert_string_equal(script.asked, "list " MAPPING "host:11211");
    assert_int_equal(try_next_mapping(m, &no_event), STATE_FAILED);
    script_end(m);
}

static void the_znode_says_how_much_memory_there_is(void **state)
{
    struct membership *m = script_begin();

    (void)state;
    assert_int_equal(join(m, script_names("test^2026", NULL)), STATE_JOINING);
    assert_string_equal(script.asked,
                        "ephemeral /arcus/cache_list/test/127.0.0.1:11211-host 100MB");
    assert_string_equal(m->code, "test");
    assert_int_equal(script.forgotten_after, 0);
    assert_int_equal(no_cloud(m, &no_event), STATE_FAILED);
    script_end(m);
}

static void what_is_stored_is_forgotten_before_a_former_member_registers(void **state)
{
    struct membership *m = script_begin();

    (void)state;
    m->was_member = true;
    begin_sync(m, &no_event);
    join(m, script_names("test", NULL));
    assert_int_equal(script.forgotten_after, 1);
    assert_int_equal(script.requests, 2);
    script_end(m);
}

static void a_proxy_registers_nothing(void **state)
{
    struct membership *m = script_begin();

    (void)state;
    m->config.proxy = m->identity.node;
    assert_int_equal(join(m, script_names("test", NULL)), STATE_LISTING);
    assert_string_equal(script.asked, "watch /arcus/cache_list/test");
    script_end(m);
}

static void there_must_be_one_cloud_with_a_name_that_is_not_too_long(void **state)
{
    struct membership *m = script_begin();
    char code[130];

    (void)state;
    memset(code, 'c', sizeof(code) - 1);
    code[sizeof(code) - 1] = '\0';
    assert_int_equal(join(m, script_names(code, NULL)), STATE_FAILED);
    assert_int_equal(join(m, script_names(code + 1, NULL)), STATE_JOINING);
    assert_int_equal(join(m, script_names("one", "two", NULL)), STATE_FAILED);
    assert_int_equal(join(m, script_names(NULL, NULL)), STATE_FAILED);
    script_end(m);
}

static void a_znode_that_is_there_already_may_be_of_this_session(void **state)
{
    struct membership *m = script_begin();
    struct event owner = {.kind = EVENT_OK, .owner = 8};
    struct membership_view view;

    (void)state;
    join(m, script_names("test", NULL));
    assert_int_equal(ask_whose(m, &no_event), STATE_JOINED_BEFORE);
    assert_string_equal(script.asked, "owner /arcus/cache_list/test/127.0.0.1:11211-host");
    assert_int_equal(check_whose(m, &owner), STATE_FAILED);
    owner.owner = script.id;
    assert_int_equal(check_whose(m, &owner), STATE_LOG_ROOT);
    membership_look(m, &view);
    assert_true(view.ready);
    script_end(m);
}

static void lost_connections_give_no_more_time_to_join(void **state)
{
    struct membership *m = script_begin();

    (void)state;
    assert_int_equal(begin_joining(m), STATE_CONNECTING);
    uint64_t until = m->join_by_ms;
    assert_true(until <= clock_coarse_ms() + m->config.session_timeout_ms);
    begin_sync(m, &no_event);
    m->join_by_ms = until - 20000;
    assert_int_equal(reconnect(m, &no_event), STATE_CONNECTING);
    assert_true(m->deadline_ms == until - 20000);
    begin_sync(m, &no_event);
    assert_true(m->deadline_ms == until - 20000);
    script_end(m);
}

static void take_answer(void *arg, bool done)
{
    *(int *)arg = done;
}

static void a_rejoin_is_answered_when_the_server_is_registered(void **state)
{
    struct membership *m = script_begin();
    int answer = -1;
    struct event wish = {.kind = EVENT_REJOIN, .answer = take_answer, .answer_arg = &answer};

    (void)state;
    assert_int_equal(rejoin(m, &wish), STATE_CONNECTING);
    assert_null(wish.answer);
    join(m, script_names("test", NULL));
    assert_int_equal(answer, -1);
    begin_log(m, &no_event);
    assert_int_equal(answer, true);
    assert_null(m->rejoin);
    script_end(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_mapping_is_looked_for_under_three_names),
        cmocka_unit_test(a_proxy_is_not_looked_for_under_its_address_alone),
        cmocka_unit_test(the_znode_says_how_much_memory_there_is),
        cmocka_unit_test(what_is_stored_is_forgotten_before_a_former_member_registers),
        cmocka_unit_test(a_proxy_registers_nothing),
        cmocka_unit_test(there_must_be_one_cloud_with_a_name_that_is_not_too_long),
        cmocka_unit_test(a_znode_that_is_there_already_may_be_of_this_session),
        cmocka_unit_test(lost_connections_give_no_more_time_to_join),
        cmocka_unit_test(a_rejoin_is_answered_when_the_server_is_registered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
