/* Two JSON texts are the same when they mean the same, so that a cloud that arcus.sh or a person
 * wrote in another order or with numbers is left alone. They are compared as printed again with the
 * servers sorted and without times.
 *
 * The cache list's own znode comes last because its version guards everything, and because until
 * then its JSON still names the nodes that are to go: a change that was cut in between can be taken
 * up again. What clients look at, its children, is written by the servers alone. */
#include "executors/steps/registration.h"

#include "cacheserver/contract/cache_list.h"
#include "cacheserver/contract/znode_paths.h"
#include "planner/base/map.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { JSON_LIMIT = 1000000 }; /* ZooKeeper takes requests of just over a million bytes */

struct registrar {
    const struct spec_cloud *wanted;
    const struct zk_cloud *cloud;
    struct arena *arena;
    struct registration *registration;
    struct map mappings;     /* IP:PORT -> struct zk_mapping */
    struct map wanted_nodes; /* IP:PORT -> struct spec_node */
};

void registration_now(char text[REGISTRATION_TIME_SIZE])
{
    struct timespec now;
    struct tm parts;
    size_t length;
    long micros;

    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &parts);
    length = strftime(text, REGISTRATION_TIME_SIZE, "%Y-%m-%d %H:%M:%S.", &parts);
    micros = now.tv_nsec / 1000;
    for (size_t digit = 6; digit-- > 0; micros /= 10)
        text[length + digit] = (char)('0' + micros % 10);
    text[length + 6] = '\0';
}

static struct registration_op *add_op(struct registrar *registrar, enum zk_op_kind kind,
                                      const char *path, const char *data, int32_t version)
{
    struct registration_op *added = vec_push(registrar->arena, &registrar->registration->ops);

    added->op = (struct zk_op){.kind = kind,
                               .path = path,
                               .data = data,
                               .size = data ? strlen(data) : 0,
                               .version = version};
    return added;
}

static int compare_settings(const void *left, const void *right)
{
    const struct cache_setting *a = left, *b = right;

    return strcmp(a->key, b->key);
}

/* The settings in the JSON's form; port NULL: without one. */
static struct cache_settings convert_settings(const struct settings *settings, const char *port,
                                              struct arena *arena)
{
    struct cache_settings converted = {
        .items = arena_array_of(arena, struct cache_setting, settings->count + 1)};

    for (size_t i = 0; i < settings->count; i++)
        if (!port || strcmp(settings->items[i].key, "port") != 0)
            converted.items[converted.count++] =
                (struct cache_setting){settings->items[i].key, settings->items[i].value};
    if (port)
        converted.items[converted.count++] = (struct cache_setting){"port", port};
    qsort(converted.items, converted.count, sizeof(*converted.items), compare_settings);
    return converted;
}

static const char *port_text(const struct spec_node *node, struct arena *arena)
{
    return arena_printf(arena, "%d", node->port);
}

static const char *node_name(const struct spec_node *node, struct arena *arena)
{
    return arena_printf(arena, "%s:%d", node->host->address, node->port);
}

static void make_list(const struct spec_cloud *wanted, struct arena *arena, struct cache_list *list)
{
    *list = (struct cache_list){.service_code = wanted->code,
                                .config = convert_settings(&wanted->config, NULL, arena)};
    list->servers = arena_array_of(arena, struct cache_list_server, wanted->node_count);
    for (size_t i = 0; i < wanted->node_count; i++) {
        const struct spec_node *node = &wanted->nodes[i];

        list->servers[list->server_count++] = (struct cache_list_server){
            .hostname = node->host->name,
            .ip = node->host->address,
            .config = convert_settings(&node->own, port_text(node, arena), arena),
        };
    }
}

static int compare_servers(const void *left, const void *right)
{
    const struct cache_list_server *a = left, *b = right;
    const char *a_port = cache_settings_get(&a->config, "port");
    const char *b_port = cache_settings_get(&b->config, "port");
    int order = strcmp(a->ip, b->ip);

    return order ? order : strcmp(a_port ? a_port : "", b_port ? b_port : "");
}

