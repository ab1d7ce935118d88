#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cacheserver/command/topkeys.h"

/* What stats says, to be freed. */
static char *stats(struct topkeys *topkeys, clock_seconds now)
{
    struct reply *reply = reply_new();

    topkeys_stats(topkeys, reply, now);
    char *text = calloc(1, reply->len + 1);
    if (reply->len)
        memcpy(text, reply->buffer, reply->len);
    reply_free(reply, NULL);
    return text;
}

static void assert_shows(struct topkeys *topkeys, clock_seconds now, const char *expected)
{
    char *text = stats(topkeys, now);

    assert_string_equal(text, expected);
    free(text);
}

static void count(struct topkeys *topkeys, const char *key, enum counter which, clock_seconds now)
{
    topkeys_count(topkeys, key, strlen(key), which, now);
}

#define REST                                                                                       \
    "incr_hits=0,incr_misses=0,decr_hits=0,decr_misses=0,delete_hits=0,delete_misses=0,"           \
    "evictions=0,cas_hits=0,cas_misses=0,cas_badval=0,"

static void the_key_used_last_comes_first_with_its_counts_and_ages(void **state)
{
    struct topkeys *topkeys = topkeys_new(3);

    (void)state;
    count(topkeys, "a", COUNTER_get_hits, 10);
    count(topkeys, "b", COUNTER_cmd_set, 11);
    count(topkeys, "a", COUNTER_get_misses, 15);
    assert_shows(topkeys, 20,
                 "STAT a get_hits=1,get_misses=1,cmd_set=0," REST "ctime=10,atime=5\r\n"
                 "STAT b get_hits=0,get_misses=0,cmd_set=1," REST "ctime=9,atime=9\r\n");
    topkeys_free(topkeys);
}

static void a_new_key_takes_the_place_of_the_one_not_used_for_longest(void **state)
{
    struct topkeys *topkeys = topkeys_new(2);

    (void)state;
    count(topkeys, "a", COUNTER_get_hits, 1);
    count(topkeys, "b", COUNTER_get_hits, 1);
    count(topkeys, "a", COUNTER_get_hits, 1);
    count(topkeys, "c", COUNTER_lop_get_elem_hits, 1);
    assert_shows(topkeys, 1,
                 "STAT c get_hits=0,get_misses=0,cmd_set=0," REST
                 "lop_get_elem_hits=1,ctime=0,atime=0\r\n"
                 "STAT a get_hits=2,get_misses=0,cmd_set=0," REST "ctime=0,atime=0\r\n");
    topkeys_free(topkeys);
}

static void many_keys_pass_through_few_places(void **state)
{
    struct topkeys *topkeys = topkeys_new(7);
    char key[16];

    (void)state;
    for (unsigned i = 0; i < 10000; i++) {
        snprintf(key, sizeof(key), "%u", i % 100 * (i % 3));
        count(topkeys, key, COUNTER_get_hits, i);
    }
    char *text = stats(topkeys, 10000);
    unsigned lines = 0;
    for (const char *at = text; *at; at++)
        lines += *at == '\n';
    assert_int_equal(lines, 7);
    free(text);
    topkeys_free(topkeys);
}

static void long_keys_are_left_out(void **state)
{
    struct topkeys *topkeys = topkeys_new(2);
    char key[252];

    (void)state;
    memset(key, 'k', 251);
    key[251] = '\0';
    count(topkeys, key, COUNTER_get_hits, 1);
    assert_shows(topkeys, 1, "");
    assert_int_equal(topkeys_capacity(topkeys), 2);
    assert_int_equal(topkeys_capacity(NULL), 0);
    topkeys_free(topkeys);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_used_last_comes_first_with_its_counts_and_ages),
        cmocka_unit_test(a_new_key_takes_the_place_of_the_one_not_used_for_longest),
        cmocka_unit_test(many_keys_pass_through_few_places),
        cmocka_unit_test(long_keys_are_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
