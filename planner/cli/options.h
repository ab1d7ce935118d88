#pragma once

#include "planner/base/arena.h"
#include "planner/base/diag.h"
#include "planner/base/vec.h"
#include "planner/spec/spec.h"

#include <stdbool.h>
#include <stdint.h>

/* The command line. Options and commands are tables (options.def, commands.def); parsing, usage
 * errors and help come from them. */

enum option_id {
#define OPTION(id, name, letter, argument, sentence) OPTION_##id,
#include "planner/cli/options.def"
#undef OPTION
    OPTION_COUNT
};

struct option_row {
    const char *name;
    char letter;          /* 0: none */
    const char *argument; /* NULL: takes none */
    const char *sentence;
};

extern const struct option_row option_rows[OPTION_COUNT];

typedef uint64_t option_set; /* a bit per option_id */
#define BIT(id) (UINT64_C(1) << OPTION_##id)
#define OPTIONS_EVERYWHERE                                                                         \
    (BIT(STATE) | BIT(JSON) | BIT(COLOR) | BIT(QUIET) | BIT(VERBOSE) | BIT(LOG) | BIT(HELP))
#define OPTIONS_PLAN                                                                               \
    (BIT(VAR) | BIT(TARGET) | BIT(EXCLUDE) | BIT(REPLACE) | BIT(ALLOW_DESTROY) | BIT(PARALLEL) |   \
     BIT(REFRESH) | BIT(OFFLINE) | BIT(DETAILED_EXITCODE))
#define OPTIONS_BY_HAND (BIT(VAR) | BIT(NODE) | BIT(HOST) | BIT(ZOOKEEPER) | BIT(PARALLEL))

struct words {
    const char **items;
    size_t count;
    size_t room;
};

struct command_row;

/* One run of the program: what was asked, and where results and errors go. */
struct cli {
    struct arena *arena;
    struct diags *diags;
    const struct command_row *command;
    struct words operands;
    option_set given;
    struct words values[OPTION_COUNT]; /* in the order given */
    vec_of(struct spec_variable) variables;
    const char *line; /* the command line as typed, for the log and the lock */
    int parallel;
    bool json, quiet, verbose, color;
    FILE *log; /* NULL: none */
};

bool cli_has(const struct cli *cli, enum option_id id);
/* The last value given, or NULL. */
const char *cli_value(const struct cli *cli, enum option_id id);

/* Fills command, operands, options. 0; 1 when help was asked for; -1 USAGE reported. */
int options_parse(struct cli *cli, int argc, char **argv);

/* Reports a mistake in the command line; -1. */
int usage_error(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
