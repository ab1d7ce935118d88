/*
 * A turn: receive once into the worker's buffer, after what was left of the last turn, work on it,
 * send all replies in one call. A request and its reply therefore cost one recv and one send, and
 * so do thirty-two requests that came together. The next recv happens when epoll says that there
 * is something, never to find out that there is nothing.
 *
 * Values of some length are received into their item. A client that does not read makes its
 * connection keep one batch of replies and stop reading: nothing grows with what it goes on to
 * send. One reply may be large, too; many such clients lose their connections.
 */
#include "cacheserver/net/connection.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "cacheserver/net/hold.h"
#include "cacheserver/net/worker.h"
#include "cacheserver/protocol/limits.h"
#include "cacheserver/runtime/log.h"

#define VECTORS_MAX 256
/* Full replies that one connection may send before the others get their turn. */
#define BATCHES_PER_TURN 8

struct connection *connection_new(struct worker *worker, int fd)
{
    struct connection *connection = calloc(1, sizeof(*connection));

    if (connection) {
        connection->worker = worker;
        connection->fd = fd;
    }
    return connection;
}

/* The reply that the connection keeps, which it does no more; or NULL. */
static struct reply *release_reply(struct connection *connection)
{
    struct reply *reply = connection->reply;

    if (reply)
        connection->worker->large_reply_bytes -= reply_large_bytes(reply);
    connection->reply = NULL;
    return reply;
}

void connection_free(struct connection *connection)
{
    struct worker *worker = connection->worker;

    session_deinit(&connection->session, worker->context.store);
    reply_free(release_reply(connection), worker->context.store);
    free(connection->pending);
    close(connection->fd);
    free(connection);
}

bool connection_is_idle(const struct connection *connection)
{
    return connection->state == CONNECTION_READING && !connection->pending_len &&
           connection->session.state == SESSION_LINE;
}

static void watch(struct connection *connection, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.ptr = connection};

    if (!epoll_ctl(connection->worker->epoll_fd, EPOLL_CTL_MOD, connection->fd, &event))
        return;
    if (connection->state == CONNECTION_HOLDING)
        hold_end(connection);
    connection->state = CONNECTION_CLOSED;
}

static void enter(struct connection *connection, enum connection_state state)
{
    static const uint32_t interest[CONNECTION_STATES] = {
        [CONNECTION_READING] = EPOLLIN,
        [CONNECTION_WRITING] = EPOLLOUT,
        [CONNECTION_HOLDING] = EPOLLIN,
        [CONNECTION_YIELDING] = EPOLLIN, /* ignored, but cheaper than to change it twice */
    };

    if (connection->state == state)
        return;
    uint32_t before = connection->muted ? 0 : interest[connection->state];
    if (connection->state == CONNECTION_HOLDING)
        hold_end(connection);
    connection->state = state;
    connection->muted = false;
    if (state != CONNECTION_CLOSED && interest[state] != before)
        watch(connection, interest[state]);
}

static bool keep_pending(struct connection *connection, const char *input, size_t len)
{
    if (len > connection->pending_capacity) {
        char *grown = malloc(len);
        if (!grown)
            return false;
        memcpy(grown, input, len);
        free(connection->pending);
        connection->pending = grown;
        connection->pending_capacity = len;
    } else if (len > 0) {
        memmove(connection->pending, input, len);
    } else if (connection->pending) {
        free(connection->pending);
        connection->pending = NULL;
        connection->pending_capacity = 0;
    }
    connection->pending_len = len;
    return true;
}

enum sending { SENT_ALL, SENT_SOME, SENT_NONE_EVER };

static enum sending send_reply(struct connection *connection, struct reply *reply)
{
    struct iovec vectors[VECTORS_MAX];

