#pragma once

#include "planner/graph/graph.h"
#include "planner/model/recorded.h"

/* The resources that a spec text declares, with myids in list order. */
struct declared {
    struct arena *arena;
    struct diags *diags;
    const struct spec *spec;
    struct graph *graph;
};

/* Ends the program when the text is no spec. declared_deinit frees it. */
void declared_init(struct declared *declared, const char *text);
void declared_deinit(struct declared *declared);

const struct resource *declared_find(const struct declared *declared, const char *address);
/* "" when the attribute or the resource is not there. */
const char *declared_value(const struct declared *declared, const char *address, const char *name);
const struct dependency *declared_dependency(const struct declared *declared, const char *address,
                                             const char *on);
size_t declared_count(const struct declared *declared, const char *type);

/* A spec with two hosts, an ensemble on both, one package and one cloud of three nodes. */
extern const char declared_site[];
