#pragma once

#include "planner/observe/zk_session.h"

#include <pthread.h>
#include <zookeeper/zookeeper.h>

/* What zk_session, zk_read and zk_multi share: requests that the library holds while they are in
 * flight, and queues in which their issuers wait for them. */

/* Where a waiting thread gets its finished requests; on its stack. Guarded by the session's
 * mutex. */
struct zk_queue {
    pthread_cond_t ready;
    struct zk_request *first, *last;
    size_t in_flight;
};

/* One asynchronous call. While in flight it belongs to the session's list; when done to its queue,
 * or to nobody (and is freed) when the queue's owner has given up. */
struct zk_request {
    struct zk_session *session;
    struct zk_queue *queue; /* NULL: nobody waits any more */
    struct zk_request *next, *previous;
    size_t index; /* the issuer's own number */

    int rc; /* the library's error code */
    struct Stat stat;
    char *data; /* heap, NUL-terminated; NULL for none */
    size_t size;
    char **names; /* heap, as is each name */
    size_t name_count;
    zoo_op_result_t *results; /* of a multi; heap */
};

struct zk_session {
    zhandle_t *handle;
    char *connect; /* for messages */
    pthread_mutex_t mutex;
    pthread_cond_t state_changed;
    const atomic_bool *cancel;    /* NULL: never */
    struct zk_request *in_flight; /* guarded by mutex, as are all requests in it */
};

void zk_queue_init(struct zk_queue *queue);
/* Gives up what is still in flight and frees what was not taken. */
void zk_queue_deinit(struct zk_session *session, struct zk_queue *queue);
/* The next finished request, which the caller frees; NULL when the deadline passes. */
struct zk_request *zk_queue_next(struct zk_session *session, struct zk_queue *queue,
                                 int64_t deadline_ms);

/* A request in flight for queue; NULL out of memory. Follow with the library's call. */
struct zk_request *zk_request_start(struct zk_session *session, struct zk_queue *queue,
                                    size_t index);
/* To be called last in a completion, and by the issuer when the library's call itself failed. */
void zk_request_finish(struct zk_request *request, int rc);
void zk_request_free(struct zk_request *request);

/* Waits until the session is connected; -1: DIAG_ZK_CONNECT. */
int zk_session_wait(struct zk_session *session, int64_t deadline_ms, struct fault *fault);

void zk_stat_copy(const struct Stat *stat, struct zk_node *node);
/* Fills fault for an error code that the caller has no outcome for. doing: "reading". */
int zk_fault(const struct zk_session *session, int rc, const char *doing, const char *path,
             struct fault *fault);
