#pragma once

#include "planner/base/str.h"
#include "planner/plan/plan.h"

#include <stdint.h>

/* What the printers share. */

/* "+" create, "~" change in place, "-/+" restart, "-" remove. */
const char *verb_symbol(enum verb verb);

/* Ids in ascending order: "1, 3-5". */
void print_ids(struct str *text, const int *ids, size_t count);

/* "1,234"; "an unknown number of" below zero. */
void print_count(struct str *text, int64_t count);

/* "1.2 MB", in powers of 1000; "an unknown amount" below zero. */
void print_bytes(struct str *text, int64_t bytes);

/* "sends 1.2 MB", "drops 1,234 items", joined by "; "; nothing when the step costs nothing. */
void print_costs(struct str *text, const struct step *step);

/* "12.5% of the key space moves, 1,234 items dropped, 1.2 MB to send", without what is zero. */
void print_impact(struct str *text, const struct plan_impact *impact);

/* "3 to create, 1 to update, 0 to restart, 0 to delete, 20 unchanged: 4 steps" */
void print_summary(struct str *text, const struct plan_summary *summary);

/* "cluster.yaml, prod.yaml" */
void print_spec_names(struct str *text, const struct spec *spec);

/* What an operator should know before trusting the plan, one line each ending in a newline:
 * hosts out of reach, an unread ensemble, a plan made from the state alone, steps left out. */
void print_caveats(struct str *text, const struct plan *plan);

/* The text with control characters as \xNN, for a terminal. */
void print_safe(FILE *out, const char *text);
void print_safe_bytes(FILE *out, const char *text, size_t length);
