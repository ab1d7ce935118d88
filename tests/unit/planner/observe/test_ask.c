#include "planner/observe/ask.h"

#include "planner/base/clock.h"
#include "tests/unit/planner/observe/text_server.h"
#include "tests/unit/planner/observe/zk_server.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct ask ask_one(int port, const char *end, int64_t limit_ms)
{
    struct ask ask = {.host = "127.0.0.1", .port = port, .question = "stats\r\n", .end = end};

    ask_all(&ask, 1, clock_deadline_ms(limit_ms));
    return ask;
}

static void an_answer_ends_with_its_end_mark(void **state)
{
    struct text_server server = {.answer = "STAT pid 1\r\nEND\r\n", .keeps_open = true};
    struct ask ask;

    (void)state;
    text_server_start(&server);
    ask = ask_one(server.port, "END\r\n", 10000);
    assert_int_equal(ask.error, 0);
    assert_string_equal(str_text(&ask.answer), "STAT pid 1\r\nEND\r\n");
    asks_deinit(&ask, 1);
    text_server_stop(&server);
    assert_string_equal(server.question, "stats\r\n");
}

static void an_answer_without_end_mark_ends_with_the_stream(void **state)
{
    struct text_server server = {.answer = "Mode: leader\n"};
    struct ask ask;

    (void)state;
    text_server_start(&server);
    ask = ask_one(server.port, NULL, 60000);
    assert_int_equal(ask.error, 0);
    assert_string_equal(str_text(&ask.answer), "Mode: leader\n");
    asks_deinit(&ask, 1);
    text_server_stop(&server);
}

static void an_answer_cut_short_is_an_error(void **state)
{
    struct text_server server = {.answer = "STAT pid 1\r\nEN"};
    struct ask ask;

    (void)state;
    text_server_start(&server);
    ask = ask_one(server.port, "END\r\n", 10000);
    assert_int_equal(ask.error, EPROTO);
    asks_deinit(&ask, 1);
    text_server_stop(&server);
}

static void a_silent_server_costs_the_deadline_only(void **state)
{
    struct text_server server = {.answer = "", .keeps_open = true};
    int64_t start_ms;
    struct ask ask;

    (void)state;
    text_server_start(&server);
    start_ms = clock_now_ms();
    ask = ask_one(server.port, "END\r\n", 200);
    assert_int_equal(ask.error, ETIMEDOUT);
    assert_true(clock_now_ms() - start_ms >= 199);
    asks_deinit(&ask, 1);
    text_server_stop(&server);
}

static void an_endless_answer_is_cut_at_the_limit(void **state)
{
    struct text_server server = {.answer = "STAT x 1\r\n", .repeats = true};
    struct ask ask;

    (void)state;
    text_server_start(&server);
    ask = ask_one(server.port, "END\r\n", 60000);
    assert_int_equal(ask.error, EMSGSIZE);
    assert_true(ask.answer.length <= ASK_LIMIT);
    asks_deinit(&ask, 1);
    text_server_stop(&server);
}

static void a_closed_port_is_refused(void **state)
{
    struct ask ask = ask_one(free_port(), NULL, 60000);

    (void)state;
    assert_int_equal(ask.error, ECONNREFUSED);
    asks_deinit(&ask, 1);
}

static void a_name_that_is_no_address_is_unreachable(void **state)
{
    struct ask ask = {.host = "no such host", .port = 1, .question = "srvr"};

    (void)state;
    ask_all(&ask, 1, clock_deadline_ms(60000));
    assert_int_equal(ask.error, EHOSTUNREACH);
    asks_deinit(&ask, 1);
}

static void more_questions_than_the_window_are_all_answered(void **state)
{
    enum { COUNT = 400 };
    struct text_server server = {.answer = "STAT pid 1\r\nEND\r\n"};
    struct ask *asks = calloc(COUNT, sizeof(*asks));

    (void)state;
    text_server_start(&server);
    for (size_t i = 0; i < COUNT; i++)
        asks[i] = (struct ask){
            .host = "127.0.0.1", .port = server.port, .question = "stats\r\n", .end = "END\r\n"};
    asks[7].port = free_port();
    ask_all(asks, COUNT, clock_deadline_ms(60000));
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(asks[i].error, i == 7 ? ECONNREFUSED : 0);
    asks_deinit(asks, COUNT);
    free(asks);
    text_server_stop(&server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_ends_with_its_end_mark),
        cmocka_unit_test(an_answer_without_end_mark_ends_with_the_stream),
        cmocka_unit_test(an_answer_cut_short_is_an_error),
        cmocka_unit_test(a_silent_server_costs_the_deadline_only),
        cmocka_unit_test(an_endless_answer_is_cut_at_the_limit),
        cmocka_unit_test(a_closed_port_is_refused),
        cmocka_unit_test(a_name_that_is_no_address_is_unreachable),
        cmocka_unit_test(more_questions_than_the_window_are_all_answered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
