/* Restarts are spread over time so that what they belong to stays up: a cloud's nodes first as
 * canaries, then a few at a time; ZooKeeper servers one by one with the leader last, because each
 * change of leader stops the whole ensemble for a moment.
 *
 * New ensemble members have empty disks. If so many of them ran that they could elect a leader
 * among themselves, everything that the old members know would be lost. So only as many as cannot
 * do that start first, together with old members that are down: that is what the quorum lives on
 * while the running ones restart. The other new members follow one by one.
 *
 * Members that leave while others stay are stopped before all that, one by one: one that restarts
 * with the new configuration would look in vain for a leader that is no longer in it, and the old
 * and the new members could each have a quorum of their own.
 */
#include "planner/plan/builder.h"

#include <stdlib.h>

struct item_list {
    vec_of(struct item *) items;
};

static void list_add(struct builder *builder, struct item_list *list, struct item *item)
{
    *vec_push(builder->arena, &list->items) = item;
}

static void wait_for_all(struct builder *builder, struct item *item, const struct item_list *list)
{
    vec_each(to, &list->items)
        item_wait(builder, item, *to, DEPENDENCY_NEEDS, false);
}

static void chain(struct builder *builder, const struct item_list *list)
{
    for (size_t i = 1; i < list->items.count; i++)
        item_wait(builder, list->items.items[i], list->items.items[i - 1], DEPENDENCY_NEEDS, false);
}

static bool is_leader(const struct item *item)
{
    const char *mode =
        item->change->fact ? attrs_value(&item->change->fact->attrs, "live.mode") : NULL;

    return mode && !strcmp(mode, "leader");
}

/* A member with nothing to lose: without a configuration, without data where the host says so, or
 * else one that never ran. */
static bool is_blank(const struct builder *builder, const struct item *item)
{
    const struct recorded_resource *recorded = item->change->recorded;
    const char *host = item->step->host ? item->step->host->name : "";
    const char *config = arena_printf(builder->arena, "zk_config/%s", host);
    const struct item *config_item = map_get(&builder->by_address, config);
    const struct fact *fact = world_find(builder->input->world, config);
    const char *has_data = fact ? attrs_value(&fact->attrs, "live.data") : NULL;

    if (config_item && config_item->change->verb == VERB_CREATE)
        return true;
    if (has_data)
        return strcmp(has_data, "no") == 0;
    return !recorded || recorded->is_uncertain;
}

struct ensemble {
    size_t blank_count; /* among all members, also those left out of this plan */
    size_t member_count;
    struct item_list starts; /* of members with data */
    struct item_list blanks;
    struct item_list restarts; /* the leader last */
    struct item_list stops;    /* of members that leave, the leader last */
};

static void ensemble_collect(struct builder *builder, struct ensemble *ensemble)
{
    const struct spec_zookeeper *zookeeper = builder->input->spec->zookeeper;
    struct item_list leaders = {0};
    struct item_list leaving_leaders = {0};

    if (zookeeper && zookeeper->is_managed)
        ensemble->member_count = zookeeper->host_count;
    vec_each(slot, &builder->items) {
        struct item *item = *slot;
        bool is_new = item->step->op == OP_ZK_START && is_blank(builder, item);

        ensemble->blank_count += is_new;
        if (item->is_left_out)
            continue;
        if (item->step->op == OP_ZK_START)
            list_add(builder, is_new ? &ensemble->blanks : &ensemble->starts, item);
        else if (item->step->op == OP_ZK_RESTART)
            list_add(builder, is_leader(item) ? &leaders : &ensemble->restarts, item);
        else if (item->step->op == OP_ZK_STOP)
            list_add(builder, is_leader(item) ? &leaving_leaders : &ensemble->stops, item);
    }
    vec_each(leader, &leaders.items)
        list_add(builder, &ensemble->restarts, *leader);
    vec_each(leader, &leaving_leaders.items)
        list_add(builder, &ensemble->stops, *leader);
}

/* A member that cannot be stopped, because its host is gone, holds nobody up. */
static void link_leaving(struct builder *builder, const struct ensemble *ensemble)
{
    if (!ensemble->restarts.items.count)
        return;
    for (size_t i = 0; i < ensemble->stops.items.count; i++) {
        struct item *stop = ensemble->stops.items.items[i];

        if (i)
            item_wait(builder, stop, ensemble->stops.items.items[i - 1], DEPENDENCY_AFTER, false);
        vec_each(restart, &ensemble->restarts.items)
            item_wait(builder, *restart, stop, DEPENDENCY_AFTER, false);
        vec_each(start, &ensemble->starts.items)
            item_wait(builder, *start, stop, DEPENDENCY_AFTER, false);
        vec_each(blank, &ensemble->blanks.items)
            item_wait(builder, *blank, stop, DEPENDENCY_AFTER, false);
    }
}

static void link_zookeeper(struct builder *builder)
{
    struct ensemble ensemble = {0};
    size_t early;

    ensemble_collect(builder, &ensemble);
    link_leaving(builder, &ensemble);
    chain(builder, &ensemble.restarts);
    early = ensemble.blanks.items.count;
    if (ensemble.blank_count < ensemble.member_count && early > ensemble.member_count / 2)
        early = ensemble.member_count / 2;
    for (size_t i = 0; i < early; i++)
        list_add(builder, &ensemble.starts, ensemble.blanks.items.items[i]);
    if (ensemble.restarts.items.count)
        wait_for_all(builder, ensemble.restarts.items.items[0], &ensemble.starts);
    for (size_t i = early; i < ensemble.blanks.items.count; i++) {
        struct item *late = ensemble.blanks.items.items[i];

        wait_for_all(builder, late, &ensemble.starts);
        wait_for_all(builder, late, &ensemble.restarts);
        list_add(builder, &ensemble.starts, late);
    }
}

static void link_restart(struct builder *builder, const struct spec_update *update,
                         const struct item_list *list, size_t i)
{
    size_t canaries = (size_t)update->canaries;
    size_t width = update->max_unavailable > 0 ? (size_t)update->max_unavailable : 1;
    struct item *item = list->items.items[i];
    enum dependency_kind kind = update->max_failures > 0 ? DEPENDENCY_AFTER : DEPENDENCY_NEEDS;

    if (i < canaries || (canaries && i < canaries + width)) {
        size_t previous = i < canaries ? i - 1 : canaries - 1;

        if (i)
            item_wait(builder, item, list->items.items[previous], DEPENDENCY_NEEDS, false);
    } else if (i >= width) {
        item_wait(builder, item, list->items.items[i - width], kind, false);
    }
}

static void link_cloud(struct builder *builder, const struct spec_cloud *cloud)
{
    struct item_list list = {0};

    vec_each(slot, &builder->items) {
        const struct resource *resource = (*slot)->change->resource;

        if ((*slot)->step->op == OP_RESTART && !(*slot)->is_left_out && resource &&
            resource->cloud == cloud)
            list_add(builder, &list, *slot);
    }
    for (size_t i = 0; i < list.items.count; i++)
        link_restart(builder, &cloud->update, &list, i);
}

void builder_link_rolling(struct builder *builder)
{
    link_zookeeper(builder);
    for (size_t i = 0; i < builder->input->spec->cloud_count; i++)
        link_cloud(builder, &builder->input->spec->clouds[i]);
}
