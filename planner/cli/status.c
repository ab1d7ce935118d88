/* A node is defined by its mapping and online by its ephemeral in the cloud's list: total counts
 * the mappings of a cloud, undefined the ephemerals without one. Reads are pipelined, so that a
 * site of thousands of nodes takes a few round trips. */
#include "planner/cli/status.h"

#include "cacheserver/contract/cache_list.h"
#include "cacheserver/contract/znode_paths.h"
#include "planner/base/clock.h"
#include "planner/base/map.h"
#include "planner/base/utf8.h"
#include "planner/model/attr.h"

#include <stdlib.h>
#include <string.h>

enum { SERVER_MS = 3000, READ_MS = 15000, NODES_MS = 5000 };

struct reader {
    struct arena *arena;
    struct zk_session *session;
    struct status *status;
    struct map nodes; /* "CODE ADDRESS:PORT" -> its index in the cloud, plus one */
    int64_t deadline_ms;
};

const char *node_state_word(enum node_state state)
{
    static const char *const words[] = {"online", "offline", "undefined"};

    return words[state];
}

const char *cloud_state_word(const struct status *status, const struct status_cloud *cloud)
{
    if (!status->is_readable)
        return "UNKNOWN";
    if (cloud->online == 0 || !cloud->is_registered)
        return "DOWN";
    return cloud->offline ? "SOME_DOWN" : "OK";
}

static const char *node_key(struct reader *reader, const struct status_cloud *cloud,
                            const char *name)
{
    return arena_printf(reader->arena, "%s %s", cloud->code, name);
}

static struct status_node *find_node(struct reader *reader, struct status_cloud *cloud,
                                     const char *name)
{
    uintptr_t found = (uintptr_t)map_get(&reader->nodes, node_key(reader, cloud, name));

    return found ? &cloud->nodes.items[found - 1] : NULL;
}

static struct status_cloud *find_cloud(struct status *status, const char *code)
{
    vec_each(cloud, &status->clouds)
        if (strcmp(cloud->code, code) == 0)
            return cloud;
    return NULL;
}

static struct status_node *add_node(struct reader *reader, struct status_cloud *cloud,
                                    const char *name, enum node_state state)
{
    struct status_node *node = vec_push(reader->arena, &cloud->nodes);

    node->name = utf8_clean(reader->arena, arena_strdup(reader->arena, name));
    node->state = state;
    map_put(&reader->nodes, node_key(reader, cloud, name), (void *)(uintptr_t)cloud->nodes.count);
    return node;
}

static struct status_cloud *add_cloud(struct reader *reader, const char *code)
{
    struct status_cloud *cloud = vec_push(reader->arena, &reader->status->clouds);

    cloud->code = utf8_clean(reader->arena, arena_strdup(reader->arena, code));
    return cloud;
}

/* Which clouds there are: those with a list. */
static int read_codes(struct reader *reader, const char *only, struct zk_names *codes)
{
    struct fault *fault = &reader->status->fault;

    if (only) {
        codes->items = arena_array_of(reader->arena, const char *, 1);
        codes->items[0] = only;
        codes->count = 1;
        return 0;
    }
    return zk_children(reader->session, ZNODE_CACHE_LIST, reader->deadline_ms, reader->arena, codes,
                       fault) < 0
               ? -1
               : 0;
}

static void take_online(struct reader *reader, struct status_cloud *cloud,
                        const struct zk_names *ephemerals)
{
    for (size_t i = 0; i < ephemerals->count; i++) {
        size_t length = znode_node_length(ephemerals->items[i]);
        const char *name = arena_strndup(reader->arena, ephemerals->items[i], length);
        struct status_node *node = find_node(reader, cloud, name);

        if (node) {
            node->state = NODE_ONLINE;
            continue;
        }
        node = add_node(reader, cloud, name, NODE_UNDEFINED);
        if (ephemerals->items[i][length] == '-')
            node->host = utf8_clean(reader->arena, ephemerals->items[i] + length + 1);
    }
}

static const char *port_of(const struct cache_list_server *server)
{
    for (size_t i = 0; i < server->config.count; i++)
        if (strcmp(server->config.items[i].key, "port") == 0)
            return server->config.items[i].value;
    return NULL;
}

