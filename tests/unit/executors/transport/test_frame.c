#include "executors/transport/frame.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char nonce[] = "00112233445566778899aabbccddeeff";

static int feed_text(struct frame *frame, const char *text)
{
    return frame_feed(frame, text, strlen(text));
}

static void what_lies_between_the_marks_is_kept_however_it_is_cut(void **state)
{
    char stream[512];
    size_t length;

    (void)state;
    length = (size_t)snprintf(stream, sizeof(stream),
                              "Welcome!\n%s:begi\n%s:begin\nline\nno end%s:end:7\nchild", nonce,
                              nonce, nonce);
    for (size_t piece = 1; piece <= length; piece++) {
        struct frame frame;

        frame_init(&frame, nonce, 1000, false);
        for (size_t at = 0; at < length; at += piece)
            assert_int_equal(
                frame_feed(&frame, stream + at, length - at < piece ? length - at : piece), 0);
        assert_int_equal(frame.state, FRAME_ENDED);
        assert_int_equal(frame.status, 7);
        assert_string_equal(str_text(&frame.kept), "line\nno end");
        frame_deinit(&frame);
    }
}

static void a_stream_without_marks_keeps_the_noise_for_the_message(void **state)
{
    struct frame frame;

    (void)state;
    frame_init(&frame, nonce, 10, false);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(feed_text(&frame, "a password is required\n"), 0);
    assert_int_equal(frame.state, FRAME_BEFORE);
    assert_true(frame.kept.length >= 4096 && frame.kept.length < 10000);
    assert_non_null(strstr(frame.kept.data, "a password is required\n"));
    frame_deinit(&frame);
}

static void output_may_be_as_long_as_the_limit_and_no_longer(void **state)
{
    struct frame frame;
    char end[64];

    (void)state;
    for (size_t size = 999; size <= 1001; size++) {
        int result;

        frame_init(&frame, nonce, 1000, false);
        feed_text(&frame, frame.begin);
        for (size_t i = 0; i < size; i++)
            feed_text(&frame, "x");
        snprintf(end, sizeof(end), "%s:end:0\n", nonce);
        result = feed_text(&frame, end);
        assert_int_equal(result, size > 1000);
        frame_deinit(&frame);
    }
}

static void endless_output_is_refused_without_an_end_mark(void **state)
{
    struct frame frame;
    int result = 0;

    (void)state;
    frame_init(&frame, nonce, 1000, false);
    feed_text(&frame, frame.begin);
    for (int i = 0; i < 2000 && !result; i++)
        result = feed_text(&frame, "x");
    assert_int_equal(result, 1);
    frame_deinit(&frame);
}

static void of_a_tail_the_newest_bytes_stay(void **state)
{
    struct frame frame;
    char line[64];

    (void)state;
    frame_init(&frame, nonce, 200, true);
    feed_text(&frame, frame.begin);
    for (int i = 0; i < 5000; i++) {
        snprintf(line, sizeof(line), "line %d\n", i);
        assert_int_equal(feed_text(&frame, line), 0);
    }
    snprintf(line, sizeof(line), "%s:end:137\n", nonce);
    feed_text(&frame, line);
    assert_int_equal(frame.state, FRAME_ENDED);
    assert_int_equal(frame.status, 137);
    assert_true(frame.kept.length <= 200);
    assert_non_null(strstr(frame.kept.data, "line 4998\nline 4999\n"));
    frame_deinit(&frame);
}

static void bytes_that_are_no_text_stay_what_they_are(void **state)
{
    const char bytes[] = {'a', '\0', '\xff', '\n', '\0'};
    struct frame frame;
    char end[64];

    (void)state;
    frame_init(&frame, nonce, 100, false);
    feed_text(&frame, frame.begin);
    frame_feed(&frame, bytes, sizeof(bytes));
    snprintf(end, sizeof(end), "%s:end:0\n", nonce);
    feed_text(&frame, end);
    assert_int_equal(frame.kept.length, sizeof(bytes));
    assert_memory_equal(frame.kept.data, bytes, sizeof(bytes));
    frame_deinit(&frame);
}

static void two_nonces_differ(void **state)
{
    char one[FRAME_NONCE_SIZE], two[FRAME_NONCE_SIZE];

    (void)state;
    frame_make_nonce(one);
    frame_make_nonce(two);
    assert_int_equal(strlen(one), FRAME_NONCE_SIZE - 1);
    assert_string_not_equal(one, two);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_lies_between_the_marks_is_kept_however_it_is_cut),
        cmocka_unit_test(a_stream_without_marks_keeps_the_noise_for_the_message),
        cmocka_unit_test(output_may_be_as_long_as_the_limit_and_no_longer),
        cmocka_unit_test(endless_output_is_refused_without_an_end_mark),
        cmocka_unit_test(of_a_tail_the_newest_bytes_stay),
        cmocka_unit_test(bytes_that_are_no_text_stay_what_they_are),
        cmocka_unit_test(two_nonces_differ),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
