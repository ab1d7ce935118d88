#pragma once

#include "planner/graph/graph.h"
#include "planner/model/change.h"
#include "planner/plan/plan.h"

struct diff_input {
    const struct spec *spec;
    const struct graph *graph;
    const struct recorded *recorded;
    const struct world *world;
    const struct plan_options *options;
};

/* Compares what is wanted with what is there, in the arena. What nobody knows is taken from the
 * state or counts as absent; change->note then says so. */
struct diff *diff_build(const struct diff_input *input, struct arena *arena);

/* The change of that address, or NULL. */
const struct change *diff_find(const struct diff *diff, const char *address);

/* Whether the world, not the state, tells what the package will be after its build. */
bool diff_is_foreseen(const struct change *package);

/* What is there at that address according to the world, or else to the state. NULL: nothing.
 * *note says why when it was not the world that answered. */
const struct attrs *diff_see(const struct diff_input *input, const struct restype *type,
                             const char *address, struct arena *arena, const char **note);
