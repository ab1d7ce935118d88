#pragma once

#include "planner/plan/builder.h"

/* Fills bytes_to_send and items_dropped of every step of the plan. */
void costs_fill(struct plan *plan, struct arena *arena);

/* Fills plan->impacts: one for each cloud of which a step is in the plan, sorted by its code. */
void impacts_fill(struct builder *builder);
