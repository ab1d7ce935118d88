/* --target keeps what matches and what that needs; --exclude then takes away what matches and
 * what needs that. Both follow only edges that say what a step cannot do without, not those that
 * merely spread restarts over time. */
#include "planner/plan/builder.h"
#include "planner/plan/patterns.h"

struct selection {
    struct arena *arena;
    vec_of(struct item *) open;
};

static void select_item(struct selection *selection, struct item *item)
{
    if (!item->is_left_out)
        return;
    item->is_left_out = false;
    *vec_push(selection->arena, &selection->open) = item;
}

static void select_targets(struct builder *builder)
{
    struct selection selection = {.arena = builder->arena};

    vec_each(item, &builder->items)
        (*item)->is_left_out = true;
    vec_each(item, &builder->items)
        if (patterns_match(&builder->options->targets, (*item)->change->address))
            select_item(&selection, *item);
    while (selection.open.count) {
        const struct item *item = selection.open.items[--selection.open.count];

        vec_each(edge, &item->edges)
            if (edge->pulls)
                select_item(&selection, edge->to);
    }
}

static bool needs_left_out(const struct item *item)
{
    vec_each(edge, &item->edges)
        if (edge->kind == DEPENDENCY_NEEDS && edge->to->is_left_out)
            return true;
    return false;
}

static void exclude_items(struct builder *builder)
{
    bool has_changed = true;

    vec_each(item, &builder->items)
        if (patterns_match(&builder->options->excludes, (*item)->change->address))
            (*item)->is_left_out = true;
    while (has_changed) {
        has_changed = false;
        vec_each(item, &builder->items) {
            if ((*item)->is_left_out || !needs_left_out(*item))
                continue;
            (*item)->is_left_out = true;
            has_changed = true;
        }
    }
}

void builder_select(struct builder *builder)
{
    if (builder->options->targets.count)
        select_targets(builder);
    if (builder->options->excludes.count)
        exclude_items(builder);
    vec_each(item, &builder->items)
        builder->plan->left_out += (*item)->is_left_out;
}