    for (;;) {
        int count = reply_vectors(reply, vectors, VECTORS_MAX);
        if (reply->failed)
            return SENT_NONE_EVER;
        if (count == 0)
            return SENT_ALL;
        struct msghdr message = {.msg_iov = vectors, .msg_iovlen = (size_t)count};
        ssize_t n =
            count == 1 ? send(connection->fd, vectors[0].iov_base, vectors[0].iov_len, MSG_NOSIGNAL)
                       : sendmsg(connection->fd, &message, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN || errno == EWOULDBLOCK ? SENT_SOME : SENT_NONE_EVER;
        counter_add(connection->worker->context.counters, COUNTER_bytes_written, (uint64_t)n);
        reply_sent(reply, (size_t)n);
    }
}

/* Many clients that do not read must not use up the memory. */
static bool may_keep(const struct worker *worker, size_t large_bytes)
{
    static struct log_limit limit;

    if (!large_bytes || worker->large_reply_bytes + large_bytes <= LIMIT_LARGE_REPLIES)
        return true;
    log_write_limited(&limit, LOG_LEVEL_WARNING,
                      "closed a connection: too many large replies wait for their clients");
    return false;
}

/* The reply leaves the worker and stays with its connection. */
static bool keep_reply(struct connection *connection)
{
    struct worker *worker = connection->worker;
    size_t large_bytes = reply_large_bytes(worker->context.reply);
    struct reply *fresh = may_keep(worker, large_bytes) ? worker_spare_reply(worker) : NULL;

    if (!fresh)
        return false;
    worker->large_reply_bytes += large_bytes;
    connection->reply = worker->context.reply;
    worker->context.reply = fresh;
    return true;
}

/* Sends what the worker's reply holds; what the socket does not take stays with the connection. */
static bool flush(struct connection *connection)
{
    struct worker *worker = connection->worker;
    struct reply *reply = worker->context.reply;
    enum sending sending = reply->failed ? SENT_NONE_EVER : send_reply(connection, reply);

    if (sending == SENT_SOME) {
        if (keep_reply(connection)) {
            enter(connection, CONNECTION_WRITING);
            return false;
        }
        sending = SENT_NONE_EVER;
    }
    reply_reset(reply, worker->context.store);
    if (sending == SENT_NONE_EVER)
        enter(connection, CONNECTION_CLOSED);
    return sending == SENT_ALL;
}

/* Neither replies nor further requests before the journal's number is durable. */
static void hold(struct connection *connection, uint64_t until)
{
    struct reply *reply = connection->worker->context.reply;
    bool kept = !reply->failed && (reply_is_empty(reply) || keep_reply(connection));

    if (!kept) {
        reply_reset(reply, connection->worker->context.store);
        enter(connection, CONNECTION_CLOSED);
        return;
    }
    hold_begin(connection, until);
    enter(connection, CONNECTION_HOLDING);
}

/* The replies of a turn that ended with requests left are sent with those of the next. */
static void take_up_reply(struct connection *connection)
{
    struct worker *worker = connection->worker;

    worker_keep_reply(worker, worker->context.reply);
    worker->context.reply = release_reply(connection);
}

/* Requests are left, but it is the others' turn; false also when the replies have to be sent. */
static bool put_off(struct connection *connection, size_t left)
{
    struct reply *reply = connection->worker->context.reply;

    if (left == 0 || !session_turn_is_over(&connection->worker->context) ||
        connection->session.closing || reply->failed)
        return false;
    return reply_is_empty(reply) || keep_reply(connection);
}

static void work(struct connection *connection, const char *input, size_t len)
{
    struct worker *worker = connection->worker;
    struct session *session = &connection->session;
    size_t done = 0;

    if (connection->reply)
        take_up_reply(connection);
    worker->context.requests_left = worker->context.shared->settings->requests_per_event;
    for (unsigned batch = 0; batch < BATCHES_PER_TURN; batch++) {
        struct hold_mark mark = hold_mark(&worker->context);
        if (mark.behind) {
            hold(connection, mark.seq);
            break;
        }
        done += session_input(session, &worker->context, input + done, len - done);
        bool full = session_is_full(&worker->context);
        if (hold_is_needed(&worker->context, &mark)) {
            hold(connection, worker->context.store->journal_seq);
            break;
        }
        if (!full && put_off(connection, len - done))
            break;
        if (!reply_is_empty(worker->context.reply) || worker->context.reply->failed) {
            if (!flush(connection))
                break;
        }
        if (session->closing) {
            enter(connection, CONNECTION_CLOSED);
            return;
        }
        if (!full && session_has_work(session))
            break;
        if (!full) {
            if (!keep_pending(connection, input + done, len - done))
                enter(connection, CONNECTION_CLOSED);
            else
                enter(connection,
                      session_is_waiting(session) ? CONNECTION_WAITING : CONNECTION_READING);
            return;
        }
    }
    if (connection->state == CONNECTION_CLOSED)
        return;
    if (!keep_pending(connection, input + done, len - done)) {
        enter(connection, CONNECTION_CLOSED);
    } else if (connection->state != CONNECTION_WRITING && connection->state != CONNECTION_HOLDING) {
        counter_add(worker->context.counters, COUNTER_conn_yields, 1);
        enter(connection, CONNECTION_YIELDING);
    }
}

/* Whether bytes came; ends the connection if none will any more. */
static bool has_received(struct connection *connection, ssize_t n)
{
    if (n > 0)
        counter_add(connection->worker->context.counters, COUNTER_bytes_read, (uint64_t)n);
    else if (n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR))
        enter(connection, CONNECTION_CLOSED);
    return n > 0;
}

