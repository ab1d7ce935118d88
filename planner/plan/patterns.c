#include "planner/plan/patterns.h"

#include <fnmatch.h>
#include <string.h>

bool pattern_matches(const char *pattern, const char *address)
{
    return !strcmp(pattern, address) || !fnmatch(pattern, address, 0);
}

bool patterns_match(const struct plan_patterns *patterns, const char *address)
{
    for (size_t i = 0; i < patterns->count; i++)
        if (pattern_matches(patterns->items[i], address))
            return true;
    return false;
}

static bool pattern_is_used(const char *pattern, const struct diff *diff)
{
    vec_each(change, &diff->changes)
        if (pattern_matches(pattern, (*change)->address))
            return true;
    return false;
}

static int patterns_check_used(const struct plan_patterns *patterns, const char *option,
                               const struct diff *diff, struct diags *diags)
{
    int result = 0;

    for (size_t i = 0; i < patterns->count; i++) {
        struct diag *diag;

        if (pattern_is_used(patterns->items[i], diff))
            continue;
        diag = diag_error(diags, DIAG_PLAN_TARGET, SRCLOC_NONE, "%s %s matches no resource", option,
                          patterns->items[i]);
        diag_hint(diags, diag,
                  "addresses look like node/CODE/IP:PORT, cloud/CODE or release/HOST/PACKAGE");
        result = -1;
    }
    return result;
}

int patterns_check(const struct plan_options *options, const struct diff *diff, struct diags *diags)
{
    int result = 0;

    result |= patterns_check_used(&options->targets, "--target", diff, diags);
    result |= patterns_check_used(&options->excludes, "--exclude", diff, diags);
    result |= patterns_check_used(&options->replaces, "--replace", diff, diags);
    result |= patterns_check_used(&options->allow_destroy, "--allow-destroy", diff, diags);
    return result;
}
