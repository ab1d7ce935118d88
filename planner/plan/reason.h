#pragma once

#include "planner/model/change.h"

/* One line on why a change is made: "threads 6 -> 4 (cluster.yaml:31:18)". In the arena. */
const char *reason_text(struct arena *arena, const struct change *change);

/* " (FILE:LINE:COLUMN)", or "" without a place. */
const char *place_text(struct arena *arena, struct srcloc at);

/* An attribute's name without the part that only tells groups apart: "threads" of "set.threads". */
const char *attr_short_name(const char *name);
