#include "planner/base/diag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

struct fixture {
    struct arena *arena;
    struct diags *diags;
    char *text; /* what was printed last */
};

static int set_up(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));

    fixture->arena = arena_new();
    fixture->diags = diags_new(fixture->arena);
    *state = fixture;
    return 0;
}

static int tear_down(void **state)
{
    struct fixture *fixture = *state;

    free(fixture->text);
    arena_free(fixture->arena);
    free(fixture);
    return 0;
}

static const char *print(struct fixture *fixture, bool color)
{
    size_t length;
    FILE *out;

    free(fixture->text);
    fixture->text = NULL;
    out = open_memstream(&fixture->text, &length);
    diags_print(fixture->diags, out, color);
    fclose(out);
    return fixture->text;
}

static void add_source(struct fixture *fixture, const char *text)
{
    diags_add_source(fixture->diags, "a.yaml", text, strlen(text));
}

static struct srcloc at(int line, int column)
{
    return (struct srcloc){"a.yaml", line, column};
}

static void an_error_shows_place_code_line_caret_note_and_hint(void **state)
{
    struct fixture *fixture = *state;
    struct diag *diag;

    add_source(fixture, "ports: [11211]\nmore: [11211]\n");
    diag = diag_error(fixture->diags, DIAG_SPEC_PORT_CONFLICT, at(2, 8), "port %d is used twice",
                      11211);
    diag_note(fixture->diags, diag, at(1, 9), "first used %s", "here");
    diag_hint(fixture->diags, diag, "move %s", "one");
    assert_string_equal(print(fixture, false),
                        "a.yaml:2:8: error[E0207]: port 11211 is used twice\n"
                        "    2 | more: [11211]\n"
                        "      |        ^\n"
                        "a.yaml:1:9: note: first used here\n"
                        "    1 | ports: [11211]\n"
                        "      |         ^\n"
                        "hint: move one\n");
}

static void messages_come_sorted_by_place_and_then_by_arrival(void **state)
{
    struct fixture *fixture = *state;

    diag_error(fixture->diags, DIAG_SPEC_TYPE, at(2, 1), "third");
    diag_error(fixture->diags, DIAG_SPEC_TYPE, at(1, 5), "first");
    diag_error(fixture->diags, DIAG_SPEC_TYPE, at(1, 9), "second");
    diag_error(fixture->diags, DIAG_SPEC_VALUE, at(2, 1), "fourth");
    diag_error(fixture->diags, DIAG_USAGE, SRCLOC_NONE, "none");
    assert_string_equal(print(fixture, false), "error[E0101]: none\n"
                                               "a.yaml:1:5: error[E0205]: first\n"
                                               "a.yaml:1:9: error[E0205]: second\n"
                                               "a.yaml:2:1: error[E0205]: third\n"
                                               "a.yaml:2:1: error[E0206]: fourth\n");
}

static void a_file_without_a_line_is_named_alone(void **state)
{
    struct fixture *fixture = *state;

    diag_error(fixture->diags, DIAG_FILE_READ, at(0, 0), "cannot read");
    assert_string_equal(print(fixture, false), "a.yaml: error[E0102]: cannot read\n");
}

static void printing_forgets(void **state)
{
    struct fixture *fixture = *state;

    diag_error(fixture->diags, DIAG_USAGE, SRCLOC_NONE, "once");
    print(fixture, false);
    assert_string_equal(print(fixture, false), "");
    assert_false(diags_has_errors(fixture->diags));
}

static void a_message_that_is_there_already_is_not_repeated(void **state)
{
    struct fixture *fixture = *state;

    diag_error(fixture->diags, DIAG_SPEC_TYPE, at(1, 1), "same");
    diag_error(fixture->diags, DIAG_SPEC_TYPE, at(1, 1), "same");
    diag_error(fixture->diags, DIAG_SPEC_TYPE, at(1, 1), "other");
    diag_error(fixture->diags, DIAG_USAGE, SRCLOC_NONE, "without a place");
    diag_error(fixture->diags, DIAG_USAGE, SRCLOC_NONE, "without a place");
    assert_string_equal(print(fixture, false), "error[E0101]: without a place\n"
                                               "error[E0101]: without a place\n"
                                               "a.yaml:1:1: error[E0205]: same\n"
                                               "a.yaml:1:1: error[E0205]: other\n");
}

