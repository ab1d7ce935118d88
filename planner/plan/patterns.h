#pragma once

#include "planner/plan/plan.h"

/* Whether one of the patterns is, or as a glob matches, the address. */
bool patterns_match(const struct plan_patterns *patterns, const char *address);
bool pattern_matches(const char *pattern, const char *address);

/* Reports every pattern that matches no address of the diff as PLAN_TARGET. */
int patterns_check(const struct plan_options *options, const struct diff *diff,
                   struct diags *diags);
