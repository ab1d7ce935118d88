/*
 * A table: in this state, upon this event, do that. Every request to ZooKeeper is asynchronous and
 * has a deadline; its answer, the deadline, the watch, the session's end and the wish to leave
 * all come as events through one queue, and only this thread changes the state.
 *
 *   CONNECTING -> SYNCING -> MAPPING -> JOINING -> LOGGING -> LISTING <-> MEMBER
 *        ^                                                        |          |
 *        +---------------------- PAUSED <-------------------------+----------+
 *
 * Members keep serving without a connection; what ends membership is that the session expires or
 * that somebody removes the znode. Beside the states run two things that fit each of them: reading
 * the ensemble's own configuration, and the scrub that is due after others joined.
 */
#include "cacheserver/cluster/membership.h"

#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "cacheserver/cluster/state.h"
#include "cacheserver/runtime/clock.h"
#include "cacheserver/runtime/log.h"

/* Between attempts to open a session whose servers cannot be looked up. */
#define OPEN_RETRY_MS 500

struct transition {
    enum state state;
    enum event_kind event;
    ACT((*act));
};

static uint64_t earlier(uint64_t left, uint64_t right)
{
    return left < right ? left : right;
}

void await(struct membership *m, unsigned request)
{
    uint64_t now_ms = clock_coarse_ms();

    m->request = request;
    m->deadline_ms =
        request ? earlier(now_ms + m->config.session_timeout_ms, m->join_by_ms) : now_ms;
}

void await_nothing(struct membership *m)
{
    m->request = 0;
    m->deadline_ms = FOREVER;
}

void show_ring(struct membership *m, struct ring_view *ring)
{
    lock_take(&m->lock);
    struct ring_view *old = m->ring;
    m->ring = ring;
    lock_drop(&m->lock);
    ring_view_unref(old);
}

/* The first row that fits; no row: the event means nothing in that state. */
static const struct transition transitions[] = {
    {STATE_ANY, EVENT_LEAVE, leave},
    {STATE_ANY, EVENT_EXPIRED, expire},
    {STATE_ANY, EVENT_AUTH_FAILED, refuse_auth},
    {STATE_ANY, EVENT_SET_SERVERS, set_servers},

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

    {STATE_LOOKING, EVENT_OK, join_restored},
    {STATE_LOOKING, EVENT_NO_NODE, no_cloud},
    {STATE_LOOKING, EVENT_LOST, reconnect},
    {STATE_LOOKING, EVENT_FAILED, cannot_join},
    {STATE_LOOKING, EVENT_DEADLINE, cannot_join},

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
    {STATE_MEMBER, EVENT_CONNECTED, list_members},
    {STATE_MEMBER, EVENT_DEADLINE, list_if_stale},

    {STATE_PAUSED, EVENT_REJOIN, rejoin},
};

static bool is_answer(enum event_kind kind)
{
    return kind >= EVENT_OK && kind <= EVENT_FAILED;
}

static bool comes_from_session(enum event_kind kind)
{
    return kind < EVENT_DEADLINE;
}

/* From a session that was closed, or an answer to what is not asked any more. */
static bool is_outdated(const struct membership *m, const struct event *event)
{
    if (!comes_from_session(event->kind))
        return false;
    if (event->session != m->session_number || !m->session)
        return true;
    return is_answer(event->kind) && event->request != m->request;
}

static void note_connection(struct membership *m, bool is_connected)
{
    atomic_store(&m->connected, is_connected);
    if (!is_connected)
        return;
    atomic_store(&m->session_timeout_ms, zk_session_timeout_ms(m->session));
    reconfig_ask(m);
}

/* true: it was about the ensemble's configuration, which is no matter of states. */
static bool handle_reconfig(struct membership *m, const struct event *event)
{
    bool is_own = m->session && event->session == m->session_number;

    if (is_own && event->kind == EVENT_CONFIG_CHANGED)
        reconfig_ask(m);
    else if (is_own && is_answer(event->kind) && m->reconfig.request &&
             event->request == m->reconfig.request)
        reconfig_answer(m, event);
    else
        return false;
    return true;
}

static void handle(struct membership *m, const struct event *event)
{
    if (handle_reconfig(m, event) || is_outdated(m, event))
        return;
    if (event->kind == EVENT_CONNECTED || event->kind == EVENT_DISCONNECTED)
        note_connection(m, event->kind == EVENT_CONNECTED);
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
    uint64_t now_ms = clock_coarse_ms();
    uint64_t due_ms =
        earlier(earlier(m->deadline_ms, m->reconfig.deadline_ms), scrub_plan_due_ms(&m->scrub));

    if (lacks_session(m))
        due_ms = earlier(due_ms, now_ms + OPEN_RETRY_MS);
    if (due_ms == FOREVER)
        return -1;
    if (due_ms <= now_ms)
        return 0;
    return due_ms - now_ms > INT32_MAX ? INT32_MAX : (int)(due_ms - now_ms);
}

