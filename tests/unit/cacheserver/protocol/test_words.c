#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "cacheserver/protocol/words.h"

static void blanks_separate_words(void **state)
{
    struct words words;

    (void)state;
    words_split(&words, "  set  k 0 ", 11);
    assert_int_equal(words.count, 3);
    assert_true(word_is(&words.word[0], "set"));
    assert_true(word_is(&words.word[1], "k"));
    assert_true(word_is(&words.word[2], "0"));
    assert_false(word_is(&words.word[0], "se"));
    assert_false(word_is(&words.word[0], "sett"));
}

static void nothing_but_blanks_separates(void **state)
{
    struct words words;

    (void)state;
    words_split(&words, "a\tb\0c", 5);
    assert_int_equal(words.count, 1);
    assert_int_equal(words.word[0].len, 5);
    words_split(&words, "   ", 3);
    assert_int_equal(words.count, 0);
    words_split(&words, "", 0);
    assert_int_equal(words.count, 0);
}

static void more_words_than_a_request_may_have_are_noticed(void **state)
{
    char line[2 * (LIMIT_WORDS + 10)];
    struct words words;

    (void)state;
    for (size_t i = 0; i < sizeof(line); i++)
        line[i] = i % 2 ? ' ' : 'x';
    words_split(&words, line, 2 * LIMIT_WORDS);
    assert_int_equal(words.count, LIMIT_WORDS);
    words_split(&words, line, sizeof(line));
    assert_int_equal(words.count, LIMIT_WORDS + 1);
}

static void a_line_ends_at_lf_and_a_cr_before_it_is_not_part_of_it(void **state)
{
    size_t len;

    (void)state;
    assert_int_equal(line_measure("get k\r\nmore", 11, &len), 7);
    assert_int_equal(len, 5);
    assert_int_equal(line_measure("get k\nmore", 10, &len), 6);
    assert_int_equal(len, 5);
    assert_int_equal(line_measure("a\r\r\n", 4, &len), 4);
    assert_int_equal(len, 2);
    assert_int_equal(line_measure("\n", 1, &len), 1);
    assert_int_equal(len, 0);
    assert_int_equal(line_measure("\r\n", 2, &len), 2);
    assert_int_equal(len, 0);
    assert_int_equal(line_measure("get k\r", 6, &len), 0);
}

static void a_word_ends_at_the_first_blank_wherever_it_stands(void **state)
{
    char text[40];

    (void)state;
    for (size_t len = 0; len < sizeof(text); len++) {
        for (size_t blank = 0; blank <= len; blank++) {
            for (int neighbour = 0; neighbour < 256; neighbour++) {
                memset(text, neighbour == ' ' ? 'x' : neighbour, sizeof(text));
                if (blank < len)
                    memset(text + blank, ' ', blank % 2 ? 1 : len - blank);
                assert_ptr_equal(word_end(text, text + len), text + blank);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blanks_separate_words),
        cmocka_unit_test(nothing_but_blanks_separates),
        cmocka_unit_test(more_words_than_a_request_may_have_are_noticed),
        cmocka_unit_test(a_word_ends_at_the_first_blank_wherever_it_stands),
        cmocka_unit_test(a_line_ends_at_lf_and_a_cr_before_it_is_not_part_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
