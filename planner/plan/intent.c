#include "planner/plan/intent.h"

#include "planner/plan/patterns.h"

static bool is_process(const struct restype *type)
{
    return type->on_restart != OP_NONE;
}

static enum verb verb_by_hand(const struct plan_options *options, const struct change *change)
{
    bool is_down = change->verb == VERB_CREATE;

    if (!is_process(change->type) || !patterns_match(&options->targets, change->address))
        return VERB_KEEP;
    if (options->intent == PLAN_STOP)
        return is_down ? VERB_KEEP : VERB_DELETE;
    if (is_down)
        return VERB_CREATE;
    return options->intent == PLAN_RESTART ? VERB_RESTART : VERB_KEEP;
}

void intent_apply(const struct plan_options *options, struct diff *diff)
{
    size_t kept = 0;

    if (options->intent == PLAN_CONVERGE || options->intent == PLAN_DESTROY)
        return;
    vec_each(slot, &diff->changes) {
        struct change *change = *slot;

        if (change->verb == VERB_DELETE || change->verb == VERB_FORGET)
            continue;
        change->verb = verb_by_hand(options, change);
        change->is_forced = change->verb == VERB_RESTART;
        if (change->verb == VERB_KEEP || change->verb == VERB_DELETE)
            change->attrs.count = 0;
        diff->changes.items[kept++] = change;
    }
    diff->changes.count = kept;
}