static void do_what_is_due(struct membership *m)
{
    const struct event event = {.kind = EVENT_DEADLINE};
    uint64_t now_ms = clock_coarse_ms();

    if (m->deadline_ms <= now_ms)
        handle(m, &event);
    else if (lacks_session(m))
        open_session(m);
    if (m->reconfig.deadline_ms <= now_ms)
        reconfig_ask(m);
    scrub_if_due(m, now_ms);
}

static void *run(void *argument)
{
    struct membership *m = argument;

    pthread_setname_np(pthread_self(), "membership");
    m->state = begin_joining(m);
    if (identity_find(&m->identity, m->arena, m->config.ensemble, m->config.port, m->config.proxy))
        m->state = fail(m, EX_PROTOCOL);
    else
        reconfig_init(m);
    while (m->state != STATE_LEFT) {
        do_what_is_due(m);
        struct event *event = event_queue_take(&m->queue, left_ms(m));
        if (event)
            handle(m, event);
        event_free(event);
    }
    return NULL;
}

static struct membership *membership_new(const struct membership_config *config)
{
    struct membership *m = calloc(1, sizeof(*m));

    if (!m)
        return NULL;
    m->config = *config;
    m->fatal_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    m->servers = strdup(config->ensemble);
    if (m->fatal_fd < 0 || !m->servers || event_queue_init(&m->queue)) {
        if (m->fatal_fd >= 0)
            close(m->fatal_fd);
        free(m->servers);
        free(m);
        return NULL;
    }
    lock_init(&m->lock, LOCK_RANK_MEMBERSHIP);
    m->arena = arena_new();
    m->reconfig.deadline_ms = FOREVER;
    atomic_init(&m->reconfig.version, -1);
    atomic_init(&m->failstop, config->failstop);
    atomic_init(&m->session_timeout_ms, config->session_timeout_ms);
    return m;
}

struct membership *membership_start(const struct membership_config *config)
{
    struct membership *m = membership_new(config);

    if (m && pthread_create(&m->thread, NULL, run, m)) {
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
    lock_deinit(&m->lock);
    close(m->fatal_fd);
    arena_free(m->arena);
    free(m->servers);
    free(m->code);
    free(m->list_path);
    free(m->own_path);
    free(m);
}

void membership_look(struct membership *m, struct membership_view *view)
{
    *view = (struct membership_view){
        .connected = atomic_load(&m->connected),
        .ready = atomic_load(&m->ready),
        .failstop = atomic_load(&m->failstop),
        .session_timeout_ms = atomic_load(&m->session_timeout_ms),
        .members = atomic_load(&m->members),
        .reconfig_needed = atomic_load(&m->reconfig.needed),
        .reconfig_enabled = atomic_load(&m->reconfig.enabled),
        .reconfig_version = atomic_load(&m->reconfig.version),
    };
}

void membership_set_failstop(struct membership *m, bool failstop)
{
    atomic_store(&m->failstop, failstop);
}

char *membership_servers(struct membership *m)
{
    lock_take(&m->lock);
    char *copy = strdup(m->servers);
    lock_drop(&m->lock);
    return copy;
}

struct ring_view *membership_ring(struct membership *m)
{
    lock_take(&m->lock);
    struct ring_view *ring = m->ring ? ring_view_ref(m->ring) : NULL;
    lock_drop(&m->lock);
    return ring;
}

static void ask(struct membership *m, struct event *wish, membership_answer *answer, void *arg)
{
    if (!wish) {
        answer(arg, false);
        return;
    }
    wish->answer = answer;
    wish->answer_arg = arg;
    event_queue_put(&m->queue, wish);
}

void membership_rejoin(struct membership *m, membership_answer *answer, void *arg)
{
    ask(m, event_new(EVENT_REJOIN, 0), answer, arg);
}

void membership_set_servers(struct membership *m, const char *servers, membership_answer *answer,
                            void *arg)
{
    struct event *wish = event_new(EVENT_SET_SERVERS, 0);

    if (wish && !event_copy_text(wish, servers, strlen(servers))) {
        event_free(wish);
        wish = NULL;
    }
    ask(m, wish, answer, arg);
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