static void warnings_are_no_errors(void **state)
{
    struct fixture *fixture = *state;

    diag_warning(fixture->diags, DIAG_SPEC_VALUE, SRCLOC_NONE, "odd");
    assert_false(diags_has_errors(fixture->diags));
    assert_int_equal(diags_exit_status(fixture->diags), 0);
    assert_string_equal(print(fixture, false), "warning[W0206]: odd\n");
}

static void the_exit_status_is_that_of_the_first_error_by_place(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(diags_exit_status(fixture->diags), 0);
    diag_error(fixture->diags, DIAG_LOCKED, at(2, 1), "later");
    assert_int_equal(diags_exit_status(fixture->diags), 4);
    diag_warning(fixture->diags, DIAG_USAGE, at(1, 1), "a warning does not count");
    assert_int_equal(diags_exit_status(fixture->diags), 4);
    diag_error(fixture->diags, DIAG_STEP_FAILED, at(1, 2), "earlier");
    assert_int_equal(diags_exit_status(fixture->diags), 3);
    assert_int_equal(diags_count_errors(fixture->diags), 2);
}

static void a_fault_becomes_an_error_with_its_hint(void **state)
{
    struct fixture *fixture = *state;
    struct fault fault;

    assert_int_equal(fault_set(&fault, DIAG_HOST_KEY, "the key of %s changed", "a"), -1);
    assert_int_equal(fault_hint(&fault, "ask %s", "somebody"), -1);
    diag_fault(fixture->diags, SRCLOC_NONE, &fault);
    assert_int_equal(fault_set(&fault, DIAG_HOST_AUTH, "no"), -1);
    diag_fault(fixture->diags, SRCLOC_NONE, &fault);
    assert_string_equal(print(fixture, false), "error[E0402]: the key of a changed\n"
                                               "hint: ask somebody\n"
                                               "error[E0403]: no\n");
}

static void a_fault_may_quote_itself(void **state)
{
    struct fault fault;

    (void)state;
    fault_set(&fault, DIAG_HOST_COMMAND, "no space left");
    fault_set(&fault, DIAG_HOST_DISK_FULL, "writing to %s: %s", "cache001", fault.text);
    assert_string_equal(fault.text, "writing to cache001: no space left");
}

static void a_long_fault_is_cut_and_stays_a_text(void **state)
{
    struct fault fault;

    (void)state;
    fault_set(&fault, DIAG_USAGE, "%05000d", 1);
    fault_hint(&fault, "%05000d", 1);
    assert_int_equal(strlen(fault.text), sizeof(fault.text) - 1);
    assert_int_equal(strlen(fault.hint), sizeof(fault.hint) - 1);
}

static void nothing_in_a_message_drives_the_terminal(void **state)
{
    struct fixture *fixture = *state;

    add_source(fixture, "\x1b]0;title\x07 \xff \xc2\x9b x\n");
    diag_error(fixture->diags, DIAG_HOST_REPLY, at(1, 1),
               "a\x1b[2Jb\nc\x7f\xff\xc2\x9b\xe2\x80\xae");
    assert_string_equal(print(fixture, false), "a.yaml:1:1: error[E0406]: "
                                               "a\\x1b[2Jb\\nc\\x7f\\xff\\xc2\\x9b\\xe2\\x80\\xae\n"
                                               "    1 |  ]0;title  ?   x\n"
                                               "      | ^\n");
}

static void characters_outside_ascii_are_printed_as_they_are(void **state)
{
    struct fixture *fixture = *state;

    diag_error(fixture->diags, DIAG_USAGE, SRCLOC_NONE,
               "stra\xc3\x9f"
               "e \xec\x95\x84");
    assert_string_equal(print(fixture, false), "error[E0101]: stra\xc3\x9f"
                                               "e \xec\x95\x84\n");
}

static void the_caret_counts_characters_and_their_widths(void **state)
{
    struct fixture *fixture = *state;

    add_source(fixture, "\xc3\xbc: x\n\xec\x95\x84\xec\x95\x84: x\n");
    diag_error(fixture->diags, DIAG_SPEC_VALUE, at(1, 4), "narrow");
    diag_error(fixture->diags, DIAG_SPEC_VALUE, at(2, 5), "wide");
    assert_string_equal(print(fixture, false), "a.yaml:1:4: error[E0206]: narrow\n"
                                               "    1 | \xc3\xbc: x\n"
                                               "      |    ^\n"
                                               "a.yaml:2:5: error[E0206]: wide\n"
                                               "    2 | \xec\x95\x84\xec\x95\x84: x\n"
                                               "      |       ^\n");
}