/* The list's meaning as text. */
static const char *canonical_text(const struct cache_list *list, struct arena *arena)
{
    struct cache_list copy = *list;

    copy.created = copy.modified = NULL;
    copy.servers = arena_array_of(arena, struct cache_list_server, list->server_count);
    for (size_t i = 0; i < list->server_count; i++)
        copy.servers[i] = list->servers[i];
    if (copy.server_count > 1)
        qsort(copy.servers, copy.server_count, sizeof(*copy.servers), compare_servers);
    return cache_list_print(&copy, arena);
}

static bool read_list(const struct zk_node *node, struct arena *arena, struct cache_list *list)
{
    const char *problem;

    *list = (struct cache_list){0};
    return node->data && cache_list_parse(node->data, node->size, arena, list, &problem);
}

void registration_listed_nodes(const struct zk_node *list, struct arena *arena,
                               struct registration_nodes *nodes)
{
    struct cache_list parsed;

    if (!read_list(list, arena, &parsed))
        return;
    for (size_t i = 0; i < parsed.server_count; i++) {
        const struct cache_list_server *server = &parsed.servers[i];
        const char *port = cache_settings_get(&server->config, "port");

        if (!port)
            port = cache_settings_get(&parsed.config, "port");
        if (port && *server->ip && !strchr(server->ip, '/') && !strchr(port, '/'))
            *vec_push(arena, &nodes->items) = arena_printf(arena, "%s:%s", server->ip, port);
    }
}

static int plan_list(struct registrar *registrar, const char *now, struct fault *fault)
{
    const struct zk_cloud *cloud = registrar->cloud;
    const char *path = znode_cache_list(registrar->arena, cloud->code);
    struct cache_list wanted, present;
    bool is_readable = cloud->has_list && read_list(&cloud->list, registrar->arena, &present);

    make_list(registrar->wanted, registrar->arena, &wanted);
    if (is_readable && strcmp(canonical_text(&wanted, registrar->arena),
                              canonical_text(&present, registrar->arena)) == 0)
        return 0;
    wanted.created = is_readable && present.created ? present.created : now;
    wanted.modified = cloud->has_list ? now : NULL;
    registrar->registration->touches_list = true;
    registrar->registration->json = cache_list_print(&wanted, registrar->arena);
    add_op(registrar, cloud->has_list ? ZK_OP_SET : ZK_OP_CREATE, path,
           registrar->registration->json, cloud->list.version);
    if (strlen(registrar->registration->json) <= JSON_LIMIT)
        return 0;
    return fault_set(fault, DIAG_ZK_DATA, "cloud %s has too many nodes for one znode: %zu bytes",
                     cloud->code, strlen(registrar->registration->json));
}

static void plan_client_list(struct registrar *registrar)
{
    const struct zk_cloud *cloud = registrar->cloud;

    if (!cloud->has_client_list)
        add_op(registrar, ZK_OP_CREATE, znode_client_list(registrar->arena, cloud->code), NULL, -1);
}

static bool is_same_mapping(const struct zk_mapping *mapping, const struct cache_settings *wanted,
                            struct arena *arena)
{
    struct cache_settings present;
    const char *problem;

    return cache_settings_parse(mapping->data.data, mapping->data.size, arena, &present,
                                &problem) &&
           strcmp(cache_settings_print(&present, arena), cache_settings_print(wanted, arena)) == 0;
}

static void plan_mapping(struct registrar *registrar, const struct spec_node *node,
                         const char *name, const struct zk_mapping *mapping)
{
    struct arena *arena = registrar->arena;
    struct cache_settings settings = convert_settings(&node->config, port_text(node, arena), arena);
    const char *path = znode_mapping(arena, name);
    const char *code_path = znode_mapping_code(arena, name, registrar->cloud->code);
    bool exists = mapping && mapping->data.data;

    if (!exists)
        add_op(registrar, ZK_OP_CREATE, path, cache_settings_print(&settings, arena), -1);
    else if (!is_same_mapping(mapping, &settings, arena))
        add_op(registrar, ZK_OP_SET, path, cache_settings_print(&settings, arena),
               mapping->data.version);
    if (!exists)
        add_op(registrar, ZK_OP_CREATE, code_path, NULL, -1)->joins_previous = true;
    else if (!zk_names_has(&mapping->children, registrar->cloud->code))
        add_op(registrar, ZK_OP_CREATE, code_path, NULL, -1);
}

