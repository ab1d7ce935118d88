#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cacheserver/protocol/limits.h"
#include "tests/unit/cacheserver/command/fixture.h"

static int set_up(void **state)
{
    *state = client_new();
    return 0;
}

static int tear_down(void **state)
{
    client_free(*state);
    return 0;
}

static void requests_that_come_together_are_answered_together(void **state)
{
    assert_string_equal(say(*state, "set a 0 0 1\r\nx\r\nget a\r\nversion\r\n"),
                        "STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\nVERSION 1.15.0\r\n");
}

static void a_request_may_come_byte_by_byte(void **state)
{
    static const char input[] = "set a 0 0 3\r\nxyz\r\n";
    struct client *c = *state;

    for (size_t i = 0; i + 2 < sizeof(input); i++)
        assert_string_equal(say_bytes(c, input + i, 1), "");
    assert_string_equal(say(c, "\n"), "STORED\r\n");
}

static void a_session_that_ends_in_a_value_frees_it(void **state)
{
    struct client *c = *state;

    say(c, "set a 0 0 100000\r\nxyz");
    assert_int_equal(c->session.state, SESSION_VALUE);
    session_deinit(&c->session, c->base->thread);
    assert_int_equal(count_of(c->base, STORE_ITEMS), 0);
    assert_null(c->session.item);
}

static void large_values_may_be_received_in_place(void **state)
{
    struct client *c = *state;
    size_t room, left = 100000;

    say(c, "set a 0 0 5\r\n12");
    assert_null(session_value_room(&c->session, &room));
    say(c, "345\r\nset b 0 0 100000\r\n");
    while (left > 0) {
        char *at = session_value_room(&c->session, &room);
        if (!at)
            break;
        memset(at, 'b', room);
        session_value_received(&c->session, room);
        left -= room;
    }
    while (left-- > 0)
        say(c, "b");
    assert_string_equal(say(c, "\r\n"), "STORED\r\n");
    char *value = get(c->base, "b");
    assert_int_equal(strlen(value), 100000);
    assert_int_equal(strspn(value, "b"), 100000);
    free(value);
}

static void a_full_reply_stops_the_session_until_it_is_sent(void **state)
{
    struct client *c = *state;
    static char input[300 * 1000];
    size_t len = 0;

    put(c->base, "k", "0123456789012345678901234567890123456789");
    for (unsigned i = 0; i < 20000; i++)
        len += (size_t)sprintf(input + len, "get k\r\n");
    size_t done = session_input(&c->session, &c->context, input, len);
    assert_true(done < len);
    assert_true(c->context.reply->len < LIMIT_REPLY_BUFFERED + 4096);
    reply_reset(c->context.reply, c->base->thread);
    assert_true(session_input(&c->session, &c->context, input + done, len - done) > 0);
}

static void quit_ends_the_session(void **state)
{
    struct client *c = *state;

    assert_string_equal(say(c, "quit\r\nversion\r\n"), "");
    assert_true(c->session.closing);
}

static void an_endless_line_ends_the_session(void **state)
{
    struct client *c = *state;

    for (unsigned i = 0; i <= LIMIT_LINE / 8 && !c->session.closing; i++)
        say(c, "endless ");
    assert_true(c->session.closing);
}

static void noreply_holds_for_one_request(void **state)
{
    assert_string_equal(say(*state, "set a 0 0 1 noreply\r\nx\r\nset a 0 0 1\r\nx\r\n"),
                        "STORED\r\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(requests_that_come_together_are_answered_together),
        TEST(a_request_may_come_byte_by_byte),
        TEST(a_session_that_ends_in_a_value_frees_it),
        TEST(large_values_may_be_received_in_place),
        TEST(a_full_reply_stops_the_session_until_it_is_sent),
        TEST(quit_ends_the_session),
        TEST(an_endless_line_ends_the_session),
        TEST(noreply_holds_for_one_request),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
