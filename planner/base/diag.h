#pragma once

#include "planner/base/arena.h"
#include "planner/base/srcloc.h"

#include <stdbool.h>
#include <stdio.h>

/* Errors and warnings of one phase, kept until the phase ends and then printed sorted by place.
 *
 * Text is lower case without a full stop: what was expected and what was found. Notes point to a
 * second place; the hint says what to do. Text is one line: control characters in it are printed
 * as escapes. All belongs to the arena given to diags_new; one thread at a time. */

enum diag_code {
#define DIAG(name, number, exit_status, sentence) DIAG_##name,
#include "planner/base/diag_codes.def"
#undef DIAG
    DIAG_COUNT
};

struct diag_code_info {
    const char *name;
    int number;
    int exit_status;
    const char *sentence;
};

const struct diag_code_info *diag_code_info(enum diag_code code);

/* What went wrong in a place that has no diags at hand: a worker thread, a library wrapper. */
struct fault {
    enum diag_code code;
    char text[640];
    char hint[320]; /* "" for none */
};

/* Fills fault and returns -1, so that a function can end with it. The hint is "" at first. What is
 * printed may be the text that fault had before. */
int fault_set(struct fault *fault, enum diag_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int fault_hint(struct fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

struct diags;
struct diag;

struct diags *diags_new(struct arena *arena);

/* Makes the text of a file known, so that messages can show the line. Both must outlive diags. */
void diags_add_source(struct diags *diags, const char *file, const char *text, size_t length);

struct diag *diag_error(struct diags *diags, enum diag_code code, struct srcloc at,
                        const char *format, ...) __attribute__((format(printf, 4, 5)));
struct diag *diag_warning(struct diags *diags, enum diag_code code, struct srcloc at,
                          const char *format, ...) __attribute__((format(printf, 4, 5)));
/* An error made of a fault, its hint included. */
struct diag *diag_fault(struct diags *diags, struct srcloc at, const struct fault *fault);

void diag_note(struct diags *diags, struct diag *diag, struct srcloc at, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void diag_hint(struct diags *diags, struct diag *diag, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

bool diags_has_errors(const struct diags *diags);
size_t diags_count_errors(const struct diags *diags);
/* The exit status of the first error by place; 0 without errors. */
int diags_exit_status(const struct diags *diags);

/* Prints all, sorted, and forgets them. color: use ANSI colours. */
void diags_print(struct diags *diags, FILE *out, bool color);