static void lines_end_without_their_line_ends(void **state)
{
    struct fixture *fixture = *state;

    add_source(fixture, "\xef\xbb\xbf"
                        "a: 1\r\nb: 2");
    diag_error(fixture->diags, DIAG_SPEC_VALUE, at(1, 4), "crlf after a byte order mark");
    diag_error(fixture->diags, DIAG_SPEC_VALUE, at(2, 4), "no line end");
    assert_string_equal(print(fixture, false), "a.yaml:1:4: error[E0206]: crlf after a byte order "
                                               "mark\n"
                                               "    1 | a: 1\n"
                                               "      |    ^\n"
                                               "a.yaml:2:4: error[E0206]: no line end\n"
                                               "    2 | b: 2\n"
                                               "      |    ^\n");
}

static void a_line_that_is_not_there_is_not_shown(void **state)
{
    struct fixture *fixture = *state;

    add_source(fixture, "a: 1\n");
    diag_error(fixture->diags, DIAG_SPEC_VALUE, at(9, 1), "behind the end");
    diag_error(fixture->diags, DIAG_SPEC_VALUE, (struct srcloc){"b.yaml", 1, 1}, "other file");
    assert_string_equal(print(fixture, false), "a.yaml:9:1: error[E0206]: behind the end\n"
                                               "b.yaml:1:1: error[E0206]: other file\n");
}

static void a_place_far_to_the_right_shows_no_line(void **state)
{
    struct fixture *fixture = *state;
    char *line = arena_alloc(fixture->arena, 1001);

    memset(line, 'x', 1000);
    add_source(fixture, line);
    diag_error(fixture->diags, DIAG_SPEC_VALUE, at(1, 900), "far");
    assert_string_equal(print(fixture, false), "a.yaml:1:900: error[E0206]: far\n");
}

static void long_lines_are_cut_between_characters(void **state)
{
    struct fixture *fixture = *state;
    char *line = arena_alloc(fixture->arena, 801);

    for (int i = 0; i < 400; i++)
        memcpy(line + 2 * i, "\xc3\xbc", 2);
    add_source(fixture, line);
    diag_error(fixture->diags, DIAG_SPEC_VALUE, at(1, 1), "long");
    print(fixture, false);
    assert_non_null(strstr(fixture->text, "\xc3\xbc\n      | ^\n"));
    assert_null(strstr(fixture->text, "\xc3\n"));
}

static void colours_are_used_only_when_asked_for(void **state)
{
    struct fixture *fixture = *state;

    diag_error(fixture->diags, DIAG_USAGE, SRCLOC_NONE, "x");
    assert_non_null(strstr(print(fixture, true), "\033[1;31merror[E0101]:\033[0m x"));
}

static void every_code_has_its_own_number_and_a_sentence(void **state)
{
    (void)state;
    for (int i = 0; i < DIAG_COUNT; i++) {
        const struct diag_code_info *info = diag_code_info((enum diag_code)i);

        assert_true(info->name && info->sentence[0]);
        assert_in_range(info->number, 101, 899);
        assert_true(info->exit_status == 1 || info->exit_status == 3 || info->exit_status == 4 ||
                    info->exit_status == 5 || info->exit_status == 64);
        for (int j = 0; j < i; j++)
            assert_int_not_equal(info->number, diag_code_info((enum diag_code)j)->number);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    static const struct CMUnitTest tests[] = {
        TEST(an_error_shows_place_code_line_caret_note_and_hint),
        TEST(messages_come_sorted_by_place_and_then_by_arrival),
        TEST(a_file_without_a_line_is_named_alone),
        TEST(printing_forgets),
        TEST(a_message_that_is_there_already_is_not_repeated),
        TEST(warnings_are_no_errors),
        TEST(the_exit_status_is_that_of_the_first_error_by_place),
        TEST(a_fault_becomes_an_error_with_its_hint),
        TEST(a_fault_may_quote_itself),
        TEST(a_long_fault_is_cut_and_stays_a_text),
        TEST(nothing_in_a_message_drives_the_terminal),
        TEST(characters_outside_ascii_are_printed_as_they_are),
        TEST(the_caret_counts_characters_and_their_widths),
        TEST(lines_end_without_their_line_ends),
        TEST(a_line_that_is_not_there_is_not_shown),
        TEST(a_place_far_to_the_right_shows_no_line),
        TEST(long_lines_are_cut_between_characters),
        TEST(colours_are_used_only_when_asked_for),
        TEST(every_code_has_its_own_number_and_a_sentence),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
