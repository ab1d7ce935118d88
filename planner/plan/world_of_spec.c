#include "planner/plan/world_of_spec.h"

#include "planner/base/digest.h"
#include "planner/graph/graph.h"
#include "planner/model/recorded.h"
#include "planner/types/zk_myids.h"

static const char *digest_made_up(struct arena *arena, const struct spec_package *package)
{
    char hex[DIGEST_HEX_SIZE];
    struct digest *digest = digest_new();

    digest_add_string(digest, package->name);
    digest_add_string(digest, package->version);
    digest_finish(digest, hex);
    return arena_strdup(arena, hex);
}

static enum witness witness_of(const struct resource *resource)
{
    if (resource->type->is_in_zookeeper)
        return WITNESS_ZOOKEEPER;
    return resource->host ? WITNESS_HOST : WITNESS_LOCAL;
}

static void add_fact(struct world *world, const struct resource *resource)
{
    struct arena *arena = world->by_address.arena;
    struct fact *fact = world_fact(world, resource->address);

    fact->presence = PRESENCE_PRESENT;
    fact->said_by = witness_of(resource);
    fact->host = resource->host;
    vec_each(attr, &resource->attrs)
        attrs_add(arena, &fact->attrs, attr->name,
                  attr->ref ? digest_made_up(arena, resource->package) : attr->value, SRCLOC_NONE);
    if (resource->package && !resource->host && !resource->cloud)
        attrs_add(arena, &fact->attrs, "digest", digest_made_up(arena, resource->package),
                  SRCLOC_NONE);
}

static int add_facts(const struct spec *spec, const int *myids, struct diags *diags,
                     struct world *world)
{
    struct declare_input input = {.spec = spec, .myids = myids, .diags = diags};
    struct graph *graph;

    if (graph_build(&input, world->by_address.arena, &graph))
        return -1;
    vec_each(resource, &graph->resources)
        add_fact(world, *resource);
    graph_deinit(graph);
    return 0;
}

int world_of_spec(const struct spec *spec, struct diags *diags, struct world *world)
{
    struct arena *arena = world->by_address.arena;
    struct recorded nothing;
    int *myids;
    int failed;

    recorded_init(&nothing, arena);
    failed = zk_assign_myids(spec, &nothing, world, arena, diags, &myids);
    recorded_deinit(&nothing);
    if (failed || add_facts(spec, myids, diags, world))
        return -1;
    for (size_t i = 0; i < spec->host_count; i++) {
        struct host_fact *host = arena_new_of(arena, struct host_fact);

        host->host = &spec->hosts[i];
        host->is_reachable = true;
        *vec_push(arena, &world->hosts) = host;
    }
    world->zookeeper.is_connected = spec->zookeeper != NULL;
    return 0;
}
