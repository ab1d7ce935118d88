#include "cacheserver/command/wait.h"

#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/unit/cacheserver/command/fixture.h"

static struct client *client_in_cloud(void)
{
    struct client *c = client_new();
    c->zk_servers = "zk1:2181,zk2:2181";
    return c;
}

static void the_answer_is_said_when_it_comes(void **state)
{
    struct client *c = client_in_cloud();

    (void)state;
    assert_string_equal(say(c, "zkensemble rejoin\r\n"), "");
    assert_true(session_is_waiting(&c->session));
    assert_false(session_has_work(&c->session));
    wait_answer(c->wait, true);
    assert_true(session_has_work(&c->session));
    assert_string_equal(say(c, ""), "Successfully rejoined\r\n");
    assert_false(session_is_waiting(&c->session));
    assert_string_equal(say(c, "zkensemble rejoin\r\n"), "");
    wait_answer(c->wait, false);
    assert_string_equal(say(c, ""), "ERROR failed to rejoin ensemble\r\n");
    client_free(c);
}

static void later_requests_wait_with_it(void **state)
{
    struct client *c = client_in_cloud();

    (void)state;
    assert_string_equal(say(c, "version\r\nzkensemble set h:1\r\nversion\r\n"),
                        "VERSION 1.15.0\r\n");
    assert_string_equal(say(c, "quit\r\n"), "");
    wait_answer(c->wait, true);
    assert_string_equal(say(c, ""), "OK\r\nVERSION 1.15.0\r\n");
    assert_true(c->session.closing);
    client_free(c);
}

static void an_answer_at_once_is_as_good(void **state)
{
    struct client *c = client_in_cloud();
    struct command_wait *wait = wait_begin(&c->session, &c->context, "yes\r\n", "no\r\n");

    (void)state;
    wait_answer(wait, false);
    assert_string_equal(say(c, "version\r\n"), "no\r\nVERSION 1.15.0\r\n");
    client_free(c);
}

static void the_worker_is_woken_unless_its_session_has_gone(void **state)
{
    struct client *c = client_in_cloud();
    struct pollfd wake = {.fd = eventfd(0, EFD_NONBLOCK), .events = POLLIN};
    uint64_t count;

    (void)state;
    c->context.wake_fd = wake.fd;
    assert_string_equal(say(c, "zkensemble rejoin\r\n"), "");
    assert_int_equal(poll(&wake, 1, 0), 0);
    wait_answer(c->wait, true);
    assert_int_equal(poll(&wake, 1, 0), 1);
    assert_int_equal(read(wake.fd, &count, sizeof(count)), sizeof(count));
    assert_string_equal(say(c, "zkensemble rejoin\r\n"), "Successfully rejoined\r\n");
    struct command_wait *late = c->wait;
    client_free(c);
    wait_answer(late, true);
    assert_int_equal(poll(&wake, 1, 0), 0);
    close(wake.fd);
}

static void *answer(void *wait)
{
    wait_answer(wait, true);
    return NULL;
}

static void an_answer_may_meet_the_end_of_the_session(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        struct client *c = client_in_cloud();
        pthread_t thread;
        assert_string_equal(say(c, "zkensemble rejoin\r\n"), "");
        assert_int_equal(pthread_create(&thread, NULL, answer, c->wait), 0);
        client_free(c);
        pthread_join(thread, NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_is_said_when_it_comes),
        cmocka_unit_test(later_requests_wait_with_it),
        cmocka_unit_test(an_answer_at_once_is_as_good),
        cmocka_unit_test(the_worker_is_woken_unless_its_session_has_gone),
        cmocka_unit_test(an_answer_may_meet_the_end_of_the_session),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
