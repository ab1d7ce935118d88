#pragma once

#include "planner/cli/options.h"

/* One row of commands.def. */
struct command_row {
    const char *name; /* one word or two */
    /* The exit status, or -1: reported, and the status is that of the first error. */
    int (*run)(struct cli *cli);
    const char *operands;
    int fewest, most; /* operands; most -1: any number */
    option_set options;
    const char *sentence;
};

extern const struct command_row commands[];
extern const size_t command_count;

#define COMMAND(words, handler, operands, fewest, most, options, sentence)                         \
    int handler(struct cli *cli);
#include "planner/cli/commands.def"
#undef COMMAND
