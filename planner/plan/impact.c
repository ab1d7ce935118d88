/* The key space is compared between the nodes that ZooKeeper maps now and those that it will map
 * after the plan. A cloud without nodes before has no keys to move; one that loses all its nodes
 * loses all its keys. */
#include "cacheserver/contract/ring.h"
#include "planner/plan/costs.h"

#include <stdlib.h>

struct members {
    vec_of(const char *) names;
};

static void members_add(struct arena *arena, struct members *members, const struct attrs *attrs)
{
    const size_t length = strlen("mapping.");

    if (!attrs)
        return;
    vec_each(attr, attrs)
        if (!strncmp(attr->name, "mapping.", length))
            *vec_push(arena, &members->names) = attr->name + length;
}

/* Both are in the order of their attributes. */
static bool are_same(const struct members *before, const struct members *after)
{
    if (before->names.count != after->names.count)
        return false;
    for (size_t i = 0; i < before->names.count; i++)
        if (strcmp(before->names.items[i], after->names.items[i]) != 0)
            return false;
    return true;
}

static double keys_moved(const struct members *before, const struct members *after)
{
    struct ring old = {0};
    struct ring new = {0};
    double moved = 0;

    if (!before->names.count || are_same(before, after))
        return 0;
    if (!after->names.count)
        return 1;
    if (ring_init(&old, before->names.items, before->names.count) ||
        ring_init(&new, after->names.items, after->names.count))
        abort();
    moved = ring_moved(&old, before->names.items, &new, after->names.items);
    ring_deinit(&old);
    ring_deinit(&new);
    return moved;
}

static void impact_add_ring(struct builder *builder, struct plan_impact *impact)
{
    const struct item *item = builder_find(builder, "cloud/%s", impact->cloud);
    struct members before = {0};
    struct members after = {0};

    if (!item || item->is_left_out)
        return;
    members_add(builder->arena, &before, item->change->seen);
    if (item->change->resource && item->change->verb != VERB_DELETE)
        members_add(builder->arena, &after, &item->change->resource->attrs);
    impact->keys_moved = keys_moved(&before, &after);
}

static void count_add(int64_t *sum, int64_t count)
{
    *sum = *sum < 0 || count < 0 ? -1 : *sum + count;
}

static struct plan_impact *impact_of(struct builder *builder, const char *code)
{
    struct plan_impact *impact;

    vec_each(known, &builder->plan->impacts)
        if (!strcmp(known->cloud, code))
            return known;
    impact = vec_push(builder->arena, &builder->plan->impacts);
    impact->cloud = code;
    return impact;
}

static bool uses_release(const struct spec_cloud *cloud, const struct resource *release)
{
    if (cloud->package != release->package)
        return false;
    for (size_t i = 0; i < cloud->node_count; i++)
        if (cloud->nodes[i].host == release->host)
            return true;
    return false;
}

/* A release counts for each cloud that runs from it. */
static void impacts_add_release(struct builder *builder, const struct step *step)
{
    const struct spec *spec = builder->plan->spec;

    for (size_t i = 0; i < spec->cloud_count; i++)
        if (uses_release(&spec->clouds[i], step->change->resource))
            count_add(&impact_of(builder, spec->clouds[i].code)->bytes_to_send,
                      step->bytes_to_send);
}

static void impacts_add(struct builder *builder, const struct step *step)
{
    const char *type = step->change->type->name;

    if (!strcmp(type, "cloud") || !strcmp(type, "node")) {
        const char *code = address_part(builder->arena, step->change->address, 1);

        count_add(&impact_of(builder, code)->items_dropped, step->items_dropped);
    } else if (step->op == OP_DEPLOY && step->change->resource) {
        impacts_add_release(builder, step);
    }
}

static int impact_compare(const void *a, const void *b)
{
    const struct plan_impact *x = a;
    const struct plan_impact *y = b;

    return name_compare(x->cloud, y->cloud);
}

void impacts_fill(struct builder *builder)
{
    struct plan *plan = builder->plan;

    vec_each(step, &plan->steps)
        impacts_add(builder, *step);
    if (plan->impacts.count > 1)
        qsort(plan->impacts.items, plan->impacts.count, sizeof(*plan->impacts.items),
              impact_compare);
    vec_each(impact, &plan->impacts)
        impact_add_ring(builder, impact);
}
