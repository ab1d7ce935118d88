#include "tests/unit/cacheserver/cluster/script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static const struct event done = {.kind = EVENT_OK};

static void today(char *date, size_t size)
{
    time_t now = time(NULL);
    struct tm day;

    localtime_r(&now, &day);
    strftime(date, size, "%Y-%m-%d", &day);
}

/* `act` asks for `kind` ZNODE_SERVER_LOG/DATE `tail`; midnight may come in between. */
static void assert_asks(struct membership *m, ACT((*act)), const char *kind, const char *tail)
{
    char before[32], after[32], expected[256];

    do {
        today(before, sizeof(before));
        act(m, &done);
        today(after, sizeof(after));
    } while (memcmp(before, after, sizeof("2026-11-26")) != 0);
    snprintf(expected, sizeof(expected), "%s /arcus/cache_server_log/%s%s", kind, before, tail);
    assert_string_equal(script.asked, expected);
}

static void joining_is_logged_under_the_day(void **state)
{
    struct membership *m = script_begin();

    (void)state;
    assert_int_equal(log_root(m), STATE_LOG_ROOT);
    assert_string_equal(script.asked, "create /arcus/cache_server_log");
    assert_asks(m, log_day, "create", "");
    assert_asks(m, log_entry, "sequential", "/127.0.0.1:11211-host- join");
    assert_int_equal(log_entry(m, &done), STATE_LOG_ENTRY);
    script_end(m);
}

static void coming_back_is_logged_as_that(void **state)
{
    struct membership *m = script_begin();

    (void)state;
    m->was_member = true;
    assert_asks(m, log_entry, "sequential", "/127.0.0.1:11211-host- rejoin");
    script_end(m);
}

static void a_log_that_cannot_be_written_holds_nothing_up(void **state)
{
    const struct event late = {.kind = EVENT_DEADLINE}, failure = {.kind = EVENT_FAILED};
    struct membership *m = script_begin();

    (void)state;
    m->list_path = strdup("/arcus/cache_list/test");
    assert_int_equal(skip_log(m, &late), STATE_LISTING);
    assert_string_equal(script.asked, "watch /arcus/cache_list/test");
    assert_int_equal(skip_log(m, &failure), STATE_LISTING);
    script_end(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joining_is_logged_under_the_day),
        cmocka_unit_test(coming_back_is_logged_as_that),
        cmocka_unit_test(a_log_that_cannot_be_written_holds_nothing_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
