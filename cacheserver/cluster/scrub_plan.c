/*
 * A key is stale here if it belonged to somebody else at any time since it was last known to be
 * ours. With ketama a key is ours in each of several rings if and only if it is ours in the one
 * ring of all their nodes, so one ring, of everybody who was a member meanwhile, decides that.
 */
#include "cacheserver/cluster/scrub_plan.h"

#include <string.h>

static bool is_among(const char *name, char *const *names, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (!strcmp(names[i], name))
            return true;
    return false;
}

static void note_left(struct scrub_plan *plan, char *const *names, unsigned count)
{
    unsigned i = 0;

    while (i < plan->members.count) {
        const char *name = plan->members.names[i];
        if (is_among(name, names, count)) {
            i++;
            continue;
        }
        if (name_list_has(&plan->fresh, name)) {
            name_list_add(&plan->gone, name);
            name_list_remove(&plan->fresh, name);
        }
        name_list_remove(&plan->members, name);
    }
}

static bool note_joined(struct scrub_plan *plan, char *const *names, unsigned count,
                        const char *self)
{
    bool joined = false;

    for (unsigned i = 0; i < count; i++) {
        if (name_list_has(&plan->members, names[i]))
            continue;
        name_list_add(&plan->members, names[i]);
        if (strcmp(names[i], self) != 0)
            joined = name_list_add(&plan->fresh, names[i]) || joined;
    }
    return joined;
}

void scrub_plan_note(struct scrub_plan *plan, char *const *names, unsigned count, const char *self,
                     uint64_t now_ms, unsigned delay_ms)
{
    unsigned gone_before = plan->gone.count;

    note_left(plan, names, count);
    if (plan->gone.count > gone_before)
        plan->gone_due_ms = now_ms;
    if (note_joined(plan, names, count, self))
        plan->fresh_due_ms = now_ms + delay_ms;
}

uint64_t scrub_plan_due_ms(const struct scrub_plan *plan)
{
    uint64_t fresh = plan->fresh.count > 0 ? plan->fresh_due_ms : SCRUB_NEVER;
    uint64_t gone = plan->gone.count > 0 ? plan->gone_due_ms : SCRUB_NEVER;
    return fresh < gone ? fresh : gone;
}

bool scrub_plan_nodes(const struct scrub_plan *plan, bool is_running, struct name_list *nodes)
{
    return name_list_add_all(nodes, &plan->members) && name_list_add_all(nodes, &plan->gone) &&
           (!is_running || name_list_add_all(nodes, &plan->started));
}

void scrub_plan_begun(struct scrub_plan *plan, const struct name_list *nodes, uint64_t now_ms)
{
    name_list_clear(&plan->gone);
    if (plan->fresh_due_ms <= now_ms)
        name_list_clear(&plan->fresh);
    name_list_clear(&plan->started);
    name_list_add_all(&plan->started, nodes);
}

void scrub_plan_put_off(struct scrub_plan *plan, uint64_t until_ms)
{
    if (plan->fresh_due_ms < until_ms)
        plan->fresh_due_ms = until_ms;
    if (plan->gone_due_ms < until_ms)
        plan->gone_due_ms = until_ms;
}

void scrub_plan_reset(struct scrub_plan *plan)
{
    name_list_clear(&plan->members);
    name_list_clear(&plan->fresh);
    name_list_clear(&plan->gone);
    name_list_clear(&plan->started);
}
