#include "cacheserver/cluster/zk_session.h"

#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/cacheserver/cluster/zoo.h"

static struct event_queue queue;
static struct zk_session *session;

/* The next event that is not about a connection coming or going. */
static struct event *next(void)
{
    for (;;) {
        struct event *event = event_queue_take(&queue, 30000);
        assert_non_null(event);
        if (event->kind != EVENT_CONNECTED && event->kind != EVENT_DISCONNECTED)
            return event;
        event_free(event);
    }
}

static void assert_answer(unsigned request, enum event_kind kind)
{
    struct event *event = next();

    assert_true(request > 0);
    assert_int_equal(event->request, request);
    assert_int_equal(event->kind, kind);
    assert_int_equal(event->session, 7);
    event_free(event);
}

static int set_up(void **state)
{
    struct zoo *zoo = *state;

    assert_int_equal(event_queue_init(&queue), 0);
    session = zk_session_open(zoo->server.connect, 10000, 7, &queue);
    assert_non_null(session);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    zk_session_close(session);
    event_queue_deinit(&queue);
    return 0;
}

static void requests_are_answered_by_number(void **state)
{
    (void)state;
    assert_answer(zk_session_sync(session, "/arcus"), EVENT_OK);
    assert_answer(zk_session_list(session, "/none", false), EVENT_NO_NODE);
    assert_answer(zk_session_create(session, ZOO_LIST "/a", "x", ZK_EPHEMERAL), EVENT_OK);
    assert_answer(zk_session_create(session, ZOO_LIST "/a", "x", ZK_EPHEMERAL), EVENT_NODE_EXISTS);
    unsigned request = zk_session_owner(session, ZOO_LIST "/a");
    struct event *event = next();
    assert_int_equal(event->request, request);
    assert_true(event->owner == zk_session_id(session));
    event_free(event);
    assert_int_equal(zk_session_timeout_ms(session), 10000);
}

static void what_the_library_refuses_has_no_number(void **state)
{
    (void)state;
    assert_int_equal(zk_session_create(session, "no/slash", "", ZK_PERSISTENT), 0);
    assert_int_equal(zk_session_list(session, "", true), 0);
}

static void the_names_come_with_the_answer_and_changes_after_it(void **state)
{
    struct zoo *zoo = *state;

    zoo_make(zoo, ZOO_LIST "/b", true);
    unsigned request = zk_session_list(session, ZOO_LIST, true);
    struct event *event = next();
    assert_int_equal(event->request, request);
    assert_int_equal(event->name_count, 1);
    assert_string_equal(event->names[0], "b");
    event_free(event);
    zoo_remove(zoo, ZOO_LIST "/b");
    event = next();
    assert_int_equal(event->kind, EVENT_LIST_CHANGED);
    event_free(event);
}

static void a_standalone_server_has_an_empty_configuration(void **state)
{
    (void)state;
    unsigned request = zk_session_config(session);
    struct event *event = next();
    assert_int_equal(event->request, request);
    assert_int_equal(event->kind, EVENT_OK);
    assert_string_equal(event->text, "");
    event_free(event);
}

static void servers_can_be_exchanged_and_nonsense_is_refused(void **state)
{
    struct zoo *zoo = *state;

    assert_non_null(zk_session_set_servers(session, "no-such-host.invalid:1"));
    assert_non_null(zk_session_set_servers(session, ","));
    assert_null(zk_session_set_servers(session, zoo->server.connect));
    assert_answer(zk_session_sync(session, "/arcus"), EVENT_OK);
}

static void a_server_that_goes_is_told_of_and_its_requests_are_lost(void **state)
{
    struct zoo *zoo = *state;

    assert_answer(zk_session_sync(session, "/arcus"), EVENT_OK);
    zk_server_freeze(&zoo->server);
    unsigned request = zk_session_sync(session, "/arcus");
    struct event *event = next();
    assert_int_equal(event->request, request);
    assert_int_equal(event->kind, EVENT_LOST);
    event_free(event);
    kill(zoo->server.pid, SIGCONT);
    assert_null(zk_session_open("no-such-host.invalid:1", 10000, 1, &queue));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(requests_are_answered_by_number),
        TEST(what_the_library_refuses_has_no_number),
        TEST(the_names_come_with_the_answer_and_changes_after_it),
        TEST(a_standalone_server_has_an_empty_configuration),
        TEST(servers_can_be_exchanged_and_nonsense_is_refused),
        TEST(a_server_that_goes_is_told_of_and_its_requests_are_lost),
    };
    return cmocka_run_group_tests(tests, zoo_set_up, zoo_tear_down);
}
