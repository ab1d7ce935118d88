#include "planner/model/restype.h"
#include "planner/types/node_settings.h"

#include <stdlib.h>
#include <string.h>

/* "online" is soft: a node that runs counts as gone from the cache list only when somebody could
 * look. */
static const struct attr_rule rules[] = {
    {"running", VERB_CREATE},
    {"set.memlimit", VERB_TUNE},
    {"set.connections", VERB_TUNE},
    {"set.*", VERB_RESTART, .is_whole_set = true},
    {"release", VERB_RESTART},
    {"server", VERB_RESTART},
    {"supervise", VERB_RESTART},
    {"ensemble", VERB_RESTART},
    {"install_dir", VERB_RESTART, .is_soft = true},
    {"online", VERB_RESTART, .is_soft = true},
    {"*", VERB_KEEP},
    {NULL},
};

static void node_declare(const struct declare_input *input, struct resource_set *set);

const struct restype restype_node = {
    .name = "node",
    .rules = rules,
    .on_create = OP_START,
    .on_tune = OP_TUNE,
    .on_restart = OP_RESTART,
    .on_delete = OP_STOP,
    .declare = node_declare,
};

static int member_compare(const void *a, const void *b)
{
    return name_compare(*(const char *const *)a, *(const char *const *)b);
}

/* The ensemble as a set: a list in another order is no reason for a restart. */
static const char *ensemble_text(struct arena *arena, const char *connect)
{
    char *rest = arena_strdup(arena, connect);
    vec_of(char *) members = {0};
    const char *text = NULL;
    char *member;

    while ((member = strsep(&rest, ",")))
        *vec_push(arena, &members) = member;
    if (members.count > 1)
        qsort(members.items, members.count, sizeof(*members.items), member_compare);
    vec_each(each, &members)
        text = text ? arena_printf(arena, "%s,%s", text, *each) : *each;
    return text;
}

static void node_add_attrs(struct arena *arena, const struct spec *spec, const char *ensemble,
                           const struct spec_cloud *cloud, const struct spec_node *node,
                           struct attrs *attrs)
{
    const char *package = arena_printf(arena, "package/%s", cloud->package->name);

    attrs_add(arena, attrs, "running", "yes", node->at);
    attrs_add(arena, attrs, "online", "yes", node->at);
    attrs_add_ref(arena, attrs, "release", package, "digest", cloud->package->at);
    attrs_add(arena, attrs, "install_dir", cloud->package->install_dir, cloud->package->at);
    attrs_add(arena, attrs, "server",
              cloud->server == SERVER_CACHESERVER ? "cacheserver" : "arcus-memcached", cloud->at);
    attrs_add(arena, attrs, "supervise",
              cloud->supervise == SUPERVISE_SYSTEMD ? "systemd" : "daemon", cloud->at);
    if (spec->zookeeper)
        attrs_add(arena, attrs, "ensemble", ensemble, spec->zookeeper->at);
    for (size_t i = 0; i < node->config.count; i++) {
        const struct setting *setting = &node->config.items[i];

        attrs_add(arena, attrs, arena_printf(arena, "set.%s", setting->key), setting->value,
                  setting->at);
    }
    attrs_sort(attrs);
}

static void node_add(const struct spec *spec, const char *ensemble, const struct spec_cloud *cloud,
                     const struct spec_node *node, struct resource_set *set)
{
    struct resource *resource = resource_declare(set, &restype_node, node->at, "node/%s/%s",
                                                 cloud->code, node_address_text(set->arena, node));

    resource->host = node->host;
    resource->package = cloud->package;
    resource->cloud = cloud;
    resource->node = node;
    node_add_attrs(set->arena, spec, ensemble, cloud, node, &resource->attrs);
    resource_depend(set, resource, DEPENDENCY_NEEDS, "cloud/%s", cloud->code);
    resource_depend(set, resource, DEPENDENCY_NEEDS, "release/%s/%s", node->host->name,
                    cloud->package->name);
}

static void node_declare(const struct declare_input *input, struct resource_set *set)
{
    const struct spec_zookeeper *zookeeper = input->spec->zookeeper;
    const char *ensemble = zookeeper ? ensemble_text(set->arena, zookeeper->connect) : NULL;

    for (size_t i = 0; i < input->spec->cloud_count; i++) {
        const struct spec_cloud *cloud = &input->spec->clouds[i];

        for (size_t j = 0; j < cloud->node_count; j++)
            node_add(input->spec, ensemble, cloud, &cloud->nodes[j], set);
    }
}