static int plan_wanted_mappings(struct registrar *registrar, struct fault *fault)
{
    const struct spec_cloud *wanted = registrar->wanted;

    for (size_t i = 0; i < wanted->node_count; i++) {
        const char *name = node_name(&wanted->nodes[i], registrar->arena);
        const struct zk_mapping *mapping = map_get(&registrar->mappings, name);
        const char *other = mapping ? zk_mapping_other(mapping, wanted->code) : NULL;

        if (other) {
            fault_set(fault, DIAG_ZK_DATA, "node %s belongs to cloud %s already", name, other);
            fault_hint(fault, "unregister it there, or take it out of cloud %s", wanted->code);
            return -1;
        }
        plan_mapping(registrar, &wanted->nodes[i], name, mapping);
    }
    return 0;
}

/* A mapping that is another cloud's too only loses our child. */
static void plan_removed_mappings(struct registrar *registrar)
{
    const char *code = registrar->cloud->code;

    vec_each(mapping, &registrar->cloud->mappings) {
        if (!zk_mapping_is_of(mapping, code) || map_get(&registrar->wanted_nodes, mapping->node))
            continue;
        add_op(registrar, ZK_OP_DELETE, znode_mapping_code(registrar->arena, mapping->node, code),
               NULL, -1);
        if (!zk_mapping_other(mapping, code))
            add_op(registrar, ZK_OP_DELETE, znode_mapping(registrar->arena, mapping->node), NULL,
                   mapping->data.version)
                ->joins_previous = true;
    }
}

/* The children of the client list are ephemerals by which clients show that they are there. They
 * would keep the znode, and with it the cloud, until the last client has gone, although none can
 * reach a server any more: the caller sees to it that the cache list is empty by then. */
static void plan_removed_cloud(struct registrar *registrar)
{
    const struct zk_cloud *cloud = registrar->cloud;
    const char *clients = znode_client_list(registrar->arena, cloud->code);

    if (cloud->has_client_list) {
        for (size_t i = 0; i < cloud->clients.count; i++)
            add_op(registrar, ZK_OP_DELETE,
                   arena_printf(registrar->arena, "%s/%s", clients, cloud->clients.items[i]), NULL,
                   -1);
        add_op(registrar, ZK_OP_DELETE, clients, NULL, -1);
    }
    if (!cloud->has_list)
        return;
    registrar->registration->touches_list = true;
    add_op(registrar, ZK_OP_DELETE, znode_cache_list(registrar->arena, cloud->code), NULL,
           cloud->list.version);
}

static void registrar_init(struct registrar *registrar)
{
    const struct spec_cloud *wanted = registrar->wanted;

    map_init(&registrar->mappings, registrar->arena);
    map_init(&registrar->wanted_nodes, registrar->arena);
    vec_each(mapping, &registrar->cloud->mappings)
        map_put(&registrar->mappings, mapping->node, mapping);
    for (size_t i = 0; wanted && i < wanted->node_count; i++)
        map_put(&registrar->wanted_nodes, node_name(&wanted->nodes[i], registrar->arena),
                (void *)&wanted->nodes[i]);
}

static int plan_all(struct registrar *registrar, const char *now, struct fault *fault)
{
    if (registrar->wanted && plan_wanted_mappings(registrar, fault) < 0)
        return -1;
    plan_removed_mappings(registrar);
    if (registrar->wanted) {
        plan_client_list(registrar);
        return plan_list(registrar, now, fault);
    }
    plan_removed_cloud(registrar);
    return 0;
}

int registration_plan(const struct spec_cloud *wanted, const struct zk_cloud *cloud,
                      const char *now, struct arena *arena, struct registration *registration,
                      struct fault *fault)
{
    struct registrar registrar = {wanted, cloud, arena, registration};
    int result;

    *registration = (struct registration){0};
    registrar_init(&registrar);
    result = plan_all(&registrar, now, fault);
    map_deinit(&registrar.mappings);
    map_deinit(&registrar.wanted_nodes);
    return result;
}
