#include "planner/apply/lazy_session.h"
#include "planner/base/clock.h"
#include "tests/unit/planner/observe/zk_server.h"

#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct zk_server server;
static int hook_calls, hook_result;

static int hook(void *data, struct zk_session *session, struct fault *fault)
{
    assert_ptr_equal(data, &server);
    assert_true(zk_session_is_connected(session));
    hook_calls++;
    return hook_result ? fault_set(fault, DIAG_LOCKED, "held by somebody") : 0;
}

static int start_server(void **state)
{
    (void)state;
    return zk_server_start(&server);
}

static int stop_server(void **state)
{
    (void)state;
    zk_server_remove(&server);
    return 0;
}

static void init(struct lazy_session *lazy, const char *connect)
{
    hook_calls = hook_result = 0;
    lazy_session_init(lazy, connect, NULL, NULL);
    lazy->on_session = hook;
    lazy->data = &server;
}

static void without_an_ensemble_there_is_no_session(void **state)
{
    struct lazy_session lazy;
    struct zk_session *session;
    struct fault fault;

    (void)state;
    init(&lazy, NULL);
    assert_int_equal(lazy_session_get(&lazy, clock_deadline_ms(1000), &session, &fault), -1);
    assert_int_equal(fault.code, DIAG_ZK_CONNECT);
    assert_null(lazy_session_deinit(&lazy));
}

static void an_ensemble_that_does_not_answer_is_a_fault_in_time(void **state)
{
    struct lazy_session lazy;
    struct zk_session *session;
    struct fault fault;
    int64_t start = clock_now_ms();

    (void)state;
    init(&lazy, "127.0.0.1:28998");
    assert_int_equal(lazy_session_get(&lazy, clock_deadline_ms(300), &session, &fault), -1);
    assert_int_equal(fault.code, DIAG_ZK_CONNECT);
    assert_true(clock_now_ms() - start < 30000);
    assert_int_equal(hook_calls, 0);
    assert_null(lazy_session_deinit(&lazy));
}

static void it_is_opened_once_and_the_hook_is_called(void **state)
{
    struct lazy_session lazy;
    struct zk_session *first, *second;
    struct fault fault;

    (void)state;
    init(&lazy, server.connect);
    assert_int_equal(lazy_session_get(&lazy, clock_deadline_ms(60000), &first, &fault), 0);
    assert_int_equal(lazy_session_get(&lazy, clock_deadline_ms(60000), &second, &fault), 0);
    assert_ptr_equal(first, second);
    assert_int_equal(hook_calls, 1);
    assert_ptr_equal(lazy_session_deinit(&lazy), first);
    zk_session_close(first);
}

static void a_session_that_is_open_already_is_used(void **state)
{
    struct lazy_session lazy;
    struct zk_session *open, *session;
    struct fault fault;

    (void)state;
    assert_int_equal(
        zk_session_open(server.connect, 5000, clock_deadline_ms(60000), NULL, &open, &fault), 0);
    init(&lazy, server.connect);
    lazy.current = open;
    assert_int_equal(lazy_session_get(&lazy, clock_deadline_ms(1000), &session, &fault), 0);
    assert_ptr_equal(session, open);
    assert_int_equal(hook_calls, 0);
    zk_session_close(lazy_session_deinit(&lazy));
}

static void a_hook_that_fails_closes_it_again(void **state)
{
    struct lazy_session lazy;
    struct zk_session *session;
    struct fault fault;

    (void)state;
    init(&lazy, server.connect);
    hook_result = -1;
    assert_int_equal(lazy_session_get(&lazy, clock_deadline_ms(60000), &session, &fault), -1);
    assert_string_equal(fault.text, "held by somebody");
    hook_result = 0;
    assert_int_equal(lazy_session_get(&lazy, clock_deadline_ms(60000), &session, &fault), 0);
    assert_int_equal(hook_calls, 2);
    zk_session_close(lazy_session_deinit(&lazy));
}

static void a_lost_connection_mends_itself(void **state)
{
    struct lazy_session lazy;
    struct zk_session *first, *second;
    struct fault fault;

    (void)state;
    init(&lazy, server.connect);
    assert_int_equal(lazy_session_get(&lazy, clock_deadline_ms(60000), &first, &fault), 0);
    zk_server_kill(&server);
    assert_int_equal(zk_server_restart(&server), 0);
    assert_int_equal(lazy_session_get(&lazy, clock_deadline_ms(60000), &second, &fault), 0);
    assert_ptr_equal(first, second);
    assert_int_equal(hook_calls, 1);
    zk_session_close(lazy_session_deinit(&lazy));
}

/* A server without its data knows no session any more: that is how an expired one looks. */
static void an_expired_session_is_replaced(void **state)
{
    struct lazy_session lazy;
    struct zk_session *old, *session;
    struct fault fault;
    char command[128];

    (void)state;
    init(&lazy, server.connect);
    assert_int_equal(lazy_session_get(&lazy, clock_deadline_ms(60000), &old, &fault), 0);
    zk_server_kill(&server);
    snprintf(command, sizeof(command), "rm -r %s/data", server.directory);
    assert_int_equal(system(command), 0);
    assert_int_equal(zk_server_restart(&server), 0);
    assert_int_equal(lazy_session_get(&lazy, clock_deadline_ms(60000), &session, &fault), 0);
    assert_ptr_not_equal(old, session);
    assert_true(zk_session_is_connected(session));
    assert_int_equal(hook_calls, 2);
    zk_session_close(lazy_session_deinit(&lazy));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_an_ensemble_there_is_no_session),
        cmocka_unit_test(an_ensemble_that_does_not_answer_is_a_fault_in_time),
        cmocka_unit_test(it_is_opened_once_and_the_hook_is_called),
        cmocka_unit_test(a_session_that_is_open_already_is_used),
        cmocka_unit_test(a_hook_that_fails_closes_it_again),
        cmocka_unit_test(a_lost_connection_mends_itself),
        cmocka_unit_test(an_expired_session_is_replaced),
    };

    return cmocka_run_group_tests(tests, start_server, stop_server);
}
