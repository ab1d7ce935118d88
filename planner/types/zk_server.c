/* A server is restarted when its process was started with another configuration than the wanted
 * one, whoever wrote the file: that outlives a crash between the two steps. */
#include "planner/types/zoo_cfg.h"

static const struct attr_rule rules[] = {
    {"running", VERB_CREATE},  {"config", VERB_RESTART}, {"home", VERB_RESTART},
    {"release", VERB_RESTART}, {"*", VERB_KEEP},         {NULL},
};

static void zk_server_declare(const struct declare_input *input, struct resource_set *set);

const struct restype restype_zk_server = {
    .name = "zk_server",
    .rules = rules,
    .on_create = OP_ZK_START,
    .on_restart = OP_ZK_RESTART,
    .on_delete = OP_ZK_STOP,
    .declare = zk_server_declare,
};

static void zk_server_add(const struct spec_zookeeper *zookeeper, size_t i, const char *config,
                          struct resource_set *set)
{
    const struct spec_host *host = zookeeper->hosts[i];
    struct srcloc at = zookeeper->host_places[i];
    struct resource *resource =
        resource_declare(set, &restype_zk_server, at, "zk_server/%s", host->name);

    resource->host = host;
    resource->package = zookeeper->package;
    attrs_add(set->arena, &resource->attrs, "running", "yes", at);
    attrs_add(set->arena, &resource->attrs, "config", config, zookeeper->at);
    attrs_add(set->arena, &resource->attrs, "home", zookeeper->home, zookeeper->at);
    attrs_add(set->arena, &resource->attrs, "data_dir", zookeeper->data_dir, zookeeper->at);
    resource_depend(set, resource, DEPENDENCY_NEEDS, "zk_config/%s", host->name);
    if (!zookeeper->package)
        return;
    attrs_add_ref(set->arena, &resource->attrs, "release",
                  arena_printf(set->arena, "package/%s", zookeeper->package->name), "digest",
                  zookeeper->at);
    resource_depend(set, resource, DEPENDENCY_NEEDS, "release/%s/%s", host->name,
                    zookeeper->package->name);
}

static void zk_server_declare(const struct declare_input *input, struct resource_set *set)
{
    const struct spec_zookeeper *zookeeper = input->spec->zookeeper;
    char config[DIGEST_SHORT + 1];
    struct attrs attrs = {0};

    if (!zookeeper || !zookeeper->is_managed)
        return;
    zoo_cfg_attrs(set->arena, input, &attrs);
    attrs_sort(&attrs);
    zoo_cfg_digest(zoo_cfg_text(set->arena, &attrs), config);
    for (size_t i = 0; i < zookeeper->host_count; i++)
        zk_server_add(zookeeper, i, config, set);
}
