/* Clouds, nodes and releases that neither the spec nor the state names may belong to other specs
 * that share hosts or the ensemble, so nothing here asks for them. */
#include "planner/observe/targets.h"

#include <stdlib.h>
#include <string.h>

struct declarer {
    const struct spec *spec;
    const struct recorded *recorded;
    struct arena *arena;
    struct world *world;
};

static void declare(struct declarer *declarer, const char *address, const struct spec_host *host)
{
    struct fact *fact = world_fact(declarer->world, address);

    if (!fact->host)
        fact->host = host;
}

static void declare_release(struct declarer *declarer, const struct spec_host *host,
                            const struct spec_package *package)
{
    declare(declarer, arena_printf(declarer->arena, "release/%s/%s", host->name, package->name),
            host);
}

static void declare_zookeeper(struct declarer *declarer, const struct spec_zookeeper *zookeeper)
{
    declare(declarer, "znode/arcus", NULL);
    if (!zookeeper->is_managed)
        return;
    for (size_t i = 0; i < zookeeper->host_count; i++) {
        const struct spec_host *host = zookeeper->hosts[i];

        declare(declarer, arena_printf(declarer->arena, "zk_config/%s", host->name), host);
        declare(declarer, arena_printf(declarer->arena, "zk_server/%s", host->name), host);
        if (zookeeper->package)
            declare_release(declarer, host, zookeeper->package);
    }
}

static void declare_cloud(struct declarer *declarer, const struct spec_cloud *cloud)
{
    declare(declarer, arena_printf(declarer->arena, "cloud/%s", cloud->code), NULL);
    for (size_t i = 0; i < cloud->node_count; i++) {
        const struct spec_node *node = &cloud->nodes[i];

        declare(declarer,
                arena_printf(declarer->arena, "node/%s/%s:%d", cloud->code, node->host->address,
                             node->port),
                node->host);
        declare_release(declarer, node->host, cloud->package);
    }
}

static bool is_package(const char *address)
{
    return strncmp(address, "package/", strlen("package/")) == 0;
}

static const struct spec_host *find_host(const struct spec *spec, const struct recorded *recorded,
                                         const char *name)
{
    const struct spec_host *host = name ? spec_find_host(spec, name) : NULL;

    return host || !name ? host : recorded_find_host(recorded, name);
}

void targets_declare(const struct spec *spec, const struct recorded *recorded, struct arena *arena,
                     struct world *world)
{
    struct declarer declarer = {spec, recorded, arena, world};

    if (spec->zookeeper)
        declare_zookeeper(&declarer, spec->zookeeper);
    for (size_t i = 0; i < spec->cloud_count; i++)
        declare_cloud(&declarer, &spec->clouds[i]);
    vec_each(slot, &recorded->resources)
        if (!is_package((*slot)->address))
            declare(&declarer, (*slot)->address, find_host(spec, recorded, (*slot)->host));
}

static bool has_host(const struct target_hosts *hosts, const struct spec_host *host)
{
    vec_each(known, &hosts->items)
        if (strcmp((*known)->name, host->name) == 0)
            return true;
    return false;
}

void target_hosts_collect(const struct spec *spec, const struct recorded *recorded,
                          struct arena *arena, struct target_hosts *hosts)
{
    *hosts = (struct target_hosts){0};
    for (size_t i = 0; i < spec->host_count; i++)
        *vec_push(arena, &hosts->items) = &spec->hosts[i];
    vec_each(slot, &recorded->resources) {
        const struct spec_host *host = find_host(spec, recorded, (*slot)->host);

        if (host && !has_host(hosts, host))
            *vec_push(arena, &hosts->items) = host;
    }
}

void target_dirs_of_attrs(const struct attrs *attrs, struct arena *arena,
                          struct probe_request *request)
{
    probe_request_install_dir(arena, request, attrs_value(attrs, "install_dir"));
    probe_request_data_dir(arena, request, attrs_value(attrs, "data_dir"));
    probe_request_data_dir(arena, request, attrs_value(attrs, "cfg.dataDir"));
}

void target_dirs(const struct spec *spec, const struct recorded *recorded,
                 const struct spec_host *host, struct arena *arena, struct probe_request *request)
{
    *request = (struct probe_request){0};
    for (size_t i = 0; i < spec->package_count; i++)
        probe_request_install_dir(arena, request, spec->packages[i].install_dir);
    if (spec->zookeeper && spec->zookeeper->is_managed)
        probe_request_data_dir(arena, request, spec->zookeeper->data_dir);
    if (!recorded)
        return;
    vec_each(slot, &recorded->resources)
        if ((*slot)->host && strcmp((*slot)->host, host->name) == 0)
            target_dirs_of_attrs(&(*slot)->attrs, arena, request);
}

/* The CODE of "cloud/CODE" or "node/CODE/…"; NULL for other addresses. */
static const char *code_of(const char *address, struct arena *arena)
{
    const char *code = strchr(address, '/');

    if (!code || (strncmp(address, "cloud/", strlen("cloud/")) &&
                  strncmp(address, "node/", strlen("node/"))))
        return NULL;
    code++;
    return arena_strndup(arena, code, strcspn(code, "/"));
}

static int compare_codes(const void *left, const void *right)
{
    return strcmp(*(const char *const *)left, *(const char *const *)right);
}

bool target_codes_has(const struct target_codes *codes, const char *code)
{
    return codes->items.count > 0 && bsearch(&code, codes->items.items, codes->items.count,
                                             sizeof(*codes->items.items), compare_codes);
}

void target_codes_collect(const struct spec *spec, const struct recorded *recorded,
                          struct arena *arena, struct target_codes *codes)
{
    size_t kept = 0;

    *codes = (struct target_codes){0};
    for (size_t i = 0; i < spec->cloud_count; i++)
        *vec_push(arena, &codes->items) = spec->clouds[i].code;
    vec_each(slot, &recorded->resources) {
        const char *code = code_of((*slot)->address, arena);

        if (code && *code)
            *vec_push(arena, &codes->items) = code;
    }
    if (codes->items.count == 0)
        return;
    qsort(codes->items.items, codes->items.count, sizeof(*codes->items.items), compare_codes);
    for (size_t i = 1; i < codes->items.count; i++)
        if (strcmp(codes->items.items[i], codes->items.items[kept]) != 0)
            codes->items.items[++kept] = codes->items.items[i];
    codes->items.count = kept + 1;
}
