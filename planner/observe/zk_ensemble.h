#pragma once

#include "planner/base/vec.h"
#include "planner/observe/zk_session.h"

/* The servers of an ensemble, each asked by itself. */

struct zk_member {
    const char *host;
    int port;
    bool is_answering;
    bool is_serving;     /* it has a quorum */
    const char *mode;    /* "leader", "follower", "standalone"; NULL when it did not say */
    const char *zxid;    /* "0x…"; NULL */
    int64_t connections; /* -1: not said */
    const char *problem; /* why it does not answer; NULL */
};

struct zk_ensemble {
    const char *connect;
    vec_of(struct zk_member) members;
};

/* Asks all servers of "HOST:PORT,…" at once. A server that forbids the question counts as
 * serving. */
void zk_ensemble_ask(const char *connect, int64_t deadline_ms, struct arena *arena,
                     struct zk_ensemble *ensemble);

/* 0 when a session has a chance; -1: nobody serves (ZK_CONNECT, or ZK_QUORUM when servers answer
 * that have no quorum). */
int zk_ensemble_check(const struct zk_ensemble *ensemble, struct fault *fault);

const struct zk_member *zk_ensemble_find(const struct zk_ensemble *ensemble, const char *host,
                                         int port);
