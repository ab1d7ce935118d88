#include "planner/spec/vars.h"

#include "tests/unit/planner/spec/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

static const struct spec_variable given[] = {{"given", "from --var"}, {"both", "--var wins"}};
static int environment_calls;

static const char *environment(const char *name)
{
    environment_calls++;
    if (strcmp(name, "HOME_PAGE") == 0)
        return "secret";
    return strcmp(name, "EMPTY") == 0 ? "" : NULL;
}

/* The value of key v after replacement; NULL when it is broken. Both given variables are used. */
static struct tree *replace(struct fixture *fixture, const char *text)
{
    const char *using = "\nused: \"${given}${both}\"\n";
    struct spec_input input = {.environment = environment, .home = "/"};
    struct tree *value;

    input.variables = given;
    input.variable_count = 2;
    assert_int_equal(fixture_parse(fixture, fixture_join(fixture, text, using)), 0);
    vars_replace(fixture->tree, &input, fixture->arena, fixture->diags);
    value = tree_get(fixture->tree, "v");
    return value->is_broken ? NULL : value;
}

static void assert_becomes(struct fixture *fixture, const char *text, const char *expected)
{
    struct tree *value = replace(fixture, text);

    assert_non_null(value);
    assert_string_equal(value->text, expected);
    assert_string_equal(fixture_messages(fixture), "");
}

static void assert_fails(struct fixture *fixture, const char *text, const char *message)
{
    assert_null(replace(fixture, text));
    assert_string_equal(fixture_messages(fixture), message);
}

static void variables_of_the_spec_and_of_the_command_line_are_replaced(void **state)
{
    assert_becomes(*state, "vars: { a: one }\nv: x${a}y${a}\n", "xoneyone");
    assert_becomes(*state, "v: ${given}\n", "from --var");
    assert_becomes(*state, "vars: { both: spec }\nv: ${both}\n", "--var wins");
}

static void values_are_replaced_at_every_depth_but_keys_are_not(void **state)
{
    struct fixture *fixture = *state;
    struct tree *value =
        replace(fixture, "vars: { a: 1 }\nv: { \"${a}\": [\"${a}\", { k: \"${a}\" }] }\n");
    struct tree *list = tree_get(value, "${a}");

    assert_string_equal(list->items.items[0]->text, "1");
    assert_string_equal(tree_get(list->items.items[1], "k")->text, "1");
}

static void variables_may_use_others_in_any_order(void **state)
{
    assert_becomes(*state, "v: ${a}\nvars: { a: \"<${b}>\", b: \"${c}${c}\", c: x }\n", "<xx>");
}

static void what_a_variable_holds_is_not_replaced_again(void **state)
{
    assert_becomes(*state, "vars: { a: \"$${given}\" }\nv: ${a}\n", "${given}");
}

static void the_environment_is_asked_only_by_name(void **state)
{
    environment_calls = 0;
    assert_becomes(*state, "vars: { HOME_PAGE: x }\nv: ${HOME_PAGE}\n", "x");
    assert_int_equal(environment_calls, 0);
    assert_becomes(*state, "v: a${env:HOME_PAGE}b${env:EMPTY}\n", "asecretb");
    assert_int_equal(environment_calls, 2);
}

static void dollars_are_otherwise_plain(void **state)
{
    assert_becomes(*state, "v: \"$${a} $a $ $$ {a} $\"\n", "${a} $a $ $$ {a} $");
}

static void what_came_from_the_environment_is_not_shown(void **state)
{
    struct fixture *fixture = *state;
    struct tree *value = replace(fixture, "v: a${env:HOME_PAGE}\n");

    assert_string_equal(value->text, "asecret");
    assert_string_equal(value->shown, "a${env:HOME_PAGE}");
    value = replace(fixture, "vars: { s: \"${env:HOME_PAGE}\" }\nv: b${s}\n");
    assert_string_equal(value->text, "bsecret");
    assert_string_equal(value->shown, "b${s}");
    value = replace(fixture, "vars: { s: x }\nv: b${s}\n");
    assert_string_equal(value->shown, "bx");
}

static void a_given_variable_that_nothing_uses_is_warned_of(void **state)
{
    struct fixture *fixture = *state;
    struct spec_input input = {.variables = given, .variable_count = 2, .home = "/"};

    assert_int_equal(fixture_parse(fixture, "vars: { bot: 1, both: 2 }\nv: ${bot}${given}\n"), 0);
    vars_replace(fixture->tree, &input, fixture->arena, fixture->diags);
    assert_string_equal(fixture_messages(fixture),
                        "warning[W0210]: variable both, given with --var, is used nowhere\n"
                        "hint: did you mean bot?\n");
}

