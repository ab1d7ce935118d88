/*
 * The loop: wait, serve whoever is ready, then those that yielded. Between turns the clock of the
 * store is read once for all of them.
 */
#include "cacheserver/net/worker.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "cacheserver/net/hold.h"
#include "cacheserver/runtime/log.h"

#define EVENTS_PER_WAIT 128

static int open_descriptors(struct worker *worker)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL};

    worker->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    worker->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (worker->epoll_fd < 0 || worker->wake_fd < 0)
        return -1;
    return epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, worker->wake_fd, &event);
}

struct worker *worker_new(struct command_shared *shared, struct counters *counters,
                          _Atomic unsigned *total_count)
{
    struct worker *worker = calloc(1, sizeof(*worker));

    if (!worker)
        return NULL;
    lock_init(&worker->connections_lock, LOCK_RANK_CONNECTIONS);
    worker->total_count = total_count;
    worker->context.shared = shared;
    worker->context.limits_requests = shared->settings->requests_per_event > 0;
    worker->context.counters = counters;
    worker->context.reply = reply_new();
    worker->context.store = store_attach(shared->store);
    if (open_descriptors(worker) || !worker->context.reply || !worker->context.store) {
        worker_free(worker);
        return NULL;
    }
    hold_init(worker);
    worker->context.wake_fd = worker->wake_fd;
    return worker;
}

static void unpark(struct worker *worker, struct connection *connection)
{
    struct connection **link = &worker->waiting;

    while (*link && *link != connection)
        link = &(*link)->next_yielding;
    if (*link)
        *link = connection->next_yielding;
    connection->is_parked = false;
}

static void forget(struct worker *worker, struct connection *connection)
{
    if (connection->is_parked)
        unpark(worker, connection);
    lock_take(&worker->connections_lock);
    if (connection->prev)
        connection->prev->next = connection->next;
    else
        worker->connections = connection->next;
    if (connection->next)
        connection->next->prev = connection->prev;
    lock_drop(&worker->connections_lock);
    connection_free(connection);
    atomic_fetch_sub(&worker->connection_count, 1);
    atomic_fetch_sub(worker->total_count, 1);
}

void worker_free(struct worker *worker)
{
    if (!worker)
        return;
    while (worker->connections)
        forget(worker, worker->connections);
    hold_deinit(worker);
    if (worker->context.store) {
        while (worker->spare_reply_count)
            reply_free(worker->spare_replies[--worker->spare_reply_count], worker->context.store);
        reply_free(worker->context.reply, worker->context.store);
        store_detach(worker->context.store);
    } else {
        free(worker->context.reply);
    }
    if (worker->epoll_fd >= 0)
        close(worker->epoll_fd);
    if (worker->wake_fd >= 0)
        close(worker->wake_fd);
    lock_deinit(&worker->connections_lock);
    free(worker);
}

int worker_adopt(struct worker *worker, int fd, const char *peer)
{
    struct connection *connection = connection_new(worker, fd);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

    if (!connection)
        return -1;
    snprintf(connection->session.peer, sizeof(connection->session.peer), "%s", peer);
    atomic_fetch_add(&worker->connection_count, 1);
    atomic_fetch_add(worker->total_count, 1);
    lock_take(&worker->connections_lock);
    connection->next = worker->connections;
    if (connection->next)
        connection->next->prev = connection;
    worker->connections = connection;
    /* Within the lock: afterwards the connection may be served and freed at any moment. */
    int failed = epoll_ctl(worker->epoll_fd, EPOLL_CTL_ADD, fd, &event);
    lock_drop(&worker->connections_lock);
    if (failed) {
        log_write(LOG_LEVEL_ERROR, "epoll_ctl: %s", strerror(errno));
        forget(worker, connection);
    }
    return 0;
}

static void settle(struct worker *worker, struct connection *connection)
{
    if (connection->state == CONNECTION_CLOSED) {
        forget(worker, connection);
    } else if (connection->state == CONNECTION_YIELDING) {
        connection->next_yielding = worker->yielding;
        worker->yielding = connection;
    } else if (connection->state == CONNECTION_WAITING && !connection->is_parked) {
        connection->next_yielding = worker->waiting;
        worker->waiting = connection;
        connection->is_parked = true;
    }
}

