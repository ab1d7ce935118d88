#pragma once

#include "planner/base/arena.h"
#include "planner/base/diag.h"
#include "planner/spec/schema.h"
#include "planner/spec/tree.h"

/* Holds a tree against the schema and reports everything that does not fit. What does not fit is
 * marked broken; numbers are put into the nodes; an empty value where a map or a list belongs
 * becomes an empty one. */
void check_tree(const struct schema_type *type, struct tree *root, struct diags *diags);
