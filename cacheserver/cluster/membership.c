/*
 * A table: in this state, upon this event, do that. Every request to ZooKeeper is asynchronous and
 * has a deadline; its answer, the deadline, the watch, the session's end and the wish to leave
 * all come as events through one queue, and only this thread changes the state.
 *
 *   CONNECTING -> SYNCING -> MAPPING -> JOINING -> LOGGING -> LISTING <-> MEMBER
 *
 * When the connection goes while joining, everything starts again after it came back: a node that
 * exists already is ours if it belongs to our session. Members keep serving without a connection;
 * what ends membership is that the session expires or that somebody removes the znode.
 */
#include "cacheserver/cluster/membership.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "cacheserver/cluster/events.h"
#include "cacheserver/cluster/identity.h"
#include "cacheserver/cluster/zk_session.h"
#include "cacheserver/contract/znode_paths.h"
#include "cacheserver/runtime/clock.h"
#include "cacheserver/runtime/log.h"

#define CODE_MAX 128
#define RETRY_MS 500
#define FOREVER  UINT64_MAX

enum state {
    STATE_CONNECTING,
    STATE_SYNCING,
    STATE_MAPPING,
    STATE_JOINING,
    STATE_JOINED_BEFORE, /* our znode exists: whose is it? */
    STATE_LOG_ROOT,
    STATE_LOG_DAY,
    STATE_LOG_ENTRY,
    STATE_LISTING,
    STATE_MEMBER,
    STATE_PAUSED, /* no session; the server serves on */
    STATE_LEFT,
    STATE_FAILED,
    STATE_COUNT,
    STATE_ANY = STATE_COUNT,
    STATE_SAME,
};

struct membership {
    /* set once */
    struct membership_config config;
    struct arena *arena;
    struct event_queue queue;
    pthread_t thread;
    int fatal_fd;

    /* the thread's own */
    enum state state;
    struct identity identity;
    struct zk_session *session;
    unsigned session_number;
    unsigned request; /* the one whose answer is awaited; 0 none */
    uint64_t deadline_ms;
    unsigned mapping_tried;
    char *code;
    char *list_path;
    char *own_path;
    bool list_stale; /* something changed while the list was being read, or could not be read */

    /* what others look at */
    _Atomic bool connected, ready;
    _Atomic unsigned members;
    _Atomic int exit_status;
};

struct transition {
    enum state state;
    enum event_kind event;
    enum state (*act)(struct membership *m, const struct event *event);
};

static void await(struct membership *m, unsigned request)
{
    m->request = request;
    m->deadline_ms = request ? clock_coarse_ms() + m->config.session_timeout_ms : clock_coarse_ms();
}

static void await_nothing(struct membership *m)
{
    m->request = 0;
    m->deadline_ms = FOREVER;
}

/* --- ends --- */

static void close_session(struct membership *m)
{
    atomic_store(&m->ready, false);
    atomic_store(&m->connected, false);
    zk_session_close(m->session);
    m->session = NULL;
    m->session_number++;
    await_nothing(m);
}

static enum state fail(struct membership *m, int status)
{
    uint64_t one = 1;

    close_session(m);
    atomic_store(&m->exit_status, status);
    ssize_t n = write(m->fatal_fd, &one, sizeof(one));
    (void)n;
    return STATE_FAILED;
}

static enum state cannot_join(struct membership *m, const struct event *event)
{
    const char *why =
        event->kind == EVENT_DEADLINE ? "no answer in time" : zk_session_error(event->code);
    log_write(LOG_LEVEL_ERROR, "cannot join the cloud through ZooKeeper %s: %s", m->config.ensemble,
              why);
    return fail(m, EX_PROTOCOL);
}

static enum state refuse_auth(struct membership *m, const struct event *event)
{
    (void)event;
    log_write(LOG_LEVEL_ERROR, "ZooKeeper refused the authentication");
    return fail(m, EX_NOPERM);
}

static enum state pause_membership(struct membership *m, const char *why)
{
    if (m->config.proxy) {
        log_write(LOG_LEVEL_ERROR, "%s: ending", why);
        return fail(m, EX_PROTOCOL);
    }
    log_write(LOG_LEVEL_ERROR, "%s: serving on outside the cloud", why);
    close_session(m);
    return STATE_PAUSED;
}

static enum state expire(struct membership *m, const struct event *event)
{
    (void)event;
    if (!m->config.failstop)
        return pause_membership(m, "the ZooKeeper session expired");
    log_write(LOG_LEVEL_ERROR, "the ZooKeeper session expired: ending");
    return fail(m, EX_TEMPFAIL);
}

static enum state leave(struct membership *m, const struct event *event)
{
    (void)event;
    close_session(m);
    return STATE_LEFT;
}

/* --- joining --- */

