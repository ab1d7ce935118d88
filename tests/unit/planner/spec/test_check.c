#include "planner/spec/check.h"

#include "tests/unit/planner/spec/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const struct schema_form any = {"text", NULL, .may_be_empty = true};
static const struct schema_form lines = {"a script", NULL, .has_lines = true};
static const struct schema_form letters = {"letters", "^[a-z]+$", 5};
static const struct schema_form host = {"a host", "^[a-z0-9[-]+\\]?$", .has_ranges = true};
static const char *const words[] = {"daemon", "systemd", NULL};

static const struct schema_key inner_keys[] = {
    {"number", {SCHEMA_INT, 1, 9}, .is_required = true, .help = "x"},
    {"word", {SCHEMA_ENUM, .words = words}, .help = "x"},
    {NULL},
};
static const struct schema_key keys[] = {
    {"any", {SCHEMA_TEXT, .form = &any}, .help = "x"},
    {"lines", {SCHEMA_TEXT, .form = &lines}, .help = "x"},
    {"letters", {SCHEMA_TEXT, .form = &letters}, .help = "x"},
    {"host", {SCHEMA_TEXT, .form = &host}, .help = "x"},
    {"truth", {SCHEMA_BOOL}, .help = "x"},
    {"inner", {SCHEMA_MAP, .keys = inner_keys}, .help = "x"},
    {"list",
     {SCHEMA_LIST, .is_never_empty = true, .item = &(const struct schema_type){SCHEMA_INT, 1, 9}},
     .help = "x"},
    {"lone",
     {SCHEMA_LIST, .is_lone_item_ok = true, .item = &(const struct schema_type){SCHEMA_INT, 1, 9}},
     .help = "x"},
    {"free",
     {SCHEMA_MAP, .form = &letters, .keys = inner_keys + 1,
      .item = &(const struct schema_type){SCHEMA_TEXT, .form = &any}},
     .help = "x"},
    {NULL},
};
static const struct schema_type root = {SCHEMA_MAP, .keys = keys};

static const char *check(struct fixture *fixture, const char *text)
{
    assert_int_equal(fixture_parse(fixture, text), 0);
    check_tree(&root, fixture->tree, fixture->diags);
    return fixture_messages(fixture);
}

static void what_fits_is_taken_and_numbers_are_read(void **state)
{
    struct fixture *fixture = *state;

    assert_string_equal(check(fixture,
                              "any: \"\"\nlines: \"a\\nb\"\nletters: abc\nhost: \"a[1-3]\"\n"
                              "truth: true\ninner: { number: 7, word: systemd }\n"
                              "list: [1, 2]\nlone: 3\nfree: { abc: x, word: daemon }\n"),
                        "");
    assert_int_equal(tree_get(fixture->tree, "truth")->number, 1);
    assert_int_equal(tree_get(tree_get(fixture->tree, "inner"), "number")->number, 7);
    assert_int_equal(tree_get(tree_get(fixture->tree, "inner"), "word")->number, 1);
    assert_int_equal(tree_get(fixture->tree, "list")->items.items[1]->number, 2);
}

static void wrong_kinds_are_named(void **state)
{
    struct fixture *fixture = *state;

    assert_string_equal(
        check(fixture, "any: [1]\ntruth: { a: b }\ninner: x\nlist: { a: b }\nany2:\n"),
        "a.yaml:1:6: error[E0205]: expected text, found a list\n"
        "a.yaml:2:8: error[E0205]: expected true or false, found a map\n"
        "a.yaml:3:8: error[E0205]: expected a map, found \"x\"\n"
        "a.yaml:4:7: error[E0205]: expected a list, found a map\n"
        "a.yaml:5:1: error[E0203]: key any2 is not known here\n"
        "hint: did you mean any?\n");
    assert_true(tree_get(fixture->tree, "any")->is_broken);
    assert_true(tree_get(fixture->tree, "any2")->is_broken);
}

static void an_empty_value_is_an_empty_map_or_list_but_no_word(void **state)
{
    struct fixture *fixture = *state;

    assert_string_equal(check(fixture, "free:\nlone:\nany:\n"),
                        "a.yaml:3:5: error[E0205]: expected text, found nothing\n");
    assert_int_equal(tree_get(fixture->tree, "free")->kind, TREE_MAP);
    assert_int_equal(tree_get(fixture->tree, "lone")->kind, TREE_LIST);
}

static void required_keys_are_missed(void **state)
{
    assert_string_equal(check(*state, "inner: { word: daemon }\n"),
                        "a.yaml:1:8: error[E0204]: key number is missing\n");
    assert_string_equal(check(*state, "inner:\n"),
                        "a.yaml:1:7: error[E0204]: key number is missing\n");
}

