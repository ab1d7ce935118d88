/* Mappings know their cloud only by the name of their child, so finding those of a cloud means
 * reading the children of all: one pipelined sweep, whatever the number of clouds. The data is then
 * read of the mappings that matter alone. */
#include "planner/observe/zk_view.h"

#include "cacheserver/contract/znode_paths.h"
#include "planner/base/map.h"

#include <stdlib.h>
#include <string.h>

/* The reads of one cloud's own znodes, in this order. */
enum { CLOUD_LIST, CLOUD_LIVE, CLOUD_CLIENTS, CLOUD_READS };

bool zk_names_has(const struct zk_names *names, const char *name)
{
    for (size_t i = 0; i < names->count; i++)
        if (strcmp(names->items[i], name) == 0)
            return true;
    return false;
}

bool zk_mapping_is_of(const struct zk_mapping *mapping, const char *code)
{
    return mapping->data.data && zk_names_has(&mapping->children, code);
}

const char *zk_mapping_other(const struct zk_mapping *mapping, const char *code)
{
    for (size_t i = 0; i < mapping->children.count; i++)
        if (strcmp(mapping->children.items[i], code) != 0)
            return mapping->children.items[i];
    return NULL;
}

bool zk_cloud_is_online(const struct zk_cloud *cloud, const char *node)
{
    size_t length = strlen(node);

    for (size_t i = 0; i < cloud->live.count; i++) {
        const char *name = cloud->live.items[i];

        if (znode_node_length(name) == length && strncmp(name, node, length) == 0)
            return true;
    }
    return false;
}

bool zk_cloud_is_present(const struct zk_cloud *cloud)
{
    if (cloud->has_list || cloud->has_client_list)
        return true;
    vec_each(mapping, &cloud->mappings)
        if (zk_mapping_is_of(mapping, cloud->code))
            return true;
    return false;
}

static void plan_cloud(struct zk_read reads[CLOUD_READS], const char *code, struct arena *arena)
{
    const char *list = znode_cache_list(arena, code);

    reads[CLOUD_LIST] = (struct zk_read){.path = list};
    reads[CLOUD_LIVE] = (struct zk_read){.path = list, .want_children = true};
    reads[CLOUD_CLIENTS] =
        (struct zk_read){.path = znode_client_list(arena, code), .want_children = true};
}

static void take_cloud(const struct zk_read reads[CLOUD_READS], struct zk_cloud *cloud)
{
    cloud->has_list = reads[CLOUD_LIST].result == 0;
    cloud->list = reads[CLOUD_LIST].node;
    cloud->live = reads[CLOUD_LIVE].names;
    cloud->has_client_list = reads[CLOUD_CLIENTS].result == 0;
    cloud->clients = reads[CLOUD_CLIENTS].names;
}

/* A sweep over all mappings on behalf of the clouds of a view. */
struct sweep {
    struct zk_session *session;
    struct zk_view *view;
    struct arena *arena;
    struct map by_code;    /* -> struct zk_cloud */
    struct zk_read *reads; /* one for each mapping */
    size_t count;
    int64_t deadline_ms;
};

static int sweep_children(struct sweep *sweep, struct fault *fault)
{
    struct zk_names names = {0};

    if (zk_children(sweep->session, ZNODE_MAPPING, sweep->deadline_ms, sweep->arena, &names,
                    fault) < 0)
        return -1;
    sweep->count = names.count;
    sweep->reads = arena_array_of(sweep->arena, struct zk_read, names.count);
    for (size_t i = 0; i < names.count; i++)
        sweep->reads[i] = (struct zk_read){.path = znode_mapping(sweep->arena, names.items[i]),
                                           .want_children = true};
    return zk_read_many(sweep->session, sweep->reads, sweep->count, sweep->deadline_ms,
                        sweep->arena, fault);
}

/* Gives each mapping with a child among the view's clouds to those clouds. */
static void sweep_assign(struct sweep *sweep, struct zk_read *data)
{
    for (size_t i = 0; i < sweep->count; i++) {
        const struct zk_read *read = &sweep->reads[i];

        for (size_t child = 0; child < read->names.count; child++) {
            struct zk_cloud *cloud = map_get(&sweep->by_code, read->names.items[child]);

            if (!cloud || data[i].result != 0)
                continue;
            *vec_push(sweep->arena, &cloud->mappings) =
                (struct zk_mapping){.node = strrchr(read->path, '/') + 1,
                                    .data = data[i].node,
                                    .children = read->names};
        }
    }
}

