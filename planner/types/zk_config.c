#include "planner/types/zoo_cfg.h"

static const struct attr_rule rules[] = {
    {"myid", VERB_UPDATE},
    {"cfg.*", VERB_UPDATE, .is_whole_set = true},
    {"*", VERB_KEEP},
    {NULL},
};

static void zk_config_declare(const struct declare_input *input, struct resource_set *set);

const struct restype restype_zk_config = {
    .name = "zk_config",
    .rules = rules,
    .on_create = OP_ZK_CONFIG,
    .on_update = OP_ZK_CONFIG,
    .on_delete = OP_UNDEPLOY,
    .declare = zk_config_declare,
};

static void zk_config_declare(const struct declare_input *input, struct resource_set *set)
{
    const struct spec_zookeeper *zookeeper = input->spec->zookeeper;

    if (!zookeeper || !zookeeper->is_managed)
        return;
    for (size_t i = 0; i < zookeeper->host_count; i++) {
        struct srcloc at = zookeeper->host_places[i];
        struct resource *resource = resource_declare(set, &restype_zk_config, at, "zk_config/%s",
                                                     zookeeper->hosts[i]->name);

        resource->host = zookeeper->hosts[i];
        resource->package = zookeeper->package;
        attrs_add(set->arena, &resource->attrs, "myid",
                  arena_printf(set->arena, "%d", input->myids[i]), at);
        zoo_cfg_attrs(set->arena, input, &resource->attrs);
        attrs_sort(&resource->attrs);
    }
}
