#include "planner/base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void an_empty_string_reads_as_no_text(void **state)
{
    struct str str = {0};

    (void)state;
    assert_string_equal(str_text(&str), "");
    str_printf(&str, "%s", "");
    str_puts(&str, "");
    str_add(&str, NULL, 0);
    assert_string_equal(str_text(&str), "");
    assert_int_equal(str.length, 0);
    str_deinit(&str);
}

static void pieces_are_added_at_the_end(void **state)
{
    struct str str = {0};

    (void)state;
    str_puts(&str, "10.0.0.1");
    str_add(&str, ":xyz", 1);
    str_printf(&str, "%d%s", 11211, ",");
    assert_string_equal(str_text(&str), "10.0.0.1:11211,");
    assert_int_equal(str.length, strlen("10.0.0.1:11211,"));
    str_deinit(&str);
    assert_string_equal(str_text(&str), "");
}

static void bytes_may_be_nul(void **state)
{
    struct str str = {0};

    (void)state;
    str_add(&str, "a\0b", 3);
    str_puts(&str, "c");
    assert_int_equal(str.length, 4);
    assert_memory_equal(str.data, "a\0bc", 5);
    str_deinit(&str);
}

static void it_grows_to_any_length(void **state)
{
    struct str str = {0};

    (void)state;
    for (int i = 0; i < 10000; i++)
        str_printf(&str, "%05d", i);
    assert_int_equal(str.length, 50000);
    assert_memory_equal(str_text(&str) + 5 * 9999, "09999", 6);
    str_printf(&str, "%70000d", 7);
    assert_int_equal(str.length, 120000);
    assert_int_equal(strlen(str_text(&str)), 120000);
    str_deinit(&str);
}

/* What a real shell makes of a word. */
static void assert_shell_reads(const char *word)
{
    struct str command = {0};
    char read_back[256];
    size_t length;
    FILE *shell;

    str_puts(&command, "printf %s ");
    str_add_shell_word(&command, word);
    shell = popen(str_text(&command), "r");
    assert_non_null(shell);
    length = fread(read_back, 1, sizeof(read_back) - 1, shell);
    read_back[length] = '\0';
    assert_int_equal(pclose(shell), 0);
    assert_string_equal(read_back, word);
    str_deinit(&command);
}

static void a_shell_word_means_exactly_its_bytes(void **state)
{
    static const char *const words[] = {
        "plain", "",  "two words", "it's", "'", "''", "a'b'c", "$HOME", "`id`",    "$(id)", "a\\b",
        "\"q\"", "*", "line\nend", "~",    "#", "-n", "!x",    ";",     "\xff\x01"};

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        assert_shell_reads(words[i]);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_string_reads_as_no_text),
        cmocka_unit_test(pieces_are_added_at_the_end),
        cmocka_unit_test(bytes_may_be_nul),
        cmocka_unit_test(it_grows_to_any_length),
        cmocka_unit_test(a_shell_word_means_exactly_its_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
