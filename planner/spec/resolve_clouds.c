/* Nodes are each host of an entry on each of its ports, in the order of the spec. Settings are
 * merged once for an entry and shared by its nodes. */
#include "planner/spec/range.h"
#include "planner/spec/resolve.h"
#include "planner/spec/schema.h"

#include <stdlib.h>

struct cloud_reader {
    struct resolver *resolver;
    const struct tree *config; /* the cloud's own settings; may be NULL */
    struct spec_cloud *cloud;
    vec_of(struct spec_node) nodes;
};

/* What the nodes of one entry share. */
struct entry_settings {
    struct settings config;
    struct settings own;
};

static void check_sticky(struct resolver *resolver, const struct settings *config)
{
    const struct setting *memlimit = NULL, *sticky = NULL;
    struct diag *diag;

    for (size_t i = 0; i < config->count; i++) {
        if (strcmp(config->items[i].key, "memlimit") == 0)
            memlimit = &config->items[i];
        if (strcmp(config->items[i].key, "sticky_limit") == 0)
            sticky = &config->items[i];
    }
    if (!memlimit || !sticky || atoll(sticky->value) <= atoll(memlimit->value))
        return;
    diag = diag_error(resolver->diags, DIAG_SPEC_CONFLICT, sticky->at,
                      "sticky_limit %sMB is larger than memlimit %sMB", sticky->value,
                      memlimit->value);
    if (memlimit->at.line)
        diag_note(resolver->diags, diag, memlimit->at, "memlimit is set here");
    else
        diag_hint(resolver->diags, diag, "set memlimit too; it is %sMB unless set",
                  memlimit->value);
}

static bool add_node(struct cloud_reader *reader, const struct entry_settings *settings,
                     const struct host_use *use, int port, struct srcloc at)
{
    struct resolver *resolver = reader->resolver;
    struct spec_node *node;

    if (resolver->node_count >= RESOLVE_MOST_NODES) {
        if (resolver->node_count++ == RESOLVE_MOST_NODES)
            diag_error(resolver->diags, DIAG_SPEC_RANGE, at,
                       "expected at most %d cache nodes in a spec", RESOLVE_MOST_NODES);
        return false;
    }
    resolver->node_count++;
    node = vec_push(resolver->arena, &reader->nodes);
    *node = (struct spec_node){use->host, port, settings->config, settings->own, at};
    resolve_claim_port(resolver, use->host, port, at);
    return true;
}

static void add_nodes_on(struct cloud_reader *reader, const struct entry_settings *settings,
                         const struct host_use *use, const struct tree *ports)
{
    vec_each(item, &ports->items) {
        const char *text = resolve_text(*item);
        int first, last;
        struct fault fault;

        if (!text || range_parse_ports(text, &first, &last, &fault) < 0)
            continue;
        for (int port = first; port <= last; port++)
            if (!add_node(reader, settings, use, port, (*item)->at))
                return;
    }
}

static void check_ports(struct resolver *resolver, const struct tree *ports)
{
    vec_each(item, &ports->items) {
        const char *text = resolve_text(*item);
        int first, last;
        struct fault fault;

        if (text && range_parse_ports(text, &first, &last, &fault) < 0) {
            diag_error(resolver->diags, fault.code, (*item)->at, "%s, found %s", fault.text,
                       (*item)->shown);
            (*item)->is_broken = true;
        }
    }
}

static void read_entry(struct cloud_reader *reader, const struct tree *entry)
{
    struct resolver *resolver = reader->resolver;
    const struct tree *ports = tree_get(entry, "ports");
    const struct tree *maps[] = {tree_get(entry, "config"), reader->config};
    struct host_uses uses = resolve_host_uses(resolver, tree_get(entry, "hosts"));
    struct entry_settings settings;

    settings.config = schema_settings(schema_cache_keys, maps, 2, true, resolver->arena);
    settings.own = schema_settings(schema_cache_keys, maps, 1, false, resolver->arena);
    if (settings.own.count)
        check_sticky(resolver, &settings.config);
    if (!ports || ports->kind != TREE_LIST)
        return;
    check_ports(resolver, ports);
    for (size_t i = 0; i < uses.count; i++) {
        resolve_claim_directory(resolver, uses.items[i].host, reader->cloud->package,
                                uses.items[i].at);
        add_nodes_on(reader, &settings, &uses.items[i], ports);
    }
}

static void read_cloud(struct resolver *resolver, const struct tree_entry *entry,
                       struct spec_cloud *cloud)
{
    struct cloud_reader reader = {.resolver = resolver, .cloud = cloud};
    const struct tree *nodes = tree_get(entry->value, "nodes");

    *cloud = (struct spec_cloud){.code = entry->key, .at = entry->at};
    schema_read_defaults(schema_cloud_keys, cloud);
    schema_read(schema_cloud_keys, entry->value, cloud);
    schema_read_defaults(schema_update_keys, &cloud->update);
    schema_read(schema_update_keys, tree_get(entry->value, "update"), &cloud->update);
    cloud->package = resolve_package_use(resolver, tree_get(entry->value, "package"));
    reader.config = tree_get(entry->value, "config");
    cloud->config = schema_settings(schema_cache_keys, &reader.config, 1, true, resolver->arena);
    check_sticky(resolver, &cloud->config);
    if (nodes)
        vec_each(item, &nodes->items)
            read_entry(&reader, *item);
    cloud->nodes = reader.nodes.items;
    cloud->node_count = reader.nodes.count;
}

void resolve_clouds(struct resolver *resolver, const struct tree *root)
{
    const struct tree *map = tree_get(root, "clouds");
    struct spec_cloud *clouds;

    if (!map)
        return;
    clouds = arena_array_of(resolver->arena, struct spec_cloud, map->entries.count);
    resolver->spec->clouds = clouds;
    vec_each(entry, &map->entries)
        read_cloud(resolver, entry, clouds + resolver->spec->cloud_count++);
}
