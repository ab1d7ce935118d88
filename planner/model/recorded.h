#pragma once

#include "planner/base/map.h"
#include "planner/model/attr.h"
#include "planner/spec/spec.h"

#include <stdint.h>

/* What the last runs left in the state database. */
struct recorded_resource {
    const char *address;
    const char *host; /* name, or NULL */
    struct attrs attrs;
    bool prevent_destroy;
    bool is_uncertain;        /* an intent without outcome: only the world knows */
    const char *uncertain_op; /* of that intent; NULL */
};

struct recorded {
    int64_t serial;                               /* grows with every committed outcome */
    vec_of(struct recorded_resource *) resources; /* sorted by address after recorded_finish */
    vec_of(struct spec_host *) hosts; /* how hosts were reached, also those gone from the spec */
    struct map by_address;
};

void recorded_init(struct recorded *recorded, struct arena *arena);
void recorded_deinit(struct recorded *recorded);
/* The resource of that address, added when new. */
struct recorded_resource *recorded_add(struct recorded *recorded, const char *address);
/* Sorts resources and attributes. */
void recorded_finish(struct recorded *recorded);
const struct recorded_resource *recorded_find(const struct recorded *recorded, const char *address);
const struct spec_host *recorded_find_host(const struct recorded *recorded, const char *name);
