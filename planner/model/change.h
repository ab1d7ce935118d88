#pragma once

#include "planner/model/fact.h"
#include "planner/model/recorded.h"
#include "planner/model/restype.h"

/* One attribute that differs. old NULL: not there before; new NULL: goes away, or is known only
 * after the build when is_computed. */
struct attr_change {
    const char *name;
    const char *old;
    const char *new;
    bool is_computed;
    struct srcloc at;
};

/* What has to happen to one resource. */
struct change {
    const char *address;
    enum verb verb;
    const struct restype *type;
    const struct resource *resource;          /* NULL when the spec does not have it */
    const struct fact *fact;                  /* NULL when the world was not asked */
    const struct recorded_resource *recorded; /* NULL when never recorded */
    const struct attrs *seen;     /* what is there, as the world or else the state has it; NULL:
                                     nothing is */
    const struct spec_host *host; /* where it is; NULL: nowhere or unknown */
    vec_of(struct attr_change) attrs;
    bool is_forced;   /* asked for by --replace: the step acts even where its check is content */
    const char *note; /* "host unreachable: taken from the state"; NULL */
    struct srcloc at; /* of the spec line to blame */
};

struct diff {
    vec_of(struct change *) changes; /* sorted by address, VERB_KEEP among them */
};