static void receive_value(struct connection *connection, char *room, size_t room_len)
{
    struct worker *worker = connection->worker;
    struct iovec vectors[2] = {{.iov_base = room, .iov_len = room_len},
                               {.iov_base = worker->buffer, .iov_len = WORKER_RECEIVE_BYTES}};
    ssize_t n = readv(connection->fd, vectors, 2);

    if (!has_received(connection, n))
        return;
    size_t in_value = (size_t)n < room_len ? (size_t)n : room_len;
    session_value_received(&connection->session, in_value);
    work(connection, worker->buffer, (size_t)n - in_value);
}

static void receive(struct connection *connection)
{
    struct worker *worker = connection->worker;
    size_t room_len, kept = connection->pending_len;
    char *room = kept ? NULL : session_value_room(&connection->session, &room_len);

    if (room) {
        receive_value(connection, room, room_len);
        return;
    }
    assert(kept <= WORKER_PENDING_MAX);
    if (kept)
        memcpy(worker->buffer, connection->pending, kept);
    ssize_t n = recv(connection->fd, worker->buffer + kept, WORKER_RECEIVE_BYTES, 0);
    if (!has_received(connection, n))
        return;
    work(connection, worker->buffer, kept + (size_t)n);
}

void connection_continue(struct connection *connection)
{
    struct worker *worker = connection->worker;
    size_t kept = connection->pending_len;

    assert(kept <= WORKER_PENDING_MAX);
    if (kept)
        memcpy(worker->buffer, connection->pending, kept);
    connection->pending_len = 0;
    work(connection, worker->buffer, kept);
}

static void resume_sending(struct connection *connection)
{
    enum sending sending = connection->reply ? send_reply(connection, connection->reply) : SENT_ALL;

    if (sending == SENT_SOME) {
        enter(connection, CONNECTION_WRITING);
        return;
    }
    if (connection->reply)
        worker_keep_reply(connection->worker, release_reply(connection));
    enter(connection, sending == SENT_NONE_EVER || connection->session.closing
                          ? CONNECTION_CLOSED
                          : CONNECTION_READING);
    if (connection->state == CONNECTION_READING)
        connection_continue(connection);
}

void connection_release(struct connection *connection)
{
    enter(connection, CONNECTION_READING);
    if (connection->state == CONNECTION_READING)
        resume_sending(connection);
}

void connection_abort(struct connection *connection)
{
    enter(connection, CONNECTION_CLOSED);
}

static void mute(struct connection *connection)
{
    connection->muted = true;
    watch(connection, 0);
}

static void ignore(struct connection *connection)
{
    (void)connection;
}

void connection_event(struct connection *connection, uint32_t events)
{
    static void (*const serve[CONNECTION_STATES])(struct connection * connection) = {
        [CONNECTION_READING] = receive, [CONNECTION_WRITING] = resume_sending,
        [CONNECTION_HOLDING] = mute,    [CONNECTION_YIELDING] = ignore,
        [CONNECTION_WAITING] = ignore,  [CONNECTION_CLOSED] = ignore,
    };

    if (events & (EPOLLHUP | EPOLLERR) && connection->state != CONNECTION_READING) {
        enter(connection, CONNECTION_CLOSED);
        return;
    }
    serve[connection->state](connection);
}
