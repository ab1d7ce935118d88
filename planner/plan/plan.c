/* The hops from a spec to a plan: myids, graph, diff, items with what they wait for, the choice of
 * targets, and the order. Only maps hold memory outside the arena, so they are freed here. */
#include "planner/plan/plan.h"

#include "planner/plan/builder.h"
#include "planner/plan/costs.h"
#include "planner/plan/intent.h"
#include "planner/plan/patterns.h"
#include "planner/plan/protect.h"
#include "planner/plan/reason.h"
#include "planner/types/zk_myids.h"

static void summary_fill(struct plan *plan)
{
    struct plan_summary *summary = &plan->summary;

    vec_each(change, &plan->diff->changes)
        summary->unchanged += (*change)->verb == VERB_KEEP;
    vec_each(step, &plan->steps) {
        enum verb verb = (*step)->change->verb;

        summary->steps++;
        summary->create += verb == VERB_CREATE;
        summary->update += verb == VERB_UPDATE || verb == VERB_TUNE;
        summary->restart += verb == VERB_RESTART;
        summary->delete += verb == VERB_DELETE;
    }
}

static int plan_build(struct builder *builder, struct diags *diags)
{
    struct plan *plan = builder->plan;

    builder_link_needs(builder);
    builder_link_removals(builder);
    builder_select(builder);
    builder_link_rolling(builder);
    if (builder_order(builder, diags) || protect_check(builder, diags))
        return -1;
    vec_each(step, &plan->steps)
        (*step)->reason = reason_text(builder->arena, (*step)->change);
    costs_fill(plan, builder->arena);
    impacts_fill(builder);
    summary_fill(plan);
    return 0;
}

static int plan_from_graph(const struct diff_input *input, struct arena *arena, struct diags *diags,
                           const struct plan **result)
{
    struct plan *plan = arena_new_of(arena, struct plan);
    struct diff *diff = diff_build(input, arena);
    struct builder builder;
    int failed;

    if (patterns_check(input->options, diff, diags))
        return -1;
    intent_apply(input->options, diff);
    plan->spec = input->spec;
    plan->recorded = input->recorded;
    plan->world = input->world;
    plan->diff = diff;
    builder_init(&builder, input, plan, arena);
    failed = plan_build(&builder, diags);
    builder_deinit(&builder);
    *result = failed ? NULL : plan;
    return failed;
}

int plan_make(const struct spec *spec, const struct recorded *recorded, const struct world *world,
              const struct plan_options *options, struct arena *arena, struct diags *diags,
              const struct plan **plan)
{
    struct declare_input declare = {.spec = spec, .diags = diags};
    struct graph *graph;
    int *myids;
    int failed;

    *plan = NULL;
    if (zk_assign_myids(spec, recorded, world, arena, diags, &myids))
        return -1;
    declare.myids = myids;
    if (graph_build(&declare, arena, &graph))
        return -1;
    failed = plan_from_graph(
        &(struct diff_input){
            .spec = spec, .graph = graph, .recorded = recorded, .world = world, .options = options},
        arena, diags, plan);
    graph_deinit(graph);
    return failed;
}