static void take_hosts(struct reader *reader, struct status_cloud *cloud,
                       const struct zk_node *list)
{
    struct cache_list parsed;
    const char *problem;

    if (!list->data || !cache_list_parse(list->data, list->size, reader->arena, &parsed, &problem))
        return;
    for (size_t i = 0; i < parsed.server_count; i++) {
        const struct cache_list_server *server = &parsed.servers[i];
        const char *port = port_of(server);
        struct status_node *node;

        if (!server->ip || !port)
            continue;
        node = find_node(reader, cloud, arena_printf(reader->arena, "%s:%s", server->ip, port));
        if (node && server->hostname)
            node->host = utf8_clean(reader->arena, server->hostname);
    }
}

static void take_cloud(struct reader *reader, const struct zk_cloud *read)
{
    struct status_cloud *cloud = add_cloud(reader, read->code);

    cloud->is_registered = read->has_list;
    vec_each(mapping, &read->mappings)
        add_node(reader, cloud, mapping->node, NODE_OFFLINE);
    take_online(reader, cloud, &read->live);
    take_hosts(reader, cloud, &read->list);
}

static int read_tree(struct reader *reader, const char *only)
{
    struct zk_names codes = {0};
    struct zk_view view = {0};

    if (read_codes(reader, only, &codes) ||
        zk_view_read(reader->session, codes.items, codes.count, reader->deadline_ms, reader->arena,
                     &view, &reader->status->fault))
        return -1;
    vec_each(cloud, &view.clouds)
        if (zk_cloud_is_present(cloud))
            take_cloud(reader, cloud);
    return 0;
}

/* Clouds of the spec that the tree lacks, or could not tell of. */
static void add_wanted(struct reader *reader, const struct spec *spec, const char *only)
{
    for (size_t i = 0; spec && i < spec->cloud_count; i++) {
        const struct spec_cloud *wanted = &spec->clouds[i];
        struct status_cloud *cloud;

        if ((only && strcmp(only, wanted->code) != 0) || find_cloud(reader->status, wanted->code))
            continue;
        cloud = add_cloud(reader, wanted->code);
        for (size_t j = 0; j < wanted->node_count; j++) {
            const struct spec_host *host = wanted->nodes[j].host;

            add_node(reader, cloud,
                     arena_printf(reader->arena, "%s:%d", host->address, wanted->nodes[j].port),
                     NODE_OFFLINE)
                ->host = host->name;
        }
    }
}

static int compare_nodes(const void *a, const void *b)
{
    return name_compare(((const struct status_node *)a)->name,
                        ((const struct status_node *)b)->name);
}

static int compare_clouds(const void *a, const void *b)
{
    return name_compare(((const struct status_cloud *)a)->code,
                        ((const struct status_cloud *)b)->code);
}

static void count_cloud(struct status_cloud *cloud)
{
    if (cloud->nodes.count)
        qsort(cloud->nodes.items, cloud->nodes.count, sizeof(*cloud->nodes.items), compare_nodes);
    vec_each(node, &cloud->nodes) {
        cloud->online += node->state == NODE_ONLINE;
        cloud->offline += node->state == NODE_OFFLINE;
        cloud->undefined += node->state == NODE_UNDEFINED;
    }
    cloud->total = cloud->online + cloud->offline;
}

static void ask_nodes(struct reader *reader)
{
    struct status *status = reader->status;
    struct node_stats *stats;
    size_t count = 0, next = 0;

    vec_each(cloud, &status->clouds)
        count += cloud->nodes.count;
    stats = arena_array_of(reader->arena, struct node_stats, count);
    vec_each(cloud, &status->clouds)
        vec_each(node, &cloud->nodes) {
            stats[next].node = node->name;
            node->stats = &stats[next++];
        }
    node_stats_read(stats, count, clock_deadline_ms(NODES_MS), reader->arena);
}

void status_read(const char *connect, struct zk_session *session, const struct spec *spec,
                 const char *code, struct arena *arena, struct status *status)
{
    struct reader reader = {.arena = arena,
                            .session = session,
                            .status = status,
                            .deadline_ms = clock_deadline_ms(READ_MS)};
    struct fault fault = status->fault;

    *status = (struct status){.fault = fault, .drift = -1};
    map_init(&reader.nodes, arena);
    if (connect)
        zk_ensemble_ask(connect, clock_deadline_ms(SERVER_MS), arena, &status->ensemble);
    if (session)
        status->is_readable = read_tree(&reader, code) == 0;
    add_wanted(&reader, spec, code);
    map_deinit(&reader.nodes);
    if (status->clouds.count)
        qsort(status->clouds.items, status->clouds.count, sizeof(*status->clouds.items),
              compare_clouds);
    vec_each(cloud, &status->clouds)
        count_cloud(cloud);
    ask_nodes(&reader);
}
