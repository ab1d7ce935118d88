/*
 * A membership ends in one of four ways: the server leaves on purpose; it fails and the process is
 * to end with a status; it pauses, so that the server serves on without being sent clients; or
 * it never began. Whoever waits for a rejoin hears of each.
 */
#include "cacheserver/cluster/state.h"

#include <sysexits.h>
#include <unistd.h>

#include "cacheserver/runtime/log.h"

void answer_rejoin(struct membership *m, bool done)
{
    if (m->rejoin && m->rejoin->answer) {
        m->rejoin->answer(m->rejoin->answer_arg, done);
        m->rejoin->answer = NULL;
    }
    event_free(m->rejoin);
    m->rejoin = NULL;
}

static void close_session(struct membership *m)
{
    show_ring(m, NULL);
    atomic_store(&m->ready, false);
    atomic_store(&m->connected, false);
    atomic_store(&m->members, 0);
    zk_session_close(m->session);
    m->session = NULL;
    m->session_number++;
    scrub_plan_reset(&m->scrub);
    reconfig_forget(m);
    await_nothing(m);
    answer_rejoin(m, false);
}

enum state fail(struct membership *m, int exit_status)
{
    uint64_t one = 1;

    close_session(m);
    atomic_store(&m->exit_status, exit_status);
    ssize_t n = write(m->fatal_fd, &one, sizeof(one));
    (void)n;
    return STATE_FAILED;
}

enum state give_up(struct membership *m)
{
    if (!m->was_member)
        return fail(m, EX_PROTOCOL);
    close_session(m);
    return STATE_PAUSED;
}

ACT(cannot_join)
{
    const char *why =
        event->kind == EVENT_DEADLINE ? "no answer in time" : zk_session_error(event->code);
    log_write(LOG_LEVEL_ERROR, "cannot join the cloud through ZooKeeper %s: %s", m->servers, why);
    return give_up(m);
}

ACT(refuse_auth)
{
    (void)event;
    log_write(LOG_LEVEL_ERROR, "ZooKeeper refused the authentication");
    return fail(m, EX_NOPERM);
}

enum state pause_membership(struct membership *m, const char *why)
{
    if (m->config.proxy) {
        log_write(LOG_LEVEL_ERROR, "%s: ending", why);
        return fail(m, EX_PROTOCOL);
    }
    log_write(LOG_LEVEL_ERROR, "%s: serving on outside the cloud until \"zkensemble rejoin\"", why);
    close_session(m);
    m->was_member = true;
    return STATE_PAUSED;
}

ACT(expire)
{
    (void)event;
    if (!atomic_load(&m->failstop))
        return pause_membership(m, "the ZooKeeper session expired");
    log_write(LOG_LEVEL_ERROR, "the ZooKeeper session expired: ending");
    return fail(m, EX_TEMPFAIL);
}

ACT(leave)
{
    (void)event;
    close_session(m);
    return STATE_LEFT;
}
