#include "planner/model/restype.h"

static const struct attr_rule rules[] = {
    {"nodes", VERB_UPDATE},
    {"*", VERB_KEEP},
    {NULL},
};

static void znode_declare(const struct declare_input *input, struct resource_set *set);

const struct restype restype_znode = {
    .name = "znode",
    .rules = rules,
    .is_in_zookeeper = true,
    .on_create = OP_ZK_INIT,
    .on_update = OP_ZK_INIT,
    .declare = znode_declare,
};

static void znode_declare(const struct declare_input *input, struct resource_set *set)
{
    const struct spec_zookeeper *zookeeper = input->spec->zookeeper;
    struct resource *resource;

    if (!zookeeper)
        return;
    resource = resource_declare(set, &restype_znode, zookeeper->at, "znode/arcus");
    attrs_add(set->arena, &resource->attrs, "nodes",
              "/arcus /arcus/cache_list /arcus/cache_server_log /arcus/cache_server_mapping "
              "/arcus/client_list",
              zookeeper->at);
    if (!zookeeper->is_managed)
        return;
    for (size_t i = 0; i < zookeeper->host_count; i++)
        resource_depend(set, resource, DEPENDENCY_AFTER, "zk_server/%s", zookeeper->hosts[i]->name);
}
