/* The library runs two threads of its own: one for the socket and one that calls completions.
 * Completions only fill a request and hand it over; all waiting is done by the callers, each on a
 * condition of its own queue, so that no call depends on the library's idea of a timeout. A caller
 * that gives up leaves its requests behind without a queue: the completion then frees them, or
 * zk_session_close does. The library's synchronous calls are never used, because they can hang
 * for ever once a session has expired. */
#include "planner/observe/zk_request.h"

#include "planner/base/clock.h"
#include "planner/base/str.h"
#include "planner/observe/zk_literals.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CANCEL_EVERY_MS = 100 };

static bool is_cancelled(const struct zk_session *session)
{
    return session->cancel && atomic_load(session->cancel);
}

/* With the session's mutex held. Once in a while it returns 0 without a signal; not 0: the deadline
 * has passed, or the session was cancelled. */
static int wait_until(struct zk_session *session, pthread_cond_t *condition, int64_t deadline_ms)
{
    int64_t next_ms = clock_deadline_ms(CANCEL_EVERY_MS);
    bool is_last = deadline_ms <= next_ms;
    int64_t until_ms = is_last ? deadline_ms : next_ms;
    struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    int error;

    if (is_cancelled(session))
        return ECANCELED;
    error = pthread_cond_clockwait(condition, &session->mutex, CLOCK_MONOTONIC, &until);
    return is_last ? error : 0;
}

void zk_queue_init(struct zk_queue *queue)
{
    *queue = (struct zk_queue){0};
    pthread_cond_init(&queue->ready, NULL);
}

void zk_queue_deinit(struct zk_session *session, struct zk_queue *queue)
{
    struct zk_request *request, *next;

    pthread_mutex_lock(&session->mutex);
    for (request = session->in_flight; request; request = request->next)
        if (request->queue == queue)
            request->queue = NULL;
    pthread_mutex_unlock(&session->mutex);
    for (request = queue->first; request; request = next) {
        next = request->next;
        zk_request_free(request);
    }
    pthread_cond_destroy(&queue->ready);
}

struct zk_request *zk_queue_next(struct zk_session *session, struct zk_queue *queue,
                                 int64_t deadline_ms)
{
    struct zk_request *request;
    int error = 0;

    pthread_mutex_lock(&session->mutex);
    while (!queue->first && !error)
        error = wait_until(session, &queue->ready, deadline_ms);
    request = queue->first;
    if (request) {
        queue->first = request->next;
        if (!queue->first)
            queue->last = NULL;
        queue->in_flight--;
    }
    pthread_mutex_unlock(&session->mutex);
    return request;
}

struct zk_request *zk_request_start(struct zk_session *session, struct zk_queue *queue,
                                    size_t index)
{
    struct zk_request *request = calloc(1, sizeof(*request));

    if (!request)
        return NULL;
    request->session = session;
    request->queue = queue;
    request->index = index;
    pthread_mutex_lock(&session->mutex);
    queue->in_flight++;
    request->next = session->in_flight;
    if (request->next)
        request->next->previous = request;
    session->in_flight = request;
    pthread_mutex_unlock(&session->mutex);
    return request;
}

/* Both with the session's mutex held. */
static void leave_session(struct zk_request *request)
{
    if (request->previous)
        request->previous->next = request->next;
    else
        request->session->in_flight = request->next;
    if (request->next)
        request->next->previous = request->previous;
    request->next = request->previous = NULL;
}

static void enter_queue(struct zk_request *request)
{
    struct zk_queue *queue = request->queue;

    if (queue->last)
        queue->last->next = request;
    else
        queue->first = request;
    queue->last = request;
    pthread_cond_signal(&queue->ready);
}

void zk_request_finish(struct zk_request *request, int rc)
{
    struct zk_session *session = request->session;
    bool is_abandoned;

    request->rc = rc;
    pthread_mutex_lock(&session->mutex);
    is_abandoned = !request->queue;
    leave_session(request);
    if (!is_abandoned)
        enter_queue(request);
    pthread_mutex_unlock(&session->mutex);
    if (is_abandoned)
        zk_request_free(request);
}

void zk_request_free(struct zk_request *request)
{
    for (size_t i = 0; i < request->name_count; i++)
        free(request->names[i]);
    free(request->names);
    free(request->data);
    free(request->results);
    free(request);
}

static void on_event(zhandle_t *handle, int type, int state, const char *path, void *context)
{
    struct zk_session *session = context;

    (void)handle, (void)type, (void)state, (void)path;
    pthread_mutex_lock(&session->mutex);
    pthread_cond_broadcast(&session->state_changed);
    pthread_mutex_unlock(&session->mutex);
}

static void drop_log(const char *message)
{
    (void)message;
}

static void session_free(struct zk_session *session)
{
    pthread_cond_destroy(&session->state_changed);
    pthread_mutex_destroy(&session->mutex);
    free(session->connect);
    free(session);
}

static struct zk_session *session_new(const char *connect)
{
    struct zk_session *session = calloc(1, sizeof(*session));

