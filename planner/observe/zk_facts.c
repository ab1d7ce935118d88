/* Facts are declared before; here each gets what the view has under its address. */
#include "planner/observe/zk_facts.h"

#include "planner/base/str.h"

#include <stdlib.h>
#include <string.h>

/* What follows TYPE/ in the address; NULL when it is of another type. */
static const char *after_type(const struct fact *fact, const char *type)
{
    size_t length = strlen(type);

    if (strncmp(fact->address, type, length) != 0 || fact->address[length] != '/')
        return NULL;
    return fact->address + length + 1;
}

static const struct zk_cloud *find_cloud(const struct zk_view *view, const char *code,
                                         size_t length)
{
    vec_each(cloud, &view->clouds)
        if (strlen(cloud->code) == length && strncmp(cloud->code, code, length) == 0)
            return cloud;
    return NULL;
}

static void fill_base(const struct zk_view *view, struct arena *arena, struct fact *fact)
{
    struct str text = {0};

    fact->said_by = WITNESS_ZOOKEEPER;
    fact->presence = view->base_paths.count ? PRESENCE_PRESENT : PRESENCE_ABSENT;
    fact->attrs = (struct attrs){0};
    if (fact->presence == PRESENCE_ABSENT)
        return;
    vec_each(path, &view->base_paths)
        str_printf(&text, "%s%s", text.length ? " " : "", *path);
    attrs_add(arena, &fact->attrs, "nodes", str_text(&text), SRCLOC_NONE);
    str_deinit(&text);
}

static void fill_cloud(const struct zk_cloud *cloud, struct arena *arena, struct fact *fact)
{
    fact->said_by = WITNESS_ZOOKEEPER;
    fact->presence = zk_cloud_is_present(cloud) ? PRESENCE_PRESENT : PRESENCE_ABSENT;
    fact->attrs = (struct attrs){0};
    if (fact->presence == PRESENCE_PRESENT)
        zk_cloud_attrs(cloud, arena, &fact->attrs, &fact->note);
}

static void set_attr(struct arena *arena, struct attrs *attrs, const char *name, const char *value)
{
    vec_each(attr, attrs)
        if (strcmp(attr->name, name) == 0) {
            attr->value = value;
            return;
        }
    attrs_add(arena, attrs, name, value, SRCLOC_NONE);
}

static void fill_online(const struct zk_view *view, const char *code, struct arena *arena,
                        struct fact *fact)
{
    const char *node = strchr(code, '/');
    const struct zk_cloud *cloud = node ? find_cloud(view, code, (size_t)(node - code)) : NULL;
    bool is_online = cloud && zk_cloud_is_online(cloud, node + 1);

    if (fact->presence == PRESENCE_PRESENT)
        set_attr(arena, &fact->attrs, "online", is_online ? "yes" : "no");
    else if (is_online && fact->said_by == WITNESS_HOST)
        fact->note = "it does not run as far as its host knows, but is in the cache list";
}

void zk_facts_add(const struct zk_view *view, struct arena *arena, struct world *world)
{
    vec_each(slot, &world->facts) {
        struct fact *fact = *slot;
        const char *code = after_type(fact, "cloud");
        const struct zk_cloud *cloud = code ? find_cloud(view, code, strlen(code)) : NULL;

        if (strcmp(fact->address, "znode/arcus") == 0)
            fill_base(view, arena, fact);
        else if (cloud)
            fill_cloud(cloud, arena, fact);
        else if ((code = after_type(fact, "node")))
            fill_online(view, code, arena, fact);
    }
}

static void fill_server(const struct zk_member *member, struct arena *arena, struct fact *fact)
{
    if (fact->presence == PRESENCE_ABSENT && member->is_answering)
        fact->note = "a ZooKeeper server that was not started by arcusplan answers on its port";
    if (fact->presence != PRESENCE_PRESENT)
        return;
    if (!member->is_serving)
        fact->note = arena_printf(arena, "it runs but does not serve: %s", member->problem);
    if (member->mode)
        attrs_add(arena, &fact->attrs, "live.mode", member->mode, SRCLOC_NONE);
    if (member->zxid)
        attrs_add(arena, &fact->attrs, "live.zxid", member->zxid, SRCLOC_NONE);
    if (member->connections >= 0)
        attrs_add(arena, &fact->attrs, "live.connections",
                  arena_printf(arena, "%lld", (long long)member->connections), SRCLOC_NONE);
}

void zk_facts_add_servers(const struct zk_ensemble *ensemble, int client_port, struct arena *arena,
                          struct world *world)
{
    vec_each(slot, &world->facts) {
        struct fact *fact = *slot;
        const struct zk_member *member;

        if (!after_type(fact, "zk_server") || !fact->host)
            continue;
        member = zk_ensemble_find(ensemble, fact->host->address, client_port);
        if (member)
            fill_server(member, arena, fact);
    }
}
