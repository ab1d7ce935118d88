#pragma once
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "cacheserver/net/connection.h"
#include "cacheserver/protocol/limits.h"

/* A thread that serves its own connections with its own buffers, counters and store handle. */

/* One turn receives at most this much, after what an earlier turn left over. Left over is an
 * incomplete request, at most a line and a block; or all of a turn, when the client does not take
 * replies. */
#define WORKER_RECEIVE_BYTES (16 * 1024)
#define WORKER_PENDING_MAX   (LIMIT_LINE + LIMIT_BLOCK + 2 * WORKER_RECEIVE_BYTES)

/* Empty replies that a worker keeps for connections that have to keep theirs. */
#define WORKER_SPARE_REPLIES 64

struct worker {
    pthread_t thread;
    int epoll_fd;
    int wake_fd;
    struct command_context context;
    struct connection *yielding;
    struct connection *held, *last_held; /* by what they are held for, the first first */
    struct log_waiter held_waiter;
    struct reply *spare_replies[WORKER_SPARE_REPLIES];
    unsigned spare_reply_count;
    size_t large_reply_bytes;   /* of large replies that connections keep */
    struct connection *waiting; /* for another thread's answer */
    _Atomic unsigned connection_count;
    _Atomic unsigned *total_count;  /* of all workers */
    _Atomic int64_t drain_until_ms; /* 0: not draining */
    struct lock connections_lock;   /* guards the list, which the acceptor adds to */
    struct connection *connections;
    char buffer[WORKER_PENDING_MAX + WORKER_RECEIVE_BYTES];
};

/* NULL: no memory or descriptors. The thread is not started yet. */
struct worker *worker_new(struct command_shared *shared, struct counters *counters,
                          _Atomic unsigned *total_count);
/* Only when the thread does not run (any more). */
void worker_free(struct worker *worker);

int worker_start(struct worker *worker);
/* Takes a connected descriptor over; -1: no memory, the descriptor is still the caller's. `peer` is
 * the client's address as text. Any thread. */
int worker_adopt(struct worker *worker, int fd, const char *peer);
/* Idle connections are closed now, the others when they become idle or the time is over. */
void worker_drain(struct worker *worker, unsigned timeout_ms);
/* An empty reply, NULL no memory; and back, with what it still holds. */
struct reply *worker_spare_reply(struct worker *worker);
void worker_keep_reply(struct worker *worker, struct reply *reply);
void worker_join(struct worker *worker);