/* May fail while a name of the ensemble cannot be resolved; tried again until the deadline. */
static void open_session(struct membership *m)
{
    m->session = zk_session_open(m->config.ensemble, m->config.session_timeout_ms,
                                 m->session_number, &m->queue);
}

static enum state begin_sync(struct membership *m, const struct event *event)
{
    (void)event;
    m->mapping_tried = 0;
    await(m, zk_session_sync(m->session, ZNODE_MAPPING));
    return STATE_SYNCING;
}

static const char *mapping_name(const struct membership *m)
{
    const char *const names[] = {m->identity.node, m->identity.host_port, m->identity.address};
    return m->mapping_tried < sizeof(names) / sizeof(names[0]) ? names[m->mapping_tried] : NULL;
}

static enum state look_up_mapping(struct membership *m, const struct event *event)
{
    char path[512];
    const char *name = mapping_name(m);

    (void)event;
    if (!name) {
        log_write(LOG_LEVEL_ERROR, "no cloud is mapped to %s, %s or %s", m->identity.node,
                  m->identity.host_port, m->identity.address);
        return fail(m, EX_PROTOCOL);
    }
    snprintf(path, sizeof(path), ZNODE_MAPPING "/%s", name);
    await(m, zk_session_list(m->session, path, false));
    return STATE_MAPPING;
}

static enum state try_next_mapping(struct membership *m, const struct event *event)
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

static enum state join(struct membership *m, const struct event *event)
{
    char data[32];

    if (event->name_count != 1 || !set_paths(m, event->names[0])) {
        log_write(LOG_LEVEL_ERROR, "%s is mapped to %u clouds, not to one", mapping_name(m),
                  event->name_count);
        return fail(m, EX_PROTOCOL);
    }
    snprintf(data, sizeof(data), "%zuMB", m->config.memory_limit_bytes / (1024 * 1024));
    await(m, zk_session_create(m->session, m->own_path, data, ZK_EPHEMERAL));
    return STATE_JOINING;
}

static enum state no_cloud(struct membership *m, const struct event *event)
{
    (void)event;
    log_write(LOG_LEVEL_ERROR, "cloud %s has no cache list in ZooKeeper", m->code);
    return fail(m, EX_PROTOCOL);
}

static enum state ask_whose(struct membership *m, const struct event *event)
{
    (void)event;
    await(m, zk_session_owner(m->session, m->own_path));
    return STATE_JOINED_BEFORE;
}

static enum state begin_log(struct membership *m, const struct event *event)
{
    (void)event;
    atomic_store(&m->ready, true);
    log_write(LOG_LEVEL_INFO, "joined cloud %s as %s", m->code, m->identity.znode_name);
    await(m, zk_session_create(m->session, ZNODE_SERVER_LOG, "", ZK_PERSISTENT));
    return STATE_LOG_ROOT;
}

static enum state check_whose(struct membership *m, const struct event *event)
{
    if (event->owner == zk_session_id(m->session))
        return begin_log(m, event);
    log_write(LOG_LEVEL_ERROR,
              "%s is in cloud %s already; if that was this server, start it again when its old "
              "session has expired",
              m->identity.znode_name, m->code);
    return fail(m, EX_PROTOCOL);
}

/* --- the join log: useful to people, not needed to serve --- */

static void log_day_path(char *path, size_t size)
{
    time_t now = time(NULL);
    struct tm day;
    char date[32];

    localtime_r(&now, &day);
    strftime(date, sizeof(date), "%Y-%m-%d", &day);
    snprintf(path, size, ZNODE_SERVER_LOG "/%s", date);
}

static enum state log_day(struct membership *m, const struct event *event)
{
    char path[128];

    (void)event;
    log_day_path(path, sizeof(path));
    await(m, zk_session_create(m->session, path, "", ZK_PERSISTENT));
    return STATE_LOG_DAY;
}

static enum state log_entry(struct membership *m, const struct event *event)
{
    char day[128], path[512];

    (void)event;
    log_day_path(day, sizeof(day));
    snprintf(path, sizeof(path), "%s/%s-", day, m->identity.znode_name);
    await(m, zk_session_create(m->session, path, "join", ZK_SEQUENTIAL));
    return STATE_LOG_ENTRY;
}

/* --- being a member --- */

static enum state list_members(struct membership *m, const struct event *event)
{
    (void)event;
    m->list_stale = false;
    await(m, zk_session_list(m->session, m->list_path, true));
    return STATE_LISTING;
}

static enum state skip_log(struct membership *m, const struct event *event)
{
    log_write(LOG_LEVEL_WARNING, "the join could not be logged in ZooKeeper: %s",
              event->kind == EVENT_DEADLINE ? "no answer in time" : zk_session_error(event->code));
    return list_members(m, event);
}

static enum state note_stale(struct membership *m, const struct event *event)
{
    (void)event;
    m->list_stale = true;
    return STATE_SAME;
}

