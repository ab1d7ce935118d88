/*
 * Thin on purpose: callbacks run in the library's threads, where neither a synchronous call nor a
 * close is allowed, so they copy what came into an event and return. An event that cannot be
 * allocated is lost; the membership's deadline then takes its place.
 */
#include "cacheserver/cluster/zk_session.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zookeeper/zookeeper.h>
#include <zookeeper/zookeeper_version.h>

#include "cacheserver/runtime/log.h"

struct zk_session {
    zhandle_t *handle;
    struct event_queue *queue;
    unsigned number;
    unsigned last_request;
};

/* What a completion needs; freed by it. */
struct pending {
    struct event_queue *queue;
    unsigned session, request;
};

static void log_line(const char *message)
{
    log_write(LOG_LEVEL_INFO, "%s", message);
}

static void put(struct event_queue *queue, enum event_kind kind, unsigned session)
{
    struct event *event = event_new(kind, session);
    if (event)
        event_queue_put(queue, event);
}

static void watcher(zhandle_t *handle, int type, int state, const char *path, void *context)
{
    struct zk_session *session = context;

    (void)handle;
    if (path && !strcmp(path, ZOO_CONFIG_NODE))
        put(session->queue, EVENT_CONFIG_CHANGED, session->number);
    else if (type == ZOO_CHILD_EVENT || type == ZOO_DELETED_EVENT)
        put(session->queue, EVENT_LIST_CHANGED, session->number);
    if (type != ZOO_SESSION_EVENT)
        return;
    if (state == ZOO_CONNECTED_STATE)
        put(session->queue, EVENT_CONNECTED, session->number);
    else if (state == ZOO_EXPIRED_SESSION_STATE)
        put(session->queue, EVENT_EXPIRED, session->number);
    else if (state == ZOO_AUTH_FAILED_STATE)
        put(session->queue, EVENT_AUTH_FAILED, session->number);
    else
        put(session->queue, EVENT_DISCONNECTED, session->number);
}

struct zk_session *zk_session_open(const char *servers, unsigned timeout_ms, unsigned number,
                                   struct event_queue *queue)
{
    struct zk_session *session = calloc(1, sizeof(*session));

    if (!session)
        return NULL;
    session->queue = queue;
    session->number = number;
    zoo_set_debug_level(ZOO_LOG_LEVEL_WARN);
    session->handle =
        zookeeper_init2(servers, watcher, (int)timeout_ms, NULL, session, 0, log_line);
    if (session->handle)
        return session;
    free(session);
    return NULL;
}

void zk_session_close(struct zk_session *session)
{
    if (!session)
        return;
    zookeeper_close(session->handle);
    free(session);
}

static enum event_kind kind_of(int code)
{
    static const struct {
        int code;
        enum event_kind kind;
    } kinds[] = {
        {ZOK, EVENT_OK},
        {ZNONODE, EVENT_NO_NODE},
        {ZNODEEXISTS, EVENT_NODE_EXISTS},
        {ZCONNECTIONLOSS, EVENT_LOST},
        {ZOPERATIONTIMEOUT, EVENT_LOST},
        {ZCLOSING, EVENT_LOST},
        {ZSESSIONEXPIRED, EVENT_EXPIRED},
        {ZAUTHFAILED, EVENT_AUTH_FAILED},
    };
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (kinds[i].code == code)
            return kinds[i].kind;
    return EVENT_FAILED;
}

static struct event *answer(const struct pending *pending, int code)
{
    struct event *event = event_new(kind_of(code), pending->session);

    if (event) {
        event->request = pending->request;
        event->code = code;
    }
    return event;
}

static void deliver(const void *data, struct event *event)
{
    struct pending *pending = (struct pending *)data;

    if (event)
        event_queue_put(pending->queue, event);
    free(pending);
}

static void on_text(int code, const char *value, const void *data)
{
    (void)value;
    deliver(data, answer(data, code));
}