static bool is_wanted(const struct sweep *sweep, const struct zk_read *read)
{
    for (size_t i = 0; i < read->names.count; i++)
        if (map_get(&sweep->by_code, read->names.items[i]))
            return true;
    return false;
}

static int sweep_data(struct sweep *sweep, struct fault *fault)
{
    struct zk_read *wanted = arena_array_of(sweep->arena, struct zk_read, sweep->count);
    struct zk_read *data = arena_array_of(sweep->arena, struct zk_read, sweep->count);
    size_t count = 0;

    for (size_t i = 0; i < sweep->count; i++)
        if (is_wanted(sweep, &sweep->reads[i]))
            wanted[count++] = (struct zk_read){.path = sweep->reads[i].path};
    if (zk_read_many(sweep->session, wanted, count, sweep->deadline_ms, sweep->arena, fault) < 0)
        return -1;
    for (size_t i = 0, next = 0; i < sweep->count; i++) {
        if (is_wanted(sweep, &sweep->reads[i]))
            data[i] = wanted[next++];
        else
            data[i].result = ZK_NO_NODE;
    }
    sweep_assign(sweep, data);
    return 0;
}

static int read_mappings(struct zk_session *session, struct zk_view *view, int64_t deadline_ms,
                         struct arena *arena, struct fault *fault)
{
    struct sweep sweep = {
        .session = session, .view = view, .arena = arena, .deadline_ms = deadline_ms};
    int result;

    map_init(&sweep.by_code, arena);
    vec_each(cloud, &view->clouds)
        map_put(&sweep.by_code, cloud->code, cloud);
    result = sweep_children(&sweep, fault);
    if (result == 0)
        result = sweep_data(&sweep, fault);
    map_deinit(&sweep.by_code);
    return result;
}

static size_t plan_base(struct zk_read *reads)
{
    size_t count = 0;

    for (; znode_base_paths[count]; count++)
        reads[count] = (struct zk_read){.path = znode_base_paths[count]};
    return count;
}

int zk_view_read(struct zk_session *session, const char *const *codes, size_t count,
                 int64_t deadline_ms, struct arena *arena, struct zk_view *view,
                 struct fault *fault)
{
    enum { BASE_MAX = 8 };
    struct zk_read *reads = arena_array_of(arena, struct zk_read, BASE_MAX + count * CLOUD_READS);
    size_t base_count = plan_base(reads);

    *view = (struct zk_view){0};
    if (zk_sync(session, deadline_ms, fault) < 0)
        return -1;
    for (size_t i = 0; i < count; i++)
        plan_cloud(&reads[base_count + i * CLOUD_READS], codes[i], arena);
    if (zk_read_many(session, reads, base_count + count * CLOUD_READS, deadline_ms, arena, fault) <
        0)
        return -1;
    for (size_t i = 0; i < base_count; i++)
        if (reads[i].result == 0)
            *vec_push(arena, &view->base_paths) = reads[i].path;
    for (size_t i = 0; i < count; i++) {
        struct zk_cloud *cloud = vec_push(arena, &view->clouds);

        cloud->code = codes[i];
        take_cloud(&reads[base_count + i * CLOUD_READS], cloud);
    }
    return count ? read_mappings(session, view, deadline_ms, arena, fault) : 0;
}

int zk_cloud_read(struct zk_session *session, const char *code, const char *const *nodes,
                  size_t count, int64_t deadline_ms, struct arena *arena, struct zk_cloud *cloud,
                  struct fault *fault)
{
    struct zk_read *reads = arena_array_of(arena, struct zk_read, CLOUD_READS + 2 * count);
    struct zk_read *mappings = reads + CLOUD_READS;

    *cloud = (struct zk_cloud){.code = code};
    plan_cloud(reads, code, arena);
    for (size_t i = 0; i < count; i++) {
        const char *path = znode_mapping(arena, nodes[i]);

        mappings[2 * i] = (struct zk_read){.path = path};
        mappings[2 * i + 1] = (struct zk_read){.path = path, .want_children = true};
    }
    if (zk_read_many(session, reads, CLOUD_READS + 2 * count, deadline_ms, arena, fault) < 0)
        return -1;
    take_cloud(reads, cloud);
    for (size_t i = 0; i < count; i++) {
        struct zk_mapping *mapping = vec_push(arena, &cloud->mappings);

        *mapping = (struct zk_mapping){
            .node = nodes[i], .data = mappings[2 * i].node, .children = mappings[2 * i + 1].names};
    }
    return 0;
}
