/* Restarts are spread over time so that what they belong to stays up: a cloud's nodes first as
 * canaries, then a few at a time; ZooKeeper servers one by one with the leader last, because each
 * change of leader stops the whole ensemble for a moment.
 *
 * New ensemble members have empty disks. When they are so many that they could elect a leader
 * among themselves, everything that the old members know would be lost, so then the old ones go
 * first and the new ones follow one by one. Otherwise new and dead members start first: that is
 * what the quorum lives on while others restart. */
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

/* A member without a configuration, or one that never ran, has nothing to lose. */
static bool is_blank(const struct builder *builder, const struct item *item)
{
    const struct recorded_resource *recorded = item->change->recorded;
    const struct item *config =
        builder_find(builder, "zk_config/%s", item->step->host ? item->step->host->name : "");

    return (config && config->change->verb == VERB_CREATE) || !recorded || recorded->is_uncertain;
}

static void link_zookeeper(struct builder *builder)
{
    const struct spec_zookeeper *zookeeper = builder->input->spec->zookeeper;
    struct item_list starts = {0}, blanks = {0}, restarts = {0}, leaders = {0};
    size_t members = zookeeper && zookeeper->is_managed ? zookeeper->host_count : 0;
    size_t blank_members = 0;
    bool is_careful;

    vec_each(slot, &builder->items) {
        struct item *item = *slot;

        blank_members += item->step->op == OP_ZK_START && is_blank(builder, item);
        if (item->is_left_out)
            continue;
        if (item->step->op == OP_ZK_START)
            list_add(builder, is_blank(builder, item) ? &blanks : &starts, item);
        else if (item->step->op == OP_ZK_RESTART)
            list_add(builder, is_leader(item) ? &leaders : &restarts, item);
    }
    vec_each(leader, &leaders.items)
        list_add(builder, &restarts, *leader);
    chain(builder, &restarts);
    is_careful = blanks.items.count && blank_members < members && blank_members >= members / 2 + 1;
    if (is_careful) {
        chain(builder, &blanks);
        wait_for_all(builder, blanks.items.items[0], &starts);
        wait_for_all(builder, blanks.items.items[0], &restarts);
    }
    if (restarts.items.count) {
        wait_for_all(builder, restarts.items.items[0], &starts);
        if (!is_careful)
            wait_for_all(builder, restarts.items.items[0], &blanks);
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
