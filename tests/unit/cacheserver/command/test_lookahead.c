#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cacheserver/command/lookahead.h"
#include "tests/unit/cacheserver/command/fixture.h"

/* The guessed keys with commas between them; *done is how far it looked. */
static const char *guess(const char *input, bool within_keys, size_t *done)
{
    static char keys[1024];
    struct look look = {.count = 0};
    size_t n = 0;

    *done = look_guess(&look, input, strlen(input), within_keys);
    for (unsigned i = 0; i < look.count; i++)
        n += (size_t)snprintf(keys + n, sizeof(keys) - n, "%s%.*s", i ? "," : "",
                              (int)look.hints[i].key_len, look.hints[i].key);
    keys[n] = '\0';
    return keys;
}

static void assert_guess(const char *input, const char *keys)
{
    size_t done;

    assert_string_equal(guess(input, false, &done), keys);
    assert_int_equal(done, strlen(input));
}

static void the_key_is_the_second_word(void **state)
{
    (void)state;
    assert_guess("set a 0 0 1\r\nx\r\ndelete b\r\nincr c 1\n", "a,b,c");
}

static void all_words_of_a_get_are_keys(void **state)
{
    (void)state;
    assert_guess("get a  b c \r\ngets d e\r\ngetattr f count\r\n", "a,b,c,d,e,f");
}

static void the_key_of_a_collection_command_is_the_third_word(void **state)
{
    (void)state;
    assert_guess("lop insert a -1 3\r\nxyz\r\nbop get b 0..9\r\nsop  exist c 1\r\nx\r\n", "a,b,c");
}

static void data_without_blanks_holds_no_key(void **state)
{
    (void)state;
    assert_guess("set a 0 0 30\r\n012345678901234567890123456789\r\nversion\r\n\r\n\n", "a");
}

static void an_incomplete_line_is_left_alone(void **state)
{
    (void)state;
    assert_guess("get a\r\nget b", "a");
    assert_guess("get", "");
    assert_guess("", "");
}

static void it_stops_when_it_has_enough_keys_and_goes_on_from_there(void **state)
{
    const char *input = "get 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17\r\nget 18\r\n";
    size_t done;

    (void)state;
    assert_string_equal(guess(input, false, &done), "0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15");
    assert_string_equal(guess(input + done, true, &done), "16,17,18");
}

static void keys_alone_are_looked_at_in_portions(void **state)
{
    struct client *c = client_new();
    const char *keys = "0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17";
    size_t done = lookahead_keys(c->context.store, keys, strlen(keys));

    (void)state;
    assert_string_equal(keys + done, "16 17");
    assert_int_equal(lookahead_keys(c->context.store, keys + done, 5), 5);
    client_free(c);
}

static void what_is_guessed_wrongly_changes_no_reply(void **state)
{
    struct client *c = client_new();

    (void)state;
    assert_string_equal(say(c, "set a 0 0 11\r\nget b\nget c\r\nget a\r\nget b\r\n"
                               "set b 0 0 1\r\n1\r\nget a b\r\n"),
                        "STORED\r\nVALUE a 0 11\r\nget b\nget c\r\nEND\r\nEND\r\nSTORED\r\n"
                        "VALUE a 0 11\r\nget b\nget c\r\nVALUE b 0 1\r\n1\r\nEND\r\n");
    client_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_key_is_the_second_word),
        cmocka_unit_test(all_words_of_a_get_are_keys),
        cmocka_unit_test(the_key_of_a_collection_command_is_the_third_word),
        cmocka_unit_test(data_without_blanks_holds_no_key),
        cmocka_unit_test(an_incomplete_line_is_left_alone),
        cmocka_unit_test(it_stops_when_it_has_enough_keys_and_goes_on_from_there),
        cmocka_unit_test(keys_alone_are_looked_at_in_portions),
        cmocka_unit_test(what_is_guessed_wrongly_changes_no_reply),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