    if (!session)
        return NULL;
    session->connect = strdup(connect);
    pthread_mutex_init(&session->mutex, NULL);
    pthread_cond_init(&session->state_changed, NULL);
    if (session->connect)
        return session;
    session_free(session);
    return NULL;
}

/* The library's threads must not take the program's signals. */
static zhandle_t *handle_open(struct zk_session *session, const char *literals,
                              int session_timeout_ms)
{
    sigset_t all, before;
    zhandle_t *handle;

    zoo_set_debug_level((ZooLogLevel)0);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    handle = zookeeper_init2(literals, on_event, session_timeout_ms, NULL, session, 0, drop_log);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return handle;
}

static int session_start(struct zk_session *session, int session_timeout_ms, int64_t deadline_ms,
                         struct fault *fault)
{
    struct str literals = {0};
    int result = zk_literals(session->connect, deadline_ms, session->cancel, &literals, fault);

    if (result == 0) {
        session->handle = handle_open(session, str_text(&literals), session_timeout_ms);
        if (!session->handle)
            result = fault_set(fault, DIAG_ZK_CONNECT, "no ZooKeeper servers in \"%s\": %s",
                               session->connect, strerror(errno));
    } else if (fault->code != DIAG_INTERRUPTED) {
        fault->code = DIAG_ZK_CONNECT;
    }
    str_deinit(&literals);
    return result;
}

int zk_session_open(const char *connect, int session_timeout_ms, int64_t deadline_ms,
                    const atomic_bool *cancel, struct zk_session **session, struct fault *fault)
{
    struct zk_session *opened = session_new(connect);

    *session = NULL;
    if (!opened)
        return fault_set(fault, DIAG_ZK_CONNECT, "out of memory for a ZooKeeper session");
    opened->cancel = cancel;
    if (session_start(opened, session_timeout_ms, deadline_ms, fault) < 0) {
        session_free(opened);
        return -1;
    }
    if (zk_session_wait(opened, deadline_ms, fault) < 0) {
        zk_session_close(opened);
        return -1;
    }
    *session = opened;
    return 0;
}

void zk_session_set_cancel(struct zk_session *session, const atomic_bool *cancel)
{
    session->cancel = cancel;
}

void zk_session_close(struct zk_session *session)
{
    struct zk_request *request, *next;

    if (!session)
        return;
    zookeeper_close(session->handle);
    for (request = session->in_flight; request; request = next) {
        next = request->next;
        zk_request_free(request);
    }
    session_free(session);
}

bool zk_session_is_connected(const struct zk_session *session)
{
    return zoo_state(session->handle) == ZOO_CONNECTED_STATE;
}

int64_t zk_session_id(const struct zk_session *session)
{
    return zoo_client_id(session->handle)->client_id;
}

int zk_session_wait(struct zk_session *session, int64_t deadline_ms, struct fault *fault)
{
    int error = 0, state;

    pthread_mutex_lock(&session->mutex);
    for (;;) {
        state = zoo_state(session->handle);
        if (state == ZOO_CONNECTED_STATE || is_unrecoverable(session->handle) || error)
            break;
        error = wait_until(session, &session->state_changed, deadline_ms);
    }
    pthread_mutex_unlock(&session->mutex);
    if (state == ZOO_CONNECTED_STATE)
        return 0;
    if (state == ZOO_EXPIRED_SESSION_STATE)
        return fault_set(fault, DIAG_ZK_CONNECT, "the session with ZooKeeper at %s has expired",
                         session->connect);
    if (is_cancelled(session))
        return fault_set(fault, DIAG_INTERRUPTED, "interrupted while waiting for ZooKeeper at %s",
                         session->connect);
    return fault_set(fault, DIAG_ZK_CONNECT, "no ZooKeeper server answered at %s",
                     session->connect);
}

void zk_stat_copy(const struct Stat *stat, struct zk_node *node)
{
    node->version = stat->version;
    node->child_version = stat->cversion;
    node->czxid = stat->czxid;
    node->pzxid = stat->pzxid;
    node->ephemeral_owner = stat->ephemeralOwner;
    node->child_count = stat->numChildren;
}

int zk_fault(const struct zk_session *session, int rc, const char *doing, const char *path,
             struct fault *fault)
{
    switch (rc) {
    case ZCONNECTIONLOSS:
    case ZSESSIONEXPIRED:
    case ZINVALIDSTATE:
    case ZCLOSING:
        return fault_set(fault, DIAG_ZK_CONNECT, "the connection to ZooKeeper at %s broke %s %s",
                         session->connect, doing, path);
    case ZOPERATIONTIMEOUT:
        if (is_cancelled(session))
            return fault_set(fault, DIAG_INTERRUPTED, "interrupted while %s %s", doing, path);
        return fault_set(fault, DIAG_ZK_TIMEOUT, "ZooKeeper at %s did not answer in time %s %s",
                         session->connect, doing, path);
    default:
        return fault_set(fault, DIAG_ZK_ERROR, "ZooKeeper refused %s %s: %s", doing, path,
                         zerror(rc));
    }
}
