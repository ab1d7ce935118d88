/* getopt_long reads the options; its tables are built from ours. Options before the command are
 * those accepted everywhere; after it, the command's own as well, in any order with the operands.
 */
#include "planner/cli/options.h"

#include "planner/cli/command.h"
#include "planner/spec/nearest.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { VALUE_BASE = 256, PARALLEL_DEFAULT = 16, PARALLEL_MOST = 512 };

const struct option_row option_rows[OPTION_COUNT] = {
#define OPTION(id, name, letter, argument, sentence) {name, letter, argument, sentence},
#include "planner/cli/options.def"
#undef OPTION
};

const struct command_row commands[] = {
#define COMMAND(words, handler, operands, fewest, most, options, sentence)                         \
    {words, handler, operands, fewest, most, options, sentence},
#include "planner/cli/commands.def"
#undef COMMAND
};
const size_t command_count = sizeof(commands) / sizeof(*commands);

/* What getopt_long wants for a set of options. */
struct getopt_tables {
    struct option longs[OPTION_COUNT + 1];
    char shorts[2 * OPTION_COUNT + 3];
};

bool cli_has(const struct cli *cli, enum option_id id)
{
    return cli->given >> id & 1;
}

const char *cli_value(const struct cli *cli, enum option_id id)
{
    const struct words *values = &cli->values[id];

    return values->count ? values->items[values->count - 1] : NULL;
}

int usage_error(struct cli *cli, const char *format, ...)
{
    struct diag *diag;
    va_list args;
    char *text;

    va_start(args, format);
    text = arena_vprintf(cli->arena, format, args);
    va_end(args);
    diag = diag_error(cli->diags, DIAG_USAGE, SRCLOC_NONE, "%s", text);
    if (cli->command)
        diag_hint(cli->diags, diag, "usage: arcusplan %s %s; --help says more", cli->command->name,
                  cli->command->operands);
    else
        diag_hint(cli->diags, diag, "arcusplan --help lists the commands");
    return -1;
}

static void build_tables(option_set accepted, const char *prefix, struct getopt_tables *tables)
{
    struct option *next = tables->longs;
    char *letter = stpcpy(tables->shorts, prefix);

    for (int id = 0; id < OPTION_COUNT; id++) {
        const struct option_row *row = &option_rows[id];

        if (!(accepted >> id & 1))
            continue;
        *next++ = (struct option){row->name, row->argument ? required_argument : no_argument, NULL,
                                  VALUE_BASE + id};
        if (row->letter)
            *letter++ = row->letter;
        if (row->letter && row->argument)
            *letter++ = ':';
    }
    *next = (struct option){0};
    *letter = '\0';
}

static int option_of(int value)
{
    if (value >= VALUE_BASE)
        return value - VALUE_BASE;
    for (int id = 0; id < OPTION_COUNT; id++)
        if (option_rows[id].letter && option_rows[id].letter == value)
            return id;
    return -1;
}

static const char *option_text(struct cli *cli, int value, const char *word)
{
    if (value >= VALUE_BASE)
        return arena_printf(cli->arena, "--%s", option_rows[value - VALUE_BASE].name);
    return value ? arena_printf(cli->arena, "-%c", value) : word;
}

static int unknown_option(struct cli *cli, const char *word, option_set accepted)
{
    const char *name = word + strspn(word, "-");
    struct nearest nearest = {.wrong = arena_strndup(cli->arena, name, strcspn(name, "="))};
    const char *found;

    for (int id = 0; id < OPTION_COUNT; id++)
        if (accepted >> id & 1)
            nearest_offer(&nearest, option_rows[id].name);
    found = nearest_found(&nearest);
    if (found && strncmp(word, "--", 2) == 0)
        return usage_error(cli, "unknown option %s, did you mean --%s?", word, found);
    return usage_error(cli, "unknown option %s", word);
}

/* What getopt_long did not like: '?' or ':'. */
static int bad_option(struct cli *cli, int kind, char **argv, option_set accepted)
{
    const char *word = argv[optind > 0 ? optind - 1 : 0];

    if (kind == ':')
        return usage_error(cli, "option %s needs a value", option_text(cli, optopt, word));
    if (optopt >= VALUE_BASE)
        return usage_error(cli, "option %s takes no value", option_text(cli, optopt, word));
    return unknown_option(cli, optopt ? option_text(cli, optopt, word) : word, accepted);
}

static int read_options(struct cli *cli, int argc, char **argv, const char *prefix,
                        option_set accepted)
{
    struct getopt_tables tables;
    int value;

    build_tables(accepted, prefix, &tables);
    opterr = 0;
    while ((value = getopt_long(argc, argv, tables.shorts, tables.longs, NULL)) != -1) {
        int id = option_of(value);

        if (value == '?' || value == ':' || id < 0)
            return bad_option(cli, value, argv, accepted);
        cli->given |= UINT64_C(1) << id;
        if (optarg)
            *vec_push(cli->arena, &cli->values[id]) = optarg;
    }
    return 0;
}

static int unknown_command(struct cli *cli, const char *name)
{
    struct nearest nearest = {.wrong = name};
    const char *found;

    for (size_t i = 0; i < command_count; i++)
        nearest_offer(&nearest, commands[i].name);
    found = nearest_found(&nearest);
    if (found)
        return usage_error(cli, "unknown command '%s', did you mean '%s'?", name, found);
    return usage_error(cli, "unknown command '%s'", name);
}

