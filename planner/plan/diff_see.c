/* The world's word counts where it has one. Where it has none the state is the next best witness,
 * with two exceptions: what an interrupted step left is known to nobody, and the contents of a
 * managed ensemble that does not answer count as absent, because the steps that make them look
 * before they act, while steps left out would be missing after the ensemble has come up empty.
 * Something that the spec does not want is never called absent on such grounds: it would then be
 * forgotten, and prevent_destroy with it. */
#include "planner/plan/diff.h"

static const char *why_unknown(const struct diff_input *input, const struct restype *type,
                               const struct fact *fact)
{
    const struct host_fact *host;

    if (fact && fact->note)
        return fact->note;
    if (type->is_in_zookeeper && !input->world->zookeeper.is_connected)
        return "ZooKeeper not readable";
    host = fact && fact->host ? world_find_host(input->world, fact->host->name) : NULL;
    return host && !host->is_reachable ? "host unreachable" : "not looked at";
}

static bool state_is_witness(const struct diff_input *input, const struct restype *type,
                             const char *address, const struct recorded_resource *recorded)
{
    const struct spec_zookeeper *zookeeper = input->spec->zookeeper;
    bool is_wanted =
        input->options->intent != PLAN_DESTROY && graph_find(input->graph, address) != NULL;

    if (!recorded)
        return false;
    if (!is_wanted)
        return true;
    if (recorded->is_uncertain)
        return false;
    return !type->is_in_zookeeper || input->world->is_offline || !zookeeper ||
           !zookeeper->is_managed;
}

/* A managed ensemble that was never there answers nothing, and that is nothing to remark. */
static bool is_made_by_plan(const struct diff_input *input, const struct restype *type)
{
    return type->is_in_zookeeper && input->spec->zookeeper && input->spec->zookeeper->is_managed;
}

const struct attrs *diff_see(const struct diff_input *input, const struct restype *type,
                             const char *address, struct arena *arena, const char **note)
{
    const struct fact *fact = world_find(input->world, address);
    const struct recorded_resource *recorded = recorded_find(input->recorded, address);
    bool is_hearsay = fact && fact->said_by == WITNESS_STATE && recorded && recorded->is_uncertain;
    bool has_witness;

    *note = NULL;
    if (fact && fact->presence != PRESENCE_UNKNOWN && !is_hearsay)
        return fact->presence == PRESENCE_PRESENT ? &fact->attrs : NULL;
    has_witness = state_is_witness(input, type, address, recorded);
    if (recorded && recorded->is_uncertain)
        *note = arena_printf(arena, "an interrupted %s left it uncertain",
                             recorded->uncertain_op ? recorded->uncertain_op : "step");
    else if (!input->world->is_offline && (recorded || (fact && !is_made_by_plan(input, type))))
        *note = arena_printf(arena, "%s: %s", why_unknown(input, type, fact),
                             has_witness ? "taken from the state" : "taken as absent");
    return has_witness ? &recorded->attrs : NULL;
}