static void lists_may_have_to_hold_something(void **state)
{
    assert_string_equal(check(*state, "list: []\n"),
                        "a.yaml:1:7: error[E0206]: expected a list of at least one item, found an "
                        "empty one\n");
    assert_string_equal(check(*state, "list: 5\n"),
                        "a.yaml:1:7: error[E0205]: expected a list, found \"5\"\n"
                        "hint: write [5]\n");
}

static void free_keys_have_a_form_and_known_ones_their_type(void **state)
{
    assert_string_equal(check(*state, "free: { ABC: x, word: nothing, a: [1] }\n"),
                        "a.yaml:1:9: error[E0206]: expected letters, found \"ABC\"\n"
                        "a.yaml:1:23: error[E0206]: expected daemon or systemd, found \"nothing\"\n"
                        "a.yaml:1:35: error[E0205]: expected text, found a list\n");
}

static void a_free_key_near_a_known_one_is_warned_of(void **state)
{
    struct fixture *fixture = *state;

    assert_string_equal(check(fixture, "free: { wrod: x }\n"),
                        "a.yaml:1:9: warning[W0203]: key wrod is passed on unchecked\n"
                        "hint: did you mean word?\n");
}

static void unknown_keys_without_a_near_one_list_the_known(void **state)
{
    assert_string_equal(check(*state, "inner: { number: 1, zzz: 1 }\n"),
                        "a.yaml:1:21: error[E0203]: key zzz is not known here\n"
                        "hint: known here: number, word\n");
}

static void texts_are_limited_in_length_and_characters(void **state)
{
    struct fixture *fixture = *state;
    char *text = arena_alloc(fixture->arena, 6000);

    assert_string_equal(
        check(fixture, "letters: abcdef\n"),
        "a.yaml:1:10: error[E0206]: expected letters of at most 5 bytes, found 6\n");
    assert_string_equal(check(fixture, "letters: \"\"\n"),
                        "a.yaml:1:10: error[E0206]: expected letters, found an empty text\n");
    assert_string_equal(check(fixture, "any: \"a\\nb\"\n"),
                        "a.yaml:1:6: error[E0206]: expected text, found several lines\n");
    assert_string_equal(check(fixture, "lines: \"a\\x9bb\"\n"),
                        "a.yaml:1:8: error[E0206]: expected a script, found a control character\n");
    memcpy(text, "any: ", 5);
    memset(text + 5, 'x', 5000);
    assert_string_equal(
        check(fixture, text),
        "a.yaml:1:6: error[E0206]: expected text of at most 4096 bytes, found 5000\n");
}

static void ranges_in_texts_are_read_first(void **state)
{
    assert_string_equal(check(*state, "host: abc[2-1]\n"),
                        "a.yaml:1:10: error[E0211]: expected a range that rises, found [2-1]\n");
}

static void long_values_are_cut_between_characters_in_messages(void **state)
{
    struct fixture *fixture = *state;
    const char *text = "inner: { number: ";

    for (int i = 0; i < 100; i++)
        text = fixture_join(fixture, text, "\xec\x95\x84");
    check(fixture, fixture_join(fixture, text, " }\n"));
    assert_non_null(strstr(fixture->text, "\xec\x95\x84...\""));
    assert_null(strstr(fixture->text, "\\x"));
}

static void slips_in_words_are_recognised(void **state)
{
    assert_string_equal(check(*state, "inner: { number: 1, word: deamon }\ntruth: yes\n"),
                        "a.yaml:1:27: error[E0206]: expected daemon or systemd, found \"deamon\"\n"
                        "hint: did you mean daemon?\n"
                        "a.yaml:2:8: error[E0205]: expected true or false, found \"yes\"\n"
                        "hint: did you mean true?\n");
}

static void what_was_broken_before_is_passed_over(void **state)
{
    struct fixture *fixture = *state;

    assert_int_equal(fixture_parse(fixture, "truth: x\n"), 0);
    tree_get(fixture->tree, "truth")->is_broken = true;
    check_tree(&root, fixture->tree, fixture->diags);
    assert_string_equal(fixture_messages(fixture), "");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        FIXTURE_TEST(what_fits_is_taken_and_numbers_are_read),
        FIXTURE_TEST(wrong_kinds_are_named),
        FIXTURE_TEST(an_empty_value_is_an_empty_map_or_list_but_no_word),
        FIXTURE_TEST(required_keys_are_missed),
        FIXTURE_TEST(lists_may_have_to_hold_something),
        FIXTURE_TEST(free_keys_have_a_form_and_known_ones_their_type),
        FIXTURE_TEST(a_free_key_near_a_known_one_is_warned_of),
        FIXTURE_TEST(unknown_keys_without_a_near_one_list_the_known),
        FIXTURE_TEST(texts_are_limited_in_length_and_characters),
        FIXTURE_TEST(ranges_in_texts_are_read_first),
        FIXTURE_TEST(long_values_are_cut_between_characters_in_messages),
        FIXTURE_TEST(slips_in_words_are_recognised),
        FIXTURE_TEST(what_was_broken_before_is_passed_over),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
