#pragma once

#include "planner/base/arena.h"
#include "planner/base/diag.h"
#include "planner/spec/spec.h"
#include "planner/spec/tree.h"

enum {
    VARS_MOST_BYTES = 64 * 1024,        /* of one value after its variables were replaced */
    VARS_MOST_TOTAL = 16 * 1024 * 1024, /* of all of them */
};

/* Replaces ${name} and ${env:NAME} in every value below root, by what input and the map vars of
 * root say. $${ stands for ${ itself. What cannot be replaced is reported and marked broken.
 * A variable of input that nothing uses gives a warning. */
void vars_replace(struct tree *root, const struct spec_input *input, struct arena *arena,
                  struct diags *diags);
