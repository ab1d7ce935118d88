#pragma once

#include "planner/base/arena.h"
#include "planner/base/srcloc.h"
#include "planner/base/vec.h"

/* One named property of a resource. Values are text in canonical form. */
struct attr {
    const char *name;
    const char *value;    /* NULL: known only after a build step (wanted side only) */
    const char *ref;      /* wanted side: take the value from this resource's fact … */
    const char *ref_attr; /* … and this attribute of it; NULL otherwise */
    struct srcloc at;     /* where the spec says so; no place on the world's side */
};

struct attrs { /* in the order of attrs_sort once built */
    struct attr *items;
    size_t count;
    size_t room;
};

void attrs_add(struct arena *arena, struct attrs *attrs, const char *name, const char *value,
               struct srcloc at);
void attrs_add_ref(struct arena *arena, struct attrs *attrs, const char *name, const char *ref,
                   const char *ref_attr, struct srcloc at);
/* Order of names and addresses: numbers inside them by value (server.2 before server.10). */
int name_compare(const char *a, const char *b);
/* By name_compare. */
void attrs_sort(struct attrs *attrs);
/* NULL when not there; sorted or not. */
const struct attr *attrs_find(const struct attrs *attrs, const char *name);
const char *attrs_value(const struct attrs *attrs, const char *name);
