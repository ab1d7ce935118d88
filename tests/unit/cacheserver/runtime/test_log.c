#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cacheserver/runtime/clock.h"
#include "cacheserver/runtime/log.h"

/* What is written to standard error while `write_some` runs. */
static size_t capture(void (*write_some)(void), char *text, size_t size)
{
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);

    dup2(fileno(file), STDERR_FILENO);
    write_some();
    dup2(saved, STDERR_FILENO);
    close(saved);
    rewind(file);
    size_t n = fread(text, 1, size - 1, file);
    text[n] = '\0';
    fclose(file);
    return n;
}

static void write_levels(void)
{
    log_write(LOG_LEVEL_ERROR, "first %d", 1);
    log_write(LOG_LEVEL_WARNING, "second");
    log_write(LOG_LEVEL_INFO, "third");
}

static void only_messages_up_to_the_level_are_written(void **state)
{
    char text[4096];

    (void)state;
    log_set_level(LOG_LEVEL_WARNING);
    capture(write_levels, text, sizeof(text));
    assert_non_null(strstr(text, "cacheserver: error: first 1\n"));
    assert_non_null(strstr(text, "cacheserver: warning: second\n"));
    assert_null(strstr(text, "third"));
    log_set_level(LOG_LEVEL_DEBUG);
    assert_int_equal(log_get_level(), LOG_LEVEL_DEBUG);
    capture(write_levels, text, sizeof(text));
    assert_non_null(strstr(text, "third"));
}

static void write_long(void)
{
    char text[5000];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    log_write(LOG_LEVEL_ERROR, "%s", text);
}

static void a_long_message_is_cut_to_one_line(void **state)
{
    char text[8192];

    (void)state;
    size_t n = capture(write_long, text, sizeof(text));
    assert_true(n > 1000 && n < 1200);
    assert_ptr_equal(strchr(text, '\n'), text + n - 1);
}

static void write_many(void)
{
    static struct log_limit limit;

    for (int i = 0; i < 1000; i++)
        log_write_limited(&limit, LOG_LEVEL_ERROR, "again");
}

static void messages_that_clients_provoke_are_limited(void **state)
{
    char text[65536];
    unsigned lines = 0;

    (void)state;
    capture(write_many, text, sizeof(text));
    for (const char *at = text; (at = strstr(at, "again")); at++)
        lines++;
    assert_true(lines >= 10 && lines <= 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_messages_up_to_the_level_are_written),
        cmocka_unit_test(a_long_message_is_cut_to_one_line),
        cmocka_unit_test(messages_that_clients_provoke_are_limited),
    };
    clock_start();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
