/* How words become a command, its options and its operands. What is said about mistakes is tested
 * on the program itself. */
#include "planner/cli/options.h"

#include "planner/cli/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { WORDS = 16 };

static int setup(void **state)
{
    struct arena *arena = arena_new();
    struct cli *cli = arena_new_of(arena, struct cli);

    cli->arena = arena;
    cli->diags = diags_new(arena);
    *state = cli;
    return 0;
}

static int teardown(void **state)
{
    arena_free(((struct cli *)*state)->arena);
    return 0;
}

static int parse(struct cli *cli, ...)
{
    char *words[WORDS + 1] = {(char *)"arcusplan"};
    int count = 1;
    va_list args;

    va_start(args, cli);
    while (count < WORDS && (words[count] = va_arg(args, char *)))
        count++;
    va_end(args);
    return options_parse(cli, count, words);
}

static void options_and_operands_may_be_mixed(void **state)
{
    struct cli *cli = *state;

    assert_int_equal(parse(cli, "--state", "a.db", "plan", "one", "-o", "file", "two", "--target=x",
                           "-tz", "--", "--three", NULL),
                     0);
    assert_string_equal(cli->command->name, "plan");
    assert_int_equal(cli->operands.count, 3);
    assert_string_equal(cli->operands.items[2], "--three");
    assert_string_equal(cli_value(cli, OPTION_STATE), "a.db");
    assert_string_equal(cli_value(cli, OPTION_OUT), "file");
    assert_int_equal(cli->values[OPTION_TARGET].count, 2);
    assert_string_equal(cli->values[OPTION_TARGET].items[0], "x");
    assert_string_equal(cli->values[OPTION_TARGET].items[1], "z");
    assert_string_equal(cli->line, "arcusplan --state a.db plan one -o file two --target=x -tz -- "
                                   "--three");
}

static void commands_of_two_words_are_found(void **state)
{
    struct cli *cli = *state;

    assert_int_equal(parse(cli, "lock", "break", "abc", "cloud.yaml", NULL), 0);
    assert_string_equal(cli->command->name, "lock break");
    assert_int_equal(cli->operands.count, 2);
}

static void the_last_value_counts(void **state)
{
    struct cli *cli = *state;

    assert_int_equal(parse(cli, "plan", "x", "-j", "3", "--parallel", "5", NULL), 0);
    assert_int_equal(cli->parallel, 5);
}

static void there_are_defaults(void **state)
{
    struct cli *cli = *state;

    assert_int_equal(parse(cli, "plan", "x", NULL), 0);
    assert_int_equal(cli->parallel, 16);
    assert_false(cli->json || cli->quiet || cli->verbose);
    assert_null(cli_value(cli, OPTION_STATE));
}

static void variables_are_split_at_their_first_equals_sign(void **state)
{
    struct cli *cli = *state;

    assert_int_equal(parse(cli, "validate", "x", "--var", "a=b=c", "--var", "empty=", NULL), 0);
    assert_int_equal(cli->variables.count, 2);
    assert_string_equal(cli->variables.items[0].name, "a");
    assert_string_equal(cli->variables.items[0].value, "b=c");
    assert_string_equal(cli->variables.items[1].value, "");
}

static void help_is_told_from_everything_else(void **state)
{
    struct cli *cli = *state;

    assert_int_equal(parse(cli, "--help", NULL), 1);
    assert_null(cli->command);
    assert_int_equal(parse(cli, "apply", "-h", NULL), 1);
    assert_string_equal(cli->command->name, "apply");
}

static void colours_follow_the_option_before_anything_else(void **state)
{
    struct cli *cli = *state;

    setenv("NO_COLOR", "1", 1);
    assert_int_equal(parse(cli, "plan", "x", "--color", "always", NULL), 0);
    assert_true(cli->color);
    assert_int_equal(parse(cli, "plan", "x", "--color=auto", NULL), 0);
    assert_false(cli->color);
    unsetenv("NO_COLOR");
}

static void mistakes_are_usage_errors(void **state)
{
    struct cli *cli = *state;

    assert_int_equal(parse(cli, "plan", NULL), -1);
    assert_int_equal(diags_exit_status(cli->diags), 64);
    assert_int_equal(parse(cli, "plan", "x", "--yes", NULL), -1);
    assert_int_equal(parse(cli, "nonsense", NULL), -1);
    assert_int_equal(parse(cli, NULL), -1);
    assert_int_equal(parse(cli, "plan", "x", "--parallel", "1000", NULL), -1);
    assert_int_equal(diags_count_errors(cli->diags), 5);
}

static void rows_are_complete(void **state)
{
    (void)state;
    for (size_t i = 0; i < command_count; i++) {
        const struct command_row *row = &commands[i];

        assert_non_null(row->run);
        assert_true(row->sentence[0] && row->name[0]);
        assert_int_equal(row->options & OPTIONS_EVERYWHERE, 0);
        assert_true(row->most < 0 || row->most >= row->fewest);
        assert_int_equal(row->most == 0, row->operands[0] == '\0');
    }
    for (int id = 0; id < OPTION_COUNT; id++)
        for (int other = 0; other < id; other++) {
            assert_string_not_equal(option_rows[id].name, option_rows[other].name);
            assert_true(!option_rows[id].letter ||
                        option_rows[id].letter != option_rows[other].letter);
        }
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        CASE(options_and_operands_may_be_mixed),
        CASE(commands_of_two_words_are_found),
        CASE(the_last_value_counts),
        CASE(there_are_defaults),
        CASE(variables_are_split_at_their_first_equals_sign),
        CASE(help_is_told_from_everything_else),
        CASE(colours_follow_the_option_before_anything_else),
        CASE(mistakes_are_usage_errors),
        CASE(rows_are_complete),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
