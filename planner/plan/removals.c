/* Removals go against the direction of the spec's dependencies: a node stops before its cloud is
 * taken out of ZooKeeper, which happens before the servers of the ensemble and the files go. A
 * stop on a host that is known to be out of reach will fail; what others of the cloud need must
 * not wait for that machine's return, so they only come after it. */
#include "planner/plan/builder.h"

struct removals {
    struct builder *builder;
    struct map stops_by_address; /* IP:PORT -> struct item that stops a node there */
};

static bool is_unreachable(const struct builder *builder, const struct item *item)
{
    const struct host_fact *host =
        item->step->host ? world_find_host(builder->input->world, item->step->host->name) : NULL;

    return host && !host->is_reachable;
}

static void wait_for_stop(struct builder *builder, struct item *item, struct item *stop)
{
    enum dependency_kind kind = is_unreachable(builder, stop) ? DEPENDENCY_AFTER : DEPENDENCY_NEEDS;

    item_wait(builder, item, stop, kind, kind == DEPENDENCY_NEEDS);
}

static void link_stop(struct removals *removals, struct item *stop)
{
    struct builder *builder = removals->builder;
    const char *code = address_part(builder->arena, stop->change->address, 1);
    const char *address = address_part(builder->arena, stop->change->address, 2);
    struct item *cloud = builder_find(builder, "cloud/%s", code);

    if (cloud)
        wait_for_stop(builder, cloud, stop);
    if (address)
        map_put(&removals->stops_by_address, address, stop);
}

static struct item *cloud_of(const struct builder *builder, const struct item *node)
{
    return builder_find(builder, "cloud/%s",
                        address_part(builder->arena, node->change->address, 1));
}

static bool gives_nodes(const struct item *cloud)
{
    vec_each(edge, &cloud->edges)
        if (edge->to->step->op == OP_STOP)
            return true;
    return false;
}

/* A node that moves to another cloud starts when it has stopped in the old one and both clouds
 * know; a mapping belongs to one cloud only. Two clouds that swap nodes register in any order. */
static void link_moved(struct removals *removals, struct item *start)
{
    struct builder *builder = removals->builder;
    const char *address = address_part(builder->arena, start->change->address, 2);
    struct item *stop = address ? map_get(&removals->stops_by_address, address) : NULL;
    struct item *from = stop ? cloud_of(builder, stop) : NULL;
    struct item *to = cloud_of(builder, start);

    if (!stop)
        return;
    item_wait(builder, start, stop, DEPENDENCY_NEEDS, true);
    item_wait(builder, start, from, DEPENDENCY_NEEDS, true);
    if (to && from && !gives_nodes(to))
        item_wait(builder, to, from, DEPENDENCY_NEEDS, true);
}

static bool is_on_same_host(const struct item *a, const struct item *b)
{
    return a->step->host && b->step->host && !strcmp(a->step->host->name, b->step->host->name);
}

static bool is_process_op(enum op op)
{
    return op == OP_STOP || op == OP_START || op == OP_RESTART || op == OP_ZK_STOP ||
           op == OP_ZK_RESTART || op == OP_ZK_START;
}

/* Files go when no process on the host uses them any more. */
static void link_undeploy(struct builder *builder, struct item *undeploy)
{
    vec_each(item, &builder->items)
        if (is_process_op((*item)->step->op) && is_on_same_host(*item, undeploy))
            item_wait(builder, undeploy, *item, DEPENDENCY_NEEDS, true);
}

static bool has_restarting_member(const struct builder *builder)
{
    vec_each(item, &builder->items)
        if ((*item)->step->op == OP_ZK_RESTART)
            return true;
    return false;
}

/* Servers go when nothing that is done in ZooKeeper or to the nodes, which may still be connected
 * to it, remains to be done. Those that leave members behind go first instead: rolling.c. */
static void link_zk_stop(struct builder *builder, struct item *zk_stop)
{
    if (has_restarting_member(builder))
        return;
    vec_each(slot, &builder->items) {
        struct item *item = *slot;
        bool is_gone = item->step->op == OP_UNREGISTER;

        if (item->step->op != OP_ZK_STOP && item->step->op != OP_UNDEPLOY)
            item_wait(builder, zk_stop, item, is_gone ? DEPENDENCY_NEEDS : DEPENDENCY_AFTER,
                      is_gone);
    }
}

void builder_link_removals(struct builder *builder)
{
    struct removals removals = {.builder = builder};

    map_init(&removals.stops_by_address, builder->arena);
    vec_each(item, &builder->items)
        if ((*item)->step->op == OP_STOP)
            link_stop(&removals, *item);
    vec_each(slot, &builder->items) {
        struct item *item = *slot;

        if (item->step->op == OP_START || item->step->op == OP_RESTART)
            link_moved(&removals, item);
        else if (item->step->op == OP_UNDEPLOY)
            link_undeploy(builder, item);
        else if (item->step->op == OP_ZK_STOP)
            link_zk_stop(builder, item);
    }
    map_deinit(&removals.stops_by_address);
}
