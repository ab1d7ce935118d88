#include "planner/model/restype.h"
#include "planner/types/node_settings.h"

static const struct attr_rule rules[] = {
    {"config.*", VERB_UPDATE, .is_whole_set = true},
    {"node.*", VERB_UPDATE, .is_whole_set = true},
    {"mapping.*", VERB_UPDATE, .is_whole_set = true},
    {"client_list", VERB_UPDATE},
    {"*", VERB_KEEP},
    {NULL},
};

static void cloud_declare(const struct declare_input *input, struct resource_set *set);

const struct restype restype_cloud = {
    .name = "cloud",
    .rules = rules,
    .is_in_zookeeper = true,
    .on_create = OP_REGISTER,
    .on_update = OP_REGISTER,
    .on_shrink = OP_UNREGISTER,
    .on_delete = OP_UNREGISTER,
    .declare = cloud_declare,
};

static void cloud_add_node(struct arena *arena, const struct spec_node *node, struct attrs *attrs)
{
    const char *address = node_address_text(arena, node);

    attrs_add(arena, attrs, arena_printf(arena, "node.%s", address), node_listed_text(arena, node),
              node->at);
    attrs_add(arena, attrs, arena_printf(arena, "mapping.%s", address),
              node_mapping_text(arena, node), node->at);
}

static void cloud_add(const struct spec_cloud *cloud, struct resource_set *set)
{
    struct resource *resource =
        resource_declare(set, &restype_cloud, cloud->at, "cloud/%s", cloud->code);

    resource->cloud = cloud;
    resource->package = cloud->package;
    for (size_t i = 0; i < cloud->config.count; i++) {
        const struct setting *setting = &cloud->config.items[i];

        attrs_add(set->arena, &resource->attrs, arena_printf(set->arena, "config.%s", setting->key),
                  setting->value, setting->at);
    }
    for (size_t i = 0; i < cloud->node_count; i++)
        cloud_add_node(set->arena, &cloud->nodes[i], &resource->attrs);
    attrs_add(set->arena, &resource->attrs, "client_list", "yes", cloud->at);
    attrs_sort(&resource->attrs);
    resource_depend(set, resource, DEPENDENCY_NEEDS, "znode/arcus");
}

static void cloud_declare(const struct declare_input *input, struct resource_set *set)
{
    for (size_t i = 0; i < input->spec->cloud_count; i++)
        cloud_add(&input->spec->clouds[i], set);
}