static void on_stat(int code, const struct Stat *stat, const void *data)
{
    struct event *event = answer(data, code);

    if (event && code == ZOK)
        event->owner = stat->ephemeralOwner;
    deliver(data, event);
}

static void on_data(int code, const char *value, int len, const struct Stat *stat, const void *data)
{
    struct event *event = answer(data, code);

    (void)stat;
    if (event && code == ZOK && !event_copy_text(event, value, len > 0 ? (size_t)len : 0)) {
        event_free(event);
        event = NULL;
    }
    deliver(data, event);
}

static void on_names(int code, const struct String_vector *names, const void *data)
{
    struct event *event = answer(data, code);

    if (event && code == ZOK && !event_copy_names(event, names->data, names->count)) {
        event_free(event);
        event = NULL;
    }
    deliver(data, event);
}

static struct pending *begin(struct zk_session *session)
{
    struct pending *pending = malloc(sizeof(*pending));

    if (pending)
        *pending = (struct pending){.queue = session->queue,
                                    .session = session->number,
                                    .request = ++session->last_request};
    return pending;
}

/* The request's number, 0 if it was not sent; `pending` is the completion's from then on. */
static unsigned sent(struct zk_session *session, struct pending *pending, int code)
{
    if (code == ZOK)
        return session->last_request;
    log_write(LOG_LEVEL_WARNING, "ZooKeeper: %s", zerror(code));
    free(pending);
    return 0;
}

unsigned zk_session_sync(struct zk_session *session, const char *path)
{
    struct pending *pending = begin(session);
    return pending ? sent(session, pending, zoo_async(session->handle, path, on_text, pending)) : 0;
}

unsigned zk_session_list(struct zk_session *session, const char *path, bool watch)
{
    struct pending *pending = begin(session);
    return pending ? sent(session, pending,
                          zoo_aget_children(session->handle, path, watch, on_names, pending))
                   : 0;
}

unsigned zk_session_owner(struct zk_session *session, const char *path)
{
    struct pending *pending = begin(session);
    return pending ? sent(session, pending, zoo_aexists(session->handle, path, 0, on_stat, pending))
                   : 0;
}

unsigned zk_session_config(struct zk_session *session)
{
    struct pending *pending = begin(session);
    return pending ? sent(session, pending, zoo_agetconfig(session->handle, 1, on_data, pending))
                   : 0;
}

unsigned zk_session_create(struct zk_session *session, const char *path, const char *data,
                           enum zk_node kind)
{
    /* The library's flags are variables. */
    int flags = kind == ZK_EPHEMERAL ? ZOO_EPHEMERAL : kind == ZK_SEQUENTIAL ? ZOO_SEQUENCE : 0;
    struct pending *pending = begin(session);
    if (!pending)
        return 0;
    return sent(session, pending,
                zoo_acreate(session->handle, path, data, (int)strlen(data), &ZOO_OPEN_ACL_UNSAFE,
                            flags, on_text, pending));
}

/* The library takes a list of as many servers with the same addresses for the list that it has,
 * whatever their ports are. A list that is longer by one comes in between. */
const char *zk_session_set_servers(struct zk_session *session, const char *servers)
{
    char *longer;

    if (asprintf(&longer, "%s,%.*s", servers, (int)strcspn(servers, ","), servers) < 0)
        return "no memory";
    int code = zoo_set_servers(session->handle, longer);
    free(longer);
    if (code == ZOK)
        code = zoo_set_servers(session->handle, servers);
    return code == ZOK ? NULL : zerror(code);
}

unsigned zk_session_timeout_ms(struct zk_session *session)
{
    return (unsigned)zoo_recv_timeout(session->handle);
}

int64_t zk_session_id(const struct zk_session *session)
{
    return zoo_client_id(session->handle)->client_id;
}

const char *zk_session_error(int code)
{
    return zerror(code);
}

const char *zk_library_version(void)
{
    return ZOO_VERSION;
}
