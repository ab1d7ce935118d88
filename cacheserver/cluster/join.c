/*
 * When the connection goes while joining, everything starts again after it came back: a node that
 * exists already is ours if it belongs to our session. A server that was a member before drops all
 * that it stores before it registers: clients have used other servers for its keys meanwhile. So
 * does one that was started with what it had stored, unless nobody else is there.
 */
#include "cacheserver/cluster/state.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cacheserver/contract/znode_paths.h"
#include "cacheserver/runtime/clock.h"
#include "cacheserver/runtime/log.h"

#define CODE_MAX 128

/* May fail while a name of the ensemble cannot be resolved; tried again until the deadline. */
void open_session(struct membership *m)
{
    m->session =
        zk_session_open(m->servers, m->config.session_timeout_ms, m->session_number, &m->queue);
}

enum state begin_joining(struct membership *m)
{
    m->join_by_ms = clock_coarse_ms() + m->config.session_timeout_ms;
    return reconnect(m, NULL);
}

/* However often the connection goes, there is no more time for that. */
ACT(reconnect)
{
    (void)event;
    m->request = 0;
    m->deadline_ms = m->join_by_ms;
    return STATE_CONNECTING;
}

ACT(rejoin)
{
    struct event *wish = (struct event *)event;

    m->rejoin = event_new(EVENT_REJOIN, 0);
    if (!m->rejoin)
        return STATE_SAME;
    m->rejoin->answer = wish->answer;
    m->rejoin->answer_arg = wish->answer_arg;
    wish->answer = NULL;
    return begin_joining(m);
}

ACT(begin_sync)
{
    (void)event;
    m->mapping_tried = 0;
    await(m, zk_session_sync(m->session, ZNODE_MAPPING));
    return STATE_SYNCING;
}

/* A proxy's address is shared by the servers behind it, so it names none of them without a port. */
static const char *mapping_name(const struct membership *m)
{
    const char *const names[] = {m->identity.node, m->identity.host_port,
                                 m->config.proxy ? NULL : m->identity.address, NULL};
    return names[m->mapping_tried];
}

ACT(look_up_mapping)
{
    const char *name = mapping_name(m);

    (void)event;
    if (!name) {
        log_write(LOG_LEVEL_ERROR, "no cloud is mapped to %s, %s%s%s", m->identity.node,
                  m->identity.host_port, m->config.proxy ? "" : " or ",
                  m->config.proxy ? "" : m->identity.address);
        return give_up(m);
    }
    char path[512];
    snprintf(path, sizeof(path), ZNODE_MAPPING "/%s", name);
    await(m, zk_session_list(m->session, path, false));
    return STATE_MAPPING;
}

ACT(try_next_mapping)
{
    m->mapping_tried++;
    return look_up_mapping(m, event);
}

static bool set_paths(struct membership *m, const char *code_text)
{
    free(m->code);
    free(m->list_path);
    free(m->own_path);
    m->list_path = m->own_path = NULL;
    m->code = strndup(code_text, strcspn(code_text, "^"));
    return m->code && strlen(m->code) <= CODE_MAX &&
           asprintf(&m->list_path, ZNODE_CACHE_LIST "/%s", m->code) > 0 &&
           asprintf(&m->own_path, "%s/%s", m->list_path, m->identity.znode_name) > 0;
}

static enum state create_own(struct membership *m)
{
    char data[32];

    snprintf(data, sizeof(data), "%zuMB", m->config.memory_limit_bytes / (1024 * 1024));
    await(m, zk_session_create(m->session, m->own_path, data, ZK_EPHEMERAL));
    return STATE_JOINING;
}

static void forget_all(struct membership *m)
{
    if (m->config.hooks.forget_all)
        m->config.hooks.forget_all(m->config.hooks.arg);
}

/* Once it is listed, clients are sent here: from there on it stores what nobody else has. */
ACT(join_restored)
{
    if (event->name_count > 0 && !is_listed(m, event))
        forget_all(m);
    return create_own(m);
}

ACT(join)
{
    if (event->name_count != 1) {
        log_write(LOG_LEVEL_ERROR, "%s is mapped to %u clouds, not to one", mapping_name(m),
                  event->name_count);
        return give_up(m);
    }
    if (!set_paths(m, event->names[0])) {
        log_write(LOG_LEVEL_ERROR,
                  "%s is mapped to a cloud whose name is longer than %d characters",
                  mapping_name(m), CODE_MAX);
        return give_up(m);
    }
    if (m->config.proxy) {
        log_write(LOG_LEVEL_INFO, "behind %s in cloud %s", m->identity.node, m->code);
        return list_members(m, event);
    }
    if (m->was_member) {
        forget_all(m);
    } else if (m->config.is_restored) {
        await(m, zk_session_list(m->session, m->list_path, false));
        return STATE_LOOKING;
    }
    return create_own(m);
}

ACT(no_cloud)
{
    (void)event;
    log_write(LOG_LEVEL_ERROR, "cloud %s has no cache list in ZooKeeper", m->code);
    return give_up(m);
}

ACT(ask_whose)
{
    (void)event;
    await(m, zk_session_owner(m->session, m->own_path));
    return STATE_JOINED_BEFORE;
}

ACT(begin_log)
{
    (void)event;
    atomic_store(&m->ready, true);
    m->join_by_ms = FOREVER;
    log_write(LOG_LEVEL_INFO, "%s cloud %s as %s", m->was_member ? "rejoined" : "joined", m->code,
              m->identity.znode_name);
    answer_rejoin(m, true);
    return log_root(m);
}

ACT(check_whose)
{
    if (event->owner == zk_session_id(m->session))
        return begin_log(m, event);
    log_write(LOG_LEVEL_ERROR,
              "%s is in cloud %s already; if that was this server, start it again when its old "
              "session has expired",
              m->identity.znode_name, m->code);
    return give_up(m);
}
