#include "tests/unit/cacheserver/cluster/script.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct script script;

/* Nothing of it is looked at. */
static char session_object;

static struct zk_session *the_session(void)
{
    return (struct zk_session *)(void *)&session_object;
}

static unsigned note(const char *name, const char *path, const char *data)
{
    snprintf(script.asked, sizeof(script.asked), "%s%s%s%s%s", name, *path ? " " : "", path,
             *data ? " " : "", data);
    return ++script.requests;
}

struct zk_session *zk_session_open(const char *servers, unsigned timeout_ms, unsigned number,
                                   struct event_queue *queue)
{
    (void)timeout_ms;
    (void)number;
    (void)queue;
    note("open", servers, "");
    return the_session();
}

void zk_session_close(struct zk_session *session)
{
    script.closed += session != NULL;
}

unsigned zk_session_sync(struct zk_session *session, const char *path)
{
    (void)session;
    return note("sync", path, "");
}

unsigned zk_session_list(struct zk_session *session, const char *path, bool watch)
{
    (void)session;
    return note(watch ? "watch" : "list", path, "");
}

unsigned zk_session_owner(struct zk_session *session, const char *path)
{
    (void)session;
    return note("owner", path, "");
}

unsigned zk_session_config(struct zk_session *session)
{
    (void)session;
    return note("config", "", "");
}

unsigned zk_session_create(struct zk_session *session, const char *path, const char *data,
                           enum zk_node kind)
{
    static const char *const names[] = {
        [ZK_PERSISTENT] = "create", [ZK_EPHEMERAL] = "ephemeral", [ZK_SEQUENTIAL] = "sequential"};

    (void)session;
    return note(names[kind], path, data);
}

const char *zk_session_set_servers(struct zk_session *session, const char *servers)
{
    (void)session;
    snprintf(script.servers, sizeof(script.servers), "%s", servers);
    return script.wrong;
}

unsigned zk_session_timeout_ms(struct zk_session *session)
{
    (void)session;
    return 10000;
}

int64_t zk_session_id(const struct zk_session *session)
{
    (void)session;
    return script.id;
}

const char *zk_session_error(int code)
{
    (void)code;
    return "an error";
}

const char *zk_library_version(void)
{
    return "0";
}

static void forget_all(void *arg)
{
    (void)arg;
    script.forgotten_after = script.requests;
}

static bool scrub_stale(void *arg, struct ring_view *view)
{
    (void)arg;
    script.scrubbed_nodes = ring_view_size(view);
    return !script.is_busy;
}

static bool is_scrubbing(void *arg)
{
    (void)arg;
    return script.is_scrubbing;
}

struct membership *script_begin(void)
{
    struct membership *m = calloc(1, sizeof(*m));

    script = (struct script){.id = 7};
    m->config = (struct membership_config){.ensemble = "zk1:2181,zk2:2181",
                                           .session_timeout_ms = 30000,
                                           .memory_limit_bytes = (size_t)100 << 20,
                                           .hooks = {.forget_all = forget_all,
                                                     .scrub_stale = scrub_stale,
                                                     .is_scrubbing = is_scrubbing}};
    m->identity = (struct identity){.address = "127.0.0.1",
                                    .host = "host",
                                    .port = 11211,
                                    .node = "127.0.0.1:11211",
                                    .host_port = "host:11211",
                                    .znode_name = "127.0.0.1:11211-host"};
    m->session = the_session();
    m->servers = strdup(m->config.ensemble);
    m->fatal_fd = eventfd(0, EFD_NONBLOCK);
    m->deadline_ms = m->join_by_ms = m->reconfig.deadline_ms = FOREVER;
    atomic_init(&m->reconfig.version, -1);
    atomic_init(&m->reconfig.needed, true);
    atomic_init(&m->session_timeout_ms, m->config.session_timeout_ms);
    lock_init(&m->lock, LOCK_RANK_MEMBERSHIP);
    return m;
}

void script_end(struct membership *m)
{
    leave(m, NULL);
    lock_deinit(&m->lock);
    close(m->fatal_fd);
    free(m->servers);
    free(m->code);
    free(m->list_path);
    free(m->own_path);
    free(m);
}

const struct event *script_names(const char *first, ...)
{
    static char *names[8];
    static struct event event;
    va_list args;

    event = (struct event){.kind = EVENT_OK, .names = names};
    va_start(args, first);
    for (const char *name = first; name; name = va_arg(args, const char *))
        names[event.name_count++] = (char *)name;
    va_end(args);
    return &event;
}

bool script_is_fatal(const struct membership *m)
{
    struct pollfd fatal = {.fd = m->fatal_fd, .events = POLLIN};
    return poll(&fatal, 1, 0) == 1;
}
