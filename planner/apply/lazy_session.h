#pragma once

#include "planner/observe/zk_session.h"

#include <pthread.h>

/* A ZooKeeper session that is opened by the first step that needs it, and replaced when it has
 * expired. Any thread. */
struct lazy_session {
    pthread_mutex_t mutex; /* guards current and retired */
    const char *connect;   /* NULL: the spec has no ensemble */
    const atomic_bool *cancel;
    struct zk_session *current;
    struct zk_session *retired[8]; /* expired ones; others may still be using them */
    int retired_count;
    int (*on_session)(void *data, struct zk_session *session, struct fault *fault);
    void *data;
};

/* current: one that is open already; NULL. cancel ends all waits in the session until
 * lazy_session_deinit. */
void lazy_session_init(struct lazy_session *lazy, const char *connect, const atomic_bool *cancel,
                       struct zk_session *current);
/* Nobody uses the sessions any more. Closes the retired ones; returns the current one. */
struct zk_session *lazy_session_deinit(struct lazy_session *lazy);

/* The session, connected or about to be. -1 with fault. */
int lazy_session_get(struct lazy_session *lazy, int64_t deadline_ms, struct zk_session **session,
                     struct fault *fault);
