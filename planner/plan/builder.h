#pragma once

#include "planner/model/step.h"
#include "planner/plan/diff.h"

/* The plan while it is being made: a step for each change that needs one, and what it waits for. */

struct item;

struct item_edge {
    struct item *to;
    enum dependency_kind kind;
    bool pulls; /* a target takes this one along */
};

struct item {
    struct step *step;
    const struct change *change;
    vec_of(struct item_edge) edges;
    bool is_left_out;
    bool is_placed;
    bool is_open; /* being placed */
};

struct builder {
    struct arena *arena;
    const struct plan_options *options;
    const struct diff_input *input;
    struct plan *plan;
    vec_of(struct item *) items; /* sorted by operation, then by address */
    struct map by_address;
};

/* Makes the items of the diff. builder_deinit frees the map. */
void builder_init(struct builder *builder, const struct diff_input *input, struct plan *plan,
                  struct arena *arena);
void builder_deinit(struct builder *builder);

struct item *builder_find(const struct builder *builder, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* item waits for to; a NULL to, to itself and a second edge to the same one are ignored, except
 * that NEEDS replaces AFTER. */
void item_wait(struct builder *builder, struct item *item, struct item *to,
               enum dependency_kind kind, bool pulls);

/* Part of an address: 0 the type, 1 what follows it, … In the arena; NULL when there is none. */
const char *address_part(struct arena *arena, const char *address, int part);

/* Each hop adds its kind of edges. */
void builder_link_needs(struct builder *builder);    /* what the spec's dependencies say */
void builder_link_removals(struct builder *builder); /* stops, then registrations, then the rest */
void builder_select(struct builder *builder);        /* --target, --exclude */
void builder_link_rolling(struct builder *builder);  /* one after the other, leaders last */
/* Numbers the steps that are not left out into the plan. -1: PLAN_CYCLE reported. */
int builder_order(struct builder *builder, struct diags *diags);