/* Some of those that wait may have got their answer. */
static void serve_answered(struct worker *worker)
{
    struct connection *list = worker->waiting;

    worker->waiting = NULL;
    for (struct connection *next; list; list = next) {
        next = list->next_yielding;
        list->is_parked = false;
        if (session_has_work(&list->session))
            connection_continue(list);
        settle(worker, list);
    }
}

static void serve_yielding(struct worker *worker)
{
    struct connection *list = worker->yielding;

    worker->yielding = NULL;
    while (list) {
        struct connection *connection = list;
        list = connection->next_yielding;
        connection_continue(connection);
        settle(worker, connection);
    }
}

static void serve_held(struct worker *worker)
{
    struct connection *connection;

    while ((connection = hold_next(worker)))
        settle(worker, connection);
}

static void serve_event(struct worker *worker, const struct epoll_event *event)
{
    struct connection *connection = event->data.ptr;
    uint64_t count;

    if (!connection) {
        ssize_t n = read(worker->wake_fd, &count, sizeof(count));
        (void)n;
    } else if (connection->state != CONNECTION_YIELDING) {
        connection_event(connection, event->events);
        settle(worker, connection);
    }
}

/* true: nobody is left or the time is over. */
static bool drain(struct worker *worker, int64_t until_ms)
{
    struct connection *next;

    for (struct connection *connection = worker->connections; connection; connection = next) {
        next = connection->next;
        if (connection_is_idle(connection))
            forget(worker, connection);
    }
    return !worker->connections || (int64_t)clock_coarse_ms() >= until_ms;
}

static int wait_ms(struct worker *worker)
{
    int64_t until_ms = atomic_load(&worker->drain_until_ms);

    if (worker->yielding)
        return 0;
    if (!until_ms)
        return -1;
    int64_t left = until_ms - (int64_t)clock_coarse_ms();
    return left > 0 ? (int)left : 0;
}

static void *run(void *argument)
{
    struct worker *worker = argument;
    struct epoll_event events[EVENTS_PER_WAIT];

    pthread_setname_np(pthread_self(), "worker");
    for (;;) {
        int wait = wait_ms(worker);
        if (wait)
            store_thread_rest(worker->context.store);
        int count = epoll_wait(worker->epoll_fd, events, EVENTS_PER_WAIT, wait);
        store_thread_tick(worker->context.store);
        for (int i = 0; i < count; i++)
            serve_event(worker, &events[i]);
        if (worker->waiting)
            serve_answered(worker);
        if (worker->yielding)
            serve_yielding(worker);
        if (worker->held)
            serve_held(worker);
        int64_t until_ms = atomic_load(&worker->drain_until_ms);
        if (until_ms && drain(worker, until_ms))
            return NULL;
    }
}

struct reply *worker_spare_reply(struct worker *worker)
{
    return worker->spare_reply_count ? worker->spare_replies[--worker->spare_reply_count]
                                     : reply_new();
}

void worker_keep_reply(struct worker *worker, struct reply *reply)
{
    if (worker->spare_reply_count == WORKER_SPARE_REPLIES) {
        reply_free(reply, worker->context.store);
        return;
    }
    reply_reset(reply, worker->context.store);
    worker->spare_replies[worker->spare_reply_count++] = reply;
}

int worker_start(struct worker *worker)
{
    return pthread_create(&worker->thread, NULL, run, worker) ? -1 : 0;
}

void worker_drain(struct worker *worker, unsigned timeout_ms)
{
    uint64_t one = 1;

    atomic_store(&worker->drain_until_ms, (int64_t)clock_coarse_ms() + timeout_ms);
    ssize_t n = write(worker->wake_fd, &one, sizeof(one));
    (void)n;
}

void worker_join(struct worker *worker)
{
    pthread_join(worker->thread, NULL);
}
