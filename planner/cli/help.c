/* Help is the tables in columns; the manual is checked against it. */
#include "planner/cli/help.h"

#include "planner/base/utf8.h"
#include "planner/cli/command.h"

#include <string.h>

enum { COMMAND_WIDTH = 14, OPTION_WIDTH = 28 };

static void print_option(FILE *out, const struct option_row *row)
{
    char text[64];
    char letter[8] = "    ";
    int width;

    if (row->letter)
        snprintf(letter, sizeof(letter), "-%c, ", row->letter);
    snprintf(text, sizeof(text), "%s--%s%s%s", letter, row->name, row->argument ? " " : "",
             row->argument ? row->argument : "");
    width = utf8_columns(text);
    fprintf(out, "  %s%*s%s\n", text, width < OPTION_WIDTH ? OPTION_WIDTH - width : 1, "",
            row->sentence);
}

static void print_options(FILE *out, option_set options)
{
    for (int id = 0; id < OPTION_COUNT; id++)
        if (options >> id & 1)
            print_option(out, &option_rows[id]);
}

static void print_command(const struct command_row *command, FILE *out)
{
    fprintf(out, "usage: arcusplan %s [OPTION]…%s%s\n\n%s\n", command->name,
            command->operands[0] ? " " : "", command->operands, command->sentence);
    if (command->options) {
        fputs("\noptions:\n", out);
        print_options(out, command->options);
    }
    fputs("\noptions everywhere:\n", out);
    print_options(out, OPTIONS_EVERYWHERE);
}

void help_print(const struct command_row *command, FILE *out)
{
    if (command) {
        print_command(command, out);
        return;
    }
    fputs("usage: arcusplan COMMAND [OPTION]… [OPERAND]…\n\n"
          "builds, provisions and looks after Arcus cache clouds\n\ncommands:\n",
          out);
    for (size_t i = 0; i < command_count; i++)
        fprintf(out, "  %-*s%s\n", COMMAND_WIDTH, commands[i].name, commands[i].sentence);
    fputs("\noptions everywhere:\n", out);
    print_options(out, OPTIONS_EVERYWHERE);
    fputs("\narcusplan COMMAND --help tells more; so does arcusplan(1)\n", out);
}
