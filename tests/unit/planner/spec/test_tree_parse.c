#include "planner/spec/tree.h"

#include "tests/unit/planner/spec/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

static struct tree *parse(struct fixture *fixture, const char *text)
{
    assert_int_equal(fixture_parse(fixture, text), 0);
    return fixture->tree;
}

static const char *refuse(struct fixture *fixture, const char *text, size_t length)
{
    struct spec_source source = {"a.yaml", text, length};

    assert_int_equal(tree_parse(&source, fixture->arena, fixture->diags, &fixture->tree), -1);
    assert_null(fixture->tree);
    return fixture_messages(fixture);
}

static void assert_refused(struct fixture *fixture, const char *text, const char *message)
{
    assert_string_equal(refuse(fixture, text, strlen(text)), message);
}

static void assert_place(struct srcloc at, int line, int column)
{
    assert_string_equal(at.file, "a.yaml");
    assert_int_equal(at.line, line);
    assert_int_equal(at.column, column);
}

static void every_node_has_its_place(void **state)
{
    struct tree *map =
        parse(*state, "# comment\nhosts:\n  a: { address: 10.0.0.1 }\n  l: [x, y]\n");
    struct tree *hosts = tree_get(map, "hosts");
    struct tree *a = tree_get(hosts, "a");

    assert_place(map->at, 2, 1);
    assert_place(tree_entry(map, "hosts")->at, 2, 1);
    assert_place(tree_entry(hosts, "a")->at, 3, 3);
    assert_place(a->at, 3, 6);
    assert_place(tree_get(a, "address")->at, 3, 17);
    assert_place(tree_get(hosts, "l")->items.items[1]->at, 4, 10);
}

static void columns_count_characters_and_lines_count_line_feeds(void **state)
{
    struct tree *map = parse(*state, "\xec\x95\x84: { \xc3\xbc: x }\r\n\xe2\x80\xa8"
                                     "b: y\n");

    assert_place(tree_get(tree_get(map, "\xec\x95\x84"), "\xc3\xbc")->at, 1, 9);
    /* U+2028 ends a line for YAML 1.1, but not for editors. */
    assert_place(tree_entry(map, "b")->at, 2, 2);
}

static void a_byte_order_mark_takes_no_column(void **state)
{
    struct tree *map = parse(*state, "\xef\xbb\xbf"
                                     "a: b\n");

    assert_place(tree_entry(map, "a")->at, 1, 1);
}

static void plain_empty_words_are_nothing_and_quoted_ones_are_text(void **state)
{
    struct tree *map = parse(*state, "a:\nb: ~\nc: null\nd: \"\"\ne: 'null'\nf: nullx\n");

    assert_int_equal(tree_get(map, "a")->kind, TREE_NOTHING);
    assert_int_equal(tree_get(map, "b")->kind, TREE_NOTHING);
    assert_int_equal(tree_get(map, "c")->kind, TREE_NOTHING);
    assert_string_equal(tree_get(map, "d")->text, "");
    assert_int_equal(tree_get(map, "d")->kind, TREE_SCALAR);
    assert_string_equal(tree_get(map, "e")->text, "null");
    assert_string_equal(tree_get(map, "f")->text, "nullx");
}

static void words_keep_their_spelling(void **state)
{
    struct tree *map =
        parse(*state, "a: 1.0\nb: 0755\nc: yes\nd: 2024-01-01\ne: \"x\\ty\"\nf: |\n  l1\n  l2\n");

    assert_string_equal(tree_get(map, "a")->text, "1.0");
    assert_string_equal(tree_get(map, "b")->text, "0755");
    assert_string_equal(tree_get(map, "c")->text, "yes");
    assert_string_equal(tree_get(map, "d")->text, "2024-01-01");
    assert_string_equal(tree_get(map, "e")->text, "x\ty");
    assert_string_equal(tree_get(map, "f")->text, "l1\nl2\n");
}

static void an_empty_file_is_nothing(void **state)
{
    assert_int_equal(parse(*state, "")->kind, TREE_NOTHING);
    assert_int_equal(parse(*state, "# comment\n")->kind, TREE_NOTHING);
    assert_int_equal(parse(*state, "---\n...\n")->kind, TREE_NOTHING);
}

