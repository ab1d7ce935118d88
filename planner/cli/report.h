#pragma once

#include "planner/cli/options.h"

/* Where messages go: errors and progress to standard error, and to the log when there is one. */

/* Opens the log named by --log. -1: reported. */
int report_open_log(struct cli *cli);
/* One line in the log, with the time before it. */
void report_log(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* With -v a line on standard error; in the log always. */
void report_note(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints the errors and warnings gathered so far. */
void report_diags(struct cli *cli);
/* Ends output: -1 when what was printed could not be written (reported). */
int report_finish(struct cli *cli);

/* Text for the terminal: what came from outside cannot drive it. */
const char *report_text(struct cli *cli, const char *text);
