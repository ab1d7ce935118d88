#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cacheserver/command/keys_line.h"
#include "tests/unit/cacheserver/command/fixture.h"

static unsigned tasks_freed;

static void free_task(void *task)
{
    tasks_freed++;
    free(task);
}

/* One key a slice. */
static void answer(struct session *session, struct command_context *context)
{
    const char *key;
    size_t key_len;

    context->budget = 0;
    if (keys_line_next(session, &key, &key_len)) {
        reply_bytes(context->reply, key, key_len);
        reply_text(context->reply, "\r\n");
        return;
    }
    keys_line_end(session);
    session_say(session, context, "END\r\n");
}

static const char *ask(struct client *c, struct keys_line line, const char *input)
{
    line.answer = answer;
    c->session.task = malloc(1);
    c->session.task_free = free_task;
    tasks_freed = 0;
    keys_line_begin(&c->session, &c->context, &line);
    return say(c, input);
}

static void keys_are_answered_in_slices(void **state)
{
    struct client *c = client_new();
    const struct keys_line line = {.len = 6, .count = 3, .count_max = 3, .key_max = 2};

    (void)state;
    assert_string_equal(ask(c, line, "a bb c\r\nversion\r\n"),
                        "a\r\nbb\r\nc\r\nEND\r\nVERSION 1.15.0\r\n");
    assert_int_equal(tasks_freed, 1);
    assert_null(c->session.keys.bytes);
    client_free(c);
}

static void keys_may_be_separated_by_commas_where_that_is_allowed(void **state)
{
    struct client *c = client_new();
    struct keys_line line = {.len = 5, .count = 3, .count_max = 3, .key_max = 5, .commas = true};

    (void)state;
    assert_string_equal(ask(c, line, "a,b,c\r\n"), "a\r\nb\r\nc\r\nEND\r\n");
    assert_string_equal(ask(c, line, "a b c\r\n"), "a\r\nb\r\nc\r\nEND\r\n");
    line.commas = false;
    assert_string_equal(ask(c, line, "a,b,c\r\n"), "CLIENT_ERROR bad data chunk\r\n");
    line.count = 1;
    assert_string_equal(ask(c, line, "a,b,c\r\n"), "a,b,c\r\nEND\r\n");
    client_free(c);
}

static void a_line_that_is_not_as_announced_is_refused(void **state)
{
    struct client *c = client_new();
    const struct keys_line line = {.len = 5, .count = 3, .count_max = 3, .key_max = 2};

    (void)state;
    assert_string_equal(ask(c, line, "a  bc\r\n"), "CLIENT_ERROR bad data chunk\r\n");
    assert_string_equal(ask(c, line, "a b cd\n"), "CLIENT_ERROR bad data chunk\r\n");
    assert_string_equal(ask(c, line, "aa bb\r\n"), "CLIENT_ERROR bad data chunk\r\n");
    assert_int_equal(tasks_freed, 1);
    assert_int_equal(c->session.state, SESSION_LINE);
    client_free(c);
}

static void numbers_that_cannot_be_right_are_refused_and_the_line_dropped(void **state)
{
    struct client *c = client_new();
    struct keys_line line = {.len = 5, .count = 4, .count_max = 3, .key_max = 2};

    (void)state;
    assert_string_equal(ask(c, line, "a b c\r\nversion\r\n"),
                        "CLIENT_ERROR bad value\r\nVERSION 1.15.0\r\n");
    line.count = 1;
    assert_string_equal(ask(c, line, "abcde\r\n"), "CLIENT_ERROR bad value\r\n");
    line.count_max = 100;
    line.count = 4;
    assert_string_equal(ask(c, line, "a b c\r\n"), "CLIENT_ERROR bad value\r\n");
    assert_int_equal(tasks_freed, 1);
    line.count = 0;
    assert_string_equal(ask(c, line, ""), "CLIENT_ERROR bad command line format\r\n");
    client_free(c);
}

static void a_client_that_goes_in_the_middle_leaves_nothing_behind(void **state)
{
    struct client *c = client_new();
    const struct keys_line line = {.len = 5, .count = 3, .count_max = 3, .key_max = 2};

    (void)state;
    ask(c, line, "a b");
    session_deinit(&c->session, c->base->thread);
    assert_int_equal(tasks_freed, 1);
    client_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_answered_in_slices),
        cmocka_unit_test(keys_may_be_separated_by_commas_where_that_is_allowed),
        cmocka_unit_test(a_line_that_is_not_as_announced_is_refused),
        cmocka_unit_test(numbers_that_cannot_be_right_are_refused_and_the_line_dropped),
        cmocka_unit_test(a_client_that_goes_in_the_middle_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