static void aliases_are_copies(void **state)
{
    struct tree *map = parse(*state, "a: &x { k: [1, 2] }\nb: *x\n");
    struct tree *a = tree_get(map, "a"), *b = tree_get(map, "b");

    assert_ptr_not_equal(a, b);
    assert_ptr_not_equal(tree_get(a, "k"), tree_get(b, "k"));
    assert_string_equal(tree_get(b, "k")->items.items[1]->text, "2");
    assert_place(tree_get(b, "k")->at, 1, 12);
}

static void merge_keys_fill_in_what_is_missing(void **state)
{
    struct tree *map = parse(*state, "x: &x { a: 1, b: 1 }\ny: &y { b: 2, c: 2 }\n"
                                     "one: { <<: *x, a: 0 }\nboth: { c: 0, <<: [*y, *x] }\n"
                                     "quoted: { '<<': 1 }\n");
    struct tree *one = tree_get(map, "one"), *both = tree_get(map, "both");

    assert_string_equal(tree_get(one, "a")->text, "0");
    assert_string_equal(tree_get(one, "b")->text, "1");
    assert_int_equal(one->entries.count, 2);
    assert_string_equal(tree_get(both, "a")->text, "1");
    assert_string_equal(tree_get(both, "b")->text, "2");
    assert_string_equal(tree_get(both, "c")->text, "0");
    assert_string_equal(tree_get(tree_get(map, "quoted"), "<<")->text, "1");
}

static void a_repeated_key_is_reported_and_left_out(void **state)
{
    struct fixture *fixture = *state;
    struct tree *map = parse(fixture, "a: 1\nb: 2\na: 3\n");

    assert_int_equal(map->entries.count, 2);
    assert_string_equal(tree_get(map, "a")->text, "1");
    assert_string_equal(fixture_messages(fixture),
                        "a.yaml:3:1: error[E0208]: key a is written twice in one map\n"
                        "a.yaml:1:1: note: first written here\n");
}

static void what_is_no_text_is_refused_with_its_place(void **state)
{
    struct fixture *fixture = *state;

    assert_string_equal(
        refuse(fixture, "a: 1\nb: \0\n", 10),
        "a.yaml:2:4: error[E0201]: expected text, found the control character U+0000\n");
    assert_refused(fixture, "\xc3\xbc\xff",
                   "a.yaml:1:2: error[E0201]: expected UTF-8 text, found the byte 0xff\n");
    assert_refused(fixture, "a: \x7f",
                   "a.yaml:1:4: error[E0201]: expected text, found the control character U+007F\n");
    assert_refused(fixture, "a: \"\\0\"",
                   "a.yaml:1:4: error[E0201]: expected text, found a NUL in it\n");
    assert_refused(fixture, "\"\\0\": 1",
                   "a.yaml:1:1: error[E0201]: expected a word as the key, found a NUL in it\n");
}

static void utf_16_is_named(void **state)
{
    struct fixture *fixture = *state;
    static const char *const starts[] = {"\xff\xfe"
                                         "a",
                                         "\xfe\xff"
                                         "a"};

    for (int i = 0; i < 2; i++)
        assert_string_equal(refuse(fixture, starts[i], 3),
                            "a.yaml:1:1: error[E0201]: expected UTF-8 text, found UTF-16\n"
                            "hint: save the file as UTF-8\n");
}

static void a_large_file_is_refused_unread(void **state)
{
    struct fixture *fixture = *state;

    assert_string_equal(refuse(fixture, "", (size_t)TREE_MOST_BYTES + 1),
                        "a.yaml:1:1: error[E0202]: expected at most 4194304 bytes, found more\n");
}

static void nesting_is_limited(void **state)
{
    struct fixture *fixture = *state;
    char text[TREE_MOST_LEVELS + 1];

    memset(text, '[', sizeof(text));
    assert_string_equal(refuse(fixture, text, sizeof(text)),
                        "a.yaml:1:65: error[E0202]: expected at most 64 levels of nesting\n");
    memset(text + TREE_MOST_LEVELS / 2, ']', TREE_MOST_LEVELS / 2);
    text[TREE_MOST_LEVELS] = '\0';
    parse(fixture, text);
}

