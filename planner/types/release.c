/* One release for each host and package of which something runs there; the first use found in
 * the spec is the place that a message points to. */
#include "planner/base/map.h"
#include "planner/model/restype.h"

static const struct attr_rule rules[] = {
    {"version", VERB_UPDATE},
    {"digest", VERB_UPDATE},
    {"install_dir", VERB_UPDATE},
    {"*", VERB_KEEP},
    {NULL},
};

static void release_declare(const struct declare_input *input, struct resource_set *set);

const struct restype restype_release = {
    .name = "release",
    .rules = rules,
    .on_create = OP_DEPLOY,
    .on_update = OP_DEPLOY,
    .on_delete = OP_UNDEPLOY,
    .declare = release_declare,
};

static void release_add(struct resource_set *set, struct map *seen, const struct spec_host *host,
                        const struct spec_package *package, struct srcloc at)
{
    const char *key = arena_printf(set->arena, "%s/%s", host->name, package->name);
    struct resource *resource;

    if (map_put(seen, key, set))
        return;
    resource = resource_declare(set, &restype_release, at, "release/%s", key);
    resource->host = host;
    resource->package = package;
    attrs_add(set->arena, &resource->attrs, "version", package->version, package->at);
    attrs_add_ref(set->arena, &resource->attrs, "digest",
                  arena_printf(set->arena, "package/%s", package->name), "digest", package->at);
    attrs_add(set->arena, &resource->attrs, "install_dir", package->install_dir, package->at);
    resource_depend(set, resource, DEPENDENCY_NEEDS, "package/%s", package->name);
}

static void release_declare(const struct declare_input *input, struct resource_set *set)
{
    const struct spec *spec = input->spec;
    const struct spec_zookeeper *zookeeper = spec->zookeeper;
    struct map seen;

    map_init(&seen, set->arena);
    if (zookeeper && zookeeper->is_managed && zookeeper->package)
        for (size_t i = 0; i < zookeeper->host_count; i++)
            release_add(set, &seen, zookeeper->hosts[i], zookeeper->package,
                        zookeeper->host_places[i]);
    for (size_t i = 0; i < spec->cloud_count; i++) {
        const struct spec_cloud *cloud = &spec->clouds[i];

        for (size_t j = 0; j < cloud->node_count; j++)
            release_add(set, &seen, cloud->nodes[j].host, cloud->package, cloud->nodes[j].at);
    }
    map_deinit(&seen);
}
