#pragma once

#include "planner/base/diag.h"
#include "planner/spec/schema.h"

/* Reads the text of a value that is no list, no map and no SCHEMA_TEXT: a number, a duration, a
 * word … -1 with fault set: what was expected. */
int scalar_parse(const struct schema_type *type, const char *text, long long *number,
                 struct fault *fault);

/* What may be written, for messages and the manual: "a number from 1 to 65535". */
void scalar_describe(const struct schema_type *type, char *text, size_t size);
