#include "tests/unit/cacheserver/cluster/script.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sysexits.h>

#include <cmocka.h>

static const struct event no_event;

static void who_cannot_join_at_the_start_ends_with_a_status(void **state)
{
    const struct event late = {.kind = EVENT_DEADLINE};
    struct membership *m = script_begin();

    (void)state;
    assert_int_equal(cannot_join(m, &late), STATE_FAILED);
    assert_int_equal(membership_exit_status(m), EX_PROTOCOL);
    assert_true(script_is_fatal(m));
    assert_int_equal(script.closed, 1);
    script_end(m);
}

static void who_was_a_member_before_pauses_instead(void **state)
{
    const struct event failure = {.kind = EVENT_FAILED};
    struct membership *m = script_begin();

    (void)state;
    m->was_member = true;
    assert_int_equal(cannot_join(m, &failure), STATE_PAUSED);
    assert_false(script_is_fatal(m));
    assert_null(m->session);
    script_end(m);
}

static void a_refused_authentication_has_a_status_of_its_own(void **state)
{
    struct membership *m = script_begin();

    (void)state;
    m->was_member = true;
    assert_int_equal(refuse_auth(m, &no_event), STATE_FAILED);
    assert_int_equal(membership_exit_status(m), EX_NOPERM);
    assert_true(script_is_fatal(m));
    script_end(m);
}

static void it_ends_a_membership_in_whatever_state(void **state)
{
    const struct membership_config config = {
        .ensemble = "127.0.0.1:2181", .session_timeout_ms = 30000, .port = 11211};
    struct membership *m = membership_start(&config);
    struct pollfd fatal = {.fd = membership_fatal_fd(m), .events = POLLIN};

    (void)state;
    event_queue_put(&m->queue, event_new(EVENT_AUTH_FAILED, 0));
    assert_int_equal(poll(&fatal, 1, 60000), 1);
    assert_int_equal(membership_exit_status(m), EX_NOPERM);
    assert_int_equal(membership_leave(m, 60000), 0);
    membership_free(m);
}

static void an_expired_session_ends_the_process_only_with_failstop(void **state)
{
    struct membership *m = script_begin();

    (void)state;
    assert_int_equal(expire(m, &no_event), STATE_PAUSED);
    assert_true(m->was_member);
    assert_false(script_is_fatal(m));
    membership_set_failstop(m, true);
    assert_int_equal(expire(m, &no_event), STATE_FAILED);
    assert_int_equal(membership_exit_status(m), EX_TEMPFAIL);
    assert_true(script_is_fatal(m));
    script_end(m);
}

static void a_proxy_does_not_serve_outside_the_cloud(void **state)
{
    struct membership *m = script_begin();

    (void)state;
    m->config.proxy = "10.0.0.1:11211";
    assert_int_equal(pause_membership(m, "a test"), STATE_FAILED);
    assert_int_equal(membership_exit_status(m), EX_PROTOCOL);
    script_end(m);
}

static void take_answer(void *arg, bool done)
{
    *(int *)arg = done;
}

static void nothing_is_left_of_a_membership_that_ended(void **state)
{
    const char *names[] = {"127.0.0.1:11211-host"};
    struct membership *m = script_begin();
    struct membership_view view;
    unsigned session = m->session_number;
    int answer = -1;

    (void)state;
    atomic_store(&m->ready, true);
    atomic_store(&m->members, 1);
    show_ring(m, ring_view_new(names, 1, m->identity.node));
    m->rejoin = event_new(EVENT_REJOIN, 0);
    m->rejoin->answer = take_answer;
    m->rejoin->answer_arg = &answer;
    await(m, 3);
    assert_int_equal(leave(m, &no_event), STATE_LEFT);
    assert_int_equal(answer, false);
    membership_look(m, &view);
    assert_false(view.ready || view.connected || view.members);
    assert_null(membership_ring(m));
    assert_int_equal(m->request, 0);
    assert_true(m->deadline_ms == FOREVER);
    assert_int_equal(m->session_number, session + 1);
    script_end(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_cannot_join_at_the_start_ends_with_a_status),
        cmocka_unit_test(who_was_a_member_before_pauses_instead),
        cmocka_unit_test(a_refused_authentication_has_a_status_of_its_own),
        cmocka_unit_test(it_ends_a_membership_in_whatever_state),
        cmocka_unit_test(an_expired_session_ends_the_process_only_with_failstop),
        cmocka_unit_test(a_proxy_does_not_serve_outside_the_cloud),
        cmocka_unit_test(nothing_is_left_of_a_membership_that_ended),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
