/* Items are sorted by operation and address already. Each is placed after what it waits for, so
 * the plan reads in natural order wherever nothing speaks against it. */
#include "planner/plan/builder.h"

#include <stdlib.h>

struct placement {
    struct builder *builder;
    struct diags *diags;
    vec_of(struct item *) stack;
    bool has_failed;
};

static void report_cycle(struct placement *placement, const struct item *first)
{
    bool is_inside = false;
    struct diag *diag = diag_error(placement->diags, DIAG_PLAN_CYCLE, first->change->at,
                                   "the step for %s waits for itself", first->change->address);

    vec_each(item, &placement->stack) {
        const struct change *change = (*item)->change;

        if (is_inside)
            diag_note(placement->diags, diag, change->at, "by way of %s", change->address);
        is_inside |= *item == first;
    }
    diag_hint(placement->diags, diag, "apply it in parts with --target or --exclude");
    placement->has_failed = true;
}

static void place(struct placement *placement, struct item *item)
{
    struct builder *builder = placement->builder;

    if (item->is_placed || item->is_left_out)
        return;
    if (item->is_open) {
        report_cycle(placement, item);
        return;
    }
    item->is_open = true;
    *vec_push(builder->arena, &placement->stack) = item;
    vec_each(edge, &item->edges)
        if (!placement->has_failed)
            place(placement, edge->to);
    placement->stack.count--;
    item->is_placed = true;
    item->is_open = false;
    *vec_push(builder->arena, &builder->plan->steps) = item->step;
    item->step->id = (int)builder->plan->steps.count;
}

static int id_compare(const void *a, const void *b)
{
    return *(const int *)a - *(const int *)b;
}

static void step_link(struct builder *builder, const struct item *item)
{
    struct step *step = item->step;

    vec_each(edge, &item->edges) {
        if (edge->to->is_left_out)
            continue;
        if (edge->kind == DEPENDENCY_NEEDS)
            *vec_push(builder->arena, &step->needs) = edge->to->step->id;
        else
            *vec_push(builder->arena, &step->after) = edge->to->step->id;
    }
    if (step->needs.count > 1)
        qsort(step->needs.items, step->needs.count, sizeof(int), id_compare);
    if (step->after.count > 1)
        qsort(step->after.items, step->after.count, sizeof(int), id_compare);
}

int builder_order(struct builder *builder, struct diags *diags)
{
    struct placement placement = {.builder = builder, .diags = diags};

    vec_each(item, &builder->items)
        if (!placement.has_failed)
            place(&placement, *item);
    if (placement.has_failed)
        return -1;
    vec_each(item, &builder->items)
        if (!(*item)->is_left_out)
            step_link(builder, *item);
    return 0;
}