/* The list is read again when the connection is back, or soon if it never went. */
static enum state list_later(struct membership *m, const struct event *event)
{
    (void)event;
    m->list_stale = true;
    m->request = 0;
    m->deadline_ms = clock_coarse_ms() + RETRY_MS;
    return STATE_MEMBER;
}

static bool is_listed(const struct membership *m, const struct event *event)
{
    for (unsigned i = 0; i < event->name_count; i++)
        if (!strcmp(event->names[i], m->identity.znode_name))
            return true;
    return false;
}

static enum state note_members(struct membership *m, const struct event *event)
{
    if (!is_listed(m, event))
        return pause_membership(m, "the server's znode was removed from the cache list");
    atomic_store(&m->members, event->name_count);
    log_write(LOG_LEVEL_INFO, "cloud %s has %u members", m->code, event->name_count);
    if (m->list_stale)
        return list_members(m, event);
    await_nothing(m);
    return STATE_MEMBER;
}

static enum state lose_list(struct membership *m, const struct event *event)
{
    (void)event;
    return pause_membership(m, "the cloud's cache list was removed");
}

static enum state list_if_stale(struct membership *m, const struct event *event)
{
    return m->list_stale ? list_members(m, event) : STATE_SAME;
}

/* --- the table --- */

static enum state reconnect(struct membership *m, const struct event *event)
{
    (void)event;
    m->request = 0;
    m->deadline_ms = clock_coarse_ms() + m->config.session_timeout_ms;
    return STATE_CONNECTING;
}

/* The first row that fits; no row: the event means nothing in that state. */
static const struct transition transitions[] = {
    {STATE_ANY, EVENT_LEAVE, leave},
    {STATE_ANY, EVENT_EXPIRED, expire},
    {STATE_ANY, EVENT_AUTH_FAILED, refuse_auth},

    {STATE_CONNECTING, EVENT_CONNECTED, begin_sync},
    {STATE_CONNECTING, EVENT_DEADLINE, cannot_join},

    {STATE_SYNCING, EVENT_OK, look_up_mapping},
    {STATE_SYNCING, EVENT_NO_NODE, look_up_mapping},
    {STATE_SYNCING, EVENT_LOST, reconnect},
    {STATE_SYNCING, EVENT_FAILED, cannot_join},
    {STATE_SYNCING, EVENT_DEADLINE, cannot_join},

    {STATE_MAPPING, EVENT_OK, join},
    {STATE_MAPPING, EVENT_NO_NODE, try_next_mapping},
    {STATE_MAPPING, EVENT_LOST, reconnect},
    {STATE_MAPPING, EVENT_FAILED, cannot_join},
    {STATE_MAPPING, EVENT_DEADLINE, cannot_join},

    {STATE_JOINING, EVENT_OK, begin_log},
    {STATE_JOINING, EVENT_NODE_EXISTS, ask_whose},
    {STATE_JOINING, EVENT_NO_NODE, no_cloud},
    {STATE_JOINING, EVENT_LOST, reconnect},
    {STATE_JOINING, EVENT_FAILED, cannot_join},
    {STATE_JOINING, EVENT_DEADLINE, cannot_join},

    {STATE_JOINED_BEFORE, EVENT_OK, check_whose},
    {STATE_JOINED_BEFORE, EVENT_NO_NODE, begin_sync},
    {STATE_JOINED_BEFORE, EVENT_LOST, reconnect},
    {STATE_JOINED_BEFORE, EVENT_FAILED, cannot_join},
    {STATE_JOINED_BEFORE, EVENT_DEADLINE, cannot_join},

    {STATE_LOG_ROOT, EVENT_OK, log_day},
    {STATE_LOG_ROOT, EVENT_NODE_EXISTS, log_day},
    {STATE_LOG_ROOT, EVENT_NO_NODE, skip_log},
    {STATE_LOG_ROOT, EVENT_FAILED, skip_log},
    {STATE_LOG_ROOT, EVENT_LOST, list_later},
    {STATE_LOG_ROOT, EVENT_DEADLINE, skip_log},

    {STATE_LOG_DAY, EVENT_OK, log_entry},
    {STATE_LOG_DAY, EVENT_NODE_EXISTS, log_entry},
    {STATE_LOG_DAY, EVENT_NO_NODE, skip_log},
    {STATE_LOG_DAY, EVENT_FAILED, skip_log},
    {STATE_LOG_DAY, EVENT_LOST, list_later},
    {STATE_LOG_DAY, EVENT_DEADLINE, skip_log},

    {STATE_LOG_ENTRY, EVENT_OK, list_members},
    {STATE_LOG_ENTRY, EVENT_NO_NODE, skip_log},
    {STATE_LOG_ENTRY, EVENT_NODE_EXISTS, skip_log},
    {STATE_LOG_ENTRY, EVENT_FAILED, skip_log},
    {STATE_LOG_ENTRY, EVENT_LOST, list_later},
    {STATE_LOG_ENTRY, EVENT_DEADLINE, skip_log},

    {STATE_LISTING, EVENT_OK, note_members},
    {STATE_LISTING, EVENT_NO_NODE, lose_list},
    {STATE_LISTING, EVENT_LIST_CHANGED, note_stale},
    {STATE_LISTING, EVENT_LOST, list_later},
    {STATE_LISTING, EVENT_FAILED, list_later},
    {STATE_LISTING, EVENT_DEADLINE, list_later},

    {STATE_MEMBER, EVENT_LIST_CHANGED, list_members},
    {STATE_MEMBER, EVENT_CONNECTED, list_if_stale},
    {STATE_MEMBER, EVENT_DEADLINE, list_if_stale},
};

