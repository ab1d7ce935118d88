#include "cacheserver/command/binary_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cacheserver/protocol/limits.h"
#include "tests/unit/cacheserver/command/fixture.h"

static enum binary_status status_of(const char *line)
{
    return binary_text_status(line, strlen(line));
}

static void add(struct binary_text *text, const char *word)
{
    binary_text_add(text, word, strlen(word));
}

static void assert_answer(const struct binary_text *text, const char *first, const char *second)
{
    const char *const expected[] = {first, second};
    size_t at = 0, len;

    for (unsigned i = 0; i < 2 && expected[i]; i++) {
        const char *line = binary_text_line(text, &at, &len);
        assert_non_null(line);
        assert_int_equal(len, strlen(expected[i]));
        assert_memory_equal(line, expected[i], len);
    }
}

static void a_command_is_run_with_words_that_hold_any_bytes(void **state)
{
    struct client *c = client_new();
    struct binary_text text;

    (void)state;
    binary_text_init(&text, "lop insert");
    binary_text_add(&text, "a key\r\n", 7);
    binary_text_format(&text, "%d", -1);
    binary_text_format(&text, "%u", 3);
    add(&text, "create");
    binary_text_add_attributes(&text, "\0\0\0\7\0\0\0\0\0\0\0\x64");
    assert_int_equal(binary_text_run(&text, &c->session, &c->context, "\r\nx", 3), BINARY_OK);
    assert_answer(&text, "CREATED_STORED", NULL);
    binary_text_deinit(&text, &c->context);
    binary_text_init(&text, "getattr");
    binary_text_add(&text, "a key\r\n", 7);
    add(&text, "flags");
    add(&text, "maxcount");
    assert_int_equal(binary_text_run(&text, &c->session, &c->context, NULL, 0), BINARY_OK);
    assert_answer(&text, "ATTR flags=7", "ATTR maxcount=100");
    binary_text_deinit(&text, &c->context);
    client_free(c);
}

static void the_answer_does_not_go_to_the_client(void **state)
{
    struct client *c = client_new();
    struct reply *reply = c->context.reply;
    struct binary_text text;

    (void)state;
    c->session.noreply = true;
    binary_text_init(&text, "version");
    assert_int_equal(binary_text_run(&text, &c->session, &c->context, NULL, 0), BINARY_OK);
    assert_answer(&text, "VERSION 1.15.0", NULL);
    assert_ptr_equal(c->context.reply, reply);
    assert_int_equal(reply->len, 0);
    binary_text_deinit(&text, &c->context);
    client_free(c);
}

static void what_was_refused_leaves_nothing_to_swallow(void **state)
{
    static char large[20000];
    struct client *c = client_new();
    struct binary_text text;

    (void)state;
    binary_text_init(&text, "sop insert");
    add(&text, "k");
    binary_text_format(&text, "%zu", sizeof(large));
    assert_int_equal(binary_text_run(&text, &c->session, &c->context, large, sizeof(large)),
                     BINARY_OK);
    assert_answer(&text, "CLIENT_ERROR too large value", NULL);
    assert_int_equal(c->session.swallow_left, 0);
    assert_int_equal(c->session.state, SESSION_LINE);
    binary_text_deinit(&text, &c->context);
    client_free(c);
}

static void a_command_that_the_server_lacks_is_not_supported(void **state)
{
    struct client *c = client_new();
    struct binary_text text;

    (void)state;
    binary_text_init(&text, "nonsense");
    assert_int_equal(binary_text_run(&text, &c->session, &c->context, NULL, 0),
                     BINARY_NOT_SUPPORTED);
    binary_text_deinit(&text, &c->context);
    client_free(c);
}

static void lines_of_status_have_their_numbers(void **state)
{
    (void)state;
    assert_int_equal(status_of("CREATED_STORED"), BINARY_OK);
    assert_int_equal(status_of("NOT_FOUND"), BINARY_NOT_FOUND);
    assert_int_equal(status_of("NOT_FOUND_ELEMENT"), BINARY_ELEMENT_NOT_FOUND);
    assert_int_equal(status_of("ATTR_ERROR bad value"), BINARY_BAD_VALUE);
    assert_int_equal(status_of("CLIENT_ERROR too large value"), BINARY_TOO_LARGE);
    assert_int_equal(status_of("CLIENT_ERROR bad data chunk"), BINARY_INVALID);
    assert_int_equal(status_of("SERVER_ERROR internal"), BINARY_INTERNAL);
    assert_int_equal(status_of("STORED "), BINARY_INTERNAL);
    assert_int_equal(status_of(""), BINARY_INTERNAL);
}

static void lines_end_with_or_without_a_carriage_return(void **state)
{
    struct client *c = client_new();
    struct binary_text text;
    size_t at = 0, len;

    (void)state;
    binary_text_init(&text, "version");
    text.reply = reply_new();
    reply_text(text.reply, "one\r\ntwo\n\r\nrest");
    assert_answer(&text, "one", "two");
    for (unsigned i = 0; i < 3; i++)
        assert_non_null(binary_text_line(&text, &at, &len));
    assert_int_equal(len, 0);
    assert_memory_equal(binary_text_line(&text, &at, &len), "rest", 4);
    assert_int_equal(len, 4);
    assert_null(binary_text_line(&text, &at, &len));
    binary_text_deinit(&text, &c->context);
    client_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_is_run_with_words_that_hold_any_bytes),
        cmocka_unit_test(the_answer_does_not_go_to_the_client),
        cmocka_unit_test(what_was_refused_leaves_nothing_to_swallow),
        cmocka_unit_test(a_command_that_the_server_lacks_is_not_supported),
        cmocka_unit_test(lines_of_status_have_their_numbers),
        cmocka_unit_test(lines_end_with_or_without_a_carriage_return),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
