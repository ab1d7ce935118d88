#pragma once

#include "planner/plan/plan.h"

enum { PLAN_FORMAT_VERSION = 1 };

/* The text as a JSON string, null for NULL; bytes that are no UTF-8 are replaced. */
json_t *json_text(const char *text);

/* Writes the object and a newline. -1 when that fails, with errno set. */
int plan_json_dump(const json_t *object, FILE *out);
