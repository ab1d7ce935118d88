/* A session that lost its connection mends itself; one that has expired never does, and says so at
 * once. It is put aside, not closed, because a step on another thread may be waiting in it. */
#include "planner/apply/lazy_session.h"

#include "planner/base/clock.h"

enum { SESSION_MS = 10000, OPEN_MS = 30000, RETIRED_MAX = 8 };

void lazy_session_init(struct lazy_session *lazy, const char *connect, const atomic_bool *cancel,
                       struct zk_session *current)
{
    *lazy = (struct lazy_session){.connect = connect, .cancel = cancel, .current = current};
    if (current)
        zk_session_set_cancel(current, cancel);
    pthread_mutex_init(&lazy->mutex, NULL);
}

struct zk_session *lazy_session_deinit(struct lazy_session *lazy)
{
    for (int i = 0; i < lazy->retired_count; i++)
        zk_session_close(lazy->retired[i]);
    pthread_mutex_destroy(&lazy->mutex);
    if (lazy->current)
        zk_session_set_cancel(lazy->current, NULL);
    return lazy->current;
}

/* Whether a read comes back, which it does not once the session has expired. */
static bool is_alive(struct zk_session *session, int64_t deadline_ms)
{
    struct zk_node node;
    struct fault fault;

    return zk_session_is_connected(session) ||
           zk_exists(session, "/", deadline_ms, &node, &fault) >= 0;
}

static int session_open(struct lazy_session *lazy, int64_t deadline_ms, struct fault *fault)
{
    struct zk_session *opened;

    if (zk_session_open(lazy->connect, SESSION_MS, deadline_ms, lazy->cancel, &opened, fault))
        return -1;
    if (lazy->on_session && lazy->on_session(lazy->data, opened, fault)) {
        zk_session_close(opened);
        return -1;
    }
    lazy->current = opened;
    return 0;
}

static int session_get(struct lazy_session *lazy, int64_t deadline_ms, struct fault *fault)
{
    if (lazy->current && is_alive(lazy->current, deadline_ms))
        return 0;
    if (!lazy->current)
        return session_open(lazy, deadline_ms, fault);
    if (!clock_left_ms(deadline_ms) || lazy->retired_count == RETIRED_MAX)
        return fault_set(fault, DIAG_ZK_CONNECT, "no ZooKeeper server answered at %s",
                         lazy->connect);
    lazy->retired[lazy->retired_count++] = lazy->current;
    lazy->current = NULL;
    return session_open(lazy, deadline_ms, fault);
}

int lazy_session_get(struct lazy_session *lazy, int64_t deadline_ms, struct zk_session **session,
                     struct fault *fault)
{
    int64_t latest_ms = clock_deadline_ms(OPEN_MS);
    int status;

    if (!lazy->connect)
        return fault_set(fault, DIAG_ZK_CONNECT, "the spec names no ZooKeeper ensemble");
    pthread_mutex_lock(&lazy->mutex);
    status = session_get(lazy, deadline_ms < latest_ms ? deadline_ms : latest_ms, fault);
    *session = lazy->current;
    pthread_mutex_unlock(&lazy->mutex);
    return status;
}
