#pragma once

#include "planner/cli/options.h"

#include <stdio.h>

/* The usage of one command, or, without one, the list of all. */
void help_print(const struct command_row *command, FILE *out);
