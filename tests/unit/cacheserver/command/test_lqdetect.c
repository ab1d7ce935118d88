#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "cacheserver/command/lqdetect.h"

static void note(struct lqdetect *lqdetect, const char *command, const char *line,
                 uint32_t elements)
{
    struct words words;

    words_split(&words, line, strlen(line));
    lqdetect_note(lqdetect, command, "1.2.3.4", &words, elements);
}

/* To be freed. */
static char *said(struct lqdetect *lqdetect,
                  void (*say)(struct lqdetect *lqdetect, struct reply *reply))
{
    struct reply *reply = reply_new();

    say(lqdetect, reply);
    char *text = calloc(1, reply->len + 1);
    memcpy(text, reply->buffer, reply->len);
    reply_free(reply, NULL);
    return text;
}

static bool shows(struct lqdetect *lqdetect, const char *wanted)
{
    char *text = said(lqdetect, lqdetect_show);
    bool found = strstr(text, wanted);

    free(text);
    return found;
}

static void requests_at_the_threshold_are_counted_and_equal_ones_shown_once(void **state)
{
    struct lqdetect *lqdetect = lqdetect_new();

    (void)state;
    assert_false(lqdetect_is_on(lqdetect));
    assert_true(lqdetect_start(lqdetect, 10));
    assert_false(lqdetect_start(lqdetect, 10));
    assert_true(lqdetect_is_on(lqdetect));
    note(lqdetect, "bop get", "bop get k 0..9", 9);
    assert_true(shows(lqdetect, "bop get : 0\n"));
    note(lqdetect, "bop get", "bop get k 0..10", 10);
    note(lqdetect, "bop get", "bop get k 0..10", 10);
    note(lqdetect, "bop get", "bop get k 0..11 delete", 11);
    assert_true(shows(lqdetect, "bop get : 3\n"));
    assert_true(shows(lqdetect, " 1.2.3.4 <10> bop get k 0..10\n"));
    assert_true(shows(lqdetect, " 1.2.3.4 <11> bop get k 0..11 delete\nbop count : 0\n"));
    assert_true(lqdetect_stop(lqdetect));
    assert_false(lqdetect_stop(lqdetect));
    note(lqdetect, "bop get", "bop get k 0..12", 12);
    assert_true(shows(lqdetect, "bop get : 3\n"));
    lqdetect_free(lqdetect);
    assert_false(lqdetect_is_on(NULL));
}

static void requests_with_equal_arguments_are_shown_once_unless_they_ask_for_all(void **state)
{
    struct lqdetect *lqdetect = lqdetect_new();

    (void)state;
    lqdetect_start(lqdetect, 1);
    note(lqdetect, "sop get", "sop get k1 5", 1);
    note(lqdetect, "sop get", "sop get k2 5", 1);
    note(lqdetect, "sop get", "sop get k1 0", 1);
    note(lqdetect, "sop get", "sop get k2 0", 1);
    note(lqdetect, "sop get", "sop get k2 0", 1);
    note(lqdetect, "bop get", "bop get k1 0", 1);
    note(lqdetect, "bop get", "bop get k2 0", 1);
    char *text = said(lqdetect, lqdetect_show);
    assert_non_null(strstr(text, "sop get k1 5\n"));
    assert_null(strstr(text, "sop get k2 5\n"));
    assert_non_null(strstr(text, "sop get k1 0\n"));
    assert_non_null(strstr(text, "sop get k2 0\n"));
    assert_non_null(strstr(text, "bop get k1 0\n"));
    assert_null(strstr(text, "bop get k2 0\n"));
    free(text);
    lqdetect_free(lqdetect);
}

static void places_in_lists_count_as_elements_passed(void **state)
{
    struct lqdetect *lqdetect = lqdetect_new();

    (void)state;
    lqdetect_start(lqdetect, 0);
    note(lqdetect, "lop insert", "lop insert k 3998 1", 0);
    assert_true(shows(lqdetect, "lop insert : 0\n"));
    note(lqdetect, "lop insert", "lop insert k 3999 1", 0);
    note(lqdetect, "lop insert", "lop insert k -4000 1", 0);
    note(lqdetect, "lop insert", "lop insert k 99999999999999999999 1", 0);
    assert_true(shows(lqdetect, "lop insert : 3\n"));
    note(lqdetect, "lop get", "lop get k 3000..3999", 1000);
    assert_true(shows(lqdetect, "<4001> lop get k 3000..3999\n"));
    note(lqdetect, "get", "get k x x", 5000);
    lqdetect_free(lqdetect);
}

static void it_stops_when_every_command_has_its_samples(void **state)
{
    static const char *const commands[] = {"sop get",    "mop delete", "mop get",    "lop insert",
                                           "lop delete", "lop get",    "bop delete", "bop get",
                                           "bop count",  "bop gbp"};
    struct lqdetect *lqdetect = lqdetect_new();
    char line[64];

    (void)state;
    lqdetect_start(lqdetect, 1);
    for (unsigned i = 0; i < 10; i++) {
        for (unsigned n = 0; n < 25; n++) {
            snprintf(line, sizeof(line), "%s k 1 %u", commands[i], n + 1);
            note(lqdetect, commands[i], line, 1);
        }
    }
    assert_false(lqdetect_is_on(lqdetect));
    char *text = said(lqdetect, lqdetect_stats);
    assert_non_null(strstr(text, "stats : stopped by internal buffer overflow\n"));
    assert_non_null(strstr(text, "total long query commands : 245\n"));
    free(text);
    lqdetect_free(lqdetect);
}

static void long_keys_are_shown_cut(void **state)
{
    struct lqdetect *lqdetect = lqdetect_new();
    char *line = malloc(20000);

    (void)state;
    memset(line, 'k', 20000);
    memcpy(line, "sop get ", 8);
    memcpy(line + 16000, " 0 drop", 8);
    lqdetect_start(lqdetect, 1);
    note(lqdetect, "sop get", line, 1);
    char *text = said(lqdetect, lqdetect_show);
    assert_true(strlen(text) < 600);
    assert_non_null(strstr(text, "kkk...kkk"));
    assert_non_null(strstr(text, "k 0 drop\n"));
    free(text);
    free(line);
    lqdetect_free(lqdetect);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_at_the_threshold_are_counted_and_equal_ones_shown_once),
        cmocka_unit_test(requests_with_equal_arguments_are_shown_once_unless_they_ask_for_all),
        cmocka_unit_test(places_in_lists_count_as_elements_passed),
        cmocka_unit_test(it_stops_when_every_command_has_its_samples),
        cmocka_unit_test(long_keys_are_shown_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