static bool is_answer(enum event_kind kind)
{
    return kind >= EVENT_OK && kind <= EVENT_FAILED;
}

/* From a session that was closed, or an answer to what is not asked any more. */
static bool is_outdated(const struct membership *m, const struct event *event)
{
    if (event->kind == EVENT_DEADLINE || event->kind == EVENT_LEAVE)
        return false;
    if (event->session != m->session_number || !m->session)
        return true;
    return is_answer(event->kind) && event->request != m->request;
}

static void handle(struct membership *m, const struct event *event)
{
    if (is_outdated(m, event))
        return;
    if (event->kind == EVENT_CONNECTED || event->kind == EVENT_DISCONNECTED)
        atomic_store(&m->connected, event->kind == EVENT_CONNECTED);
    for (size_t i = 0; i < sizeof(transitions) / sizeof(transitions[0]); i++) {
        const struct transition *row = &transitions[i];
        if (row->event != event->kind || (row->state != STATE_ANY && row->state != m->state))
            continue;
        enum state next = row->act(m, event);
        if (next != STATE_SAME)
            m->state = next;
        return;
    }
}

static bool lacks_session(const struct membership *m)
{
    return m->state == STATE_CONNECTING && !m->session;
}

static int left_ms(const struct membership *m)
{
    uint64_t now = clock_coarse_ms();

    if (m->deadline_ms == FOREVER)
        return -1;
    if (m->deadline_ms <= now)
        return 0;
    uint64_t left = m->deadline_ms - now;
    return left > RETRY_MS && lacks_session(m) ? RETRY_MS : (int)left;
}

static void look_for_deadline(struct membership *m)
{
    const struct event event = {.kind = EVENT_DEADLINE};

    if (m->deadline_ms <= clock_coarse_ms())
        handle(m, &event);
    else if (lacks_session(m))
        open_session(m);
}

static void *run(void *argument)
{
    struct membership *m = argument;

    m->state = reconnect(m, NULL);
    if (identity_find(&m->identity, m->arena, m->config.ensemble, m->config.port, m->config.proxy))
        m->state = fail(m, EX_PROTOCOL);
    while (m->state != STATE_LEFT) {
        look_for_deadline(m);
        struct event *event = event_queue_take(&m->queue, left_ms(m));
        if (event)
            handle(m, event);
        event_free(event);
    }
    return NULL;
}

struct membership *membership_start(const struct membership_config *config)
{
    struct membership *m = calloc(1, sizeof(*m));

    if (!m)
        return NULL;
    m->config = *config;
    m->fatal_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (m->fatal_fd < 0 || event_queue_init(&m->queue)) {
        free(m);
        return NULL;
    }
    m->arena = arena_new();
    if (pthread_create(&m->thread, NULL, run, m)) {
        membership_free(m);
        return NULL;
    }
    return m;
}

int membership_leave(struct membership *m, int timeout_ms)
{
    struct event *event = event_new(EVENT_LEAVE, 0);
    struct timespec until;

    if (event)
        event_queue_put(&m->queue, event);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    return pthread_timedjoin_np(m->thread, NULL, &until) ? 1 : 0;
}

void membership_free(struct membership *m)
{
    event_queue_deinit(&m->queue);
    close(m->fatal_fd);
    arena_free(m->arena);
    free(m->code);
    free(m->list_path);
    free(m->own_path);
    free(m);
}

void membership_look(struct membership *m, struct membership_view *view)
{
    view->connected = atomic_load(&m->connected);
    view->ready = atomic_load(&m->ready);
    view->failstop = m->config.failstop;
    view->session_timeout_ms = m->config.session_timeout_ms;
    view->members = atomic_load(&m->members);
}

int membership_fatal_fd(const struct membership *m)
{
    return m->fatal_fd;
}

int membership_exit_status(struct membership *m)
{
    return atomic_load(&m->exit_status);
}

const char *membership_library_version(void)
{
    return zk_library_version();
}
