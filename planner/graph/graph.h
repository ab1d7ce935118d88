#pragma once

#include "planner/base/map.h"
#include "planner/model/restype.h"

/* What the spec wants: every resource once, and who needs whom. */
struct graph {
    vec_of(struct resource *) resources; /* sorted by address */
    struct map by_address;
};

/* Declares the resources of all types and links them. -1: reported; *graph is then NULL. The
 * resources live in the arena; graph_deinit frees only the map. */
int graph_build(const struct declare_input *input, struct arena *arena, struct graph **graph);
void graph_deinit(struct graph *graph); /* takes NULL */

/* The same for resources declared elsewhere: checks that addresses are unique, resolves the
 * dependencies and names every cycle with the places of its members. */
int graph_link(struct resource_set *set, struct diags *diags, struct graph **graph);

/* NULL when the spec does not want it. */
const struct resource *graph_find(const struct graph *graph, const char *address);
