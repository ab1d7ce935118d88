#include "planner/plan/builder.h"

#include <stdarg.h>
#include <stdlib.h>

/* An update that only takes attributes away. */
static bool is_shrinking(const struct change *change)
{
    vec_each(attr, &change->attrs)
        if (attr->new || attr->is_computed)
            return false;
    return change->attrs.count > 0;
}

static enum op op_of_change(const struct change *change)
{
    const struct restype *type = change->type;

    switch (change->verb) {
    case VERB_KEEP:
    case VERB_FORGET:
        return OP_NONE;
    case VERB_UPDATE:
        return type->on_shrink && is_shrinking(change) ? type->on_shrink : type->on_update;
    case VERB_TUNE:
        return type->on_tune;
    case VERB_RESTART:
        return type->on_restart;
    case VERB_CREATE:
        return type->on_create;
    case VERB_DELETE:
        return type->on_delete;
    }
    return OP_NONE;
}

static int item_compare(const void *a, const void *b)
{
    const struct step *x = (*(const struct item *const *)a)->step;
    const struct step *y = (*(const struct item *const *)b)->step;

    if (x->op != y->op)
        return x->op < y->op ? -1 : 1;
    return name_compare(x->change->address, y->change->address);
}

static void builder_add(struct builder *builder, const struct change *change, enum op op)
{
    struct item *item = arena_new_of(builder->arena, struct item);

    item->step = arena_new_of(builder->arena, struct step);
    item->step->op = op;
    item->step->change = change;
    item->step->host = change->host;
    item->change = change;
    *vec_push(builder->arena, &builder->items) = item;
    map_put(&builder->by_address, change->address, item);
}

void builder_init(struct builder *builder, const struct diff_input *input, struct plan *plan,
                  struct arena *arena)
{
    *builder =
        (struct builder){.arena = arena, .options = input->options, .input = input, .plan = plan};
    map_init(&builder->by_address, arena);
    vec_each(change, &plan->diff->changes) {
        enum op op = op_of_change(*change);

        if (op != OP_NONE)
            builder_add(builder, *change, op);
    }
    if (builder->items.count > 1)
        qsort(builder->items.items, builder->items.count, sizeof(*builder->items.items),
              item_compare);
}

void builder_deinit(struct builder *builder)
{
    map_deinit(&builder->by_address);
}

struct item *builder_find(const struct builder *builder, const char *format, ...)
{
    va_list args;
    const char *address;

    va_start(args, format);
    address = arena_vprintf(builder->arena, format, args);
    va_end(args);
    return map_get(&builder->by_address, address);
}

void item_wait(struct builder *builder, struct item *item, struct item *to,
               enum dependency_kind kind, bool pulls)
{
    if (!to || to == item)
        return;
    vec_each(edge, &item->edges) {
        if (edge->to != to)
            continue;
        if (kind == DEPENDENCY_NEEDS)
            edge->kind = kind;
        edge->pulls |= pulls;
        return;
    }
    *vec_push(builder->arena, &item->edges) = (struct item_edge){to, kind, pulls};
}

const char *address_part(struct arena *arena, const char *address, int part)
{
    const char *end;

    while (part-- > 0) {
        address = strchr(address, '/');
        if (!address++)
            return NULL;
    }
    end = strchr(address, '/');
    return arena_strndup(arena, address, end ? (size_t)(end - address) : strlen(address));
}

/* A resource without a step is passed through: who waits for it waits for what it waits for. */
static void link_through(struct builder *builder, struct item *item,
                         const struct resource *resource, enum dependency_kind kind)
{
    vec_each(dependency, &resource->dependencies) {
        struct item *to = map_get(&builder->by_address, dependency->address);
        enum dependency_kind so_far =
            dependency->kind == DEPENDENCY_NEEDS ? kind : DEPENDENCY_AFTER;

        if (to && to->change->verb != VERB_DELETE)
            item_wait(builder, item, to, so_far, true);
        else if (!to && dependency->resource)
            link_through(builder, item, dependency->resource, so_far);
    }
}

void builder_link_needs(struct builder *builder)
{
    vec_each(item, &builder->items)
        if ((*item)->change->resource && (*item)->change->verb != VERB_DELETE)
            link_through(builder, *item, (*item)->change->resource, DEPENDENCY_NEEDS);
}