/* A family ("state") whose second word is missing or wrong. */
static int incomplete_command(struct cli *cli, const char *first, const char *second)
{
    size_t length = strlen(first);
    const char *members = "";

    for (size_t i = 0; i < command_count; i++)
        if (strncmp(commands[i].name, first, length) == 0 && commands[i].name[length] == ' ')
            members = arena_printf(cli->arena, "%s%s%s", members, members[0] ? ", " : "",
                                   commands[i].name + length + 1);
    if (!members[0])
        return unknown_command(cli, first);
    if (second && second[0] != '-')
        return unknown_command(cli, arena_printf(cli->arena, "%s %s", first, second));
    return usage_error(cli, "'%s' needs one of: %s", first, members);
}

/* How many words of argv name a command; 0 reported. */
static int find_command(struct cli *cli, int argc, char **argv)
{
    for (size_t i = 0; i < command_count; i++) {
        const char *name = commands[i].name, *space = strchr(name, ' ');
        size_t length = space ? (size_t)(space - name) : strlen(name);

        if (strncmp(argv[0], name, length) != 0 || argv[0][length])
            continue;
        if (space && (argc < 2 || strcmp(argv[1], space + 1) != 0))
            continue;
        cli->command = &commands[i];
        return space ? 2 : 1;
    }
    incomplete_command(cli, argv[0], argc > 1 ? argv[1] : NULL);
    return 0;
}

static int check_word(struct cli *cli, enum option_id id, const char *const *words)
{
    const char *value = cli_value(cli, id), *list = "";
    size_t count = 0;

    if (!value)
        return 0;
    for (; words[count]; count++)
        if (strcmp(value, words[count]) == 0)
            return 0;
    for (size_t i = 0; i < count; i++)
        list = arena_printf(cli->arena, "%s%s%s", list,
                            i == 0           ? ""
                            : i + 1 == count ? " or "
                                             : ", ",
                            words[i]);
    return usage_error(cli, "--%s is %s, not '%s'", option_rows[id].name, list, value);
}

static int read_parallel(struct cli *cli)
{
    const char *value = cli_value(cli, OPTION_PARALLEL);
    char *end;
    long number;

    cli->parallel = PARALLEL_DEFAULT;
    if (!value)
        return 0;
    errno = 0;
    number = strtol(value, &end, 10);
    if (errno || end == value || *end || number < 1 || number > PARALLEL_MOST)
        return usage_error(cli, "--parallel is a number from 1 to %d, not '%s'", PARALLEL_MOST,
                           value);
    cli->parallel = (int)number;
    return 0;
}

static int read_variables(struct cli *cli)
{
    const struct words *words = &cli->values[OPTION_VAR];

    for (size_t i = 0; i < words->count; i++) {
        const char *equals = strchr(words->items[i], '=');

        if (!equals || equals == words->items[i])
            return usage_error(cli, "--var is NAME=VALUE, not '%s'", words->items[i]);
        *vec_push(cli->arena, &cli->variables) = (struct spec_variable){
            arena_strndup(cli->arena, words->items[i], (size_t)(equals - words->items[i])),
            equals + 1};
    }
    return 0;
}

static bool wants_color(const struct cli *cli)
{
    const char *when = cli_value(cli, OPTION_COLOR), *none = getenv("NO_COLOR"),
               *terminal = getenv("TERM");

    if (when && strcmp(when, "auto") != 0)
        return strcmp(when, "always") == 0;
    return isatty(STDOUT_FILENO) && !(none && none[0]) && terminal && strcmp(terminal, "dumb") != 0;
}

static int check_values(struct cli *cli)
{
    static const char *const colors[] = {"auto", "always", "never", NULL};
    static const char *const formats[] = {"text", "json", "markdown", NULL};
    static const char *const refreshes[] = {"full", "zookeeper", "none", NULL};
    int count = (int)cli->operands.count;

    if (check_word(cli, OPTION_COLOR, colors) || check_word(cli, OPTION_FORMAT, formats) ||
        check_word(cli, OPTION_REFRESH, refreshes) || read_parallel(cli) || read_variables(cli))
        return -1;
    cli->json = cli_has(cli, OPTION_JSON);
    cli->quiet = cli_has(cli, OPTION_QUIET);
    cli->verbose = cli_has(cli, OPTION_VERBOSE);
    cli->color = wants_color(cli);
    if (count < cli->command->fewest)
        return usage_error(cli, "'%s' needs %s", cli->command->name, cli->command->operands);
    if (cli->command->most >= 0 && count > cli->command->most)
        return usage_error(cli, "'%s' takes no '%s'", cli->command->name,
                           cli->operands.items[cli->command->most]);
    return 0;
}

static const char *join_line(struct cli *cli, int argc, char **argv)
{
    const char *line = "arcusplan";

    for (int i = 1; i < argc; i++)
        line = arena_printf(cli->arena, "%s %s", line, argv[i]);
    return line;
}

int options_parse(struct cli *cli, int argc, char **argv)
{
    int words, start;

    cli->line = join_line(cli, argc, argv);
    optind = 0;
    if (read_options(cli, argc, argv, "+:", OPTIONS_EVERYWHERE))
        return -1;
    start = optind;
    if (start == argc)
        return cli_has(cli, OPTION_HELP) ? 1 : usage_error(cli, "a command is missing");
    words = find_command(cli, argc - start, argv + start);
    if (!words)
        return -1;
    /* getopt skips the first word, as if it were the program's name. */
    argv += start + words - 1;
    argc -= start + words - 1;
    optind = 0;
    if (read_options(cli, argc, argv, ":", OPTIONS_EVERYWHERE | cli->command->options))
        return -1;
    if (cli_has(cli, OPTION_HELP))
        return 1;
    for (int i = optind; i < argc; i++)
        *vec_push(cli->arena, &cli->operands) = argv[i];
    return check_values(cli);
}
