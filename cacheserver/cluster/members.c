/*
 * The list is read after every event that could have changed it, and after every reconnection, in
 * case a watch was lost with a connection. While it is being read, changes are only noted. Each
 * answer makes a new ring, which replaces the one that others look at.
 */
#include "cacheserver/cluster/state.h"

#include <string.h>

#include "cacheserver/contract/znode_paths.h"
#include "cacheserver/runtime/clock.h"
#include "cacheserver/runtime/log.h"

#define RETRY_MS       500
#define SCRUB_RETRY_MS 1000

ACT(list_members)
{
    (void)event;
    m->list_stale = false;
    await(m, zk_session_list(m->session, m->list_path, true));
    return STATE_LISTING;
}

/* The list is read again when the connection is back, or soon if it never went. */
ACT(list_later)
{
    (void)event;
    m->list_stale = true;
    m->request = 0;
    m->deadline_ms = clock_coarse_ms() + RETRY_MS;
    return STATE_MEMBER;
}

ACT(list_if_stale)
{
    return m->list_stale ? list_members(m, event) : STATE_SAME;
}

ACT(note_stale)
{
    (void)event;
    m->list_stale = true;
    return STATE_SAME;
}

/* A proxy registers itself, under whatever host name. */
static bool is_own(const struct membership *m, const char *name)
{
    if (!m->config.proxy)
        return !strcmp(name, m->identity.znode_name);
    size_t len = znode_node_length(name);
    return len == strlen(m->identity.node) && !memcmp(name, m->identity.node, len);
}

bool is_listed(const struct membership *m, const struct event *event)
{
    for (unsigned i = 0; i < event->name_count; i++)
        if (is_own(m, event->names[i]))
            return true;
    return false;
}

static void renew_ring(struct membership *m, const struct event *event)
{
    struct ring_view *ring =
        ring_view_new((const char *const *)event->names, event->name_count, m->identity.node);

    if (!ring)
        log_write(LOG_LEVEL_WARNING, "no memory for the ring of %u members", event->name_count);
    show_ring(m, ring);
    scrub_plan_note(&m->scrub, event->names, event->name_count, m->identity.znode_name,
                    clock_coarse_ms(), atomic_load(&m->session_timeout_ms));
}

ACT(note_members)
{
    if (!is_listed(m, event))
        return pause_membership(m, "the server's znode was removed from the cache list");
    m->join_by_ms = FOREVER;
    renew_ring(m, event);
    atomic_store(&m->members, event->name_count);
    atomic_store(&m->ready, true);
    log_write(LOG_LEVEL_INFO, "cloud %s has %u members", m->code, event->name_count);
    if (m->list_stale)
        return list_members(m, event);
    await_nothing(m);
    return STATE_MEMBER;
}

ACT(lose_list)
{
    (void)event;
    return pause_membership(m, "the cloud's cache list was removed");
}

static bool begin_scrub(struct membership *m, const struct name_list *nodes)
{
    const struct membership_hooks *hooks = &m->config.hooks;
    struct ring_view *view =
        ring_view_new((const char *const *)nodes->names, nodes->count, m->identity.node);
    bool begun = view && (!hooks->scrub_stale || hooks->scrub_stale(hooks->arg, view));

    ring_view_unref(view);
    return begun;
}

void scrub_if_due(struct membership *m, uint64_t now_ms)
{
    const struct membership_hooks *hooks = &m->config.hooks;
    struct name_list nodes = {0};

    if (scrub_plan_due_ms(&m->scrub) > now_ms)
        return;
    bool is_running = hooks->is_scrubbing && hooks->is_scrubbing(hooks->arg);
    if (scrub_plan_nodes(&m->scrub, is_running, &nodes) && begin_scrub(m, &nodes)) {
        log_write(LOG_LEVEL_INFO, "scrubbing what other members of cloud %s took over", m->code);
        scrub_plan_begun(&m->scrub, &nodes, now_ms);
    } else {
        scrub_plan_put_off(&m->scrub, now_ms + SCRUB_RETRY_MS);
    }
    name_list_clear(&nodes);
}