static void undefined_names_are_reported_with_the_nearest(void **state)
{
    assert_fails(*state, "vars: { domain: x }\nv: a.${domian}\n",
                 "a.yaml:2:6: error[E0210]: variable domian is not defined\n"
                 "hint: did you mean ${domain}?\n");
    assert_fails(*state, "v: ${env:NOT_SET}\n",
                 "a.yaml:1:4: error[E0210]: environment variable NOT_SET is not set\n");
    assert_fails(*state, "v: ${nowhere}\n",
                 "a.yaml:1:4: error[E0210]: variable nowhere is not defined\n"
                 "hint: define it under vars or with --var nowhere=VALUE, or write $${nowhere} to "
                 "mean the text\n");
}

static void every_undefined_name_of_a_value_is_reported(void **state)
{
    struct fixture *fixture = *state;

    assert_null(replace(fixture, "v: ${zzzzzz} ${env:NO} ${given} ${yyyyyy}\n"));
    assert_int_equal(diags_count_errors(fixture->diags), 3);
}

static void malformed_references_are_refused(void **state)
{
    static const char *const values[] = {"${",     "${}",    "${a b}", "${1a}",
                                         "${a:b}", "${ a }", "${a.b}"};
    struct fixture *fixture = *state;

    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        assert_null(replace(fixture, arena_printf(fixture->arena, "v: \"%s\"\n", values[i])));
        assert_int_equal(diags_count_errors(fixture->diags), 1);
        assert_non_null(strstr(fixture_messages(fixture), "E0210"));
    }
}

static void variables_that_need_each_other_are_refused_once(void **state)
{
    assert_fails(*state, "vars: { a: \"${b}\", b: \"${a}\" }\nv: ${a}\n",
                 "a.yaml:1:23: error[E0210]: variable a refers to itself\n");
}

static void long_chains_are_refused(void **state)
{
    struct fixture *fixture = *state;
    const char *text = "v: ${x0}\nvars:\n";

    for (int i = 0; i < 200; i++)
        text = arena_printf(fixture->arena, "%s  x%d: ${x%d}\n", text, i, i + 1);
    assert_null(replace(fixture, fixture_join(fixture, text, "  x200: end\n")));
    assert_non_null(strstr(fixture_messages(fixture), "a chain of too many others"));
}

static void values_do_not_grow_without_limit(void **state)
{
    struct fixture *fixture = *state;
    const char *text = "vars:\n  x0: 0123456789abcdef0123456789abcdef\n";

    for (int i = 1; i < 30; i++)
        text = arena_printf(fixture->arena, "%s  x%d: ${x%d}${x%d}\n", text, i, i - 1, i - 1);
    assert_null(replace(fixture, fixture_join(fixture, text, "v: ${x29}\n")));
    assert_non_null(
        strstr(fixture_messages(fixture), "expected at most 65536 bytes after variables"));
}

static void all_values_together_are_limited(void **state)
{
    struct fixture *fixture = *state;
    const char *text = "vars:\n  a: 0123456789abcdef\n";
    const char *list = "";

    for (char c = 'b'; c < 'l'; c++)
        text = arena_printf(fixture->arena, "%s  %c: ${%c}${%c}\n", text, c, c - 1, c - 1);
    for (int i = 0; i < 1200; i++)
        list = arena_printf(fixture->arena, "%s- ${k}\n", list);
    replace(fixture, arena_printf(fixture->arena, "%sv:\n%s", text, list));
    assert_non_null(strstr(fixture_messages(fixture), "from all variables together"));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        FIXTURE_TEST(variables_of_the_spec_and_of_the_command_line_are_replaced),
        FIXTURE_TEST(values_are_replaced_at_every_depth_but_keys_are_not),
        FIXTURE_TEST(variables_may_use_others_in_any_order),
        FIXTURE_TEST(what_a_variable_holds_is_not_replaced_again),
        FIXTURE_TEST(the_environment_is_asked_only_by_name),
        FIXTURE_TEST(dollars_are_otherwise_plain),
        FIXTURE_TEST(what_came_from_the_environment_is_not_shown),
        FIXTURE_TEST(a_given_variable_that_nothing_uses_is_warned_of),
        FIXTURE_TEST(undefined_names_are_reported_with_the_nearest),
        FIXTURE_TEST(every_undefined_name_of_a_value_is_reported),
        FIXTURE_TEST(malformed_references_are_refused),
        FIXTURE_TEST(variables_that_need_each_other_are_refused_once),
        FIXTURE_TEST(long_chains_are_refused),
        FIXTURE_TEST(values_do_not_grow_without_limit),
        FIXTURE_TEST(all_values_together_are_limited),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
