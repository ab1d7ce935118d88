#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cacheserver/command/pipe.h"
#include "cacheserver/protocol/limits.h"

static const char *collected(struct reply *reply)
{
    static char text[1 << 20];
    struct iovec vector;
    size_t n = 0;

    while (reply_vectors(reply, &vector, 1)) {
        memcpy(text + n, vector.iov_base, vector.iov_len);
        n += vector.iov_len;
        reply_sent(reply, vector.iov_len);
    }
    text[n] = '\0';
    reply_reset(reply, NULL);
    return text;
}

static void give(struct pipe *pipe, struct reply *reply, bool more, const char *line)
{
    pipe_begin(pipe, more);
    if (pipe_drops(pipe))
        pipe_drop(pipe);
    else
        pipe_add(pipe, reply, line);
}

static void lines_come_together_behind_their_number(void **state)
{
    struct reply *reply = reply_new();
    struct pipe pipe = {0};

    (void)state;
    give(&pipe, reply, true, "STORED\r\n");
    give(&pipe, reply, true, "NOT_FOUND\r\n");
    assert_string_equal(collected(reply), "");
    give(&pipe, reply, false, "17\r\n");
    assert_string_equal(collected(reply), "RESPONSE 3\r\nSTORED\r\nNOT_FOUND\r\n17\r\nEND\r\n");
    assert_int_equal(pipe.state, PIPE_OFF);
    assert_null(pipe.lines);
    reply_free(reply, NULL);
}

static void an_error_ends_the_batch_and_the_rest_of_it_is_dropped(void **state)
{
    struct reply *reply = reply_new();
    struct pipe pipe = {0};

    (void)state;
    give(&pipe, reply, true, "STORED\r\n");
    give(&pipe, reply, true, "CLIENT_ERROR bad value\r\n");
    assert_string_equal(
        collected(reply),
        "RESPONSE 2\r\nSTORED\r\nCLIENT_ERROR bad value\r\nPIPE_ERROR bad error\r\n");
    give(&pipe, reply, true, "STORED\r\n");
    assert_int_equal(pipe.state, PIPE_FAILED);
    give(&pipe, reply, false, "STORED\r\n");
    assert_string_equal(collected(reply), "");
    assert_int_equal(pipe.state, PIPE_OFF);
    reply_free(reply, NULL);
}

static void an_error_of_the_last_request_leaves_nothing_to_drop(void **state)
{
    struct reply *reply = reply_new();
    struct pipe pipe = {0};

    (void)state;
    give(&pipe, reply, true, "STORED\r\n");
    give(&pipe, reply, false, "SERVER_ERROR out of memory\r\n");
    assert_string_equal(
        collected(reply),
        "RESPONSE 2\r\nSTORED\r\nSERVER_ERROR out of memory\r\nPIPE_ERROR bad error\r\n");
    assert_int_equal(pipe.state, PIPE_OFF);
    reply_free(reply, NULL);
}

static void the_batch_may_have_so_many_requests_and_no_more(void **state)
{
    struct reply *reply = reply_new();
    struct pipe pipe = {0};

    (void)state;
    for (unsigned i = 1; i < LIMIT_PIPE_REQUESTS; i++)
        give(&pipe, reply, true, "STORED\r\n");
    give(&pipe, reply, false, "STORED\r\n");
    const char *reply_text = collected(reply);
    assert_memory_equal(reply_text, "RESPONSE 500\r\nSTORED\r\n", 22);
    assert_string_equal(reply_text + strlen(reply_text) - 13, "STORED\r\nEND\r\n");

    for (unsigned i = 0; i < LIMIT_PIPE_REQUESTS; i++)
        give(&pipe, reply, true, "STORED\r\n");
    reply_text = collected(reply);
    assert_string_equal(reply_text + strlen(reply_text) - 29, "PIPE_ERROR command overflow\r\n");
    assert_int_equal(pipe.state, PIPE_FAILED);
    pipe_deinit(&pipe);
    reply_free(reply, NULL);
}

static void long_lines_fill_the_batch_before_its_number_does(void **state)
{
    struct reply *reply = reply_new();
    struct pipe pipe = {0};
    char line[LIMIT_PIPE_LINE * 2 + 1];

    (void)state;
    memset(line, 'x', sizeof(line) - 1);
    memcpy(line + sizeof(line) - 3, "\r\n", 3);
    for (unsigned i = 0; i < LIMIT_PIPE_REQUESTS / 2; i++)
        give(&pipe, reply, true, line);
    const char *reply_text = collected(reply);
    assert_string_equal(reply_text + strlen(reply_text) - 28, "PIPE_ERROR memory overflow\r\n");
    pipe_deinit(&pipe);
    reply_free(reply, NULL);
}

static void a_batch_can_be_finished_before_its_last_request(void **state)
{
    struct reply *reply = reply_new();
    struct pipe pipe = {0};

    (void)state;
    give(&pipe, reply, true, "STORED\r\n");
    pipe_finish(&pipe, reply);
    assert_int_equal(pipe.state, PIPE_OFF);
    pipe_finish(&pipe, reply);
    assert_string_equal(collected(reply), "RESPONSE 1\r\nSTORED\r\nEND\r\n");
    reply_free(reply, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_come_together_behind_their_number),
        cmocka_unit_test(an_error_ends_the_batch_and_the_rest_of_it_is_dropped),
        cmocka_unit_test(an_error_of_the_last_request_leaves_nothing_to_drop),
        cmocka_unit_test(the_batch_may_have_so_many_requests_and_no_more),
        cmocka_unit_test(a_batch_can_be_finished_before_its_last_request),
        cmocka_unit_test(long_lines_fill_the_batch_before_its_number_does),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
