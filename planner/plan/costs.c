#include "planner/plan/costs.h"

#include <stdlib.h>

enum { UNKNOWN = -1 };

/* The attribute as a number that is not negative. */
static int64_t attr_number(const struct attrs *attrs, const char *name)
{
    const char *text = attrs ? attrs_value(attrs, name) : NULL;
    char *end;
    long long number;

    if (!text || *text < '0' || *text > '9')
        return UNKNOWN;
    number = strtoll(text, &end, 10);
    return *end ? UNKNOWN : number;
}

/* The archive's size is that of the release as it will be when the package is up to date, or when
 * somebody looked who could tell without building. */
static int64_t bytes_of_deploy(const struct plan *plan, const struct step *step,
                               struct arena *arena)
{
    const struct resource *release = step->change->resource;
    const struct change *package =
        diff_find(plan->diff, arena_printf(arena, "package/%s", release->package->name));

    if (package && diff_is_foreseen(package))
        return attr_number(&package->fact->attrs, "bytes");
    return package && package->verb == VERB_KEEP ? attr_number(package->seen, "bytes") : UNKNOWN;
}

void costs_fill(struct plan *plan, struct arena *arena)
{
    vec_each(slot, &plan->steps) {
        struct step *step = *slot;
        const struct fact *fact = step->change->fact;

        if (step->op == OP_DEPLOY)
            step->bytes_to_send = bytes_of_deploy(plan, step, arena);
        else if (step->op == OP_RESTART || step->op == OP_STOP)
            step->items_dropped = fact && fact->presence == PRESENCE_PRESENT
                                      ? attr_number(&fact->attrs, "live.items")
                                      : UNKNOWN;
    }
}
