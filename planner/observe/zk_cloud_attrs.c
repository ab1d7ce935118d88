/* A cloud's znodes as attributes, in the words in which the spec's side says the same. What cannot
 * be read becomes a value that equals no wanted one, so that the cloud is registered anew. */
#include "cacheserver/contract/cache_list.h"
#include "cacheserver/contract/znode_paths.h"
#include "planner/base/map.h"
#include "planner/base/str.h"
#include "planner/observe/zk_view.h"

#include <string.h>

static void add_attr(struct arena *arena, struct attrs *attrs, const char *prefix, const char *name,
                     const char *value)
{
    attrs_add(arena, attrs, arena_printf(arena, "%s%s", prefix, name), value, SRCLOC_NONE);
}

/* "KEY=VALUE KEY=VALUE", a blank before the first one when text is not empty. */
static void add_settings(struct str *text, const struct cache_settings *settings, bool with_port)
{
    for (size_t i = 0; i < settings->count; i++)
        if (with_port || strcmp(settings->items[i].key, "port") != 0)
            str_printf(text, "%s%s=%s", text->length ? " " : "", settings->items[i].key,
                       settings->items[i].value);
}

static void add_server(const struct cache_list *list, const struct cache_list_server *server,
                       struct map *names, struct arena *arena, struct attrs *attrs)
{
    const char *port = cache_settings_get(&server->config, "port");
    struct str text = {0};
    char *name;

    if (!port)
        port = cache_settings_get(&list->config, "port");
    name = arena_printf(arena, "node.%s:%s", server->ip, port ? port : "");
    if (map_put(names, name, name))
        name = arena_printf(arena, "%s twice", name);
    str_puts(&text, server->hostname);
    add_settings(&text, &server->config, false);
    attrs_add(arena, attrs, name, str_text(&text), SRCLOC_NONE);
    str_deinit(&text);
}

static void add_list(const struct zk_cloud *cloud, struct arena *arena, struct attrs *attrs,
                     const char **note)
{
    const char *problem = NULL;
    struct cache_list list;
    struct map names;

    if (!cache_list_parse(cloud->list.data ? cloud->list.data : "", cloud->list.size, arena, &list,
                          &problem)) {
        *note = arena_printf(arena, "%s/%s is not readable: %s", ZNODE_CACHE_LIST, cloud->code,
                             problem);
        return;
    }
    if (strcmp(list.service_code, cloud->code) != 0) {
        *note = arena_printf(arena, "%s/%s is about another cloud, %s", ZNODE_CACHE_LIST,
                             cloud->code, list.service_code);
        return;
    }
    for (size_t i = 0; i < list.config.count; i++)
        add_attr(arena, attrs, "config.", list.config.items[i].key, list.config.items[i].value);
    map_init(&names, arena);
    for (size_t i = 0; i < list.server_count; i++)
        add_server(&list, &list.servers[i], &names, arena, attrs);
    map_deinit(&names);
    if (list.created)
        add_attr(arena, attrs, "live.", "created", list.created);
    if (list.modified)
        add_attr(arena, attrs, "live.", "modified", list.modified);
}

static void add_mapping(const struct zk_mapping *mapping, const char *code, struct arena *arena,
                        struct attrs *attrs)
{
    const char *other = zk_mapping_other(mapping, code);
    struct cache_settings settings;
    struct str text = {0};
    const char *problem;

    if (cache_settings_parse(mapping->data.data, mapping->data.size, arena, &settings, &problem))
        add_settings(&text, &settings, true);
    else
        str_printf(&text, "not readable: %s", problem);
    if (other)
        str_printf(&text, " (also of cloud %s)", other);
    add_attr(arena, attrs, "mapping.", mapping->node, str_text(&text));
    str_deinit(&text);
}

/* The nodes that are online without being registered. */
static void add_undefined(const struct zk_cloud *cloud, struct arena *arena, struct attrs *attrs)
{
    struct str text = {0};
    struct map registered;

    map_init(&registered, arena);
    vec_each(mapping, &cloud->mappings)
        if (zk_mapping_is_of(mapping, cloud->code))
            map_put(&registered, mapping->node, mapping);
    for (size_t i = 0; i < cloud->live.count; i++) {
        const char *name = cloud->live.items[i];
        const char *node = arena_strndup(arena, name, znode_node_length(name));

        if (!map_get(&registered, node))
            str_printf(&text, "%s%s", text.length ? " " : "", node);
    }
    if (text.length)
        add_attr(arena, attrs, "live.", "undefined", str_text(&text));
    map_deinit(&registered);
    str_deinit(&text);
}

void zk_cloud_attrs(const struct zk_cloud *cloud, struct arena *arena, struct attrs *attrs,
                    const char **note)
{
    *note = NULL;
    if (cloud->has_list) {
        add_list(cloud, arena, attrs, note);
        add_attr(arena, attrs, "live.", "version", arena_printf(arena, "%d", cloud->list.version));
        add_attr(arena, attrs, "live.", "online", arena_printf(arena, "%zu", cloud->live.count));
    }
    vec_each(mapping, &cloud->mappings)
        if (zk_mapping_is_of(mapping, cloud->code))
            add_mapping(mapping, cloud->code, arena, attrs);
    if (cloud->has_client_list) {
        add_attr(arena, attrs, "", "client_list", "yes");
        add_attr(arena, attrs, "live.", "clients",
                 arena_printf(arena, "%zu", cloud->clients.count));
    }
    add_undefined(cloud, arena, attrs);
    attrs_sort(attrs);
}