static void aliases_do_not_nest_deeper_than_the_limit(void **state)
{
    struct fixture *fixture = *state;
    const char *text = "- &x0 [x]\n";

    for (int i = 1; i < 70; i++)
        text = arena_printf(fixture->arena, "%s- &x%d [*x%d]\n", text, i, i - 1);
    refuse(fixture, text, strlen(text));
    assert_non_null(strstr(fixture->text, "expected at most 64 levels of nesting"));
}

static void an_alias_bomb_is_refused(void **state)
{
    struct fixture *fixture = *state;
    const char *text = "- &x0 [x, x, x, x, x, x, x, x]\n";

    for (int i = 1; i < 20; i++)
        text = arena_printf(fixture->arena, "%s- &x%d [*x%d, *x%d, *x%d, *x%d]\n", text, i, i - 1,
                            i - 1, i - 1, i - 1);
    refuse(fixture, text, strlen(text));
    assert_non_null(strstr(fixture->text, "expected at most 250000 values in a file"));
}

static void an_alias_needs_an_anchor_that_ended_before(void **state)
{
    struct fixture *fixture = *state;

    assert_refused(fixture, "a: *x\n",
                   "a.yaml:1:4: error[E0201]: expected an anchor &x that ends before this alias\n"
                   "hint: quote a value that starts with *\n");
    assert_refused(fixture, "a: &x [*x]\n",
                   "a.yaml:1:8: error[E0201]: expected an anchor &x that ends before this alias\n"
                   "hint: quote a value that starts with *\n");
}

static void keys_are_words(void **state)
{
    struct fixture *fixture = *state;

    assert_refused(fixture, "? [a]\n: 1\n",
                   "a.yaml:1:3: error[E0201]: expected a word as the key, found a list\n");
    assert_refused(fixture, "? {a: b}\n: 1\n",
                   "a.yaml:1:3: error[E0201]: expected a word as the key, found a map\n");
    assert_refused(fixture, "a: &x b\n*x : 1\n",
                   "a.yaml:2:1: error[E0201]: expected a word as the key, found an alias\n");
    assert_refused(fixture, "\"\": 1\n",
                   "a.yaml:1:1: error[E0201]: expected a word as the key, found nothing\n");
}

static void tags_and_second_documents_are_refused(void **state)
{
    struct fixture *fixture = *state;

    assert_refused(fixture, "a: !x {}\n",
                   "a.yaml:1:4: error[E0201]: expected a value without a tag, found !x\n"
                   "hint: quote a value that starts with !\n");
    assert_refused(fixture, "a: 1\n---\nb: 2\n",
                   "a.yaml:2:1: error[E0201]: expected one document in a file, found a second one\n"
                   "hint: put it into a file of its own and name both on the command line\n");
}

static void syntax_errors_have_both_places(void **state)
{
    struct fixture *fixture = *state;

    assert_refused(fixture, "a: [1\nb: 2\n",
                   "a.yaml:2:2: error[E0201]: did not find expected ',' or ']'\n"
                   "a.yaml:1:4: note: while parsing a flow sequence\n");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        FIXTURE_TEST(every_node_has_its_place),
        FIXTURE_TEST(columns_count_characters_and_lines_count_line_feeds),
        FIXTURE_TEST(a_byte_order_mark_takes_no_column),
        FIXTURE_TEST(plain_empty_words_are_nothing_and_quoted_ones_are_text),
        FIXTURE_TEST(words_keep_their_spelling),
        FIXTURE_TEST(an_empty_file_is_nothing),
        FIXTURE_TEST(aliases_are_copies),
        FIXTURE_TEST(merge_keys_fill_in_what_is_missing),
        FIXTURE_TEST(a_repeated_key_is_reported_and_left_out),
        FIXTURE_TEST(what_is_no_text_is_refused_with_its_place),
        FIXTURE_TEST(utf_16_is_named),
        FIXTURE_TEST(a_large_file_is_refused_unread),
        FIXTURE_TEST(nesting_is_limited),
        FIXTURE_TEST(aliases_do_not_nest_deeper_than_the_limit),
        FIXTURE_TEST(an_alias_bomb_is_refused),
        FIXTURE_TEST(an_alias_needs_an_anchor_that_ended_before),
        FIXTURE_TEST(keys_are_words),
        FIXTURE_TEST(tags_and_second_documents_are_refused),
        FIXTURE_TEST(syntax_errors_have_both_places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
